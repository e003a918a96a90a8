"""The library, searched."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fastapi import FastAPI, Query, Request
from fastapi.responses import Response
from markupsafe import Markup, escape

from curate.catalog import Catalog
from curate.errors import CurateError
from curate.indexes import Filters
from curate.messages import speaker
from curate.model import Hit
from curate.pipeline import find
from curate.pipeline.find import Found
from curate.web.seller.desk import Desk, Notice, link
from curate.web.seller.pictures import Picture, picture

PAGE = 25
_VALUES = 8
"""Of a facet that are shown."""
_FOUND = re.compile("«([^«»]*)»")


@dataclass(frozen=True, slots=True)
class Row:
    hit: Hit
    picture: Picture | None
    snippet: Markup


@dataclass(frozen=True, slots=True)
class Asked:
    """What stands in the address."""

    q: str = ""
    collection: str = ""
    category: str = ""
    type: str = ""
    language: str = ""
    license: str = ""
    page: int = 1
    exact: int = 0

    @property
    def filters(self) -> Filters:
        return Filters(self.collection, self.category, self.type, self.language, self.license)

    def url(self, **other: object) -> str:
        """The address of the same question, with something else in it; on its first page."""
        told = (
            {name: getattr(self, name) for name in self.__dataclass_fields__} | {"page": 0} | other
        )
        return link("/library", **told)


def add(app: FastAPI, desk: Desk) -> None:
    @app.get("/library")
    def library(
        request: Request, q: str = Query("", max_length=1000), collection: str = "", category: str = "",
        type: str = "", language: str = "", license: str = "", page: int = Query(1, ge=1, le=1000),
        exact: int = 0,
    ) -> Response:  # fmt: skip
        say = speaker(desk.language(request))
        asked = Asked(q.strip(), collection, category, type, language, license, page, exact)
        rows: list[Row] = []
        found, fault = Found(0, ()), None
        try:
            found = _found(desk, asked)
            rows = _rows(desk, found)
        except CurateError as wrong:
            fault = Notice(wrong.message, True, wrong.hint)
        return desk.page(
            request, "library", say("Library"), asked=asked, found=found, rows=rows, fault=fault,
            facets=[one for one in found.facets if one.counts], chosen=_chosen(asked),
            pages=-(-found.total // PAGE), first=(page - 1) * PAGE + 1,
        )  # fmt: skip


def _found(desk: Desk, asked: Asked) -> Found:
    offset = (asked.page - 1) * PAGE
    return find.search(
        desk.workspace,
        asked.q,
        asked.filters,
        PAGE,
        offset,
        exact=bool(asked.exact),
        facets=_VALUES,
    )


def _rows(desk: Desk, found: Found) -> list[Row]:
    with Catalog(desk.workspace.catalog, readonly=True) as catalog:
        return [
            Row(hit, picture(catalog, hit.id, hit.type), marked(hit.snippet)) for hit in found.hits
        ]


def _chosen(asked: Asked) -> list[tuple[str, str, str]]:
    """The filters that are set: name, value, and the address without it."""
    names = ("collection", "category", "type", "language", "license")
    return [
        (name, value, asked.url(**{name: ""})) for name in names if (value := getattr(asked, name))
    ]


def marked(snippet: str) -> Markup:
    """What was found, marked; all the rest of it is text."""
    parts = _FOUND.split(snippet)
    told = (
        Markup("<mark>{}</mark>").format(one) if n % 2 else escape(one)
        for n, one in enumerate(parts)
    )
    return Markup("").join(told)

"""One resource: where it came from, what was decided about it, and why."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from curate.catalog import Catalog
from curate.messages import speaker
from curate.model import main_text
from curate.pipeline import find
from curate.pipeline.explain import Explanation, why
from curate.pipeline.groups import KIND_LABELS
from curate.rights import expression
from curate.web.seller.desk import Desk
from curate.web.seller.pictures import ID, picture

_TEXT = 1500
"""Characters of its text that are shown."""
_LIKE = 6


def add(app: FastAPI, desk: Desk) -> None:
    @app.get("/item/{sha256}")
    def item(request: Request, sha256: str) -> Response:
        if not ID.fullmatch(sha256):
            raise HTTPException(404)
        (one,) = why(desk.workspace, sha256)
        with Catalog(desk.workspace.catalog, readonly=True) as catalog:
            shown = picture(catalog, sha256, one.extracted.format if one.extracted else "")
            text = main_text(catalog.text(sha256))[: _TEXT + 1]
        like = find.like(desk.workspace, sha256, limit=_LIKE).hits if text else ()
        return desk.page(
            request, "item", _title(one) or speaker(desk.language(request))("Item"), one=one,
            picture=shown, text=text[:_TEXT], more=len(text) > _TEXT, like=like, labels=KIND_LABELS,
            read=expression,
        )  # fmt: skip


def _title(one: Explanation) -> str:
    if one.memberships:
        return one.memberships[0].member.title
    return (one.profile.title if one.profile else "") or (
        one.places[0].sighting.locator if one.places else ""
    )

"""Internet Archive: the answer of ``/metadata/ID``, or one of the ``docs`` of a search. Any field may be a
string or a list, and uploaders fill them in: a licence here is a claim.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from curate.collectors.records import licenses
from curate.collectors.records.fields import (
    DESCRIPTION,
    RAW,
    line,
    lines,
    plain,
    several,
    table,
    text,
)
from curate.model import Said, Statement

CHANNEL = "api:internet-archive"
RESTRICTED = "LicenseRef-ia-restricted"
"""Lent or for people with print disabilities: the Archive shows it, nobody may pass it on."""

_NASA = frozenset(("nasa", "nasaimages", "nasa_techdocs"))
_NO_COPYRIGHT = frozenset(("not_in_copyright", "public domain"))


def said(record: Mapping[str, Any]) -> Said:
    data = table(table(record).get("metadata")) or table(record)
    name = line(data.get("identifier"))
    where = f"https://archive.org/details/{quote(name, safe='')}" if name else ""
    return Said(
        title=line(data.get("title")),
        creators=lines(data.get("creator")),
        description=plain(data.get("description"), DESCRIPTION),
        tags=lines(data.get("subject")),
        url=where,
        modified=line(data.get("publicdate"), 40),
        statements=tuple(dict.fromkeys(_statements(data, where))),
    )


def _statements(data: Mapping[str, Any], where: str) -> Iterator[Statement]:
    for url in lines(data.get("licenseurl"), RAW):
        yield Statement(url, CHANNEL, where, license=licenses.of_url(url))
    for one in several(data.get("rights")):
        if rights := plain(one, RAW):
            yield Statement(rights, CHANNEL, where)
    for status in lines(data.get("possible-copyright-status"), RAW):
        yield _possible(status, data, where)
    if _NASA & _held(data):
        # What NASA itself made is free in the USA, but its collections hold other people's things too.
        yield Statement(
            "collection: nasa", CHANNEL, where, "inferred", license=licenses.PUBLIC, territory="US",
            grounds="work of NASA, an agency of the United States",
        )  # fmt: skip
    for raw in _restrictions(data):
        yield Statement(raw, CHANNEL, where, license=RESTRICTED)


def _possible(status: str, data: Mapping[str, Any], where: str) -> Statement:
    """What a scanning centre concluded; its evidence and the country it looked at stand beside it."""
    region = line(data.get("copyright-region"))
    free = status.lower() in _NO_COPYRIGHT
    return Statement(
        status,
        CHANNEL,
        where,
        confidence="inferred",
        license=licenses.PUBLIC if free else "",
        territory=region if re.fullmatch("[A-Z]{2}", region) else "",
        grounds=text(data.get("copyright-evidence")) if free else "",
    )


def _held(data: Mapping[str, Any]) -> set[str]:
    """Collections it is in. All of them: what people make their favourites of is in hundreds."""
    named = data.get("collection")
    every = named if isinstance(named, list) else [named]
    return {line(name).lower() for name in every}


def _restrictions(data: Mapping[str, Any]) -> Iterator[str]:
    yield from sorted(_held(data) & {"inlibrary", "printdisabled"})
    flag = data.get("access-restricted-item")
    if flag and line(flag).lower() not in ("false", "0", "no"):
        yield "access-restricted-item"

"""Wikimedia Commons (MediaWiki API, ``prop=imageinfo`` with ``extmetadata``): one page, merged from its
parts, or its ``imageinfo`` alone. Fields hold HTML and come from templates that people fill in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from curate.collectors.records import licenses
from curate.collectors.records.fields import (
    DESCRIPTION,
    MOST,
    NAME,
    RAW,
    first,
    line,
    link,
    plain,
    several,
    table,
)
from curate.model import Said, Statement

CHANNEL = "api:commons"

_NASA = re.compile(r"PD[ -](?:USGov-)?NASA")
_UNITED_STATES = re.compile(r"PD[ -]US ?Gov(?:ernment)?(?:-[\w-]+)?")
"""Categories that the templates of works of the federal government put a file into (17 U.S.C. § 105)."""


def said(record: Mapping[str, Any]) -> Said:
    """The author is the artist, never the user who uploaded; categories become tags."""
    page = table(record)
    info = next((table(one) for one in several(page.get("imageinfo"))), page)
    data = table(info.get("extmetadata"))
    artist = _field(data, "Artist")
    url = link(info.get("descriptionurl")) or link(info.get("descriptionshorturl"))
    return Said(
        title=_field(data, "ObjectName") or _named(page),
        creators=(artist,) if artist else (),
        description=_field(data, "ImageDescription", DESCRIPTION),
        tags=_categories(data),
        url=url,
        modified=line(info.get("timestamp"), 40),
        statements=(*_licences(data, artist, url), *_limits(data, url)),
    )


def _field(data: Mapping[str, Any], key: str, most: int = NAME) -> str:
    return plain(table(data.get(key)).get("value"), most)


def _named(page: Mapping[str, Any]) -> str:
    name = line(page.get("title")).removeprefix("File:")
    return name.rpartition(".")[0] or name


def _categories(data: Mapping[str, Any]) -> tuple[str, ...]:
    every = line(table(data.get("Categories")).get("value"), MOST * NAME).split("|")
    return tuple(dict.fromkeys(one.strip()[:NAME] for one in every if one.strip()))[:MOST]


def _licences(data: Mapping[str, Any], artist: str, where: str) -> Iterator[Statement]:
    for raw, license, sure in _stated(data):
        grounds = _grounds(_categories(data)) if license == licenses.PUBLIC else ""
        yield Statement(
            raw,
            CHANNEL,
            where,
            confidence="declared" if sure else "inferred",
            holder="" if license in licenses.OWNERLESS else artist,
            license=license,
            territory="US" if grounds else "",
            grounds=grounds,
            attribution=_field(data, "Attribution", RAW),
        )


def _stated(data: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """The words, what they mean, and whether they are more than a label: several where fields differ."""
    code = _code(data)
    name = first((_field(data, "LicenseShortName", RAW), _field(data, "UsageTerms", RAW), code))
    url = link(table(data.get("LicenseUrl")).get("value"))[:RAW]
    public = _public(data)
    if not public and not url:
        if name:  # a label alone: Commons gives every licence its address
            yield name, "LicenseRef-commons-unaddressed", False
        return
    by_code = licenses.PUBLIC if public else licenses.of_code(code)
    meant = {licenses.of_url(url): url, licenses.of_name(name): name, by_code: name}
    known = {license: raw for license, raw in meant.items() if license}
    for license, raw in (known or {"": name or url}).items():
        yield raw, license, True


def _code(data: Mapping[str, Any]) -> str:
    return _field(data, "License").lower()


def _public(data: Mapping[str, Any]) -> bool:
    code = _code(data) or _field(data, "LicenseShortName").lower()
    return code in ("pd", "public domain") or code.startswith("pd-")


def _grounds(categories: tuple[str, ...]) -> str:
    """Why it is free, where a template says so; other grounds depend on dates that are not here."""
    if any(_NASA.fullmatch(one) for one in categories):
        return "work of NASA, an agency of the United States"
    if any(_UNITED_STATES.fullmatch(one) for one in categories):
        return "work of the federal government of the United States"
    return ""


def _limits(data: Mapping[str, Any], where: str) -> Iterator[Statement]:
    """What a person has to look at: trademarks, personality rights, fair use, a request to delete."""
    keys = ["Restrictions", "NonFree", "DeletionReason"]
    if _public(data):
        keys.append("Copyrighted")  # then the two contradict each other
    for key in keys:
        value = _field(data, key, RAW - len(key) - 2)
        if value and value.lower() != "false":
            yield Statement(
                f"{key}: {value}", CHANNEL, where, license=f"LicenseRef-commons-{key.lower()}"
            )

"""OpenAlex: one work. Its licence belongs to one of the places that hold a copy, and names no version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from curate.collectors.records.fields import RAW, first, line, link, plain, several, table, within
from curate.model import Said, Statement

CHANNEL = "api:openalex"

_VERSIONED = {"apache-2-0": "Apache-2.0", "isc": "ISC", "mit": "MIT"}
"""Codes that mean one text. The others leave the version open, or mix CC0 with the public domain."""


def said(record: Mapping[str, Any]) -> Said:
    """The statement is about the copy at its ``where``, and about no other copy of the work."""
    work = table(record)
    place = table(work.get("best_oa_location")) or table(work.get("primary_location"))
    where = first(map(link, (place.get("pdf_url"), place.get("landing_page_url"), work.get("doi"))))
    raw = line(place.get("license"), RAW)
    people = [table(one).get("author") for one in several(work.get("authorships"))]
    return Said(
        title=plain(work.get("title")) or plain(work.get("display_name")),
        creators=within(people, "display_name"),
        tags=within(work.get("keywords"), "display_name"),
        url=first(map(link, (work.get("doi"), place.get("landing_page_url"), work.get("id")))),
        modified=line(work.get("updated_date"), 40),
        statements=(Statement(raw, CHANNEL, where, license=_VERSIONED.get(raw, "")),)
        if raw
        else (),
    )

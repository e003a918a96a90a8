"""Zenodo: one record, in the older representation (``license.id``) or that of InvenioRDM (``rights``).

The older one keeps only the first licence of several. Neither says which file has which.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from curate.collectors.records import licenses
from curate.collectors.records.fields import (
    DESCRIPTION,
    RAW,
    first,
    line,
    lines,
    link,
    plain,
    several,
    table,
    within,
)
from curate.model import Said, Statement

CHANNEL = "api:zenodo"
RESTRICTED = "LicenseRef-zenodo-restricted"
"""Embargoed, closed, or to be asked for."""


def said(record: Mapping[str, Any]) -> Said:
    record = table(record)
    data, links = table(record.get("metadata")), table(record.get("links"))
    creators = [table(one).get("person_or_org", one) for one in several(data.get("creators"))]
    where = first(
        link(one)
        for one in (
            links.get("self_html"),
            links.get("html"),
            record.get("doi_url"),
            links.get("doi"),
        )
    )
    return Said(
        title=plain(data.get("title")),
        creators=within(creators, "name"),
        description=plain(data.get("description"), DESCRIPTION),
        tags=(*lines(data.get("keywords")), *within(data.get("subjects"), "subject")),
        url=where,
        modified=line(record.get("modified"), 40) or line(record.get("updated"), 40),
        statements=tuple(dict.fromkeys(_statements(record, data, where))),
    )


def _statements(
    record: Mapping[str, Any], data: Mapping[str, Any], where: str
) -> Iterator[Statement]:
    for one in (*several(data.get("license")), *several(data.get("rights"))):
        raw, url = _named(one)
        if raw or url:
            license = licenses.of_code(raw) or licenses.of_url(url)
            yield Statement(raw or url, CHANNEL, where, license=license)
    if (right := line(data.get("access_right"), RAW - 20)) not in ("", "open"):
        yield Statement(f"access_right: {right}", CHANNEL, where, license=RESTRICTED)
    access = table(record.get("access"))
    if (files := line(access.get("files"), RAW - 20)) not in ("", "public"):
        yield Statement(f"access.files: {files}", CHANNEL, where, license=RESTRICTED)


def _named(right: object) -> tuple[str, str]:
    """The id or name of a licence, and its address. A record may bring a licence of its own."""
    fields = table(right)
    if not fields:
        return line(right, RAW), ""
    title = fields.get("title")
    name = line(fields.get("id"), RAW) or line(title, RAW)
    name = name or first(line(one, RAW) for one in table(title).values())
    url = link(fields.get("link")) or link(table(fields.get("props")).get("url"))
    return name, url[:RAW]

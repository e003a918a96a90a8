"""Openverse (api.openverse.org/v1): one entry of ``results`` of a search, or the answer about one item."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from curate.collectors.records import licenses
from curate.collectors.records.fields import RAW, line, link, several, table, text, within
from curate.model import Said, Statement

CHANNEL = "api:openverse"


def said(record: Mapping[str, Any]) -> Said:
    """Title, creator, landing page and licence. Tags that a machine guessed are left out."""
    record = table(record)
    named = [tag for tag in several(record.get("tags")) if table(tag).get("accuracy") is None]
    creator = line(record.get("creator"))
    return Said(
        title=line(record.get("title")),
        creators=(creator,) if creator else (),
        tags=within(named, "name"),
        url=link(record.get("foreign_landing_url")),
        statements=tuple(_statements(record, creator)),
    )


def _statements(record: Mapping[str, Any], creator: str) -> Iterator[Statement]:
    for raw, license in dict.fromkeys(_stated(record)):
        yield Statement(
            raw,
            CHANNEL,
            link(record.get("detail_url")) or link(record.get("foreign_landing_url")),
            holder="" if license in licenses.OWNERLESS else creator,
            license=license,
            attribution=text(record.get("attribution")),
        )


def _stated(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The words and what they mean: once where code and address agree, each where they do not."""
    code, version = line(record.get("license")).lower(), line(record.get("license_version"))
    url = link(record.get("license_url"))[:RAW]
    by_code, by_url = licenses.of_code(code, version), licenses.of_url(url)
    if code and version and by_code == by_url:
        yield url or _name(code, version), by_code
        return
    if code:
        yield _name(code, version), by_code
    if url:
        yield url, by_url


def _name(code: str, version: str) -> str:
    known = code.startswith(("by", "sampling", "nc-sampling"))
    return f"{'CC ' if known else ''}{code.upper()} {version}".strip()

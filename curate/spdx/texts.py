"""The licence list as data: names at once, and each text on its own."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from curate import typed

FOLDER = Path(__file__).parent
LIST, TEXTS = FOLDER / "list.json", FOLDER / "texts.zip"
INDEX = "index"  # the member of TEXTS that detection starts from


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One licence or exception of the list. ``member`` of texts.zip holds its text, "" = none at hand."""

    name: str
    member: str = ""
    deprecated: bool = False
    exception: bool = False


class Listing(msgspec.Struct, frozen=True):
    version: str  # commit of spdx/license-list-data
    released: str  # ISO 8601 date
    entries: dict[str, Entry]  # by SPDX id


@cache
def listing() -> Listing:
    return typed.json(LIST.read_bytes(), Listing)


def known(id: str) -> bool:
    """Is ``id`` a licence or an exception of the list? Letters count as the list writes them."""
    return id in listing().entries


def name(id: str) -> str:
    """The full name, "" for an id that the list does not have."""
    entry = listing().entries.get(id)
    return entry.name if entry else ""


def url(id: str) -> str:
    """The page of the list about ``id``, "" for an id that the list does not have."""
    return f"https://spdx.org/licenses/{id}.html" if known(id) else ""


def current() -> frozenset[str]:
    """Every licence and exception that the list does not advise against."""
    return frozenset(id for id, entry in listing().entries.items() if not entry.deprecated)


def deprecated(id: str) -> bool:
    """Does the list advise against ``id``, as against "GPL-2.0" that does not say whether only?"""
    entry = listing().entries.get(id)
    return entry is not None and entry.deprecated


def text(id: str) -> str:
    """The full text of a licence or an exception, "" where the list or its data lacks it."""
    entry = listing().entries.get(id)
    return member(entry.member).decode() if entry and entry.member else ""


def member(name: str) -> bytes:
    """One member of texts.zip, unpacked without the others."""
    import zipfile

    with zipfile.ZipFile(TEXTS) as archive:
        return archive.read(name)

"""Which of the places that show the same bytes speaks for them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from curate.catalog import Place

_COPY = re.compile(r"副本|复件|複本|\bcopy\b|\(\d+\)(?=\.\w+$)", re.I)
"""How systems name a second copy of a file."""


def taken(places: Sequence[Place], collection: str) -> list[Place]:
    """Where this collection took the bytes; the first one names them: no copy where there is an original."""
    found = [
        one for one in places if one.collection == collection and one.sighting.state == "taken"
    ]
    return sorted(found, key=lambda one: bool(_COPY.search(one.sighting.locator)))


def basename(locator: str) -> str:
    """The last part of a path or URL: what its bytes are called there."""
    if "://" not in locator:
        return PurePosixPath(locator).name  # a file may well be called "Report #1?.txt"
    return PurePosixPath(locator.split("?")[0].split("#")[0]).name or "index.html"

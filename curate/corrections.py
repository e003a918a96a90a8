"""labels.jsonl beside collection.toml: the categories that people gave, one line each.

The last line about a resource holds. They train the collection's own model.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from curate.journal import Journal

FILE = "labels.jsonl"


class Correction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line: where a resource belongs, by a person's word."""

    item: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]  # SHA-256
    title: str  # for people who read the file
    category: str | None  # a category's name; "" = it belongs nowhere; None = taken back
    who: str
    when: str  # ISO 8601, UTC


class Corrections:
    """The corrections of one collection, in its folder."""

    def __init__(self, folder: Path) -> None:
        self._journal = Journal(folder / FILE, Correction, "correction", "curate classify set")
        self.path = self._journal.path
        self.mark = self._journal.mark
        """A number that changes with the content; 0 where nobody has corrected anything."""
        self.latest: dict[str, Correction] = {}
        everyone: dict[str, None] = {}
        for entry in self._journal.entries:
            everyone[entry.item] = None
            self.latest.pop(entry.item, None)
            if entry.category is not None:
                self.latest[entry.item] = entry
        self.items = tuple(everyone)
        """Every resource that somebody spoke of, also where that was taken back."""

    def append(self, entries: Iterable[Correction]) -> None:
        """Write corrections; they are lasting when this returns."""
        self._journal.append(entries)

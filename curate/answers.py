"""decisions.jsonl beside collection.toml: what people decided about rights, one line a decision.

The last line about a resource holds.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from curate import checksum
from curate.errors import CurateError
from curate.journal import Journal
from curate.model import Answer
from curate.workspace import settle_names

FILE = "decisions.jsonl"
EVIDENCE = "evidence"


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line. Without an answer it takes the one before it back."""

    item: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]  # SHA-256
    title: str  # for people who read the file
    answer: Answer | None  # None: what was decided before is taken back


class Answers:
    """The journal of one collection, in its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._journal = Journal(folder / FILE, Entry, "decision", "curate rights decide")
        self.path = self._journal.path
        self.mark = self._journal.mark
        """A number that changes with the content; 0 where nobody has decided anything."""
        self.latest: dict[str, Answer] = {}
        everyone: dict[str, None] = {}
        for entry in self._journal.entries:
            everyone[entry.item] = None
            self.latest.pop(entry.item, None)
            if entry.answer:
                self.latest[entry.item] = entry.answer
        self.items = tuple(everyone)
        """Every resource that somebody decided on, also where that was taken back."""

    def append(self, entries: Iterable[Entry]) -> None:
        """Write decisions; they are lasting when this returns."""
        self._journal.append(entries)

    def keep(self, path: Path, digest: str) -> None:
        """Copy a file of evidence beside the decisions. Raises CurateError."""
        try:
            home = self.folder / EVIDENCE
            home.mkdir(exist_ok=True)
            kept = home / f"{digest[:16]}{path.suffix.lower()}"
            if not kept.exists() or digest_of(kept) != digest:
                part = kept.with_name(f".{kept.name}.part")
                shutil.copyfile(path, part)
                with part.open("r+b") as file:
                    os.fsync(file.fileno())
                part.replace(kept)
                settle_names(home)
        except OSError as fault:
            raise CurateError(
                f"the evidence {path} cannot be kept: {fault.strerror}",
                "check the path and the disk",
            ) from fault


def digest_of(path: Path) -> str:
    """SHA-256 of a file of evidence. Raises CurateError."""
    try:
        return checksum.of(path)
    except OSError as fault:
        raise CurateError(
            f"the evidence {path} cannot be read: {fault.strerror}", "check the path"
        ) from fault

"""decisions.jsonl beside collection.toml: what people decided about rights, one line a decision.

Only ever appended to, so it is the record of who decided what, when and why; the last line about a
resource holds. It lies with the collection and not in the catalogue: that can be built anew, this not.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from curate import typed
from curate.errors import CurateError
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
        self.path = folder / FILE
        data = self.path.read_bytes() if self.path.exists() else b""
        lines = data.splitlines()
        # The machine may have stopped in the middle of a line: nobody was told that it holds. An editor may
        # have left out the end of the last one, which is whole all the same.
        if lines and not data.endswith(b"\n") and not _whole(lines[-1]):
            data = data[: len(data) - len(lines.pop())]
        self._size = len(data)
        self._open_end = bool(data) and not data.endswith(b"\n")
        self.mark = int.from_bytes(hashlib.sha256(data).digest()[:7]) if data else 0
        """A number that changes with the content; 0 where nobody has decided anything."""
        self.latest: dict[str, Answer] = {}
        everyone: dict[str, None] = {}
        for number, line in enumerate(lines, 1):
            if line.strip():
                entry = self._entry(line, number)
                everyone[entry.item] = None
                self.latest.pop(entry.item, None)
                if entry.answer:
                    self.latest[entry.item] = entry.answer
        self.items = tuple(everyone)
        """Every resource that somebody decided on, also where that was taken back."""

    def _entry(self, line: bytes, number: int) -> Entry:
        try:
            return typed.json(line, Entry)
        except msgspec.DecodeError as fault:
            raise CurateError(
                f"{self.path}:{number} is not a decision: {fault}",
                "restore the line from a copy, or remove it and decide again with curate rights decide",
            ) from fault

    def append(self, entries: Iterable[Entry]) -> None:
        """Write decisions; they are lasting when this returns."""
        lines = b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries)
        if self._open_end:
            lines = b"\n" + lines
        new = not self.path.exists()
        with self.path.open("xb" if new else "r+b") as file:
            file.seek(self._size)
            file.truncate()
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
        self._size += len(lines)
        self._open_end = False
        if new:
            settle_names(self.folder)

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
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as fault:
        raise CurateError(
            f"the evidence {path} cannot be read: {fault.strerror}", "check the path"
        ) from fault


def _whole(line: bytes) -> bool:
    try:
        typed.json(line, Entry)
    except msgspec.DecodeError:
        return False
    return True

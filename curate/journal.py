"""What people said, one JSON line each, in a file beside collection.toml that is only ever appended to.

So it is the record of who said what, when and why. It lies with the collection and not in the
catalogue: that can be built anew, this not.
"""

from __future__ import annotations

import codecs
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from curate import typed
from curate.errors import CurateError
from curate.workspace import settle_names

E = TypeVar("E", bound=msgspec.Struct)


class Journal(Generic[E]):
    """The lines of one file, each an entry of ``shape``; a file that is not there has none.

    ``noun`` and ``again`` speak of a line that cannot be read: what it should be, and the command
    that writes it anew. Raises CurateError for such a line.
    """

    def __init__(self, path: Path, shape: type[E], noun: str, again: str) -> None:
        self.path = path
        self._shape, self._noun, self._again = shape, noun, again
        data = path.read_bytes() if path.exists() else b""
        lines = data.removeprefix(codecs.BOM_UTF8).splitlines()  # some editors begin files so
        # The machine may have stopped in the middle of a line: nobody was told that it holds. An editor may
        # have left out the end of the last one, which is whole all the same.
        if lines and not data.endswith(b"\n") and not self._whole(lines[-1]):
            data = data[: len(data) - len(lines.pop())]
        self._size = len(data)
        self._open_end = bool(data) and not data.endswith(b"\n")
        self.mark = int.from_bytes(hashlib.sha256(data).digest()[:7]) if data else 0
        """A number that changes with the content; 0 where nobody has said anything."""
        self.entries: tuple[E, ...] = tuple(
            self._entry(line, number) for number, line in enumerate(lines, 1) if line.strip()
        )

    def _whole(self, line: bytes) -> bool:
        try:
            typed.json(line, self._shape)
        except msgspec.DecodeError:
            return False
        return True

    def _entry(self, line: bytes, number: int) -> E:
        try:
            return typed.json(line, self._shape)
        except msgspec.DecodeError as fault:
            raise CurateError(
                f"{self.path}:{number} is not a {self._noun}: {fault}",
                f"restore the line from a copy, or remove it and say it again with {self._again}",
            ) from fault

    def append(self, entries: Iterable[E]) -> None:
        """Write entries; they are lasting when this returns. ``entries`` and ``mark`` stay as they were read."""
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
            settle_names(self.path.parent)

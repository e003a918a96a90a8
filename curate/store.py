"""Bytes, kept once, named by their SHA-256 and never overwritten."""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from curate.errors import CurateError, Problem
from curate.workspace import settle_names

CHUNK = 1 << 20
_parts = itertools.count(1)  # several stores may add to one folder, each in its own thread


@dataclass(frozen=True, slots=True)
class Stored:
    sha256: str  # hex
    size: int  # bytes
    new: bool  # these bytes were not here before


class Store:
    """Content-addressed files below ``folder``: ``ab/cdef…``.

    ``add`` hashes while it copies, so bytes are read once. What was added is durable and has its final
    name only after ``flush``: fsync costs a disk write each, and many files share one that way. A crash
    before ``flush`` leaves files in ``incoming/`` that ``sweep`` removes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._incoming = folder / "incoming"
        self._pending: dict[str, Path] = {}

    def path(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256[2:]

    def has(self, sha256: str) -> bool:
        return sha256 in self._pending or self.path(sha256).exists()

    def open(self, sha256: str) -> IO[bytes]:
        """The bytes. Raises CurateError when they are not here."""
        try:
            return self.path(sha256).open("rb")
        except FileNotFoundError as fault:
            raise CurateError(
                f"the library has lost the bytes of {sha256}",
                "restore .curate/objects, or collect again",
            ) from fault

    def add(self, stream: IO[bytes]) -> Stored:
        """Keep what ``stream`` gives. Call ``flush`` before anything relies on it."""
        self._incoming.mkdir(parents=True, exist_ok=True)
        part = self._incoming / f"{os.getpid()}-{next(_parts)}"
        first = stream.read(CHUNK)
        digest = hashlib.sha256(first)
        rest = stream.read(CHUNK) if len(first) == CHUNK else b""
        if not rest:
            name = digest.hexdigest()
            if self.has(name):  # a small file that is known needs no write at all
                return Stored(name, len(first), new=False)
            part.write_bytes(first)
            self._pending[name] = part
            return Stored(name, len(first), new=True)
        size = len(first)
        with part.open("wb") as out:
            out.write(first)
            while rest:
                digest.update(rest)
                size += len(rest)
                out.write(rest)
                rest = stream.read(CHUNK)
        name = digest.hexdigest()
        if self.has(name):
            part.unlink()
            return Stored(name, size, new=False)
        self._pending[name] = part
        return Stored(name, size, new=True)

    def flush(self) -> None:
        """Make all that was added durable and give it its name."""
        if not self._pending:
            return
        parts = list(self._pending.values())
        with ThreadPoolExecutor(min(8, len(parts))) as pool:  # waiting on the disk, side by side
            list(pool.map(_sync, parts))
            touched = {self.folder.parent, self.folder}
            for name, part in self._pending.items():
                final = self.path(name)
                final.parent.mkdir(exist_ok=True)
                part.chmod(0o444)
                part.replace(final)
                touched.add(final.parent)
            list(pool.map(settle_names, sorted(touched)))
        self._pending.clear()

    def drop(self, sha256: str) -> None:
        """Remove bytes that no collection took."""
        with suppress(FileNotFoundError):
            self.path(sha256).unlink()

    def sweep(self) -> None:
        """Remove what a killed run left half done. Only while holding the workspace."""
        shutil.rmtree(self._incoming, ignore_errors=True)

    def verify(self) -> Iterator[Problem]:
        """Read every object again; a problem for each that is empty, cannot be read, or whose bytes
        are not what its name says."""
        for path in sorted(self.folder.glob("??/*")):
            if what := _wrong(path):
                yield Problem(str(path), what, "restore it from a backup")


def _wrong(path: Path) -> str:
    """What is wrong with an object; "" where nothing is."""
    try:
        if path.stat().st_size == 0:
            return "it is empty"
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as fault:
        return f"it cannot be read: {fault.strerror}"
    return "" if found == path.parent.name + path.name else f"its bytes have SHA-256 {found}"


def _sync(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())

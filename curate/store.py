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

from curate import checksum
from curate.errors import CurateError, Problem
from curate.messages import sentence
from curate.workspace import settle_names

CHUNK = 1 << 20
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
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
        self._pending: dict[str, str] = {}  # SHA-256 → where its bytes wait for their name
        self._made: set[str] = set()  # folders that are there; paths are plain text for speed

    def path(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256[2:]

    def has(self, sha256: str) -> bool:
        return sha256 in self._pending or os.path.exists(self._final(sha256))  # noqa: PTH110

    def _final(self, sha256: str) -> str:
        return f"{self.folder}/{sha256[:2]}/{sha256[2:]}"

    def _make(self, folder: str) -> str:
        if folder not in self._made:
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103
            self._made.add(folder)
        return folder

    def size(self, sha256: str) -> int:
        """Bytes of what ``has`` knows, also before ``flush``."""
        return os.stat(self._pending.get(sha256) or self._final(sha256)).st_size  # noqa: PTH116

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
        first = stream.read(CHUNK)
        digest = hashlib.sha256(first)
        rest = stream.read(CHUNK) if len(first) == CHUNK else b""
        if not rest and self.has(name := digest.hexdigest()):
            return Stored(name, len(first), new=False)  # a small file that is known needs no write
        part = f"{self._make(str(self._incoming))}/{os.getpid()}-{next(_parts)}"
        size = len(first)
        try:
            with os.fdopen(os.open(part, _NEW, 0o444), "wb", 0) as out:
                _write(out, first)
                while rest:
                    digest.update(rest)
                    size += len(rest)
                    _write(out, rest)
                    rest = stream.read(CHUNK)
        except BaseException:
            with suppress(OSError):
                os.unlink(part)  # noqa: PTH108
            raise
        name = digest.hexdigest()
        if self.has(name):
            os.unlink(part)  # noqa: PTH108
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
                folder = self._make(f"{self.folder}/{name[:2]}")
                os.replace(part, self._final(name))  # noqa: PTH105
                touched.add(Path(folder))
            list(pool.map(settle_names, sorted(touched)))
        self._pending.clear()

    def drop(self, sha256: str) -> None:
        """Remove bytes that no collection took."""
        with suppress(FileNotFoundError):
            self.path(sha256).unlink()

    def sweep(self) -> None:
        """Remove what a killed run left half done. Only while holding the workspace."""
        shutil.rmtree(self._incoming, ignore_errors=True)
        self._made.clear()

    def verify(self) -> Iterator[Problem]:
        """Read every object again; a problem for each that is empty, cannot be read, or whose bytes
        are not what its name says."""
        for path in sorted(self.folder.glob("??/*")):
            if what := _wrong(path):
                yield Problem(str(path), what, sentence("restore it from a backup"))


def _wrong(path: Path) -> str:
    """What is wrong with an object; "" where nothing is."""
    try:
        if path.stat().st_size == 0:
            return sentence("it is empty")
        found = checksum.of(path)
    except OSError as fault:
        return sentence("it cannot be read: {fault}", fault=fault.strerror)
    return (
        ""
        if found == path.parent.name + path.name
        else sentence("its bytes have SHA-256 {found}", found=found)
    )


def _write(out: IO[bytes], data: bytes) -> None:
    """All of ``data``, past any buffer: it comes in large pieces."""
    rest = memoryview(data)
    while rest:
        rest = rest[out.write(rest) :]


def _sync(path: str) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)

"""What has arrived of large files, kept on the disk: a run that is killed goes on where it was.

A part is two files named after its address: the bytes, and a log. The first line of the log says what
the bytes are part of; then follow the CRC-32 of each block of them. What a block's sum does not vouch
for, torn by a kill or a power failure, is asked for again.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
import time
import zlib
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from threading import get_ident
from typing import IO

import msgspec

from curate import typed
from curate.fetch.answer import strong_mark
from curate.fetch.reply import Headers, Reply

SMALLEST = 1 << 20
"""Bytes; what is smaller is asked for from the start."""
BLOCK = 1 << 18
STALE = 14 * 86400.0
"""Seconds after which a part that nobody went on with is removed."""
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_LONGEST = 1 << 15  # bytes of the log's first line
_LOG = ".log"


class Record(msgspec.Struct, frozen=True):
    """The first line of the log."""

    at: str  # the address that answered, without its query
    mark: str  # strong ETag or Last-Modified, for If-Range
    total: int
    headers: dict[str, str]  # of the first answer; one for the rest need not repeat them


class Part:
    """The part of one download. One thread uses it at a time."""

    def __init__(self, parts: Parts, key: str, record: Record, size: int = 0) -> None:
        self.record = record
        self.key = key
        self.size = size  # bytes that are here, vouched for
        self._parts = parts
        self._out: IO[bytes] | None = None
        self._log: IO[bytes] | None = None
        self._sum = 0  # of the block that is being filled
        self._used = True
        self._forgone = False

    @property
    def path(self) -> Path:
        return self._parts.folder / self.key

    @property
    def wanted(self) -> dict[str, str]:
        """Headers that ask for the rest."""
        return {"Range": f"bytes={self.size}-", "If-Range": self.record.mark}

    def goes_on(self, reply: Reply, at: str) -> bool:
        """Whether ``reply``, a 206, is the rest of this very file."""
        found = _RANGE.fullmatch(reply.headers.get("Content-Range", "").strip())
        mark = reply.headers.get("ETag", "")
        by_tag = self.record.mark.startswith('"')
        return (
            found is not None
            and reply.status == 206
            and [int(one) for one in found.groups()]
            == [self.size, self.record.total - 1, self.record.total]
            and not reply.headers.get("Content-Encoding")
            and (not by_tag or not mark or mark == self.record.mark)
            and (
                by_tag or _place(at) == self.record.at
            )  # a date alone does not tell two mirrors apart
        )

    def headers(self, reply: Reply) -> Headers:
        """Those of the whole."""
        fields = {**self.record.headers, **reply.headers, "content-length": str(self.record.total)}
        fields.pop("content-range", None)
        return Headers(fields)

    def open(self) -> IO[bytes]:
        """What is here, to be handed out first."""
        return self.path.open("rb")

    def write(self, data: bytes) -> None:
        """Keep ``data``, which follows what is here. A disk that refuses ends the part, nothing else."""
        if not self._used or self._forgone:
            return
        try:
            if self._out is None or self._log is None:
                self._begin()
            self._append(memoryview(data))
        except OSError:
            self.drop()

    def _begin(self) -> None:
        self._parts.folder.mkdir(parents=True, exist_ok=True)
        log = self.path.with_suffix(_LOG)
        if self.size:
            # What is here are whole blocks: only such are vouched for.
            self._out, self._log = self.path.open("ab", 0), log.open("ab", 0)
        else:
            self._out, self._log = self.path.open("wb", 0), log.open("wb", 0)
            self._log.write(msgspec.json.encode(self.record) + b"\n")

    def _append(self, data: memoryview) -> None:
        assert self._out is not None and self._log is not None
        while data:
            piece = data[: BLOCK - self.size % BLOCK]
            if self._out.write(piece) != len(piece):
                raise OSError("the disk took less than it was given")
            self._sum = zlib.crc32(piece, self._sum)
            self.size += len(piece)
            data = data[len(piece) :]
            if self.size % BLOCK == 0:
                self._log.write(self._sum.to_bytes(4, "big"))
                self._sum = 0

    def forgo(self) -> None:
        """Write nothing more; what is here is read until ``close``, and goes then."""
        self._forgone = True

    def drop(self) -> None:
        """Forget it, whatever is here."""
        self._shut()
        self._parts._remove(self.key)
        self._parts._free(self.key)

    def close(self) -> None:
        """Keep it: for ``landed`` where it is whole, for another run where it is worth that."""
        if not self._used:
            return
        if self._forgone:
            self.drop()
            return
        self._shut()
        if self.size == self.record.total:
            self._parts._finished(self.key)
            return
        if self.size < BLOCK:
            self._parts._remove(self.key)
        self._parts._free(self.key, kept=self.size >= BLOCK)

    def _shut(self) -> None:
        self._used = False
        for stream in (self._out, self._log):
            if stream is not None:
                with suppress(OSError):
                    stream.close()


class Parts:
    """All parts of a workspace. Only one process uses ``folder``; any of its threads may."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.RLock()  # the garbage collector may close a body at any moment
        self._busy: set[str] = set()
        self._done: defaultdict[int, list[str]] = defaultdict(list)  # thread → its whole parts
        self._here = self._sweep()

    def find(self, key: str) -> Part | None:
        """The part of an earlier run, if there is one and nobody uses it."""
        with self._lock:
            if key not in self._here or key in self._busy:
                return None
            self._busy.add(key)
        try:
            record, size = self._read(key)
        except (OSError, ValueError):
            self._remove(key)
            self._free(key)
            return None
        return Part(self, key, record, size)

    def begin(self, key: str, at: str, reply: Reply) -> Part | None:
        """A new part for ``reply``, a 200; None where it is not worth it, or could not be gone on with."""
        headers, mark = reply.headers, strong_mark(reply.headers)
        length = headers.get("Content-Length", "")
        if (
            not (length.isdecimal() and int(length) > SMALLEST and mark)
            or headers.get("Content-Encoding")
            or headers.get("Accept-Ranges", "").lower() == "none"
        ):
            return None
        kept = {name: value for name, value in headers.items() if name != "set-cookie"}
        record = Record(_place(at), mark, int(length), kept)
        if len(msgspec.json.encode(record)) >= _LONGEST:
            return None
        with self._lock:
            if key in self._busy:
                return None
            self._busy.add(key)
        return Part(self, key, record)

    def landed(self) -> None:
        """The bytes of all bodies that this thread has closed are safe: their parts go."""
        with self._lock:
            keys = self._done.pop(get_ident(), [])
        for key in keys:
            self._remove(key)
            self._free(key)

    def _read(self, key: str) -> tuple[Record, int]:
        """What the log says, and how many bytes it vouches for; what is beyond is cut off."""
        path, log = self.folder / key, (self.folder / key).with_suffix(_LOG)
        with log.open("rb") as lines:
            record = typed.json(lines.readline(_LONGEST), Record)
            start, sums = lines.tell(), lines.read()
        size = 0
        with path.open("r+b") as stream:
            for n in range(len(sums) // 4):
                block = stream.read(BLOCK)
                if (
                    len(block) < BLOCK
                    or zlib.crc32(block).to_bytes(4, "big") != sums[4 * n : 4 * n + 4]
                ):
                    break
                size += BLOCK
            size = min(
                size, (record.total - 1) // BLOCK * BLOCK
            )  # always something left to ask for
            stream.truncate(size)
        os.truncate(log, start + size // BLOCK * 4)
        if not size:
            raise ValueError("nothing that could be relied on")
        return record, size

    def _sweep(self) -> set[str]:
        """The keys of what is here and not stale."""
        keys: set[str] = set()
        with suppress(OSError):
            for path in self.folder.iterdir():
                if path.stat().st_mtime < time.time() - STALE:
                    path.unlink()
                elif path.suffix == _LOG:
                    keys.add(path.stem)
        return keys

    def _remove(self, key: str) -> None:
        with suppress(OSError):
            (self.folder / key).unlink(missing_ok=True)
            (self.folder / key).with_suffix(_LOG).unlink(missing_ok=True)
        with self._lock:
            self._here.discard(key)

    def _free(self, key: str, kept: bool = False) -> None:
        with self._lock:
            self._busy.discard(key)
            if kept:
                self._here.add(key)

    def _finished(self, key: str) -> None:
        with self._lock:
            self._done[get_ident()].append(key)


def key_of(physical: str, logical: str) -> str:
    """The name of the part of an address and the server that stands in for it."""
    return hashlib.sha256(f"{physical}\n{logical}".encode()).hexdigest()


def _place(url: str) -> str:
    return url.partition("?")[0]

"""Files as a ZIP holds them: read once, hashed and compressed from the same bytes, or stored.

libdeflate packs what fits in memory and zlib-ng what does not: the bytes of either are the same on every
processor, which those of ISA-L and of whatever zlib a Python was built with are not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO

import deflate
from zlib_ng import zlib_ng

from curate.errors import CurateError

LEVEL = 1  # of libdeflate: a point larger than its level 6, in half of the time
STREAM_LEVEL = 2  # of zlib-ng, whose level 1 makes media larger
GAIN = 0.03  # least part that compression has to save: asking for 10 % costs a point of size, and saves little time
PIECE = 4 << 20  # bytes of a stream at a time
_LIKELY = 0.02  # what samples have to save: they are short, so all of it saves more
_SAMPLED = 12 << 10  # bytes from which on samples are taken first
_SAMPLE = 4 << 10, 8 << 10  # bytes of one of three, at least and at most
_LEAST = 64  # bytes below which nothing is tried


@dataclass(frozen=True, slots=True)
class Entry:
    """A file to be written. Its bytes have to be ``size`` long and hash to ``sha256``."""

    path: str
    size: int
    sha256: str
    open: Callable[[], IO[bytes]]
    """May be called in any thread."""
    packed: bool = False  # of a format that is compressed already
    title: str = ""  # what an error calls it


@dataclass(frozen=True, slots=True)
class Block:
    """A whole file, ready to be written."""

    method: int  # 0 stored, 8 deflated
    crc: int
    size: int
    data: bytes


def load(entries: Sequence[Entry]) -> list[Block]:
    """Read, check and pack each. Raises CurateError where one is not what it should be."""
    return [_load(entry) for entry in entries]


def pack(data: bytes, packed: bool) -> Block:
    """``data`` as it takes less room. ``packed``: it is compressed already, so nothing is tried."""
    crc = zlib_ng.crc32(data)
    if not packed and worth(data):
        small = deflate.deflate_compress(data, LEVEL)
        if len(small) <= (1 - GAIN) * len(data):
            return Block(8, crc, len(data), bytes(small))
    return Block(0, crc, len(data), data)


def worth(data: bytes) -> bool:
    """Whether compressing is likely to save GAIN: of a larger file three samples tell."""
    if len(data) < _SAMPLED:
        return len(data) >= _LEAST
    length = min(max(len(data) // 32, _SAMPLE[0]), _SAMPLE[1])
    # Formats that pack their pictures keep tables near their ends. No quarters: what has a period of a
    # power of two would look as if everything in it repeated itself.
    starts = (len(data) * n // 20 for n in (3, 10, 17))
    sample = b"".join(data[start : start + length] for start in starts)
    return len(deflate.deflate_compress(sample, LEVEL)) <= (1 - _LIKELY) * len(sample)


class Stream:
    """A file too large for memory, read and packed piece by piece."""

    def __init__(self, entry: Entry) -> None:
        self._entry = entry
        self._source = opened(entry)
        self._first = self._read()
        self._digest = hashlib.sha256()
        self.method = 0 if entry.packed or not worth(self._first) else 8
        self.crc = 0
        self.size = 0

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self._source.close()

    def pump(self, put: Callable[[bytes], None]) -> None:
        """Give ``put`` everything. Raises CurateError where it is not what it should be."""
        squeeze = zlib_ng.compressobj(STREAM_LEVEL, zlib_ng.DEFLATED, -15) if self.method else None
        data = self._first
        self._first = b""
        while data:
            self._digest.update(data)
            self.crc = zlib_ng.crc32(data, self.crc)
            self.size += len(data)
            put(squeeze.compress(data) if squeeze else data)
            data = self._read()
        if squeeze:
            put(squeeze.flush())
        _check(self._entry, self.size, self._digest.hexdigest())

    def _read(self) -> bytes:
        return _read(self._entry, self._source, PIECE)


def opened(entry: Entry) -> IO[bytes]:
    """Its bytes. Raises CurateError where they are not there."""
    try:
        return entry.open()
    except OSError as fault:
        raise CurateError(
            f"'{entry.title or entry.path}' cannot be read from the library: {fault.strerror}",
            f"its object {entry.sha256} is missing or locked; gather the collection again",
        ) from fault


def _load(entry: Entry) -> Block:
    with opened(entry) as source:
        data = _read(entry, source)
    _check(entry, len(data), hashlib.sha256(data).hexdigest())
    return pack(data, entry.packed)


def _read(entry: Entry, source: IO[bytes], size: int = -1) -> bytes:
    try:
        return source.read(size)
    except OSError as fault:
        raise CurateError(
            f"'{entry.title or entry.path}' cannot be read from the library: {fault.strerror}",
            f"see that the disk with its object {entry.sha256} is whole; gather the collection again",
        ) from fault


def _check(entry: Entry, size: int, sha256: str) -> None:
    if size != entry.size or sha256 != entry.sha256:
        raise CurateError(
            f"the library object of '{entry.title or entry.path}' is damaged: "
            f"expected {entry.size} bytes of SHA-256 {entry.sha256}, found {size} of {sha256}",
            "remove the damaged object from the library and gather the collection again",
        )

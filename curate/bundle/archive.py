"""One pass from files to a reproducible ZIP: read once, hash, compress or store, write in order.

Written by hand because zipfile leaks times and modes and cannot take data compressed elsewhere, and
other writers use data descriptors, which macOS and Explorer stumble over. Format: PKWARE APPNOTE.
Methods 0 and 8, names UTF-8 (bit 11), no extra fields but zip64's where a size needs it.
"""

from __future__ import annotations

import hashlib
import os
import struct
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO

import deflate
from zlib_ng import zlib_ng

from curate.errors import CurateError

LEVEL = 6
WHOLE = 16 << 20  # bytes; larger files are streamed
IN_FLIGHT = 64 << 20  # bytes read and not yet written
GAIN = 0.10  # least part that compression has to save
_SAMPLE = 32 << 10
_MAX32, _MAX16 = 0xFFFFFFFF, 0xFFFF
_UTF8 = 0x800


@dataclass(frozen=True, slots=True)
class Entry:
    """A file to be written. Its bytes have to be ``size`` long and hash to ``sha256``."""

    path: str
    size: int
    sha256: str
    open: Callable[[], IO[bytes]]
    packed: bool = False  # of a format that is compressed already
    title: str = ""  # what an error calls it


@dataclass(frozen=True, slots=True)
class _Written:
    name: bytes
    method: int
    crc: int
    packed: int
    size: int
    offset: int


@dataclass(frozen=True, slots=True)
class _Block:
    """A whole file, ready to be written."""

    method: int
    crc: int
    size: int
    data: bytes


def stamp() -> int:
    """Seconds since 1970 that stand for the time of everything: SOURCE_DATE_EPOCH, or 2020-01-01.

    See reproducible-builds.org/specs/source-date-epoch. Raises CurateError where it is no number.
    """
    given = os.environ.get("SOURCE_DATE_EPOCH", "1577836800")
    try:
        seconds = int(given)
        time.gmtime(seconds)
    except (ValueError, OverflowError, OSError) as fault:
        raise CurateError(
            f"SOURCE_DATE_EPOCH is {given!r}, which is no time", "set it to seconds since 1970"
        ) from fault
    return min(max(seconds, 315532800), 4354819198)  # what the format can say: 1980 to 2107


class Archive:
    """A ZIP being written to ``file``, which has to be seekable and empty."""

    def __init__(self, file: IO[bytes], seconds: int) -> None:
        moment = time.gmtime(seconds)
        self._file = file
        self._position = 0
        self._written: list[_Written] = []
        self._date = (moment.tm_year - 1980) << 9 | moment.tm_mon << 5 | moment.tm_mday
        self._time = moment.tm_hour << 11 | moment.tm_min << 5 | moment.tm_sec // 2

    def add(self, path: str, data: bytes, packed: bool = False) -> str:
        """Write ``data`` as ``path``; gives its SHA-256 in hex."""
        self._block(path, _pack(data, packed))
        return hashlib.sha256(data).hexdigest()

    def add_all(self, entries: Iterable[Entry], threads: int = 0) -> Iterator[Entry]:
        """Write every entry in order, and give each as soon as it is written.

        Files are opened in the calling thread, read and compressed in ``threads`` (0 = one for each
        processor, at most 4). Raises CurateError where bytes are not what the entry says.
        """
        waiting: deque[tuple[Entry, Future[_Block] | None]] = deque()
        flying = 0
        with ThreadPoolExecutor(threads or min(os.cpu_count() or 1, 4)) as pool:
            try:
                for entry in entries:
                    while waiting and (flying + entry.size > IN_FLIGHT or len(waiting) > 64):
                        flying -= waiting[0][0].size
                        yield self._next(*waiting.popleft())
                    small = entry.size <= WHOLE
                    job = pool.submit(_load, entry, _opened(entry)) if small else None
                    waiting.append((entry, job))
                    flying += entry.size
                while waiting:
                    yield self._next(*waiting.popleft())
            finally:
                for _, job in waiting:
                    if job is not None:
                        job.cancel()

    def close(self) -> None:
        """Write the directory of the archive. The file itself stays open."""
        start = self._position
        for entry in self._written:
            self._put(self._directory(entry))
        size, count = self._position - start, len(self._written)
        if count >= _MAX16 or start >= _MAX32 or size >= _MAX32:
            end = self._position
            self._put(
                struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, count, count, size, start)
            )
            self._put(struct.pack("<IIQI", 0x07064B50, 0, end, 1))
        shown = min(count, _MAX16)
        self._put(
            struct.pack(
                "<IHHHHIIH",
                0x06054B50,
                0,
                0,
                shown,
                shown,
                min(size, _MAX32),
                min(start, _MAX32),
                0,
            )
        )

    def _next(self, entry: Entry, job: Future[_Block] | None) -> Entry:
        if job is None:
            self._stream(entry)
        else:
            self._block(entry.path, job.result())
        return entry

    def _block(self, path: str, block: _Block) -> None:
        name = path.encode()
        offset = self._position
        self._put(self._header(name, block.method, block.crc, len(block.data), block.size, False))
        self._put(block.data)
        written = _Written(name, block.method, block.crc, len(block.data), block.size, offset)
        self._written.append(written)

    def _stream(self, entry: Entry) -> None:
        """A large file: its header is written again once crc and sizes are known."""
        name, offset = entry.path.encode(), self._position
        wide = entry.size >= _MAX32 - (64 << 20)  # deflate may add a little
        digest, crc, size, packed = hashlib.sha256(), 0, 0, 0
        with _opened(entry) as source:
            first = _read(entry, source, WHOLE)
            method = 0 if entry.packed or not _worth(first) else 8
            squeeze = zlib_ng.compressobj(LEVEL, zlib_ng.DEFLATED, -15) if method else None
            self._put(self._header(name, method, 0, 0, 0, wide))
            data = first
            while data:
                digest.update(data)
                crc = zlib_ng.crc32(data, crc)
                size += len(data)
                out = squeeze.compress(data) if squeeze else data
                self._put(out)
                packed += len(out)
                data = _read(entry, source, 4 << 20)
        if squeeze:
            out = squeeze.flush()
            self._put(out)
            packed += len(out)
        _check(entry, size, digest.hexdigest())
        self._file.seek(offset)
        self._file.write(self._header(name, method, crc, packed, size, wide))
        self._file.seek(self._position)
        self._written.append(_Written(name, method, crc, packed, size, offset))

    def _put(self, data: bytes) -> None:
        self._file.write(data)
        self._position += len(data)

    def _header(
        self, name: bytes, method: int, crc: int, packed: int, size: int, wide: bool
    ) -> bytes:
        extra = struct.pack("<HHQQ", 1, 16, size, packed) if wide else b""
        shown = (_MAX32, _MAX32) if wide else (packed, size)
        return (
            struct.pack(
                "<IHHHHHIIIHH", 0x04034B50, 45 if wide else 20, _UTF8, method, self._time,
                self._date, crc, *shown, len(name), len(extra),
            )
            + name
            + extra
        )  # fmt: skip

    def _directory(self, entry: _Written) -> bytes:
        large = [n for n in (entry.size, entry.packed, entry.offset) if n >= _MAX32]
        extra = struct.pack(f"<HH{len(large)}Q", 1, 8 * len(large), *large) if large else b""
        needs = 45 if large else 20
        return (
            struct.pack(
                "<IHHHHHHIIIHHHHHII", 0x02014B50, 3 << 8 | needs, needs, _UTF8, entry.method,
                self._time, self._date, entry.crc, min(entry.packed, _MAX32),
                min(entry.size, _MAX32), len(entry.name), len(extra), 0, 0, 0, 0o100644 << 16,
                min(entry.offset, _MAX32),
            )
            + entry.name
            + extra
        )  # fmt: skip


def _opened(entry: Entry) -> IO[bytes]:
    try:
        return entry.open()
    except OSError as fault:
        raise CurateError(
            f"'{entry.title or entry.path}' cannot be read from the library: {fault.strerror}",
            f"its object {entry.sha256} is missing or locked; gather the collection again",
        ) from fault


def _read(entry: Entry, source: IO[bytes], size: int = -1) -> bytes:
    try:
        return source.read(size)
    except OSError as fault:
        raise CurateError(
            f"'{entry.title or entry.path}' cannot be read from the library: {fault.strerror}"
        ) from fault


def _load(entry: Entry, source: IO[bytes]) -> _Block:
    with source:
        data = _read(entry, source)
    _check(entry, len(data), hashlib.sha256(data).hexdigest())
    return _pack(data, entry.packed)


def _check(entry: Entry, size: int, sha256: str) -> None:
    if size != entry.size or sha256 != entry.sha256:
        raise CurateError(
            f"the library object of '{entry.title or entry.path}' is damaged: "
            f"expected {entry.size} bytes of SHA-256 {entry.sha256}, found {size} of {sha256}",
            "remove the damaged object from the library and gather the collection again",
        )


def _pack(data: bytes, packed: bool) -> _Block:
    crc = zlib_ng.crc32(data)
    if not packed and _worth(data):
        small = deflate.deflate_compress(data, LEVEL)
        if len(small) <= (1 - GAIN) * len(data):
            return _Block(8, crc, len(data), bytes(small))
    return _Block(0, crc, len(data), data)


def _worth(data: bytes) -> bool:
    """Whether compressing is likely to save GAIN: three samples of a large file tell."""
    if len(data) <= 4 * _SAMPLE:
        return len(data) >= 64
    quarter = len(data) // 4
    sample = b"".join(data[quarter * n : quarter * n + _SAMPLE] for n in (1, 2, 3))
    return len(deflate.deflate_compress(sample, 1)) <= (1 - GAIN) * len(sample)

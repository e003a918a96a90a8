"""A reproducible ZIP, written in one pass over its files: in order, with fixed times and modes.

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
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO

from curate.bundle.archive.blocks import PIECE, Block, Entry, Stream, load, pack
from curate.errors import CurateError

WHOLE = 32 << 20  # bytes; larger files are streamed
IN_FLIGHT = 64 << 20  # bytes read and not yet written
_TOGETHER = 1 << 20, 64  # bytes and files that are worth one handing over to a thread
_MAX32, _MAX16 = 0xFFFFFFFF, 0xFFFF
_UTF8 = 0x800


@dataclass(frozen=True, slots=True)
class _Written:
    name: bytes
    method: int
    crc: int
    packed: int
    size: int
    offset: int


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
        self._written: dict[str, _Written] = {}
        self._date = (moment.tm_year - 1980) << 9 | moment.tm_mon << 5 | moment.tm_mday
        self._time = moment.tm_hour << 11 | moment.tm_min << 5 | moment.tm_sec // 2

    @property
    def packed(self) -> dict[str, int]:
        """Bytes that each path takes, as it is packed."""
        return {path: one.packed for path, one in self._written.items()}

    def add(self, path: str, data: bytes, packed: bool = False) -> str:
        """Write ``data`` as ``path``; gives its SHA-256 in hex."""
        self._block(path, pack(data, packed))
        return hashlib.sha256(data).hexdigest()

    def add_all(self, entries: Iterable[Entry], threads: int = 0) -> Iterator[Entry]:
        """Write every entry in order, and give each as soon as it is written.

        They are read and compressed in ``threads`` (0 = one for each processor, at most 4). Raises
        CurateError where bytes are not what the entry says.
        """
        waiting: deque[tuple[list[Entry], Future[list[Block]] | None]] = deque()
        flying = 0
        with ThreadPoolExecutor(threads or min(os.cpu_count() or 1, 4)) as pool:
            try:
                for batch in _batches(entries):
                    coming = sum(entry.size for entry in batch)
                    while waiting and (flying + coming > IN_FLIGHT or len(waiting) > 64):
                        flying -= sum(entry.size for entry in waiting[0][0])
                        yield from self._next(*waiting.popleft())
                    streamed = batch[0].size > WHOLE
                    waiting.append((batch, None if streamed else pool.submit(load, batch)))
                    flying += coming
                while waiting:
                    yield from self._next(*waiting.popleft())
            finally:
                for _, job in waiting:
                    if job is not None:
                        job.cancel()

    def take(self, other: Archive, source: str, path: str) -> None:
        """Write as ``path`` what ``other`` holds as ``source``, packed as it is there.

        ``other`` has to be written, its file open for reading. Raises CurateError where that breaks off.
        """
        one = other._written[source]
        start, data = other._data(one)
        name, offset = path.encode(), self._position
        wide = one.packed >= _MAX32 or one.size >= _MAX32
        self._put(self._header(name, one.method, one.crc, one.packed, one.size, wide))
        rest = one.packed
        data.seek(start)
        while rest:
            piece = data.read(min(rest, PIECE))
            if not piece:
                raise CurateError(
                    f"{path} could not be copied between two archives",
                    "see that no other program changes the folder build/, and run the command again",
                )
            self._put(piece)
            rest -= len(piece)
        self._written[path] = _Written(name, one.method, one.crc, one.packed, one.size, offset)

    def close(self) -> None:
        """Write the directory of the archive. The file itself stays open."""
        start = self._position
        for entry in self._written.values():
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
                "<IHHHHIIH", 0x06054B50, 0, 0, shown, shown, min(size, _MAX32), min(start, _MAX32), 0
            )
        )  # fmt: skip

    def _next(self, batch: Sequence[Entry], job: Future[list[Block]] | None) -> Iterator[Entry]:
        if job is None:
            self._stream(batch[0])
            yield batch[0]
            return
        for entry, block in zip(batch, job.result(), strict=True):
            self._block(entry.path, block)
            yield entry

    def _block(self, path: str, block: Block) -> None:
        name = path.encode()
        offset = self._position
        self._put(self._header(name, block.method, block.crc, len(block.data), block.size, False))
        self._put(block.data)
        written = _Written(name, block.method, block.crc, len(block.data), block.size, offset)
        self._written[path] = written

    def _stream(self, entry: Entry) -> None:
        """A large file: its header is written again once crc and sizes are known."""
        name, offset = entry.path.encode(), self._position
        with Stream(entry) as stream:
            grown = entry.size + (entry.size >> 8) if stream.method else entry.size
            wide = grown >= _MAX32  # deflate may add a little
            self._put(self._header(name, stream.method, 0, 0, 0, wide))
            begin = self._position
            stream.pump(self._put)
            packed = self._position - begin
        self._file.seek(offset)
        self._file.write(self._header(name, stream.method, stream.crc, packed, stream.size, wide))
        self._file.seek(self._position)
        written = _Written(name, stream.method, stream.crc, packed, stream.size, offset)
        self._written[entry.path] = written

    def _data(self, one: _Written) -> tuple[int, IO[bytes]]:
        """Where the packed bytes of ``one`` begin, and in what."""
        self._file.flush()
        self._file.seek(one.offset + 28)
        (extra,) = struct.unpack("<H", self._file.read(2))
        return one.offset + 30 + len(one.name) + extra, self._file

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


def _batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Small files together, large ones alone, in their order."""
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        if batch and (size + entry.size > _TOGETHER[0] or len(batch) == _TOGETHER[1]):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += entry.size
    if batch:
        yield batch


__all__ = ["IN_FLIGHT", "WHOLE", "Archive", "Entry", "stamp"]

"""The files inside a zip, read by several threads at once, and each checked against both its headers."""

from __future__ import annotations

import os
import struct
import threading
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import deflate
from zlib_ng import zlib_ng

from curate.bundle.archive.blocks import PIECE

_WHOLE = 32 << 20  # bytes; what is larger is unpacked piece by piece
_AHEAD = 1 << 20  # bytes that are read along with a header: all of most files
_HEADER = struct.Struct("<IHHHHHIIIHH")
_MARK = 0x04034B50


@dataclass(frozen=True, slots=True)
class Member:
    """What the directory of a zip says of a file in it."""

    name: bytes
    method: int
    crc: int
    packed: int  # bytes
    size: int
    offset: int  # of its own header


def member(entry: zipfile.ZipInfo) -> Member:
    name = entry.orig_filename.encode("utf-8" if entry.flag_bits & 0x800 else "cp437", "replace")
    return Member(
        name, entry.compress_type, entry.CRC, entry.compress_size, entry.file_size, entry.header_offset
    )  # fmt: skip


def overlapping(claimed: Sequence[Member]) -> Iterator[tuple[Member, Member]]:
    """Pairs that lie on the same bytes, which only archives made to deceive have."""
    before: Member | None = None
    for one in sorted(claimed, key=lambda one: one.offset):
        if before and one.offset < before.offset + _HEADER.size + len(before.name) + before.packed:
            yield before, one
        before = one


class Reader:
    """An open zip, which may be read in any thread."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        self._lock = threading.Lock()

    def close(self) -> None:
        self._file.close()

    def pieces(self, one: Member) -> Iterator[bytes | bytearray]:
        """The file, unpacked. Raises OSError, or ValueError where it is damaged: then all of it was given
        that could be."""
        head = self._read(one.offset, _HEADER.size + len(one.name) + min(one.packed, _AHEAD))
        start = _start(one, head)
        crc = size = 0
        for piece in self._unpacked(one, start, head[start - one.offset :]):
            crc = zlib_ng.crc32(piece, crc)
            size += len(piece)
            if size > one.size:
                raise ValueError(f"it holds more than the {one.size:,} bytes that the archive says")
            yield piece
        if size != one.size:
            raise ValueError(f"it breaks off after {size:,} of {one.size:,} bytes")
        if crc != one.crc:
            raise ValueError("its CRC-32 is not the one in the archive, so unpackers refuse it")

    def _unpacked(self, one: Member, start: int, read: bytes) -> Iterator[bytes | bytearray]:
        """``read``: what is known already of the bytes from ``start`` on."""
        if one.method == 0:
            yield from (read,) if 0 < len(read) == one.packed else self._packed(start, one.packed)
        elif one.method != 8:
            raise ValueError(f"it is packed by method {one.method}, which few programs know")
        elif one.size > _WHOLE or one.packed > _WHOLE:
            yield from self._inflated(start, one.packed)
        elif one.size:
            data = read if len(read) == one.packed else self._read(start, one.packed)
            try:
                yield deflate.deflate_decompress(data, one.size)
            except deflate.DeflateError:
                yield from self._inflated(start, one.packed)  # which says what is wrong

    def _inflated(self, start: int, packed: int) -> Iterator[bytes]:
        unpacker = zlib_ng.decompressobj(-15)
        for data in self._packed(start, packed):
            while data and not unpacker.eof:
                try:
                    yield unpacker.decompress(data, PIECE)
                except Exception as fault:  # zlib_ng.error, which it does not export as a type
                    raise ValueError(f"it cannot be unpacked: {fault}") from fault
                data = unpacker.unconsumed_tail
        if not unpacker.eof:
            raise ValueError("it breaks off")

    def _packed(self, start: int, packed: int) -> Iterator[bytes]:
        while packed:
            data = self._read(start, min(packed, PIECE))
            if not data:
                raise ValueError("the archive ends in the middle of it")
            yield data
            start, packed = start + len(data), packed - len(data)

    def _read(self, at: int, size: int) -> bytes:
        if hasattr(os, "pread"):
            return os.pread(self._file.fileno(), size, at)
        with self._lock:  # Windows
            self._file.seek(at)
            return self._file.read(size)


def _start(one: Member, head: bytes) -> int:
    """Where the packed bytes begin. Raises ValueError where the two headers of the file disagree."""
    if len(head) < _HEADER.size:
        raise ValueError("the archive ends before it")
    mark, _, flags, method, _, _, _, _, _, length, extra = _HEADER.unpack_from(head)
    if mark != _MARK:
        raise ValueError("there is no file where the archive says")
    name = head[_HEADER.size : _HEADER.size + len(one.name)]
    if length != len(one.name) or name != one.name:
        raise ValueError(f"the archive also calls it {name.decode('utf-8', 'replace')!r}")
    if method != one.method or flags & 1:
        raise ValueError("its two headers in the archive disagree")
    return int(one.offset + _HEADER.size + length + extra)

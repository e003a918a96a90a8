"""tar, and what it is compressed with: read once, from front to end."""

from __future__ import annotations

import io
import sys
import tarfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any, cast

from curate.collectors.unpack.names import encoding
from curate.collectors.unpack.writer import MIB, Refused, Writer
from curate.messages import msg
from curate.model import Message

MEMORY = 256 * MIB
"""Bytes that undoing xz may need; its strongest setting needs 65 MiB."""
HEADERS = MIB
"""Bytes of one header; it is held in memory."""


def unpack(stream: IO[bytes], writer: Writer) -> None:
    """Hand every file of a tar archive to ``writer``. What follows damage is lost. Raises Refused."""
    forward = _Forward(_decompressed(stream), writer)
    found = 0
    names = _Names()
    try:
        archive = tarfile.TarFile(
            fileobj=forward, mode="r", encoding="utf-8", errors="surrogateescape"
        )
        while (entry := archive.next()) is not None:
            cast(Any, archive).members.clear()  # it would remember them all
            writer.count()
            found += 1
            _entry(forward, entry, names(entry.name), writer)
        if forward.last.strip(b"\0"):  # it stops in silence where no header is
            raise tarfile.ReadError("a header cannot be read")
    except Refused:
        raise
    except Exception as fault:
        if not _is_damage(fault):
            raise
        if not found:
            raise Refused(
                msg("it is damaged: {fault}", fault=str(fault)[:200]), retry=True
            ) from fault
        writer.omit(
            "…",
            msg("the rest of the archive is damaged: {fault}", fault=str(fault)[:200]),
            True,
            True,
        )


def _entry(stream: _Forward, entry: tarfile.TarInfo, name: str, writer: Writer) -> None:
    if entry.isdir():
        return
    if entry.issparse():
        writer.omit(name, msg("it is a file with holes; unpack it with another program"))
    elif entry.isreg():
        writer.file(name, _bytes(stream, entry), _time(entry))
    elif entry.islnk() or entry.issym():
        writer.link(name, entry.linkname, _time(entry), at_root=entry.islnk())
    else:
        writer.omit(name, msg("it is a device or pipe, not a file"))


def _bytes(stream: _Forward, entry: tarfile.TarInfo) -> Iterator[bytes]:
    stream.seek(entry.offset_data)
    left = entry.size
    while left:
        piece = stream.read(min(left, MIB // 4))
        if not piece:
            raise tarfile.ReadError("its end is missing")  # and so is the rest of the archive
        left -= len(piece)
        yield piece


def _time(entry: tarfile.TarInfo) -> float | None:
    return float(entry.mtime) if entry.mtime else None


class _Names:
    """Old archives hold bytes of an unknown writing; one name has to tell, for nobody can look ahead."""

    def __call__(self, name: str) -> str:
        if name.isascii():
            return name
        raw = name.encode("utf-8", "surrogateescape")
        return raw.decode(encoding([raw]), "replace")


class _Forward(io.RawIOBase):
    """A stream that only goes on, in pieces, and not for ever."""

    def __init__(self, stream: IO[bytes], writer: Writer) -> None:
        self._stream = stream
        self._writer = writer
        self._at = 0
        self.last = b""  # what the last read gave

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= HEADERS:
            raise tarfile.ReadError("a header is larger than any real one")
        pieces = []
        while size and (piece := self._next(size)):
            pieces.append(piece)
            size -= len(piece)
            self._at += len(piece)
        self._writer.pass_by(self._at)
        self.last = b"".join(pieces)
        return self.last

    def _next(self, size: int) -> bytes:
        try:
            return self._stream.read(size)
        except Exception as fault:
            if not _is_damage(fault):
                raise
            # As one kind of fault: whoever writes has faults of the disk of his own.
            raise tarfile.ReadError(str(fault)) from fault

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence or offset < self._at:
            raise tarfile.ReadError("its headers lead back")
        while self._at < offset and self.read(min(offset - self._at, MIB // 4)):
            pass
        return self._at


def _decompressed(stream: IO[bytes]) -> IO[bytes]:
    head = stream.read(6)
    stream.seek(0)
    for magic, method, undo in _METHODS:
        if head.startswith(magic):
            try:
                return undo(stream)  # type: ignore[no-any-return]
            except ImportError as fault:
                raise Refused(_missing(method), retry=True) from fault
    return stream


def _missing(method: str) -> Message:
    if method == "zstd" and sys.version_info < (3, 14):
        return msg(
            "it is compressed with {method}; install the package {package}, or unpack it",
            method=method,
            package="backports.zstd",
        )
    return msg(
        "it is compressed with {method}, which this Python was built without; unpack it",
        method=method,
    )


def _gzip(stream: IO[bytes]) -> Any:
    import gzip

    return gzip.GzipFile(fileobj=stream)


def _bzip2(stream: IO[bytes]) -> Any:
    import bz2

    return bz2.BZ2File(stream)


def _zstd(stream: IO[bytes]) -> Any:
    if sys.version_info >= (3, 14):
        from compression.zstd import ZstdFile
    else:
        from backports.zstd import ZstdFile

    return ZstdFile(stream)


class _Xz(io.RawIOBase):
    """xz with a bound on its memory; the standard library's file has none."""

    def __init__(self, stream: IO[bytes]) -> None:
        import lzma

        self._stream = stream
        self._lzma = lzma
        self._make()

    def _make(self) -> None:
        self._decoder = self._lzma.LZMADecompressor(self._lzma.FORMAT_XZ, memlimit=MEMORY)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while True:
            if self._decoder.eof:
                rest = self._decoder.unused_data or self._stream.read(MIB // 16)
                rest = rest.lstrip(b"\0")
                if not rest:
                    return b""
                self._make()
            else:
                rest = self._stream.read(MIB // 16) if self._decoder.needs_input else b""
                if self._decoder.needs_input and not rest:
                    raise EOFError("its end is missing")
            if data := self._decoder.decompress(rest, size):
                return data


_METHODS: tuple[tuple[bytes, str, Callable[[IO[bytes]], Any]], ...] = (
    (b"\x1f\x8b", "gzip", _gzip),
    (b"BZh", "bzip2", _bzip2),
    (b"\xfd7zXZ\0", "xz", _Xz),
    (b"\x28\xb5\x2f\xfd", "zstd", _zstd),
)


def _is_damage(fault: Exception) -> bool:
    # UnicodeError, RecursionError: what a header may do to the reader of the standard library.
    known = (tarfile.TarError, EOFError, OSError, zlib.error, ValueError, RecursionError)
    return isinstance(fault, known) or type(fault).__name__ in ("LZMAError", "ZstdError")

"""7z: in a process of its own, for one block of it may unpack to more than the memory holds."""

from __future__ import annotations

import tempfile
import zlib
from pathlib import Path
from typing import IO, Any

import msgspec

from curate.collectors.unpack.names import safe
from curate.collectors.unpack.writer import MIB, Bounds, Contents, Refused, Writer
from curate.errors import CurateError
from curate.messages import msg
from curate.model import Message
from curate.workers import Failed, Limits, unordered
from curate.workspace import unusable

LIMITS = Limits(workers=1, seconds=3600, memory_mb=2048)
TARGET = 4096
"""Bytes that a link may lead along."""
SPOOL = 8 * MIB


class Task(msgspec.Struct, frozen=True):
    """An archive, and where its files go."""

    archive: str
    folder: str
    bounds: Bounds


def unpack(task: Task, limits: Limits = LIMITS) -> Contents:
    """Write every file of a 7z archive. Raises Refused, and CurateError for the disk."""
    for _, found in unordered(_unpack, [task], limits):
        if isinstance(found, Failed):
            raise Refused(found.reason, retry=True)
        if isinstance(found, CurateError):
            raise found
        if isinstance(found, Refusal):
            raise Refused(found.reason, found.retry)
        return found
    raise Refused(msg("the reader crashed"), retry=True)


class Refusal(msgspec.Struct, frozen=True):
    """``Refused`` as a value, for its way between processes."""

    reason: Message
    retry: bool


def _unpack(task: Task) -> Contents | Refusal | CurateError:
    path = Path(task.archive)
    try:
        with path.open("rb") as stream:
            return _read(stream, Writer(Path(task.folder), task.bounds, path.stat().st_size))
    except Refused as refused:
        return Refusal(refused.reason, refused.retry)
    except CurateError as fault:
        return fault


def _read(stream: IO[bytes], writer: Writer) -> Contents:
    py7zr = _reader()
    faults = py7zr.exceptions
    locked = msg("it is encrypted; unpack it with its password into a folder of its own")
    try:
        # Given a stream it works on one block at a time, as the writer does.
        with py7zr.SevenZipFile(stream) as archive:
            if archive.needs_password():
                raise Refused(locked)
            _extract(archive, writer)
    except faults.PasswordRequired as fault:
        raise Refused(locked) from fault
    except faults.UnsupportedCompressionMethodError as fault:
        raise Refused(
            msg(
                "the package {package} does not know its compression: {fault}; upgrade it, or unpack"
                " the archive with another program",
                package="py7zr",
                fault=str(fault.message)[:200],
            ),
            retry=True,
        ) from fault
    except (Refused, CurateError, MemoryError):
        raise
    except Exception as fault:
        reason = msg("it is damaged: {fault}", fault=f"{type(fault).__name__}: {fault}"[:200])
        if not writer.size:
            raise Refused(reason, retry=True) from fault
        writer.omit(
            "…",
            msg("the rest of the archive is damaged: {fault}", fault=str(fault)[:200]),
            True,
            True,
        )
    return writer.close()


def _reader() -> Any:
    try:
        import py7zr
    except ImportError as fault:
        reason = msg(
            "the package {package} that opens it cannot be imported: {fault}; reinstall it",
            package="py7zr",
            fault=fault,
        )
        raise Refused(reason, retry=True) from fault
    return py7zr


def _extract(archive: Any, writer: Writer) -> None:
    """Its own names never reach py7zr, which would stop at the first that is evil."""
    files = list(archive.files)
    writer.count(len(files))
    writer.expect(sum(one.uncompressed for one in files))
    wanted: dict[str, _Taken] = {}
    names = [str(one.filename) for one in files]
    for number, (one, name) in enumerate(zip(files, names, strict=True)):
        archive.header.files_info.files[number]["filename"] = f"{number}"
        if one.is_directory:
            continue
        if one.is_junction or one.is_socket:
            writer.omit(name, msg("it is a device or pipe, not a file"))
        elif isinstance(evil := safe(name), Message):
            writer.omit(name, evil)
        elif one.emptystream:
            writer.file(name, (), _time(one))
        else:
            wanted[f"{number}"] = _Taken(name, one, writer)
    if wanted:
        archive.extract(targets=list(wanted), factory=_factory(wanted))


def _time(one: Any) -> float | None:
    stamp = one.lastwritetime
    return None if stamp is None else float(stamp.totimestamp())


class _Taken:
    """One file on its way: py7zr pushes, the writer pulls."""

    def __init__(self, name: str, entry: Any, writer: Writer) -> None:
        self._name = name
        self._entry = entry
        self._writer = writer
        self._size = self._crc = 0
        self._home = str(writer.folder.parent)
        self._spool = tempfile.SpooledTemporaryFile(SPOOL, dir=self._home)  # noqa: SIM115 - closed by py7zr

    def write(self, data: bytes | bytearray) -> int:
        self._size += len(data)
        self._writer.expect(self._size)
        self._crc = zlib.crc32(data, self._crc)
        try:
            return self._spool.write(data)
        except OSError as fault:  # or a full disk would pass for damage
            raise unusable(fault, self._home) from fault

    def close(self) -> None:
        with self._spool as spool:
            if self._size != self._entry.uncompressed or self._entry.crc32 not in (None, self._crc):
                return  # the fault that ended it is told
            spool.seek(0)
            if self._entry.is_symlink:
                target = spool.read(TARGET).decode("utf-8", "replace")
                self._writer.link(self._name, target, _time(self._entry))
            else:
                pieces = iter(lambda: spool.read(MIB), b"")
                self._writer.file(self._name, pieces, _time(self._entry))


def _factory(wanted: dict[str, _Taken]) -> Any:
    """Made here, for py7zr is imported only where an archive is read."""
    from py7zr.io import Py7zIO, WriterFactory

    class Sink(Py7zIO):  # type: ignore[misc,unused-ignore]
        def __init__(self, taken: _Taken) -> None:
            self.taken = taken

        def write(self, s: bytes | bytearray) -> int:
            return self.taken.write(s)

        def read(self, size: int | None = None) -> bytes:
            return b""

        def seek(self, offset: int, whence: int = 0) -> int:
            return 0

        def flush(self) -> None:
            pass

        def size(self) -> int:
            return 0

        def close(self) -> None:
            self.taken.close()

    class Factory(WriterFactory):  # type: ignore[misc,unused-ignore]
        def create(self, filename: str) -> Py7zIO:
            return Sink(wanted[filename])

    return Factory()

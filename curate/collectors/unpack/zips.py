"""ZIP: read by its directory, with the names that its directory means."""

from __future__ import annotations

import calendar
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import IO

from curate.collectors.unpack.names import encoding
from curate.collectors.unpack.writer import MIB, Damaged, Refused, Writer
from curate.messages import msg

DIRECTORY = 64 * MIB
"""Bytes of the directory of an archive; a hundred thousand long names need less."""
_UTF8 = 0x800
_ENCRYPTED = 0x41
_UNICODE_PATH = 0x7075
_TIMES = 0x5455
_HEADER = 30
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")


def unpack(stream: IO[bytes], writer: Writer) -> None:
    """Hand every file of a ZIP archive to ``writer``. Raises Refused."""
    _check_directory(stream)
    try:
        archive = zipfile.ZipFile(stream)
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        ValueError,
        OSError,
        struct.error,
        EOFError,
    ) as fault:
        raise _unreadable(fault) from fault
    entries = archive.infolist()
    writer.count(len(entries))
    _check_overlap(entries, archive.start_dir)
    files = [one for one in entries if not _is_folder(one)]
    if files and all(one.flag_bits & _ENCRYPTED for one in files):
        raise Refused(msg("it is encrypted; unpack it with its password into a folder of its own"))
    writer.expect(sum(one.file_size for one in files))
    raw = [_raw(one) for one in files]
    codec = encoding(one for one in raw if isinstance(one, bytes))
    for entry, name in zip(files, raw, strict=True):
        _entry(archive, entry, name if isinstance(name, str) else name.decode(codec), writer)


def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, writer: Writer) -> None:
    mode = entry.external_attr >> 16 if entry.create_system == 3 else 0
    if entry.flag_bits & _ENCRYPTED:
        writer.omit(
            name, msg("it is encrypted; unpack it with its password into a folder of its own")
        )
    elif stat.S_ISLNK(mode):
        try:
            target = b"".join(_bytes(archive, entry, 4096))
        except Damaged as fault:
            writer.omit(name, fault.reason, retry=True)
        else:
            writer.link(name, target.decode("utf-8", "replace"), _modified(entry))
    elif stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        writer.omit(name, msg("it is a device or pipe, not a file"))
    else:
        writer.file(name, _bytes(archive, entry), _modified(entry))


def _bytes(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int = 1 << 62
) -> Iterator[bytes]:
    try:
        with archive.open(entry) as stream:
            while piece := stream.read(MIB // 4):
                most -= len(piece)
                if most < 0:
                    raise Damaged("it is longer than such entries are")
                yield piece
    except NotImplementedError as fault:
        raise Damaged(f"{fault}; unpack it with another program") from fault
    # The modules that decompress raise what they like for what they cannot read.
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        ValueError,
        RuntimeError,
        struct.error,
    ) as fault:
        raise Damaged(fault) from fault
    except Exception as fault:
        if type(fault).__name__ == "LZMAError":
            raise Damaged(fault) from fault
        raise


def _raw(entry: zipfile.ZipInfo) -> str | bytes:
    """The name where the archive says how it is written, else its bytes (APPNOTE 4.4.4 and 4.6.9)."""
    name = entry.orig_filename
    if entry.flag_bits & _UTF8:
        return name
    raw = name.encode("cp437", "replace")
    said = _extra(entry, _UNICODE_PATH)
    if len(said) > 5 and said[0] == 1 and int.from_bytes(said[1:5], "little") == zlib.crc32(raw):
        try:
            return said[5:].decode()
        except UnicodeDecodeError:
            pass
    return raw


def _modified(entry: zipfile.ZipInfo) -> float | None:
    """Seconds since 1970. The old field names no time zone: it is taken as it stands."""
    times = _extra(entry, _TIMES)
    if len(times) >= 5 and times[0] & 1:
        return float(int.from_bytes(times[1:5], "little", signed=True))
    try:
        return float(calendar.timegm((*entry.date_time, 0, 0, 0)))
    except (ValueError, OverflowError):
        return None


def _extra(entry: zipfile.ZipInfo, wanted: int) -> bytes:
    extra = entry.extra
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        if kind == wanted:
            return extra[4 : 4 + size]
        extra = extra[4 + size :]
    return b""


def _is_folder(entry: zipfile.ZipInfo) -> bool:
    return entry.orig_filename.endswith(("/", "\\")) and not entry.file_size


def _check_directory(stream: IO[bytes]) -> None:
    """Before it is read as a whole: how large does the directory claim to be, and is all of it here?"""
    end = stream.seek(0, os.SEEK_END)
    stream.seek(max(end - (1 << 16) - _END.size, 0))
    tail = stream.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < _END.size:
        raise Refused(
            msg("it is damaged: {fault}", fault="it has no directory at its end"), retry=True
        )
    _, disk, _, _, _, size, offset, _ = _END.unpack_from(tail, at)
    if size == 0xFFFFFFFF or offset == 0xFFFFFFFF:
        there = tail.rfind(b"PK\6\6", 0, at)
        if there >= 0 and at - there >= _END64.size:
            size = _END64.unpack_from(tail, there)[8]
    elif disk not in (0, 0xFFFF):
        raise Refused(msg("it is one part of an archive in several; join them first"))
    if size > DIRECTORY:
        raise Refused(msg("its directory is larger than {limit} MiB", limit=DIRECTORY // MIB))


def _check_overlap(entries: Sequence[zipfile.ZipInfo], end: int) -> None:
    """Entries that share bytes are how a small archive becomes an endless one (Fifield, WOOT 2019)."""
    ordered = sorted(entries, key=lambda one: one.header_offset)
    starts = [one.header_offset for one in ordered[1:]] + [end]
    for entry, following in zip(ordered, starts, strict=True):
        if entry.header_offset + _HEADER + entry.compress_size > following:
            raise Refused(msg("its entries overlap, as those of bombs do"))


def _unreadable(fault: Exception) -> Refused:
    if "multiple disks" in str(fault):
        return Refused(msg("it is one part of an archive in several; join them first"))
    return Refused(msg("it is damaged: {fault}", fault=str(fault)[:200]), retry=True)

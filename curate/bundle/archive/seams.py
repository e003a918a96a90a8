"""What lies between the files of a zip: programs that read it from its beginning would find what is hidden there."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator, Sequence
from typing import IO

from curate.messages import sentence

_HEADER = struct.Struct("<IHHHHHIIIHH")
_END = struct.Struct("<IHHHHIIH")
_DESCRIPTOR = 24  # bytes behind a file whose size was not known when it was begun
_LATER = 8  # flag of such a file
_WIDE = 0xFFFFFFFF  # the number stands elsewhere: zip64
_OTHER_NAME = 0x7075  # extra field with another name, which some programs take


def seams(
    file: IO[bytes], entries: Sequence[zipfile.ZipInfo], begins: int
) -> Iterator[tuple[str, str]]:
    """Where something is wrong, and what: bytes that belong to no file, and headers of a file that disagree.

    ``begins``: where the directory of the archive lies.
    """
    at, later = 0, False
    for entry in sorted(entries, key=lambda one: one.header_offset):
        lies, name = entry.header_offset, entry.orig_filename
        if not 0 <= lies < begins:
            yield name, sentence("does not lie before the directory of the archive")
            continue
        if lies > at + (_DESCRIPTOR if later else 0):
            yield name, sentence("{n} bytes before it belong to no file", n=lies - at)
        file.seek(lies)
        head = file.read(_HEADER.size)
        if len(head) < _HEADER.size:
            return  # told where the file is read
        _, _, flags, _, _, _, crc, packed, size, length, extra = _HEADER.unpack(head)
        later = bool(flags & _LATER)
        file.seek(length, 1)
        more = file.read(extra)
        if not later and _differs(entry, crc, packed, size):
            yield name, sentence("its two headers in the archive disagree")
        if any(_renames(one, entry) for one in (entry.extra, more)):
            yield name, sentence("has a second name in the archive")
        at = lies + _HEADER.size + length + extra + entry.compress_size
    if begins > at + _DESCRIPTOR:
        yield "", sentence("{n} bytes behind its last file belong to none", n=begins - at)


def _differs(entry: zipfile.ZipInfo, crc: int, packed: int, size: int) -> bool:
    return (
        crc != entry.CRC
        or packed not in (entry.compress_size, _WIDE)
        or size not in (entry.file_size, _WIDE)
    )


def _renames(extra: bytes, entry: zipfile.ZipInfo) -> bool:
    """Whether there is another name than the one that all read; of one in an old code page it is the
    translation."""
    plain = entry.orig_filename.isascii() or entry.flag_bits & 0x800
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        if plain and kind == _OTHER_NAME and extra[9 : 4 + length] != entry.orig_filename.encode():
            return True
        extra = extra[4 + length :]
    return False


def ending(file: IO[bytes], count: int, comment: bytes) -> str:
    """What is wrong at the end of an archive with ``count`` entries; "" for nothing."""
    end = file.seek(0, 2)
    file.seek(max(end - _END.size - len(comment), 0))
    data = file.read(_END.size)
    if not data.startswith(b"PK\5\6"):
        return sentence("bytes behind its end belong to no file")
    _, _, _, here, whole, *_ = _END.unpack(data)
    if whole not in (count, 0xFFFF) or here != whole:
        return sentence("it states another number of files than the {n} in it", n=count)
    return ""

"""TrueType and OpenType fonts: their name, maker and licence, from the ``name`` table."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from curate.errors import CurateError
from curate.extract.claims import claim, verbatim
from curate.extract.clean import line, people, title
from curate.extract.formats import Format
from curate.model import Extracted, Statement

MOST = 4 * 2**20
"""Bytes of a ``name`` table that are read; real ones have some kilobytes."""

# Name identifiers, from the OpenType specification.
_COPYRIGHT, _FAMILY, _FULL, _DESIGNER, _DESCRIPTION, _LICENCE, _LICENCE_URL = 0, 1, 4, 9, 10, 13, 14


def read(path: Path, name: str, form: Format) -> Extracted:
    try:
        with path.open("rb") as file:
            names = _name_table(file, collection=form.id == "ttc")
    except (struct.error, KeyError) as fault:
        raise CurateError(f"{name} is damaged: it has no table of names", "leave it out") from fault
    return Extracted(
        form.id,
        form.kind,
        form.mime,
        title=title(names.get(_FULL, "") or names.get(_FAMILY, "")),
        creators=people([names.get(_DESIGNER, "")]),
        description=line(names.get(_DESCRIPTION, "")),
        statements=tuple(_rights(names, name, "whole")),
    )


def stated(data: bytes, where: str, component: str) -> tuple[Statement, ...]:
    """What a font inside something else says about rights; nothing where it is none."""
    try:
        return tuple(_rights(_name_table(io.BytesIO(data)), where, component))
    except (struct.error, KeyError):
        return ()


def _rights(names: dict[int, str], where: str, component: str) -> Iterator[Statement]:
    holder = names.get(_COPYRIGHT, "")
    for key in (_LICENCE_URL, _LICENCE, _COPYRIGHT):
        if said := verbatim(names.get(key, "")):
            yield claim(said, "declared", where, component=component, holder=holder)


def _name_table(file: IO[bytes], collection: bool = False) -> dict[int, str]:
    start = 0
    if collection:
        start = struct.unpack(">12xI", file.read(16))[0]
    file.seek(start)
    (count,) = struct.unpack(">4xH6x", file.read(12))
    tables = {
        tag: (offset, length)
        for tag, _, offset, length in struct.iter_unpack(">4sIII", file.read(16 * count))
    }
    offset, length = tables[b"name"]
    file.seek(offset)
    return _names(file.read(min(length, MOST)))


def _names(table: bytes) -> dict[int, str]:
    """Name identifier → text; English of Windows where there is one, for all programs read that."""
    _, count, strings = struct.unpack_from(">HHH", table)
    found: dict[int, tuple[int, str]] = {}
    for number in range(count):
        platform, _, spoken, key, length, at = struct.unpack_from(">HHHHHH", table, 6 + 12 * number)
        raw = table[strings + at : strings + at + length]
        text = raw.decode("mac_roman" if platform == 1 else "utf-16-be", "replace")
        rank = 2 if (platform, spoken) == (3, 0x409) else 1 if platform in (0, 3) else 0
        if rank >= found.get(key, (-1, ""))[0]:
            found[key] = (rank, text)
    return {key: text for key, (_, text) in found.items()}

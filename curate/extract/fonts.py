"""TrueType and OpenType fonts: their name, maker and licence, from the ``name`` table."""

from __future__ import annotations

import struct
from pathlib import Path

from curate.errors import CurateError
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
            start = 0
            if form.id == "ttc":
                start = struct.unpack(">12xI", file.read(16))[0]
            file.seek(start)
            (count,) = struct.unpack(">4xH6x", file.read(12))
            tables = {
                tag: (offset, length)
                for tag, _, offset, length in struct.iter_unpack(">4sIII", file.read(16 * count))
            }
            offset, length = tables[b"name"]
            file.seek(offset)
            names = _names(file.read(min(length, MOST)))
    except (struct.error, KeyError) as fault:
        raise CurateError(f"{name} is damaged: it has no table of names", "leave it out") from fault
    holder = line(names.get(_COPYRIGHT, ""))
    said = (names.get(_LICENCE_URL, ""), names.get(_LICENCE, ""), names.get(_COPYRIGHT, ""))
    return Extracted(
        form.id,
        form.kind,
        form.mime,
        title=title(names.get(_FULL, "") or names.get(_FAMILY, "")),
        creators=people([names.get(_DESIGNER, "")]),
        description=line(names.get(_DESCRIPTION, "")),
        statements=tuple(
            Statement(line(one), "declared", name, holder=holder) for one in said if line(one)
        ),
    )


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

"""Order files as tables of text: CSV of any usual encoding and separator, read row by row."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from curate.errors import CurateError, Problem
from curate.shop.orders.cells import Row, bare
from curate.workspace import unusable

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_SEPARATORS = ",;\t|"
_LONGEST = 1 << 20
"""Characters of one line."""
_CHUNK = 1 << 20
Needed = Sequence[Sequence[str]]
"""Columns that have to be there, each with its other names; in small letters."""


def encoding(path: Path) -> str:
    """What ``path`` is written in: by its mark, else UTF-8, else GB18030. Raises CurateError."""
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError as fault:
        raise unusable(fault, path) from fault
    if head == b"PK\x03\x04":
        raise CurateError(f"{path} is a spreadsheet, no CSV", "save it as “CSV UTF-8”")
    for mark, name in _MARKS.items():
        if head.startswith(mark):
            return name
    for name in ("utf-8", "gb18030"):
        if _decodes(path, name):
            return name
    raise CurateError(f"{path} is neither UTF-8 nor GB18030 text", "save it as “CSV UTF-8”")


def _decodes(path: Path, name: str) -> bool:
    decoder = codecs.getincrementaldecoder(name)()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def rows(path: Path, needed: Needed) -> Iterator[Row | Problem]:
    """Each row below the header, cells by column; what cannot be read is a problem, and the rest goes on.

    Raises CurateError where it is no table at all, or a column that is ``needed`` is not in it.
    """
    with path.open(encoding=encoding(path), newline="") as file:
        separator, names, above = _header(file, path, needed)
        reader = csv.reader(_lines(file, path), delimiter=separator)
        number, name = above, path.name
        # Of columns with one name the first is the platform's own.
        backwards = names[::-1]
        while True:
            number += 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as fault:
                yield Problem(
                    f"{path.name}:{number}", f"it cannot be read: {fault}", "see its quotes"
                )
                continue
            if not "".join(cells).strip():
                continue
            if len(cells) != len(names):
                if "".join(cells[len(names) :]).strip():
                    told = f"it has {len(cells)} cells where the header has {len(names)}"
                    yield Problem(f"{name}:{number}", told, "a cell with a separator needs quotes")
                    continue
                cells = _filled(cells, len(names))
            cells.reverse()
            yield Row(name, number, dict(zip(backwards, cells, strict=True)))


def _filled(cells: list[str], wanted: int) -> list[str]:
    return [*cells[:wanted], *([""] * (wanted - len(cells)))]


def _lines(file: TextIO, path: Path) -> Iterator[str]:
    while line := file.readline(_LONGEST):
        if len(line) >= _LONGEST:
            raise CurateError(
                f"{path} has a line of more than {_LONGEST:,} characters", "it is no order file"
            )
        yield line


def _header(file: TextIO, path: Path, needed: Needed) -> tuple[str, tuple[str, ...], int]:
    """(separator, names in small letters, rows so far)."""
    separators = _SEPARATORS
    for above, line in enumerate(_lines(file, path), 1):
        if line.lower().startswith("sep=") and len(line.strip("\r\n")) == 5:
            separators = line[4]  # a spreadsheet's own remark
        elif line.strip():
            found = [(one, _names(line, one)) for one in separators]
            best = max(found, key=lambda one: (_known(one[1], needed), len(one[1])))
            missing = [names for names in needed if not set(names) & set(best[1])]
            if missing:
                raise CurateError(
                    f"{path}: no column {', '.join(' or '.join(names[:2]) for names in missing)}",
                    "see that its first row names the columns, and that --format is right",
                )
            return best[0], best[1], above
    raise CurateError(f"{path} is empty", "export the orders again")


def _names(line: str, separator: str) -> tuple[str, ...]:
    try:
        return tuple(
            bare(cell).casefold() for cell in next(csv.reader([line], delimiter=separator))
        )
    except (csv.Error, StopIteration):
        return ()


def _known(names: Sequence[str], needed: Needed) -> int:
    return sum(bool(set(some) & set(names)) for some in needed)

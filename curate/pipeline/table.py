"""CSV as people and their spreadsheet programs leave it: read whole, by the names of its columns."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from curate.errors import CurateError

LARGEST = 256 << 20  # bytes of a sheet
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


@dataclass(frozen=True, slots=True)
class Row:
    number: int  # as spreadsheet programs count: the head is row 1
    cells: Mapping[str, str]  # by column; a column that the sheet lacks is not there


def safe(cell: str) -> str:
    """No spreadsheet program may take a cell for a formula: titles are other people's."""
    cell = cell.replace("\0", "")
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unsafe(cell: str) -> str:
    """The cell as it was before ``safe``."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def rows(path: Path, known: Collection[str], needed: Collection[str]) -> Iterator[Row]:
    """Every row that is not empty. ``known`` columns tell what parts the cells.

    Raises CurateError: no CSV, not in an encoding of spreadsheet programs, without the ``needed`` columns.
    """
    text = _decoded(path)
    if "\0" in text:
        raise CurateError(f"{path} is no CSV", "save the sheet as CSV (UTF-8), not as a workbook")
    skip = re.match(r"sep=.\r?\n", text)
    try:
        records = _records(text[skip.end() :] if skip else text, known)
        head = [unsafe(cell).strip().lower() for cell in next(records, [])]
        for name in sorted({one for one in head if one in known and head.count(one) > 1}):
            raise CurateError(f"{path} has the column '{name}' twice", "remove one of them")
        for name in needed:
            if name not in head:
                raise CurateError(
                    f"{path} has no column '{name}'",
                    "begin with a sheet of: curate rights export; columns may be moved, not renamed",
                )
        for number, record in enumerate(records, 2):
            if any(cell.strip() for cell in record):
                padded = (
                    *record,
                    *[""] * (len(head) - len(record)),
                )  # some programs cut empty ends
                yield Row(number, dict(zip(head, padded, strict=False)))
    except csv.Error as fault:
        raise CurateError(f"{path} is no CSV: {fault}", "save the sheet as CSV (UTF-8)") from fault


def _records(text: str, known: Collection[str]) -> Iterator[list[str]]:
    """Parted by whatever parts the head into the most columns that are known."""
    first = text.partition("\n")[0]

    def fitting(mark: str) -> int:
        cells = next(csv.reader([first], delimiter=mark), [])
        return sum(cell.strip().lower() in known for cell in cells)

    return csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=fitting))


def _decoded(path: Path) -> str:
    """The text of a sheet, as curate or a spreadsheet program saved it. Raises CurateError."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as fault:
        raise CurateError(f"{path} cannot be read: {fault.strerror}", "check the path") from fault
    if len(data) > LARGEST:
        raise CurateError(f"{path} is larger than {LARGEST >> 20} MB", "import it in parts")
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise CurateError(
        f"{path} is neither UTF-8 nor GB18030", "save it as CSV (UTF-8), not as a workbook"
    )

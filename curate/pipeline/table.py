"""CSV as people and their spreadsheet programs leave it: read whole, by the names of its columns."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeVar

from curate.errors import CurateError, Problem

T = TypeVar("T")

LARGEST = 256 << 20  # bytes of a sheet
CELL = 32_000  # characters; spreadsheet programs cut what is longer
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
)  # names that would command a terminal
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


class SheetError(CurateError):
    """Every problem of a sheet at once; nothing of it was recorded."""

    def __init__(self, name: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        noun = "problem" if len(self.problems) == 1 else "problems"
        listing = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(
            f"{name}: {len(self.problems)} {noun}, nothing was recorded:\n{listing}",
            "correct these rows and import the sheet again",
        )

    def __reduce__(self) -> tuple[type[SheetError], tuple[str, tuple[Problem, ...]]]:  # type: ignore[override]
        return (type(self), (self.message.partition(": ")[0], self.problems))


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


def shown(text: str) -> str:
    """``text`` without characters that would command a terminal: file names are other people's."""
    return _CONTROL.sub("", text)


def one_line(text: str) -> str:
    return " ".join(text.split())


def digest(cells: Iterable[str]) -> str:
    """Of cells, however a program breaks their lines. The letter in front keeps spreadsheet programs from
    reading 12e45678 as a number."""
    plain = "\0".join(one_line(cell[:CELL]) for cell in cells)
    return "s" + hashlib.sha256(plain.encode()).hexdigest()[:10]


def write(
    file: IO[bytes], head: Sequence[str], records: Iterable[Sequence[str]], numbers: Collection[str] = ()
) -> int:  # fmt: skip
    """CSV in UTF-8 with the mark that spreadsheet programs need; ``file`` stays open. Records written.

    Columns that are ``numbers`` are nobody's words: they are written as they are, so that -2.00 is summed up."""
    plain = [name in numbers for name in head]
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="")
    count = 0
    try:
        writer = csv.writer(text)
        writer.writerow(head)
        for record in records:
            cells = zip(record, plain, strict=True)
            writer.writerow([cell if own else safe(cell[:CELL]) for cell, own in cells])
            count += 1
        text.flush()
    finally:
        text.detach()
    return count


def find(row: Row, known: Mapping[str, T], name: str, first: dict[str, int]) -> T:
    """What the id of a row is in ``known``. ``first`` remembers the rows; raises CurateError for an id that
    is unknown or stands twice."""
    id = row.cells["id"].strip().lower()
    if id not in known:
        raise CurateError(f"'{one_line(id)[:64]}' is the id of nothing in '{name}'")
    if id in first:
        raise CurateError(f"the same id stands in row {first[id]}")
    first[id] = row.number
    return known[id]


def all_of(name: str, found: Iterable[Row], read: Callable[[Row], T | None]) -> list[T]:
    """What ``read`` makes of the rows of the sheet ``name``, without those it makes nothing of.

    Raises SheetError with the problems of all rows that it raises CurateError for."""
    made: list[T] = []
    problems: list[Problem] = []
    for row in found:
        try:
            one = read(row)
        except CurateError as fault:
            problems.append(Problem(f"row {row.number}", fault.message, fault.hint))
        else:
            made += [] if one is None else [one]
    if problems:
        raise SheetError(name, problems)
    return made


def rows(
    path: Path, known: Collection[str], needed: Collection[str], command: str
) -> Iterator[Row]:
    """Every row that is not empty. ``known`` columns tell what parts the cells, ``command`` writes such a sheet.

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
                    f"begin with a sheet of: {command}; columns may be moved, not renamed",
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

"""Reports for spreadsheets: a file for each table, with the keys of its columns above them.

An amount has its currency in a column beside it, a rate its numerator and denominator: as "3/12" it would
become a date. The first column counts the rows and says "total" of those that are sums, so that no sum is summed up
again. Texts that a spreadsheet would compute begin with an apostrophe.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

from curate.books.reports import Cell, Column, Money, Report, Table
from curate.books.reports.cells import decimal, exact
from curate.exports.text import commands, line
from curate.workspace import unusable

ROW = "row"
TOTAL = "total"
_BREAKS = re.compile(r"[^\w.-]+")


def write(report: Report, folder: Path) -> tuple[Path, ...]:
    """REPORT-PERIOD-TABLE.csv for each table, and REPORT-PERIOD-notes.csv where something is to be said.

    ``folder`` is made; files of these names are replaced. Raises CurateError where they cannot be.
    """
    start = f"{report.key}-{_BREAKS.sub('--', report.period)}"
    files = {f"{start}-{table.key}.csv": rows(table) for table in report.tables}
    notes = [["table", "note"], *_notes(report)]
    if len(notes) > 1:
        files[f"{start}-notes.csv"] = iter(notes)
    return tuple(replace(folder / name, _file(some)) for name, some in files.items())


def replace(path: Path, data: bytes) -> Path:
    """Write ``data`` as the whole of ``path``. Raises CurateError, and what was there stays."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(path)
    except OSError as fault:
        part.unlink(missing_ok=True)
        raise unusable(fault, path) from fault
    return path


def rows(table: Table) -> Iterator[list[str]]:
    """The header, the rows, the total."""
    yield [ROW, *(name for column in table.columns for name in _names(column))]
    for number, row in enumerate(table.rows, 1):
        yield [str(number), *_cells(row, table)]
    for row in table.below:
        yield [TOTAL, *_cells(row, table)]


def safe(text: str) -> str:
    """``text`` in one line, that no spreadsheet program computes (owasp.org, CSV injection)."""
    told = line(text)
    return f"'{told}" if commands(told) else told


def _names(column: Column) -> tuple[str, ...]:
    key = column.key
    if column.kind == "money":
        return key, f"{key}_currency"
    if column.kind in ("ratio", "number"):
        return key, f"{key}_numerator", f"{key}_denominator"
    return (key,)


def _cells(row: tuple[Cell, ...], table: Table) -> Iterator[str]:
    for cell, column in zip(row, table.columns, strict=True):
        if cell is None:
            yield from [""] * len(_names(column))
        elif isinstance(cell, str):
            yield safe(cell)
        elif column.kind in ("ratio", "number") and not isinstance(cell, Money):
            whole = Fraction(cell)
            yield from (decimal(whole), str(whole.numerator), str(whole.denominator))
        else:
            yield exact(cell, column)
            yield from [cell.currency] if isinstance(cell, Money) else []


def _notes(report: Report) -> Iterator[list[str]]:
    for note in report.notes:
        yield ["", safe(note)]
    for table in report.tables:
        for note in table.notes:
            yield [table.key, safe(note)]


def _file(some: Iterator[Sequence[str]]) -> bytes:
    """With the mark by which Excel knows UTF-8."""
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\r\n").writerows(some)
    return stream.getvalue().encode("utf-8-sig")

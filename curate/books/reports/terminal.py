"""Reports in the columns of a terminal.

A table that is too wide is turned: what were its columns become rows, as accountants write it. Where that is
too wide as well, each row is told by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from curate.books.reports import Report, Table
from curate.books.reports.cells import heading, is_figure, said
from curate.exports.text import line
from curate.messages import speaker
from curate.model import Language

_LONGEST = 36
"""Columns of a text in a table."""
_GAP = "  "


class Line(NamedTuple):
    text: str
    is_heading: bool = False


@dataclass(frozen=True, slots=True)
class _Grid:
    """``right`` says of each column whether it is set to the right; the last ``below`` rows are totals."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: Sequence[bool]
    below: int = 0

    @property
    def widths(self) -> list[int]:
        return [max(map(_width, column)) for column in zip(self.head, *self.rows, strict=True)]

    @property
    def width(self) -> int:
        return sum(self.widths) + len(_GAP) * (len(self.head) - 1)

    def lines(self) -> Iterator[str]:
        yield self._line(self.head)
        yield "─" * self.width
        for number, row in enumerate(self.rows):
            if self.below and number == len(self.rows) - self.below:
                yield "─" * self.width
            yield self._line(row)

    def _line(self, cells: Sequence[str]) -> str:
        told = (
            _filled(cell, width, right)
            for cell, width, right in zip(cells, self.widths, self.right, strict=True)
        )
        return _GAP.join(told).rstrip()


def lines(report: Report, language: Language, columns: int, most: int = 0) -> Iterator[Line]:
    """A report in ``columns``; of its tables only the first ``most``, 0 for all."""
    say = speaker(language)
    yield Line(f"{report.title} · {report.period}", is_heading=True)
    for note in report.notes:
        yield Line(line(note))
    shown = report.tables[:most] if most else report.tables
    for table in shown:
        yield Line("")
        yield Line(table.title, is_heading=True)
        if table.rows:
            yield from map(Line, _told(table, columns))
        else:
            yield Line(say("nothing in this period"))
        for note in table.notes:
            yield Line(f"* {line(note)}")
    if len(shown) < len(report.tables):
        command = f"curate report {report.key} --period {report.period}"
        yield Line(say("Tables that are not shown: {n}. {command}", n=len(report.tables) - len(shown), command=command))  # fmt: skip


def _told(table: Table, columns: int) -> Iterator[str]:
    grid = _upright(table)
    if grid.width > columns:
        turned = _turned(grid)
        grid = turned if turned.width <= columns else grid
    if grid.width <= columns:
        yield from grid.lines()
    else:
        yield from _each(grid)


def _upright(table: Table) -> _Grid:
    rows = [[_cut(cell) for cell in said(table, row)] for row in table.rows]
    if table.total:
        rows.append([_cut(cell) for cell in said(table, table.total)])
    head = [_cut(heading(table, place)) for place in range(len(table.columns))]
    return _Grid(head, rows, [is_figure(one) for one in table.columns], int(bool(table.total)))


def _turned(grid: _Grid) -> _Grid:
    head, *rows = zip(grid.head, *grid.rows, strict=True)
    return _Grid(head, rows, [False, *[True] * len(grid.rows)])


def _each(grid: _Grid) -> Iterator[str]:
    """Row by row, each with its titles."""
    wide = max(map(_width, grid.head))
    for row in grid.rows:
        yield row[0]
        for title, cell in zip(grid.head[1:], row[1:], strict=True):
            yield f"{_GAP}{_filled(title, wide, False)}{_GAP}{cell}"


def _cut(text: str) -> str:
    from rich.cells import set_cell_size

    text = "".join(char for char in line(text) if char.isprintable() or char == "\u3000")
    return text if _width(text) <= _LONGEST else f"{set_cell_size(text, _LONGEST - 1).rstrip()}…"


def _width(text: str) -> int:
    """Columns that it fills: a Han character two."""
    from rich.cells import cell_len

    return cell_len(text)


def _filled(text: str, columns: int, right: bool) -> str:
    blank = " " * (columns - _width(text))
    return f"{blank}{text}" if right else f"{text}{blank}"

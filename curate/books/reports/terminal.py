"""Reports in the columns of a terminal.

A table that is too wide is turned: what were its columns become rows, as accountants write it. Where that is
too wide as well, each row is told by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple

from curate.books.reports import Report, Table
from curate.books.reports.cells import for_people, heading, is_figure, said
from curate.exports.text import line
from curate.messages import speaker
from curate.model import Language

_LONGEST = 36
"""Columns of a text in a table; what is longer goes on below."""
_LINES = 4
"""That it may fill; what is longer still ends in "…"."""
_GAP = "  "


class Line(NamedTuple):
    text: str
    is_heading: bool = False


@dataclass(frozen=True, slots=True)
class _Grid:
    """``head`` has the lines of each heading, ``right`` says whether its column is set to the right; the last
    ``below`` rows are totals."""

    head: Sequence[Sequence[str]]
    rows: Sequence[Sequence[str]]
    right: Sequence[bool]
    below: int = 0

    @property
    def widths(self) -> list[int]:
        columns = zip(*self.rows, strict=True)
        return [max(map(_width, [*head, *cells])) for head, cells in zip(self.head, columns, strict=True)]  # fmt: skip

    @property
    def width(self) -> int:
        return sum(self.widths) + len(_GAP) * (len(self.head) - 1)

    def lines(self) -> Iterator[str]:
        high = max(map(len, self.head))
        padded = ([""] * (high - len(one)) + [*one] for one in self.head)
        yield from map(self._line, zip(*padded, strict=True))
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
    table = for_people(table)
    head = [_clean(heading(table, place)) for place in range(len(table.columns))]
    rows = [[*map(_clean, said(table, row))] for row in (*table.rows, *table.below)]
    right = [is_figure(one) for one in table.columns]
    for grid in _grids(head, rows, right, len(table.below)):
        if grid.width <= columns:
            yield from grid.lines()
            return
    yield from _each(head, rows)


def _grids(
    head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool], below: int
) -> Iterator[_Grid]:
    """From the one that is read best to the narrowest."""
    titles = [*map(_cut, head)]
    cells, ends = _high(rows), _high(rows[len(rows) - below :]) if below else []
    yield _Grid([[one] for one in titles], cells, right, len(ends))
    yield _Grid([*map(_broken, titles, zip(*cells, strict=True))], cells, right, len(ends))
    first, *others = zip(titles, *rows, strict=True)
    turned = [False, *[True] * len(rows)]
    yield _Grid([[_cut(one)] for one in first], _high(others), turned)


def _high(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """The lines of these rows: a long text goes on below itself."""
    high: list[list[str]] = []
    for row in rows:
        high += map(list, zip_longest(*map(_wrapped, row), fillvalue=""))
    return high


def _wrapped(text: str) -> list[str]:
    """A text in lines, at spaces where it has some."""
    from rich.cells import chop_cells

    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if _width(longer) <= _LONGEST:
            lines[-1] = longer
        elif lines[-1] and _width(word) <= _LONGEST:
            lines.append(word)
        else:
            lines[-1:] = chop_cells(longer, _LONGEST)
    return [*lines[: _LINES - 1], _cut(" ".join(lines[_LINES - 1 :]))] if lines[_LINES:] else lines


def _broken(title: str, cells: Sequence[str]) -> list[str]:
    """A heading in lines, at spaces, not narrower than what stands below it."""
    words = title.split() or [""]
    room = max(10, *map(_width, [*words, *cells]))
    lines = [words[0]]
    for word in words[1:]:
        if _width(longer := f"{lines[-1]} {word}") <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _each(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Row by row, each with its titles."""
    wide = max(map(_width, head))
    for row in rows:
        yield row[0]
        for title, cell in zip(head[1:], row[1:], strict=True):
            if cell:
                yield f"{_GAP}{_filled(title, wide, False)}{_GAP}{cell}"


def _clean(text: str) -> str:
    """In one line, without what orders text about."""
    return "".join(char for char in line(text) if char.isprintable() or char == "\u3000")


def _cut(text: str) -> str:
    from rich.cells import set_cell_size

    fits = _width(text) <= _LONGEST
    return text if fits else f"{set_cell_size(text, _LONGEST - 1).rstrip()}…"


def _width(text: str) -> int:
    """Columns that it fills: a Han character two."""
    from rich.cells import cell_len

    return cell_len(text)


def _filled(text: str, columns: int, right: bool) -> str:
    blank = " " * (columns - _width(text))
    return f"{blank}{text}" if right else f"{text}{blank}"

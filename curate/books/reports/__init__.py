"""A report: tables and charts of figures that were computed exactly, to be shown in any form.

Builders (``books.direct``, ``books.affiliates``, ``books.journey`` …) give a :class:`Report`; the modules here
write it for the terminal, as HTML, CSV and JSON. Titles are said already, in the seller's language.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal, NamedTuple

import msgspec

Kind = Literal["text", "count", "money", "ratio", "number"]
"""ratio is shown as a percentage, number as a decimal."""


class Money(NamedTuple):
    """In minor units."""

    amount: int
    currency: str


class Column(msgspec.Struct, frozen=True):
    """``key`` is stable and English, for CSV and JSON; ``title`` is what people read.

    Cells are: text a str; count an int; money a :class:`Money`; ratio and number a Fraction or an int.
    """

    key: str
    title: str
    kind: Kind = "text"


Cell = str | int | Money | Fraction | None
"""None: there is nothing to tell, such as a rate of nobody."""


_CELLS: dict[Kind, tuple[type, ...]] = {
    "text": (str,), "count": (int,), "money": (Money,), "ratio": (Fraction, int), "number": (Fraction, int),
}  # fmt: skip


class Table(msgspec.Struct, frozen=True):
    """``rows`` hold one cell for each column; ``total`` is set apart below them, or ``totals`` where there are
    several, such as one for each currency. Sums of rows are never rows themselves: charts would draw them, and
    who adds up a column would count them twice.

    Raises ValueError where a cell is missing or not of its column's kind.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...] = ()
    notes: tuple[str, ...] = ()  # sentences below it: what is not known, what is too few to tell
    totals: tuple[tuple[Cell, ...], ...] = ()  # instead of total

    def __post_init__(self) -> None:
        keys = [one.key for one in self.columns]
        if len({*keys}) < len(keys):
            raise ValueError(f"table {self.key}: two columns have one key: {keys}")
        if self.total and self.totals:
            raise ValueError(f"table {self.key}: total and totals")
        for row in (*self.rows, *self.below):
            if len(row) != len(keys):
                raise ValueError(f"table {self.key}: {len(keys)} columns, but a row of {len(row)}")
            for column, cell in zip(self.columns, row, strict=True):
                if cell is not None and not isinstance(cell, _CELLS[column.kind]):
                    raise ValueError(
                        f"table {self.key}: {cell!r} in {column.key} is no {column.kind}"
                    )

    @property
    def below(self) -> tuple[tuple[Cell, ...], ...]:
        """The totals, however many."""
        return (self.total,) if self.total else self.totals

    def at(self, key: str) -> int:
        """The place of the column ``key``."""
        return [one.key for one in self.columns].index(key)


class Chart(msgspec.Struct, frozen=True):
    """A picture of a table's columns: ``x`` names the rows, each of ``y`` is a series."""

    key: str
    title: str
    kind: Literal["bars", "stacked", "lines", "funnel"]
    table: str
    x: str
    y: tuple[str, ...]


class Report(msgspec.Struct, frozen=True):
    key: str  # direct, distribution, journey, review, compliance, ledger
    title: str
    period: str
    tables: tuple[Table, ...]
    charts: tuple[Chart, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        tables = {one.key: one for one in self.tables}
        if len(tables) < len(self.tables):
            raise ValueError(f"report {self.key}: two tables have one key: {[*tables]}")
        for chart in self.charts:
            if chart.table not in tables:
                raise ValueError(f"chart {chart.key}: there is no table {chart.table!r}")
            kinds = {one.key: one.kind for one in tables[chart.table].columns}
            drawn = {kinds.get(key) for key in chart.y}
            if chart.x not in kinds or len(drawn) != 1 or drawn & {None, "text"}:
                raise ValueError(
                    f"chart {chart.key}: {chart.y} by {chart.x} needs columns of its table, of one kind of figures"
                )

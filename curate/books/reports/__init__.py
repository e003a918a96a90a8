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
    """``key`` is stable and English, for CSV and JSON; ``title`` is what people read."""

    key: str
    title: str
    kind: Kind = "text"


Cell = str | int | Money | Fraction | None
"""None: there is nothing to tell, such as a rate of nobody."""


class Table(msgspec.Struct, frozen=True):
    """``rows`` hold one cell for each column; ``total`` is set apart below them."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...] = ()
    notes: tuple[str, ...] = ()  # sentences below it: what is not known, what is too few to tell


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

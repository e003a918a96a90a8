"""What stands in a table, as people read it and as programs do."""

from __future__ import annotations

from fractions import Fraction
from typing import TypeVar

from msgspec.structs import replace

from curate.books.reports import Cell, Column, Money, Table
from curate.shop import money

T = TypeVar("T")
NOTHING = "–"
"""Where there is nothing to tell."""
_PLACES = 6
"""Of decimals for programs; the fraction itself stands beside them."""


def shown(cell: Cell, column: Column, currency: str = "") -> str:
    """As people read it. ``currency``: said in the heading already, and so not here."""
    if cell is None:
        return NOTHING
    if isinstance(cell, str):
        return cell
    if isinstance(cell, Money):
        told = f"{_grouped(money.decimal(cell.amount, cell.currency))}"
        return told if cell.currency == currency else f"{told} {cell.currency}"
    if column.kind == "ratio":
        return f"{_grouped(fixed(100 * Fraction(cell), 2))}%"
    return _grouped(fixed(cell, 2) if isinstance(cell, Fraction) else str(cell))


def exact(cell: Cell, column: Column) -> str:
    """Whole, for programs: "1234.50", "37/301", "12"; empty where there is nothing to tell."""
    if cell is None:
        return ""
    if isinstance(cell, Money):
        return money.decimal(cell.amount, cell.currency)
    return str(Fraction(cell)) if column.kind in ("ratio", "number") else str(cell)


def decimal(value: Fraction | int) -> str:
    """A fraction rounded half to even, for programs that know none."""
    return fixed(value, _PLACES)


def fixed(value: Fraction | int, places: int) -> str:
    """With so many digits after the point, rounded half to even; no float in between."""
    scaled = round(value * 10**places)
    digits = str(abs(scaled)).rjust(places + 1, "0")
    return f"{'-' if scaled < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def currency(table: Table, place: int) -> str:
    """The one currency of a column; "" where there are several, or none."""
    rows = (*table.rows, *table.below)
    found = {cell.currency for row in rows if isinstance(cell := row[place], Money)}
    return found.pop() if len(found) == 1 else ""


def heading(table: Table, place: int) -> str:
    """A column's title, with its currency where it has one."""
    title, code = table.columns[place].title, currency(table, place)
    return f"{title} ({code})" if code and code not in title else title


def said(table: Table, row: tuple[Cell, ...]) -> list[str]:
    """A row of ``table`` as people read it below its headings, and beside its currency."""
    place = by_currency(table)
    own = str(row[place] or "") if place else ""
    return [
        shown(cell, column, _told(table, n) or own)
        for n, (cell, column) in enumerate(zip(row, table.columns, strict=True))
    ]


def by_currency(table: Table) -> int:
    """The place of the column that says which currency a row is of; 0 where there is none."""
    return next((n for n, one in enumerate(table.columns) if one.key == "currency"), 0)


def for_people(table: Table) -> Table:
    """Without a column "currency" that says the same in every row as the headings of its amounts do."""
    codes = {currency(table, n) for n, one in enumerate(table.columns) if one.kind == "money"}
    place = by_currency(table)
    rows = [*table.rows, *table.below]
    if not place or len(codes) != 1 or {row[place] for row in rows} - {"", None} != codes:
        return table
    return replace(
        table,
        columns=_without(table.columns, place),
        rows=tuple(_without(row, place) for row in table.rows),
        total=(),
        totals=tuple(_without(row, place) for row in table.below),
    )


def _without(row: tuple[T, ...], place: int) -> tuple[T, ...]:
    return row[:place] + row[place + 1 :]


def is_figure(column: Column) -> bool:
    """Set to the right."""
    return column.kind != "text"


def _told(table: Table, place: int) -> str:
    return currency(table, place) if table.columns[place].kind == "money" else ""


def _grouped(decimal: str) -> str:
    """ "1234567.50" → "1,234,567.50"."""
    whole, point, rest = decimal.partition(".")
    sign = "-" if whole.startswith("-") else ""
    return f"{sign}{int(whole.removeprefix('-')):,}{point}{rest}"

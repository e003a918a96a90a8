"""Reports for programs: money as decimals in texts, rates as fractions, nothing rounded but what says so."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from curate.books.reports import Cell, Column, Money, Report, Table
from curate.books.reports.cells import decimal, exact

VERSION = 1


def told(reports: Sequence[Report], period: str) -> dict[str, Any]:
    """To be written as one JSON object.

    A cell is a text, a whole number, {"amount": "12.50", "currency": "CNY"}, {"fraction": "37/301",
    "decimal": "0.122924"} or null. ``totals`` are apart from the rows.
    """
    return {"version": VERSION, "period": period, "reports": [_report(one) for one in reports]}


def _report(report: Report) -> dict[str, Any]:
    return {
        "key": report.key,
        "title": report.title,
        "period": report.period,
        "tables": [_table(one) for one in report.tables],
        "notes": [*report.notes],
    }


def _table(table: Table) -> dict[str, Any]:
    return {
        "key": table.key,
        "title": table.title,
        "columns": [
            {"key": one.key, "title": one.title, "kind": one.kind} for one in table.columns
        ],
        "rows": [_row(row, table) for row in table.rows],
        "totals": [_row(row, table) for row in table.below],
        "notes": [*table.notes],
    }


def _row(row: tuple[Cell, ...], table: Table) -> dict[str, Any]:
    pairs = zip(row, table.columns, strict=True)
    return {column.key: _cell(cell, column) for cell, column in pairs}


def _cell(cell: Cell, column: Column) -> Any:
    if isinstance(cell, Money):
        return {"amount": exact(cell, column), "currency": cell.currency}
    if column.kind in ("ratio", "number") and isinstance(cell, Fraction | int):
        return {"fraction": exact(cell, column), "decimal": decimal(cell)}
    return cell

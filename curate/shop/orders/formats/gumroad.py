"""Gumroad's sales export (CSV). Its amounts are dollars, its last row adds them up.

Columns as its open source writes them: app/services/exports/purchase_export_service.rb.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from curate.errors import Problem
from curate.shop.orders import Line, sheet
from curate.shop.orders.cells import Row
from curate.shop.orders.formats import Found, Told, each
from curate.shop.orders.formats.canonical import agreed

_NEEDED = (["purchase id"], ["product id", "item name"], ["sale price ($)"], ["quantity"])
_TIME = ("purchase time (utc timezone)", "purchase date")
_LATER = ("free trial purchase?", "pre-order authorization?")


def read(path: Path, told: Told) -> Iterator[Found | Problem]:
    return each(sheet.rows(path, _NEEDED), lambda row: _lines(row, told))


def _lines(row: Row, told: Told) -> Iterator[Line | Problem]:
    if row.text("purchase id") == "Totals":
        return
    currency = told.currency
    quantity, paid = row.count("quantity"), row.amount("sale price ($)", currency=currency)
    whole = row.yes("fully refunded?")
    given = paid if whole else min(row.amount("partial refund ($)", currency=currency), paid)
    yield agreed(
        Line(
            channel=told.channel,
            number=row.number_of_order("purchase id"),
            item=row.need("product id", "item name"),
            variant=row.text("variants", most=500),
            title=row.title("item name"),
            quantity=quantity,
            unit_price=paid // quantity if quantity else 0,
            paid=paid,
            fee=row.amount("fees ($)", currency=currency),
            currency=currency,
            state="unpaid" if row.yes(*_LATER[:1]) or row.yes(*_LATER[1:]) else "paid",
            paid_at=row.time(*_TIME, zone=told.zone),
            refunded=given,
            refunded_quantity=quantity if whole else 0,
            buyer=row.text("buyer name"),
            email=row.email("giftee email", "purchase email", "buyer email"),
            campaign_code=row.text("utm campaign", "discount code"),
        ),
        row,
        told,
    )
    if row.yes("disputed?") and not row.yes("dispute won?") and not whole:
        yield Problem(
            row.where,
            "its buyer disputes the charge, and the file does not say how it ends",
            "when it is lost: curate orders refund",
        )

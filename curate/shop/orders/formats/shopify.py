"""Shopify's orders export (CSV): a row for each line; what is said of the whole order stands in its first row."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from curate.errors import CurateError, Problem
from curate.shop import money
from curate.shop.orders import Line, State, sheet
from curate.shop.orders.cells import Row
from curate.shop.orders.formats import Found, Told, Unsaid, spread
from curate.shop.orders.formats.canonical import agreed

_NEEDED = (
    ["name"],
    ["financial status"],
    ["lineitem quantity"],
    ["lineitem name"],
    ["lineitem price"],
)
_STATES: dict[str, State] = {
    "paid": "paid", "partially_refunded": "paid", "refunded": "paid", "pending": "unpaid",
    "authorized": "unpaid", "partially_paid": "unpaid", "unpaid": "unpaid", "voided": "cancelled",
    "expired": "cancelled",
}  # fmt: skip
_MOST = 1_000
"""Lines of one order."""


def read(path: Path, told: Told) -> Iterator[Found | Problem]:
    for number, rows in groupby(sheet.rows(path, _NEEDED), _number):
        if number is None:
            yield from (row for row in rows if isinstance(row, Problem))
            continue
        order = [row for row in rows if isinstance(row, Row)]
        try:
            yield from _order(order, told)
        except CurateError as fault:
            yield order[0].problem(fault)


def _number(row: Row | Problem) -> str | None:
    return None if isinstance(row, Problem) else str(row.cells.get("name"))


def _order(rows: list[Row], told: Told) -> Iterator[Found | Problem]:
    first = rows[0]
    number, status = first.number_of_order("name"), first.text("financial status").casefold()
    if len(rows) > _MOST:
        raise CurateError(f"order {number} has more than {_MOST} rows", "see the column Name")
    if status not in _STATES:
        raise CurateError(
            f"order {number}: its financial status is {status[:40]!r}",
            "" if status else "its first row is not here: keep the rows of an order together",
        )
    currency = money.check_currency(first.text("currency") or told.currency)
    prices = [_price(row, currency) for row in rows]
    full = sum(price * quantity - less for price, quantity, less in prices)
    subtotal = first.amount("subtotal", currency=currency) if first.text("subtotal") else full
    paid = spread(subtotal, [price * quantity - less for price, quantity, less in prices])
    given = first.amount("refunded amount", currency=currency)
    whole = status == "refunded"
    cancelled = _STATES[status] != "paid" and bool(first.text("cancelled at"))
    for place, (row, (price, quantity, _)) in enumerate(zip(rows, prices, strict=True)):
        own = paid[place]
        part = own if whole else min(given, own) if len(rows) == 1 else 0
        yield Found(
            row.where,
            agreed(
                Line(
                    channel=told.channel,
                    number=number,
                    line_no=str(place + 1),
                    item=row.need("lineitem sku", "lineitem name"),
                    title=row.title("lineitem name"),
                    quantity=quantity,
                    unit_price=price,
                    discount=price * quantity - own,
                    paid=own if _STATES[status] == "paid" else 0,
                    currency=currency,
                    state="cancelled" if cancelled else _STATES[status],
                    paid_at=first.time("paid at", zone=told.zone)
                    if _STATES[status] == "paid"
                    else None,
                    refunded=part if _STATES[status] == "paid" else 0,
                    refunded_quantity=quantity if whole else 0,
                    buyer=first.text("billing name"),
                    email=first.email("email"),
                    campaign_code=first.text("discount code"),
                ),
                first,
                told,
            ),
        )
    if given and not whole and len(rows) > 1:
        goods = first.amount("total", currency=currency) - first.amount(
            "shipping", currency=currency
        )
        yield Unsaid(
            first.where,
            f"part of order {number} was given back, and the file does not say for which of its lines",
            f"say it: curate orders refund {told.channel} '{number}' LINE",
            channel=told.channel,
            number=number,
            least=min(money.share(subtotal, given, goods), given) if goods > subtotal else given,
        )
    if first.text("cancelled at") and _STATES[status] == "paid" and not whole:
        yield Unsaid(
            first.where,
            f"order {number} was cancelled, and its money is still here",
            f"when it is given back: curate orders refund {told.channel} '{number}' LINE",
            channel=told.channel,
            number=number,
            least=subtotal,
        )


def _price(row: Row, currency: str) -> tuple[int, int, int]:
    price = row.amount("lineitem price", currency=currency)
    quantity = row.count("lineitem quantity")
    less = row.amount("lineitem discount", currency=currency)
    if not quantity or less > price * quantity:
        raise CurateError("its quantity, price and discount do not fit together")
    return price, quantity, less

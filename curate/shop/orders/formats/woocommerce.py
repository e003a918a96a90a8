"""WooCommerce: orders as its REST interface gives them (JSON), and the CSV of the usual exporters with one row
for each item (Customer/Order/Coupon Export, Order Import Export). Amounts are without tax.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from curate.errors import CurateError, Problem
from curate.shop import money
from curate.shop.orders import Line, State, documents, sheet
from curate.shop.orders.cells import Row
from curate.shop.orders.formats import Found, Told, Unsaid, each
from curate.shop.orders.formats.canonical import agreed

_NUMBER = ("order_number", "order number", "order_id", "order id")
_STATUS = ("status", "order_status", "order status")
_NAME = ("item_name", "line_item_name", "item name")
_SKU = ("item_sku", "line_item_sku", "item sku", "sku")
_PRODUCT = ("item_product_id", "line_item_product_id", "item product id", "product id")
_QUANTITY = ("item_quantity", "line_item_quantity", "item quantity", "quantity")
_TOTAL = ("item_total", "line_item_total", "item total", "order line total")
_BEFORE = ("item_subtotal", "line_item_subtotal", "item subtotal")
_ID = ("item_id", "item id", "item #")
_NEEDED = (_NUMBER, _STATUS, _NAME, _QUANTITY, _TOTAL)
_STATES: dict[str, State] = {
    "pending": "unpaid", "pending payment": "unpaid", "on-hold": "unpaid", "on hold": "unpaid",
    "failed": "unpaid", "checkout-draft": "unpaid", "draft": "unpaid", "processing": "paid",
    "completed": "paid", "refunded": "paid", "cancelled": "cancelled",
}  # fmt: skip


def read(path: Path, told: Told) -> Iterator[Found | Problem]:
    if documents.is_json(path):
        return each(documents.rows(path, [["orders"], ["data"]]), lambda row: _order(row, told))
    return each(sheet.rows(path, _NEEDED), lambda row: [_cells(row, told)])


def _state(row: Row, *names: str) -> tuple[State, bool]:
    """(state, whether all of it was given back)."""
    status = row.text(*names).casefold().removeprefix("wc-")
    if status not in _STATES:
        raise CurateError(
            f"its status is {status[:40]!r}", "a status of your own: change it there first"
        )
    return _STATES[status], status == "refunded"


def _order(row: Row, told: Told) -> Iterator[Line | Problem]:
    state, whole = _state(row, "status")
    number = row.number_of_order("number", "id")
    currency = money.check_currency(row.text("currency") or told.currency)
    items = [row.inside(one) for one in _list(row, "line_items")]
    if not items:
        raise CurateError(f"order {number} has no line_items")
    at = row.time("date_paid_gmt", zone=_utc()) or row.time("date_paid", zone=told.zone)
    paid = state == "paid" or at is not None
    back = sum(
        abs(money.minor(row.inside(one).need("total"), currency)) for one in _list(row, "refunds")
    )
    everything = row.amount("total", currency=currency)
    whole = whole or (everything > 0 and back >= everything)
    billing = row.inside(row.cells.get("billing") or {})
    for item in items:
        total = item.amount("total", currency=currency)
        taxed = total + item.amount("total_tax", currency=currency)
        before = item.amount("subtotal", currency=currency) or total
        quantity = item.count("quantity")
        single = min(money.share(total, back, taxed), total) if len(items) == 1 else 0
        given = total if whole else single
        variation = item.text("variation_id")
        yield agreed(
            Line(
                channel=told.channel,
                number=number,
                line_no=item.need("id"),
                item=item.need("sku", "product_id", "name"),
                # A variation without an SKU of its own bears its product's: it is told apart by its number.
                variant="" if variation in ("", "0") else variation,
                title=item.title("name"),
                quantity=quantity,
                unit_price=before // quantity if quantity else 0,
                discount=max(before - total, 0),
                paid=total if paid else 0,
                currency=currency,
                state=state,
                paid_at=at if paid else None,
                refunded=given if paid else 0,
                refunded_quantity=quantity if whole and paid else 0,
                buyer=f"{billing.text('first_name')} {billing.text('last_name')}".strip(),
                email=billing.email("email"),
            ),
            row,
            told,
        )
    if back and not whole and len(items) > 1:
        goods, tax = (
            sum(item.amount(name, currency=currency) for item in items)
            for name in ("total", "total_tax")
        )
        yield Unsaid(
            row.where,
            f"part of order {number} was given back, and the file does not say for which of its lines",
            f"say it: curate orders refund {told.channel} '{number}' LINE",
            channel=told.channel,
            number=number,
            least=min(money.share(goods, back, goods + tax), goods),
        )


def _cells(row: Row, told: Told) -> Line:
    state, whole = _state(row, *_STATUS)
    currency = money.check_currency(
        row.text("order_currency", "currency", "order currency") or told.currency
    )
    total, quantity = row.amount(*_TOTAL, currency=currency), row.count(*_QUANTITY)
    before = row.amount(*_BEFORE, currency=currency) or total
    paid = state == "paid"
    given = total if whole else min(_less(row, currency), total)
    pieces = (
        quantity
        if whole
        else min(_fewer(row, "item_refunded_qty", "item refunded quantity"), quantity)
    )
    names = (
        ("billing_first_name", "first name (billing)"),
        ("billing_last_name", "last name (billing)"),
    )
    return agreed(
        Line(
            channel=told.channel,
            number=row.number_of_order(*_NUMBER),
            line_no=row.number_of_line(*_ID) or row.need(*_SKU, *_PRODUCT, *_NAME),
            item=row.need(*_SKU, *_PRODUCT, *_NAME),
            variant=row.text("item_variation_id", "variation_id", "item_meta", most=500),
            title=row.title(*_NAME),
            quantity=quantity,
            unit_price=before // quantity if quantity else 0,
            discount=max(before - total, 0),
            paid=total if paid else 0,
            currency=currency,
            state=state,
            paid_at=row.time(
                "paid_date", "date_paid", "date", "order_date", "order date", zone=told.zone
            )
            if paid
            else None,
            refunded=given if paid else 0,
            refunded_quantity=pieces if paid else 0,
            buyer=" ".join(filter(None, (row.text(*one) for one in names))),
            email=row.email("billing_email", "customer_email", "email (billing)"),
        ),
        row,
        told,
    )


def _less(row: Row, currency: str) -> int:
    """What was given back for the item; exporters write it with and without a minus."""
    text = row.text("item_refunded", "item refunded")
    return abs(money.minor(text, currency)) if text else 0


def _fewer(row: Row, *names: str) -> int:
    """The same of pieces."""
    text = row.text(*names)
    return Row(row.file, row.number, {names[0]: text.removeprefix("-")}).count(names[0], default=0)


def _list(row: Row, name: str) -> list[Any]:
    found = row.cells.get(name) or []
    if not isinstance(found, list):
        raise CurateError(f"{name} is no list")
    return found


def _utc() -> Any:
    from datetime import UTC

    return UTC

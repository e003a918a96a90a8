"""Orders of 闲管家 as its open platform answers (JSON): of a list, of one order, or a list of orders.

Fields and states: its documentation of /api/open/order/list and /detail. Amounts are in 分, times in seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from curate.errors import CurateError, Problem
from curate.shop.orders import Line, State, documents
from curate.shop.orders.cells import Row
from curate.shop.orders.formats import Found, Told, each

_STATES: dict[str, State] = {
    "11": "unpaid", "12": "paid", "21": "paid", "22": "paid", "23": "paid", "24": "cancelled",
}  # fmt: skip
_REFUNDED, _GIVEN_BACK = "23", "5"


def read(path: Path, told: Told) -> Iterator[Found | Problem]:
    rows = documents.rows(path, [["data", "list"], ["data"], ["list"], ["orders"]])
    return each(rows, lambda row: [_line(row, told)])


def _line(row: Row, told: Told) -> Line:
    status = row.text("order_status")
    if status not in _STATES:
        raise CurateError(f"its order_status is {status[:20]!r}")
    goods = row.inside(row.cells.get("goods"))
    at = row.time("pay_time", zone=told.zone)
    state = _STATES[status]
    paid = row.count("pay_amount", default=0) if state == "paid" or at else 0
    quantity = goods.count("quantity")
    given = _given(row, status, paid)
    item, variant = _item(goods)
    return Line(
        channel=told.channel,
        number=row.number_of_order("order_no"),
        item=item,
        variant=variant,
        title=goods.title("title"),
        quantity=quantity,
        unit_price=goods.count("price", default=0),
        paid=paid,
        currency=told.currency,
        # Closed after it was paid and given back is a refund, not a buyer who never paid.
        state="paid" if state == "cancelled" and given else state,
        paid_at=at,
        refunded=given,
        refunded_quantity=quantity if given and given == paid else 0,
        refunded_at=row.time("refund_time", zone=told.zone),
        buyer=row.text("buyer_nick", "buyer_eid"),
    )


def _given(row: Row, status: str, paid: int) -> int:
    if status != _REFUNDED and row.text("refund_status") != _GIVEN_BACK:
        return 0
    return min(row.count("refund_amount", default=0) or paid, paid)


def _item(goods: Row) -> tuple[str, str]:
    """The seller's own number where it says which variant was bought, else the platform's with the variant."""
    if own := goods.text("sku_outer_id"):
        return own, ""
    variant = goods.text("sku_text", most=500)
    return goods.need("outer_id", "item_id", "product_id"), variant

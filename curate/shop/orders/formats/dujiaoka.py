"""The table orders of 独角数卡 (dujiaoka) as CSV, with the names of its columns in the first row.

States as its open source names them: app/Models/Order.php. What it gave out stands in the column info; that
is read only where the channel's card machine delivers, to be tied to the code that was uploaded.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from curate.errors import CurateError, Problem
from curate.shop.orders import Line, State, sheet
from curate.shop.orders.cells import Row
from curate.shop.orders.formats import Found, Told, each
from curate.shop.orders.formats.canonical import agreed

_NEEDED = (["order_sn"], ["goods_id"], ["buy_amount"], ["actual_price"], ["status"])
_STATES: dict[str, State] = {
    "1": "unpaid", "待支付": "unpaid",
    # A late payment still counts there.
    "-1": "unpaid", "已过期": "unpaid", "过期": "unpaid",
    "2": "paid", "待处理": "paid", "3": "paid", "处理中": "paid", "4": "paid", "已完成": "paid",
    # Paid, and its own stock did not suffice.
    "6": "paid", "异常": "paid",
}  # fmt: skip


def read(path: Path, told: Told) -> Iterator[Found | Problem]:
    return each(sheet.rows(path, _NEEDED), lambda row: [_line(row, told)])


def _line(row: Row, told: Told) -> Line:
    status, currency = row.text("status"), told.currency
    if status not in _STATES:
        raise CurateError(
            f"its status is {status[:20]!r}",
            "the seller failed it by hand, so say what became of it" if status == "5" else "",
        )
    paid = _STATES[status] == "paid"
    return agreed(
        Line(
            channel=told.channel,
            number=row.number_of_order("order_sn"),
            item=row.need("goods_id"),
            title=row.title("title"),
            quantity=row.count("buy_amount"),
            unit_price=row.amount("goods_price", currency=currency),
            discount=sum(
                row.amount(name, currency=currency)
                for name in ("coupon_discount_price", "wholesale_discount_price")
            ),
            paid=row.amount("actual_price", currency=currency) if paid else 0,
            currency=currency,
            state=_STATES[status],
            paid_at=row.time("created_at", "updated_at", zone=told.zone) if paid else None,
            email=row.email("email"),
            campaign_code=row.text("coupon_id").removeprefix("0"),
            card=_card(row) if told.cards and paid else "",
        ),
        row,
        told,
    )


def _card(row: Row) -> str:
    raw = str(row.cells.get("info") or "").strip()
    return raw if len(raw) <= 2_000 and "\n" not in raw else ""

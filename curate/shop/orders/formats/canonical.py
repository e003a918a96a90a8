"""Our own form, for whatever has none: CSV or JSON with the same names, one line of an order each.

Needed are order_no and sku (or item); everything else may be left out. In JSON amounts are texts ("12.50"):
numbers there are not exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from curate.errors import CurateError, Problem
from curate.shop import money
from curate.shop.orders import Line, State, documents, sheet
from curate.shop.orders.cells import Row
from curate.shop.orders.formats import Found, Told, each

NUMBER = ("order_no", "number")
ITEM = ("sku", "item")
COLUMNS = (
    "channel", "order_no", "line_no", "sku", "variant", "title", "quantity", "unit_price", "discount", "paid",
    "fee", "currency", "status", "paid_at", "refunded", "refunded_quantity", "refunded_at", "buyer_ref",
    "email", "language", "affiliate_code", "campaign_code", "card", "no_return", "no_return_at",
)  # fmt: skip
_STATES: dict[str, State] = {
    "": "paid", "paid": "paid", "completed": "paid", "refunded": "paid", "unpaid": "unpaid",
    "pending": "unpaid", "cancelled": "cancelled", "canceled": "cancelled",
}  # fmt: skip
_NO = ("", "0", "no", "false", "n", "否")


def read(path: Path, told: Told) -> Iterator[Found | Problem]:
    rows = (
        documents.rows(path, [["lines"], ["orders"], ["data"]])
        if documents.is_json(path)
        else sheet.rows(path, [NUMBER, ITEM])
    )
    return each(rows, lambda row: [line(row, told)])


def line(row: Row, told: Told) -> Line:
    """Raises CurateError where something in it is not what it should be."""
    if row.text("channel") not in ("", told.channel):
        raise CurateError(
            f"it is of the channel {row.text('channel')!r}, not {told.channel!r}",
            "import the file of each channel by itself",
        )
    status = row.text("status").casefold()
    if status not in _STATES:
        raise CurateError(f"status is {status[:40]!r}", "it is paid, unpaid, cancelled or refunded")
    currency = money.check_currency(row.text("currency") or told.currency)
    quantity, paid = row.count("quantity"), row.amount("paid", currency=currency)
    given = status == "refunded"
    refunded = row.amount("refunded", currency=currency)
    found = Line(
        channel=told.channel,
        number=row.number_of_order(*NUMBER),
        line_no=row.number_of_line("line_no") or "1",
        item=row.need(*ITEM),
        variant=row.text("variant"),
        title=row.title("title"),
        quantity=quantity,
        unit_price=row.amount("unit_price", currency=currency),
        discount=row.amount("discount", currency=currency),
        paid=paid,
        fee=row.amount("fee", currency=currency),
        currency=currency,
        state=_STATES[status],
        paid_at=row.time("paid_at", zone=told.zone),
        refunded=refunded or (paid if given else 0),
        refunded_quantity=row.count(
            "refunded_quantity", default=quantity if given and not refunded else 0
        ),
        refunded_at=row.time("refunded_at", zone=told.zone),
        buyer=row.text("buyer_ref", "buyer"),
        email=row.email("email"),
        language=row.text("language", most=35),
        affiliate_code=row.text("affiliate_code"),
        campaign_code=row.text("campaign_code"),
        card=row.text("card", most=2_000),
    )
    return agreed(found, row, told, "no_return")


def agreed(line: Line, row: Row, told: Told, *columns: str) -> Line:
    """``line`` with what the row says of the buyer's agreement that nothing is returned."""
    names = (told.agreed, *columns) if told.agreed else columns
    text = row.text(*names, most=100) if names else ""
    if text.casefold() in _NO:
        return line
    at = row.time("no_return_at", zone=told.zone)
    return msgspec.structs.replace(line, acknowledged=text, acknowledged_at=at)

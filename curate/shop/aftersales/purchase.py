"""The line of an order that a buyer, or the seller, talks about."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, bindparam, func, select

from curate.database.personal import pieces
from curate.database.tables import attempts, deliveries, grants, lines, orders, outbox, steps
from curate.errors import CurateError
from curate.model import Language
from curate.shop.delivery.message import places

if TYPE_CHECKING:
    from curate.shop import Shop


_DELIVERED = (
    select(deliveries.c.id, deliveries.c.line_id, deliveries.c.state)
    .where(deliveries.c.line_id.in_(bindparam("lines", expanding=True)))
    .order_by(deliveries.c.id)
    .with_for_update()
)


@dataclass(frozen=True, slots=True)
class Purchase:
    """A line with what matters of its order and its delivery; money in minor units."""

    order_id: int
    line_id: int
    channel: str
    number: str
    line_no: str
    currency: str
    state: str
    sku: str
    title: str
    quantity: int
    paid: int
    refunded: int
    refunded_quantity: int
    paid_at: int | None
    language: str
    buyer: str
    email: str
    delivery_id: int | None
    delivery_state: str  # "" where there is none

    @property
    def units_left(self) -> int:
        return self.quantity - self.refunded_quantity

    @property
    def money_left(self) -> int:
        return self.paid - self.refunded

    @property
    def name(self) -> str:
        return f"line {self.line_no} of order {self.number} ({self.channel})"


def of_line(connection: Connection, line_id: int) -> Purchase:
    """Holds the line's row until the transaction ends. Raises CurateError where there is none."""
    found = _rows(connection, lines.c.id == line_id)
    if not found:
        raise CurateError(f"there is no line {line_id}", "see: curate orders list")
    return found[0]


def of_lines(connection: Connection, line_ids: Sequence[int]) -> dict[int, Purchase]:
    """:func:`of_line` of many, by their ids, in a few statements."""
    return {
        one.line_id: one
        for some in pieces(sorted(line_ids))
        for one in _rows(connection, lines.c.id.in_(some))
    }


def find(connection: Connection, channel: str, number: str, line_no: str = "") -> Purchase:
    """Holds the line's row until the transaction ends. ``line_no`` may be left out where the order has one.

    Raises CurateError where there is no such line.
    """
    found = _rows(connection, (orders.c.channel == channel) & (orders.c.number == number))
    chosen = [one for one in found if line_no in ("", one.line_no)]
    if len(chosen) == 1:
        return chosen[0]
    if not found:
        raise CurateError(
            f"{channel!r} has no order {number!r}", "see which there are: curate orders list"
        )
    there = ", ".join(one.line_no for one in found)
    said = "several lines" if not line_no else f"no line {line_no!r}"
    raise CurateError(f"order {number} ({channel}) has {said}", f"its lines: {there}")


def order(connection: Connection, channel: str, number: str) -> int:
    """The order's id. Raises CurateError where there is none."""
    query = select(orders.c.id).where(orders.c.channel == channel, orders.c.number == number)
    found = connection.scalar(query)
    if found is None:
        raise CurateError(
            f"{channel!r} has no order {number!r}", "see which there are: curate orders list"
        )
    return int(found)


def received(connection: Connection, purchase: Purchase) -> int | None:
    """When the buyer first had what they bought; None as long as they have nothing."""
    if purchase.delivery_id is None:
        return None
    return connection.scalar(
        select(steps.c.at)
        .where(
            steps.c.delivery_id == purchase.delivery_id, steps.c.state.in_(("sent", "confirmed"))
        )
        .order_by(steps.c.id)
        .limit(1)
    )


def taken(connection: Connection, purchase: Purchase) -> int | None:
    """When the buyer first had what cannot be given back; None as long as they have nothing of that kind.

    A page can be looked at and ended again: there it is the first download. A code or the place of a file
    that was sent is known from then on.
    """
    if purchase.delivery_id is None:
        return None
    pages = grants.c.delivery_id == purchase.delivery_id
    if connection.scalar(select(grants.c.id).where(pages).limit(1)) is None:
        return received(connection, purchase)
    first = select(func.min(attempts.c.at)).join(grants, grants.c.id == attempts.c.grant_id)
    moments = [connection.scalar(first.where(pages))]
    sent = select(outbox.c.key, outbox.c.body, outbox.c.made_at).where(
        outbox.c.delivery_id == purchase.delivery_id, outbox.c.state.in_(("sent", "confirmed"))
    )
    for row in connection.execute(sent):
        if places(row.body) - {"page"}:
            main = row.key == f"delivery:{purchase.delivery_id}"
            moments.append(received(connection, purchase) if main else row.made_at)
    return min((one for one in moments if one is not None), default=None)


def language_of(shop: Shop, what: Purchase) -> Language:
    """What the buyer reads, as it was delivered to them."""
    from curate.collection import load
    from curate.shop.delivery.goods import spoken

    sold = shop.settings.products.get(what.sku)
    own: Language | None = None
    if sold is not None and sold.collection:
        with suppress(CurateError):  # what is served need not have been made on this machine
            own = load(shop.workspace, sold.collection).collection.language
    return spoken(shop, what.language, what.channel, own)


def _rows(connection: Connection, which: object) -> list[Purchase]:
    rows = connection.execute(
        select(
            lines.c.order_id,
            lines.c.id.label("line_id"),
            orders.c.channel,
            orders.c.number,
            lines.c.line_no,
            orders.c.currency,
            lines.c.state,
            lines.c.sku,
            lines.c.title,
            lines.c.quantity,
            lines.c.paid,
            lines.c.refunded,
            lines.c.refunded_quantity,
            orders.c.paid_at,
            orders.c.language,
            orders.c.buyer,
            orders.c.email,
        )
        .join(orders, orders.c.id == lines.c.order_id)
        .where(which)  # type: ignore[arg-type]
        .order_by(lines.c.id)
        .with_for_update(of=lines)
    ).all()
    delivered = {
        line: (own, state)
        for some in pieces([row.line_id for row in rows])
        for own, line, state in connection.execute(_DELIVERED, {"lines": some})
    }
    return [Purchase(*[*row, *delivered.get(row.line_id, (None, ""))]) for row in rows]

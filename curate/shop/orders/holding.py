"""What is known of the orders of a batch, and nobody else's to change until its transaction ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, select

from curate.database import bulk
from curate.database.tables import deliveries, lines, orders
from curate.shop.orders import Line
from curate.shop.orders.fold import Known, Stage

Key = tuple[str, str]
"""Channel and number."""
_STATES = {
    Stage.UNPAID: "unpaid", Stage.DROPPED: "cancelled", Stage.PAID: "paid", Stage.UNDONE: "cancelled",
}  # fmt: skip
_STAGES = {"unpaid": Stage.UNPAID, "paid": Stage.PAID, "cancelled": Stage.DROPPED}


class Facts(NamedTuple):
    """Columns of an order that a telling may fill in."""

    paid_at: int | None = None
    language: str = ""
    buyer: str = ""
    email: str = ""
    contact_id: int | None = None


@dataclass(slots=True)
class Order:
    """One order as it is to be; ``before``: as it is in the database, None where it is not there yet."""

    id: int
    channel: str
    number: str
    currency: str
    made_at: int
    before: Facts | None = None
    paid_at: int | None = None
    language: str = ""
    buyer: str = ""
    email: str = ""
    contact_id: int | None = None

    @property
    def now(self) -> Facts:
        return Facts(self.paid_at, self.language, self.buyer, self.email, self.contact_id)

    @property
    def tells(self) -> bool:
        """Whether it says more than it did of who it is of, or nobody asked so far."""
        was = self.before or Facts()
        named = bool(self.buyer or self.email)
        more = (self.buyer, self.email) != (was.buyer, was.email)
        return more or (named and was.contact_id is None)

    def hear(self, line: Line, paid: bool, now: int) -> None:
        """What a line says of it: gaps are filled, and the earliest payment counts."""
        self.buyer = self.buyer or line.buyer
        self.email = self.email or line.email
        self.language = self.language or line.language
        if paid:
            at = now if line.paid_at is None else line.paid_at
            self.paid_at = at if self.paid_at is None else min(at, self.paid_at)


@dataclass(slots=True)
class Entry:
    """One line of an order. ``before`` is None where it is new."""

    order: Order
    line: Line  # as it was told; of one that was not, what it is known by
    where: str  # that told it; "" where nothing did
    sku: str
    now: Known
    before: Known | None = None
    id: int = 0
    sku_before: str = ""
    delivered: str = ""  # the state of its delivery
    settled: bool = False  # it waited, and is told to be served
    refunded_at: int | None = None  # by the last telling

    @property
    def changed(self) -> bool:
        return self.before is not None and (
            self.now != self.before or self.sku != self.sku_before or self.settled
        )

    @property
    def waits(self) -> bool:
        """Whether it is paid, and its buyer has nothing so far."""
        left = self.now.quantity > self.now.refunded_quantity
        return self.delivered == "waiting" or (not self.delivered and self.now.is_paid and left)

    @property
    def posted(self) -> bool:
        """Whether it is in the ledger."""
        return self.before is not None and self.before.is_paid and bool(self.sku_before)

    @property
    def earns(self) -> bool:
        """Whether it belongs there, and is not."""
        return self.now.is_paid and bool(self.sku) and not self.posted


_SAME = (
    select(
        orders.c.id, orders.c.channel, orders.c.number, orders.c.currency, orders.c.made_at,
        orders.c.paid_at, orders.c.language, orders.c.buyer, orders.c.email, orders.c.contact_id,
    )
    .where(orders.c.channel == bindparam("of"))
    .where(orders.c.number.in_(bindparam("numbers", expanding=True)))
)  # fmt: skip
_HELD = _SAME.order_by(orders.c.number).with_for_update(key_share=True)
_LINES = (
    select(
        lines.c.id, lines.c.order_id, lines.c.line_no, lines.c.sku, lines.c.state, lines.c.item,
        lines.c.variant, lines.c.title, lines.c.quantity, lines.c.unit_price, lines.c.discount,
        lines.c.paid, lines.c.fee, lines.c.refunded, lines.c.refunded_quantity, lines.c.affiliate_code,
        lines.c.campaign_code, lines.c.card,
    )
    .where(lines.c.order_id.in_(bindparam("own", expanding=True)))
    .order_by(lines.c.id)
    .with_for_update()
)  # fmt: skip
_DELIVERIES = (
    select(deliveries.c.line_id, deliveries.c.state)
    .join(lines, lines.c.id == deliveries.c.line_id)
    .where(lines.c.order_id.in_(bindparam("own", expanding=True)))
)


def held_orders(connection: Connection, first: Mapping[Key, Line], now: int) -> dict[Key, Order]:
    """Those of ``first``, of each its first line; who is missing is made, now or by :func:`write_orders`.

    Made before any is held, and both in one order everywhere: imports of the same file wait for each other,
    never for ever. SQLite has one writer, so there nobody makes them in between.
    """
    keys = sorted(first)
    alone = connection.dialect.name == "sqlite"
    there = _orders(connection, _HELD if alone else _SAME, keys)
    missing = [key for key in keys if key not in there]
    ids = bulk.fresh(connection, orders, len(missing)) if missing else ()
    made = [
        Order(own, *key, first[key].currency, now) for own, key in zip(ids, missing, strict=True)
    ]
    if alone:
        return there | {(one.channel, one.number): one for one in made}
    rows = [(one.id, one.channel, one.number, one.currency, one.made_at) for one in made]
    columns = ("id", "channel", "number", "currency", "made_at")
    bulk.put(connection, orders, columns, rows, once="channel, number")
    return _orders(connection, _HELD, keys)


def _orders(connection: Connection, query: Any, keys: Sequence[Key]) -> dict[Key, Order]:
    found: dict[Key, Order] = {}
    for channel in dict.fromkeys(key[0] for key in keys):
        numbers = [key[1] for key in keys if key[0] == channel]
        for row in connection.execute(query, {"of": channel, "numbers": numbers}):
            own, of, number, currency, made_at, *rest = row
            facts = Facts(*rest)
            found[of, number] = Order(own, of, number, currency, made_at, facts, *facts)
    return found


def held_lines(connection: Connection, some: Mapping[Key, Order]) -> dict[tuple[int, str], Entry]:
    """All lines of these orders, by the order's id and their number."""
    by_id = {one.id: one for one in some.values() if one.before is not None}
    found: dict[tuple[int, str], Entry] = {}
    if not by_id:
        return found
    for row in connection.execute(_LINES, {"own": [*by_id]}):
        own, of, line_no, sku, *rest = row
        order, known = by_id[of], _known(*rest)
        line = Line(channel=order.channel, number=order.number, line_no=line_no)
        found[of, line_no] = Entry(order, line, "", sku, known, known, own, sku)
    states = connection.execute(_DELIVERIES, {"own": [*by_id]}).all()
    delivered = {int(row[0]): str(row[1]) for row in states}
    for entry in found.values():
        entry.delivered = delivered.get(entry.id, "")
    return found


def _known(state: str, *rest: Any) -> Known:
    item, variant, title, quantity, price, discount, paid, fee, refunded, pieces, *codes = rest
    stage = _STAGES[state]
    if stage == Stage.DROPPED and pieces == quantity:
        stage = Stage.UNDONE
    return Known(
        item, variant, title, quantity, price, discount, stage, paid, fee, refunded, pieces, *codes
    )


def write_orders(connection: Connection, some: Sequence[Order]) -> None:
    """What is new, and what was told of those that were there."""
    new = [
        (one.id, one.channel, one.number, one.currency, one.made_at, *one.now)
        for one in some
        if one.before is None
    ]
    columns = ("id", "channel", "number", "currency", "made_at", *Facts._fields)
    bulk.put(connection, orders, columns, new)
    more = [(*one.now, one.id) for one in some if one.before is not None and one.now != one.before]
    bulk.change(connection, orders, Facts._fields, more)


_COLUMNS = (
    "sku", "item", "variant", "title", "quantity", "unit_price", "discount", "paid", "fee", "state",
    "affiliate_code", "campaign_code", "card",
)  # fmt: skip


def _values(one: Entry) -> Iterator[Any]:
    """What was given back is written by who gives it back, and only then it is undone."""
    now = one.now
    state = "paid" if now.is_paid else _STATES[now.stage]
    return iter(
        (
            one.sku, now.item, now.variant, now.title, now.quantity, now.unit_price, now.discount, now.paid,
            now.fee, state, now.affiliate_code, now.campaign_code, now.card,
        )
    )  # fmt: skip


def write_lines(connection: Connection, new: Sequence[Entry], changed: Sequence[Entry]) -> None:
    """Those that are new get their ids by it."""
    if new:
        for one, own in zip(new, bulk.fresh(connection, lines, len(new)), strict=True):
            one.id = own
    rows = [(one.id, one.order.id, one.line.line_no, *_values(one)) for one in new]
    bulk.put(connection, lines, ("id", "order_id", "line_no", *_COLUMNS), rows)
    bulk.change(connection, lines, _COLUMNS, [(*_values(one), one.id) for one in changed])

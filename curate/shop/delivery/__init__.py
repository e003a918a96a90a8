"""What was paid is served exactly once: waiting → allocated → rendered → sent → confirmed.

Each step is a transaction of its own that looks first whether it was done. So ``serve`` may be killed
anywhere and run again, by several processes at once, and goes on where things stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from curate.database.tables import deliveries, lines, orders
from curate.errors import CurateError
from curate.shop.delivery import rendering, sending
from curate.shop.delivery.allocating import allocate
from curate.shop.delivery.goods import Goods, goods
from curate.shop.delivery.states import reason

if TYPE_CHECKING:
    from curate.model import Message
    from curate.shop import Shop

_ALL = 1 << 62


@dataclass(frozen=True, slots=True)
class Served:
    """What one run did, and what it left. ``trouble``: what kept it from doing more."""

    allocated: int = 0
    rendered: int = 0
    confirmed: int = 0  # without anything to send
    mailed: int = 0
    delayed: int = 0  # mail that is tried again later
    refused: int = 0  # mail that no server takes: see curate outbox list
    waiting: int = 0
    trouble: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """A paid line that could not be served yet."""

    delivery_id: int
    channel: str
    number: str
    line_no: str
    sku: str
    quantity: int
    since: int
    why: Message


def serve(shop: Shop, limit: int | None = None) -> Served:
    """All that can be done now for those who paid; at most ``limit`` of them, and as many letters."""
    run = _Run(shop)
    for sku in _skus(shop):
        run.allocate(sku, _ALL if limit is None else limit)
    # Then what was left by a process that was killed, or by one that is still at it.
    run.go_on(_in(shop, "allocated"))
    run.finish(_in(shop, "rendered", rendering.unsent(shop)))
    for outbox_id in sending.left_sent(shop):
        sending.confirmed(shop, outbox_id)
    mail = sending.send(shop, limit)
    return Served(
        run.allocated, run.rendered, run.confirmed, mail.sent, mail.delayed, mail.refused,
        len(_in(shop, "waiting")), (*run.trouble, *([mail.trouble] if mail.trouble else [])),
    )  # fmt: skip


class _Run:
    """One time through; what a SKU is, is looked up once."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.goods: dict[str, Goods] = {}
        self.trouble: list[str] = []
        self.allocated = self.rendered = self.confirmed = 0

    def allocate(self, sku: str, limit: int) -> None:
        try:
            served = allocate(self.shop, self._goods(sku), limit - self.allocated)
        except CurateError as fault:
            self.trouble.append(fault.message)
            return
        self.allocated += len(served)
        self.go_on([(one, sku) for one in served])

    def go_on(self, found: Sequence[tuple[int, str]]) -> None:
        for delivery_id, sku in found:
            if _state(self.shop, delivery_id) == "allocated":
                self.rendered += rendering.compose(self.shop, self._goods(sku), delivery_id)
        self.finish(found)

    def finish(self, found: Sequence[tuple[int, str]]) -> None:
        for delivery_id, _ in found:
            self.confirmed += rendering.finish(self.shop, delivery_id)

    def _goods(self, sku: str) -> Goods:
        if sku not in self.goods:
            self.goods[sku] = goods(self.shop, sku)
            if self.goods[sku].trouble:
                self.trouble.append(self.goods[sku].trouble)
        return self.goods[sku]


def waiting(shop: Shop) -> list[Waiting]:
    """Who paid and could not be served, in the order in which they will be."""
    query = (
        select(
            deliveries.c.id, orders.c.channel, orders.c.number, lines.c.line_no, deliveries.c.sku,
            deliveries.c.quantity, deliveries.c.queued_at, deliveries.c.why,
        )
        .join_from(deliveries, lines)
        .join(orders)
        .where(deliveries.c.state == "waiting")
        .order_by(deliveries.c.queued_at, deliveries.c.id)
    )  # fmt: skip
    with shop.database.reading() as connection:
        return [Waiting(*row[:-1], reason(row[-1])) for row in connection.execute(query)]


def _skus(shop: Shop) -> list[str]:
    query = select(deliveries.c.sku).where(deliveries.c.state == "waiting").distinct()
    with shop.database.reading() as connection:
        return sorted(connection.scalars(query))


def _in(shop: Shop, state: str, channels: Sequence[str] | None = None) -> Sequence[tuple[int, str]]:
    """(id, SKU) of the deliveries in a state; of some channels alone where these are given."""
    query = select(deliveries.c.id, deliveries.c.sku).where(deliveries.c.state == state)
    if channels is not None:
        query = (
            query.join_from(deliveries, lines).join(orders).where(orders.c.channel.in_(channels))
        )
    with shop.database.reading() as connection:
        return [(one, sku) for one, sku in connection.execute(query.order_by(deliveries.c.id))]


def _state(shop: Shop, delivery_id: int) -> str:
    query = select(deliveries.c.state).where(deliveries.c.id == delivery_id)
    with shop.database.reading() as connection:
        return str(connection.execute(query).scalar_one())

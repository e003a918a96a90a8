"""What was paid is served exactly once: waiting → allocated → rendered → sent → confirmed.

Each step is a transaction, of a few deliveries together, that looks first whether it was done. So ``serve``
may be killed anywhere and run again, by several processes at once, and goes on where things stand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

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
    rendered = rendering.compose(shop, run.goods)
    confirmed = rendering.finish(shop)
    for outbox_id in sending.left_sent(shop):
        sending.confirmed(shop, outbox_id)
    mail = sending.send(shop, limit)
    return Served(
        run.allocated, rendered, confirmed, mail.sent, mail.delayed, mail.refused,
        _waiting(shop), (*run.trouble, *([mail.trouble] if mail.trouble else [])),
    )  # fmt: skip


class _Run:
    """One time through; what a SKU is, is looked up once."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.known: dict[str, Goods] = {}
        self.trouble: list[str] = []
        self.allocated = 0

    def allocate(self, sku: str, limit: int) -> None:
        try:
            served = allocate(self.shop, self.goods(sku), limit - self.allocated)
        except CurateError as fault:
            self.trouble.append(fault.message)
            return
        self.allocated += len(served)

    def goods(self, sku: str) -> Goods:
        if sku not in self.known:
            self.known[sku] = found = goods(self.shop, sku)
            self.trouble += [found.trouble] if found.trouble else []
        return self.known[sku]


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


def _waiting(shop: Shop) -> int:
    query = select(func.count()).where(deliveries.c.state == "waiting")
    with shop.database.reading() as connection:
        return connection.execute(query).scalar_one()

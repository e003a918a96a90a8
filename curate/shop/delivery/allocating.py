"""waiting → allocated: codes, grants or the card that was given out, all for a line or nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Select, select

from curate.database.tables import deliveries, lines, orders
from curate.errors import CurateError
from curate.shop import cards, stock
from curate.shop.access import grants
from curate.shop.delivery.goods import Goods
from curate.shop.delivery.states import AT_ONCE, Held, held, move, pieces, wait, wait_all

if TYPE_CHECKING:
    from curate.shop import Shop


@dataclass
class Queue:
    """Who waits for one SKU: those whom a card machine served apart, since nobody waits behind them."""

    shop: Shop
    goods: Goods
    left: int  # how many may be served
    served: list[int] = field(default_factory=list)

    def run(self) -> list[int]:
        """Serve who can be served, first in, first out; the ids of their deliveries."""
        self._carded()
        while len(self.served) < self.left and self._some():
            pass
        return self.served

    def _carded(self) -> None:
        if not self._machines():
            return
        with self.shop.database.reading() as connection:
            ids = [*connection.scalars(self._waiting(machine=True))]
        for some in pieces(ids[: self.left]):
            with self.shop.database.writing() as connection:
                stock.alone(connection, self.goods.sku)
                self.served += [one for one in some if self._allocate(connection, one)]

    def _some(self) -> bool:
        """Serve some of those who wait longest, in one transaction; False where nobody does any more, or
        goods are missing: then nobody behind gets them either, or a large order would be passed for ever."""
        served: list[int] = []
        with self.shop.database.writing() as connection:
            stock.alone(connection, self.goods.sku)
            most = min(AT_ONCE, self.left - len(self.served))
            heads = connection.scalars(self._waiting(machine=False).limit(most)).all()
            for first in heads:
                if self._allocate(connection, first):
                    served.append(first)
                elif self._waits(connection, first):
                    self._behind(connection, first)
                    break
            else:
                first = 0
        self.served += served
        return first == 0 and len(heads) == most

    def _behind(self, connection: Connection, first: int) -> None:
        """All of them wait for the same."""
        query = select(deliveries.c.why).where(deliveries.c.id == first)
        why = connection.execute(query).scalar_one()
        others = self._waiting(machine=False).where(deliveries.c.why != why)
        # What another process holds is its to deal with: waiting for it could last for ever.
        free = others.with_for_update(of=deliveries, skip_locked=True)
        wait_all(connection, self.shop, free, why)

    def _waits(self, connection: Connection, delivery_id: int) -> bool:
        query = select(deliveries.c.state).where(deliveries.c.id == delivery_id)
        return connection.scalar(query) == "waiting"

    def _waiting(self, *, machine: bool) -> Select[int]:
        carded = orders.c.channel.in_(self._machines())
        return (
            select(deliveries.c.id)
            .join_from(deliveries, lines)
            .join(orders)
            .where(deliveries.c.sku == self.goods.sku, deliveries.c.state == "waiting")
            .where(carded if machine else ~carded)
            .order_by(deliveries.c.queued_at, deliveries.c.id)
        )

    def _machines(self) -> list[str]:
        """Channels whose card machines give codes out."""
        channels = self.shop.settings.channels.items()
        return [name for name, one in channels if one.delivery == "cards"]

    def _allocate(self, connection: Connection, delivery_id: int) -> bool:
        """Whether it has all that it paid for, by this."""
        one = held(connection, delivery_id)
        if one.state != "waiting":  # another process was faster
            return False
        if not one.paid or one.quantity < 1:
            move(connection, self.shop, one.id, "revoked", "nothing of it is left to be served")
            return False
        proof, why = self._give(connection, one)
        if why:
            wait(connection, self.shop, one.id, why)
            return False
        move(connection, self.shop, one.id, "allocated", proof)
        return True

    def _give(self, connection: Connection, one: Held) -> tuple[str, str]:
        """(proof, "") where it was given, ("", why) where not; then nothing of it was."""
        if self.goods.why or self.goods.sold is None:
            return "", self.goods.why
        if self._by_machine(one):
            return cards.tie(connection, self.shop, one)
        sold = self.goods.sold
        if sold.stock == "unique" and not stock.take(
            connection, self.shop, one.sku, one.id, one.quantity
        ):
            return "", "stock"
        if sold.collection:
            grants.issue(connection, self.shop, one.id, one.sku, one.quantity)
        return "", ""

    def _by_machine(self, one: Held) -> bool:
        channel = self.shop.settings.channels.get(one.channel)
        return channel is not None and channel.delivery == "cards"


def allocate(shop: Shop, goods: Goods, left: int) -> list[int]:
    """Serve at most ``left`` of those who wait for these goods."""
    try:
        return Queue(shop, goods, left).run()
    except CurateError as fault:  # a release that was taken off sale this moment
        raise CurateError(f"{goods.sku}: {fault.message}", fault.hint) from fault

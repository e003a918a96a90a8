"""A shop for tests: shop.toml as written, a clock that only a test moves, orders put in by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import func, select

from curate.database.tables import codes, deliveries, lines, orders, outbox, steps
from curate.shop import Shop, stock
from curate.shop.settings import Channel, Mail, Settings, Sold
from curate.shop.stock import Row
from curate.workspace import MARK, Workspace

SKU = "KEYS"
START = 1_900_000_000


@dataclass
class Clock:
    """Seconds since 1970."""

    now: float = START

    def __call__(self) -> float:
        return self.now


@dataclass
class Counter:
    """A shop and what tests do at its counter."""

    shop: Shop
    clock: Clock = field(default_factory=Clock)

    def order(self, number: str, channel: str = "hand", sku: str = SKU, **how: Any) -> int:
        """A paid order of one line that waits to be served; the id of its delivery."""
        return order(self.shop, number, channel, sku, **how)

    def state(self, delivery_id: int) -> str:
        with self.shop.database.reading() as connection:
            query = select(deliveries.c.state).where(deliveries.c.id == delivery_id)
            return str(connection.execute(query).scalar_one())

    def why(self, delivery_id: int) -> str:
        with self.shop.database.reading() as connection:
            query = select(deliveries.c.why).where(deliveries.c.id == delivery_id)
            return str(connection.execute(query).scalar_one())

    def steps(self, delivery_id: int) -> list[str]:
        with self.shop.database.reading() as connection:
            query = select(steps.c.state).where(steps.c.delivery_id == delivery_id)
            return [*connection.scalars(query.order_by(steps.c.id))]

    def secrets(self, delivery_id: int) -> list[str]:
        with self.shop.database.reading() as connection:
            query = select(codes.c.secret).where(codes.c.delivery_id == delivery_id)
            return [*connection.scalars(query.order_by(codes.c.id))]

    def message(self, delivery_id: int) -> int:
        """The id of the message by which it is served."""
        with self.shop.database.reading() as connection:
            query = select(outbox.c.id).where(outbox.c.key == f"delivery:{delivery_id}")
            return int(connection.execute(query).scalar_one())

    def fill(self, *secrets: str, sku: str = SKU, batch: str = "") -> stock.Added:
        rows = [Row(number, secret) for number, secret in enumerate(secrets, 1)]
        return stock.add(self.shop, sku, rows, batch)


def settings(**how: Any) -> Settings:
    """A SKU of codes; channels by hand, by mail, by page and by card machine."""
    known: dict[str, Any] = {
        "products": {SKU: Sold(stock="unique", low=3)},
        "channels": {
            "hand": Channel(delivery="paste"),
            "post": Channel(delivery="email"),
            "site": Channel(delivery="page"),
            "machine": Channel(format="xianguanjia", delivery="cards"),
        },
        "mail": Mail(
            host="127.0.0.1", port=1, security="none", sender="Ann Lee <ann@shop.example>"
        ),
    }
    return Settings(**{**known, **how})


def shop(root: Path, database: str = "", **how: Any) -> Counter:
    root.mkdir(parents=True, exist_ok=True)
    (root / MARK).touch()
    clock = Clock()
    return Counter(Shop(Workspace(root), settings(database=database, **how), clock), clock)


def mailing(counter: Counter, port: int) -> Shop:
    """The same shop with its mail server on ``port``."""
    server = msgspec.structs.replace(counter.shop.settings.mail, port=port)
    return Shop(
        counter.shop.workspace,
        msgspec.structs.replace(counter.shop.settings, mail=server),
        counter.clock,
    )


def order(shop: Shop, number: str, channel: str = "hand", sku: str = SKU, **how: Any) -> int:
    """As the intake leaves a paid order; told again, it is the same one."""
    now = shop.now()
    with shop.database.writing() as connection:
        values = {
            "channel": channel,
            "number": number,
            "currency": "CNY",
            "paid_at": now,
            "made_at": now,
        }
        known = {"language": "en", "email": "", "buyer": "", **how}
        line = {"quantity": known.pop("quantity", 1), "card": known.pop("card", "")}
        again = shop.database.insert(orders).values(**values, **known).on_conflict_do_nothing()
        connection.execute(again)
        which = (orders.c.channel == channel) & (orders.c.number == number)
        order_id = connection.execute(select(orders.c.id).where(which)).scalar_one()
        new = shop.database.insert(lines).values(
            order_id=order_id, line_no="1", sku=sku, state="paid", title="A thing", **line
        )
        connection.execute(new.on_conflict_do_nothing())
        line_id = connection.execute(
            select(lines.c.id).where(lines.c.order_id == order_id)
        ).scalar_one()
        waits = shop.database.insert(deliveries).values(
            line_id=line_id,
            sku=sku,
            quantity=line["quantity"],
            state="waiting",
            queued_at=now,
            changed_at=now,
        )
        connection.execute(waits.on_conflict_do_nothing())
        query = select(deliveries.c.id).where(deliveries.c.line_id == line_id)
        return int(connection.execute(query).scalar_one())


def count(shop: Shop, table: Any, *where: Any) -> int:
    with shop.database.reading() as connection:
        query = select(func.count()).select_from(table).where(*where)
        return int(connection.execute(query).scalar_one())

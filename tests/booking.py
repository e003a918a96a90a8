"""Random books for tests: orders with refunds, fees and costs in several currencies and channels."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from random import Random

from curate.books import costs
from curate.database import tables
from curate.shop import Shop, calendar, ledger
from curate.shop import settings as shop_settings
from curate.shop.settings import Books, Channel
from curate.workspace import MARK, Workspace

ZONE = calendar.zone("Asia/Shanghai")
CHANNELS = ("xianyu", "Xianyu", "闲鱼", "小红书 店", "own-shop", 'q"uo\\te', "a:b", "🙂")
SKUS = ("GUIDES", "Guides", "教程-1", "a b", "x")
CURRENCIES = ("CNY", "USD", "JPY", "KWD")
YEAR = calendar.parse("2026", ZONE)
MONTHS = [*YEAR.months()]
AFTER = YEAR.end + 1


def shop_at(root: Path, **books: object) -> Shop:
    """Its clock stands behind 2026."""
    settings = shop_settings.Settings(
        channels={name: Channel() for name in CHANNELS},
        books=Books(**books),  # type: ignore[arg-type]
    )
    (root / MARK).touch()
    return Shop(Workspace(root), settings, lambda: float(AFTER))


def trade(shop: Shop, chance: Random, count: int, months: Sequence[str] = MONTHS) -> None:
    """``count`` orders of one line with refunds, fees that are told later, and costs, in ``months``."""
    for start in range(0, count, 1_000):
        _orders(shop, chance, min(1_000, count - start), months)
    for _ in range(count // 50 + 2):
        _cost(shop, chance, chance.choice(months), chance.choice(["", *CHANNELS]))
    _cost(shop, chance, months[0], "")


def _orders(shop: Shop, chance: Random, count: int, months: Sequence[str]) -> None:
    with shop.database.writing() as connection:
        rows = [_order(chance, chance.choice(months)) for _ in range(count)]
        query = tables.orders.insert().returning(tables.orders.c.id, sort_by_parameter_order=True)
        made = connection.scalars(query, rows).all()
        some = [_line(chance, number) for number in made]
        query = tables.lines.insert().returning(tables.lines.c.id, sort_by_parameter_order=True)
        ids = connection.scalars(query, some).all()
        ledger.earned_all(connection, shop, ids)
        given = []
        for number, order, line in zip(ids, rows, some, strict=True):
            left = int(str(line["refunded"]))
            while left:
                part = chance.randint(1, left)
                left -= part
                at = int(str(order["paid_at"])) + chance.randrange(5_000_000)
                given.append(
                    {"line_id": number, "reference": f"r{left}", "quantity": 0, "amount": part,
                     "at": min(at, AFTER)}
                )  # fmt: skip
        if given:
            query = tables.refunds.insert().returning(tables.refunds.c.id)
            ledger.reversed_all(connection, shop, connection.scalars(query, given).all())


def _order(chance: Random, month: str) -> dict[str, object]:
    inside = calendar.parse(month, ZONE)
    return {
        "channel": chance.choice(CHANNELS), "number": f"{chance.getrandbits(64)}", "made_at": AFTER,
        "currency": chance.choice(CURRENCIES), "paid_at": chance.randrange(inside.begin, inside.end),
    }  # fmt: skip


def _line(chance: Random, order: int) -> dict[str, object]:
    paid = chance.choice([0, 1, chance.randrange(100_000), chance.randrange(10**10)])
    refunded = chance.choice([0, 0, 0, paid, chance.randint(0, paid)])
    return {
        "order_id": order, "line_no": "1", "sku": chance.choice(SKUS), "state": "paid", "quantity": 1,
        "paid": paid, "fee": chance.choice([0, paid // 100, chance.randint(0, paid)]), "refunded": refunded,
    }  # fmt: skip


def _cost(shop: Shop, chance: Random, month: str, channel: str) -> None:
    day = date.fromisoformat(f"{month}-{chance.randint(1, 28):02}")
    costs.add(
        shop, chance.choice(["ads", "team", "other"]), chance.randint(1, 10**6), chance.choice(CURRENCIES), day,
        channel=channel,
    )  # fmt: skip

"""A shop that sells through affiliates, and what tests ask of it. Affiliates are written as the database keeps them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, func, select

from curate.database.tables import (
    affiliates,
    attributions,
    clicks,
    commissions,
    contacts,
    coupons,
    identities,
    introductions,
    pools,
    postings,
)
from curate.shop import Shop, ledger
from curate.shop import contacts as people
from curate.shop.orders import Line
from curate.shop.orders.intake import Taken, take
from curate.shop.settings import Books, Channel, Distribution, Rule, Sold
from tests.selling import START, Clock
from tests.selling import shop as counter_of

DAY = 86_400
PRODUCTS = {"G": Sold(stock="unique"), "H": Sold(stock="unique"), "K": Sold(stock="unique")}


@dataclass
class Trade:
    shop: Shop
    clock: Clock
    numbers: dict[str, int] = field(default_factory=dict)

    def add(self, table: Table, **values: Any) -> int:
        with self.shop.database.writing() as connection:
            made = connection.execute(table.insert().values(values).returning(table.c.id))
            return int(made.scalar_one())

    def affiliate(self, code: str = "lee", **how: Any) -> int:
        values = {
            "code": code,
            "state": "active",
            "segment": "interest",
            "joined_at": 1,
            "changed_at": 1,
        }
        self.numbers[code] = self.add(affiliates, **{**values, **how})
        return self.numbers[code]

    def coupon(self, code: str, of: str, ended_at: int | None = None) -> None:
        row = {"code": code, "affiliate_id": self.numbers[of], "made_at": 1, "ended_at": ended_at}
        with self.shop.database.writing() as connection:
            connection.execute(coupons.insert().values(row))

    def introduce(self, who: str, by: str) -> None:
        row = {"affiliate_id": self.numbers[who], "introducer_id": self.numbers[by], "at": 1}
        with self.shop.database.writing() as connection:
            connection.execute(introductions.insert().values(row))

    def contact(self, email: str = "", handle: str = "", channel: str = "hand", **how: Any) -> int:
        made = self.add(contacts, **{"staged_at": 1, "acquired_at": 1, "heard_at": 1, **how})
        for kind, value in (("email", email), ("handle", handle)):
            if value:
                of = channel if kind == "handle" else ""
                key = people.key(self.shop, kind, value, of)
                self.add(identities, contact_id=made, kind=kind, channel=of, key=key, value=value)
        return made

    def click(self, contact: int, of: str | None, at: int) -> None:
        own = self.numbers[of] if of else None
        source = f"click {contact} {of} {at}"
        self.add(clicks, source=source, contact_id=contact, affiliate_id=own, at=at)

    def sell(self, number: str, item: str = "G", **how: Any) -> Taken:
        values = {"paid": 10_000, "paid_at": START, **how}
        taken = take(self.shop, [Line("hand", number, item=item, **values)])
        assert taken.problems == ()
        return taken

    def rows(self, table: Table, *columns: str) -> list[tuple[Any, ...]]:
        with self.shop.database.reading() as connection:
            first = [*table.primary_key.columns]
            found = connection.execute(
                select(*(table.c[name] for name in columns)).order_by(*first)
            )
            return [tuple(row) for row in found]

    def said(self) -> list[tuple[str, str, str]]:
        """(affiliate, by, why) of each line that is somebody's."""
        names = {own: code for code, own in self.numbers.items()}
        rows = self.rows(attributions, "affiliate_id", "by", "why")
        return [(names[row[0]], row[1], row[2]) for row in rows]

    def earned(self) -> dict[str, int]:
        """By affiliate, from the commissions; the ledger and the pools say the same."""
        names = {own: code for code, own in self.numbers.items()}
        with self.shop.database.reading() as connection:
            return {names[own]: amount for own, amount in earned(connection).items()}

    def balances(self) -> dict[tuple[str, str], int]:
        some = ledger.balances(self.shop)
        return {(one.account, one.currency): one.amount for one in some if one.amount}


def earned(connection: Connection) -> dict[int, int]:
    """By affiliate; commissions, pools and ledger agree to the cent, and the ledger is balanced."""
    total = func.sum(commissions.c.amount)
    found = {
        int(row[0]): int(row[1])
        for row in connection.execute(
            select(commissions.c.affiliate_id, total).group_by(commissions.c.affiliate_id)
        )
    }
    query = select(pools.c.affiliate_id, func.sum(pools.c.amount)).group_by(pools.c.affiliate_id)
    assert {int(row[0]): int(row[1]) for row in connection.execute(query)} == found
    codes = {
        row.id: row.code for row in connection.execute(select(affiliates.c.id, affiliates.c.code))
    }
    query = select(postings.c.account, func.sum(postings.c.amount)).group_by(postings.c.account)
    booked = {str(row[0]): int(row[1]) for row in connection.execute(query)}
    for own, amount in found.items():
        assert booked.get(f"liabilities:affiliate:{codes[own]}", 0) == -amount
        assert booked.get(f"expenses:commission:{codes[own]}", 0) == amount
    assert sum(booked.values()) == 0
    return found


def trade(
    root: Path, database: str = "", rules: dict[str, Rule] | None = None, **how: Any
) -> Trade:
    """By default one rule, "usual", of 20 %."""
    told = Distribution(**{"rule": "usual", **how})
    counter = counter_of(
        root, database, products=PRODUCTS, channels={"hand": Channel(delivery="paste")},
        distribution=told, rules=rules or {"usual": Rule(percent="20")}, books=Books(timezone="UTC"),
    )  # fmt: skip
    return Trade(counter.shop, counter.clock)

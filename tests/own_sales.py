"""A small world of contacts, sales and costs: it happens by the shop's own functions, and is counted beside them
posting by posting."""

from __future__ import annotations

import itertools
import shutil
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from sqlalchemy import select

from curate.books.direct.dimensions import By
from curate.books.direct.figures import KINDS
from curate.database.tables import (
    affiliates,
    attributions,
    campaigns,
    contacts,
    costs,
    entries,
    lines,
    orders,
    postings,
    refunds,
    rules,
)
from curate.shop import Shop, calendar, ledger
from curate.shop.calendar import Period
from curate.shop.ledger import Move
from curate.shop.settings import Settings
from curate.workspace import MARK, Workspace

ZONE = ZoneInfo("Asia/Shanghai")
FIRST = date(2026, 2, 16)
CHANNELS, CAMPAIGNS, SKUS = ("own", "xy"), ("", "spring"), ("A", "B")
CURRENCIES, AFFILIATES = ("CNY", "USD"), ("", "LI", "MO")
_NUMBERS = itertools.count(1)


def second(day: int) -> int:
    """In the morning of a day, counted from the 16th of February."""
    return calendar.begin(FIRST + timedelta(day), ZONE) + 3 * 3600


@dataclass(frozen=True)
class Sale:
    channel: str
    campaign: str
    sku: str
    currency: str
    affiliate: str
    buyer: int | None
    day: int
    paid: int
    fee: int
    given_back: tuple[tuple[int, int], ...] = ()  # percent of what is left, days later


@dataclass(frozen=True)
class Spent:
    kind: str
    channel: str
    campaign: str
    currency: str
    amount: int
    day: int
    days: int


@dataclass(frozen=True)
class World:
    people: tuple[tuple[str, str, str, int], ...] = ()  # channel, campaign, affiliate, day
    sales: tuple[Sale, ...] = ()
    costs: tuple[Spent, ...] = ()


DAYS = st.integers(0, 60)
SALES = st.builds(
    Sale, st.sampled_from(CHANNELS), st.sampled_from(CAMPAIGNS), st.sampled_from(SKUS),
    st.sampled_from(CURRENCIES), st.sampled_from(AFFILIATES), st.none() | st.integers(0, 4), DAYS,
    st.integers(0, 10_000), st.integers(0, 99),
    st.lists(st.tuples(st.integers(1, 100), st.integers(0, 40)), max_size=2).map(tuple),
)  # fmt: skip
COSTS = st.builds(
    Spent, st.sampled_from(("payment", "ads", "team", "other")), st.sampled_from(("", *CHANNELS)),
    st.sampled_from(CAMPAIGNS), st.sampled_from(CURRENCIES), st.integers(1, 10_000), DAYS, st.integers(0, 40),
)  # fmt: skip
PEOPLE = st.tuples(
    st.sampled_from(CHANNELS), st.sampled_from(CAMPAIGNS), st.sampled_from(AFFILIATES), DAYS
)
WORLDS = st.builds(
    World,
    st.lists(PEOPLE, min_size=5, max_size=8).map(tuple),
    st.lists(SALES, max_size=8).map(tuple),
    st.lists(COSTS, max_size=4).map(tuple),
)


def shop_at(root: Path, database: str = "", **how: Any) -> Shop:
    (root / MARK).touch()
    return Shop(Workspace(root), Settings(database=database, **how), lambda: float(second(90)))


@contextmanager
def copied(empty: Path, **how: Any) -> Iterator[Shop]:
    root = empty.parent / f"copy-{next(_NUMBERS)}"
    shutil.copytree(empty, root)
    shop = shop_at(root, **how)
    yield shop
    shop.database.close()
    shutil.rmtree(root)


@dataclass
class Told:
    """Of a line: what its postings belong to."""

    sale: Sale
    order: int
    keys: dict[str, str] = field(default_factory=dict)


def live(shop: Shop, world: World) -> dict[int, Told]:
    """Let it all happen, by the functions by which it does; by line."""
    told: dict[int, Told] = {}
    with shop.database.writing() as connection:

        def add(table: Any, **values: Any) -> int:
            made = connection.execute(table.insert().values(**values).returning(table.c.id))
            return int(made.scalar_one())

        campaign = {"": None, "spring": add(campaigns, code="spring", made_at=0)}
        rule = add(rules, digest=b"r" * 32, name="usual", text="{}")
        who = {
            code: add(affiliates, code=code, state="active", segment="brand", joined_at=0, changed_at=0)
            for code in AFFILIATES[1:]
        }  # fmt: skip
        people = [
            add(contacts, channel=channel, campaign_id=campaign[code], affiliate_code=affiliate,
                acquired_at=second(day), staged_at=0, heard_at=0)
            for channel, code, affiliate, day in world.people
        ]  # fmt: skip
        for number, sale in enumerate(world.sales):
            known = None if sale.buyer is None else people[sale.buyer]
            order = add(orders, channel=sale.channel, number=str(number), currency=sale.currency,
                        paid_at=second(sale.day), made_at=0, contact_id=known)  # fmt: skip
            fee = sale.paid * sale.fee // 100
            line = add(lines, order_id=order, line_no="1", sku=sale.sku, state="paid", quantity=1,
                       paid=sale.paid, fee=fee, campaign_code=sale.campaign)  # fmt: skip
            week = "" if sale.buyer is None else _week(world.people[sale.buyer][3])
            brought = "" if sale.buyer is None else world.people[sale.buyer][1]
            told[line] = Told(sale, order, {
                "channel": sale.channel, "campaign": sale.campaign or brought, "bundle": sale.sku, "cohort": week,
                "affiliate": sale.affiliate,
            })  # fmt: skip
            ledger.earned_all(connection, shop, [line])
            if sale.affiliate:
                connection.execute(attributions.insert().values(
                    line_id=line, affiliate_id=who[sale.affiliate], rule_id=rule, by="code", at=0))  # fmt: skip
                move = Move(f"expenses:commission:{sale.affiliate}", f"liabilities:affiliate:{sale.affiliate}",
                            sale.paid // 5, sale.currency)  # fmt: skip
                source = f"commission:line:{line}:seller"
                ledger.post(connection, shop, source, [move], at=second(sale.day), line_id=line)
            _give_back(connection, shop, line, sale)
        for one in world.costs:
            days = FIRST + timedelta(one.day), FIRST + timedelta(one.day + one.days)
            made = add(costs, source=str(next(_NUMBERS)), kind=one.kind, channel=one.channel, at=0,
                       campaign_code=one.campaign, first_day=str(days[0]), last_day=str(days[1]),
                       amount=one.amount, currency=one.currency)  # fmt: skip
            account = ledger.spent(one.kind, one.channel)
            move = Move(account, ledger.SUPPLIERS, one.amount, one.currency)
            ledger.post(connection, shop, f"cost:{made}", [move], at=second(one.day))
    return told


def _week(day: int) -> str:
    year, week, _ = (FIRST + timedelta(day)).isocalendar()
    return f"{year:04}-W{week:02}"


def _give_back(connection: Any, shop: Shop, line: int, sale: Sale) -> None:
    left = sale.paid
    for number, (percent, later) in enumerate(sale.given_back):
        amount = left * percent // 100
        if not amount:
            continue
        left -= amount
        query = refunds.insert().returning(refunds.c.id)
        at = second(sale.day + later)
        values = {
            "line_id": line,
            "reference": str(number),
            "quantity": 0,
            "amount": amount,
            "at": at,
        }
        ledger.reversed_all(connection, shop, [connection.scalar(query, values)])


def counted(
    shop: Shop, world: World, told: dict[int, Told], period: Period, by: By
) -> dict[Any, Any]:
    """Money and buyers by (key, currency), posting by posting; costs are left out."""
    found: dict[Any, Any] = defaultdict(
        lambda: dict.fromkeys(KINDS, 0) | {"who": set(), "orders": set()}
    )
    query = select(entries.c.at, entries.c.source, entries.c.line_id, postings).join(
        postings, postings.c.entry_id == entries.c.id
    )
    with shop.database.reading() as connection:
        rows = connection.execute(query).all()
    for row in rows:
        kind = row.account.split(":")[1]
        if not period.begin <= row.at < period.end or row.line_id is None:
            continue
        line = told[row.line_id]
        key, last = line.keys[by], _week((period.last - FIRST).days)
        if by == "cohort" and key > last:  # first heard of after they bought
            key = f"> {last}"
        own = found[key, row.currency]
        if kind == "sales":
            own["gross" if row.source.startswith("line:") else "refunded"] += abs(row.amount)
        elif row.account.startswith("expenses:"):
            own[kind] += row.amount
        if row.source.startswith("line:") and kind == "sales":
            buyer = line.sale.buyer
            own["who"].add(f"order {line.order}" if buyer is None else buyer)
            own["orders"].add(line.order)
    return found

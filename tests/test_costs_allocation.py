"""Costs of no channel are shared out: all of them, to the cent, as shop.toml says."""

from __future__ import annotations

from collections import Counter
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curate.books import costs, periods
from curate.books.costs import allocation
from curate.books.sharing import split
from curate.database import tables
from curate.errors import CurateError
from curate.shop import Shop, calendar, ledger
from curate.shop.settings import Books
from tests.test_costs import ZONE, shop, shop_at  # noqa: F401 - a fixture

MARCH = calendar.parse("2026-03", ZONE)
DAY = date(2026, 3, 5)


@given(
    st.integers(-(10**15), 10**15), st.dictionaries(st.text(max_size=5), st.integers(0, 10**18), max_size=8)
)  # fmt: skip
def test_the_parts_are_the_whole_to_the_cent(amount: int, weights: dict[str, int]) -> None:
    parts = split(amount, weights)
    whole = sum(weights.values())
    assert set(parts) == {name for name, weight in weights.items() if weight}
    assert parts == split(amount, dict(reversed(weights.items())))
    if whole:
        assert sum(parts.values()) == amount
    for name, part in parts.items():
        assert abs(part - Fraction(amount * weights[name], whole)) < 1


def by(shop: Shop, **how: Any) -> Shop:  # noqa: F811
    kept = msgspec.structs.replace(shop.settings, books=Books(**how))
    return Shop(shop.workspace, kept, shop.clock)


def sold(shop: Shop, channel: str, number: str, paid: int, fee: int, currency: str = "CNY") -> int:  # noqa: F811
    with shop.database.writing() as connection:
        order = connection.execute(
            tables.orders.insert()
            .values(channel=channel, number=number, currency=currency, made_at=1, paid_at=MARCH.begin + 60)
            .returning(tables.orders.c.id)
        ).scalar_one()  # fmt: skip
        values = {"order_id": order, "line_no": "1", "sku": "G", "state": "paid", "quantity": 1}
        made = connection.execute(
            tables.lines.insert().values(paid=paid, fee=fee, **values).returning(tables.lines.c.id)
        ).scalar_one()
        assert ledger.earned(connection, shop, made)
        return int(made)


def met(shop: Shop, channel: str, count: int) -> None:  # noqa: F811
    row = {"channel": channel, "staged_at": 1, "heard_at": MARCH.begin, "acquired_at": MARCH.begin}
    with shop.database.writing() as connection:
        connection.execute(tables.contacts.insert(), [row] * count)


def told(shop: Shop) -> dict[str, int]:  # noqa: F811
    return {one.channel: one.amount for one in allocation.shares(shop, MARCH)}


def test_each_way_of_sharing_out(shop: Shop) -> None:  # noqa: F811
    costs.add(shop, "team", 1001, "CNY", DAY)
    assert told(by(shop, allocation="revenue")) == {
        "xianyu": 501,
        "小红书": 500,
    }  # nothing was sold
    sold(shop, "xianyu", "1", 3000, 95)
    sold(shop, "小红书", "1", 1000, 0)
    sold(shop, "小红书", "2", 99999, 0, "USD")  # another currency cannot be compared
    met(shop, "小红书", 9)
    met(shop, "xianyu", 1)
    met(shop, "friends", 90)  # no channel of the shop
    assert told(by(shop, allocation="revenue")) == {"xianyu": 751, "小红书": 250}
    assert told(by(shop, allocation="contacts")) == {"xianyu": 100, "小红书": 901}
    assert told(by(shop, allocation="equal")) == {"xianyu": 501, "小红书": 500}
    weights = {"xianyu": 1, "小红书": 0}
    assert told(by(shop, allocation="weights", weights=weights)) == {"xianyu": 1001}
    for wrong in ({}, {"xianyu": 0}, {"nowhere": 1, "xianyu": 1}):
        with pytest.raises(CurateError, match="weights"):
            told(by(shop, allocation="weights", weights=wrong))


def test_at_the_close_it_is_booked_and_stays(shop: Shop) -> None:  # noqa: F811
    for kind, amount, code in (("team", 1001, "CNY"), ("ads", 7, "USD"), ("ads", -3, "CNY")):
        costs.add(shop, kind, amount, code, DAY)
    costs.add(shop, "ads", 50, "CNY", DAY, channel="xianyu")
    sold(shop, "xianyu", "1", 3000, 95)
    before = allocation.shares(shop, MARCH)
    periods.close(shop, "2026-03")
    assert allocation.shares(shop, MARCH) == before
    balances = {(one.account, one.currency): one.amount for one in ledger.balances(shop)}
    assert balances["expenses:team:xianyu", "CNY"] == 1001
    assert balances["expenses:ads:xianyu", "CNY"] == 47
    assert {
        balances[f"expenses:{kind}", code] for kind, code in (("team", "CNY"), ("ads", "USD"))
    } == {0}
    later = by(shop, allocation="equal")
    assert allocation.shares(later, MARCH) == before
    costs.add(shop, "team", 900, "CNY", DAY)  # comes late: it is of April
    assert allocation.shares(shop, MARCH) == before
    april = allocation.shares(later, calendar.parse("2026-04", ZONE))
    assert [(one.channel, one.amount) for one in april] == [("xianyu", 450), ("小红书", 450)]
    assert periods.check(shop) == ()


def test_without_a_channel_it_stays_with_nobody(tmp_path: Path) -> None:
    bare = shop_at(tmp_path)
    bare = Shop(bare.workspace, msgspec.structs.replace(bare.settings, channels={}), bare.clock)
    costs.add(bare, "team", 5, "CNY", DAY)
    assert told(bare) == {"": 5}
    periods.close(bare, "2026-03")
    assert told(bare) == {"": 5}


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from(["ads", "team", "other"]), st.integers(-(10**9), 10**9).filter(bool),
             st.sampled_from(["CNY", "JPY"]), st.sampled_from(["", "", "xianyu"]), st.integers(1, 28)), max_size=12),
    st.sampled_from(["equal", "revenue", "weights"]), st.data(),
)  # fmt: skip
def test_what_is_allocated_is_what_is_in_the_ledger(
    tmp_path_factory: pytest.TempPathFactory, some: list[Any], way: str, data: st.DataObject
) -> None:
    weights = {"xianyu": data.draw(st.integers(1, 9)), "小红书": data.draw(st.integers(0, 9))}
    one = by(shop_at(tmp_path_factory.mktemp("s")), allocation=way, weights=weights)
    for kind, amount, code, channel, day in some:
        costs.add(one, kind, amount, code, date(2026, 3, day), channel=channel)
    whole = Counter[tuple[str, str]]()
    for kind, amount, code, channel, _ in some:
        whole[kind, code] += 0 if channel else amount
    shared = Counter[tuple[str, str]]()
    for share in allocation.shares(one, MARCH):
        shared[share.kind, share.currency] += share.amount
    assert +whole == +shared and -whole == -shared
    total = Counter((kind, code) for kind, _, code, _, _ in some)
    periods.close(one, "2026-03", empty=True)
    balances = {(b.account, b.currency): b.amount for b in ledger.balances(one)}
    for kind, code in total:
        assert balances.get((f"expenses:{kind}", code), 0) == 0
        own = sum(
            v for (a, c), v in balances.items() if a.startswith(f"expenses:{kind}") and c == code
        )
        assert own == sum(a for k, a, c, _, _ in some if (k, c) == (kind, code))
    assert periods.check(one) == ()

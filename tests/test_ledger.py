"""The ledger: balanced, posted once, reversed to the cent."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Table, func, select

from curate.database.tables import entries, lines, orders, postings, refunds
from curate.errors import CurateError
from curate.shop import Shop, ledger
from curate.shop import settings as shop_settings
from curate.workspace import Workspace

MONEY = st.integers(0, 10**9)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(Workspace(tmp_path), shop_settings.Settings(), lambda: 1_700_000_000.0)


def add(connection: Connection, table: Table, **values: object) -> int:
    return int(connection.execute(table.insert().values(values).returning(table.c.id)).scalar_one())


def line(connection: Connection, number: str, *, paid: int, fee: int, **more: object) -> int:
    order = add(
        connection, orders, channel="xy", number=number, currency="CNY", made_at=1, paid_at=7
    )
    values = {"sku": "G", "state": "paid", "quantity": 3} | more
    return add(connection, lines, order_id=order, line_no="1", paid=paid, fee=fee, **values)


def give(connection: Connection, shop: Shop, line_id: int, reference: str, amount: int) -> None:
    made = add(
        connection, refunds, line_id=line_id, reference=reference, quantity=0, amount=amount, at=9
    )
    ledger.reversed_(connection, shop, made)


def of(shop: Shop) -> dict[str, int]:
    return {one.account: one.amount for one in ledger.balances(shop)}


def test_a_paid_line_is_posted_once(shop: Shop) -> None:
    with shop.database.writing() as connection:
        made = line(connection, "1", paid=3000, fee=95)
        assert ledger.earned(connection, shop, made)
        assert not ledger.earned(connection, shop, made)
    assert of(shop) == {
        "assets:channel:xy": 2905,
        "expenses:fees:xy": 95,
        "income:sales:G": -3000,
    }


def test_what_is_not_paid_or_not_mapped_earns_nothing(shop: Shop) -> None:
    with shop.database.writing() as connection:
        for number, how in (("1", {"state": "unpaid"}), ("2", {"sku": ""})):
            made = line(connection, number, paid=10, fee=0, **how)
            with pytest.raises(CurateError, match="earned nothing"):
                ledger.earned(connection, shop, made)
    assert of(shop) == {}


def test_what_was_given_back_before_the_line_was_posted_is_reversed_with_it(shop: Shop) -> None:
    with shop.database.writing() as connection:
        made = line(connection, "1", paid=1000, fee=30, sku="")
        give(connection, shop, made, "a", 333)
        assert not connection.execute(select(postings)).all()
        connection.execute(lines.update().values(sku="G"))
        ledger.earned(connection, shop, made)
    assert of(shop) == {"assets:channel:xy": 647, "expenses:fees:xy": 20, "income:sales:G": -667}


LINES = st.lists(
    st.tuples(MONEY, MONEY, st.lists(st.integers(0, 100), max_size=2), st.booleans()), max_size=6
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(told=LINES, order=st.randoms(use_true_random=False))
def test_many_at_once_are_posted_as_one_by_one(shop: Shop, told: Any, order: Random) -> None:
    def posted(connection: Connection) -> list[tuple[Any, ...]]:
        query = (
            select(entries.c.source, entries.c.at, entries.c.note, postings.c.account,
                   postings.c.amount, postings.c.currency)
            .outerjoin(postings, postings.c.entry_id == entries.c.id)
        )  # fmt: skip
        return sorted((tuple(row) for row in connection.execute(query)), key=str)

    def run(at_once: bool) -> tuple[set[int], list[tuple[Any, ...]]]:
        with shop.database.engine.connect() as connection:
            ids, before = [], []
            for number, (paid, fee, given_back, known) in enumerate(told, 1):
                values = {"id": number, "sku": f"S{paid % 3}"}
                ids.append(line(connection, str(number), paid=paid, fee=fee, **values))
                if known:
                    before.append(number)
                    assert ledger.earned(connection, shop, number)
                for part, percent in enumerate(given_back):
                    amount = paid * percent // 200
                    refund = {"id": 10 * number + part, "line_id": number, "quantity": 0, "at": 9}
                    add(connection, refunds, reference=str(part), amount=amount, **refund)
                    if known:
                        ledger.reversed_(connection, shop, 10 * number + part)
            order.shuffle(ids)
            if at_once:
                new = set(ledger.earned_all(connection, shop, [*ids, *ids]))
                assert ledger.earned_all(connection, shop, ids) == ()
            else:
                new = {one for one in ids if ledger.earned(connection, shop, one)}
            assert new == {*ids} - {*before}
            found = posted(connection)
            connection.rollback()
        return new, found

    assert run(at_once=True) == run(at_once=False)


def test_one_that_is_not_paid_keeps_all_from_being_posted(shop: Shop) -> None:
    with shop.database.writing() as connection:
        ids = [line(connection, "1", paid=10, fee=0), line(connection, "2", paid=10, fee=0, sku="")]
        with pytest.raises(CurateError, match="line 1 of order 2"):
            ledger.earned_all(connection, shop, ids)
    assert of(shop) == {}


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(paid=MONEY, fee=MONEY, cuts=st.lists(st.floats(0, 1), max_size=6), data=st.data())
def test_parts_given_back_are_the_whole_to_the_cent(
    shop: Shop, paid: int, fee: int, cuts: list[float], data: st.DataObject
) -> None:
    marks = sorted(int(Fraction(cut) * paid) for cut in cuts)
    with shop.database.engine.connect() as connection:
        made = line(connection, "1", paid=paid, fee=fee)
        ledger.earned(connection, shop, made)
        done = 0
        for number, mark in enumerate([*marks, paid]):
            give(connection, shop, made, str(number), mark - done)
            done = mark
            sums = dict(
                connection.execute(
                    select(postings.c.account, func.sum(postings.c.amount)).group_by(
                        postings.c.account
                    )
                ).all()
            )
            assert sum(sums.values()) == 0
            assert sums.get("income:sales:G", 0) == mark - paid
            # Never further from the exact share than the rounding of one cent.
            exact = fee - Fraction(fee * mark, paid) if paid else fee
            assert abs(sums.get("expenses:fees:xy", 0) - exact) <= Fraction(1, 2)
        assert not paid or not any(sums.values())
        connection.rollback()

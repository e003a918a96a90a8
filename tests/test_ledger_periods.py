"""Months are closed for good: what comes late is booked in the next, and a chain of digests tells any change."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, func, select, text

from curate.books import costs, periods
from curate.books.reports import Money
from curate.database import tables
from curate.database.tables import entries, postings
from curate.errors import CurateError
from curate.shop import Shop, calendar, ledger
from curate.shop.ledger import Entry, Move
from tests.booking import MONTHS, ZONE, shop_at, trade
from tests.postgres import postgres

JANUARY, FEBRUARY, MARCH = (calendar.parse(month, ZONE) for month in MONTHS[:3])


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return shop_at(tmp_path)


def post(shop: Shop, source: str, at: int, amount: int = 100) -> bool:
    with shop.database.writing() as connection:
        move = Move("expenses:other", ledger.SUPPLIERS, amount, "CNY")
        return ledger.post(connection, shop, source, [move], at=at)


def booked(shop: Shop) -> dict[str, tuple[int, int | None]]:
    with shop.database.reading() as connection:
        rows = connection.execute(select(entries.c.source, entries.c.at, entries.c.dated))
        return {row.source: (row.at, row.dated) for row in rows}


def test_what_is_dated_in_a_closed_month_is_booked_at_the_first_open_second(shop: Shop) -> None:
    post(shop, "a", JANUARY.begin)
    post(shop, "b", FEBRUARY.begin)
    first = periods.close(shop, "2026-01")
    assert post(shop, "late", JANUARY.end - 1)
    assert post(shop, "older", 5)
    assert not post(shop, "a", JANUARY.begin)  # known, whatever is closed
    periods.close(shop, "2026-02")
    assert post(shop, "later", JANUARY.begin)
    assert post(shop, "new", MARCH.begin + 5)
    assert booked(shop) == {
        "a": (JANUARY.begin, None), "b": (FEBRUARY.begin, None), "late": (FEBRUARY.begin, JANUARY.end - 1),
        "older": (FEBRUARY.begin, 5), "later": (MARCH.begin, JANUARY.begin), "new": (MARCH.begin + 5, None),
    }  # fmt: skip
    assert [one.month for one in periods.closed(shop)] == ["2026-01", "2026-02"]
    again = periods.close(shop, "2026-01")
    assert again.again and again.digest == first.digest
    assert periods.check(shop) == ()


def test_months_are_closed_in_order_when_they_are_over(shop: Shop) -> None:
    post(shop, "a", FEBRUARY.begin)
    for month, why in (("2026-01", "before 2026-02"), ("2026-03", "follows 2026-02"), ("2027-01", "follows"),
                       ("2026", "no month"), ("2026-02-01", "no month"), ("02-2026", "no period")):  # fmt: skip
        with pytest.raises(CurateError, match=why):
            periods.close(shop, month)
    early = Shop(shop.workspace, shop.settings, lambda: float(FEBRUARY.end - 1))
    with pytest.raises(CurateError, match="not over"):
        periods.close(early, "2026-02")
    assert periods.closed(shop) == ()
    periods.close(Shop(shop.workspace, shop.settings, lambda: float(FEBRUARY.end)), "2026-02")
    periods.close(shop, "2026-03")  # nothing happened in it
    assert [(one.first_entry, one.last_entry) for one in periods.closed(shop)] == [(1, 1), (0, 0)]


def test_a_month_before_the_books_begin_is_closed_only_when_asked_for(shop: Shop) -> None:
    with pytest.raises(CurateError, match="nothing is booked in 2026-01 or before it") as told:
        periods.close(shop, "2026-01")
    assert "curate ledger close 2026-01 --empty" in told.value.hint
    assert periods.closed(shop) == ()
    assert periods.close(shop, "2026-01", empty=True).first_entry == 0
    with pytest.raises(CurateError, match="2026-02 or before"):
        periods.close(shop, "2026-02")
    assert periods.close(shop, "2026-01").again
    post(shop, "late", JANUARY.begin)
    assert periods.close(shop, "2026-02").first_entry == 1


def test_what_is_closed_stays_where_it_is_when_the_time_zone_changes(tmp_path: Path) -> None:
    one = shop_at(tmp_path)
    post(one, "a", JANUARY.begin)
    periods.close(one, "2026-01")
    other = shop_at(tmp_path, timezone="America/New_York")
    post(other, "between", JANUARY.end + 60)  # 31 January over there
    assert periods.close(other, "2026-02").first_entry == 2
    assert periods.check(other) == ()


def test_the_database_itself_keeps_what_is_booked(shop: Shop) -> None:
    post(shop, "a", JANUARY.begin)
    periods.close(shop, "2026-01")
    row = {"source": "x", "at": JANUARY.begin, "note": ""}
    for change in (
        entries.update().values(note="x"), entries.delete(), postings.update().values(amount=1),
        postings.delete(), tables.periods.update().values(closed_at=1), tables.periods.delete(),
        entries.insert().values(row),
        postings.insert().values(entry_id=1, account="a", amount=1, currency="CNY"),
    ):  # fmt: skip
        with (
            pytest.raises(Exception, match=r"added to|is closed"),
            shop.database.writing() as connection,
        ):
            connection.execute(change)
    assert periods.check(shop) == ()


CHANGES = (
    "UPDATE postings SET amount = amount + 1 WHERE id = 1",
    "UPDATE postings SET amount = amount * 2",  # in balance
    "UPDATE postings SET account = 'expenses:ads' WHERE account LIKE 'expenses:fees:%'",
    "UPDATE entries SET note = 'x' WHERE id = 3",
    "DELETE FROM postings WHERE entry_id = 2",
    "UPDATE entries SET at = at + 1 WHERE id = 2",
    "DELETE FROM postings WHERE entry_id = 1; DELETE FROM entries WHERE id = 1",
    "UPDATE periods SET digest = x'00' WHERE month = '2026-01'",
    "UPDATE lines SET paid = paid + 1",
    "UPDATE costs SET amount = amount + 1",
    "INSERT INTO entries (source, at) VALUES ('x', (SELECT MIN(at) FROM entries))",
)


@pytest.mark.parametrize("change", CHANGES)
def test_whoever_changes_it_past_the_program_is_told(shop: Shop, change: str) -> None:
    trade(shop, Random(7), 40, MONTHS[:2])
    periods.close(shop, "2026-01")
    periods.close(shop, "2026-02")
    assert periods.check(shop) == ()
    with shop.database.writing() as connection:
        for name in connection.scalars(
            text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        ).all():
            connection.execute(text(f"DROP TRIGGER {name}"))
        for one in change.split(";"):
            connection.execute(text(one))
    assert periods.check(shop)


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**9), st.lists(st.integers(0, 30), min_size=3, max_size=5), st.data())
def test_random_books_hold_together(
    tmp_path_factory: pytest.TempPathFactory, seed: int, counts: list[int], data: st.DataObject
) -> None:
    shop, chance = shop_at(tmp_path_factory.mktemp("books")), Random(seed)
    trade(shop, chance, 20)
    closed: list[str] = []
    for month, count in zip(MONTHS, counts, strict=False):
        trade(shop, chance, count)
        with shop.database.reading() as connection:
            first = connection.scalar(select(func.min(entries.c.at)))
        if closed or first < calendar.parse(month, ZONE).end:
            digests = [one.digest for one in periods.closed(shop)]
            periods.close(shop, month)
            closed.append(month)
            assert [one.digest for one in periods.closed(shop)][:-1] == digests
    trade(shop, chance, data.draw(st.integers(0, 10)))
    assert periods.check(shop) == ()
    start = calendar.parse(MONTHS[len(counts)], ZONE).begin
    with shop.database.reading() as connection:
        for at, dated in connection.execute(select(entries.c.at, entries.c.dated)):
            assert dated is None or (
                dated < at and at in {calendar.parse(m, ZONE).begin for m in MONTHS}
            )
            assert dated is None or at <= start
        unbalanced = (
            select(postings.c.entry_id)
            .group_by(postings.c.entry_id, postings.c.currency)
            .having(func.sum(postings.c.amount) != 0)
        )
        assert connection.execute(unbalanced).all() == []
    sums = Counter[str]()
    for one in ledger.balances(shop):
        sums[one.currency] += one.amount
    assert not any(sums.values())


def test_many_are_posted_in_few_statements(shop: Shop) -> None:
    seen: list[str] = []
    event.listen(
        shop.database.engine, "before_cursor_execute", lambda *told: seen.append(str(told[2]))
    )
    for count in (10, 1_000):
        seen.clear()
        with shop.database.writing() as connection:
            moves = (Move("expenses:other", ledger.BANK, 1, "CNY"),)
            some = [Entry(f"{count}:{n}", JANUARY.begin + n, "", moves) for n in range(count)]
            ledger.post_all(connection, shop, some)
        assert len(seen) <= 5
    seen.clear()
    trade(shop, Random(1), 1_000, MONTHS[:1])
    ours = [one for one in seen if "entries" in one or "postings" in one]
    assert len(ours) < 100  # of them three for each of the 22 costs


KILLED = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import event
from curate.books import periods
from tests.booking import shop_at
shop, left = shop_at(Path(sys.argv[1])), int(sys.argv[2])
def count(*_):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
event.listen(shop.database.engine, "before_cursor_execute", count)
event.listen(shop.database.engine, "commit", count)
periods.close(shop, "2026-01")
"""


@pytest.mark.skipif(os.name == "nt", reason="kills by a signal that Windows has not")
def test_a_close_that_is_killed_leaves_nothing_or_all(tmp_path: Path) -> None:
    shops = {}
    for name in ("whole", "killed"):
        (tmp_path / name).mkdir()
        shops[name] = shop_at(tmp_path / name)
        trade(shops[name], Random(3), 100, MONTHS[:2])
    before = booked(shops["killed"])
    told: list[object] = []
    for name in ("before_cursor_execute", "commit"):
        event.listen(shops["whole"].database.engine, name, lambda *some: told.append(some))
    made = periods.close(shops["whole"], "2026-01")
    for left in (len(told) // 2, len(told) - 1, len(told)):  # the last one is the end of it
        done = subprocess.run(
            [sys.executable, "-c", KILLED, str(tmp_path / "killed"), str(left)],
            cwd=Path(__file__).parents[1], capture_output=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert (periods.closed(shops["killed"]), booked(shops["killed"])) == ((), before)
    again = periods.close(shops["killed"], "2026-01")
    assert again == made and not again.again
    assert ledger.balances(shops["killed"]) == ledger.balances(shops["whole"])


def test_the_report_tells_the_period_and_what_was_booked_late(shop: Shop) -> None:
    post(shop, "a", JANUARY.begin, 100)
    periods.close(shop, "2026-01")
    post(shop, "late", JANUARY.begin, 50)
    post(shop, "b", MARCH.begin, 7)
    found = periods.report(shop, FEBRUARY)
    tables_ = {one.key: one for one in found.tables}
    assert tables_["late"].rows == (("late", "2026-01-01", "2026-02-01"),)
    assert tables_["months"].rows[0][0] == "2026-01"
    supplied = next(row for row in tables_["accounts"].rows if row[0] == ledger.SUPPLIERS)
    assert [one.amount for one in supplied[1:] if isinstance(one, Money)] == [-100, 0, 50, -150]
    assert [row[1] for row in tables_["result"].below] == [Money(-50, "CNY")]
    with pytest.raises(CurateError, match="channel"):
        periods.report(shop, FEBRUARY, "channel")


def test_paid_lines_that_wait_for_their_product_are_told(shop: Shop) -> None:
    trade(shop, Random(1), 3, MONTHS[:1])
    with shop.database.writing() as connection:
        order = connection.scalar(select(tables.orders.c.id))
        values: dict[str, Any] = {"order_id": order, "line_no": "2", "state": "paid", "quantity": 1}
        connection.execute(tables.lines.insert().values(values))
    assert periods.close(shop, "2026-01").waiting == 1


def test_the_same_books_are_kept_by_postgresql(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor
    from dataclasses import replace

    import msgspec

    with postgres() as server:
        here = shop_at(tmp_path)
        there = replace(
            here, settings=msgspec.structs.replace(here.settings, database=server.database())
        )
        for one in (here, there):
            trade(one, Random(5), 60, MONTHS[:2])
        assert periods.close(here, "2026-01").digest == periods.close(there, "2026-01").digest
        assert ledger.balances(here) == ledger.balances(there)
        assert periods.check(there) == ()
        with pytest.raises(Exception, match="added to"), there.database.writing() as connection:
            connection.execute(entries.delete())
        with pytest.raises(Exception, match="is closed"), there.database.writing() as connection:
            connection.execute(entries.insert().values(source="x", at=JANUARY.begin))
        with ThreadPoolExecutor(9) as crowd:  # nobody slips into the month while it is closed
            posting = [crowd.submit(_crowd, there, n) for n in range(8)]
            closing = crowd.submit(periods.close, there, "2026-02")
            assert not closing.result().again
            assert sum(one.result() for one in posting) == 8 * 40
        assert periods.check(there) == ()
        there.database.close()


def _crowd(shop: Shop, name: int) -> int:
    return sum(post(shop, f"{name}:{n}", FEBRUARY.begin + n) for n in range(40))


def test_a_cost_that_comes_late_is_booked_in_the_open_month(shop: Shop) -> None:
    costs.add(shop, "other", 1, "CNY", JANUARY.first)
    periods.close(shop, "2026-01")
    costs.add(shop, "other", 2, "CNY", JANUARY.first)
    assert booked(shop)["cost:2"] == (FEBRUARY.begin, JANUARY.begin)
    assert periods.check(shop) == ()

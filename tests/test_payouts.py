"""Payouts: what is due once, never twice; carried, held, put back."""

from __future__ import annotations

import csv
import io
import multiprocessing
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from curate.books.affiliates import accounts, balances, payouts, register
from curate.books.affiliates.payouts import Payout
from curate.database.tables import commissions, entries, settlements
from curate.errors import CurateError
from curate.shop import Shop, ledger
from curate.shop.settings import Rule
from tests.distributing import BATCH, DAY, HOLD, books_hold, give_back, join, market, sell
from tests.postgres import postgres
from tests.selling import Counter, count
from tests.test_delivery_kill import deadly

CROWD = 32


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return market(tmp_path)


def amounts(some: tuple[Payout, ...]) -> list[tuple[str, int, str]]:
    return [(one.code, one.amount, one.currency) for one in some]


def prepare(counter: Counter, name: str = BATCH) -> payouts.Batch:
    return payouts.prepare(counter.shop, name, counter.shop.now())


def test_what_is_held_is_not_due_and_then_it_is(counter: Counter) -> None:
    own = counter.shop
    join(own, "ANN")
    sell(own, "1", 10_000, "ANN")
    counter.clock.now += HOLD * DAY - 1
    assert prepare(counter, "early") == payouts.Batch("early", ())
    counter.clock.now += 1
    made = prepare(counter)
    (one,) = made.payouts
    assert (one.code, one.amount, one.commissions, one.state) == ("ANN", 2_000, 1, "prepared")
    assert one.first_day == one.last_day == "2030-03-18"
    assert balances.standings(own, "ANN")[0].prepared == 2_000
    assert prepare(counter, "next").payouts == ()
    books_hold(own)


def test_nobody_prepares_what_is_not_due_yet(counter: Counter) -> None:
    with pytest.raises(CurateError, match="has not come yet"):
        payouts.prepare(counter.shop, BATCH, counter.shop.now() + 1)


def test_a_batch_is_made_once_and_prepared_again_it_is_the_same(counter: Counter) -> None:
    own = counter.shop
    join(own, "ANN")
    sell(own, "1", 10_000, "ANN")
    counter.clock.now += HOLD * DAY
    first = prepare(counter)
    sell(own, "2", 10_000, "ANN")
    counter.clock.now += HOLD * DAY
    again = prepare(counter)
    assert again.again and again.payouts == first.payouts
    assert amounts(prepare(counter, "april").payouts) == [("ANN", 2_000, "CNY")]


def test_what_was_given_back_after_a_payout_is_carried_and_earned_again_first(
    counter: Counter,
) -> None:
    own = counter.shop
    join(own, "ANN")
    sell(own, "1", 10_000, "ANN")
    counter.clock.now += HOLD * DAY
    prepare(counter)
    payouts.paid(own, BATCH)
    give_back(own, "1", 10_000)
    nothing = prepare(counter, "april")
    assert nothing.payouts == ()
    assert [(one.code, one.amount) for one in nothing.left] == [("ANN", -2_000)]
    assert "carried over" in nothing.left[0].why.text
    sell(own, "2", 8_000, "ANN")
    counter.clock.now += HOLD * DAY
    assert prepare(counter, "may").payouts == ()  # −20.00 + 16.00
    sell(own, "3", 7_000, "ANN")
    counter.clock.now += HOLD * DAY
    assert amounts(prepare(counter, "june").payouts) == [("ANN", 1_000, "CNY")]
    books_hold(own)


def test_below_the_minimum_it_waits_to_the_cent_and_currencies_apart(tmp_path: Path) -> None:
    counter = market(tmp_path, distribution={"minimum": {"CNY": "10.00", "JPY": "300"}})
    own = counter.shop
    join(own, "ANN")
    sell(own, "1", 4_995, "ANN")
    sell(own, "2", 1_499, "ANN", currency="JPY")
    sell(own, "3", 100, "ANN", currency="EUR")
    counter.clock.now += HOLD * DAY
    made = prepare(counter)
    assert amounts(made.payouts) == [("ANN", 20, "EUR"), ("ANN", 300, "JPY")]
    (left,) = made.left
    assert (left.amount, left.why.args) == (999, {"amount": "10.00", "currency": "CNY"})
    sell(own, "4", 5, "ANN")
    counter.clock.now += HOLD * DAY
    assert amounts(prepare(counter, "april").payouts) == [("ANN", 1_000, "CNY")]


def test_who_ended_gets_the_rest_however_little(counter: Counter) -> None:
    join(counter.shop, "ANN")
    sell(counter.shop, "1", 500, "ANN")
    register.change(counter.shop, "ANN", state="ended")
    sell(counter.shop, "2", 500, "ANN")
    counter.clock.now += HOLD * DAY
    assert amounts(prepare(counter).payouts) == [("ANN", 100, "CNY")]


def test_who_ended_and_is_owed_nothing_keeps_nobody_from_being_paid(counter: Counter) -> None:
    own = counter.shop
    join(own, "ANN"), join(own, "BEN")
    sell(own, "1", 10_000, "ANN"), sell(own, "2", 10_000, "BEN")
    give_back(own, "1", 10_000)
    register.change(own, "ANN", state="ended")
    counter.clock.now += HOLD * DAY
    made = prepare(counter)
    assert amounts(made.payouts) == [("BEN", 2_000, "CNY")] and made.left == ()
    books_hold(own)


def test_no_account_or_no_consent_no_payout(counter: Counter) -> None:
    own = counter.shop
    join(own, "ANN", account="")
    join(own, "BEN")
    for number, code in (("1", "ANN"), ("2", "BEN")):
        sell(own, number, 10_000, code)
    counter.clock.now += HOLD * DAY
    accounts.withdraw(own, "BEN", "letter")
    made = prepare(counter)
    assert made.payouts == () and [one.code for one in made.left] == ["ANN", "BEN"]
    with pytest.raises(CurateError, match="this very second"):
        accounts.keep(own, "BEN", "bank", "6222 0000 1111 4321", "payout-2", "form")
    assert prepare(counter, "too early").payouts == ()
    counter.clock.now += 1
    accounts.keep(own, "BEN", "bank", "6222 0000 1111 4321", "payout-2", "form")
    (one,) = prepare(counter, "april").payouts
    assert (one.code, one.method, one.account) == ("BEN", "bank", "6222 0000 1111 4321")
    assert accounts.withdraw(own, "BEN", "letter").prepared == 1


def test_failed_puts_it_back_also_after_it_was_paid(counter: Counter) -> None:
    own = counter.shop
    join(own, "ANN")
    sell(own, "1", 10_000, "ANN")
    counter.clock.now += HOLD * DAY
    prepare(counter)
    assert [one.state for one in payouts.failed(own, BATCH, "ANN", "account closed")] == ["failed"]
    assert payouts.failed(own, BATCH, "ANN", "account closed") == ()
    assert count(own, entries, entries.c.source.startswith("payout")) == 0
    with pytest.raises(CurateError, match="went back to what is due"):
        payouts.paid(own, BATCH, "ANN")
    assert payouts.paid(own, BATCH) == ()
    prepare(counter, "april")
    assert len(payouts.paid(own, "april", reference="B-1")) == 1
    assert payouts.paid(own, "april", reference="B-2") == ()
    bank = {one.account: one.amount for one in ledger.balances(own)}
    assert bank["assets:bank"] == -2_000 and bank["liabilities:affiliate:ANN"] == 0
    payouts.failed(own, "april", "ANN", "sent back")
    bank = {one.account: one.amount for one in ledger.balances(own)}
    assert bank["assets:bank"] == 0 and bank["liabilities:affiliate:ANN"] == -2_000
    assert amounts(prepare(counter, "may").payouts) == [("ANN", 2_000, "CNY")]
    assert [one.reference for one in payouts.listed(own, "april")] == ["B-1"]
    books_hold(own)


def test_what_is_not_there_is_told(counter: Counter) -> None:
    for deed in (
        lambda: payouts.paid(counter.shop, "never"),
        lambda: payouts.failed(counter.shop, "never", "ANN", "x"),
        lambda: payouts.listed(counter.shop, "never"),
        lambda: payouts.prepare(counter.shop, " ", 0),
        lambda: payouts.prepare(counter.shop, "a\nb", 0),
    ):
        with pytest.raises(CurateError):
            deed()


def test_the_csv_is_exact_and_no_cell_is_a_formula(counter: Counter) -> None:
    own = counter.shop
    for code, account in (
        ("ANN", '=HYPERLINK("http://x")'),
        ("BEN", "+86 138,0000"),
        ("CID", "@x"),
    ):
        join(own, code, account)
        sell(own, code, 10_050, code)
    counter.clock.now += HOLD * DAY
    made = prepare(counter, "=1+1")
    written = io.BytesIO()
    assert payouts.write(written, made.payouts) == 3
    text = written.getvalue().decode("utf-8-sig")
    assert text.splitlines()[0] == (
        "batch_id,affiliate_id,amount,currency,method,account_ref,period_start,period_end,commission_count"
    )
    rows = [*csv.reader(io.StringIO(text))]
    assert rows[1] == [
        "'=1+1", "ANN", "20.10", "CNY", "alipay", "'=HYPERLINK(\"http://x\")", "2030-03-18", "2030-03-18", "1",
    ]  # fmt: skip
    assert not any(cell[:1] in "=+-@\t\r" for row in rows[1:] for cell in row if cell)


def test_the_database_itself_refuses_a_second_payout(counter: Counter) -> None:
    join(counter.shop, "ANN")
    sell(counter.shop, "1", 10_000, "ANN")
    counter.clock.now += HOLD * DAY
    (one,) = prepare(counter).payouts
    with counter.shop.database.reading() as connection:
        commission = connection.scalar(select(commissions.c.id))
    with pytest.raises(IntegrityError), counter.shop.database.writing() as connection:
        row = {"commission_id": commission, "payout_id": one.id}
        connection.execute(insert(settlements).values(row))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "sqlite":
        yield ""
        return
    with postgres() as server:
        yield server.database()


def filled(root: Path, url: str) -> Counter:
    """Three affiliates with some hundred commissions that are due."""
    counter = market(root, url)
    codes = [join(counter.shop, code) for code in ("ANN", "BEN", "CID")]
    for n in range(60):
        sell(counter.shop, str(n), 10_000 + n, codes[n % 3])
    counter.clock.now += HOLD * DAY
    return counter


def whole(own: Shop, sums: tuple[balances.Standing, ...]) -> None:
    """Everything that was due is in payouts, once."""
    books_hold(own)
    made = payouts.listed(own)
    assert sorted(amounts(made)) == sorted((one.code, one.due, one.currency) for one in sums)
    assert count(own, settlements) == count(own, commissions) == 60
    assert all(one.due == 0 and one.prepared for one in balances.standings(own))


@pytest.mark.parametrize("same", [True, False], ids=["one batch", "a batch each"])
def test_32_threads_that_prepare_at_once(tmp_path: Path, same: bool) -> None:
    counter = filled(tmp_path, "")
    own, sums = counter.shop, balances.standings(counter.shop)
    gate, made = threading.Barrier(CROWD), list[payouts.Batch]()

    def run(n: int) -> None:
        gate.wait()
        made.append(prepare(counter, BATCH if same else f"batch-{n}"))

    crowd = [threading.Thread(target=run, args=(n,)) for n in range(CROWD)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join(60)
    assert len(made) == CROWD
    assert sum(not one.again and bool(one.payouts) for one in made) == 1
    assert not same or {one.payouts for one in made} == {made[0].payouts}
    whole(own, sums)


def preparer(root: Path, url: str, n: int, now: float, start: float) -> None:
    """A process of its own: prepares, pays, and prepares again."""
    time.sleep(max(0.0, start - time.time()))
    counter = market(root, url)
    counter.clock.now = now
    prepare(counter, f"batch-{n % 4}")


@pytest.mark.slow
def test_32_processes_that_prepare_at_once(tmp_path: Path, url: str) -> None:
    """Eight for each of four batches, on SQLite and on PostgreSQL."""
    counter = filled(tmp_path, url)
    sums = balances.standings(counter.shop)
    counter.shop.database.close()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["tests.test_payouts", "psycopg", "sqlalchemy.dialects.postgresql.psycopg"]
    )
    start = time.time() + 1.5
    told = [(tmp_path, url, n, counter.clock.now, start) for n in range(CROWD)]
    crowd = [context.Process(target=preparer, args=each) for each in told]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join(120)
        assert one.exitcode == 0
    whole(counter.shop, sums)


STEPS = [
    "curate.books.affiliates.due:hold",
    "curate.books.affiliates.due:all_due",
    "curate.books.affiliates.payouts:_put",
    "curate.books.affiliates.payouts:prepare",
    "curate.books.affiliates.payouts:_state",
    "curate.shop.ledger:post",
    "curate.books.affiliates.payouts:paid",
    "curate.books.affiliates.payouts:failed",
]
DEED = {  # how often each is reached in one deed
    "curate.books.affiliates.payouts:_put": 3,
    "curate.books.affiliates.payouts:_state": 4,
    "curate.shop.ledger:post": 4,
}


def deed(counter: Counter) -> None:
    """Prepare, pay all, learn that one came back; each as a person would do it once more."""
    prepare(counter)
    payouts.paid(counter.shop, BATCH)
    payouts.failed(counter.shop, BATCH, "BEN", "sent back")


def doomed(root: Path, now: float, where: str, moment: str, reach: int) -> None:
    counter = market(root)
    counter.clock.now = now
    deadly(where, moment, reach)
    deed(counter)


@pytest.mark.slow
@pytest.mark.parametrize("where", STEPS)
def test_killed_between_any_two_steps_and_done_once_more(tmp_path: Path, where: str) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.test_payouts"])
    for moment in ("before", "after"):
        for reach in range(1, DEED.get(where, 1) + 1):
            place = tmp_path / f"{moment}-{reach}"
            counter = filled(place, "")
            sums = {one.code: one.due for one in balances.standings(counter.shop)}
            counter.shop.database.close()
            values = (place, counter.clock.now, where, moment, reach)
            child = context.Process(target=doomed, args=values)
            child.start()
            child.join(60)
            assert child.exitcode == -signal.SIGKILL
            books_hold(counter.shop)
            again(counter)
            found = {one.code: (one.paid, one.due) for one in balances.standings(counter.shop)}
            assert found == {
                code: (0, due) if code == "BEN" else (due, 0) for code, due in sums.items()
            }
            assert len(payouts.listed(counter.shop)) == 3
            assert count(counter.shop, entries, entries.c.source.startswith("payout:")) == 3
            assert count(counter.shop, entries, entries.c.source.startswith("payout-failed:")) == 1


def again(counter: Counter) -> None:
    prepare(counter)
    payouts.paid(counter.shop, BATCH)
    payouts.failed(counter.shop, BATCH, "BEN", "sent back")
    books_hold(counter.shop)


@settings(max_examples=12)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["sell", "sell", "give", "wait", "prepare", "paid", "failed", "end"]),
            st.integers(0, 2),
            st.integers(1, 30_000),
        ),
        max_size=30,
    )
)
def test_whatever_happens_the_books_hold(told: list[tuple[str, int, int]]) -> None:
    """Random sales, refunds and payouts: what was ever paid is what was earned, less what is still owed."""
    with tempfile.TemporaryDirectory() as root:
        tiers = {"usual": Rule(percent="20"), "half": Rule(percent="50", own=True, cap="100.00")}
        counter = market(Path(root), rules=tiers)
        own, codes = (
            counter.shop,
            [join(counter.shop, "ANN"), join(counter.shop, "BEN", rule="half")],
        )
        sold: dict[str, int] = {}
        left = 0  # money that went through the bank, by what was noted
        for number, (what, which, amount) in enumerate(told):
            if what == "sell":
                sell(own, str(number), amount, [*codes, ""][which])
                sold[str(number)] = amount
            elif what == "give" and sold:
                order = sorted(sold)[which % len(sold)]
                part = min(amount, sold[order])
                if part:
                    give_back(own, order, part)
                    sold[order] -= part
            elif what == "wait":
                counter.clock.now += amount % 20 * DAY
            elif what == "prepare":
                for one in prepare(counter, f"b{number}").payouts:
                    assert one.amount >= 1_000 or register.of(own, one.code).state == "ended"
            elif what == "end" and amount % 7 == 0:
                register.change(own, codes[which % 2], state="ended")
            elif some := [one for one in payouts.listed(own) if one.state != "failed"]:
                one = some[which % len(some)]
                if what == "paid":
                    left += sum(x.amount for x in payouts.paid(own, one.batch, one.code))
                elif what == "failed":
                    left -= one.amount if one.state == "paid" else 0
                    payouts.failed(own, one.batch, one.code, "sent back")
            books_hold(own)
        assert sum(one.paid for one in balances.standings(own)) == left
        own.database.close()

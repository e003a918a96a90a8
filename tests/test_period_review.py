"""The period review: plan against actual by hand, losses and experiments by the formulas, the same every time."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from curate.books import review
from curate.books.journey import events
from curate.books.journey.events import Event
from curate.books.reports import Money
from curate.books.review import Loss
from curate.cli import main
from curate.database.tables import lines, orders
from curate.errors import CurateError
from curate.shop import calendar, ledger, settings
from curate.shop.calendar import Period
from curate.shop.settings import Books, Target
from curate.workspace import Workspace
from tests.planning import DAY, NOON, Desk, desk, people
from tests.selling import order

ZONE = calendar.zone("Asia/Shanghai")
MONTH = calendar.month(NOON, ZONE)


@pytest.fixture
def month() -> Period:
    return calendar.parse(MONTH, ZONE)


def sold(at: Desk, *contacts: int) -> None:
    """Each buys for 100.00."""
    own = at.shop
    for contact in contacts:
        order(own, str(contact))
    with own.database.writing() as connection:
        connection.execute(update(lines).values(paid=10_000))
        for contact in contacts:
            which = orders.c.number == str(contact)
            connection.execute(update(orders).where(which).values(contact_id=contact))
        ledger.earned_all(connection, own, range(1, len(contacts) + 1))


def filled(root: Path, **targets: Target) -> Desk:
    """40 came, 30 followed a link, 12 took the bait, 4 bought."""
    at = desk(root)
    at.edit(targets=targets, books=Books(least_sample=10))
    at.clock.now = NOON + 5 * DAY
    some = people(at.shop, range(40), agreed=False, stage="stranger")
    with at.shop.database.writing() as connection:
        for kind, many in (("clicked", 30), ("took", 12)):
            told = [Event(one, kind, f"{kind}:{one}", NOON + 5 * DAY) for one in some[:many]]
            events.record(connection, at.shop, told)
    sold(at, *some[:4])
    return at


def table(at: Desk, period: Period, key: str) -> list[dict[str, Any]]:
    found = next(one for one in review.report(at.shop, period).tables if one.key == key)
    return [
        dict(zip([column.key for column in found.columns], row, strict=True)) for row in found.rows
    ]


def test_plan_against_actual_by_hand(tmp_path: Path, month: Period) -> None:
    plan = Target(revenue="500.00", cost="200", contacts=50, buyers=4)
    at = filled(tmp_path, **{MONTH: plan})
    revenue, cost, profit = table(at, month, "money")
    assert revenue["planned"] == Money(50_000, "CNY") and revenue["actual"] == Money(40_000, "CNY")
    assert revenue["difference"] == Money(-10_000, "CNY") and revenue["share"] == Fraction(4, 5)
    assert cost["planned"] == Money(20_000, "CNY") and cost["actual"] == Money(0, "CNY")
    assert profit["planned"] == Money(30_000, "CNY") and profit["actual"] == Money(40_000, "CNY")
    users, buyers = table(at, month, "people")
    assert (users["planned"], users["actual"], users["difference"]) == (50, 40, -10)
    assert (buyers["planned"], buyers["actual"], buyers["share"]) == (4, 4, 1)


def test_the_factors_make_the_share_of_the_revenue(tmp_path: Path, month: Period) -> None:
    at = filled(tmp_path, **{MONTH: Target(revenue="500.00", contacts=50, buyers=4)})
    users, conversion, value = table(at, month, "factors")
    assert users["share"] == Fraction(4, 5) and conversion["share"] == Fraction(5, 4)
    assert value["share"] == Fraction(4, 5) and value["actual"] == 100
    assert users["share"] * conversion["share"] * value["share"] == Fraction(4, 5)
    report = review.report(at.shop, month)
    assert report.tables[2].notes == ("Furthest behind the plan: new contacts",)
    assert (conversion["factor"], conversion["planned"], conversion["actual"]) == (
        "conversion (%)",
        8,
        10,
    )
    assert value["factor"] == "revenue per buyer (CNY)"
    assert not [one for told in report.tables for one in told.columns if one.title[0].isupper()]


def test_it_says_which_currency_it_is_of_and_what_is_left_out(
    tmp_path: Path, month: Period
) -> None:
    at = filled(tmp_path)
    (note,) = review.report(at.shop, month).notes
    assert note == "Sales, buyers and costs are those in CNY, the currency of [books]."
    with at.shop.database.writing() as connection:
        move = ledger.Move("expenses:other", ledger.SUPPLIERS, 100, "USD")
        ledger.post(connection, at.shop, "cost:1", [move], at=month.begin)
    assert review.report(at.shop, month).notes[1] == "Left out, in other currencies: USD"


def test_what_is_planned_for_no_whole_month_is_told(tmp_path: Path, month: Period) -> None:
    at = filled(tmp_path, **{MONTH: Target(contacts=50)})
    part = calendar.parse(f"{MONTH}-01/{MONTH}-10", ZONE)
    found = review.report(at.shop, part)
    assert MONTH in found.tables[0].notes[0] and "Nothing is planned" in found.tables[0].notes[1]
    assert table(at, part, "people")[0]["planned"] is None
    year = calendar.parse(MONTH[:4], ZONE)
    assert table(at, year, "people")[0]["planned"] == 50
    assert review.plan(at.shop, year).without == tuple(one for one in year.months() if one != MONTH)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ('[targets."2026-03"]\nrevenue = "a lot"', 'targets."2026-03".revenue: \'a lot\' is no amount'),
        ('[targets."2026-03"]\ncost = "0.001"', 'targets."2026-03".cost'),
        ('[targets."2026-03"]\ncost = "-1.00"', "below nothing"),
        ('[targets.march]\nrevenue = "10"', "'march' is no month"),
        ('[targets."2026-13"]\nrevenue = "10"', "'2026-13' is no month"),
        ('[books]\ncurrency = "JPY"\n[targets."2026-03"]\nrevenue = "10.50"', "more digits than JPY"),
    ],
)  # fmt: skip
def test_a_wrong_target_is_told_when_shop_toml_is_read(tmp_path: Path, told: str, why: str) -> None:
    (tmp_path / "shop.toml").write_text(told, "utf-8")
    with pytest.raises(CurateError) as found:
        settings.read(Workspace(tmp_path))
    assert why in str(found.value)


def test_losses_are_distinct_people_of_the_period(tmp_path: Path, month: Period) -> None:
    at = filled(tmp_path)
    rows = table(at, month, "losses")
    told = [(row["stage"], row["reached"], row["went_on"], row["rank"]) for row in rows]
    assert told[:3] == [
        ("stranger", 40, 30, 2), ("aware", 30, 12, 1), ("interested", 12, 4, 3)
    ]  # fmt: skip
    assert told[7] == ("purchased", 4, 0, None)  # too few to tell
    before = calendar.parse("2020", ZONE)
    assert {row["reached"] for row in table(at, before, "losses")} == {0}


def test_experiments_are_for_the_greatest_losses(tmp_path: Path, month: Period) -> None:
    at = filled(tmp_path)
    first, second, third = table(at, month, "experiments")
    assert [one["step"] for one in (first, second, third)] == [
        "aware → interested", "stranger → aware", "interested → following"
    ]  # fmt: skip
    assert first["rate"] == Fraction(12, 30) and first["goal"] == Fraction(12, 25)
    assert first["people"] == review.needed(Fraction(2, 5), Fraction(12, 25)) == 601
    days = (month.last - month.first).days + 1
    assert first["weeks"] == -(-2 * 601 * days // (30 * 7))


@given(st.lists(st.integers(0, 500), min_size=8, max_size=8), st.integers(1, 100))
def test_ranked_is_what_enough_people_reached_and_most_left(counts: list[int], least: int) -> None:
    ordered = sorted(counts, reverse=True)
    some = [Loss(str(n), str(n + 1), a, b) for n, (a, b) in enumerate(pairwise(ordered))]
    found = review.greatest(some, least)
    assert all(one.reached >= least and one.lost > 0 for one in found)
    assert [one.lost for one in found] == sorted((one.lost for one in found), reverse=True)


@given(st.fractions(Fraction(1, 1000), Fraction(999, 1000), max_denominator=1000))
def test_the_people_it_takes_are_those_of_the_textbook(rate: Fraction) -> None:
    goal = review.aim(rate)
    assert rate < goal < 1
    p, q = float(rate), float(goal)
    expected = (1.959964 + 0.841621) ** 2 * (p * (1 - p) + q * (1 - q)) / (q - p) ** 2
    assert abs(review.needed(rate, goal) - expected) <= 1 + expected * 1e-4


def test_the_same_books_give_the_same_review(tmp_path: Path, month: Period) -> None:
    one = filled(tmp_path / "a", **{MONTH: Target(contacts=50)})
    other = filled(tmp_path / "b", **{MONTH: Target(contacts=50)})
    first, again = (msgspec.to_builtins(str(review.report(at.shop, month))) for at in (one, other))
    assert first == again == str(review.report(one.shop, month))


def test_it_is_shown_and_in_chinese_too(tmp_path: Path) -> None:
    at = filled(tmp_path)
    (tmp_path / "shop.toml").write_text("[books]\nleast_sample = 10\n", "utf-8")
    (tmp_path / "curate.toml").write_text('language = "zh"\n', "utf-8")
    at.shop.database.close()
    done = CliRunner().invoke(
        main, ["report", "review", "--period", MONTH, "--workspace", str(tmp_path)]
    )
    assert done.exit_code == 0, done.output
    assert "复盘" in done.output and "换一个诱饵" in done.output

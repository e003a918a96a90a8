"""Own sales from the ledger: every row and every sum, against one that is counted posting by posting."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import func, select

from curate.books import direct
from curate.books.direct import dimensions, payback
from curate.books.direct.dimensions import By
from curate.books.direct.figures import KINDS, Figures
from curate.books.direct.sums import Sums, sums
from curate.books.reports import Money
from curate.books.reports.charts import draw
from curate.database.tables import (
    entries,
    lines,
    postings,
)
from curate.errors import CurateError
from curate.shop import Shop, calendar, ledger
from curate.shop.calendar import Period
from curate.shop.settings import Books, Factor
from curate.workspace import MARK
from tests.own_sales import (
    WORLDS,
    ZONE,
    Sale,
    Spent,
    Told,
    World,
    copied,
    counted,
    live,
    second,
    shop_at,
)
from tests.postgres import postgres


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that is made once and copied."""
    root = tmp_path_factory.mktemp("empty")
    shop = shop_at(root)
    shop.database.close()
    return root


def check(shop: Shop, world: World, told: dict[int, Told], period: Period, by: By) -> Sums:
    found = sums(shop, period, by)
    theirs = counted(shop, world, told, period, by)
    ours = {(row.key, row.currency): row for row in found.rows}
    assert len(ours) == len(found.rows)
    for key in {*ours, *theirs}:
        row, own = ours.get(key, Figures(*key)), theirs[key]
        of_lines = ("gross", "refunded", "fees", "commission")
        assert {name: getattr(row, name) for name in of_lines} == {
            name: own[name] for name in of_lines
        }
        assert (row.buyers, row.orders) == (len(own["who"]), len(own["orders"]))
        assert row.converted <= row.users and row.converted <= max(row.buyers, len(world.people))
    booked = _booked(shop, period)
    assert {one.currency for one in found.totals} >= {currency for _, currency in booked}
    for total in found.totals:
        rows = [row for row in found.rows if row.currency == total.currency]
        for name in KINDS:
            assert sum(getattr(row, name) for row in rows) == getattr(total, name)
        income = -booked["income", total.currency]
        assert total.revenue == income and total.net == income - booked["expenses", total.currency]
        everybody = set().union(*(theirs[key]["who"] for key in theirs if key[1] == total.currency))
        assert total.buyers == len(everybody)
        new = [
            n for n, one in enumerate(world.people) if period.begin <= second(one[3]) < period.end
        ]
        assert (total.users, total.converted) == (len(new), len(everybody & {*new}))
    return found


def _booked(shop: Shop, period: Period) -> dict[tuple[str, str], int]:
    """What the ledger itself says: income and expenses of the period, by currency."""
    query = (
        select(postings.c.account, postings.c.currency, func.sum(postings.c.amount))
        .join(entries, entries.c.id == postings.c.entry_id)
        .where(entries.c.at >= period.begin, entries.c.at < period.end)
        .group_by(postings.c.account, postings.c.currency)
    )
    found: dict[tuple[str, str], int] = defaultdict(int)
    with shop.database.reading() as connection:
        for account, currency, amount in connection.execute(query):
            found[account.split(":")[0], currency] += int(amount)
    return found


MONTHS = [
    calendar.parse(text, ZONE) for text in ("2026-02", "2026-03", "2026-04", "2026-05", "2026")
]


@settings(
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(world=WORLDS)
def test_every_dimension_adds_up_to_the_ledger(empty: Path, world: World) -> None:
    with copied(empty) as shop:
        told = live(shop, world)
        for by in dimensions.ALL:
            *months, year = (check(shop, world, told, period, by) for period in MONTHS)
            for (
                total
            ) in year.totals:  # each thing counts in one month, also what is given back later
                parts = [
                    one
                    for month in months
                    for one in month.totals
                    if one.currency == total.currency
                ]
                for name in KINDS:
                    assert sum(getattr(one, name) for one in parts) == getattr(total, name)


@pytest.mark.slow
@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(world=WORLDS)
def test_every_dimension_adds_up_on_many_ledgers(empty: Path, world: World) -> None:
    with copied(empty) as shop:
        told = live(shop, world)
        for by in dimensions.ALL:
            for period in MONTHS:
                check(shop, world, told, period, by)


PLAIN = Sale("own", "", "A", "CNY", "", 0, 20, 10_000, 10)
MARCH = MONTHS[1]


def test_what_is_given_back_counts_in_its_own_month(empty: Path) -> None:
    late = Sale(
        "own", "", "A", "CNY", "", 0, 1, 10_000, 10, ((25, 20),)
    )  # 17 February, back on 9 March
    world = World((("own", "", "", 0),), (late,))
    with copied(empty) as shop:
        told = live(shop, world)
        (february,) = check(shop, world, told, MONTHS[0], "channel").totals
        (march,) = check(shop, world, told, MARCH, "channel").totals
    assert (february.revenue, february.fees, february.buyers) == (10_000, 1_000, 1)
    assert (march.gross, march.refunded, march.fees, march.buyers) == (0, 2_500, -250, 0)
    assert march.rest == march.revenue == -2_500 and march.order_value is None


def test_currencies_are_kept_apart(empty: Path) -> None:
    dollars = Sale("own", "", "A", "USD", "", 0, 21, 700, 0)
    world = World((("own", "", "", 16),), (PLAIN, dollars))
    with copied(empty) as shop:
        live(shop, world)
        found = sums(shop, MARCH, "bundle")
        report = direct.report(shop, MARCH, "bundle")
    assert [(one.currency, one.revenue, one.buyers) for one in found.totals] == [
        ("CNY", 10_000, 1), ("USD", 700, 1),
    ]  # fmt: skip
    table = report.tables[0]
    money = {cell.currency for row in table.rows for cell in row if isinstance(cell, Money)}
    assert money == {"CNY", "USD"} and len(table.totals) == 2
    assert [row[0] for row in table.rows] == ["A", "A"]
    drawn = [one.title[-5:] for chart in report.charts for one in draw(report, chart, "en")]
    assert drawn == ["(CNY)", "(USD)"] * len(report.charts) != []


def test_costs_go_where_they_say_and_otherwise_by_the_rule_of_the_dimension(empty: Path) -> None:
    sales = (PLAIN, Sale("xy", "spring", "B", "CNY", "", 1, 21, 5_000, 0))
    spent = (
        Spent("ads", "xy", "spring", "CNY", 1_000, 14, 6),  # 2 to 8 March, one week
        Spent("team", "", "", "CNY", 1_001, 13, 13),  # 1 to 14 March: a Sunday and 13 days
    )
    world = World((("own", "", "", 14), ("xy", "spring", "", 21)), sales, spent)
    with copied(empty) as shop:
        told = live(shop, world)

        def by(one: By) -> dict[str, tuple[int, int]]:
            return {
                row.key: (row.ads, row.team) for row in check(shop, world, told, MARCH, one).rows
            }

        assert by("channel") == {"own": (0, 667), "xy": (1_000, 334)}  # 2 : 1
        assert by("campaign") == {"": (0, 1_001), "spring": (1_000, 0)}
        assert by("bundle") == {"A": (667, 667), "B": (333, 334)}  # 2 : 1; 667.3 and 333.7
        assert by("affiliate") == {"": (1_000, 1_001)}
        # 1,001 over 14 days is 71.5 a day: of three halves the Sunday's, being first, has the cent.
        assert by("cohort") == {"2026-W09": (0, 72), "2026-W10": (1_000, 500), "2026-W11": (0, 429)}


def test_an_order_that_an_affiliate_earned_by_is_theirs_as_a_whole(empty: Path) -> None:
    world = World((("own", "", "LI", 16),), (Sale("own", "", "A", "CNY", "LI", 0, 20, 10_000, 0),))
    with copied(empty) as shop:
        (first,) = live(shop, world)
        with shop.database.writing() as connection:
            order = connection.scalar(select(lines.c.order_id).where(lines.c.id == first))
            values = {
                "order_id": order,
                "line_no": "2",
                "sku": "B",
                "state": "paid",
                "quantity": 1,
                "paid": 50,
            }
            second_ = connection.scalar(lines.insert().returning(lines.c.id), values)
            ledger.earned_all(connection, shop, [second_])
        (row,) = sums(shop, MARCH, "affiliate").rows
    assert (row.key, row.revenue, row.commission, row.users, row.converted) == (
        "LI",
        10_050,
        2_000,
        1,
        1,
    )


def test_people_pay_back_what_their_week_cost(empty: Path) -> None:
    sales = (
        Sale("own", "", "A", "CNY", "", 0, 15, 600, 0),  # in the week they came
        Sale(
            "own", "", "A", "CNY", "", 1, 22, 500, 10, ((100, 14),)
        ),  # a week later, given back two later
        Sale("own", "", "A", "CNY", "", 2, 30, 10_000, 0),  # somebody of February
    )
    people = (("own", "", "", 14), ("own", "", "", 15), ("own", "", "", 1))
    world = World(people, sales, (Spent("ads", "", "", "CNY", 1_000, 14, 6),))
    with copied(empty) as shop:
        live(shop, world)
        found = payback.cohorts(shop, MARCH)
    (one,) = found
    assert (one.week, one.users, one.cost, one.weeks) == ("2026-W10", 2, 1_000, 1)
    assert one.contributed == (600, 1_050, 1_050, 600, 600)


def test_nothing_is_called_best_of_few(empty: Path) -> None:
    people = tuple(("own", "", "", 16) for _ in range(30)) + tuple(
        ("xy", "", "", 16) for _ in range(30)
    )
    sales = tuple(Sale("own", "", "A", "CNY", "", n, 20, 100, 0) for n in range(25))
    for least, said in ((31, "fewer than two have 31 users"), (30, "own converts best")):
        with copied(empty, books=Books(least_sample=least)) as shop:
            live(shop, World(people, sales))
            table = direct.report(shop, MARCH).tables[2]
        assert said in table.notes[1]


def test_the_scorecard_says_where_each_factor_is_from_and_makes_no_number_of_them(
    empty: Path,
) -> None:
    rating = Factor("reputation", "4.8 of 5", "page of the shop", "2026-03-30")
    with copied(empty, factors={"rating": rating}) as shop:
        live(shop, World((("own", "", "", 16),), (PLAIN,)))
        table = direct.report(shop, MARCH).tables[-1]
    rows = {(row[0], row[1]): row[2:] for row in table.rows}
    assert rows["reputation", "rating"] == (
        "4.8 of 5",
        "4.8 of 5",
        "",
        "page of the shop",
        "2026-03-30",
    )
    assert rows["value", "revenue per buyer"][:3] == ("100.00", "100", "CNY")
    assert rows["scarcity", "not measured"][0] == "–"
    assert table.total == ()
    measured = [row for row in table.rows if row[2] != "–"]
    assert all(row[5] and row[6] for row in measured)


@pytest.mark.parametrize("by", ["", *dimensions.ALL])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_reports_are_told_in_the_seller_s_language(empty: Path, by: str, language: str) -> None:
    with copied(empty) as shop:
        (shop.workspace.root / MARK).write_text(f'language = "{language}"\n')
        live(
            shop, World((("own", "", "", 16),), (PLAIN,), (Spent("ads", "", "", "CNY", 5, 14, 1),))
        )
        made = direct.report(shop, MARCH, by)
    titles = " ".join([made.title, *(table.title for table in made.tables)])
    assert ("自营" in titles) == (language == "zh") and "直销" not in str(made)
    if language == "zh":
        said = [column.title for table in made.tables for column in table.columns]
        assert not [text for text in said if text.isascii()]


def test_an_empty_ledger_is_told_as_one_and_another_dimension_is_none(empty: Path) -> None:
    with copied(empty) as shop:
        made = direct.report(shop, MARCH)
        assert made.tables[0].rows == () and made.charts == ()
        with pytest.raises(CurateError, match="not told by 'moon'"):
            direct.report(shop, MARCH, "moon")


def test_postgresql_counts_the_same(empty: Path, tmp_path: Path) -> None:
    spent = (
        Spent("ads", "xy", "spring", "CNY", 1_000, 14, 6),
        Spent("team", "", "", "USD", 1_001, 13, 13),
    )
    sales = (
        PLAIN, Sale("xy", "spring", "B", "USD", "LI", None, 21, 5_000, 3, ((10, 3),)),
        Sale("own", "", "B", "CNY", "MO", 1, 15, 901, 7),
    )  # fmt: skip
    world = World((("own", "", "", 14), ("xy", "spring", "MO", 21)), sales, spent)
    with copied(empty) as shop, postgres() as server:
        (tmp_path / "w").mkdir()
        other = shop_at(tmp_path / "w", server.database())
        live(shop, world)
        live(other, world)
        for by in dimensions.ALL:
            assert sums(other, MARCH, by) == sums(shop, MARCH, by)
            assert direct.report(other, MARCH, by) == direct.report(shop, MARCH, by)
        other.database.close()


def test_figures_hold_nothing_but_whole_numbers() -> None:
    assert {one.type for one in fields(Figures)} == {"str", "int"}

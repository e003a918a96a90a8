"""What is worked out of figures: identities, break-even, what-if, intervals, shares."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, norm
from sqlalchemy import BigInteger, Column, MetaData, Table, create_engine, select

from curate.books.direct.figures import FACTORS, Figures, what_if
from curate.books.direct.interval import Rate, Z, best, wilson
from curate.books.direct.weeks import Weeks, by_week
from curate.books.sharing import split
from curate.shop import calendar

COUNT, MONEY = st.integers(0, 10**6), st.integers(0, 10**12)
FIGURES = st.builds(
    Figures, key=st.just("a"), currency=st.just("CNY"), users=COUNT, buyers=COUNT, gross=MONEY,
    refunded=MONEY, fees=MONEY, payment=MONEY, commission=MONEY, ads=MONEY, team=MONEY, other=MONEY,
)  # fmt: skip


@given(FIGURES)
def test_the_factors_make_the_revenue_and_the_cost_exactly(told: Figures) -> None:
    made = Fraction(0)
    if told.conversion is not None and told.order_value is not None:
        made = told.users * told.conversion * told.order_value
    assert made + told.rest == told.revenue == told.gross - told.refunded
    each = 0 if told.user_cost is None else told.users * told.user_cost
    nobodys = told.ads if told.user_cost is None else 0
    assert each + nobodys + told.team + told.other == told.traffic
    assert told.profit == told.revenue - told.traffic
    assert told.net == told.profit - told.fees - told.payment - told.commission


@given(FIGURES)
def test_at_the_break_even_team_and_other_costs_are_earned_and_with_one_user_less_they_are_not(
    told: Figures,
) -> None:
    if told.even_users is None:
        assert (
            told.most_per_user is None
            or told.user_cost is None
            or told.most_per_user <= told.user_cost
        )
        return
    assert told.most_per_user is not None and told.user_cost is not None
    left, fixed = told.most_per_user - told.user_cost, told.team + told.other
    assert told.even_users * left >= fixed
    assert told.even_users == 0 or (told.even_users - 1) * left < fixed


@given(FIGURES, st.sampled_from(FACTORS), st.fractions(-1, 1))
def test_a_what_if_of_nothing_is_what_is_and_each_factor_works_in_its_direction(
    told: Figures, factor: str, change: Fraction
) -> None:
    still = what_if(told, factor, Fraction(0))
    if still is None:
        return
    assert still == told.net
    now = what_if(told, factor, change)
    assert now is not None
    if factor in ("user_cost", "team", "other"):
        spent = {"user_cost": told.ads, "team": told.team, "other": told.other}[factor]
        assert now == told.net - change * spent
    elif factor == "deduction":
        assert now == told.net - change * told.deducted
    elif factor == "users":
        assert now == told.net + change * (told.net + told.team + told.other) or told.revenue <= 0
    elif told.revenue > 0:
        assert now == told.net + change * told.contribution


def test_one_more_percent_of_a_known_case() -> None:
    told = Figures(
        "a", "CNY", users=200, buyers=20, gross=60_000, fees=6_000, ads=10_000, team=8_000
    )
    assert told.conversion == Fraction(1, 10) and told.order_value == 3_000
    assert told.user_cost == 50 and told.most_per_user == 270
    assert told.even_users == 37  # 8,000 / 220 = 36.4
    assert what_if(told, "users", Fraction(1, 10)) == told.net + 4_400
    assert replace(told, ads=60_000).even_users is None  # 300 for a user who brings 270


@given(st.integers(0, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_intervals_are_those_of_scipy(told: tuple[int, int]) -> None:
    part, whole = told
    found = wilson(part, whole)
    if not whole:
        assert found is None
        return
    assert found is not None
    theirs = binomtest(part, whole).proportion_ci(0.95, method="wilson")
    assert float(found.low) == pytest.approx(theirs.low, abs=1e-12)
    assert float(found.high) == pytest.approx(theirs.high, abs=1e-12)
    assert 0 <= found.low <= Fraction(part, whole) <= found.high <= 1


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_is_never_narrower_than_the_exact_one(told: tuple[int, int]) -> None:
    """Its ends are solutions of (p - k/n)² = z²p(1 - p)/n; outside of it the left side is larger."""
    part, whole = told
    found = wilson(part, whole)
    assert found is not None
    for end in found:
        assert (end - Fraction(part, whole)) ** 2 >= Z * Z * end * (1 - end) / whole


def test_the_quantile_is_the_normal_one() -> None:
    assert float(Z) == pytest.approx(norm.ppf(0.975), abs=1e-15)
    with pytest.raises(ValueError, match="no rate"):
        wilson(3, 2)


@pytest.mark.parametrize(
    ("rates", "key"),
    [
        ([("a", 30, 100), ("b", 5, 100)], "a"),
        ([("a", 30, 100), ("b", 25, 100)], None),
        ([("a", 30, 100), ("b", 0, 99)], None),
        ([("a", 30, 100)], None),
        ([("a", 30, 100), ("b", 5, 100), ("c", 9, 9)], "a"),
        ([("a", 3_000, 10_000), ("b", 2_500, 10_000), ("c", 28, 100)], None),
        ([("a", 0, 100), ("b", 0, 100)], None),
        ([], None),
    ],
)
def test_only_what_is_surely_better_is_called_best(
    rates: list[tuple[str, int, int]], key: str | None
) -> None:
    assert best([Rate(*one) for one in rates], least=100).key == key


@given(st.integers(-(10**9), 10**9), st.dictionaries(st.text(max_size=3), st.integers(-5, 10**9)))
def test_shares_are_the_whole_to_the_cent(amount: int, weights: dict[str, int]) -> None:
    parts = split(amount, weights)
    heavy = {key: weight for key, weight in weights.items() if weight > 0}
    if not heavy:
        assert parts == {}
        return
    assert sum(parts.values()) == amount and {*parts} == {*heavy}
    whole = sum(heavy.values())
    assert all(abs(parts[key] - Fraction(amount * heavy[key], whole)) < 1 for key in heavy)
    assert split(amount, dict(reversed([*weights.items()]))) == parts
    assert split(-amount, weights) == {key: -part for key, part in parts.items()}


def test_of_equal_remainders_the_first_name_gets_the_cent() -> None:
    assert split(100, {"b": 1, "a": 1, "c": 1}) == {"a": 34, "b": 33, "c": 33}


@given(
    st.integers(-(10**6), 10**6),
    st.dates(date(2024, 1, 1), date(2026, 12, 31)),
    st.integers(0, 400),
)
def test_a_cost_is_spread_over_all_its_days(amount: int, first: date, days: int) -> None:
    weeks = Weeks.until(date(2027, 6, 1), ZoneInfo("Asia/Shanghai"))
    last = date.fromordinal(first.toordinal() + days)
    assert sum(by_week(amount, first, last, weeks).values()) == amount


ZONES = ("Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca")


@settings(max_examples=20)
@given(st.sampled_from(ZONES), st.lists(st.integers(1_600_000_000, 1_790_000_000), min_size=1))
def test_the_database_counts_weeks_as_the_calendar_does(name: str, times: list[int]) -> None:
    """Also where clocks change, by an hour or by half of one."""
    zone = ZoneInfo(name)
    weeks = Weeks.until(date(2026, 9, 30), zone, 200)
    near = [edge + shift for edge in weeks.starts for shift in (-1, 0, 1)]
    moments = Table("moments", MetaData(), Column("at", BigInteger))
    with create_engine("sqlite://").connect() as connection:
        moments.create(connection)
        connection.execute(moments.insert(), [{"at": at} for at in (*times, *near)])
        found = connection.execute(select(moments.c.at, weeks.counted(moments.c.at))).all()
    for at, counted in found:
        assert counted == weeks.number(at)
        if 0 <= counted < len(weeks.mondays):
            year, week, _ = calendar.day(at, zone).isocalendar()
            assert weeks.name(counted) == f"{year:04}-W{week:02}"


def test_what_is_before_or_after_all_weeks_is_one() -> None:
    weeks = Weeks.until(date(2026, 3, 31), ZoneInfo("Asia/Shanghai"), 2)
    names = ["< 2026-W13", "2026-W13", "2026-W14", "> 2026-W14"]
    assert [weeks.name(n) for n in range(-1, 3)] == names
    assert weeks.number(0) == -1

"""The period review: what was planned against what came, where most people were lost, what to try next.

Deterministic: the same books give the same review. What is said to try is a starting point for a person, with
the people it takes to see whether it helped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from curate.books.direct.figures import Figures
from curate.books.direct.interval import Rate, Z, best, wilson
from curate.books.direct.sums import sums
from curate.books.journey import events, results
from curate.books.reports import Cell, Chart, Column, Kind, Money, Report, Table
from curate.database.tables import STAGES, contacts, moves
from curate.messages import Say, msg, render, speaker
from curate.shop import calendar, money

if TYPE_CHECKING:
    from curate.model import Message
    from curate.shop import Shop
    from curate.shop.calendar import Period

_EXPERIMENTS = 3
_BETTER = Fraction(6, 5)
"""The improvement that an experiment shall be able to show: a rate a fifth higher."""
_Z = Z + Fraction("0.841621233572914")
"""Of 95 % sureness on both sides, and 80 % to see what is there (normal distribution)."""
_WEEK = 7
_TRY: dict[str, Message] = {
    "stranger": msg("another channel, or another time of the day, with the same content"),
    "aware": msg("another bait, with all the rest the same"),
    "interested": msg("another hook: something that is worth agreeing to be written to"),
    "following": msg("a first message that asks a question instead of telling something"),
    "familiar": msg("an example of how somebody used it, and a question what they think of it"),
    "approving": msg("a sample for nothing, or an answer to what they doubt most"),
    "trusting": msg("a smaller first purchase, or another price"),
    "purchased": msg("to ask two weeks after the purchase whether a friend could use it"),
}
"""By the stage from which people do not go on."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The sum of the months' targets; None where no month has one. Money in minor units of [books].currency."""

    revenue: int | None
    cost: int | None
    contacts: int | None
    buyers: int | None
    without: tuple[str, ...]  # months that have none


@dataclass(frozen=True, slots=True)
class Loss:
    """Of those who reached ``stage``, who did not go on until the end of the period."""

    stage: str
    next: str
    reached: int
    went_on: int

    @property
    def lost(self) -> int:
        return self.reached - self.went_on

    @property
    def rate(self) -> Fraction | None:
        """Who went on."""
        return Fraction(self.went_on, self.reached) if self.reached else None


def report(shop: Shop, period: Period, by: str = "") -> Report:
    """``by`` has no meaning here."""
    say = speaker(shop.workspace.settings.language)
    events.follow(shop)
    totals = sums(shop, period, "channel").totals
    planned, found = plan(shop, period), _own(shop, totals)
    lost = losses(shop, period)
    tables = (
        _money(shop, planned, found, say),
        _people(planned, found, say),
        _factors(shop, planned, found, say),
        _losses(shop, lost, say),
        _experiments(shop, period, lost, say),
    )
    chart = Chart("losses", say("Who went on"), "funnel", "losses", "stage", ("reached",))
    return Report(
        "review", say("Period review"), period.name, tables, (chart,) if lost[0].reached else (),
        notes=tuple(_currencies(found.currency, totals, say)),
    )  # fmt: skip


def _currencies(own: str, totals: Sequence[Figures], say: Say) -> Iterator[str]:
    """One review is of one currency."""
    yield say("Sales, buyers and costs are those in {currency}, the currency of [books].", currency=own)  # fmt: skip
    if others := sorted({one.currency for one in totals} - {own}):
        yield say("Left out, in other currencies: {currencies}", currencies=say(", ").join(others))


def plan(shop: Shop, period: Period) -> Plan:
    """Of the months that lie in ``period`` whole."""
    targets = shop.settings.targets
    zone = calendar.zone(shop.settings.books.timezone)
    whole = {month: calendar.parse(month, zone) for month in period.months()}
    mine = {
        month: targets[month]
        for month, one in whole.items()
        if month in targets and period.first <= one.first and one.last <= period.last
    }
    currency = shop.settings.books.currency

    def summed(name: str) -> int | None:
        told = [amount for one in mine.values() if (amount := getattr(one, name))]
        return sum(money.minor(amount, currency) for amount in told) if told else None

    def counted(name: str) -> int | None:
        return sum(getattr(one, name) for one in mine.values()) or None

    without = tuple(month for month in period.months() if month not in mine)
    return Plan(summed("revenue"), summed("cost"), counted("contacts"), counted("buyers"), without)


def _own(shop: Shop, totals: Sequence[Figures]) -> Figures:
    """All sales in the currency of [books], and everybody who came."""
    currency = shop.settings.books.currency
    return next((one for one in totals if one.currency == currency), Figures("", currency))


def losses(shop: Shop, period: Period) -> tuple[Loss, ...]:
    """Of the contacts who came in the period, stage by stage until its end."""
    mine = (contacts.c.acquired_at >= period.begin) & (contacts.c.acquired_at < period.end)
    query = (
        select(moves.c.stage, func.count())
        .join(contacts, contacts.c.id == moves.c.contact_id)
        .where(mine, moves.c.at < period.end)
        .group_by(moves.c.stage)
    )
    with shop.database.reading() as connection:
        counts = {row[0]: int(row[1]) for row in connection.execute(query)}
        counts[STAGES[0]] = connection.scalar(select(func.count()).where(mine)) or 0
    return tuple(
        Loss(stage, after, counts.get(stage, 0), min(counts.get(after, 0), counts.get(stage, 0)))
        for stage, after in pairwise(STAGES)
    )


def greatest(lost: Sequence[Loss], least: int) -> tuple[Loss, ...]:
    """Where most people were lost, of stages that at least ``least`` reached; of equal ones the earlier first."""
    enough = [one for one in lost if one.reached >= least and one.lost]
    return tuple(sorted(enough, key=lambda one: -one.lost))


def needed(rate: Fraction, better: Fraction) -> int:
    """People for each of two ways to see that the rate is ``better`` and not ``rate``: the usual formula for two
    proportions, (z₁ + z₂)²·(p(1-p) + q(1-q))/(p-q)², rounded up."""
    spread = rate * (1 - rate) + better * (1 - better)
    return ceil(_Z * _Z * spread / (better - rate) ** 2)


def aim(rate: Fraction) -> Fraction:
    """A fifth more; where that is more than all, half of what is lost."""
    return min(rate * _BETTER, 1 - (1 - rate) / 2)


def _money(shop: Shop, planned: Plan, found: Figures, say: Say) -> Table:
    profit = None
    if planned.revenue is not None and planned.cost is not None:
        profit = planned.revenue - planned.cost
    rows = tuple(
        _row(name, told, came, found.currency)
        for name, told, came in (
            (say("revenue"), planned.revenue, found.revenue),
            (say("traffic cost"), planned.cost, found.traffic),
            (say("profit"), profit, found.profit),
        )
    )
    return Table(
        "money",
        say("Plan and actual: money"),
        _columns("money", say),
        rows,
        notes=_notes(shop, planned, say),
    )


def _notes(shop: Shop, planned: Plan, say: Say) -> tuple[str, ...]:
    notes = []
    if planned.without:
        notes.append(
            say("Without a target, or not whole in the period: {months}", months=say(", ").join(planned.without))
        )  # fmt: skip
    if planned == Plan(None, None, None, None, planned.without):
        example = '[targets."2026-03"]'
        notes.append(say("Nothing is planned: write {example} into shop.toml", example=example))
    return tuple(notes)


def _people(planned: Plan, found: Figures, say: Say) -> Table:
    rows = (
        _row(say("new contacts"), planned.contacts, found.users),
        _row(say("buyers"), planned.buyers, found.buyers),
    )
    return Table("people", say("Plan and actual: people"), _columns("count", say), rows)


def _factors(shop: Shop, planned: Plan, found: Figures, say: Say) -> Table:
    """Which of the factors of revenue fell short most: users × conversion × revenue per buyer."""
    scale = 10 ** money.digits(found.currency)
    rows = (
        _factor(say("new contacts"), planned.contacts, found.users),
        _factor(
            say("conversion (%)"),
            _percent(_ratio(planned.buyers, planned.contacts)),
            _percent(found.conversion),
        ),
        _factor(
            say("revenue per buyer ({currency})", currency=found.currency),
            _ratio(planned.revenue, planned.buyers, scale),
            None if found.order_value is None else found.order_value / scale,
        ),
    )
    known = [(row[3], row[0]) for row in rows if isinstance(row[3], Fraction)]
    notes: tuple[str, ...] = ()
    if len(known) == len(rows):
        share, name = min(known, key=lambda one: one[0])
        if share < 1:
            notes = (say("Furthest behind the plan: {name}", name=name),)
    columns = (
        Column("factor", say("factor")), Column("planned", say("planned"), "number"),
        Column("actual", say("actual"), "number"), Column("share", say("reached"), "ratio"),
    )  # fmt: skip
    return Table("factors", say("The factors of revenue"), columns, rows, notes=notes)


def _columns(kind: Kind, say: Say) -> tuple[Column, ...]:
    return (
        Column("measure", say("measure")), Column("planned", say("planned"), kind),
        Column("actual", say("actual"), kind), Column("difference", say("difference"), kind),
        Column("share", say("reached"), "ratio"),
    )  # fmt: skip


def _row(name: str, planned: int | None, came: int, currency: str = "") -> tuple[Cell, ...]:
    """Money where there is a currency."""

    def cell(value: int | None) -> Cell:
        return value if value is None or not currency else Money(value, currency)

    difference = None if planned is None else came - planned
    share = Fraction(came, planned) if planned and planned > 0 else None
    return name, cell(planned), cell(came), cell(difference), share


def _factor(
    name: str, planned: Fraction | int | None, came: Fraction | int | None
) -> tuple[Cell, ...]:
    share = Fraction(came) / planned if planned and came is not None else None
    return name, planned, came, share


def _ratio(part: int | None, whole: int | None, scale: int = 1) -> Fraction | None:
    return Fraction(part, whole * scale) if part is not None and whole else None


def _percent(rate: Fraction | None) -> Fraction | None:
    """The factors stand in one column of numbers, each with its unit beside its name."""
    return None if rate is None else 100 * rate


def _losses(shop: Shop, lost: Sequence[Loss], say: Say) -> Table:
    least = shop.settings.books.least_sample
    ranks = {one.stage: rank for rank, one in enumerate(greatest(lost, least), 1)}
    rows = tuple(_lost(one, ranks.get(one.stage), say) for one in lost)
    columns = (
        Column("stage", say("from stage")), Column("next", say("to stage")),
        Column("reached", say("came so far"), "count"), Column("went_on", say("went on"), "count"),
        Column("lost", say("lost"), "count"), Column("rate", say("share that went on"), "ratio"),
        Column("low", say("at least"), "ratio"), Column("high", say("at most"), "ratio"),
        Column("rank", say("rank of loss"), "count"),
    )  # fmt: skip
    note = say(
        "Contacts who came in the period, until its end. Stages that fewer than {n} reached are not ranked: too few to tell.",
        n=least,
    )  # fmt: skip
    return Table("losses", say("Where people were lost"), columns, rows, notes=(note,))


def _lost(one: Loss, rank: int | None, say: Say) -> tuple[Cell, ...]:
    sure = wilson(one.went_on, one.reached)
    return (
        say(one.stage), say(one.next), one.reached, one.went_on, one.lost, one.rate,
        sure.low if sure else None, sure.high if sure else None, rank,
    )  # fmt: skip


def _experiments(shop: Shop, period: Period, lost: Sequence[Loss], say: Say) -> Table:
    language = shop.workspace.settings.language
    least = shop.settings.books.least_sample
    days = (period.last - period.first).days + 1
    rows: list[tuple[Cell, ...]] = []
    for one in greatest(lost, least)[:_EXPERIMENTS]:
        rate = one.rate or Fraction(0)
        # Where nobody went on a fifth more is nobody too: one in a hundred then.
        goal = aim(rate) if rate else Fraction(1, 100)
        people = needed(rate, goal)
        weeks = ceil(Fraction(2 * people * days, one.reached * _WEEK))
        step = f"{say(one.stage)} → {say(one.next)}"
        rows.append((step, render(_TRY[one.stage], language), rate, goal, people, weeks))
    columns = (
        Column("step", say("step")), Column("try", say("try")), Column("rate", say("share that went on"), "ratio"),
        Column("goal", say("to be seen"), "ratio"), Column("people", say("people for each of two ways"), "count"),
        Column("weeks", say("weeks at the present pace"), "count"),
    )  # fmt: skip
    notes = [*_campaigns(shop, period, say)]
    if not rows:
        notes.append(say("Too few people came to say where most are lost."))
    return Table("experiments", say("Next experiments"), columns, tuple(rows), notes=tuple(notes))


def _campaigns(shop: Shop, period: Period, say: Say) -> Iterator[str]:
    """What the campaigns of the period say already: which bait and hook is surely better than the others."""
    least = shop.settings.books.least_sample
    names = {"bait": say("bait"), "hook": say("hook")}
    for by, some in results.results_by(shop, period, tuple(names)).items():
        name, found = names[by], [one for one in some if one.value]
        told = best((Rate(one.value, one.buyers, one.contacts) for one in found), least)
        if told.key is not None:
            yield say(
                "Buyers per contact: the best {what} is {title}, surely", what=name, title=told.key
            )
        elif told.compared > 1:
            yield say(
                "Buyers per contact: no {what} is surely better than the others yet", what=name
            )

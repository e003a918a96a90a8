"""How many came how far: of the contacts of a period, at each stage, where they were lost and how long it took.

A contact who reached a stage passed all before it, so every count is of distinct contacts and none is larger
than the one above it. What is told of a period is what was known at its end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import ColumnElement, Connection, case, func, select

from curate.books.journey import events
from curate.books.reports import Cell, Chart, Column, Report, Table
from curate.database.tables import STAGES, campaigns, contacts, moves
from curate.errors import CurateError
from curate.messages import Say, speaker

if TYPE_CHECKING:
    from curate.shop import Shop
    from curate.shop.calendar import Period

BY = ("channel", "campaign", "language")
_DAY = 86_400


class Step(msgspec.Struct, frozen=True):
    """One stage. ``reached``: distinct contacts of the period who came this far until its end."""

    stage: str
    reached: int
    passed: int  # of them, who jumped over it: they bought, or were interested at once
    stayed: int  # of them, who came no further
    moved: int  # who reached it within the period, whenever they were first heard of
    before: int  # who reached the stage before
    seconds: (
        Fraction | None
    )  # median from here to the next stage, of those who went on, without jumps

    @property
    def rate(self) -> Fraction | None:
        """Of those who reached the stage before; None of nobody, and of the first."""
        return Fraction(self.reached, self.before) if self.before else None

    @property
    def lost(self) -> int:
        """Who came as far as the stage before and not to this one."""
        return self.before - self.reached if self.before else 0


def steps(shop: Shop, period: Period) -> tuple[Step, ...]:
    """The nine stages in their order, of the contacts whom the period brought."""
    events.follow(shop)
    with shop.database.reading() as connection:
        reached, passed = _reached(connection, period)
        moved = _moved(connection, period)
        took = _took(connection, period)
    following = [*STAGES[1:], ""]
    before = ["", *STAGES[:-1]]
    return tuple(
        Step(stage, reached[stage], passed[stage], reached[stage] - reached[after], moved[stage],
             reached[earlier], median(took[stage]))
        for stage, after, earlier in zip(STAGES, following, before, strict=True)
    )  # fmt: skip


def _of(period: Period) -> tuple[ColumnElement[bool], ...]:
    return contacts.c.acquired_at >= period.begin, contacts.c.acquired_at < period.end


def _reached(connection: Connection, period: Period) -> tuple[dict[str, int], dict[str, int]]:
    """(who reached it, who passed it by) of each stage."""
    reached: dict[str, int] = defaultdict(int)
    passed: dict[str, int] = defaultdict(int)
    query = select(func.count()).select_from(contacts).where(*_of(period))
    reached[STAGES[0]] = connection.scalar(query) or 0
    by_stage = (
        select(moves.c.stage, func.count(), func.sum(case((moves.c.passed, 1), else_=0)))
        .join(contacts, contacts.c.id == moves.c.contact_id)
        .where(*_of(period), moves.c.at < period.end)
        .group_by(moves.c.stage)
    )
    for stage, count, jumped in connection.execute(by_stage):
        reached[stage], passed[stage] = int(count), int(jumped)
    return reached, passed


def _moved(connection: Connection, period: Period) -> dict[str, int]:
    query = (
        select(moves.c.stage, func.count())
        .where(moves.c.at >= period.begin, moves.c.at < period.end)
        .group_by(moves.c.stage)
    )
    found = defaultdict(int, {stage: int(count) for stage, count in connection.execute(query)})
    new = select(func.count()).select_from(contacts).where(*_of(period))
    found[STAGES[0]] = connection.scalar(new) or 0
    return found


def _took(connection: Connection, period: Period) -> dict[str, list[tuple[int, int]]]:
    """(seconds, contacts) from each stage to the next one, of all who went on without jumping."""
    one, other = moves.alias("one"), moves.alias("other")
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    number = {stage: rank for rank, stage in enumerate(STAGES)}
    here = case(*((one.c.stage == stage, rank) for stage, rank in number.items()))
    there = case(*((other.c.stage == stage, rank) for stage, rank in number.items()))
    took = (other.c.at - one.c.at).label("took")
    query = (
        select(one.c.stage.label("left"), took, func.count())
        .select_from(
            contacts.join(one, one.c.contact_id == contacts.c.id).join(
                other, (other.c.contact_id == contacts.c.id) & (there == here + 1)
            )
        )
        .where(*_of(period), other.c.at < period.end, one.c.passed.is_(False))
        .group_by("left", "took")
    )
    for stage, seconds, count in connection.execute(query):
        found[stage].append((int(seconds), int(count)))
    first = (moves.c.at - contacts.c.acquired_at).label("took")
    begun = (
        select(first, func.count())
        .select_from(contacts.join(moves, moves.c.contact_id == contacts.c.id))
        .where(*_of(period), moves.c.at < period.end, moves.c.stage == STAGES[1])
        .group_by("took")
    )
    found[STAGES[0]] = [(int(seconds), int(count)) for seconds, count in connection.execute(begun)]
    return found


def median(counted: Iterable[tuple[int, int]]) -> Fraction | None:
    """Of (value, how often); between the two in the middle where they are even. None of nothing."""
    some = sorted(counted)
    total = sum(count for _, count in some)
    if not total:
        return None
    low, high = (_nth(some, place) for place in ((total - 1) // 2, total // 2))
    return Fraction(low + high, 2)


def _nth(some: Sequence[tuple[int, int]], place: int) -> int:
    for value, count in some:
        if place < count:
            return value
        place -= count
    raise IndexError(place)


def report(shop: Shop, period: Period, by: str = "") -> Report:
    """The funnel, and with ``by`` one of :data:`BY` how far those of each came. Raises CurateError."""
    if by and by not in BY:
        raise CurateError(f"the journey is not told by {by[:40]!r}", f"there are: {', '.join(BY)}")
    say = speaker(shop.workspace.settings.language)
    found = steps(shop, period)
    tables = [_funnel(shop, found, say)]
    with shop.database.reading() as connection:
        for one in (by,) if by else ("channel", "campaign"):
            tables.append(_groups(connection, shop, period, one, say))
    return Report(
        "journey",
        say("From stranger to sharing"),
        period.name,
        tuple(tables),
        (Chart("funnel", say("Contacts by stage"), "funnel", "funnel", "stage", ("contacts",)),),
        (say("Counted are the people who were first heard of in this period, and how far they came until its end."),),
    )  # fmt: skip


def _funnel(shop: Shop, found: Sequence[Step], say: Say) -> Table:
    first = found[0].reached
    rows = tuple(
        (
            say(one.stage), one.reached, Fraction(one.reached, first) if first else None, one.rate,
            one.lost, one.passed, one.stayed, one.moved,
            one.seconds / _DAY if one.seconds is not None else None,
        )
        for one in found
    )  # fmt: skip
    least = shop.settings.books.least_sample
    few = say("Fewer than {least} contacts: rates are only a hint.", least=least)
    return Table(
        "funnel",
        say("Funnel"),
        (
            Column("stage", say("stage")),
            Column("contacts", say("contacts"), "count"),
            Column("share", say("of all"), "ratio"),
            Column("rate", say("of the stage before"), "ratio"),
            Column("lost", say("lost before it"), "count"),
            Column("passed", say("jumped over it"), "count"),
            Column("stayed", say("came no further"), "count"),
            Column("moved", say("reached it in the period"), "count"),
            Column("days", say("days to the next one (median)"), "number"),
        ),
        rows,
        notes=(few,) if first < least else (),
    )


def _groups(connection: Connection, shop: Shop, period: Period, by: str, say: Say) -> Table:
    counted: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    together: dict[str, int] = defaultdict(int)
    for value, stage, count in _by_group(connection, period, by):
        counted[value or ""][stage] += int(count)
        together[stage] += int(count)
    names = sorted(counted, key=lambda one: (not one, one))
    return Table(
        f"by_{by}",
        say("How far they came, by {what}", what=by),
        (
            Column(by, say(by)),
            *(Column(stage, say(stage), "count") for stage in STAGES),
            Column("conversion", say("conversion"), "ratio"),
        ),
        tuple(_group(name or say("unknown"), counted[name]) for name in names),
        _group(say("together"), together) if counted else (),
    )


def _group(name: str, counts: dict[str, int]) -> tuple[Cell, ...]:
    first, bought = counts[STAGES[0]], counts["purchased"]
    shares = Fraction(bought, first) if first else None
    return (name, *(counts[stage] for stage in STAGES), shares)


def _by_group(connection: Connection, period: Period, by: str) -> Iterable[Any]:
    """(value, stage, contacts)."""
    value = (campaigns.c.code if by == "campaign" else contacts.c[by]).label("value")
    people = contacts.outerjoin(campaigns, campaigns.c.id == contacts.c.campaign_id)
    first = select(value, func.count()).select_from(people).where(*_of(period)).group_by("value")
    for name, count in connection.execute(first):
        yield name, STAGES[0], count
    query = (
        select(value, moves.c.stage, func.count())
        .select_from(people.join(moves, moves.c.contact_id == contacts.c.id))
        .where(*_of(period), moves.c.at < period.end)
        .group_by("value", moves.c.stage)
    )
    yield from connection.execute(query)

"""What is asked of a distribution by law, told from the database and shop.toml: how many levels there are, how
many heads, by whose law, and what was paid for. Not legal advice.

Prosecution of organisers begins at thirty people on three levels, the organiser's own level counted (Opinion
of SPC, SPP and MPS on pyramid selling, 2013). Head-count rewards, entry fees and rewards for what others sell
are forbidden whatever their number (Regulations on Prohibition of Pyramid Selling, 2005, art. 7).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, func, select

from curate.books.affiliates.accounts import PURPOSE
from curate.books.journey import consent
from curate.books.reports import Column, Money, Report, Table
from curate.database.tables import affiliates, commissions, contacts, introductions, pools
from curate.messages import Say, speaker

if TYPE_CHECKING:
    from curate.shop import Shop
    from curate.shop.calendar import Period

HEADS, LEVELS = 30, 3
"""From which on, together, organisers are prosecuted; both numbers count themselves in."""


class _Facts(NamedTuple):
    """``heads``: by level, (all, active). ``paid``: of the period, role, kind and currency to (count, amount)."""

    heads: dict[int, tuple[int, int]]
    largest: int  # how many one affiliate introduced, at most
    paid: dict[tuple[str, str, str], tuple[int, int]]
    unsold: int  # commissions of no sale
    without: int  # accounts that nobody agrees to

    @property
    def levels(self) -> int:
        """With the seller's own."""
        return 1 + sum(1 for count, _ in self.heads.values() if count)

    @property
    def people(self) -> int:
        """With the seller."""
        return 1 + sum(count for count, _ in self.heads.values())


class _Check(NamedTuple):
    what: str
    fine: bool
    found: str


def report(shop: Shop, period: Period, by: str = "") -> Report:
    """Levels and heads as they are now; what was paid for within ``period``. ``by`` says nothing here."""
    say = speaker(shop.workspace.settings.language)
    with shop.database.reading() as connection:
        facts = _facts(connection, period)
    return Report(
        "compliance",
        say("Distribution and the law"),
        period.name,
        (_checks(shop, facts, say), _levels(facts, say), _paid(facts, say), _rules(shop, say)),
        notes=(
            say(
                "Entry fees, bonuses for heads and a third level cannot be written down in shop.toml or in "
                "the database."
            ),
            say("This report tells figures; it is no legal advice."),
        ),
    )


def _checks(shop: Shop, facts: _Facts, say: Say) -> Table:
    good, bad = say("yes"), say("no")
    rows = tuple(
        (one.what, good if one.fine else bad, one.found) for one in _checked(shop, facts, say)
    )
    columns = (
        Column("check", say("what is asked")),
        Column("fine", say("kept")),
        Column("found", say("found")),
    )
    return Table("checks", say("What is asked, and what was found"), columns, rows)


def _checked(shop: Shop, facts: _Facts, say: Say) -> Iterator[_Check]:
    told = shop.settings.distribution
    introduced = sum(
        count for (role, _, _), (count, _) in facts.paid.items() if role == "introducer"
    )
    allowed = say("profile {profile}, depth {n}", profile=told.profile, n=told.depth)
    second = facts.heads.get(2, (0, 0))[0]
    yield _Check(
        say("No affiliate is on a level that the profile does not allow"),
        told.depth == 2 or not second,
        f"{allowed}; {say('affiliates on level 2: {n}', n=second)}",
    )
    yield _Check(
        say("What others sell is paid for only where the profile allows it"),
        told.depth == 2 or not introduced,
        say("commissions to introducers: {n}", n=introduced),
    )
    yield _Check(
        say("Every commission is of a sale"),
        not facts.unsold,
        say("commissions of no sale: {n}", n=facts.unsold),
    )
    yield _Check(
        say("Fewer than {heads} people, or fewer than {levels} levels, with the seller", heads=HEADS, levels=LEVELS),
        facts.people < HEADS or facts.levels < LEVELS,
        say("people: {heads}, levels: {levels}", heads=facts.people, levels=facts.levels),
    )  # fmt: skip
    yield _Check(
        say("Commission is held until the buyer cannot give back any more"),
        told.hold_days >= told.refund_days,
        say("held {hold} days, given back within {back}", hold=told.hold_days, back=told.refund_days),
    )  # fmt: skip
    yield _Check(
        say("Accounts are kept only of people who agree to it"),
        not facts.without,
        say("accounts without consent: {n}", n=facts.without),
    )


def _levels(facts: _Facts, say: Say) -> Table:
    columns = (
        Column("level", say("level")),
        Column("people", say("people"), "count"),
        Column("active", say("active"), "count"),
    )
    rows = ((say("the seller"), 1, 1), *(
        (say("affiliates on level {n}", n=level), *facts.heads.get(level, (0, 0))) for level in (1, 2)
    ))  # fmt: skip
    active = 1 + sum(count for _, count in facts.heads.values())
    note = say("The most that one affiliate introduced: {n}", n=facts.largest)
    total = (say("together"), facts.people, active)
    return Table("levels", say("Levels and heads"), columns, rows, total, (note,))


def _paid(facts: _Facts, say: Say) -> Table:
    roles = {"seller": say("their own sales"), "introducer": say("sales of whom they introduced")}
    kinds = {"earn": say("earned"), "reverse": say("given back"), "adjust": say("put right")}
    columns = (
        Column("role", say("for")),
        Column("kind", say("kind")),
        Column("count", say("count"), "count"),
        Column("amount", say("amount"), "money"),
    )
    rows = tuple(
        (roles[role], kinds[kind], count, Money(amount, currency))
        for (role, kind, currency), (count, amount) in sorted(facts.paid.items())
    )
    return Table("paid", say("What was paid for"), columns, rows)


def _rules(shop: Shop, say: Say) -> Table:
    columns = (
        Column("rule", say("rule")),
        Column("own", say("for their own sales")),
        Column("introducer", say("for whom they introduced")),
        Column("cap", say("at most in a month")),
    )
    rows = []
    for name, rule in sorted(shop.settings.rules.items()):
        if rule.percent:
            own = say("{percent} % of the sale", percent=rule.percent)
            tiers = (
                say("{percent} % above {amount}", percent=tier.percent, amount=tier.above)
                for tier in rule.tiers
            )
            own = "; ".join([own, *tiers])
        elif rule.fixed:
            own = say("{amount} for each piece", amount=rule.fixed)
        else:
            own = say("what is above {amount} for each piece", amount=rule.wholesale)
        introducer = say("{percent} % of the sale", percent=rule.introducer or "0")
        rows.append((name, own, introducer, rule.cap or None))
    return Table("rules", say("What the rules pay for"), columns, tuple(rows))


def _facts(connection: Connection, period: Period) -> _Facts:
    heads: dict[int, list[int]] = {}
    counted = select(affiliates.c.level, affiliates.c.state, func.count()).group_by(
        affiliates.c.level, affiliates.c.state
    )
    for level, state, count in connection.execute(counted):
        told = heads.setdefault(int(level), [0, 0])
        told[0] += int(count)
        told[1] += int(count) if state == "active" else 0
    each = (
        select(func.count().label("n"))
        .select_from(introductions)
        .group_by(introductions.c.introducer_id)
        .subquery()
    )
    largest = connection.scalar(select(func.max(each.c.n)))
    unsold = select(func.count()).where(commissions.c.line_id.is_(None), _within(period))
    return _Facts(
        {level: (told[0], told[1]) for level, told in heads.items()},
        int(largest or 0),
        _commissions(connection, period),
        int(connection.scalar(unsold) or 0),
        int(connection.scalar(_without()) or 0),
    )


def _commissions(
    connection: Connection, period: Period
) -> dict[tuple[str, str, str], tuple[int, int]]:
    key = (pools.c.role, commissions.c.kind, commissions.c.currency)
    query = (
        select(*key, func.count(), func.sum(commissions.c.amount))
        .join(pools, pools.c.id == commissions.c.pool_id)
        .where(_within(period))
        .group_by(*key)
    )
    return {
        (role, kind, currency): (int(count), int(amount))
        for role, kind, currency, count, amount in connection.execute(query)
    }


def _within(period: Period) -> Any:
    return (commissions.c.at >= period.begin) & (commissions.c.at < period.end)


def _without() -> Any:
    """Accounts of affiliates whose last word on it is not yes."""
    people = affiliates.outerjoin(contacts, contacts.c.id == affiliates.c.contact_id)
    return (
        select(func.count())
        .select_from(people)
        .where(affiliates.c.account != "", ~consent.live(PURPOSE))
    )

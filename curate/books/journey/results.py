"""What came of campaigns, by each of the four things that they are made of.

A contact is one campaign's, and a line of an order too: see :mod:`curate.books.credit`. So contacts are counted
once, and all rows together are the sales in the ledger to the cent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, select

from curate.books import credit
from curate.books.direct.costs import spent
from curate.books.journey import events
from curate.books.journey.campaigns import ELEMENTS
from curate.books.reports import Cell, Chart, Column, Money, Report, Table
from curate.database.tables import (
    campaigns,
    contacts,
    entries,
    lines,
    moves,
    orders,
    postings,
    visits,
)
from curate.errors import CurateError
from curate.messages import Say, speaker
from curate.shop import money

if TYPE_CHECKING:
    from curate.shop import Shop
    from curate.shop.calendar import Period

BY = (*ELEMENTS, "campaign")
_BOUGHT = "purchased"
_INCOME = "income:"


@dataclass(slots=True)
class Result:
    """Of one bait (or hook …), or of nothing that is known: "". Money in minor units, by currency."""

    value: str
    visits: int = 0
    contacts: int = 0  # that it brought in the period
    buyers: int = 0  # of these, who bought until its end
    revenue: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    cost: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def per_contact(self, currency: str) -> Fraction | None:
        """In minor units; None where nobody came, or no cost is known."""
        return self._per(self.contacts, currency)

    def per_buyer(self, currency: str) -> Fraction | None:
        return self._per(self.buyers, currency)

    def _per(self, count: int, currency: str) -> Fraction | None:
        cost = self.cost.get(currency, 0)
        return Fraction(cost, count) if count and cost else None

    def add(self, other: Result) -> None:
        self.visits += other.visits
        self.contacts += other.contacts
        self.buyers += other.buyers
        for mine, theirs in ((self.revenue, other.revenue), (self.cost, other.cost)):
            for currency, amount in theirs.items():
                mine[currency] = mine.get(currency, 0) + amount


def results(shop: Shop, period: Period, by: str) -> tuple[Result, ...]:
    """By ``by`` of :data:`BY`; the last one is of no campaign. Raises CurateError for another ``by``."""
    return results_by(shop, period, (by,))[by]


def results_by(shop: Shop, period: Period, several: Iterable[str]) -> dict[str, tuple[Result, ...]]:
    """:func:`results` by each of ``several``; the ledger is read once for all of them."""
    for by in several:
        if by not in BY:
            raise CurateError(
                f"{by[:40]!r} is no part of a campaign", f"there are: {', '.join(BY)}"
            )
    events.follow(shop)
    with shop.database.reading() as connection:
        found = _by_campaign(connection, period)
        named = {row.id: row for row in connection.execute(select(campaigns))}
    return {by: _grouped(found, named, by) for by in several}


def _grouped(
    found: Mapping[int | None, Result], named: Mapping[int, Any], by: str
) -> tuple[Result, ...]:
    sums: dict[str, Result] = {}
    for own, one in found.items():
        value = _value(named[own], by) if own is not None else ""
        sums.setdefault(value, Result(value)).add(one)
    none = sums.pop("", Result(""))
    return (*(sums[value] for value in sorted(sums)), none)


def _value(campaign: Any, by: str) -> str:
    return str(campaign.code if by == "campaign" else getattr(campaign, by))


def _by_campaign(connection: Connection, period: Period) -> dict[int | None, Result]:
    found: dict[int | None, Result] = defaultdict(lambda: Result(""))
    codes = {
        row.code: int(row.id)
        for row in connection.execute(select(campaigns.c.code, campaigns.c.id))
    }
    for code, count in _visits(connection, period):
        if code in codes:
            found[codes[code]].visits += count
    for own, count, bought in _people(connection, period):
        found[own].contacts += count
        found[own].buyers += bought
    for code, currency, amount in _revenue(connection, period):
        found[codes.get(code)].revenue[currency] -= int(amount)
    for cost in spent(connection, period):
        if cost.kind == "payment":  # goes with what is sold, not with who is brought
            continue
        found[codes.get(cost.campaign)].cost[cost.currency] += cost.amount
    return found


def _visits(connection: Connection, period: Period) -> Iterable[Any]:
    within = visits.c.day.between(str(period.first), str(period.last))
    query = select(visits.c.code, func.sum(visits.c.count)).where(within).group_by(visits.c.code)
    return ((code, int(count)) for code, count in connection.execute(query))


def _people(connection: Connection, period: Period) -> Iterable[Any]:
    bought = (moves.c.contact_id == contacts.c.id) & (moves.c.stage == _BOUGHT) & (
        moves.c.at < period.end
    )  # fmt: skip
    query = (
        select(contacts.c.campaign_id, func.count(), func.count(moves.c.id))
        .select_from(contacts.outerjoin(moves, bought))
        .where(contacts.c.acquired_at >= period.begin, contacts.c.acquired_at < period.end)
        .group_by(contacts.c.campaign_id)
    )
    return connection.execute(query).all()


def _revenue(connection: Connection, period: Period) -> Iterable[Any]:
    """(code, currency, amount) of what lines of orders brought in, less what was given back."""
    source, code = credit.of_lines(
        entries.join(postings, postings.c.entry_id == entries.c.id)
        .join(lines, lines.c.id == entries.c.line_id)
        .join(orders, orders.c.id == lines.c.order_id)
    )
    query = (
        select(code.label("campaign"), postings.c.currency, func.sum(postings.c.amount))
        .select_from(source)
        .where(
            entries.c.at >= period.begin, entries.c.at < period.end,
            func.substr(postings.c.account, 1, len(_INCOME)) == _INCOME,
        )
        .group_by("campaign", postings.c.currency)
    )  # fmt: skip
    return connection.execute(query).all()


def ranks(some: Iterable[Result], least: int, per: str, currency: str) -> dict[str, int]:
    """Places by cost per "contact" or "buyer", the cheapest 1; equal costs share one. Only of those who brought
    at least ``least`` contacts, at a cost that is known; and never of one alone."""
    known: dict[str, Fraction] = {}
    for one in some:
        cost = one.per_contact(currency) if per == "contact" else one.per_buyer(currency)
        if one.value and one.contacts >= least and cost is not None:
            known[one.value] = cost
    if len(known) < 2:
        return {}
    order = sorted(known.values())
    return {value: order.index(cost) + 1 for value, cost in known.items()}


def report(shop: Shop, period: Period, by: str = "bait") -> Report:
    """What the campaigns came to, by one of their elements."""
    found = results(shop, period, by or "bait")
    say, home = speaker(shop.workspace.settings.language), shop.settings.books.currency
    least = shop.settings.books.least_sample
    used = {currency for one in found for currency in (*one.revenue, *one.cost)}
    currencies = sorted(used | {home}, key=lambda one: (one != home, one))
    places = {per: ranks(found, least, per, home) for per in ("contact", "buyer")}
    total = Result(say("together"))
    for one in found:
        total.add(one)
    table = Table(
        "results",
        say("Results of campaigns"),
        _columns(say, by or "bait", currencies),
        tuple(_row(one, one.value or say("no campaign"), currencies, places) for one in found),
        _row(total, total.value, currencies, {}),
        _notes(say, found, least, places),
    )
    chart = Chart(
        "people", say("Contacts and buyers"), "bars", "results", "value", ("contacts", "buyers")
    )
    return Report("campaigns", say("Campaigns"), period.name, (table,), (chart,))


def _columns(say: Say, by: str, currencies: Iterable[str]) -> tuple[Column, ...]:
    revenue, cost = say("revenue"), say("cost")
    return (
        Column("value", say(by)),
        Column("visits", say("visits"), "count"),
        Column("contacts", say("contacts"), "count"),
        Column("buyers", say("of them bought"), "count"),
        Column("conversion", say("conversion"), "ratio"),
        *(Column(f"revenue_{one}", f"{revenue} {one}", "money") for one in currencies),
        *(Column(f"cost_{one}", f"{cost} {one}", "money") for one in currencies),
        Column("per_contact", say("cost per contact"), "number"),
        Column("contact_rank", say("place"), "count"),
        Column("per_buyer", say("cost per buyer"), "number"),
        Column("buyer_rank", say("place by buyers"), "count"),
    )


def _row(
    one: Result, name: str, currencies: list[str], places: Mapping[str, Mapping[str, int]]
) -> tuple[Cell, ...]:
    """Costs per head in whole units of the first currency."""
    unit = 10 ** money.digits(currencies[0])
    contact, buyer = one.per_contact(currencies[0]), one.per_buyer(currencies[0])
    return (
        name, one.visits, one.contacts, one.buyers,
        Fraction(one.buyers, one.contacts) if one.contacts else None,
        *(Money(one.revenue.get(code, 0), code) for code in currencies),
        *(Money(one.cost.get(code, 0), code) for code in currencies),
        contact / unit if contact is not None else None, places.get("contact", {}).get(one.value),
        buyer / unit if buyer is not None else None, places.get("buyer", {}).get(one.value),
    )  # fmt: skip


def _notes(
    say: Say, found: Iterable[Result], least: int, places: Mapping[str, Mapping[str, int]]
) -> tuple[str, ...]:
    few = [one.value for one in found if one.value and one.contacts < least]
    notes = [say("A line of an order counts for the campaign whose code it bears, else for the one that brought its buyer.")]  # fmt: skip
    if few:
        notes.append(
            say("Not ranked, for fewer than {least} contacts came by them: {names}.",
                least=least, names=", ".join(few[:20]))
        )  # fmt: skip
    if not any(places.values()):
        notes.append(say("Nothing is ranked: that needs two with enough contacts and known costs."))
    return tuple(notes)

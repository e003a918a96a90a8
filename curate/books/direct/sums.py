"""The figures of a period, added up by the database from the ledger itself.

One pass over the entries of the period for money and one for people, each through the keys that the tables
have; a cost is no line's, and there are few of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, and_, case, func, select

from curate.books.costs.allocation import Share, shares
from curate.books.direct import dimensions
from curate.books.direct.costs import Cost, spent
from curate.books.direct.dimensions import By, Dimension
from curate.books.direct.figures import KINDS, Figures, is_empty, summed
from curate.books.direct.weeks import Weeks, by_week
from curate.books.sharing import split
from curate.database.tables import contacts, entries, lines, orders, postings
from curate.shop import calendar

if TYPE_CHECKING:
    from curate.shop import Shop
    from curate.shop.calendar import Period

NOTHING = 0
_MONEY = ("", *KINDS)
_PREFIXES = (
    ("expenses:fees:", "fees"), ("expenses:payment", "payment"), ("expenses:commission:", "commission"),
    ("expenses:ads", "ads"), ("expenses:team", "team"), ("expenses:", "other"),
)  # fmt: skip
_WHOSE = {
    "income:sales:": "bundle",
    "expenses:fees:": "channel",
    "expenses:commission:": "affiliate",
}
_LAST = _MONEY.index("commission")
"""Up to here it is what comes with sales, above it what is spent by itself."""
_ROW, _CODE, _KIND = "row_key", "row_currency", "row_kind"
"""Grouped by their names: PostgreSQL takes an expression with a parameter for another one at each place."""
_SALES = entries.join(
    lines.join(orders, orders.c.id == lines.c.order_id), lines.c.id == entries.c.line_id
)
_Rows = dict[tuple[str, str], dict[str, int]]


class Sums(NamedTuple):
    """``rows`` by key and currency; ``totals`` by currency, of which the money is that of the rows."""

    rows: tuple[Figures, ...]
    totals: tuple[Figures, ...]


def sums(shop: Shop, period: Period, by: By) -> Sums:
    """Raises CurateError where costs cannot be shared out, see :func:`shares`."""
    weeks = Weeks.until(period.last, calendar.zone(shop.settings.books.timezone))
    told = dimensions.of(by, weeks)
    with shop.database.reading() as connection:
        found: _Rows = defaultdict(lambda: defaultdict(int))
        _add_money(connection, period, told, found)
        _add_costs(spent(connection, period), told, found)
        if by == "channel":
            _share_out(shares(shop, period), found)
        _add_buyers(connection, period, told, found)
        _add_users(connection, period, told, found, shop.settings.books.currency)
        rows = tuple(
            made
            for (key, currency), values in sorted(found.items(), key=lambda one: one[0])
            if not is_empty(made := Figures(key, currency, **values))
        )
        totals = tuple(_totals(connection, period, rows))
    return Sums(rows, totals)


def _add_money(connection: Connection, period: Period, told: Dimension, found: _Rows) -> None:
    """What was posted for lines of orders, and of income and fees what was posted for none."""
    kind, currency = _kind(), postings.c.currency
    amount = func.sum(postings.c.amount)
    source = entries.join(postings, postings.c.entry_id == entries.c.id)
    of_lines = (
        select(told.sale.label(_ROW), currency.label(_CODE), kind.label(_KIND), amount)
        .select_from(source.join(told.sales, lines.c.id == entries.c.line_id))
        .where(*_within(period), is_result())
        .group_by(_ROW, _CODE, _KIND)
    )
    for key, code, number, sum_ in connection.execute(of_lines):
        _book(found, told.name(key), code, _MONEY[number], int(sum_))
    of_none = (
        select(postings.c.account, currency.label(_CODE), kind.label(_KIND), amount)
        .select_from(source)
        .where(*_within(period), is_result(), entries.c.line_id.is_(None), kind <= _LAST)
        .group_by(postings.c.account, _CODE, _KIND)
    )
    for account, code, number, sum_ in connection.execute(of_none):
        _book(found, _named(told, account), code, _MONEY[number], int(sum_))


def _named(told: Dimension, account: str) -> str:
    """The row of an account that is no line's."""
    for prefix, by in _WHOSE.items():
        if account.startswith(prefix) and told.by == by:
            return account.removeprefix(prefix)
    return ""


def _book(found: _Rows, key: str, currency: str, kind: str, amount: int) -> None:
    found[key, currency][kind] += -amount if kind == "gross" else amount


def _kind() -> Any:
    """The place in :data:`_MONEY` of what a posting is; a small number is sorted faster than names."""
    account = postings.c.account
    income = case((postings.c.amount < 0, _MONEY.index("gross")), else_=_MONEY.index("refunded"))
    whens = [
        (func.substr(account, 1, len(prefix)) == prefix, _MONEY.index(kind))
        for prefix, kind in _PREFIXES
    ]
    return case((func.substr(account, 1, 7) == "income:", income), *whens, else_=NOTHING)


def is_result() -> Any:
    """Of income or expenses: what a profit is made of."""
    return func.substr(postings.c.account, 1, 2).in_(("in", "ex"))


def _within(period: Period) -> tuple[Any, Any]:
    return entries.c.at >= period.begin, entries.c.at < period.end


def _add_costs(costs: Iterable[Cost], told: Dimension, found: _Rows) -> None:
    """To the row that a cost names; what names none, by the rule of the dimension."""
    revenue: dict[str, dict[str, int]] = defaultdict(dict)
    for (key, currency), values in found.items():
        revenue[currency][key] = values["gross"] - values["refunded"]
    for cost in costs:
        for key, amount in _parts(cost, told, revenue[cost.currency]).items():
            found[key, cost.currency][cost.kind] += amount


def _share_out(some: Iterable[Share], found: _Rows) -> None:
    for one in some:
        found["", one.currency][one.kind] -= one.amount
        found[one.channel, one.currency][one.kind] += one.amount


def _parts(cost: Cost, told: Dimension, revenue: dict[str, int]) -> dict[str, int]:
    if told.by == "channel":
        return {cost.channel: cost.amount}
    if told.by == "campaign":
        return {cost.campaign: cost.amount}
    if told.by == "bundle":  # no cost names one
        return split(cost.amount, revenue) or {"": cost.amount}
    if told.by == "cohort" and cost.first and cost.last:
        parts = by_week(cost.amount, cost.first, cost.last, told.weeks)
        return {told.name(number): part for number, part in parts.items()}
    return {"": cost.amount}


def _sold(period: Period) -> Any:
    """Entries of what was bought; what cost nothing is no sale."""
    return and_(*_within(period), func.substr(entries.c.source, 1, 5) == "line:", lines.c.paid > 0)


def _add_buyers(connection: Connection, period: Period, told: Dimension, found: _Rows) -> None:
    query = (
        select(told.sale.label(_ROW), orders.c.currency.label(_CODE), _buyers(), _orders())
        .select_from(entries.join(told.sales, lines.c.id == entries.c.line_id))
        .where(_sold(period))
        .group_by(_ROW, _CODE)
    )
    for key, currency, buyers, count in connection.execute(query):
        # Weeks before the first that is told apart, and names that differ in nothing, are one row.
        found[told.name(key), currency]["buyers"] += buyers
        found[told.name(key), currency]["orders"] += count


def _buyers() -> Any:
    return func.count(func.coalesce(orders.c.contact_id, -orders.c.id).distinct())


def _orders() -> Any:
    return func.count(orders.c.id.distinct())


def _add_users(
    connection: Connection, period: Period, told: Dimension, found: _Rows, home: str
) -> None:
    """Contacts have no currency: they stand in the row of each one, or in that of the books where there is none."""
    for key, currency, count in _converted(connection, period, told):
        found[told.name(key), currency]["converted"] += count
    for key, count in _users(connection, period, told, found).items():
        for currency in [code for name, code in [*found] if name == key] or [home]:
            found[key, currency]["users"] += count


def _users(connection: Connection, period: Period, told: Dimension, found: _Rows) -> dict[str, int]:
    if told.by == "cohort":
        return _users_of_weeks(connection, period, told, found)
    if told.person is not None:
        person = told.person.label(_ROW)
        query = select(person, func.count()).select_from(told.people).where(*_new(period))
        return {told.name(key): count for key, count in connection.execute(query.group_by(_ROW))}
    everybody = _new_users(connection, period)
    return {key: everybody for key, _ in found if key}  # each bundle is offered to all


def _new(period: Period) -> tuple[Any, Any]:
    return contacts.c.acquired_at >= period.begin, contacts.c.acquired_at < period.end


def _new_users(connection: Connection, period: Period) -> int:
    query = select(func.count()).select_from(contacts).where(*_new(period))
    return connection.scalar(query) or 0


def _users_of_weeks(
    connection: Connection, period: Period, told: Dimension, found: _Rows
) -> dict[str, int]:
    """Whole weeks, also those that began before the period; of earlier ones those alone that bought or cost."""
    week = told.weeks.counted(contacts.c.acquired_at).label(_ROW)
    query = (
        select(week, func.count()).select_from(contacts).where(contacts.c.acquired_at < period.end)
    )
    first = told.weeks.number(period.begin)
    there = {key for key, _ in found}
    return {
        told.name(number): count
        for number, count in connection.execute(query.group_by(_ROW))
        if number >= first or told.name(number) in there
    }


def _converted(connection: Connection, period: Period, told: Dimension) -> Any:
    """(key, currency, contacts) of the users who bought within the period."""
    key = (lines.c.sku if told.person is None else told.person).label(_ROW)
    begin, end = _new(period)
    users = (end,) if told.by == "cohort" else (begin, end)  # of a week, all its people
    query = (
        select(key, orders.c.currency.label(_CODE), func.count(contacts.c.id.distinct()))
        .select_from(_SALES.join(told.people, contacts.c.id == orders.c.contact_id))
        .where(_sold(period), *users)
        .group_by(_ROW, _CODE)
    )
    return connection.execute(query).all()


def _totals(connection: Connection, period: Period, rows: Sequence[Figures]) -> Iterator[Figures]:
    """By currency. People once each, in however many rows they stand."""
    new = case((and_(*_new(period)), contacts.c.id))
    query = (
        select(orders.c.currency, _buyers(), _orders(), func.count(new.distinct()))
        .select_from(_SALES.outerjoin(contacts, contacts.c.id == orders.c.contact_id))
        .where(_sold(period))
        .group_by(orders.c.currency)
    )
    people = {currency: counts for currency, *counts in connection.execute(query)}
    users = _new_users(connection, period)
    for currency in sorted({row.currency for row in rows}):
        total = summed([row for row in rows if row.currency == currency])
        buyers, count, converted = people.get(currency, (0, 0, 0))
        yield replace(total, users=users, converted=converted, buyers=buyers, orders=count)

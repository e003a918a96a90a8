"""The ledger of a period as tables: what came of it, every account, what was booked late, closed months."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, case, func, select

from curate.books import periods
from curate.books.reports import Cell, Chart, Column, Money, Report, Table
from curate.database.tables import entries, postings
from curate.messages import Say, speaker
from curate.shop import calendar

if TYPE_CHECKING:
    from curate.shop import Shop
    from curate.shop.calendar import Period

_KINDS = {
    "income:sales": "sales",
    "expenses:fees": "platform fees",
    "expenses:payment": "payment fees",
    "expenses:commission": "commission",
    "expenses:ads": "advertising",
    "expenses:team": "team",
    "expenses:other": "other costs",
}
"""Beginnings of accounts, in the order in which they are told, and what they are called."""
_OTHER = "all else"
_LATE = 100
_DIGITS = 16
"""Of a digest, as they are shown."""


def build(shop: Shop, period: Period) -> Report:
    say = speaker(shop.workspace.settings.language)
    with shop.database.reading() as connection:
        moved = _moved(connection, period)
        late = _late(connection, shop, period, say)
        closed = periods.all_closed(connection)
    result = _result(moved, say)
    currencies = {currency for _, currency, *_ in moved}
    chart = Chart(
        "result", say("What came in and what it cost"), "bars", "result", "kind", ("amount",)
    )
    return Report(
        "ledger", say("The ledger"), period.name,
        (result, _accounts(moved, say), late, _months(shop, closed, say)),
        (chart,) if len(currencies) == 1 else (),
    )  # fmt: skip


Moved = list[tuple[str, str, int, int, int]]
"""(account, currency, before, debit, credit), sorted."""


def _moved(connection: Connection, period: Period) -> Moved:
    amount, inside = postings.c.amount, entries.c.at >= period.begin
    query = (
        select(
            postings.c.account, postings.c.currency,
            func.sum(case((inside, 0), else_=amount)),
            func.sum(case((inside & (amount > 0), amount), else_=0)),
            func.sum(case((inside & (amount < 0), -amount), else_=0)),
        )
        .join(entries, entries.c.id == postings.c.entry_id)
        .where(entries.c.at < period.end)
        .group_by(postings.c.account, postings.c.currency)
    )  # fmt: skip
    return sorted(
        (account, currency, int(before), int(debit), int(credit))
        for account, currency, before, debit, credit in connection.execute(query)
    )


def _result(moved: Moved, say: Say) -> Table:
    """Costs are below nothing in it, so that it adds up."""
    sums: dict[tuple[str, str], int] = {}
    for account, currency, _, debit, credit in moved:
        if account.startswith(("income:", "expenses:")):
            kind = _KINDS.get(":".join(account.split(":")[:2]), _OTHER)
            sums[currency, kind] = sums.get((currency, kind), 0) + credit - debit
    rows: list[tuple[Cell, ...]] = []
    left: list[tuple[Cell, ...]] = []
    for currency in sorted({currency for currency, _ in sums}):
        for kind in (*_KINDS.values(), _OTHER):
            if (currency, kind) in sums:
                rows.append((say(kind), Money(sums[currency, kind], currency)))
        total = sum(amount for (own, _), amount in sums.items() if own == currency)
        left.append((say("what is left"), Money(total, currency)))
    columns = (Column("kind", say("what")), Column("amount", say("amount"), "money"))
    title = say("What came in and what it cost")
    return Table("result", title, columns, tuple(rows), totals=tuple(left))


def _accounts(moved: Moved, say: Say) -> Table:
    columns = (
        Column("account", say("account")), Column("before", say("before"), "money"),
        Column("debit", say("debit"), "money"), Column("credit", say("credit"), "money"),
        Column("after", say("after"), "money"),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for account, currency, before, debit, credit in moved:
        sums = (before, debit, credit, before + debit - credit)
        rows.append((account, *(Money(one, currency) for one in sums)))
    return Table("accounts", say("Accounts"), columns, tuple(rows))


def _late(connection: Connection, shop: Shop, period: Period, say: Say) -> Table:
    which = (
        entries.c.dated.is_not(None), entries.c.at >= period.begin, entries.c.at < period.end,
    )  # fmt: skip
    query = select(entries.c.source, entries.c.dated, entries.c.at).where(*which)
    found = connection.execute(query.order_by(entries.c.id).limit(_LATE)).all()
    count = int(connection.scalar(select(func.count()).where(*which)) or 0)
    where = calendar.zone(shop.settings.books.timezone)
    columns = (
        Column("source", say("entry")), Column("dated", say("dated")), Column("booked", say("booked on")),
    )  # fmt: skip
    rows = tuple(
        (source, str(calendar.day(dated, where)), str(calendar.day(at, where)))
        for source, dated, at in found
    )
    more = (say("… and {n} more", n=count - _LATE),) if count > _LATE else ()
    return Table("late", say("Booked late: its month was closed"), columns, rows, notes=more)


def _months(shop: Shop, closed: tuple[periods.Closed, ...], say: Say) -> Table:
    where = calendar.zone(shop.settings.books.timezone)
    columns = (
        Column("month", say("month")), Column("closed", say("closed on")),
        Column("digest", say("beginning of its digest")),
    )  # fmt: skip
    rows = tuple(
        (one.month, str(calendar.day(one.closed_at, where)), one.digest.hex()[:_DIGITS])
        for one in closed
    )
    return Table("months", say("Closed months"), columns, rows)

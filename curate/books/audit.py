"""Whether the books are what they say: each entry adds up, closed months are what they were, and the tables of
orders, costs, commissions and payouts tell what is posted."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Text, and_, case, cast, func, or_, select

from curate.books import periods
from curate.database.tables import (
    affiliates,
    commissions,
    costs,
    entries,
    lines,
    payouts,
    pools,
    postings,
)
from curate.errors import Problem
from curate.shop import ledger, money

if TYPE_CHECKING:
    from curate.shop import Shop

_MOST = 100
"""Problems of one kind that are told; the rest is like them."""
_CHANGED = "somebody changed the database past this program: restore a backup of before that"
_INCOME, _FEES = ledger.sales(""), ledger.fees("")


def problems(shop: Shop) -> tuple[Problem, ...]:
    """All of them, up to a hundred of a kind; reads the ledger as it is at one moment."""
    with shop.database.reading() as connection:
        kinds = (_sums, _chain, _lines, _unposted, _costs, _commissions, _pools, _payouts)
        return tuple(one for kind in kinds for one in islice(kind(connection), _MOST))


def _sums(connection: Connection) -> Iterator[Problem]:
    for source in periods.unbalanced(connection):
        yield Problem(source, "its postings do not add up to nothing", _CHANGED)


def _chain(connection: Connection) -> Iterator[Problem]:
    """Each month by the digest that was written of the one before: the first that is told is the one that changed."""
    begin, previous = periods.FOREVER, b""
    for one in periods.all_closed(connection):
        found = periods.digest_of(connection, one.month, begin, one.ends_at, previous)
        if found != one.digest:
            yield Problem(
                one.month, "it is closed, and not what it was when it was closed", _CHANGED
            )
        begin, previous = one.ends_at, one.digest


def _lines(connection: Connection) -> Iterator[Problem]:
    income = func.sum(case((_of(_INCOME), postings.c.amount), else_=0))
    fees = func.sum(case((_of(_FEES), postings.c.amount), else_=0))
    query = (
        select(lines.c.id, lines.c.paid, lines.c.refunded, lines.c.fee, income.label("income"), fees.label("fees"))
        .join_from(entries, postings, postings.c.entry_id == entries.c.id)
        .join(lines, lines.c.id == entries.c.line_id)
        .group_by(lines.c.id, lines.c.paid, lines.c.refunded, lines.c.fee)
        .having(or_(income != lines.c.refunded - lines.c.paid, fees != lines.c.fee, lines.c.refunded > 0))
        .order_by(lines.c.id)
    )  # fmt: skip
    for row in connection.execute(query):
        due = row.fee - money.share(row.fee, row.refunded, row.paid)
        if (-row.income, row.fees) != (row.paid - row.refunded, due):
            told = f"paid {row.paid}, given back {row.refunded}, fee {row.fee}"
            yield Problem(
                f"line:{row.id}", f"{told}; posted {-row.income}, fee {row.fees}", _CHANGED
            )


def _of(start: str) -> Any:
    return func.substr(postings.c.account, 1, len(start)) == start


def _unposted(connection: Connection) -> Iterator[Problem]:
    posted = select(entries.c.id).where(entries.c.source == "line:" + cast(lines.c.id, Text))
    query = (
        select(lines.c.id)
        .where(lines.c.state == "paid", lines.c.sku != "", ~posted.exists())
        .order_by(lines.c.id)
        .limit(_MOST)
    )
    for number in connection.scalars(query):
        yield Problem(f"line:{number}", "it is paid and not posted", "run: curate orders remap")


def _costs(connection: Connection) -> Iterator[Problem]:
    spent = "expenses:" + costs.c.kind
    account = case((costs.c.channel == "", spent), else_=spent + ":" + costs.c.channel)
    yield from _documents(connection, costs, "cost:" + cast(costs.c.id, Text), account)


def _commissions(connection: Connection) -> Iterator[Problem]:
    account = ledger.commission("") + affiliates.c.code
    table = commissions.join(affiliates, affiliates.c.id == commissions.c.affiliate_id)
    source = "commission:" + commissions.c.source
    yield from _documents(connection, commissions, source, account, table)


def _documents(
    connection: Connection, table: Any, source: Any, account: Any, joined: Any = None
) -> Iterator[Problem]:
    """Rows of ``table`` whose amount is not what their entry debits ``account`` with."""
    booked = and_(
        postings.c.entry_id == entries.c.id, postings.c.account == account,
        postings.c.currency == table.c.currency,
    )  # fmt: skip
    amount = func.coalesce(postings.c.amount, 0)
    query = (
        select(source.label("source"), table.c.amount, amount.label("posted"))
        .select_from(table if joined is None else joined)
        .outerjoin(entries, entries.c.source == source)
        .outerjoin(postings, booked)
        .where(table.c.amount != amount)  # of nothing there may be no entry
        .order_by(table.c.id)
    )
    for row in connection.execute(query):
        yield Problem(row.source, f"{row.amount} is known, {row.posted} is posted", _CHANGED)


def _pools(connection: Connection) -> Iterator[Problem]:
    total = func.coalesce(func.sum(commissions.c.amount), 0)
    query = (
        select(pools.c.id, pools.c.amount, total.label("steps"))
        .outerjoin(commissions, commissions.c.pool_id == pools.c.id)
        .group_by(pools.c.id, pools.c.amount)
        .having(pools.c.amount != total)
        .order_by(pools.c.id)
    )
    for row in connection.execute(query):
        told = f"{row.amount} is due, and its steps add up to {row.steps}"
        yield Problem(f"commission pool {row.id}", told, _CHANGED)


def _payouts(connection: Connection) -> Iterator[Problem]:
    """What left the bank for one and did not come back is its amount where it is paid, else nothing."""
    number = cast(payouts.c.id, Text)
    about = entries.c.source.in_(("payout:" + number, "payout-failed:" + number))
    left = func.coalesce(
        func.sum(case((postings.c.account == ledger.BANK, -postings.c.amount), else_=0)), 0
    )
    query = (
        select(payouts.c.id, payouts.c.amount, payouts.c.state, left.label("left"))
        .outerjoin(entries, about)
        .outerjoin(postings, postings.c.entry_id == entries.c.id)
        .group_by(payouts.c.id, payouts.c.amount, payouts.c.state)
        .having(left != case((payouts.c.state == "paid", payouts.c.amount), else_=0))
        .order_by(payouts.c.id)
    )  # fmt: skip
    for row in connection.execute(query):
        told = f"it is {row.state} with {row.amount}, and {row.left} left the bank"
        yield Problem(f"payout:{row.id}", told, _CHANGED)

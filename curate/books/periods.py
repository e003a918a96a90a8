"""Months and their close: what is closed never changes, and a chain of digests shows that it did not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import Connection, func, select

from curate.books.costs import allocation
from curate.database.tables import entries, lines, orders, periods, postings
from curate.errors import CurateError
from curate.shop import calendar, ledger

if TYPE_CHECKING:
    from curate.books.reports import Report
    from curate.errors import Problem
    from curate.shop import Shop
    from curate.shop.calendar import Period

FOREVER = -(1 << 62)
"""Before all time: where the first month that is closed begins, so that nothing is left before it."""
_AT_ONCE = 10_000
_MOST = 100
"""Problems that are told; the rest is like them."""


@dataclass(frozen=True, slots=True)
class Closed:
    """``digest`` is of its entries and of the month before. ``waiting``: paid lines that no product of
    shop.toml is known for; they will be booked later."""

    month: str
    closed_at: int
    ends_at: int
    first_entry: int  # 0: it has none
    last_entry: int
    digest: bytes
    again: bool = False
    waiting: int = 0


def closed(shop: Shop) -> tuple[Closed, ...]:
    """Every month that is closed, the oldest first."""
    with shop.database.reading() as connection:
        return all_closed(connection)


def all_closed(connection: Connection) -> tuple[Closed, ...]:
    """As :func:`closed`, as ``connection`` sees it."""
    rows = connection.execute(select(periods).order_by(periods.c.ends_at))
    return tuple(_of(row) for row in rows)


def _of(row: Any) -> Closed:
    return Closed(
        row.month, row.closed_at, row.ends_at, row.first_entry, row.last_entry, bytes(row.digest)
    )


def close(shop: Shop, month: str, empty: bool = False) -> Closed:
    """Close ``month`` (2026-03) for good: its costs of no channel are shared out, and what is dated in it from
    now on is booked in the next month. ``again`` where it was closed before, and nothing is done.

    All of it or nothing. Raises CurateError where a month before it is open, it is not over, its entries are out
    of balance, or nothing was booked until its end, unless ``empty`` says that it is to be closed all the same.
    """
    where = calendar.zone(shop.settings.books.timezone)
    period = calendar.parse(month, where)
    if [*period.months()] != [month.strip()]:
        raise CurateError(f"{month[:40]!r} is no month", "write 2026-03")
    with shop.database.writing() as connection:
        ledger.hold(connection, closing=True)
        before = all_closed(connection)
        for one in before:
            if one.month == period.name:
                return replace(one, again=True)
        period = _checked(connection, shop, period, before)
        if not empty:
            _check_begun(connection, period)
        shared = allocation.entries_of(connection, shop, period, month.strip())
        ledger.post_all(connection, shop, shared)
        made = _sealed(connection, period, month.strip(), before[-1:], shop.now())
        connection.execute(periods.insert().values(_row(made)))
        return replace(made, waiting=_waiting(connection, period.end))


def _row(made: Closed) -> dict[str, Any]:
    return {name: getattr(made, name) for name in periods.c.keys()}  # noqa: SIM118 - no dict


def _checked(
    connection: Connection, shop: Shop, period: Period, before: tuple[Closed, ...]
) -> Period:
    """``period`` from where the last closed month ends."""
    due = _due(connection, shop, before) or period.name
    if period.name > due:
        raise CurateError(f"{period.name} follows {due}, which is open", f"close {due} first")
    if period.name < due:
        raise CurateError(
            f"{period.name} lies before {due}, the first month that is open",
            f"it needs no close: the books begin, or go on, with {due}",
        )
    if period.end > shop.now():
        raise CurateError(f"{period.name} is not over", "close it when it is")
    period = replace(period, begin=before[-1].ends_at if before else period.begin)
    wrong = [*unbalanced(connection, entries.c.at >= period.begin, entries.c.at < period.end)]
    if wrong:
        raise CurateError(f"{wrong[0]} does not add up to nothing", "see curate ledger check")
    return period


def _check_begun(connection: Connection, period: Period) -> None:
    """A month before the first entry is rather a slip, or its orders are not imported yet."""
    if connection.scalar(select(entries.c.id).where(entries.c.at < period.end).limit(1)) is None:
        raise CurateError(
            f"nothing is booked in {period.name} or before it",
            "closed, it stays empty for good: orders and costs of then that are imported later are booked in the "
            f"month after it. Import them first; to close it all the same: curate ledger close {period.name} --empty",
        )


def _due(connection: Connection, shop: Shop, before: tuple[Closed, ...]) -> str:
    """The month that is to be closed next; "" where nothing is booked."""
    if before:
        last = date.fromisoformat(f"{before[-1].month}-01")
        return (last + timedelta(31)).isoformat()[:7]
    first = connection.scalar(select(func.min(entries.c.at)))
    where = calendar.zone(shop.settings.books.timezone)
    return "" if first is None else calendar.month(first, where)


def unbalanced(connection: Connection, *which: Any) -> Iterator[str]:
    """Sources of entries whose postings do not add up to nothing in each currency."""
    query = (
        select(entries.c.source)
        .join(postings, postings.c.entry_id == entries.c.id)
        .where(*which)
        .group_by(entries.c.id, entries.c.source, postings.c.currency)
        .having(func.sum(postings.c.amount) != 0)
        .order_by(entries.c.id)
        .limit(_MOST)
    )
    yield from connection.scalars(query)


def _sealed(
    connection: Connection, period: Period, month: str, before: tuple[Closed, ...], now: int
) -> Closed:
    begin, previous = (before[0].ends_at, before[0].digest) if before else (FOREVER, b"")
    digest = digest_of(connection, month, begin, period.end, previous)
    booked = (entries.c.at >= begin) & (entries.c.at < period.end)
    first, last = connection.execute(
        select(func.min(entries.c.id), func.max(entries.c.id)).where(booked)
    ).one()
    return Closed(month, now, period.end, first or 0, last or 0, digest)


def digest_of(connection: Connection, month: str, begin: int, end: int, previous: bytes) -> bytes:
    """SHA-256 of the digest of the month before, the month's name, and every entry of ``begin`` ≤ t < ``end``
    with its postings, in the order in which they were booked; each as a line with a JSON array."""
    sum_, line = hashlib.sha256(), msgspec.json.encode
    sum_.update(line((previous.hex(), month)))
    query = (
        select(entries.c.id, entries.c.source, entries.c.at, entries.c.dated, entries.c.note,
               entries.c.line_id, postings.c.account, postings.c.amount, postings.c.currency)
        .outerjoin(postings, postings.c.entry_id == entries.c.id)
        .where(entries.c.at >= begin, entries.c.at < end)
        .order_by(entries.c.id, postings.c.id)
        .execution_options(yield_per=_AT_ONCE)
    )  # fmt: skip
    entry = None
    for row in connection.execute(query):
        if row[0] != entry:
            entry = row[0]
            sum_.update(b"\nentry " + line(row[1:6]))
        if row[6] is not None:
            sum_.update(b"\n" + line(row[6:]))
    return sum_.digest()


def _waiting(connection: Connection, end: int) -> int:
    query = (
        select(func.count())
        .select_from(lines.join(orders, orders.c.id == lines.c.order_id))
        .where(lines.c.state == "paid", lines.c.sku == "", orders.c.paid_at < end)
    )
    return int(connection.scalar(query) or 0)


def check(shop: Shop) -> tuple[Problem, ...]:
    """What is wrong with the books: entries out of balance, a closed month that is no more what it was, tables
    of orders, costs, commissions and payouts that are not what is posted. Nothing, where all is right."""
    from curate.books.audit import problems

    return problems(shop)


def report(shop: Shop, period: Period, by: str = "") -> Report:
    """What was earned and spent in ``period``, every account, what was booked late, and what is closed.

    Raises CurateError for a ``by``: there is only one view of it.
    """
    from curate.books.statement import build

    if by:
        raise CurateError(f"the ledger cannot be shown by {by[:40]!r}", "leave --by out")
    return build(shop, period)

"""Costs that name no channel are shared out to the channels, to the cent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Text, cast, func, select

from curate.books.sharing import split
from curate.database.tables import contacts, costs, entries, periods, postings
from curate.errors import CurateError
from curate.shop import calendar, ledger

if TYPE_CHECKING:
    from curate.shop import Shop
    from curate.shop.calendar import Period

_REVENUE = (ledger.assets(""), ledger.fees(""))
"""What a line of an order brings goes to these two."""


@dataclass(frozen=True, slots=True, order=True)
class Share:
    """Of the costs of ``month`` that name no channel; ``channel`` is "" where the shop has none."""

    month: str
    kind: str
    currency: str
    channel: str
    amount: int


def shares(shop: Shop, period: Period) -> tuple[Share, ...]:
    """What the costs of ``period`` that name no channel come to for each: as it was booked for months that are
    closed, else as it would be now. Each kind and currency adds up to the whole.

    Raises CurateError where [books].weights names no channel and is asked for.
    """
    where = calendar.zone(shop.settings.books.timezone)
    with shop.database.reading() as connection:
        found: list[Share] = []
        for month in period.months():
            whole = calendar.parse(month, where)
            part = calendar.between(
                max(whole.first, period.first), min(whole.last, period.last), where
            )
            closed = _closed(connection, month) if part == whole else None
            if closed is None:
                found += due(connection, shop, part, month)
            else:
                found += _booked(connection, part, month, closed)
    return tuple(sorted(found))


def due(connection: Connection, shop: Shop, period: Period, month: str) -> Iterator[Share]:
    """The shares of what is booked in ``period``, which lies in ``month``."""
    for kind, currency, amount in _unnamed(connection, period):
        weights = _weights(connection, shop, period, currency)
        parts = split(amount, weights) or {"": amount}
        for channel, part in parts.items():
            yield Share(month, kind, currency, channel, part)


def _unnamed(connection: Connection, period: Period) -> list[tuple[str, str, int]]:
    """(kind, currency, amount) of all that is booked in ``period`` and names no channel."""
    rows = connection.execute(
        select(costs.c.kind, costs.c.currency, func.sum(costs.c.amount))
        .join(entries, entries.c.source == "cost:" + cast(costs.c.id, Text))
        .where(costs.c.channel == "", entries.c.at >= period.begin, entries.c.at < period.end)
        .group_by(costs.c.kind, costs.c.currency)
    )
    return sorted((kind, currency, int(amount)) for kind, currency, amount in rows)


def entries_of(
    connection: Connection, shop: Shop, period: Period, month: str
) -> list[ledger.Entry]:
    """What is booked when ``month`` is closed: on its last second."""
    moves: dict[tuple[str, str], list[ledger.Move]] = {}
    for one in due(connection, shop, period, month):
        if one.channel:
            to, source = ledger.spent(one.kind, one.channel), ledger.spent(one.kind)
            move = ledger.Move(to, source, one.amount, one.currency)
            moves.setdefault((one.kind, one.currency), []).append(move)
    told = f"by {shop.settings.books.allocation}"
    return [
        ledger.Entry(f"allocation:{month}:{kind}:{currency}", period.end - 1, told, tuple(some))
        for (kind, currency), some in moves.items()
    ]


def _weights(
    connection: Connection, shop: Shop, period: Period, currency: str
) -> Mapping[str, int]:
    """By channel; all alike where what is asked for tells nothing."""
    books = shop.settings.books
    found: Mapping[str, int] = {}
    if books.allocation == "revenue":
        found = _revenue(connection, period, currency)
    elif books.allocation == "contacts":
        found = _acquired(connection, shop, period)
    elif books.allocation == "weights":
        found = _written(shop)
    if any(weight > 0 for weight in found.values()):
        return found
    return dict.fromkeys(sorted(shop.settings.channels), 1)


def _revenue(connection: Connection, period: Period, currency: str) -> dict[str, int]:
    """Net of what was given back, in ``currency`` alone."""
    rows = connection.execute(
        select(postings.c.account, func.sum(postings.c.amount))
        .join_from(entries, postings, postings.c.entry_id == entries.c.id)
        .where(
            entries.c.at >= period.begin, entries.c.at < period.end, entries.c.line_id.is_not(None),
            postings.c.currency == currency,
        )
        .group_by(postings.c.account)
    )  # fmt: skip
    found: dict[str, int] = {}
    for account, amount in rows:
        for start in _REVENUE:
            if account.startswith(start):
                channel = account.removeprefix(start)
                found[channel] = found.get(channel, 0) + int(amount)
    return found


def _acquired(connection: Connection, shop: Shop, period: Period) -> dict[str, int]:
    rows = connection.execute(
        select(contacts.c.channel, func.count())
        .where(contacts.c.acquired_at >= period.begin, contacts.c.acquired_at < period.end)
        .group_by(contacts.c.channel)
    )
    return {channel: count for channel, count in rows if channel in shop.settings.channels}


def _written(shop: Shop) -> dict[str, int]:
    weights = shop.settings.books.weights
    unknown = sorted(set(weights) - set(shop.settings.channels))
    if unknown or not any(weights.values()):
        told = f"names {unknown[0]!r}, which is no channel" if unknown else "is empty"
        raise CurateError(
            f"shop.toml: [books].weights {told}", "write weights = { CHANNEL = 2, OTHER = 1 }"
        )
    return weights


def _closed(connection: Connection, month: str) -> int | None:
    """Its end, where it is closed."""
    return connection.scalar(select(periods.c.ends_at).where(periods.c.month == month))


def _booked(connection: Connection, period: Period, month: str, end: int) -> list[Share]:
    rows = connection.execute(
        select(entries.c.source, postings.c.account, postings.c.currency, postings.c.amount)
        .join_from(entries, postings, postings.c.entry_id == entries.c.id)
        .where(entries.c.at == end - 1)
    )
    found = []
    for source, account, currency, amount in rows:
        _, kind, *channel = account.split(":", 2)
        if source.startswith(f"allocation:{month}:") and channel:
            found.append(Share(month, kind, currency, channel[0], int(amount)))
    shared = {(one.kind, one.currency) for one in found}
    left = [one for one in _unnamed(connection, period) if one[:2] not in shared]
    return [*found, *(Share(month, kind, currency, "", amount) for kind, currency, amount in left)]

"""What was spent in a period, with what each cost names of itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, select

from curate.books import credit
from curate.database.tables import costs, entries, postings

if TYPE_CHECKING:
    from curate.shop.calendar import Period

_SOURCE, _SHARED = "cost:", "allocation:"
_AT_ONCE = 1_000
_KINDS = ("payment", "ads", "team", "other")
_OF_SALES = ("fees", "commission")
"""Expenses that are booked with what is sold."""


@dataclass(frozen=True, slots=True)
class Cost:
    """``kind``: payment, ads, team or other. "" and None where nothing is said."""

    kind: str
    currency: str
    amount: int
    channel: str = ""
    campaign: str = ""
    first: date | None = None
    last: date | None = None


def spent(connection: Connection, period: Period) -> list[Cost]:
    """What is booked in ``period``, before any of it is shared out: that moves costs, and makes none."""
    query = (
        select(entries.c.source, postings.c.account, postings.c.currency, func.sum(postings.c.amount))
        .join_from(entries, postings, postings.c.entry_id == entries.c.id)
        .where(
            entries.c.at >= period.begin, entries.c.at < period.end, entries.c.line_id.is_(None),
            func.substr(postings.c.account, 1, 9) == "expenses:",
        )
        .group_by(entries.c.source, postings.c.account, postings.c.currency)
        .order_by(entries.c.source, postings.c.account, postings.c.currency)
    )  # fmt: skip
    booked = connection.execute(query).all()
    told = _documents(connection, [source for source, *_ in booked])
    return [
        _cost(account, currency, int(amount), told.get(source))
        for source, account, currency, amount in booked
        if account.split(":")[1] not in _OF_SALES and not source.startswith(_SHARED)
    ]


def _documents(connection: Connection, sources: Sequence[str]) -> dict[str, Any]:
    ids = sorted({int(one.removeprefix(_SOURCE)) for one in sources if _is_cost(one)})
    found: dict[str, Any] = {}
    for some in _pieces(ids):
        source, code = credit.of_costs()
        what = select(costs.c.id, code.label("campaign"), costs.c.first_day, costs.c.last_day)
        for row in connection.execute(what.select_from(source).where(costs.c.id.in_(some))):
            found[f"{_SOURCE}{row.id}"] = row
    return found


def _is_cost(source: str) -> bool:
    return source.startswith(_SOURCE) and source.removeprefix(_SOURCE).isdecimal()


def _cost(account: str, currency: str, amount: int, row: Any) -> Cost:
    _, kind, *channel = account.split(":", 2)
    known = kind if kind in _KINDS else "other"
    told = Cost(known, currency, amount, "".join(channel) if kind in _KINDS else "")
    if row is None:
        return told
    days = date.fromisoformat(row.first_day), date.fromisoformat(row.last_day)
    return Cost(known, currency, amount, told.channel, row.campaign, *days)


def _pieces(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[n : n + _AT_ONCE] for n in range(0, len(ids), _AT_ONCE))

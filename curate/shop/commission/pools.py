"""What one affiliate sold in a month by one rule, and each step by which their commission followed it.

A pool knows its base and what the rule makes of it. Everything that happens to a line changes the base of its
pool, and the difference is what is earned or taken back: so the sum of all steps is the rule of the sum, in
whatever order they came, and what is given back as a whole leaves everything as it was before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, bindparam, func, select, tuple_, update

from curate.database.tables import affiliates, commissions, pools, rules
from curate.shop import calendar, ledger
from curate.shop.commission.rules import Role, Terms, terms

if TYPE_CHECKING:
    from curate.shop import Shop

_LOCK = 0x636F6D6D
"""Of PostgreSQL: pools change one transaction after the other, else two that want each other's would wait for
ever. SQLite has one writer anyway."""
_AT_ONCE = 1_000


class Key(NamedTuple):
    """Of a pool; ``month`` as 2026-03."""

    affiliate_id: int
    rule_id: int
    role: Role
    month: str
    currency: str


class Change(NamedTuple):
    """``source`` ("line:7", "refund:3", "fee:7") makes a line worth ``base`` more to its pool, or less."""

    pool_id: int
    source: str
    kind: str  # earn, reverse, adjust
    line_id: int
    base: int
    at: int
    due_at: int


@dataclass(slots=True)
class _Pool:
    id: int
    affiliate_id: int
    code: str
    role: Role
    currency: str
    terms: Terms
    base: int
    amount: int

    def add(self, base: int) -> int:
        """How much is due more, or less, for ``base`` more."""
        self.base += base
        before, self.amount = self.amount, self.terms.due(self.role, self.base)
        return self.amount - before


def month(at: int, zone: str) -> str:
    """As 2026-03, in which ``at`` lies for the seller. Raises CurateError where there is no such time zone."""
    return calendar.month(at, calendar.zone(zone))


def made(connection: Connection, keys: Iterable[Key]) -> Mapping[Key, int]:
    """The ids of pools; those that are missing are made."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    _hold(connection)
    found = _ids(connection, wanted)
    missing = [key._asdict() for key in wanted if key not in found]
    if missing:
        connection.execute(pools.insert(), missing)
        found = _ids(connection, wanted)
    return found


def _ids(connection: Connection, keys: Sequence[Key]) -> dict[Key, int]:
    columns = [pools.c[name] for name in Key._fields]
    found: dict[Key, int] = {}
    for some in pieces(keys):
        # By the affiliates first: for keys as a whole SQLite would read every pool there ever was.
        query = select(pools.c.id, *columns).where(
            pools.c.affiliate_id.in_({key.affiliate_id for key in some}),
            tuple_(*columns).in_([*some]),
        )
        found |= {Key(*row[1:]): int(row.id) for row in connection.execute(query)}
    return found


def change(connection: Connection, shop: Shop, some: Sequence[Change]) -> None:
    """Put ``some`` into effect, in their order: pools, commissions and ledger, in a few statements for all."""
    if not some:
        return
    _hold(connection)
    held = _held(connection, {one.pool_id for one in some})
    rows, posted = [], []
    for one in some:
        pool = held[one.pool_id]
        amount = pool.add(one.base)
        rows.append(_row(one, pool, amount))
        if amount:
            posted.append(_entry(one, pool, amount))
    connection.execute(commissions.insert(), rows)
    connection.execute(
        update(pools).where(pools.c.id == bindparam("own")),
        [{"own": one.id, "base": one.base, "amount": one.amount} for one in held.values()],
    )
    ledger.post_all(connection, shop, posted)


def _hold(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def _held(connection: Connection, ids: Iterable[int]) -> dict[int, _Pool]:
    query = (
        select(pools, affiliates.c.code, rules.c.text)
        .join(affiliates, affiliates.c.id == pools.c.affiliate_id)
        .join(rules, rules.c.id == pools.c.rule_id)
        .order_by(pools.c.id)
    )
    return {
        int(row.id): _Pool(
            row.id, row.affiliate_id, row.code, row.role, row.currency, terms(row.text), row.base, row.amount
        )
        for some in pieces(sorted(ids))
        for row in connection.execute(query.where(pools.c.id.in_(some)))
    }  # fmt: skip


def _row(one: Change, pool: _Pool, amount: int) -> dict[str, Any]:
    return {
        "pool_id": pool.id, "affiliate_id": pool.affiliate_id, "source": f"{one.source}:{pool.role}",
        "kind": one.kind, "line_id": one.line_id, "base": one.base, "amount": amount,
        "currency": pool.currency, "at": one.at, "due_at": one.due_at,
    }  # fmt: skip


def _entry(one: Change, pool: _Pool, amount: int) -> ledger.Entry:
    move = ledger.Move(
        ledger.commission(pool.code), ledger.owed(pool.code), amount, pool.currency
    )  # fmt: skip
    source = f"commission:{one.source}:{pool.role}"
    return ledger.Entry(source, one.at, "", (move,), one.line_id)


@dataclass(slots=True)
class Share:
    """What a line is worth to one of its pools so far."""

    pool_id: int
    terms: Terms
    base: int
    due_at: int


def shares(connection: Connection, line_ids: Sequence[int]) -> dict[int, list[Share]]:
    """Of each line that ever earned something; at most two, of who sold and who introduced."""
    query = (
        select(
            commissions.c.line_id, commissions.c.pool_id, rules.c.text,
            func.sum(commissions.c.base).label("base"), func.min(commissions.c.due_at).label("due_at"),
        )
        .join(pools, pools.c.id == commissions.c.pool_id)
        .join(rules, rules.c.id == pools.c.rule_id)
        .group_by(commissions.c.line_id, commissions.c.pool_id, rules.c.text)
        .order_by(commissions.c.line_id, commissions.c.pool_id)
    )  # fmt: skip
    rows = [
        row
        for some in pieces(line_ids)
        for row in connection.execute(query.where(commissions.c.line_id.in_(some)))
    ]
    return {
        line: [Share(row.pool_id, terms(row.text), int(row.base), row.due_at) for row in some]
        for line, some in groupby(rows, key=lambda row: int(row.line_id))
    }


def pieces(some: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """As many as one statement takes."""
    return (some[n : n + _AT_ONCE] for n in range(0, len(some), _AT_ONCE))

"""What happened to money: double-entry postings in minor units that are only ever added.

A positive posting debits an account (more assets, more expenses), a negative one credits it (more income).
Every entry has a source, such as "line:7" or "refund:3", and is posted once for it. It is booked on the day
of its document, unless that lies in a month that is closed: then at the first second that is open.

Accounts: assets:channel:NAME, assets:bank, liabilities:affiliate:CODE, liabilities:suppliers,
income:sales:SKU, expenses:fees:CHANNEL, expenses:commission:CODE, and expenses:ads, :team and :other, with
:CHANNEL where it is known. Neither they nor sources nor notes name a person: nothing here can be erased.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, Text, cast, func, select

from curate.database import bulk
from curate.database.tables import entries, lines, orders, periods, postings, refunds
from curate.errors import CurateError
from curate.shop import money

if TYPE_CHECKING:
    from curate.shop import Shop

BANK = "assets:bank"
SUPPLIERS = "liabilities:suppliers"
"""Whom costs are owed to."""
_AT_ONCE = 1_000
_CLOSING = (
    0x6C6564676572  # of PostgreSQL: who closes a month waits for who posts, and the other way round
)


class Move(NamedTuple):
    """``amount`` goes to the debit of one account and the credit of another: no entry made of moves can be
    out of balance. A negative amount goes the other way."""

    debit: str
    credit: str
    amount: int
    currency: str


class Entry(NamedTuple):
    """What is to be posted once for its ``source``, dated ``at``; ``line_id``: the line that it is about."""

    source: str
    at: int
    note: str
    moves: tuple[Move, ...]
    line_id: int | None = None


class Sale(NamedTuple):
    """A line as far as it matters to the ledger."""

    id: int
    line_no: str
    sku: str
    state: str
    paid: int
    fee: int
    channel: str
    number: str
    currency: str
    paid_at: int | None


@dataclass(frozen=True, slots=True)
class Balance:
    """Of one account in one currency, in its minor units; debit is positive."""

    account: str
    currency: str
    amount: int


def assets(channel: str) -> str:
    """What a channel owes or has paid out to the seller."""
    return f"assets:channel:{channel}"


def fees(channel: str) -> str:
    return f"expenses:fees:{channel}"


def sales(sku: str) -> str:
    return f"income:sales:{sku}"


def commission(affiliate: str) -> str:
    """What somebody's sales cost, by their code."""
    return f"expenses:commission:{affiliate}"


def owed(affiliate: str) -> str:
    """What is theirs and not paid out yet."""
    return f"liabilities:affiliate:{affiliate}"


def spent(kind: str, channel: str = "") -> str:
    """``kind``: ads, team, payment or other; without ``channel`` what has to be shared out."""
    return f"expenses:{kind}:{channel}" if channel else f"expenses:{kind}"


def earned(connection: Connection, shop: Shop, line_id: int) -> bool:
    """:func:`earned_all` of one line; False where it is posted already."""
    return bool(earned_all(connection, shop, (line_id,)))


def earned_all(connection: Connection, shop: Shop, line_ids: Iterable[int]) -> tuple[int, ...]:
    """Post what paid lines brought in, each once; those that were not posted already.

    What was given back before a line could be posted (it waited for its product) is reversed with it.
    Raises CurateError, and posts nothing, where one of them is not paid, or of no product.
    """
    ids = [*dict.fromkeys(line_ids)]
    return sold(
        connection, shop, [line for some in _pieces(ids) for line in _lines(connection, some)]
    )


def sold(connection: Connection, shop: Shop, found: Sequence[Sale | Any]) -> tuple[int, ...]:
    """:func:`earned_all` of lines that the transaction holds already."""
    from curate.shop import commission

    if not found:
        return ()
    for line in found:
        if line.state != "paid" or not line.sku:
            raise CurateError(
                f"line {line.line_no} of order {line.number} ({line.channel}) has earned nothing yet",
                "it has to be paid, and to be of a product that shop.toml names",
            )
    new = post_all(connection, shop, [_brought(line, shop.now()) for line in found])
    posted = tuple(line.id for line in found if f"line:{line.id}" in new)
    commission.earned(connection, shop, posted)
    for some in _pieces(posted):
        given = select(refunds.c.id).where(refunds.c.line_id.in_(some))
        reversed_all(connection, shop, connection.scalars(given).all())
    return posted


def _brought(line: Any, now: int) -> Entry:
    income = sales(line.sku)
    moves = (
        Move(assets(line.channel), income, line.paid - line.fee, line.currency),
        Move(fees(line.channel), income, line.fee, line.currency),
    )
    at = line.paid_at if line.paid_at is not None else now
    return Entry(f"line:{line.id}", at, _told(line), moves, line.id)


def reversed_(connection: Connection, shop: Shop, refund_id: int) -> bool:
    """:func:`reversed_all` of one refund; False where there is nothing to post."""
    return bool(reversed_all(connection, shop, (refund_id,)))


def reversed_all(connection: Connection, shop: Shop, refund_ids: Iterable[int]) -> tuple[int, ...]:
    """Take back what refunds took of what their lines earned, each once; those that were not posted already.

    Pro rata to the money given back so far, rounded half to even, less what earlier refunds of the line took:
    all of them together are the whole to the cent, however it was cut up. Of lines that are not posted
    nothing is taken back: it is when they are.
    """
    from curate.shop import commission

    posted: list[int] = []
    for some in _pieces([*dict.fromkeys(refund_ids)]):
        new = post_all(connection, shop, [*_taken(connection, some)])
        posted += [one for one in some if f"refund:{one}" in new]
    commission.reversed_(connection, shop, posted)
    return tuple(posted)


def _taken(connection: Connection, refund_ids: Sequence[int]) -> Iterator[Entry]:
    wanted = set(refund_ids)
    which = select(refunds.c.line_id).where(refunds.c.id.in_(wanted))
    held = {line.id: line for line in _lines(connection, [*set(connection.scalars(which))])}
    earned = (select(entries.c.line_id).where(
        entries.c.line_id.in_(held), entries.c.source == "line:" + cast(entries.c.line_id, Text)
    ))  # fmt: skip
    known = set(connection.scalars(earned))
    given = select(refunds).where(refunds.c.line_id.in_(known)).order_by(refunds.c.id)
    before: dict[int, int] = {}
    for refund in connection.execute(given):
        line, done = held[refund.line_id], before.get(refund.line_id, 0)
        before[refund.line_id] = done + refund.amount
        if refund.id in wanted:
            yield _reversal(line, refund, done)


def _reversal(line: Any, refund: Any, before: int) -> Entry:
    after = before + int(refund.amount)
    fee = money.share(line.fee, after, line.paid) - money.share(line.fee, before, line.paid)
    income = sales(line.sku)
    moves = (
        Move(income, assets(line.channel), refund.amount - fee, line.currency),
        Move(income, fees(line.channel), fee, line.currency),
    )
    return Entry(f"refund:{refund.id}", refund.at, _told(line), moves, line.id)


def _told(line: Any) -> str:
    return f"{line.channel} {line.number}/{line.line_no}"


def post(
    connection: Connection,
    shop: Shop,
    source: str,
    moves: Iterable[Move],
    *,
    note: str = "",
    at: int | None = None,
    line_id: int | None = None,
) -> bool:
    """One entry, inside the caller's transaction; False, and nothing done, where ``source`` has one."""
    when = shop.now() if at is None else at
    return bool(post_all(connection, shop, [Entry(source, when, note, tuple(moves), line_id)]))


def post_all(connection: Connection, shop: Shop, some: Sequence[Entry]) -> dict[str, int]:
    """Entries of sources that have none yet, in few statements for all: (source, id) of those that were made.

    Each is booked at its time, or at the first second that is open where that is closed already.
    """
    if not some:
        return {}
    begin = _open_from(connection)
    first = [*{one.source: one for one in reversed(some)}.values()][::-1]
    ids = _made(connection, first, begin)
    rows = [
        (ids[one.source], account, currency, amount)
        for one in first
        if one.source in ids
        for (account, currency), amount in _summed(one.moves).items()
        if amount
    ]
    bulk.put(connection, postings, ("entry_id", "account", "currency", "amount"), rows)
    return ids


def _made(connection: Connection, some: Sequence[Entry], begin: int) -> dict[str, int]:
    """Write entries of sources that have none; their ids by source."""
    ids = bulk.fresh(connection, entries, len(some))
    rows = [
        (
            own,
            one.source,
            max(one.at, begin),
            one.note,
            one.line_id,
            one.at if one.at < begin else None,
        )
        for own, one in zip(ids, some, strict=True)
    ]
    columns = ("id", "source", "at", "note", "line_id", "dated")
    made = {row[1]: row[0] for row in rows}
    if bulk.put(connection, entries, columns, rows, once="source") == len(rows):
        return made
    there = set[int]()
    for part in _pieces(ids):
        there.update(connection.scalars(select(entries.c.id).where(entries.c.id.in_(part))))
    return {source: own for source, own in made.items() if own in there}


def hold(connection: Connection, *, closing: bool = False) -> None:
    """Until the transaction ends no month is closed; with ``closing``, nobody posts. SQLite has one writer."""
    if connection.dialect.name == "postgresql":
        lock = func.pg_advisory_xact_lock if closing else func.pg_advisory_xact_lock_shared
        connection.execute(select(lock(_CLOSING)))


def _open_from(connection: Connection) -> int:
    """The first second of the first month that is open."""
    hold(connection)  # before the months are read: who closes one now is waited for
    return int(connection.scalar(select(func.max(periods.c.ends_at))) or 0)


def balances(shop: Shop) -> tuple[Balance, ...]:
    """Of every account that was ever posted to, sorted; in each currency they add up to nothing."""
    total = func.sum(postings.c.amount)
    with shop.database.reading() as connection:
        rows = connection.execute(
            select(postings.c.account, postings.c.currency, total)
            .group_by(postings.c.account, postings.c.currency)
            .order_by(postings.c.account, postings.c.currency)
        ).all()
    found = (Balance(account, currency, int(amount)) for account, currency, amount in rows)
    # Databases sort by rules of their own, see PostgreSQL's collations.
    return tuple(sorted(found, key=lambda one: (one.account, one.currency)))


def _summed(moves: Iterable[Move]) -> dict[tuple[str, str], int]:
    """By account and currency, in the order they are first named."""
    sums: dict[tuple[str, str], int] = {}
    for move in moves:
        for account, amount in ((move.debit, move.amount), (move.credit, -move.amount)):
            key = (account, move.currency)
            sums[key] = sums.get(key, 0) + amount
    return sums


def _lines(connection: Connection, ids: Sequence[int]) -> Sequence[Any]:
    """With their orders' channel, number, currency and paid_at; held, so that a line is not posted while it is
    refunded."""
    query = (
        select(lines, orders.c.channel, orders.c.number, orders.c.currency, orders.c.paid_at)
        .join(orders, orders.c.id == lines.c.order_id)
        .where(lines.c.id.in_(ids))
        .order_by(lines.c.id)  # held in one order everywhere
        .with_for_update(of=lines)
    )
    return connection.execute(query).all()


def _pieces(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """As many as one statement takes."""
    return (ids[n : n + _AT_ONCE] for n in range(0, len(ids), _AT_ONCE))

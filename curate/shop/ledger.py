"""What happened to money: double-entry postings in minor units that are only ever added.

A positive posting debits an account (more assets, more expenses), a negative one credits it (more income).
Every entry has a source, such as "line:7" or "refund:3", and is posted once for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, func, select

from curate.database.tables import entries, lines, orders, postings, refunds
from curate.errors import CurateError
from curate.shop import money

if TYPE_CHECKING:
    from curate.shop import Shop

_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Move:
    """``amount`` goes to the debit of one account and the credit of another: no entry made of moves can be
    out of balance. A negative amount goes the other way."""

    debit: str
    credit: str
    amount: int
    currency: str


class _Entry(NamedTuple):
    source: str
    at: int
    note: str
    moves: tuple[Move, ...]


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


def earned(connection: Connection, shop: Shop, line_id: int) -> bool:
    """:func:`earned_all` of one line; False where it is posted already."""
    return bool(earned_all(connection, shop, (line_id,)))


def earned_all(connection: Connection, shop: Shop, line_ids: Iterable[int]) -> tuple[int, ...]:
    """Post what paid lines brought in, each once; those that were not posted already.

    What was given back before a line could be posted (it waited for its product) is reversed with it.
    Raises CurateError, and posts nothing, where one of them is not paid, or of no product.
    """
    ids = [*dict.fromkeys(line_ids)]
    found = [line for some in _pieces(ids) for line in _lines(connection, some)]
    for line in found:
        if line.state != "paid" or not line.sku:
            raise CurateError(
                f"line {line.line_no} of order {line.number} ({line.channel}) has earned nothing yet",
                "it has to be paid, and to be of a product that shop.toml names",
            )
    new = _enter(connection, shop, [_brought(line, shop.now()) for line in found])
    posted = tuple(line.id for line in found if f"line:{line.id}" in new)
    for some in _pieces(posted):
        given = select(refunds.c.id).where(refunds.c.line_id.in_(some)).order_by(refunds.c.id)
        for refund_id in connection.scalars(given).all():
            reversed_(connection, shop, refund_id)
    return posted


def _brought(line: Any, now: int) -> _Entry:
    income = sales(line.sku)
    moves = (
        Move(assets(line.channel), income, line.paid - line.fee, line.currency),
        Move(fees(line.channel), income, line.fee, line.currency),
    )
    told = f"{line.channel} {line.number}/{line.line_no}"
    return _Entry(f"line:{line.id}", line.paid_at if line.paid_at is not None else now, told, moves)


def reversed_(connection: Connection, shop: Shop, refund_id: int) -> bool:
    """Take back what a refund took of what its line earned, once; False where there is nothing to post.

    Pro rata to the money given back so far, rounded half to even, less what earlier refunds of the line took:
    all of them together are the whole to the cent, however it was cut up.
    """
    refund = connection.execute(select(refunds).where(refunds.c.id == refund_id)).one()
    line = _line(connection, refund.line_id)
    if not _posted(connection, f"line:{line.id}"):
        return False
    before = int(
        connection.scalar(
            select(func.coalesce(func.sum(refunds.c.amount), 0)).where(
                refunds.c.line_id == line.id, refunds.c.id < refund_id
            )
        )
        or 0
    )
    after = before + int(refund.amount)
    fee = money.share(line.fee, after, line.paid) - money.share(line.fee, before, line.paid)
    income, told = sales(line.sku), f"{line.channel} {line.number}/{line.line_no}"
    moves = (
        Move(income, assets(line.channel), refund.amount - fee, line.currency),
        Move(income, fees(line.channel), fee, line.currency),
    )
    return post(connection, shop, f"refund:{refund_id}", moves, note=told, at=refund.at)


def post(
    connection: Connection,
    shop: Shop,
    source: str,
    moves: Iterable[Move],
    *,
    note: str = "",
    at: int | None = None,
) -> bool:
    """One entry, inside the caller's transaction; False, and nothing done, where ``source`` has one."""
    when = shop.now() if at is None else at
    return bool(_enter(connection, shop, [_Entry(source, when, note, tuple(moves))]))


def _enter(connection: Connection, shop: Shop, some: Sequence[_Entry]) -> dict[str, int]:
    """Entries of sources that have none yet, in two statements for all: (source, id) of those that were made."""
    if not some:
        return {}
    made = connection.execute(
        shop.database.insert(entries)
        .on_conflict_do_nothing(index_elements=["source"])
        .returning(entries.c.source, entries.c.id),
        [{"source": one.source, "at": one.at, "note": one.note} for one in some],
    )
    new = {row.source: int(row.id) for row in made}
    rows = [
        {"entry_id": new[one.source], "account": account, "currency": currency, "amount": amount}
        for one in some
        if one.source in new
        for (account, currency), amount in _summed(one.moves).items()
        if amount
    ]
    if rows:
        connection.execute(postings.insert(), rows)
    return new


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


def _posted(connection: Connection, source: str) -> bool:
    return connection.scalar(select(entries.c.id).where(entries.c.source == source)) is not None


def _line(connection: Connection, line_id: int) -> Any:
    """With its order's channel, number, currency and paid_at; held, so that a line is not posted while it is
    refunded."""
    (line,) = _lines(connection, [line_id])
    return line


def _lines(connection: Connection, ids: Sequence[int]) -> Sequence[Any]:
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

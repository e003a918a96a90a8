"""What happened to money: double-entry postings in minor units that are only ever added.

A positive posting debits an account (more assets, more expenses), a negative one credits it (more income).
Every entry has a source, such as "line:7" or "refund:3", and is posted once for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, select

from curate.database.tables import entries, lines, orders, postings, refunds
from curate.errors import CurateError
from curate.shop import money

if TYPE_CHECKING:
    from curate.shop import Shop


@dataclass(frozen=True, slots=True)
class Move:
    """``amount`` goes to the debit of one account and the credit of another: no entry made of moves can be
    out of balance. A negative amount goes the other way."""

    debit: str
    credit: str
    amount: int
    currency: str


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
    """Post what a paid line brought in, once; False where it is posted already.

    What was given back before the line could be posted (it waited for its product) is reversed with it.
    Raises CurateError for a line that is not paid, or of no product.
    """
    line = _line(connection, line_id)
    if line.state != "paid" or not line.sku:
        raise CurateError(
            f"line {line.line_no} of order {line.number} ({line.channel}) has earned nothing yet",
            "it has to be paid, and to be of a product that shop.toml names",
        )
    income, told = sales(line.sku), f"{line.channel} {line.number}/{line.line_no}"
    moves = (
        Move(assets(line.channel), income, line.paid - line.fee, line.currency),
        Move(fees(line.channel), income, line.fee, line.currency),
    )
    at = line.paid_at if line.paid_at is not None else shop.now()
    if not post(connection, shop, f"line:{line_id}", moves, note=told, at=at):
        return False
    given = select(refunds.c.id).where(refunds.c.line_id == line_id).order_by(refunds.c.id)
    for refund_id in connection.scalars(given).all():
        reversed_(connection, shop, refund_id)
    return True


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
    entry = connection.scalar(
        shop.database.insert(entries)
        .values(source=source, at=shop.now() if at is None else at, note=note)
        .on_conflict_do_nothing(index_elements=["source"])
        .returning(entries.c.id)
    )
    if entry is None:
        return False
    rows = [
        {"entry_id": entry, "account": account, "currency": currency, "amount": amount}
        for (account, currency), amount in _summed(moves).items()
        if amount
    ]
    if rows:
        connection.execute(postings.insert(), rows)
    return True


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
    return connection.execute(
        select(lines, orders.c.channel, orders.c.number, orders.c.currency, orders.c.paid_at)
        .join(orders, orders.c.id == lines.c.order_id)
        .where(lines.c.id == line_id)
        .with_for_update(of=lines)
    ).one()

"""What affiliates earn, in the very transaction in which money comes in or is given back.

The ledger calls this: :func:`earned` for lines that are posted, :func:`reversed_` for refunds that are. An
affiliate earns by what they sold themselves; outside China, where it is asked for, who introduced them earns
too, and nobody above. There is no third level, no fee for getting in and no bonus for heads: neither here nor
in shop.toml nor in the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Text, cast, exists, select

from curate.database.tables import affiliates, attributions, entries, lines, orders, refunds
from curate.shop.commission import attribution, pools, sales
from curate.shop.commission.pools import Change, Share, pieces
from curate.shop.commission.rules import Sold

if TYPE_CHECKING:
    from curate.shop import Shop

_BATCH = 400


def earned(connection: Connection, shop: Shop, line_ids: Sequence[int]) -> None:
    """Say whose sales these lines are, and what was earned by them, each once; they are in the ledger.

    What was given back of them before is for :func:`reversed_` to take.
    """
    if connection.scalar(select(affiliates.c.id).limit(1)) is None:
        return
    wanted = {order for some in pieces(line_ids) for order in connection.scalars(_orders(some))}
    told = attribution.read(connection, wanted, shop.now())
    claims = attribution.claims(connection, shop, told)
    if not claims:
        return
    new = set(line_ids)
    some = [line for line in _lines(connection, claims) if line.id in new or line.posted]
    sales.book(connection, shop, some, {one.id: one for one in told}, claims)
    late = [line.id for line in some if line.id not in new]  # of an order that was nobody's so far
    _take_back(connection, shop, late)


def reversed_(connection: Connection, shop: Shop, refund_ids: Sequence[int]) -> None:
    """Take back what these refunds took of what was earned, each once; they are in the ledger."""
    some = [row for ids in pieces(refund_ids) for row in connection.execute(_refunds(ids))]
    held = pools.shares(connection, sorted({row.line_id for row in some}))
    wanted = set(refund_ids)
    changes: list[Change] = []
    before: dict[int, tuple[int, int]] = {}
    for row in some:
        money, count = before.get(row.line_id, (0, 0))
        before[row.line_id] = (money + row.amount, count + row.pieces)
        if row.id in wanted:
            sold = Sold(row.paid, row.fee, row.quantity, *before[row.line_id])
            told = (f"refund:{row.id}", "reverse", row.line_id, row.at)
            changes += _changes(held.get(row.line_id, ()), sold, *told)
    pools.change(connection, shop, changes)


def fee_told(connection: Connection, shop: Shop, line_id: int) -> None:
    """The channel told its fee after the line was posted: what is earned of the rest follows, once."""
    shares = pools.shares(connection, [line_id]).get(line_id, ())
    if shares:
        row = connection.execute(select(lines).where(lines.c.id == line_id)).one()
        sold = Sold(row.paid, row.fee, row.quantity, row.refunded, row.refunded_quantity)
        changes = _changes(shares, sold, f"fee:{line_id}", "adjust", line_id, shop.now())
        pools.change(connection, shop, [*changes])


def again(shop: Shop) -> int:
    """Look once more at lines that are nobody's: clicks, coupons or affiliates may have come after them.

    In batches; how many became somebody's. Done twice it does nothing more.
    """
    after, made = 0, 0
    while True:
        with shop.database.writing() as connection:
            rows = connection.scalars(_nobodys(after)).all()
            earned(connection, shop, rows)
            _take_back(connection, shop, rows)
            mine = select(attributions.c.line_id).where(attributions.c.line_id.in_(rows))
            made += len(connection.scalars(mine).all())
        if len(rows) < _BATCH:
            return made
        after = rows[-1]


def _changes(
    shares: Iterable[Share], sold: Sold, source: str, kind: str, line_id: int, at: int
) -> Iterator[Change]:
    """From what the line was worth to each of its pools to what it is worth now."""
    for one in shares:
        more = one.terms.worth(sold) - one.base
        one.base += more
        if more:
            yield Change(one.pool_id, source, kind, line_id, more, at, one.due_at)


def _orders(line_ids: Sequence[int]) -> Any:
    """Of these lines, as far as they could be somebody's."""
    return (
        select(lines.c.order_id)
        .join(orders, orders.c.id == lines.c.order_id)
        .where(
            lines.c.id.in_(line_ids),
            (lines.c.affiliate_code != "")
            | (lines.c.campaign_code != "")
            | orders.c.contact_id.is_not(None)
            | _else(),
        )
    )


def _else() -> Any:
    """Another line of the same order is somebody's."""
    other = lines.alias()
    return exists().where(
        other.c.order_id == lines.c.order_id, attributions.c.line_id == other.c.id
    )


def _posted() -> Any:
    return exists().where(
        entries.c.line_id == lines.c.id, entries.c.source == "line:" + cast(lines.c.id, Text)
    )


def _lines(connection: Connection, order_ids: Iterable[int]) -> list[Any]:
    """All of these orders that are nobody's yet; ``posted``: whether they are in the ledger."""
    query = (
        select(lines, orders.c.currency, _posted().label("posted"))
        .join(orders, orders.c.id == lines.c.order_id)
        .where(~exists().where(attributions.c.line_id == lines.c.id))
        .order_by(lines.c.id)
    )
    return [
        line
        for some in pieces(sorted(order_ids))
        for line in connection.execute(query.where(lines.c.order_id.in_(some)))
    ]


def _nobodys(after: int) -> Any:
    free = ~exists().where(attributions.c.line_id == lines.c.id)
    query = select(lines.c.id).where(lines.c.id > after, free, _posted()).order_by(lines.c.id)
    return query.limit(_BATCH).with_for_update()


def _take_back(connection: Connection, shop: Shop, line_ids: Sequence[int]) -> None:
    """All that was ever given back of these lines."""
    for some in pieces(line_ids):
        given = select(refunds.c.id).where(refunds.c.line_id.in_(some))
        reversed_(connection, shop, connection.scalars(given).all())


def _refunds(refund_ids: Sequence[int]) -> Any:
    """All of the lines that these are of, in the order in which they came."""
    which = select(refunds.c.line_id).where(refunds.c.id.in_(refund_ids))
    return (
        select(
            refunds.c.id, refunds.c.line_id, refunds.c.amount, refunds.c.quantity.label("pieces"),
            refunds.c.at, lines.c.paid, lines.c.fee, lines.c.quantity,
        )
        .join(lines, lines.c.id == refunds.c.line_id)
        .where(refunds.c.line_id.in_(which))
        .order_by(refunds.c.id)
    )  # fmt: skip

"""What is to be served: lines get into the queue of deliveries, and what they earned into the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

from curate.database import bulk
from curate.database.tables import deliveries, lines, orders, steps
from curate.shop import ledger
from curate.shop.delivery.states import SERVED, STEP
from curate.shop.orders.intake import Taken
from curate.shop.orders.mapping import Unmapped, sku_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from curate.shop import Shop


class Due(NamedTuple):
    """Pieces of a line that are due to their buyer; ``at``: when they had them, of those whom somebody else
    served before, else None."""

    line_id: int
    sku: str
    pieces: int
    at: int | None = None


def queue(connection: Connection, shop: Shop, some: Sequence[Due]) -> int:
    """Put them into the queue of deliveries, or down as served; how many were queued."""
    some = [one for one in some if one.pieces > 0]
    if not some:
        return 0
    now = shop.now()
    rows, taken = [], []
    for own, one in zip(bulk.fresh(connection, deliveries, len(some)), some, strict=True):
        state, at, proof = ("waiting", now, "") if one.at is None else ("confirmed", one.at, SERVED)
        rows.append((own, *one[:3], state, proof, at, at))
        taken.append((own, state, at, proof))
    columns = ("id", "line_id", "sku", "quantity", "state", "proof", "queued_at", "changed_at")
    bulk.put(connection, deliveries, columns, rows)
    bulk.put(connection, steps, STEP, taken)
    return sum(one.at is None for one in some)


def settle(connection: Connection, some: Sequence[tuple[int, int]]) -> None:
    """Lines (id, since when) that waited to be served, and were served by somebody else."""
    since = dict(some)
    query = select(deliveries.c.id, deliveries.c.line_id).where(deliveries.c.line_id.in_(since))
    ids = [(own, since[line]) for own, line in connection.execute(query)]
    rows = [("confirmed", "", SERVED, at, own) for own, at in ids]
    bulk.change(connection, deliveries, ("state", "why", "proof", "changed_at"), rows)
    bulk.put(connection, steps, STEP, [(own, "confirmed", at, SERVED) for own, at in ids])


def name(connection: Connection, some: Sequence[tuple[str, int]]) -> None:
    """(SKU, line) of those that were served before shop.toml said what they are."""
    skus = {line: sku for sku, line in some}
    query = select(deliveries.c.id, deliveries.c.line_id).where(deliveries.c.line_id.in_(skus))
    rows = [(skus[line], own) for own, line in connection.execute(query)]
    bulk.change(connection, deliveries, ("sku",), rows)


def map_waiting(shop: Shop, after: int, most: int) -> tuple[Taken, int]:
    """``most`` of the lines without an SKU whose id is above ``after``; and the last id, 0 at the end."""
    query = (
        select(lines, orders.c.channel, orders.c.number, deliveries.c.id.label("delivery_id"))
        .join(orders, orders.c.id == lines.c.order_id)
        .outerjoin(deliveries, deliveries.c.line_id == lines.c.id)
        .where(lines.c.sku == "", lines.c.id > after)
        .order_by(lines.c.id)
        .limit(most)
        .with_for_update(of=lines)
    )
    with shop.database.writing() as connection:
        rows = connection.execute(query).all()
        found = {row.id: sku_of(shop.settings, row.channel, row.item, row.variant) for row in rows}
        known = [(sku, line) for line, sku in found.items() if sku]
        bulk.change(connection, lines, ("sku",), known)
        served = {row.id for row in rows if row.delivery_id is not None}
        name(connection, [one for one in known if one[1] in served])
        paid = [row for row in rows if row.state == "paid" and found[row.id]]
        queued = queue(
            connection,
            shop,
            [
                Due(row.id, found[row.id], row.quantity - row.refunded_quantity)
                for row in paid
                if row.id not in served
            ],
        )
        ledger.earned_all(connection, shop, [row.id for row in paid])
    left = tuple(
        Unmapped(row.channel, row.item, row.variant, row.title, 1)
        for row in rows
        if not found[row.id]
    )
    count = sum(map(bool, found.values()))
    taken = Taken(changed=count, queued=queued) + Taken(unmapped=left)
    return taken, rows[-1].id if len(rows) == most else 0

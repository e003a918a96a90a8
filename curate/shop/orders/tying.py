"""Orders that came in before anybody asked whose they are: each is tied to its contact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select, update

from curate.database.tables import orders
from curate.shop import contacts
from curate.shop.orders.intake import BATCH

if TYPE_CHECKING:
    from curate.shop import Shop


def tie(shop: Shop) -> int:
    """How many were tied; in batches, and done twice it does nothing more. New orders are when they come in.

    Of people who were erased since, what tells who they are is taken out.
    """
    after, done = 0, 0
    while True:
        rows, tied = _some(shop, after)
        done += tied
        if len(rows) < BATCH:
            return done
        after = rows[-1]


def _some(shop: Shop, after: int) -> tuple[list[int], int]:
    """The ids of those that were looked at, and how many were tied."""
    query = (
        select(orders)
        .where(orders.c.contact_id.is_(None), (orders.c.buyer != "") | (orders.c.email != ""))
        .where(orders.c.id > after)
        .order_by(orders.c.id)
        .limit(BATCH)
        .with_for_update()
    )
    with shop.database.writing() as connection:
        rows = connection.execute(query).all()
        told = [
            contacts.Buyer(
                row.channel, row.buyer, row.email, row.language,
                row.made_at if row.paid_at is None else row.paid_at, row.paid_at,
            )
            for row in rows
        ]  # fmt: skip
        found = contacts.of_people(connection, shop, [*map(contacts.person, told)])
        pairs = [*zip(rows, found, strict=True)]
        own = update(orders).where(orders.c.id == bindparam("own"))
        known = [{"own": row.id, "who": who.contact_id} for row, who in pairs if who.contact_id]
        if known:
            connection.execute(own.values(contact_id=bindparam("who")), known)
        gone = [{"own": row.id} for row, who in pairs if who.erased]
        if gone:
            connection.execute(own.values(buyer="", email=""), gone)
    return [row.id for row in rows], len(known)

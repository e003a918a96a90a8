"""Orders that came in before anybody asked whose they are: each is tied to its contact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, func, select, update

from curate.database.tables import cursors, orders
from curate.shop import contacts
from curate.shop.orders.intake import BATCH

if TYPE_CHECKING:
    from curate.shop import Shop


_SEEN = "orders tied"
"""The cursor that says up to which order each was looked at: who is masked by their channel is never tied, and
need not be looked at again."""


def tie(shop: Shop) -> int:
    """How many were tied; in batches, and each order is looked at once. New orders are tied when they come in.

    Of people who were erased since, what tells who they are is taken out.
    """
    with shop.database.reading() as connection:
        seen = connection.scalar(select(cursors.c.value).where(cursors.c.name == _SEEN))
        last = int(connection.scalar(select(func.max(orders.c.id))) or 0)
    after, done = int(seen or 0), 0
    while after < last:
        rows, tied = _some(shop, after)
        done += tied
        after = rows[-1] if len(rows) == BATCH else last
        _note(shop, after)
    return done


def _note(shop: Shop, after: int) -> None:
    row = {"name": _SEEN, "value": str(after)}
    query = shop.database.insert(cursors).values(row)
    with shop.database.writing() as connection:
        connection.execute(query.on_conflict_do_update(index_elements=["name"], set_=row))


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

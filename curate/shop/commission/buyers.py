"""Whether who sold is who bought: then it is a discount, and no sale to anybody else.

The same contact; one address, number or name of theirs; or money that goes to one account of both.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from curate.database import tables
from curate.shop import contacts
from curate.shop.commission.attribution import Order
from curate.shop.commission.pools import pieces

if TYPE_CHECKING:
    from curate.shop import Shop

Pair = tuple[Order, Any]
"""An order, and the row of an affiliate."""


def same(connection: Connection, shop: Shop, pairs: Sequence[Pair]) -> set[tuple[int, int]]:
    """(order, affiliate) of those pairs where both are one person."""
    buyers = {order.contact_id for order, _ in pairs} - {None}
    affiliates = {int(who.id): who for _, who in pairs}
    keys = _identities(connection, buyers | {who.contact_id for who in affiliates.values()})
    accounts = _accounts(connection, buyers)
    sold = {
        own: _sold(shop, who) | keys.get(who.contact_id, set()) for own, who in affiliates.items()
    }

    def one(order: Order, who: Any) -> bool:
        if who.contact_id is not None and who.contact_id == order.contact_id:
            return True
        theirs = sold[int(who.id)]
        if theirs and theirs & (_bought(shop, order) | keys.get(order.contact_id, set())):
            return True
        return _account(who) in accounts.get(order.contact_id, ())

    return {(order.id, int(who.id)) for order, who in pairs if one(order, who)}


def _bought(shop: Shop, order: Order) -> set[bytes]:
    told = contacts.Buyer(order.channel, order.buyer, order.email, "", order.at)
    return {
        contacts.key(shop, one.kind, one.value, one.channel)
        for one in contacts.person(told).identities
        if contacts.normal(one.kind, one.value)
    }


def _sold(shop: Shop, who: Any) -> set[bytes]:
    """Accounts that money goes to are often an address or a number."""
    named = (
        ("email", who.email), ("email", who.account), ("phone", who.account), ("wechat", who.account),
    )  # fmt: skip
    return {
        contacts.key(shop, kind, value) for kind, value in named if contacts.normal(kind, value)
    }


def _identities(
    connection: Connection, contact_ids: Collection[int | None]
) -> Mapping[int | None, set[bytes]]:
    found: dict[int | None, set[bytes]] = {}
    query = select(tables.identities.c.contact_id, tables.identities.c.key)
    for some in pieces(sorted(one for one in contact_ids if one is not None)):
        for row in connection.execute(query.where(tables.identities.c.contact_id.in_(some))):
            found.setdefault(row.contact_id, set()).add(row.key)
    return found


def _accounts(
    connection: Connection, contact_ids: Collection[int | None]
) -> Mapping[int | None, set[str]]:
    """Of buyers who are affiliates themselves."""
    found: dict[int | None, set[str]] = {}
    known = tables.affiliates
    query = select(known.c.contact_id, known.c.account).where(known.c.account != "")
    for some in pieces(sorted(one for one in contact_ids if one is not None)):
        for row in connection.execute(query.where(known.c.contact_id.in_(some))):
            found.setdefault(row.contact_id, set()).add(_account(row))
    return found


def _account(who: Any) -> str:
    return "".join(str(who.account).casefold().split())

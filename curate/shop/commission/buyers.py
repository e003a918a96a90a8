"""Whether who sold is who bought: then it is a discount, and no sale to anybody else.

The same contact; one address, number or name of theirs, however it is written; or money that goes to one account
of both. One mailbox may have many addresses: what stands behind a plus, and the dots of Gmail, name no other person.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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
_GMAIL = ("gmail.com", "googlemail.com")
"""The first is what both are."""


def same(connection: Connection, shop: Shop, pairs: Sequence[Pair]) -> set[tuple[int, int]]:
    """(order, affiliate) of those pairs where both are one person."""
    buyers = {order.contact_id for order, _ in pairs} - {None}
    affiliates = {int(who.id): who for _, who in pairs}
    keys = _identities(connection, shop, buyers | {who.contact_id for who in affiliates.values()})
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


def alike(connection: Connection, shop: Shop, pairs: Sequence[tuple[Any, Any]]) -> set[int]:
    """Of pairs of affiliates, by the first one's id, those where both are one person."""
    known = {one.contact_id for pair in pairs for one in pair}
    keys = _identities(connection, shop, known)

    def one(who: Any, other: Any) -> bool:
        theirs = _sold(shop, who) | keys.get(who.contact_id, set())
        if theirs & (_sold(shop, other) | keys.get(other.contact_id, set())):
            return True
        return _account(who) == _account(other) != ""

    return {int(who.id) for who, other in pairs if one(who, other)}


def _bought(shop: Shop, order: Order) -> set[bytes]:
    """A channel's name for them may be their number."""
    told = contacts.Buyer(order.channel, order.buyer, order.email, "", order.at)
    named = [(one.kind, one.value, one.channel) for one in contacts.person(told).identities]
    return _keys(shop, [*named, ("phone", order.buyer, "")])


def _keys(shop: Shop, named: Iterable[tuple[str, str, str]]) -> set[bytes]:
    """Of (kind, value, channel); of an address also that of its mailbox."""
    every = {one for kind, value, channel in named for one in _ways(kind, value, channel)}
    return {
        contacts.key(shop, kind, value, channel)
        for kind, value, channel in every
        if contacts.normal(kind, value)
    }


def _ways(kind: str, value: str, channel: str) -> Iterator[tuple[str, str, str]]:
    yield kind, value, channel
    if kind == "email" and (box := _mailbox(contacts.normal(kind, value))):
        yield kind, box, channel


def _mailbox(address: str) -> str:
    """ann+shop@example.org. → ann@example.org; "" for what is none."""
    name, _, domain = address.rpartition("@")
    name, domain = name.partition("+")[0], domain.rstrip(".")
    if domain in _GMAIL:
        name, domain = name.replace(".", ""), _GMAIL[0]
    return f"{name}@{domain}" if name and domain else ""


def _sold(shop: Shop, who: Any) -> set[bytes]:
    """Accounts that money goes to are often an address or a number."""
    named = (
        ("email", who.email), ("email", who.account), ("phone", who.account), ("wechat", who.account),
    )  # fmt: skip
    return _keys(shop, [(kind, value, "") for kind, value in named])


def _identities(
    connection: Connection, shop: Shop, contact_ids: Collection[int | None]
) -> Mapping[int | None, set[bytes]]:
    found: dict[int | None, set[bytes]] = {}
    known = tables.identities
    query = select(known.c.contact_id, known.c.key, known.c.kind, known.c.value)
    for some in pieces(sorted(one for one in contact_ids if one is not None)):
        for row in connection.execute(query.where(known.c.contact_id.in_(some))):
            keys = found.setdefault(row.contact_id, set())
            keys.add(row.key)
            if row.kind == "email":
                keys |= _keys(shop, [("email", row.value, "")])
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
    told = unicodedata.normalize("NFKC", str(who.account)).casefold()
    return "".join(told.replace("-", " ").split())

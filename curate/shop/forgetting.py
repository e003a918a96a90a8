"""Whom somebody means who asks what is kept of them, and forgetting it: their rows stay for what they count, and
nothing in them tells whose they are.

People are recognised by the keys of :mod:`curate.shop.contacts`. A row that is tied to no contact and bears
nothing that such a key could be made of, as an order of 张**, is recognised by a key of its own. So is each order
that was paid by then: told again without its time, also to a backup that does not know it, it is still no new one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, and_, func, or_, select, update

from curate.database import personal
from curate.database.tables import (
    affiliates,
    consents,
    contacts,
    costs,
    erasures,
    identities,
    orders,
    outbox,
    tickets,
    touches,
)
from curate.errors import CurateError
from curate.shop.contacts import erased, key, normal

if TYPE_CHECKING:
    from curate.shop import Shop

HOW = (
    "name them by e-mail, number (curate contacts), phone:NUMBER, wechat:NAME, CHANNEL:NAME, "
    "order:CHANNEL/NUMBER, ticket:NUMBER, affiliate:CODE, or person:NAME for one of your team"
)
_NUMBER = re.compile(r"(?:contact:)?(\d{1,15})", re.ASCII)
_DIGITS = re.compile(r"\d{1,15}", re.ASCII)


@dataclass
class Whom:
    """``roots``: rows that are theirs by themselves, by table; what refers to these is theirs, too. ``keys``: what
    they are known by."""

    roots: dict[str, set[int]] = field(default_factory=dict)
    keys: set[bytes] = field(default_factory=set)

    def add(self, table: str, own: int) -> None:
        self.roots.setdefault(table, set()).add(int(own))

    @property
    def contact_id(self) -> int | None:
        """None where they are no contact, as the seller's own people."""
        return min(self.roots.get("contacts", set()), default=None)


class _Alone(NamedTuple):
    """A row that is tied to no contact, and what its person is recognised by."""

    table: str
    id: int
    keys: set[bytes]


def seek(connection: Connection, shop: Shop, told: str) -> Whom:
    """Who is meant by ``told``, also where they were erased. Raises CurateError, without what was told."""
    told = told.strip()
    whom = _named(connection, told)
    if whom is None:
        whom = Whom(keys=set(_keys(shop, told)))
    else:
        whom.keys |= known_by(connection, shop, whom)
    (found,) = recall(connection, shop, [whom.keys])
    for table, own in whom.roots.items():
        found.roots.setdefault(table, set()).update(own)
    if not found.roots and not erased(connection, found.keys):
        raise CurateError("nobody is known by that", HOW)
    found.keys |= known_by(connection, shop, found)
    return found


def recall(connection: Connection, shop: Shop, groups: Sequence[Iterable[bytes]]) -> list[Whom]:
    """What this database has of the people behind each group of keys; what is tied to nobody is read once for
    all of them."""
    found = [Whom(keys=set(some)) for some in groups]
    whose: dict[bytes, list[Whom]] = {}
    for one in found:
        for each in one.keys:
            whose.setdefault(each, []).append(one)
    for table in (identities, erasures):
        query = select(table.c.key, table.c.contact_id).where(table.c.contact_id.is_not(None))
        for some in personal.pieces(sorted(whose)):
            for row in connection.execute(query.where(table.c.key.in_(some))):
                for one in whose[row.key]:
                    one.add("contacts", row.contact_id)
    for alone in _alone(connection, shop) if whose else ():
        for each in alone.keys & whose.keys():
            for one in whose[each]:
                one.add(alone.table, alone.id)
    return found


def known_by(connection: Connection, shop: Shop, whom: Whom) -> set[bytes]:
    """All keys that are theirs: of their contacts, and of what they are called in their orders and as affiliates,
    but nothing that another contact is known by."""
    person = personal.rows(connection, whom.roots, _UNNAMED)
    mine: set[bytes] = set()
    said: set[bytes] = set()
    for some in personal.pieces(person.get("contacts", ())):
        for table, keys in (
            (identities, mine),
            (erasures, said),
        ):  # still, or before they were erased
            own = select(table.c.key).where(table.c.contact_id.in_(some))
            keys.update(connection.scalars(own))
    paid: set[bytes] = set()
    for table in (orders, affiliates, tickets, costs):
        for some in personal.pieces(person.get(table.name, ())):
            for row in connection.execute(select(table).where(table.c.id.in_(some))):
                rooted = row.id in whom.roots.get(table.name, ())
                said |= _called(shop, row) or ({_own(shop, table.name, row)} if rooted else set())
                if table is orders and row.paid_at is not None:
                    paid.add(_paid(shop, row))
    for some in personal.pieces(person.get("contacts", ()) if not mine | said else ()):
        kept = contacts.c.id.in_(some) & contacts.c.erased_at.is_(None)
        for row in connection.execute(select(contacts).where(kept)):
            said.add(_own(shop, contacts.name, row))
    for some in personal.pieces(sorted(said - mine)):
        theirs = select(identities.c.key).where(identities.c.key.in_(some))
        said -= set(connection.scalars(theirs))
    return mine | said | paid


def forget(connection: Connection, shop: Shop, some: Sequence[tuple[Whom, int]]) -> int:
    """Blank what tells who they are, end what would still be sent, and keep their keys, so that nobody takes in
    again what was up to then; each with the time at which that was asked for, in the caller's transaction.

    How many rows changed. Done twice it changes nothing more.
    """
    done = 0
    for column, own in _strays(connection, [whom for whom, _ in some]):
        table = column.table
        for ids in personal.pieces(own):
            query = update(table).where(table.c.id.in_(ids)).values({column.name: ""})
            done += connection.execute(query).rowcount
    for whom, at in some:
        asked = frozenset(whom.keys)
        whom.keys |= known_by(connection, shop, whom)
        person = personal.rows(connection, whom.roots)
        end(connection, person, at)
        done += personal.erase(connection, person)
        _block(connection, whom, asked, at)
    return done


def silent(connection: Connection, shop: Shop, told: Sequence[Any]) -> set[int]:
    """Of rows of orders the ids of those that are not to tell whose they are: of contacts who were forgotten, and
    erased by themselves, unless they were paid after it; and those that are known to be paid before."""
    done: set[int] = set()
    tied = {row.contact_id for row in told if row.contact_id is not None}
    for some in personal.pieces(sorted(tied)):
        query = select(contacts.c.id, contacts.c.erased_at).where(contacts.c.id.in_(some))
        gone = connection.execute(query.where(contacts.c.erased_at.is_not(None)))
        at = {row.id: row.erased_at for row in gone}
        done |= {row.id for row in told if row.contact_id in at and _by(row, at[row.contact_id])}
    if connection.scalar(select(erasures.c.key).limit(1)) is not None:
        own = {_own(shop, orders.name, row): row for row in told if row.contact_id is None}
        done |= {
            own[one].id for one, was in erased(connection, own).items() if _by(own[one], was.at)
        }
        paid = {_paid(shop, row): row.id for row in told}
        done |= {paid[one] for one in erased(connection, paid)}
    return done


def _by(row: Any, at: int) -> bool:
    """Whether an order belongs to what was forgotten at ``at``."""
    return row.paid_at is None or row.paid_at <= at


def end(connection: Connection, person: personal.Person, at: int) -> None:
    """Nothing is sent to them, asked of them or earned by them from now on."""
    for some in personal.pieces(person.get("contacts", ())):
        kept = contacts.c.id.in_(some) & contacts.c.erased_at.is_(None)
        connection.execute(update(contacts).where(kept).values(erased_at=at))
        _withdraw(connection, some, at)
    for table, states, to in _ENDS:
        for some in personal.pieces(person.get(table.name, ())):
            live = table.c.id.in_(some) & table.c.state.in_(states)
            connection.execute(update(table).where(live).values(state=to, changed_at=at))


_ENDS: tuple[tuple[Any, tuple[str, ...], str], ...] = (
    (outbox, ("rendered", "sending"), "cancelled"),
    (touches, ("queued",), "cancelled"),
    (tickets, ("open", "answered"), "closed"),
    (affiliates, ("active", "paused"), "ended"),
)
_UNNAMED = (
    "lines",
    "consents",
    "events",
    "touches",
    "clicks",
    "moves",
    "payouts",
    "pools",
    "coupons",
)
"""Tables by which nobody is recognised."""


def _withdraw(connection: Connection, some: Sequence[int], at: int) -> None:
    """Who asks to be forgotten agrees to nothing any more."""
    query = (
        select(consents)
        .where(consents.c.contact_id.in_(some))
        .order_by(consents.c.at, consents.c.id)
    )
    last = {(row.contact_id, row.purpose): row for row in connection.execute(query)}
    rows = [
        {
            "contact_id": row.contact_id, "purpose": row.purpose, "given": False,
            "text_version": row.text_version, "source": "", "at": max(at, row.at),
        }
        for row in last.values()
        if row.given
    ]  # fmt: skip
    if rows:
        connection.execute(consents.insert(), rows)


def _block(connection: Connection, whom: Whom, asked: frozenset[bytes], at: int) -> None:
    """Their keys up to ``at``. What only a contact of before was known by, and nobody ``asked`` for, keeps its time:
    it may be somebody else's since."""
    there = erased(connection, whom.keys)
    more = [one for one, was in there.items() if one in asked or was.back_at is not None]
    whose = func.coalesce(erasures.c.contact_id, whom.contact_id)
    for some in personal.pieces(sorted(more)):
        query = update(erasures).where(erasures.c.key.in_(some), erasures.c.at <= at)
        connection.execute(query.values(at=at, back_at=None, contact_id=whose))
    new = sorted(whom.keys - there.keys())
    if new:
        rows = [{"key": one, "contact_id": whom.contact_id, "at": at} for one in new]
        connection.execute(erasures.insert(), rows)


def _named(connection: Connection, told: str) -> Whom | None:
    """Who is named by a row; None where they are named by what they are called."""
    kind, _, rest = told.partition(":")
    channel, _, number = rest.partition("/")
    digits = int(rest) if _DIGITS.fullmatch(rest) else 0
    ways: dict[str, tuple[Any, Any]] = {
        "order": (orders, and_(orders.c.channel == channel, orders.c.number == number)),
        "ticket": (tickets, tickets.c.id == digits),
        "affiliate": (affiliates, affiliates.c.code == rest),
        "person": (costs, and_(costs.c.person == rest, costs.c.person != "")),
    }
    table, where = ways.get(kind, (None, None))
    if found := _NUMBER.fullmatch(told):
        table, where = contacts, contacts.c.id == int(found[1])
    if table is None:
        return None
    whom = Whom()
    for row in connection.execute(select(table).where(where)):
        _place(connection, whom, table.name, row)
    return whom


def _place(connection: Connection, whom: Whom, table: str, row: Any) -> None:
    """The row's contact, or the order that it is about, where it has one; else the row."""
    if getattr(row, "contact_id", None) is not None:
        whom.add("contacts", row.contact_id)
    elif getattr(row, "order_id", None) is not None:
        about = connection.execute(select(orders).where(orders.c.id == row.order_id)).one()
        _place(connection, whom, "orders", about)
    else:
        whom.add(table, row.id)


def _keys(shop: Shop, told: str) -> Iterator[bytes]:
    """Of what somebody is called."""
    kind, _, rest = told.partition(":")
    if kind in ("email", "phone", "wechat"):
        if normal(kind, rest):
            yield key(shop, kind, rest)
    elif normal("email", told):
        yield key(shop, "email", told)
    elif rest and normal("handle", rest):
        yield key(shop, "handle", rest, kind)


def _alone(connection: Connection, shop: Shop) -> Iterator[_Alone]:
    """Rows that are tied to no contact; contacts that nothing is known of but a number; the seller's own people."""
    known = select(identities.c.contact_id)
    named = (
        (orders, and_(orders.c.contact_id.is_(None), or_(orders.c.buyer != "", orders.c.email != ""))),
        (affiliates, affiliates.c.contact_id.is_(None)),
        (tickets, and_(tickets.c.contact_id.is_(None), tickets.c.order_id.is_(None))),
        (costs, costs.c.person != ""),
        (contacts, and_(contacts.c.erased_at.is_(None), contacts.c.id.not_in(known))),
    )  # fmt: skip
    for table, where in named:
        for row in connection.execute(select(table).where(where)):
            yield _Alone(table.name, row.id, _called(shop, row) or {_own(shop, table.name, row)})


def _called(shop: Shop, row: Any) -> set[bytes]:
    """Keys of what an order or an affiliate says of who that is."""
    email, buyer = getattr(row, "email", ""), getattr(row, "buyer", "")
    told = [
        ("email", email, ""),
        ("email", buyer, ""),
        ("handle", buyer, getattr(row, "channel", "")),
    ]
    return {key(shop, *one) for one in told if one[1] and normal(one[0], one[1])}


_OWN = {
    "orders": ("channel", "number"),
    "affiliates": ("code",),
    "tickets": ("id", "opened_at"),
    "costs": ("person",),
    "contacts": ("id", "acquired_at"),
}
"""What a row is the same by in a backup."""


def _own(shop: Shop, table: str, row: Any) -> bytes:
    return shop.keys.mac("row", table, *(str(getattr(row, name)) for name in _OWN[table]))


def _paid(shop: Shop, row: Any) -> bytes:
    """That this order was paid."""
    return shop.keys.mac("paid", row.channel, row.number)


def _strays(connection: Connection, some: Sequence[Whom]) -> Iterator[tuple[Any, list[int]]]:
    """(column, rows) where they stand in what is another's: an order names an e-mail and a channel's name, and
    these may be two people."""
    own = [one for whom in some for one in whom.roots.get("contacts", ())]
    names = [
        row
        for ids in personal.pieces(own)
        for row in connection.execute(select(identities).where(identities.c.contact_id.in_(ids)))
    ]
    addresses = sorted({normal("email", row.value) for row in names if row.kind == "email"} - {""})
    for column in (orders.c.email, orders.c.buyer, outbox.c.recipient, affiliates.c.email):
        for texts in personal.pieces(addresses):
            query = select(column.table.c.id).where(func.lower(column).in_(texts))
            yield column, [*connection.scalars(query)]
    for row in names:
        if row.kind == "handle" and row.value:
            theirs = and_(orders.c.channel == row.channel, orders.c.buyer == row.value)
            yield orders.c.buyer, [*connection.scalars(select(orders.c.id).where(theirs))]

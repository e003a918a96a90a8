"""What is kept no longer than [privacy] of shop.toml says: forgotten by itself, a few rows in each transaction.

Each kind is found by an index that holds only what is still to be forgotten, so that a run takes as long as what is
due, not as what there is. Nobody is blocked by it: who comes again is welcome.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import Connection, delete, func, or_, select

from curate.books.privacy import audit
from curate.database import personal
from curate.database.tables import STAGES, affiliates, clicks, contacts, orders, outbox, tickets
from curate.database.tables.people import KEPT
from curate.database.tables.shop import CLOSED, NAMED, READABLE
from curate.shop import forgetting, traces

if TYPE_CHECKING:
    from sqlalchemy import Select

    from curate.shop import Shop

_DAY = 86_400
_AT_ONCE = 200
_HASTE = 5_000  # milliseconds that who reads the database is waited for
_BEFORE = STAGES[: STAGES.index("purchased")]
_BOUGHT = STAGES[STAGES.index("purchased") :]
_ARRIVED = ("confirmed", "cancelled")
_TALK = ("tickets", "outbox")
"""Kept by their own time, not by that of their order."""


class Retained(msgspec.Struct, frozen=True):
    """How many were forgotten, or with ``dry`` are due: of orders and contacts who that is, of tickets and
    messages their text, clicks whole."""

    orders: int = 0
    tickets: int = 0
    messages: int = 0
    clicks: int = 0
    contacts: int = 0
    dry: bool = False


def retain(shop: Shop, *, dry: bool = False) -> Retained:
    """Forget all that is due now. May be killed and run again at any time; ``dry`` only counts."""
    counts = {name: _all(shop, name, dry) for name in _KINDS}
    if not dry and any(counts.values()):
        with shop.database.writing() as connection:
            audit.note(connection, shop, "retention", **counts)
        traces.copies(shop, shop.database)
        traces.settle(shop.database, _HASTE)
    return Retained(**counts, dry=dry)


def due(shop: Shop, name: str) -> Sequence[Select[Any]]:
    """The ids of what is due of one kind, each found by an index; () where it is kept for ever."""
    how, now = shop.settings.privacy, shop.now()
    letters = _before(now, how.letter_days)
    if name == "orders" and how.order_days:
        return _orders(_before(now, how.order_days))
    if name == "tickets" and how.letter_days:
        return (select(tickets.c.id).where(CLOSED, tickets.c.changed_at < letters),)
    if name == "messages" and how.letter_days:
        arrived = outbox.c.state.in_(_ARRIVED)
        return (select(outbox.c.id).where(READABLE, arrived, outbox.c.changed_at < letters),)
    if name == "clicks" and how.click_days:
        # As long as a click may still tell whose sale it is, it is needed.
        days = max(how.click_days, shop.settings.distribution.window_days)
        return (select(clicks.c.id).where(clicks.c.at < _before(now, days)),)
    if name == "contacts" and how.contact_days:
        bought = _before(now, how.order_days) if how.order_days else None
        return _contacts(_before(now, how.contact_days), bought)
    return ()


def _before(now: int, days: int) -> int:
    """No earlier than 1970: whoever writes more days than there were means for ever."""
    return max(0, now - days * _DAY)


def _orders(before: int) -> Sequence[Select[Any]]:
    query = select(orders.c.id)
    return (
        query.where(NAMED, orders.c.paid_at < before),
        query.where(NAMED, orders.c.paid_at.is_(None), orders.c.made_at < before),
    )


def _contacts(silent: int, bought: int | None) -> Sequence[Select[Any]]:
    """Who bought is kept as long as their orders tell of them, and affiliates as long as they are some."""
    named = select(orders.c.id).where(
        orders.c.contact_id == contacts.c.id, or_(orders.c.buyer != "", orders.c.email != "")
    )
    if bought is not None:
        named = named.where(func.coalesce(orders.c.paid_at, orders.c.made_at) >= bought)
    partner = select(affiliates.c.id).where(affiliates.c.contact_id == contacts.c.id)
    query = select(contacts.c.id).where(KEPT, ~named.exists(), ~partner.exists())
    strangers = query.where(contacts.c.stage.in_(_BEFORE), contacts.c.heard_at < silent)
    if bought is None:
        return (strangers,)
    buyers = contacts.c.heard_at < min(silent, bought)
    return strangers, query.where(contacts.c.stage.in_(_BOUGHT), buyers)


def _all(shop: Shop, name: str, dry: bool) -> int:
    queries = due(shop, name)
    if dry:
        with shop.database.reading() as connection:
            return sum(1 for query in queries for _ in connection.scalars(query))
    done = 0
    for query in queries:
        while _any(shop, query):  # nothing to do waits for nobody's lock
            with shop.database.writing() as connection:
                some = [*connection.scalars(query.limit(_AT_ONCE))]
                _KINDS[name](connection, shop, some)
            done += len(some)
    return done


def _any(shop: Shop, query: Select[Any]) -> bool:
    with shop.database.reading() as connection:
        return connection.scalar(query.limit(1)) is not None


def _forget_orders(connection: Connection, shop: Shop, some: list[int]) -> None:
    personal.erase(connection, personal.rows(connection, {"orders": some}, _TALK))


def _forget_tickets(connection: Connection, shop: Shop, some: list[int]) -> None:
    personal.erase(connection, personal.rows(connection, {"tickets": some}, ("outbox",)))


def _forget_messages(connection: Connection, shop: Shop, some: list[int]) -> None:
    personal.erase(connection, {"outbox": some})


def _forget_clicks(connection: Connection, shop: Shop, some: list[int]) -> None:
    connection.execute(delete(clicks).where(clicks.c.id.in_(some)))


def _forget_contacts(connection: Connection, shop: Shop, some: list[int]) -> None:
    person = personal.rows(connection, {"contacts": some})
    forgetting.end(connection, person, shop.now())
    personal.erase(connection, person)


_KINDS: dict[str, Callable[[Connection, Any, list[int]], None]] = {
    "orders": _forget_orders,
    "tickets": _forget_tickets,
    "messages": _forget_messages,
    "clicks": _forget_clicks,
    "contacts": _forget_contacts,
}

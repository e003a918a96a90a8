"""Contacts to be looked at: all of them in a list, and one with everything that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec
from sqlalchemy import Connection, Row, Select, func, select

from curate.books.journey import consent, events
from curate.database.tables import campaigns, contacts, identities, orders
from curate.database.tables import events as happened
from curate.errors import CurateError
from curate.model import Message

if TYPE_CHECKING:
    from curate.shop import Shop

Warmth = Literal["warm", "cool", "cold"]
_WARM, _COOL = 30 * 86_400, 90 * 86_400
_MOST = 200
"""Events that are shown, the latest ones."""


class Listed(msgspec.Struct, frozen=True):
    """``wanted``: whether they may be sent what nobody asked for."""

    id: int
    name: str
    stage: str
    staged_at: int
    warmth: Warmth
    channel: str
    campaign: str
    wanted: bool


class Known(msgspec.Struct, frozen=True):
    """One thing that they are known by."""

    kind: str
    value: str
    channel: str


class Did(msgspec.Struct, frozen=True):
    """``why``: what it led nowhere for."""

    at: int
    kind: str
    source: str
    campaign: str
    note: str
    why: Message | None


class Came(msgspec.Struct, frozen=True):
    stage: str
    at: int
    passed: bool


class Agreed(msgspec.Struct, frozen=True):
    purpose: str
    given: bool
    text_version: str
    source: str
    at: int


class Shown(msgspec.Struct, frozen=True):
    """All of one contact. Times in seconds since 1970."""

    contact: Listed
    acquired_at: int
    heard_at: int
    language: str
    note: str
    erased_at: int | None
    orders: int
    known_by: tuple[Known, ...]
    came: tuple[Came, ...]
    did: tuple[Did, ...]
    agreed: tuple[Agreed, ...]


def warmth(heard_at: int, now: int) -> Warmth:
    """Who is not heard of cools down; the stage that they reached stays."""
    since = now - heard_at
    return "warm" if since <= _WARM else "cool" if since <= _COOL else "cold"


def listed(
    connection: Connection, shop: Shop, stage: str = "", campaign: str = "", wanted: bool = False,
    limit: int = 100,
) -> tuple[Listed, ...]:  # fmt: skip
    """Contacts who live, the latest first. ``wanted``: only those who agreed to be written to."""
    query = _listing().where(contacts.c.erased_at.is_(None))
    if stage:
        query = query.where(contacts.c.stage == stage)
    if campaign:
        query = query.where(campaigns.c.code == campaign.casefold())
    if wanted:
        query = query.where(consent.live(consent.MARKETING))
    rows = connection.execute(query.order_by(contacts.c.id.desc()).limit(limit))
    return tuple(_listed(row, shop.now()) for row in rows)


def _listing() -> Select[Any]:
    may = consent.live(consent.MARKETING).label("wanted")
    return select(contacts, func.coalesce(campaigns.c.code, "").label("campaign"), may).select_from(
        contacts.outerjoin(campaigns, campaigns.c.id == contacts.c.campaign_id)
    )


def _listed(row: Row[Any], now: int) -> Listed:
    return Listed(
        row.id, row.name, row.stage, row.staged_at, warmth(row.heard_at, now), row.channel,
        row.campaign, bool(row.wanted),
    )  # fmt: skip


def shown(connection: Connection, shop: Shop, contact_id: int) -> Shown:
    """Raises CurateError where there is no such contact."""
    row = connection.execute(_listing().where(contacts.c.id == contact_id)).first()
    if row is None:
        raise CurateError(f"there is no contact {contact_id}", "see: curate contacts list")
    way = events.way(connection, contact_id)
    bought = select(func.count()).select_from(orders).where(orders.c.contact_id == contact_id)
    said = consent.history(connection, contact_id)
    why = {one.event.id: one.why for one in way.refused}
    return Shown(
        _listed(row, shop.now()), row.acquired_at, row.heard_at, row.language, row.note, row.erased_at,
        connection.scalar(bought) or 0, _names(connection, contact_id),
        tuple(Came(one.stage, one.at, one.passed) for one in way.reached),
        _did(connection, contact_id, why),
        tuple(Agreed(one.purpose, one.given, one.text_version, one.source, one.at) for one in said),
    )  # fmt: skip


def _names(connection: Connection, contact_id: int) -> tuple[Known, ...]:
    columns = identities.c
    query = select(columns.kind, columns.value, columns.channel).order_by(columns.id)
    return tuple(
        Known(*row) for row in connection.execute(query.where(columns.contact_id == contact_id))
    )


def _did(connection: Connection, contact_id: int, why: dict[int, Message]) -> tuple[Did, ...]:
    query = (
        select(happened, func.coalesce(campaigns.c.code, "").label("campaign"))
        .select_from(happened.outerjoin(campaigns, campaigns.c.id == happened.c.campaign_id))
        .where(happened.c.contact_id == contact_id)
        .order_by(happened.c.at.desc(), happened.c.id.desc())
        .limit(_MOST)
    )
    found = [
        Did(row.at, row.kind, row.source, row.campaign, row.note, why.get(row.id))
        for row in connection.execute(query)
    ]
    return tuple(reversed(found))

"""What contacts agreed to, for what, by which text and where: a log that is only added to.

Without a consent that lives nothing may be sent to anybody: see :func:`may_send`, and for many :func:`agreed` and
:func:`live`. Which one lives is said in :mod:`curate.shop.consents`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, select

from curate.books.journey import events
from curate.books.journey.events import Event
from curate.database.tables import consents
from curate.errors import CurateError
from curate.shop.consents import agreed, live

if TYPE_CHECKING:
    from curate.shop import Shop

__all__ = [
    "MARKETING", "Said", "agreed", "check", "give", "history", "live", "may_send", "record", "withdraw",
]  # fmt: skip
MARKETING = "marketing"
"""The purpose of what nobody asked for: given it begins to follow, withdrawn it ends."""
_PURPOSE = re.compile(r"[a-z][a-z0-9_-]{0,39}", re.ASCII)
_LONG = 200
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Said:
    """One contact's word on one purpose. ``text_version``: of what they were shown; ``source``: where."""

    contact_id: int
    purpose: str
    given: bool
    text_version: str
    source: str
    at: int


def give(
    connection: Connection, shop: Shop, contact_id: int, purpose: str, text_version: str,
    source: str, at: int | None = None,
) -> bool:  # fmt: skip
    """Note a consent; False where this very one is known. Raises CurateError where it proves nothing."""
    when = shop.now() if at is None else at
    said = Said(contact_id, purpose, True, text_version, source, when)
    return record(connection, shop, [said])[0]


def withdraw(
    connection: Connection, shop: Shop, contact_id: int, purpose: str, source: str,
    at: int | None = None, text_version: str = "-",
) -> bool:  # fmt: skip
    """From then on nothing of ``purpose`` is sent; False where this very word is known. Said now, it is the last
    word, also where the clock was put back since the others."""
    when = shop.now() if at is None else at
    said = Said(contact_id, purpose, False, text_version, source, when)
    check(shop, said)
    if at is None:
        said = replace(said, at=max(when, _last(connection, contact_id, purpose)))
    return _record(connection, shop, [said])[0]


def record(connection: Connection, shop: Shop, some: Sequence[Said]) -> list[bool]:
    """Write down what was said, each word once: of each whether it is new. Raises CurateError, and nothing is written."""
    for one in some:
        check(shop, one)
    return _record(connection, shop, some)


def _record(connection: Connection, shop: Shop, some: Sequence[Said]) -> list[bool]:
    known = _known(connection, {one.contact_id for one in some})
    new = [one for one in dict.fromkeys(some) if one not in known]
    if new:
        query = consents.insert().returning(consents.c.id, sort_by_parameter_order=True)
        rows = [
            {"contact_id": one.contact_id, "purpose": one.purpose, "given": one.given,
             "text_version": one.text_version, "source": one.source, "at": one.at}
            for one in new
        ]  # fmt: skip
        made = connection.scalars(query, rows).all()
        events.record(
            connection, shop,
            [_event(shop, one, own) for one, own in zip(new, made, strict=True) if one.purpose == MARKETING],
        )  # fmt: skip
    fresh = set(new)
    return [one in fresh for one in some]


def _event(shop: Shop, one: Said, consent_id: int) -> Event:
    kind = "subscribed" if one.given else "unsubscribed"
    return Event(one.contact_id, kind, f"consent:{consent_id}", min(one.at, shop.now()))


def _last(connection: Connection, contact_id: int, purpose: str) -> int:
    which = (consents.c.contact_id == contact_id) & (consents.c.purpose == purpose)
    return connection.scalar(select(func.max(consents.c.at)).where(which)) or 0


def check(shop: Shop, one: Said) -> None:
    """Raises CurateError for what is no proof: a consent has a purpose, a text, a place and a time gone by."""
    if not _PURPOSE.fullmatch(one.purpose):
        raise CurateError(
            f"{one.purpose[:40]!r} is no purpose", "write one word, such as marketing or payout"
        )
    for name, value in (("the version of its text", one.text_version), ("its source", one.source)):
        if not value.strip() or len(value) > _LONG or not value.isprintable():
            raise CurateError(
                f"a consent to {one.purpose} without {name} proves nothing",
                "say which text was agreed to (such as 2026-01), and where (such as the page or the shop)",
            )
    if not 0 < one.at <= shop.now():
        raise CurateError(
            "a consent cannot be of a time to come", "write when it was given: 2026-03-01 12:00:00"
        )


def _known(connection: Connection, ids: set[int]) -> set[Said]:
    found: set[Said] = set()
    ordered = sorted(ids)
    columns = consents.c
    query = select(columns.contact_id, columns.purpose, columns.given, columns.text_version,
                   columns.source, columns.at)  # fmt: skip
    for n in range(0, len(ordered), _AT_ONCE):
        rows = connection.execute(query.where(columns.contact_id.in_(ordered[n : n + _AT_ONCE])))
        found |= {Said(*row) for row in rows}
    return found


def may_send(connection: Connection, contact_id: int, purpose: str) -> bool:
    """Whether ``contact_id`` may be written to for ``purpose``, at this moment."""
    return bool(agreed(connection, [contact_id], purpose))


def history(connection: Connection, contact_id: int) -> tuple[Said, ...]:
    """All that one contact said, oldest first."""
    columns = consents.c
    query = (
        select(columns.contact_id, columns.purpose, columns.given, columns.text_version,
               columns.source, columns.at)
        .where(columns.contact_id == contact_id)
        .order_by(columns.at, columns.id)
    )  # fmt: skip
    return tuple(Said(*row) for row in connection.execute(query))

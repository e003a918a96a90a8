"""What was done with personal data, when and how often; never whose name or address it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
from sqlalchemy import Connection, select

from curate.database.tables import audits

if TYPE_CHECKING:
    from curate.shop import Shop

What = Literal["export", "erase", "retention", "restore"]


class Done(msgspec.Struct, frozen=True):
    """``note`` counts. ``contact_id``: whose it was, None where they are no contact or it was many."""

    id: int
    what: What
    contact_id: int | None
    note: str
    at: int  # seconds since 1970


def note(
    connection: Connection, shop: Shop, what: What, contact_id: int | None = None, **counts: int
) -> None:
    """Add a line, within the caller's transaction."""
    told = ", ".join(f"{name} {count}" for name, count in counts.items())
    row = {"what": what, "contact_id": contact_id, "note": told, "at": shop.now()}
    connection.execute(audits.insert().values(row))


def listed(shop: Shop, limit: int = 100) -> list[Done]:
    """The latest, oldest of these first."""
    query = select(*(audits.c[name] for name in Done.__struct_fields__))
    with shop.database.reading() as connection:
        found = connection.execute(query.order_by(audits.c.id.desc()).limit(limit)).all()
    return [Done(*row) for row in reversed(found)]

"""Who agreed to what, at this moment. The latest word on a purpose counts, of two in the same second the
withdrawal; and who was erased agrees to nothing.

The log is written by :mod:`curate.books.journey.consent`; here it is asked, where messages leave the shop, too.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, and_, exists, select

from curate.database.tables import consents, contacts

_AT_ONCE = 500


def live(purpose: str) -> ColumnElement[bool]:
    """For a statement over ``contacts``: who lives and agreed to ``purpose``, and did not take it back since."""
    given, back = consents.alias(), consents.alias()
    withdrawn = exists().where(
        and_(
            back.c.contact_id == given.c.contact_id, back.c.purpose == given.c.purpose,
            back.c.given.is_(False), back.c.at >= given.c.at,
        )
    )  # fmt: skip
    agreed = exists().where(
        and_(given.c.contact_id == contacts.c.id, given.c.purpose == purpose,
             given.c.given.is_(True), ~withdrawn)
    )  # fmt: skip
    return and_(contacts.c.erased_at.is_(None), agreed)


def agreed(connection: Connection, contact_ids: Iterable[int], purpose: str) -> set[int]:
    """Those of them who agree to ``purpose``."""
    found: set[int] = set()
    every = sorted({*contact_ids})
    for n in range(0, len(every), _AT_ONCE):
        query = select(contacts.c.id).where(contacts.c.id.in_(every[n : n + _AT_ONCE]))
        found |= {int(one) for one in connection.scalars(query.where(live(purpose)))}
    return found

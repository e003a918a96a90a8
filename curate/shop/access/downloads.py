"""Whole downloads, counted: looking costs nothing, going on costs nothing, and a limit of one means one.

An attempt is one download of one file, with the ranges that go on with it. A request for the whole file
opens one, or makes one whole that ranges have opened and not filled. Ranges are free within the time that
shop.toml gives, as long as all of them together are no more than the file; beyond that they open another.
So a limit of L lets through at most L answers with the whole file, and ranges of L files in all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from curate.database.tables import attempts
from curate.shop.access import grants

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row

    from curate.shop import Shop
    from curate.shop.access.grants import Grant

    _Row = Row[int, int, bool, int]

_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a request was allowed under."""

    id: int
    ranged: int  # bytes of the range; 0 for the whole file


def begin(
    shop: Shop,
    grant: Grant,
    version: str,
    file: str,
    size: int,
    range: tuple[int, int] | None = None,
    going_on: bool = False,
) -> Attempt | None:
    """Count a request before it is answered; None where it may not be.

    ``size``: bytes of the file. ``range``: first byte and the one after the last; None for the whole file.
    ``going_on``: only what goes on with an attempt, as the link's own time is over. Both of two requests
    at once are never let through where one may be.
    """
    key = f"{version}/{file}"
    with shop.database.writing() as connection:
        now = grants.fresh(connection, grant.id)
        if now is None or now.generation != grant.generation or now.state(shop.now()) != "open":
            return None
        there = _attempts(connection, grant.id, key)
        found = _taken(shop, there, size, range)
        if found is not None:
            return _go_on(connection, shop, found.id, range)
        if going_on or (now.downloads and len(there) >= now.downloads):
            return None
        return _open(connection, shop, grant.id, key, range)


def unsent(shop: Shop, attempt: Attempt, count: int) -> None:
    """``count`` bytes of what was allowed did not go out: a broken connection costs only what it brought.

    From now on there is time anew to go on.
    """
    back = min(count, attempt.ranged)
    with shop.database.writing() as connection:
        connection.execute(
            update(attempts)
            .where(attempts.c.id == attempt.id)
            .values(at=shop.now(), ranged=attempts.c.ranged - back)
        )


def left(shop: Shop, grant: Grant, version: str, file: str, size: int) -> int | None:
    """How often the whole file may still be had; None for any number."""
    if not grant.downloads:
        return None
    with shop.database.reading() as connection:
        there = _attempts(connection, grant.id, f"{version}/{file}")
    open_ones = any(not one.whole and one.ranged < size for one in there)
    return max(grant.downloads - len(there), 0) + open_ones


def count(connection: Connection, grant_id: int) -> int:
    """Attempts of a grant, of all files."""
    chosen = select(func.count()).where(attempts.c.grant_id == grant_id)
    return int(connection.execute(chosen).scalar_one())


def _attempts(connection: Connection, grant_id: int, file: str) -> Sequence[_Row]:
    chosen = (
        select(attempts.c.id, attempts.c.at, attempts.c.whole, attempts.c.ranged)
        .where(attempts.c.grant_id == grant_id, attempts.c.file == file)
        .order_by(attempts.c.at.desc(), attempts.c.id.desc())
    )
    return connection.execute(chosen).all()


def _taken(
    shop: Shop,
    there: Sequence[_Row],
    size: int,
    range: tuple[int, int] | None,
) -> _Row | None:
    """The attempt that the request belongs to."""
    if range is None:
        return next((one for one in there if not one.whole and one.ranged < size), None)
    since = shop.now() - shop.settings.serve.resume_minutes * _MINUTE
    fits = size - (range[1] - range[0])
    return next((one for one in there if one.at >= since and one.ranged <= fits), None)


def _go_on(
    connection: Connection, shop: Shop, number: int, range: tuple[int, int] | None
) -> Attempt:
    length = range[1] - range[0] if range else 0
    changed = {"ranged": attempts.c.ranged + length} if range else {"whole": True}
    connection.execute(
        update(attempts).where(attempts.c.id == number).values(at=shop.now(), **changed)
    )
    return Attempt(number, length)


def _open(
    connection: Connection, shop: Shop, grant_id: int, file: str, range: tuple[int, int] | None
) -> Attempt:
    length = range[1] - range[0] if range else 0
    made = connection.execute(
        attempts.insert()
        .values(grant_id=grant_id, file=file, at=shop.now(), whole=range is None, ranged=length)
        .returning(attempts.c.id)
    ).scalar_one()
    return Attempt(made, length)

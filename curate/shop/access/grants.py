"""What lets a buyer in: one grant for each piece that was bought, opened by a code that is stored nowhere."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from sqlalchemy import func, select, update

from curate.bundle import history
from curate.database.tables import deliveries, grants, lines, orders
from curate.errors import CurateError
from curate.shop import keys

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select

    from curate.shop import Shop

_DAY = 86_400
_AT_ONCE = 500  # rows of one statement
_LONGEST = 200  # characters of an order's number


class Grant(msgspec.Struct, frozen=True):
    """One piece that was bought. Times in seconds since 1970."""

    id: int
    delivery_id: int | None  # None: printed on a card that was not sold yet
    unit: int  # 1 … quantity of the order's line
    sku: str
    collection: str
    version: str  # the one that was bought
    policy: Literal["frozen", "latest"]
    serial: str
    generation: int
    downloads: int  # allowed for each file; 0 = any number
    made_at: int
    expires_at: int | None
    revoked_at: int | None
    revoked_why: str
    stamp: str
    channel: str = ""
    number: str = ""  # the order's
    language: str = ""  # of the buyer, where the channel told it

    def state(self, now: int) -> Literal["open", "expired", "revoked"]:
        """What it is at the moment ``now``."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and now >= self.expires_at else "open"


def issue(
    connection: Connection, shop: Shop, delivery_id: int | None, sku: str, quantity: int
) -> tuple[Grant, ...]:
    """Grants of ``quantity`` pieces of ``sku``; those that a delivery has already are given again.

    ``delivery_id``: None for cards that are printed before they are sold. Raises CurateError where
    nothing of the collection is on sale.
    """
    there = {one.unit: one for one in of_delivery(connection, delivery_id)} if delivery_id else {}
    if wanted := [unit for unit in range(1, quantity + 1) if unit not in there]:
        values = _values(connection, shop, delivery_id, sku)
        for first in range(0, len(wanted), _AT_ONCE):
            for one in _issue(connection, shop, values, wanted[first : first + _AT_ONCE]):
                there[one.unit] = one
    return tuple(there[unit] for unit in sorted(there))


def enter(shop: Shop, code: str, number: str = "") -> Grant | None:
    """The grant that ``code`` opens, in whatever state it is; None where there is none.

    ``number``: of the order, where it was asked for; it has to be the right one then.
    """
    with shop.database.reading() as connection:
        found = _one(connection, _select().where(grants.c.code_hash == shop.keys.code_hash(code)))
    asked = number.strip()[:_LONGEST]
    return None if found is None or (asked and asked != found.number) else found


def by_serial(shop: Shop, serial: str) -> Grant | None:
    """The grant that is called ``serial``: this lets nobody in."""
    with shop.database.reading() as connection:
        return _one(connection, _select().where(grants.c.serial == serial))


def of_delivery(connection: Connection, delivery_id: int) -> tuple[Grant, ...]:
    """All grants of a delivery, by unit, also those that are revoked."""
    chosen = _select().where(grants.c.delivery_id == delivery_id).order_by(grants.c.unit)
    return tuple(_grant(row) for row in connection.execute(chosen))


def renew(connection: Connection, shop: Shop, grant_id: int) -> Grant:
    """Give it a new code: the old one, its links and whoever is in by it are worth nothing from now on.

    Raises CurateError where there is no such grant.
    """
    found = _one(connection, _select().where(grants.c.id == grant_id).with_for_update(of=grants))
    if found is None:
        raise CurateError(f"there is no grant {grant_id}", "see: curate orders show")
    generation = found.generation + 1
    code_hash = shop.keys.code_hash(shop.keys.code(found.serial, generation))
    connection.execute(
        update(grants)
        .where(grants.c.id == grant_id)
        .values(generation=generation, code_hash=code_hash)
    )
    return msgspec.structs.replace(found, generation=generation)


def revoke(
    connection: Connection, shop: Shop, delivery_id: int, units: Collection[int], why: str
) -> None:
    """End these grants of a delivery at once and for good; done twice it ends nothing more.

    ``units`` by number, so that what is given back in part takes the latest. ``why`` names no secret.
    """
    connection.execute(
        update(grants)
        .where(
            grants.c.delivery_id == delivery_id,
            grants.c.unit.in_(units),
            grants.c.revoked_at.is_(None),
        )
        .values(revoked_at=shop.now(), revoked_why=why)
    )


def code(shop: Shop, grant: Grant) -> str:
    """What opens it now. A secret: for the buyer's eyes alone."""
    return shop.keys.code(grant.serial, grant.generation)


def page(shop: Shop, grant: Grant) -> str:
    """The address that takes its buyer in. A secret. Raises as :func:`address` does."""
    return address(shop, grant.serial, grant.generation)


def address(shop: Shop, serial: str, generation: int) -> str:
    """The same of a grant by its number. The code stands behind the #, which browsers never send.

    Raises CurateError where shop.toml does not say where buyers reach the shop.
    """
    if not shop.settings.serve.url:
        raise CurateError(
            "shop.toml does not say where buyers reach the shop",
            'add under [serve]: url = "https://files.example.org"',
        )
    return f"{shop.settings.serve.url.rstrip('/')}/#{shop.keys.code(serial, generation)}"


def fresh(connection: Connection, grant_id: int) -> Grant | None:
    """The grant as it is now, locked until the transaction ends."""
    return _one(connection, _select().where(grants.c.id == grant_id).with_for_update(of=grants))


def _values(
    connection: Connection, shop: Shop, delivery_id: int | None, sku: str
) -> dict[str, Any]:
    sold = shop.settings.products[sku]
    version = history.latest(shop.workspace.build / sold.collection)
    if not version:
        raise CurateError(
            f"nothing of {sold.collection} is on sale, so {sku} cannot be served",
            f"build a release: curate package {sold.collection}",
        )
    now = shop.now()
    return {
        "delivery_id": delivery_id,
        "sku": sku,
        "collection": sold.collection,
        "version": version,
        "policy": sold.versions,
        "downloads": sold.downloads,
        "made_at": now,
        "expires_at": now + sold.days * _DAY if sold.days else None,
        "stamp": _number(connection, delivery_id) if sold.stamp and delivery_id else "",
    }


def _issue(
    connection: Connection, shop: Shop, values: dict[str, Any], units: Sequence[int]
) -> list[Grant]:
    """In one statement: nobody else can write as long as thousands of pieces are issued."""
    made = [{**values, "unit": unit, "serial": keys.serial(), "generation": 0} for unit in units]
    for one in made:
        one["code_hash"] = shop.keys.code_hash(shop.keys.code(one["serial"], 0))
    connection.execute(grants.insert(), made)
    serials = [one["serial"] for one in made]
    found = connection.execute(
        _select().where(grants.c.serial.in_(serials)).order_by(grants.c.unit)
    )
    return [_grant(row) for row in found]


def _number(connection: Connection, delivery_id: int) -> str:
    chosen = (
        select(orders.c.number)
        .join(lines, lines.c.order_id == orders.c.id)
        .join(deliveries, deliveries.c.line_id == lines.c.id)
        .where(deliveries.c.id == delivery_id)
    )
    return connection.execute(chosen).scalar() or ""


_OF_ORDER = ("channel", "number", "language")
_COLUMNS = tuple(grants.c[name] for name in Grant.__struct_fields__ if name not in _OF_ORDER)


def _select() -> Select[Any]:
    whole = (
        grants.outerjoin(deliveries, deliveries.c.id == grants.c.delivery_id)
        .outerjoin(lines, lines.c.id == deliveries.c.line_id)
        .outerjoin(orders, orders.c.id == lines.c.order_id)
    )
    order = (func.coalesce(orders.c[name], "") for name in _OF_ORDER)
    return select(*_COLUMNS, *order).select_from(whole)


def _one(connection: Connection, chosen: Select[Any]) -> Grant | None:
    row = connection.execute(chosen).first()
    return None if row is None else _grant(row)


def _grant(row: Sequence[Any]) -> Grant:
    return Grant(*row)

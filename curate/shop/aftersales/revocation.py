"""Taking back what a buyer was given: access ends, codes leave their page, messages are not sent any more."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, func, select, update

from curate.database import bulk, personal
from curate.database.tables import codes, deliveries, grants, outbox
from curate.errors import CurateError
from curate.messages import speaker
from curate.shop.access import grants as access
from curate.shop.aftersales import mailing, purchase
from curate.shop.aftersales.purchase import Purchase
from curate.shop.delivery.outbox import key_of
from curate.shop.delivery.states import move, move_all

if TYPE_CHECKING:
    from curate.shop import Shop

_UNSENT = ("rendered", "sending")
_GIVING = ("delivery", "resend", "update", "refund")
"""Messages that let a buyer in; an answer to a letter is sent all the same."""


def shrink(connection: Connection, shop: Shop, what: Purchase, left: int, why: str) -> None:
    """Leave the buyer the first ``left`` units of ``what``, and take the later ones.

    A delivery that still waits asks for ``left`` units from now on, and keeps its place; for none, it
    leaves the queue. Within the caller's transaction; done twice it does nothing more. ``why`` names no secret.
    """
    if what.delivery_id is None:
        return
    if left:
        own = update(deliveries).where(deliveries.c.id == what.delivery_id)
        connection.execute(own.values(quantity=left, changed_at=shop.now()))
    if left and what.delivery_state == "waiting":
        return
    taken = range(left + 1, what.quantity + 1)
    _take(connection, shop, what.delivery_id, taken, why)
    _settle(connection, shop, what, why, whole=not left)


def shrink_all(
    connection: Connection, shop: Shop, some: Sequence[tuple[Purchase, int, str]]
) -> None:
    """:func:`shrink` of many (purchase, units left, why): of those who have nothing yet that could be taken,
    which is most of them in a file of orders, in a few statements."""
    ids = [what.delivery_id for what, _, _ in some if what.delivery_id is not None]
    had = {
        own
        for part in personal.pieces(ids)
        for column in (grants.c.delivery_id, codes.c.delivery_id, outbox.c.delivery_id)
        for own in connection.scalars(select(column).where(column.in_(part)))
    }
    now = shop.now()
    less: list[tuple[int, int, int]] = []
    ended: list[tuple[int, str]] = []
    for what, left, why in some:
        if what.delivery_id is None:
            continue
        if what.delivery_id in had:
            shrink(connection, shop, what, left, why)
        elif left:
            less.append((left, now, what.delivery_id))
        elif what.delivery_state != "revoked":
            ended.append((what.delivery_id, why))
    bulk.change(connection, deliveries, ("quantity", "changed_at"), less)
    move_all(connection, shop, "revoked", ended)


def _take(
    connection: Connection, shop: Shop, delivery_id: int, units: Collection[int], why: str
) -> None:
    """Exactly these units, of codes and of grants."""
    if units:
        access.revoke(connection, shop, delivery_id, units, why)
        _withdraw(connection, shop, delivery_id, units)


def _settle(connection: Connection, shop: Shop, what: Purchase, why: str, *, whole: bool) -> None:
    """Bring the delivery and its messages in line with what the buyer still has."""
    delivery_id, state = what.delivery_id, what.delivery_state
    assert delivery_id is not None
    if not whole:
        _render_again(connection, shop, delivery_id, state, why)
        _set_right(connection, shop, what)
    elif state != "revoked":
        move(connection, shop, delivery_id, "revoked", why)
        connection.execute(
            update(outbox)
            .where(
                outbox.c.delivery_id == delivery_id,
                outbox.c.state.in_(_UNSENT),
                outbox.c.kind.in_(_GIVING),
            )
            .values(state="cancelled", proof=why, changed_at=shop.now())
        )


def revoke(
    shop: Shop,
    channel: str,
    number: str,
    line_no: str = "",
    units: Collection[int] = (),
    *,
    why: str,
) -> Purchase:
    """End access without giving money back: of ``units``, or of all. It lasts: nothing sent again undoes it.

    Raises CurateError where nothing was delivered yet, or for a unit that was not bought.
    """
    with shop.database.writing() as connection:
        what = purchase.find(connection, channel, number, line_no)
        if what.delivery_id is None or what.delivery_state == "waiting":
            raise CurateError(
                f"{what.name} was not delivered yet",
                "there is no access to end; a refund takes it out of the queue: curate orders refund",
            )
        if wrong := [unit for unit in units if not 1 <= unit <= what.quantity]:
            raise CurateError(
                f"{what.name} has no unit {wrong[0]}", f"its units: 1 to {what.quantity}"
            )
        _take(connection, shop, what.delivery_id, units or range(1, what.quantity + 1), why[:500])
        gone = not _rest(connection, what.delivery_id)
        _settle(connection, shop, what, why[:500], whole=gone)
    return what


def _withdraw(connection: Connection, shop: Shop, delivery_id: int, units: Collection[int]) -> None:
    """The n-th code belongs to the n-th unit. A withdrawn code may have been seen: it is never free again."""
    there = connection.scalars(
        select(codes.c.id).where(codes.c.delivery_id == delivery_id).order_by(codes.c.id)
    ).all()
    taken = [code for unit, code in enumerate(there, 1) if unit in units]
    if taken:
        connection.execute(
            update(codes)
            .where(codes.c.id.in_(taken), codes.c.state == "sold")
            .values(state="withdrawn", changed_at=shop.now())
        )


def _rest(connection: Connection, delivery_id: int) -> int:
    """Grants and codes that the buyer still has."""
    ours = grants.c.delivery_id == delivery_id
    live = select(func.count()).where(ours, grants.c.revoked_at.is_(None))
    sold = select(func.count()).where(codes.c.delivery_id == delivery_id, codes.c.state == "sold")
    return (connection.scalar(live) or 0) + (connection.scalar(sold) or 0)


def _render_again(
    connection: Connection, shop: Shop, delivery_id: int, state: str, why: str
) -> None:
    """A message that nobody was sent speaks of what was taken: it is dropped, and the delivery goes back to
    where it is written anew. For one that is being sent right now see :func:`_set_right`."""
    dropped = connection.execute(
        delete(outbox).where(outbox.c.key == key_of(delivery_id), outbox.c.state == "rendered")
    )
    if dropped.rowcount and state == "rendered":
        move(connection, shop, delivery_id, "allocated", why)


def _set_right(connection: Connection, shop: Shop, what: Purchase) -> None:
    """A letter that is on its way may still name what was taken: the next one says what is left. One that
    waits to say so has its secrets put in when it goes out, so one is enough."""
    ours = (outbox.c.delivery_id == what.delivery_id) & outbox.c.kind.in_(_GIVING)
    rows = connection.execute(select(outbox.c.kind, outbox.c.state).where(ours)).all()
    waits = any(one.kind == "refund" and one.state == "rendered" for one in rows)
    if waits or all(one.state != "sending" for one in rows):
        return
    say = speaker(purchase.language_of(shop, what))
    number = sum(one.kind == "refund" for one in rows) + 1
    live = grants.c.revoked_at.is_(None) & (grants.c.delivery_id == what.delivery_id)
    sold = (codes.c.state == "sold") & (codes.c.delivery_id == what.delivery_id)
    parts = [
        say("A part of your order {number} was taken back. What you keep:", number=what.number)
    ]
    if connection.scalar(select(grants.c.id).where(live).limit(1)) is not None:
        parts.append(say("Your page: {page}", page="{page}"))
    if connection.scalar(select(codes.c.id).where(sold).limit(1)) is not None:
        parts.append(say("Your codes: {codes}", codes="{codes}"))
    parts.append(say("Whatever else an earlier message names is not valid any more."))
    mailing.enqueue(
        connection, shop, what, key=f"refund:{what.delivery_id}:{number}", kind="refund",
        subject=say("Your order {number}: what you keep", number=what.number), body="\n\n".join(parts),
    )  # fmt: skip

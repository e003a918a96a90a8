"""Money given back: the books, the buyer's access and what was not sent yet change in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, bindparam, func, select, update

from curate.database import bulk
from curate.database.personal import pieces
from curate.database.tables import lines, refunds
from curate.errors import CurateError
from curate.shop import ledger, money
from curate.shop.aftersales import purchase, revocation
from curate.shop.aftersales.purchase import Purchase

if TYPE_CHECKING:
    from curate.shop import Shop

_LONG = 200
"""Characters of a reference; a reason may be five times as long."""


@dataclass(frozen=True, slots=True)
class Given:
    """One refund, done; ``again``: it was done before, and nothing was done now."""

    refund_id: int
    reference: str
    quantity: int  # units given back
    amount: int  # in minor units of ``currency``
    currency: str
    units_left: int  # that the buyer keeps, by what was ever refunded
    money_left: int  # that could still be given back
    again: bool = False


def give_back(
    connection: Connection,
    shop: Shop,
    line_id: int,
    quantity: int,
    amount: int,
    reference: str,
    reason: str,
    who: str,
) -> Given:
    """Note that ``quantity`` units and ``amount`` of a line were given back, with all that follows from it.

    Within the caller's transaction. quantity 0 is money alone: the buyer keeps what they have; otherwise the
    latest units lose their access. The same ``reference`` counts once for a line. Raises CurateError for
    more than was bought or paid, for a line that is not paid, and where ``reference`` said something else.
    """
    what = purchase.of_line(connection, line_id)
    reference = _checked(reference)
    done = _known(connection, what, reference)
    if done is not None:
        return _same(what, done, quantity, amount)
    return _give(connection, shop, what, quantity, amount, reference, reason, who)


class Told(NamedTuple):
    """A refund of one line, as a channel tells it; ``at`` is None for now."""

    line_id: int
    quantity: int
    amount: int
    reference: str
    reason: str
    at: int | None = None


def give_back_all(
    connection: Connection, shop: Shop, some: Sequence[Told], who: str
) -> dict[int, CurateError]:
    """:func:`give_back` of many lines, each named once, in a few statements; by line, what was wrong: nothing
    is done of these, and the others are."""
    held = purchase.of_lines(connection, [one.line_id for one in some])
    done = _done(connection, [*held])
    wrong: dict[int, CurateError] = {}
    new: list[Told] = []
    for one in some:
        what, known = held[one.line_id], done.get((one.line_id, one.reference))
        try:
            if known is not None:
                _same(what, known, one.quantity, one.amount)
            else:
                _check(what, one.quantity, one.amount)
                new.append(one)
        except CurateError as fault:
            wrong[one.line_id] = fault
    if new:
        _write(connection, shop, held, new, who)
    revocation.shrink_all(
        connection, shop,
        [(held[one.line_id], held[one.line_id].units_left - one.quantity, f"refund {one.reference}")
         for one in new if one.quantity],
    )  # fmt: skip
    return wrong


def _done(connection: Connection, line_ids: Sequence[int]) -> dict[tuple[int, str], Any]:
    """Refunds of these lines, by line and reference."""
    query = select(refunds).where(refunds.c.line_id.in_(bindparam("lines", expanding=True)))
    return {
        (row.line_id, row.reference): row
        for some in pieces(line_ids)
        for row in connection.execute(query, {"lines": some})
    }


def _write(
    connection: Connection, shop: Shop, held: Mapping[int, Purchase], new: Sequence[Told], who: str
) -> None:
    """The refunds themselves, what their lines say of them, and the books."""
    now, ids = shop.now(), bulk.fresh(connection, refunds, len(new))
    rows = [
        (own, one.line_id, one.reference, one.quantity, one.amount, one.reason[: 5 * _LONG], who[:_LONG],
         now if one.at is None else one.at)
        for own, one in zip(ids, new, strict=True)
    ]  # fmt: skip
    columns = ("id", "line_id", "reference", "quantity", "amount", "reason", "who", "at")
    bulk.put(connection, refunds, columns, rows)
    sums = []
    for one in new:
        what = held[one.line_id]
        sums.append(
            (what.refunded + one.amount, what.refunded_quantity + one.quantity, one.line_id)
        )
    bulk.change(connection, lines, ("refunded", "refunded_quantity"), sums)
    ledger.reversed_all(connection, shop, ids)


def refund(
    shop: Shop,
    channel: str,
    number: str,
    line_no: str = "",
    *,
    quantity: int | None = None,
    amount: int | None = None,
    reason: str = "",
    who: str = "",
    reference: str = "",
) -> Given:
    """The whole operation, in a transaction of its own; then what became possible by it is delivered.

    Neither ``quantity`` nor ``amount``: all that is left of both. quantity alone: its share of the price.
    amount alone: money, and the buyer keeps what they have, unless it is all that is left. Without
    ``reference`` it gets the next number of our own. Raises CurateError as :func:`give_back` does.
    """
    from curate.shop import delivery

    with shop.database.writing() as connection:
        what = purchase.find(connection, channel, number, line_no)
        named = _checked(reference) if reference else _next(connection, what)
        done = _known(connection, what, named)
        if done is not None:
            return _same(what, done, quantity, amount)
        units, cents = meant(what, quantity, amount)
        given = _give(connection, shop, what, units, cents, named, reason, who)
    delivery.serve(shop)
    return given


def meant(what: Purchase, quantity: int | None, amount: int | None) -> tuple[int, int]:
    """(units, money) that a person means who named one of them, both, or neither."""
    if quantity is None:
        everything = amount is None or amount == what.money_left > 0
        quantity = what.units_left if everything else 0
    if amount is None:
        amount = what.money_left if quantity == what.units_left else _price(what, quantity)
    return quantity, amount


def _price(what: Purchase, quantity: int) -> int:
    """The share of so many units more, such that all shares add up to what was paid."""
    before = what.refunded_quantity
    due = money.share(what.paid, before + quantity, what.quantity)
    return min(due - money.share(what.paid, before, what.quantity), what.money_left)


def _give(
    connection: Connection,
    shop: Shop,
    what: Purchase,
    quantity: int,
    amount: int,
    reference: str,
    reason: str,
    who: str,
) -> Given:
    _check(what, quantity, amount)
    refund_id = connection.execute(
        refunds.insert()
        .values(
            line_id=what.line_id,
            reference=reference,
            quantity=quantity,
            amount=amount,
            reason=reason[: 5 * _LONG],
            who=who[:_LONG],
            at=shop.now(),
        )
        .returning(refunds.c.id)
    ).scalar_one()
    connection.execute(
        update(lines)
        .where(lines.c.id == what.line_id)
        .values(
            refunded=what.refunded + amount, refunded_quantity=what.refunded_quantity + quantity
        )
    )
    ledger.reversed_(connection, shop, refund_id)
    left = what.units_left - quantity
    if quantity:
        revocation.shrink(connection, shop, what, left, f"refund {reference}")
    return Given(
        refund_id, reference, quantity, amount, what.currency, left, what.money_left - amount
    )


def _check(what: Purchase, quantity: int, amount: int) -> None:
    if what.state == "unpaid":
        raise CurateError(f"{what.name} is not paid", "there is nothing to give back")
    if quantity < 0 or amount < 0 or not (quantity or amount):
        raise CurateError(
            f"{what.name}: {quantity} of its units and {_told(what, amount)} cannot be given back",
            "name a number of units, an amount above zero, or both"
            if what.units_left or what.money_left
            else "all of it was given back before",
        )
    if quantity > what.units_left:
        raise CurateError(
            f"{what.name}: {quantity} units are more than the {what.units_left} left",
            f"bought: {what.quantity}, given back: {what.refunded_quantity}",
        )
    if amount > what.money_left:
        raise CurateError(
            f"{what.name}: {_told(what, amount)} is more than the {_told(what, what.money_left)} that is left",
            f"{_told(what, what.paid)} was paid, {_told(what, what.refunded)} given back",
        )


def _known(connection: Connection, what: Purchase, reference: str) -> Any:
    """The refund that ``reference`` stands for already."""
    return connection.execute(
        select(refunds).where(refunds.c.line_id == what.line_id, refunds.c.reference == reference)
    ).first()


def _same(what: Purchase, done: Any, quantity: int | None, amount: int | None) -> Given:
    if quantity not in (None, done.quantity) or amount not in (None, done.amount):
        raise CurateError(
            f"{what.name}: {done.reference!r} was {done.quantity} of its units and {_told(what, done.amount)}",
            "another refund needs another reference",
        )
    return Given(
        done.id,
        done.reference,
        done.quantity,
        done.amount,
        what.currency,
        what.units_left,
        what.money_left,
        again=True,
    )


def _next(connection: Connection, what: Purchase) -> str:
    count = select(func.count()).where(refunds.c.line_id == what.line_id)
    number = (connection.scalar(count) or 0) + 1
    while _known(connection, what, f"own-{number}") is not None:
        number += 1
    return f"own-{number}"


def _checked(reference: str) -> str:
    bare = reference.strip()
    if not bare or len(bare) > _LONG or not bare.isprintable():
        raise CurateError(
            f"{reference[:40]!r} cannot name a refund", f"use 1 to {_LONG} printable characters"
        )
    return bare


def _told(what: Purchase, amount: int) -> str:
    return f"{money.decimal(amount, what.currency)} {what.currency}"

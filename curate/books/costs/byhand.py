"""One cost, written down by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, select

from curate.books.costs import booking
from curate.books.costs.booking import KINDS, Cost
from curate.database.tables import costs
from curate.errors import CurateError
from curate.shop import money
from curate.shop.orders.importing import channel_of

if TYPE_CHECKING:
    from curate.shop import Shop

_LONG = 200
_HAND = "hand:"


def add(
    shop: Shop,
    kind: str,
    amount: int,
    currency: str,
    first: date,
    last: date | None = None,
    *,
    channel: str = "",
    campaign: str = "",
    note: str = "",
    reference: str = "",
) -> bool:
    """Add a cost of ``amount`` minor units, below zero to take back what was too much; False where
    ``reference`` (an invoice's number) is known: the same one counts once. Without one it gets a number.

    ``note`` names no person: it is never erased. Raises CurateError for what is no cost, an unknown channel,
    and where ``reference`` stands for something else.
    """
    last = last or first
    cost = _checked(kind, amount, money.check_currency(currency), first, last)
    if channel:
        channel_of(shop, channel)
    campaign, note = _bare(campaign, "a campaign"), _bare(note, "a note")
    cost = replace(cost, channel=channel, campaign=campaign, note=note)
    reference = _reference(reference)
    with shop.database.writing() as connection:
        source = f"{_HAND}{reference or _next(connection)}"
        if reference and _there(connection, source, cost):
            return False
        return booking.write(connection, shop, cost, source)


def _checked(kind: str, amount: int, currency: str, first: date, last: date) -> Cost:
    known = next((one for one in KINDS if one == kind), None)
    if known is None:
        raise CurateError(f"{kind[:40]!r} is no kind of costs", f"write {', '.join(KINDS)}")
    if not booking.check_amount(amount):
        raise CurateError("nothing is no cost", "name an amount other than zero")
    booking.check_days(first, last)
    return Cost(known, amount, currency, first, last)


def _bare(text: str, what: str) -> str:
    bare = text.strip()
    if len(bare) > _LONG or not bare.isprintable():
        raise CurateError(
            f"{text[:40]!r} cannot be {what}", f"use at most {_LONG} printable characters"
        )
    return bare


def _reference(text: str) -> str:
    bare = _bare(text, "a reference")
    if ":" in bare or bare.startswith("#"):
        raise CurateError(f"{bare[:40]!r} cannot be a reference", "use none with : and no # before")
    return bare


def _next(connection: Connection) -> str:
    """No reference of a person begins with #."""
    which = func.substr(costs.c.source, 1, len(_HAND) + 1) == f"{_HAND}#"
    return f"#{(connection.scalar(select(func.count()).where(which)) or 0) + 1}"


def _there(connection: Connection, source: str, cost: Cost) -> bool:
    """Whether it is known. Raises CurateError where it is something else."""
    parts = func.substr(costs.c.source, 1, len(source) + 1) == f"{source}:"
    rows = connection.execute(select(costs).where((costs.c.source == source) | parts)).all()
    if not rows:
        return False
    wanted = {
        (one.source, one.cost.kind, one.cost.amount, one.cost.currency, one.cost.channel)
        for one in booking.pieces(cost, "", source)
    }
    if wanted != {(row.source, row.kind, row.amount, row.currency, row.channel) for row in rows}:
        raise CurateError(
            f"{source.removeprefix(_HAND)!r} is another cost",
            "see curate costs list; another cost needs another reference",
        )
    return True

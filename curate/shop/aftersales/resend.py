"""The same access once more, for a message that was lost: nothing is given that was not given before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, select

from curate.database.tables import codes, grants, outbox, steps
from curate.errors import CurateError
from curate.messages import speaker
from curate.shop.aftersales import mailing, purchase
from curate.shop.aftersales.purchase import Purchase
from curate.shop.delivery.states import SERVED

if TYPE_CHECKING:
    from curate.shop import Shop

_DAY = 86_400
_A_DAY = 3
_EVER = 12
"""Of one delivery. Codes on their way through other people's hands are codes lost."""


@dataclass(frozen=True, slots=True)
class Resent:
    key: str  # of the message in the outbox
    renewed: int  # grants that got a new code; their old ones open nothing any more
    message: int  # its number in the outbox


def resend(
    shop: Shop, channel: str, number: str, line_no: str = "", *, renew: bool = False
) -> Resent:
    """Put a message with the buyer's access into the outbox.

    ``renew``: with new codes, for when the old ones were seen by others. What was revoked or has expired
    stays so, and downloads go on being counted where they were: grants remain the same. Raises CurateError
    where there is nothing to send again, or it was sent too often.
    """
    with shop.database.writing() as connection:
        what = purchase.find(connection, channel, number, line_no)
        live = _live(connection, shop, what)
        number_ = _allowed(connection, shop, what)
        if renew:
            from curate.shop.access import grants as access

            for grant_id in live:
                access.renew(connection, shop, grant_id)
        key = f"resend:{what.delivery_id}:{number_}"
        subject, body = _text(shop, what, codes=_sold(connection, what), page=bool(live))
        message = mailing.enqueue(
            connection, shop, what, key=key, kind="resend", subject=subject, body=body
        )
    return Resent(key, len(live) if renew else 0, message)


def _live(connection: Connection, shop: Shop, what: Purchase) -> list[int]:
    """The grants that still let the buyer in. Raises CurateError where they have neither one nor a code."""
    if what.delivery_state == "":
        raise CurateError(
            f"{what.name} waits for its product", "say what it is: see curate orders list --waiting"
        )
    if what.delivery_state not in ("sent", "confirmed", "revoked"):
        raise CurateError(
            f"{what.name} was not sent yet ({what.delivery_state})", "see: curate outbox list"
        )
    rows = connection.execute(
        select(grants.c.id, grants.c.expires_at)
        .where(grants.c.delivery_id == what.delivery_id, grants.c.revoked_at.is_(None))
        .order_by(grants.c.unit)
    ).all()
    live = [row.id for row in rows if row.expires_at is None or row.expires_at > shop.now()]
    if live or _sold(connection, what):
        return live
    served = (steps.c.delivery_id == what.delivery_id) & (steps.c.proof == SERVED)
    if connection.scalar(select(steps.c.id).where(served).limit(1)) is not None:
        raise CurateError(
            f"{what.name} was served before its order came in here",
            "what somebody else gave out is not ours to send again",
        )
    ended = "has expired" if rows else "was revoked"
    raise CurateError(f"{what.name}: access {ended}", "what has ended is not sent again")


def _sold(connection: Connection, what: Purchase) -> bool:
    query = select(codes.c.id).where(
        codes.c.delivery_id == what.delivery_id, codes.c.state == "sold"
    )
    return connection.scalar(query.limit(1)) is not None


def _allowed(connection: Connection, shop: Shop, what: Purchase) -> int:
    """Which time it is. Raises CurateError where it was sent again too often."""
    ours = (outbox.c.delivery_id == what.delivery_id) & (outbox.c.kind == "resend")
    count = select(func.count()).where(ours)
    ever = connection.scalar(count) or 0
    lately = connection.scalar(count.where(outbox.c.made_at > shop.now() - _DAY)) or 0
    if lately >= _A_DAY or ever >= _EVER:
        often = f"{lately} times within a day" if lately >= _A_DAY else f"{ever} times"
        raise CurateError(
            f"{what.name} was sent again {often}",
            "look at the outbox whether messages arrive; the buyer's page can be shown in person",
        )
    return ever + 1


def _text(shop: Shop, what: Purchase, *, codes: bool, page: bool) -> tuple[str, str]:
    """Subject and body; the places are filled when it is shown or sent, with what holds by then."""
    say = speaker(purchase.language_of(shop, what))
    lines = [say("Here is once more what you bought ({title}).", title=what.title or what.sku)]
    if page:
        lines.append(say("Your page: {page}", page="{page}"))
    if codes:
        lines.append(say("Your codes: {codes}", codes="{codes}"))
    lines.append(say("Please keep this message: whoever has it gets in."))
    return say("Your order {number}, sent again", number=what.number), "\n\n".join(lines)

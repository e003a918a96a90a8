"""May the buyer insist on giving it back without a reason? What was recorded says; it is no legal advice.

Digital goods are excepted once they were downloaded, and only where the buyer confirmed so for that purchase
before (消费者权益保护法 art. 25). So an agreement counts up to the first download, or the sending of a code.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from curate.messages import msg
from curate.model import Message
from curate.shop.aftersales import acknowledge, purchase

if TYPE_CHECKING:
    from curate.shop import Shop

DAYS = 7
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Advice:
    """``must``: a refund that the buyer asks for has to be granted; ``told`` says why, in a sentence."""

    must: bool
    told: Message


def advice(shop: Shop, channel: str, number: str, line_no: str = "") -> Advice:
    """About one line of an order, now. Raises CurateError where there is none."""
    with shop.database.reading() as connection:
        what = purchase.find(connection, channel, number, line_no)
        had = purchase.received(connection, what)
        taken = purchase.taken(connection, what)
        agreed = acknowledge.of(connection, what.order_id)
    if had is None:
        return Advice(
            True, msg("The buyer has received nothing yet: they may insist on their money.")
        )
    before = [one for one in agreed if taken is None or one.at <= taken]
    if before:
        return Advice(
            False,
            msg(
                "On {day} the buyer agreed (text {version}, {source}) that delivered digital goods are not "
                "returned: they may not insist without a reason. What is faulty or not as described has to be "
                "put right all the same.",
                day=_day(before[0].at),
                version=before[0].text_version,
                source=before[0].source,
            ),
        )
    until = had + DAYS * _DAY
    if shop.now() <= until:
        return Advice(
            True,
            msg(
                "No agreement of this buyer that digital goods are not returned was recorded before they had them: "
                "within {n} days, until {day}, a return without a reason must be accepted.",
                n=DAYS,
                day=_day(until),
            ),
        )
    return Advice(
        False,
        msg(
            "The {n} days for a return without a reason ended on {day}: they may not insist on it any more. "
            "What is faulty or not as described has to be put right all the same.",
            n=DAYS,
            day=_day(until),
        ),
    )


def _day(at: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(at))

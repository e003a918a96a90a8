"""Whether a message of a plan may go out: asked when it is prepared, and once more when it is sent.

What is due waits for a while, in the outbox or for a person; meanwhile its reader may have withdrawn their
consent, or bought, or the plan was edited. Here and not with the plans, because this is where it leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, select, update

from curate.database.tables import (
    contacts,
    events,
    lines,
    orders,
    outbox,
    refunds,
    touches,
)
from curate.messages import msg
from curate.shop import consents, quiet

if TYPE_CHECKING:
    from curate.model import Message
    from curate.shop import Shop
    from curate.shop.settings import Plan, Step

PREFIX = "touch:"
_WHY = {
    "consent": msg("there is no consent to it, or it was withdrawn"),
    "erased": msg("the contact was erased"),
    "edited": msg("its plan was edited or taken out"),
    "late": msg("its time is long over"),
    "stage": msg("the contact's stage is not one that it is for"),
    "address": msg("no address of the contact is known for this way"),
    "quiet": msg("quiet hours"),
    "cap": msg("the contact got as many messages as they may"),
}
_STOPPED = "stopped "


@dataclass(frozen=True, slots=True)
class Verdict:
    """``why`` it may not go out any more, "" where it may, though not before ``until``."""

    why: str
    until: int = 0


def reason(why: str) -> Message:
    """What a touch's ``why`` says."""
    if why.startswith(_STOPPED):
        return msg("this ended it: {event}", event=why.removeprefix(_STOPPED))
    return _WHY[why]


def verdict(connection: Connection, shop: Shop, row: Any) -> Verdict:
    """Of a row of the outbox that has a purpose."""
    query = (
        select(touches, contacts.c.channel)
        .join(contacts, contacts.c.id == touches.c.contact_id)
        .where(touches.c.id == int(row.key.removeprefix(PREFIX)))
    )
    touch = connection.execute(query).first()
    if touch is None:
        return Verdict("erased")
    if why := over(connection, shop, [touch]).get(touch.id, ""):
        return Verdict(why)
    how = shop.settings.touch
    return Verdict("", quiet.until(shop.now(), how.hours, how.zone(touch.channel)))


def withdraw(connection: Connection, shop: Shop, row: Any, why: str) -> None:
    """Row and touch are cancelled: it never goes out."""
    now = shop.now()
    told = reason(why)
    connection.execute(
        update(outbox).where(outbox.c.id == row.id).values(
            state="cancelled", proof=told.text.format_map(told.args), changed_at=now
        )
    )  # fmt: skip
    which = touches.c.id == int(row.key.removeprefix(PREFIX))
    connection.execute(
        update(touches).where(which).values(state="cancelled", why=why, changed_at=now)
    )


def when(connection: Connection, shop: Shop, contact_id: int, at: int) -> str:
    """``at`` as the clocks of a contact show it."""
    query = select(contacts.c.channel).where(contacts.c.id == contact_id)
    where = shop.settings.touch.zone(connection.scalar(query) or "")
    return f"{datetime.fromtimestamp(at, where):%Y-%m-%d %H:%M} ({where.key})"


def over(connection: Connection, shop: Shop, some: Sequence[Any]) -> dict[int, str]:
    """Why which of these touches, that were prepared and lie there, may not go out any more, by id."""
    late = shop.now() - shop.settings.touch.late
    found = _unfit(connection, shop, some)
    found |= {one.id: "late" for one in some if one.planned_at < late}
    return found | denied(connection, shop, some)


def _unfit(connection: Connection, shop: Shop, some: Sequence[Any]) -> dict[int, str]:
    """Those whose contact came to a stage, since they were prepared, that they are not for."""
    plans = shop.settings.plans
    steps = {
        one.id: plans[one.plan].steps[one.step - 1]
        for one in some
        if _current(plans.get(one.plan), one)
    }
    asked = {one.contact_id for one in some if one.id in steps and _staged(steps[one.id])}
    query = select(contacts.c.id, contacts.c.stage).where(contacts.c.id.in_(asked))
    stages = {row.id: row.stage for row in connection.execute(query)} if asked else {}
    return {
        one.id: "stage"
        for one in some
        if one.contact_id in stages and one.id in steps
        and not steps[one.id].fits(stages[one.contact_id])
    }  # fmt: skip


def _staged(step: Step) -> bool:
    return bool(step.least or step.below)


def denied(connection: Connection, shop: Shop, some: Sequence[Any]) -> dict[int, str]:
    """Why which of these rows of touches may never go out, by id: a few statements for all of them."""
    if not some:
        return {}
    plans = shop.settings.plans
    known = [one for one in some if _current(plans.get(one.plan), one)]
    found = {one.id: "edited" for one in some} | {one.id: "" for one in known}
    gone = _erased(connection, {one.contact_id for one in known})
    agreed = consented(connection, {(one.contact_id, plans[one.plan].purpose) for one in known})
    stops = _stops(connection, plans, known)
    for one in known:
        if one.contact_id in gone:
            found[one.id] = "erased"
        elif (one.contact_id, plans[one.plan].purpose) not in agreed:
            found[one.id] = "consent"
        else:
            found[one.id] = stops.get(one.id, "")
    return {touch: why for touch, why in found.items() if why}


def consented(connection: Connection, asked: Iterable[tuple[int, str]]) -> set[tuple[int, str]]:
    """Which of these (contact, purpose) are agreed to."""
    by_purpose: dict[str, set[int]] = {}
    for contact, purpose in asked:
        by_purpose.setdefault(purpose, set()).add(contact)
    return {
        (contact, purpose)
        for purpose, some in by_purpose.items()
        for contact in consents.agreed(connection, some, purpose)
    }


def _current(plan: Plan | None, touch: Any) -> bool:
    return plan is not None and plan.version == touch.version and touch.step <= len(plan.steps)


def _erased(connection: Connection, ids: set[int]) -> set[int]:
    query = select(contacts.c.id).where(contacts.c.id.in_(ids), contacts.c.erased_at.is_not(None))
    return {*connection.scalars(query)}


def _stops(connection: Connection, plans: Any, some: Sequence[Any]) -> dict[int, str]:
    """Which were ended by an event that came after the one that began them; told is the first."""
    begun = {one.id: int(one.trigger.rpartition(":")[2]) for one in some}
    query = select(events.c.id, events.c.at).where(events.c.id.in_({*begun.values()}))
    times = {row.id: row.at for row in connection.execute(query)}
    happened = _happened(connection, plans, some, min(times.values(), default=0))
    found: dict[int, str] = {}
    for one in some:
        trigger = begun[one.id]
        if trigger not in times:
            found[one.id] = "erased"
            continue
        plan = plans[one.plan]
        for event in happened.get(one.contact_id, ()):
            if event.kind in plan.stops and _after(event, trigger, times[trigger], plan.begins):
                found.setdefault(one.id, f"{_STOPPED}{event.kind}")
    return found


def _after(event: Any, trigger: int, at: int, begins: str) -> bool:
    """In the same second anything ends a plan but what began it: two purchases begin it twice."""
    if event.at != at:
        return bool(event.at > at)
    return bool(event.id > trigger if event.kind == begins else event.id != trigger)


def _happened(
    connection: Connection, plans: Any, some: Sequence[Any], since: int
) -> dict[int, list[Any]]:
    kinds = sorted({kind for one in some for kind in plans[one.plan].stops})
    query = (
        select(events.c.id, events.c.contact_id, events.c.kind, events.c.at)
        .where(
            events.c.contact_id.in_({one.contact_id for one in some}),
            events.c.at >= since,
            events.c.kind.in_(kinds),
        )
        .order_by(events.c.at, events.c.id)
    )
    found: dict[int, list[Any]] = {}
    for row in connection.execute(query) if kinds else ():
        found.setdefault(row.contact_id, []).append(row)
    for new in _unfollowed(connection, {one.contact_id for one in some}, kinds, since):
        found.setdefault(new.contact_id, []).append(new)
    return found


class _New(NamedTuple):
    """What will be an event as soon as it is followed: the last one. Mail goes out with what came in just now."""

    contact_id: int
    kind: str
    at: int
    id: int = 1 << 62


def _unfollowed(
    connection: Connection, ids: set[int], kinds: Sequence[str], since: int
) -> list[_New]:
    found: list[_New] = []
    if "bought" in kinds:
        query = select(orders.c.contact_id, orders.c.paid_at).where(
            orders.c.contact_id.in_(ids), orders.c.followed.is_(None), orders.c.paid_at >= since
        )
        found += [_New(row.contact_id, "bought", row.paid_at) for row in connection.execute(query)]
    if "refunded" in kinds:
        given = (
            select(orders.c.contact_id, refunds.c.at)
            .join(lines, lines.c.order_id == orders.c.id)
            .join(refunds, refunds.c.line_id == lines.c.id)
            .where(
                orders.c.contact_id.in_(ids), refunds.c.followed.is_(None), refunds.c.at >= since
            )
        )
        found += [_New(row.contact_id, "refunded", row.at) for row in connection.execute(given)]
    return sorted(found, key=lambda one: one.at)

"""Plans begin with events, end with others, and are cancelled where they are edited.

Each step through the events is a transaction that also writes down how far it came, so that it may be killed
anywhere: an event begins a plan once, and is looked at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import Connection, and_, false, func, not_, or_, select, text, update

from curate.database.tables import campaigns, cursors, events, outbox, touches
from curate.shop.delivery import permission

if TYPE_CHECKING:
    from curate.shop import Shop
    from curate.shop.settings import Plan

AT_ONCE = 500
_EVENTS, _PLANS = "plans: events", "plans: versions"
_LOCK = 0x746F7563686573  # of PostgreSQL: any number that nobody else uses


@dataclass(frozen=True, slots=True)
class Begun:
    """What new events did. ``late``: began nothing, for what they would have begun is long over.
    ``stopped``: messages, by why."""

    begun: int = 0
    late: int = 0
    stopped: Counter[str] = field(default_factory=Counter)


def alone(connection: Connection) -> None:
    """One process at a time goes on from here to the end of the transaction: caps are counted, then used up."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:own)"), {"own": _LOCK})


def edited(shop: Shop) -> int:
    """Cancel what plans have queued, or prepared and not sent, that were edited or taken out since; how much."""
    versions = {name: plan.version for name, plan in shop.settings.plans.items()}
    told = msgspec.json.encode(versions, order="deterministic").decode()
    with shop.database.reading() as connection:
        if _cursor(connection, _PLANS) == told:
            return 0
    with shop.database.writing() as connection:
        alone(connection)
        cancelled = _cancel(connection, shop, versions)
        _move(connection, shop, _PLANS, told)
    return cancelled


def _cancel(connection: Connection, shop: Shop, versions: Mapping[str, str]) -> int:
    current = or_(
        false(),
        *(and_(touches.c.plan == name, touches.c.version == one) for name, one in versions.items()),
    )
    old = not_(current) if versions else touches.c.id > 0
    now = {"why": "edited", "changed_at": shop.now()}
    queued = connection.execute(
        update(touches).where(touches.c.state == "queued", old).values(state="cancelled", **now)
    )
    unsent = (
        select(touches.c.id, touches.c.outbox_id)
        .join(outbox, outbox.c.id == touches.c.outbox_id)
        .where(outbox.c.state == "rendered", outbox.c.purpose != "", touches.c.state == "prepared", old)
        .order_by(touches.c.id)
        .with_for_update()
    )  # fmt: skip
    found = connection.execute(unsent).all()
    withdraw(connection, shop, {one.id: (one.outbox_id, "edited") for one in found})
    return queued.rowcount + len(found)


def withdraw(connection: Connection, shop: Shop, some: Mapping[int, tuple[int, str]]) -> None:
    """Cancel prepared touches, and what lies in the outbox for them: touch → (its row there, why)."""
    reasons = dict.fromkeys(why for _, why in some.values())
    now = shop.now()
    for why in reasons:
        mine = [touch for touch, one in some.items() if one[1] == why]
        told = permission.reason(why)
        for n in range(0, len(mine), AT_ONCE):
            part = mine[n : n + AT_ONCE]
            connection.execute(
                update(touches).where(touches.c.id.in_(part))
                .values(state="cancelled", why=why, changed_at=now)
            )  # fmt: skip
            connection.execute(
                update(outbox).where(outbox.c.id.in_([some[one][0] for one in part]))
                .values(state="cancelled", proof=told.text.format_map(told.args), changed_at=now)
            )  # fmt: skip


def begin(shop: Shop) -> Begun:
    """Look at the events that came in since: the first step of what they begin is queued, what they end is over."""
    done = Begun()
    while found := _some(shop):
        done = Begun(done.begun + found.begun, done.late + found.late, done.stopped + found.stopped)
    return done


def _some(shop: Shop) -> Begun | None:
    """The next few events; None where there are none."""
    query = select(events).order_by(events.c.id).limit(AT_ONCE)
    with shop.database.reading() as connection:
        last = int(_cursor(connection, _EVENTS) or 0)
        if connection.scalar(select(events.c.id).where(events.c.id > last).limit(1)) is None:
            return None
    with shop.database.writing() as connection:
        alone(connection)
        if connection.dialect.name == "postgresql":
            # Numbers are given before they are seen: whoever has a smaller one is waited for.
            connection.execute(text("LOCK TABLE events IN SHARE MODE"))
        last = int(_cursor(connection, _EVENTS) or 0)
        some = connection.execute(query.where(events.c.id > last)).all()
        if not some:
            return None
        begun, late = _start(connection, shop, some)
        stopped = _stop(connection, shop, some)
        _move(connection, shop, _EVENTS, str(some[-1].id))
    return Begun(begun, late, stopped)


def _start(connection: Connection, shop: Shop, some: Sequence[Any]) -> tuple[int, int]:
    plans = shop.settings.plans
    asked = [
        (event, name)
        for event in some
        for name in sorted(plans)
        if plans[name].begins == event.kind
    ]
    if not asked:
        return 0, 0
    # One that is under way is not begun beside itself.
    busy = _busy(connection, {event.contact_id for event, _ in asked})
    rows, late = [], 0
    for event, name in asked:
        row = _row(shop, event, name, plans[name])
        if shop.now() > row["planned_at"] + shop.settings.touch.late:
            late += 1
        elif (event.contact_id, name) not in busy:
            busy.add((event.contact_id, name))
            rows.append(row)
    if rows:
        connection.execute(shop.database.insert(touches).on_conflict_do_nothing(), rows)
    return len(rows), late


def _row(shop: Shop, event: Any, name: str, plan: Plan) -> dict[str, Any]:
    when = event.at + plan.steps[0].wait
    return {
        "contact_id": event.contact_id, "plan": name, "version": plan.version, "step": 1,
        "trigger": f"event:{event.id}", "state": "queued", "due_at": when, "planned_at": when,
        "changed_at": shop.now(),
    }  # fmt: skip


def _busy(connection: Connection, contacts: set[int]) -> set[tuple[int, str]]:
    query = select(touches.c.contact_id, touches.c.plan).where(
        touches.c.contact_id.in_(contacts), touches.c.state == "queued"
    )
    return {(row.contact_id, row.plan) for row in connection.execute(query)}


def _stop(connection: Connection, shop: Shop, some: Iterable[Any]) -> Counter[str]:
    """What is queued for those whom something ended; by why."""
    ends = {kind for plan in shop.settings.plans.values() for kind in plan.stops}
    left = {event.contact_id for event in some if event.kind == "unsubscribed"}
    whose = {event.contact_id for event in some if event.kind in ends} | left
    if not whose:
        return Counter()
    query = select(touches).where(touches.c.contact_id.in_(whose), touches.c.state == "queued")
    found = connection.execute(query.order_by(touches.c.id).with_for_update()).all()
    denied = permission.denied(connection, shop, found)
    # Who has not agreed yet may do so until it is due.
    over = {
        one.id: denied[one.id]
        for one in found
        if one.id in denied and (denied[one.id] != "consent" or one.contact_id in left)
    }
    for why in sorted({*over.values()}):
        mine = [touch for touch, one in over.items() if one == why]
        connection.execute(
            update(touches).where(touches.c.id.in_(mine))
            .values(state="cancelled", why=why, changed_at=shop.now())
        )  # fmt: skip
    return Counter(over.values())


def broken(connection: Connection, shop: Shop) -> dict[str, str]:
    """Plans that cannot be sent, with the campaign that they name and nobody made."""
    named = {one.campaign: name for name, one in shop.settings.plans.items() if one.campaign}
    query = select(campaigns.c.code).where(campaigns.c.code.in_([*named]))
    known = {*connection.scalars(query)} if named else set()
    plans = shop.settings.plans.items()
    return {name: one.campaign for name, one in plans if one.campaign and one.campaign not in known}


def _cursor(connection: Connection, name: str) -> str:
    return connection.scalar(select(cursors.c.value).where(cursors.c.name == name)) or ""


def _move(connection: Connection, shop: Shop, name: str, value: str) -> None:
    query = shop.database.insert(cursors).values(name=name, value=value)
    connection.execute(query.on_conflict_do_update(index_elements=["name"], set_={"value": value}))


class Standing(msgspec.Struct, frozen=True):
    """How one plan goes: numbers of messages. ``lying``: in the outbox. ``next_at``: when the next is due."""

    name: str
    begins: str  # "" of one that shop.toml names no more
    steps: int
    purpose: str
    queued: int
    lying: int
    sent: int
    skipped: int
    cancelled: int
    next_at: int | None
    lacks: str = ""  # the campaign that it names and nobody made


def listed(shop: Shop) -> tuple[Standing, ...]:
    """Every plan of shop.toml, and those that were taken out of it, by name."""
    query = (
        select(touches.c.plan, touches.c.state, outbox.c.state, func.count(), func.min(touches.c.due_at))
        .outerjoin(outbox, outbox.c.id == touches.c.outbox_id)
        .group_by(touches.c.plan, touches.c.state, outbox.c.state)
    )  # fmt: skip
    counts: dict[str, Counter[str]] = {name: Counter() for name in shop.settings.plans}
    due: dict[str, int] = {}
    with shop.database.reading() as connection:
        lacks = broken(connection, shop)
        for name, state, there, number, first in connection.execute(query):
            what = "sent" if there in ("sent", "confirmed") else state
            counts.setdefault(name, Counter())[what] += number
            if state == "queued":
                due[name] = first
    return tuple(
        _standing(name, shop.settings.plans.get(name), counts[name], due.get(name), lacks.get(name, ""))
        for name in sorted(counts)
    )  # fmt: skip


def _standing(
    name: str, plan: Plan | None, counts: Counter[str], due: int | None, lacks: str
) -> Standing:
    return Standing(
        name, plan.begins if plan else "", len(plan.steps) if plan else 0, plan.purpose if plan else "",
        counts["queued"], counts["prepared"], counts["sent"], counts["skipped"], counts["cancelled"],
        due, lacks,
    )  # fmt: skip

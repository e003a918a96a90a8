"""What contacts did: each event once, and how far each contact came by all of theirs.

Orders, refunds and affiliates become events by :func:`follow`, which reads only what is new: an order and a
refund remember that they were followed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Text,
    and_,
    bindparam,
    cast,
    exists,
    literal,
    or_,
    select,
    update,
)

from curate.books import credit
from curate.books.journey.stages import FIRST, KINDS, MOVING, RANK, Happened, Reached, Way, fold
from curate.database.tables import (
    affiliates,
    campaigns,
    contacts,
    events,
    lines,
    moves,
    orders,
    refunds,
)
from curate.errors import CurateError
from curate.model import Message
from curate.shop.orders import tying

if TYPE_CHECKING:
    from curate.shop import Shop

_Brought = tuple[int, str, int]
"""(at, source, campaign)."""
_AT_ONCE = 500
_LONG = 1_000
_CAME = (
    update(contacts)
    .where(contacts.c.id == bindparam("own"))
    .values(
        stage=bindparam("to"), staged_at=bindparam("since"), heard_at=bindparam("heard"),
        acquired_at=bindparam("first"), campaign_id=bindparam("by"),
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """``source``: what it is known by, such as "order:7"; the same one counts once."""

    contact_id: int
    kind: str
    source: str
    at: int
    campaign_id: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """``moved``: the stages that its contact reached by it. ``why``: it led nowhere, for this reason; it is kept."""

    new: bool
    moved: tuple[str, ...] = ()
    why: Message | None = None


@dataclass(frozen=True, slots=True)
class Followed:
    """What came of following."""

    events: int = 0
    moved: int = 0  # of them, those by which a contact came further

    def __add__(self, other: Followed) -> Followed:
        return Followed(self.events + other.events, self.moved + other.moved)


def record(connection: Connection, shop: Shop, some: Sequence[Event]) -> list[Outcome]:
    """Write down what happened, within the caller's transaction. Raises CurateError for what cannot have happened:
    an unknown kind, a time to come, a contact who is not there."""
    for one in some:
        check(shop, one.kind, one.at)
    return _record(connection, shop, some)


def check(shop: Shop, kind: str, at: int) -> None:
    """Raises CurateError where nothing of ``kind`` can have happened at ``at``."""
    if kind not in KINDS:
        raise CurateError(f"{kind[:40]!r} is no event", f"there are: {', '.join(KINDS)}")
    if not 0 < at <= shop.now():
        raise CurateError(
            "an event cannot be of a time to come", "write when it was: 2026-03-01 12:00:00"
        )


def _record(connection: Connection, shop: Shop, some: Sequence[Event]) -> list[Outcome]:
    if not some:
        return []
    people = _hold(connection, {one.contact_id for one in some})
    new = _insert(connection, shop, some)
    told = [one for one in some if one.source in new]
    ways = _refold(connection, shop, people, told)
    seen: set[str] = set()
    outcomes = []
    for one in some:
        own = new.get(one.source)
        first = own is not None and one.source not in seen
        seen.add(one.source)
        outcomes.append(_outcome(ways[one.contact_id], own or 0) if first else Outcome(False))
    return outcomes


def _outcome(way: Way, event_id: int) -> Outcome:
    moved = tuple(one.stage for one in way.reached if one.event_id == event_id)
    why = next((one.why for one in way.refused if one.event.id == event_id), None)
    return Outcome(True, moved, why)


def _hold(connection: Connection, ids: Iterable[int]) -> dict[int, Row[Any]]:
    """The contacts, held in one order everywhere. Raises CurateError where one is not there."""
    found: dict[int, Row[Any]] = {}
    wanted = sorted(ids)
    for n in range(0, len(wanted), _AT_ONCE):
        query = select(contacts).where(contacts.c.id.in_(wanted[n : n + _AT_ONCE]))
        rows = connection.execute(query.order_by(contacts.c.id).with_for_update())
        found |= {int(row.id): row for row in rows if row.erased_at is None}
    for one in wanted:
        if one not in found:
            raise CurateError(
                f"there is no contact {one}", "see: curate contacts list; who was erased is gone"
            )
    return found


def _insert(connection: Connection, shop: Shop, some: Sequence[Event]) -> dict[str, int]:
    """(source, id) of those that are new."""
    rows = [
        {"contact_id": one.contact_id, "kind": one.kind, "source": one.source, "at": one.at,
         "campaign_id": one.campaign_id, "note": one.note[:_LONG]}
        for one in {one.source: one for one in reversed(some)}.values()
    ]  # fmt: skip
    query = (
        shop.database.insert(events)
        .on_conflict_do_nothing(index_elements=["source"])
        .returning(events.c.source, events.c.id)
    )
    made = connection.execute(query, sorted(rows, key=lambda row: str(row["source"])))
    return {row.source: int(row.id) for row in made}


def way(connection: Connection, contact_id: int) -> Way:
    """How far one contact came, and what led nowhere."""
    return _ways(connection, [contact_id])[0][contact_id]


def _ways(
    connection: Connection, ids: Sequence[int]
) -> tuple[dict[int, Way], dict[int, list[_Brought]]]:
    """How far each came; and the campaigns that are known of them, the first one first."""
    happened: dict[int, list[Happened]] = {one: [] for one in ids}
    brought: dict[int, list[_Brought]] = {one: [] for one in ids}
    columns = events.c
    query = select(columns.contact_id, columns.at, columns.kind, columns.source, columns.id,
                   columns.campaign_id)  # fmt: skip
    which = or_(columns.kind.in_(MOVING), columns.campaign_id.is_not(None))
    for n in range(0, len(ids), _AT_ONCE):
        some = columns.contact_id.in_(ids[n : n + _AT_ONCE])
        for own, *rest, campaign in connection.execute(query.where(some, which)):
            one = Happened(*rest)
            if one.kind in KINDS:
                happened[own].append(one)
            if campaign is not None:
                brought[own].append((one.at, one.source, campaign))
    ways = {own: fold(some) for own, some in happened.items()}
    return ways, {own: sorted(some) for own, some in brought.items()}


def _by(known: int | None, brought: Sequence[_Brought]) -> int | None:
    """The campaign that brought somebody: the one they were taken in with, else that of their first event."""
    if brought and (known is None or known in {campaign for *_, campaign in brought}):
        return brought[0][2]
    return known


def _refold(
    connection: Connection, shop: Shop, people: dict[int, Row[Any]], new: Sequence[Event]
) -> dict[int, Way]:
    times: dict[int, list[int]] = {}
    for one in new:
        times.setdefault(one.contact_id, []).append(one.at)
    ways, brought = _ways(connection, [*people])
    stages = _move(connection, shop, {own: ways[own] for own in times})
    rows = [
        {
            "own": own, "to": stages[own][0],
            "since": stages[own][1] if stages[own][1] is not None else people[own].staged_at,
            "heard": max(people[own].heard_at, *at), "first": min(people[own].acquired_at, *at),
            "by": _by(people[own].campaign_id, brought[own]),
        }
        for own, at in times.items()
    ]  # fmt: skip
    if rows:
        connection.execute(_CAME, rows)
    return ways


def _move(
    connection: Connection, shop: Shop, ways: dict[int, Way]
) -> dict[int, tuple[str, int | None]]:
    """Write the stages that were reached, or earlier than was known; (stage, since when) of each contact."""
    known = _moves(connection, [*ways])
    rows: list[dict[str, object]] = []
    stages: dict[int, tuple[str, int | None]] = {}
    for own, found in ways.items():
        at = {stage: row.at for stage, row in known[own].items()}
        for one in found.reached:
            if _is_news(one, known[own].get(one.stage)):
                rows.append({"contact_id": own, "stage": one.stage, "at": one.at,
                             "event_id": one.event_id, "passed": one.passed})  # fmt: skip
                at[one.stage] = one.at
        last = max(at, key=lambda stage: RANK[stage], default=FIRST)
        stages[own] = last, at.get(last)
    if rows:
        query = shop.database.insert(moves)
        told = {name: query.excluded[name] for name in ("at", "event_id", "passed")}
        connection.execute(
            query.on_conflict_do_update(index_elements=["contact_id", "stage"], set_=told), rows
        )
    return stages


def _is_news(one: Reached, there: Row[Any] | None) -> bool:
    """A stage once reached stays so, even where its event is gone: only what is earlier replaces it."""
    if there is None or one.at < there.at:
        return True
    return one.at == there.at and (one.passed, one.event_id) != (there.passed, there.event_id)


def _moves(connection: Connection, ids: Sequence[int]) -> dict[int, dict[str, Row[Any]]]:
    found: dict[int, dict[str, Row[Any]]] = {own: {} for own in ids}
    for n in range(0, len(ids), _AT_ONCE):
        query = select(moves).where(moves.c.contact_id.in_(ids[n : n + _AT_ONCE]))
        for row in connection.execute(query):
            found[row.contact_id][row.stage] = row
    return found


def follow(shop: Shop) -> Followed:
    """Make events of what was bought, given back and joined since the last time; stopped anywhere, it is run again.

    What is read is what is new, however much there is already.
    """
    tying.tie(shop)
    done = Followed()
    for some in (_orders, _refunds, _affiliates):
        while True:
            with shop.database.writing() as connection:
                rows, outcomes = some(connection, shop)
            done += outcomes
            if rows < _AT_ONCE:
                break
    return done


def _orders(connection: Connection, shop: Shop) -> tuple[int, Followed]:
    """An order that was paid, of a known contact, and with it all that was given back of it."""
    query = (
        select(orders.c.id, orders.c.contact_id, orders.c.paid_at, contacts.c.erased_at)
        .join(contacts, contacts.c.id == orders.c.contact_id)
        .where(orders.c.followed.is_(None), orders.c.contact_id.is_not(None),
               orders.c.paid_at.is_not(None))
        .order_by(orders.c.id)
        .limit(_AT_ONCE)
        .with_for_update(of=orders)
    )  # fmt: skip
    rows = connection.execute(query).all()
    if not rows:
        return 0, Followed()
    ids = [int(row.id) for row in rows]
    living = [row for row in rows if row.erased_at is None]
    named = _campaigns(connection, ids)
    bought = [
        Event(row.contact_id, "bought", f"order:{row.id}", row.paid_at, named.get(row.id))
        for row in living
    ]
    given = _given(connection, orders.c.id.in_([row.id for row in living]))
    done = _done(_record(connection, shop, [*bought, *given]))
    connection.execute(update(orders).where(orders.c.id.in_(ids)).values(followed=True))
    return len(rows), done


def _given(connection: Connection, which: ColumnElement[bool]) -> list[Event]:
    query = (
        select(refunds.c.id, refunds.c.at, orders.c.contact_id)
        .join(lines, lines.c.id == refunds.c.line_id)
        .join(orders, orders.c.id == lines.c.order_id)
        .join(contacts, contacts.c.id == orders.c.contact_id)
        .where(which, contacts.c.erased_at.is_(None))
        .order_by(refunds.c.id)
    )
    return [
        Event(row.contact_id, "refunded", f"refund:{row.id}", row.at)
        for row in connection.execute(query)
    ]


def _refunds(connection: Connection, shop: Shop) -> tuple[int, Followed]:
    """Those of orders that were followed before; those of others come with their order."""
    query = (
        select(refunds.c.id)
        .where(refunds.c.followed.is_(None))
        .order_by(refunds.c.id)
        .limit(_AT_ONCE)
        .with_for_update()
    )
    ids = [int(one) for one in connection.scalars(query)]
    if not ids:
        return 0, Followed()
    which = and_(refunds.c.id.in_(ids), orders.c.followed.is_(True))
    done = _done(_record(connection, shop, _given(connection, which)))
    connection.execute(update(refunds).where(refunds.c.id.in_(ids)).values(followed=True))
    return len(ids), done


def _affiliates(connection: Connection, shop: Shop) -> tuple[int, Followed]:
    source = literal("affiliate:") + cast(affiliates.c.id, Text)
    query = (
        select(affiliates.c.id, affiliates.c.contact_id, affiliates.c.joined_at)
        .join(contacts, contacts.c.id == affiliates.c.contact_id)
        .where(contacts.c.erased_at.is_(None), ~exists().where(events.c.source == source))
        .order_by(affiliates.c.id)
        .limit(_AT_ONCE)
    )
    rows = connection.execute(query).all()
    some = [Event(row.contact_id, "joined", f"affiliate:{row.id}", row.joined_at) for row in rows]
    return len(rows), _done(_record(connection, shop, some))


def _campaigns(connection: Connection, ids: Sequence[int]) -> dict[int, int]:
    """Of each order the campaign that its first line with a known code names."""
    query = (
        select(lines.c.order_id, campaigns.c.id)
        .join(campaigns, credit.bears(lines.c.campaign_code))
        .where(lines.c.order_id.in_(ids), lines.c.campaign_code != "")
        .order_by(lines.c.id.desc())
    )
    return {int(order): int(campaign) for order, campaign in connection.execute(query)}


def _done(outcomes: Sequence[Outcome]) -> Followed:
    return Followed(sum(one.new for one in outcomes), sum(bool(one.moved) for one in outcomes))

"""The states of a delivery, and why one waits. Every change is written down twice: as what is, and in steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Connection, Select, bindparam, select, update

from curate.database import bulk
from curate.database.tables import deliveries, lines, orders, steps
from curate.messages import msg
from curate.model import Message

if TYPE_CHECKING:
    from curate.shop import Shop

STEP = ("delivery_id", "state", "at", "proof")
"""Columns of a step."""
AT_ONCE = 20
"""Deliveries in one transaction: each waits for the disk once."""
State = Literal["waiting", "allocated", "rendered", "sent", "confirmed", "revoked"]


@dataclass(frozen=True, slots=True)
class Held:
    """A delivery with what matters of its line and order, nobody else's until the transaction ends."""

    id: int
    line_id: int
    sku: str
    quantity: int  # that are to be served: what was refunded meanwhile is not
    state: State
    paid: bool
    card: str
    title: str
    channel: str
    number: str
    language: str
    email: str
    buyer: str


# Built once: several times for each order, building them is half of what they cost.
_LINE = (
    select(
        lines.c.id, lines.c.state, lines.c.card, lines.c.title, lines.c.quantity,
        lines.c.refunded_quantity, orders.c.channel, orders.c.number, orders.c.language, orders.c.email,
        orders.c.buyer,
    )
    .join_from(lines, orders)
    .join(deliveries, deliveries.c.line_id == lines.c.id)
    .where(deliveries.c.id == bindparam("delivery"))
    .with_for_update(of=lines)
)  # fmt: skip
_OWN = (
    select(deliveries.c.sku, deliveries.c.quantity, deliveries.c.state)
    .where(deliveries.c.id == bindparam("delivery"))
    .with_for_update()
)
_MOVE = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("delivery"))
    .values(state=bindparam("to"), why="", proof=bindparam("told"), changed_at=bindparam("now"))
)
_WAIT = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("delivery"), deliveries.c.why != bindparam("told"))
    .values(why=bindparam("told"), changed_at=bindparam("now"))
)
_STEP = steps.insert()


def held(connection: Connection, delivery_id: int) -> Held:
    """The line's row is held before the delivery's, as refunds do it: two that took them in different
    orders would wait for each other for ever."""
    line = connection.execute(_LINE, {"delivery": delivery_id}).one()
    one = connection.execute(_OWN, {"delivery": delivery_id}).one()
    return Held(
        delivery_id, line.id, one.sku, min(one.quantity, line.quantity - line.refunded_quantity), one.state,
        line.state == "paid", line.card, line.title, line.channel, line.number, line.language, line.email,
        line.buyer,
    )  # fmt: skip


def claim(
    connection: Connection,
    state: State,
    after: int,
    channels: Sequence[str] | None = None,
    *,
    lock: bool = True,
) -> list[tuple[int, str]]:
    """Some deliveries in a state, (id, SKU), whose id is above ``after``; of some channels alone where these
    are given. Those that another process holds are its to deal with."""
    query = (
        select(deliveries.c.id, deliveries.c.sku)
        .join_from(deliveries, lines)
        .join(orders)
        .where(deliveries.c.state == state, deliveries.c.id > after)
        .order_by(deliveries.c.id)
        .limit(AT_ONCE)
    )
    if lock:
        query = query.with_for_update(of=[lines, deliveries], skip_locked=True)
    if channels is not None:
        query = query.where(orders.c.channel.in_(channels))
    return [(one, sku) for one, sku in connection.execute(query)]


def pieces(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """``AT_ONCE`` of them at a time."""
    return (ids[n : n + AT_ONCE] for n in range(0, len(ids), AT_ONCE))


def move(
    connection: Connection, shop: Shop, delivery_id: int, state: State, proof: str = ""
) -> None:
    """Within the transaction that holds it. ``proof`` names no secret."""
    now = shop.now()
    change = {"delivery": delivery_id, "to": state, "told": proof, "now": now}
    connection.execute(_MOVE, change)
    connection.execute(
        _STEP, {"delivery_id": delivery_id, "state": state, "at": now, "proof": proof}
    )


def move_all(
    connection: Connection, shop: Shop, state: State, some: Sequence[tuple[int, str]]
) -> None:
    """:func:`move` of many (delivery, proof), in two statements."""
    now = shop.now()
    rows = [(state, "", proof, now, own) for own, proof in some]
    bulk.change(connection, deliveries, ("state", "why", "proof", "changed_at"), rows)
    taken = [(own, state, now, proof) for own, proof in some]
    bulk.put(connection, steps, STEP, taken)


def wait(connection: Connection, shop: Shop, delivery_id: int, why: str) -> None:
    """Say why it goes on waiting; its place in the queue stays."""
    connection.execute(_WAIT, {"delivery": delivery_id, "told": why, "now": shop.now()})


def wait_all(connection: Connection, shop: Shop, which: Select[int], why: str) -> None:
    """:func:`wait` of all that ``which`` finds, however many, in one statement."""
    query = update(deliveries).where(deliveries.c.id.in_(which), deliveries.c.why != why)
    connection.execute(query.values(why=why, changed_at=shop.now()))


def reason(why: str) -> Message:
    """What a person reads for ``deliveries.why``."""
    return _REASONS.get(why) or msg("it was not tried yet: run curate outbox send")


_REASONS = {
    "stock": msg("there are not enough codes: fill up with curate stock add"),
    "product": msg("shop.toml describes its SKU no more"),
    "release": msg("there is no release that could be given: see curate status"),
    "rights": msg("its release holds what may not be given any more: see curate rights"),
    "link": msg(
        "there is nothing to send: neither serve.url in shop.toml nor a share that buyers get to"
    ),
    "card": msg("its channel did not say which card was given out: see curate stock tie"),
    "card-unknown": msg(
        "the card that was given out for it is none of ours, or of another product"
    ),
    "card-taken": msg("the card that was given out for it belongs to another order"),
}


SERVED = msg("served before").text
"""The proof of what somebody else delivered, before its orders came in here."""
_OURS = (
    msg("the card machine gave it out"),
    msg("nothing of it is left to be served"),
    msg(SERVED),
)


def proven(proof: str) -> Message | None:
    """The sentence behind the proof of a step; None where it is a person's word or a server's."""
    kind, _, reference = proof.partition(" ")
    if kind == "refund" and reference:
        return msg("refund {reference}", reference=reference)
    return next((one for one in _OURS if one.text == proof), None)

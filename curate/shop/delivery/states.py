"""The states of a delivery, and why one waits. Every change is written down twice: as what is, and in steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Connection, select, update

from curate.database.tables import deliveries, lines, orders, steps
from curate.messages import msg
from curate.model import Message

if TYPE_CHECKING:
    from curate.shop import Shop

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


def held(connection: Connection, delivery_id: int) -> Held:
    """The line's row is held before the delivery's, as refunds do it: two that took them in different
    orders would wait for each other for ever."""
    query = select(deliveries.c.line_id).where(deliveries.c.id == delivery_id)
    line_id = connection.execute(query).scalar_one()
    of_line = select(
        lines.c.state, lines.c.card, lines.c.title, lines.c.quantity, lines.c.refunded_quantity,
        orders.c.channel, orders.c.number, orders.c.language, orders.c.email, orders.c.buyer,
    ).join_from(lines, orders)  # fmt: skip
    line = connection.execute(of_line.where(lines.c.id == line_id).with_for_update(of=lines)).one()
    own = select(deliveries.c.sku, deliveries.c.quantity, deliveries.c.state)
    one = connection.execute(own.where(deliveries.c.id == delivery_id).with_for_update()).one()
    return Held(
        delivery_id, line_id, one.sku, min(one.quantity, line.quantity - line.refunded_quantity), one.state,
        line.state == "paid", line.card, line.title, line.channel, line.number, line.language, line.email,
        line.buyer,
    )  # fmt: skip


def move(
    connection: Connection, shop: Shop, delivery_id: int, state: State, proof: str = ""
) -> None:
    """Within the transaction that holds it. ``proof`` names no secret."""
    now = shop.now()
    query = update(deliveries).where(deliveries.c.id == delivery_id)
    connection.execute(query.values(state=state, why="", proof=proof, changed_at=now))
    connection.execute(
        steps.insert().values(delivery_id=delivery_id, state=state, at=now, proof=proof)
    )


def wait(connection: Connection, shop: Shop, delivery_id: int, why: str) -> None:
    """Say why it goes on waiting; its place in the queue stays."""
    query = update(deliveries).where(deliveries.c.id == delivery_id, deliveries.c.why != why)
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

"""What buyers are to get, until it is known that they got it.

A row is written in the transaction that gives the goods, so that no crash loses it, and once for its key.
It holds places where secrets go; ``text`` fills them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, select, update

from curate.database.tables import codes, deliveries, grants, lines, orders, outbox
from curate.errors import CurateError
from curate.shop.access import grants as access
from curate.shop.delivery import permission
from curate.shop.delivery.goods import goods, share_lines, shares, spoken
from curate.shop.delivery.message import fill, places
from curate.shop.delivery.states import State, held, move

if TYPE_CHECKING:
    from curate.shop import Shop
    from curate.shop.settings import Way

NEVER = 253_402_300_799
"""``due_at`` of what is not tried again by itself: the last second of the year 9999."""
OPEN = ("rendered", "sending", "sent")
BY_HAND = frozenset({"paste", "page"})
"""Ways on which nothing reaches the buyer but through a person."""
_LONGEST = 300  # characters of a proof or a fault


@dataclass(frozen=True, slots=True)
class Message:
    """A row of the outbox, without its body. ``recipient`` is personal."""

    id: int
    key: str
    kind: str
    delivery_id: int | None
    contact_id: int | None  # of a plan's message: to whom
    way: Way
    recipient: str
    subject: str
    state: str
    tries: int
    due_at: int
    fault: str
    proof: str
    made_at: int
    channel: str  # of the order; "" where it is about none
    number: str

    @property
    def stuck(self) -> bool:
        """Nobody sends it but a person who says so."""
        return self.due_at == NEVER


@dataclass(frozen=True, slots=True)
class Text:
    """What the buyer reads, secrets and all: never to be kept."""

    subject: str
    body: str


def key_of(delivery_id: int) -> str:
    """Of the one message by which a delivery is served."""
    return f"delivery:{delivery_id}"


def enqueue(
    connection: Connection, shop: Shop, key: str, kind: str, delivery_id: int | None,
    ticket_id: int | None, way: Way, recipient: str, subject: str, body: str,
) -> int:  # fmt: skip
    """Put a message into the outbox within the caller's transaction; its id. One with the same ``key`` that
    lies there already stays as it is. ``body`` may hold {page}, {codes} and {share}."""
    now = shop.now()
    row = {
        "key": key, "kind": kind, "delivery_id": delivery_id, "ticket_id": ticket_id, "way": way,
        "recipient": recipient, "subject": subject, "body": body, "state": "rendered",
        "due_at": now, "made_at": now, "changed_at": now,
    }  # fmt: skip
    connection.execute(
        shop.database.insert(outbox).values(row).on_conflict_do_nothing(index_elements=["key"])
    )
    query = select(outbox.c.id).where(outbox.c.key == key)
    return int(connection.execute(query).scalar_one())


def pending(shop: Shop) -> list[Message]:
    """All that is not known to have arrived, oldest first."""
    return messages(shop, states=OPEN)


def messages(shop: Shop, states: Sequence[str] = (), ids: Sequence[int] = ()) -> list[Message]:
    """By state, or by id; all where neither is given. Oldest first."""
    query = _query()
    if states:
        query = query.where(outbox.c.state.in_(states))
    if ids:
        query = query.where(outbox.c.id.in_(ids))
    with shop.database.reading() as connection:
        return [_message(row) for row in connection.execute(query)]


def _query() -> Any:
    own = (outbox.c[name] for name in Message.__dataclass_fields__ if name in outbox.c)
    return (
        select(*own, orders.c.channel, orders.c.number)
        .select_from(outbox)
        .outerjoin(deliveries, deliveries.c.id == outbox.c.delivery_id)
        .outerjoin(lines, lines.c.id == deliveries.c.line_id)
        .outerjoin(orders, orders.c.id == lines.c.order_id)
        .order_by(outbox.c.id)
    )


def _message(row: Row[Any]) -> Message:
    values = dict(row._mapping)
    return Message(
        **{**values, "channel": values["channel"] or "", "number": values["number"] or ""}
    )


def text(shop: Shop, outbox_id: int) -> Text:
    """The whole text as it has to be sent now. Raises CurateError where there is no such message, a place
    in it cannot be filled, or it needs a consent that is not there any more."""
    with shop.database.reading() as connection:
        _ask(connection, shop, outbox_id)
        return filled(connection, shop, outbox_id)


def _ask(connection: Connection, shop: Shop, outbox_id: int) -> None:
    """Who is shown what a plan says sends it next."""
    row = connection.execute(select(outbox).where(outbox.c.id == outbox_id)).first()
    if row is None or not row.purpose or row.state not in OPEN:
        return
    found = permission.verdict(connection, shop, row)
    if found.why:
        told = permission.reason(found.why)
        raise CurateError(
            f"message {outbox_id} is not to be sent any more: {told.text.format_map(told.args)}",
            "curate journey run takes it out of the outbox",
        )
    if found.until > shop.now():
        raise CurateError(
            f"message {outbox_id} is not to be sent in its reader's quiet hours",
            f"show it again after {permission.when(connection, shop, row.contact_id, found.until)}",
        )


def filled(connection: Connection, shop: Shop, outbox_id: int) -> Text:
    """``text`` within a transaction."""
    query = select(outbox.c.subject, outbox.c.body, outbox.c.delivery_id)
    row = connection.execute(query.where(outbox.c.id == outbox_id)).first()
    if row is None:
        raise _missing(outbox_id)
    asked = places(row.body)
    if row.delivery_id is None or not asked:
        return Text(row.subject, fill(row.body, {}))
    secrets = {
        place: "\n".join(_SECRETS[place](connection, shop, row.delivery_id)) for place in asked
    }
    return Text(row.subject, fill(row.body, secrets))


def _pages(connection: Connection, shop: Shop, delivery_id: int) -> list[str]:
    found = access.of_delivery(connection, delivery_id)
    return [access.page(shop, one) for one in found if one.revoked_at is None]


def _codes(connection: Connection, shop: Shop, delivery_id: int) -> list[str]:
    query = select(codes.c.secret).where(
        codes.c.delivery_id == delivery_id, codes.c.state == "sold"
    )
    return [*connection.scalars(query.order_by(codes.c.id))]


def _shares(connection: Connection, shop: Shop, delivery_id: int) -> list[str]:
    """Of the version that was bought, else of the one on sale now."""
    query = select(deliveries.c.sku, orders.c.channel, orders.c.language)
    joined = query.join_from(deliveries, lines).join(orders).where(deliveries.c.id == delivery_id)
    sku, channel, language = connection.execute(joined).one()
    what = goods(shop, sku)
    bought = select(grants.c.version).where(grants.c.delivery_id == delivery_id).limit(1)
    version = connection.scalar(bought) or what.version
    if what.sold is None or not version:
        return []
    found = shares(shop, what.sold.collection, version)
    return [*share_lines(found, spoken(shop, language, channel, what.language))]


_SECRETS = {"page": _pages, "codes": _codes, "share": _shares}


def confirm(shop: Shop, outbox_id: int, proof: str, who: str = "") -> bool:
    """Note that the buyer got it, by whose word and what proof; False where that was noted before.

    Raises CurateError: no such message, one that was cancelled, a proof that holds what is secret."""
    proof = _clean(f"{who}: {proof}" if who else proof)
    with shop.database.writing() as connection:
        row = taken(connection, outbox_id)
        if row is None:
            raise _missing(outbox_id)
        if row.state == "confirmed":
            return False
        if row.state == "cancelled":
            raise CurateError(
                f"message {outbox_id} was cancelled: {row.proof}",
                "do not send it: see curate orders",
            )
        _check(connection, shop, row.delivery_id, proof)
        settle(connection, shop, row.key, proof)
        follow(connection, shop, row, "sent", proof)
        follow(connection, shop, row, "confirmed", proof)
    return True


def _check(connection: Connection, shop: Shop, delivery_id: int | None, proof: str) -> None:
    if delivery_id is None:
        return
    mine = access.of_delivery(connection, delivery_id)
    secrets = [*_codes(connection, shop, delivery_id), *(access.code(shop, one) for one in mine)]
    if any(secret in proof for secret in secrets):
        raise CurateError(
            "the proof holds the buyer's code itself", "name what shows that it was sent instead"
        )


def taken(connection: Connection, outbox_id: int) -> Row[Any] | None:
    """The row, nobody else's until the transaction ends; its delivery was held before it."""
    query = select(outbox).where(outbox.c.id == outbox_id)
    seen = connection.execute(query).first()
    if seen is None:
        return None
    if seen.delivery_id is not None:
        held(connection, seen.delivery_id)
    return connection.execute(query.with_for_update()).first()


def settle(connection: Connection, shop: Shop, key: str, proof: str) -> None:
    """The row of ``key`` is confirmed, whatever it was."""
    change(connection, shop, outbox.c.key == key, state="confirmed", proof=proof, fault="")


def change(connection: Connection, shop: Shop, which: Any, **values: object) -> None:
    connection.execute(update(outbox).where(which).values(changed_at=shop.now(), **values))


_BEFORE: dict[State, State] = {"sent": "rendered", "confirmed": "sent"}


def follow(connection: Connection, shop: Shop, row: Row[Any], state: State, proof: str) -> None:
    """The delivery goes on with the message by which it is served, one state at a time; others change nothing."""
    if row.delivery_id is None or row.key != key_of(row.delivery_id):
        return
    query = select(deliveries.c.state).where(deliveries.c.id == row.delivery_id)
    if connection.scalar(query) == _BEFORE[state]:
        move(connection, shop, row.delivery_id, state, proof)


def again(shop: Shop, ids: Sequence[int]) -> None:
    """Try these as soon as mail is sent, also what was refused for good."""
    with shop.database.writing() as connection:
        which = outbox.c.id.in_(ids) & outbox.c.state.in_(("rendered", "sending"))
        change(connection, shop, which, due_at=shop.now(), fault="")


def _clean(proof: str) -> str:
    return re.sub(r"\s+", " ", "".join(c if c.isprintable() else " " for c in proof)).strip()[
        :_LONGEST
    ]


def _missing(outbox_id: int) -> CurateError:
    return CurateError(
        f"there is no message {outbox_id} in the outbox", "see: curate outbox list --sent"
    )

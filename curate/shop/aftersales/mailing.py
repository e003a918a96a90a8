"""How a message of after-sales reaches the buyer of a purchase: the way of their channel, as far as it has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from curate.database.tables import outbox as table
from curate.shop.aftersales.purchase import Purchase
from curate.shop.delivery import outbox

if TYPE_CHECKING:
    from curate.shop import Shop


def enqueue(
    connection: Connection,
    shop: Shop,
    what: Purchase,
    *,
    key: str,
    kind: str,
    subject: str,
    body: str,
    ticket_id: int | None = None,
) -> int:
    """Into the outbox, once for ``key``; its number there. By e-mail where that is the channel's way and an address is known,
    else as a text for a person to paste. ``body`` holds places instead of secrets."""
    channel = shop.settings.channels.get(what.channel)
    mailed = channel is not None and channel.delivery == "email" and bool(what.email)
    outbox.enqueue(
        connection,
        shop,
        key=key,
        kind=kind,
        delivery_id=what.delivery_id,
        ticket_id=ticket_id,
        way="email" if mailed else "paste",
        recipient=what.email if mailed else what.buyer,
        subject=subject,
        body=body,
    )
    found = connection.scalar(select(table.c.id).where(table.c.key == key))
    assert found is not None
    return int(found)

"""allocated → rendered: the message to the buyer lies in the outbox. And what a machine gave out is confirmed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from curate.database.tables import codes, grants
from curate.shop.delivery import outbox
from curate.shop.delivery.goods import Goods, shares, spoken
from curate.shop.delivery.message import Facts, render
from curate.shop.delivery.states import Held, State, claim, held, move, wait

if TYPE_CHECKING:
    from curate.shop import Shop
    from curate.shop.settings import Way

_UNSENT = ("cards",)


def compose(shop: Shop, known: Callable[[str], Goods]) -> int:
    """All that is allocated, a few in a transaction; how many. ``known`` tells what a SKU is."""
    return _each(
        shop,
        "allocated",
        None,
        lambda connection, one, sku: _compose(connection, shop, known(sku), one),
    )


def _each(
    shop: Shop,
    state: State,
    channels: Sequence[str] | None,
    step: Callable[[Connection, int, str], bool],
) -> int:
    done = last = 0
    while _any(shop, state, last, channels):  # nothing to do waits for nobody's lock
        with shop.database.writing() as connection:
            found = claim(connection, state, last, channels)
            done += sum(step(connection, *one) for one in found)
        if not found:
            break
        last = found[-1][0]
    return done


def _any(shop: Shop, state: State, after: int, channels: Sequence[str] | None) -> bool:
    with shop.database.reading() as connection:
        return bool(claim(connection, state, after, channels, lock=False))


def _compose(connection: Connection, shop: Shop, goods: Goods, delivery_id: int) -> bool:
    one = held(connection, delivery_id)
    if one.state != "allocated" or goods.sold is None:
        return False
    if goods.why == "rights":
        wait(connection, shop, one.id, goods.why)
        return False
    subject, body = render(
        _facts(connection, shop, goods, one), goods.sold.subject, goods.sold.message
    )
    way = way_of(shop, one.channel)
    outbox.enqueue(
        connection,
        shop,
        key=outbox.key_of(one.id),
        kind="delivery",
        delivery_id=one.id,
        ticket_id=None,
        way=way,
        recipient=one.email if way == "email" else one.buyer,
        subject=subject,
        body=body,
    )
    move(connection, shop, one.id, "rendered")
    return True


def unsent(shop: Shop) -> list[str]:
    """Channels of which nothing is ever sent."""
    return [name for name in shop.settings.channels if way_of(shop, name) in _UNSENT]


def finish(shop: Shop) -> int:
    """Confirm what nobody has to send: the machine gave the card out. How many."""
    channels = unsent(shop)
    if not channels:
        return 0
    return _each(
        shop, "rendered", channels, lambda connection, one, _: _finish(connection, shop, one)
    )


def _finish(connection: Connection, shop: Shop, delivery_id: int) -> bool:
    one = held(connection, delivery_id)
    if one.state != "rendered" or way_of(shop, one.channel) not in _UNSENT:
        return False
    told = "the card machine gave it out"
    outbox.settle(connection, shop, outbox.key_of(one.id), told)
    move(connection, shop, one.id, "sent", told)
    move(connection, shop, one.id, "confirmed", told)
    return True


def way_of(shop: Shop, channel: str) -> Way:
    """How buyers of a channel get it; by hand where shop.toml describes it no more."""
    known = shop.settings.channels.get(channel)
    return known.delivery if known else "paste"


def _facts(connection: Connection, shop: Shop, goods: Goods, one: Held) -> Facts:
    language = spoken(shop, one.language, one.channel, goods.language)
    bought = connection.scalar(
        select(grants.c.version).where(grants.c.delivery_id == one.id).limit(1)
    )
    sold = connection.scalar(select(codes.c.id).where(codes.c.delivery_id == one.id).limit(1))
    version = bought or goods.version
    shared = bool(goods.sold and shares(shop, goods.sold.collection, version)) if version else False
    page = bool(bought and shop.settings.serve.url)
    return Facts(
        title=goods.title(language) or one.title or one.sku,
        version=version,
        order=one.number,
        number=one.quantity,
        language=language,
        page=page,
        address=page and way_of(shop, one.channel) == "page",
        codes=sold is not None,
        share=shared,
    )

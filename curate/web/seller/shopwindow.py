"""The shop at a glance: what of it waits for the seller."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import Response

from curate.errors import CurateError
from curate.shop import Shop, stock
from curate.shop.aftersales import tickets
from curate.shop.delivery import outbox
from curate.shop.delivery.outbox import Message
from curate.shop.orders import looking
from curate.web.seller.desk import Desk


@dataclass(frozen=True, slots=True)
class Glance:
    """Counts of what waits."""

    orders: int = 0
    outbox: int = 0
    stock: int = 0
    tickets: int = 0
    problem: str = ""


def glance(desk: Desk) -> Glance | None:
    """None where there is no shop yet."""
    try:
        shop = desk.shop
        return _counted(shop) if shop else None
    except CurateError as fault:
        return Glance(problem=f"{fault.message}\n{fault.hint}".strip())


def _counted(shop: Shop) -> Glance:
    return Glance(
        sum(1 for _ in looking.listed(shop, waiting=True)),
        sum(1 for one in outbox.pending(shop) if by_hand(one)),
        sum(1 for one in stock.counts(shop) if one.short or one.waiting),
        len(tickets.listed(shop)),
    )


def by_hand(one: Message) -> bool:
    """Whether a person has to send it: no machine does, or none could."""
    return one.state in ("rendered", "sending") and (one.way in outbox.BY_HAND or one.stuck)


def begin(desk: Desk, request: Request, title: str) -> Response:
    """In place of a page of a shop that is not there yet."""
    return desk.page(request, "begin", title)


def does(
    desk: Desk, request: Request, where: str, act: Callable[[Shop], str], otherwise: str = ""
) -> Response:
    """``Desk.does``, for what needs a shop."""

    def write() -> str:
        if desk.shop is None:
            raise CurateError("there is no shop.toml", "make it with: curate shop init")
        return act(desk.shop)

    return desk.does(request, where, write, otherwise)


def day(at: int | None) -> str:
    """A moment, in the time of this machine."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at)) if at is not None else ""

"""kill -9 at every step of delivery: after a restart each paid order is served exactly once.

The wrapper lives here: in a child process a named function kills the process when it is reached for the n-th
time, before it runs or after it has. The product knows nothing of it.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from curate.database.tables import codes, deliveries, outbox, steps
from curate.shop import Shop
from curate.shop.delivery import serve
from curate.shop.orders import Line, intake
from tests.selling import SKU, count, mailing, shop
from tests.test_delivery_mail import Server

KILLS, ORDERS = 20, 3
STEPS = {
    "recorded": ["curate.shop.orders.intake:take"],
    "allocated": ["curate.shop.delivery.allocating:Queue._some"],
    "rendered": ["curate.shop.delivery.rendering:_compose"],
    "sent": [
        "curate.shop.delivery.sending:begin",
        "curate.shop.mail:Post.send",
        "curate.shop.delivery.sending:sent",
    ],
    "confirmed": ["curate.shop.delivery.sending:confirmed"],
}
UNSURE = {("curate.shop.mail:Post.send", "after"), ("curate.shop.delivery.sending:sent", "before")}
"""The server said OK, and that is written nowhere."""
WHOLE = ["waiting", "allocated", "rendered", "sent", "confirmed"]


def deadly(where: str, moment: str, reach: int) -> None:
    """Make the function at ``where`` kill this process when it is reached for the ``reach``-th time."""
    module, _, path = where.partition(":")
    place: Any = importlib.import_module(module)
    *inside, name = path.split(".")
    for one in inside:
        place = getattr(place, one)
    real: Callable[..., Any] = getattr(place, name)
    left = [reach]

    def wrapped(*values: Any, **named: Any) -> Any:
        left[0] -= 1
        if not left[0] and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*values, **named)
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(place, name, wrapped)


def told(numbers: list[str]) -> list[Line]:
    return [
        Line("post", number, item=SKU, paid=100, email=f"{number}@buyer.example", paid_at=1)
        for number in numbers
    ]


def run(own: Shop, numbers: list[str]) -> None:
    """A notice of paid orders comes in, and who paid is served."""
    intake.take(own, told(numbers))
    serve(own)


def doomed(root: Path, port: int, numbers: list[str], where: str, moment: str, reach: int) -> None:
    deadly(where, moment, reach)
    run(mailing(shop(root), port), numbers)


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_killed_and_run_again_each_order_is_served_once(tmp_path: Path, step: str) -> None:
    """20 times: before and after in turn, at the first of the orders, the second …"""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.test_delivery_kill", "curate.shop.access.grants"])
    counter = shop(tmp_path)
    counter.fill(*(f"code-{n:03}" for n in range(KILLS * ORDERS + 5)))
    places = [(place, moment) for place in STEPS[step] for moment in ("before", "after")]
    everything: list[str] = []
    unsure = 0
    with Server() as server:
        own = mailing(counter, server.port)
        for kill in range(KILLS):
            numbers = [f"{kill}-{n}" for n in range(ORDERS)]
            everything += numbers
            place, moment = places[kill % len(places)]
            unsure += (place, moment) in UNSURE
            reach = 1 if step in ("recorded", "allocated") else 1 + kill // len(places) % ORDERS
            values = (tmp_path, server.port, numbers, place, moment, reach)
            child = context.Process(target=doomed, args=values)
            child.start()
            child.join(60)
            assert child.exitcode == -signal.SIGKILL
            run(own, numbers)  # the restart; the channel tells of them once more
            assert len(ids(own)) == len(everything)
        assert {str(one["Message-ID"]) for one in server.read()} == ids(own)
        assert len(server.letters) == len(everything) + unsure
        check(own, server, len(everything))


def ids(own: Shop) -> set[str]:
    with own.database.reading() as connection:
        return {*connection.scalars(select(outbox.c.message_id))}


def check(own: Shop, server: Server, orders: int) -> None:
    assert count(own, deliveries, deliveries.c.state == "confirmed") == orders
    assert count(own, outbox, outbox.c.state == "confirmed") == orders
    with own.database.reading() as connection:
        sold = select(codes.c.secret, codes.c.delivery_id).where(codes.c.state == "sold")
        pairs = [(row[0], row[1]) for row in connection.execute(sold)]
        ways: dict[int, list[str]] = {}
        for row in connection.execute(select(steps).order_by(steps.c.id)):
            ways.setdefault(row.delivery_id, []).append(row.state)
    assert len(pairs) == len({one for one, _ in pairs}) == len({one for _, one in pairs}) == orders
    assert [*ways.values()] == [WHOLE] * orders
    # What went out twice is the same letter, byte by byte.
    assert len({*server.letters}) == orders
    sent = {word for one in server.read() for word in one.get_content().split()}
    assert {secret for secret, _ in pairs} == {word for word in sent if word.startswith("code-")}

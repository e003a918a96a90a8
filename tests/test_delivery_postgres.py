"""The same on PostgreSQL, where many write at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from curate.database.tables import codes, deliveries, lines, outbox
from curate.errors import CurateError
from curate.shop import cards, stock
from curate.shop.aftersales.refunds import refund
from curate.shop.delivery import outbox as box
from curate.shop.delivery import sending, serve
from tests.postgres import Postgres, postgres
from tests.selling import SKU, Counter, count, mailing, shop
from tests.test_delivery_mail import Server

pytestmark = pytest.mark.slow
WHOLE = ["allocated", "rendered", "sent", "confirmed"]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


@pytest.fixture
def counter(tmp_path: Path, server: Postgres) -> Iterator[Counter]:
    made = shop(tmp_path, server.database())
    yield made
    made.shop.database.close()


def test_each_way_to_its_end(counter: Counter, tmp_path: Path) -> None:
    counter.fill("k-1", "k-2", "k-3", "k-4")
    assert counter.fill("k-4", "k-5").new == 1
    cards.upload(counter.shop, "machine", SKU, 1, tmp_path)
    with Server() as post:
        counter.shop = mailing(counter, post.port)
        ways = [counter.order(way, way, email="li@b.example") for way in ("hand", "post", "site")]
        ways.append(counter.order("machine", "machine", card="k-1"))
        with sending._sole(counter.shop) as mine, sending._sole(counter.shop) as other:
            assert (mine, other) == (True, False)
            assert serve(counter.shop).mailed == 0
        assert serve(counter.shop).mailed == 1
        assert box.confirm(counter.shop, counter.message(ways[0]), "seen", "Ann")
        assert box.confirm(counter.shop, counter.message(ways[2]), "seen", "Ann")
        assert not box.confirm(counter.shop, counter.message(ways[0]), "seen", "Ann")
        assert len(post.letters) == 1
    assert [counter.steps(one) for one in ways] == [WHOLE] * 4
    assert counter.secrets(ways[3]) == ["k-1"]
    (left,) = stock.counts(counter.shop)
    assert (left.free, left.sold, left.low_since) == (1, 4, int(counter.clock.now))
    assert stock.withdraw(counter.shop, SKU, named=["k-5"]) == 1


def test_refunds_refills_and_servers_do_not_wait_for_each_other_for_ever(counter: Counter) -> None:
    """A deadlock would be an error of one of them."""
    numbers = [str(n) for n in range(40)]
    for number in numbers:
        counter.order(number, quantity=2)
    own, start = counter.shop, threading.Barrier(8)

    def serving(_: int) -> None:
        start.wait()
        for _ in range(6):
            serve(own)

    def refunding(part: int) -> None:
        start.wait()
        for number in numbers[part::3]:
            refund(own, "hand", number, "1", quantity=1, reason="r", who="w", reference=number)

    def filling(_: int) -> None:
        start.wait()
        for n in range(8):
            counter.fill(*(f"code-{n}-{i}" for i in range(10)))
            for one in box.pending(own)[::3]:
                try:
                    box.confirm(own, one.id, "seen", "w")
                except CurateError as fault:  # rendered anew, or cancelled, this moment
                    assert "message" in fault.message

    with ThreadPoolExecutor(8) as crew:
        jobs = [crew.submit(serving, n) for n in range(4)]
        jobs += [crew.submit(refunding, n) for n in range(3)] + [crew.submit(filling, 0)]
        for job in jobs:
            job.result(120)
    serve(own)
    with own.database.reading() as connection:
        whose = [*connection.scalars(select(codes.c.delivery_id).where(codes.c.state == "sold"))]
    assert sorted(whose) == sorted({*whose})  # of two pieces one was given back
    assert len(whose) == len(numbers)
    assert count(own, deliveries, deliveries.c.state.in_(("rendered", "confirmed"))) == len(numbers)
    assert count(own, lines, lines.c.refunded_quantity == 1) == len(numbers)
    assert count(own, outbox, outbox.c.kind == "delivery", outbox.c.state != "cancelled") == len(
        numbers
    )

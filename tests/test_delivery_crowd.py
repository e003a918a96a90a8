"""64 processes at one stock, on SQLite and on PostgreSQL: no code twice, none lost, first in first out."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter as Tally
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from curate.database.tables import alerts, codes, deliveries, outbox, steps
from curate.shop import Shop
from curate.shop.delivery import serve, waiting
from curate.shop.settings import Channel, Sold
from tests.postgres import postgres
from tests.selling import SKU, START, Counter, count, order, shop

PROCESSES, CODES, ORDERS = 64, 1_000, 1_100
MORE = ORDERS - CODES


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "sqlite":
        yield ""
        return
    with postgres() as server:
        yield server.database()


def stand(root: Path, url: str) -> Counter:
    return shop(
        root,
        url,
        products={SKU: Sold(stock="unique", low=50)},
        channels={"site": Channel(delivery="page")},
    )


def buyer(root: Path, url: str, numbers: range, start: float) -> None:
    """A process that takes its orders in and serves what there is to serve."""
    sleep = start - time.time()
    time.sleep(max(0.0, sleep))
    own = stand(root, url).shop
    for number in numbers:
        order(own, str(number), "site")
    serve(own)


def crowd(root: Path, url: str) -> None:
    """All of them, from a process that has imported everything and runs no thread."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["tests.test_delivery_crowd", "psycopg", "sqlalchemy.dialects.postgresql.psycopg"]
    )
    start = time.time() + 1.5
    shares = [range(n, ORDERS, PROCESSES) for n in range(PROCESSES)]
    running = [context.Process(target=buyer, args=(root, url, each, start)) for each in shares]
    for one in running:
        one.start()
    for one in running:
        one.join(120)
        assert one.exitcode == 0


def check(own: Shop) -> list[int]:
    """What was sold, delivery by delivery, in the order in which they were taken in."""
    with own.database.reading() as connection:
        sold = connection.execute(
            select(codes.c.secret, codes.c.delivery_id).where(codes.c.state == "sold")
        )
        pairs = [*sold]
        queue = select(deliveries.c.id).order_by(deliveries.c.queued_at, deliveries.c.id)
        ids = [*connection.scalars(queue)]
    assert len({secret for secret, _ in pairs}) == len(pairs)
    assert max(Tally(delivery for _, delivery in pairs).values()) == 1
    return [one for one in ids if one in {delivery for _, delivery in pairs}]


@pytest.mark.slow
def test_64_processes_sell_1000_codes_once_each_and_the_rest_waits(
    tmp_path: Path, url: str
) -> None:
    own = stand(tmp_path, url)
    own.fill(*(f"code-{n:04}" for n in range(CODES)))
    own.shop.database.close()
    crowd(tmp_path, url)
    served = check(own.shop)
    assert len(served) == CODES
    assert count(own.shop, deliveries, deliveries.c.state == "rendered") == CODES
    assert count(own.shop, outbox) == count(own.shop, steps, steps.c.state == "rendered") == CODES
    left = waiting(own.shop)
    assert len(left) == MORE
    assert count(own.shop, alerts) == 1
    own.clock.now = START + 60
    own.order("late", "site")
    own.fill(*(f"more-{n:04}" for n in range(MORE)))
    serve(own.shop)
    assert [one.number for one in waiting(own.shop)] == ["late"]
    with own.shop.database.reading() as connection:
        of_left = [one.delivery_id for one in left]
        rows = (
            select(codes.c.delivery_id)
            .where(codes.c.secret.startswith("more-"))
            .order_by(codes.c.id)
        )
        assert [*connection.scalars(rows)] == of_left

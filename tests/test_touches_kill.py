"""A run that is killed anywhere and run again leaves the rows of one that was not, and sends nothing twice."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from curate.books.journey import events, touches
from curate.books.journey.events import Event
from curate.database.tables import consents, cursors, outbox
from curate.database.tables import touches as table
from curate.shop import Shop
from curate.shop.settings import Touch
from tests.planning import HOUR, NOON, Desk, desk, people, plan
from tests.postgres import postgres
from tests.selling import count
from tests.test_delivery_kill import deadly

PEOPLE = 450  # three batches
PLACES = [
    ("curate.books.journey.plans:edited", 1),
    ("curate.books.journey.plans:_start", 1),
    ("curate.books.journey.plans:_stop", 1),
    ("curate.books.journey.plans:_move", 1),
    ("curate.books.journey.plans:withdraw", 1),
    ("curate.books.journey.touches:_some", 2),
    ("curate.books.journey.touches:_Batch._settle", 2),
    ("curate.books.journey.touches:_Batch._prepare", 3),
    ("curate.books.journey.touches:_Batch._go_on", 2),
    ("curate.books.journey.touches:_people", 3),
]


def made(root: Path, database: str = "") -> Desk:
    plans: dict[str, Any] = {
        "welcome": plan("subscribed", "0 hours", "0 hours", "1 day"),
        "follow": plan("clicked", "0 hours", "2 days", way="email"),
    }
    if not database:
        return desk(root, touch=Touch(quiet="", cap=3), **plans)
    from tests.selling import shop

    counter = shop(root, database=database, touch=Touch(quiet="", cap=3), plans=plans)
    counter.clock.now = NOON
    return Desk(counter.shop, counter.clock)


def busy(at: Desk) -> None:
    """Letters lie there that an event ended, others that were withdrawn; much is due."""
    own = at.shop
    some = people(own, range(PEOPLE))
    with own.database.writing() as connection:
        told = [Event(one, "clicked", f"c:{one}", NOON) for one in some[::3]]
        events.record(connection, own, told)
    at.run()
    at.clock.now += HOUR
    with own.database.writing() as connection:
        told = [Event(one, "bought", f"b:{one}", NOON + HOUR) for one in some[::7]]
        told += [Event(one, "clicked", f"d:{one}", NOON + HOUR) for one in some[1::3]]
        events.record(connection, own, told)
        gone = consents.c.contact_id.in_(some[::11])
        connection.execute(update(consents).where(gone).values(given=False))
    at.clock.now = later()


def later() -> int:
    return NOON + 25 * HOUR


def rows(own: Shop) -> list[Any]:
    with own.database.reading() as connection:
        return [
            tuple(row)
            for each in (table, outbox, cursors)
            for row in connection.execute(select(each).order_by(each.primary_key.columns[0]))
        ]


def doomed(root: Path, place: str, moment: str, reach: int) -> None:
    at = made(root)
    at.clock.now = later()
    deadly(place, moment, reach)
    at.run()


def killed_some_time(root: Path, after: float) -> None:
    at = made(root)
    at.clock.now = later()
    count(at.shop, table)  # all is open
    threading.Timer(after, os.kill, (os.getpid(), signal.SIGKILL)).start()
    while True:
        at.run()


@pytest.mark.slow
def test_killed_anywhere_and_run_again_the_rows_are_the_same(tmp_path: Path) -> None:
    first = tmp_path / "whole"
    at = made(first)
    busy(at)
    at.shop.database.close()
    lives: list[tuple[Callable[..., None], tuple[Any, ...]]] = [
        (doomed, (place, moment, reach))
        for place, reach in PLACES
        for moment in ("before", "after")
    ]
    lives += [(killed_some_time, (n / 50,)) for n in range(8)]
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.test_touches_kill"])
    for number, _ in enumerate(lives):
        shutil.copytree(first, tmp_path / f"{number}")
    whole = made(first)
    whole.clock.now = later()
    done = whole.run()
    assert min(done.prepared, done.cancelled, done.skipped + done.begun) > 50
    expected = rows(whole.shop)
    for number, (target, values) in enumerate(lives):
        root = tmp_path / f"{number}"
        child = context.Process(target=target, args=(root, *values))
        child.start()
        child.join(60)
        assert child.exitcode == -signal.SIGKILL, values
        again = made(root)
        again.clock.now = later()
        again.run()
        assert rows(again.shop) == expected, values
        again.shop.database.close()


@pytest.mark.slow
def test_several_at_once_prepare_each_letter_once_on_postgresql(tmp_path: Path) -> None:
    with postgres() as server:
        one, other = (server.database() for _ in range(2))
        alone = made(tmp_path / "alone", one)
        busy(alone)
        alone.run()
        many = made(tmp_path / "many", other)
        busy(many)
        desks = [made(tmp_path / "many", other) for _ in range(4)]
        for each in desks:
            each.clock.now = later()
        threads = [threading.Thread(target=each.run) for each in desks]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert told(many.shop) == told(alone.shop)
        assert touches.run(many.shop) == touches.Done()
        for each in (alone, many, *desks):
            each.shop.database.close()


def told(own: Shop) -> list[Any]:
    """Without the numbers, which are given as they come."""
    columns = [one for one in table.c if one.name not in ("id", "outbox_id")]
    letters = (outbox.c.contact_id, outbox.c.subject, outbox.c.state, outbox.c.way)
    with own.database.reading() as connection:
        found = [tuple(row) for row in connection.execute(select(*columns))]
        found += [tuple(row) for row in connection.execute(select(*letters))]
    return sorted(found, key=repr)

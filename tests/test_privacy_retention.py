"""What is kept no longer than shop.toml says is forgotten by itself, at a cost of what is due."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import event, select, update

from curate.books.privacy import audit, retention
from curate.books.privacy.retention import Retained
from curate.database.tables import (
    affiliates,
    clicks,
    contacts,
    erasures,
    identities,
    letters,
    metadata,
    orders,
    outbox,
    tickets,
)
from curate.shop import Shop
from curate.shop.orders import Line
from curate.shop.orders.intake import take
from curate.shop.settings import Privacy
from tests.people import DAY, Known, known
from tests.selling import Counter, count
from tests.selling import shop as counter_of

HOW = Privacy(contact_days=100, click_days=10, letter_days=20, order_days=300)
STEP = 10
"""Instructions of SQLite's machine between two counts."""


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return counter_of(tmp_path, privacy=HOW)


def person(counter: Counter, tag: str, partner: bool = False) -> Known:
    """All is known of them since now; no affiliate unless it is said."""
    one = known(counter.shop, tag, at=counter.shop.now())
    with counter.shop.database.writing() as connection:
        row = {"source": f"click {tag}", "contact_id": one.contact_id, "at": counter.shop.now()}
        connection.execute(clicks.insert().values(row))
        own = update(contacts).where(contacts.c.id == one.contact_id)
        connection.execute(own.values(stage="purchased"))
        if not partner:
            mine = affiliates.c.contact_id == one.contact_id
            connection.execute(update(affiliates).where(mine).values(contact_id=None))
    return one


def later(counter: Counter, days: int) -> Retained:
    counter.clock.now += days * DAY
    due = retention.retain(counter.shop, dry=True)
    done = retention.retain(counter.shop)
    assert msgspec.structs.replace(due, dry=False) == done
    assert retention.retain(counter.shop) == Retained()  # all of it was done
    return done


def test_each_kind_goes_when_its_time_is_over(counter: Counter) -> None:
    person(counter, "ann")
    assert later(counter, 19) == Retained()
    assert later(counter, 2) == Retained(tickets=1, messages=1)
    assert later(counter, 10) == Retained(clicks=1)  # as long as [distribution] may need it
    assert later(counter, 269) == Retained()
    assert later(counter, 1) == Retained(orders=1, contacts=1)
    with counter.shop.database.reading() as connection:
        row = connection.execute(select(orders.c.buyer, orders.c.email, orders.c.contact_id)).one()
        assert (row.buyer, row.email) == ("", "") and row.contact_id is not None
        assert connection.scalar(select(contacts.c.name)) == ""
        assert connection.scalar(select(letters.c.text)) == ""
        assert connection.scalar(select(outbox.c.body)) == ""
    assert count(counter.shop, identities) == 0 and count(counter.shop, erasures) == 0
    assert [one.what for one in audit.listed(counter.shop)] == ["retention"] * 3


def test_strangers_go_earlier_than_buyers_and_partners_stay(counter: Counter) -> None:
    person(counter, "ann")
    person(counter, "bob", partner=True)
    with counter.shop.database.writing() as connection:
        row = {"staged_at": 1, "acquired_at": 1, "heard_at": counter.shop.now(), "name": "eve"}
        connection.execute(contacts.insert().values(row))
    assert later(counter, 101).contacts == 1
    assert later(counter, 200) == Retained(orders=2, contacts=1)
    with counter.shop.database.reading() as connection:
        left = select(contacts.c.name).where(contacts.c.erased_at.is_(None))
        assert [*connection.scalars(left)] == ["bob~contacts.name~印记"]


def test_what_is_open_waits_for_its_end(counter: Counter) -> None:
    person(counter, "ann")
    with counter.shop.database.writing() as connection:
        connection.execute(update(tickets).values(state="open"))
        connection.execute(update(outbox).values(state="rendered"))
    assert later(counter, 250) == Retained(clicks=1)


def test_for_ever_is_for_ever(tmp_path: Path) -> None:
    never = Privacy(contact_days=0, click_days=0, letter_days=0, order_days=0)
    counter = counter_of(tmp_path, privacy=never)
    person(counter, "ann")
    assert later(counter, 36_500) == Retained()


def test_more_days_than_there_ever_were_are_for_ever(tmp_path: Path) -> None:
    most = 10**30
    told = Privacy(contact_days=most, click_days=most, letter_days=most, order_days=most)
    counter = counter_of(tmp_path, privacy=told)
    person(counter, "ann")
    assert later(counter, 40_000) == Retained()


def test_an_order_told_again_brings_nobody_back_whose_time_is_over(counter: Counter) -> None:
    line = Line(
        "own", "N1", item="KEYS", paid=9, email="x@marked.example", paid_at=5, currency="CNY"
    )
    take(counter.shop, [line])
    assert later(counter, 400) == Retained(orders=1, contacts=1)
    take(counter.shop, [line])
    assert count(counter.shop, contacts) == 1 and count(counter.shop, identities) == 0
    later_one = Line(
        "own", "N2", item="KEYS", paid=9, email="x@marked.example", paid_at=counter.shop.now(), currency="CNY"
    )  # fmt: skip
    take(counter.shop, [later_one])  # who comes again is welcome
    assert count(counter.shop, contacts) == 2 and count(counter.shop, identities) == 1


def crowd(shop: Shop, many: int) -> None:
    """So many of each kind who are not due."""
    now = shop.now()
    rows: dict[str, Any] = {
        "contacts": lambda n: {"staged_at": 1, "acquired_at": 1, "heard_at": now, "name": str(n),
                               "stage": ("aware", "purchased")[n % 2]},
        "orders": lambda n: {"channel": "x", "number": str(n), "currency": "CNY", "made_at": now,
                             "paid_at": (now, None)[n % 2], "email": f"{n}@crowd.example"},
        "tickets": lambda n: {"state": ("closed", "open")[n % 2], "subject": "s", "opened_at": 1,
                              "changed_at": now},
        "outbox": lambda n: {"key": f"x{n}", "kind": "delivery", "way": "paste", "body": "b",
                             "state": ("confirmed", "rendered")[n % 2], "due_at": 1, "made_at": 1,
                             "changed_at": now},
        "clicks": lambda n: {"source": f"x{n}", "contact_id": n + 2, "at": now},
    }  # fmt: skip
    with shop.database.writing() as connection:
        for name, row in rows.items():
            connection.execute(metadata.tables[name].insert(), [row(n) for n in range(many)])


def test_it_takes_as_long_as_what_is_due(tmp_path: Path) -> None:
    """Counted in instructions of the database's machine: ten times as many who stay cost nothing more."""
    counts = []
    for many in (300, 3_000):
        counter = counter_of(tmp_path / str(many), privacy=HOW)
        person(counter, "ann")
        counter.clock.now += 301 * DAY
        crowd(counter.shop, many)
        counter.shop.database.close()
        steps = [0]

        def step(steps: list[int] = steps) -> int:
            steps[0] += 1
            return 0

        @event.listens_for(counter.shop.database.engine, "connect")
        def connected(raw: Any, _: object, step: Any = step) -> None:
            raw.set_progress_handler(step, STEP)

        done = retention.retain(counter.shop)
        assert done == Retained(orders=1, tickets=1, messages=1, clicks=1, contacts=1)
        counts.append(steps[0])
    assert counts[1] < counts[0] * 1.2

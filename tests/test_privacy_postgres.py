"""The same on PostgreSQL: a copy, an end, what is due; and a dump from before an erasure forgets again."""

from __future__ import annotations

import json
from pathlib import Path

from sqlalchemy import select

from curate.books.privacy import erase, export, retention
from curate.database import personal
from curate.database.tables import orders
from curate.shop import Shop
from curate.shop.orders import Line
from curate.shop.orders.intake import take
from curate.shop.settings import Privacy
from tests.people import DAY, known
from tests.postgres import postgres
from tests.selling import Counter
from tests.selling import shop as counter_of


def texts(shop: Shop) -> str:
    with shop.database.reading() as connection:
        return "\n".join(
            str(value)
            for table in personal.metadata.sorted_tables
            for row in connection.execute(select(table))
            for value in row
        )


def _again(counter: Counter, email: str) -> None:
    """They pay an order after it, and are erased once more."""
    counter.clock.now += 60
    new = Line("own", "N", item="KEYS", paid=900, email=email, paid_at=counter.shop.now())
    take(counter.shop, [new])
    assert email in texts(counter.shop)
    counter.clock.now += 60
    erase.erase(counter.shop, [email], anyway=True)
    take(counter.shop, [new])
    assert email not in texts(counter.shop)


def test_people_are_forgotten_on_postgresql_too(tmp_path: Path) -> None:
    with postgres() as server:
        older = server.database()
        counter = counter_of(tmp_path, older)
        ann = known(counter.shop, "ann")  # as a dump has it that is restored later
        counter.shop.database.close()
        counter = counter_of(
            tmp_path, server.database(), privacy=Privacy(order_days=10, contact_days=10)
        )
        ann, bob = known(counter.shop, "ann"), known(counter.shop, "bob")
        export.export(counter.shop, ann.email, tmp_path / "ann")
        told = (tmp_path / "ann" / "person.json").read_text("utf-8")
        assert all(
            json.dumps(mark, ensure_ascii=False)[1:-1] in told for mark in ann.marks.values()
        )
        assert erase.erase(counter.shop, [ann.email]).rows > 10
        left = texts(counter.shop)
        assert not [mark for mark in ann.marks.values() if mark in left]
        assert all(mark in left for mark in bob.marks.values())
        assert erase.erase(counter.shop, [ann.email]).rows == 0
        _again(counter, ann.email)

        restored = counter_of(tmp_path, older).shop
        left = texts(restored)
        assert not [mark for mark in ann.marks.values() if mark in left]
        restored.database.close()

        counter.clock.now += 20 * DAY
        done = retention.retain(counter.shop)
        assert (done.orders, done.contacts) == (1, 0)  # an affiliate stays as long as they are one
        with counter.shop.database.reading() as connection:
            assert {*connection.scalars(select(orders.c.email))} == {""}
        counter.shop.database.close()

"""Who an order is of is known from the moment it comes in; nothing is kept of who was erased."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from curate.books.journey.events import follow
from curate.database.tables import contacts, erasures, orders
from curate.shop import contacts as people
from curate.shop.orders import Line
from curate.shop.orders.intake import Taken, take
from curate.shop.orders.tying import tie
from tests.distribution import Trade, trade
from tests.selling import START


def tell(at: Trade, number: str, **how: Any) -> Taken:
    return take(
        at.shop, [Line("hand", number, **{"item": "G", "paid": 100, "paid_at": START, **how})]
    )


def who(at: Trade) -> list[tuple[Any, ...]]:
    return at.rows(orders, "contact_id", "buyer", "email")


def test_one_person_is_one_contact_in_however_many_orders(tmp_path: Path) -> None:
    at = trade(tmp_path)
    some = [
        Line("hand", str(n), item="G", paid=1, paid_at=START, buyer="B", email="b@x.org")
        for n in range(30)
    ]
    take(at.shop, some)
    tell(at, "30", email="B@X.ORG")
    tell(at, "31", buyer="B")
    tell(at, "32")
    tell(at, "33", buyer="张**")
    assert [row[0] for row in who(at)] == [1] * 32 + [None, None]
    assert len(at.rows(contacts, "id")) == 1


def test_an_order_that_tells_more_later_is_tied_then(tmp_path: Path) -> None:
    at = trade(tmp_path)
    tell(at, "1")
    tell(at, "1", email="b@x.org")
    assert who(at) == [(1, "", "b@x.org")]
    with at.shop.database.writing() as connection:  # one of a time when nobody was asked
        connection.execute(orders.update().values(contact_id=None))
    tell(at, "1", email="b@x.org")
    assert who(at) == [(1, "", "b@x.org")]


def test_of_who_was_erased_nothing_is_kept_when_their_orders_are_told_again(tmp_path: Path) -> None:
    at = trade(tmp_path)
    at.affiliate("lee")
    tell(at, "1", buyer="B", email="b@x.org", affiliate_code="lee")
    with at.shop.database.writing() as connection:
        for key in (
            people.key(at.shop, "email", "b@x.org"),
            people.key(at.shop, "handle", "B", "hand"),
        ):
            connection.execute(erasures.insert().values(key=key, contact_id=1, at=START))
        connection.execute(orders.update().values(buyer="", email=""))
    tell(at, "1", buyer="B", email="b@x.org", affiliate_code="lee")
    assert who(at) == [(1, "", "")]
    tell(at, "2", buyer="Bea", email="B@x.org", affiliate_code="lee")
    assert who(at)[1] == (None, "", "")
    assert at.earned() == {"lee": 40}  # the money stays
    raw = (tmp_path / "shop.db").read_bytes() + (tmp_path / "shop.db-wal").read_bytes()
    assert b"Bea" not in raw
    with at.shop.database.reading() as connection:
        assert len(connection.execute(select(contacts)).all()) == 1


def test_a_name_told_before_the_address_that_was_erased_goes_with_it(tmp_path: Path) -> None:
    at = trade(tmp_path)
    with at.shop.database.writing() as connection:
        key = people.key(at.shop, "email", "b@x.org")
        connection.execute(erasures.insert().values(key=key, at=START))
    tell(at, "1", buyer="Bea")
    tell(at, "1", email="b@x.org")
    assert who(at) == [(1, "", "")]


def test_orders_of_before_are_tied_to_whom_they_are_of(tmp_path: Path) -> None:
    at = trade(tmp_path)
    for number, (buyer, email) in enumerate(
        [("B", ""), ("C", "c@x.org"), ("B", "b@x.org"), ("", ""), ("张*", "")]
    ):
        at.add(
            orders,
            channel="hand",
            number=str(number),
            currency="CNY",
            made_at=1,
            buyer=buyer,
            email=email,
        )
    with at.shop.database.writing() as connection:
        key = people.key(at.shop, "email", "c@x.org")
        connection.execute(erasures.insert().values(key=key, at=START))
    assert (tie(at.shop), tie(at.shop)) == (2, 0)
    assert who(at) == [
        (1, "B", ""), (None, "", ""), (1, "B", "b@x.org"), (None, "", ""), (None, "张*", "")
    ]  # fmt: skip


def test_catching_up_ties_orders_of_before_and_looks_at_each_once(tmp_path: Path) -> None:
    at = trade(tmp_path)
    for number, buyer in enumerate(["B", "张*"]):
        at.add(orders, channel="hand", number=str(number), currency="CNY", made_at=1, buyer=buyer)
    follow(at.shop)
    assert who(at) == [(1, "B", ""), (None, "张*", "")]
    with at.shop.database.writing() as connection:
        connection.execute(update(orders).values(contact_id=None))
    assert tie(at.shop) == 0

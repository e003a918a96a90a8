"""Who an order is of: the same person however they are written, nobody merged, nobody who was erased."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from curate.database.tables import contacts, erasures, identities
from curate.shop import Shop
from curate.shop import settings as shop_settings
from curate.shop.contacts import Buyer, erased, key, normal, of_buyers
from curate.workspace import Workspace
from tests.postgres import postgres

AT = 1_700_000_000


def opened(folder: Path, url: str = "") -> Shop:
    return Shop(Workspace(folder), shop_settings.Settings(database=url), lambda: float(AT))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return opened(tmp_path)


def buyer(name: str = "", email: str = "", channel: str = "xy", at: int = AT) -> Buyer:
    return Buyer(channel, name, email, "", at)


def take(shop: Shop, *some: Buyer) -> list[int | None]:
    with shop.database.writing() as connection:
        return of_buyers(connection, shop, some)


def count(shop: Shop) -> tuple[int, int]:
    with shop.database.reading() as connection:
        of = [select(func.count()).select_from(one) for one in (contacts, identities)]
        people, known = (int(connection.scalar(one) or 0) for one in of)
    return people, known


def test_one_person_is_the_same_however_they_are_written(shop: Shop) -> None:
    one, other = take(shop, buyer("小明", "Ming@Example.com"), buyer("", "\ufeffming@example.COM "))
    assert one == other
    assert take(shop, buyer("小明"), buyer("小\u200b明")) == [one, one]
    assert take(shop, buyer("小明", channel="wd")) != [one]  # another channel's is another one
    assert key(shop, "phone", "+86 138-0013-8000") == key(shop, "phone", "１３８００１３８０００")
    assert normal("phone", "٠١٣٨ 0013") == "01380013"
    assert key(shop, "email", "a@b.de", "xy") == key(shop, "email", "a@b.de")
    assert len({key(shop, "handle", "oA1"), key(shop, "handle", "oa1")}) == 2  # WeChat's openid


def test_the_e_mail_counts_and_nothing_merges_silently(shop: Shop) -> None:
    by_mail, by_name = take(shop, buyer(email="a@b.de"), buyer("anna"))
    assert by_mail != by_name
    assert take(shop, buyer("anna", "a@b.de")) == [by_mail]
    assert take(shop, buyer("anna")) == [by_name]
    assert take(shop, buyer("anna", "new@b.de"), buyer(email="new@b.de")) == [by_name, by_name]
    assert count(shop) == (2, 3)


@pytest.mark.parametrize(
    "name", ["", " ", "张**", "t***8", "匿名用户", "Guest", "*@*.*", "\u200b", "138****8000"]
)
def test_who_tells_nobody_is_nobody(shop: Shop, name: str) -> None:
    assert take(shop, buyer(name)) == [None]
    assert count(shop) == (0, 0)
    assert normal("phone", name) == ""


def test_the_earliest_word_says_when_and_by_whom_they_came(shop: Shop) -> None:
    late, early = buyer("anna", "a@b.de", at=AT), buyer(email="a@b.de", channel="wd", at=AT - 9)
    take(shop, replace(late, language="zh"))
    take(shop, early, replace(late, at=AT + 9))
    with shop.database.reading() as connection:
        row = connection.execute(select(contacts)).one()
    assert (row.acquired_at, row.heard_at, row.channel) == (AT - 9, AT + 9, "wd")
    assert (row.language, row.stage) == ("zh", "stranger")


def test_who_was_erased_is_not_taken_in_again(shop: Shop) -> None:
    gone = key(shop, "email", "A@b.de")
    with shop.database.writing() as connection:
        connection.execute(erasures.insert().values(key=gone, at=AT))
    people = [buyer("anna", "a@B.de"), buyer("berta")]
    with shop.database.writing() as connection:
        assert erased(connection, [gone, key(shop, "email", "x@y.de")]).keys() == {gone}
        none, some = of_buyers(connection, shop, people)
    assert none is None
    assert some is not None
    assert count(shop) == (1, 1)


@contextmanager
def fresh() -> Iterator[Shop]:
    with TemporaryDirectory() as folder:
        shop = opened(Path(folder))
        yield shop
        shop.database.close()


PEOPLE = st.lists(
    st.builds(
        buyer,
        st.sampled_from(["", "a", "b", "c", "匿名"]),
        st.sampled_from(["", "a@x.de", "A@x.de", "b@x.de", "c"]),
        st.sampled_from(["xy", "wd"]),
        st.integers(1, 99),
    ),
    max_size=12,
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(PEOPLE, st.data())
def test_in_whatever_pieces_they_come_they_are_the_same(
    some: list[Buyer], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(some)))
    with fresh() as one, fresh() as other:
        whole = take(one, *some)
        pieces = [*take(other, *some[:cut]), *take(other, *some[cut:])]
        assert _names(whole) == _names(pieces)
        assert count(one) == count(other)
        assert [_said(one, own) for own in whole] == [_said(other, own) for own in pieces]
        assert take(one, *some) == whole or _merged(some)  # said again it changes nothing


def _names(ids: list[int | None]) -> list[int | None]:
    """Numbered as they first appear."""
    seen: dict[int, int] = {}
    return [None if own is None else seen.setdefault(own, len(seen)) for own in ids]


def _said(shop: Shop, own: int | None) -> object:
    with shop.database.reading() as connection:
        row = connection.execute(select(contacts).where(contacts.c.id == own)).one_or_none()
    return row and (row.acquired_at, row.heard_at, row.channel)


def _merged(some: list[Buyer]) -> bool:
    """Whether an address came later than the name that it belongs to: then it counts from then on."""
    return any(one.buyer and one.email for one in some)


def test_imports_at_the_same_time_make_one_contact_of_one_person(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    people = [buyer(f"n{n}", f"n{n}@x.de") for n in range(40)]
    with postgres() as server:
        shop = opened(tmp_path, server.database())
        with ThreadPoolExecutor(4) as pool:
            ways = [people, people[::-1], people[20:] + people[:20], people]
            found = [*pool.map(lambda some: take(shop, *some), ways)]
        by_name = [dict(zip(way, ids, strict=True)) for way, ids in zip(ways, found, strict=True)]
        assert all(one == by_name[0] for one in by_name)
        assert count(shop) == (40, 80)
        shop.database.close()

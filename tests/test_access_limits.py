"""Downloads are counted by the whole: in any order, from any number of threads, a limit of one is one."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from curate.database import tables
from curate.shop import Shop
from curate.shop.access import downloads
from curate.shop.access.downloads import begin, left, unsent
from curate.shop.access.grants import Grant
from tests.storefront import Clock, paid, storefront

SIZE = 1000
FILE = ("1.0.0", "notes-1.0.0.zip")


class Bought(NamedTuple):
    shop: Shop
    grant: Grant
    clock: Clock


@pytest.fixture(scope="module")
def bought(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bought]:
    clock = Clock()
    shop = storefront(tmp_path_factory.mktemp("shop"), clock=clock)
    yield Bought(shop, paid(shop)[0], clock)


def anew(bought: Bought) -> Bought:
    with bought.shop.database.writing() as connection:
        connection.execute(delete(tables.attempts))
    return bought


asked = st.one_of(
    st.just("head"),
    st.just("whole"),
    st.just("later"),
    st.tuples(st.integers(0, SIZE - 1), st.integers(1, SIZE)).map(
        lambda pair: (pair[0], min(sum(pair), SIZE))
    ),
)


@given(st.lists(asked, max_size=14))
@settings(max_examples=120)
def test_a_limit_of_one_is_one_whole_download_in_any_order(
    bought: Bought, steps: list[object]
) -> None:
    shop, grant, clock = anew(bought)
    wholes = ranged = 0
    for step in steps:
        if step == "later":
            clock.at += 3601
        elif step == "whole":
            filled = ranged == SIZE and not wholes  # the ranges were the whole download
            allowed = begin(shop, grant, *FILE, SIZE)
            assert bool(allowed) == (not wholes and not filled)
            wholes += bool(allowed)
        elif isinstance(step, tuple) and begin(shop, grant, *FILE, SIZE, step):
            ranged += step[1] - step[0]
    assert wholes <= 1 and ranged <= SIZE
    # Whoever has not had it yet can have it still.
    assert bool(begin(shop, grant, *FILE, SIZE)) == (not wholes and ranged < SIZE)


def test_ranges_go_on_for_a_while_and_no_further_than_the_file(bought: Bought) -> None:
    shop, grant, clock = anew(bought)
    assert begin(shop, grant, *FILE, SIZE)
    clock.at += 3599
    assert begin(shop, grant, *FILE, SIZE, (400, 1000))
    clock.at += 3599
    assert begin(shop, grant, *FILE, SIZE, (900, 1000))
    assert begin(shop, grant, *FILE, SIZE, (0, 301)) is None
    clock.at += 3601
    assert begin(shop, grant, *FILE, SIZE, (0, 1)) is None


def test_broken_connections_cost_only_what_they_brought(bought: Bought) -> None:
    shop, grant, _ = anew(bought)
    assert begin(shop, grant, *FILE, SIZE)
    for start in range(100, 900, 100):  # eight times broken off after a tenth
        attempt = begin(shop, grant, *FILE, SIZE, (start, SIZE))
        assert attempt, start
        unsent(shop, attempt, SIZE - start - 100)
    assert begin(shop, grant, *FILE, SIZE, (900, SIZE))
    assert begin(shop, grant, *FILE, SIZE) is None


def test_a_link_whose_time_is_over_only_goes_on(bought: Bought) -> None:
    shop, grant, _ = anew(bought)
    assert begin(shop, grant, *FILE, SIZE, (0, 10), going_on=True) is None
    assert begin(shop, grant, *FILE, SIZE)
    assert begin(shop, grant, *FILE, SIZE, (10, SIZE), going_on=True)


def test_what_is_left(bought: Bought) -> None:
    shop, _, _ = anew(bought)
    (grant,) = paid(shop, "limit-3", "FROZEN")
    counts = [left(shop, grant, *FILE, SIZE)]
    for span in (None, (0, 5), None, None, None):
        begin(shop, grant, *FILE, SIZE, span)
        counts.append(left(shop, grant, *FILE, SIZE))
    assert counts == [3, 2, 2, 1, 0, 0]
    assert left(shop, grant, "1.0.0", "other.zip", SIZE) == 3


def test_of_many_at_once_one_is_let_through(tmp_path: Path) -> None:
    shop = storefront(tmp_path)
    (grant,) = paid(shop)
    ready = Barrier(32)

    def ask(_: int) -> bool:
        ready.wait()
        return begin(shop, grant, *FILE, SIZE) is not None

    with ThreadPoolExecutor(32) as pool:
        assert sum(pool.map(ask, range(32))) == 1
    with shop.database.reading() as connection:
        assert downloads.count(connection, grant.id) == 1

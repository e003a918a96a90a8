"""Codes that are sold one by one: added once, sold once, told when few are left."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from curate.database.tables import alerts, codes
from curate.errors import CurateError
from curate.messages import render
from curate.shop import cards, stock
from curate.shop.delivery import serve
from curate.shop.stock import Row
from tests.selling import SKU, Counter, count, shop


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return shop(tmp_path)


def told(found: tuple[stock.Skipped, ...]) -> list[tuple[int, str]]:
    return [(one.number, render(one.why, "en")) for one in found]


def test_repeated_codes_are_told_and_skipped_in_a_batch_and_between_batches(
    counter: Counter,
) -> None:
    first = counter.fill("a-1", "a-2", "a-1", batch="may")
    assert (first.new, told(first.repeated)) == (2, [(3, "it stands in line 1 already")])
    second = counter.fill("b-1", "a-2", batch="june")
    assert (second.new, told(second.repeated)) == (
        1, [(2, "it is in the stock of KEYS already (free)")]
    )  # fmt: skip
    assert [one.free for one in stock.counts(counter.shop)] == [3]


def test_what_never_was_filled_is_short_too(counter: Counter) -> None:
    (one,) = stock.counts(counter.shop)
    assert (one.free, one.low_since, one.short) == (0, None, True)
    counter.fill("a-1", "a-2", "a-3")
    assert [one.short for one in stock.counts(counter.shop)] == [False]


def test_a_withdrawn_code_never_comes_back(counter: Counter) -> None:
    counter.fill("a-1", "a-2")
    assert stock.withdraw(counter.shop, SKU, named=["a-1"]) == 1
    assert told(counter.fill("a-1").repeated) == [
        (1, "it is in the stock of KEYS already (withdrawn)")
    ]


@pytest.mark.parametrize(
    "code", ["a║b", "a\tb", "a\rb", "a\x00b", "a\x85b", "a\u2028b", "\x1b[2J", "x" * 2001],
    ids=["bar", "tab", "return", "nul", "next line", "line separator", "escape", "long"],
)  # fmt: skip
def test_what_a_card_machine_would_break_is_refused_by_its_row(counter: Counter, code: str) -> None:
    done = stock.add(counter.shop, SKU, [Row(1, "fine"), Row(7, code)])
    assert done.new == 1
    assert [number for number, _ in told(done.refused)] == [7]
    assert not any(code in why for _, why in told(done.refused))


def test_a_text_file_holds_a_code_in_each_line() -> None:
    data = "\ufeffk-1\r\n\r\n  k-2 链接：https://x.example/a,b  \n".encode()
    assert stock.rows(data) == [(1, "k-1"), (3, "k-2 链接：https://x.example/a,b")]


def test_a_table_holds_them_in_its_column_secret_or_else_its_first() -> None:
    headed = b'id,Secret\n1,k-1\n2,"k,2"\n3,"k-3\nmore"\n4,k-4\n'
    assert stock.rows(headed, table=True) == [(2, "k-1"), (3, "k,2"), (4, "k-3\nmore"), (6, "k-4")]
    assert stock.rows(b"k-1,x\nk-2\n", table=True) == [(1, "k-1"), (2, "k-2")]


@pytest.mark.parametrize("data", [b"\xff\xfe", b'a,"b'], ids=["not UTF-8", "open quote"])
def test_unreadable_files_are_told(data: bytes) -> None:
    with pytest.raises(CurateError):
        stock.rows(data, table=True)


def test_only_what_is_sold_by_codes_takes_codes(counter: Counter) -> None:
    with pytest.raises(CurateError, match="not sold by codes"):
        stock.add(counter.shop, "OTHER", [Row(1, "x")])


def test_few_left_is_told_once_for_each_crossing(counter: Counter) -> None:
    """low = 3: 2 are few."""
    counter.fill(*(f"a-{n}" for n in range(5)))

    def sell(*names: str) -> list[tuple[int, bool]]:
        for name in names:
            counter.order(name)
        serve(counter.shop)
        with counter.shop.database.reading() as connection:
            found = connection.execute(
                select(alerts.c.left, alerts.c.cleared_at).order_by(alerts.c.id)
            )
            return [(left, cleared is None) for left, cleared in found]

    assert sell("1", "2") == []
    assert sell("3") == [(2, True)]
    assert sell("4") == [(2, True)]
    counter.fill("b-1")
    assert sell() == [(2, True)]
    counter.fill("b-2")
    assert sell() == [(2, False)]
    assert sell("5") == [(2, False), (2, True)]


def test_an_alert_and_its_sale_are_one_transaction(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter.fill("a-1", "a-2", "a-3")
    counter.order("1")

    def broken(*_: object) -> None:
        raise KeyError

    monkeypatch.setattr("curate.shop.delivery.allocating.move", broken)  # after the alert
    with pytest.raises(KeyError):
        serve(counter.shop)
    assert count(counter.shop, alerts) == 0
    assert count(counter.shop, codes, codes.c.state == "free") == 3


def test_withdrawing_a_batch_leaves_what_was_sold(counter: Counter) -> None:
    counter.fill("a-1", "a-2", batch="may")
    counter.fill("b-1", batch="june")
    first = counter.order("1")
    serve(counter.shop)
    assert stock.withdraw(counter.shop, SKU, batch="may") == 1
    assert counter.secrets(first) == ["a-1"]
    (left,) = stock.counts(counter.shop)
    assert (left.free, left.sold, left.withdrawn) == (1, 1, 1)


def test_uploaded_codes_are_sold_by_the_machine_alone(counter: Counter, tmp_path: Path) -> None:
    counter.fill("a-1", "a-2", "a-3")
    done = cards.upload(counter.shop, "machine", SKU, 2, tmp_path / "out")
    assert done.count == 2
    assert done.path.stat().st_mode & 0o077 == 0
    first, second = counter.order("1"), counter.order("2")
    serve(counter.shop)
    assert (counter.secrets(first), counter.state(second)) == (["a-3"], "waiting")

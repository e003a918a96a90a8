"""Orders come in once: whatever comes twice, late, broken off, or in another order."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import case, func, select, text

from curate.database.tables import (
    acknowledgements,
    deliveries,
    entries,
    lines,
    metadata,
    orders,
    postings,
    refunds,
    steps,
)
from curate.shop import Shop, ledger
from curate.shop.orders import Line, intake
from curate.shop.orders.mapping import sku_of, to_add
from curate.shop.settings import Channel, Settings, Sold
from curate.workspace import Workspace
from tests.postgres import postgres

NOW = 1_790_000_000
SETTINGS = Settings(
    products={"PDF": Sold(stock="unique"), "KIT": Sold(stock="unique")},
    channels={
        "xianyu": Channel(products={"900": "PDF", "901:full": "KIT", "902:*": "KIT"}),
        "own": Channel(),
    },
)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(Workspace(tmp_path), SETTINGS, lambda: NOW)


def line(number: str = "1", **more: Any) -> Line:
    told: dict[str, Any] = {
        "channel": "xianyu", "number": number, "item": "900", "quantity": 2, "unit_price": 500, "paid": 1000,
        "fee": 16, "paid_at": NOW - 60,
    }  # fmt: skip
    return Line(**told | more)


def rows(shop: Shop, table: Any) -> list[Any]:
    with shop.database.reading() as connection:
        return list(connection.execute(select(table).order_by(*table.primary_key.columns)))


def test_a_paid_line_is_queued_and_earned_once(shop: Shop) -> None:
    taken = intake.take(shop, [line(buyer="li", email="li@example.org")])
    assert (taken.new, taken.queued, taken.faults, taken.unmapped) == (1, 1, 0, ())
    again = intake.take(shop, [line(), line()])
    assert (again.new, again.changed, again.same, again.queued) == (0, 0, 2, 0)
    (delivery,) = rows(shop, deliveries)
    assert (delivery.sku, delivery.quantity, delivery.state, delivery.queued_at) == (
        "PDF",
        2,
        "waiting",
        NOW,
    )
    assert [(one.state, one.proof) for one in rows(shop, steps)] == [("waiting", "")]
    assert {one.account: one.amount for one in ledger.balances(shop)} == {
        "assets:channel:xianyu": 984, "expenses:fees:xianyu": 16, "income:sales:PDF": -1000,
    }  # fmt: skip
    assert rows(shop, orders)[0].email == "li@example.org"


def test_twice_in_one_batch_is_once(shop: Shop) -> None:
    taken = intake.take(shop, [line(state="unpaid", paid_at=None), line(), line(title="Winter")])
    assert (taken.lines, taken.new, taken.queued, taken.faults) == (3, 1, 1, 0)
    assert [(one.state, one.title) for one in rows(shop, lines)] == [("paid", "Winter")]


def test_an_unmapped_product_waits_and_says_what_to_add(shop: Shop) -> None:
    some = [
        line("1", item="901", variant="light", title='"Light"'),
        line("2", item="901", variant="light"),
    ]
    taken = intake.take(shop, some)
    assert (taken.new, taken.queued) == (2, 0)
    assert rows(shop, deliveries) == [] and rows(shop, entries) == []
    assert to_add(shop.settings, taken.unmapped) == [
        "[channels.xianyu.products]", '"901:light" = "SKU"  # "Light"',
    ]  # fmt: skip
    assert taken.unmapped[0].lines == 2
    assert intake.remap(shop).changed == 0
    learned = Channel(products={**SETTINGS.channels["xianyu"].products, "901:light": "PDF"})
    wiser = Shop(
        shop.workspace, msgspec.structs.replace(SETTINGS, channels={"xianyu": learned}), lambda: NOW
    )
    found = intake.remap(wiser)
    assert (found.changed, found.queued, found.unmapped) == (2, 2, ())
    assert intake.remap(wiser).changed == 0
    assert [one.sku for one in rows(shop, deliveries)] == ["PDF", "PDF"]


@pytest.mark.parametrize(
    ("item", "variant", "sku"),
    [
        ("900", "", "PDF"), ("900", "full", ""), ("901", "full", "KIT"), ("901", "", ""), ("902", "any", "KIT"),
        ("902", "", "KIT"), ("PDF", "", "PDF"), ("PDF", "full", ""), ("903", "", ""),
    ],
)  # fmt: skip
def test_products_are_never_guessed(item: str, variant: str, sku: str) -> None:
    assert sku_of(SETTINGS, "xianyu", item, variant) == sku


@pytest.mark.parametrize(
    "other",
    [{"paid": 900}, {"item": "901"}, {"variant": "x"}, {"quantity": 1}, {"fee": 1}, {"currency": "USD"},
     {"unit_price": 501}, {"state": "cancelled", "paid": 0, "fee": 0, "paid_at": None}],
    ids=str,
)  # fmt: skip
def test_contradictions_are_told_and_change_nothing(shop: Shop, other: dict[str, Any]) -> None:
    intake.take(shop, [line()])
    before = everything(shop)
    taken = intake.take(shop, [line(**other), line("2")])
    assert (taken.faults, taken.new) == (1, 1)
    assert "order 1, line 1" in taken.problems[0].what
    after = everything(shop)
    assert [row for row in after["lines"] if row in before["lines"]] == before["lines"]


@pytest.mark.parametrize(
    "wrong",
    [{"quantity": 0}, {"quantity": 10**7}, {"paid": -1}, {"refunded": 1001}, {"refunded_quantity": 3},
     {"item": ""}, {"number": ""}, {"currency": "?"}, {"paid": 10**16}],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_is_refused_and_the_rest_goes_on(shop: Shop, wrong: dict[str, Any]) -> None:
    taken = intake.take(shop, [line(**wrong), line("2")])
    assert (taken.faults, taken.new) == (1, 1)


def test_a_line_grows(shop: Shop) -> None:
    intake.take(shop, [line(state="unpaid", paid_at=None)])
    assert rows(shop, deliveries) == [] and rows(shop, lines)[0].paid == 0
    assert intake.take(shop, [line()]).queued == 1
    assert intake.take(shop, [line(state="unpaid", paid_at=None)]).same == 1
    intake.take(shop, [line(refunded=300)])
    intake.take(shop, [line(refunded=500, refunded_quantity=1)])
    assert [(one.quantity, one.amount) for one in rows(shop, refunds)] == [(0, 300), (1, 200)]
    assert rows(shop, deliveries)[0].quantity == 1
    assert (
        intake.take(shop, [line(refunded=300), line(refunded=500, refunded_quantity=1)]).same == 2
    )
    intake.take(shop, [line(state="cancelled")])
    (kept,) = rows(shop, lines)
    assert (kept.state, kept.refunded, kept.refunded_quantity) == ("cancelled", 1000, 2)
    assert rows(shop, deliveries)[0].state == "revoked"
    assert all(one.amount == 0 for one in ledger.balances(shop))


def test_who_never_paid_and_then_pays_is_served(shop: Shop) -> None:
    intake.take(shop, [line(state="cancelled", paid=0, fee=0, paid_at=None)])
    assert rows(shop, lines)[0].state == "cancelled"
    assert intake.take(shop, [line()]).queued == 1


@pytest.mark.parametrize(("told", "booked"), [(None, NOW), (NOW - 50, NOW - 50), (NOW - 5_000, NOW - 900), (NOW + 50, NOW)])  # fmt: skip
def test_money_given_back_is_booked_when_the_channel_says(
    shop: Shop, told: int | None, booked: int
) -> None:
    """Never before it was paid, nor in a time to come."""
    paid_at = NOW - 900
    intake.take(shop, [line(paid_at=paid_at)])
    intake.take(shop, [line(paid_at=paid_at, refunded=1, refunded_at=told)])
    assert [row.at for row in rows(shop, refunds)] == [booked]
    assert [row.at for row in rows(shop, entries) if row.source.startswith("refund:")] == [booked]


def test_what_was_given_back_before_its_product_was_known_is_not_served(shop: Shop) -> None:
    some = [
        line("1", item="?", refunded=1000),
        line("2", item="?", refunded=500, refunded_quantity=1),
    ]
    intake.take(shop, some)
    learned = {"xianyu": Channel(products={"?": "PDF"})}
    wiser = Shop(shop.workspace, msgspec.structs.replace(SETTINGS, channels=learned), lambda: NOW)
    assert (intake.remap(wiser).changed, intake.remap(wiser).changed) == (2, 0)
    assert [(one.quantity, one.state) for one in rows(shop, deliveries)] == [(1, "waiting")]
    assert ledger.balances(shop)[-1].amount == -500


def test_agreements_are_kept_for_each_order(shop: Shop) -> None:
    some = [line("1", line_no=no, acknowledged="2026-1", acknowledged_at=NOW - 5) for no in "12"]
    intake.take(shop, some)
    intake.take(shop, some)
    assert [(one.text_version, one.source, one.at) for one in rows(shop, acknowledgements)] == [
        ("2026-1", "xianyu", NOW - 5)
    ]


# One truth: what really became of three lines, step by step. Tellings of it come in any order, again and again.
_QUANTITY, _PAID = st.integers(1, 3), st.integers(0, 5000)


@st.composite
def histories(draw: st.DrawFn) -> list[Line]:
    told: list[Line] = []
    for number, line_no in (("1", "1"), ("1", "2"), ("2", "1")):
        quantity, paid = draw(_QUANTITY), draw(_PAID)
        base = line(number, line_no=line_no, quantity=quantity, paid=paid, fee=draw(st.integers(0, 9)),
                    item=draw(st.sampled_from(["900", "?"])))  # fmt: skip
        unpaid = msgspec.structs.replace(base, state="unpaid", paid=0, fee=0, paid_at=None)
        told.append(unpaid)
        if draw(st.booleans()):
            told.append(msgspec.structs.replace(unpaid, state="cancelled"))
            if not draw(st.booleans()):
                continue
            told.pop()  # paid before it could be dropped
        given, pieces, last = 0, 0, base
        told.append(base)
        for _ in range(draw(st.integers(0, 3))):
            given, pieces = draw(st.integers(given, paid)), draw(st.integers(pieces, quantity))
            if given == paid and paid:
                pieces = quantity
            last = msgspec.structs.replace(base, refunded=given, refunded_quantity=pieces)
            told.append(last)
        if draw(st.booleans()):
            told.append(msgspec.structs.replace(last, state="cancelled"))
    # Some are told without the fee, as long as the channel does not know it.
    free = [msgspec.structs.replace(one, fee=0) for one in told if draw(st.booleans())]
    return [*told, *free]


def everything(shop: Shop) -> dict[str, list[tuple[Any, ...]]]:
    """The whole database as far as it may matter: not the numbers of rows, and of refunds what they add up to."""
    with shop.database.reading() as connection:
        key = (orders.c.channel, orders.c.number, lines.c.line_no)
        order_columns = [one for one in orders.c if one.name != "id"]
        line_columns = [one for one in lines.c if one.name not in ("id", "order_id")]
        one = lines.join(orders)
        queries = {
            "orders": select(*order_columns),
            "lines": select(*key[:2], *line_columns).select_from(one),
            "deliveries": select(
                *key, deliveries.c.sku, deliveries.c.state,
                # Of a revoked one it says how many there were last.
                case((deliveries.c.state == "revoked", 0), else_=deliveries.c.quantity),
            )
            .select_from(deliveries.join(lines).join(orders)),
            "steps": select(*key, steps.c.state).select_from(steps.join(deliveries).join(lines).join(orders)),
            "refunds": select(*key, func.sum(refunds.c.amount), func.sum(refunds.c.quantity))
            .select_from(refunds.join(lines).join(orders)).group_by(*key),
            "books": select(postings.c.account, func.sum(postings.c.amount)).group_by(postings.c.account)
            .having(func.sum(postings.c.amount) != 0),
        }  # fmt: skip
        return {
            name: sorted(tuple(row) for row in connection.execute(query))
            for name, query in queries.items()
        }


def empty(shop: Shop) -> None:
    """What triggers keep anybody else from."""
    with shop.database.writing() as connection:
        kept = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
        for name in kept.scalars().all():
            connection.execute(text(f"DROP TRIGGER {name}"))
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())


@given(histories(), st.randoms(use_true_random=False), st.integers(1, 4))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_order_of_tellings_makes_a_difference(
    shop: Shop, told: list[Line], chance: random.Random, cut: int
) -> None:
    states = []
    for mixed in (False, True, True):
        some = [*told, *chance.choices(told, k=len(told))] if mixed else told
        if mixed:
            chance.shuffle(some)
        empty(shop)
        for start in range(0, len(some), cut):
            assert intake.take(shop, some[start : start + cut]).problems == ()
        states.append(everything(shop))
    assert states[0] == states[1] == states[2]


IMPORT = """
import sys
from pathlib import Path
from curate.shop import Shop
from curate.shop.orders.importing import take_file
from curate.workspace import Workspace
shop = Shop.open(Workspace(Path(sys.argv[1])), lambda: 1_790_000_000)
taken = take_file(shop, Path(sys.argv[2]), "own", tell=lambda rows: print(rows, flush=True))
assert not taken.faults, taken.problems[:3]
print("done", taken.new, flush=True)
"""


def started(root: Path, file: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", IMPORT, str(root), str(file)],
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "shop.toml").write_text(
        '[products.PDF]\nstock = "unique"\n[channels.own]\n', encoding="utf-8"
    )
    yield tmp_path


def table(path: Path, count: int) -> Path:
    with path.open("w", encoding="utf-8") as file:
        file.write("order_no,line_no,sku,quantity,paid,fee,paid_at,email\n")
        for n in range(count):
            file.write(
                f"N{n // 2},{n % 2 + 1},PDF,1,9.90,0.06,2026-09-01 10:00:00 +0800,b{n}@example.org\n"
            )
    return path


def test_an_import_that_is_killed_goes_on_where_it_was(workspace: Path, tmp_path: Path) -> None:
    file = table(tmp_path / "orders.csv", 6_000)
    for _ in range(2):
        running = started(workspace, file)
        assert running.stdout is not None
        for _ in range(3):  # by the third thousand the first one is taken
            running.stdout.readline()
        time.sleep(random.random() * 0.3)
        running.send_signal(signal.SIGKILL)
        running.wait()
    finished = started(workspace, file)
    told = finished.communicate()[0]
    assert finished.returncode == 0 and int(told.split()[-1]) < 6_000
    shop = Shop.open(Workspace(workspace))
    assert [len(rows(shop, one)) for one in (orders, lines, deliveries, steps, entries)] == [
        3_000, 6_000, 6_000, 6_000, 6_000,
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_a_hundred_thousand_rows_need_little_memory(workspace: Path, tmp_path: Path) -> None:
    file = table(tmp_path / "orders.csv", 100_000)
    # Not getrusage: its peak begins with that of the process that this one was forked from.
    code = f"{IMPORT}print(*(one for one in open('/proc/self/status') if one.startswith('VmHWM')))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(workspace), str(file)],
        capture_output=True,
        encoding="utf-8",
    )
    *_, said, count, _, peak, _ = done.stdout.split()
    assert (said, count) == ("done", "100000"), done.stderr
    # KiB, of which the program without any row takes 50 MiB, and SQLite's cache at most 64.
    assert int(peak) < 160 << 10


def test_on_postgresql_many_at_once_take_each_line_once(tmp_path: Path) -> None:
    told = [line(str(number), line_no=no) for number in range(30) for no in "12"]
    told += [msgspec.structs.replace(one, refunded=500, refunded_quantity=1) for one in told[::3]]
    with postgres() as server:
        config = msgspec.structs.replace(SETTINGS, database=server.database())

        def run(seed: int) -> int:
            shop = Shop(Workspace(tmp_path), config, lambda: NOW)
            some = [*told]
            random.Random(seed).shuffle(some)
            taken = [intake.take(shop, some[at : at + 7]) for at in range(0, len(some), 7)]
            shop.database.close()
            assert sum(one.faults for one in taken) == 0, [one.problems for one in taken]
            return sum(one.new for one in taken)

        run(0)
        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(run, range(1, 9))) == 0
        many = everything(Shop(Workspace(tmp_path), config))
        config = msgspec.structs.replace(SETTINGS, database=server.database())
        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(run, range(8))) == 60
        assert everything(Shop(Workspace(tmp_path), config)) == many
    alone = Shop(Workspace(tmp_path), SETTINGS, lambda: NOW)
    intake.take(alone, told)
    assert everything(alone) == many

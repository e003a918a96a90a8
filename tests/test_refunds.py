"""Money given back: access, codes, messages and the ledger follow in one transaction, to the cent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from curate.bundle import history
from curate.database.tables import (
    codes,
    deliveries,
    grants,
    lines,
    orders,
    outbox,
    postings,
    refunds,
    steps,
)
from curate.errors import CurateError
from curate.messages import render
from curate.shop import Shop, ledger
from curate.shop.access import downloads
from curate.shop.access import grants as access
from curate.shop.aftersales import acknowledge, returns
from curate.shop.aftersales.refunds import refund
from curate.shop.aftersales.revocation import revoke
from curate.shop.delivery import outbox as box
from curate.shop.delivery import serve, waiting
from curate.shop.orders import Line
from curate.shop.orders.intake import remap, take
from curate.shop.orders.looking import listed
from curate.shop.settings import Channel, Serve, Sold
from curate.shop.setup import glance
from tests.postgres import postgres
from tests.selling import SKU, START, Counter
from tests.selling import shop as counter_of

DAY = 86_400
PRODUCTS = {SKU: Sold(stock="unique"), "G": Sold(collection="guides"), "BOTH": Sold(stock="unique", collection="guides")}  # fmt: skip


def counter_at(root: Path, database: str = "", **how: Any) -> Counter:
    record = {
        "format": 1, "name": "guides", "title": "Guides", "language": "en", "version": "1.0.0", "parent": "",
        "digest": "0", "agent": "curate", "counts": {}, "changes": {}, "history": [], "items": [],
        "archive": {"file": "guides.zip", "sha256": "0" * 64, "size": 5, "top": "guides"}, "omissions": [],
    }  # fmt: skip
    folder = root / "build" / "guides" / "1.0.0"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / history.RECORD).write_bytes(msgspec.json.encode(record))
    known = {"products": PRODUCTS, "serve": Serve(url="https://files.example.org")}
    return counter_of(root, database, **{**known, **how})


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return counter_at(tmp_path)


def sell(counter: Counter, number: str, sku: str = "G", **how: Any) -> None:
    values: dict[str, Any] = {
        "quantity": 3,
        "paid": 1000,
        "fee": 31,
        "paid_at": START,
        "buyer": "B",
    } | how
    taken = take(counter.shop, [Line("hand", number, item=sku, **values)])
    assert (taken.new, taken.problems) == (1, ())


def send(counter: Counter) -> None:
    """Everything is served, and noted as sent."""
    serve(counter.shop)
    for one in box.pending(counter.shop):
        box.confirm(counter.shop, one.id, "chat")


def rows(counter: Counter, *columns: Any, **where: Any) -> list[Any]:
    with counter.shop.database.reading() as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by(columns[0]))]


def live(counter: Counter) -> list[int]:
    """Units whose access is open."""
    return [unit for unit, ended in rows(counter, grants.c.unit, grants.c.revoked_at) if not ended]


def books(shop: Shop) -> dict[str, int]:
    return {one.account.split(":")[0]: one.amount for one in ledger.balances(shop)}


def test_a_part_and_then_the_rest_of_three(counter: Counter) -> None:
    sell(counter, "1")
    send(counter)
    assert live(counter) == [1, 2, 3]
    assert books(counter.shop) == {"assets": 969, "expenses": 31, "income": -1000}
    part = refund(counter.shop, "hand", "1", quantity=1, reference="r-1", reason="one too many")
    assert (part.quantity, part.amount, part.units_left, part.money_left) == (1, 333, 2, 667)
    assert live(counter) == [1, 2]
    assert books(counter.shop) == {"assets": 646, "expenses": 21, "income": -667}
    rest = refund(counter.shop, "hand", "1")
    assert (rest.quantity, rest.amount, rest.units_left, rest.money_left) == (2, 667, 0, 0)
    assert live(counter) == []
    assert books(counter.shop) == {"assets": 0, "expenses": 0, "income": 0}
    assert rows(counter, deliveries.c.state) == [("revoked",)]
    assert rows(counter, steps.c.id, steps.c.state)[-1][1] == "revoked"
    with pytest.raises(CurateError, match="cannot be given back"):
        refund(counter.shop, "hand", "1")


def test_money_alone_leaves_the_access(counter: Counter) -> None:
    sell(counter, "1")
    send(counter)
    done = refund(counter.shop, "hand", "1", amount=250)
    assert (done.quantity, done.units_left) == (0, 3)
    kept = refund(counter.shop, "hand", "1", quantity=0, amount=750)
    assert (kept.quantity, kept.money_left, live(counter)) == (0, 0, [1, 2, 3])
    assert books(counter.shop) == {"assets": 0, "expenses": 0, "income": 0}


def test_all_of_the_money_takes_all_of_the_access(counter: Counter) -> None:
    sell(counter, "1")
    send(counter)
    assert refund(counter.shop, "hand", "1", amount=1000).quantity == 3
    assert live(counter) == []


def test_codes_that_were_given_back_leave_the_page_and_are_never_sold_again(
    counter: Counter,
) -> None:
    counter.fill("k-1", "k-2", "k-3", sku="BOTH")
    sell(counter, "1", "BOTH", quantity=2)
    sell(counter, "2", "BOTH", quantity=2, buyer="C")
    send(counter)
    refund(counter.shop, "hand", "1", quantity=1)
    states = dict(rows(counter, codes.c.secret, codes.c.state))
    assert states == {"k-1": "sold", "k-2": "withdrawn", "k-3": "free"}
    told = box.text(counter.shop, box.messages(counter.shop)[0].id).body
    assert "k-1" in told
    assert "k-2" not in told
    refund(counter.shop, "hand", "1")
    counter.fill("k-4", sku="BOTH")
    serve(counter.shop)
    states = dict(rows(counter, codes.c.secret, codes.c.state))
    assert states == {"k-1": "withdrawn", "k-2": "withdrawn", "k-3": "sold", "k-4": "sold"}


def test_a_message_that_was_not_sent_is_written_anew_for_what_is_left(counter: Counter) -> None:
    sell(counter, "1")
    serve(counter.shop)
    (before,) = box.pending(counter.shop)
    assert "× 3" in box.text(counter.shop, before.id).body
    refund(counter.shop, "hand", "1", quantity=1)
    (after,) = box.pending(counter.shop)
    told = box.text(counter.shop, after.id).body
    assert "× 2" in told
    assert told.count("https://files.example.org/#") == 2


def test_a_refund_before_delivery_cancels_it(counter: Counter) -> None:
    sell(counter, "1")
    serve(counter.shop)
    refund(counter.shop, "hand", "1")
    assert rows(counter, outbox.c.state) == [("cancelled",)]
    assert box.pending(counter.shop) == []
    (message,) = box.messages(counter.shop)
    with pytest.raises(CurateError, match="cancelled"):
        box.confirm(counter.shop, message.id, "too late")
    serve(counter.shop)
    assert rows(counter, outbox.c.state) == [("cancelled",)]


def test_a_refund_of_a_waiting_order_frees_its_place(counter: Counter) -> None:
    counter.fill("k-1")
    sell(counter, "1", SKU, quantity=2)
    sell(counter, "2", SKU, quantity=1, buyer="C")
    serve(counter.shop)
    assert [one.number for one in waiting(counter.shop)] == ["1", "2"]
    refund(counter.shop, "hand", "1")
    assert waiting(counter.shop) == []
    assert rows(counter, deliveries.c.id, deliveries.c.state) == [(1, "revoked"), (2, "rendered")]


def test_a_waiting_order_asks_only_for_what_is_left(counter: Counter) -> None:
    counter.fill("k-1")
    sell(counter, "1", SKU, quantity=2)
    serve(counter.shop)
    refund(counter.shop, "hand", "1", quantity=1)
    assert counter.secrets(1) == ["k-1"]


def test_a_line_that_waits_for_its_product_can_be_refunded(counter: Counter) -> None:
    sell(counter, "1", "what is this")
    refund(counter.shop, "hand", "1", quantity=1)
    assert ledger.balances(counter.shop) == ()
    known = {"hand": Channel(products={"what is this": "G"})}
    later = Shop(
        counter.shop.workspace,
        msgspec.structs.replace(counter.shop.settings, channels=known),
        counter.clock,
    )
    assert remap(later).queued == 1
    serve(later)
    assert live(counter) == [1, 2]
    assert books(later) == {"assets": 646, "expenses": 21, "income": -667}


def test_a_line_without_a_product_that_was_given_back_whole_waits_for_nothing(
    counter: Counter,
) -> None:
    sell(counter, "1", "what is this", quantity=1)
    assert glance(counter.shop).waiting == {"sku": 1}
    refund(counter.shop, "hand", "1")
    assert glance(counter.shop).waiting == {}
    assert list(listed(counter.shop, waiting=True)) == []
    assert [one.why for one in listed(counter.shop)] == [""]


def test_never_more_than_was_paid_or_bought(counter: Counter) -> None:
    sell(counter, "1")
    for how, why in (
        ({"amount": 1001}, "more than the 10.00 CNY"),
        ({"quantity": 4}, "more than the 3"),
        ({"amount": -1}, "cannot be given back"),
        ({"quantity": 0, "amount": 0}, "cannot be given back"),
        ({"line_no": "7"}, "no line '7'"),
        ({"number": "9"}, "no order '9'"),
        ({"reference": "a\nb", "quantity": 1}, "cannot name a refund"),
    ):
        with pytest.raises(CurateError, match=why):
            refund(counter.shop, **{"channel": "hand", "number": "1", **how})  # type: ignore[arg-type]
    sell(counter, "2", state="unpaid", buyer="C")
    with pytest.raises(CurateError, match="not paid"):
        refund(counter.shop, "hand", "2", amount=1)
    assert rows(counter, refunds.c.id) == []


def test_a_reference_counts_once_and_means_one_thing(counter: Counter) -> None:
    sell(counter, "1")
    first = refund(counter.shop, "hand", "1", quantity=1, reference="r")
    again = refund(counter.shop, "hand", "1", quantity=1, reference="r")
    assert (again.refund_id, again.again, again.units_left) == (first.refund_id, True, 2)
    with pytest.raises(CurateError, match=r"'r' was 1 of its units and 3\.33 CNY"):
        refund(counter.shop, "hand", "1", quantity=2, reference="r")


def test_a_free_order_is_given_back_too(counter: Counter) -> None:
    sell(counter, "1", paid=0, fee=0, quantity=1)
    send(counter)
    refund(counter.shop, "hand", "1")
    assert (live(counter), ledger.balances(counter.shop)) == ([], ())


def test_what_the_channel_tells_is_not_refunded_twice(counter: Counter) -> None:
    sell(counter, "1")
    send(counter)
    refund(counter.shop, "hand", "1", quantity=1)
    told = Line(
        "hand", "1", item="G", quantity=3, paid=1000, fee=31, paid_at=START, refunded=333, refunded_quantity=1
    )  # fmt: skip
    take(counter.shop, [told])
    assert len(rows(counter, refunds.c.id)) == 1
    take(counter.shop, [msgspec.structs.replace(told, refunded=1000, refunded_quantity=3)])
    assert live(counter) == []
    assert books(counter.shop) == {"assets": 0, "expenses": 0, "income": 0}


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_sixteen_at_once_with_one_reference_are_one(tmp_path: Path, engine: str) -> None:
    if engine == "sqlite":
        _crowd(counter_at(tmp_path))
        return
    with postgres() as server:
        counter = counter_at(tmp_path, server.database())
        _crowd(counter)
        counter.shop.database.close()


def _crowd(counter: Counter) -> None:
    sell(counter, "1")
    sell(counter, "2", buyer="C")
    send(counter)

    def attempt(number: str, reference: str) -> str:
        try:
            done = refund(counter.shop, "hand", number, quantity=1, reference=reference)
        except CurateError as fault:
            return fault.message
        return "again" if done.again else "done"

    with ThreadPoolExecutor(16) as crowd:
        same = [*crowd.map(lambda _: attempt("1", "r"), range(16))]
        many = [*crowd.map(lambda n: attempt("2", f"r-{n}"), range(16))]
    assert (same.count("done"), same.count("again")) == (1, 15)
    assert many.count("done") == 3
    assert sum("more than the 0" in one or "all of it" in one for one in many) == 13
    assert books(counter.shop) == {"assets": 646, "expenses": 21, "income": -667}
    with counter.shop.database.reading() as connection:
        assert connection.scalar(select(func.sum(postings.c.amount))) == 0


KILLED = """
import os, signal, sys
from pathlib import Path
from curate.shop.aftersales import revocation
from curate.shop import ledger
from curate.shop.aftersales.refunds import refund
from tests.test_refunds import counter_at

where, number = sys.argv[2], sys.argv[3]
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
if where == "ledger":
    ledger.post_all = die
elif where == "access":
    revocation._take = die
elif where == "messages":
    revocation._settle = die
elif where == "after":
    from curate.shop import delivery
    delivery.serve = die
counter = counter_at(Path(sys.argv[1]))
if where == "commit":
    from sqlalchemy import event
    event.listen(counter.shop.database.engine, "commit", die)
refund(counter.shop, "hand", number, quantity=1, reference="r")
"""


@pytest.mark.skipif(os.name == "nt", reason="kills by a signal that Windows has not")
@pytest.mark.parametrize("where", ["ledger", "access", "messages", "commit", "after"])
def test_a_refund_that_is_killed_leaves_nothing_or_all(counter: Counter, where: str) -> None:
    sell(counter, "1")
    serve(counter.shop)
    counter.shop.database.close()
    root = counter.shop.workspace.root
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(root), where, "1"],
        cwd=Path(__file__).parents[1], capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr
    before = where != "after"
    state = (
        rows(counter, lines.c.refunded, lines.c.refunded_quantity),
        len(rows(counter, refunds.c.id)),
        live(counter),
        books(counter.shop)["income"],
    )
    nothing = ([(0, 0)], 0, [1, 2, 3], -1000)
    everything = ([(333, 1)], 1, [1, 2], -667)
    assert state == (nothing if before else everything)
    again = refund(counter.shop, "hand", "1", quantity=1, reference="r")
    assert (again.again, live(counter)) == (not before, [1, 2])
    serve(counter.shop)
    (message,) = box.pending(counter.shop)
    assert "× 2" in box.text(counter.shop, message.id).body


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    paid=st.integers(0, 10_000), fee=st.integers(0, 500), quantity=st.integers(1, 7), data=st.data()
)  # fmt: skip
def test_however_it_is_cut_up_it_adds_up(
    tmp_path_factory: pytest.TempPathFactory,
    paid: int,
    fee: int,
    quantity: int,
    data: st.DataObject,
) -> None:
    counter = counter_at(tmp_path_factory.mktemp("cut"))
    sell(counter, "1", paid=paid, fee=fee, quantity=quantity)
    send(counter)
    left = quantity
    while left:
        units = data.draw(st.integers(0, left))
        money = data.draw(st.none() | st.integers(0, 300)) if units < left else None
        try:
            done = refund(counter.shop, "hand", "1", quantity=units, amount=money)
        except CurateError:
            done = refund(counter.shop, "hand", "1", quantity=1)
        left = done.units_left
        assert live(counter) == list(range(1, left + 1))
        assert sum(books(counter.shop).values()) == 0
    assert done.money_left == 0
    if paid:
        assert set(books(counter.shop).values()) <= {0}
    counter.shop.database.close()


def test_revoking_lasts_and_takes_the_very_unit(counter: Counter) -> None:
    sell(counter, "1")
    with pytest.raises(CurateError, match="not delivered yet"):
        revoke(counter.shop, "hand", "1", why="abuse")
    send(counter)
    with pytest.raises(CurateError, match="no unit 4"):
        revoke(counter.shop, "hand", "1", units=[4], why="abuse")
    revoke(counter.shop, "hand", "1", units=[2], why="abuse")
    assert live(counter) == [1, 3]
    refund(counter.shop, "hand", "1", quantity=1)
    assert live(counter) == [1]
    revoke(counter.shop, "hand", "1", why="abuse")
    assert (live(counter), rows(counter, deliveries.c.state)) == ([], [("revoked",)])
    serve(counter.shop)
    assert live(counter) == []


def test_who_may_insist(counter: Counter) -> None:
    def told() -> tuple[bool, str]:
        found = returns.advice(counter.shop, "hand", "1")
        return found.must, render(found.told, "en")

    counter.fill("k-1", "k-2", "k-3", "k-4", "k-5", "k-6")
    sell(counter, "1", SKU)
    assert told() == (True, "The buyer has received nothing yet: they may insist on their money.")
    send(counter)
    assert told()[0]
    assert "within 7 days, until 2030-03-24, a return" in told()[1]
    counter.clock.now += 7 * DAY
    assert told()[0]
    counter.clock.now += 1
    assert not told()[0]
    assert "ended on 2030-03-24" in told()[1]
    # Agreed to only after the codes were sent: that is no agreement before it.
    counter.clock.now = START + 2 * DAY
    acknowledge.record(counter.shop, "hand", "1", source="chat")
    assert told()[0]
    sell(counter, "2", SKU, buyer="C")
    acknowledge.record(counter.shop, "hand", "2", source="checkout", at=START - 60)
    send(counter)
    found = returns.advice(counter.shop, "hand", "2")
    assert not found.must
    assert "(text 2026-1, checkout)" in render(found.told, "en")


def test_agreed_on_the_page_before_the_first_download(counter: Counter) -> None:
    def must(number: str) -> bool:
        return returns.advice(counter.shop, "hand", number).must

    def download(number: str) -> None:
        with counter.shop.database.reading() as connection:
            query = select(grants.c.serial).join(deliveries).join(lines).join(orders)
            serial = connection.scalars(query.where(orders.c.number == number)).first()
        grant = access.by_serial(counter.shop, str(serial))
        assert grant is not None
        assert downloads.begin(counter.shop, grant, "1.0.0", "guides-1.0.0.zip", 9) is not None

    for number in ("1", "2"):
        sell(counter, number, buyer=number)
    send(counter)
    assert (must("1"), must("2")) == (True, True)
    counter.clock.now += 60
    download("2")
    counter.clock.now += 60
    for number in ("1", "2"):
        acknowledge.record(counter.shop, "hand", number, source="page")
    assert (must("1"), must("2")) == (False, True)
    download("1")
    assert (must("1"), must("2")) == (False, True)

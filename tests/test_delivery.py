"""From waiting to confirmed: first in, first out, all of a line or nothing, and nothing twice."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import select, update

from curate.bundle import history
from curate.database.tables import deliveries, grants, lines, outbox, steps
from curate.errors import CurateError
from curate.messages import render
from curate.shop.access import grants as access
from curate.shop.delivery import outbox as box
from curate.shop.delivery import serve, waiting
from curate.shop.delivery.message import fill
from curate.shop.settings import Channel, Serve, Sold
from tests.selling import SKU, START, Counter, count, shop

WHOLE = ["allocated", "rendered", "sent", "confirmed"]


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return shop(tmp_path)


def release(counter: Counter, name: str, version: str = "1.0.0", title: str = "Guides") -> None:
    """A release as far as the shop looks into it."""
    record = {
        "format": 1, "name": name, "title": title, "language": "en", "version": version, "parent": "",
        "digest": "0", "agent": "curate", "counts": {}, "changes": {}, "history": [], "items": [],
        "archive": {"file": f"{name}.zip", "sha256": "0" * 64, "size": 5, "top": name}, "omissions": [],
    }  # fmt: skip
    folder = counter.shop.workspace.build / name / version
    folder.mkdir(parents=True)
    (folder / history.RECORD).write_bytes(msgspec.json.encode(record))


def test_a_line_goes_through_all_states_and_each_is_written_down(counter: Counter) -> None:
    counter.fill("k-1")
    one = counter.order("A-1")
    assert serve(counter.shop).rendered == 1
    assert (counter.state(one), counter.secrets(one)) == ("rendered", ["k-1"])
    assert box.confirm(counter.shop, counter.message(one), "chat of 10:02", "Ann")
    assert counter.steps(one) == WHOLE
    with counter.shop.database.reading() as connection:
        proofs = [*connection.scalars(select(steps.c.proof).order_by(steps.c.id))]
    assert proofs == ["", "", "Ann: chat of 10:02", "Ann: chat of 10:02"]


def test_serving_again_changes_nothing(counter: Counter) -> None:
    counter.fill("k-1", "k-2")
    one = counter.order("A-1")
    for _ in range(5):
        counter.order("A-1")
        serve(counter.shop)
    assert counter.secrets(one) == ["k-1"]
    assert counter.steps(one) == WHOLE[:2]
    assert count(counter.shop, outbox) == 1


def test_confirming_again_is_nothing(counter: Counter) -> None:
    counter.fill("k-1")
    one = counter.order("A-1")
    serve(counter.shop)
    told = [box.confirm(counter.shop, counter.message(one), f"word {n}", "Ann") for n in range(3)]
    assert told == [True, False, False]
    assert counter.steps(one) == WHOLE
    (row,) = box.messages(counter.shop)
    assert row.proof == "Ann: word 0"


def test_who_paid_without_stock_waits_visibly_and_is_served_first(counter: Counter) -> None:
    counter.fill("k-1")
    first, second, third = (counter.order(number) for number in ("1", "2", "3"))
    done = serve(counter.shop)
    assert (done.allocated, done.waiting) == (1, 2)
    assert counter.state(first) == "rendered"
    told = [(one.number, one.since, render(one.why, "en")) for one in waiting(counter.shop)]
    why = "there are not enough codes: fill up with curate stock add"
    assert told == [("2", START, why), ("3", START, why)]
    counter.clock.now += 60
    late = counter.order("4")
    counter.fill("k-2", "k-3")
    serve(counter.shop)
    assert [counter.secrets(one) for one in (second, third, late)] == [["k-2"], ["k-3"], []]


def test_a_large_order_is_not_passed_by_small_ones(counter: Counter) -> None:
    counter.fill("k-1", "k-2")
    large, small = counter.order("1", quantity=3), counter.order("2")
    serve(counter.shop)
    assert [counter.secrets(one) for one in (large, small)] == [[], []]
    counter.fill("k-3", "k-4")
    serve(counter.shop)
    assert [counter.secrets(one) for one in (large, small)] == [["k-1", "k-2", "k-3"], ["k-4"]]


def test_what_was_given_back_while_it_waited_is_not_served(counter: Counter) -> None:
    part, whole = counter.order("1", quantity=3), counter.order("2")
    serve(counter.shop)
    for one, back in ((part, 2), (whole, 1)):
        with counter.shop.database.writing() as connection:
            query = select(deliveries.c.line_id).where(deliveries.c.id == one)
            which = update(lines).where(lines.c.id == query.scalar_subquery())
            connection.execute(which.values(refunded_quantity=back))
    counter.fill("k-1", "k-2", "k-3")
    serve(counter.shop)
    assert (counter.secrets(part), counter.state(whole)) == (["k-1"], "revoked")


def test_secrets_lie_in_no_outbox_and_are_put_in_when_it_is_shown(counter: Counter) -> None:
    counter.fill("SECRET-1", "SECRET-2")
    one = counter.order("A-1", quantity=2)
    serve(counter.shop)
    with counter.shop.database.reading() as connection:
        row = connection.execute(select(outbox)).one()
        rest = [*connection.execute(select(steps)), *connection.execute(select(deliveries))]
    assert "SECRET" not in f"{row}{rest}"
    told = box.text(counter.shop, counter.message(one))
    assert told.subject == "Your order A-1: A thing"
    assert "Your codes, each in its line:\nSECRET-1\nSECRET-2\n" in told.body
    assert "SECRET" not in repr(box.pending(counter.shop))


def test_the_proof_does_not_hold_the_code(counter: Counter) -> None:
    counter.fill("SECRET-1")
    one = counter.order("A-1")
    serve(counter.shop)
    with pytest.raises(CurateError, match="code itself"):
        box.confirm(counter.shop, counter.message(one), "sent SECRET-1 by chat")
    assert counter.state(one) == "rendered"


@pytest.mark.parametrize(
    ("language", "channel", "said"),
    [("zh-CN", "en", "您的卡密"), ("", "zh", "您的卡密"), ("en_US", "zh", "Your code"), ("", None, "Your code")],
    ids=["the buyer's", "the channel's", "the buyer's before the channel's", "the shop's"],
)  # fmt: skip
def test_the_message_is_in_the_buyers_language(
    tmp_path: Path, language: str, channel: Any, said: str
) -> None:
    counter = shop(tmp_path, channels={"hand": Channel(language=channel)})
    counter.fill("k-1")
    one = counter.order("A-1", language=language)
    serve(counter.shop)
    assert said in box.text(counter.shop, counter.message(one)).body


def test_the_sellers_own_text_is_filled_and_completed(tmp_path: Path) -> None:
    own = {
        "whole": Sold(
            stock="unique", subject="{order}!", message="{title} ×{number}: {codes} {other}"
        ),
        "short": Sold(stock="unique", message="Thanks for {order}."),
    }
    counter = shop(tmp_path, products=own)
    counter.fill("w-1", sku="whole")
    counter.fill("s-1", sku="short")
    whole, short = (counter.order(sku, sku=sku) for sku in own)
    serve(counter.shop)
    told = box.text(counter.shop, counter.message(whole))
    assert (told.subject, told.body) == ("whole!", "A thing ×1: w-1 {other}")
    assert box.text(counter.shop, counter.message(short)).body == (
        "Thanks for short.\n\nYour code:\ns-1\n"
    )


def test_what_is_put_in_is_not_looked_at_again(counter: Counter) -> None:
    counter.fill("k-{page}-{codes}")
    one = counter.order("{codes}")
    serve(counter.shop)
    told = box.text(counter.shop, counter.message(one))
    assert "order ｛codes｝." in told.body
    assert "k-{page}-{codes}" in told.body
    assert fill("{codes} {x}", {"codes": "{page}", "page": "no"}) == "{page} {x}"


def test_a_bundle_is_given_by_page_and_shows_no_code_before(tmp_path: Path) -> None:
    counter = shop(
        tmp_path,
        products={"G": Sold(collection="guides")},
        serve=Serve(url="https://files.example.org/"),
    )
    one = counter.order("1", sku="G", quantity=2)
    serve(counter.shop)
    assert counter.why(one) == "release"
    release(counter, "guides")
    serve(counter.shop)
    told = box.text(counter.shop, counter.message(one)).body
    assert "You bought: Guides, version 1.0.0 × 2" in told
    with counter.shop.database.reading() as connection:
        found = connection.execute(select(grants.c.serial, grants.c.generation)).all()
    pages = [f"https://files.example.org/#{counter.shop.keys.code(*row)}" for row in found]
    assert len(pages) == 2
    assert "\n".join(pages) in told


def test_a_bundle_that_leads_nowhere_waits(tmp_path: Path) -> None:
    counter = shop(tmp_path, products={"G": Sold(collection="guides")})
    release(counter, "guides")
    one = counter.order("1", sku="G")
    serve(counter.shop)
    assert (counter.state(one), counter.why(one)) == ("waiting", "link")


def test_a_product_that_is_described_no_more_waits(counter: Counter) -> None:
    one = counter.order("1", sku="GONE")
    serve(counter.shop)
    assert (counter.state(one), counter.why(one)) == ("waiting", "product")


def test_on_a_channel_with_pages_a_person_hands_the_address_on(tmp_path: Path) -> None:
    sold = {
        SKU: Sold(stock="unique"),
        "BOTH": Sold(collection="guides", stock="unique"),
        "OWN": Sold(collection="guides", stock="unique", message="Enjoy!"),
    }
    counter = shop(tmp_path, products=sold, serve=Serve(url="https://files.example.org"))
    release(counter, "guides")
    for sku in sold:
        counter.fill(f"{sku}-1", sku=sku)
    codes, both, own = (counter.order(sku, channel="site", sku=sku) for sku in sold)
    assert serve(counter.shop).confirmed == 0
    assert {counter.state(one) for one in (codes, both, own)} == {"rendered"}
    assert {one.way for one in box.pending(counter.shop)} == {"page"} <= box.BY_HAND
    assert "KEYS-1" in box.text(counter.shop, counter.message(codes)).body
    with counter.shop.database.reading() as connection:
        (grant,) = access.of_delivery(connection, both)
    page = access.page(counter.shop, grant)
    assert box.text(counter.shop, counter.message(both)).body == f"{page}\n"
    told = box.text(counter.shop, counter.message(own)).body
    assert "https://files.example.org/#" in told and "OWN-1" not in told
    assert box.confirm(counter.shop, counter.message(both), "told in the chat")
    assert counter.steps(both) == WHOLE


def test_a_limit_serves_so_many(counter: Counter) -> None:
    counter.fill("k-1", "k-2", "k-3")
    for number in "123":
        counter.order(number)
    assert serve(counter.shop, limit=2).allocated == 2
    assert serve(counter.shop, limit=2).allocated == 1


def test_a_message_lies_in_the_outbox_once_for_its_key(counter: Counter) -> None:
    def put(body: str) -> int:
        with counter.shop.database.writing() as connection:
            return box.enqueue(
                connection, counter.shop, "ticket:1", "ticket", None, None, "paste", "", "s", body
            )

    assert put("first {page} {x}") == put("second")
    assert box.text(counter.shop, put("third")).body == "first  {x}"


def test_a_cancelled_message_is_not_confirmed(counter: Counter) -> None:
    counter.fill("k-1")
    one = counter.order("1")
    serve(counter.shop)
    with counter.shop.database.writing() as connection:
        connection.execute(update(outbox).values(state="cancelled", proof="refunded"))
    with pytest.raises(CurateError, match="cancelled"):
        box.confirm(counter.shop, counter.message(one), "x")


def test_one_notice_a_hundred_times_side_by_side_is_served_once(counter: Counter) -> None:
    counter.fill("k-1", "k-2")

    def notice() -> None:
        counter.order("A-1")
        serve(counter.shop)

    crowd = [threading.Thread(target=notice) for _ in range(100)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    delivery = counter.order("A-1")
    assert (counter.secrets(delivery), counter.steps(delivery)) == (["k-1"], WHOLE[:2])
    assert (count(counter.shop, deliveries), count(counter.shop, outbox)) == (1, 1)


def test_importing_the_shop_needs_no_web_framework() -> None:
    code = "import curate.shop.delivery, sys; print(sorted({'fastapi', 'PIL', 'lxml'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert done.stdout == "[]\n"

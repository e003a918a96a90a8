"""Card machines: what is uploaded is theirs to sell, and a card that comes back on an order is tied to it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from curate.database.tables import codes, deliveries, grants, lines
from curate.errors import CurateError
from curate.shop import cards
from curate.shop.access import grants as access
from curate.shop.delivery import serve
from curate.shop.settings import Channel, Serve, Sold
from tests.selling import SKU, Counter, count, shop
from tests.test_delivery import release

MACHINES = ("xianguanjia", "dujiaoka", "dujiao-next", "acg-faka")
DAY = 86_400


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    made = shop(
        tmp_path,
        products={SKU: Sold(stock="unique", low=0), "G": Sold(collection="guides", days=30)},
        channels={
            "machine": Channel(format="xianguanjia", delivery="cards"),
            "other": Channel(format="dujiaoka", delivery="cards"),
            "hand": Channel(),
        },
        serve=Serve(url="https://files.example.org"),
    )
    release(made, "guides")
    return made


def upload(counter: Counter, sku: str = SKU, n: int = 2, **how: Any) -> cards.Uploaded:
    return cards.upload(counter.shop, "machine", sku, n, counter.shop.workspace.root / "out", **how)


def read(done: cards.Uploaded) -> list[str]:
    """As the machine reads it."""
    raw = done.path.read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in raw
    told = raw.decode()
    if done.format == "xianguanjia":
        return [one["card_pwd"] for one in json.loads(told)["cards"]]
    if done.format == "dujiao-next":
        return [row["secret"] for row in csv.DictReader(told.splitlines())]
    return [line.strip() for line in told.split("\n") if line.strip()]


@pytest.mark.parametrize("shape", MACHINES)
def test_each_machine_reads_back_what_was_uploaded(counter: Counter, shape: str) -> None:
    secrets = ["k-1", '链接：https://x.example/a,b "c" 提取码：1', "=1+1", "'; --"]
    counter.fill(*secrets)
    assert read(upload(counter, n=4, format=shape)) == secrets
    assert (
        count(counter.shop, codes, codes.c.state == "uploaded", codes.c.channel == "machine") == 4
    )


def test_the_body_for_xianguanjia_has_its_fields(counter: Counter) -> None:
    counter.fill("k-1")
    body = json.loads(upload(counter).path.read_bytes())
    assert body.keys() == {"kind_id", "cost", "is_cover", "is_repeat", "is_priority", "cards"}
    assert body["is_repeat"] is False
    assert [{*one} for one in body["cards"]] == [{"card_no", "card_pwd"}]


def test_what_is_too_long_for_a_machine_is_not_handed_out(counter: Counter) -> None:
    counter.fill("k" * 761)
    with pytest.raises(CurateError, match="760"):
        upload(counter, n=1, format="acg-faka")
    assert count(counter.shop, codes, codes.c.state == "free") == 1


def test_a_lost_file_is_written_again_without_what_was_sold(counter: Counter) -> None:
    counter.fill("k-1", "k-2", "k-3")
    first = upload(counter, n=2)
    counter.order("1", "machine", card="k-1")
    serve(counter.shop)
    again = cards.again(counter.shop, "machine", SKU, first.path.parent)
    assert again.path != first.path
    assert read(again) == ["k-2"]


def test_a_machine_gets_no_more_than_there_is(counter: Counter) -> None:
    counter.fill("k-1")
    assert upload(counter, n=9).count == 1
    with pytest.raises(CurateError, match="no free code"):
        upload(counter, n=9)


@pytest.mark.parametrize("named", ["k-1", "  k-1 ", "number"])
def test_a_card_on_an_order_is_tied_to_it_and_confirmed(counter: Counter, named: str) -> None:
    counter.fill("k-1", "k-2")
    number = json.loads(upload(counter).path.read_bytes())["cards"][0]["card_no"]
    one = counter.order("1", "machine", card=number if named == "number" else named)
    assert serve(counter.shop).confirmed == 1
    assert (counter.state(one), counter.secrets(one)) == ("confirmed", ["k-1"])
    with counter.shop.database.reading() as connection:
        assert connection.scalar(select(lines.c.card)) == ""
        assert "k-1" not in str(connection.execute(select(deliveries)).all())
    serve(counter.shop)
    assert counter.steps(one) == ["allocated", "rendered", "sent", "confirmed"]


def test_one_card_is_not_tied_to_two_orders(counter: Counter) -> None:
    counter.fill("k-1", "k-2")
    upload(counter, n=1)
    first, second = (counter.order(number, "machine", card="k-1") for number in "12")
    serve(counter.shop)
    assert (counter.secrets(first), counter.secrets(second)) == (["k-1"], [])
    assert counter.why(second) == "card-taken"


@pytest.mark.parametrize(
    ("card", "why"), [("", "card"), ("k-2", "card-taken"), ("x", "card-unknown"), ("k-3", "card-unknown")],
    ids=["none", "never uploaded", "unknown", "another machine's"],
)  # fmt: skip
def test_a_card_that_cannot_be_tied_waits_and_takes_no_other(
    counter: Counter, card: str, why: str
) -> None:
    counter.fill("k-3")
    cards.upload(counter.shop, "other", SKU, 1, counter.shop.workspace.root)
    counter.fill("k-1", "k-2")
    upload(counter, n=1)
    one = counter.order("1", "machine", card=card)
    serve(counter.shop)
    assert (counter.secrets(one), counter.why(one)) == ([], why)
    cards.name(counter.shop, "machine", "1", "1", "k-1")
    serve(counter.shop)
    assert counter.secrets(one) == ["k-1"]


def test_of_two_cards_both_are_tied_or_none(counter: Counter) -> None:
    counter.fill("k-1", "k-2")
    upload(counter)
    one = counter.order("1", "machine", quantity=2, card="k-1\nwrong")
    serve(counter.shop)
    assert counter.secrets(one) == []
    assert count(counter.shop, codes, codes.c.state == "uploaded") == 2
    cards.name(counter.shop, "machine", "1", "1", "k-1\nk-2")
    serve(counter.shop)
    assert counter.secrets(one) == ["k-1", "k-2"]


@pytest.mark.parametrize("named", ["serial", "line", "code"])
def test_prepaid_access_to_a_bundle_is_tied_by_its_serial_or_its_line(
    counter: Counter, named: str
) -> None:
    done = upload(counter, "G", 3)
    card = json.loads(done.path.read_bytes())["cards"][1]
    serial, line = card["card_no"], card["card_pwd"]
    code = line.partition("#")[2].partition(" ")[0]
    counter.clock.now += 10 * DAY
    given = {"serial": serial, "line": line, "code": code}[named]
    one = counter.order("1", "machine", sku="G", card=given)
    serve(counter.shop)
    assert counter.state(one) == "confirmed"
    found = access.enter(counter.shop, code, "1")
    assert found is not None
    assert (found.serial, found.delivery_id) == (serial, one)
    assert found.expires_at == counter.clock.now + 30 * DAY
    assert count(counter.shop, grants, grants.c.delivery_id.is_(None)) == 2


def test_a_share_that_is_the_same_for_all_needs_no_card(counter: Counter) -> None:
    one = counter.order("1", "machine", sku="G")
    serve(counter.shop)
    assert counter.state(one) == "confirmed"


def test_after_prepaid_cards_were_printed_an_order_has_to_name_one(counter: Counter) -> None:
    upload(counter, "G", 1)
    one = counter.order("1", "machine", sku="G")
    serve(counter.shop)
    assert (counter.state(one), counter.why(one)) == ("waiting", "card")


@pytest.mark.parametrize(
    ("channel", "sku", "shape"), [("hand", SKU, ""), ("none", SKU, ""), ("machine", "X", ""), ("machine", SKU, "x")]
)  # fmt: skip
def test_what_has_no_machine_gets_no_file(
    counter: Counter, channel: str, sku: str, shape: str, tmp_path: Path
) -> None:
    counter.fill("k-1")
    with pytest.raises(CurateError):
        cards.upload(counter.shop, channel, sku, 1, tmp_path, shape)

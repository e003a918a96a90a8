"""curate stock and curate outbox, as they are typed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from curate.cli import main
from curate.shop import Shop
from curate.workspace import Workspace
from tests.selling import order

SHOP = """
[products.KEYS]
stock = "unique"
low = 2
[channels.hand]
delivery = "paste"
[channels.machine]
format = "xianguanjia"
delivery = "cards"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "curate.toml").touch()
    (tmp_path / "shop.toml").write_text(SHOP)
    return tmp_path


def run(root: Path, *command: str, given: str = "") -> Result:
    done = CliRunner().invoke(main, [*command, "--workspace", str(root)], input=given)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    return done


def data(root: Path, *command: str, given: str = "") -> Any:
    return json.loads(run(root, *command, "--json", given=given).stdout)


def shop(root: Path) -> Shop:
    return Shop.open(Workspace(root))


def test_the_way_of_an_order_by_hand(root: Path) -> None:
    order(shop(root), "A-1")
    waits = run(root, "outbox").stdout
    assert "paid, and not served yet:" in waits
    assert "order A-1 (hand), line 1: 1 of KEYS since" in waits
    added = run(root, "stock", "add", "KEYS", "-", given="SECRET-1\nSECRET-2\nSECRET-1\nb║ad\n")
    assert added.exit_code == 3
    assert "KEYS: 2 new, 1 there before, 1 unusable" in added.stdout
    assert "  line 3: it stands in line 1 already" in added.stderr
    assert "delivery: 1 made ready, 0 mailed, 0 waiting" in added.stdout
    assert "SECRET" not in added.output
    (message,) = data(root, "outbox", "list")["messages"]
    assert (message["state"], message["number"]) == ("rendered", "A-1")
    number = str(message["id"])
    assert "Your code:\nSECRET-1\n" in run(root, "outbox", "show", number).stdout
    said = ("outbox", "confirm", number, "--proof", "chat", "--who", "Ann")
    assert data(root, *said) == {"version": 1, "confirmed": [int(number)], "known": []}
    assert data(root, *said) == {"version": 1, "confirmed": [], "known": [int(number)]}
    assert "the outbox is empty" in run(root, "outbox").stdout
    (kept,) = data(root, "outbox", "list", "--sent")["messages"]
    assert kept["proof"] == "Ann: chat"


def test_all_are_confirmed_only_where_that_is_said(root: Path) -> None:
    run(root, "stock", "add", "KEYS", "-", given="k-1\nk-2\n")
    for number in "12":
        order(shop(root), number)
    run(root, "outbox", "send")
    assert run(root, "outbox", "confirm").exit_code == 2
    assert run(root, "outbox", "confirm", "1", "--all").exit_code == 2
    assert len(data(root, "outbox", "confirm", "--all", "--who", "Ann")["confirmed"]) == 2


def test_stock_is_counted_and_few_are_told(root: Path) -> None:
    run(root, "stock", "add", "KEYS", "-", given="k-1\nk-2\n")
    order(shop(root), "1")
    run(root, "outbox", "send")
    told = run(root, "stock")
    assert "1 free, 1 sold, 0 uploaded, 0 withdrawn" in told.stdout
    assert "fewer than 2 since" in told.stderr
    (row,) = data(root, "stock", "list")["stock"]
    assert (row["free"], row["sold"], row["waiting"]) == (1, 1, 0)


def test_codes_are_withdrawn_only_where_it_is_said_which(root: Path) -> None:
    run(root, "stock", "add", "KEYS", "-", "--batch", "may", given="k-1\nk-2\nk-3\n")
    assert run(root, "stock", "withdraw", "KEYS").exit_code == 2
    given = data(root, "stock", "withdraw", "KEYS", "--codes", "-", given="k-1\nk-9\n")
    assert given["withdrawn"] == 1
    assert data(root, "stock", "withdraw", "KEYS", "--batch", "june")["withdrawn"] == 0
    assert data(root, "stock", "withdraw", "KEYS", "--all")["withdrawn"] == 2


def test_cards_are_written_and_tied(root: Path) -> None:
    run(root, "stock", "add", "KEYS", "-", given="k-1\nk-2\n")
    asked = ("stock", "cards", "KEYS", "--channel", "machine")
    assert run(root, *asked).exit_code == 2
    done = data(root, *asked, "--count", "1")
    (card,) = json.loads(Path(done["path"]).read_text("utf-8"))["cards"]
    assert card["card_pwd"] == "k-1"
    order(shop(root), "X-1", "machine")
    run(root, "outbox", "send")
    (waits,) = data(root, "outbox", "list")["waiting"]
    assert "curate stock tie" in waits["why"]
    told = run(root, "stock", "tie", "machine", "X-1", given=card["card_no"] + "\n")
    assert "delivery: 1 made ready, 0 mailed, 0 waiting" in told.stdout
    (message,) = data(root, "outbox", "list", "--sent")["messages"]
    assert (message["state"], message["way"]) == ("confirmed", "cards")


def test_the_chinese_text_is_whole(root: Path) -> None:
    (root / "shop.toml").write_text('language = "zh"\n' + SHOP)
    run(root, "stock", "add", "KEYS", "-", given="k-1\n")
    order(shop(root), "1", language="zh")
    assert "交付：已备好 1" in run(root, "outbox", "send").stdout
    assert "感谢您的订购，订单号 1。" in run(root, "outbox", "show", "1").stdout
    assert "人工发送，订单 1（hand）" in run(root, "outbox").stdout


def test_a_cancelled_message_says_that_it_is_not_to_be_sent(root: Path) -> None:
    order(Shop.open(Workspace(root)), "1", "hand", "KEYS")
    run(root, "stock", "add", "KEYS", "-", given="k-1\n")
    shown = run(root, "outbox", "show", "1")
    assert "k-1" in shown.stdout and "cancelled" not in shown.output
    run(root, "orders", "refund", "hand", "1", "--yes")
    again = run(root, "outbox", "show", "1")
    assert "k-1" not in again.stdout and "was cancelled" in again.stderr
    assert (
        "given back: 0.00 CNY, pieces: 1 (own-1)" in run(root, "orders", "show", "hand", "1").stdout
    )


def test_one_is_not_said_in_the_plural(root: Path) -> None:
    order(Shop.open(Workspace(root)), "1", "hand", "KEYS")
    said = run(root, "stock", "add", "KEYS", "-", given="k-1\n").stdout
    said += run(root, "stock", "list").stdout + run(root, "shop", "status").stdout
    said += run(root, "orders", "refund", "hand", "1", "--check").stdout
    said += run(root, "outbox", "confirm", "1").stdout
    assert re.findall(r"\b1 (?:[a-z]+s|are|were|wait|have)\b", said) == []


def test_why_something_was_taken_back_is_said_in_chinese_too(root: Path) -> None:
    (root / "shop.toml").write_text('language = "zh"\n' + SHOP)
    order(Shop.open(Workspace(root)), "1", "hand", "KEYS")
    run(root, "stock", "add", "KEYS", "-", given="k-1\n")
    run(root, "orders", "refund", "hand", "1", "--yes")
    shown = run(root, "orders", "show", "hand", "1").stdout
    assert "退款 own-1" in shown and "refund" not in shown

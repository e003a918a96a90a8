"""After the sale: sent again, offered anew, asked and answered, agreed to."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select, update

from curate.bundle import history
from curate.bundle.history import File, Record, Step, Zip
from curate.cli import main
from curate.database.tables import grants, lines, outbox
from curate.errors import CurateError
from curate.shop.access import grants as access
from curate.shop.aftersales import acknowledge, inbox, offers, tickets
from curate.shop.aftersales.refunds import refund
from curate.shop.aftersales.resend import resend
from curate.shop.aftersales.revocation import revoke
from curate.shop.delivery import outbox as box
from curate.shop.delivery import serve
from curate.shop.orders import Line
from curate.shop.orders.intake import take
from curate.shop.settings import Channel, Serve, Sold
from tests.postgres import postgres
from tests.selling import SKU, START, Counter
from tests.selling import shop as counter_of

DAY = 86_400
PRODUCTS = {
    SKU: Sold(stock="unique"),
    "NEW": Sold(collection="guides", downloads=1),
    "OLD": Sold(collection="guides", versions="frozen"),
}
CHANNELS = {
    "hand": Channel(),
    "post": Channel(delivery="email"),
    "cn": Channel(language="zh"),
}


def release(root: Path, version: str, *, pack: str = "", added: tuple[str, ...] = ()) -> None:
    """A release as far as the shop looks into it, with the changelog of those before it."""
    home = root / "build" / "guides"
    past = history.versions(home)
    steps = history.read(home / past[-1]).history if past else ()
    step = Step(version, 1, 9, added=added, counts={"added": len(added)} if added else {})
    record = Record(
        format=1, name="guides", title="Guides", language="en", version=version, digest=version,
        parent=past[-1] if past else "", agent="curate", changes=history.Difference(),
        archive=Zip(f"guides-{version}.zip", "0" * 64, 5_000, "guides"), history=(step, *steps),
        items=(File("a", "0" * 64, 9, "A", "a", "", ""),), omissions=(),
    )  # fmt: skip
    folder = home / version
    folder.mkdir(parents=True)
    (folder / history.RECORD).write_bytes(msgspec.json.encode(record))
    if pack:
        (folder / f"guides-{pack}-to-{version}.zip").write_bytes(b"x" * 1_000)


def yank(counter: Counter, version: str, why: str) -> None:
    words = history.words(counter.shop.workspace.build / "guides")
    words.append([history.Yank("yank", version, "2030-01-01T00:00:00Z", why=why)])


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    release(tmp_path, "1.0.0")
    serving = Serve(url="https://files.example.org")
    return counter_of(tmp_path, products=PRODUCTS, channels=CHANNELS, serve=serving)


def sell(counter: Counter, number: str, sku: str = "NEW", **how: Any) -> None:
    values: dict[str, Any] = {
        "channel": "hand",
        "paid": 500,
        "paid_at": START,
        "buyer": f"B{number}",
    }
    values |= {"number": number, "item": sku, **how}
    assert take(counter.shop, [Line(**values)]).new == 1


def send(counter: Counter) -> None:
    serve(counter.shop)
    for one in box.pending(counter.shop):
        box.confirm(counter.shop, one.id, "chat")


def keys(counter: Counter, kind: str = "") -> list[str]:
    return [one.key for one in box.messages(counter.shop) if kind in ("", one.kind)]


def told(counter: Counter, key: str) -> box.Text:
    (found,) = [one.id for one in box.messages(counter.shop) if one.key == key]
    return box.text(counter.shop, found)


def codes_of(counter: Counter, delivery_id: int = 1) -> list[str]:
    with counter.shop.database.reading() as connection:
        there = access.of_delivery(connection, delivery_id)
    return [access.code(counter.shop, one) for one in there]


def test_access_is_sent_again_as_it_is(counter: Counter) -> None:
    sell(counter, "1")
    with pytest.raises(CurateError, match="not sent yet"):
        resend(counter.shop, "hand", "1")
    send(counter)
    (code,) = codes_of(counter)
    assert resend(counter.shop, "hand", "1").key == "resend:1:1"
    assert f"https://files.example.org/#{code}" in told(counter, "resend:1:1").body
    with counter.shop.database.reading() as connection:
        assert all(code not in str(row) for row in connection.execute(select(outbox)))


def test_a_renewed_code_is_another_way_into_the_same_grant(counter: Counter) -> None:
    sell(counter, "1", quantity=2)
    send(counter)
    before = codes_of(counter)
    revoke(counter.shop, "hand", "1", units=[2], why="given on")
    with counter.shop.database.writing() as connection:
        old = connection.execute(select(grants.c.id, grants.c.expires_at)).all()
    assert resend(counter.shop, "hand", "1", renew=True).renewed == 1
    after = codes_of(counter)
    assert (before[0] != after[0], before[1] == after[1]) == (True, True)
    assert access.enter(counter.shop, before[0]) is None
    again = access.enter(counter.shop, after[0])
    assert again is not None
    # Downloads are counted by the grant, and it ends when it would have.
    assert (again.id, again.expires_at) in [tuple(row) for row in old]
    body = told(counter, "resend:1:1").body
    assert after[0] in body
    assert after[1] not in body


def test_what_has_ended_is_not_sent_again(counter: Counter) -> None:
    sell(counter, "1")
    sell(counter, "2")
    sell(counter, "3", "what")
    send(counter)
    revoke(counter.shop, "hand", "1", why="given on")
    for renew in (False, True):
        with pytest.raises(CurateError, match="access was revoked"):
            resend(counter.shop, "hand", "1", renew=renew)
    with counter.shop.database.reading() as connection:
        ended = connection.scalar(select(grants.c.revoked_at).order_by(grants.c.id).limit(1))
    assert ended == START
    with pytest.raises(CurateError, match="waits for its product"):
        resend(counter.shop, "hand", "3")
    counter.clock.now += 400 * DAY
    with pytest.raises(CurateError, match="has expired"):
        resend(counter.shop, "hand", "2", renew=True)


def test_sending_again_has_an_end(counter: Counter) -> None:
    counter.fill("k-1")
    sell(counter, "1", SKU)
    send(counter)
    for day in range(4):
        for _ in range(3):
            resend(counter.shop, "hand", "1")
        with pytest.raises(CurateError, match=r"3 times within a day|12 times"):
            resend(counter.shop, "hand", "1")
        assert len(keys(counter, "resend")) == 3 * (day + 1)
        counter.clock.now += DAY + 1
    with pytest.raises(CurateError, match="12 times"):
        resend(counter.shop, "hand", "1")
    assert "k-1" in told(counter, "resend:1:12").body


def test_a_refund_takes_messages_that_were_to_be_sent_again(counter: Counter) -> None:
    sell(counter, "1")
    send(counter)
    resend(counter.shop, "hand", "1")
    refund(counter.shop, "hand", "1")
    assert box.pending(counter.shop) == []


def test_a_new_version_is_offered_once_to_those_whose_policy_says_so(counter: Counter) -> None:
    sell(counter, "1", quantity=2)
    sell(counter, "2", "OLD")
    sell(counter, "3", channel="cn")
    sell(counter, "4")
    send(counter)
    refund(counter.shop, "hand", "4")
    assert offers.offer(counter.shop)[0].offered == 0
    release(counter.shop.workspace.root, "1.1.0", pack="1.0.0", added=("Tide tables", "Moon"))
    for expected in (2, 0, 0):
        (done,) = offers.offer(counter.shop, ["guides"])
        assert (done.version, done.offered, done.warned) == ("1.1.0", expected, 0)
    assert keys(counter, "update") == ["update:1:1.1.0", "update:3:1.1.0"]
    text = told(counter, "update:1:1.1.0")
    assert text.subject == "Guides: version 1.1.0"
    assert "1.1.0  Added: 2 (Tide tables, Moon)" in text.body
    assert "guides-1.0.0-to-1.1.0.zip (1.0 KB instead of 5.0 KB)" in text.body
    assert text.body.count("https://files.example.org/#") == 2
    assert "更新包即可：guides-1.0.0-to-1.1.0.zip" in told(counter, "update:3:1.1.0").body
    release(counter.shop.workspace.root, "1.2.0")
    assert offers.offer(counter.shop)[0].offered == 2
    assert "1.1.0" not in told(counter, "update:1:1.2.0").body


def test_one_buyer_of_two_orders_is_told_once(counter: Counter) -> None:
    sell(counter, "1", channel="post", email="ann@example.org", buyer="")
    sell(counter, "2", channel="post", email="Ann@Example.org", buyer="x")
    send(counter)
    release(counter.shop.workspace.root, "1.1.0")
    assert offers.offer(counter.shop)[0].offered == 1
    sell(counter, "3", channel="post", email="ann@example.org")
    send(counter)
    assert offers.offer(counter.shop)[0].offered == 0
    (message,) = [one for one in box.messages(counter.shop) if one.kind == "update"]
    assert (message.way, message.recipient) == ("email", "ann@example.org")


def test_who_has_a_version_that_was_taken_off_sale_is_told(counter: Counter) -> None:
    sell(counter, "1")
    sell(counter, "2", "OLD")
    send(counter)
    yank(counter, "1.0.0", "chapter 3 is wrong")
    (done,) = offers.offer(counter.shop)
    assert (done.version, done.offered, done.warned) == ("", 0, 2)
    text = told(counter, "update:1::1.0.0")
    assert "1.0.0, which you have, was taken off sale: chapter 3 is wrong. Please" in text.body
    assert offers.offer(counter.shop)[0].warned == 0
    release(counter.shop.workspace.root, "1.0.1")
    assert offers.offer(counter.shop)[0].offered == 1
    assert keys(counter, "update") == ["update:1::1.0.0", "update:2::1.0.0", "update:1:1.0.1"]


def test_a_frozen_grant_of_a_version_off_sale_moves_to_the_next(counter: Counter) -> None:
    sell(counter, "1", "OLD")
    sell(counter, "2")
    send(counter)
    release(counter.shop.workspace.root, "1.0.1")
    release(counter.shop.workspace.root, "1.1.0")
    assert offers.offer(counter.shop)[0].offered == 1
    yank(counter, "1.0.0", "chapter 3 is wrong")
    (done,) = offers.offer(counter.shop)
    assert (done.offered, done.warned) == (1, 2)
    with counter.shop.database.reading() as connection:
        held = connection.execute(select(grants.c.policy, grants.c.version).order_by(grants.c.id))
        assert held.all() == [("latest", "1.0.0"), ("frozen", "1.1.0")]
    assert "1.1.0 is there for you" in told(counter, "update:2:1.1.0:1.0.0").body
    assert "1.1.0 is there for you" not in told(counter, "update:1::1.0.0").body
    (done,) = offers.offer(counter.shop)
    assert (done.offered, done.warned) == (0, 0)


def test_who_was_offered_the_next_before_is_told_where_it_is(counter: Counter) -> None:
    sell(counter, "1")
    send(counter)
    release(counter.shop.workspace.root, "1.1.0")
    offers.offer(counter.shop)
    yank(counter, "1.0.0", "chapter 3 is wrong")
    offers.offer(counter.shop)
    assert "What takes its place is on your page: https://" in told(counter, "update:1::1.0.0").body


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_offers_of_several_processes_at_once_are_one(tmp_path: Path, engine: str) -> None:
    def crowd(database: str) -> None:
        release(tmp_path, "1.0.0")
        serving = Serve(url="https://files.example.org")
        counter = counter_of(
            tmp_path, database, products=PRODUCTS, channels=CHANNELS, serve=serving
        )
        for number in range(5):
            sell(counter, str(number))
        send(counter)
        release(tmp_path, "1.1.0")
        with ThreadPoolExecutor(6) as threads:
            done = [*threads.map(lambda _: offers.offer(counter.shop)[0].offered, range(6))]
        assert sum(done) == len(keys(counter, "update")) == 5
        counter.shop.database.close()

    if engine == "sqlite":
        crowd("")
        return
    with postgres() as server:
        crowd(server.database())


def test_a_ticket_from_the_first_letter_to_the_last(counter: Counter) -> None:
    sell(counter, "1", channel="post", email="ann@example.org")
    send(counter)
    first = tickets.ask(counter.shop, "Where is\x07 volume\u202e 2?", order_id=1).ticket_id
    assert first is not None
    assert tickets.ask(counter.shop, "Where is volume 2?", order_id=1).ticket_id == first
    assert tickets.show(counter.shop, first).sku == "NEW"
    assert tickets.answer(counter.shop, first, "Next week: {page}")
    assert tickets.show(counter.shop, first).state == "answered"
    text = told(counter, f"ticket:{first}:2")
    assert text.subject == f"Your question [#{first}]: Where is volume 2?"
    assert text.body.startswith("Next week: https://files.example.org/#")
    tickets.close(counter.shop, first)
    counter.clock.now += 60
    tickets.write(counter.shop, first, "It is next week.")
    again = tickets.show(counter.shop, first)
    assert (again.state, again.waiting_since) == ("open", START + 60)
    tickets.answer(counter.shop, first, "Here it is.", close=True)
    assert tickets.show(counter.shop, first).state == "closed"
    # An answer is sent even where the money was given back meanwhile.
    refund(counter.shop, "post", "1")
    assert [one.kind for one in box.pending(counter.shop)] == ["ticket", "ticket"]


def test_who_waits_longest_is_first(counter: Counter) -> None:
    made = []
    for number in range(4):
        made.append(tickets.ask(counter.shop, f"question {number}").ticket_id or 0)
        counter.clock.now += 10
    tickets.answer(counter.shop, made[0], "so")
    tickets.write(counter.shop, made[1], "still there?")
    assert [one.id for one in tickets.listed(counter.shop)] == made[1:]
    tickets.write(counter.shop, made[0], "and?")
    assert [one.id for one in tickets.listed(counter.shop)] == [*made[1:], made[0]]
    everything = tickets.listed(counter.shop, ("open", "answered", "closed"))
    assert len(everything) == 4


def test_letters_have_bounds(counter: Counter) -> None:
    sell(counter, "1")
    for text, why in (("", "empty"), (" \n\x00", "empty"), ("x" * 10_001, "10,001")):
        with pytest.raises(CurateError, match=why):
            tickets.ask(counter.shop, text, order_id=1)
    for number in range(20):
        tickets.ask(counter.shop, f"question {number}", order_id=1)
    with pytest.raises(CurateError, match="within a day"):
        tickets.ask(counter.shop, "one more", order_id=1)
    with pytest.raises(CurateError, match="no order 9"):
        tickets.ask(counter.shop, "who am I", order_id=9)
    with pytest.raises(CurateError, match="no ticket 99"):
        tickets.write(counter.shop, 99, "x")


MAIL = """From: Ann Lee <Ann@example.org>
To: shop@example.org
Subject: Re: Your question [#{n}]: volume 2

It does not open.

On Mon, 3 Mar 2030 at 10:02, Shop <shop@example.org> wrote:
> Next week.
--
Ann
"""


def test_an_email_goes_on_with_its_buyers_ticket(counter: Counter) -> None:
    sell(counter, "1", channel="post", email="ann@example.org")
    first = tickets.ask(counter.shop, "volume 2?", order_id=1).ticket_id or 0
    tickets.close(counter.shop, first)
    got = inbox.receive(counter.shop, MAIL.replace("{n}", str(first)))
    assert (got.ticket_id, got.opened, got.known) == (first, False, True)
    one = tickets.show(counter.shop, first)
    assert (one.state, one.letters[-1].text) == ("open", "It does not open.")
    # It names an order of theirs, which is not their latest.
    sell(counter, "2", channel="post", email="ann@example.org")
    new = MAIL.replace("Your question [#{n}]: volume 2", "order #1, again")
    assert tickets.show(counter.shop, inbox.receive(counter.shop, new).ticket_id).number == "1"
    # The number of somebody else's ticket is in anybody's power to write.
    forged = MAIL.replace("{n}", str(first)).replace("Ann@example.org", "eve@example.org")
    got = inbox.receive(counter.shop, forged)
    assert (got.opened, got.known) == (True, False)
    assert tickets.show(counter.shop, got.ticket_id).channel == ""


@pytest.mark.parametrize(
    ("raw", "sender", "text"),
    [
        ("just text\n> quoted", "", "just text"),
        ("Question: how\n\nto open it?", "", "Question: how\n\nto open it?"),
        ("Subject: =?utf-8?B?5rWL6K+V?=\nFrom: 安 <an@例え.jp>\n\n打不开\n\n2030年3月3日 店家 写道：\n> 好", "an@例え.jp", "打不开"),
        ("From: a@b.org\nContent-Transfer-Encoding: quoted-printable\nContent-Type: text/plain; charset=utf-8\n\nna=C3=AFve", "a@b.org", "naïve"),
        ("From: a@b.org\nContent-Type: text/plain; charset=nonsense\n\nhello", "a@b.org", "hello"),
        ("From: <<<>>>\n\nhello", "", "hello"),
    ],
    ids=["text", "no headers", "chinese", "encoded", "unknown charset", "no address"],
)  # fmt: skip
def test_pasted_mail_is_read_as_it_comes(raw: str, sender: str, text: str) -> None:
    found = inbox.parse(raw)
    assert (found.sender, found.text) == (sender, text)


@pytest.mark.parametrize("raw", ["", "> only\n> quotes", "Subject: x\n\n", "x" * 200_001])
def test_what_is_no_letter_is_refused(raw: str) -> None:
    with pytest.raises(CurateError):
        inbox.parse(raw)


def test_an_agreement_is_recorded_once_for_a_purchase(counter: Counter) -> None:
    sell(counter, "1")
    first = acknowledge.record(counter.shop, "hand", "1", source="checkout", at=START - 5)
    again = acknowledge.record(counter.shop, "hand", "1", source="chat")
    assert first == again == acknowledge.Acknowledgement("2026-1", "checkout", START - 5)
    for how, why in (
        ({"version": "0"}, "no text of version"),
        ({"source": " "}, "how the buyer agreed"),
        ({"at": START + 5}, "in the future"),
        ({"number": "2"}, "no order '2'"),
    ):
        values: dict[str, Any] = {"number": "1", "source": "x", **how}
        with pytest.raises(CurateError, match=why):
            acknowledge.record(counter.shop, "hand", **values)
    text = acknowledge.texts()[-1]
    assert "seven-day return" in text.said("en")
    assert "七日无理由退货" in text.said("zh")


SHOP = """
[products.NEW]
collection = "guides"
days = 0
[channels.hand]
[serve]
url = "https://files.example.org"
"""


@pytest.fixture
def served(tmp_path: Path) -> Counter:
    """A workspace for commands, with one order that was sent."""
    release(tmp_path, "1.0.0")
    (tmp_path / "shop.toml").write_text(SHOP, "utf-8")
    known = {"NEW": Sold(collection="guides", days=0)}
    serving = Serve(url="https://files.example.org")
    counter = counter_of(tmp_path, products=known, channels={"hand": Channel()}, serve=serving)
    counter.clock.now = 1_700_000_000
    sell(counter, "1", quantity=3, paid=1000, paid_at=1_700_000_000)
    send(counter)
    return counter


def run(counter: Counter, *arguments: str, **how: Any) -> Result:
    root = ["--workspace", str(counter.shop.workspace.root)]
    group = () if arguments[0] == "tickets" else ("orders",)
    return CliRunner().invoke(main, [*group, *arguments, *root], **how)


def test_the_commands_of_orders(served: Counter) -> None:
    checked = run(served, "refund", "hand", "1", "--quantity", "1", "--check")
    assert "The 7 days for a return without a reason ended on 2023-11-21" in checked.output
    assert "1/1: given back: 3.33 of 10.00 CNY, units: 1 of 3" in checked.output
    refused = run(served, "refund", "hand", "1", "--quantity", "1", input="n\n")
    assert refused.exit_code == 1
    done = run(served, "refund", "hand", "1", "--quantity", "1", "--who", "Ann", input="y\n")
    assert "noted as own-1; left to the buyer: 6.67 CNY, units: 2" in done.output
    again = ("refund", "hand", "1", "--amount", "1.50", "--reference", "R", "--yes", "--who", "Ann")
    assert "noted as R" in run(served, *again).output
    assert "noted before" in run(served, *again).output
    assert "codes renewed: 2" in run(served, "resend", "hand", "1", "--renew").output
    assert "curate outbox show 3" in run(served, "resend", "hand", "1").output
    assert "has ended: given on" in run(served, "revoke", "hand", "1", "--unit", "2", "--why", "given on").output  # fmt: skip
    agreed = run(served, "acknowledge", "hand", "1", "--source", "chat", "--at", "2023-11-01T10:15")
    assert "agreed to text 2026-1 on 2023-11-01 10:15 (chat)" in agreed.output
    assert "七日无理由退货" in run(served, "acknowledge").output
    release(served.shop.workspace.root, "1.1.0")
    offered = json.loads(run(served, "offer", "--json").stdout)
    assert offered["collections"][0] == {
        "collection": "guides", "version": "1.1.0", "offered": 1, "warned": 0, "withheld": "",
    }  # fmt: skip
    assert "guides (1.1.0): buyers who are offered it: 0" in run(served, "offer").output
    with served.shop.database.reading() as connection:
        assert connection.execute(select(lines.c.refunded)).scalar_one() == 483


def test_the_commands_of_tickets(served: Counter, tmp_path: Path) -> None:
    assert "no ticket is open" in run(served, "tickets").output
    asked = run(served, "tickets", "ask", "Where is volume 2?", "--order", "hand", "1")
    assert asked.output == "ticket 1 is open\n"
    (tmp_path / "letter.txt").write_text(MAIL, "utf-8")
    mailed = run(served, "tickets", "ask", "--email", str(tmp_path / "letter.txt"))
    assert mailed.output == "ticket 2 is open\nits sender is the buyer of no order\n"
    listed = run(served, "tickets", "list").output.splitlines()
    assert "waits 0 h  NEW  Where is volume 2?" in listed[0]
    shown = json.loads(run(served, "tickets", "show", "1", "--json").stdout)
    assert [one["text"] for one in shown["letters"]] == ["Where is volume 2?"]
    said = run(served, "tickets", "answer", "1", "-", input="Next week.\n").output
    assert said == "it lies in the outbox: curate outbox show 2\n"
    assert "Next week." in run(served, "tickets", "show", "1").output
    assert "belongs to no order" in run(served, "tickets", "answer", "2", "so").output
    assert run(served, "tickets", "close", "2").output == "ticket 2 is closed\n"
    assert "closed" in run(served, "tickets", "list", "--all").output
    assert run(served, "tickets", "show", "7").exit_code == 1


def test_no_secret_is_in_what_commands_print(served: Counter) -> None:
    (code, *_) = codes_of(served)
    printed = "".join(
        run(served, *arguments).output
        for arguments in (
            ("resend", "hand", "1"), ("refund", "hand", "1", "--yes", "--who", "A"),
            ("resend", "hand", "1"), ("tickets",), ("offer",),
        )
    )  # fmt: skip
    assert code not in printed


def test_a_refund_of_an_unsent_message_of_before(counter: Counter) -> None:
    """What is being sent at this moment is left alone: its secrets are put in when it goes out."""
    sell(counter, "1", channel="post", email="ann@example.org", quantity=2)
    serve(counter.shop)
    with counter.shop.database.writing() as connection:
        connection.execute(update(outbox).values(state="sending"))
    refund(counter.shop, "post", "1", quantity=1)
    (message,) = [one for one in box.messages(counter.shop) if one.kind == "delivery"]
    assert box.text(counter.shop, message.id).body.count("https://files.example.org/#") == 1


@pytest.mark.parametrize(
    "raw",
    [
        "From: " + "(" * 150_000 + "\nSubject: x\n\nhello",
        "From: " + "a@b," * 40_000 + "\n\nhello",
        "From: <" + "@a," * 6_000 + ":x@y>\n\nhello",
        "From: a@b\nContent-Transfer-Encoding: " + "(" * 20_000 + "\n\nhello",
        "From: a@b\nContent-Type: text/plain;" + " a*0*=''x;" * 5_000 + "\nContent-Transfer-Encoding: 7bit\n\nhello",
        "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(1_500)) + "\nhello",
    ],
    ids=range(6),
)  # fmt: skip
def test_a_letter_made_to_break_the_parser_is_a_letter(raw: str) -> None:
    assert "hello" in inbox.parse(raw).text

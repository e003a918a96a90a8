"""What plans send: within the cap, out of quiet hours, with a consent when it is prepared and when it leaves."""

from __future__ import annotations

import email
import email.policy
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from curate.books.journey import consent, touches
from curate.database.tables import (
    campaigns,
    consents,
    contacts,
    identities,
    lines,
    outbox,
    refunds,
)
from curate.database.tables import touches as table
from curate.errors import CurateError
from curate.shop import mail, unsubscribe
from curate.shop.delivery import outbox as box
from curate.shop.delivery import permission, sending
from curate.shop.mail import Refused
from curate.shop.settings import Touch
from curate.shop.unsubscribe import Whose
from tests.asked import Asked
from tests.planning import DAY, HOUR, NOON, Desk, desk, people, plan
from tests.selling import order
from tests.serving import serving

URL = "https://files.example.org"


def letters(at: Desk, **how: Any) -> Desk:
    """A contact for whom one letter lies in the outbox."""
    at.contact(**how)
    assert at.run().prepared == 1
    return at


def withdraw(at: Desk, contact: int = 1) -> None:
    with at.shop.database.writing() as connection:
        consent.withdraw(connection, at.shop, contact, "marketing", "a letter")


def test_nothing_is_prepared_without_a_consent(tmp_path: Path) -> None:
    at = desk(tmp_path, follow=plan("clicked"))
    contact = at.contact(agreed=False)
    at.did(contact, "clicked")
    assert at.run().cancelled == 1
    assert at.rows() == [("follow", 1, "cancelled", "consent")] and at.lying() == []


def test_a_consent_to_something_else_is_none(tmp_path: Path) -> None:
    at = desk(tmp_path, follow=plan("clicked", purpose="news"))
    at.did(at.contact(), "clicked")
    at.run()
    assert at.rows() == [("follow", 1, "cancelled", "consent")]


@pytest.mark.parametrize("way", ["email", "paste"])
def test_a_consent_withdrawn_after_it_was_prepared_holds_it_back(tmp_path: Path, way: str) -> None:
    at = letters(desk(tmp_path, follow=plan(way=way)))
    (number,) = at.lying()
    at.clock.now += 60
    withdraw(at)
    if way == "email":
        assert at.mail() == []
        assert at.rows() == [("follow", 1, "cancelled", "consent")]
    else:
        with pytest.raises(CurateError, match="no consent to it, or it was withdrawn"):
            box.text(at.shop, number)
        assert at.run().cancelled == 1
    assert at.lying() == []


@pytest.mark.parametrize("what", ["bought", "edited", "erased", "late"])
def test_what_ends_it_before_it_leaves_holds_it_back_too(tmp_path: Path, what: str) -> None:
    at = letters(desk(tmp_path, follow=plan(way="email")))
    at.clock.now += 60
    match what:
        case "bought":
            at.did(1, "bought")
        case "edited":
            at.edit(plans={"follow": plan("subscribed", "1 hour", way="email")})
        case "erased":
            with at.shop.database.writing() as connection:
                connection.execute(update(contacts).values(erased_at=at.shop.now()))
        case "late":
            at.clock.now += 15 * DAY
    assert at.mail() == []
    assert at.rows()[0][2:] == ("cancelled", {"bought": "stopped bought"}.get(what, what))


@pytest.mark.parametrize("way", ["email", "paste"])
def test_a_stage_that_it_is_not_for_any_more_holds_it_back(tmp_path: Path, way: str) -> None:
    step = msgspec.structs.replace(plan(way=way).steps[0], below="purchased")
    at = letters(desk(tmp_path, follow=plan("subscribed", steps=(step,), stops=())))
    (number,) = at.lying()
    at.clock.now += 60
    at.did(1, "bought")
    if way == "email":
        assert at.mail() == []
    else:
        with pytest.raises(CurateError, match="stage is not one that it is for"):
            box.text(at.shop, number)
        assert at.run().cancelled == 1
    assert at.rows() == [("follow", 1, "cancelled", "stage")]


@pytest.mark.parametrize("kind", ["bought", "refunded"])
def test_an_order_that_nobody_followed_yet_holds_it_back_too(tmp_path: Path, kind: str) -> None:
    """The mail that goes out with the orders that were just taken in."""
    at = desk(tmp_path, follow=plan(way="email", stops=(kind,)))
    at.contact()
    at.clock.now += 60
    if kind == "refunded":
        order(at.shop, "1", contact_id=1)
    assert at.run().prepared == 1
    at.clock.now += 60
    if kind == "bought":
        order(at.shop, "2", contact_id=1)
    else:
        with at.shop.database.writing() as connection:
            line = connection.scalar(select(lines.c.id))
            values = {
                "line_id": line,
                "reference": "1",
                "quantity": 1,
                "amount": 1,
                "at": at.shop.now(),
            }
            connection.execute(refunds.insert().values(values))
    assert at.mail() == []
    assert at.rows() == [("follow", 1, "cancelled", f"stopped {kind}")]


def test_mail_that_is_late_waits_for_the_morning(tmp_path: Path) -> None:
    """Prepared before nine, and the server took nothing until then."""
    at = desk(tmp_path, follow=plan(way="email"))
    at.clock.now = NOON + 9 * HOUR - 60  # 20:59 in Shanghai
    letters(at)
    at.clock.now += 120
    assert at.mail() == []
    at.clock.now = NOON + 21 * HOUR - 1
    assert at.mail() == []
    at.clock.now += 1
    assert len(at.mail()) == 1


def test_what_a_person_sends_is_not_shown_in_quiet_hours(tmp_path: Path) -> None:
    at = letters(desk(tmp_path, follow=plan()))
    (number,) = at.lying()
    assert "Hello Name 1, text 1" in box.text(at.shop, number).body
    at.clock.now = NOON + 10 * HOUR
    with pytest.raises(CurateError, match="quiet hours") as fault:
        box.text(at.shop, number)
    assert "09:00 (Asia/Shanghai)" in fault.value.hint
    assert box.confirm(at.shop, number, "sent before nine")  # a fact is noted at any time


def test_each_contact_has_the_hours_of_the_channel_that_brought_them(tmp_path: Path) -> None:
    how = Touch(zones={"site": "America/New_York"})
    at = desk(tmp_path, touch=how, follow=plan())
    people(at.shop, [1], channel="hand")
    people(at.shop, [2], channel="site")
    done = at.run()  # noon in Shanghai is at night in New York
    assert (done.prepared, done.put_off) == (1, 1)
    with at.shop.database.reading() as connection:
        due = connection.scalar(select(table.c.due_at).order_by(table.c.id.desc()))
    assert (
        datetime.fromtimestamp(due or 0, ZoneInfo("America/New_York")).strftime("%H:%M") == "09:00"
    )


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A desk for many examples, each with a contact of its own."""
    often = plan("clicked", "0 hours", "1 hour", "2 hours")
    return desk(tmp_path_factory.mktemp("busy"), often=often, more=plan("asked", "5 hours"))


@settings(max_examples=20)
@given(
    st.integers(1, 3),
    st.integers(1, 10),
    st.lists(st.tuples(st.integers(1, 60), st.booleans(), st.booleans()), min_size=5, max_size=20),
)
def test_in_no_window_are_more_than_the_cap(
    busy: Desk, cap: int, days: int, steps: list[tuple[int, bool, bool]]
) -> None:
    """Hours pass, something happens, a person sends what lies there today or another day."""
    busy.edit(touch=Touch(cap=cap, cap_days=days, quiet="", late_days=60))
    busy.clock.now += 60 * DAY
    contact = busy.contact(int(busy.clock.now))
    for hours, happens, sends in steps:
        busy.clock.now += hours * HOUR
        if happens:
            busy.did(contact, "clicked")
            busy.did(contact, "asked")
        busy.run()
        for number in busy.lying() if sends else ():
            box.confirm(busy.shop, number, "sent")
    times = sent(busy, contact)
    assert all(b - a >= days * DAY for a, b in zip(times, times[cap:], strict=False))


def sent(at: Desk, contact: int) -> list[int]:
    """When the contact was sent something."""
    mine = (outbox.c.contact_id == contact) & (outbox.c.state == "confirmed")
    query = select(outbox.c.changed_at).where(mine).order_by(outbox.c.changed_at)
    with at.shop.database.reading() as connection:
        return [*connection.scalars(query)]


def test_what_the_cap_keeps_up_is_put_off_and_left_out_when_it_is_too_late(tmp_path: Path) -> None:
    how = Touch(cap=1, cap_days=10, late_days=5)
    at = letters(desk(tmp_path, touch=how, follow=plan("subscribed", "0 hours", "1 day")))
    box.confirm(at.shop, at.lying()[0], "sent")
    at.clock.now += DAY
    assert at.run().put_off == 1 and at.rows()[1][2:] == ("queued", "cap")
    at.clock.now += 10 * DAY
    assert at.run().skipped == 1 and at.rows()[1][2:] == ("skipped", "late")


def test_steps_for_other_stages_and_without_an_address_are_left_out(tmp_path: Path) -> None:
    first, second = plan("subscribed", "0 hours", "0 hours", way="email").steps
    other = msgspec.structs.replace(first, least="trusting")
    at = desk(tmp_path, follow=plan("subscribed", steps=(other, second, msgspec.structs.replace(first, way="paste"))))  # fmt: skip
    at.contact()
    with at.shop.database.writing() as connection:
        connection.execute(update(identities).where(identities.c.kind == "email").values(value=""))
    assert at.run().prepared == 1
    assert [row[2:] for row in at.rows()] == [
        ("skipped", "stage"),
        ("skipped", "address"),
        ("prepared", ""),
    ]


def test_a_letter_names_its_end_twice(tmp_path: Path) -> None:
    """In its text, and in the header by which mail programs do it themselves (RFC 8058)."""
    at = letters(desk(tmp_path, url=URL, follow=plan(way="email")))
    letter = sending.begin(at.shop, at.lying()[0])
    assert letter
    page = unsubscribe.page(at.shop, Whose(1, "marketing"))
    raw = mail.compose(letter, at.shop.settings.mail.sender)
    read = email.message_from_bytes(raw, policy=email.policy.default)
    assert read["List-Unsubscribe"] == f"<{page}>" and page.startswith(f"{URL}/unsubscribe/")
    assert read["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"To get no more of these messages: {page}" in letter.body
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))


def test_without_pages_an_answer_is_the_end(tmp_path: Path) -> None:
    at = letters(desk(tmp_path, follow=plan(way="email")))
    letter = sending.begin(at.shop, at.lying()[0])
    assert letter and "answer “unsubscribe”" in letter.body
    assert letter.unsubscribe.startswith(
        "mailto:ann@shop.example?subject=unsubscribe%201.marketing."
    )


def test_other_letters_have_no_such_header(tmp_path: Path) -> None:
    letter = mail.Letter("<1@x>", "a@b.example", "Your order", "text", 1)
    assert b"List-Unsubscribe" not in mail.compose(letter, "Ann <ann@shop.example>")


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("李雷", "Hello 李雷, text 1"),
        ("", "Hello, text 1"),
        ("{unsubscribe}{page}", "Hello (unsubscribe)(page), text 1"),
        ("A\r\nBcc: x@y.example", "Hello A Bcc: x@y.example, text 1"),
    ],
)
def test_a_name_is_put_in_and_is_nothing_but_that(tmp_path: Path, name: str, body: str) -> None:
    at = letters(desk(tmp_path, follow=plan()), name=name)
    assert box.text(at.shop, at.lying()[0]).body.splitlines()[0] == body


def test_links_are_the_campaigns(tmp_path: Path) -> None:
    step = msgspec.structs.replace(
        plan().steps[0], text="See {link} or {code}. Enough? {unsubscribe}"
    )
    follow = plan(steps=(step,), campaign="xhs-cookbook")
    at = desk(tmp_path, url=URL, follow=follow, other=plan("subscribed"))
    at.contact()
    done = at.run()
    assert done.trouble == (("follow", "xhs-cookbook"),) and done.prepared == 1  # the other goes on
    with at.shop.database.writing() as connection:
        row = {"code": "xhs-cookbook", "target": "https://x.example/{code}", "made_at": NOON}
        connection.execute(campaigns.insert().values(row))
    assert at.run().prepared == 1
    page = unsubscribe.page(at.shop, Whose(1, "marketing"))
    told = f"See {URL}/go/xhs-cookbook or xhs-cookbook. Enough? {page}\n"
    assert at.body(at.lying()[-1]) == told


def test_the_page_asks_and_one_click_ends_it(tmp_path: Path) -> None:
    at = desk(tmp_path, url="", follow=plan("subscribed", "0 hours", "2 days"))
    letters(at)
    path = f"{unsubscribe.PATH}{unsubscribe.token(at.shop, Whose(1, 'marketing'))}"
    with serving(at.shop) as browser:
        asked = browser.ask(path)
        assert asked.status == 200 and b"<form" in asked.body and b"Name 1" not in asked.body
        assert (
            "marketing" not in {row[3] for row in at.rows()} and len(at.lying()) == 1
        )  # GET ends nothing
        done = browser.ask(path, form={"List-Unsubscribe": "One-Click"})
        assert done.status == 200 and b"no more of these messages" in done.body
        assert browser.ask(path, form={}).status == 200  # once more is the same
        assert "不会再".encode() in browser.ask(path, "POST", accept_language="zh").body
        for wrong in (
            path[:-1] + ("A" if path[-1] != "A" else "B"),
            path.replace("/1.", "/2."),
            path + "x",
        ):
            assert browser.ask(wrong).status == browser.ask(wrong, "POST").status == 404
        assert browser.ask(path + "x" * 100, "POST").status == 422
        assert browser.ask(path, "POST", origin="https://evil.example").status == 403
    assert [row[2:] for row in at.rows()] == [("cancelled", "consent")] * 2 and at.lying() == []
    with at.shop.database.reading() as connection:
        said = connection.execute(
            select(consents.c.given, consents.c.source).order_by(consents.c.id)
        )
        assert [(row[0], row[1]) for row in said] == [(True, "a test"), (False, "unsubscribe page")]


@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 5), st.sampled_from(["marketing", "news"])))
)
@settings(max_examples=40)
def test_what_is_asked_when_it_leaves_is_what_the_log_says(
    busy: Desk, said: list[tuple[bool, int, str]]
) -> None:
    with busy.shop.database.writing() as connection:
        row = {"staged_at": 1, "acquired_at": 1, "heard_at": 1}
        contact = connection.scalar(contacts.insert().values(row).returning(contacts.c.id)) or 0
        rows = [
            {"contact_id": contact, "given": given_, "at": when, "purpose": purpose,
             "text_version": "1", "source": "x"}
            for given_, when, purpose in said
        ]  # fmt: skip
        if rows:
            connection.execute(consents.insert(), rows)
        for purpose in ("marketing", "news", "other"):
            asked = permission.consented(connection, [(contact, purpose)])
            assert consent.may_send(connection, contact, purpose) == bool(asked)


def test_a_refusal_and_a_kill_in_between_send_nothing_twice(tmp_path: Path) -> None:
    at = letters(desk(tmp_path, follow=plan(way="email")))
    (number,) = at.lying()
    assert sending.begin(at.shop, number)
    sending.put_off(at.shop, number, Refused("450 later"))
    at.clock.now += HOUR
    first = sending.begin(at.shop, number)  # killed here: the same letter goes on
    again = sending.begin(at.shop, number)
    assert first == again
    withdraw(at)
    assert sending.begin(at.shop, number) is None
    assert at.rows()[0][2:] == ("cancelled", "consent")
    # It may have been taken all the same, so it counts towards the cap.
    with at.shop.database.reading() as connection:
        assert [*touches._got(connection, at.shop, {1})] == [(1, at.shop.now())]


def test_what_lies_there_and_consents_are_found_by_indexes(tmp_path: Path) -> None:
    at = desk(tmp_path, follow=plan("clicked"))
    for contact in people(at.shop, range(1, 4)):
        at.did(contact, "clicked")
    assert at.run().prepared == 3
    withdraw(at)
    last = at.lying()[-1]
    with Asked(at.shop) as asked:
        assert at.run().cancelled == 1
        assert sending.begin(at.shop, last) is not None
    assert not asked.scanned() & {
        "consents",
        "contacts",
        "events",
        "identities",
        "outbox",
        "touches",
    }
    again = [one for one in asked.plans() if any("ix_outbox_due (state=?)" in step for step in one)]
    assert again == []  # all that lies there, and all of it once more for every few of it

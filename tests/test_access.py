"""Codes, sessions, links and what they give: what holds, what ends it, and that it ends at once."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from urllib.parse import unquote

import pytest
from sqlalchemy import event, update

from curate.database.tables import orders
from curate.errors import CurateError
from curate.pipeline.decisions import Ask, decide
from curate.pipeline.rulings import Which
from curate.pipeline.versions import yank
from curate.shop import Shop
from curate.shop.access import grants, links, sessions
from curate.shop.access.guesses import FIRST, FREE, LONGEST, Guesses, place
from curate.shop.access.links import Link
from curate.shop.access.shelf import release, shelf
from tests.storefront import Clock, paid, storefront, write
from tests.storefront import release as build


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return storefront(tmp_path)


def revoke(shop: Shop, grant: grants.Grant, *units: int, why: str = "refunded") -> list[int]:
    """The units that are ended then."""
    assert grant.delivery_id
    with shop.database.writing() as connection:
        grants.revoke(connection, shop, grant.delivery_id, units, why)
        there = grants.of_delivery(connection, grant.delivery_id)
    return [one.unit for one in there if one.state(shop.now()) == "revoked"]


def test_a_code_opens_its_grant_and_is_stored_nowhere(shop: Shop) -> None:
    (grant,) = paid(shop)
    code = grants.code(shop, grant)
    assert len(code) == 26
    for typed in (code, code.lower(), " ".join(code[n : n + 4] for n in range(0, 26, 4))):
        assert grants.enter(shop, typed) == grant
    assert grants.enter(shop, code, " 7001 ") == grant
    assert grants.enter(shop, code, "7002") is None
    assert grants.enter(shop, code[:-1] + ("A" if code[-1] != "A" else "B")) is None
    assert grants.enter(shop, "") is None
    assert grants.page(shop, grant) == f"http://127.0.0.1:8080/#{code}"
    stored = b"".join(path.read_bytes() for path in shop.workspace.root.glob("shop.db*"))
    assert code.encode() not in stored and grant.serial.encode() in stored


def test_a_delivery_is_given_the_same_grants_however_often_it_is_asked(shop: Shop) -> None:
    first = paid(shop, quantity=3)
    assert [one.unit for one in first] == [1, 2, 3]
    assert len({grants.code(shop, one) for one in first}) == 3
    with shop.database.writing() as connection:
        assert grants.issue(connection, shop, first[0].delivery_id, "NOTES", 3) == first
        (card,) = grants.issue(connection, shop, None, "NOTES", 1)
    assert card.delivery_id is None and grants.enter(shop, grants.code(shop, card)) == card


def test_nothing_on_sale_is_no_grant(shop: Shop) -> None:
    yank(shop.workspace, "notes", "1.0.0", "Ann", "wrong")
    with pytest.raises(CurateError, match="nothing of notes is on sale"):
        paid(shop)


def test_a_new_code_makes_the_old_one_worthless(shop: Shop) -> None:
    (grant,) = paid(shop)
    old, cookie = grants.code(shop, grant), sessions.make(shop, grant)
    link = Link.of(unquote(links.make(shop, grant, "1.0.0", "notes-1.0.0.zip")))
    assert link and sessions.read(shop, cookie) == grant
    with shop.database.writing() as connection:
        new = grants.renew(connection, shop, grant.id)
    assert grants.enter(shop, old) is None and grants.enter(shop, grants.code(shop, new)) == new
    assert sessions.read(shop, cookie) is None
    assert links.check(shop, link).state == "replaced"


def test_units_are_revoked_one_by_one_and_stay_so(shop: Shop) -> None:
    one, two, three = paid(shop, quantity=3)
    cookie = sessions.make(shop, three)
    assert revoke(shop, one, 3) == [3]
    ended = grants.enter(shop, grants.code(shop, three))
    assert ended and ended.state(shop.now()) == "revoked" and ended.revoked_why == "refunded"
    assert sessions.read(shop, cookie) is None
    assert revoke(shop, two, 2, 3, why="again") == [2, 3]
    ended = grants.enter(shop, grants.code(shop, three))
    assert ended and ended.revoked_why == "refunded"


@pytest.mark.parametrize("at", range(4))
def test_a_cookie_of_which_anything_is_altered_is_none(shop: Shop, at: int) -> None:
    (grant,) = paid(shop)
    parts = sessions.make(shop, grant).split(".")
    assert sessions.read(shop, ".".join(parts)) == grant
    parts[at] = {0: "ABCD-2345", 1: "1", 2: "1900000000", 3: "A" * 43}[at]
    assert sessions.read(shop, ".".join(parts)) is None


def test_a_cookie_ends_by_itself(shop: Shop) -> None:
    (grant,) = paid(shop)
    cookie = sessions.make(shop, grant)
    later = Shop(shop.workspace, shop.settings, Clock(shop.now() + sessions.LIFE))
    assert sessions.read(later, cookie) is None
    for odd in ("", "x", "a.b.c.d", cookie + "\n", cookie * 2, "\udc80"):
        assert sessions.read(shop, odd) is None


def test_what_a_link_is_worth(shop: Shop) -> None:
    (grant,), (other,) = paid(shop), paid(shop, "7002")
    path = links.make(shop, grant, "1.0.0", "笔记 1#%.zip")
    link = Link.of(unquote(path))
    assert link and link.file == "笔记 1#%.zip" and " " not in path and "#" not in path
    assert links.check(shop, link) == links.Verdict("fresh", grant, 200)
    altered = [
        dataclasses.replace(link, expires=str(int(link.expires) + 1)),
        dataclasses.replace(link, expires="0" + link.expires),
        dataclasses.replace(link, serial=other.serial),
        dataclasses.replace(link, version="1.0.1"),
        dataclasses.replace(link, file="other.zip"),
        dataclasses.replace(link, signature="1" + link.signature[1:]),
        dataclasses.replace(link, signature=link.signature[:-1]),
        dataclasses.replace(link, signature=f"0.{'A' * 22}"),
        dataclasses.replace(link, signature=""),
    ]
    for one in altered:
        assert links.check(shop, one).status == 403, one
    later = Shop(shop.workspace, shop.settings, Clock(shop.now() + 300))
    assert links.check(later, link).state == "late" and links.check(later, link).status == 410
    after = Shop(shop.workspace, shop.settings, Clock(shop.now() + 31 * 86_400))
    assert links.check(after, link).state == "expired"
    revoke(shop, grant, 1)
    assert (links.check(shop, link).state, links.check(shop, link).status) == ("revoked", 410)


@pytest.mark.parametrize("path", ["/d/1/2/3/4", "/d/1/2/3/4/5/6", "/x/1/2/3/4/5", "", "/d/"])
def test_what_has_not_the_form_of_a_link_is_none(path: str) -> None:
    assert Link.of(path) is None


def test_lockout_comes_after_some_guesses_and_grows() -> None:
    clock = Clock()
    guesses = Guesses(clock)
    for _ in range(FREE):
        guesses.wrong("203.0.113.9")
    assert guesses.wait("203.0.113.9") == 0
    waits = []
    for _ in range(14):
        while not guesses.wait("203.0.113.9"):
            guesses.wrong("203.0.113.9")
        waits.append(guesses.wait("203.0.113.9"))
        clock.at += waits[-1]
        assert guesses.wait("203.0.113.9") == 0
    assert waits[:4] == [FIRST, 2 * FIRST, 4 * FIRST, 8 * FIRST] and waits[-1] == LONGEST
    assert guesses.wait("203.0.113.10") == 0


def test_people_who_mistype_now_and_then_are_never_locked_out() -> None:
    clock = Clock()
    guesses = Guesses(clock)
    for _ in range(200):
        guesses.wrong("203.0.113.9")
        clock.at += 61
        assert guesses.wait("203.0.113.9") == 0


def test_a_household_is_one_client_and_memory_is_bounded() -> None:
    assert place("2001:db8:1:2::1") == place("2001:db8:1:2:ffff::9") != place("2001:db8:1:3::1")
    assert place("::ffff:203.0.113.9") == "203.0.113.9"
    assert place("fe80::1%eth0") == place("fe80::2") and place("unix:") == "unix:"
    guesses = Guesses(Clock())
    for number in range(60_000):
        guesses.wrong(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(guesses) == 50_000


def test_latest_gives_newer_versions_and_frozen_the_bought_one(shop: Shop) -> None:
    (latest,), (frozen,) = paid(shop), paid(shop, "7002", "FROZEN")
    write(shop.workspace, {"three.md": "# Ships\n\n" + "A sail, a mast, a rope. " * 40})
    assert build(shop.workspace) == "1.1.0"
    assert shelf(shop, frozen).version == "1.0.0"
    new = shelf(shop, latest)
    assert (new.version, new.yanked, new.withheld) == ("1.1.0", "", None)
    assert [one.name for one in new.archives] == ["notes-1.1.0.zip"]
    assert all(one.path.stat().st_size == one.size for one in new.files)
    assert new.record and new.record.version == "1.1.0"
    assert release(shop, latest, "1.0.0").version == "1.0.0"  # a link from before still holds
    assert release(shop, frozen, "1.1.0").withheld
    assert release(shop, latest, "../notes/1.1.0").withheld
    yank(shop.workspace, "notes", "1.1.0", "Ann", "a wrong file")
    assert shelf(shop, latest).version == "1.0.0"
    yank(shop.workspace, "notes", "1.0.0", "Ann", "another one")
    assert (shelf(shop, latest).version, shelf(shop, latest).yanked) == ("1.0.0", "another one")


def test_what_may_not_be_given_any_more_is_for_nobody(shop: Shop) -> None:
    (grant,) = paid(shop)
    assert shelf(shop, grant).files
    decide(shop.workspace, "notes", Which(items=("two.md",)), Ask("deny", "not mine", "Ann"))
    for _ in range(6_000):  # rights are looked through in a tenth of the time at most
        found = shelf(shop, grant)
        if not found.files:
            break
        time.sleep(0.01)
    assert found.files == () and found.withheld and "not mine" in found.why[0]


def test_the_buyers_language_is_the_channels(shop: Shop) -> None:
    (web,), (xianyu,) = paid(shop), paid(shop, "9", channel="xianyu")
    assert shelf(shop, web).language == "en" and shelf(shop, xianyu).language == "zh"


@pytest.mark.parametrize(("told", "language"), [("en_US", "en"), ("zh-CN", "zh"), ("de", "zh")])
def test_the_buyers_own_language_comes_first(shop: Shop, told: str, language: str) -> None:
    (grant,) = paid(shop, channel="xianyu")
    with shop.database.writing() as connection:
        connection.execute(update(orders).values(language=told))
    opened = grants.enter(shop, grants.code(shop, grant))
    assert opened and shelf(shop, opened).language == language


def test_thousands_of_pieces_are_issued_in_one_go(tmp_path: Path) -> None:
    shop, said = storefront(tmp_path), list[str]()
    event.listen(shop.database.engine, "before_cursor_execute", lambda *told: said.append(told[2]))
    found = paid(shop, quantity=1201)
    assert len(said) < 60  # nobody else can write meanwhile
    assert [one.unit for one in found] == list(range(1, 1202))
    assert len({one.serial for one in found}) == 1201

"""Affiliates: who they are, what is theirs by code, coupon, link and click; accounts only with consent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from curate.books.affiliates import accounts, balances, clicks, coupons, links, payouts, register
from curate.books.affiliates.register import New
from curate.books.journey import consent
from curate.database.tables import affiliates, attributions, consents, contacts, identities, orders
from curate.database.tables import clicks as kept
from curate.errors import CurateError
from curate.shop import Shop, commission
from curate.shop.settings import Rule
from tests.distributing import DAY, HOLD, books_hold, join, market, sell
from tests.selling import Counter, count

TWO = {"profile": "other", "depth": 2}


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return market(tmp_path)


def contact_of(own: Shop, number: str) -> int | None:
    with own.database.reading() as connection:
        return connection.scalar(select(orders.c.contact_id).where(orders.c.number == number))


def by(own: Shop) -> dict[str, str]:
    with own.database.reading() as connection:
        rows = connection.execute(select(attributions.c.by, affiliates.c.code).join(affiliates))
        return {row.code: row.by for row in rows}


def test_a_buyer_becomes_an_affiliate_and_stays_the_same_person(counter: Counter) -> None:
    own = counter.shop
    sell(own, "1", 10_000, email="Ann@Home.example", buyer="ann")
    by_order = register.add(own, New(order=("hand", "1"), code="ann7"))
    assert by_order.code == "ANN7" and by_order.contact_id == contact_of(own, "1")
    with pytest.raises(CurateError, match="is the affiliate ANN7 already"):
        register.add(own, New(email="ann@home.example"))
    sell(own, "2", 10_000, "ANN7", email="ann@home.example")  # their own purchase
    sell(own, "3", 10_000, "ANN7", email="ben@home.example")
    assert [one.earned for one in balances.standings(own)] == [2_000]
    assert count(own, contacts) == 2


def test_who_is_taken_up_by_mail_by_number_or_by_name_alone(counter: Counter) -> None:
    own = counter.shop
    mail = register.add(own, New(email="ann@home.example", name="Ann", segment="affection"))
    assert mail.code and count(own, identities) == 1 and mail.segment == "affection"
    name = register.add(own, New(name="Uncle Ben", code="BEN"))
    assert name.contact_id and name.name == "Uncle Ben" and name.level == 1
    sell(own, "1", 100, email="cid@home.example")
    cid = register.add(own, New(contact_id=contact_of(own, "1"), code="CID"))
    assert [one.code for one in register.listed(own)] == sorted([mail.code, "BEN", "CID"])
    assert register.of(own, "cid") == cid


@pytest.mark.parametrize(
    ("new", "why"),
    [
        (New(), "nobody is named"),
        (New(name="A", code="no code!"), "cannot be a code"),
        (New(name="A", code="x" * 31), "cannot be a code"),
        (New(name="A", code="TAKEN"), "is an affiliate already"),
        (New(name="A", code="coupon"), "is a coupon already"),
        (New(name="A", rule="nobody"), "has no rule"),
        (New(name="A", segment="greed"), "is no segment"),  # type: ignore[arg-type]
        (New(name="a\nb"), "is no line"),
        (New(email="not an address"), "no e-mail address"),
        (New(contact_id=99), "no contact 99"),
        (New(order=("hand", "99")), "no order"),
        (New(order=("hand", "nobody")), "does not say who bought"),
        (New(name="A", introducer="TAKEN"), "allows one level"),
    ],
)
def test_what_cannot_be_is_told(counter: Counter, new: New, why: str) -> None:
    own = counter.shop
    join(own, "TAKEN")
    coupons.give(own, "TAKEN", "coupon")
    sell(own, "nobody", 100)
    with pytest.raises(CurateError, match=why):
        register.add(own, new)
    assert count(own, affiliates) == 1


def test_a_second_level_where_it_is_allowed_and_no_third(tmp_path: Path) -> None:
    rules = {"usual": Rule(percent="20", introducer="5")}
    own = market(tmp_path, distribution=TWO, rules=rules).shop
    join(own, "ONE")
    join(own, "TWO", "two@pay.example", introducer="ONE")
    with pytest.raises(CurateError, match="cannot introduce others") as fault:
        join(own, "THREE", introducer="TWO")
    assert "two levels at most" in fault.value.hint
    assert [(one.code, one.level, one.introducer) for one in register.listed(own)] == [
        ("ONE", 1, ""),
        ("TWO", 2, "ONE"),
    ]
    sell(own, "1", 10_000, "TWO")
    assert [(one.code, one.earned) for one in balances.standings(own)] == [
        ("ONE", 500),
        ("TWO", 2_000),
    ]
    books_hold(own)


def test_who_is_paused_earns_nothing_and_keeps_what_they_earned(counter: Counter) -> None:
    own = counter.shop
    join(own, "ANN")
    sell(own, "1", 10_000, "ANN")
    assert register.change(own, "ANN", state="paused").state == "paused"
    sell(own, "2", 10_000, "ANN")
    assert [one.earned for one in balances.standings(own)] == [2_000]
    register.change(own, "ann", state="active", segment="brand", rule="half")
    sell(own, "3", 10_000, "ANN")
    assert [one.earned for one in balances.standings(own)] == [7_000]
    for wrong in ({"state": "gone"}, {"segment": "x"}, {"rule": "nobody"}):
        with pytest.raises(CurateError):
            register.change(own, "ANN", **wrong)  # type: ignore[arg-type]


def test_coupons_are_of_one_affiliate_for_good(counter: Counter) -> None:
    own = counter.shop
    join(own, "ANN")
    join(own, "BEN")
    assert (
        coupons.give(own, "ANN", "spring") == "SPRING" == coupons.give(own, "ANN", "ｓｐｒｉｎｇ")
    )
    for wrong in ("spring", "BEN", "ann"):
        with pytest.raises(CurateError, match="already"):
            coupons.give(own, "BEN", wrong)
    sell(own, "1", 10_000, "Spring")
    assert by(own) == {"ANN": "coupon"} and register.of(own, "ANN").coupons == ("SPRING",)
    with pytest.raises(CurateError, match="BEN has no coupon"):
        coupons.end(own, "BEN", "spring")
    coupons.end(own, "ANN", "spring")
    sell(own, "2", 10_000, "SPRING")
    assert [one.earned for one in balances.standings(own)] == [2_000]
    assert register.of(own, "ANN").coupons == ()


def test_links_bear_one_code_and_nothing_else(counter: Counter) -> None:
    own = counter.shop
    join(own, "ANN")
    made = links.link(own, "ann", "https://shop.example/指南?a=1&ref=BEN&b=#top")
    parts = urlsplit(made)
    assert parse_qs(parts.query, keep_blank_values=True) == {"a": ["1"], "b": [""], "ref": ["ANN"]}
    assert parts.fragment == "top" and parts.hostname == "shop.example"
    assert links.link(own, "ANN", "https://x.example/{code}") == "https://x.example/ANN"
    for wrong in ("javascript:alert(1)", "//x.example", "https://me:pw@x.example", "x", "https://a b", "https://["):  # fmt: skip
        with pytest.raises(CurateError, match="no address of a page"):
            links.link(own, "ANN", wrong)


def test_an_account_is_kept_only_with_consent_and_shown_by_its_end(counter: Counter) -> None:
    own = counter.shop
    join(own, "ANN", account="")
    for told in (("alipay", "a@b", "", "form"), ("alipay", "", "v1", "form"), ("Ali Pay", "a", "v1", "f"),
                 ("alipay", "a@b", "v1", " "), ("alipay", "a\nb", "v1", "form")):  # fmt: skip
        with pytest.raises(CurateError):
            accounts.keep(own, "ANN", *told)
    assert register.of(own, "ANN").account == "" and count(own, consents) == 0
    accounts.keep(own, "ann", "alipay", "ann.lee@pay.example", "payout-1", "form")
    with own.database.reading() as connection:
        (row,) = connection.execute(select(consents)).all()
    assert (row.purpose, row.given, row.text_version, row.source) == (
        "payout", True, "payout-1", "form",
    )  # fmt: skip
    assert register.of(own, "ANN").account == "…mple"
    assert accounts.withdraw(own, "ANN", "letter").prepared == 0
    with own.database.reading() as connection:
        assert connection.scalar(select(affiliates.c.account)) == ""
        assert not consent.may_send(connection, row.contact_id, accounts.PURPOSE)
    assert count(own, consents) == 2


def test_an_old_row_without_a_contact_has_no_account(counter: Counter) -> None:
    own = counter.shop
    with own.database.writing() as connection:
        old = {
            "code": "OLD",
            "state": "active",
            "segment": "brand",
            "joined_at": 0,
            "changed_at": 0,
        }
        connection.execute(affiliates.insert().values(old))
    with pytest.raises(CurateError, match="nobody can agree for them"):
        accounts.keep(own, "OLD", "bank", "1", "v1", "form")


CLICKS = """code,at,email,buyer,channel
ANN,2030-03-01 10:00,li@home.example,,
spring,2030-03-02 10:00,wang@home.example,,
ANN,2030-03-03 10:00,,zhao,hand
ANN,2030-03-03 10:00,,zhao,hand
ANN,2030-03-04 10:00,,,
nobody,2030-03-04 10:00,li@home.example,,
ANN,tomorrow,li@home.example,,
ANN,2031-03-04 10:00,li@home.example,,
ANN,2030-03-04 10:00,,zhao,
"""


def test_clicks_count_once_and_what_is_wrong_is_told_by_its_row(
    counter: Counter, tmp_path: Path
) -> None:
    own, file = counter.shop, tmp_path / "clicks.csv"
    join(own, "ANN")
    coupons.give(own, "ANN", "SPRING")
    file.write_text(CLICKS, encoding="utf-8")
    taken = clicks.take(own, file)
    assert (taken.new, taken.known, taken.nobody) == (4, 0, 1)
    assert [one.where for one in taken.problems] == [f"clicks.csv:{n}" for n in (7, 8, 9, 10)]
    again = clicks.take(own, file)
    assert (again.new, again.known, again.nobody) == (0, 4, 1) and count(own, kept) == 4
    with own.database.reading() as connection:
        sources = " ".join(connection.scalars(select(kept.c.source)))
        brought = [*connection.scalars(select(contacts.c.affiliate_code).order_by(contacts.c.id))]
    assert "li@home" not in sources and "zhao" not in sources
    assert brought == ["", "ANN", "ANN", "ANN"]  # the first is the affiliate
    sell(own, "1", 10_000, email="li@home.example")
    assert by(own) == {"ANN": "click"}


def test_clicks_that_come_after_their_orders(counter: Counter, tmp_path: Path) -> None:
    own, file = counter.shop, tmp_path / "clicks.csv"
    join(own, "ANN")
    sell(own, "1", 10_000, email="li@home.example")
    sell(own, "2", 10_000, email="old@home.example", paid_at=own.now() - 300 * DAY)
    file.write_text(CLICKS, encoding="utf-8")
    clicks.take(own, file)
    assert by(own) == {}
    assert (commission.again(own), commission.again(own)) == (1, 0)
    assert by(own) == {"ANN": "click"}
    counter.clock.now += HOLD * DAY
    assert payouts.prepare(own, "late", own.now()).payouts[0].amount == 2_000


def test_a_file_that_is_no_table_is_told(counter: Counter, tmp_path: Path) -> None:
    for text in ("", "who,when\na,b\n"):
        (tmp_path / "x.csv").write_text(text)
        with pytest.raises(CurateError):
            clicks.take(counter.shop, tmp_path / "x.csv")


@pytest.mark.parametrize(
    "deed",
    [
        lambda own: register.of(own, "NEVER"),
        lambda own: register.change(own, "NEVER", state="ended"),
        lambda own: coupons.give(own, "NEVER", "X"),
        lambda own: links.link(own, "NEVER", "https://x.example"),
        lambda own: accounts.keep(own, "NEVER", "bank", "1", "v1", "form"),
        lambda own: accounts.withdraw(own, "NEVER", "form"),
    ],
)
def test_who_is_no_affiliate_is_told_so(counter: Counter, deed: Callable[[Shop], object]) -> None:
    with pytest.raises(CurateError, match="there is no affiliate") as fault:
        deed(counter.shop)
    assert fault.value.hint

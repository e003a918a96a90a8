"""Tables of contacts: exact or refused with the row, quickly, each person and each word once."""

from __future__ import annotations

import csv
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from curate.books.journey import consent, contacts
from curate.books.journey.consent import Said
from curate.books.journey.contacts import Agreed, Taken, Told, find, take_file
from curate.books.journey.events import Event, record
from curate.database.tables import STAGES, consents, erasures, identities
from curate.database.tables import contacts as table
from curate.errors import CurateError
from curate.shop import Shop
from curate.shop import settings as shop_settings
from curate.shop.contacts import Identity, Person, key
from curate.workspace import Workspace

NOW = 1_900_000_000
HEADER = ("email,phone,wechat,handle,channel,name,language,note,at,campaign,event,consent,consent_text,"
          "consent_source,consent_at").split(",")  # fmt: skip


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(Workspace(tmp_path), shop_settings.Settings(), lambda: float(NOW))


def take(shop: Shop, text: str, encoding: str = "utf-8") -> Taken:
    path = shop.workspace.root / "people.csv"
    path.write_text(text, encoding=encoding)
    return take_file(shop, path)


def people(shop: Shop) -> int:
    with shop.database.reading() as connection:
        return int(connection.scalar(select(func.count()).select_from(table)) or 0)


def wanted(shop: Shop, purpose: str = "marketing") -> list[str]:
    """Names of those who may be written to."""
    with shop.database.reading() as connection:
        query = select(table.c.id, table.c.name).where(consent.live(purpose)).order_by(table.c.id)
        rows = connection.execute(query).all()
        assert all(consent.may_send(connection, row.id, purpose) for row in rows)
        every = [*connection.scalars(select(table.c.id))]
        assert consent.agreed(connection, every, purpose) == {row.id for row in rows}
        return [row.name for row in rows]


CHINESE = """邮箱,手机,微信,姓名,渠道,时间,备注,同意,同意文本,同意来源
ming@例子.cn,+86 138-0013-8000,wx_ming,小明,公众号,2026年3月1日 12:00,喜欢字体,是,2026-01,公众号菜单
,138 0013 8000,,大明,抖音,2026-03-02,,否,,
,,wx_hua,小华,公众号,2026-03-02,,是,,公众号菜单
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_chinese_table(shop: Shop, encoding: str) -> None:
    taken = take(shop, CHINESE, encoding)
    assert (taken.rows, taken.new, taken.known, taken.consents) == (3, 2, 1, 1)
    (problem,) = taken.problems  # without the text that was agreed to it is no consent
    assert problem.where == "people.csv:4" and "proves nothing" in problem.what
    assert wanted(shop) == ["小明"]
    with shop.database.reading() as connection:
        ming = find(connection, shop, "13800138000")
        assert ming == find(connection, shop, "MING@例子.CN") == find(connection, shop, "Wx_Ming")
        with pytest.raises(CurateError, match="no contact"):
            find(connection, shop, "nobody@x.de")
    again = take(shop, CHINESE, encoding)
    assert (again.new, again.known, again.consents, again.events) == (0, 3, 0, 0)
    assert people(shop) == 2


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("no address,,,", "tells nobody"),
        ("張**,,,", "tells nobody"),
        (",12,,", "tells nobody"),
        (",,2026-01-01,", "names nobody"),
        ("a@b.de,,yesterday,", "no date"),
        ("a@b.de,,2099-01-01,", "not in the past"),
        ("a@b.de,,2026-01-01,nowhere", "no campaign"),
        (f"{'a' * 400}@b.de,,,", "longer than"),
    ],
)
def test_what_is_not_right_is_told_by_its_row(shop: Shop, row: str, why: str) -> None:
    taken = take(shop, f"email,phone,at,campaign\n{row}\nok@b.de,,2026-01-01,\n")
    (problem,) = taken.problems
    assert problem.where == "people.csv:2"
    assert why in problem.what, problem
    assert (taken.new, taken.faults, people(shop)) == (1, 1, 1)


def test_two_contacts_are_not_merged_and_it_is_told(shop: Shop) -> None:
    taken = take(shop, "email,phone\na@b.de,\n,13800138000\na@b.de,13800138000\n")
    assert (taken.new, taken.known, taken.faults, people(shop)) == (2, 1, 0, 2)
    (problem,) = taken.problems
    assert problem.severity == "warning" and "belong to contact 2; 1 counts" in problem.what


def test_who_was_erased_stays_out(shop: Shop) -> None:
    with shop.database.writing() as connection:
        connection.execute(erasures.insert(), {"key": key(shop, "email", "a@b.de"), "at": NOW})
    taken = take(shop, "email,phone\nA@b.de,13800138000\nb@b.de,\n")
    assert (taken.new, taken.erased, people(shop)) == (1, 1, 1)
    with pytest.raises(CurateError, match="erased"):
        contacts.add(shop, Told(Person((Identity("email", "a@b.de"),), "", NOW)))


def test_an_event_that_is_too_early_is_told_and_kept(shop: Shop) -> None:
    taken = take(shop, "email,at,event\na@b.de,2026-01-05,talked\nb@b.de,2026-01-05,subscribed\n")
    (problem,) = taken.problems
    assert problem.severity == "warning" and problem.where == "people.csv:2"
    assert "“talked” leads to “familiar” only from “following” on" in problem.what
    assert taken.events == 2
    take(shop, "email,at,event\na@b.de,2026-01-04,subscribed\n")
    with shop.database.reading() as connection:
        assert contacts.counted(connection) == {"familiar": 1, "following": 1}


TEXT = Agreed("marketing", "v1", "page", 1_000)


def test_only_a_consent_that_lives_lets_somebody_be_written_to(shop: Shop) -> None:
    found, _ = contacts.add(
        shop,
        Told(Person((Identity("email", "a@b.de"),), "page", 1_000, name="Anna"), agreed=(TEXT,)),
    )
    anna = found.contact_id
    assert anna is not None and wanted(shop) == ["Anna"] and wanted(shop, "payout") == []
    with shop.database.writing() as connection:
        assert consent.withdraw(connection, shop, anna, "marketing", "unsubscribe page", 1_000)
    assert wanted(shop) == []  # of the same second the withdrawal counts
    with shop.database.writing() as connection:
        consent.give(connection, shop, anna, "marketing", "v1", "page", 999)
    assert wanted(shop) == []  # an older word, told later
    with shop.database.writing() as connection:
        assert consent.give(connection, shop, anna, "marketing", "v2", "page", 1_001)
        assert not consent.give(connection, shop, anna, "marketing", "v2", "page", 1_001)
    assert wanted(shop) == ["Anna"]
    with shop.database.writing() as connection:
        connection.execute(table.update().values(erased_at=NOW))
    assert wanted(shop) == []


WORDS = st.lists(
    st.tuples(st.integers(1, 2), st.sampled_from(["marketing", "payout"]), st.booleans(), st.integers(1, 5)),
    max_size=10,
)  # fmt: skip


@settings(max_examples=8)
@given(WORDS)
def test_the_latest_word_counts_in_whatever_order_it_is_told(
    words: list[tuple[int, str, bool, int]],
) -> None:
    with TemporaryDirectory() as folder:
        shop = Shop(Workspace(Path(folder)), shop_settings.Settings(), lambda: float(NOW))
        for name in ("a", "b"):
            contacts.add(shop, Told(Person((Identity("wechat", name),), "", 1)))
        with shop.database.writing() as connection:
            for who, purpose, given_, at in words:
                consent.record(connection, shop, [Said(who, purpose, given_, "v1", "page", at)])
            for who, purpose in product((1, 2), ("marketing", "payout")):
                said = [
                    (at, not given_) for own, of, given_, at in words if (own, of) == (who, purpose)
                ]
                wanted = bool(said) and not max(said)[1]
                assert consent.may_send(connection, who, purpose) is wanted
        shop.database.close()


@pytest.mark.parametrize(
    "bad",
    [
        Agreed("Marketing!", "v1", "page", 1_000), Agreed("marketing", " ", "page", 1_000),
        Agreed("marketing", "v1", "", 1_000), Agreed("marketing", "v1", "page", NOW + 1),
        Agreed("marketing", "v1", "page", 0), Agreed("marketing", "v" * 201, "page", 1_000),
    ],
)  # fmt: skip
def test_what_proves_nothing_is_no_consent(shop: Shop, bad: Agreed) -> None:
    with pytest.raises(CurateError):
        contacts.add(shop, Told(Person((Identity("email", "a@b.de"),), "", 1_000), agreed=(bad,)))
    assert people(shop) == 0


def test_a_consent_begins_to_follow_and_a_withdrawal_takes_no_stage_away(shop: Shop) -> None:
    person = Person((Identity("email", "a@b.de"),), "page", 1_000)
    contacts.add(shop, Told(person, agreed=(TEXT,)))
    with shop.database.writing() as connection:
        record(connection, shop, [Event(1, "talked", "x", 2_000)])
        consent.withdraw(connection, shop, 1, "marketing", "page", 3_000)
    with shop.database.reading() as connection:
        assert connection.scalar(select(table.c.stage)) == "familiar"
        assert [one.given for one in consent.history(connection, 1)] == [True, False]


HOSTILE = [
    '=HYPERLINK("http://evil.example","x")', "'; DROP TABLE contacts; --", "<script>alert(1)</script>",
    "\x00\x07\x1b[31m", "\u202egnp.exe", "𠮷野家" * 20, "a" * 190, "{code}%s{0}", '"', "\ud7ff",
]  # fmt: skip


@pytest.mark.slow
def test_ten_thousand_rows_of_all_sorts(shop: Shop) -> None:
    path = shop.workspace.root / "many.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(HEADER)
        for n in range(10_000):
            who = n % 7_000  # 3,000 come twice
            out.writerow([
                f"n{who}@Example.com" if n < 7_000 else f"N{who}@example.COM ", f"1380{who:07}" if who % 2 else "",
                f"微信{who}" if who % 3 == 0 else "", "", "公众号", HOSTILE[n % len(HOSTILE)], "zh",
                HOSTILE[n % 7], f"2026-03-{n % 28 + 1:02} 08:00", "",
                list(filter(None, ["seen", "", "subscribed"]))[n % 2], "yes" if n % 4 == 0 else "",
                "2026-01", "菜单", "",
            ])  # fmt: skip
        out.writerow(["not an address", *[""] * 14])
    taken = take_file(shop, path)
    assert (taken.rows, taken.new, taken.known, taken.faults) == (10_001, 7_000, 3_000, 1)
    again = take_file(shop, path)
    assert (again.new, again.known, again.consents, again.events) == (0, 10_000, 0, 0)
    with shop.database.reading() as connection:
        count = select(func.count()).select_from(identities)
        assert connection.scalar(count) == 7_000 + 3_500 + 2_334
        assert set(contacts.counted(connection)) <= set(STAGES)
        assert (
            connection.scalar(select(func.count()).select_from(consents)) == taken.consents == 1_750
        )


def test_who_is_told_to_want_no_more_is_written_to_no_more(shop: Shop) -> None:
    """The event is what a list tells of those who left: without its withdrawal they would be written to still."""
    head = "email,name,event,at,consent,consent_text,consent_source,consent_at\n"
    take(shop, f"{head}a@example.org,Ann,,2026-01-01,yes,1,page,2026-01-01\n")
    assert wanted(shop) == ["Ann"]
    left = f"{head}a@example.org,Ann,unsubscribed,2026-02-01,,,,\n"
    take(shop, left)
    assert wanted(shop) == []
    take(shop, f"{head}a@example.org,Ann,,2026-03-01,yes,1,page,2026-03-01\n")
    take(shop, left)  # told again it is the word of then, and no new one
    assert wanted(shop) == ["Ann"]
    undated = f"{head}a@example.org,Ann,unsubscribed,,,,,\n"
    take(shop, undated)
    assert wanted(shop) == []


def test_a_withdrawal_counts_where_the_clock_was_put_back(shop: Shop) -> None:
    clock = [float(NOW)]
    shop = Shop(shop.workspace, shop.settings, lambda: clock[0])
    take(shop, "email,name\na@example.org,Ann\n")
    with shop.database.writing() as connection:
        own = find(connection, shop, "a@example.org")
        consent.give(connection, shop, own, "marketing", "1", "page")
        clock[0] -= 3_600
        assert consent.withdraw(connection, shop, own, "marketing", "a letter")
    assert wanted(shop) == []
    with shop.database.writing() as connection:
        consent.withdraw(connection, shop, own, "marketing", "a letter")
        clock[0] += 7_200
        consent.give(connection, shop, own, "marketing", "1", "page")
    assert wanted(shop) == ["Ann"]

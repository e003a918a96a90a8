"""What is kept of a person is mapped, given to them as a copy, and forgotten when they ask for it."""

from __future__ import annotations

import csv
import json
import stat
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table, Text, func, select, update

from curate.books.privacy import audit, erase, export
from curate.database import personal
from curate.database.tables import (
    PERSONAL,
    affiliates,
    consents,
    contacts,
    costs,
    identities,
    letters,
    orders,
    outbox,
    tickets,
)
from curate.errors import CurateError
from curate.shop.orders import Line
from curate.shop.orders.intake import take
from tests.people import known, personal_columns
from tests.selling import Counter, count
from tests.selling import shop as counter_of


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return counter_of(tmp_path)


def texts(counter: Counter) -> str:
    """All that stands in all text columns."""
    found = []
    with counter.shop.database.reading() as connection:
        for table in personal.metadata.sorted_tables:
            for row in connection.execute(select(table)):
                found += [str(value) for value in row if isinstance(value, str)]
    return "\n".join(found)


def test_each_personal_column_is_tied_to_somebody() -> None:
    found = {f"{one.table}.{one.column}": one for one in personal.columns()}
    assert found["letters.text"].way.endswith("contacts")
    assert found["affiliates.account"].sort == "sensitive"
    assert found["identities.value"].erased == "deleted"
    assert found["costs.person"].way == "costs.person"
    assert found["orders.number"].sort == "none" and found["orders.number"].erased == "kept"
    assert all(one.way for one in found.values() if one.sort != "none")


def test_a_personal_column_of_nobody_is_an_error() -> None:
    other = MetaData()
    people = Table("contacts", other, Column("id", Integer, primary_key=True))
    note = Column("note", Text, info=PERSONAL)
    Table("islands", other, Column("id", Integer, primary_key=True), note)
    with pytest.raises(LookupError, match=r"islands\.note"):
        personal.columns(other)
    bridge = MetaData()
    people.to_metadata(bridge)
    Table(
        "bridges", bridge, Column("id", Integer, primary_key=True),
        Column("contact_id", Integer, ForeignKey("contacts.id")), Column("note", Text, info=PERSONAL),
    )  # fmt: skip
    (found,) = [one for one in personal.columns(bridge) if one.sort != "none"]
    assert (found.way, found.erased) == ("bridges.contact_id → contacts", "blanked")


def test_a_copy_holds_everything_of_one_and_nothing_of_another(
    counter: Counter, tmp_path: Path
) -> None:
    one, other = known(counter.shop, "ann"), known(counter.shop, "bob")
    done = export.export(counter.shop, one.email, tmp_path / "ann")
    assert personal_columns() - set(one.marks) == {"costs.person"}
    whole = (tmp_path / "ann" / "person.json").read_text("utf-8")
    tables = json.loads(whole)["tables"]
    sheets = {path.stem: path.read_text("utf-8-sig") for path in (tmp_path / "ann").glob("*.csv")}
    for name, mark in one.marks.items():
        table, _, column = name.partition(".")
        assert mark in [row[column] for row in tables[table]]
        assert mark in sheets[table]
    assert not any(mark in whole for mark in other.marks.values())
    assert done.tables["orders"] == 1 and not done.erased
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "ann").iterdir()} == {0o600}
    assert stat.S_IMODE((tmp_path / "ann").stat().st_mode) == 0o700
    with pytest.raises(CurateError, match="there already"):
        export.export(counter.shop, one.email, tmp_path / "ann")


def test_a_copy_in_one_file_is_safe_in_spreadsheets(counter: Counter, tmp_path: Path) -> None:
    one = known(counter.shop, "ann")
    with counter.shop.database.writing() as connection:
        connection.execute(update(contacts).values(name='=HYPERLINK("http://x","y")'))
    export.export(counter.shop, str(one.contact_id), tmp_path / "ann.zip")
    assert stat.S_IMODE((tmp_path / "ann.zip").stat().st_mode) == 0o600
    with zipfile.ZipFile(tmp_path / "ann.zip") as archive:
        (row,) = csv.DictReader(archive.read("contacts.csv").decode("utf-8-sig").splitlines())
        assert row["name"].startswith("'=") and row["acquired_at"].endswith("+00:00")
        (exact,) = json.loads(archive.read("person.json"))["tables"]["contacts"]
        assert exact["name"].startswith("=HYPER") and isinstance(exact["acquired_at"], int)


WAYS = {
    "e-mail": lambda one: one.email.upper(),
    "number": lambda one: str(one.contact_id),
    "channel's name": lambda one: f"own:{one.tag}-handle",
    "order": lambda one: f"order:own/{one.tag}-1",
    "ticket": lambda one: f"ticket:{one.rows['tickets']}",
    "affiliate": lambda one: f"affiliate:code-{one.tag}",
}


@pytest.mark.parametrize("way", WAYS)
def test_whoever_is_named_is_forgotten_whole_and_nobody_else(counter: Counter, way: str) -> None:
    one, other = known(counter.shop, "ann"), known(counter.shop, "bob")
    before = texts(counter)
    assert all(mark in before for mark in one.marks.values())
    done = erase.erase(counter.shop, [WAYS[way](one)])
    assert (done.people, done.rows >= len(one.rows)) == (1, True)
    after = texts(counter)
    assert not [name for name, mark in one.marks.items() if mark in after]
    assert "ann-" not in after.replace("code-ann", "").replace("ann-1", "").replace(
        "ann-SERIAL", ""
    )
    assert all(mark in after for mark in other.marks.values())
    assert erase.erase(counter.shop, [one.email]).rows == 0  # once more: nothing is left to do


def test_what_counts_them_counts_them_still(counter: Counter) -> None:
    one = known(counter.shop, "ann")
    with counter.shop.database.reading() as connection:
        before = {
            table.name: count(counter.shop, table) for table in personal.metadata.sorted_tables
        }
        money = connection.execute(select(orders.c.contact_id, orders.c.paid_at)).all()
    erase.erase(counter.shop, [one.email])
    after = {table.name: count(counter.shop, table) for table in personal.metadata.sorted_tables}
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"identities", "erasures", "consents", "audits"}
    with counter.shop.database.reading() as connection:
        assert connection.execute(select(orders.c.contact_id, orders.c.paid_at)).all() == money
        last = connection.execute(select(consents).order_by(consents.c.id.desc())).first()
        assert last is not None and not last.given
        assert connection.scalar(select(contacts.c.erased_at)) == counter.shop.now()


def test_what_did_not_reach_them_stops_it_unless_it_is_said(counter: Counter) -> None:
    one = known(counter.shop, "ann")
    with counter.shop.database.writing() as connection:
        connection.execute(update(outbox).values(state="rendered"))
        connection.execute(update(tickets).values(state="open"))
        connection.execute(update(affiliates).values(state="active"))
    with pytest.raises(CurateError, match="affiliates 1, messages 1") as told:
        erase.erase(counter.shop, [one.email])
    assert "--anyway" in told.value.hint and one.email not in str(told.value)
    assert count(counter.shop, identities) == 2
    erase.erase(counter.shop, [one.email], anyway=True)
    with counter.shop.database.reading() as connection:
        assert connection.scalar(select(outbox.c.state)) == "cancelled"
        assert connection.scalar(select(tickets.c.state)) == "closed"
        assert connection.scalar(select(affiliates.c.state)) == "ended"


def test_nobody_is_told_apart_by_an_error(counter: Counter) -> None:
    for told in ("nobody@marked.example", "12345", "order:own/9", "ticket:x", "own:张**", "", "  "):
        with pytest.raises(CurateError, match="nobody") as fault:
            erase.erase(counter.shop, [told])
        assert not told.strip() or told not in fault.value.message


@pytest.mark.parametrize("cut", ["both", "one by one"])
def test_an_order_told_again_brings_nobody_back(counter: Counter, cut: str) -> None:
    line = Line(
        "own", "N1", item="KEYS", paid=900, email="Ann@Marked.example", buyer="ann-buyer", paid_at=5,
        line_no="1", currency="CNY", language="en",
    )  # fmt: skip
    masked = Line("own", "N2", item="KEYS", paid=900, buyer="张**", paid_at=6, currency="CNY")
    take(counter.shop, [line, masked])
    told = ["ann@marked.example", "order:own/N2"]
    for some in [told] if cut == "both" else [[one] for one in told]:
        erase.erase(counter.shop, some, anyway=True)
    again = Line(
        "own", "N3", item="KEYS", paid=900, email="ann@marked.example", paid_at=7, currency="CNY"
    )
    take(counter.shop, [line, masked, again])
    with counter.shop.database.reading() as connection:
        assert {*connection.execute(select(orders.c.buyer, orders.c.email))} == {("", "")}
        assert connection.scalar(select(func.count()).select_from(contacts)) == 1
        ids = connection.execute(select(orders.c.number, orders.c.contact_id)).all()
        assert {row.number: row.contact_id for row in ids} == {"N1": 1, "N2": None, "N3": None}


def test_two_people_of_one_order_are_told_apart(counter: Counter) -> None:
    """An order names an e-mail and a channel's name; these are two contacts here."""
    shop = counter.shop
    take(
        shop,
        [
            Line("own", "1", item="KEYS", paid=1, email="a@marked.example", paid_at=1, currency="CNY"),
            Line("own", "2", item="KEYS", paid=1, buyer="bobby", paid_at=2, currency="CNY"),
            Line("own", "3", item="KEYS", paid=1, email="a@marked.example", buyer="bobby", paid_at=3,
                 currency="CNY"),
        ],
    )  # fmt: skip
    erase.erase(shop, ["a@marked.example"], anyway=True)
    with shop.database.reading() as connection:
        rows = connection.execute(select(orders.c.buyer, orders.c.email).order_by(orders.c.number))
        assert [*map(tuple, rows)] == [("", ""), ("bobby", ""), ("", "")]
    take(shop, [Line("own", "4", item="KEYS", paid=1, buyer="bobby", paid_at=4, currency="CNY")])
    with (
        shop.database.reading() as connection
    ):  # who shares an order with them is not blocked with them
        query = select(orders.c.buyer, orders.c.contact_id).where(orders.c.number == "4")
        assert connection.execute(query).one() == ("bobby", 2)


def test_a_name_in_an_order_of_another_goes_too(counter: Counter) -> None:
    test_two = [
        Line("own", "1", item="KEYS", paid=1, email="a@marked.example", paid_at=1, currency="CNY"),
        Line("own", "2", item="KEYS", paid=1, buyer="bobby", paid_at=2, currency="CNY"),
        Line("own", "3", item="KEYS", paid=1, email="a@marked.example", buyer="bobby", paid_at=3,
             currency="CNY"),
    ]  # fmt: skip
    take(counter.shop, test_two)
    erase.erase(counter.shop, ["own:bobby"], anyway=True)
    with counter.shop.database.reading() as connection:
        rows = connection.execute(select(orders.c.buyer, orders.c.email).order_by(orders.c.number))
        assert [*map(tuple, rows)] == [("", "a@marked.example"), ("", ""), ("", "a@marked.example")]


def test_somebody_of_the_team_is_known_by_their_name(counter: Counter, tmp_path: Path) -> None:
    with counter.shop.database.writing() as connection:
        for name, who in (("1", "Wang Wei"), ("2", "Wang Wei"), ("3", "Li")):
            connection.execute(
                costs.insert().values(
                    source=name, kind="team", first_day="2026-09-01", last_day="2026-09-30",
                    amount=100, currency="CNY", hours="1", rate="1.00", person=who, at=1,
                )
            )  # fmt: skip
    done = export.export(counter.shop, "person:Wang Wei", tmp_path / "w")
    assert done.tables == {"costs": 2}
    assert erase.erase(counter.shop, ["person:Wang Wei"]).rows == 2
    with counter.shop.database.reading() as connection:
        found = connection.execute(select(costs.c.person, costs.c.amount).order_by(costs.c.id))
        assert [*map(tuple, found)] == [("", 100), ("", 100), ("Li", 100)]


def test_a_letter_of_nobody_known_is_named_by_its_ticket(counter: Counter) -> None:
    with counter.shop.database.writing() as connection:
        values = {"state": "closed", "subject": "mine", "opened_at": 1, "changed_at": 1}
        own = connection.execute(tickets.insert().values(values)).inserted_primary_key[0]
        row = {"ticket_id": own, "who": "buyer", "text": "I am Ann", "at": 1}
        connection.execute(letters.insert().values(row))
    assert erase.erase(counter.shop, [f"ticket:{own}"]).rows == 2
    assert "Ann" not in texts(counter) and "mine" not in texts(counter)


def test_the_log_tells_what_was_done_and_never_to_whom(counter: Counter, tmp_path: Path) -> None:
    one = known(counter.shop, "ann")
    export.export(counter.shop, one.email, tmp_path / "x")
    erase.erase(counter.shop, [one.email])
    told = audit.listed(counter.shop)
    assert [(each.what, each.contact_id) for each in told] == [
        ("export", one.contact_id), ("erase", one.contact_id),
    ]  # fmt: skip
    assert "ann" not in repr(told)

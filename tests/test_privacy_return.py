"""Who was erased and buys again is served by name, as somebody new; what was before that stays forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from curate.books.affiliates import clicks, register
from curate.books.journey import consent, contacts
from curate.books.journey.contacts import Told
from curate.books.privacy import backup, erase, export
from curate.database.tables import affiliates, consents, erasures, identities, orders, outbox
from curate.database.tables import clicks as kept
from curate.database.tables import contacts as people
from curate.errors import CurateError
from curate.shop import Shop
from curate.shop import contacts as known
from curate.shop.contacts import Identity, Person
from curate.shop.delivery import serve
from curate.shop.orders import Line
from curate.shop.orders.intake import take
from curate.shop.stock import Row, add
from curate.workspace import Workspace
from tests.selling import START, Clock

EMAIL, NAME = "ann@marked.example", "ann-buyer"
DAY = 86_400
TOML = """
[products.KEYS]
stock = "unique"
[channels.post]
delivery = "email"
[channels.own]
[mail]
host = "127.0.0.1"
port = 1
security = "none"
sender = "shop@shop.example"
"""


class Place:
    """A shop whose time a test moves."""

    def __init__(self, root: Path) -> None:
        root.mkdir()
        (root / "curate.toml").touch()
        (root / "shop.toml").write_text(TOML, encoding="utf-8")
        self.clock = Clock()
        self.shop = Shop.open(Workspace.at(root), self.clock)

    def again(self) -> None:
        """As the next command opens it."""
        self.shop.database.close()
        self.shop = Shop.open(self.shop.workspace, self.clock)

    def restore(self, file: Path) -> int:
        self.shop.database.close()
        done = backup.restore(self.shop.workspace, file, replace=True)
        self.again()
        return done.forgotten

    def later(self) -> int:
        self.clock.now += DAY
        return self.shop.now()

    def told(self) -> dict[str, tuple[str, str]]:
        with self.shop.database.reading() as connection:
            rows = connection.execute(select(orders.c.number, orders.c.buyer, orders.c.email))
            return {row.number: (row.buyer, row.email) for row in rows}

    def whose(self, number: str) -> int | None:
        with self.shop.database.reading() as connection:
            return connection.scalar(select(orders.c.contact_id).where(orders.c.number == number))

    def living(self) -> list[int]:
        with self.shop.database.reading() as connection:
            query = select(people.c.id).where(people.c.erased_at.is_(None)).order_by(people.c.id)
            return [*connection.scalars(query)]

    def bytes(self) -> bytes:
        files = self.shop.workspace.root.glob("shop.db*")
        return b"".join(file.read_bytes() for file in files)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "w")


def line(
    number: str, paid_at: int | None, email: str = EMAIL, buyer: str = NAME, **how: str
) -> Line:
    state = how.get("state", "paid")
    return Line(
        how.get("channel", "post"), number, item="KEYS", email=email, buyer=buyer, paid_at=paid_at,
        paid=900 if state == "paid" else 0, unit_price=900, state=state,  # type: ignore[arg-type]
    )  # fmt: skip


def bought(place: Place, number: str) -> Line:
    one = line(number, place.shop.now())
    take(place.shop, [one])
    return one


def gone(place: Place, who: str = EMAIL) -> int:
    place.later()
    return erase.erase(place.shop, [who], anyway=True).rows


def test_who_buys_again_is_served_at_their_address_as_somebody_new(place: Place) -> None:
    shop, first = place.shop, bought(place, "N1")
    before = place.whose("N1")
    assert before is not None
    with shop.database.writing() as connection:
        consent.give(connection, shop, before, "marketing", "1", "shop")
    gone(place)
    place.later()
    add(shop, "KEYS", [Row(1, "AAAA"), Row(2, "BBBB")], "b")
    second = line("N2", shop.now())
    take(shop, [second, first])  # of one file, the new one and the old one
    serve(shop)
    after = place.whose("N2")
    assert after in place.living() and after != before and place.whose("N1") == before
    assert place.told() == {"N1": ("", ""), "N2": (NAME, EMAIL)}
    with shop.database.reading() as connection:
        query = select(outbox.c.recipient).where(outbox.c.state == "rendered")
        assert EMAIL in [*connection.scalars(query)]
        assert not connection.scalars(
            select(consents.c.id).where(consents.c.contact_id == after)
        ).all()
        assert not consent.may_send(connection, after, "marketing")
        acquired = connection.scalar(select(people.c.acquired_at).where(people.c.id == after))
        assert acquired == second.paid_at
    take(shop, [second, first])
    assert place.told() == {"N1": ("", ""), "N2": (NAME, EMAIL)}
    done = export.export(shop, EMAIL, shop.workspace.root / "ann")
    assert done.tables["orders"] == 1 and not done.erased  # what was before is nobody's


def test_the_time_that_counts_is_when_it_was_paid(place: Place) -> None:
    shop = place.shop
    take(shop, [line("open", None, state="unpaid"), line("seen", None)])
    assert place.whose("open") == place.whose("seen") is not None
    gone(place)
    late, at = line("late", shop.now() - 1), shop.now()  # paid before, and told after
    place.later()
    new = line("new", None, state="unpaid")
    take(shop, [late, new, line("open", None, state="unpaid"), line("seen", None)])
    assert set(place.told().values()) == {("", "")} and place.living() == []
    take(shop, [line("open", at + 1), line("seen", None)])
    assert place.told()["open"] == (NAME, EMAIL) and place.told()["seen"] == ("", "")
    assert place.living() == [place.whose("open")]
    place.later()
    take(shop, [line("new", None), line("none", None), late])  # no time is told: it is now
    told = place.told()
    assert told["new"] == told["none"] == (NAME, EMAIL) and told["late"] == ("", "")
    assert place.whose("new") == place.whose("none") == place.whose("open")


def test_a_name_that_says_nobody_comes_back_by_a_payment_only(place: Place) -> None:
    shop = place.shop
    paid = line("M1", None, email="", buyer="张**")
    unpaid = line("M2", None, email="", buyer="张**", state="unpaid")
    take(shop, [paid, unpaid])
    for who in ("order:post/M1", "order:post/M2"):
        gone(place, who)
    place.later()
    take(shop, [paid, unpaid])
    assert place.told() == {"M1": ("", ""), "M2": ("", "")}
    take(shop, [paid, line("M2", shop.now(), email="", buyer="张**")])
    assert place.told() == {"M1": ("", ""), "M2": ("张**", "")}


def test_lists_bring_nobody_back_and_tell_nothing_of_before(place: Place, tmp_path: Path) -> None:
    shop = place.shop
    bought(place, "N1")
    register.add(shop, register.New(email="seller@marked.example", name="S", code="SELLER"))
    gone(place)
    then = shop.now()
    place.later()
    table = tmp_path / "people.csv"
    table.write_text(
        "email,phone,at,consent,consent_text,consent_source,consent_at\n"
        f"{EMAIL},,,yes,1,shop,2020-01-01 10:00\n"
        f"{EMAIL},13800138000,,,,,\n",
        encoding="utf-8",
    )
    clicked = tmp_path / "clicks.csv"
    clicked.write_text(f"code,at,email\nSELLER,2020-01-01 10:00,{EMAIL}\n", encoding="utf-8")
    me = Told(Person((Identity("email", EMAIL),), "", shop.now()))

    def lists() -> tuple[int, int]:
        return contacts.take_file(shop, table).erased, clicks.take(shop, clicked).nobody

    assert lists() == (2, 1)
    for way in (
        lambda: contacts.add(shop, me),
        lambda: register.add(shop, register.New(email=EMAIL, name="Ann")),
    ):
        with pytest.raises(CurateError):
            way()
    assert EMAIL.encode() not in place.bytes()
    with shop.database.writing() as connection:  # a telephone that was theirs, too
        row = {"key": known.key(shop, "phone", "13800138000"), "at": then}
        connection.execute(erasures.insert().values(row))
    bought(place, "N2")
    assert lists() == (1, 1)
    own = place.whose("N2")
    with shop.database.reading() as connection:
        assert {*connection.scalars(select(identities.c.kind).where(identities.c.contact_id == own))} == {
            "email", "handle",
        }  # fmt: skip
        assert own is not None and not consent.history(connection, own)
        assert connection.scalars(select(kept.c.id)).all() == []
    place.later()
    when = "2030-03-21 10:00"
    table.write_text(
        f"email,consent,consent_text,consent_source,consent_at\n{EMAIL},yes,1,shop,{when}\n",
        encoding="utf-8",
    )
    place.clock.now += 5 * DAY
    taken = contacts.take_file(shop, table)
    assert (taken.consents, taken.known, taken.erased) == (1, 1, 0)
    assert register.add(shop, register.New(email=EMAIL, name="Ann", code="ANN")).code == "ANN"
    with shop.database.reading() as connection:
        query = select(affiliates.c.contact_id).where(affiliates.c.code == "ANN")
        assert connection.scalar(query) == own


MOMENTS = ("before", "between", "returned", "after")


def life(place: Place, to: Path, twice: bool = True) -> list[Line]:
    """Bought, erased, bought again, erased again, with a backup of each moment; all that they ever ordered, of half
    of it without its time."""
    found: list[Line] = []

    def buys(number: str) -> None:
        found.append(bought(place, number))
        found.append(line(f"{number}-untold", None))
        take(place.shop, found)

    buys("N1")
    backup.backup(place.shop, to / "before.zip")
    gone(place)
    backup.backup(place.shop, to / "between.zip")
    place.later()
    buys("N2")
    backup.backup(place.shop, to / "returned.zip")
    if twice:
        assert gone(place)
        backup.backup(place.shop, to / "after.zip")
    place.later()
    return found


@pytest.mark.parametrize("moment", MOMENTS)
def test_after_a_second_erasure_no_backup_and_no_file_tells_of_them(
    place: Place, tmp_path: Path, moment: str
) -> None:
    every = life(place, tmp_path)
    assert place.living() == [] and EMAIL.encode() not in place.bytes()
    for restored in (False, True):
        if restored:
            assert place.restore(tmp_path / f"{moment}.zip") == (moment != "after")
            assert place.living() == [] and EMAIL.encode() not in place.bytes()
        for _ in range(2):
            take(place.shop, every)
            assert set(place.told().values()) == {("", "")} and len(place.told()) == 4
            assert place.living() == []
            place.again()
    place.later()
    take(place.shop, [line("N3", place.shop.now()), *every])
    assert place.told()["N3"] == (NAME, EMAIL) and place.living() == [place.whose("N3")]
    place.again()
    assert place.told()["N3"] == (NAME, EMAIL)  # the journal is about what was before
    assert gone(place) and EMAIL.encode() not in place.bytes()
    take(place.shop, [line("N3", None), *every])
    assert set(place.told().values()) == {("", "")} and place.living() == []


@pytest.mark.parametrize("moment", MOMENTS[:3])
def test_who_came_back_is_back_whatever_is_restored(
    place: Place, tmp_path: Path, moment: str
) -> None:
    every = life(place, tmp_path, twice=False)
    assert place.restore(tmp_path / f"{moment}.zip") == (moment == "before")
    take(place.shop, every)
    told = place.told()
    assert {number for number, who in told.items() if who != ("", "")} == {"N2", "N2-untold"}
    assert len(place.living()) == 1 and len(told) == 4


def test_a_name_that_is_somebody_elses_now_is_theirs(place: Place, tmp_path: Path) -> None:
    """The name was erased with them, and whoever bought by it since is another contact."""
    bought(place, "N1")
    gone(place)
    place.later()
    other = line("N2", place.shop.now(), email="bob@marked.example")
    take(place.shop, [other])
    mail = line("N3", place.shop.now(), buyer="")
    take(place.shop, [mail])
    backup.backup(place.shop, tmp_path / "b.zip")
    gone(place)
    assert place.told() == {
        "N1": ("", ""), "N2": (NAME, "bob@marked.example"), "N3": ("", ""),
    }  # fmt: skip
    place.restore(tmp_path / "b.zip")
    take(place.shop, [other, mail])
    assert place.told()["N2"] == (NAME, "bob@marked.example") and place.told()["N3"] == ("", "")
    assert place.living() == [place.whose("N2")]


def test_erased_twice_at_once_is_erased_up_to_the_second_time(place: Place) -> None:
    bought(place, "N1")
    gone(place)
    place.later()
    between = line("N2", place.shop.now())
    assert gone(place) == 0  # nothing was left, and yet it is forgotten up to now
    take(place.shop, [between])
    assert place.told()["N2"] == ("", "") and place.clock.now > START

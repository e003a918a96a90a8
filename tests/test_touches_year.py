"""10,000 contacts for a year: whatever they do and whenever somebody looks after it, the rules hold.

A person and a mail server that take their time; shop.toml is edited now and then. What was sent is held
against the events, the log of consents and the clocks, by other means than those of the program.
"""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from sqlalchemy import event, select

from curate.books.journey import consent, events, touches
from curate.books.journey.events import Event
from curate.database.tables import consents, contacts, outbox
from curate.database.tables import events as happened
from curate.database.tables import touches as table
from curate.errors import CurateError
from curate.shop.delivery import outbox as box
from curate.shop.settings import Plan, Touch
from curate.shop.unsubscribe import Whose
from tests.planning import DAY, HOUR, Desk, desk, people, plan

CONTACTS, DAYS, SEED = 10_000, 365, 20260301
CAP, WINDOW = 3, 7
ZONES = {"hand": "Asia/Shanghai", "site": "America/New_York", "post": "Europe/Berlin", "machine": "Australia/Lord_Howe"}  # fmt: skip
KINDS = ("seen", "clicked", "took", "asked", "talked", "bought", "refunded")
WEIGHTS = (8, 5, 3, 2, 1, 2, 1)


def plans(edition: int) -> dict[str, Plan]:
    """Each edition edits one of them; one is taken out for a time."""
    text = f"edition {edition}"
    welcome = plan("subscribed", "1 hour", "2 days", "1 week", way="email")
    step = msgspec.structs.replace(welcome.steps[0], text=f"Hello {{name}}, {text}")
    found = {
        "welcome": msgspec.structs.replace(welcome, steps=(step, *welcome.steps[1:])),
        "bait": plan("took", "0 hours", "1 day", "3 days", stops=("bought", "refunded", "asked")),
        "after": plan("bought", "1 day", "2 weeks", way="email", stops=("refunded",)),
        "news": plan("clicked", "5 hours", purpose="news", stops=()),
    }
    if edition % 3 == 2:
        del found["bait"]
    return found


@dataclass
class Year:
    at: Desk
    people: list[int]
    chance: random.Random = field(default_factory=lambda: random.Random(SEED))
    sent: list[tuple[int, int, int]] = field(default_factory=list)  # time, outbox, contact
    refused: int = 0
    lately: list[int] = field(default_factory=list)  # who did something, and is likely to do more
    edits: list[tuple[int, dict[str, str]]] = field(
        default_factory=list
    )  # since when which versions

    def live(self) -> None:
        for day in range(DAYS):
            if day % 45 == 0:
                self.edit(day // 45)
            for _ in range(
                self.chance.choice((1, 1, 2))
            ):  # how often somebody looks after it that day
                self.at.clock.now += self.chance.randint(1, 11) * HOUR - self.chance.randint(
                    0, 3_599
                )
                self.happen()
                if self.chance.random() < 0.9:
                    self.at.run()
                self.send()
            self.at.clock.now = max(self.at.clock.now, self.begin + (day + 1) * DAY)

    @property
    def begin(self) -> int:
        return self.edits[0][0]

    def edit(self, edition: int) -> None:
        self.at.edit(plans=plans(edition))
        versions = {name: one.version for name, one in self.at.shop.settings.plans.items()}
        self.edits.append((int(self.at.clock.now), versions))

    def happen(self) -> None:
        """Contacts do something, some of it told late; some agree, some leave by the page."""
        now = int(self.at.clock.now)
        lately = self.chance.sample(self.lately, min(8, len(self.lately)))
        some = [*dict.fromkeys([*self.chance.sample(self.people, 12), *lately])]
        told = []
        for number, contact in enumerate(some):
            (kind,) = self.chance.choices(KINDS, WEIGHTS)
            when = now - self.chance.choice((0, 0, self.chance.randint(1, 3 * DAY)))
            told.append(Event(contact, kind, f"y:{now}:{number}", when))
        said = [
            consent.Said(one, purpose, self.chance.random() < 0.8, "1", "a form", now)
            for one in self.chance.sample(self.people, 6)
            for purpose in self.chance.choice((("marketing",), ("marketing", "news")))
        ]
        with self.at.shop.database.writing() as connection:
            events.record(connection, self.at.shop, told)
            consent.record(connection, self.at.shop, said)
        self.lately = [*self.lately, *some[:12], *(one.contact_id for one in said)][-60:]
        for one in {self.chance.choice(self.people), self.chance.choice(self.lately)}:
            touches.leave(self.at.shop, Whose(one, "marketing"), "unsubscribe page")

    def send(self) -> None:
        """The mail, where its server is there; a person, who does some of it."""
        if self.chance.random() < 0.8:
            while some := self.at.mail():
                self.note(some)
        for number in self.by_hand() if self.chance.random() < 0.7 else ():
            with suppress(CurateError):
                box.text(self.at.shop, number)
                box.confirm(self.at.shop, number, "sent")
                self.note([number])
                continue
            self.refused += 1

    def by_hand(self) -> list[int]:
        query = select(outbox.c.id).where(outbox.c.state == "rendered", outbox.c.way == "paste")
        with self.at.shop.database.reading() as connection:
            found = [*connection.scalars(query)]
        return self.chance.sample(found, len(found) * 2 // 3)

    def note(self, some: list[int]) -> None:
        query = select(outbox.c.id, outbox.c.contact_id).where(outbox.c.id.in_(some))
        with self.at.shop.database.reading() as connection:
            now = int(self.at.clock.now)
            self.sent += [(now, row.id, row.contact_id) for row in connection.execute(query)]


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Year:
    how = Touch(cap=CAP, cap_days=WINDOW, zones={k: v for k, v in ZONES.items() if k != "hand"})
    at = desk(tmp_path_factory.mktemp("year"), touch=how)

    @event.listens_for(at.shop.database.engine, "connect")
    def fast(connection: object, _: object) -> None:
        connection.execute("PRAGMA synchronous = OFF")  # type: ignore[attr-defined]

    at.shop.database.engine.dispose()
    made = [
        one
        for channel in ZONES
        for agreed, many in ((True, CONTACTS // 40), (False, CONTACTS // 4 - CONTACTS // 40))
        for one in people(at.shop, range(many), agreed=agreed, channel=channel)
    ]
    assert len(made) == CONTACTS
    found = Year(at, made)
    found.live()
    return found


@pytest.mark.slow
def test_something_was_sent_and_held_back(year: Year) -> None:
    assert len(year.sent) > CONTACTS // 2
    with year.at.shop.database.reading() as connection:
        why = Counter(connection.scalars(select(table.c.why).where(table.c.state != "queued")))
    assert min(why[one] for one in ("consent", "edited", "stopped bought", "stopped refunded")) > 20


@pytest.mark.slow
def test_nobody_got_more_than_the_cap_in_any_window(year: Year) -> None:
    times: dict[int, list[int]] = {}
    for when, _, contact in year.sent:
        times.setdefault(contact, []).append(when)
    assert max(map(len, times.values())) > CAP
    for mine in times.values():
        assert all(b - a >= WINDOW * DAY for a, b in zip(mine, mine[CAP:], strict=False))


@pytest.mark.slow
def test_nobody_got_anything_in_quiet_hours(year: Year) -> None:
    with year.at.shop.database.reading() as connection:
        channel = {row.id: row.channel for row in connection.execute(select(contacts))}
    hours: dict[str, set[str]] = {}
    for when, _, contact in year.sent:
        local = datetime.fromtimestamp(when, ZoneInfo(ZONES[channel[contact]]))
        assert 9 <= local.hour < 21, local
        hours.setdefault(ZONES[channel[contact]], set()).add(str(local.utcoffset()))
    assert {len(found) for zone, found in hours.items() if zone != "Asia/Shanghai"} == {2}  # both


@pytest.mark.slow
def test_nobody_got_anything_without_a_consent(year: Year) -> None:
    log: dict[tuple[int, str], list[tuple[int, bool]]] = {}
    with year.at.shop.database.reading() as connection:
        for row in connection.execute(select(consents)):
            log.setdefault((row.contact_id, row.purpose), []).append((row.at, row.given))
        purpose = {row.id: row.purpose for row in connection.execute(select(outbox))}
    for when, number, contact in year.sent:
        said = [(at, given) for at, given in log[contact, purpose[number]] if at <= when]
        last = max(at for at, _ in said)
        assert all(given for at, given in said if at == last)


@pytest.mark.slow
def test_what_ends_a_plan_ended_it_and_edits_cancelled_it(year: Year) -> None:
    editions = {one.version: one for n in range(20) for one in plans(n).values()}
    with year.at.shop.database.reading() as connection:
        rows = {row.outbox_id: row for row in connection.execute(select(table)) if row.outbox_id}
        did = {row.id: row for row in connection.execute(select(happened))}
    ends: dict[tuple[int, str], list[int]] = {}
    for one in sorted(did.values(), key=lambda row: row.at):
        ends.setdefault((one.contact_id, one.kind), []).append(one.at)
    known = known_at(year)
    since = [when for when, _ in year.edits]
    for when, number, contact in year.sent:
        touch = rows[number]
        begun = did[int(touch.trigger.partition(":")[2])]
        current = year.edits[bisect_right(since, when) - 1][1]
        assert current.get(touch.plan) == touch.version
        for kind in editions[touch.version].stops:
            mine = ends.get((contact, kind), [])
            later = mine[bisect_right(mine, begun.at) :]
            # What was told only after it was sent could end nothing.
            assert all(known[contact, kind, at] > when for at in later)


def known_at(year: Year) -> dict[tuple[int, str, int], int]:
    """When each event was told: its source says so, or it was told at once."""
    found: dict[tuple[int, str, int], int] = {}
    with year.at.shop.database.reading() as connection:
        for row in connection.execute(select(happened)):
            told = int(row.source.split(":")[1]) if row.source.startswith("y:") else row.at
            key = row.contact_id, row.kind, row.at
            found[key] = min(told, found.get(key, told))
    return found


@pytest.mark.slow
def test_nothing_was_sent_twice(year: Year) -> None:
    assert max(Counter(number for _, number, _ in year.sent).values()) == 1
    with year.at.shop.database.reading() as connection:
        rows = [row for row in connection.execute(select(table)) if row.outbox_id]
    steps = Counter((row.contact_id, row.plan, row.trigger, row.step) for row in rows)
    assert max(steps.values()) == 1
    assert len({row.outbox_id for row in rows}) == len(rows)
    assert {number for _, number, _ in year.sent} <= {row.outbox_id for row in rows}
    order = sorted(when for when, _, _ in year.sent)
    assert bisect_left(order, year.begin) == 0

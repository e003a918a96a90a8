"""Plans in shop.toml: what is wrong in them is told where it stands; when clocks are quiet; who begins, who ends."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.books.journey.stages import KINDS
from curate.database import tables
from curate.errors import ConfigError
from curate.shop import settings as shop_settings
from curate.shop.quiet import Hours, quiet, until
from curate.shop.settings import Plan, Step, Touch
from curate.shop.settings import journey as written
from curate.workspace import MARK, Workspace
from tests.planning import DAY, HOUR, NOON, Desk, desk, people, plan
from tests.selling import count

TOML = """
[plans.welcome]
begins = "subscribed"
{plan}

[[plans.welcome.steps]]
subject = "Hello"
text = "We are there."
{step}
"""
WRONG = {
    "event": ('stops = ["baught"]', "", "plans.welcome.stops", "'baught' is not allowed"),
    "stage": ("", 'least = "fan"', "plans.welcome.steps.1.least", "'fan' is not allowed"),
    "stages": ("", 'least = "trusting"\nbelow = "aware"', "plans.welcome.steps.1", "nobody has reached"),
    "delay": ("", 'delay = "two days"', "plans.welcome.steps.1", "'two days' is none"),
    "seconds": ("", 'delay = "90 seconds"', "plans.welcome.steps.1", "hours, days or weeks"),
    "place": ("", 'text = "Dear {nmae}"', "plans.welcome.steps.1", "did you mean {name}?"),
    "wide": ("", 'text = "您好｛name｝"', "plans.welcome.steps.1", "did you mean {name}?"),
    "unknown": ("", 'text = "{price}"', "plans.welcome.steps.1", "allowed: {name} {code} {link}"),
    "link": ("", 'text = "See {link}"', "plans.welcome", "write campaign = its code"),
    "mail": ("", 'way = "email"', "plans.welcome.steps.1", "[mail] names no host"),
    "way": ("", 'way = "sms"', "plans.welcome.steps.1.way", "allowed: paste, email"),
    "purpose": ('purpose = "Ads!"', "", "plans.welcome.purpose", "must"),
    "lines": ("", 'subject = "a\\nb"', "plans.welcome.steps.1", "one line"),
}  # fmt: skip


def read(root: Path, text: str) -> shop_settings.Settings:
    root.mkdir(parents=True, exist_ok=True)
    (root / MARK).touch()
    (root / shop_settings.FILE).write_text(text, "utf-8")
    return shop_settings.read(Workspace(root))


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_in_a_plan_is_told_with_its_place(tmp_path: Path, case: str) -> None:
    more, step, place, told = WRONG[case]
    text = TOML.format(plan=more, step=step)
    if step.startswith(("text", "subject")):  # instead of the usual one
        key = step.partition(" ")[0]
        text = "\n".join(
            line for line in text.splitlines() if not line.startswith(key) or line in step
        )
    with pytest.raises(ConfigError) as fault:
        read(tmp_path, text)
    assert place in str(fault.value) and told in str(fault.value), str(fault.value)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('quiet = "9 pm"', "no time of day"),
        ('quiet = "24:00-09:00"', "no time of day"),
        ('quiet = "09:00-09:00"', "all of the day or none"),
        ('timezone = "Mars/Base"', "'Mars/Base' is no time zone"),
        ('zones = { own = "X" }', "'X' is no time zone"),
        ('zones = { own = "Asia/Tokyo" }', "there is no [channels.own]"),
        ("cap = 0", ">= 1"),
    ],
)
def test_what_is_wrong_for_all_plans_too(tmp_path: Path, line: str, told: str) -> None:
    with pytest.raises(ConfigError) as fault:
        read(tmp_path, f"[touch]\n{line}\n")
    assert told in str(fault.value), str(fault.value)


def test_a_plan_as_it_should_be(tmp_path: Path) -> None:
    found = read(tmp_path, TOML.format(plan='campaign = "c1"', step='delay = "2 weeks"'))
    (step,) = found.plans["welcome"].steps
    assert step.wait == 14 * DAY
    assert Touch().hours == (21 * HOUR, 9 * HOUR) and Touch(quiet="").hours is None


def test_settings_know_the_events_and_stages_of_the_books() -> None:
    assert get_args(written.Event) == tuple(KINDS)
    assert written.STAGES == tables.STAGES == get_args(written.Stage)[1:]


@given(
    st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
    st.integers(1_893_456_000, 1_925_000_000),
    st.tuples(st.integers(0, 287), st.integers(0, 287)).filter(lambda pair: pair[0] != pair[1]),
)
def test_the_end_of_quiet_hours_is_the_first_minute_that_is_not(
    name: str, at: int, fives: tuple[int, int]
) -> None:
    """Against looking at each minute; over two changes of the clock."""
    where, hours = ZoneInfo(name), (fives[0] * 300, fives[1] * 300)
    at -= at % 60
    found = until(at, hours, where)
    assert found == slowly(at, hours, where)


def slowly(at: int, hours: Hours, where: ZoneInfo) -> int:
    while quiet(at, hours, where):
        at += 60
    return at


@pytest.mark.parametrize(
    ("local", "hours", "found"),
    [
        # 2030-03-31 in Berlin: after 01:59 comes 03:00. 2030-10-27: after 02:59 comes 02:00 once more.
        ("2030-03-31T00:00+01:00", (0, 2 * HOUR + 1_800), "2030-03-31T03:00+02:00"),
        ("2030-03-30T22:00+01:00", (21 * HOUR, 9 * HOUR), "2030-03-31T09:00+02:00"),
        ("2030-10-26T22:00+02:00", (21 * HOUR, 9 * HOUR), "2030-10-27T09:00+01:00"),
        ("2030-10-27T00:00+02:00", (0, 2 * HOUR + 1_800), "2030-10-27T02:30+02:00"),
        ("2030-10-27T02:10+01:00", (0, 2 * HOUR + 1_800), "2030-10-27T02:30+01:00"),
    ],
)
def test_where_the_clock_is_put_forward_or_back(local: str, hours: Hours, found: str) -> None:
    at = int(datetime.fromisoformat(local).timestamp())
    told = until(at, hours, ZoneInfo("Europe/Berlin"))
    assert datetime.fromtimestamp(told, UTC) == datetime.fromisoformat(found)


def test_steps_follow_one_another(tmp_path: Path) -> None:
    at = desk(tmp_path, welcome=plan("subscribed", "1 hour", "2 days"))
    at.contact()
    assert at.run().prepared == 0
    at.clock.now += HOUR
    assert at.run().prepared == 1
    at.clock.now += 2 * DAY - 1
    assert at.run().prepared == 0
    at.clock.now += 1
    assert at.run().prepared == 1
    assert at.rows() == [("welcome", 1, "prepared", ""), ("welcome", 2, "prepared", "")]


def test_what_ends_a_plan_ends_what_is_queued_and_what_lies_in_the_outbox(tmp_path: Path) -> None:
    at = desk(tmp_path, welcome=plan("subscribed", "0 hours", "2 days"))
    contact = at.contact()
    assert at.run().prepared == 1 and len(at.lying()) == 1
    at.clock.now += HOUR
    at.did(contact, "bought")
    assert at.run().cancelled == 2
    assert {row[2:] for row in at.rows()} == {("cancelled", "stopped bought")}
    assert at.lying() == []


def test_what_happened_before_ends_nothing(tmp_path: Path) -> None:
    at = desk(tmp_path, welcome=plan("subscribed", "1 hour"))
    contact = at.contact()
    at.did(contact, "bought", NOON - DAY)
    at.clock.now += HOUR
    assert at.run().prepared == 1


def test_a_plan_is_not_begun_beside_itself(tmp_path: Path) -> None:
    at = desk(tmp_path, again=plan("clicked", "1 day"))
    contact = at.contact()
    for _ in range(3):
        at.did(contact, "clicked")
        at.run()
        at.clock.now += HOUR
    assert [row[:3] for row in at.rows()] == [("again", 1, "queued")]


def test_each_purchase_begins_a_plan_of_purchases(tmp_path: Path) -> None:
    at = desk(tmp_path, thanks=plan("bought", "1 day"))
    contact = at.contact()
    at.did(contact, "bought")
    at.run()
    at.clock.now += HOUR
    at.did(contact, "bought")
    assert at.run().begun == 0  # one was under way; the second purchase ended it
    assert at.rows() == [("thanks", 1, "cancelled", "stopped bought")]


@pytest.mark.parametrize("how", ["edited", "taken out"])
def test_editing_a_plan_cancels_what_it_has_not_sent(tmp_path: Path, how: str) -> None:
    at = desk(
        tmp_path, welcome=plan("subscribed", "0 hours", "2 days"), other=plan("clicked", "1 day")
    )
    contact = at.contact()
    at.did(contact, "clicked")
    at.run()
    new = plan("subscribed", "0 hours", "3 days") if how == "edited" else None
    plans = {"other": at.shop.settings.plans["other"]} | ({"welcome": new} if new else {})
    at.edit(plans=plans)
    assert at.run().cancelled == 2
    assert [row[2:] for row in at.rows() if row[0] == "welcome"] == [("cancelled", "edited")] * 2
    assert [row[2:] for row in at.rows() if row[0] == "other"] == [("queued", "")]
    assert at.lying() == [] and at.run().cancelled == 0


def test_every_change_of_a_plan_is_another_version() -> None:
    one = plan("subscribed", "1 day")
    (step,) = one.steps
    others = [
        msgspec.structs.replace(one, purpose="news"),
        msgspec.structs.replace(one, stops=()),
        msgspec.structs.replace(one, campaign="c"),
        msgspec.structs.replace(one, begins="bought"),
        msgspec.structs.replace(one, steps=(msgspec.structs.replace(step, text="new"),)),
        msgspec.structs.replace(one, steps=(step, step)),
    ]
    assert len({each.version for each in [one, *others]}) == 7
    assert (
        Plan("subscribed", (Step("No. 1", "Hello {name}, text 1", "1 day"),)).version == one.version
    )


def test_events_of_long_ago_begin_nothing(tmp_path: Path) -> None:
    at = desk(tmp_path, welcome=plan("clicked", "0 hours"))
    contact = at.contact()
    at.did(contact, "clicked", NOON - 60 * DAY)
    done = at.run()
    assert (done.begun, done.late) == (0, 1) and at.rows() == []


def test_one_step_costs_the_same_however_many_contacts_there_are(tmp_path: Path) -> None:
    from tests.planning import Statements

    costs = []
    for number in (10, 2_000):
        at = desk(tmp_path / str(number), welcome=plan("subscribed", "30 days"))
        people(at.shop, range(number))
        at.run()
        at.did(1, "clicked")
        with Statements(at.shop) as asked:
            assert at.run().prepared == 0
        assert count(at.shop, tables.touches) == number
        costs.append(asked.count)
    assert costs[0] == costs[1]


def test_the_cost_goes_by_what_is_due(tmp_path: Path) -> None:
    from tests.planning import Statements

    costs: dict[int, int] = {}
    for due in (200, 800):
        at: Desk = desk(
            tmp_path / str(due), touch=Touch(quiet=""), welcome=plan("clicked", "1 hour")
        )
        made = people(at.shop, range(1_000))
        with at.shop.database.writing() as connection:
            from curate.books.journey import events

            told = [events.Event(one, "clicked", f"c:{one}", NOON) for one in made[:due]]
            events.record(connection, at.shop, told)
        at.run()
        at.clock.now += HOUR
        with Statements(at.shop) as asked:
            assert at.run().prepared == due
        costs[due] = asked.count
    assert costs[200] <= 40 and costs[800] <= 4 * costs[200]

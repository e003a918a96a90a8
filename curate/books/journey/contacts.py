"""Contacts as the seller takes them in and looks at them: from tables, one by one, and each with all that is known.

Taking the same table in again changes nothing. What a row says of a consent counts only with its proof.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, bindparam, case, func, select, update

from curate.books.journey import consent, events
from curate.books.journey.consent import MARKETING, Said
from curate.books.journey.events import Event
from curate.database.tables import campaigns, contacts
from curate.errors import CurateError, Problem
from curate.shop import calendar
from curate.shop import contacts as people
from curate.shop.contacts import Found, Identity, Person
from curate.shop.orders import sheet
from curate.shop.orders.cells import Row
from curate.workspace import unusable

if TYPE_CHECKING:
    from datetime import tzinfo

    from curate.shop import Shop

COLUMNS = {
    "email": ("email", "e-mail", "邮箱", "电子邮箱"),
    "phone": ("phone", "mobile", "手机", "手机号", "电话"),
    "wechat": ("wechat", "微信", "微信号"),
    "handle": ("handle", "buyer", "昵称", "买家昵称", "买家"),
    "channel": ("channel", "渠道"),
    "name": ("name", "姓名", "称呼"),
    "language": ("language", "语言"),
    "note": ("note", "备注"),
    "at": ("at", "acquired_at", "date", "时间", "日期", "添加时间"),
    "campaign": ("campaign", "活动", "state"),
    "event": ("event", "事件"),
    "consent": ("consent", "同意"),
    "consent_text": ("consent_text", "同意文本"),
    "consent_source": ("consent_source", "同意来源"),
    "consent_at": ("consent_at", "同意时间"),
}
"""Of a table of contacts, with the other names that each may have."""
_KINDS: tuple[people.Kind, ...] = ("email", "phone", "wechat", "handle")
_ALONE: tuple[people.Kind, ...] = _KINDS[:3]
"""Names that are one person's whatever the channel."""
_YES = ("yes", "y", "true", "1", "是", "同意", "已同意")
_NO = ("no", "n", "false", "0", "否", "不同意")
_AT_ONCE = 500
_MOST = 1_000
"""Problems that are kept; the rest is counted."""
_NOTED = (
    update(contacts)
    .where(contacts.c.id == bindparam("own"))
    .values(note=case((contacts.c.note == "", bindparam("told")), else_=contacts.c.note))
)


_LIST = "a list of contacts"


@dataclass(slots=True)
class Taken:
    """What came of a table. ``faults``: all problems that are no warnings, of which some may not be kept."""

    rows: int = 0
    new: int = 0
    known: int = 0
    erased: int = 0  # who was erased stays out
    consents: int = 0
    events: int = 0
    faults: int = 0
    problems: list[Problem] = field(default_factory=list)

    def tell(self, problem: Problem) -> None:
        self.faults += problem.severity == "error"
        if len(self.problems) < _MOST:
            self.problems.append(problem)


@dataclass(frozen=True, slots=True)
class Agreed:
    """A consent as a row or a person tells it."""

    purpose: str
    text_version: str
    source: str
    at: int


@dataclass(frozen=True, slots=True)
class Told:
    """Somebody, as they are told. ``event``: what they did at ``person.at``; "" for nothing."""

    person: Person
    note: str = ""
    event: str = ""
    campaign: str = ""
    agreed: tuple[Agreed, ...] = ()
    where: str = ""
    dated: bool = True  # False: nobody said when, and it is now


def take_file(shop: Shop, path: Path, tell: Callable[[int], None] = lambda rows: None) -> Taken:
    """Take in the contacts of a CSV file, see :data:`COLUMNS`; ``tell`` gets the number of rows so far.

    What cannot be understood is told by its row, and the rest goes on. Raises CurateError where the file as
    a whole cannot be read.
    """
    taken = Taken()
    with shop.database.reading() as connection:
        codes = _codes(connection)
    try:
        found = _read(shop, path, codes, taken)
        while some := [*islice(found, _AT_ONCE)]:
            _take(shop, some, codes, taken)
            tell(taken.rows)
    except OSError as fault:
        raise unusable(fault, path) from fault
    return taken


def add(shop: Shop, told: Told) -> tuple[Found, Taken]:
    """Take one in. Raises CurateError where nobody is named, or something of it is not right."""
    taken = Taken(rows=1)
    with shop.database.reading() as connection:
        codes = _codes(connection)
    told = _proved(shop, _checked(shop, told, codes))
    (found,) = _take(shop, [told], codes, taken)
    if found.erased:
        raise CurateError(
            "they were erased and are not taken in again", "see: curate privacy --help"
        )
    return found, taken


def named(kind: people.Kind, value: str, channel: str = "") -> Identity:
    """Raises CurateError where ``value`` tells nobody."""
    if not people.normal(kind, value):
        raise CurateError(
            f"{value[:60]!r} in {kind} tells nobody", "leave the cell empty where it is not known"
        )
    if kind == "handle" and not channel:
        raise CurateError(
            "handle is a channel's name for somebody, and channel is empty", "name the channel"
        )
    return Identity(kind, value, channel if kind == "handle" else "")


def _codes(connection: Connection) -> dict[str, int]:
    return {
        row.code: int(row.id)
        for row in connection.execute(select(campaigns.c.code, campaigns.c.id))
    }


def _read(shop: Shop, path: Path, codes: dict[str, int], taken: Taken) -> Iterator[Told]:
    zone = calendar.zone(shop.settings.books.timezone)
    names = tuple(name for kind in _KINDS for name in COLUMNS[kind])
    for row in sheet.rows(path, (names,)):
        taken.rows += 1
        if isinstance(row, Problem):
            taken.tell(row)
            continue
        try:
            yield _checked(shop, _understood(shop, row, zone, taken), codes)
        except CurateError as fault:
            taken.tell(row.problem(fault))


def _understood(shop: Shop, row: Row, zone: tzinfo, taken: Taken) -> Told:
    def text(name: str, most: int = 200) -> str:
        return row.text(*COLUMNS[name], most=most)

    channel = text("channel", 60)
    identities = tuple(named(kind, value, channel) for kind in _KINDS if (value := text(kind, 320)))
    at = row.time(*COLUMNS["at"], zone=zone)
    person = Person(identities, channel, shop.now() if at is None else at, text("language", 20),
                    text("name"))  # fmt: skip
    campaign = text("campaign").casefold()
    told = Told(person, text("note", 1_000), text("event").casefold() or ("seen" if campaign else ""),
                campaign, where=row.where, dated=at is not None)  # fmt: skip
    try:
        return _proved(shop, replace(told, agreed=_agreed(row, text, at, zone)))
    except (
        CurateError
    ) as fault:  # a consent that is not proved is none, and they are taken in without
        taken.tell(row.problem(fault))
        return told


def _agreed(
    row: Row, text: Callable[[str], str], at: int | None, zone: tzinfo
) -> tuple[Agreed, ...]:
    said = text("consent").casefold()
    if not said or said in _NO:
        return ()
    purposes = (MARKETING,) if said in _YES else said.replace(",", " ").replace(";", " ").split()
    when = row.time(*COLUMNS["consent_at"], zone=zone)
    when = at if when is None else when
    if when is None:
        raise CurateError(
            "a consent without its time proves nothing", "say when it was given in consent_at"
        )
    version, source = text("consent_text"), text("consent_source")
    return tuple(Agreed(one, version, source, when) for one in purposes)


def _checked(shop: Shop, told: Told, codes: dict[str, int]) -> Told:
    if not told.person.identities:
        raise CurateError("it names nobody", "fill in email, phone, wechat, or handle with channel")
    if not 0 < told.person.at <= shop.now():
        raise CurateError("its time is not in the past", "write it as 2026-03-01 12:00:00")
    if told.campaign and told.campaign not in codes:
        raise CurateError(
            f"{told.campaign[:40]!r} is the code of no campaign", "see: curate campaigns list"
        )
    if told.event:
        events.check(shop, told.event, told.person.at)
    return told


def _proved(shop: Shop, told: Told) -> Told:
    for one in told.agreed:
        consent.check(shop, Said(0, one.purpose, True, one.text_version, one.source, one.at))
    return told


def _take(shop: Shop, some: Sequence[Told], codes: dict[str, int], taken: Taken) -> list[Found]:
    with shop.database.writing() as connection:
        found = people.of_people(connection, shop, [one.person for one in some])
        there = [
            (told, one.contact_id)
            for told, one in zip(some, found, strict=True)
            if one.contact_id is not None
        ]
        notes = [{"own": own, "told": told.note} for told, own in there if told.note]
        if notes:
            connection.execute(_NOTED, notes)
        said = [
            Said(who.contact_id, one.purpose, True, one.text_version, one.source, one.at)
            for told, who in zip(some, found, strict=True)
            for one in told.agreed
            if who.contact_id is not None and one.at > who.since  # what was forgotten is no consent
        ]
        taken.consents += sum(consent.record(connection, shop, said))
        did = [(told, own) for told, own in there if told.event]
        happened = [_event(shop, told, own, codes) for told, own in did]
        outcomes = events.record(connection, shop, happened)
        _leave(connection, shop, happened, outcomes)
    for (told, _), outcome in zip(did, outcomes, strict=True):
        _tell(taken, told, outcome)
    for told, one in zip(some, found, strict=True):
        _count(taken, told, one)
    return found


def _event(shop: Shop, told: Told, own: int, codes: dict[str, int]) -> Event:
    """Told again, it is the same one: keyed, so that nobody can try out addresses on it."""
    who = [
        part
        for one in told.person.identities
        for part in (one.kind, people.normal(one.kind, one.value))
    ]
    when = str(told.person.at) if told.dated else ""
    mark = shop.keys.mac("told event", told.event, when, told.campaign, *who)
    return Event(
        own, told.event, f"told:{mark.hex()[:40]}", told.person.at, codes.get(told.campaign)
    )


def _leave(
    connection: Connection, shop: Shop, some: Sequence[Event], outcomes: Sequence[events.Outcome]
) -> None:
    """Who is told to want no more messages takes back what they agreed to: else they would be sent still."""
    purposes = sorted({MARKETING, *(one.purpose for one in shop.settings.plans.values())})
    left = [
        Said(one.contact_id, purpose, False, "-", _LIST, one.at)
        for one, outcome in zip(some, outcomes, strict=True)
        if one.kind == "unsubscribed" and outcome.new
        for purpose in purposes
    ]
    consent.record(connection, shop, left)


def _tell(taken: Taken, told: Told, outcome: events.Outcome) -> None:
    """An event that led nowhere is told with the reason; it is kept."""
    taken.events += outcome.new
    if outcome.why:
        hint = "it counts as soon as what is missing is told"
        what = outcome.why.text.format_map(outcome.why.args)
        taken.tell(Problem(told.where, what, hint, "warning"))


def _count(taken: Taken, told: Told, one: Found) -> None:
    taken.new += one.new
    taken.erased += one.erased
    taken.known += not one.new and not one.erased
    if one.others:
        others = ", ".join(map(str, one.others))
        what = f"its other names belong to contact {others}; {one.contact_id} counts"
        hint = "contacts are never merged: see both with curate contacts show"
        taken.tell(Problem(told.where, what, hint, "warning"))


def find(connection: Connection, shop: Shop, text: str) -> int:
    """The contact that ``text`` means: its number, an address, a telephone, a WeChat name, or channel:name;
    also phone:NUMBER and wechat:NAME, as they are written elsewhere.

    Raises CurateError where there is none.
    """
    bare = text.strip().removeprefix("#")
    if bare.isdecimal() and len(bare) < 10:
        query = select(contacts.c.id).where(contacts.c.id == int(bare))
        if (own := connection.scalar(query)) is not None:
            return int(own)
    channel, _, handle = text.partition(":")
    tried = [(kind, text, "") for kind in _ALONE] + [("handle", handle, channel)]
    tried += [(kind, handle, "") for kind in _ALONE if kind == channel]
    keys = [people.key(shop, *one) for one in tried if people.normal(one[0], one[1])]
    for key in keys:
        if (found := people.owners(connection, [key]).get(key)) is not None:
            return found
    raise CurateError(
        f"there is no contact {text[:60]!r}",
        "name a number of curate contacts list, an e-mail address, phone:NUMBER, wechat:NAME or CHANNEL:NAME",
    )


def counted(connection: Connection) -> dict[str, int]:
    """How many contacts are at each stage."""
    query = select(contacts.c.stage, func.count()).group_by(contacts.c.stage)
    return {stage: int(count) for stage, count in connection.execute(query)}

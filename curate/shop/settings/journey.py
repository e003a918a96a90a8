"""What contacts are sent, when, and how much of it they are spared."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Container, Mapping
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta

Stage = Literal[
    "", "stranger", "aware", "interested", "following", "familiar", "approving", "trusting", "purchased",
    "sharing",
]  # fmt: skip
STAGES: tuple[Stage, ...] = (
    "stranger", "aware", "interested", "following", "familiar", "approving", "trusting", "purchased",
    "sharing",
)  # fmt: skip
"""In the order in which they are reached: those of the database, which takes longer to import."""
Event = Literal[
    "seen", "clicked", "took", "asked", "subscribed", "talked", "approved", "trusted", "bought", "recommended",
    "joined", "refunded", "unsubscribed",
]  # fmt: skip
"""What contacts do: those of ``books.journey.stages``, which tells what they lead to."""
PLACES = ("name", "code", "link", "unsubscribe")
_IN_SUBJECT = ("name", "code")
_HOUR, _DAY = 3_600, 86_400
_SECONDS = {"hour": _HOUR, "day": _DAY, "week": 7 * _DAY}
_DELAY = re.compile(r"(\d{1,3}) (hour|day|week)s?", re.ASCII)
_QUIET = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_PLACE = re.compile(r"[{｛]([^{}｛｝\n]{0,40})[}｝]")  # as Chinese keyboards write it, too
_STEPS, _SUBJECT, _TEXT = 50, 200, 10_000


class Touch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What holds for all plans together."""

    cap: Annotated[int, Meta(ge=1, le=100)] = 2
    """The most messages that one contact gets within cap_days, whatever the plans say."""
    cap_days: Annotated[int, Meta(ge=1, le=365)] = 7
    """Any that many days in a row."""
    quiet: str = "21:00-09:00"
    """When nobody is written to; "" for never."""
    timezone: str = "Asia/Shanghai"
    """Of the quiet hours."""
    zones: dict[str, str] = {}
    """By channel that brought a contact, where it is another one: { shopify = "America/New_York" }."""
    late_days: Annotated[int, Meta(ge=1, le=365)] = 14
    """What could not go out that many days after its time is left out: kept up by the cap, or nobody sent it."""

    def __post_init__(self) -> None:
        if self.quiet and not _QUIET.fullmatch(self.quiet):
            raise ValueError(f'quiet: {self.quiet!r} is no time of day: write it as "21:00-09:00"')
        hours = self.hours
        if hours and hours[0] == hours[1]:
            raise ValueError(
                f'quiet: {self.quiet!r} is all of the day or none of it: write "" for none'
            )
        _zone("timezone", self.timezone)
        for channel, name in self.zones.items():
            _zone(f"zones.{channel}", name)

    @property
    def hours(self) -> tuple[int, int] | None:
        """First and last second of the day's quiet hours, the last not among them; None where there are none."""
        found = _QUIET.fullmatch(self.quiet)
        if found is None:
            return None
        first, minute, last, other = map(int, found.groups())
        return first * _HOUR + minute * 60, last * _HOUR + other * 60

    def zone(self, channel: str) -> ZoneInfo:
        """Of the contacts that ``channel`` brought."""
        return ZoneInfo(self.zones.get(channel, self.timezone))

    @property
    def window(self) -> int:
        """Of the cap, in seconds."""
        return self.cap_days * _DAY

    @property
    def late(self) -> int:
        """In seconds."""
        return self.late_days * _DAY


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One message of a plan."""

    subject: str
    """For e-mail; where a person sends it, its first line. Places: {name} {code}."""
    text: str
    """What is said. Places: {name} {code} {link} {unsubscribe}."""
    delay: str = "0 hours"
    """After the step before, or after what began the plan: a number and hours, days or weeks."""
    way: Literal["paste", "email"] = "paste"
    """paste: a person sends it and confirms. email: it is sent."""
    least: Stage = ""
    """Stage that the contact has reached; "" for any."""
    below: Stage = ""
    """Stage that the contact has not reached yet; "" for any."""

    def __post_init__(self) -> None:
        if not self.subject.strip() or "\n" in self.subject or len(self.subject) > _SUBJECT:
            raise ValueError(f"subject: must be one line of 1 to {_SUBJECT} characters")
        if not self.text.strip() or len(self.text) > _TEXT:
            raise ValueError(f"text: must have 1 to {_TEXT:,} characters")
        _places("subject", self.subject, _IN_SUBJECT)
        _places("text", self.text, PLACES)
        if not _DELAY.fullmatch(self.delay):
            raise ValueError(
                f"delay: {self.delay!r} is none: write a number and hours, days or weeks, such as "
                '"2 days"'
            )
        if self.least and self.below and STAGES.index(self.least) >= STAGES.index(self.below):
            raise ValueError(
                f"least: nobody has reached {self.least} and not {self.below}: the stages are, in their "
                f"order, {', '.join(STAGES)}"
            )

    @property
    def wait(self) -> int:
        """The delay in seconds."""
        found = _DELAY.fullmatch(self.delay)
        assert found
        return int(found[1]) * _SECONDS[found[2]]

    def places(self) -> frozenset[str]:
        """The places that its texts have."""
        return frozenset(_PLACE.findall(self.subject + self.text))

    def fits(self, stage: str) -> bool:
        """Whether it is for a contact who has come to ``stage``."""
        at = STAGES.index(stage)
        return not (self.least and at < STAGES.index(self.least)) and not (
            self.below and at >= STAGES.index(self.below)
        )


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Messages that follow an event, one after the other, until something stops them.

    Editing a plan cancels what it has queued and what was not sent yet; it begins anew with the next event."""

    begins: Event
    """The event that begins it, such as subscribed or bought; see `curate contacts events`."""
    steps: tuple[Step, ...]
    """In their order."""
    purpose: Annotated[str, Meta(pattern="^[a-z][a-z0-9_-]{0,39}$")] = "marketing"
    """What the contact must have agreed to: without a live consent nothing is sent."""
    stops: tuple[Event, ...] = ("bought", "refunded")
    """Events that end it. A withdrawn consent always does."""
    campaign: str = ""
    """Code of the campaign that its links name."""

    def __post_init__(self) -> None:
        if not 1 <= len(self.steps) <= _STEPS:
            raise ValueError(f"steps: must be 1 to {_STEPS}")
        for number, step in enumerate(self.steps, 1):
            if not self.campaign and (found := sorted(step.places() & {"code", "link"})):
                raise ValueError(
                    f"steps.{number}: {{{found[0]}}} is that of a campaign: write campaign = its code"
                )

    @property
    def version(self) -> str:
        """Changes with whatever is edited."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:16]


def check(touch: Touch, plans: Mapping[str, Plan], channels: Container[str], mails: bool) -> None:
    """Raises ValueError for what does not fit the rest of shop.toml; ``mails``: whether a server is named."""
    for channel in touch.zones:
        if channel not in channels:
            raise ValueError(f"touch.zones: there is no [channels.{channel}]")
    for name, plan in plans.items():
        for number, step in enumerate(plan.steps, 1):
            if step.way == "email" and not mails:
                raise ValueError(
                    f"plans.{name}.steps.{number}: it goes by e-mail, and [mail] names no host that sends it"
                )


def _zone(key: str, name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as fault:
        raise ValueError(
            f"{key}: {name[:60]!r} is no time zone: write one such as Asia/Shanghai"
        ) from fault


def _places(key: str, text: str, allowed: tuple[str, ...]) -> None:
    """What looks like a place has to be one: buyers would read it as it stands."""
    for found in _PLACE.finditer(text):
        if found[0] not in {f"{{{one}}}" for one in allowed}:
            near = difflib.get_close_matches(found[1].strip().casefold(), allowed, 1, 0.5)
            told = f"did you mean {{{near[0]}}}?" if near else "allowed: "
            every = "" if near else " ".join(f"{{{one}}}" for one in allowed)
            raise ValueError(f"{key}: {found[0]!r} is no place of it; {told}{every}")

"""What contacts are sent, when, and how much of it they are spared."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta


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


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One message of a plan."""

    subject: str
    """For e-mail; where a person sends it, its first line."""
    text: str
    """What is said. Places: {name} {code} {link} {unsubscribe}."""
    delay: str = "0 hours"
    """After the step before, or after what began the plan: a number and hours, days or weeks."""
    way: Literal["paste", "email"] = "paste"
    """paste: a person sends it and confirms. email: it is sent."""
    least: str = ""
    """Stage that the contact has reached; "" for any."""
    below: str = ""
    """Stage that the contact has not reached yet; "" for any."""


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Messages that follow an event, one after the other, until something stops them."""

    begins: str
    """The event that begins it, such as subscribed or bought; see `curate contacts events`."""
    steps: tuple[Step, ...]
    """In their order."""
    purpose: str = "marketing"
    """What the contact must have agreed to: without a live consent nothing is sent."""
    stops: tuple[str, ...] = ("bought", "refunded")
    """Events that end it. A withdrawn consent always does."""
    campaign: str = ""
    """Code of the campaign that its links name."""

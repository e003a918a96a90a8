"""Who sells for a share, and what the share is."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class Tier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A higher share of what is sold beyond a sum within a month; what lies below keeps its own share."""

    above: str
    """Net sales of the month, as 1000.00."""
    percent: str
    """Of what lies above, as 25 or 12.5."""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What affiliates earn of their own sales: exactly one of percent, fixed and wholesale."""

    percent: str = ""
    """Of the base, as 20 or 12.5."""
    tiers: tuple[Tier, ...] = ()
    """With percent: more for what is sold beyond a sum."""
    fixed: str = ""
    """For each piece, as 5.00."""
    wholesale: str = ""
    """The price of one piece for a reseller, who keeps what the buyer pays above it."""
    floor: str = ""
    """With wholesale: the lowest price at which a piece may be sold; below it nothing is earned."""
    cap: str = ""
    """The most that one affiliate earns by this rule in a month; "" for no end."""
    introducer: str = ""
    """Percent for who introduced the affiliate. Only with depth = 2 in [distribution]."""
    products: tuple[str, ...] = ()
    """SKUs that it is for; () for all."""


class Distribution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sales through affiliates. Depth: one level in China's profile, two at most anywhere."""

    profile: Literal["CN", "other"] = "CN"
    """Whose law: CN allows one level alone, and pays for nothing but own sales."""
    depth: Literal[1, 2] = 1
    """2: who introduced an affiliate earns, too, by introducer of the rule. Not with profile = "CN"."""
    rule: str = ""
    """The usual one of [rules]; "" where each affiliate or product has its own."""
    attribution: Literal["last", "first"] = "last"
    """Which click within the window counts, where an order bears no code."""
    window_days: Annotated[int, Meta(ge=1, le=365)] = 30
    """How long a click counts."""
    base: Literal["net", "after_fee"] = "net"
    """What a percentage is of: what the buyer paid, or what is left of it after the channel's fee."""
    refund_days: Annotated[int, Meta(ge=0, le=365)] = 7
    """How long buyers may give back."""
    hold_days: Annotated[int, Meta(ge=0, le=730)] = 15
    """How long a commission is held; never shorter than refund_days."""
    minimum: dict[str, str] = {}
    """By currency: the least that is paid out, as { CNY = "100.00" }."""

    def __post_init__(self) -> None:
        if self.hold_days < self.refund_days:
            raise ValueError(
                f"distribution: hold_days = {self.hold_days} is shorter than refund_days = {self.refund_days}: "
                "what is still given back would be paid out"
            )
        if self.profile == "CN" and self.depth != 1:
            raise ValueError(
                'distribution: depth = 2 is not allowed with profile = "CN": rewards for what others sell '
                "are forbidden by the Regulations on Prohibition of Pyramid Selling (禁止传销条例, art. 7)"
            )


def check(told: Distribution, rules: Mapping[str, Rule], products: Container[str]) -> None:
    """Raises ValueError for what is contradictory or forbidden."""
    for name, rule in rules.items():
        for sku in rule.products:
            if sku not in products:
                raise ValueError(
                    f"rules.{name}: {sku!r} is sold nowhere: [products.{sku}] is missing"
                )
    if told.rule and told.rule not in rules:
        raise ValueError(f"distribution: there is no [rules.{told.rule}]")

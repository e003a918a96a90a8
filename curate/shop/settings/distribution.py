"""Who sells for a share, and what the share is."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from curate.errors import CurateError
from curate.shop import money

_PERCENT = re.compile(r"\d{1,3}(\.\d{1,6})?", re.ASCII)
_AMOUNT = re.compile(r"\d{1,12}(\.\d{1,4})?", re.ASCII)
_TIERS = 50
"""Each is computed with each sale."""
_CN = (
    "rewards for what others sell are forbidden by the Regulations on Prohibition of Pyramid Selling "
    "(禁止传销条例, art. 7)"
)


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
    """For each piece, as 5.00; never more than what was paid for it."""
    wholesale: str = ""
    """The price of one piece for a reseller, who keeps what the buyer pays above it."""
    floor: str = ""
    """With wholesale: the lowest price at which a piece may be sold; below it nothing is earned."""
    cap: str = ""
    """The most that one affiliate earns by this rule in a month; "" for no end."""
    introducer: str = ""
    """Percent for who introduced the affiliate. Only with percent, and with depth = 2 in [distribution]."""
    currency: str = ""
    """Of these amounts; "" for that of [books]. A rule that names amounts counts for sales in it alone."""
    products: tuple[str, ...] = ()
    """SKUs that it is for; () for all. For affiliates without a rule of their own it comes before the usual one."""
    own: bool = False
    """Only for affiliates whose own rule it is, although it names products."""

    def __post_init__(self) -> None:
        if wrong := [*_format(self)] or [*_logic(self)]:
            raise ValueError("; ".join(wrong))

    @property
    def amounts(self) -> dict[str, str]:
        """Everything that is so much of a currency, by its key."""
        named = {key: getattr(self, key) for key in ("fixed", "wholesale", "floor", "cap")}
        named |= {f"tiers.{n}.above": tier.above for n, tier in enumerate(self.tiers, 1)}
        return {key: value for key, value in named.items() if value}


def _format(rule: Rule) -> Iterator[str]:
    """What is not written as it has to be."""
    percents = {"percent": rule.percent, "introducer": rule.introducer}
    percents = {key: value for key, value in percents.items() if value}
    percents |= {f"tiers.{n}.percent": tier.percent for n, tier in enumerate(rule.tiers, 1)}
    for key, value in percents.items():
        if not _PERCENT.fullmatch(value) or Fraction(value) > 100:
            yield f"{key} = {value[:40]!r} is no percentage: write 0 to 100, as 20 or 12.5"
    amounts = rule.amounts | {
        f"tiers.{n}.above": tier.above for n, tier in enumerate(rule.tiers, 1)
    }
    for key, value in amounts.items():
        if not _AMOUNT.fullmatch(value):
            yield f"{key} = {value[:40]!r} is no amount: write it as 12.50"


def _logic(rule: Rule) -> Iterator[str]:
    """What contradicts itself, of a rule that is written as it has to be."""
    bases = [key for key in ("percent", "fixed", "wholesale") if getattr(rule, key)]
    if len(bases) != 1:
        yield f"has {' and '.join(bases) or 'none of them'}: write exactly one of percent, fixed and wholesale"
        return
    for key, of in (("tiers", "percent"), ("introducer", "percent"), ("floor", "wholesale")):
        if getattr(rule, key) and of not in bases:
            yield f"{key} goes with {of} alone, and the rule has {bases[0]}"
    if rule.floor and Fraction(rule.floor) < Fraction(rule.wholesale or 0):
        yield f"floor = {rule.floor} is below wholesale = {rule.wholesale}: nothing is earned there anyway"
    if rule.currency and not re.fullmatch("[A-Z]{3}", rule.currency):
        yield f"currency = {rule.currency[:20]!r} is no currency: write one such as CNY"
    if "percent" in bases:
        yield from _steps(rule)


def _steps(rule: Rule) -> Iterator[str]:
    if len(rule.tiers) > _TIERS:
        yield f"tiers: {len(rule.tiers)} are more than {_TIERS}"
        return
    aboves = [Fraction(0), *(Fraction(tier.above) for tier in rule.tiers)]
    percents = [Fraction(rule.percent), *(Fraction(tier.percent) for tier in rule.tiers)]
    if any(before >= after for before, after in pairwise(aboves)):
        yield "tiers: each above has to be higher than the one before"
    if any(before > after for before, after in pairwise(percents)):
        yield "tiers: a percentage falls: who sells more would be paid less for it"
    if percents[-1] + Fraction(rule.introducer or 0) > 100:
        yield "percent and introducer are more than 100 together: more than everything cannot be shared"


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
                f"hold_days = {self.hold_days} is shorter than refund_days = {self.refund_days}: "
                "what is still given back would be paid out"
            )
        if self.profile == "CN" and self.depth != 1:
            raise ValueError(
                f'depth = 2 is not allowed with profile = "CN": {_CN}; take depth away, or where other law '
                'holds also write profile = "other"'
            )
        for code, amount in self.minimum.items():
            _minor(f"distribution.minimum.{code}", amount, code)


def check(
    told: Distribution, rules: Mapping[str, Rule], products: Container[str], currency: str
) -> None:
    """Raises ValueError for what is contradictory or forbidden. ``currency``: of rules that name none."""
    if told.rule and told.rule not in rules:
        raise ValueError(f"distribution: there is no [rules.{told.rule}]")
    first: dict[str, str] = {}
    for name, rule in rules.items():
        _check(name, rule, told, currency)
        for sku in rule.products:
            if sku not in products:
                raise ValueError(
                    f"rules.{name}: {sku!r} is sold nowhere: [products.{sku}] is missing"
                )
            if not rule.own and first.setdefault(sku, name) != name:
                raise ValueError(
                    f"rules.{first[sku]} and rules.{name} are both for {sku!r}: "
                    "write own = true in the one that counts only for affiliates whose own rule it is"
                )


def _check(name: str, rule: Rule, told: Distribution, currency: str) -> None:
    if rule.introducer and told.depth != 2:
        why = f': not with profile = "CN": {_CN}' if told.profile == "CN" else ""
        raise ValueError(f"rules.{name}: introducer goes with depth = 2 in [distribution]{why}")
    for key, amount in rule.amounts.items():
        _minor(f"rules.{name}.{key}", amount, rule.currency or currency)


def _minor(where: str, amount: str, currency: str) -> None:
    try:
        if money.check_currency(currency) != currency or not _AMOUNT.fullmatch(amount):
            raise CurateError(f"{amount[:40]!r} {currency[:20]!r}", "write it as 12.50, and CNY")
        money.minor(amount, currency)
    except CurateError as fault:
        raise ValueError(f"{where}: {fault.message} ({fault.hint})") from fault

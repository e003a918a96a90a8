"""How the books are kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta

from curate.errors import CurateError
from curate.shop import money


class Books(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How days are counted and costs are shared out."""

    timezone: str = "Asia/Shanghai"
    """In which a day, and a month, begins."""
    currency: str = "CNY"
    """Of costs and rates that name none."""
    allocation: Literal["revenue", "contacts", "equal", "weights"] = "revenue"
    """By what costs of no channel are shared out to the channels."""
    weights: dict[str, Annotated[int, Meta(ge=0)]] = {}
    """By channel, for allocation = "weights"."""
    least_sample: Annotated[int, Meta(ge=1)] = 100
    """Contacts below which nothing is called better than something else."""

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as fault:
            raise ValueError(
                f'timezone = {self.timezone[:60]!r} is no time zone: write one such as "Asia/Shanghai"'
            ) from fault
        if not re.fullmatch("[A-Z]{3}", self.currency):
            raise ValueError(
                f'currency = {self.currency[:20]!r} is no currency: write one such as "CNY"'
            )


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is planned for one month; "" or 0 where nothing is."""

    revenue: str = ""
    """Net of refunds, as 12000.00, in the currency of [books]."""
    cost: str = ""
    """Traffic, team and all other costs."""
    contacts: Annotated[int, Meta(ge=0)] = 0
    """New ones."""
    buyers: Annotated[int, Meta(ge=0)] = 0
    """Who bought something."""


def check(targets: Mapping[str, Target], currency: str) -> None:
    """Raises ValueError for what is planned for no month, or is no amount of ``currency``."""
    for month, target in targets.items():
        if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month, re.ASCII):
            raise ValueError(f'targets: {month[:20]!r} is no month: write [targets."2026-03"]')
        for name, told in (("revenue", target.revenue), ("cost", target.cost)):
            try:
                sound = not told or money.minor(told, currency) >= 0
            except CurateError as fault:
                raise ValueError(
                    f'targets."{month}".{name}: {fault.message} ({fault.hint})'
                ) from fault
            if not sound:
                raise ValueError(f'targets."{month}".{name}: {told[:40]!r} is below nothing')


class Factor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was looked up or measured outside the books; the scorecard shows it with where and when that was."""

    of: Literal["reputation", "value", "demand", "scarcity", "scale"]
    """What it tells something about: what people say, what it is worth to them, how many look for it, how few offer it, how many are reached."""
    value: str
    """As it was measured: "4.8 of 5", "1200 searches a month", "7 competitors"."""
    source: str
    """Where: the name of a page, a report, a person who counted."""
    date: str
    """When, as 2026-03-31."""

    def __post_init__(self) -> None:
        if not self.value.strip() or not self.source.strip():
            raise ValueError("factors: a value needs to be there, and its source")
        try:
            _day(self.date)
        except ValueError:
            raise ValueError(
                f"factors: date = {self.date[:20]!r} is no day: write 2026-03-31"
            ) from None


def _day(text: str) -> date:
    """Raises ValueError for all but 2026-03-31."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        raise ValueError(text)
    return date.fromisoformat(text)

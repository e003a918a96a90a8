"""Hours of the team: month, person_ref, hours, rate, channel."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from curate.books.costs import booking
from curate.books.costs.booking import Cost, Taken
from curate.errors import CurateError, Problem
from curate.shop import calendar, money
from curate.shop.orders import sheet
from curate.shop.orders.cells import Row
from curate.shop.orders.importing import channel_of

if TYPE_CHECKING:
    from curate.shop import Shop

_NUMBER = re.compile(r"(\d{1,9})(?:\.(\d{1,9}))?", re.ASCII)
_MONTH = re.compile(r"\d{4}-\d{2}", re.ASCII)
NEEDED = (("month",), ("hours",), ("rate",))


def take_team(shop: Shop, path: Path) -> Taken:
    """Take in what the team's hours cost: hours × rate exactly, rounded half to even once for each row.

    A row without a channel is shared out when the month is closed; ``currency`` may be a column, and is else
    that of [books]. Raises CurateError where the file is no table with these columns.
    """
    return booking.take(shop, _costs(shop, path))


def _costs(shop: Shop, path: Path) -> Iterator[Cost | Problem]:
    for row in sheet.rows(path, NEEDED):
        if isinstance(row, Problem):
            yield row
            continue
        try:
            yield _cost(shop, row)
        except CurateError as fault:
            yield row.problem(fault)


def _cost(shop: Shop, row: Row) -> Cost:
    month = row.need("month")
    if not _MONTH.fullmatch(month):
        raise CurateError(f"{month[:40]!r} is no month", "write 2026-03")
    period = calendar.parse(month, calendar.zone(shop.settings.books.timezone))
    booking.check_days(period.first, period.last)
    currency = money.check_currency(row.text("currency") or shop.settings.books.currency)
    hours, rate = _number(row.need("hours"), "hours"), _number(row.need("rate"), "rate")
    amount = booking.check_amount(priced(hours, rate, currency))
    person, channel = row.text("person_ref", "person"), row.text("channel")
    if channel:
        channel_of(shop, channel)
    return Cost(
        "team", amount, currency, period.first, period.last,
        channel=channel, hours=hours, rate=rate, person=person,
        about=(month, person, channel), told=(hours, rate, currency), where=row.where,
    )  # fmt: skip


def priced(hours: str, rate: str, currency: str) -> int:
    """In minor units."""
    scale: int = 10 ** money.digits(currency)
    return round(Fraction(hours) * Fraction(rate) * scale)


def _number(text: str, name: str) -> str:
    """As it is written down: without zeros that say nothing."""
    found = _NUMBER.fullmatch(text)
    if not found:
        raise CurateError(f"{name}: {text[:40]!r} is no number", "write it as 7.5")
    places = (found[2] or "").rstrip("0")
    return f"{int(found[1])}{'.' if places else ''}{places}"

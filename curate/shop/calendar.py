"""Days and months as the seller counts them: in the time zone of [books]."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from curate.errors import CurateError

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)
_FIRST = 1970
_PERIOD = "write 2026-03 for a month, 2026 for a year, or 2026-03-01/2026-03-15 for days, of the years 1970 to 9998"


@dataclass(frozen=True, slots=True)
class Period:
    """From ``first`` to ``last``, both days within it; ``begin`` ≤ t < ``end`` in seconds since 1970."""

    first: date
    last: date
    begin: int
    end: int

    @property
    def name(self) -> str:
        """2026-03 where it is a month, 2026 where it is a year, else its days."""
        months = [*self.months()]
        if len(months) == 1 and self.first.day == 1 and (self.last + timedelta(1)).day == 1:
            return months[0]
        if (self.first, self.last) == (date(self.first.year, 1, 1), date(self.first.year, 12, 31)):
            return f"{self.first.year:04}"
        return f"{self.first}/{self.last}"

    def months(self) -> Iterator[str]:
        """All that it touches, as 2026-03."""
        year, month = self.first.year, self.first.month
        while (year, month) <= (self.last.year, self.last.month):
            yield f"{year:04}-{month:02}"
            year, month = (year, month + 1) if month < 12 else (year + 1, 1)


def zone(name: str) -> ZoneInfo:
    """Raises CurateError where there is none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as fault:
        raise CurateError(
            f"{name[:60]!r} is no time zone", "write one such as Asia/Shanghai in shop.toml"
        ) from fault


def day(at: int, where: ZoneInfo) -> date:
    return datetime.fromtimestamp(at, where).date()


def month(at: int, where: ZoneInfo) -> str:
    """2026-03."""
    found = day(at, where)
    return f"{found.year:04}-{found.month:02}"


def begin(of: date, where: ZoneInfo) -> int:
    """Its first second."""
    return int(datetime.combine(of, time(), where).timestamp())


def between(first: date, last: date, where: ZoneInfo) -> Period:
    """Raises CurateError where ``last`` comes first."""
    if last < first:
        raise CurateError(f"{first}/{last} ends before it begins", _PERIOD)
    return Period(first, last, begin(first, where), begin(last + timedelta(1), where))


def parse(text: str, where: ZoneInfo) -> Period:
    """A month, a year, a day, or "DAY/DAY", of the years 1970 to 9998. Raises CurateError."""
    text = text.strip()
    try:
        found = _parsed(text, where)
        if found.first.year < _FIRST:  # nothing is older, and cohorts look two years back
            raise ValueError(text)
    except (ValueError, OverflowError) as fault:
        raise CurateError(f"{text[:40]!r} is no period", _PERIOD) from fault
    return found


def _parsed(text: str, where: ZoneInfo) -> Period:
    if _MONTH.fullmatch(text):
        first = date.fromisoformat(f"{text}-01")
        return between(first, (first + timedelta(31)).replace(day=1) - timedelta(1), where)
    if re.fullmatch(r"\d{4}", text, re.ASCII):
        return between(date(int(text), 1, 1), date(int(text), 12, 31), where)
    one, _, other = text.partition("/")
    return between(date.fromisoformat(one), date.fromisoformat(other or one), where)

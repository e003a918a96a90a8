"""Weeks from Monday to Sunday in the books' time zone, as 2026-W10 (ISO 8601), counted by the database itself."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, case, literal

from curate.books.sharing import split
from curate.shop import calendar

_SECONDS = 7 * 24 * 3600
MOST = 104
"""Weeks that are told apart; what was before them is one."""


@dataclass(frozen=True, slots=True)
class Weeks:
    """``starts``: the first second of each, and of the one after the last."""

    mondays: tuple[date, ...]
    starts: tuple[int, ...]

    @classmethod
    def until(cls, last: date, where: ZoneInfo, count: int = MOST) -> Weeks:
        """The week that ``last`` lies in, and those before it: ``count`` of them."""
        final = last - timedelta(last.weekday())
        mondays = tuple(final - timedelta(7 * n) for n in reversed(range(count)))
        after = final + timedelta(7)
        return cls(mondays, tuple(calendar.begin(day, where) for day in (*mondays, after)))

    def number(self, at: int) -> int:
        """-1 before the first one."""
        return bisect_right(self.starts, at) - 1

    def of_day(self, day: date) -> int:
        return bisect_right(self.mondays, day) - 1

    def name(self, number: int) -> str:
        """2026-W10; those before the first are "< 2026-W10", those after the last "> 2026-W14"."""
        last = len(self.mondays) - 1
        year, week, _ = self.mondays[min(max(number, 0), last)].isocalendar()
        return f"{'< ' if number < 0 else '> ' if number > last else ''}{year:04}-W{week:02}"

    def counted(self, at: ColumnElement[int]) -> ColumnElement[int]:
        """:meth:`number` of a column, for the database; weeks with a change of clocks are longer or shorter."""
        branches: list[tuple[ColumnElement[bool], ColumnElement[int]]] = []
        branches.append((at < self.starts[0], literal(-1)))
        for first, end in self._even():
            number = literal(first) + (at - self.starts[first]) // _SECONDS
            branches.append((at < self.starts[end], number if end - first > 1 else literal(first)))
        branches.append((at >= self.starts[-1], literal(len(self.mondays))))
        return case(*branches)  # NULL of nobody

    def _even(self) -> list[tuple[int, int]]:
        """(first, end) of runs of weeks that are equally long; each other week is a run by itself."""
        runs: list[tuple[int, int]] = []
        even_before = False
        for number, (start, end) in enumerate(pairwise(self.starts)):
            even = end - start == _SECONDS
            if even and even_before:
                runs[-1] = (runs[-1][0], number + 1)
            else:
                runs.append((number, number + 1))
            even_before = even
        return runs


def by_week(amount: int, first: date, last: date, weeks: Weeks) -> dict[int, int]:
    """``amount`` spread evenly over its days, to the cent, by the number of the week that they lie in."""
    days: dict[str, int] = {}
    day = first
    while day <= last:
        end = min(last, day + timedelta(6 - day.weekday()))
        key = f"{weeks.of_day(day) + 1:06}"  # in order as a text, too
        days[key] = days.get(key, 0) + (end - day).days + 1
        day = end + timedelta(1)
    return {int(key) - 1: part for key, part in split(amount, days).items()}

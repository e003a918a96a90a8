"""Costs cut into whole cents: by largest remainder, so that the parts are the whole."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from curate.books.direct.weeks import Weeks


def split(amount: int, weights: Mapping[str, int]) -> dict[str, int]:
    """``amount`` in proportion to ``weights`` (those above zero); of equal remainders the first key in the
    alphabet gets the cent. Empty where nothing has a weight."""
    told = {key: weight for key, weight in sorted(weights.items()) if weight > 0}
    whole = sum(told.values())
    sign, rest = (-1 if amount < 0 else 1), abs(amount)
    parts = {key: rest * weight // whole for key, weight in told.items()}
    by_remainder = sorted(told, key=lambda key: (-(rest * told[key] % whole), key))
    for key in by_remainder[: rest - sum(parts.values())]:
        parts[key] += 1
    return {key: sign * part for key, part in parts.items()}


def by_week(amount: int, first: date, last: date, weeks: Weeks) -> dict[int, int]:
    """``amount`` spread evenly over its days, by the number of the week that they lie in."""
    days: dict[str, int] = {}
    day = first
    while day <= last:
        end = min(last, day + timedelta(6 - day.weekday()))
        key = f"{weeks.of_day(day) + 1:06}"  # in order as a text, too
        days[key] = days.get(key, 0) + (end - day).days + 1
        day = end + timedelta(1)
    return {int(key) - 1: part for key, part in split(amount, days).items()}

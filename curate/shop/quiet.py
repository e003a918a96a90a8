"""Hours in which nobody is written to, by the clock on the wall: also where it is put forward or back."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

_DAY = 86_400
Hours = tuple[int, int]
"""First second of the day, and the first one that is quiet no more; the second may be the smaller one."""


def quiet(at: int, hours: Hours, where: ZoneInfo) -> bool:
    """Whether ``at`` (seconds since 1970) lies within ``hours`` there."""
    begin, end = hours
    now = _wall(at, where)
    return begin <= now < end if begin < end else now >= begin or now < end


def until(at: int, hours: Hours | None, where: ZoneInfo) -> int:
    """The first second from ``at`` on that is not quiet; ``at`` itself where there are no ``hours``."""
    if hours is None:
        return at
    while quiet(at, hours, where):
        # By the clock as it goes now. Put back on the way, it is quiet still, or again: once more from there.
        landed = at + (hours[1] - _wall(at, where)) % _DAY
        if _wall(landed, where) != hours[1] and not quiet(landed, hours, where):
            return _crossing(at, landed, hours, where)  # put forward, it left out the end
        at = landed
    return at


def _crossing(before: int, after: int, hours: Hours, where: ZoneInfo) -> int:
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (middle, after) if quiet(middle, hours, where) else (before, middle)
    return after


def _wall(at: int, where: ZoneInfo) -> int:
    """Seconds since midnight as clocks there show it."""
    now = datetime.fromtimestamp(at, where)
    return now.hour * 3_600 + now.minute * 60 + now.second

"""How far a rate that was counted may lie from the true one: E. B. Wilson's interval (JASA 22, 1927, 209-212).

Of ``k`` among ``n``: (2k + z² ± z·√(z² + 4k(n - k)/n)) / 2(n + z²). All of it in whole numbers: the root is
taken to 15 digits and rounded outwards, so that the interval is never narrower than the true one.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import isqrt
from typing import NamedTuple

Z = Fraction("1.959963984540054")
"""Of 95 %: the normal distribution's 0.975 quantile."""
_DIGITS = 10**15


class Interval(NamedTuple):
    """The true rate lies within, in 95 of 100 cases."""

    low: Fraction
    high: Fraction


class Rate(NamedTuple):
    """``part`` of ``whole`` people, of the row ``key``."""

    key: str
    part: int
    whole: int


class Best(NamedTuple):
    """``key`` is None where none may be called best; ``compared``: how many have people enough."""

    key: str | None
    compared: int


def wilson(part: int, whole: int) -> Interval | None:
    """None of nobody. Raises ValueError where ``part`` is not among ``whole``."""
    if not 0 <= part <= whole:
        raise ValueError(f"{part} of {whole} is no rate")
    if not whole:
        return None
    square = Z * Z
    spread = Z * _root(square + Fraction(4 * part * (whole - part), whole))
    middle, scale = 2 * part + square, 2 * (whole + square)
    low = (middle - spread) / scale if part else Fraction(0)
    high = (middle + spread) / scale if part < whole else Fraction(1)
    return Interval(low, high)


def best(rates: Iterable[Rate], least: int) -> Best:
    """Which one is surely better: only of at least ``least`` people each, and where its interval lies above
    all others. One alone is better than nothing, not the best."""
    enough = [one for one in rates if one.whole >= max(least, 1)]
    if len(enough) < 2:
        return Best(None, len(enough))
    first, *others = sorted(enough, key=lambda one: Fraction(-one.part, one.whole))
    low = _sure(first).low
    clear = all(low > _sure(other).high for other in others)
    return Best(first.key if clear else None, len(enough))


def _sure(one: Rate) -> Interval:
    found = wilson(one.part, one.whole)
    assert found is not None  # only rates of somebody are compared
    return found


def _root(square: Fraction) -> Fraction:
    """At least √square, at most 10⁻¹⁵ more."""
    scaled = square * _DIGITS * _DIGITS
    found = isqrt(scaled.numerator // scaled.denominator)
    return Fraction(found if found * found == scaled else found + 1, _DIGITS)

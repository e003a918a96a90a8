"""Amounts cut into whole cents: by largest remainder, so that the parts are the whole."""

from __future__ import annotations

from collections.abc import Mapping


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

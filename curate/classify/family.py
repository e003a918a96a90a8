"""Which of the categories the chances speak for, where some are parts of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from curate.collection import Category

MARGIN = 0.8  # of the best one's chance: from here on the second is as good


@dataclass(frozen=True, slots=True)
class Choice:
    category: str
    chance: float
    second: str
    leaf: str  # the most likely category itself, where ``category`` is one above it


class Family:
    """The parents of a taxonomy; a circle of them has no end, and is cut where it closes."""

    def __init__(self, categories: Sequence[Category]) -> None:
        names = {one.name for one in categories}
        parents = {one.name: one.parent if one.parent in names else "" for one in categories}
        self.parent = parents
        self.above: dict[str, tuple[str, ...]] = {}
        for name in parents:
            line: list[str] = []
            one = parents[name]
            while one and one not in line and one != name:
                line.append(one)
                one = parents.get(one, "")
            self.above[name] = tuple(line)
        self._nested = any(self.above.values())

    def with_parts(self, chances: Mapping[str, float]) -> Mapping[str, float]:
        """What speaks for a part speaks for the whole: chances that sum up those below."""
        if not self._nested:
            return chances
        sums = dict(chances)
        for name, chance in chances.items():
            for whole in self.above.get(name, ()):
                sums[whole] = sums.get(whole, 0.0) + chance
        return sums

    def choose(self, chances: Mapping[str, float], enough: float) -> Choice:
        """The likeliest category; the one above where its parts are equally likely, or where only that
        has a chance of ``enough``. ``chances`` are of each alone, the likeliest first."""
        ranked = list(chances)
        best = ranked[0]
        second = ranked[1] if len(ranked) > 1 else ""
        alone = Choice(best, chances[best], second, best)
        if not self._nested:
            return alone
        sums = self.with_parts(chances)
        whole = self.parent.get(best, "")
        tied = second and chances[second] >= MARGIN * chances[best]
        if whole and tied and self.parent.get(second, "") == whole and sums[whole] >= enough:
            return Choice(whole, min(sums[whole], 1.0), best, best)
        if chances[best] < enough:
            for one in self.above.get(best, ()):
                if sums[one] >= enough:
                    return Choice(one, min(sums[one], 1.0), best, best)
        return alone

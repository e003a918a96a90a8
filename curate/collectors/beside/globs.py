"""Globs of files that state rights, matched in time that no pattern can make explode."""

from __future__ import annotations

import re
from collections.abc import Sequence

from curate.collectors.beside.paper import invalid

NAME = "[^/]*?"
"""Anything within one name."""
DEEP = ".*?"
"""Anything, folders too."""

Part = tuple[str, str]
"""A wildcard (NAME, DEEP, or "" at the beginning) and the expression of what follows it."""


def compiled(parts: Sequence[Part]) -> re.Pattern[str]:
    """An expression that finds every wildcard's first fit and never looks back, except at the end.

    The first fit leaves the most room for the rest, so it is enough; only what follows the last
    wildcard has to reach the end. Otherwise a dozen stars would take hours on one long name.
    """
    deep = max((at for at, (wild, _) in enumerate(parts) if wild == DEEP), default=0)
    expression, opened = "", False
    for at, (wild, rest) in enumerate(parts):
        if wild == DEEP:
            expression += ")" if opened else ""
            opened = at != deep
            expression += f"(?>{wild}{rest}" if opened else f"{wild}{rest}"
        elif wild and at != len(parts) - 1:
            expression += f"(?>{wild}{rest})"
        else:
            expression += f"{wild}{rest}"
    return re.compile(expression, re.DOTALL)


MOST = 5000
"""Patterns with wildcards in one file: each of them is tried on each path."""


class Globs:
    """Numbered patterns, of which the last that matches a path is asked for."""

    __slots__ = ("_exact", "_globs")

    def __init__(self) -> None:
        self._exact: dict[str, int] = {}
        self._globs: list[tuple[int, re.Pattern[str]]] = []

    def add(self, number: int, parts: Sequence[Part], plain: str = "") -> None:
        """Numbers rise from call to call. ``plain``: the path itself, where no part is a wildcard.
        Raises Unreadable where there are too many."""
        if plain:
            self._exact[plain] = number
        else:
            self._globs.append((number, compiled(parts)))
            if len(self._globs) > MOST:
                raise invalid(f"it has more than {MOST} patterns")

    def last(self, path: str) -> int:
        """The highest number of a pattern that matches all of ``path``, or -1."""
        best = self._exact.get(path, -1)
        for number, pattern in reversed(self._globs):
            if number <= best:
                break
            if pattern.fullmatch(path):
                return number
        return best

"""Things that a person named as belonging to a category: patterns of where they were found."""

from __future__ import annotations

from collections.abc import Sequence

from curate.collection import Category


class Examples:
    """The patterns of all categories. In one, "*" stands for any characters, "/" among them."""

    def __init__(self, categories: Sequence[Category]) -> None:
        found = [
            (pattern.removeprefix("./"), category.name)
            for category in categories
            for pattern in category.examples
            if pattern.strip("*/. ")
        ]
        # The more a pattern says, the nearer it is meant; between equals the collection's order holds.
        found.sort(key=lambda one: -len(one[0].replace("*", "")))
        self._patterns = [(pattern, pattern.split("*"), name) for pattern, name in found]

    def find(self, path: str) -> tuple[str, str] | None:
        """The category that something at ``path`` was named for, and the pattern."""
        for pattern, parts, name in self._patterns:
            if _fits(path, parts):
                return name, pattern
        return None

    def __bool__(self) -> bool:
        return bool(self._patterns)


def _fits(path: str, parts: Sequence[str]) -> bool:
    """Each part as early as it can stand: no pattern takes longer than the path has characters."""
    if len(parts) == 1:
        return path == parts[0]
    if not path.startswith(parts[0]):
        return False
    at, end = len(parts[0]), len(path) - len(parts[-1])
    for part in parts[1:-1]:
        found = path.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return at <= end and path.endswith(parts[-1])

"""The category of a resource in a collection, by its words, the examples and what was learned from people."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from curate.classify.taxonomy import Taxonomy
from curate.collection import Category
from curate.model import Label


class Seen(msgspec.Struct, frozen=True):
    """What a category is told by."""

    title: str
    keywords: tuple[str, ...]
    path: str  # the locator it was first found at
    tags: tuple[str, ...]
    text: str  # without the surroundings of its page


class Labeller:
    """The categories of one collection, ready to label many resources."""

    def __init__(self, categories: Sequence[Category], threshold: float) -> None:
        self._taxonomy = Taxonomy(categories, threshold)
        self.digest = self._taxonomy.digest
        """Changes when another label is possible."""

    def label(self, seen: Seen) -> Label:
        """The category that it belongs to; with ``category`` empty where none is sure enough."""
        return self._taxonomy.label(seen.title, seen.keywords, seen.path, seen.tags, seen.text)

    def guesses(self, seen: Seen, limit: int) -> list[Label]:
        """The ``limit`` most likely categories, the best first, whatever the threshold."""
        best = self.label(seen)
        names = [name for name in (best.category, best.second) if name]
        return [Label(name, best.score) for name in names][:limit]

"""The category of a resource in a collection, by the words, the examples and what was learned from people."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from curate.classify.examples import Examples
from curate.classify.family import Family
from curate.classify.header import header
from curate.classify.seen import Seen
from curate.classify.taxonomy import Taxonomy
from curate.collection import Category
from curate.model import Label

if TYPE_CHECKING:
    from curate.classify.learned import Learned
    from curate.classify.training import Lesson

__all__ = ["Labeller", "Seen", "by_doubt"]


class Labeller:
    """The categories of one collection, ready to label many resources.

    ``model`` is where what was learned lies; without it, or while it does not fit the taxonomy any more,
    the words alone decide.
    """

    def __init__(
        self, categories: Sequence[Category], threshold: float, model: Path | None = None
    ) -> None:
        self._threshold = threshold
        self._taxonomy = Taxonomy(categories, threshold)
        self._family = Family(categories)
        self.examples = Examples(categories)
        self.names = tuple(category.name for category in categories)
        self._path = model
        told = header(model) if model else None
        self._fits = told is not None and told.taxonomy == self._taxonomy.words
        self._learned: Learned | None = None
        named = repr([one.examples for one in categories])
        learned = repr(told) if self._fits else ""
        self.taxonomy = self._taxonomy.words
        """Changes when the words of the categories say something else."""
        self.words = _digest(self.taxonomy, named)
        """Changes when the words or the examples of the categories say something else."""
        self.digest = _digest(self._taxonomy.digest, named, learned)
        """Changes when another label is possible."""

    def label(self, seen: Seen) -> Label:
        """The category that it belongs to; with ``category`` empty where none is sure enough."""
        named = self.examples.find(seen.path)
        if named:
            return Label(named[0], 1.0, (named[1],), basis="example")
        guesses = self._guesses(seen, 1)
        if not guesses:
            return Label("")
        best = guesses[0]
        if best.category and best.score >= self._threshold:
            return best
        return msgspec.structs.replace(best, category="", second=best.category or best.second)

    def guesses(self, seen: Seen, limit: int) -> list[Label]:
        """The ``limit`` most likely categories, the best first, whatever the threshold."""
        return [one for one in self._guesses(seen, limit + 1) if one.category][:limit]

    def _guesses(self, seen: Seen, limit: int) -> list[Label]:
        learned = self._loaded()
        if learned:
            return learned.guesses(seen, limit)
        return self._taxonomy.guesses(seen.title, seen.keywords, seen.path, seen.tags, seen.text)

    def _loaded(self) -> Learned | None:
        if self._fits and self._path and self._learned is None:
            from curate.classify.learned import Learned
            from curate.classify.model import read

            model = read(self._path)
            self._fits = model is not None  # damaged: the words alone decide until it is made again
            if model:
                self._learned = Learned(model, self._taxonomy, self._family, self._threshold)
        return self._learned

    def lessons(self, told: Iterable[tuple[Seen, str | None]]) -> Iterator[Lesson]:
        """Resources to learn from, each with the category that people said; None where nobody did."""
        from curate.classify.features import bag
        from curate.classify.learned import Evidence
        from curate.classify.training import Lesson

        evidence = Evidence(self._taxonomy, self.names)
        for seen, category in told:
            yield Lesson(bag(seen), evidence.of(seen)[0], category)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def by_doubt(labels: Iterable[tuple[str, Label]]) -> list[str]:
    """Resources in the order in which a person's word teaches most: the least sure first, but one of
    each category by turns, so that no category is left out."""
    lines: defaultdict[str, list[tuple[float, str]]] = defaultdict(list)
    for name, label in labels:
        lines[label.category or label.second].append((label.score, name))
    turns = [
        (turn, score, name)
        for line in lines.values()
        for turn, (score, name) in enumerate(sorted(line))
    ]
    return [name for _, _, name in sorted(turns)]

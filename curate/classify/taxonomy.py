"""Which category of a collection a resource belongs to, by the words that speak for each."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from math import log, log2

from curate.classify.match import Finder, key, normal
from curate.collection import Category
from curate.model import Label

VERSION = 1
"""Part of ``Taxonomy.digest``: raise it when the same words give another label."""

WEIGHTS = {"title": 4.0, "tags": 3.0, "path": 2.0, "text": 1.0}
LENGTH = 50_000  # characters of text that are looked at
PASSAGE = 1_000  # UTF-8 bytes, some 170 English words: in a longer text one mention counts for less
DOUBT = 2.0  # evidence that makes a score of one half; a word in the title is 4, so 0.67
MARGIN = 0.8  # of the best one's evidence: from here on the second is named


class Taxonomy:
    """The categories of one collection, ready to label many resources."""

    def __init__(self, categories: Sequence[Category], threshold: float) -> None:
        self._threshold = threshold
        self._speaks: dict[str, list[str]] = {}  # key of a word → categories
        self._shown: dict[str, str] = {}  # key of a word → as it was written
        for category in categories:
            for word in category.words or (category.name, category.title):
                if (made := key(word)) and category.name not in self._speaks.setdefault(made, []):
                    self._speaks[made].append(category.name)
                    self._shown.setdefault(made, word)
        self._finder = Finder(self._speaks)
        self._parent = {category.name: category.parent for category in categories}
        self._order = {category.name: place for place, category in enumerate(categories)}
        self._depth = {name: self._depth_of(name) for name in self._order}
        said = repr([(one.name, one.title, one.words, one.parent) for one in categories])
        self.digest = hashlib.sha256(f"{VERSION} {threshold} {said}".encode()).hexdigest()
        """Changes when another label is possible."""

    def _depth_of(self, name: str) -> int:
        seen: set[str] = set()
        while (name := self._parent.get(name, "")) and name not in seen:
            seen.add(name)
        return len(seen)

    def label(
        self, title: str, keywords: Sequence[str], path: str, tags: Sequence[str], text: str
    ) -> Label:
        """The category with the most evidence, its score and the words that decided it.

        Each word counts once in title, tags and path, and in the text by the logarithm of how often it
        stands there, less the longer the text is. The score is evidence / (evidence + doubt), where a
        strong second adds to the doubt; below the threshold ``category`` is empty and ``second`` the
        best guess. Between equals, those whose parent or children have evidence too come first, then
        the more special, then the order of the collection.
        """
        evidence = self.evidence(title, keywords, path, tags, text)
        totals = {name: round(sum(words.values()), 6) for name, words in evidence.items()}
        ranked = sorted(totals, key=lambda name: self._rank(name, totals))
        if not ranked:
            return Label("")
        best = ranked[0]
        rival = totals[ranked[1]] if len(ranked) > 1 else 0.0
        score = round(totals[best] / (totals[best] + DOUBT + rival / 2), 4)
        words = sorted(evidence[best], key=lambda word: (-evidence[best][word], word))
        shown = tuple(self._shown[word] for word in words[:5])
        if score < self._threshold:
            return Label("", score, shown, best)
        return Label(best, score, shown, ranked[1] if rival >= MARGIN * totals[best] else "")

    def evidence(
        self, title: str, keywords: Sequence[str], path: str, tags: Sequence[str], text: str
    ) -> Mapping[str, Mapping[str, float]]:
        """Category → word → weight."""
        words: defaultdict[str, float] = defaultdict(float)
        for field, said in (
            ("title", title),
            ("tags", "\n".join((*keywords, *tags))),
            ("path", path),
        ):
            for word in set(self._finder.all(normal(said))):
                words[word] += WEIGHTS[field]
        body = text[:LENGTH]
        dilution = 1 + log(max(1.0, len(body.encode("utf-8", "replace")) / PASSAGE))
        for word, count in Counter(self._finder.all(normal(body))).items():
            words[word] += WEIGHTS["text"] * log2(1 + count) / dilution
        evidence: dict[str, dict[str, float]] = {}
        for word, weight in words.items():
            for name in self._speaks[word]:
                evidence.setdefault(name, {})[word] = weight
        return evidence

    def _rank(self, name: str, totals: Mapping[str, float]) -> tuple[float, float, int, int]:
        family = totals.get(self._parent[name], 0.0) + sum(
            total for other, total in totals.items() if self._parent[other] == name
        )
        return -totals[name], -family, -self._depth[name], self._order[name]

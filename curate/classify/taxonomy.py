"""Which category of a collection a resource belongs to, by the words that speak for each."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from math import log, log2

import msgspec

from curate.classify.calibration import WORDS
from curate.classify.family import MARGIN, Family
from curate.classify.match import Finder, key, normal
from curate.collection import Category
from curate.han import simplified
from curate.model import Label

VERSION = 2
"""Part of ``Taxonomy.digest``: raise it when the same words give another label."""

WEIGHTS = {"title": 4.0, "tags": 3.0, "path": 2.0, "text": 1.0}
LENGTH = 50_000  # characters of text that are looked at
PASSAGE = 1_000  # UTF-8 bytes, some 170 English words: in a longer text one mention counts for less
DOUBT = 2.0  # evidence that makes a score of one half; a word in the title is 4, so 0.67


class Taxonomy:
    """The categories of one collection, ready to label many resources."""

    def __init__(self, categories: Sequence[Category], threshold: float) -> None:
        self._threshold = threshold
        self._speaks: dict[str, list[str]] = {}  # key of a word → categories
        self._shown: dict[str, str] = {}  # key of a word → as it was written
        for category in categories:
            for word in category.words or (category.name, category.title):
                if (made := simplified(key(word))) and category.name not in self._speaks.setdefault(
                    made, []
                ):
                    self._speaks[made].append(category.name)
                    self._shown.setdefault(made, word)
        self._finder = Finder(self._speaks)
        self._family = Family(categories)
        self._order = {category.name: place for place, category in enumerate(categories)}
        said = repr([(one.name, one.title, one.words, one.parent) for one in categories])
        self.words = hashlib.sha256(f"{VERSION} {said}".encode()).hexdigest()
        """Changes when the words say something else."""
        self.digest = hashlib.sha256(f"{threshold} {self.words}".encode()).hexdigest()
        """Changes when another label is possible."""

    def label(
        self, title: str, keywords: Sequence[str], path: str, tags: Sequence[str], text: str
    ) -> Label:
        """The category with the most evidence, its score and the words that decided it.

        Each word counts once in title, tags and path, and in the text by the logarithm of how often it
        stands there, less the longer the text is. The score rises with evidence / (evidence + doubt),
        where a strong second adds to the doubt; below the threshold ``category`` is empty and
        ``second`` the best guess. Between equals, those whose parent or children have evidence too come
        first, then the more special, then the order of the collection; and where the parts of one
        category have the same evidence, it is that one.
        """
        guesses = self.guesses(title, keywords, path, tags, text)
        if not guesses:
            return Label("")
        best = guesses[0]
        if best.score < self._threshold:
            return Label("", best.score, best.words, best.category)
        return best

    def guesses(
        self, title: str, keywords: Sequence[str], path: str, tags: Sequence[str], text: str
    ) -> list[Label]:
        """Every category with evidence, the best first, whatever the threshold."""
        evidence = self.evidence(title, keywords, path, tags, text)
        totals = {name: round(sum(words.values()), 6) for name, words in evidence.items()}
        ranked = sorted(totals, key=lambda name: self._rank(name, totals))
        if not ranked:
            return []
        ordered = {name: totals[name] for name in ranked}
        chosen = self._family.choose(ordered, 0.0)
        made: list[Label] = []
        for name in dict.fromkeys((chosen.category, *ranked)):
            inside = [one for one in ranked if one == name or name in self._family.above[one]]
            mine = inside if name == chosen.category != chosen.leaf else [name]
            total = sum(totals.get(one, 0.0) for one in mine)
            rival = max((totals[one] for one in ranked if one not in mine), default=0.0)
            words = {word: weight for one in mine for word, weight in evidence.get(one, {}).items()}
            made.append(Label(name, self._score(total, rival), self.shown(words)))
        second = next((one for one in ranked if one != chosen.category), "")
        close = second and totals[second] >= MARGIN * chosen.chance
        return [msgspec.structs.replace(made[0], second=second if close else ""), *made[1:]]

    @staticmethod
    def _score(total: float, rival: float) -> float:
        return round(WORDS.at(total / (total + DOUBT + rival / 2)), 4)

    def shown(self, weights: Mapping[str, float]) -> tuple[str, ...]:
        """The words that weigh most, as they were written."""
        words = sorted(weights, key=lambda word: (-weights[word], word))
        return tuple(self._shown[word] for word in words[:5])

    def evidence(
        self, title: str, keywords: Sequence[str], path: str, tags: Sequence[str], text: str
    ) -> Mapping[str, Mapping[str, float]]:
        """Category → word → weight."""
        words: defaultdict[str, float] = defaultdict(float)
        listed = "\n".join((*keywords, *tags))
        for field, said in (("title", title), ("tags", listed), ("path", path)):
            for word in {*self._found(said)} if said else ():
                words[word] += WEIGHTS[field]
        body = text[:LENGTH]
        found = self._found(body)
        if found:
            size = len(body) if body.isascii() else len(body.encode("utf-8", "replace"))
            dilution = 1 + log(max(1.0, size / PASSAGE))
            for word, count in Counter(found).items():
                words[word] += WEIGHTS["text"] * log2(1 + count) / dilution
        evidence: dict[str, dict[str, float]] = {}
        for word, weight in words.items():
            for name in self._speaks[word]:
                evidence.setdefault(name, {})[word] = weight
        return evidence

    def _found(self, text: str) -> list[str]:
        plain = text.lower() if text.isascii() else simplified(normal(text))
        return self._finder.all(plain)

    def _rank(self, name: str, totals: Mapping[str, float]) -> tuple[float, float, int, int]:
        parent = self._family.parent
        family = totals.get(parent[name], 0.0) + sum(
            total for other, total in totals.items() if parent[other] == name
        )
        return -totals[name], -family, -len(self._family.above[name]), self._order[name]

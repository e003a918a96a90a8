"""The category of a resource in a collection, by the words, the examples and what was learned from people."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from curate.classify import model as stored
from curate.classify.examples import Examples
from curate.classify.family import MARGIN, Family
from curate.classify.features import Bag, Floats, Seen, bag, beginning
from curate.classify.model import Judged, Model, columns
from curate.classify.taxonomy import Taxonomy
from curate.collection import Category
from curate.model import Label

__all__ = ["Labeller", "Seen", "by_doubt"]

Basis = Literal["words", "model"]
Found = Mapping[str, Mapping[str, float]]  # category → word of it → weight
SHOWN = 5  # words that a label names
CLEAR = 12  # features that are looked at for them


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
        self._place = columns(self.names)
        self._path = model
        header = stored.header(model) if model else None
        self._learned = header if header and header.taxonomy == self._taxonomy.words else None
        self._model: Model | None = None
        said = (self._taxonomy.digest, repr([one.examples for one in categories]))
        learned = repr(self._learned) if self._learned else ""
        self.words = hashlib.sha256(
            "\n".join((self._taxonomy.words, *said[1:])).encode()
        ).hexdigest()
        """Changes when the taxonomy or its examples say something else."""
        self.taxonomy = self._taxonomy.words
        self.digest = hashlib.sha256("\n".join((*said, learned)).encode()).hexdigest()
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
        return [one for one in self._guesses(seen, limit) if one.category][:limit]

    def evidence(self, seen: Seen) -> Floats:
        """What the words of each category come to in the part of a resource that a model looks at."""
        return self._evidence(seen)[0]

    def _evidence(self, seen: Seen) -> tuple[Floats, Found]:
        found = self._taxonomy.evidence(
            seen.title, seen.keywords, seen.path, seen.tags, beginning(seen.text)
        )
        evidence = np.zeros(len(self.names), np.float32)
        for name, words in found.items():
            evidence[self._place[name]] = sum(words.values())
        return evidence, found

    def _guesses(self, seen: Seen, limit: int) -> list[Label]:
        model = self._loaded()
        if model is None:
            return self._taxonomy.guesses(
                seen.title, seen.keywords, seen.path, seen.tags, seen.text
            )
        features = bag(seen)
        evidence, found = self._evidence(seen)
        judged = model.judge(features, evidence)
        if not len(judged.known) and not found:
            return []
        classes, curve = model.header.classes, model.header.curve
        order = np.argsort(-judged.chances, kind="stable")
        chances = {classes[place]: float(judged.chances[place]) for place in order.tolist()}
        chosen = self._family.choose(chances, curve.back(self._threshold))
        reasons = _Reasons(model, judged, features, found)
        leaf = classes.index(chosen.leaf)
        words, basis = reasons.of(leaf, self._taxonomy)
        close = chosen.second if chances.get(chosen.second, 0) >= MARGIN * chosen.chance else ""
        if not chosen.category:  # people said of such that it belongs nowhere
            close = next(name for name in chances if name)
        first = Label(chosen.category, round(curve.at(chosen.chance), 4), words, close, basis)
        made = [first]
        rest = [name for name in chances if name != chosen.category]
        for name in rest[: limit - 1]:
            words, basis = reasons.of(classes.index(name), self._taxonomy)
            # What is left when the first is wrong, parted by the chances.
            left = chances[name] / max(1 - chosen.chance, chances[name], 1e-9)
            made.append(Label(name, round((1 - first.score) * left, 4), words, "", basis))
        return made

    def _loaded(self) -> Model | None:
        if self._learned and self._path and self._model is None:
            self._model = stored.read(self._path)
            if self._model is None:
                self._learned = None  # damaged: the words alone decide until it is trained again
        return self._model


class _Reasons:
    """What in one resource speaks for a class."""

    def __init__(self, model: Model, judged: Judged, features: Bag, found: Found) -> None:
        self._model, self._judged, self._bag, self._found = model, judged, features, found

    def of(self, place: int, taxonomy: Taxonomy) -> tuple[tuple[str, ...], Basis]:
        """The words that say most for it, and whether they are the seller's own or learned ones."""
        learned, spoken = self._model.reasons(self._judged, place)
        top = np.argsort(-learned, kind="stable")[:CLEAR]
        top = top[learned[top] > 0]
        keys = self._bag.keys[self._judged.known[top]].tolist()
        names = self._bag.names(set(keys))
        weights: defaultdict[str, float] = defaultdict(float)
        for key, weight in zip(keys, learned[top].tolist(), strict=True):
            if key in names:
                weights[names[key]] += weight
        own = self._found.get(self._model.header.classes[place], {})
        total = sum(own.values())
        shown = taxonomy.shown(own)
        by_words = spoken > 0 and bool(own) and spoken >= float(learned[learned > 0].sum())
        if spoken > 0 and total:
            for word in map(self._bag.spelt, shown):
                weights[word] += spoken / len(shown)
        ranked = sorted(weights, key=lambda word: (-weights[word], word))
        return tuple(_apart(ranked))[:SHOWN], "words" if by_words else "model"


def _apart(words: Iterable[str]) -> Iterator[str]:
    """Without those that stand in one that was named before, or hold one."""
    named: list[str] = []
    for word in words:
        low = word.casefold()
        if not any(low in one or one in low for one in named):
            named.append(low)
            yield word


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

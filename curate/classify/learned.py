"""Labels by what was learned: the likeliest categories of a resource, how sure, and for which words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

import numpy as np

from curate.classify.family import MARGIN, Family
from curate.classify.features import Bag, Floats, bag
from curate.classify.keywords import tells
from curate.classify.model import Judged, Model, columns
from curate.classify.seen import Seen, beginning
from curate.classify.taxonomy import Taxonomy
from curate.model import Label

Basis = Literal["words", "model"]
Found = Mapping[str, Mapping[str, float]]  # category → word of it → weight
SHOWN = 5  # words that a label names
CLEAR = 12  # features that are looked at for them


class Evidence:
    """What the words of a taxonomy come to, in the part of a resource that a model looks at."""

    def __init__(self, taxonomy: Taxonomy, names: Sequence[str]) -> None:
        self._taxonomy, self._place = taxonomy, columns(names)

    def of(self, seen: Seen) -> tuple[Floats, Found]:
        found = self._taxonomy.evidence(
            seen.title, seen.keywords, seen.path, seen.tags, beginning(seen.text)
        )
        evidence: Floats = np.zeros(len(self._place), np.float32)
        for name, words in found.items():
            evidence[self._place[name]] = sum(words.values())
        return evidence, found


class Learned:
    """A model with the taxonomy that it belongs to."""

    def __init__(self, model: Model, taxonomy: Taxonomy, family: Family, threshold: float) -> None:
        self._model, self._taxonomy, self._family = model, taxonomy, family
        self._evidence = Evidence(taxonomy, model.header.spoken)
        self._enough = model.header.curve.back(threshold)

    def guesses(self, seen: Seen, limit: int) -> list[Label]:
        """The likeliest ``limit`` categories, the best first; that it belongs nowhere is one of them."""
        features = bag(seen)
        evidence, found = self._evidence.of(seen)
        judged = self._model.judge(features, evidence)
        if not len(judged.known) and not found:
            return []
        classes, curve = self._model.header.classes, self._model.header.curve
        order = np.argsort(-judged.chances, kind="stable").tolist()
        chances = {classes[place]: float(judged.chances[place]) for place in order}
        chosen = self._family.choose(chances, self._enough)
        reasons = _Reasons(self._model, judged, features, found, self._taxonomy)
        words, basis = reasons.of(chosen.leaf)
        close = chosen.second if chances.get(chosen.second, 0) >= MARGIN * chosen.chance else ""
        if not chosen.category:  # people said of such that it belongs nowhere
            close = next(name for name in chances if name)
        first = Label(chosen.category, round(curve.at(chosen.chance), 4), words, close, basis)
        made = [first]
        for name in [one for one in chances if one != chosen.category][: limit - 1]:
            words, basis = reasons.of(name)
            # What is left when the first is wrong, parted by the chances.
            left = chances[name] / max(1 - chosen.chance, chances[name], 1e-9)
            score = min((1 - first.score) * left, first.score)
            made.append(Label(name, round(score, 4), words, "", basis))
        return made


class _Reasons:
    """What in one resource speaks for a class."""

    def __init__(
        self, model: Model, judged: Judged, features: Bag, found: Found, taxonomy: Taxonomy
    ) -> None:
        self._model, self._judged, self._bag = model, judged, features
        self._found, self._taxonomy = found, taxonomy

    def of(self, name: str) -> tuple[tuple[str, ...], Basis]:
        """The words that say most for it, and whether they are the seller's own or learned ones."""
        place = self._model.header.classes.index(name)
        learned, spoken = self._model.reasons(self._judged, place)
        top = np.argsort(-learned, kind="stable")[:CLEAR]
        top = top[learned[top] > 0]
        keys = self._bag.keys[self._judged.known[top]].tolist()
        names = self._bag.names(frozenset(keys))
        weights: dict[str, float] = defaultdict(float)
        for key, weight in zip(keys, learned[top].tolist(), strict=True):
            if key in names:
                weights[names[key]] += weight
        own = self._found.get(name, {})
        total = sum(own.values())
        shown = self._taxonomy.shown(own)
        by_words = spoken > 0 and bool(own) and spoken >= float(learned[learned > 0].sum())
        if spoken > 0 and total:
            for word in map(self._bag.spelt, shown):
                weights[word] += spoken / len(shown)
        # The seller's own words always count; what else is shown has to tell a reader something.
        said = {word for word in weights if word in own or tells(word)}
        said |= set(map(self._bag.spelt, shown))
        if said & weights.keys():
            weights = {word: weight for word, weight in weights.items() if word in said}
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

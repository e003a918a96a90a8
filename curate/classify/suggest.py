"""Categories that a material itself suggests: groups of what is alike, named by their own words.

Each language is grouped apart, or the first thing to part the material would be its languages; groups of
two languages become one where they share the names and terms that both languages write alike.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field, replace
from importlib import import_module
from itertools import chain, zip_longest
from math import fsum
from typing import TYPE_CHECKING, Any

import msgspec

from curate.classify.terms import Piece, Terms, homes, words_of

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

LEAST = 10  # resources with words, below which nothing can be said
SHARE = 0.03  # of all resources: a language of fewer is not grouped apart
DIMENSIONS = 100  # that the words are brought down to (latent semantic analysis)
FITTED = 8_000  # resources that groups are found in; the others join the nearest
JUDGED = 1_500  # resources that a number of groups is judged by
TRIED = (2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20)
"""Numbers of groups that are tried where none is asked for."""
MANY = 20  # groups, at most, where no number is asked for
SOME = 4  # of them for a language, however few resources are in it
ENOUGH = 0.95  # of the best silhouette: the smallest number of groups that reaches it is taken
SHARED = 0.35  # cosine of what two groups say in words that both languages have, to be one
COMMON = 3  # of such words that they both have, at least
WORDS = 12
FEWEST = 5  # words of a category
_SEED = 0
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
_PARTS = re.compile(r"[\W_]+")


class Proposal(msgspec.Struct, frozen=True):
    """A category that the material suggests."""

    name: str
    title: str
    words: tuple[str, ...]  # the most telling first
    count: int  # resources in its group
    examples: tuple[str, ...]  # titles


@dataclass(frozen=True)
class _Group:
    words: tuple[str, ...]
    count: int
    examples: tuple[str, ...]
    plain: dict[str, float] = field(default_factory=dict)  # weights of its words in Latin letters


def suggest(pieces: Iterable[Piece], count: int = 0) -> list[Proposal]:
    """At most ``count`` categories, or as many as part the material best; the largest first.

    Groups by k-means (Lloyd 1982) over latent semantic analysis of TF-IDF; their number by the silhouette
    (Rousseeuw 1987). The same pieces in the same order give the same. Empty where fewer than ``LEAST``
    pieces have words.
    """
    threadpool_limits = import_module("threadpoolctl").threadpool_limits  # it has no types
    gathered = _gather(pieces)
    total = sum(map(len, gathered))
    if total < LEAST:
        return []
    with threadpool_limits(1):  # sums of several threads differ in their last digits
        sides = [list(_groups(terms, len(terms) / total, count)) for terms in gathered]
    joined = _join(sides)
    joined.sort(key=lambda one: (-one.count, one.words))
    return _named(joined[: count or None])


def _gather(pieces: Iterable[Piece]) -> list[Terms]:
    """One for each language, the most frequent first; what is in a rare or unknown one is with that."""
    made: defaultdict[str, Terms] = defaultdict(Terms)
    for piece in pieces:
        if words := words_of(piece):
            made[piece.language].add(piece.title, words)
            if piece.language == "zh":
                made[piece.language].spell(piece, words)
    counts = {language: len(terms) for language, terms in made.items()}
    home = homes(counts, max(FEWEST, SHARE * sum(counts.values())))
    for language in sorted(made):
        if home[language] != language:
            made[home[language]].take(made.pop(language))
    return [terms for _, terms in sorted(made.items(), key=lambda one: (-len(one[1]), one[0]))]


def _groups(terms: Terms, share: float, count: int) -> Iterator[_Group]:
    """The groups of the resources in one language, which are a ``share`` of all."""
    import numpy as np
    from sklearn.feature_extraction.text import TfidfTransformer

    counts, words = terms.matrix()
    weights = TfidfTransformer(sublinear_tf=True).fit_transform(counts)
    label = _label(weights, _numbers(len(terms), share, count))
    number = int(label.max()) + 1
    means = np.vstack([np.asarray(weights[label == one].mean(axis=0)) for one in range(number)])
    parts = means / (means.sum(axis=0) + 1e-12)
    for one in range(number):
        members = np.flatnonzero(label == one)
        if len(members) >= 2:
            yield _group(terms, words, weights[members], members, means[one], parts[one])


def _group(
    terms: Terms, words: Sequence[str], weights: Any, members: Array, mean: Array, share: Array
) -> _Group:
    import numpy as np

    score = np.round(mean * share, 9)
    order = np.lexsort((np.arange(len(words)), -score))[: 4 * WORDS]
    own = [
        place for place in order if share[place] >= 0.4 and score[place] >= 0.1 * score[order[0]]
    ]
    told = [words[place] for place in (own if len(own) >= FEWEST else order)][:WORDS]
    near = np.round(np.asarray(weights @ mean).ravel(), 9)
    typical = members[np.lexsort((members, -near))]
    examples = dict.fromkeys(terms.titles[place] for place in typical[:30])
    latin = [place for place in np.flatnonzero(score).tolist() if words[place].isascii()]
    plain = {words[place]: float(score[place]) for place in latin}
    shown = tuple(dict.fromkeys(map(terms.written, told)))
    return _Group(shown, len(members), tuple(examples)[:3], plain)


def _numbers(size: int, share: float, count: int) -> list[int]:
    """The numbers of groups that may be tried for ``size`` resources."""
    if count:
        return [max(1, min(round(count * share), size))]
    most = min((size / 2) ** 0.5, max(SOME, MANY * share))
    return [number for number in TRIED if number <= most] or [1]


def _label(weights: Any, numbers: Sequence[int]) -> Array:
    """The number of each row's group."""
    import numpy as np
    from sklearn.cluster import KMeans
    from sklearn.decomposition import TruncatedSVD
    from sklearn.preprocessing import normalize

    rows, columns = weights.shape
    if min(rows, columns) < 3:
        return np.zeros(rows, dtype=int)
    fitted = weights[_sample(rows, FITTED)]
    size = min(DIMENSIONS, columns - 1, fitted.shape[0] - 1)
    reduced = TruncatedSVD(size, random_state=_SEED)
    near = normalize(reduced.fit_transform(fitted))
    number = numbers[0] if len(numbers) == 1 else _best(near, numbers)
    means = KMeans(number, n_init=10, random_state=_SEED).fit(near)
    found: Array = means.predict(normalize(reduced.transform(weights)))
    return np.unique(found, return_inverse=True)[1]


def _best(near: Array, numbers: Sequence[int]) -> int:
    """The smallest number of groups that part nearly as well as the best."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    scores = {}
    judged = near[_sample(len(near), JUDGED)]
    for number in numbers:
        label = KMeans(number, n_init=4, random_state=_SEED).fit(near).predict(judged)
        if 1 < len(set(label)) < len(judged):
            scores[number] = float(silhouette_score(judged, label, metric="cosine"))
    best = max(scores.values(), default=0.0)
    return next((one for one, score in scores.items() if score >= ENOUGH * best), 1)


def _sample(size: int, most: int) -> Array:
    """At most ``most`` of ``size`` places, evenly spaced."""
    import numpy as np

    return np.unique(np.linspace(0, size - 1, min(size, most)).astype(int))


def _join(sides: Sequence[Sequence[_Group]]) -> list[_Group]:
    """The groups of all languages; two that say the same become one, each with the one that is nearest."""
    joined = list(sides[0])
    for side in sides[1:]:
        both = _plain(joined) & _plain(side)
        pairs = sorted(
            (
                (_alike(one, other, both), a, b)
                for a, one in enumerate(joined)
                for b, other in enumerate(side)
            ),
            key=lambda pair: (-pair[0], pair[1], pair[2]),
        )
        met: dict[int, int] = {}
        for score, a, b in pairs:
            if score >= SHARED and a not in met.values() and b not in met:
                met[b] = a
        for b, other in enumerate(side):
            if b in met:
                joined[met[b]] = _one(joined[met[b]], other)
            else:
                joined.append(other)
    return joined


def _plain(groups: Iterable[_Group]) -> set[str]:
    return {word for one in groups for word in one.plain}


def _alike(a: _Group, b: _Group, both: Set[str]) -> float:
    """Cosine of their weights in the words that ``both`` languages have; 0 where they share too few."""
    sides = [{word: one.plain[word] for word in one.plain.keys() & both} for one in (a, b)]
    shared = sides[0].keys() & sides[1].keys()
    if len(shared) < COMMON:
        return 0.0
    lengths = [fsum(weight * weight for weight in one.values()) ** 0.5 for one in sides]
    return float(
        fsum(sides[0][word] * sides[1][word] for word in shared) / (lengths[0] * lengths[1])
    )


def _one(a: _Group, b: _Group) -> _Group:
    words = dict.fromkeys(filter(None, chain(*zip_longest(a.words, b.words))))
    examples = dict.fromkeys(filter(None, chain(*zip_longest(a.examples, b.examples))))
    return replace(
        a, words=tuple(words)[:WORDS], count=a.count + b.count, examples=tuple(examples)[:3]
    )


def _named(groups: Sequence[_Group]) -> list[Proposal]:
    names: set[str] = set()
    made = []
    for one in groups:
        first = _first(one.words)
        name = base = "-".join(filter(None, (_PARTS.sub("-", word).strip("-") for word in first)))
        number = 2
        while name in names:
            name, number = f"{base}-{number}", number + 1
        names.add(name)
        mark = "、" if _HAN.match(first[0]) else ", "
        title = mark.join(first)
        made.append(
            Proposal(name, title[:1].upper() + title[1:], one.words, one.count, one.examples)
        )
    return made


def _first(words: Sequence[str]) -> list[str]:
    """The first word, and the next one of the same script that is no part of it."""
    head = words[0]
    for word in words[1:]:
        if (
            word not in head
            and head not in word
            and bool(_HAN.match(word)) == bool(_HAN.match(head))
        ):
            return [head, word]
    return [head]

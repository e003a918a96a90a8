"""Learning the categories of a collection: from the words of the taxonomy at first, then from people.

Three steps: the words alone label texts that nobody has labelled; a model is taught what the surest of
those have in common, at less than a person's weight; then it is taught what people said. What was held
back from the last step tells how far its answers can be trusted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curate.classify.calibration import UNCHECKED, Curve, fitted
from curate.classify.features import Bag, Floats, Keys, is_long
from curate.classify.header import VERSION, Header
from curate.classify.model import Model, columns, share

WORDS = 4.0  # what the words of a category weigh before anything is learned
SURE = 0.8  # share of the texts with such words that teach: the surest ones
PSEUDO = 0.3  # their weight beside a person's
REPLAYED = (
    1_000  # of them that are shown again beside what people said, so that it is not forgotten
)
MANY = (
    3_000  # labels from which those need no help, and one part of them is enough to check the rest
)
CHECKS = 4  # parts that labels are held back in, where they are fewer
EPOCHS = 4
BATCH, LARGE = 128, 256  # texts to a step; of many texts
RATE = 1.0  # of learning: Adagrad (Duchi et al. 2011), one step size for all weights of a feature
NATURAL = 100  # texts that tell how frequent the categories are
FEATURES = 150_000
WEIGHTS = 8_000_000  # of a model at most: 16 MB
FEW = 1_000  # texts below which a feature counts even where only one has it

Chances = NDArray[np.float32]
_Batch = tuple[NDArray[np.int64], NDArray[np.int64], Any, Any]


@dataclass(frozen=True, slots=True)
class Lesson:
    """One text to learn from. ``category`` is None where nobody said; "" where it belongs nowhere."""

    bag: Bag
    evidence: Floats  # of each category of the taxonomy
    category: str | None = None


@dataclass(frozen=True, slots=True)
class _Matrix:
    rows: Any  # scipy.sparse.csr_matrix, texts × (features + categories)
    keys: Keys
    rarity: Floats


@dataclass(slots=True)
class _State:
    """Weights and what they have moved so far."""

    weights: Floats
    bias: Floats
    moved: Floats
    turned: float = 1e-3

    def copy(self) -> _State:
        return _State(self.weights.copy(), self.bias.copy(), self.moved.copy(), self.turned)


def train(
    lessons: Iterable[Lesson], categories: Sequence[str], basis: str, taxonomy: str, size: int
) -> Model | None:
    """A model of the closed vocabulary ``categories``; the same lessons give the same numbers.

    None where there are no lessons. Takes some 8 bytes for each feature of each lesson.
    """
    lessons = iter(lessons)
    first = next(lessons, None)
    if first is None:
        return None
    labels, evidence, matrix = _matrix(chain((first,), lessons))
    told = np.array([label is not None for label in labels], bool)
    classes = (*categories, *([""] if "" in labels else []))
    place = columns(classes)
    answers = np.array([place.get(label, 0) if label is not None else 0 for label in labels], int)
    state = _start(len(matrix.keys), len(categories), len(classes))
    taught = _by_words(matrix, np.flatnonzero(~told & (evidence.sum(1) > 0)), state)
    curve = UNCHECKED
    if told.any():
        curve = _by_people(matrix, np.flatnonzero(told), answers, taught, state, ~told)
    header = Header(
        VERSION, basis, taxonomy, size, int(told.sum()), classes, tuple(categories), len(matrix.keys), curve,
    )  # fmt: skip
    return Model(header, matrix.keys, matrix.rarity, state.weights, state.bias)


def _matrix(lessons: Iterable[Lesson]) -> tuple[list[str | None], Floats, _Matrix]:
    from scipy.sparse import csr_matrix, hstack

    labels: list[str | None] = []
    keys: list[Keys] = []
    counts: list[Floats] = []
    evidence: list[Floats] = []
    for lesson in lessons:
        labels.append(lesson.category)
        keys.append(lesson.bag.keys)
        counts.append(lesson.bag.counts)
        evidence.append(lesson.evidence)
    spoken = np.array(evidence, np.float32)
    ends = np.concatenate(([0], np.cumsum([len(one) for one in keys])))
    every = np.concatenate(keys)
    unique, place, often = np.unique(every, return_inverse=True, return_counts=True)
    kept = _kept(unique, often, len(labels), spoken.shape[1])
    number = np.cumsum(kept) - 1
    texts = csr_matrix(
        (
            np.concatenate(counts) * kept[place],
            number[place].clip(0).astype(np.int32),
            ends,
        ),
        shape=(len(labels), int(kept.sum())),
    )
    texts.eliminate_zeros()
    rarity = (np.log((1 + len(labels)) / (1 + often[kept])) + 1).astype(np.float32)
    texts.data = (1 + np.log(texts.data)) * rarity[texts.indices]
    lengths = np.sqrt(np.asarray(texts.multiply(texts).sum(1)).ravel())
    texts.data /= np.repeat(np.maximum(lengths, 1e-9), np.diff(texts.indptr))
    rows = hstack([texts, csr_matrix(share(spoken))], format="csr", dtype=np.float32)
    return labels, spoken, _Matrix(rows, unique[kept], rarity)


def _kept(keys: Keys, often: NDArray[np.int64], texts: int, categories: int) -> NDArray[np.bool_]:
    """Features that more than one text has; in few texts all but long ones; of too many the most frequent."""
    most = min(FEATURES, WEIGHTS // (categories + 1))
    kept: NDArray[np.bool_] = often >= 2
    if texts < FEW:
        kept |= ~is_long(keys)
    if kept.sum() > most:
        kept = often > int(np.sort(often)[-most])
    return kept


def _start(features: int, categories: int, classes: int) -> _State:
    weights = np.zeros((features + categories, classes), np.float32)
    weights[features:, :categories] = np.eye(categories, dtype=np.float32) * WORDS
    return _State(weights, np.zeros(classes, np.float32), np.full(len(weights), 1e-3, np.float32))


def _by_words(
    matrix: _Matrix, spoken: NDArray[np.int64], state: _State
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Teach what the words of the taxonomy are surest of; the texts, and what they were taken for."""
    if not len(spoken):
        return spoken, spoken
    chances = _chances(matrix.rows[spoken], state)
    surest = chances.max(1)
    sure = surest >= np.quantile(surest, 1 - SURE)
    texts, answers = spoken[sure], chances.argmax(1)[sure]
    _learn(matrix.rows[texts], answers, np.full(len(texts), PSEUDO, np.float32), state)
    return texts, answers


def _by_people(
    matrix: _Matrix,
    told: NDArray[np.int64],
    answers: NDArray[np.int64],
    taught: tuple[NDArray[np.int64], NDArray[np.int64]],
    state: _State,
    untold: NDArray[np.bool_],
) -> Curve:
    """Teach what people said; how far the answers can be trusted, by what was held back."""
    chance = np.random.default_rng(1)
    many = len(told) >= MANY
    shown = chance.permutation(len(taught[0]))[: 0 if many else REPLAYED]
    rows = matrix.rows[np.concatenate((told, taught[0][shown]))]
    right = np.concatenate((answers[told], taught[1][shown]))
    weights = np.full(len(right), PSEUDO, np.float32)
    weights[: len(told)] = 1
    batches = list(_batches(rows))
    order = chance.permutation(len(told))
    parts = [order[: len(told) // 10]] if many else np.array_split(order, min(CHECKS, len(told)))
    said = []
    for part in parts:
        # With many labels the model that was checked is the one that is kept: it learns the tenth afterwards.
        trial = state if many else state.copy()
        held = weights.copy()
        held[part] = 0
        _move(batches, right, held, trial)
        said.append(_chances(rows[part], trial))
    if many:
        _learn(rows[parts[0]], right[parts[0]], weights[parts[0]], state)
    else:
        _move(batches, right, weights, state)
    natural = matrix.rows[np.flatnonzero(untold)[:REPLAYED]]
    asked = np.concatenate(parts)
    return _curve(np.concatenate(said), right[asked], _chances(natural, state))


def _curve(said: Chances, answers: NDArray[np.int64], natural: Chances) -> Curve:
    """People correct what is rare or doubtful first. So each answer counts as often as the material has
    resources of its category, as far as the model can tell (label shift; Lipton et al. 2018)."""
    weights = np.ones(len(said))
    if len(natural) >= NATURAL:
        here = np.bincount(answers, minlength=said.shape[1]) / len(answers)
        there = natural.mean(0)
        weights = (there / np.maximum(here, 1e-9))[answers].clip(0.05, 20)
        weights *= len(said) / weights.sum()
    return fitted(said.max(1).astype(float), said.argmax(1) == answers, weights)


def _chances(rows: Any, state: _State) -> Chances:
    if not rows.shape[0]:
        return np.zeros((0, len(state.bias)), np.float32)
    return _softmax(np.asarray(rows @ state.weights + state.bias))


def _softmax(scores: Chances) -> Chances:
    scores -= scores.max(1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(1, keepdims=True)
    return scores


def _learn(rows: Any, answers: NDArray[np.int64], weights: Floats, state: _State) -> None:
    _move(list(_batches(rows)), answers, weights, state)


def _move(
    batches: Sequence[_Batch], answers: NDArray[np.int64], weights: Floats, state: _State
) -> None:
    """Move the model towards the answers, ``EPOCHS`` times through all."""
    for _ in range(EPOCHS):
        for some, features, part, turned in batches:
            here = state.weights[features]
            wrong = _softmax(np.asarray(part @ here + state.bias))
            wrong[np.arange(len(some)), answers[some]] -= 1
            wrong *= weights[some, None]
            slope = np.asarray(turned @ wrong)
            moved = state.moved[features] + np.einsum("ij,ij->i", slope, slope)
            state.moved[features] = moved
            state.weights[features] = here - (RATE / np.sqrt(moved))[:, None] * slope
            tilt = wrong.sum(0)
            state.turned += float(tilt @ tilt)
            state.bias -= np.float32(RATE / state.turned**0.5) * tilt


def _batches(rows: Any) -> Iterator[_Batch]:
    """Texts, their features, and the small matrix of both, also turned: only what a step touches."""
    from scipy.sparse import csr_matrix

    order = np.random.default_rng(0).permutation(rows.shape[0])
    number = np.empty(rows.shape[1], np.int32)
    size = LARGE if len(order) >= MANY else BATCH
    for start in range(0, len(order), size):
        some = order[start : start + size]
        part = rows[some]
        features = np.unique(part.indices)
        number[features] = np.arange(len(features), dtype=np.int32)
        small = csr_matrix(
            (part.data, number[part.indices], part.indptr), shape=(len(some), len(features))
        )
        yield some, features, small, small.T.tocsr()

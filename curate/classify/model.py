"""What was learned about the categories of one collection, as stored, and what it says of a resource.

Multinomial logistic regression over the features of the text and the seller's own words for each category.
Light to use: numpy alone, a few hundred rows of one matrix for a resource.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from curate.classify.features import Bag, Floats, Keys
from curate.classify.header import MAGIC, Header, header

DOUBT = 1.0  # evidence of words that makes half a feature


@dataclass(frozen=True, slots=True)
class Judged:
    """What a model says of one resource."""

    chances: Floats  # of each class; they sum to 1 and are not yet calibrated
    known: NDArray[np.int64]  # which of the bag's keys it knows
    values: Floats  # of those
    rows: NDArray[np.int64]  # of those, in the matrix
    words: Floats  # of each category of the taxonomy: what its own words say, 0..1


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """``weights`` is features × classes; the last of its rows stand for the words of each category."""

    header: Header
    keys: Keys  # ascending
    rarity: Floats  # inverse document frequency of each
    weights: Floats
    bias: Floats

    def judge(self, bag: Bag, evidence: Floats) -> Judged:
        """``evidence`` is what the words of each category of ``header.spoken`` come to."""
        rows = np.searchsorted(self.keys, bag.keys)
        rows[rows == len(self.keys)] = 0
        known = np.flatnonzero(self.keys[rows] == bag.keys) if len(self.keys) else rows[:0]
        rows = rows[known]
        values = weighted(bag.counts[known], self.rarity[rows])
        words = share(evidence)
        scores = values @ self.weights[rows] + words @ self.weights[len(self.keys) :] + self.bias
        chances = np.exp(scores - scores.max())
        return Judged(chances / chances.sum(), known, values, rows, words)

    def reasons(self, judged: Judged, place: int) -> tuple[Floats, float]:
        """What each known feature, and what the words of the taxonomy, say for a class and against the rest."""
        rows = self.weights[judged.rows]
        spoken = self.weights[len(self.keys) :]
        others = self.weights.shape[1] - 1 or 1
        mine, words = rows[:, place], judged.words @ spoken[:, place]
        rest = (rows.sum(1) - mine) / others
        apart = words - (judged.words @ spoken.sum(1) - words) / others
        return judged.values * (mine - rest), float(apart)

    def write(self, path: Path) -> None:
        """Write it as a whole or not at all. Raises OSError."""
        body = b"".join(np.ascontiguousarray(one).tobytes() for one in self._stored())
        header = msgspec.structs.replace(self.header, digest=hashlib.sha256(body).hexdigest())
        part = path.with_name(f"{path.name}.part")
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(MAGIC + msgspec.json.encode(header) + b"\n" + body)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)

    def _stored(self) -> tuple[NDArray[np.generic], ...]:
        weights = self.weights.astype("<f2")
        return self.keys.astype("<u4"), self.rarity.astype("<f4"), weights, self.bias.astype("<f4")


def read(path: Path) -> Model | None:
    """A stored model; None where there is none of this version, or it is damaged."""
    told = header(path)
    if told is None:
        return None
    with suppress(OSError, ValueError):
        body = path.read_bytes().split(b"\n", 2)[2]
        if hashlib.sha256(body).hexdigest() != told.digest:
            return None
        many, classes = told.features, len(told.classes)
        sizes = (4 * many, 4 * many, 2 * (many + len(told.spoken)) * classes, 4 * classes)
        ends = np.cumsum(sizes)
        if len(body) != ends[-1]:
            return None
        parts = [body[end - size : end] for end, size in zip(ends, sizes, strict=True)]
        return Model(
            told,
            np.frombuffer(parts[0], "<u4"),
            np.frombuffer(parts[1], "<f4"),
            np.frombuffer(parts[2], "<f2").reshape(-1, classes).astype(np.float32),
            np.frombuffer(parts[3], "<f4"),
        )
    return None


def weighted(counts: Floats, rarity: Floats) -> Floats:
    """TF-IDF with the logarithm of the counts, of length 1."""
    values = (1 + np.log(counts)) * rarity
    length = sqrt(float(values @ values))
    return (values / length if length else values).astype(np.float32)


def share(evidence: Floats) -> Floats:
    """What the words of each category say, beside those of all."""
    part: Floats = evidence / (evidence.sum(-1, keepdims=True) + DOUBT)
    return part


def columns(names: Sequence[str]) -> dict[str, int]:
    return {name: place for place, name in enumerate(names)}

"""All against all in memory: the near pairs of many texts at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from curate.dedupe.minhash import BANDS, ROWS, agreements, bands
from curate.dedupe.text import LEAST_SHARED, Words, alike, spelled
from curate.dedupe.tokens import Hashes, tokens

SHORT = 500  # tokens up to which texts are compared in a batch
_SLICE = 4096  # pairs at a time
Numbers = NDArray[np.int64]


class Texts:
    """Texts, numbered as they are added. Bands, and five bytes for each token, are kept of each."""

    def __init__(self) -> None:
        self._bands: list[bytes] = []
        self._words: list[Words] = []

    def add(self, text: str) -> None:
        found = tokens(text)
        self._bands.append(bands(found))
        self._words.append(spelled(found))

    def pairs(self, least: float) -> Iterator[tuple[int, int, float]]:
        """Those that are ``least`` alike or more, each once: the smaller number, the larger, the similarity."""
        lengths = np.array([len(words.exact) for words in self._words], np.int64)
        for one, other in self._likely(lengths, least):
            scores = alikes(
                self._words, one, other, np.maximum(lengths[one], lengths[other]), least
            )
            near = np.flatnonzero(scores)
            yield from zip(
                one[near].tolist(), other[near].tolist(), scores[near].tolist(), strict=True
            )

    def _likely(self, lengths: Numbers, least: float) -> Iterator[tuple[Numbers, Numbers]]:
        """Candidates that may be ``least`` alike by their lengths and bands."""
        places = np.flatnonzero([bool(keys) for keys in self._bands])
        rows = np.frombuffer(b"".join(self._bands), "<u8").reshape(-1, BANDS)
        lengths = lengths[places]
        pairs = _sharing(rows)
        for start in range(0, len(pairs), _SLICE):
            one, other = np.divmod(pairs[start : start + _SLICE], max(1, len(rows)))
            fewer, both = np.minimum(lengths[one], lengths[other]), lengths[one] + lengths[other]
            one, other = (side[2 * fewer >= least * both] for side in (one, other))
            likely = agreements(rows[one], rows[other]) >= LEAST_SHARED * BANDS * ROWS
            yield places[one[likely]], places[other[likely]]


def _sharing(rows: Hashes) -> Numbers:
    """Pairs of rows with a key in common, as first x number of rows + second; sorted."""
    order = np.argsort(rows, axis=None)
    keys, owners = rows.ravel()[order], order // BANDS
    found = [np.empty(0, np.int64)]
    at = np.arange(len(keys))
    for ahead in range(1, len(keys)):
        at = at[: np.searchsorted(at, len(keys) - ahead)]
        at = at[keys[at] == keys[at + ahead]]
        if not len(at):
            break
        one, other = owners[at], owners[at + ahead]
        found.append(np.minimum(one, other) * len(rows) + np.maximum(one, other))
    pairs = np.sort(np.concatenate(found))
    first = np.append(True, pairs[1:] != pairs[:-1])[: len(pairs)]
    return pairs[np.flatnonzero(first)]


def alikes(
    words: Sequence[Words], one: Numbers, other: Numbers, longest: Numbers, least: float
) -> NDArray[np.float64]:
    """``text.alike`` of each of ``one`` with its like in ``other``: short texts in a fraction of the time."""
    from rapidfuzz import process
    from rapidfuzz.distance import Indel

    scores = np.zeros(len(one))
    for at in np.flatnonzero(longest > SHORT).tolist():
        scores[at] = alike(words[one[at]], words[other[at]], least)
    rest = np.flatnonzero(longest <= SHORT)
    for side in (1, 0):  # coarse, then exact what that leaves
        found = process.cpdist(
            [words[place][side] for place in one[rest].tolist()],
            [words[place][side] for place in other[rest].tolist()],
            scorer=Indel.normalized_similarity,
            score_cutoff=least,
            dtype=np.float64,
        )
        rest, found = rest[found > 0], found[found > 0]
    scores[rest] = found
    return scores

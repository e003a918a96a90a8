"""Keys that texts with much in common are likely to share: MinHash and banding.

Banding as in Leskovec, Rajaraman & Ullman, "Mining of Massive Datasets", chapter 3. The minima come
from one hash of each shingle (Li, Owen & Zhang, "One Permutation Hashing", 2012): its upper part
says in which bin it is, the least of a bin is the bin's. Bins that stay empty are filled by a MinHash
of their own over all shingles, which keeps every bin's chance to agree at the Jaccard similarity
(compare Dahlgaard, Knudsen & Thorup, "Fast Similarity Sketching", 2017).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from curate.dedupe.tokens import Hashes, mix

BANDS = 48
ROWS = 3
"""48 bands of 3 rows: loose, because every candidate is verified. At a Jaccard similarity of 0.5, which
is some 18 % of the words replaced, 99.8 % of the pairs share a band; at 0.05, 0.6 %."""

MIN_BANDS = 8  # tokens, and nearly as many different shingles: below this chance decides

_BITS = 64 // ROWS
_FIELD = np.uint64((1 << _BITS) - 1)
"""A key is made of as many bits of each of its rows, so that two keys also tell how many rows agree."""
_SECOND = np.uint64(0x9E3779B97F4A7C15)
_THIRD = np.uint64(0xD1342543DE82EF95)


def bands(found: Hashes) -> bytes:
    """MinHash over shingles of two tokens → ``BANDS`` little-endian uint64 keys.

    Each band's keys have a pattern of their own, so one set of keys serves all bands. Empty for a text too
    short, or too repetitive, for a shared band to mean anything.
    """
    if len(found) < MIN_BANDS:
        return b""
    shingles = np.sort(found[:-1] * _THIRD + found[1:])
    new = shingles[1:] != shingles[:-1]
    if np.count_nonzero(new) < MIN_BANDS - 3:
        return b""
    keys = _numbers(BANDS)
    for place, row in enumerate(_minima(shingles).reshape(ROWS, BANDS)):
        keys = keys ^ ((row & _FIELD) << np.uint64(_BITS * place))
    return keys.astype("<u8").tobytes()


def jaccard(a: bytes, b: bytes) -> float:
    """Estimated Jaccard similarity of the shingles of two texts, from their ``bands``: 0..1, ± 0.04."""
    if not (a and b):
        return 0.0
    return float(agreements(np.frombuffer(a, "<u8"), np.frombuffer(b, "<u8"))) / (BANDS * ROWS)


def agreements(a: Hashes, b: Hashes) -> NDArray[np.intp]:
    """How many of the ``BANDS * ROWS`` minima are equal: of two rows of keys, or of two arrays of rows."""
    differ = a ^ b
    return sum(
        np.count_nonzero(differ & (_FIELD << np.uint64(_BITS * row)) == 0, axis=-1)
        for row in range(ROWS)
    )


def _minima(shingles: Hashes) -> Hashes:
    """The least of each bin; ``shingles`` are sorted."""
    edges = np.searchsorted(shingles, _edges())
    least = shingles.take(edges[:-1], mode="clip")
    empty = np.flatnonzero(edges[1:] == edges[:-1])
    if len(empty):
        # At most some eight thousand products: the more shingles there are, the fewer bins are empty.
        factors = _numbers(BANDS * ROWS)[empty] | np.uint64(1)
        least[empty] = (factors[:, None] * shingles).min(axis=1)
    return least


@cache
def _edges() -> Hashes:
    """Where each bin begins, and where the last one ends."""
    count = BANDS * ROWS
    edges = [(number << 64) // count for number in range(count)]
    return np.array([*edges, (1 << 64) - 1], np.uint64)


@cache
def _numbers(count: int) -> Hashes:
    return mix(np.arange(1, count + 1, dtype=np.uint64) * _SECOND)

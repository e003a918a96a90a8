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

BANDS = 40
ROWS = 3
"""40 bands of 3 rows: loose, because every candidate is verified. At a Jaccard similarity of 0.5, which
is some 18 % of the words replaced, 99.5 % of the pairs share a band; at 0.05, 0.5 %."""

MIN_BANDS = 8  # tokens, and nearly as many different shingles: below this chance decides

_LANE = 16  # bits
"""A key holds 16 bits of each of its rows, so that the keys of two texts also tell how many rows agree, and the
number of its band above them."""
_SECOND = np.uint64(0x9E3779B97F4A7C15)
_THIRD = np.uint64(0xD1342543DE82EF95)


def bands(found: Hashes) -> bytes:
    """MinHash over shingles of two tokens → ``BANDS`` little-endian uint64 keys.

    A key names its band, so one set of keys serves all bands. Empty for a text too
    short, or too repetitive, for a shared band to mean anything.
    """
    if len(found) < MIN_BANDS:
        return b""
    every = np.sort(found[:-1] * _THIRD + found[1:])
    new = np.empty(len(every), bool)
    new[0] = True
    np.not_equal(every[1:], every[:-1], out=new[1:])
    shingles = every[new]
    if len(shingles) < MIN_BANDS - 2:
        return b""
    keys = np.arange(BANDS, dtype=np.uint64) << np.uint64(_LANE * ROWS)
    for place, row in enumerate(_minima(shingles).reshape(ROWS, BANDS)):
        keys |= (row & np.uint64((1 << _LANE) - 1)) << np.uint64(_LANE * place)
    return keys.astype("<u8").tobytes()


def jaccard(a: bytes, b: bytes) -> float:
    """Estimated Jaccard similarity of the shingles of two texts, from their ``bands``: 0..1, give or take 0.04."""
    if not (a and b):
        return 0.0
    rows = np.frombuffer(a + b, "<u8").reshape(2, BANDS)
    return float(agreements(rows[:1], rows[1:])[0]) / (BANDS * ROWS)


def agreements(a: Hashes, b: Hashes) -> NDArray[np.uint64]:
    """How many of the ``BANDS * ROWS`` minima are equal, for each row of two arrays of keys."""
    equal = a.view(np.uint16) == b.view(np.uint16)
    # Eight truths at once: sums of their bytes, then of the eight bytes of that in its uppermost.
    eights: Hashes = equal.view(np.uint64).sum(axis=-1, dtype=np.uint64)
    counts: Hashes = (eights * np.uint64(0x0101010101010101)) >> np.uint64(56)
    return counts - np.uint64(BANDS)  # the bands' numbers always agree


def _minima(shingles: Hashes) -> Hashes:
    """The least of each bin; ``shingles`` are sorted, each once."""
    edges = np.searchsorted(shingles, _edges())
    least = shingles.take(edges[:-1], mode="clip")
    empty = np.flatnonzero(edges[1:] == edges[:-1])
    if len(empty):
        # At most some eight thousand products: the more shingles there are, the fewer bins are empty.
        short = (shingles >> np.uint64(32)).astype(np.uint32)
        least[empty] = (_factors()[empty, None] * short).min(axis=1)
    return least


@cache
def _edges() -> Hashes:
    """Where each bin begins, and where the last one ends."""
    count = BANDS * ROWS
    edges = [(number << 64) // count for number in range(count)]
    return np.array([*edges, (1 << 64) - 1], np.uint64)


@cache
def _factors() -> NDArray[np.uint32]:
    numbers = mix(np.arange(1, BANDS * ROWS + 1, dtype=np.uint64) * _SECOND)
    return (numbers >> np.uint64(32)).astype(np.uint32) | np.uint32(1)

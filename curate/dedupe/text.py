"""The same words in another file: tokens, MinHash bands that find candidates, and the similarity that decides.

Everything is numpy over hashes of tokens, with constants instead of a seed, so that a fingerprint is
the same on every machine. MinHash and banding as in Leskovec, Rajaraman & Ullman, "Mining of Massive
Datasets", chapter 3.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from curate.model import Message

Hashes = NDArray[np.uint64]

BANDS = 48
ROWS = 3
"""48 bands of 3 rows: loose, because every candidate is verified. At a Jaccard similarity of 0.5, which
is some 18 % of the words replaced, 99.8 % of the pairs share a band; at 0.05, 0.6 %."""

MIN_DIGEST = 3  # tokens: "contents", "page 1" and the like are the same text in unrelated files
MIN_BANDS = 8  # tokens, and nearly as many different shingles: below this chance decides
NUMBERS = 64  # tokens: page numbers alone, as a scan without text has them, are no text
SAMPLE = 24_576
"""Tokens that two texts are compared by at most; Indel costs the product of the lengths."""
SHORT = 10_000  # characters up to which a text's tokens are kept for its next pair

_SEPARATE, _WORD, _SINGLE = 0, 1, 2
_MULTIPLIER = 0x9E3779B97F4A7C15
_INVERSE = pow(_MULTIPLIER, -1, 1 << 64)
_LETTER = re.compile(r"[^\W\d_]")

_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x3040, 0x30FF),  # kana
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
)
"""Scripts written without spaces: each character is a token, for a "word" would be a whole sentence."""


@cache
def _classes() -> NDArray[np.uint8]:
    """For each code point whether it separates, belongs to a word or stands alone."""
    table = np.zeros(0x110000, np.uint8)
    for run in re.finditer(r"[^\W_]+", "".join(map(chr, range(0x20000)))):
        table[run.start() : run.end()] = _WORD
    for first, last in _UNSPACED:
        block = table[first : last + 1]
        block[block == _WORD] = _SINGLE
    table[0x20000:0x32400] = _SINGLE  # Han of the supplementary planes
    return table


@cache
def _powers(bits: int) -> tuple[Hashes, Hashes]:
    """The first 2**bits powers of the multiplier and of its inverse, modulo 2**64."""
    both = []
    for base in (_MULTIPLIER, _INVERSE):
        factors = np.full(1 << bits, base, np.uint64)
        factors[0] = 1
        both.append(np.multiply.accumulate(factors))
    return both[0], both[1]


def _mix(values: Hashes) -> Hashes:
    """The finaliser of SplitMix64 (Steele, Lea & Flood 2014): every bit in moves every bit out."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def tokens(text: str) -> Hashes:
    """One 64-bit hash for each word and each single Han character, in order; NFKC, case folded.

    Punctuation, markup signs and white space only separate.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    codes = np.frombuffer(plain.encode("utf-32-le", "surrogatepass"), np.dtype("<u4"))
    if not len(codes):
        return np.empty(0, np.uint64)
    classes = _classes()[codes]
    word = np.zeros(len(codes) + 2, bool)
    word[1:-1] = classes == _WORD
    single = classes == _SINGLE
    starts = np.flatnonzero((word[1:-1] & ~word[:-2]) | single)
    ends = np.flatnonzero((word[1:-1] & ~word[2:]) | single) + 1
    # Polynomial hashes of all words at once: differences of one running sum, shifted to a common power.
    powers, inverse = _powers(max(12, len(codes).bit_length()))
    sums = np.zeros(len(codes) + 1, np.uint64)
    np.cumsum((codes.astype(np.uint64) + np.uint64(1)) * powers[: len(codes)], out=sums[1:])
    return _mix((sums[ends] - sums[starts]) * inverse[starts])


def sign(text: str) -> tuple[bytes, int, bytes]:
    """Digest of the tokens, their number, and their bands, as ``Fingerprint`` keeps them."""
    found = tokens(text)
    return _digest(text, found), len(found), bands(found)


def _digest(text: str, found: Hashes) -> bytes:
    if len(found) < MIN_DIGEST or (len(found) < NUMBERS and not _LETTER.search(text)):
        return b""
    return hashlib.sha256(found.astype("<u8").tobytes()).digest()


@cache
def _permutations() -> Hashes:
    count = np.arange(1, BANDS * ROWS + 1, dtype=np.uint64)
    return _mix(count * np.uint64(_MULTIPLIER)) | np.uint64(1)


def bands(found: Hashes) -> bytes:
    """MinHash over shingles of two tokens → ``BANDS`` little-endian uint64 keys.

    The band's number is mixed into its key, so one set of keys serves all bands. Empty for a text too
    short, or too repetitive, for a shared band to mean anything.
    """
    if len(found) < MIN_BANDS:
        return b""
    shingles = np.unique(_mix(found[:-1] * np.uint64(3) + found[1:]))
    if len(shingles) < MIN_BANDS - 2:
        return b""
    factors = _permutations()
    least = np.full(len(factors), np.iinfo(np.uint64).max, np.uint64)
    for start in range(0, len(shingles), 2048):  # stays within the processor's cache
        block = shingles[start : start + 2048]
        np.minimum(least, (factors[:, None] * block[None, :]).min(axis=1), out=least)
    keys = _mix(np.arange(1, BANDS + 1, dtype=np.uint64))
    for row in least.reshape(BANDS, ROWS).T:
        keys = _mix(keys * np.uint64(_MULTIPLIER) + row)
    return keys.astype("<u8").tobytes()


def similarity(a: str, b: str) -> float:
    """How much of two token sequences is common and in order: 0..1, 1 = the same.

    Normalised Indel similarity, 2 x longest common subsequence / sum of the lengths. Texts of more than
    ``SAMPLE`` tokens are compared by a sample: half of all *different* tokens is dropped, by their hash
    and so alike in both, until both fit.
    """
    from rapidfuzz.distance import Indel

    if max(len(a), len(b)) <= SHORT:
        first, second = _short(a), _short(b)
    else:
        one, two = _sample(_long(a), _long(b))
        first, second = _spelled(one), _spelled(two)
    # Without any token there is nothing in common, not even with itself.
    return float(Indel.normalized_similarity(first, second)) if first and second else 0.0


def evidence(a: str, b: str) -> Message | None:
    """What a person can check: how many words the two have in common, and of how many."""
    return None


@lru_cache(maxsize=2048)  # one text is in many pairs
def _short(text: str) -> str:
    return _spelled(tokens(text))


@lru_cache(maxsize=4)  # pairs come sorted, so one side is usually the text before
def _long(text: str) -> Hashes:
    return tokens(text)


def _spelled(found: Hashes) -> str:
    """Each token as one of the 2**20 characters from U+10000: rapidfuzz is quickest on strings.

    Two tokens of a text rarely share one (once in a thousand texts of fifty different tokens), which
    makes them equal and a similarity hardly larger.
    """
    return (
        ((found >> np.uint64(44)).astype("<u4") + np.uint32(0x10000)).tobytes().decode("utf-32-le")
    )


def _sample(one: Hashes, two: Hashes) -> tuple[Hashes, Hashes]:
    bit = 0
    while max(len(one), len(two)) > SAMPLE and bit < 40:
        mask = np.uint64(1 << bit)
        one, two = one[(one & mask) == 0], two[(two & mask) == 0]
        bit += 1
    return one, two

"""The same words in another file: digest, bands that find candidates, the similarity that decides, and its evidence."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from curate.dedupe.minhash import BANDS, bands, jaccard
from curate.dedupe.tokens import Codes, Hashes, places, tokens
from curate.messages import msg
from curate.model import Message

__all__ = [
    "BANDS",
    "alike",
    "bands",
    "evidence",
    "hopeless",
    "sign",
    "similarity",
    "spelled",
    "tokens",
    "words",
]

MIN_DIGEST = 3  # tokens: "contents", "page 1" and the like are the same text in unrelated files
NUMBERS = 64  # tokens: page numbers alone, as a scan without text has them, are no text
SAMPLE = 4_096
"""Tokens that two texts are compared by at most; Indel costs the product of the lengths."""
PASSAGE = 60  # characters shown of where two texts part
LEAST_SHARED = 0.3
"""Estimated Jaccard similarity below which pairs are not compared. With a quarter of the words replaced it is
0.39 and at worst 0.33; the estimate errs by 0.04."""

_LETTER = re.compile(r"[^\W\d_]")


def sign(text: str) -> tuple[bytes, int, bytes]:
    """Digest of the tokens, their number, and their bands, as ``Fingerprint`` keeps them."""
    found = tokens(text)
    return _digest(text, found), len(found), bands(found)


def _digest(text: str, found: Hashes) -> bytes:
    if len(found) < MIN_DIGEST or (len(found) < NUMBERS and not _LETTER.search(text)):
        return b""
    return hashlib.sha256(found.astype("<u8").tobytes()).digest()


def hopeless(a: bytes, b: bytes) -> bool:
    """Do the ``bands`` of two texts already tell that they are not 0.7 alike? Costs no look at the texts."""
    return jaccard(a, b) < LEAST_SHARED


def similarity(a: str, b: str, least: float = 0.0) -> float:
    """How much of two texts is common and in order: 0..1, 1 = the same words; 0 where it is below ``least``.

    Normalised Indel similarity of their tokens, 2 x longest common subsequence / sum of the lengths.
    """
    return alike(_words(a), _words(b), least)


class Words(NamedTuple):
    """The tokens of a text as characters, for ``alike``."""

    exact: str
    """One of the 2**20 characters from U+10000 each. Two tokens of a text rarely share one (once in a
    thousand texts of fifty different tokens), which makes them equal and a similarity hardly larger."""
    coarse: str
    """One of 256 each, which rapidfuzz compares in a quarter of the time: never less alike than ``exact``."""


def words(text: str) -> Words:
    return spelled(tokens(text))


def spelled(found: Hashes) -> Words:
    """The ``words`` of a text by its tokens."""
    return _spelled((found >> np.uint64(44)).astype("<u4"))


def _spelled(codes: Codes) -> Words:
    exact = (codes + np.uint32(0x10000)).astype("<u4").tobytes().decode("utf-32-le")
    return Words(exact, (codes >> np.uint32(12)).astype(np.uint8).tobytes().decode("latin-1"))


def alike(a: Words, b: Words, least: float = 0.0) -> float:
    """The ``similarity`` of two texts by their words.

    Texts of more than ``SAMPLE`` tokens are compared by a sample: half of all *different* tokens is
    dropped, by their hash and so alike in both, until both fit.
    """
    from rapidfuzz.distance import Indel

    if max(len(a.exact), len(b.exact)) > SAMPLE:
        a, b = _sample(a, b)
    if not (a.exact and b.exact):
        return 0.0  # without any token there is nothing in common, not even with itself
    most = Indel.normalized_similarity(a.coarse, b.coarse, score_cutoff=least)
    # The nearer the bound, the less rapidfuzz has to look at, and the similarity is seldom far below its bound.
    for floor in (max(least, most - 0.02), least):
        score = Indel.normalized_similarity(a.exact, b.exact, score_cutoff=floor) if most else 0.0
        if score:
            return float(score)
    return 0.0


def evidence(a: str, b: str) -> Message | None:
    """What a person can check: how many words two texts have in common, and where they first part."""
    first, second = _words(a), _words(b)
    parting = _parting(first, second)
    return msg(
        "{same} of {all} words are the same, in order; they part at “{here}” / “{there}”",
        same=round(alike(first, second) * (len(first.exact) + len(second.exact)) / 2),
        all=max(len(first.exact), len(second.exact)),
        here=_passage(a, parting),
        there=_passage(b, parting),
    )


def _parting(a: Words, b: Words) -> int:
    """The number of the first token that differs, or of the one before it, which tells where to look."""
    shorter = min(len(a.exact), len(b.exact))
    differ = np.flatnonzero(_codes(a)[:shorter] != _codes(b)[:shorter])
    return max(0, (int(differ[0]) if len(differ) else shorter) - 1)


def _passage(text: str, token: int) -> str:
    shown, starts = _places(text)
    if token >= len(starts):
        return ""
    start = int(starts[token])
    passage = " ".join(shown[start : start + 4 * PASSAGE].split())
    return passage if len(passage) <= PASSAGE else passage[: PASSAGE - 1].rstrip() + "…"


@lru_cache(maxsize=64)  # one text is in many pairs, and they come one after another
def _words(text: str) -> Words:
    return words(text)


@lru_cache(maxsize=64)
def _places(text: str) -> tuple[str, Codes]:
    shown, starts = places(text)
    return shown, np.array(starts, np.uint32)


def _sample(a: Words, b: Words) -> tuple[Words, Words]:
    one, two = _codes(a), _codes(b)
    bit = 0
    while max(len(one), len(two)) > SAMPLE and bit < 20:
        mask = np.uint32(1 << bit)
        one, two = one[(one & mask) == 0], two[(two & mask) == 0]
        bit += 1
    return _spelled(one), _spelled(two)


def _codes(found: Words) -> Codes:
    return np.frombuffer(found.exact.encode("utf-32-le"), "<u4") - np.uint32(0x10000)

"""The same words in another file: digest, bands that find candidates, the similarity that decides, and its evidence."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

import numpy as np

from curate.dedupe.minhash import BANDS, bands, jaccard
from curate.dedupe.tokens import Hashes, places, tokens
from curate.messages import msg
from curate.model import Message

__all__ = ["BANDS", "alike", "bands", "evidence", "hopeless", "sign", "similarity", "tokens", "words"]

MIN_DIGEST = 3  # tokens: "contents", "page 1" and the like are the same text in unrelated files
NUMBERS = 64  # tokens: page numbers alone, as a scan without text has them, are no text
SAMPLE = 24_576
"""Tokens that two texts are compared by at most; Indel costs the product of the lengths."""
PASSAGE = 40  # characters shown of where two texts part
LEAST_SHARED = 0.15
"""Estimated Jaccard similarity below which no pair is 0.7 alike: with three of ten words replaced, as far from
each other as can be, it is 0.25, and the estimate errs by 0.04."""

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


def words(text: str) -> str:
    """The tokens of a text, each as one of the 2**20 characters from U+10000, for ``alike``: rapidfuzz is
    quickest on strings.

    Two tokens of a text rarely share one (once in a thousand texts of fifty different tokens), which
    makes them equal and a similarity hardly larger.
    """
    found = tokens(text) >> np.uint64(44)
    return (found.astype("<u4") + np.uint32(0x10000)).tobytes().decode("utf-32-le")


def alike(a: str, b: str, least: float = 0.0) -> float:
    """The ``similarity`` of two texts by their ``words``.

    Texts of more than ``SAMPLE`` tokens are compared by a sample: half of all *different* tokens is
    dropped, by their hash and so alike in both, until both fit.
    """
    from rapidfuzz.distance import Indel

    if not (a and b):
        return 0.0  # without any token there is nothing in common, not even with itself
    if max(len(a), len(b)) > SAMPLE:
        a, b = _sample(a, b)
    return float(Indel.normalized_similarity(a, b, score_cutoff=least)) if a and b else 0.0


def evidence(a: str, b: str) -> Message | None:
    """What a person can check: how many words two texts have in common, and where they first part."""
    first, second = _words(a), _words(b)
    same = round(alike(first, second) * (len(first) + len(second)) / 2)
    return msg(
        "{same} of {all} words are the same, in order; they part at “{here}” / “{there}”",
        same=same,
        all=max(len(first), len(second)),
        here=_passage(a, _parting(first, second)),
        there=_passage(b, _parting(first, second)),
    )


def _parting(a: str, b: str) -> int:
    """The number of the first token that differs, one back where there is one: it tells where to look."""
    shorter = min(len(a), len(b))
    one, two = (np.frombuffer(text[:shorter].encode("utf-32-le"), "<u4") for text in (a, b))
    differ = np.flatnonzero(one != two)
    return max(0, (int(differ[0]) if len(differ) else shorter) - 1)


def _passage(text: str, token: int) -> str:
    shown, starts = places(text)
    if token >= len(starts):
        return ""
    start = starts[token]
    passage = " ".join(shown[start : start + 4 * PASSAGE].split())
    return passage if len(passage) <= PASSAGE else passage[: PASSAGE - 1].rstrip() + "…"


@lru_cache(maxsize=512)  # one text is in many pairs
def _words(text: str) -> str:
    return words(text)


def _sample(a: str, b: str) -> tuple[str, str]:
    one, two = (np.frombuffer(text.encode("utf-32-le"), "<u4") for text in (a, b))
    bit = 0
    while max(len(one), len(two)) > SAMPLE and bit < 20:
        mask = np.uint32(1 << bit)
        one, two = one[(one & mask) == 0], two[(two & mask) == 0]
        bit += 1
    return one.tobytes().decode("utf-32-le"), two.tobytes().decode("utf-32-le")

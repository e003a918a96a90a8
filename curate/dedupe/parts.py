"""One text inside another: a chapter and its book, an article and the collection that reprints it.

A text is known by some of its runs of ``KEY`` words, chosen by their own hashes, so that a run chosen in
a chapter is chosen in its book too. Those whose hash is small are (FracMinHash: Irber et al., "Lightweight
compositional analysis of metagenomes with FracMinHash and minimum metagenome covers", 2022): an edit
loses only the runs that it changes. Of every ``WINDOW`` runs in a row the smallest is (winnowing:
Schleimer, Wilkerson & Aiken 2003), so that chance leaves no passage out. Small numbers are no words here:
those of pages, sections and notes stand elsewhere in each format of a manual.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.dedupe.tokens import Hashes, mix, places, tokens
from curate.messages import msg
from curate.model import Message

Marks = NDArray[np.bool_]

KEY = 5
"""Words, or Han characters, of a run that finds: long, for each search goes through all who have it."""
RUN = 4
"""Words, or Han characters, of a run that proves. In runs of four 84 to 100 % of each chapter of a manual stand
in its other formats, whose tables are broken into lines elsewhere (of five: 78), and 1 to 9 % of an English
chapter in a book that has nothing to do with it (of three: 33), 49 % of a Chinese one (of three: 73)."""
SCALE = 32
"""One run in so many is a key: nine of 300 words, some 5,000 of a novel of 125,000."""
WINDOW = 63
"""Runs in a row of which one at least is a key."""
LEAST = 4
"""Keys that two texts have in common before they are compared."""
WORDS = 60
"""Fewer make no part: a notice, a table of buttons, the foot of a page is inside everything."""
SURE = WINDOW * LEAST + KEY - 1
"""Words in a row, no run of them twice, that always have ``LEAST`` keys of their own."""
QUOTE = 80  # characters of a passage that is quoted

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


def pieces(found: Hashes) -> bytes:
    """Keys of some of the runs in ``found``, the hashes of ``tokens``: little-endian uint64, each once.

    The same runs in every text: of a passage of ``SURE`` words all keys that it has alone are keys of
    whatever holds it, and there are ``LEAST`` at least.
    """
    words = found[_worded(found)]
    if len(words) < WORDS:
        return b""
    runs = _runs(words, KEY)
    least = _least(runs)
    changes = np.flatnonzero(least[1:] != least[:-1])  # one is the least of many windows
    kept = (runs[runs < np.uint64((1 << 64) // SCALE)], least[:1], least[1:][changes])
    return np.unique(np.concatenate(kept)).astype("<u8").tobytes()


def share(part: str, whole: str) -> float:
    """How much of ``part`` stands in ``whole``: 0..1; 0 for a part too short to be one.

    The words of the part that are in a run of ``RUN`` which the whole has as well, each run as often as
    the whole has it. Linear in the lengths but for sorting.
    """
    found = _compared(part, whole)
    return float(found.mean()) if len(found) >= WORDS else 0.0


def evidence(part: str, whole: str) -> Message | None:
    """How many words of ``part`` stand in ``whole``, and the longest passage that does not."""
    found = _compared(part, whole)
    if not len(found):
        return None
    passage = "" if found.all() else _quoted(part, *_longest(~found))
    if not passage:
        return msg(
            "{found} of its {words} words stand in the other text, in runs of {run} or more",
            found=int(found.sum()),
            words=len(found),
            run=RUN,
        )
    return msg(
        "{found} of its {words} words stand in the other text, in runs of {run} or more; the longest passage"
        " that does not: “{passage}”",
        found=int(found.sum()),
        words=len(found),
        run=RUN,
        passage=passage,
    )


class _Text(NamedTuple):
    words: NDArray[np.intp]  # which of its tokens they are
    runs: Hashes


@lru_cache(maxsize=16)  # a book meets its chapters one after the other
def _text(text: str) -> _Text:
    found = tokens(text)
    words = np.flatnonzero(_worded(found))
    return _Text(words, _runs(found[words], RUN))


@lru_cache(maxsize=16)
def _sorted(text: str) -> Hashes:
    return np.sort(_text(text).runs)


@lru_cache(maxsize=2)  # the share of a pair, then its evidence
def _compared(part: str, whole: str) -> Marks:
    """For each word of ``part`` whether it stands in ``whole``."""
    words, runs = _text(part)
    if not len(runs):
        return np.zeros(len(words), bool)
    order = np.argsort(runs, kind="stable")
    mine, theirs = runs[order], _sorted(whole)
    before = np.arange(len(mine)) - np.searchsorted(mine, mine)  # the same run, earlier in the part
    there = np.searchsorted(theirs, mine, "right") - np.searchsorted(theirs, mine)
    stands = np.zeros(len(words), bool)
    for place in range(RUN):
        stands[order[before < there] + place] = True
    return stands


@cache
def _numbers() -> tuple[Marks, Hashes]:
    """The tokens of small numbers, in order, and the heads that they begin with."""
    numbers = np.sort(tokens(" ".join(map(str, range(1000)))))
    heads = np.zeros(1 << 16, bool)
    heads[numbers >> np.uint64(48)] = True
    return heads, numbers


def _worded(found: Hashes) -> Marks:
    """Which tokens are words, not small numbers."""
    heads, numbers = _numbers()
    worded: Marks = ~heads[
        found >> np.uint64(48)
    ]  # nearly all words, at the cost of one look-up each
    doubted = np.flatnonzero(~worded)
    nearest = np.minimum(np.searchsorted(numbers, found[doubted]), len(numbers) - 1)
    worded[doubted] = numbers[nearest] != found[doubted]
    return worded


def _runs(words: Hashes, length: int) -> Hashes:
    """A hash of each run of so many words."""
    count = max(0, len(words) - length + 1)
    runs = words[:count].copy()
    for place in range(1, length):
        runs = runs * _MULTIPLIER + words[place : place + count]
    return mix(runs)


def _least(runs: Hashes) -> Hashes:
    """The smallest of every ``WINDOW`` runs in a row: by doubling, so in the logarithm of passes."""
    least, width = runs, 1
    while width < WINDOW:
        step = min(width, WINDOW - width)
        if len(least) <= step:
            return least[:0]
        least, width = np.minimum(least[step:], least[:-step]), width + step
    return least


def _longest(which: Marks) -> tuple[int, int]:
    """The first of the longest runs of true values: its first place, and the place behind it."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], which.view(np.int8), [0]))))
    first, last = edges[::2], edges[1::2]
    longest = int(np.argmax(last - first))
    return int(first[longest]), int(last[longest])


def _quoted(text: str, first: int, last: int) -> str:
    """The passage of ``text`` from one of its words up to another, at most ``QUOTE`` characters of it."""
    words = _text(text).words
    read, begins = places(text)
    begins.append(len(read))
    passage = " ".join(read[begins[words[first]] : begins[words[last - 1] + 1]].split())
    return passage if len(passage) <= QUOTE else passage[: QUOTE - 1].rstrip() + "…"

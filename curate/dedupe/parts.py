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
"""Words, or Han characters, of a run that proves. Of a chapter in English 1 to 9 % stand in runs of four in a
book that has nothing to do with it (of three: 33), of one in Chinese up to 49 % (of three: 73)."""
SCALE = 32
"""One run in so many is a key: nine of 300 words, some 5,000 of a novel of 125,000."""
WINDOW = 63
"""Runs in a row of which one at least is a key."""
LEAST = 4
"""Keys that two texts have in common before they are compared."""
WORDS = 60
"""Fewer make no part: a notice, a table of buttons, the foot of a page is inside everything."""
MOST = 0.75
"""Of its whole that a part can be. What is more is nearly all of it: with nothing else changed, such two are
more than 0.85 alike, so they are near texts or neither."""
LONG = 10_000
"""Words from which on a part may be nearly all of its whole: a book whose pages are in another order, as on the
sheets of a booklet. Forms of that length with little in them of their own have not been seen."""
SURE = WINDOW * LEAST + KEY - 1
"""Words in a row, no run of them twice, that always have ``LEAST`` keys of their own."""
QUOTE = 80  # characters of a passage that is quoted

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_WIDER = 2, 32
"""How much longer a passage may be in the whole: the runs of a page, the borders of a table stand in between."""


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
    """How much of ``part`` stands in ``whole``: 0..1; 0 for what is too short, or too much of it, to be a part.

    Linear in the lengths but for sorting.
    """
    words, room = len(_text(part).words), len(_text(whole).words)
    if words < WORDS or words > (MOST if words < LONG else 1) * room:
        return 0.0
    return float(_compared(part, whole).mean())


def evidence(part: str, whole: str) -> Message | None:
    """How many words of ``part`` stand in ``whole``, and the longest passage that does not."""
    stands = _compared(part, whole)
    if not len(stands):
        return None
    passage = "" if stands.all() else _quoted(part, *max(_gaps(stands), key=_length))
    if not passage:
        return msg(
            "{found} of its {words} words stand in the other text too, among the same words",
            found=int(stands.sum()),
            words=len(stands),
        )
    return msg(
        "{found} of its {words} words stand in the other text too, among the same words; the longest passage"
        " that does not: “{passage}”",
        found=int(stands.sum()),
        words=len(stands),
        passage=passage,
    )


class _Text(NamedTuple):
    words: Hashes
    tokens: NDArray[np.intp]  # which of its tokens they are
    runs: Hashes
    order: NDArray[np.intp]  # of the runs, by their hashes


@lru_cache(maxsize=16)  # a book meets its chapters one after the other
def _text(text: str) -> _Text:
    found = tokens(text)
    which = np.flatnonzero(_worded(found))
    words = found[which]
    runs = _runs(words, RUN)
    return _Text(words, which, runs, np.argsort(runs, kind="stable"))


@lru_cache(maxsize=2)  # the share of a pair, then its evidence
def _compared(part: str, whole: str) -> Marks:
    """For each word of ``part`` whether it stands in ``whole``.

    It does in a run that the whole has as well, each run as often as the whole has it. Where a passage
    lies between two runs that the whole has once, all of its words do that the whole has there too, in
    any order: a table is read by its rows in one format, by its columns in another.
    """
    mine, theirs = _text(part), _text(whole)
    stands = np.zeros(len(mine.words), bool)
    found = _among(mine.runs[mine.order], theirs.runs[theirs.order])
    for place in range(RUN):
        stands[mine.order[found] + place] = True
    first = np.searchsorted(theirs.runs, mine.runs, "left", theirs.order)
    single = np.searchsorted(theirs.runs, mine.runs, "right", theirs.order) - first == 1
    once = np.flatnonzero(single)
    there = theirs.order[first[once]]
    for start, end in _gaps(stands):
        before, behind = np.searchsorted(once, (start, end)) - (1, 0)
        if before < 0 or behind == len(once):
            continue
        near = slice(once[before], once[behind] + RUN)
        far = slice(there[before], there[behind] + RUN)
        if 0 < far.stop - far.start <= _WIDER[0] * (near.stop - near.start) + _WIDER[1]:
            order = np.argsort(mine.words[near], kind="stable")
            found = _among(mine.words[near][order], np.sort(theirs.words[far]))
            stands[near.start + order[found]] = True
    return stands


def _among(mine: Hashes, theirs: Hashes) -> Marks:
    """Which of ``mine`` are in ``theirs``, each as often as it is there; both are sorted."""
    earlier = np.arange(len(mine)) - np.searchsorted(mine, mine)
    there = np.searchsorted(theirs, mine, "right") - np.searchsorted(theirs, mine)
    return earlier < there


def _gaps(stands: Marks) -> list[tuple[int, int]]:
    """Where each passage begins that does not stand there, and where it ends."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], (~stands).view(np.int8), [0]))))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _length(passage: tuple[int, int]) -> int:
    return passage[1] - passage[0]


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


def _quoted(text: str, first: int, last: int) -> str:
    """The passage of ``text`` from one of its words up to another, at most ``QUOTE`` characters of it."""
    which = _text(text).tokens
    read, begins = places(text)
    begins.append(len(read))
    passage = " ".join(read[begins[which[first]] : begins[which[last - 1] + 1]].split())
    return passage if len(passage) <= QUOTE else passage[: QUOTE - 1].rstrip() + "…"

"""Which licence of the list a text is: sure of it, or silent.

Licences that share the words of the text are compared word by word, and every difference has to be one
that leaves the licence itself (``difference``). So a text with one clause more is no licence at all here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from curate.spdx import Match, texts
from curate.spdx.difference import HEAD, gaps, harmless
from curate.spdx.index import index
from curate.spdx.optional import spared
from curate.spdx.words import MAX, words

SHARED = 0.85  # of the words of a licence that a text must have to be compared with it
SLACK = 80  # words that a text may have beyond a licence: names, notices, a heading
TRIES = 12  # licences that a text is compared with
WHOLE = 0.97  # of the words of a licence that stands in a text among others
PARTS = 120  # licences that are looked for in a text that has several
SPANS = 6  # places of a text where a licence may stand that are compared with it

ALIASES = {
    "BSD-2-Clause": "FreeBSD",
    "BSD-3-Clause": "Modified",
    "MIT": "Expat",
    "CC0-1.0": "Zero Public Domain Dedication",
}
"""Other names that headings give licences."""


def detect(text: str) -> Match | None:
    """See ``curate.spdx.detect``."""
    return _whole(words(text)) if len(text) <= MAX else None


def detect_all(text: str) -> tuple[Match, ...]:
    """See ``curate.spdx.detect_all``."""
    found = words(text) if len(text) <= MAX else ()
    one = _whole(found)
    if one or not found:
        return (one,) if one else ()
    places = _places(found)
    parts: list[tuple[int, int, Match]] = []
    for n in index().within(found, WHOLE)[:PARTS]:
        part = _part(n, found, places)
        if part and not any(part[0] < end and start < part[1] for start, end, _ in parts):
            parts.append(part)
    return tuple(match for _, _, match in sorted(parts, key=lambda part: part[:2]))


def _whole(found: Sequence[str]) -> Match | None:
    listed = index()
    tried = [
        n
        for n in listed.within(found, SHARED)
        if listed.lengths[n][0] * SHARED <= len(found) <= listed.lengths[n][1] + SLACK
    ]
    costs = ((_cost(n, found), n) for n in tried[:TRIES])
    judged = sorted((cost, n) for cost, n in costs if cost is not None)
    if not judged or (len(judged) > 1 and judged[0][0] == judged[1][0]):
        return None
    return _match(judged[0][1], judged[0][0], len(found))


def _match(number: int, cost: int, size: int) -> Match:
    return Match(index().ids[number][0], round(1 - min(cost, size) / size, 4))


Places = dict[tuple[str, ...], list[int]]


def _places(found: Sequence[str]) -> Places:
    """Where each four words in a row are, at most ten times."""
    places: Places = {}
    for at in range(len(found) - 3):
        seen = places.setdefault(tuple(found[at : at + 4]), [])
        if len(seen) < 10:
            seen.append(at)
    return places


def _part(number: int, found: Sequence[str], places: Places) -> tuple[int, int, Match] | None:
    """Where a licence begins and ends in ``found``: from four of its first words to four of its last."""
    licence, free, _ = _licence(number)
    core = [word for word, spare in zip(licence, free, strict=True) if not spare]
    starts = sorted({max(0, at - k) for k in range(HEAD) for at in _at(core, k, places)})
    last = len(core) - 4
    ends = sorted({at + 4 + k for k in range(HEAD) for at in _at(core, last - k, places)})
    spans = [(s, e) for s in starts for e in ends if 0.95 <= (e - s) / len(core) <= 1.3]
    for start, end in sorted(spans, key=lambda span: abs(span[1] - span[0] - len(core)))[:SPANS]:
        cost = _cost(number, found[start:end])
        if cost is not None:
            return start, end, _match(number, cost, end - start)
    return None


def _at(core: Sequence[str], place: int, places: Places) -> Sequence[int]:
    return places.get(tuple(core[place : place + 4]), ()) if place >= 0 else ()


def _cost(number: int, found: Sequence[str]) -> int | None:
    """How many words differ between a text and a licence, None where one of them matters."""
    licence, free, title = _licence(number)
    cost = 0
    for *parts, as_one in gaps(licence, free, found):
        if not harmless(as_one, title) and not all(harmless(part, title) for part in parts):
            return None
        cost += sum(part.size for part in parts)
    return cost


@lru_cache(maxsize=64)
def _licence(number: int) -> tuple[tuple[str, ...], list[bool], frozenset[str]]:
    id = index().ids[number][0]
    licence = words(texts.text(id))
    named = re.sub(r"\b(?:only|or later)\b", "", texts.name(id))
    return licence, spared(licence), frozenset(words(f"{named} {id} {ALIASES.get(id, '')}"))

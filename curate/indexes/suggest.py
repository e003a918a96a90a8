"""What a query that found nothing may have meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby

import msgspec

from curate.indexes.query import And, Node, Or, Phrase, render
from curate.indexes.tokens import fold, is_single, split, stem


def suggest(query: Node, vocabulary: Iterable[str]) -> str:
    """``query`` as text, each unknown word replaced by the nearest of ``vocabulary``; "" if none is.

    ``vocabulary`` are words or whole titles. A word may differ by one letter, from five letters on by
    two (a swap of neighbours counts as one); so may a run of Chinese characters.
    """
    known = _Vocabulary(vocabulary)
    better = _corrected(query, known)
    return render(better) if better != query else ""


class _Vocabulary:
    def __init__(self, entries: Iterable[str]) -> None:
        words: Counter[str] = Counter()
        self.runs: Counter[str] = Counter()
        for entry in entries:
            for single, run in groupby(split(fold(entry)), key=is_single):
                if single:
                    self.runs["".join(run)] += 1
                else:
                    words.update(run)
        self.words = words
        self.stems = {stem(word) for word in words}
        self.all_runs = "\n".join(self.runs)

    def word(self, word: str, prefix: bool) -> str:
        """``word``, or the nearest known one."""
        allowed = _allowed(word)
        if not allowed or not word.isalpha() or stem(word) in self.stems:
            return word
        if not prefix:
            return _nearest(word, self.words, allowed)
        starts: Counter[str] = Counter()
        for known, count in self.words.items():
            for start in {known[:size] for size in (len(word), len(word) + 1)}:
                starts[start] += count
        return word if word in starts else _nearest(word, starts, allowed)

    def run(self, run: str) -> str:
        """``run`` of characters, or the nearest part of a known one."""
        if len(run) < 2 or run in self.all_runs:
            return run
        sizes = {len(run)} if len(run) < 4 else {len(run) - 1, len(run), len(run) + 1}
        parts: Counter[str] = Counter()
        for known, count in self.runs.items():
            for size in sizes:
                for at in range(len(known) - size + 1):
                    # One that is said by itself is a word; one cut out of a title may not be.
                    parts[known[at : at + size]] += 1000 * count if len(known) == size else count
        return _nearest(run, parts, 1 if len(run) < 5 else 2)


def _allowed(word: str) -> int:
    return 0 if len(word) < 3 else 1 if len(word) < 5 else 2


def _nearest(word: str, known: Counter[str], allowed: int) -> str:
    """The one that differs least, then begins alike, then is most frequent; ``word`` if none is near."""
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    # Sorted by length first, most are never compared at all.
    near = process.extract(
        word,
        [one for one in known if abs(len(one) - len(word)) <= allowed],
        scorer=OSA.distance,
        score_cutoff=allowed,
        limit=None,
    )
    if not near:
        return word
    return min(near, key=lambda one: (one[1], one[0][0] != word[0], -known[one[0]], one[0]))[0]


def _corrected(node: Node, known: _Vocabulary) -> Node:
    match node:
        case Phrase():
            return msgspec.structs.replace(node, tokens=tuple(_tokens(node, known)))
        case And(parts):
            return And(tuple(_corrected(part, known) for part in parts))
        case Or(parts):
            return Or(tuple(_corrected(part, known) for part in parts))
        case _:
            return node


def _tokens(phrase: Phrase, known: _Vocabulary) -> Iterator[str]:
    left = len(phrase.tokens)
    for single, group in groupby(phrase.tokens, key=is_single):
        tokens = list(group)
        left -= len(tokens)
        if single:
            yield from known.run("".join(tokens))
        else:
            yield from (known.word(one, phrase.prefix and not left) for one in tokens)

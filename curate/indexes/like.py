"""What tells most about a document, as a query that finds others like it."""

from __future__ import annotations

import math
from collections import Counter
from itertools import groupby, pairwise

from curate.indexes import Filters, Index
from curate.indexes.query import Node, Nothing, Or, Phrase
from curate.indexes.tokens import fold, is_single, split, stem
from curate.model import Document

WORDS = 25
"""Words and pairs of characters in the query."""
_WEIGHTS = {"title": 5, "keywords": 5, "text": 1}  # what once counts in how often
_CANDIDATES = 400  # most frequent words whose frequency elsewhere is looked up
_PAIRS = 60  # the same of pairs of characters, each of which is a search
_READ = 200_000  # characters


def telling(document: Document, index: Index) -> Node:
    """The words of ``document`` with the highest TF-IDF, any of them; Nothing where it has none.

    A word that no other document has tells nothing about others. Of a run of Chinese characters, pairs
    stand for words.
    """
    words, pairs = _counted(document)
    total = index.count()
    scored = []
    for tokens, often in (*_most(words, _CANDIDATES), *_most(pairs, _PAIRS)):
        frequency = _frequency(index, tokens)
        if 1 < frequency <= total / 2 or (frequency > 1 and total < 10):
            weight = (1 + math.log(often)) * math.log(1 + total / frequency)
            scored.append((-weight, tokens))
    chosen = [Phrase(tokens) for _, tokens in sorted(scored)[:WORDS]]
    return Or(tuple(chosen)) if len(chosen) > 1 else chosen[0] if chosen else Nothing()


def _counted(document: Document) -> tuple[Counter[tuple[str, ...]], Counter[tuple[str, ...]]]:
    words: Counter[tuple[str, ...]] = Counter()
    pairs: Counter[tuple[str, ...]] = Counter()
    fields = {
        "title": document.title,
        "keywords": "\n".join(document.keywords),
        "text": document.text[:_READ],
    }
    for field, weight in _WEIGHTS.items():
        for single, run in groupby(split(fold(fields[field])), key=is_single):
            tokens = list(run)
            if single:
                for pair in pairwise(tokens):
                    pairs[pair] += weight
            else:
                for token in tokens:
                    if len(token) > 2 and not token.isdecimal():
                        words[token,] += weight
    return words, pairs


def _most(counts: Counter[tuple[str, ...]], most: int) -> list[tuple[tuple[str, ...], int]]:
    """The ``most`` frequent, of words with one stem the most frequent with the count of all."""
    stems: dict[tuple[str, ...], tuple[tuple[str, ...], int]] = {}
    for tokens, count in sorted(counts.items(), key=lambda one: (-one[1], one[0])):
        root = tuple(map(stem, tokens))
        first, before = stems.get(root, (tokens, 0))
        stems[root] = (first, before + count)
    return sorted(stems.values(), key=lambda one: (-one[1], one[0]))[:most]


def _frequency(index: Index, tokens: tuple[str, ...]) -> int:
    if len(tokens) == 1:
        return index.frequency("text", stem(tokens[0]))
    return index.search(Phrase(tokens, "text"), Filters(), 0).total

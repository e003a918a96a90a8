"""likeness.jsonl beside collection.toml: what people said about duplicates, one line each.

A later line goes before an earlier one about the same items.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from curate.journal import Journal

FILE = "likeness.jsonl"
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
MOST = 500
"""Items of one word: each two of them are said to be the same, or not."""
Pair = tuple[str, str]
"""Two resources by their hex SHA-256, the smaller first."""


class Word(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line.

    keep: the one item stays, whatever it is the same as. split: no two of the items are the same.
    merge: they all are. undo: what was said before of any two of the items, or of the one, is taken back.
    """

    verb: Literal["keep", "split", "merge", "undo"]
    items: Annotated[tuple[Sha256, ...], Meta(min_length=1, max_length=MOST)]
    titles: tuple[str, ...]  # for people who read the file
    who: str
    when: str  # ISO 8601, UTC
    why: str = ""


class Likeness:
    """What people said about the duplicates of one collection."""

    def __init__(self, folder: Path) -> None:
        self._journal = Journal(folder / FILE, Word, "word on duplicates", "curate dedupe")
        self.path = self._journal.path
        self.mark = self._journal.mark
        """A number that changes with the content; 0 where nobody has said anything."""
        self.keep: dict[str, Word] = {}  # item → the word that keeps it, the latest last
        self.pairs: dict[Pair, Word] = {}  # split and merge
        for word in self._journal.entries:
            self._hear(word)

    def _hear(self, word: Word) -> None:
        if word.verb in ("keep", "undo"):
            for item in word.items:
                self.keep.pop(item, None)
                if word.verb == "keep":
                    self.keep[item] = word
        if word.verb != "keep":
            for pair in _pairs(word.items):
                self.pairs.pop(pair, None)
                if word.verb != "undo":
                    self.pairs[pair] = word

    @property
    def items(self) -> frozenset[str]:
        """Every resource that somebody spoke of, also where that was taken back."""
        return frozenset(item for word in self._journal.entries for item in word.items)

    def said(self, verb: Literal["split", "merge"]) -> frozenset[Pair]:
        """The pairs of which this holds."""
        return frozenset(pair for pair, word in self.pairs.items() if word.verb == verb)

    def append(self, words: Iterable[Word]) -> None:
        """Write words; they are lasting when this returns."""
        self._journal.append(words)


def _pairs(items: Iterable[str]) -> Iterator[Pair]:
    yield from combinations(sorted(set(items)), 2)

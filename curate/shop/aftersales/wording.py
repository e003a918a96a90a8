"""A buyer's question → what it is about, and how much of that a passage speaks of.

The tokens are those of the search index, so what one finds the other weighs. Chinese is not divided into
words but into overlapping pairs of characters, after the words that carry no meaning are cut out.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import groupby, pairwise

import msgspec

from curate import typed
from curate.indexes.query import Node, Or, Phrase
from curate.indexes.tokens import fold, is_single, split, stem

_LONGEST = 500
"""Characters of a question that are read."""
_FILE = re.compile(r"\b([\w*-]*\w)\.(?:md|html|pdf|txt|zip|json|toml)\b", re.ASCII)
_MOST = 40
"""Terms of a question."""
SAME = 0.8
"""What another word for the same counts, where the word itself counts 1."""

Words = tuple[str, ...]
"""Folded tokens next to each other; stems where they are words."""


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that a question is about: the words it used, and others that mean the same."""

    words: Words
    same: tuple[Words, ...] = ()

    @property
    def guessed(self) -> bool:
        """A Chinese character that is left over, or a pair of them, may be no word at all."""
        return not self.same and all(map(is_single, self.words))


class _File(msgspec.Struct, frozen=True):
    empty: tuple[str, ...]
    cut: tuple[str, ...]
    trade: tuple[str, ...]
    same: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class _Wording:
    empty: frozenset[str]
    cut: re.Pattern[str]
    trade: tuple[Words, ...]
    groups: dict[Words, tuple[Words, ...]]
    longest: int


def terms(question: str) -> list[Term]:
    """What ``question`` is about, in order; [] where it says nothing."""
    known = _wording()
    tokens = _words(question[:_LONGEST])
    found: dict[Words, Term] = {}
    run: list[str] = []
    at = 0
    while at < len(tokens):
        group = _group(tokens, at, known)
        if group:
            _close(run, known, found)
            words = tuple(tokens[at : at + group])
            found.setdefault(words, Term(words, known.groups[words]))
            at += group
        else:
            run.append(tokens[at])
            at += 1
    _close(run, known, found)
    return list(found.values())[:_MOST]


def is_trade(question: str) -> bool:
    """Whether it is about paying, returning, sending: between buyer and seller, nothing of the bundle."""
    text = spoken(question[:_LONGEST])
    return any(within(words, text) for words in _wording().trade)


def query(asked: Sequence[Term]) -> Node:
    """For an index: whatever speaks of any of it."""
    every = dict.fromkeys(words for term in asked for words in (term.words, *term.same))
    return Or(tuple(Phrase(words) for words in every))


def spoken(text: str) -> str:
    """``text`` as :func:`within` looks through it. LICENSE.md says nothing about Markdown."""
    tokens = _words(_FILE.sub(r"\1", text))
    return f" {' '.join(tokens)} "


def within(words: Words, text: str) -> bool:
    """Whether ``text``, as :func:`spoken` gives it, says ``words``."""
    return f" {' '.join(words)} " in text


def _words(text: str) -> list[str]:
    return [token if is_single(token) else stem(token) for token in split(fold(text))]


def _group(tokens: Sequence[str], at: int, known: _Wording) -> int:
    """How many tokens from ``at`` on have a group of their own; the longest that does."""
    for length in range(min(known.longest, len(tokens) - at), 0, -1):
        if tuple(tokens[at : at + length]) in known.groups:
            return length
    return 0


def _close(run: list[str], known: _Wording, found: dict[Words, Term]) -> None:
    """The terms of tokens that no group knows."""
    for single, some in groupby(run, key=is_single):
        if single:
            for piece in known.cut.split("".join(some)):
                pairs: Iterable[Words] = ((one, two) for one, two in pairwise(piece))
                for words in pairs if len(piece) > 1 else [(one,) for one in piece]:
                    found.setdefault(words, Term(words))
        else:
            for word in some:
                if word not in known.empty and (len(word) > 1 or word.isdecimal()):
                    found.setdefault((word,), Term((word,)))
    run.clear()


@cache
def _wording() -> _Wording:
    file = resources.files("curate.shop.aftersales").joinpath("wording.toml")
    data: _File = typed.convert(tomllib.loads(file.read_text("utf-8")), _File)
    groups: dict[Words, tuple[Words, ...]] = {}
    for names in data.same:
        members = list(dict.fromkeys(tuple(_words(name)) for name in names))
        for one in members:
            others = tuple(other for other in members if other != one)
            groups[one] = (*groups.get(one, ()), *others)
    cut = sorted(map(fold, data.cut), key=len, reverse=True)
    return _Wording(
        frozenset(word for name in data.empty for word in _words(name)),
        re.compile("|".join(map(re.escape, cut))),
        tuple(tuple(_words(name)) for name in data.trade),
        groups,
        max(map(len, groups)),
    )

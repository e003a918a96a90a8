"""Words that no document has, and the nearest ones that some have.

All of it is asked of the index, so it knows every word that can be found and costs nothing while
there is no slip. As the index has stems, whole words are made by undoing one slip and looked up by
their stems; only where none of these is known are the stems themselves compared.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from string import ascii_lowercase
from typing import TypeAlias

import msgspec

from curate.indexes import Filters, Index
from curate.indexes.query import ANY, And, Node, Or, Phrase
from curate.indexes.tokens import fold, is_single, split, stem
from curate.model import Hit

Text: TypeAlias = Callable[[Hit], str]
_EVERYWHERE = Filters()
_READ = 50_000  # characters of a text in which the right spelling of a run is looked for
_WORDS = 20_000  # and of a word
_SAMPLES = 20  # texts for a run
_FEW = 5  # and for a word
_TRIED = 12  # nearest words, before giving up
_LONGEST = 40  # of a word or a run that is mended
_LEAST = 3  # characters of one
_RARE = 10  # a word that exists is a slip if its neighbour is so many times as frequent


def corrected(query: Node, index: Index, text: Text) -> Node:
    """``query``, each word and run of Chinese that no document has replaced by the nearest that one has.

    What is excluded and what is shorter than three characters stays. A word may differ by one letter (a
    swap of neighbours counts as one), a longer one by two; a run by one character, or it falls into parts
    that exist. What stands with the other words is preferred. Where all words exist and yet nothing has
    them all, one that is rare may be a slip of a frequent one. ``text`` gives the text of a hit.
    """
    better = _mended(query, index, text, ())
    if isinstance(better, And) and not _exists(index, better):
        return _replaced(better, index, text)
    return better


def _exists(index: Index, node: Node) -> bool:
    return index.search(node, _EVERYWHERE, 0).total > 0


def _mended(query: Node, index: Index, text: Text, around: tuple[Node, ...]) -> Node:
    """``query`` that has to stand with all of ``around``."""
    match query:
        case Phrase():
            return _Mender(index, text, query.field, around).phrase(query)
        case And(parts):
            known = [part for part in parts if isinstance(part, Phrase) and _exists(index, part)]
            found: list[Node] = []
            for part in parts:
                whole = part in known
                better = part if whole else _mended(part, index, text, (*around, *known))
                found += better.parts if isinstance(better, And) else (better,)
            return And(tuple(found))
        case Or(parts):
            return Or(tuple(_mended(part, index, text, around) for part in parts))
        case _:
            return query


def _replaced(query: And, index: Index, text: Text) -> Node:
    """``query`` with the first rare word replaced by a frequent one that the others stand with."""
    for at, part in enumerate(query.parts):
        if isinstance(part, Phrase) and len(part.tokens) == 1 and not part.prefix:
            rest = (*query.parts[:at], *query.parts[at + 1 :])
            near = _Mender(index, text, part.field, rest).frequent(part.tokens[0])
            if near:
                better = Phrase((near,), part.field)
                return And((*query.parts[:at], better, *query.parts[at + 1 :]))
    return query


class _Mender:
    """Mends words of one field, or of any, that are to stand with others."""

    def __init__(self, index: Index, text: Text, field: str, around: tuple[Node, ...]) -> None:
        self.index, self.text, self.field, self.around = index, text, field, around
        # Almost every word stands in a text or a title; the others are looked at for a last answer.
        self.fields = (field,) if field else ("text", "title")

    def phrase(self, phrase: Phrase) -> Node:
        if self.has(phrase.tokens, phrase.prefix):
            return phrase
        found: list[str] = []
        left = list(phrase.tokens)
        for single, group in groupby(phrase.tokens, key=is_single):
            tokens = tuple(group)
            del left[: len(tokens)]
            if single:
                found += tokens if self.has(tokens) else self.run(tokens)
            for number, one in enumerate(() if single else tokens):
                rest = (*tokens[number + 1 :], *left)
                found.append(self.word(one, phrase.prefix and not rest, tuple(found), rest))
        if tuple(found) == phrase.tokens and all(map(is_single, found)):
            return And(tuple(parts)) if (parts := self.parts(phrase.tokens)) else phrase
        return msgspec.structs.replace(phrase, tokens=tuple(found))

    def has(self, tokens: tuple[str, ...], prefix: bool = False) -> bool:
        return _exists(self.index, Phrase(tokens, self.field, prefix))

    def fits(self, tokens: tuple[str, ...]) -> bool:
        return _exists(self.index, And((*self.around, Phrase(tokens, self.field))))

    def samples(self, node: Node, most: int) -> Iterator[tuple[str, str]]:
        """(title, text) of the best matches, with what is around where there are any."""
        hits = self.index.search(And((*self.around, node)), _EVERYWHERE, most).hits
        for hit in hits or self.index.search(node, _EVERYWHERE, most).hits:
            yield hit.title, self.text(hit)

    # Words

    def word(self, word: str, prefix: bool, before: tuple[str, ...], after: tuple[str, ...]) -> str:
        """``word``, or the nearest that a document has, between the others if there is one."""
        if not (_LEAST <= len(word) <= _LONGEST and word.isalpha()) or self.has((word,), prefix):
            return word
        if prefix:
            return next(iter(self.beginnings(word)), word)
        for allowed, nearest in ((1, self.one_off), (2, self.two_off)):
            known = nearest(word)[:_TRIED]
            fit = [one for one in known if self.fits((*before, one, *after))]
            for near in dict.fromkeys((*fit, *known)):
                if spelled := self.spelled(near, word, allowed):
                    return spelled
        return word

    def frequent(self, word: str) -> str:
        """What a rare ``word`` may be a slip of and stands with the others; "" if there is none."""
        if not (_LEAST < len(word) <= _LONGEST and word.isalpha()):
            return ""
        often = _RARE * self.count(stem(word))
        for near in self.one_off(word)[:_TRIED]:
            likely = self.count(stem(near)) >= often and self.fits((near,))
            if likely and (spelled := self.spelled(near, word, 1)):
                return spelled
        return ""

    def count(self, root: str) -> int:
        return sum(self.index.frequency(field, root) for field in self.fields)

    def one_off(self, word: str) -> list[str]:
        """Words that ``word`` becomes by undoing one slip and whose stems are known, the likeliest first."""
        count: dict[str, int] = {stem(word): 0}
        ranked = []
        for edit in _edits(word):
            root = stem(edit)
            if root not in count:
                count[root] = self.count(root)
            if count[root]:
                ranked.append((edit[0] != word[0], -count[root], edit))
        return [edit for _, _, edit in sorted(ranked)]

    def two_off(self, word: str) -> list[str]:
        """Known stems that begin like ``word`` and differ from its stem by two letters at most."""
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        root = stem(word)
        allowed = 1 if len(root) < 6 else 2
        known: Counter[str] = Counter()
        for field in self.fields:
            for term, count in self.index.vocabulary(field, root[0]):
                if abs(len(term) - len(root)) <= allowed and stem(term) == term:
                    known[term] += count
        near = process.extract(
            root, list(known), scorer=OSA.distance, score_cutoff=allowed, limit=None
        )
        return [term for term, *_ in sorted(near, key=lambda one: (one[1], -known[one[0]], one[0]))]

    def beginnings(self, start: str) -> list[str]:
        """What ``start`` becomes by undoing one slip and some word begins with, the likeliest first."""
        ranked = []
        for edit in _edits(start):
            found = (self.index.vocabulary(field, edit) for field in self.fields)
            if count := sum(n for words in found for _, n in words):
                ranked.append((edit[0] != start[0], -count, edit))
        return [edit for _, _, edit in sorted(ranked)]

    def spelled(self, near: str, word: str, allowed: int) -> str:
        """A word of the stem of ``near`` that a document has and that is as near to ``word``; "" if none is.

        A stem alone proves nothing: "commeds" has that of "coming".
        """
        from rapidfuzz.distance import OSA

        root = stem(near)
        found = {
            token
            for title, text in self.samples(Phrase((near,), self.field), _FEW)
            for token in set(split(fold(f"{title}\n{text[:_WORDS]}")))
            if stem(token) == root and OSA.distance(token, word) <= allowed
        }
        if near in found:
            return near
        return min(found, key=lambda one: (OSA.distance(one, word), one), default="")

    # Runs of Chinese and the like

    def run(self, run: tuple[str, ...]) -> tuple[str, ...]:
        """``run``, or the most frequent that a document has and that differs by one slip."""
        if not _LEAST <= len(run) <= _LONGEST:
            return run
        # A run that is one shorter stands wherever this one nearly does: it comes last.
        return self.slipped(run, _others(run)) or self.slipped(run, _lengths(run)) or run

    def slipped(self, run: tuple[str, ...], slips: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
        meant = list(slips)
        asked = [Phrase(_trimmed(one), self.field) for one in meant]
        rules = [re.compile("".join(one or "." for one in some)) for some in meant]
        found: Counter[str] = Counter()
        for title, text in self.samples(Or(tuple(asked)), _SAMPLES):
            # A phrase reaches over punctuation.
            head, body = (_BETWEEN.sub("", fold(part)) for part in (title, text[:_READ]))
            for rule in rules:
                for match in rule.findall(head):
                    found[match] += 5  # a title is made of words
                found.update(rule.findall(body))
        # Of three characters any two stand somewhere: what follows them once is chance.
        least = 2 if len(run) == _LEAST else 1
        known = [one for one, n in found.items() if n >= least and all(map(is_single, one))]
        likeliest = sorted(known, key=lambda one: (-found[one], one))[:_TRIED]
        fit = (one for one in likeliest if self.fits(tuple(one)))
        return tuple(next(fit, likeliest[0] if likeliest else ""))

    def parts(self, run: tuple[str, ...]) -> list[Phrase]:
        """The longest parts of ``run`` that exist, from its beginning on; [] where one is no word."""
        found: list[Phrase] = []
        at = 0
        while at < len(run) <= _LONGEST:
            sizes = range(len(run) - at, 1, -1)
            size = next((size for size in sizes if self.has(run[at : at + size])), 0)
            if not size:
                return []
            found.append(Phrase(run[at : at + size], self.field))
            at += size
        return found


_BETWEEN = re.compile(r"[\W_]+")


def _edits(word: str) -> dict[str, None]:
    """All that ``word`` becomes by one swap, one letter less, another or more; in order, each once."""
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    letters = ascii_lowercase if word.isascii() else "".join(sorted(set(word)))
    swapped = [a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1]
    less = [a + b[1:] for a, b in cuts if b]
    more = [a + letter + b for a, b in cuts for letter in letters]
    other = [a + letter + b[1:] for a, b in cuts if b for letter in letters]
    edits = dict.fromkeys((*swapped, *less, *more, *other))
    edits.pop(word, None)
    edits.pop("", None)
    return edits


def _others(run: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """``run`` with any character in one place, or a swap."""
    for at in range(len(run)):
        yield (*run[:at], ANY, *run[at + 1 :])
    for at in range(len(run) - 1):
        yield (*run[:at], run[at + 1], run[at], *run[at + 2 :])


def _lengths(run: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """``run`` with one character more inside, or one less."""
    if len(run) > _LEAST:
        for at in range(1, len(run)):
            yield (*run[:at], ANY, *run[at:])
        for at in range(len(run)):
            yield (*run[:at], *run[at + 1 :])


def _trimmed(tokens: tuple[str, ...]) -> tuple[str, ...]:
    """Without what may be anything at either end."""
    first = 1 if tokens[0] == ANY else 0
    return tokens[first : len(tokens) - 1 if tokens[-1] == ANY else len(tokens)]

"""The piece of a text that shows best why it was found."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from os.path import commonprefix

from curate.han import table
from curate.indexes.query import Node, Phrase, phrases
from curate.indexes.tokens import fold, is_single, spans, stem

ANCHORS = 8  # places looked at for each phrase of the query; the first ones are as good as any
_EXAMINED = 200  # words that only begin like the one looked for
_FALLBACK = 10_000  # characters searched for what only folding finds: accents, full-width forms

# Control and direction characters could take over the terminal that shows them.
_UNSHOWABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]+")


@dataclass(frozen=True, slots=True)
class _Mark:
    phrase: int
    start: int
    end: int


def snippet(text: str, query: Node, width: int = 160) -> str:
    """One line of about ``width`` characters of ``text``, its matches between « and ».

    Without a match (the title has it, or the query has no words) it is the beginning of the text.
    """
    wanted = [one for one in phrases(query) if one.field in {"", "text"}]
    best: tuple[int, int, int] = (0, 0, 0)
    found: list[_Mark] = []
    begin = 0
    for at in _anchors(text, wanted):
        start = max(0, at - width // 3)
        marks = list(_marks(text, start, start + width, wanted))
        score = (len({mark.phrase for mark in marks}), min(len(marks), 6), -at)
        if marks and (not found or score > best):
            best, found, begin = score, marks, start
        if best[0] == len(wanted):
            break
    return _line(text, found, begin, width)


def _anchors(text: str, wanted: list[Phrase]) -> list[int]:
    """Where a match may be, in order."""
    lower = text.lower()
    if len(lower) != len(text):
        lower = text
    found = {at for phrase in wanted for at in _places(lower, phrase)}
    if not found and not lower.isascii():
        found = {at for phrase in wanted for at in _places(lower, phrase, _either)}
    if found or lower.isascii():
        return sorted(found)
    head = text[:_FALLBACK]
    folded = fold(head)
    words = [one for phrase in wanted for one in phrase.tokens if not is_single(one)]
    if not any(_start(word) in folded for word in words):
        return []
    return sorted({mark.start for mark in _marks(head, 0, len(head), wanted)})[:ANCHORS]


def _start(token: str) -> str:
    """The index has "happi" for "happy"; what both begin with finds "happiness" as well."""
    return commonprefix([token, stem(token)])  # noqa: RUF071 - words, not paths


def _either(character: str) -> str:
    """A pattern of the ways in which ``character`` is written: the tokens of a query are simplified."""
    return f"[{character}{''.join(_traditional().get(character, ()))}]"


@cache
def _traditional() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for old, new in table().items():
        found.setdefault(chr(new), []).append(chr(old))
    return found


def _places(
    lower: str, phrase: Phrase, written: Callable[[str], str] = lambda character: character
) -> Iterator[int]:
    """Where ``phrase`` roughly is: fast, and each place is examined more closely afterwards."""
    last = len(phrase.tokens) - 1
    pattern = ""
    for number, token in enumerate(phrase.tokens):
        if is_single(token):
            pattern += written(token)
        else:
            prefix = phrase.prefix and number == last
            pattern += re.escape(token if prefix else _start(token))
            # Words this short have no endings, and too many others begin like them.
            pattern += r"[^\W_]*" if prefix or len(token) > 2 else r"(?![^\W_])"
        pattern += r"[\W_]{0,9}" if number < last else ""
    word = not is_single(phrase.tokens[0])
    only = stem(phrase.tokens[0]) if word and last == 0 and not phrase.prefix else ""
    count = 0
    for examined, match in enumerate(re.finditer(pattern, lower)):
        if count == ANCHORS or examined == _EXAMINED:
            return
        at = match.start()
        if word and at and lower[at - 1].isalnum() and not is_single(lower[at - 1]):
            continue
        if only and stem(next(spans(match[0]))[0]) != only:
            continue
        count += 1
        yield at


def _marks(text: str, start: int, end: int, wanted: list[Phrase]) -> Iterator[_Mark]:
    """Every match within, by the rules the index goes by."""
    margin = 40  # words that the edge cuts are read whole
    low = max(0, start - margin)
    tokens = [
        (token, low + first, low + last) for token, first, last in spans(text[low : end + margin])
    ]
    tokens = [one for one in tokens if one[1] >= start and one[2] <= end]
    stems = [stem(token) for token, _, _ in tokens]
    for number, phrase in enumerate(wanted):
        sought = [stem(token) for token in phrase.tokens]
        size = len(sought)
        for at in range(len(tokens) - size + 1):
            if phrase.prefix:
                fits = tokens[at + size - 1][0].startswith(phrase.tokens[-1])
                fits = fits and stems[at : at + size - 1] == sought[:-1]
            else:
                fits = stems[at] == sought[0] and stems[at : at + size] == sought
            if fits:
                yield _Mark(number, tokens[at][1], tokens[at + size - 1][2])


def _line(text: str, marks: list[_Mark], begin: int, width: int) -> str:
    end = min(len(text), begin + width)
    first = min((mark.start for mark in marks), default=begin + width)
    last = max((mark.end for mark in marks), default=begin)
    if begin and (space := text.find(" ", begin, min(begin + 20, first))) >= 0:
        begin = space + 1
    if end < len(text) and (space := text.rfind(" ", max(end - 20, last, begin + 1), end)) >= 0:
        end = space
    parts = []
    at = begin
    for start, stop in _merged(marks):
        parts += [_shown(text[at:start]), "«", _shown(text[start:stop]), "»"]
        at = stop
    parts.append(_shown(text[at:end]))
    line = re.sub(r"\s+", " ", "".join(parts)).strip()
    return f"{'…' if begin else ''}{line}{'…' if end < len(text) else ''}"


def _merged(marks: list[_Mark]) -> list[tuple[int, int]]:
    """The marks as ranges in order; those that touch or overlap are one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted((mark.start, mark.end) for mark in marks):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _shown(text: str) -> str:
    return _UNSHOWABLE.sub(" ", text).replace("«", "‹").replace("»", "›")

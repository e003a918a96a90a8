"""What a text is told by, as numbers: its words, their beginnings and, where none are spaced, its characters."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from curate.classify.match import UNSPACED, normal
from curate.classify.seen import DENSE, Seen, beginning, unspaced
from curate.han import simplified, table

GRAMS = (
    1_500  # characters of unspaced scripts that are looked at: each says as much as three letters
)
LONGEST = 30  # letters of a word; what is longer is no word
BEGINNING = (
    4  # letters that stand for a word of six and more: plurals and forms of a verb meet in them
)
KEPT = 1 << 17  # words whose keys are remembered
BEYOND = 0x323B0  # no character from here on is looked at one by one
START = 3  # letters that a word of a title or a path begins with
MARKS = {"title": "!", "path": "/"}  # a word counts once more for standing there
WEIGHTS = {"title": 2, "words": 2, "path": 1, "text": 1}

Keys = NDArray[np.uint32]
Floats = NDArray[np.float32]
Places = NDArray[np.int64]
Grams = tuple[Keys, Places, Places]  # keys, where they start, how long they are

_WORD = re.compile(f"[^\\W_{UNSPACED}]+")
_PLAIN = re.compile("[a-z0-9]+")
_ODD = re.compile(
    "[\uf900-\ufaff\ufb00-\ufb06\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff66-\uff9d]"
)  # letters with a plainer form; the rest of NFKC is about signs, and slow
_RANGES = tuple(
    (ord(one[0]), ord(one[-1])) for one in re.findall("[^-]-[^-]|[^-]", UNSPACED)
)  # of code points, both ends in


@dataclass(frozen=True, slots=True)
class Bag:
    """The features of one resource: ``keys`` are hashes, each once; ``counts`` how often, by field."""

    keys: Keys
    counts: Floats
    seen: Seen
    grams: Grams | None = None  # of the whole of it, each as often as it stands there

    @property
    def said(self) -> str:
        """What was looked at, as it was written."""
        return "\n".join(said for _, said in _fields(self.seen))

    @property
    def folded(self) -> str:
        return "\n".join(_folded(said) for _, said in _fields(self.seen))

    def names(self, wanted: frozenset[int]) -> dict[int, str]:
        """The words and characters behind some keys, as the text writes them; longer ones first."""
        whole, said = self.folded, self.said
        source = said if len(said) == len(whole) else whole
        found: dict[int, tuple[int, int]] = {}
        for word in dict.fromkeys((_PLAIN if whole.isascii() else _WORD).findall(whole)):
            keys = _all_keys(word)
            if not wanted.isdisjoint(keys):
                span = _span(whole, word)
                for key in wanted.intersection(keys):
                    found.setdefault(key, span)
        if unspaced(whole):
            grams, starts, lengths = self.grams or _grams(whole)
            asked = np.fromiter(wanted, np.uint32, len(wanted))
            for place in np.flatnonzero(np.isin(grams, asked)).tolist():
                start = int(starts[place])
                found.setdefault(int(grams[place]), (start, start + int(lengths[place])))
        return {key: source[slice(*span)] for key, span in found.items()}

    def spelt(self, word: str) -> str:
        """A word of the taxonomy as the text writes it, where it does."""
        said = self.said
        if word in said:
            return word
        whole, plain = simplified(self.folded), simplified(word.casefold())
        at = whole.find(plain)
        here = at >= 0 and len(whole) == len(said)
        return said[at : at + len(plain)] if here else word


def bag(seen: Seen) -> Bag:
    """The features of a resource: shared by traditional and simplified Chinese, whatever the case."""
    counts: dict[int, float] = {}
    folded = [(name, _folded(said)) for name, said in _fields(seen)]
    dense = False
    for name, text in folded:
        _count(counts, name, text)
        dense = dense or unspaced(text)
    keys = np.fromiter(counts, np.uint32, len(counts))
    values = np.fromiter(counts.values(), np.float32, len(counts))
    grams = None
    if dense:
        sizes = [len(text) + 1 for _, text in folded]
        weights = np.repeat(np.array([WEIGHTS[name] for name, _ in folded], np.float32), sizes)
        grams = _grams("\n".join([text for _, text in folded]))
        more, times = _counted(grams, weights)
        keys, values = np.concatenate((keys, more)), np.concatenate((values, times))
    return Bag(keys, values, seen, grams)


def _fields(seen: Seen) -> list[tuple[str, str]]:
    words = "\n".join((*seen.keywords, *seen.tags)) if seen.keywords or seen.tags else ""
    every = (
        ("title", seen.title),
        ("words", words),
        ("path", seen.path),
        ("text", beginning(seen.text)),
    )
    return [(name, said) for name, said in every if said]


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    return normal(text) if _ODD.search(text) else text.casefold()


def _count(counts: dict[int, float], field: str, text: str) -> None:
    weight = WEIGHTS[field]
    mark = MARKS.get(field)
    for word in (_PLAIN if text.isascii() else _WORD).findall(text):
        for key in _keys(word):
            counts[key] = counts.get(key, 0) + weight
        for key in _marked(mark, word) if mark else ():
            counts[key] = counts.get(key, 0) + 1


@lru_cache(KEPT)
def _keys(word: str) -> tuple[int, ...]:
    if len(word) > LONGEST:
        return ()
    if len(word) < BEGINNING + 2:
        return (_key(word),)
    return _key(word), _key(f"^{word[:BEGINNING]}")


@lru_cache(KEPT)
def _marked(mark: str, word: str) -> tuple[int, ...]:
    """A title's word, and how it begins: "libfoo" is of the kind of "libbar"."""
    return _key(mark + word), _key(f"{mark}^{word[:START]}")


@lru_cache(KEPT)
def _all_keys(word: str) -> tuple[int, ...]:
    return (*_keys(word), *_marked("!", word), *_marked("/", word))


def _key(name: str) -> int:
    return zlib.crc32(name.encode("utf-8", "replace")) & ~1


def _span(text: str, word: str) -> tuple[int, int]:
    """Where ``word``, one of the text's, stands as a whole for the first time."""
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        if (
            _WORD.fullmatch(text[at - 1 : at]) is None
            and _WORD.fullmatch(text[end : end + 1]) is None
        ):
            return at, end
        at = text.find(word, at + 1)
    return 0, 0


def _grams(text: str) -> Grams:
    """One, two and three characters side by side in a script without spaces: keys, starts, lengths."""
    simple, without = _characters()
    points = np.minimum(np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4"), BEYOND)
    inside = without[points]
    last = int(np.flatnonzero(inside)[:DENSE][-1]) + 1
    codes, inside = simple[points[:last]], inside[:last]
    hashed, valid = np.zeros_like(codes), np.ones_like(inside)
    keys, starts = [], []
    for length in range(1, min(3, last) + 1):
        size = last - length + 1
        hashed = (hashed[:size] ^ codes[length - 1 :]) * np.uint64(0x9E3779B97F4A7C15)
        valid = valid[:size] & inside[length - 1 :]
        starts.append(np.flatnonzero(valid))
        high = (hashed[starts[-1]] >> np.uint64(32)).astype(np.uint32)
        keys.append(high >> 1 << 1 | np.uint32(length == 3))
    lengths = np.repeat(np.arange(1, len(keys) + 1), [len(one) for one in keys])
    return np.concatenate(keys), np.concatenate(starts), lengths


@cache
def _characters() -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Of each code point that of its simplified character, as ``curate.han`` has it; is it unspaced?"""
    codes = np.arange(BEYOND + 1, dtype=np.uint64)
    for traditional, one in table().items():
        codes[traditional] = one
    inside = np.zeros(BEYOND + 1, bool)
    for low, high in _RANGES:
        inside[low : high + 1] = True
    return codes, inside


def is_long(keys: Keys) -> NDArray[np.bool_]:
    """Which of the keys stand for three characters side by side."""
    return (keys & np.uint32(1)).astype(bool)


def _counted(grams: Grams, weights: Floats) -> tuple[Keys, Floats]:
    """Each of the ``_grams`` once, with the weights of the places where it stands."""
    keys, starts, _ = grams
    both = keys.astype(np.uint64) << np.uint64(32) | starts.astype(np.uint64)
    both.sort()
    keys = (both >> np.uint64(32)).astype(np.uint32)
    at = (both & np.uint64(0xFFFFFFFF)).astype(np.int64)
    first = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    return keys[first], np.add.reduceat(weights[at], first)

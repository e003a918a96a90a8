"""The words a text uses most and that say what it is about, for people to read."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from itertools import pairwise
from math import log

from curate.classify.language import prose
from curate.classify.stopwords import STOP

LENGTH = 50_000  # characters that are looked at
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]{2,}")
_JAPANESE = re.compile("[\u30a1-\u30fa\u30fc]{3,}|[\u4e00-\u9fff々]{2,}")
LISTED = frozenset(("", "de", "en", "es", "fr", "it", "ja", "ko", "pt", "zh"))
"""Languages whose stop words are known or not needed; in others words of under five letters stop."""
_UNSPACED = ("th", "lo", "km", "my", "bo")


def keywords(text: str, language: str, limit: int = 8) -> tuple[str, ...]:
    """At most ``limit`` words or phrases of two words, most telling first, in lower case.

    By frequency and length, without stop words; Chinese is cut into words by rjieba. A short text gets
    fewer. Empty for languages written without spaces that nothing here can cut.
    """
    words = telling(text, language)
    counts = Counter(filter(None, words))
    _join_plurals(counts)
    total = counts.total()
    for phrase, count in _phrases(words, counts).items():
        counts[phrase] = count
        for word in phrase.split(" "):
            counts[word] -= count
    enough = min(limit, 2 + len(words) // 12)
    least = 2 if total > 200 else 1
    weights = {
        word: round(count * _weight(word), 6) for word, count in counts.items() if count >= least
    }
    return tuple(sorted(weights, key=lambda word: (-weights[word], word))[:enough])


def telling(text: str, language: str) -> list[str]:
    """The words of the beginning of ``text``, in lower case and in their order; "" stands for one that tells
    nothing. Empty for languages written without spaces that nothing here can cut."""
    if language in _UNSPACED:
        return []
    words = _words(prose(text[:LENGTH]), language)
    letters = 3 if language in LISTED else 5
    known = {word for word in set(words) if _tells(word, letters)}
    return [word if word in known else "" for word in words]


def tells(word: str) -> bool:
    """Does ``word`` by itself say something to a reader? Stop words, numbers and single letters do not."""
    return _tells(word.casefold(), 3) and not (len(word) == 1 and _HAN.match(word))


def _words(text: str, language: str) -> list[str]:
    if language == "ja":
        return _JAPANESE.findall(text)
    if language == "zh" or (not language and _HAN.search(text)):
        return [word.lower() for word in _cutter().cut(text)]
    return [_bare(word) for word in _WORD.findall(text.lower())]


@cache
def _cutter() -> _Cutter:
    return _Cutter()


class _Cutter:
    """rjieba, loaded where the first Chinese text comes."""

    def __init__(self) -> None:
        import rjieba

        self._cut = rjieba.cut

    def cut(self, text: str) -> list[str]:
        return list(self._cut(text))


def _bare(word: str) -> str:
    """Without "'s" and its like: a genitive is the same word, "don't" is "don" and stops."""
    return re.split("['’]", word)[0] if "'" in word or "’" in word else word


def _tells(word: str, letters: int) -> bool:
    if word in STOP or len(word) > 30:
        return False
    if _HAN.fullmatch(word):
        return True
    return len(word) >= letters and _WORD.fullmatch(word) is not None


def _weight(word: str) -> float:
    """Longer words say more; a Chinese word of two characters weighs like an English one of six."""
    length = 3 * len(word) if _HAN.match(word) else len(word)
    return log(min(length, 12))


def _join_plurals(counts: Counter[str]) -> None:
    for word in sorted(word for word in counts if word.endswith("s")):
        if word[:-1] not in counts or word not in counts:
            continue  # "methodss" beside "methods" and "method": one of them went already
        more, less = sorted((word, word[:-1]), key=lambda one: (-counts[one], one))
        counts[more] += counts.pop(less)


def _phrases(words: list[str], counts: Counter[str]) -> Counter[str]:
    """Pairs of words that mostly stand together: at least three times, and half of the rarer one's."""
    pairs = Counter(
        (a, b) for a, b in pairwise(words) if a and b and a != b and a.isascii() and b.isascii()
    )
    return Counter(
        {
            f"{a} {b}": count
            for (a, b), count in pairs.items()
            if count >= 3 and a in counts and b in counts and 2 * count >= min(counts[a], counts[b])
        }
    )

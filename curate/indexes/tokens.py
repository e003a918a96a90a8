"""Text → the tokens that are indexed and looked for, the same for every engine.

Each character of a script that is written without spaces (Han, kana, hangul, Thai, ...) is a token
of its own, so any part of a sentence can be found as a phrase; segmenting into words finds less.
Traditional characters become simplified ones, so that either finds the other. Other words are folded
(NFKC, case, accents) and stemmed by Snowball's English rules.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache, lru_cache

from curate.han import simplified

VERSION = 2
"""Goes up with any change to the tokens; an index of another version is rebuilt."""

SINGLE = (
    "\u0900-\u0963\u0966-\u109f"  # India, Thai, Lao, Tibetan, Myanmar, with their vowel signs
    "\u1100-\u11ff\u1780-\u17ff"  # jamo, Khmer
    "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30fa\u30fc-\u318f\u31f0-\u31ff"  # radicals, kana, bopomofo
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"  # Han, hangul
)
MAX_WORD = 100  # a longer run (base64, a hash of hashes) becomes several adjacent tokens

_LETTER = rf"[^\W_{SINGLE}]"
_WORD = rf"[{SINGLE}]|{_LETTER}{{1,{MAX_WORD}}}"
_TOKEN = re.compile(rf"c\+\+|[cf]#|{_WORD}")
_RANGES = [(one[0], one[-1]) for one in re.findall(".-.", SINGLE)]

# Names that would otherwise all be "c". Looking for them at every token takes as long as all the
# rest, so in a document they are replaced beforehand, where there are any.
_NAMES = {"c++": "cplusplus", "c#": "csharp", "f#": "fsharp"}


_MARKED = re.compile(
    "[\u00ad\u00df-\u024f\u0300-\u036f\u0370-\u03ff\u0591-\u05c7\u064b-\u065f\u0670"
    "\u1e00-\u1fff\u200b-\u200d\u2060\ufe00-\ufe0f\ufeff]+"
)
_MARK = re.compile(
    "[\u00ad\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u200b-\u200d\u2060\ufe00-\ufe0f\ufeff]"
)
_UNDIVIDED = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i", "ħ": "h"}
)


def _plain(match: re.Match[str]) -> str:
    return _MARK.sub("", unicodedata.normalize("NFD", match[0])).translate(_UNDIVIDED)


def fold(text: str) -> str:
    """Compatibility forms, case, accents, invisible characters and the two ways of writing Han evened out."""
    if text.isascii():
        return text.lower()
    return _MARKED.sub(_plain, simplified(unicodedata.normalize("NFKC", text)).casefold())


def split(folded: str) -> list[str]:
    """The tokens of ``folded`` text, not yet stemmed."""
    return _TOKEN.findall(folded)


def spans(text: str) -> Iterator[tuple[str, int, int]]:
    """The tokens of ``text``, not yet stemmed, each with where it begins and ends in ``text``."""
    if text.isascii():
        for match in _TOKEN.finditer(text.lower()):
            yield match[0], match.start(), match.end()
        return
    folded = [_character(character) for character in text]
    at = [place for place, part in enumerate(folded) for _ in part]
    for match in _TOKEN.finditer("".join(folded)):
        yield match[0], at[match.start()], at[match.end() - 1] + 1


@lru_cache(8192)
def _character(character: str) -> str:
    return fold(character)


def is_single(token: str) -> bool:
    """Whether the token is one character of a script without spaces."""
    return len(token) == 1 and not token.isascii() and _stands_alone(token)


@lru_cache(8192)
def _stands_alone(character: str) -> bool:
    return any(first <= character <= last for first, last in _RANGES)


@cache
def _stemmer() -> Callable[[str], str]:
    """Snowball's English rules: in C where PyStemmer has a wheel (twenty times faster), else in Python."""
    try:
        import Stemmer
    except ImportError:
        from snowballstemmer.english_stemmer import EnglishStemmer

        stem_word: Callable[[str], str] = EnglishStemmer().stemWord
    else:
        stem_word = Stemmer.Stemmer("english").stemWord
    return stem_word


class _Stems(dict[str, str]):
    """Word → stem, worked out once per distinct word: a stemmer in Python is slow, a look-up is not."""

    LIMIT = 500_000

    def __missing__(self, word: str) -> str:
        if len(word) > MAX_WORD:
            pieces = range(0, len(word), MAX_WORD)
            return " ".join(self[word[at : at + MAX_WORD]] for at in pieces)
        found = _NAMES.get(word, word)
        if len(word) > 2 and word.isascii() and word.isalpha():
            found = _stemmer()(word)
        if len(self) >= self.LIMIT:
            self.clear()
        self[word] = found
        return found


_stems = _Stems()


def stem(token: str) -> str:
    """The form of a folded ``token`` that is in the index."""
    return _stems[token]


def tokens(text: str) -> list[str]:
    """The tokens of ``text`` as they are indexed, in order."""
    return spelled(text).split()


_ASCII = bytes(range(128))
_PLAIN = bytes(
    code + 32 if 65 <= code <= 90 else code if code > 127 or chr(code).isalnum() else 32
    for code in range(256)
)
"""Byte → lower case, punctuation a space; what is no ASCII stays."""
_FEW = 50  # different characters beyond ASCII that are replaced one after the other


def spelled(text: str) -> str:
    """The tokens of ``text`` with one space between.

    What an index costs is mostly this, so it never walks over the text in Python: UTF-8 goes through
    tables, each character beyond ASCII is folded once, each word is stemmed once.
    """
    raw = text.encode("utf-8", "replace")
    if not text.isascii():
        others = set(raw.translate(None, _ASCII).decode())
        if None in map(_characters.__getitem__, others):
            return " ".join(map(stem, split(fold(text))))
        if len(others) > _FEW:
            raw = b"".join(map(_characters.__getitem__, raw.decode()))  # type: ignore[arg-type]
        else:
            for other in others:
                raw = raw.replace(other.encode(), _characters[other] or b"")
    if b"+" in raw or b"#" in raw:
        raw = _named(raw.lower())
    return " ".join(map(_stems.__getitem__, raw.translate(_PLAIN).decode().split()))


def _named(raw: bytes) -> bytes:
    if not any(name.encode() in raw for name in _NAMES):
        return raw
    rule = re.compile(r"(?<![^\W_])(?:c\+\+|[cf]#)")
    return rule.sub(lambda match: f" {_NAMES[match[0]]} ", raw.decode()).encode()


class _Characters(dict[str, bytes | None]):
    """Character → how it stands among tokens, in UTF-8; None where that depends on those before it."""

    def __missing__(self, character: str) -> bytes | None:
        joins = unicodedata.category(character)[0] == "M" and not "\ufe00" <= character <= "\ufe0f"
        # Jamo and half-width kana become one character with what follows them.
        if joins or "\u1100" <= character <= "\u11ff" or "\uff65" <= character <= "\uffdc":
            found = None
        else:
            parts = (
                f" {one} " if is_single(one) else one if one.isalnum() or one in "+#" else " "
                for one in fold(character)
            )
            found = "".join(parts).encode("utf-8", "replace")
        self[character] = found
        return found


_characters = _Characters({chr(code): bytes([code]) for code in range(128)})


_ENDINGS = (
    "ability", "able", "ably", "al", "ally", "alism", "alize", "ance", "ate", "ated", "ates", "ating",
    "ation", "ations", "ative", "ator", "ed", "edly", "ely", "ement", "ements", "ence", "ency", "er",
    "ers", "es", "est", "ful", "fully", "ibility", "ible", "ic", "ical", "ically", "ied", "ier",
    "ies", "ily", "iness", "ing", "ingly", "ings", "ion", "ions", "ish", "ism", "ist", "ity", "ities",
    "ive", "ively", "ivity", "ization", "izations", "ize", "ized", "izer", "izes", "izing", "less",
    "ly", "ment", "ments", "ness", "ous", "ously", "s", "y",
)  # fmt: skip


def completions(prefix: str) -> frozenset[str]:
    """Stems shorter than ``prefix`` that words beginning with it may have.

    The index holds "happi" for "happiness", which does not begin with "happine"; so what remains of
    every English ending that ``prefix`` may have begun is filled in and stemmed.
    """
    found = {stem(prefix)}
    for ending in _ENDINGS:
        for cut in range(len(ending)):
            if prefix.endswith(ending[:cut]):
                found.add(stem(prefix + ending[cut:]))
    return frozenset(word for word in found if not word.startswith(prefix))


def fingerprint() -> str:
    """Changes when the rules here or the stemmer's do; an index made under others is not readable."""
    probe = (
        "added adding emergency international organization organize generously guides dying news"
    )
    return f"{VERSION}:{' '.join(map(stem, probe.split()))}"

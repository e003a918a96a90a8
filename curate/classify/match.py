"""Words that people write down to find things by, and where a text holds one of them."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence

UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
"""Characters of scripts written without spaces, as the inside of a regular expression's set."""

WHOLE = 3
"""Letters up to which a word has to match whole, but for a plural: "art" is not in "article"."""

_LETTER = f"[^\\W_{UNSPACED}]"
_REST = f"[a-z0-9]*+{_LETTER}*+"  # the plain set first: most letters need not meet the large one
_GAP = "[\\s_\\-\u2010-\u2015]"
_PLAIN = re.compile("[a-z0-9]")
_SPACED = re.compile(_LETTER)
_GAPS = re.compile(f"{_GAP}+")
_END = f"(?=(?:e?s)?(?!{_LETTER}))"

_Trie = dict[str, "_Trie"]


def normal(text: str) -> str:
    """``text`` as it is searched: NFKC, case folded."""
    return unicodedata.normalize("NFKC", text).casefold()


def key(word: str) -> str:
    """What equal words have in common, whatever their case, width, hyphens or spaces."""
    return _GAPS.sub(" ", normal(word)).strip(" ")


class Finder:
    """All of many words in one pass over a text.

    A word matches where a word of the text starts: "guide" in "guides", not in "misguided"; at most
    ``WHOLE`` letters have to be the whole word. White space, hyphens and underscores between the words
    of a phrase are the same. In scripts without spaces a word matches anywhere. The longest wins.
    """

    def __init__(self, words: Iterable[str]) -> None:
        keys = sorted({made for word in words if (made := key(word))})
        self._pattern = None
        if keys:
            # Words that match nothing are swallowed whole, which is quicker than asking each letter;
            # and an English word has no need to meet the beginnings of all Chinese ones.
            plain = [word for word in keys if _PLAIN.match(word)]
            other = [word for word in keys if not _PLAIN.match(word)]
            starts = [_pattern(_trie(plain))] if plain else []
            starts += [f"(?!{_PLAIN.pattern})(?:{_pattern(_trie(other))})"] if other else []
            self._pattern = re.compile(f"({'|'.join(starts)}){_REST}|[a-z0-9]++{_REST}|{_LETTER}++")

    def first(self, text: str) -> str:
        """The ``key`` of the word that stands first in ``text``, already ``normal``; "" if none does."""
        for found in self._pattern.finditer(text) if self._pattern else ():
            if found[1]:
                return _GAPS.sub(" ", found[1])
        return ""

    def all(self, text: str) -> list[str]:
        """The ``key`` of each word in ``text``, already ``normal``, as often as it stands there."""
        found = filter(None, self._pattern.findall(text)) if self._pattern else ()
        return [_GAPS.sub(" ", word) for word in found]


def _trie(words: Sequence[str]) -> _Trie:
    root: _Trie = {}
    for word in words:
        node = root
        for character in word:
            node = node.setdefault(character, {})
        letters = sum(map(str.isalnum, word))
        whole = letters <= WHOLE and _SPACED.match(word[-1])
        node[_END if whole else ""] = {}
    return root


def _pattern(node: _Trie) -> str:
    """A trie as a regular expression: common beginnings are tried once, the longest word first."""
    options = []
    for character in sorted(node, key=lambda one: (len(one) != 1, one)):
        if len(character) != 1:  # "" or _END: a word ends here
            options.append(character)
            continue
        here = f"{_GAP}+" if character == " " else re.escape(character)
        rest = node[character]
        while len(rest) == 1 and len(next(iter(rest))) == 1:
            following = next(iter(rest))
            here += f"{_GAP}+" if following == " " else re.escape(following)
            rest = rest[following]
        options.append(here + _pattern(rest))
    if len(options) == 1:
        return options[0]
    return f"(?:{'|'.join(options)})"


class Keywords:
    """The keywords of a collection."""

    def __init__(self, keywords: Sequence[str]) -> None:
        self._words: dict[str, str] = {}
        for word in keywords:
            self._words.setdefault(key(word), word)
        self._finder = Finder(keywords)
        self.digest = hashlib.sha256("\n".join(["2", *sorted(self._words)]).encode()).hexdigest()
        """Changes when another text could match."""

    def find(self, text: str) -> str:
        """The keyword, as it was written, that stands first in ``text``; "" where none does."""
        return self._words.get(self._finder.first(normal(text)), "") if text else ""

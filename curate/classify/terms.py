"""What many resources are about, in numbers: how often which of them uses which word."""

from __future__ import annotations

import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from curate.classify.keywords import telling
from curate.han import simplified

if TYPE_CHECKING:
    import numpy as np

LENGTH = (
    6_000  # characters of a text that are looked at: what it is about, it says at its beginning
)
WORDS = 150  # different words of one resource that are kept, the most frequent
COLUMNS = 20_000  # words that are compared by, the most frequent
KNOWN = 300_000  # words that are remembered at once; beyond, those that stood in one place only go
MOST = 0.5  # of the resources: a word of more of them parts none of them
_FIELDS = {"title": 3, "keywords": 2, "text": 1}
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")


class Piece(msgspec.Struct, frozen=True):
    """What is looked at of a resource."""

    title: str
    keywords: tuple[str, ...]
    text: str  # without the surroundings of its page
    language: str  # ISO 639-1; "" where it cannot be told


class Terms:
    """The words of resources in one language. Some 1 KB for each resource, whatever its length."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._spread = array("I")  # by id: in how many resources
        self._rows: list[tuple[array[int], array[int]]] = []
        self._written: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.titles: list[str] = []

    def __len__(self) -> int:
        return len(self.titles)

    def add(self, title: str, words: Counter[str]) -> None:
        """``words`` as ``words_of`` counts them."""
        kept = sorted(words.items(), key=lambda one: (-one[1], one[0]))[:WORDS]
        ids, counts = array("I"), array("H")
        for word, count in kept:
            number = self._ids.get(word)
            if number is None:
                number = self._ids[word] = len(self._spread)
                self._spread.append(0)
            self._spread[number] += 1
            ids.append(number)
            counts.append(min(count, 65_535))
        self._rows.append((ids, counts))
        self.titles.append(title)
        if len(self._ids) > KNOWN:
            self._ids = {word: id for word, id in self._ids.items() if self._spread[id] > 1}

    def take(self, other: Terms) -> None:
        """Add all that ``other`` holds."""
        words = {id: word for word, id in other._ids.items()}
        for title, (ids, counts) in zip(other.titles, other._rows, strict=True):
            pairs = zip(ids, counts, strict=True)
            self.add(title, Counter({words[id]: count for id, count in pairs if id in words}))

    def spell(self, piece: Piece, words: Counter[str]) -> None:
        """Remember how a text in traditional Chinese writes its words, which are counted as simplified."""
        text = f"{piece.title} {piece.text[:LENGTH]}"
        folded = simplified(text)
        if folded == text:
            return
        for word, _ in words.most_common(40):
            at = folded.find(word) if _HAN.match(word) else -1
            if at >= 0 and (here := text[at : at + len(word)]) != word:
                self._written[word][here] += 1

    def written(self, word: str) -> str:
        """``word`` as most of the resources write it."""
        if word not in self._written:
            return word
        ((form, count),) = self._written[word].most_common(1)
        return form if 2 * count > self._spread[self._ids[word]] else word

    def matrix(self) -> tuple[Any, list[str]]:
        """Counts as a scipy CSR matrix, a row for each resource in the order they were added, and the words
        of its columns. "guides" is counted with "guide"."""
        import numpy as np
        from scipy.sparse import csr_matrix

        columns, words = self._columns()
        target = np.full(len(self._spread) + 1, -1, dtype=np.int32)
        for id, column in columns.items():
            target[id] = column
        starts = np.cumsum([0, *(len(ids) for ids, _ in self._rows)])
        ids = _joined((ids for ids, _ in self._rows), np.uint32)
        counts = _joined((counts for _, counts in self._rows), np.uint16)
        found = target[ids]
        rows = np.repeat(np.arange(len(self._rows)), np.diff(starts))
        kept = found >= 0
        shape = (len(self._rows), max(len(words), 1))
        made = csr_matrix((counts[kept].astype(np.float32), (rows[kept], found[kept])), shape)
        made.sum_duplicates()
        return made, words

    def _single(self, word: str) -> str:
        """ "guide" for "guides", or the reverse where that is what most say."""
        other = word[:-1] if word.endswith("s") else f"{word}s"
        if not word.isascii() or other not in self._ids:
            return word
        mine, its = (self._spread[self._ids[one]] for one in (word, other))
        return max((mine, word), (its, other))[1]

    def _columns(self) -> tuple[dict[int, int], list[str]]:
        """Id → column, and the words of the columns."""
        most = max(2.0, MOST * len(self))
        single = {word: self._single(word) for word in self._ids}
        spread: Counter[str] = Counter()
        for word, one in single.items():
            spread[one] += self._spread[self._ids[word]]
        fit = [word for word, count in spread.items() if 2 <= count <= most]
        words = sorted(fit, key=lambda word: (-spread[word], word))[:COLUMNS]
        place = {word: column for column, word in enumerate(words)}
        return {self._ids[word]: place[one] for word, one in single.items() if one in place}, words


def _joined(parts: Iterable[array[int]], kind: Any) -> np.ndarray[Any, Any]:
    import numpy as np

    held = [np.frombuffer(part, dtype=kind) for part in parts if part]
    return np.concatenate(held) if held else np.zeros(0, dtype=kind)


def words_of(piece: Piece) -> Counter[str]:
    """Its telling words, more where they stand in its title; Chinese in simplified characters."""
    words: Counter[str] = Counter()
    said = {
        "title": piece.title,
        "keywords": "\n".join(piece.keywords),
        "text": piece.text[:LENGTH],
    }
    for field, text in said.items():
        for word in telling(simplified(text), piece.language):
            if word:
                words[word] += _FIELDS[field]
    return words


def homes(counts: Mapping[str, int], least: float) -> dict[str, str]:
    """Language → the language that it is compared with: itself where at least ``least`` resources are in it,
    else the most frequent one that is written with spaces, so that a few strays form no group."""
    large = [one for one, count in counts.items() if one and count >= least]
    spaced = [one for one in large if one not in ("zh", "ja")]
    home = max(spaced or large, key=lambda one: (counts[one], one), default="")
    return {one: one if one in large else home for one in counts}

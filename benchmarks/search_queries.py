"""What is searched, and what for: real documents, their titles spoiled in some ways, pieces of Chinese texts."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from debian_docs import documents

from curate.han import simplified
from curate.model import Document

HAN = re.compile("[\u4e00-\u9fff]+")


class Query(NamedTuple):
    text: str
    meant: str  # id


class Set(NamedTuple):
    """Queries of one kind in one language."""

    kind: str
    language: str
    queries: list[Query]


def chosen(count: int) -> list[Document]:
    """All Chinese documents and English ones, evenly from all packages."""
    found = documents()
    chinese = [doc for doc in found if doc.language == "zh"]
    english = [doc for doc in found if doc.language == "en"]
    wanted = min(max(count - len(chinese), 0), len(english))
    some = [english[n * len(english) // wanted] for n in range(wanted)]
    return [
        Document(
            id=sha256(doc.name.encode()).hexdigest(), collection=doc.name.partition("/")[0], title=doc.title,
            language=doc.language, format="html", kind="page", source=doc.name, text=doc.text,
        )
        for doc in chinese + some
    ]  # fmt: skip


def title_queries(library: Sequence[Document], count: int) -> list[Set]:
    """Titles that no other document has, letters and digits compared, case and way of writing Chinese aside."""
    plain = {one.id: re.sub(r"[\W_]+", "", simplified(one.title).casefold()) for one in library}
    often = Counter(plain.values())
    dice = random.Random(11)
    sets = []
    for language in ("en", "zh"):
        single = [
            one for one in library
            if one.language == language and len(plain[one.id]) > 2 and often[plain[one.id]] == 1
        ]  # fmt: skip
        some = dice.sample(single, min(count, len(single)))
        for kind, spoil in (("title", str), ("a word less", less), ("one slip", slip)):
            made = [Query(spoil(one.title), one.id) for one in some if spoil(one.title)]
            sets.append(Set(kind, language, made))
    return sets


def less(title: str) -> str:
    """``title`` without one of its words, of a Chinese one without one or two characters at its end; "" if too short."""
    dice = random.Random(title)
    words = title.split()
    if len(words) > 2:
        words.pop(dice.randrange(len(words)))
        return " ".join(words)
    return title[: -min(2, len(title) // 4)] if len(title) > 5 and not title.isascii() else ""


def slip(title: str) -> str:
    """``title`` with one slip of the keyboard, or one wrong Chinese character; "" where it has no long word."""
    dice = random.Random(title)
    if runs := list(re.finditer("[\u4e00-\u9fff]{4,}", title)):
        run = dice.choice(runs)
        at = dice.randrange(run.start(), run.end())
        wrong = dice.choice(
            [c for c in "的时和在有大这主中人上为们地个用工要动国" if c != title[at]]
        )
        return title[:at] + wrong + title[at + 1 :]
    words = list(re.finditer(r"(?<![\w])[A-Za-z]{5,}(?![\w])", title))
    if not words:
        return ""
    word = dice.choice(words)
    at = dice.randrange(word.start() + 1, word.end() - 1)
    letter = dice.choice("abcdefghijklmnopqrstuvwxyz".replace(title[at].lower(), ""))
    swapped = title[:at] + title[at + 1] + title[at] + title[at + 2 :]
    other = [
        title[:at] + letter + title[at + 1 :],
        title[:at] + letter + title[at:],
        title[:at] + title[at + 1 :],
    ]
    return dice.choice([*other, swapped if swapped != title else other[0]])


def substrings(library: Sequence[Document], count: int) -> list[str]:
    """Pieces of 2 to 6 characters of Chinese texts, equally many of each length."""
    dice = random.Random(2)
    texts = [one.text for one in library if one.language == "zh"]
    found: dict[str, None] = {}
    while len(found) < count:
        runs = HAN.findall(dice.choice(texts))
        size = 2 + len(found) % 5
        if long := [run for run in runs if len(run) >= size]:
            run = dice.choice(long)
            at = dice.randrange(len(run) - size + 1)
            found[run[at : at + size]] = None
    return list(found)


def choices(library: Sequence[Document], count: int) -> list[str]:
    """Any of three words, which are neither rare nor everywhere."""
    dice = random.Random(3)
    words: Counter[str] = Counter()
    for one in dice.sample(library, min(2000, len(library))):
        words.update(set(re.findall("[a-z]{4,12}", one.text[:20_000].lower())))
    middle = sorted(word for word, count in words.items() if 5 <= count <= 400)
    return [" OR ".join(dice.sample(middle, 3)) for _ in range(count)]

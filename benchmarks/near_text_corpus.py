"""Real documents, and copies of some of them with planted edits."""

from __future__ import annotations

import os
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from debian_docs import ENGLISH, documents
from near_text_peers import Text

DOCUMENTS = int(os.environ.get("CURATE_DOCUMENTS", "20000"))
EDITS = (1, 2, 5, 10, 20)  # per cent of the words
COPIES = DOCUMENTS // 50  # of each step in each language
LANGUAGES = {"en": "English", "zh": "Chinese"}
_UNITS = re.compile(r"[\u3400-\u9fff]\s*|[^\s\u3400-\u9fff]+\s*")


def originals() -> list[tuple[str, str]]:
    """(language, text): the Chinese documents, and as many English ones of each package as can be."""
    chinese, packages = [], defaultdict(list)
    for doc in documents():
        package = doc.name.partition("/")[0]
        if doc.language == "zh":
            chinese.append(doc.text)
        elif package in ENGLISH:
            packages[package].append(doc.text)
    chance = random.Random("originals")
    chosen = chance.sample(chinese, min(len(chinese), DOCUMENTS * 2 // 9))
    wanted = DOCUMENTS - len(chosen)
    each = next(
        n for n in range(wanted) if sum(min(n, len(p)) for p in packages.values()) >= wanted
    )
    english = [
        text
        for name in sorted(packages)
        for text in chance.sample(packages[name], min(each, len(packages[name])))
    ]
    return [("zh", text) for text in chosen] + [("en", text) for text in english[:wanted]]


def planted() -> list[Text]:
    """All originals, and of some of them a copy with a share of the words replaced, inserted or deleted."""
    chance = random.Random("planted")
    first = originals()
    texts = [Text(text, language, number, 0) for number, (language, text) in enumerate(first)]
    for language in LANGUAGES:
        some = [text for text in texts if text.language == language and not text.edit]
        words = vocabulary(some)
        copied = chance.sample(some, COPIES * len(EDITS))
        for place, text in enumerate(copied):
            edit = EDITS[place % len(EDITS)]
            texts.append(text._replace(text=edited(text.text, edit, words, chance), edit=edit))
    chance.shuffle(texts)
    return texts


def vocabulary(texts: Iterable[Text]) -> list[str]:
    return [word for text in texts for word in _UNITS.findall(text.text[:200])]


def edited(
    text: str, share: int, words: Sequence[str], chance: random.Random, ways: int = 3
) -> str:
    """Words are replaced, inserted and deleted alike; with ``ways`` 1 only replaced."""
    units = _UNITS.findall(text)
    for _ in range(round(len(units) * share / 100)):
        place = chance.randrange(len(units))
        match chance.randrange(ways):
            case 0:
                units[place] = chance.choice(words)
            case 1:
                units.insert(place, chance.choice(words))
            case _:
                del units[place]
    return "".join(units)

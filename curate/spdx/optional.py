"""The parts of licence texts that a copy may leave out, as the templates of the list mark them.

Patterns over the words of a text **of the list**, joined by blanks; never over a file, where a part
that reads alike could hide a condition.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

PARTS = tuple(
    re.compile(pattern)
    for pattern in (
        # How to apply the licence to a work of one's own.
        r"\bend of terms and conditions\b.*",
        r"\b(?:appendix )?how to apply (?:these terms|the apache license|this license)\b.*",
        r"\b(?:addendum )?how to use this license for your documents\b.*",
        # The GPL, which the list repeats behind the text that adds to it.
        r"(?<=for you to choose that version for the library) gnu general public license .*",
        # What Creative Commons says of itself and of its licences, none of it a part of them.
        r"\bcreative commons (?:corporation )?(?:creative commons )?is not a law firm\b.*?"
        r"(?:(?<!and) license(?= (?:the|this) work )|(?= by exercising the licensed rights|statement of purpose))",
        r"\bcreative commons (?:notice creative commons )?is not a party to (?:its public licenses|this license)\b.*",
        r"^creative commons legal code\b",
        r"\bfor more information please refer to$",
    )
)


def spared(words: Sequence[str]) -> list[bool]:
    """For each word of a text of the list: may a copy go without it?"""
    joined = " ".join(words)
    starts: list[int] = []
    at = 0
    for word in words:
        starts.append(at)
        at += len(word) + 1
    flags = [False] * len(words)
    for part in PARTS:
        for found in part.finditer(joined):
            first, last = bisect_left(starts, found.start()), bisect_left(starts, found.end())
            flags[first:last] = [True] * (last - first)
    return flags


def required(words: Sequence[str]) -> list[str]:
    return [word for word, free in zip(words, spared(words), strict=True) if not free]

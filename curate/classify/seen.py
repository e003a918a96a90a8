"""What a category is told by."""

from __future__ import annotations

import re

import msgspec

from curate.classify.match import UNSPACED

LENGTH = 4_000  # characters of text that a model looks at
DENSE = 1_500  # of scripts without spaces: each character says as much as three letters

_UNSPACED = re.compile(f"[{UNSPACED}]")


class Seen(msgspec.Struct, frozen=True):
    """What a category is told by."""

    title: str
    keywords: tuple[str, ...]
    path: str  # the locator it was first found at
    tags: tuple[str, ...]
    text: str  # without the surroundings of its page


def beginning(text: str) -> str:
    """The part of a text that is looked at; less of a script that says more with each character."""
    if len(text) <= DENSE:
        return text
    head = text[:500]
    dense = not head.isascii() and 3 * len(_UNSPACED.findall(head)) > len(head)
    return text[: DENSE if dense else LENGTH]


def unspaced(text: str) -> bool:
    """Does it hold a character of a script without spaces?"""
    return not text.isascii() and _UNSPACED.search(text) is not None

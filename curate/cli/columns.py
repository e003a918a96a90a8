"""Text in the columns of a terminal: a Han character fills two."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator


def _wide(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def width(text: str) -> int:
    """Columns that ``text`` fills."""
    return sum(map(_wide, text))


def cut(text: str, columns: int) -> str:
    """``text`` in at most ``columns``, with "…" where it is longer."""
    if width(text) <= columns:
        return text
    kept, used = "", 1
    for char in text:
        used += _wide(char)
        if used > columns:
            break
        kept += char
    return f"{kept}…"


def fill(text: str, columns: int) -> str:
    """``text`` cut or padded with spaces to exactly ``columns``."""
    text = cut(text, columns)
    return text + " " * (columns - width(text))


def wrap(text: str, columns: int) -> Iterator[str]:
    """``text`` in lines of at most ``columns``, broken at spaces where there are some."""
    columns = max(columns, 2)  # a Han character has to find room
    words = text.split()
    line, used = "", 0
    while words:
        word = words.pop(0)
        size = width(word)
        gap = 1 if line else 0
        if used + gap + size <= columns:
            line, used = f"{line}{' ' * gap}{word}", used + gap + size
            continue
        room = columns - used - gap
        if size > columns and room >= columns // 4:  # Chinese: no spaces to break at
            head = _head(word, room)
            line, words = f"{line}{' ' * gap}{head}", [word[len(head) :], *words]
        else:
            words.insert(0, word)
        yield line
        line, used = "", 0
    if line:
        yield line


def _head(word: str, columns: int) -> str:
    used, size = 0, 0
    for char in word:
        used += _wide(char)
        if used > columns:
            break
        size += 1
    return word[: max(size, 1)]

"""Fields of foreign records: of any type and size, with markup where text is meant."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from html.parser import HTMLParser
from typing import Any

RAW = 1000
"""Characters of a statement that are kept."""
NAME = 300
"""Characters of a title, a name or a tag."""
DESCRIPTION = 2000
MOST = 100
"""Entries of one list."""
_MARKUP = 10_000
"""Characters of markup that are read: beyond it is no field, and the parser may be slow on it."""
_LONGEST_URL = 2000
_BREAKS = frozenset("br div p li tr td th dd dt h1 h2 h3 h4 h5 h6".split())
_UNSEEN = frozenset(("script", "style", "template", "head", "title"))
_HIDDEN = re.compile(r"display\s*:\s*none", re.I)
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())


def table(value: object) -> Mapping[str, Any]:
    """``value`` where it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def several(value: object) -> list[Any]:
    """The entries of a list, or the one value that stands where a list may stand; at most ``MOST``."""
    if isinstance(value, list | tuple):
        return list(value[:MOST])
    return [] if value is None else [value]


def text(value: object, most: int = RAW) -> str:
    """The first entry that says something, without its line breaks touched; numbers as written."""
    for one in several(value):
        if isinstance(one, int) and not isinstance(one, bool) and abs(one) < 10**18:
            return str(one)
        if isinstance(one, str) and (found := _clean(one[: 2 * most]).strip()):
            return found[:most].rstrip()
    return ""


def line(value: object, most: int = NAME) -> str:
    """The same in one line."""
    return " ".join(text(value, most).split())


def lines(value: object, most: int = NAME) -> tuple[str, ...]:
    """Each entry in one line, each once."""
    return _unique(line(one, most) for one in several(value))


def within(value: object, key: str, most: int = NAME) -> tuple[str, ...]:
    """The field ``key`` of every object in a list: names of creators, of tags."""
    return _unique(line(table(one).get(key), most) for one in several(value))


def plain(value: object, most: int = NAME) -> str:
    """Markup as the text that people see, in one line."""
    whole, end, rest = text(value, _MARKUP).rpartition(">")
    # The parser would look for the end of each tag again, in time that grows with the square.
    markup = whole + end + rest.replace("<", "&lt;")
    reader = _Reader()
    try:
        reader.feed(markup)
        reader.close()
        seen = "".join(reader.seen)
    except AssertionError:  # how the parser refuses some broken declarations
        seen = html.unescape(re.sub(r"<[^<>]*>?", " ", markup))
    return " ".join(_clean(seen).split())[:most].rstrip()


def link(value: object) -> str:
    """A web address, or "": what else a record calls a link must not become one on a page."""
    found = text(value, _LONGEST_URL + 1)
    if found.startswith("//"):
        found = f"https:{found}"
    usable = len(found) <= _LONGEST_URL and re.fullmatch(r"https?://[^\s<>\"\\]+", found, re.I)
    return found if usable else ""


def first(values: Iterable[str]) -> str:
    """The first that is not empty."""
    return next(filter(None, values), "")


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, values)))


def _clean(found: str) -> str:
    """Without control characters and halves of characters: no file that is written could hold them."""
    return "".join(_kept(found))


def _kept(found: str) -> Iterator[str]:
    for char in found:
        if char in "\r\n\t" or unicodedata.category(char) not in ("Cc", "Cs"):
            yield char


class _Reader(HTMLParser):
    """Collects what is shown; Commons hides notes for machines inside its fields."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen: list[str] = []
        self._hidden: list[str] = []  # elements open inside a hidden one, that one first

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BREAKS:
            self.seen.append(" ")
        hides = tag in _UNSEEN or _HIDDEN.search(dict(attrs).get("style") or "")
        if (self._hidden or hides) and tag not in _VOID:
            self._hidden.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _BREAKS:
            self.seen.append(" ")
        while self._hidden and tag in self._hidden:
            if self._hidden.pop() == tag:
                break

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BREAKS:
            self.seen.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.seen.append(data)

"""A page's HTML as a tree that a typst template sets: the same words on paper and on the screen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html.parser import HTMLParser

import msgspec

from curate.typeset import legible

_VOID = {"br", "hr", "img", "meta", "link", "input", "col", "source", "wbr"}
_UNSEEN = {"script", "style", "head", "title", "nav", "header", "footer"}
_DEEP = 14  # what lies deeper stands in the last of these: typst calls are limited
_SPACE = re.compile(r"[ \t\r\n\f]+")
_LONG = re.compile(r"[^\s\u2e80-\U0003ffff]{28,}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_DRAWING = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
_BLOCKS = {
    "article", "blockquote", "caption", "dd", "details", "div", "dl", "dt", "figcaption", "figure",
    "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "section", "summary", "table",
    "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip


class Node(msgspec.Struct):
    """An element. ``inner``: elements and text in their order."""

    tag: str
    inner: list[Node | str] = []
    name: str = ""  # its class
    id: str = ""
    href: str = ""
    src: str = ""  # of a picture: the name of a file
    alt: str = ""


def tree(html: str, drawn: str = "") -> tuple[list[Node | str], dict[str, bytes]]:
    """What stands in ``html``, and its drawings as SVG files by name, in colours that ``drawn`` gives.

    Of an element only what paper can show is kept: its class, id, link and picture.
    """
    drawings: dict[str, bytes] = {}

    def named(found: re.Match[str]) -> str:
        name = f"drawing-{len(drawings)}.svg"
        drawings[name] = _alone(found[0], drawn).encode()
        kind = re.search(r'class="([a-z]+)"', found[0])
        return f'<img src="{name}" class="{kind[1] if kind else ""}">'

    reader = _Reader()
    reader.feed(_DRAWING.sub(named, html))
    reader.close()
    return _tidy(reader.top.inner), drawings


def _alone(svg: str, style: str) -> str:
    """A drawing of a page as a file of its own."""
    if "xmlns=" not in svg:
        svg = svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    svg = re.sub(r"(?<=>)[^<]+", lambda words: legible(words[0]), svg)
    return re.sub(r"^<svg[^>]*>", lambda start: f"{start[0]}<style>{style}</style>", svg)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.top = Node("")
        self._open = [self.top]
        self._unseen: list[str] = []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        if self._unseen or tag in _UNSEEN:
            if tag not in _VOID:
                self._unseen.append(tag)
            return
        given = {name: value or "" for name, value in attrs}
        node = Node(
            tag, [], given.get("class", ""), given.get("id", ""), given.get("href", ""),
            given.get("src", ""), legible(given.get("alt", "")),
        )  # fmt: skip
        self._open[min(len(self._open), _DEEP) - 1].inner.append(node)
        if tag not in _VOID:
            self._open.append(node)

    def handle_startendtag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        stack: list[str] = self._unseen or [node.tag for node in self._open]
        if tag not in stack[0 if self._unseen else 1 :]:
            return
        last = len(stack) - 1 - stack[::-1].index(tag)
        del (self._unseen if self._unseen else self._open)[last:]

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._open[min(len(self._open), _DEEP) - 1].inner.append(data)


def _tidy(inner: Sequence[Node | str], kept: bool = False) -> list[Node | str]:
    """Without the white space that HTML does not show. ``kept``: it is shown as it is."""
    tidied: list[Node | str] = []
    for one in inner:
        if isinstance(one, Node):
            one.inner = _tidy(one.inner, kept or one.tag == "pre")
            tidied.append(one)
        elif kept:
            tidied.append(_CONTROL.sub("", one))
        elif words := _SPACE.sub(" ", _CONTROL.sub("", one)):
            before = tidied[-1] if tidied else None
            if before is None or (isinstance(before, Node) and before.tag in (*_BLOCKS, "br")):
                words = words.lstrip()
            if words:
                tidied.append(breakable(_legible(words)))
    return tidied


def _legible(words: str) -> str:
    """As :func:`legible`, but a space at either end stays: another element may follow."""
    shown = legible(words)
    if shown is words:
        return words
    return f"{' ' if words[:1] == ' ' else ''}{shown}{' ' if words[-1:] == ' ' and shown else ''}"


def breakable(words: str) -> str:
    """With places to break it in words so long that they would run out of the page."""
    return _LONG.sub(lambda run: "\u200b".join(re.findall(r".{1,12}", run[0])), words)


def pictures(nodes: Sequence[Node | str]) -> list[Node]:
    """Every picture, in order."""
    found: list[Node] = []
    for one in nodes:
        if isinstance(one, Node):
            found += [one] if one.tag == "img" else pictures(one.inner)
    return found

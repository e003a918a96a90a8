"""The seller's own chapter: Markdown → HTML that can neither run code nor reach the network."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import unquote

from curate.collection import Loaded
from curate.errors import CurateError

PICTURES = "assets/guide"
_KINDS = {".png", ".jpg", ".jpeg", ".gif", ".webp"}
_LARGEST = 20 << 20  # bytes
_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "caption", "code", "dd", "del", "details", "div", "dl",
    "dt", "em", "figcaption", "figure", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "kbd", "li",
    "mark", "ol", "p", "pre", "q", "s", "small", "span", "strong", "sub", "summary", "sup", "table",
    "tbody", "td", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align"},
}


@dataclass(frozen=True, slots=True)
class Chapter:
    html: str  # sanitised; "" where there is no chapter
    pictures: Mapping[str, bytes]  # path in the bundle → bytes
    digest: str


def read(loaded: Loaded) -> Chapter:
    """``tutorial.md`` of the collection. Pictures have to lie in the collection's own folder.

    Remote pictures are dropped, their descriptions stay. Raises CurateError where it is not UTF-8.
    """
    try:
        text = loaded.tutorial.read_text("utf-8-sig")
    except FileNotFoundError:
        return Chapter("", {}, "")
    except (OSError, UnicodeDecodeError) as fault:
        raise CurateError(
            f"{loaded.tutorial} cannot be read: {fault}", "save it as UTF-8"
        ) from fault
    pictures: dict[str, bytes] = {}
    html = _sanitised(_rendered(text), loaded.folder, pictures)
    whole = hashlib.sha256(html.encode())
    for path in sorted(pictures):
        whole.update(hashlib.sha256(pictures[path]).digest())
    return Chapter(html, pictures, whole.hexdigest())


def _rendered(text: str) -> str:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    tokens = parser.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            # The page has its own h1 and h2; the chapter's headings stand below them.
            token.tag = f"h{min(int(token.tag[1]) + 2, 6)}"
    return str(parser.renderer.render(tokens, parser.options, {}))


def _sanitised(html: str, folder: Path, pictures: dict[str, bytes]) -> str:
    import nh3

    @cache
    def local(source: str) -> str | None:
        found = _picture(source, folder)
        if found is None:
            return None
        data = found.read_bytes()
        path = f"{PICTURES}/{hashlib.sha256(data).hexdigest()[:16]}{found.suffix.lower()}"
        pictures[path] = data
        return path

    def allowed(tag: str, attribute: str, value: str) -> str | None:
        if tag == "img" and attribute == "src":
            return local(value)
        # "//host" from a file would be a network drive on Windows.
        if attribute == "href" and re.match(r"[\s\x00-\x1f]*[/\\]", value):
            return None
        return value

    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        attribute_filter=allowed,
    )


def _picture(source: str, folder: Path) -> Path | None:
    """The file that ``source`` names inside ``folder``, where it is a picture of bearable size."""
    if "\x00" in source:
        return None
    root = folder.resolve()
    try:
        path = (root / unquote(source)).resolve()
        fits = path.is_relative_to(root) and path.is_file() and path.stat().st_size <= _LARGEST
    except (OSError, ValueError):
        return None
    return path if fits and path.suffix.lower() in _KINDS else None

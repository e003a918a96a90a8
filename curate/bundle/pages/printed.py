"""The contents and the tutorial as PDF, set by typst from data: no title ever becomes markup."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from curate import typeset
from curate.bundle import archive, pages, text
from curate.bundle.layout import Placed
from curate.bundle.pages import Content, booklets, cards, flow, press
from curate.bundle.pages.booklets import Booklet, Span
from curate.bundle.pages.cards import Card, Chunk
from curate.errors import CurateError
from curate.typeset import Sheets

TUTORIAL = "TUTORIAL.pdf"
SHORT = 1000
"""Items up to which a list shows descriptions, and tells screen readers what is what; those marks
would make a list of 6,000 rows several times as large."""
_COVER, _SHOWN = 6, 12  # pictures at most
_MORE = 150  # characters of a description
_CHIP = 12  # characters of a format's name
_WIDE = re.compile("[‘’“”–—…·]")
_HAN = re.compile("[\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_LARGEST = 1400  # pixels: what is larger is made smaller
_PIXELS = 100_000_000
_DRAWN = (  # what tutorial.css says of drawings, in colours that hold on paper
    "text{fill:#1b2230;font:13.5px 'Noto Sans SC'}.mono{font:12px 'DejaVu Sans Mono','Noto Sans SC'}"
    ".note{fill:#5a6372;font-size:12.5px;text-anchor:end}.strong{font-weight:400}"
    ".paper{fill:#fffefb;stroke:#e4dfd4}.rule{stroke:#e4dfd4}.folder{fill:#e2b45c}"
    ".page{fill:#1c5a9c}.file{fill:#98a2b0}.dot.a{fill:#e0685a}.dot.b{fill:#e3b14b}.dot.c{fill:#5fae6b}"
)


def write(content: Content, pictures: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """Path and bytes of every PDF; none where the collection wants none.

    ``pictures``: SHA-256 of an item → its thumbnail's path. Raises CurateError where one cannot be set.
    """
    if not content.loaded.collection.bundle.pdf:
        return
    lists = booklets.booklets(content.layout)
    names = (TUTORIAL, *(one.file for one in lists))
    made = typeset.pdfs(_documents(content, pictures, lists), archive.stamp())
    for name in names:
        try:
            data = next(made)
        except CurateError as fault:
            raise CurateError(
                f"{name}: {fault.message}",
                f"{fault.hint}; pdf = false below [bundle] of collection.toml leaves all PDFs out",
            ) from fault
        yield name, data


def _documents(
    content: Content, pictures: Mapping[str, str], lists: Sequence[Booklet]
) -> Iterator[Sheets]:
    """The tutorial first: it is short, and nothing of a long list is in memory by then."""
    chunks = cards.chunks(content.layout, pictures, content.say)
    about = pages.shared(content, chunks)
    shown = _Pictures(content, pictures)
    few = len(content.layout.placed) <= SHORT
    cover = _cover(content, about, shown.named(cards.cover(chunks, _COVER)))
    drawn = dict(shown.files)
    html = pages.tutorial(content, pictures, about).decode()
    yield _tutorial(content, cover, html, shown)
    for number, one in enumerate(lists, 1):
        data = cover | _list(content, chunks, one, few) | _place(content, lists, number)
        yield _sheets("contents.typ", data, drawn, few)


def _tutorial(content: Content, cover: dict[str, Any], html: str, shown: _Pictures) -> Sheets:
    article = html[html.index("<article") : html.rindex("</article>")]
    body, drawings = flow.tree(article, _DRAWN)
    wanted = [one for one in flow.pictures(body) if one.src not in drawings]
    for one in wanted:
        one.src = shown.name(one.src)
    data = cover | {
        "name": content.say("Tutorial"),
        "body": body,
        "drawings": sorted(drawings),
        "shown": sorted(shown.files),
    }
    return _sheets("tutorial.typ", data, {**shown.files, **drawings}, True)


def _sheets(name: str, data: dict[str, Any], files: Mapping[str, bytes], tagged: bool) -> Sheets:
    return Sheets(_template(name), data, {"look.typ": _template("look.typ"), **files}, tagged)


@cache
def _template(name: str) -> bytes:
    folder = resources.files("curate.bundle").joinpath("templates", "typst")
    return folder.joinpath(name).read_bytes().replace(b"\r\n", b"\n")


def _cover(content: Content, about: press.About, shown: Sequence[str]) -> dict[str, Any]:
    """What both documents begin with."""
    say = content.say
    collection = content.loaded.collection
    kinds = [f"{label} {count}" for _, label, count in about["kinds"][:4]]
    return {
        "zh": collection.language == "zh",
        "title": _plain(collection.title),
        "version": content.version,
        "description": _plain(collection.description),
        "seller": _plain(about["seller"]),
        "facts": [
            _files(about["items"], content), text.size(about["size"]),
            f"{say('Version')} {content.version}", *(kinds if len(kinds) > 1 else ()),
        ],
        "pictures": shown,
    }  # fmt: skip


def _list(content: Content, chunks: Sequence[Chunk], one: Booklet, few: bool) -> dict[str, Any]:
    shown = {
        (card.kind, card.label[:_CHIP])
        for span in one.spans
        for card in chunks[span.section].cards[span.start : span.stop]
    }
    return {
        "words": {"parts": content.say("Parts")},
        "chips": [{"kind": kind, "label": label} for kind, label in sorted(shown)],
        "parts": [_part(content, chunks[span.section], span, few) for span in one.spans],
    }


def _part(content: Content, chunk: Chunk, span: Span, few: bool) -> dict[str, Any]:
    placed = content.layout.sections[span.section][1][span.start : span.stop]
    size = text.size(sum(one.item.size for one in placed))
    label = content.say("{label} (continued)", label=chunk.label) if span.start else chunk.label
    shown = zip(chunk.cards[span.start : span.stop], placed, strict=True)
    return {
        "id": chunk.id,
        "label": _plain(label),
        "depth": chunk.depth,
        "note": f"{_files(len(placed), content)} · {size}" if placed else "",
        "rows": [_row(*pair, content, few) for pair in shown],
    }


def _place(content: Content, lists: Sequence[Booklet], number: int) -> dict[str, Any]:
    """What a list is called, and where the others are; ``number`` from 1."""
    say = content.say
    several = len(lists) > 1
    told = [press.told(content.part, say)] if content.part else []
    if several:
        told.append(say("List {n} of {count}. The others:", n=number, count=len(lists)))
    return {
        "name": f"{say('Contents')} {number}/{len(lists)}" if several else say("Contents"),
        "told": [_plain(one) for one in told],
        "lists": [
            {"file": one.file, "label": _plain(one.label)}
            for one in lists
            if one != lists[number - 1]
        ],
    }


def _row(card: Card, placed: Placed, content: Content, few: bool) -> dict[str, str | bool]:
    item, say = placed.item, content.say
    told = (say(", ").join(item.creators[:3]), item.description[: _MORE + 1]) if few else ()
    more = _plain(" · ".join(filter(None, told)))
    return {
        "title": _plain(card.title) or _plain(card.file),
        "href": card.href,
        "narrow": bool(_WIDE.search(card.title + more) and not _HAN.search(card.title + more)),
        "chip": card.kind + card.label[:_CHIP],
        "meta": " · ".join(filter(None, (text.size(item.size), text.extent(item, say)))),
        "more": f"{more[:_MORE].rstrip()}…" if len(more) > _MORE else more,
    }


def _files(number: int, content: Content) -> str:
    return content.say("1 file") if number == 1 else content.say("{n} files", n=number)


def _plain(words: str) -> str:
    return flow.breakable(typeset.legible(text.one_line(words)))


class _Pictures:
    """The few pictures that go into a document, under names that are safe as files."""

    def __init__(self, content: Content, pictures: Mapping[str, str]) -> None:
        self.files: dict[str, bytes] = {}
        self._own = content.tutorial.pictures
        self._items: dict[str, Placed] = {
            pictures[one.item.sha256]: one
            for one in content.layout.placed
            if one.item.sha256 in pictures
        }
        self._names: dict[str, str] = {}

    def named(self, paths: Sequence[str]) -> list[str]:
        """Names of those that can be drawn."""
        return [name for name in map(self.name, paths) if name]

    def name(self, path: str) -> str:
        """Of the picture that lies at ``path`` in the bundle; "" where it is none, or one too many."""
        if path not in self._names:
            self._names[path] = self._take(path)
        return self._names[path]

    def _take(self, path: str) -> str:
        own = path in self._own
        if not own and (path not in self._items or self._taken() >= _COVER + _SHOWN):
            return ""
        data = self._own[path] if own else self._items[path].item.thumbnail()
        data, suffix = _drawable(data)
        if not data:
            return ""
        name = f"{'own' if own else 'item'}-{len(self._names)}.{suffix}"
        self.files[name] = data
        return name

    def _taken(self) -> int:
        return sum(name.startswith("item-") for name in self.files)


def _drawable(data: bytes) -> tuple[bytes, str]:
    """A picture as typst takes it, and its suffix; b"" where it is broken or beyond all bounds."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as image:
            kind = (image.format or "").lower()
            if image.width * image.height > _PIXELS:
                return b"", ""
            image.load()
            if kind in ("jpeg", "png") and max(image.size) <= _LARGEST:
                return data, kind
            clear = "A" in image.getbands() or "transparency" in image.info
            small = image.convert("RGBA" if clear else "RGB")
    except (OSError, ValueError, SyntaxError, CurateError, Image.DecompressionBombError):
        return b"", ""
    small.thumbnail((_LARGEST, _LARGEST))
    out = io.BytesIO()
    small.save(out, "PNG") if clear else small.save(out, "JPEG", quality=86)
    return out.getvalue(), "png" if clear else "jpeg"

"""What buyers read on the web of a release: its tutorial with the pictures, what changed, its licences, its cover.

All of it comes out of the release as it is, within bounds. Nothing of it may run, ask elsewhere, or give away
what is counted: of pictures in the archive, only those that the tutorial itself shows.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from curate import product
from curate.bundle import history
from curate.errors import CurateError

if TYPE_CHECKING:
    from curate.bundle.history import Record
    from curate.model import Language

TUTORIAL, CHANGELOG = "TUTORIAL.html", "CHANGELOG.md"
LICENSES = ("LICENSE.md", "LICENSES.md")
PICTURES = {
    ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".gif": "image/gif",
    ".webp": "image/webp",
}  # fmt: skip
_PAGE = 8 << 20  # bytes of the tutorial
_TEXT = 512 << 10  # of a text
_PICTURE = 20 << 20
_COVERS = ("cover.jpg", "cover-square.jpg")
_ASSETS = "assets/"
_TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre",
    "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_DAMAGE = (
    OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile, NotImplementedError, RuntimeError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tutorial:
    html: str
    pictures: frozenset[str]  # paths below the archive's top folder


def tutorial(folder: Path, back: str) -> Tutorial | None:
    """The tutorial of the release in ``folder``, its links made to work on the web; None where it has none.

    Its pictures are asked for below "tutorial/", relative to its own address. ``back``: what the link to
    the buyer's page is called. Raises CurateError where the archive is damaged.
    """
    record = history.read(folder)
    stat = (folder / record.archive.file).stat() if _there(folder, record) else None
    return _tutorial(folder, back, stat.st_mtime_ns) if stat else None


def picture(folder: Path, path: str) -> tuple[bytes, str] | None:
    """A picture of the tutorial and its type; None for anything else. Raises CurateError."""
    kind = PICTURES.get(Path(path).suffix.lower())
    shown = tutorial(folder, "") if kind else None
    if kind is None or shown is None or path not in shown.pictures:
        return None
    data = _member(folder, path, _PICTURE)
    return (data, kind) if data is not None else None


def changelog(folder: Path) -> str:
    """What changed, as safe HTML; "" where nothing is said. Raises CurateError."""
    text = _text(_member(folder, CHANGELOG, _TEXT))
    return markdown(text)


def licenses(folder: Path) -> str:
    """The terms of the bundle and the licences of what is in it, as safe HTML. Raises CurateError."""
    texts = (_text(_member(folder, name, _TEXT)) for name in LICENSES)
    return "\n<hr>\n".join(markdown(text) for text in texts if text)


def cover(folder: Path) -> Path | None:
    """The cover of its listing kit, if it has one."""
    for name in _COVERS:
        path = folder / "listing" / name
        if path.is_file() and path.stat().st_size <= _PICTURE:
            return path
    return None


def lead(folder: Path, language: Language) -> str:
    """What it is in some words, as its listing says it; "" without one."""
    try:
        words = product.read(folder).words.get(language)
    except CurateError:
        return ""
    return words.short if words else ""


def markdown(text: str) -> str:
    """Markdown → HTML in which nothing runs; of links those to the web stay."""
    import nh3
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])

    def allowed(tag: str, attribute: str, value: str) -> str | None:
        return value if _outside(value) else None

    return nh3.clean(
        str(parser.render(text)), tags=_TAGS, attributes={"a": {"href"}},
        url_schemes={"http", "https"}, attribute_filter=allowed,
        link_rel="noopener noreferrer nofollow",
    )  # fmt: skip


def _there(folder: Path, record: Record) -> bool:
    return (folder / record.archive.file).is_file()


@lru_cache(8)
def _tutorial(folder: Path, back: str, changed: int) -> Tutorial | None:
    data = _member(folder, TUTORIAL, _PAGE)
    return _adapted(_text(data), back) if data is not None else None


def _adapted(html: str, back: str) -> Tutorial:
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(html)
    for active in tree.css("script, iframe, object, embed, form, base, link, template"):
        active.decompose()
    shown = frozenset(filter(None, map(_placed, tree.css("img"))))
    for link in tree.css("a"):
        _linked(link)
    _returning(tree, back)
    return Tutorial(tree.html or "", shown)


def _placed(image: Any) -> str:
    """The path of a picture that lies in the archive; others stay where they are inline, or go."""
    source = image.attributes.get("src") or ""
    if source.startswith("data:image/"):
        return ""
    path = unquote(source)
    parts = path.split("/")
    if not path.startswith(_ASSETS) or {"", ".", ".."} & set(parts):
        image.decompose()
        return ""
    image.attrs["src"] = f"tutorial/{quote(path)}"
    return path


def _linked(link: Any) -> None:
    """Places in the page and the web can be gone to; a file of the archive can not be opened from here."""
    to = link.attributes.get("href") or ""
    if _outside(to):
        link.attrs["rel"] = "noopener noreferrer nofollow"
    elif to in (CHANGELOG, *LICENSES):
        link.attrs["href"] = "changelog" if to == CHANGELOG else "licenses"
    elif not to.startswith("#"):
        link.unwrap()


def _returning(tree: Any, back: str) -> None:
    """In place of the links to other pages of the archive, one to the buyer's own."""
    ways = tree.css_first("nav.ways")
    if ways is None:
        return
    for node in list(ways.iter(include_text=True)):
        node.decompose()
    link = tree.create_node("a")
    link.attrs["href"] = "/order"
    link.attrs["class"] = "first"
    link.inner_html = _escaped(back)
    ways.insert_child(link)


def _outside(to: str) -> bool:
    try:
        parts = urlsplit(to)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def _escaped(text: str) -> str:
    return re.sub("[&<>]", lambda found: f"&#{ord(found[0])};", text)


def _text(data: bytes | None) -> str:
    return (data or b"").decode("utf-8", "replace")


def _member(folder: Path, path: str, most: int) -> bytes | None:
    """A file of the bundle by its path below the top folder; None where there is none, or it is too large."""
    record = history.read(folder)
    for one in record.archives:
        try:
            with zipfile.ZipFile(folder / one.file) as archive:
                data = _read(archive, f"{one.top}/{path}", most)
        except _DAMAGE as fault:
            raise CurateError(
                f"{folder / one.file} cannot be read: {fault}", "check it: curate verify"
            ) from fault
        if data is not None:
            return data
    return None


def _read(archive: zipfile.ZipFile, name: str, most: int) -> bytes | None:
    if name not in archive.NameToInfo:
        return None
    with archive.open(name) as file:  # what an entry says of its own size is not relied on
        data = file.read(most + 1)
    return data if len(data) <= most else None

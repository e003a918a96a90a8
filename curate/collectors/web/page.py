"""What an HTML page says about itself: its title, its links, its rights."""

from __future__ import annotations

import codecs
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from curate.collectors.web import licenses, signals, urls
from curate.collectors.web.signals import Heard
from curate.collectors.web.tags import attribute, clean, rels
from curate.model import Said

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag
    from bs4.element import PageElement

MOST_LINKS = 20_000
_READ = ("base", "title", "meta", "link", "a", "area", "script")
_DIVIDER = re.compile(r"[,;，；、]")
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "iso-8859-1": "cp1252", "ascii": "cp1252"}
"""Charsets that pages name when they mean more (WHATWG Encoding, 4.2)."""

_NO_CHARSET = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape"})
"""Python has them as codecs, the web does not; decoding some takes quadratic time."""


@dataclass(frozen=True, slots=True)
class Link:
    url: str  # normal
    text: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    said: Said
    links: tuple[Link, ...]  # each once, in the order of the page, without those marked nofollow
    canonical: str  # the address the page itself prefers, normal; "" where it states none
    heard: Heard  # what it and its answer let machines do
    follow: bool  # its links may be followed


def read(body: bytes, url: str, charset: str, headers: Mapping[str, str]) -> Page:
    """``body``, that was found at ``url`` (normal). Never fails: bad HTML is read as far as it goes."""
    soup = _soup(body, charset)
    base = urls.normal(attribute(soup.find("base", href=True), "href"), url) or url
    metas = _metas(soup)
    rules = signals.rules(
        [*metas.get("robots", ()), *metas.get("curate", ()), headers.get("X-Robots-Tag", "")]
    )
    preferred = next(iter(_related(soup, "canonical")), None)
    return Page(
        said=Said(
            title=_title(soup, metas),
            creators=_unique(
                [
                    *metas.get("author", ()),
                    *metas.get("dc.creator", ()),
                    *metas.get("dcterms.creator", ()),
                    *metas.get("citation_author", ()),
                ]
            ),
            description=next(
                iter([*metas.get("description", ()), *metas.get("og:description", ())]), ""
            )[:2000],
            tags=_unique(
                [
                    *(tag for one in metas.get("keywords", ()) for tag in _DIVIDER.split(one)),
                    *metas.get("article:tag", ()),
                ]
            ),
            url=url,
            modified=modified(headers),
            statements=licenses.in_headers(headers, url)
            + tuple(licenses.in_page(soup, base, url, metas)),
        ),
        links=_links(soup, base),
        canonical=(urls.normal(attribute(preferred, "href"), base) or "") if preferred else "",
        heard=signals.in_page(soup, metas, base, url, headers),
        follow=not rules & {"nofollow", "none"},
    )


def modified(headers: Mapping[str, str]) -> str:
    """Last-Modified in ISO 8601, UTC."""
    try:
        found = parsedate_to_datetime(headers.get("Last-Modified", ""))
        return found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (TypeError, ValueError, OverflowError):
        return ""


def _soup(body: bytes, charset: str) -> BeautifulSoup:
    from bs4 import BeautifulSoup, XMLParsedAsHTMLWarning
    from bs4.dammit import EncodingDetector
    from bs4.filter import SoupStrainer

    charset = charset or EncodingDetector.find_declared_encoding(body, is_html=True) or ""
    text = _decoded(body, _WIDER.get(charset.lower(), charset))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        return BeautifulSoup(text, "lxml", parse_only=SoupStrainer(list(_READ)))


def _decoded(body: bytes, charset: str) -> str | bytes:
    """Text, or the bytes as they are where BeautifulSoup has to find the charset out."""
    if body.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return body  # a mark in the bytes is surer than what is said about them
    try:
        codec = codecs.lookup(charset)
        return body if codec.name in _NO_CHARSET else body.decode(codec.name, "replace")
    except (LookupError, ValueError):
        return body


def _unique(texts: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for one in texts if (text := clean(one, 200))))[:50]


def _metas(soup: BeautifulSoup) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for tag in soup.find_all("meta"):
        name = (attribute(tag, "name") or attribute(tag, "property")).strip().lower()
        if name and (content := clean(attribute(tag, "content"), 2000)):
            found.setdefault(name, []).append(content)
    return found


def _title(soup: BeautifulSoup, metas: Mapping[str, list[str]]) -> str:
    tag = soup.find("title")
    title = clean(tag.get_text()) if tag else ""
    # The title for sharing usually lacks the site's name, unless it is nothing but that.
    shared = next((one[:500] for one in metas.get("og:title", ())), "")
    return shared if shared and shared not in metas.get("og:site_name", ()) else title or shared


def _related(soup: BeautifulSoup, rel: str) -> Iterator[Tag]:
    return (tag for tag in soup.find_all(["link"], href=True) if rel in rels(tag))


def _links(soup: BeautifulSoup, base: str) -> tuple[Link, ...]:
    found: dict[str, Link] = {}
    for tag in soup.find_all(["a", "area"], href=True):
        if "nofollow" in rels(tag):
            continue
        url = urls.normal(attribute(tag, "href"), base)
        if url is None or (url in found and found[url].text):
            continue
        found[url] = Link(url, _text(tag))
        if len(found) == MOST_LINKS:
            break
    return tuple(found.values())


def _text(tag: Tag) -> str:
    inside = _inside(tag)
    text = clean(" ".join(one for one in inside if isinstance(one, str)))
    pictures = (one for one in inside if getattr(one, "name", "") == "img")
    own = clean(attribute(tag, "title")) or clean(attribute(tag, "alt"))
    return text or own or clean(attribute(next(pictures, None), "alt"))


def _inside(tag: Tag, most: int = 50) -> list[PageElement]:
    """The first elements and texts in ``tag``. Not ``descendants``, which walks to the end first:
    quadratic where thousands of links lie in each other."""
    found: list[PageElement] = []
    waiting: list[PageElement] = [tag]
    while waiting and len(found) <= most:
        one = waiting.pop()
        found.append(one)
        waiting.extend(reversed(getattr(one, "contents", [])[:most]))
    return found[1:]

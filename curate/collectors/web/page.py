"""What an HTML page says about itself: its title, its links, its rights."""

from __future__ import annotations

import codecs
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from curate.collectors.web import licenses, rsl, signals, urls
from curate.collectors.web.signals import Heard
from curate.collectors.web.tags import attribute, clean, rels
from curate.model import Said, Statement

if TYPE_CHECKING:
    from bs4 import BeautifulSoup
    from selectolax.lexbor import LexborHTMLParser, LexborNode

MOST_LINKS = 20_000
_READ = ("a", "base", "link", "meta", "script", "title")
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
    links: tuple[Link, ...]
    """Each once, in the order of the page, without those marked nofollow; last the same page in
    other languages, as its head names them."""
    canonical: str  # the address the page itself prefers, normal; "" where it states none
    heard: Heard  # what it and its answer let machines do
    follow: bool  # its links may be followed


def read(body: bytes, url: str, charset: str, headers: Mapping[str, str]) -> Page:
    """``body``, that was found at ``url`` (normal). Never fails: bad HTML is read as far as it goes."""
    from selectolax.lexbor import LexborHTMLParser

    text = _text_of(body, charset)
    tags = _tags(LexborHTMLParser(text))
    found = next((href for tag in tags["base"] if (href := attribute(tag, "href"))), "")
    base = urls.normal(found, url) or url
    metas = _metas(tags["meta"])
    rules = signals.rules(
        [*metas.get("robots", ()), *metas.get("curate", ()), headers.get("X-Robots-Tag", "")]
    )
    preferred = next((one for one in tags["link"] if "canonical" in rels(one)), None)
    heard = signals.in_page(metas, url, headers)
    statements = licenses.in_headers(headers, url)
    if _may_state_terms(tags):
        soup = _soup(text)
        heard += signals.terms_in_page(soup, base, url)
        statements += tuple(licenses.in_page(soup, base, url))
    return Page(
        said=_said(_title(tags["title"], metas), metas, url, headers, statements),
        links=_links([*tags["a"], *filter(_is_translation, tags["link"])], base),
        canonical=(urls.normal(attribute(preferred, "href"), base) or "") if preferred else "",
        heard=heard,
        follow=not rules & {"nofollow", "none"},
    )


def _said(
    title: str,
    metas: Mapping[str, list[str]],
    url: str,
    headers: Mapping[str, str],
    statements: tuple[Statement, ...],
) -> Said:
    names = ("author", "dc.creator", "dcterms.creator", "citation_author")
    described = [*metas.get("description", ()), *metas.get("og:description", ()), ""]
    tags = [tag for one in metas.get("keywords", ()) for tag in _DIVIDER.split(one)]
    return Said(
        title=title,
        creators=_unique([one for name in names for one in metas.get(name, ())]),
        description=described[0][:2000],
        tags=_unique([*tags, *metas.get("article:tag", ())]),
        url=url,
        modified=modified(headers),
        statements=statements,
    )


def modified(headers: Mapping[str, str]) -> str:
    """Last-Modified in ISO 8601, UTC."""
    try:
        found = parsedate_to_datetime(headers.get("Last-Modified", ""))
        return found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (TypeError, ValueError, OverflowError):
        return ""


def _tags(document: LexborHTMLParser) -> dict[str, list[LexborNode]]:
    """The elements that are read, in their order; areas among the links."""
    found = {name: document.tags(name) for name in _READ}
    if document.tags("area"):
        found["a"] = document.css("a, area")
    return found


def _may_state_terms(tags: Mapping[str, list[LexborNode]]) -> bool:
    """Few pages do, and reading them closely takes ten times as long."""
    return any("license" in rels(one) or _is_rsl(one) for one in tags["link"]) or any(
        map(_is_rsl, tags["script"])
    )


def _is_translation(tag: LexborNode) -> bool:
    kind = attribute(tag, "type").strip().lower()
    return (
        "alternate" in rels(tag) and bool(attribute(tag, "hreflang")) and kind in ("", "text/html")
    )


def _is_rsl(tag: LexborNode) -> bool:
    return attribute(tag, "type").strip().lower() == rsl.TYPE


def _soup(text: str) -> BeautifulSoup:
    from bs4 import BeautifulSoup, XMLParsedAsHTMLWarning
    from bs4.filter import SoupStrainer

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        return BeautifulSoup(text, "lxml", parse_only=SoupStrainer(["link", "script"]))


def _text_of(body: bytes, charset: str) -> str:
    """As its address, its own mark or its words tell the charset."""
    from bs4.dammit import EncodingDetector, UnicodeDammit

    charset = charset or EncodingDetector.find_declared_encoding(body, is_html=True) or ""
    text = _decoded(body, _WIDER.get(charset.lower(), charset))
    if isinstance(text, bytes):
        text = UnicodeDammit(body, is_html=True).unicode_markup or body.decode("utf-8", "replace")
    return text.replace("\0", "")


def _decoded(body: bytes, charset: str) -> str | bytes:
    """Text, or the bytes as they are where their charset has to be found out."""
    if body.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return body  # a mark in the bytes is surer than what is said about them
    try:
        if not charset:
            return body.decode()
        codec = codecs.lookup(charset)
        return body if codec.name in _NO_CHARSET else body.decode(codec.name, "replace")
    except (LookupError, ValueError):
        return body


def _unique(texts: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for one in texts if (text := clean(one, 200))))[:50]


def _metas(tags: Iterable[LexborNode]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for tag in tags:
        name = (attribute(tag, "name") or attribute(tag, "property")).strip().lower()
        if name and (content := clean(attribute(tag, "content"), 2000)):
            found.setdefault(name, []).append(content)
    return found


def _title(tags: Sequence[LexborNode], metas: Mapping[str, list[str]]) -> str:
    title = clean(tags[0].text()) if tags else ""
    # The title for sharing usually lacks the site's name, unless it is nothing but that.
    shared = next((one[:500] for one in metas.get("og:title", ())), "")
    return shared if shared and shared not in metas.get("og:site_name", ()) else title or shared


def _links(tags: Iterable[LexborNode], base: str) -> tuple[Link, ...]:
    found: dict[str, Link] = {}
    seen_from_here = urls.resolver(base)
    for tag in tags:
        known = tag.attributes
        href = known.get("href")
        if href is None or ("rel" in known and "nofollow" in rels(tag)):
            continue
        url = seen_from_here(href)
        if url is None or (url in found and found[url].text):
            continue
        found[url] = Link(url, _text(tag))
        if len(found) == MOST_LINKS:
            break
    return tuple(found.values())


def _text(tag: LexborNode) -> str:
    first = tag.child
    if first is not None and first.next is None and first.tag == "-text":
        inside = [first]  # as most links are
    else:
        inside = _inside(tag)
    text = clean(" ".join(one.text_content or "" for one in inside if one.tag == "-text"))
    pictures = (one for one in inside if one.tag == "img")
    own = clean(attribute(tag, "title")) or clean(attribute(tag, "alt"))
    return text or own or clean(attribute(next(pictures, None), "alt"))


def _inside(tag: LexborNode, most: int = 50) -> list[LexborNode]:
    """The first elements and texts in ``tag``. Never all: quadratic where thousands of links lie in
    each other."""
    found: list[LexborNode] = []
    waiting = [tag.child]
    while waiting and len(found) < most:
        one = waiting.pop()
        if one is not None:
            found.append(one)
            waiting += [one.next, one.child]
    return found

"""Feeds: RSS, Atom and JSON Feed → what their entries link to, hold, and state about rights.

feedparser knows the dialects. Before it sees a feed, lxml has made it well-formed and small: on
broken or hostile XML feedparser takes time that grows with the square of the size, and of several
statements about rights in one entry it keeps the last one only.
"""

from __future__ import annotations

import html
import html.entities
import io
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

from curate.collectors.decoding import decoded
from curate.collectors.web import urls
from curate.collectors.web.feed_rights import Rights, local, statements, united
from curate.collectors.web.tags import clean
from curate.model import Said, Statement

MOST_FILES = 50
"""Files of one entry."""
MOST_PARTS = 400
"""Elements of one entry that are read; those after them are text in tags."""
MOST_ATTRIBUTES = 30
LONGEST = 4000
"""Characters that are kept of one text."""
_TYPES = frozenset({"application/rss+xml", "application/atom+xml", "application/feed+json"})
_ENTRIES = frozenset({"item", "entry"})
_ROOTS = frozenset({"rss", "RDF", "feed", "channel"})
_LONG = frozenset({"content", "encoded", "description", "summary", "body", "div", "subtitle"})


@dataclass(frozen=True, slots=True)
class File:
    url: str  # normal
    mime: str = ""  # as the feed states it, lower case
    title: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    said: Said  # its url is its page's, normal, or ""
    files: tuple[File, ...] = ()  # each once


@dataclass(frozen=True, slots=True)
class Feed:
    entries: tuple[Entry, ...] = ()
    next: str = ""  # the address of what follows (RFC 5005, 3; JSON Feed's next_url), normal
    home: str = ""  # the address of the site that it is of, normal
    problem: str = ""  # why only a part of it could be read
    complete: bool = False  # it holds all that there is (RFC 5005, 2)
    more: bool = False  # it holds more entries than were asked for


def parse(data: bytes, url: str, charset: str = "", most: int = 1000) -> Feed:
    """The first ``most`` entries of the feed at ``url``, in its order. Raises ValueError for what is
    no feed."""
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        from curate.collectors.web.json_feed import parse_json

        return parse_json(data, url, most)
    stated = _DECLARED.search(data[:200])
    named = stated[1].decode("ascii") if stated else ""
    text = _repaired(decoded(data, charset, named))
    root, problem = _tree(text, url)
    return _feed(root, url, most, problem)


# From bytes to a tree


_DECLARED = re.compile(rb"""encoding\s*=\s*["']([\w.:-]{1,40})["']""")
_PROLOGUE = re.compile(r"\A\s*<\?xml\b[^>]{0,200}>")
_DOCTYPE = re.compile(
    r"<!DOCTYPE\b[^<>\[]{0,2000}(?:\[(?:[^\[\]\"']|\"[^\"]*\"|'[^']*')*\]\s*)?>", re.I
)
_SIGNS = re.compile(
    r"<!\[CDATA\[(?:.*?\]\]>|.*\Z)|&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});)(\w{1,31};)?",
    re.DOTALL,
)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def _repaired(text: str) -> str:
    """Without a document type, whose entities are nothing that a feed needs; with every "&" that
    begins no entity of XML spelled out: the commonest fault of feeds."""
    text = _CONTROL.sub("", _PROLOGUE.sub("", text))
    head, mark, rest = text[:20_000].partition("<!DOCTYPE")
    if mark:
        text = head + _DOCTYPE.sub("", mark + rest, count=1) + text[20_000:]
    return _SIGNS.sub(_sign, text)


def _sign(found: re.Match[str]) -> str:
    if found[0].startswith("<"):
        return found[0]
    name = found[1] or ""
    char = html.entities.html5.get(name, "") if name else ""
    return html.escape(char, quote=False) if char else f"&amp;{name}"


def _tree(text: str, url: str) -> tuple[Any, str]:
    from lxml import etree

    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, load_dtd=False,
        remove_comments=True, remove_pis=True, encoding="utf-8",
    )  # fmt: skip
    try:
        root = etree.fromstring(text.encode(), parser, base_url=url)
    except etree.XMLSyntaxError:
        root = None
    if root is None or local(root) not in _ROOTS:
        raise ValueError("it is neither RSS nor Atom nor JSON Feed")
    fault = next((one for one in parser.error_log if one.level >= 2), None)
    return root, f"line {fault.line}: {clean(fault.message, 120)}" if fault is not None else ""


# From a tree to entries


def _feed(root: Any, url: str, most: int, problem: str) -> Feed:
    found = [
        (parent, one)
        for parent in (root, *root.iterchildren("{*}channel"))
        for one in parent.iterchildren("{*}item", "{*}entry")
    ]
    for parent, one in found:
        parent.remove(one)
    wide = Rights.of(root, url)
    _slim(root)
    kept = found[:most]
    stated = [Rights.of(one, one.base or url) for _, one in kept]
    bases = [one.base or url for _, one in kept]
    for parent, one in kept:
        _slim(one)
        parent.append(one)
    asked = _asked(root, url)
    if len(asked.entries) != len(kept):
        # It counts otherwise: then what one entry states may be about any of them.
        stated, bases = [united(stated)] * len(asked.entries), [url] * len(asked.entries)
    home = urls.normal(asked.feed.get("link") or "", url) or ""
    common = _names(asked.feed)
    entries = [
        _entry(one, common, base, partial(statements, own, wide, url, home))
        for one, own, base in zip(asked.entries, stated, bases, strict=True)
    ]
    links = (
        one.get("href") or "" for one in asked.feed.get("links", ()) if one.get("rel") == "next"
    )
    following = next(links, "")
    return Feed(
        tuple(entries),
        (urls.normal(following, url) or "") if following else "",
        home,
        problem,
        next(root.iter("{http://purl.org/syndication/history/1.0}complete"), None) is not None,
        len(found) > most,
    )


def _slim(element: Any) -> None:
    """Leave of it what is read, so that no feed is a burden."""
    for one in list(element):
        if local(one) in _LONG and len(one):
            text = " ".join(islice(one.itertext(), 1000))
            kind = "text" if one.get("type") == "xhtml" else None
            for inner in list(one):
                one.remove(inner)
            one.text = text
            if kind:
                one.set("type", kind)
    for number, one in enumerate(list(element.iter())):
        if number and (number > MOST_PARTS or local(one) in _ENTRIES):
            one.getparent().remove(one)
            continue
        one.text, one.tail = (one.text or "")[:LONGEST], None
        for name in list(one.attrib)[MOST_ATTRIBUTES:]:
            del one.attrib[name]
        for name, value in one.attrib.items():
            if len(value) > LONGEST:
                del one.attrib[name]


def _asked(root: Any, url: str) -> Any:
    """What feedparser reads in it. Never from the network: it is given bytes."""
    import feedparser
    from lxml import etree

    etree.cleanup_namespaces(root)
    told = {"content-location": url, "content-type": "application/xml; charset=utf-8"}
    try:
        return feedparser.parse(
            io.BytesIO(etree.tostring(root, encoding="utf-8", xml_declaration=True)),
            response_headers=told, sanitize_html=False, resolve_relative_uris=False,
        )  # fmt: skip
    except Exception as fault:
        raise ValueError(f"it cannot be read: {type(fault).__name__}: {fault}"[:300]) from fault


def _entry(
    told: Any, common: tuple[str, ...], base: str, stated: Callable[[str], tuple[Statement, ...]]
) -> Entry:
    link = _web(told.get("link") or "", base)
    files: dict[str, File] = {}
    for address, mime, title in _enclosed(told):
        if address and len(files) < MOST_FILES:
            there = _web(address, base)
            files.setdefault(
                there, File(there, mime.partition(";")[0].strip().lower(), clean(title))
            )
    contents = told.get("content") or [{}]
    said = Said(
        title=_plain(told.get("title"), told.get("title_detail"), 500),
        creators=_names(told) or common,
        description=_plain(told.get("summary"), told.get("summary_detail"), 2000)
        or _plain(contents[0].get("value"), contents[0], 2000),
        tags=_tags(told),
        url=link,
        modified=_date(dict.get(told, "updated_parsed") or dict.get(told, "published_parsed")),
        statements=stated(link),
    )
    return Entry(said, tuple(files.values()))


def _enclosed(told: Any) -> Iterator[tuple[str, str, str]]:
    for one in told.get("links", ()):
        if one.get("rel") == "enclosure":
            yield one.get("href") or "", one.get("type") or "", one.get("title") or ""
    for one in told.get("media_content", ()):
        yield one.get("url") or "", one.get("type") or "", ""
    for one in told.get("content", ()):
        if source := one.get("src"):  # Atom's content that lies elsewhere
            yield source, one.get("type") or "", ""


def _web(address: str, base: str) -> str:
    """In normal form; as it is where it is no address of the web, for whoever has to be told."""
    address = address.strip()
    return urls.normal(address, base) or address[:300] if address else ""


def _names(told: Any) -> tuple[str, ...]:
    named = [one.get("name") or "" for one in told.get("authors", ()) if isinstance(one, dict)]
    return tuple(dict.fromkeys(name for one in named if (name := clean(one, 200))))[:50]


def _tags(told: Any) -> tuple[str, ...]:
    named = (one.get("label") or one.get("term") or "" for one in told.get("tags") or ())
    return tuple(dict.fromkeys(tag for one in named if (tag := clean(one, 200))))[:50]


def _plain(text: Any, detail: Any, most: int) -> str:
    if not isinstance(text, str):
        return ""
    if isinstance(detail, dict) and "html" in (detail.get("type") or ""):
        text = bare(text)
    return clean(text, most)


_TAG = re.compile(r"<[^<>]{0,1000}(?:>|\Z)")


def bare(markup: str) -> str:
    """The words of some HTML."""
    return html.unescape(_TAG.sub(" ", markup[: 4 * LONGEST]))


def _date(parsed: Any) -> str:
    try:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", parsed) if parsed else ""
    except (ValueError, TypeError, OverflowError):
        return ""


_LINK = re.compile(r"<link\b[^<>]{0,1000}>", re.I)
_ATTRIBUTE = re.compile(r"([a-zA-Z]{1,20})\s*=\s*(?:\"([^\"<>]*)\"|'([^'<>]*)'|([^\s\"'<>]+))")


def announced(page: bytes, url: str) -> tuple[str, ...]:
    """The feeds that a web page names as its own."""
    found = []
    for tag in _LINK.findall(page[:200_000].decode("utf-8", "replace"))[:500]:
        said = {key.lower(): a or b or c for key, a, b, c in _ATTRIBUTE.findall(tag)}
        if "alternate" in said.get("rel", "").lower() and said.get("type", "").lower() in _TYPES:
            found.append(urls.normal(html.unescape(said.get("href", "")), url))
    return tuple(filter(None, found))

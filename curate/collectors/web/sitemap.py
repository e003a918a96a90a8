"""Sitemaps and indexes of them (sitemaps.org, protocol 0.9), plain, compressed, as lines of text, or a
feed in their place."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

LIMIT = 50 << 20
"""Bytes, unpacked; the protocol's own limit."""
MOST = 50_000
"""Addresses of one file; the protocol's own limit too."""


@dataclass(frozen=True, slots=True)
class Sitemap:
    pages: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()


def parse(data: bytes) -> Sitemap:
    """Addresses in the order of the file, as written. Raises ValueError for what is no sitemap."""
    from lxml import etree

    if data.startswith(b"\x1f\x8b"):
        data = _unzipped(data)
    if not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return Sitemap(_lines(data))
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
    root = etree.fromstring(data, parser)
    kind = etree.QName(root).localname if root is not None else ""
    if kind not in _READERS:
        raise ValueError("it is neither a sitemap nor an index of sitemaps")
    found = _READERS[kind](root)
    listed = tuple(_few(text.strip() for text in found if text and text.strip()))
    return Sitemap(sitemaps=listed) if kind == "sitemapindex" else Sitemap(listed)


def _urls(root: Any) -> Iterator[str]:
    for place in root.iterchildren("{*}url"):
        # An image of a page has a loc of its own, below its own element.
        for one in place.iterchildren("{*}loc"):
            yield one.text
        for one in place.iterchildren("{http://www.w3.org/1999/xhtml}link"):
            if "alternate" in one.get("rel", "").lower().split() and one.get("hreflang"):
                yield one.get("href", "")


def _sitemaps(root: Any) -> Iterator[str]:
    for place in root.iterchildren("{*}sitemap"):
        yield from (one.text for one in place.iterchildren("{*}loc"))


def _items(root: Any) -> Iterator[str]:
    for item in root.iter("{*}item"):
        yield from (one.text for one in item.iterchildren("{*}link"))


def _entries(root: Any) -> Iterator[str]:
    for link in root.iterfind("{*}entry/{*}link"):
        if link.get("rel", "alternate") == "alternate":
            yield link.get("href", "")


_READERS = {
    "urlset": _urls,
    "sitemapindex": _sitemaps,
    "rss": _items,
    "RDF": _items,
    "feed": _entries,
}


def _few(texts: Iterator[str]) -> Iterator[str]:
    for number, text in enumerate(texts):
        if number == MOST:
            raise ValueError(f"it lists more than {MOST:,} addresses")
        yield text


def _lines(data: bytes) -> tuple[str, ...]:
    lines = [line.strip() for line in data.decode("utf-8-sig", "replace").splitlines()]
    found = tuple(_few(line for line in lines if line.startswith(("http://", "https://"))))
    if not found:
        raise ValueError("it holds no addresses")
    return found


def _unzipped(data: bytes) -> bytes:
    try:
        unpacked = zlib.decompressobj(wbits=31).decompress(data, LIMIT + 1)
    except zlib.error as fault:
        raise ValueError("its compression is damaged") from fault
    if len(unpacked) > LIMIT:
        raise ValueError(f"it is larger than {LIMIT >> 20} MiB")
    return unpacked

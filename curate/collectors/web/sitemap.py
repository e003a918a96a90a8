"""Sitemaps and indexes of them (sitemaps.org, protocol 0.9), plain, compressed or as lines of text."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

LIMIT = 50 << 20
"""Bytes, unpacked; the protocol's own limit."""


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
    if root is None or etree.QName(root).localname not in ("urlset", "sitemapindex"):
        raise ValueError("it is neither a sitemap nor an index of sitemaps")
    found: dict[str, list[str]] = {"url": [], "sitemap": []}
    for place in root.iter("{*}loc"):
        # An image of a page has a loc of its own, below its own element.
        name = etree.QName(place.getparent()).localname
        if name in found and place.text and place.text.strip():
            found[name].append(place.text.strip())
    return Sitemap(tuple(found["url"]), tuple(found["sitemap"]))


def _lines(data: bytes) -> tuple[str, ...]:
    lines = [line.strip() for line in data.decode("utf-8-sig", "replace").splitlines()]
    found = tuple(line for line in lines if line.startswith(("http://", "https://")))
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

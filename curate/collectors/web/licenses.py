"""What a page and its answer say about rights; what that is worth is decided elsewhere."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

from curate.collectors.web.tags import attribute, rels
from curate.model import Statement

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

MOST = 50
"""Statements of one page; beyond that it is a list of licences, not a licence."""
_COMMONS = re.compile(r"^(www\.)?creativecommons\.org$")
_HEADER_LINK = re.compile(r"<([^<>]*)>((?:\s*;\s*[\w*-]+(?:\s*=\s*(?:\"[^\"]*\"|[^\s\",;]+))?)*)")
_HEADER_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s\",;]+))", re.IGNORECASE)
_META_RIGHTS = ("dcterms.license", "dc.rights", "dcterms.rights", "dc.rights.license", "copyright")


def in_headers(headers: Mapping[str, str], url: str) -> tuple[Statement, ...]:
    """Licences that the answer itself names: ``Link: <…>; rel="license"`` (RFC 8288, RFC 4946)."""
    found = []
    for target, parameters in _HEADER_LINK.findall(headers.get("Link", "")):
        rel = _HEADER_REL.search(parameters)
        if rel and "license" in (rel[1] or rel[2]).lower().split():
            found.append(Statement(_joined(url, target), "http-link", url))
    return tuple(found)


def in_page(
    soup: BeautifulSoup, base: str, url: str, metas: Mapping[str, list[str]]
) -> Iterator[Statement]:
    seen: set[tuple[str, str]] = set()
    for statement in _all_stated(soup, base, url, metas):
        key = (statement.raw, statement.component)
        if statement.raw and key not in seen and len(seen) < MOST:
            seen.add(key)
            yield statement


def _all_stated(
    soup: BeautifulSoup, base: str, url: str, metas: Mapping[str, list[str]]
) -> Iterator[Statement]:
    tags = soup.find_all(["link", "a", "area"], href=True)
    for tag in tags:
        if "license" in rels(tag):
            yield Statement(_joined(base, attribute(tag, "href")), "html-rel", url)
    for name in _META_RIGHTS:
        for content in metas.get(name, ()):
            yield Statement(content[:1000], "dc", url)
    for script in soup.find_all("script", type="application/ld+json"):
        yield from _json(script.get_text(), base, url)
    # Last: a bare link may be about anything on the page, so it is only a hint.
    for tag in tags:
        target = _joined(base, attribute(tag, "href"))
        if _is_commons(target):
            yield Statement(target, "html-link", url, "inferred")


def _joined(base: str, href: str) -> str:
    try:
        return urljoin(base, href.strip())[:1000]
    except ValueError:
        return ""


def _is_commons(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(_COMMONS.match(parts.hostname or "")) and parts.path.startswith(
            ("/licenses/", "/publicdomain/")
        )
    except ValueError:
        return False


def _json(text: str, base: str, url: str) -> Iterator[Statement]:
    """Licences of JSON-LD (schema.org): of the page itself, of its images, or of something in it."""
    try:
        root = json.loads(text)
    except (ValueError, RecursionError):
        return
    nodes = deque([(root, True)])
    while nodes:
        node, top = nodes.popleft()
        if isinstance(node, list):
            nodes.extend((one, top) for one in node)
        elif isinstance(node, dict):
            for key, value in node.items():
                if isinstance(value, dict | list) and key != "license":
                    nodes.append((value, top and key in ("@graph", "mainEntity")))
            license = node.get("license")
            for one in license if isinstance(license, list) else [license]:
                if isinstance(one, dict):
                    one = one.get("@id") or one.get("url")
                if isinstance(one, str) and one.strip():
                    yield _of_node(node, one.strip()[:1000], top, base, url)


def _of_node(node: dict[str, Any], raw: str, top: bool, base: str, url: str) -> Statement:
    if raw.startswith(("/", "./", "../")):
        raw = _joined(base, raw)
    if node.get("@type") == "ImageObject":
        place = node.get("contentUrl") or node.get("url")
        name = unquote(place.rpartition("/")[2])[:100] if isinstance(place, str) else ""
        return Statement(raw, "json-ld", url, component=f"image:{name}")
    return Statement(raw, "json-ld", url, "declared" if top else "inferred")

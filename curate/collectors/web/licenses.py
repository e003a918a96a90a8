"""What an answer says about rights that its bytes do not: its header, and the addresses relative links mean.

All else that a page states is read from its bytes, when they are opened: there each statement stands with what
is around it, which shows whether it speaks of the page or of one picture.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from curate.collectors.web.tags import attribute, rels
from curate.model import Statement

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

MOST = 50
"""Statements of one page; beyond that it is a list of licences, not a licence."""
_HEADER_LINK = re.compile(r"<([^<>]*)>((?:\s*;\s*[\w*-]+(?:\s*=\s*(?:\"[^\"]*\"|[^\s\",;]+))?)*)")
_HEADER_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s\",;]+))", re.IGNORECASE)
_FOR_MACHINES = "application/rsl+xml"
"""A link to terms for machines: a signal, no licence (RSL 1.0, 4.2)."""


def in_headers(headers: Mapping[str, str], url: str) -> tuple[Statement, ...]:
    """Licences that the answer itself names: ``Link: <…>; rel="license"`` (RFC 8288, RFC 4946)."""
    found = []
    for target, parameters in _HEADER_LINK.findall(headers.get("Link", "")):
        rel = _HEADER_REL.search(parameters)
        named = rel and "license" in (rel[1] or rel[2]).lower().split()
        if named and _FOR_MACHINES not in parameters.lower():
            found.append(Statement(_joined(url, target), "http-link", url))
    return tuple(found[:MOST])


def in_page(soup: BeautifulSoup, base: str, url: str) -> Iterator[Statement]:
    """Where ``link rel=license`` leads that the page writes as a relative address.

    A link of the head speaks of its page; one of the body may speak of anything, so it is not read here.
    """
    seen: dict[str, None] = {}
    for tag in soup.find_all("link", href=True):
        href = attribute(tag, "href").strip()
        if "license" in rels(tag) and attribute(tag, "type").lower() != _FOR_MACHINES:
            target = _joined(base, href)
            if target and target != href:
                seen[target] = None
    for target in list(seen)[:MOST]:
        yield Statement(target, "html-rel", url)


def _joined(base: str, href: str) -> str:
    try:
        return urljoin(base, href.strip())[:1000]
    except ValueError:
        return ""

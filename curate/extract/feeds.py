"""Feeds as files: what RSS, Atom and RSL say about rights.

RFC 4287 (``rights``), RFC 4946 (``link rel=license``; an entry without one has its feed's), RSS 2.0
(``copyright``), the creativeCommons, Dublin Core and Media RSS modules, RSL 1.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from curate.extract.claims import claim, verbatim
from curate.extract.package import local
from curate.model import Statement

_FEEDS = ("rss", "feed", "rsl")
_ENTRIES = ("item", "entry")
_LICENCE = (
    "creativeCommonsRssModule",
    "creativecommons.org",
    "web.resource.org/cc",
    "/mrss",
    "purl.org/dc",
)
_RESOURCE = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}resource"
_RSL = "rslstandard.org/rsl"


class Feed:
    """Collects while the file streams by; feed it every beginning and end of an element."""

    def __init__(self) -> None:
        self.path: list[str] = []
        self.is_feed = False
        self.whole: dict[str, None] = {}
        self.entries: dict[str, None] = {}
        self.machines: dict[str, None] = {}

    def begin(self, element: Any) -> None:
        tag = local(element)
        if len(self.path) < 2 and (tag in _FEEDS or (tag == "channel" and self.path == ["RDF"])):
            self.is_feed = True
        self.path.append(tag)

    def end(self, element: Any) -> None:
        if self.path:
            self.path.pop()
        if not self.is_feed:
            return
        tag, space = local(element), str(element.tag).rpartition("}")[0]
        if _RSL in space:
            if tag == "license":
                self.machines[_markup(element)] = None
            return
        said = self._said(tag, space, element)
        if said is None:
            return
        inside = any(one in _ENTRIES for one in self.path)
        (self.entries if inside else self.whole)[said] = None

    def _said(self, tag: str, space: str, element: Any) -> str | None:
        """The statement that ``element`` makes; None where it is about something else."""
        text = " ".join("".join(element.itertext()).split())
        if tag == "link" and "license" in (element.get("rel") or "").lower().split():
            return verbatim(element.get("href") or "")
        if tag == "license" and any(one in space for one in _LICENCE):
            return verbatim(element.get(_RESOURCE) or element.get("href") or text)
        if tag in ("rights", "copyright", "accessRights") and text:
            return verbatim(text)
        return None

    def holds(self) -> bool:
        """Is the element that just ended part of something that is read when that ends?"""
        return self.is_feed and bool({"rights", "license", "copyright"} & set(self.path[-6:]))

    def claims(self, where: str) -> Iterator[Statement]:
        """Of the feed; of entries that have other terms than it; of what it lets machines do."""
        for raw in self.whole:
            yield claim(raw, "feed", where)
        for raw in self.entries:
            if raw not in self.whole:
                yield claim(raw, "feed", where, component="text")
        for raw in self.machines:
            yield claim(raw, "feed", where, inferred=True)


def _markup(element: Any) -> str:
    from lxml import etree

    return verbatim(etree.tostring(element, encoding="unicode", with_tail=False))

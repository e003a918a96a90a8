"""What a statement in HTML speaks of: the nearest thing around it that has a name, else the page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import Any

from curate.extract.claims import named
from curate.extract.schema_org import PICTURES

UP = 60
"""Elements around a statement in which its scope is looked for."""

MOST_PICTURES = 10
"""Pictures of one figure."""

_PICTURE = re.compile(r"\.(?:jpe?g|png|gif|webp|svg|tiff?|avif|bmp)(?:[?#]|$)", re.I)


_BADGE = re.compile(r"licensebuttons\.net|creativecommons\.org|gnu\.org/graphics", re.I)
"""Pictures that show a licence; no licence is about them."""


@dataclass(frozen=True, slots=True)
class Scope:
    component: str = "whole"
    other: bool = False  # it speaks of another place: a hint at most


class Scopes:
    """The scopes of the nodes of one page; pictures of a figure are looked up once."""

    def __init__(self) -> None:
        self.known: dict[int, list[str]] = {}

    def of(self, node: Any) -> list[Scope]:
        """One scope; some where a figure has some pictures."""
        around = node
        for _ in range(UP):
            if around is None or around.tag in ("body", "html", "head"):
                break
            if found := self._around(around, own=around is node):
                return found
            around = around.parent
        return [Scope()]

    def _around(self, node: Any, own: bool) -> list[Scope]:
        said = node.attributes
        place = said.get("about") if own or "about" in said else said.get("resource")
        if "about" in said or (place is not None and not own):
            return [self._about((place or "").strip(), node)]
        if node.tag == "figure":
            return [Scope(one) for one in self._pictures(node)]
        if "itemscope" in said and (said.get("itemtype") or "").rpartition("/")[2] in PICTURES:
            return [Scope(one) for one in self._pictures(node)[:1]]
        return []

    def _about(self, place: str, node: Any) -> Scope:
        if _PICTURE.search(place):
            return Scope(named("image", place))
        if place.startswith("#") and len(pictures := self._pictures(node)) == 1:
            return Scope(pictures[0])
        return Scope(other=place not in ("", ".", "./", "#"))

    def _pictures(self, node: Any) -> list[str]:
        if node.mem_id not in self.known:
            places = [
                one.attributes.get("src") or one.attributes.get("data-src") or ""
                for one in islice(node.css("img, video, audio"), MOST_PICTURES)
            ]
            self.known[node.mem_id] = list(
                dict.fromkeys(named("image", one) for one in places if not _BADGE.search(one))
            )
        return self.known[node.mem_id]

"""schema.org's words about rights, as microdata and JSON-LD use them alike."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from curate.extract.claims import OWNED, claim, named
from curate.model import Statement

MOST_THINGS = 10_000
"""Values of one script of JSON-LD that are looked at."""

PICTURES = ("ImageObject", "Photograph", "Painting")
PAGES = ("WebPage", "WebSite", "ItemPage", "ImageGallery", "AboutPage", "CollectionPage")
"""Types that a page, not a thing in it, is described by."""

TERMS = (
    "license",
    "acquireLicensePage",
    "creditText",
    "copyrightNotice",
    "copyrightHolder",
    "usageInfo",
)


@dataclass(slots=True)
class Item:
    """What schema.org's names say of one thing, whatever syntax they stand in."""

    component: str = "whole"
    nested: bool = False
    said: dict[str, list[str]] = field(default_factory=dict)

    def add(self, name: str, value: str) -> None:
        self.said.setdefault(name, []).append(value)

    def claims(self, channel: str, where: str) -> Iterator[Statement]:
        credit = next(filter(None, self.said.get("creditText", ())), "")
        holder = next(filter(None, self.said.get("copyrightHolder", ())), "")
        rows = [(raw, self.nested) for raw in self.said.get("license", ())]
        rows += [(raw, self.nested) for raw in self.said.get("copyrightNotice", ()) if raw]
        if not self.said.get("license"):
            # A page where a licence can be had means that none is given here.
            pages = self.said.get("acquireLicensePage") or self.said.get("usageInfo") or ()
            rows += [(raw, True) for raw in pages if raw]
        for raw, inferred in rows:
            yield claim(
                raw,
                channel,
                where,
                inferred=inferred,
                component=self.component,
                holder=holder,
                attribution=credit,
            )
        if (credit or holder) and not rows:
            name = "creditText" if credit else "copyrightHolder"
            yield claim(
                f"{name}={credit or holder}",
                channel,
                where,
                inferred=True,
                component=self.component,
                holder=holder or credit,
                attribution=credit,
                license=OWNED,
            )


def json_ld(text: str, where: str) -> Iterator[Statement]:
    """Of the page itself, of its pictures, or of something in it: that is only a hint."""
    try:
        root = json.loads(text)
    except (ValueError, RecursionError):
        return
    nodes = deque([(root, True)])
    seen = 0
    while nodes and seen < MOST_THINGS:
        seen += 1
        node, top = nodes.popleft()
        if isinstance(node, list):
            nodes.extend((one, top) for one in node)
        elif isinstance(node, dict):
            for key, value in node.items():
                if isinstance(value, dict | list) and key not in TERMS:
                    nodes.append((value, top and key in ("@graph", "mainEntity")))
            yield from _item(node, top).claims("json-ld", where)


def _item(node: dict[str, Any], top: bool) -> Item:
    kinds = node.get("@type")
    item = Item(nested=not top)
    if any(one in PICTURES for one in (kinds if isinstance(kinds, list) else [kinds])):
        place = node.get("contentUrl") or node.get("url") or ""
        item = Item(named("image", place) if isinstance(place, str) and place else "image:unnamed")
    for name in TERMS:
        values = node.get(name)
        for one in (values if isinstance(values, list) else [values])[:20]:
            keys = ("name", "@id") if name == "copyrightHolder" else ("@id", "url", "name")
            if isinstance(one, dict):
                one = next((one[key] for key in keys if isinstance(one.get(key), str)), None)
            if isinstance(one, str):
                item.add(name, one)
    return item

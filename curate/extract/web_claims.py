"""What HTML says about rights: links, metas, RDFa, microdata, JSON-LD; of the page or of one picture.

By the ``license`` link type of HTML, Dublin Core, ccREL 1.0 (Creative Commons, 2008) and schema.org.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from curate.extract.claims import OWNED, claim, verbatim
from curate.extract.schema_org import PAGES, PICTURES, TERMS, Item, json_ld
from curate.extract.scope import UP, Scope, Scopes
from curate.model import Statement

MOST_NODES = 500
"""Elements of one sort that are looked at; a page with more is a list of them."""

_LICENCE_PAGE = re.compile(
    r"^(?:https?:)?//(?:www\.)?(?:creativecommons\.org/(?:licenses|publicdomain)/|gnu\.org/(?:licenses|copyleft)/)",
    re.I,
)
_HOLDER = "dcterms.rightsholder"
_METAS = frozenset(
    ["dcterms.license", "dc.license", "dcterms.rights", "dc.rights", "rights", "copyright",
     "dc.rights.license", "dcterms:license", "dc:rights", "license", "cc:license"]
)  # fmt: skip
_PREFIXES = ("", "cc", "dct", "dcterms", "dc", "xhv", "xhtml", "schema")
_CREDIT = ("attributionName", "attributionURL", "morePermissions")


def claims(tree: Any, where: str) -> Iterator[Statement]:
    """Every statement of a parsed page, what is surest first."""
    return _Reader(tree, where).claims()


class _Reader:
    def __init__(self, tree: Any, where: str) -> None:
        self.tree = tree
        self.where = where
        self.scopes = Scopes()
        self.metas = list(_metas(tree))
        self.holder = next((value for key, value in self.metas if key == _HOLDER), "")
        self.credits = self._credits()

    def claims(self) -> Iterator[Statement]:
        rels, rdfa, bare = _links(self.tree)
        for node, raw in rels:
            if _attribute(node, "type").lower() == "application/rsl+xml":
                # Terms for machines (RSL 1.0): a signal, which grants nothing and takes nothing.
                yield claim(raw, "html-rel", self.where, inferred=True, license=OWNED)
            else:
                yield from self._said(node, raw, "html-rel")
        for key, raw in self.metas:
            if key in _METAS and (raw.strip() or "license" in key):
                yield self._statement(raw, "dc", Scope())
        for node, raw in rdfa:
            yield from self._said(node, raw, "rdfa")
        yield from self._microdata()
        for script in _some(self.tree, 'script[type="application/ld+json"]'):
            yield from json_ld(script.text(), self.where)
        yield from self._credits_alone(
            {scope.component for node, _ in (*rels, *rdfa) for scope in self.scopes.of(node)}
        )
        # Last: a bare link may be about anything on the page, so it is only a hint.
        for node, raw in bare:
            yield from self._said(node, raw, "html-link", inferred=True)

    def _said(
        self, node: Any, raw: str, channel: str, inferred: bool = False
    ) -> Iterator[Statement]:
        for scope in self.scopes.of(node):
            yield self._statement(raw, channel, scope, inferred)

    def _statement(self, raw: str, channel: str, scope: Scope, inferred: bool = False) -> Statement:
        name = self.credits.get((scope.component, "attributionName"), "")
        address = self.credits.get((scope.component, "attributionURL"), "")
        return claim(
            raw,
            channel,
            self.where,
            inferred=inferred or scope.other,
            component=scope.component,
            holder=name or (self.holder if scope.component == "whole" else ""),
            attribution=", ".join(filter(None, (name, address))),
        )

    def _credits(self) -> dict[tuple[str, str], str]:
        """ccREL's name, address and further permissions, by the component they are for."""
        found: dict[tuple[str, str], str] = {}
        for node in _some(
            self.tree, "[property*=ttribution], [rel*=ttribution], [rel*=orePermissions]"
        ):
            for term in _terms(node):
                name = term.replace("#", ":").rpartition(":")[2]
                if name in _CREDIT:
                    # <a rel="cc:attributionURL" href="…" property="cc:attributionName">Ann</a>
                    text = _attribute(node, "content") or verbatim(node.text())
                    value = text if name == "attributionName" else _value(node)
                    for scope in self.scopes.of(node):
                        found.setdefault((scope.component, name), value)
        return found

    def _credits_alone(self, licensed: set[str]) -> Iterator[Statement]:
        """A credit beside which no licence stands, and a page where more than the licence is given."""
        for (component, name), value in self.credits.items():
            named = name == "attributionName"
            if value and (name == "morePermissions" or (named and component not in licensed)):
                yield claim(
                    f"cc:{name}={value}",
                    "rdfa",
                    self.where,
                    inferred=True,
                    component=component,
                    holder=value if named else "",
                    attribution=value if named else "",
                    license=OWNED,
                )

    def _microdata(self) -> Iterator[Statement]:
        items: dict[tuple[int, str], Item] = {}
        for node in _some(self.tree, ", ".join(f"[itemprop~={name}]" for name in TERMS)):
            owner, depth = _owner(node)
            if owner is None:
                continue  # outside of any item: read as a meta
            for scope in self.scopes.of(node):
                key = (owner.mem_id, scope.component)
                item = items.setdefault(key, Item(scope.component, nested=depth > 1))
                for name in _attribute(node, "itemprop").split():
                    if name in TERMS:
                        item.add(name, _value(node))
        for item in items.values():
            yield from item.claims("microdata", self.where)


def _some(tree: Any, selector: str) -> Iterator[Any]:
    return islice(tree.css(selector), MOST_NODES)


def _metas(tree: Any) -> Iterator[tuple[str, str]]:
    for node in tree.css("meta[content]"):
        key = _attribute(node, "name") or _attribute(node, "property")
        if not key and (key := _attribute(node, "itemprop")) and _owner(node)[0] is not None:
            continue
        if (key := key.lower()) in _METAS or key == _HOLDER:
            yield key, _attribute(node, "content")


_Found = list[tuple[Any, str]]


def _links(tree: Any) -> tuple[_Found, _Found, _Found]:
    """``(node, raw)`` of ``rel=license``, of RDFa's licence properties, and of bare licence links."""
    rels: _Found = []
    rdfa: _Found = []
    bare: _Found = []
    for node in tree.css("a[href], link[href], area[href]"):
        href = _attribute(node, "href")
        terms = _terms(node)
        if "license" in _attribute(node, "rel").lower().split():
            rels.append((node, href))
        elif not any(map(_is_licence, terms)) and _LICENCE_PAGE.match(href):
            bare.append((node, href))
    for node in _some(tree, "[rel*=icense], [property*=icense]"):
        plain = "license" in _attribute(node, "rel").lower().split() and "href" in node.attributes
        if node.tag != "meta" and not plain and any(map(_is_licence, _terms(node))):
            rdfa.append((node, _value(node)))
    return rels[:MOST_NODES], rdfa, bare[:MOST_NODES]


def _terms(node: Any) -> list[str]:
    return f"{_attribute(node, 'rel')} {_attribute(node, 'property')}".split()


def _is_licence(term: str) -> bool:
    """``license`` of any vocabulary that has the word, written short or as an address."""
    term = term.lower()
    if term.startswith("http"):
        return term.endswith(("ns#license", "terms/license", "vocab#license"))
    prefix, _, name = term.rpartition(":")
    return name == "license" and prefix in _PREFIXES


def _attribute(node: Any, name: str) -> str:
    return str(node.attributes.get(name) or "").strip()


def _value(node: Any) -> str:
    """The value of a property as RDFa and microdata read it: an attribute, else the text."""
    for name in ("content", "resource", "href", "src"):
        if name in node.attributes:
            return _attribute(node, name)
    return verbatim(node.text())


def _owner(node: Any) -> tuple[Any, int]:
    """The item that ``node`` is a property of, and how many things it is inside."""
    owner, depth = None, 0
    around = node.parent
    for _ in range(UP):
        if around is None:
            break
        if "itemscope" in around.attributes:
            owner = around if owner is None else owner
            kind = _attribute(around, "itemtype").rpartition("/")[2]
            depth += kind not in (*PAGES, *PICTURES)
        around = around.parent
    return owner, depth

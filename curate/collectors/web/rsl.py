"""Terms of use for machines (Really Simple Licensing 1.0, rslstandard.org/rsl).

Read leniently, since many documents in the wild name things wrong; decided strictly: what is not
clearly open to a search index that a seller makes, is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from curate.collectors.web.scope import Scope

TYPE = "application/rsl+xml"
MOST = 10_000
"""Parts of a site that one document speaks of."""
_OURS = frozenset({"all", "search"})  # a local index with short excerpts, no model
_US = frozenset({"all", "commercial"})
_FREE = frozenset({"free", "attribution"})
_AI = re.compile(
    r"(^|[-_])(gen)?ai($|[-_])|train|inference|grounding|(^|[-_])(rag|llm|genai)($|[-_])"
)
_NAMESPACES = re.compile(r"\sxmlns(:[\w.-]+)?=(\"[^\"]*\"|'[^']*')")


@dataclass(frozen=True, slots=True)
class Terms:
    """What a document says about one part of a site."""

    scope: Scope | None  # None: about whatever names the document
    words: str  # verbatim, in one line
    refused: str = ""  # the words that keep us from it


def parse(data: bytes, base: str) -> tuple[Terms, ...]:
    """All that is said of the site of ``base``; () for what is no such document."""
    from lxml import etree

    if b"<!ENTITY" in data:
        return ()  # terms need no definitions, traps do
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, recover=True, huge_tree=False
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        return ()
    if root is None or not isinstance(root.tag, str) or etree.QName(root).localname == "html":
        return ()
    return tuple(_contents(root, base))


def _contents(root: Any, base: str) -> Iterator[Terms]:
    for number, content in enumerate(root.iter("{*}content")):
        if number == MOST:
            return
        if next(content.iterancestors("{*}content"), None) is not None:
            continue
        place = content.get("url", "").strip()
        scope = Scope.of(place, base) if place else None
        if place and scope is None:
            continue  # another site's
        licenses = list(content.iterchildren("{*}license")) or [content]
        yield Terms(scope, _words(content), _refused(content, licenses))


def holding(terms: tuple[Terms, ...], url: str) -> tuple[Terms, ...]:
    """Those for ``url``: the ones that are most about this very place."""
    found = [
        (one.scope.size if one.scope else 0, one)
        for one in terms
        if one.scope is None or one.scope.covers(url)
    ]
    nearest = max((size for size, _ in found), default=0)
    return tuple(one for size, one in found if size == nearest)


def _refused(content: Any, licenses: list[Any]) -> str:
    """What keeps us from it. A prohibition anywhere does; else one open licence is enough."""
    if content.get("server"):
        return f'server="{_line(content.get("server"))}"'  # access needs a token from there
    if found := next(filter(None, map(_prohibited, licenses)), ""):
        return found
    unmet = [_unmet(one) for one in licenses]
    return "" if "" in unmet else unmet[0]


def _prohibited(license: Any) -> str:
    for rule in license.iterchildren("{*}prohibits"):
        kind, tokens = _kind(rule), _tokens(rule)
        if (
            (kind == "user" and tokens & _US)
            or (kind == "geo" and tokens)  # nobody knows where the seller sits
            or (
                kind == "usage" and any(token in _OURS or not _AI.search(token) for token in tokens)
            )
        ):
            return _words(rule)
    return ""


def _unmet(license: Any) -> str:
    """The condition of one licence that we do not meet."""
    permits = list(license.iterchildren("{*}permits"))
    for kind, ours in (("usage", _OURS), ("user", _US), ("geo", frozenset({"all"}))):
        named = [rule for rule in permits if _kind(rule) == kind]
        if named and not any(_tokens(rule) & ours for rule in named):
            return _words(named[0])  # a closed list: what it does not name is not permitted
    priced = (one for one in license.iterchildren("{*}payment") if _asks(one))
    return next(map(_words, priced), "")


def _asks(payment: Any) -> bool:
    kind = payment.get("type", "").strip().lower()
    amounts = [_number(one.text) for one in payment.iter("{*}amount")]
    if any(amounts):
        return True
    return kind not in _FREE and not (kind == "" and amounts)


def _number(text: str | None) -> float:
    try:
        return float((text or "").strip())
    except ValueError:
        return 1.0  # a price that cannot be read is a price


def _kind(rule: Any) -> str:
    kind = rule.get("type", "").strip().lower()
    return kind if kind in ("user", "geo") else "usage"


def _tokens(rule: Any) -> set[str]:
    return set(re.split(r"[\s,;|]+", "".join(rule.itertext()).lower())) - {""}


def _words(element: Any) -> str:
    from lxml import etree

    text: str = etree.tostring(element, encoding="unicode", with_tail=False)
    return _line(_NAMESPACES.sub("", text))


def _line(text: str) -> str:
    return " ".join(text.split())[:1000]

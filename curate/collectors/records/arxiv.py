"""arXiv: an entry of its Atom feed, or a record of its OAI-PMH interface in the format ``arXiv``.

The feed names no licence at all; only OAI-PMH does, and not for old papers. Without one the authors
keep all rights (info.arxiv.org/help/license).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from curate.collectors.records import licenses
from curate.collectors.records.fields import DESCRIPTION, MOST, RAW, first, line, lines, link
from curate.model import Said, Statement

if TYPE_CHECKING:
    from lxml.etree import _Element

CHANNEL = "api:arxiv"
NONEXCLUSIVE = "LicenseRef-arxiv-nonexclusive"
"""Lets arXiv show the paper, and nobody else."""

_NONEXCLUSIVE_URL = re.compile(r"https?://arxiv\.org/licenses/nonexclusive-distrib/\d\.\d/?", re.I)
_LIMIT = 10 << 20


def said(entry: str | bytes | _Element) -> Said:
    """The first entry or record in ``entry``; empty for what is none, and for an answer that is an error."""
    root = _root(entry) if isinstance(entry, str | bytes) else entry
    item = next(_found(root, "entry", "arXiv"), None)
    if item is None:
        return Said()
    name = next(_texts(item, "id"), "")
    if "/api/errors" in name:
        return Said()
    url = link(name) or (link(f"https://arxiv.org/abs/{name}") if name else "")
    terms = [line(one.get("term")) for one in _children(item, "category")]
    return Said(
        title=next(_texts(item, "title"), ""),
        creators=tuple(dict.fromkeys(_authors(item))),
        description=first(_texts(item, "summary", "abstract", most=DESCRIPTION)),
        tags=lines([*terms, *" ".join(_texts(item, "categories")).split()]),
        url=url,
        modified=first(_texts(item, "updated", "created")),
        statements=tuple(
            Statement(raw, CHANNEL, url, license=_license(raw))
            for raw in _texts(item, "license", most=RAW)
        ),
    )


def _license(raw: str) -> str:
    return NONEXCLUSIVE if _NONEXCLUSIVE_URL.fullmatch(raw) else licenses.of_url(raw)


def _root(source: str | bytes) -> Any:
    from lxml import etree

    data = source if isinstance(source, bytes) else source.encode("utf-8", "replace")
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, recover=True
    )
    try:
        return etree.fromstring(data[:_LIMIT], parser)
    except etree.XMLSyntaxError:
        return None


def _found(root: Any, *names: str) -> Iterator[Any]:
    if hasattr(root, "iter"):
        yield from root.iter(*(f"{{*}}{name}" for name in names))


def _children(item: Any, *names: str) -> list[Any]:
    found = [one for name in names for one in item.iterchildren(f"{{*}}{name}")]
    return found[:MOST]


def _texts(item: Any, *names: str, most: int = 300) -> Iterator[str]:
    for one in _children(item, *names):
        if found := line(one.xpath("string()"), most):
            yield found


def _authors(item: Any) -> Iterator[str]:
    """Atom has ``author/name``, OAI-PMH ``authors/author/{forenames,keyname}``."""
    every = [one for group in _children(item, "authors") for one in _children(group, "author")]
    for author in (*_children(item, "author"), *every):
        if name := " ".join(_texts(author, "name", "forenames", "keyname", "suffix")):
            yield name

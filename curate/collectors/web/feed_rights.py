"""What a feed states about rights, in all its vocabularies: each statement, not only the last.

RFC 4287 (``rights``), RFC 4946 (``link rel=license``), RSS 2.0 (``copyright``), the creativeCommons,
Dublin Core, Media RSS and podcast namespaces.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from curate.collectors.web.tags import clean
from curate.errors import CurateError
from curate.fetch import origin
from curate.model import Statement

MOST = 20
"""Statements of one entry, and of a feed."""
_FOR_MACHINES = "application/rsl+xml"
"""A link to terms for machines: a signal, no licence (RSL 1.0, 4.2)."""
_LICENCE = (
    "creativeCommonsRssModule", "creativecommons.org", "web.resource.org/cc", "/mrss", "purl.org/dc",
    "podcast",
)  # fmt: skip
_RESOURCE = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}resource"
_NOTICES = frozenset({"rights", "copyright", "accessRights"})
_SPEAKING = ("{*}link", "{*}license", *sorted(f"{{*}}{name}" for name in _NOTICES))


@dataclass(frozen=True, slots=True)
class Rights:
    """Of an entry, or of a feed without its entries; verbatim, each once."""

    licenses: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()

    @classmethod
    def of(cls, element: Any, base: str) -> Rights:
        """What ``element`` and all in it state; a relative address is one seen from ``base``."""
        licenses: dict[str, None] = {}
        notices: dict[str, None] = {}
        for one in element.iter(*_SPEAKING):
            tag, space = local(one), str(one.tag).rpartition("}")[0]
            if tag == "link" and "license" in (one.get("rel") or "").lower().split():
                if (one.get("type") or "").lower() != _FOR_MACHINES:
                    licenses[_joined(base, one.get("href") or "")] = None
            elif tag == "license" and any(name in space for name in _LICENCE):
                stated = one.get(_RESOURCE) or one.get("href") or one.get("url") or _text(one)
                licenses[clean(stated, 1000)] = None  # "" too: a field that was left open
            elif tag in _NOTICES and (stated := _text(one) or clean(one.get("url") or "", 1000)):
                notices[stated] = None
        return cls(tuple(licenses)[:MOST], tuple(notices)[:MOST])


def united(several: Iterable[Rights]) -> Rights:
    """All that any of them states."""
    licenses: dict[str, None] = {}
    notices: dict[str, None] = {}
    for one in several:
        licenses.update(dict.fromkeys(one.licenses))
        notices.update(dict.fromkeys(one.notices))
    return Rights(tuple(licenses)[:MOST], tuple(notices)[:MOST])


def statements(own: Rights, wide: Rights, url: str, home: str, link: str) -> tuple[Statement, ...]:
    """What the feed at ``url`` states of an entry whose page is at ``link``.

    An entry that says nothing has what its feed says (RFC 4287, 4.2.10; RFC 4946, 2.4); of one that
    does, that is a hint only. So it is for a page of another site than the feed's, at ``home``: who
    gathers the articles of others cannot give them away.
    """
    foreign = _site(link) not in ("", _site(url), _site(home))
    found = [
        *_said(own.licenses, url, inferred=False),
        *_said(own.notices, url, inferred=False),
        *_said(wide.licenses, url, inferred=foreign or bool(own.licenses)),
        *_said(wide.notices, url, inferred=foreign or bool(own.notices)),
    ]
    return tuple({one.raw: one for one in reversed(found)}.values())[::-1]


def _said(stated: tuple[str, ...], url: str, inferred: bool) -> Iterator[Statement]:
    for raw in stated:
        yield Statement(raw, "feed", url, "inferred" if inferred else "declared")


def _site(url: str) -> str:
    try:
        return origin(url) if url else ""
    except CurateError:
        return ""


def _joined(base: str, href: str) -> str:
    try:
        return clean(urljoin(base, href.strip()), 1000) if href.strip() else ""
    except ValueError:
        return clean(href, 1000)


def _text(element: Any) -> str:
    return clean("".join(element.itertext()), 1000)


def local(element: Any) -> str:
    """The name of an element without its namespace; "" for what is no element."""
    return str(element.tag).rpartition("}")[2] if isinstance(element.tag, str) else ""

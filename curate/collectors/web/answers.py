"""A visit to one address: what is wished, and what came of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from curate.collectors.web import kinds, page, urls
from curate.collectors.web.ahead import PAGE_LIMIT, Hop
from curate.collectors.web.page import Link, Page
from curate.fetch import Fetched
from curate.messages import msg
from curate.model import Kind, Known, Message, Said, Trouble


class Denied(Exception):
    """A rule keeps us from an address."""

    def __init__(self, reason: Message, retry: bool = False) -> None:
        self.reason = reason
        self.retry = retry


def _unheeded(url: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Call:
    """A wish to visit ``url`` (normal)."""

    url: str
    passing: Callable[[str], None] = _unheeded
    """Told of each address before it is requested, redirects too; may raise what ``ask`` shall raise."""
    anyway: bool = False  # visit it for its links although signals say that it cannot be kept
    index: bool = False  # where nothing is known of a folder, ask for its index.html's version
    given: str = ""  # a mark of what was said about it elsewhere; another one asks anew


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call: a page that was read, a file that is not read yet, or no change."""

    url: str  # normal, after all redirects
    kind: Kind = "page"
    suffix: str = ""
    got: Fetched | None = None  # of a page its headers, of a file its body too
    body: bytes = b""  # of a page
    page: Page | None = None
    known: Known | None = None  # it has not changed since
    index: str = ""  # the address that shows the same, unchanged
    trouble: Trouble | None = None  # why nothing can be had of it
    given: str = ""  # of its call

    @property
    def links(self) -> Iterable[Link]:
        """Those that may be followed."""
        if self.known is not None:
            return (Link(link) for link in self.known.links)
        return self.page.links if self.page and self.page.follow else ()


def answer(url: str, hop: Hop, given: str) -> Answer:
    """What an answer for ``url`` (normal) holds; a page is read."""
    got = hop.got
    kind, suffix = kinds.claimed(got.mime, urls.suffix(url))
    if kind != "page":
        return Answer(url, kind, suffix, got, given=given)
    if len(hop.body) > PAGE_LIMIT:
        reason = msg("the page is larger than {limit} MiB", limit=PAGE_LIMIT >> 20)
        return Answer(url, trouble=Trouble(url, reason, retry=False))
    if not hop.body:
        empty = Trouble(url, msg("it is empty"), retry=False, hides=False)
        return Answer(url, trouble=empty)
    try:
        found = page.read(hop.body, url, got.charset, got.headers)
    except Exception as fault:  # noqa: BLE001 - whatever parsers of HTML raise on hostile input
        reason = msg("it cannot be read: {fault}", fault=fault)
        return Answer(url, trouble=Trouble(url, reason, retry=False))
    return Answer(url, kind, suffix, got, hop.body, found, given=given)


def joined(itself: Said, said: Said) -> Said:
    """What a place says of itself and what its referrer does; its own word on the same comes first."""
    return Said(
        title=itself.title or said.title,
        creators=itself.creators or said.creators,
        description=itself.description or said.description,
        tags=tuple(dict.fromkeys(itself.tags + said.tags)),
        url=said.url or itself.url,
        modified=itself.modified or said.modified,
        statements=tuple(dict.fromkeys(itself.statements + said.statements)),
    )


def mark(said: Said) -> str:
    """Of what a referrer says; "" where it says nothing."""
    return (
        hashlib.sha256(repr(said).encode("utf-8", "replace")).hexdigest()[:12]
        if said != Said()
        else ""
    )

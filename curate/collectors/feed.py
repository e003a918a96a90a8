"""Feeds: the pages that their entries lead to and the files that they enclose, podcasts too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from msgspec import Meta
from msgspec.structs import replace

from curate.collection import Source
from curate.collectors import Context, Memory
from curate.collectors.web import feeds, kinds, urls
from curate.collectors.web.documents import Document, Documents
from curate.collectors.web.feeds import Entry, Feed
from curate.collectors.web.offline import OfflineVisits
from curate.collectors.web.visits import Denied, Visits
from curate.collectors.web.warc import recorded
from curate.errors import CurateError
from curate.fetch import origin, shown
from curate.messages import msg
from curate.model import Candidate, Kind, Said, Trouble

LARGEST = 16 << 20
"""Bytes of one document of a feed."""
MOST_PAGES = 500
"""Documents of one feed that are read."""


class FeedSource(Source, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="feed"):
    """``type = "feed"``: what RSS, Atom and JSON feeds lead to and enclose. robots.txt is obeyed."""

    first: ClassVar[str] = "url"

    url: str | tuple[str, ...]
    """Address of a feed, or of several."""
    take: Literal["pages", "enclosures", "both"] = "both"
    """The page of each entry, the files that it encloses, or both."""
    limit: Annotated[int, Meta(ge=1, le=100_000)] = 1000
    """Most entries of one feed to take, the first ones."""
    other_origins: bool = True
    """Take what lies on other sites than the feed too; most feeds keep their files elsewhere."""
    types: tuple[Kind, ...] = (
        "page", "document", "text", "table", "slides", "image", "audio", "video",
    )  # fmt: skip
    """Kinds to take."""
    warc: bool = False
    """Keep records of all that was fetched, as archives do (WARC), in the source's own folder."""

    offline: bool = False
    """Keep pages so that they can be read without the web: with the pictures, styles and fonts of
    their own site inside, and without scripts."""

    def __post_init__(self) -> None:
        if not self.feeds:
            raise ValueError('url is empty; write url = "https://…"')
        for url in self.feeds:
            if urls.normal(url) is None:
                raise ValueError(f"{shown(url)!r} is not a web address; it begins with https://")
            if shown(url) != url:
                raise ValueError(f"{shown(url)!r} holds a user name or password; leave it out")

    @property
    def feeds(self) -> tuple[str, ...]:
        return (self.url,) if isinstance(self.url, str) else self.url

    def is_home(self, locator: str) -> bool:
        return urls.same_site(locator, self.feeds)

    @property
    def place(self) -> str:
        return ", ".join(self.feeds)


class FeedCollector:
    """Visits in the order of the feed, an entry's page before its files."""

    options: ClassVar[type[Source]] = FeedSource

    def __init__(self, options: FeedSource, context: Context) -> None:
        self.source = options
        self.context = context

    def candidates(self, memory: Memory) -> Iterator[Candidate | Trouble]:
        """What the entries of each feed lead to, each address once. Raises CurateError where no feed
        can be used."""
        yield from _Tour(self.source, self.context, memory).run()


class _Tour:
    """One run over all feeds of a source."""

    def __init__(self, source: FeedSource, context: Context, memory: Memory) -> None:
        self.source = source
        self.context = context
        self.fetcher = recorded(context, "feed", source.warc)
        self.kept = Documents(context.cache)
        self.home: set[str] = set()  # origins of the feeds
        self.seen: set[str] = set()  # addresses that were visited
        visits = OfflineVisits if source.offline else Visits
        self.visits = visits(self.fetcher, memory, self._own, self._ours, source.types)

    def run(self) -> Iterator[Candidate | Trouble]:
        failed: list[CurateError] = []
        for url in self.source.feeds:
            first = urls.normal(url) or url
            self.home.add(origin(first))
            try:
                yield from self._feed(first)
            except CurateError as fault:
                failed.append(fault)
                if len(failed) == len(self.source.feeds):
                    raise
                said = f"{fault.message} ({fault.hint})" if fault.hint else fault.message
                yield Trouble(first, msg("{fault}", fault=said))

    def _feed(self, first: str) -> Iterator[Candidate | Trouble]:
        """All documents of one feed (RFC 5005, 3). Raises CurateError where the first one fails."""
        url, read, taken = first, set[str](), 0
        more = broken = whole = False
        while url and url not in read and len(read) < MOST_PAGES:
            read.add(url)
            try:
                feed = self._document(url, self.source.limit - taken, first=url == first)
            except CurateError as fault:
                if url == first:
                    raise
                yield Trouble(url, msg("{fault}", fault=fault.message))
                return
            if feed.problem:
                broken = True
                reason = msg("only a part of this feed can be read: {fault}", fault=feed.problem)
                yield Trouble(url, reason, retry=False)
            for entry in feed.entries:
                yield from self._entry(entry)
            taken += len(feed.entries)
            whole = whole or feed.complete
            more = feed.more or (bool(feed.next) and taken >= self.source.limit)
            url = feed.next if feed.entries and not more else ""
        if more:
            reason = msg("there are more entries than limit = {limit}", limit=self.source.limit)
            yield Trouble(f"{first} (limit)", reason, retry=False)
        elif not whole and not broken:
            # What has scrolled out of the feed is where it was.
            reason = msg("a feed shows its newest entries; what was taken before is kept")
            yield Trouble(first, reason, retry=False)

    def _entry(self, entry: Entry) -> Iterator[Candidate | Trouble]:
        if self.source.take != "enclosures" and entry.said.url:
            yield from self._visit(entry.said.url, "", entry.said)
        if self.source.take != "pages":
            for file in entry.files:
                said = replace(entry.said, title=file.title or entry.said.title)
                yield from self._visit(file.url, file.mime, said)

    def _visit(self, url: str, mime: str, said: Said) -> Iterator[Candidate | Trouble]:
        again = self.context.again
        if url in self.seen or (again is not None and url not in again):
            return
        self.seen.add(url)
        suffix = urls.suffix(url) if urls.normal(url) else ""
        kind = kinds.claimed(mime, suffix)[0] if mime else kinds.promised(suffix)
        if kind is not None and kind not in self.source.types and urls.normal(url):
            reason = msg("its kind is “{kind}”, which is not wanted here", kind=kind)
            yield Trouble(url, reason, retry=False, hides=False)
            return
        for found in self.visits.visit(url, said):
            if found.locator == url or found.locator not in self.seen:
                self.seen.add(found.locator)
                yield found

    # What the rules of the source say

    def _ours(self, url: str) -> bool:
        return self.source.other_origins or origin(url) in self.home

    def _own(self, url: str) -> bool:
        """Whether the seller declares what is at ``url`` to be their own."""
        return bool(self.source.declared(self.context.declared, url).own)

    # Its documents

    def _document(self, url: str, most: int, first: bool) -> Feed:
        """One document of a feed. Raises CurateError: no answer, no feed, not allowed."""
        before = self.kept.at(url)

        def allowed(hop: str) -> None:
            there = urls.normal(hop) or hop
            if first:
                self.home.add(origin(there))  # a feed that has moved
            self.visits.permit(there)

        def stamp(hop: str) -> str:
            return before.stamp if before and before.url == (urls.normal(hop) or hop) else ""

        try:
            with self.fetcher.get(url, stamp=stamp, allowed=allowed, limit=LARGEST) as got:
                if got.status == 304 and before:
                    now = before
                else:
                    there = urls.normal(got.url) or url
                    now = Document(there, got.stamp, got.charset, got.body.read())
                    self.kept.put(url, now)
        except Denied as denied:
            raise CurateError(f"{url}: {denied.reason}", "ask the owner of the feed") from denied
        try:
            return feeds.parse(now.body, now.url, now.charset, most)
        except ValueError as fault:
            named = feeds.announced(now.body, now.url)
            hint = f"perhaps you mean {named[0]}" if named else "give the address of a feed"
            raise CurateError(f"{url} is no feed: {fault}", hint) from fault

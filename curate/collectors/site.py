"""A web site: its pages and the files they link to, as far as its own rules allow."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Annotated, ClassVar

from msgspec import Meta
from msgspec.structs import replace

from curate.collection import Declaration, Source
from curate.collectors import Context, Memory
from curate.collectors.patterns import matcher
from curate.collectors.web import kinds, licenses, marks, page, signals, sitemap, urls
from curate.collectors.web.frontier import MOST_WAITING, Frontier, Step
from curate.collectors.web.notices import Notices
from curate.collectors.web.opening import Opening
from curate.collectors.web.page import Link
from curate.collectors.web.robots import Robots
from curate.collectors.web.signals import Heard
from curate.errors import CurateError
from curate.fetch import Fetched, Fetcher, StatusError, origin, shown
from curate.messages import msg
from curate.model import Candidate, Kind, Known, Message, Said, Trouble

PAGE_LIMIT = 5 << 20
"""Bytes of one HTML page; they are held in memory."""


class SiteSource(Source, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="site"):
    """``type = "site"``: a web site, from its first pages or its sitemap. robots.txt is obeyed."""

    start: tuple[str, ...] = ()
    """Addresses to begin at."""
    sitemap: str = ""
    """Address of a sitemap or an index of them, also .gz; every page in it is visited."""
    types: tuple[Kind, ...] = ("page", "document", "text", "table", "slides", "image")
    """Kinds to take; a page of another kind is still read for its links."""
    include: tuple[str, ...] = ("**",)
    """Globs on the path of addresses to visit; start pages are visited anyway for their links."""
    exclude: tuple[str, ...] = ()
    """Globs on the path of addresses to leave alone; wins over include."""
    depth: Annotated[int, Meta(ge=0)] = 100
    """How many links away from the start; 0 takes only what is listed."""
    max_pages: Annotated[int, Meta(ge=1)] = 1000
    """Most addresses to visit, pages and files together."""
    other_origins: bool = False
    """Take what is linked on other sites too; links found there are not followed."""

    def __post_init__(self) -> None:
        if not self.start and not self.sitemap:
            raise ValueError('give start = ["https://…"] or sitemap = "https://…"')
        for url in (*self.start, *([self.sitemap] if self.sitemap else [])):
            if urls.normal(url) is None:
                raise ValueError(f"{shown(url)!r} is not a web address; it begins with https://")
            if shown(url) != url:
                raise ValueError(f"{shown(url)!r} holds a user name or password; leave it out")
        for patterns in (self.include, self.exclude):
            matcher(patterns)

    @property
    def place(self) -> str:
        return ", ".join([*self.start, *([self.sitemap] if self.sitemap else [])])


class SiteCollector:
    """Visits in the order of links, nearest to the start first; one request at a time."""

    options: ClassVar[type[Source]] = SiteSource

    def __init__(self, options: SiteSource, context: Context) -> None:
        self.source = options
        self.declared = context.declared
        self.fetcher = context.fetcher

    def candidates(self, memory: Memory) -> Iterator[Candidate | Trouble]:
        """Pages come with their bytes at hand, files with their answer open until the next is asked
        for. What has not changed since ``memory`` comes with the known stamp and links, nothing
        else said about it, and is requested again only if it is opened. Raises CurateError where
        the sitemap or every start page fails."""
        yield from _Crawl(self.source, self.declared, self.fetcher, memory).run()


class _Seen(Exception):
    """A redirect leads to an address that has its own visit."""


class _Denied(Exception):
    """A rule keeps us from an address."""

    def __init__(self, reason: Message, retry: bool = False) -> None:
        self.reason = reason
        self.retry = retry


class _Crawl:
    """One run over one site."""

    def __init__(
        self, source: SiteSource, declared: Declaration, fetcher: Fetcher, memory: Memory
    ) -> None:
        self.source = source
        self.declared = declared
        self.fetcher = fetcher
        self.memory = memory
        self.robots = Robots(fetcher)
        self.notices = Notices(fetcher, self.robots, lambda url: origin(url) in self.home)
        self.included = matcher(source.include)
        self.excluded = matcher(source.exclude)
        self.frontier = Frontier()
        self.preferred: set[str] = set()  # addresses that a page named as its canonical one
        self.home: set[str] = set()  # origins that belong to the site
        self.visited = 0
        self.starts = self.failed_starts = 0

    def run(self) -> Iterator[Candidate | Trouble]:
        for url in self.source.start:
            step = Step(urls.normal(url) or url, start=True)
            self.frontier.add(step)
            self.home.add(origin(step.url))
        self.starts = len(self.frontier)
        if self.source.sitemap:
            yield from self._sitemaps(urls.normal(self.source.sitemap) or self.source.sitemap)
        while self.frontier:
            if self.visited >= self.source.max_pages:
                yield self._rest()
                return
            yield from self._visit(self.frontier.next())
        if self.frontier.left:
            yield self._rest()

    def _rest(self) -> Trouble:
        count = len(self.frontier) + self.frontier.left
        reason = msg(
            "{count} more addresses are known but were not visited: max_pages is {limit}",
            count=count,
            limit=self.source.max_pages,
        )
        return Trouble(self.source.place, reason, retry=False)

    # Visiting

    def _visit(self, step: Step) -> Iterator[Candidate | Trouble]:
        try:
            got = self.fetcher.get(
                step.url, stamp=self._stamp, allowed=partial(self._allowed, step)
            )
            yield from self._taken(step, urls.normal(got.url) or step.url, got)
        except _Seen:
            return
        except _Denied as denied:
            fault = CurateError(
                f"{step.url} cannot be the start: {denied.reason}",
                "choose another page to start at",
            )
            yield self._trouble(step, denied.reason, fault, denied.retry)
        except CurateError as fault:
            reason = msg("{fault}", fault=fault.message)
            if step.parent:
                reason = msg(
                    "{fault}; linked from {parent}", fault=fault.message, parent=step.parent
                )
            yield self._trouble(step, reason, fault)

    def _trouble(
        self, step: Step, reason: Message, fault: CurateError, retry: bool = True
    ) -> Trouble:
        if step.start:
            self.failed_starts += 1
            if self.failed_starts == self.starts and not self.source.sitemap:
                raise fault
        # A page that is known not to exist hides no others; one that fails today may lead to some.
        absent = isinstance(fault, StatusError) and fault.status in (404, 410)
        return Trouble(step.url, reason, retry, hides=retry and not absent)

    def _stamp(self, hop: str) -> str:
        url = urls.normal(hop) or hop
        known = self.memory(url)
        if known is None and url.endswith("/"):
            # Most folders of a site show their index.html. A strong ETag tells whether this one
            # does, without sending the page again only to read which address it prefers.
            url = f"{url}index.html"
            known = self.memory(url)
            if known and not known.stamp.startswith('"'):
                return ""
        if known is None or not known.stamp:
            return ""
        return marks.condition(known.stamp, self.notices.of(url), self._own(url))

    def _allowed(self, step: Step, hop: str) -> None:
        """Asked before each request of a visit: of the address itself and of its redirects."""
        url = urls.normal(hop)
        if url is None:
            raise CurateError(f"{shown(hop)} is not a web address", "look at it in a browser")
        if url != step.url:
            if url in self.frontier.seen:
                raise _Seen
            if step.start:
                self.home.add(origin(url))  # example.org that has moved to www.example.org
            self.frontier.seen.add(url)
        self._permit(url)
        heard = self.notices.of(url)
        if heard.stops and not step.start and not self._own(url):
            # Nothing that the place itself says could change that, so it is not even asked.
            raise _Denied(heard.stops[0].reason, heard.stops[0].retry)
        self.visited += 1

    def _permit(self, url: str) -> None:
        if not self._ours(url):
            raise _Denied(msg("it leads to another site, {url}", url=url))
        if not self.robots.allow(url):
            raise _Denied(msg("robots.txt does not allow it"))

    def again(self, url: str) -> Fetched:
        """The answer once more, unconditionally. Raises CurateError."""
        try:
            return self.fetcher.get(url, allowed=lambda hop: self._permit(urls.normal(hop) or hop))
        except _Denied as denied:
            raise CurateError(f"{url}: {denied.reason}", "run again") from denied

    def _ours(self, url: str) -> bool:
        return self.source.other_origins or origin(url) in self.home

    def _own(self, url: str) -> bool:
        """Whether the seller declares what is at ``url`` to be their own."""
        parts = [one for one in self.source.folders if one.holds(url)]
        nearest = max(parts, key=lambda one: len(one.path), default=None)
        return bool((nearest.rights if nearest else self.declared).own)

    def _chosen(self, url: str) -> bool:
        path = urls.path(url)
        return self.included(path) and not self.excluded(path)

    # What was found

    def _taken(self, step: Step, url: str, got: Fetched) -> Iterator[Candidate | Trouble]:
        if got.status == 304:
            got.close()
            known = self.memory(url)
            if known is None:
                self._prefer(step, url, f"{url}index.html")
                return
            if not marks.news(known.stamp, got, url):
                yield from self._unchanged(step, url, known)
                return
            got = self.again(url)
        kind, suffix = kinds.claimed(got.mime, urls.suffix(url))
        if kind == "page":
            yield from self._page(step, url, got, suffix)
        elif kind in self.source.types and self._chosen(url):
            yield from self._file(step, url, got, suffix)
        else:
            got.close()

    def _unchanged(self, step: Step, url: str, known: Known) -> Iterator[Candidate]:
        self._follow(step, url, (Link(link) for link in known.links))
        suffix = urls.suffix(url)
        kind = "page" if known.links else kinds.promised(suffix)
        if self._chosen(url) and (kind is None or kind in self.source.types):
            again = Opening(partial(self.again, url))
            yield Candidate(url, known.stamp, Said(url=url), again, suffix, known.links)

    def _page(
        self, step: Step, url: str, got: Fetched, suffix: str
    ) -> Iterator[Candidate | Trouble]:
        with got:
            body = got.body.read(PAGE_LIMIT + 1)
        if len(body) > PAGE_LIMIT:
            reason = msg("the page is larger than {limit} MiB", limit=PAGE_LIMIT >> 20)
            yield Trouble(url, reason, retry=False)
            return
        if not body:
            yield Trouble(url, msg("it is empty"), retry=False, hides=False)
            return
        try:
            found = page.read(body, url, got.charset, got.headers)
        except Exception as fault:  # noqa: BLE001 - whatever parsers of HTML raise on hostile input
            yield Trouble(url, msg("it cannot be read: {fault}", fault=fault), retry=False)
            return
        if self._gives_way(url, found.canonical):
            self._prefer(step, url, found.canonical)
            return
        links = found.links if found.follow else ()
        self._follow(step, url, links)
        if "page" not in self.source.types or not self._chosen(url):
            return
        heard = self.notices.about(url, found.heard)
        if trouble := self._stopped(url, heard):
            yield trouble
        else:
            yield Candidate(
                locator=url,
                stamp=self._marked(url, got, heard),
                said=replace(found.said, signals=heard.signals),
                open=lambda: io.BytesIO(body),
                suffix=suffix if suffix in (".html", ".htm", ".xhtml") else ".html",
                links=tuple(link.url for link in links),
            )

    def _stopped(self, url: str, heard: Heard) -> Trouble | None:
        """The signal that keeps us from ``url``; robots.txt alone binds those who own the site."""
        if heard.stop is None or self._own(url):
            return None
        return Trouble(url, heard.stop.reason, heard.stop.retry, hides=heard.stop.retry)

    def _marked(self, url: str, got: Fetched, heard: Heard) -> str:
        if heard.expires:
            return ""  # ask for it each time, for one day it will not be open any more
        return marks.stamp(got, url, self.notices.of(url), overruled=heard.stop is not None)

    def _gives_way(self, url: str, canonical: str) -> bool:
        """Whether the page at ``url`` is left for the address it prefers."""
        if canonical in ("", url) or origin(canonical) not in self.home:
            return False
        # Two pages that prefer each other must not both give way.
        if url in self.preferred or not self._chosen(canonical):
            return False
        # Some templates call every page the home page; only an index may give way to it.
        return bool(urls.path(canonical)) or urls.path(url).startswith("index.")

    def _prefer(self, step: Step, url: str, canonical: str) -> None:
        self.preferred.add(canonical)
        self.frontier.hurry(Step(canonical, step.depth, url, step.text))

    def _file(
        self, step: Step, url: str, got: Fetched, suffix: str
    ) -> Iterator[Candidate | Trouble]:
        heard = self.notices.about(url, signals.in_headers(got.headers, url))
        if trouble := self._stopped(url, heard):
            got.close()
            yield trouble
            return
        if got.headers.get("Content-Length") == "0":
            got.close()
            yield Trouble(url, msg("it is empty"), retry=False, hides=False)
            return
        opening = Opening(partial(self.again, url), got)
        try:
            yield Candidate(
                locator=url,
                stamp=self._marked(url, got, heard),
                said=Said(
                    title=step.text,
                    url=url,
                    modified=page.modified(got.headers),
                    statements=licenses.in_headers(got.headers, url),
                    signals=heard.signals,
                ),
                open=opening,
                suffix=suffix,
            )
        finally:
            opening.expire()

    # What comes next

    def _follow(self, step: Step, url: str, links: Iterable[Link]) -> None:
        if step.depth >= self.source.depth or origin(url) not in self.home:
            return
        for link in links:
            kind = kinds.promised(urls.suffix(link.url))
            if (
                link.url not in self.frontier.seen
                and self._ours(link.url)
                and (kind in (None, "page") or kind in self.source.types)
                and self._chosen(link.url)
            ):
                self.frontier.add(Step(link.url, step.depth + 1, url, link.text))

    def _sitemaps(self, first: str) -> Iterator[Trouble]:
        self.home.add(origin(first))
        waiting, seen, foreign = deque([first]), {first}, 0
        while waiting and len(seen) <= MOST_WAITING:
            url = waiting.popleft()
            try:
                found = self._sitemap(url, first=url == first)
            except CurateError as fault:
                if url == first:
                    raise
                yield Trouble(url, msg("{fault}", fault=fault.message))
                continue
            for place in found.pages:
                here = urls.normal(place, url)
                if here is None or not self._ours(here):
                    foreign += 1
                elif self._chosen(here):
                    self.frontier.add(Step(here, parent=url))
            for place in found.sitemaps:
                below = urls.normal(place, url)
                if below and self._ours(below) and below not in seen:
                    seen.add(below)
                    waiting.append(below)
        if foreign:
            reason = msg("{count} addresses of the sitemap lead to other sites", count=foreign)
            yield Trouble(first, reason, retry=False, hides=False)

    def _sitemap(self, url: str, first: bool) -> sitemap.Sitemap:
        def allowed(hop: str) -> None:
            there = urls.normal(hop) or hop
            if first:
                self.home.add(origin(there))  # as for a start page that has moved
            self._permit(there)

        try:
            with self.fetcher.get(url, allowed=allowed, limit=sitemap.LIMIT) as got:
                data = got.body.read()
        except _Denied as denied:
            raise CurateError(f"{url}: {denied.reason}", "ask the owner of the site") from denied
        try:
            return sitemap.parse(data)
        except ValueError as fault:
            raise CurateError(f"{url} cannot be used: {fault}", "check the address") from fault

"""A web site: its pages and the files they link to, as far as its own rules allow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, ClassVar

from msgspec import Meta

from curate.collection import Declaration, Source
from curate.collectors import Context, Memory
from curate.collectors.patterns import matcher
from curate.collectors.web import kinds, urls
from curate.collectors.web.frontier import Frontier, Step
from curate.collectors.web.offline import OfflineVisits
from curate.collectors.web.page import Link
from curate.collectors.web.sitemaps import Sitemaps
from curate.collectors.web.visits import Answer, Call, Denied, Visits
from curate.collectors.web.warc import recorded
from curate.errors import CurateError
from curate.fetch import Fetcher, StatusError, origin, shown
from curate.messages import msg
from curate.model import Candidate, Kind, Message, Said, Trouble

_SITEMAPS = frozenset({".xml", ".gz", ".rss", ".atom"})


class SiteSource(Source, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="site"):
    """``type = "site"``: a web site, from its first pages or its sitemap. robots.txt is obeyed."""

    first: ClassVar[str] = "start"

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
    warc: bool = False
    """Keep records of all that was fetched, as archives do (WARC), in the source's own folder."""
    offline: bool = False
    """Keep pages so that they can be read without the web: with the pictures, styles and fonts of
    their own site inside, and without scripts."""

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

    def is_home(self, locator: str) -> bool:
        return urls.same_site(locator, (*self.start, self.sitemap))

    @property
    def place(self) -> str:
        return ", ".join([*self.start, *([self.sitemap] if self.sitemap else [])])


class SiteCollector:
    """Visits in the order of links, nearest to the start first; pages are sent for before their turn."""

    options: ClassVar[type[Source]] = SiteSource

    def __init__(self, options: SiteSource, context: Context) -> None:
        self.source = options
        self.declared = context.declared
        self.again = context.again
        self.cache = context.cache
        self.fetcher = recorded(context, "site", options.warc)

    def candidates(self, memory: Memory) -> Iterator[Candidate | Trouble]:
        """Pages come with their bytes at hand, files with their answer open until the next is asked
        for. What has not changed since ``memory`` comes with the known stamp and links, nothing
        else said about it, and is requested again only if it is opened. Raises CurateError where
        the sitemap or every start page fails."""
        yield from _Crawl(
            self.source, self.declared, self.fetcher, memory, self.again, self.cache
        ).run()


class _Seen(Exception):
    """A redirect leads to an address that has its own visit."""


class _Full(Exception):
    """As many addresses were visited as may be."""


class _Crawl:
    """One run over one site."""

    def __init__(
        self,
        source: SiteSource,
        declared: Declaration,
        fetcher: Fetcher,
        memory: Memory,
        again: frozenset[str] | None = None,
        cache: Path | None = None,
    ) -> None:
        self.source = source
        self.declared = declared
        self.fetcher = fetcher
        self.again = again
        self.cache = cache
        self.included = matcher(source.include)
        self.excluded = matcher(source.exclude)
        self.frontier = Frontier()
        self.preferred: set[str] = set()  # addresses that a page named as its canonical one
        self.home: set[str] = set()  # origins that belong to the site
        self.starts = self.failed_starts = 0
        visits = OfflineVisits if source.offline else Visits
        self.visits = visits(
            fetcher, memory, self._own, self._ours, source.types,
            chosen=self._chosen, home=lambda url: origin(url) in self.home,
        )  # fmt: skip

    def run(self) -> Iterator[Candidate | Trouble]:
        starts = [urls.normal(url) or url for url in self.source.start]
        sitemaps = [urls.normal(self.source.sitemap) or ""] if self.source.sitemap else []
        self.home.update(map(origin, (*starts, *sitemaps)))
        if self.again is not None:
            yield from self._return(self.again, starts, sitemaps)
        else:
            for url in starts:
                self.frontier.add(Step(url, start=True))
            self.starts = len(self.frontier)
            for url in sitemaps:
                yield from self._sitemaps(url)
        try:
            yield from self._walk()
        finally:
            self.visits.close()

    def _return(
        self, again: Iterable[str], starts: list[str], sitemaps: list[str]
    ) -> Iterator[Trouble]:
        """To what failed before; troubles about the source as a whole have no address."""
        failed = sorted(url for url in again if urls.normal(url) == url)
        if not self.source.other_origins:
            self.home.update(map(origin, failed))  # where the site has moved to
        for url in failed:
            if url not in sitemaps and not (sitemaps and urls.suffix(url) in _SITEMAPS):
                self.frontier.add(Step(url, start=url in starts))
                continue
            try:
                yield from self._sitemaps(url)
            except CurateError as fault:
                yield Trouble(url, msg("{fault}", fault=fault.message))

    def _walk(self) -> Iterator[Candidate | Trouble]:
        while self.frontier:
            for step in self.frontier.coming(self.visits.room):
                if not self._full:
                    self.visits.ahead(self._call(step))
            step = self.frontier.next()
            if self._full and step.url not in self.visits.sent:
                self.frontier.left += 1
            else:
                yield from self._visit(step)
        if self.frontier.left:
            reason = msg(
                "{count} more addresses are known but were not visited: max_pages is {limit}",
                count=self.frontier.left,
                limit=self.source.max_pages,
            )
            yield Trouble(self.source.place, reason, retry=False)

    @property
    def _full(self) -> bool:
        return self.visits.asked >= self.source.max_pages

    # Visiting

    def _visit(self, step: Step) -> Iterator[Candidate | Trouble]:
        try:
            yield from self._found(step, self.visits.ask(self._call(step)))
        except _Seen:
            return
        except _Full:
            self.frontier.left += 1
        except Denied as denied:
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

    def _call(self, step: Step) -> Call:
        return Call(step.url, partial(self._passing, step), anyway=step.start, index=True)

    def _passing(self, step: Step, url: str) -> None:
        if url == step.url:
            return
        if self.frontier.knows(url):
            raise _Seen
        if step.start:
            self._join(url)  # example.org that has moved to www.example.org
        elif self._full:
            raise _Full
        self.frontier.note(url)

    def _join(self, url: str) -> None:
        """What is at ``url`` belongs to the site."""
        self.home.add(origin(url))

    def _ours(self, url: str) -> bool:
        return self.source.other_origins or origin(url) in self.home

    def _own(self, url: str) -> bool:
        """Whether the seller declares what is at ``url`` to be their own."""
        return bool(self.source.declared(self.declared, url).own)

    def _chosen(self, url: str) -> bool:
        path = urls.path(url)
        return self.included(path) and not self.excluded(path)

    # What was found

    def _found(self, step: Step, answer: Answer) -> Iterator[Candidate | Trouble]:
        other = answer.index or (answer.page.canonical if answer.page else "")
        if answer.index or self._gives_way(answer.url, other):
            self.preferred.add(other)
            self.frontier.hurry(Step(other, step.depth, answer.url, step.text))
            return
        self._follow(step, answer.url, answer.links)
        # What a link says names a file; a page names itself.
        said = Said() if answer.page else Said(title=step.text)
        yield from self.visits.take(answer, said)

    def _gives_way(self, url: str, canonical: str) -> bool:
        """Whether the page at ``url`` is left for the address it prefers."""
        if not canonical or urls.place(canonical) == urls.place(url):
            return False
        if origin(canonical) not in self.home:
            return False
        # Two pages that prefer each other must not both give way.
        if url in self.preferred or not self._chosen(canonical):
            return False
        # Some templates call every page the home page; only an index may give way to it.
        return bool(urls.path(canonical)) or urls.path(url).startswith("index.")

    # What comes next

    def _follow(self, step: Step, url: str, links: Iterable[Link]) -> None:
        if step.depth >= self.source.depth or origin(url) not in self.home:
            return
        for link in links:
            if not self.frontier.knows(link.url) and self._worth(link.url):
                self.frontier.add(Step(link.url, step.depth + 1, url, link.text))

    def _worth(self, url: str) -> bool:
        kind = kinds.promised(urls.suffix(url))
        wanted = kind in (None, "page") or kind in self.source.types
        return wanted and self._ours(url) and self._chosen(url) and self._unknown(url)

    def _unknown(self, url: str) -> bool:
        """Whether ``url`` is news, where nothing else is wanted but what failed before."""
        return self.again is None or self.visits.memory(url) is None

    def _sitemaps(self, first: str) -> Iterator[Trouble]:
        foreign = 0
        maps = Sitemaps(self.fetcher, self.visits.permit, self._join, self.cache)
        for found in maps.read(first):
            if isinstance(found, Trouble):
                yield found
            elif not found.url or not self._ours(found.url):
                foreign += 1
            elif self._chosen(found.url) and self._unknown(found.url):
                self.frontier.add(Step(found.url, parent=found.by))
        if foreign:
            reason = msg("{count} addresses of the sitemap lead to other sites", count=foreign)
            yield Trouble(first, reason, retry=False, hides=False)

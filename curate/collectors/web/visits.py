"""Visits to single addresses, as far as the rules of their places allow."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from msgspec.structs import replace

from curate.collectors.web import kinds, licenses, marks, page, signals, urls
from curate.collectors.web.notices import Notices
from curate.collectors.web.opening import Opening
from curate.collectors.web.page import Link, Page
from curate.collectors.web.robots import Robots
from curate.collectors.web.signals import Heard
from curate.errors import CurateError
from curate.fetch import Fetched, Fetcher, shown
from curate.messages import msg
from curate.model import Candidate, Kind, Known, Message, Said, Trouble

PAGE_LIMIT = 5 << 20
"""Bytes of one HTML page; they are held in memory."""

Memory = Callable[[str], Known | None]


class Denied(Exception):
    """A rule keeps us from an address."""

    def __init__(self, reason: Message, retry: bool = False) -> None:
        self.reason = reason
        self.retry = retry


def _anywhere(url: str) -> bool:
    return True


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


class Visits:
    """Asks addresses and takes what is there. robots.txt is obeyed, notices are heard."""

    def __init__(
        self,
        fetcher: Fetcher,
        memory: Memory,
        own: Callable[[str], bool],
        ours: Callable[[str], bool],
        types: Collection[Kind],
        *,
        chosen: Callable[[str], bool] = _anywhere,
        home: Callable[[str], bool] | None = None,
    ) -> None:
        """Of an address (normal) tell: ``own`` whether the seller declares it to be their own,
        ``ours`` whether it may be visited at all, ``chosen`` whether it may become a candidate,
        ``home`` whether the notices of its origin are asked for (as ``ours``, where not given).
        ``types`` are the kinds to take."""
        self.fetcher = fetcher
        self.memory = memory
        self.own = own
        self.ours = ours
        self.types = types
        self.chosen = chosen
        self.robots = Robots(fetcher)
        self.notices = Notices(fetcher, self.robots, home or ours)
        self.asked = 0
        """Addresses that were requested by calls."""

    def visit(self, url: str, said: Said = Said()) -> Iterator[Candidate | Trouble]:  # noqa: B008 - a frozen value
        """The candidate at ``url``, or why there is none; never more than one.

        What ``said`` states, the referrer's word, joins what the place says itself; it is asked for
        anew where the referrer says something else than in the run that ``memory`` tells of.
        """
        here = urls.normal(url)
        if here is None:
            reason = msg("{url} is not a web address", url=shown(url)[:200])
            yield Trouble(shown(url), reason, retry=False, hides=False)
            return
        try:
            answer = self.ask(Call(here, given=_mark(said)))
            if answer.known is None and answer.trouble is None and not self._wanted(answer):
                reason = msg("its kind is “{kind}”, which is not wanted here", kind=answer.kind)
                yield Trouble(here, reason, retry=False, hides=False)
            yield from self.take(answer, said)
        except Denied as denied:
            yield Trouble(here, denied.reason, denied.retry, hides=False)
        except CurateError as fault:
            yield Trouble(here, msg("{fault}", fault=fault.message), hides=False)

    # Asking

    def ask(self, call: Call) -> Answer:
        """Request it, unless a rule forbids that. Raises Denied, CurateError, and what
        ``call.passing`` raises. The answer of a file is open until it is taken or closed."""
        got = self.fetcher.get(
            call.url, stamp=partial(self._stamp, call), allowed=partial(self._allowed, call)
        )
        url = urls.normal(got.url) or call.url
        if got.status == 304:
            got.close()
            known = self.memory(url)
            if known is None:
                return Answer(url, index=f"{url}index.html")
            if not marks.news(known.stamp, got, url):
                return Answer(url, known=known)
            got = self.again(url)
        kind, suffix = kinds.claimed(got.mime, urls.suffix(url))
        if kind == "page":
            return _read(Answer(url, kind, suffix, got, given=call.given))
        return Answer(url, kind, suffix, got, given=call.given)

    def again(self, url: str) -> Fetched:
        """The answer once more, unconditionally. Raises CurateError."""
        try:
            return self.fetcher.get(url, allowed=lambda hop: self.permit(urls.normal(hop) or hop))
        except Denied as denied:
            raise CurateError(f"{url}: {denied.reason}", "run again") from denied

    def permit(self, url: str) -> None:
        """Raises Denied where ``url`` (normal) may not be requested, CurateError where its
        robots.txt cannot be read."""
        if not self.ours(url):
            raise Denied(msg("it leads to another site, {url}", url=url))
        if not self.robots.allow(url):
            raise Denied(msg("robots.txt does not allow it"))

    def _allowed(self, call: Call, hop: str) -> None:
        """Asked before each request of a visit: of the address itself and of its redirects."""
        url = urls.normal(hop)
        if url is None:
            raise CurateError(f"{shown(hop)} is not a web address", "look at it in a browser")
        call.passing(url)
        self.permit(url)
        heard = self.notices.of(url)
        if heard.stops and not call.anyway and not self.own(url):
            # Nothing that the place itself says could change that, so it is not even asked.
            raise Denied(heard.stops[0].reason, heard.stops[0].retry)
        self.asked += 1

    def _stamp(self, call: Call, hop: str) -> str:
        url = urls.normal(hop) or hop
        known = self.memory(url)
        if known is None and call.index and url.endswith("/"):
            # Most folders of a site show their index.html. A strong ETag tells whether this one
            # does, without sending the page again only to read which address it prefers.
            url = f"{url}index.html"
            known = self.memory(url)
            if known and not known.stamp.startswith('"'):
                return ""
        if known is None or not known.stamp:
            return ""
        return marks.condition(known.stamp, self.notices.of(url), self.own(url), call.given)

    # Taking

    def take(self, answer: Answer, said: Said = Said()) -> Iterator[Candidate | Trouble]:  # noqa: B008 - a frozen value
        """The candidate of an answer, where it is wanted; a page with its bytes at hand, a file
        with its answer open until the next is asked for. What has not changed comes with the known
        stamp and links, nothing else said about it, and is requested again only if it is opened."""
        if answer.trouble is not None:
            yield answer.trouble
        elif answer.known is not None:
            yield from self._unchanged(answer.url, answer.known)
        elif answer.page is not None:
            if self._wanted(answer):
                yield self._page(answer, answer.page, said)
        elif answer.got is not None:
            yield from self._file(answer, answer.got, said)

    def _wanted(self, answer: Answer) -> bool:
        return answer.kind in self.types and self.chosen(answer.url)

    def _unchanged(self, url: str, known: Known) -> Iterator[Candidate]:
        suffix = urls.suffix(url)
        kind = "page" if known.links else kinds.promised(suffix)
        if self.chosen(url) and (kind is None or kind in self.types):
            again = Opening(partial(self.again, url))
            yield Candidate(url, known.stamp, Said(url=url), again, suffix, known.links)

    def _page(self, answer: Answer, found: Page, said: Said) -> Candidate | Trouble:
        heard = self.notices.about(answer.url, found.heard)
        if trouble := self._stopped(answer.url, heard):
            return trouble
        return Candidate(
            locator=answer.url,
            stamp=self._marked(answer, heard),
            said=replace(_joined(found.said, said), signals=heard.signals + said.signals),
            open=lambda: io.BytesIO(answer.body),
            suffix=answer.suffix if answer.suffix in (".html", ".htm", ".xhtml") else ".html",
            links=tuple(link.url for link in answer.links),
        )

    def _file(self, answer: Answer, got: Fetched, said: Said) -> Iterator[Candidate | Trouble]:
        url = answer.url
        opening = Opening(partial(self.again, url), got)
        try:
            if not self._wanted(answer):
                return
            heard = self.notices.about(url, signals.in_headers(got.headers, url))
            if trouble := self._stopped(url, heard):
                yield trouble
                return
            if got.headers.get("Content-Length") == "0":
                yield Trouble(url, msg("it is empty"), retry=False, hides=False)
                return
            stated = licenses.in_headers(got.headers, url)
            itself = Said(url=url, modified=page.modified(got.headers), statements=stated)
            yield Candidate(
                locator=url,
                stamp=self._marked(answer, heard),
                said=replace(_joined(itself, said), signals=heard.signals + said.signals),
                open=opening,
                suffix=answer.suffix,
            )
        finally:
            opening.expire()

    def _stopped(self, url: str, heard: Heard) -> Trouble | None:
        """The signal that keeps us from ``url``; robots.txt alone binds those who own the site."""
        if heard.stop is None or self.own(url):
            return None
        return Trouble(url, heard.stop.reason, heard.stop.retry, hides=heard.stop.retry)

    def _marked(self, answer: Answer, heard: Heard) -> str:
        if heard.expires or answer.got is None:
            return ""  # ask for it each time, for one day it will not be open any more
        wide = self.notices.of(answer.url)
        overruled = heard.stop is not None
        return marks.stamp(answer.got, answer.url, wide, overruled, answer.given)


def _read(answer: Answer) -> Answer:
    """The same, with its page. Raises CurateError where the connection fails."""
    got, url = answer.got, answer.url
    assert got is not None
    with got:
        body = got.body.read(PAGE_LIMIT + 1)
    if len(body) > PAGE_LIMIT:
        reason = msg("the page is larger than {limit} MiB", limit=PAGE_LIMIT >> 20)
        return Answer(url, trouble=Trouble(url, reason, retry=False))
    if not body:
        empty = Trouble(url, msg("it is empty"), retry=False, hides=False)
        return Answer(url, trouble=empty)
    try:
        found = page.read(body, url, got.charset, got.headers)
    except Exception as fault:  # noqa: BLE001 - whatever parsers of HTML raise on hostile input
        reason = msg("it cannot be read: {fault}", fault=fault)
        return Answer(url, trouble=Trouble(url, reason, retry=False))
    return Answer(url, answer.kind, answer.suffix, got, body, found, given=answer.given)


def _joined(itself: Said, said: Said) -> Said:
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


def _mark(said: Said) -> str:
    return (
        hashlib.sha256(repr(said).encode("utf-8", "replace")).hexdigest()[:12]
        if said != Said()
        else ""
    )

"""Visits to single addresses, as far as the rules of their places allow."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from functools import partial

from msgspec.structs import replace

from curate.collectors.web import ahead, answers, kinds, licenses, marks, page, signals, urls
from curate.collectors.web.ahead import PAGE_LIMIT, Ahead, Hop, Moved
from curate.collectors.web.answers import Answer, Call, Denied, joined, mark
from curate.collectors.web.notices import Notices
from curate.collectors.web.opening import Opening
from curate.collectors.web.page import Page
from curate.collectors.web.robots import Robots
from curate.collectors.web.signals import Heard
from curate.errors import CurateError
from curate.fetch import Fetched, Fetcher, shown
from curate.messages import msg
from curate.model import Candidate, Kind, Known, Said, Trouble

__all__ = ["PAGE_LIMIT", "Answer", "Call", "Denied", "Visits"]

Memory = Callable[[str], Known | None]


def _anywhere(url: str) -> bool:
    return True


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
        self.sent = Ahead(fetcher)

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
            answer = self.ask(Call(here, given=mark(said)))
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
        hop = self._hop(call)
        url = urls.normal(hop.got.url) or call.url
        if hop.got.status == 304:
            hop.got.close()
            known = self.memory(url)
            if known is None:
                return Answer(url, index=f"{url}index.html")
            if not marks.news(known.stamp, hop.got, url):
                return Answer(url, known=known)
            hop = ahead.read(self.again(url))
        return answers.answer(url, hop, call.given)

    def _hop(self, call: Call) -> Hop:
        url = call.url
        if url in self.sent:
            try:
                return self.sent.take(url)
            except Moved as moved:
                url = moved.url
        return ahead.read(
            self.fetcher.get(
                url, stamp=partial(self._stamp, call), allowed=partial(self._allowed, call)
            )
        )

    def ahead(self, call: Call) -> None:
        """Send the request of a call that ``ask`` will be asked later, if it may be sent: a page's,
        for a file is asked for when somebody wants it. ``call.passing`` is not told."""
        if call.url in self.sent or kinds.promised(urls.suffix(call.url)) not in (None, "page"):
            return
        # Where a rule or a fault keeps us from it, ``ask`` will say so at its turn.
        with suppress(Denied, CurateError):
            self._permit_call(call, call.url)
            stamp = self._stamp(call, call.url)
            self.asked += 1
            self.sent.send(call.url, stamp)

    @property
    def room(self) -> int:
        """How many calls, the next one first, are worth sending ahead."""
        return 2 * self.sent.width

    def close(self) -> None:
        """Let go of what was sent ahead and not asked for."""
        self.sent.close()

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
        self._permit_call(call, url)
        self.asked += 1

    def _permit_call(self, call: Call, url: str) -> None:
        self.permit(url)
        heard = self.notices.of(url)
        if heard.stops and not call.anyway and not self.own(url):
            # Nothing that the place itself says could change that, so it is not even asked.
            raise Denied(heard.stops[0].reason, heard.stops[0].retry)

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
            said=replace(joined(found.said, said), signals=heard.signals + said.signals),
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
                said=replace(joined(itself, said), signals=heard.signals + said.signals),
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

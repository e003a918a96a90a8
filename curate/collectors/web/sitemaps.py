"""The sitemaps of a site, from one of them: each is asked for once, and fails for itself alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from curate.collectors.web import sitemap, urls
from curate.collectors.web.answers import Denied
from curate.collectors.web.documents import Document, Documents
from curate.errors import CurateError
from curate.fetch import Fetcher
from curate.messages import msg
from curate.model import Trouble

MOST = 1000
"""Sitemaps that are read."""
DEEPEST = 5
"""Indexes of indexes; the protocol allows none, some sites have them."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An address that a sitemap lists."""

    url: str  # normal; "" for what is no web address
    by: str


class Sitemaps:
    def __init__(
        self,
        fetcher: Fetcher,
        permit: Callable[[str], None],
        joins: Callable[[str], None],
        cache: Path | None = None,
    ) -> None:
        """``cache`` is a folder for what was sent, so that it is sent again only where it has
        changed. ``permit`` raises Denied or CurateError where an address (normal) may not be requested;
        ``joins`` is told of each that the first sitemap is asked for at, before that."""
        self._fetcher = fetcher
        self._permit = permit
        self._joins = joins
        self._cache = Documents(cache)

    def read(self, first: str) -> Iterator[Listed | Trouble]:
        """What ``first`` (normal) and the sitemaps below it list, in their order. Raises CurateError
        where ``first`` itself fails."""
        waiting, seen, unread = deque([(first, 0)]), {first}, 0
        while waiting:
            url, depth = waiting.popleft()
            try:
                found = self._get(url, first=url == first)
            except CurateError as fault:
                if url == first:
                    raise
                yield Trouble(url, msg("{fault}", fault=fault.message))
                continue
            for place in found.pages:
                yield Listed(urls.normal(place, url) or "", url)
            for place in found.sitemaps:
                below = urls.normal(place, url)
                if below == url:
                    yield Trouble(url, msg("the sitemap lists itself"), retry=False, hides=False)
                elif below is None or below in seen:
                    continue
                elif depth == DEEPEST or len(seen) == MOST:
                    unread += 1
                else:
                    seen.add(below)
                    waiting.append((below, depth + 1))
        if unread:
            reason = msg(
                "{count} more sitemaps are listed, but there are too many or they lie too deep",
                count=unread,
            )
            yield Trouble(first, reason, retry=False)

    def _get(self, url: str, first: bool) -> sitemap.Sitemap:
        def allowed(hop: str) -> None:
            there = urls.normal(hop) or hop
            if first:
                self._joins(there)
            self._permit(there)

        before = self._cache.at(url)

        def stamp(hop: str) -> str:
            return before.stamp if before and before.url == urls.normal(hop) else ""

        try:
            with self._fetcher.get(url, stamp=stamp, allowed=allowed, limit=sitemap.LIMIT) as got:
                data = before.body if before and got.status == 304 else got.body.read()
                there = urls.normal(got.url) or url
                if got.status != 304:
                    self._cache.put(url, Document(there, got.stamp, got.charset, data))
        except Denied as denied:
            raise CurateError(f"{url}: {denied.reason}", "ask the owner of the site") from denied
        try:
            return sitemap.parse(data)
        except ValueError as fault:
            raise CurateError(f"{url} cannot be used: {fault}", "check the address") from fault

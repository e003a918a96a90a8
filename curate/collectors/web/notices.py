"""The files in which an origin speaks of all its places: each is asked for once in a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from curate.collectors.web import ai, rsl, signals, tdm, urls
from curate.collectors.web.robots import Robots, absent
from curate.collectors.web.signals import Heard, Stop
from curate.errors import CurateError
from curate.fetch import Fetcher, origin
from curate.messages import msg

LIMIT = 500 << 10
"""Bytes of one file."""
_MINING = "/.well-known/tdmrep.json"
_AI = "/ai.txt"
LATELY = 256
"""Addresses whose notices are kept at hand: a place is asked about when it is sent for, and when it is read."""
MOST_TERMS = 20
"""RSL documents that one run reads; a site with one for each page would double the requests."""


@dataclass(frozen=True, slots=True)
class _Files:
    """Of one origin, besides its robots.txt."""

    mining: tuple[tdm.Rule, ...]
    ai: tuple[ai.Rule, ...]


class Notices:
    """What is announced about places, by their sites and by themselves."""

    def __init__(self, fetcher: Fetcher, robots: Robots, ours: Callable[[str], bool]) -> None:
        """``ours`` tells whether an address is on an origin of the source: no others are asked."""
        self._fetcher = fetcher
        self._robots = robots
        self._ours = ours
        self._files: dict[str, _Files] = {}
        self._documents: dict[str, bytes | Stop] = {}
        self._terms: dict[tuple[str, str], tuple[rsl.Terms, ...]] = {}  # as one origin reads them
        self._lately: dict[str, Heard] = {}

    def of(self, url: str) -> Heard:
        """What its site says of ``url`` (normal). Raises CurateError where robots.txt cannot be read."""
        found = self._lately.get(url)
        if found is None:
            if len(self._lately) >= LATELY:
                self._lately.clear()
            found = self._lately[url] = self._wide(url)
        return found

    def about(self, url: str, said: Heard) -> Heard:
        """The same, with what its own answer ``said`` and the terms that this leads to."""
        return self.of(url) + said + self._licensed(url, said)

    def _wide(self, url: str) -> Heard:
        home = origin(url)
        heard = signals.by_robots(self._robots.records(url), f"{home}/robots.txt", url)
        if self._ours(url):
            if home not in self._files:
                self._files[home] = self._read(home)
            files = self._files[home]
            if reservation := tdm.holding(files.mining, url):
                heard += signals.by_reservation(reservation, f"{home}{_MINING}")
            if rule := ai.holding(files.ai, url):
                heard += signals.by_ai(rule, f"{home}{_AI}")
        return heard + self._licensed(url, heard)

    def _read(self, home: str) -> _Files:
        return _Files(
            tdm.parse(self._quietly(f"{home}{_MINING}"), home),
            ai.parse(self._quietly(f"{home}{_AI}"), home),
        )

    def _licensed(self, url: str, heard: Heard) -> Heard:
        found = Heard()
        for address in heard.terms:
            if address not in self._documents:
                self._documents[address] = self._document(address)
            document = self._documents[address]
            if isinstance(document, Stop):
                found += Heard(stops=(document,))
                continue
            key = (address, origin(url))
            if key not in self._terms:
                self._terms[key] = rsl.parse(document, url)
            found += signals.by_terms(self._terms[key], address, url)
        return found

    def _document(self, address: str) -> bytes | Stop:
        """The terms at ``address``. Terms that are there and cannot be read forbid everything, as
        a robots.txt does; terms that are not there say nothing."""
        if _named_license(address):
            return b""
        if not self._ours(address) or len(self._documents) >= MOST_TERMS:
            return _elsewhere(address)
        try:
            return self._get(address)
        except _Refused:
            return _elsewhere(address)
        except CurateError as fault:
            if absent(fault):
                return b""
            reason = msg("its terms of use cannot be read: {fault}", fault=fault.message)
            return Stop(reason, retry=True)

    def _quietly(self, url: str) -> bytes:
        try:
            return self._get(url)
        except CurateError:
            return b""  # most sites have no such file, and say so in many ways

    def _get(self, url: str) -> bytes:
        with self._fetcher.get(url, allowed=self._permit, limit=LIMIT) as got:
            return got.body.read()

    def _permit(self, hop: str) -> None:
        url = urls.normal(hop) or hop
        if not self._ours(url) or not self._robots.allow(url):
            raise _Refused(f"{url} may not be requested", "ask the owner of the site")


class _Refused(CurateError):
    """We may not ask there."""


def _elsewhere(address: str) -> Stop:
    return Stop(
        msg(
            "its terms of use are at {address}, where curate does not read them; ask its owner for"
            " permission, or declare the source your own if it is",
            address=address,
        )
    )


def _named_license(address: str) -> bool:
    """Some name a public licence in the place for terms; that is a statement, not a signal."""
    host = urlsplit(address).hostname or ""
    return host.removeprefix("www.") == "creativecommons.org"

"""What the collectors of open-licence services share: searching, judging what is offered, downloading.

A service's own module says how its pages are asked for and what a record offers; ``records`` says
what a record states. Requests follow each service's documentation, so robots.txt is asked only of
the other hosts that files lie on.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import IO, Annotated, Any, ClassVar, Literal
from urllib.parse import urlencode

import msgspec
from msgspec import Meta

from curate.collection import Source
from curate.collectors import Context, Memory
from curate.collectors.web import kinds
from curate.collectors.web.robots import Robots
from curate.errors import CurateError
from curate.fetch import Fetched, origin, shown
from curate.messages import msg
from curate.model import Candidate, Said, Statement, Trouble

ANSWER = 32 << 20
"""Bytes of one page of results."""
LOOKED = 10
"""Results that are looked at for each one wanted: a search that gives next to nothing usable ends."""
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_LEAST = 500  # results that are looked at anyway


class ServiceSource(Source, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Options of every service."""

    foreign: ClassVar[bool] = True
    first: ClassVar[str] = "search"

    match: Literal["keywords", "all"] = "all"
    """Everything that the service finds, or of that only what matches the collection's keywords."""
    search: tuple[str, ...] = ()
    """What to search for, one search each; the collection's keywords where empty."""
    limit: Annotated[int, Meta(ge=1, le=100_000)] = 100
    """Most items to take from the results of one search."""

    @property
    def place(self) -> str:
        return "; ".join(self.search) or "the collection's keywords"


@dataclass(frozen=True, slots=True)
class Offer:
    """A file that a service offers, and what it says about it."""

    url: str  # of the bytes; the locator
    said: Said
    suffix: str = ""  # ".jpg"
    stamp: str = (
        ""  # the service's mark of these bytes; where it has none, the record's facts serve
    )
    checksum: str = ""  # "md5:<hex>" or "sha1:<hex>", where the service states one
    kinds: tuple[
        str, ...
    ] = ()  # beginnings of the media types it may have: "image/"; () = any. Vague ones always may


class Results:
    """The pages of results of one search, as they come: what they lack is not gone."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.announced = 0
        self.given = 0
        self._before: Sequence[object] = ()

    def repeats(self, page: Sequence[object], announced: object) -> bool:
        """Take note of a page, and of how many results the service says there are in all, each time
        it says so. True where it is the page before once more: then they have no end."""
        if page and page == self._before:
            return True
        self._before = page
        self.given += len(page)
        if isinstance(announced, int) and not isinstance(announced, bool):
            # The most it ever said: an answer that lacks results may say that there are none.
            self.announced = max(self.announced, announced)
        return False

    def repeated(self) -> Trouble:
        return Trouble(self.place, msg("its pages of results repeat each other"))

    def missing(self, retry: bool = True) -> Iterator[Trouble]:
        """Asked when the pages have ended: why not all may have been seen; nothing where they were."""
        if self.given < self.announced:
            reason = msg("its pages end before its {count} results", count=self.announced)
            yield Trouble(self.place, reason, retry)


class Service:
    """Base of the collectors: a subclass gives ``offers``."""

    options: ClassVar[type[Source]]
    name: ClassVar[str]
    """As people call it."""
    documented: ClassVar[tuple[str, ...]] = ()
    """Origins that its documentation gives to programs."""
    interval: ClassVar[float] = 1.0
    """Least seconds between two requests to these."""

    def __init__(self, options: ServiceSource, context: Context) -> None:
        self.source = options
        self.context = context
        self.fetcher = context.fetcher
        self.robots = Robots(context.fetcher)

    def offers(self, search: str) -> Iterator[Offer | Trouble]:
        """What the service finds, in its order, page after page. Raises CurateError where it fails."""
        raise NotImplementedError

    def candidates(self, memory: Memory) -> Iterator[Candidate | Trouble]:
        """What the service offers and the collection may use. Raises CurateError where every search
        fails; where one does, what was found before stays."""
        for home in self.documented:
            self.fetcher.slow_down(home, self.interval)
        searches = self.source.search or tuple(map(self.worded, self.context.keywords))
        if not searches:
            raise CurateError(
                f"there is nothing to search {self.name} for",
                "give `search` in the source, or keywords in the collection",
            )
        seen: set[str] = set()
        failed: list[CurateError] = []
        for search in searches:
            try:
                yield from self._found(search, seen)
            except CurateError as fault:
                failed.append(fault)
                if len(failed) == len(searches):
                    raise
                said = f"{fault.message} ({fault.hint})" if fault.hint else fault.message
                yield Trouble(f"{self.name}: {search}", msg("{fault}", fault=said))

    def worded(self, keyword: str) -> str:
        """A keyword of the collection in the service's own language of searches."""
        return keyword

    def _found(self, search: str, seen: set[str]) -> Iterator[Candidate | Trouble]:
        taken = 0
        for looked, offer in enumerate(self.offers(search)):
            if looked == max(LOOKED * self.source.limit, _LEAST):
                reason = msg(
                    "of its first {count} results only {taken} may be used",
                    count=looked,
                    taken=taken,
                )
                yield Trouble(f"{self.name}: {search}", reason, retry=False)
                return
            if isinstance(offer, Trouble):
                yield offer
                continue
            if offer.url in seen:
                continue
            if taken == self.source.limit:
                # What was taken before may stand further down today: it is not gone.
                reason = msg("there are more results than limit = {limit}", limit=taken)
                yield Trouble(f"{self.name}: {search}", reason, retry=False)
                return
            seen.add(offer.url)
            decision = self.context.decide(offer.said)
            if decision.outcome == "deny":
                why = decision.reasons[0] if decision.reasons else msg("its licence is not known")
                yield Trouble(offer.url, why, retry=False, hides=False)
                continue
            taken += 1
            yield Candidate(
                locator=offer.url,
                stamp=offer.stamp or _facts(offer),
                said=offer.said,
                open=partial(self.open, offer),
                suffix=offer.suffix,
                restates=True,
            )

    def usable(self, licenses: Mapping[str, str]) -> list[str]:
        """Of a service's own codes, each with its SPDX id, those that the collection may be able to use."""
        return [
            code
            for code, license in licenses.items()
            if self.context.decide(
                Said(statements=(Statement(license, "api", self.name, license=license),))
            ).outcome
            != "deny"
        ]

    def needed(self, licenses: Mapping[str, str]) -> list[str]:
        """The same, where there is no search without one. Raises CurateError where none is left."""
        codes = self.usable(licenses)
        if not codes:
            raise CurateError(
                f"{self.name} has nothing under a licence that this collection could use",
                "remove this source, or change what the collection is for (see: curate rights)",
            )
        return codes

    def ask(self, address: str, query: Mapping[str, object] | None = None) -> Mapping[str, Any]:
        """The JSON object at ``address``. Raises CurateError: no answer, or another one."""
        url = f"{address}?{urlencode(query, doseq=True)}" if query else address
        for last in (False, True):
            try:
                found = _decoded(self.read(url))
            except (ValueError, RecursionError) as fault:
                if last:
                    raise CurateError(
                        f"{shown(url)} does not answer with JSON", "run again later"
                    ) from fault
            else:
                return found if isinstance(found, Mapping) else {}
        raise AssertionError("the last try returns or raises")

    def entries(self, answer: Mapping[str, Any], key: str) -> list[Any]:
        """The list under ``key`` of an answer. Raises CurateError where there is none."""
        found = answer.get(key)
        if not isinstance(found, list):
            raise CurateError(
                f"{self.name} answers in another way than it is known to: without {key}",
                "run again later; if it stays so, its interface has changed",
            )
        return found

    def read(self, url: str) -> bytes:
        """All of an answer of the service itself. Raises CurateError."""
        with self.fetcher.get(url, limit=ANSWER) as got:
            return got.body.read()

    def open(self, offer: Offer) -> IO[bytes]:
        """The bytes of an offer, checked while they are read. Raises CurateError, also where it is
        something else that comes: services answer with pages where a file is gone."""
        got = self.fetcher.get(offer.url, allowed=self._allowed)
        self.arrived(offer, got)
        if offer.kinds and got.mime not in kinds.VAGUE and not got.mime.startswith(offer.kinds):
            got.close()
            raise CurateError(
                f"{shown(offer.url)} is {got.mime}, not the file that {self.name} lists",
                f"look at {offer.said.url or offer.url}",
            )
        return io.BufferedReader(_Checked(got, offer), 1 << 16) if offer.checksum else got.body

    def arrived(self, offer: Offer, got: Fetched) -> None:
        """Called when the answer for a file begins, before its bytes are read."""

    def ours(self, home: str) -> bool:
        """Does the origin ``home`` belong to what the service's documentation gives to programs?"""
        return home in self.documented

    def _allowed(self, hop: str) -> None:
        if not self.ours(origin(hop)) and not self.robots.allow(hop):
            raise CurateError(f"{shown(hop)}: robots.txt does not allow it", "download it by hand")


def quoted(keyword: str) -> str:
    """A keyword as the phrase that it is, for services that read signs in a search as orders."""
    words = " ".join(keyword.replace('"', " ").replace("\\", " ").split())
    return words if words.isalnum() else f'"{words}"'


def _decoded(data: bytes) -> object:
    """Raises ValueError, RecursionError for what is no JSON."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        if not _HALF.search(data):
            raise
    # Half a character in one title is no reason to lose all the other results.
    return json.loads(data, strict=False)


class _Checked(io.RawIOBase):
    """A body whose checksum has to be the stated one when it ends."""

    def __init__(self, got: Fetched, offer: Offer) -> None:
        method, _, self._wanted = offer.checksum.partition(":")
        self._digest = hashlib.new(method, usedforsecurity=False)
        self._got = got

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._got.body.read(len(buffer))
        self._digest.update(data)
        if not data and self._digest.hexdigest() != self._wanted.lower():
            raise CurateError(
                f"{shown(self._got.url)} is not what its service lists: the checksums differ",
                "run again later",
            )
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._got.close()
        super().close()


def _facts(offer: Offer) -> str:
    told = f"{offer.url}\n{offer.suffix}\n{offer.said.modified}"
    return hashlib.sha256(told.encode()).hexdigest()[:32]

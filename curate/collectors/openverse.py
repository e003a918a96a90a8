"""Openverse: openly licensed images and audio of many archives, found by keyword (api.openverse.org).

It only points to them: the files lie on their archives' own servers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

from curate.collection import Source
from curate.collectors import Context, Memory
from curate.collectors.records import openverse as record
from curate.collectors.records.fields import line, link, table
from curate.collectors.service import Offer, Results, Service, ServiceSource, quoted
from curate.collectors.web import urls
from curate.errors import CurateError
from curate.fetch import Fetched, StatusError
from curate.messages import msg
from curate.model import Candidate, Trouble

API = "https://api.openverse.org"
PAGE = 20
"""Results of one answer; strangers may not ask for more."""
DEEPEST = 240
"""Results of one search that strangers are shown."""

_CODES = {
    "cc0": "CC0-1.0",
    "pdm": "CC-PDM-1.0",
    "by": "CC-BY-4.0",
    "by-sa": "CC-BY-SA-4.0",
    "by-nd": "CC-BY-ND-4.0",
    "by-nc": "CC-BY-NC-4.0",
    "by-nc-sa": "CC-BY-NC-SA-4.0",
    "by-nc-nd": "CC-BY-NC-ND-4.0",
}
"""Codes of its filter, which know no versions. The licences that were withdrawn are not asked for."""

_KINDS = {
    "images": ("image/",),
    "audio": ("audio/", "video/", "application/ogg"),
}

Medium = Literal["images", "audio"]


class OpenverseSource(
    ServiceSource, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="openverse"
):
    """``type = "openverse"``: images and audio that Openverse finds, under licences that the collection
    can use. It answers strangers 20 times a minute and 200 times a day, 20 results each time."""

    media: tuple[Medium, ...] = ("images",)
    """What to search: "images", "audio" or both."""
    source: tuple[str, ...] = ()
    """Archives to take from, as Openverse names them: "wikimedia", "flickr", "met"; all where empty."""
    excluded_source: tuple[str, ...] = ()
    """Archives to leave out."""
    category: tuple[str, ...] = ()
    """Sorts to take: "photograph", "illustration", "digitized_artwork", "music"; all where empty."""
    extension: tuple[str, ...] = ()
    """File types to take: "jpg", "svg", "mp3"; all where empty."""
    mature: bool = False
    """Take what Openverse marks as not suitable for everyone too."""

    def __post_init__(self) -> None:
        if not self.media:
            raise ValueError('media is empty; give "images", "audio" or both')
        if self.source and self.excluded_source:
            raise ValueError("source and excluded_source exclude each other: give one of them")

    @property
    def place(self) -> str:
        named = (*self.media, *self.source, *(f"not {one}" for one in self.excluded_source))
        narrowed = ", ".join((*named, *self.category, *self.extension))
        return f"{super().place} ({narrowed})"


class OpenverseCollector(Service):
    """Pages of results, those of images and of audio in turn."""

    options: ClassVar[type[Source]] = OpenverseSource
    name = "Openverse"
    documented = (API,)
    interval = 3.0
    source: OpenverseSource

    def __init__(self, options: OpenverseSource, context: Context) -> None:
        super().__init__(options, context)
        self._stated: dict[str, int] = {}  # bytes of the original, where Openverse knows them
        self._smaller: dict[str, bool] = {}  # of those that were opened

    def worded(self, keyword: str) -> str:
        return quoted(keyword)

    def candidates(self, memory: Memory) -> Iterator[Candidate | Trouble]:
        """What it finds; where its address gives a smaller copy, the page of the original is named as
        a place that was left."""
        told: set[str] = set()
        for found in super().candidates(memory):
            yield found
            page = found.said.url if isinstance(found, Candidate) else ""
            # One that is known already was not opened: what was seen then is said again.
            if not page or page in told or page == found.locator:
                continue
            if self._smaller.get(found.locator, memory(page) is not None):
                told.add(page)
                reason = msg("a smaller copy of it was taken: {url}", url=found.locator)
                yield Trouble(page, reason, retry=False, hides=False)

    def offers(self, search: str) -> Iterator[Offer | Trouble]:
        query = {"q": search, "license": ",".join(self.needed(_CODES)), "page_size": PAGE}
        query |= {key: ",".join(value) for key, value in self._narrowed() if value}
        if self.source.mature:
            query["mature"] = "true"
        unfinished = {
            medium: Results(f"{self.name}: {search} ({medium})") for medium in self.source.media
        }
        for page in range(1, DEEPEST // PAGE + 1):
            for medium in tuple(unfinished):
                answer = self._page(medium, query | {"page": page})
                if answer is None:
                    yield self._end(search, (page - 1) * PAGE)
                    return
                found, results = self.entries(answer, "results")[:PAGE], unfinished[medium]
                if results.repeats(found, answer.get("result_count")):
                    yield results.repeated()
                    del unfinished[medium]
                    continue
                yield from (self._offer(medium, table(result)) for result in found)
                if not found or _last(answer, page):
                    # It counts what has a dead link today too, but leaves it out: no fault then.
                    early = not found and bool(answer.get("result_count"))
                    yield from results.missing(retry=early)
                    del unfinished[medium]
            if not unfinished:
                return
        yield self._end(search, DEEPEST)

    def _end(self, search: str, count: int) -> Trouble:
        reason = msg(
            "Openverse shows strangers no more than {count} results of a search", count=count
        )
        return Trouble(f"{self.name}: {search}", reason, retry=False)

    def _narrowed(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        for key in ("source", "excluded_source", "category", "extension"):
            yield key, getattr(self.source, key)

    def _page(self, medium: Medium, query: Mapping[str, object]) -> Mapping[str, Any] | None:
        """One page of results; None where it lies deeper than strangers may go."""
        try:
            return self.ask(f"{API}/v1/{medium}/", query)
        except StatusError as fault:
            if fault.status == 401 and query["page"] != 1:
                return None
            hints = {
                400: "it knows no such source, category or extension: correct them in collection.toml",
                429: "it answers strangers 200 times a day; run again tomorrow",
            }
            raise CurateError(fault.message, hints.get(fault.status, fault.hint)) from fault

    def _offer(self, medium: Medium, result: Mapping[str, Any]) -> Offer | Trouble:
        said = record.said(result)
        url = link(result.get("url"))
        name = url or said.url or f"{self.name}: {line(result.get('id'))}"
        if not url:
            reason = msg("{service} gives no address of its file", service=self.name)
            return Trouble(name, reason, retry=False, hides=False)
        if result.get("mature") is True and not self.source.mature:
            reason = msg("Openverse marks it as not suitable for everyone")
            return Trouble(name, reason, retry=False, hides=False)
        size = result.get("filesize")
        self._stated[url] = size if isinstance(size, int) else 0
        suffix = _suffix(result, url)
        stamp = f"{line(result.get('id'))} {self._stated[url]} {suffix}"
        return Offer(url, said, suffix, stamp, kinds=_KINDS[medium])

    def arrived(self, offer: Offer, got: Fetched) -> None:
        length = got.headers.get("Content-Length", "")
        counted = not got.headers.get("Content-Encoding") and length.isdecimal()
        self._smaller[offer.url] = counted and int(length[:15]) < self._stated[offer.url]


def _last(answer: Mapping[str, Any], page: int) -> bool:
    pages, count = answer.get("page_count"), answer.get("result_count")
    if isinstance(count, int) and count > page * PAGE:
        return False  # the number of pages counts no further than strangers may go
    return isinstance(pages, int) and pages <= page


def _suffix(result: Mapping[str, Any], url: str) -> str:
    """What it says its type is, or what its address ends in."""
    stated = line(result.get("filetype"), 10).lower()
    return f".{stated}" if re.fullmatch("[a-z0-9]{2,5}", stated) else urls.suffix(url)

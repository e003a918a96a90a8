"""The Internet Archive: files of its items, found by keyword (archive.org).

What an item says about its licence was filled in by whoever uploaded it: a claim, kept as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import quote, urlsplit

from msgspec import Meta
from msgspec.structs import replace

from curate.collection import Source
from curate.collectors.records import internet_archive as record
from curate.collectors.records.fields import line, table
from curate.collectors.service import Offer, Results, Service, ServiceSource, quoted
from curate.collectors.web import urls
from curate.errors import CurateError
from curate.messages import msg
from curate.model import Said, Trouble

HOME = "https://archive.org"
ROWS = 50
"""Items of one answer."""
DEEP = 500
"""Wanted results from which on the search is used that is made for long lists."""
SCRAPED = 100
"""Items of one answer of that; it gives no fewer."""
SILENT = 5
"""Items in a row without an answer; then it is the service that has a fault."""

_FIELDS = (
    "identifier", "title", "creator", "subject", "licenseurl", "rights", "possible-copyright-status",
    "copyright-region", "copyright-evidence", "access-restricted-item", "collection", "mediatype",
)  # fmt: skip
_LICENSES = {
    "zero": "CC0-1.0",
    "mark": "CC-PDM-1.0",
    "by": "CC-BY-4.0",
    "by-sa": "CC-BY-SA-4.0",
    "by-nd": "CC-BY-ND-4.0",
    "by-nc": "CC-BY-NC-4.0",
}
_WITHOUT = {"by-nd": "*-nd*", "by-nc": "*by-nc*"}
"""What is left out of a search where it is of no use."""
_OWN_FORMATS = frozenset(
    ("metadata", "archive bittorrent", "collection header", "item tile", "item image", "log")
)
"""Files that the Archive keeps about an item, whatever their source is said to be."""

MediaType = Literal["texts", "image", "audio", "movies", "data", "software"]


class InternetArchiveSource(
    ServiceSource, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="internet-archive"
):
    """``type = "internet-archive"``: files of the Internet Archive's items. ``limit`` counts files."""

    mediatype: tuple[MediaType, ...] = ()
    """Sorts of items: "texts", "image", "audio", "movies", "data", "software"; all where empty."""
    collection: tuple[str, ...] = ()
    """The Archive's collections to search, by identifier: "nasa"; all where empty."""
    formats: tuple[str, ...] = ()
    """Formats to take, as the Archive names them: "JPEG", "Text PDF", "EPUB"; all where empty."""
    derivatives: bool = False
    """Take what the Archive made from the uploaded files too: the PDF of scanned pages, smaller films."""
    files: Annotated[int, Meta(ge=1, le=10_000)] = 10
    """Most files of one item."""
    licensed: bool = True
    """Only items that name a Creative Commons licence; the others state their rights in words, or not."""

    @property
    def place(self) -> str:
        narrowed = (*self.mediatype, *self.collection, *self.formats)
        return f"{super().place} ({', '.join(narrowed) or 'all items'})"


class InternetArchiveCollector(Service):
    """Searches items, then asks what each one says about itself and which files it has."""

    options: ClassVar[type[Source]] = InternetArchiveSource
    name = "Internet Archive"
    documented = (HOME,)
    interval = 1.0
    source: InternetArchiveSource
    _silent = 0  # items in a row that gave no answer

    def worded(self, keyword: str) -> str:
        return quoted(keyword)

    def ours(self, home: str) -> bool:
        # Downloads are sent on to the machine that has the item.
        return super().ours(home) or (urlsplit(home).hostname or "").endswith(".us.archive.org")

    def offers(self, search: str) -> Iterator[Offer | Trouble]:
        query = self._query(search)
        long = self.source.limit > DEEP
        asked: set[str] = set()
        results = Results(f"{self.name}: {search}")
        for found in self._scraped(query, results) if long else self._paged(query, results):
            fresh = {line(one.get("identifier"), 200): one for one in reversed(found)}
            fresh = {name: one for name, one in reversed(fresh.items()) if name not in asked}
            if not fresh:
                reason = msg(
                    "{service} goes in circles: its results have no end", service=self.name
                )
                yield Trouble(results.place, reason)
                return
            asked |= fresh.keys()
            for name, one in fresh.items():
                yield from self._judged(name, one)
        yield from results.missing()

    def _judged(self, name: str, found: Mapping[str, Any]) -> Iterator[Offer | Trouble]:
        if not re.fullmatch(r"[A-Za-z0-9][\w.@-]*", name, re.ASCII):
            reason = msg("the Internet Archive lists it under an impossible name")
            yield Trouble(f"{self.name}: {name}", reason, retry=False, hides=False)
        elif trouble := self._unwanted(found):
            yield trouble
        else:
            yield from self._item(name)

    def _query(self, search: str) -> str:
        parts = [f"({search})", "NOT mediatype:collection"]
        if self.source.mediatype:
            parts.append(f"mediatype:({' OR '.join(self.source.mediatype)})")
        if self.source.collection:
            names = " OR ".join(re.sub(r"[^\w.@-]", "", one) for one in self.source.collection)
            parts.append(f"collection:({names})")
        if self.source.licensed:
            usable = self.needed(_LICENSES)
            parts.append("licenseurl:(*creativecommons.org*)")
            parts += [f"NOT licenseurl:({words})" for code, words in _WITHOUT.items() if code not in usable]  # fmt: skip
        return " AND ".join(parts)

    def _paged(self, query: str, results: Results) -> Iterator[list[Mapping[str, Any]]]:
        asked = {
            "q": query, "fl[]": _FIELDS, "sort[]": "downloads desc", "rows": ROWS, "output": "json",
        }  # fmt: skip
        for page in count(1):
            answer = self._search("/advancedsearch.php", {**asked, "page": page})
            response = table(answer.get("response"))
            docs, total = self.entries(response, "docs")[:ROWS], response.get("numFound")
            results.repeats(docs, total)
            if not docs:
                return
            yield list(map(table, docs))
            if isinstance(total, int) and total <= page * ROWS:
                return

    def _scraped(self, query: str, results: Results) -> Iterator[list[Mapping[str, Any]]]:
        asked = {
            "q": query, "fields": ",".join(_FIELDS), "sorts": "downloads desc", "count": SCRAPED,
        }  # fmt: skip
        while True:
            answer = self._search("/services/search/v1/scrape", asked)
            items = self.entries(answer, "items")[:10_000]
            results.repeats(items, answer.get("total"))
            if not items:
                return
            yield list(map(table, items))
            if not (cursor := line(answer.get("cursor"), 5000)):
                return
            asked["cursor"] = cursor

    def _search(self, path: str, query: Mapping[str, object]) -> Mapping[str, Any]:
        answer = self.ask(HOME + path, query)
        if fault := line(answer.get("error")):
            raise CurateError(
                f"{self.name} refuses the search: {fault}", "change `search`, or run again later"
            )
        return answer

    def _unwanted(self, found: Mapping[str, Any]) -> Trouble | None:
        """What the answer to a search is enough for to leave an item alone."""
        said = record.said(found)
        if any(one.license == record.RESTRICTED for one in said.statements):
            reason = msg("the Internet Archive lends it, or keeps it for people with print disabilities")  # fmt: skip
            return Trouble(said.url, reason, retry=False, hides=False)
        if set(found) <= {"identifier"}:
            return None  # nothing was told but its name
        decision = self.context.decide(said)
        if decision.outcome != "deny":
            return None
        why = decision.reasons[0] if decision.reasons else msg("its licence is not known")
        return Trouble(said.url, why, retry=False, hides=False)

    def _item(self, name: str) -> Iterator[Offer | Trouble]:
        page = f"{HOME}/details/{quote(name)}"
        try:
            item = self.ask(f"{HOME}/metadata/{quote(name)}")
        except CurateError as fault:
            self._silent += 1
            if self._silent == SILENT:
                raise
            # Its files may have been taken before: not asked is not gone.
            yield Trouble(page, msg("{fault}", fault=fault.message))
            return
        self._silent = 0
        data = table(item.get("metadata"))
        if not data or item.get("is_dark"):
            reason = msg("the Internet Archive has no such item, or has withdrawn it")
            yield Trouble(page, reason, retry=False, hides=False)
        elif item.get("is_collection") is True or line(data.get("mediatype")) == "collection":
            reason = msg("it is a collection: name it in `collection` to search in it")
            yield Trouble(page, reason, retry=False, hides=False)
        elif trouble := self._unwanted(data):
            yield trouble
        else:
            yield from self._files(name, page, item)

    def _files(self, name: str, page: str, item: Mapping[str, Any]) -> Iterator[Offer | Trouble]:
        listed = item.get("files")
        files = [one for one in map(table, listed if isinstance(listed, list) else ()) if self._taken(one)]  # fmt: skip
        said = record.said(item)
        if not files:
            reason = msg("it has no files of the kind that is wanted")
            yield Trouble(page, reason, retry=False, hides=False)
        for one in files[: self.source.files]:
            yield _offer(name, one, said, alone=len(files) == 1)
        if len(files) > self.source.files:
            reason = msg("it has {count} such files, and files = {limit}", count=len(files), limit=self.source.files)  # fmt: skip
            yield Trouble(page, reason, retry=False)

    def _taken(self, file: Mapping[str, Any]) -> bool:
        name, format = file.get("name"), line(file.get("format")).lower()
        wanted = {one.lower() for one in self.source.formats}
        sources = ("original", "derivative") if self.source.derivatives else ("original",)
        return (
            isinstance(name, str)
            and name.isprintable()
            and 0 < len(name) <= 1000
            and not {"", ".", ".."} & set(name.split("/"))
            and line(file.get("source")) in sources
            and line(file.get("private")).lower() != "true"
            and format not in _OWN_FORMATS
            and (not wanted or format in wanted)
        )


def _offer(item: str, file: Mapping[str, Any], said: Said, alone: bool) -> Offer:
    name: str = file["name"]
    part = line(file.get("title")) or name
    checksum = _checksum(file)
    url = f"{HOME}/download/{quote(item)}/{quote(name)}"
    return Offer(
        url,
        said if alone else replace(said, title=f"{said.title}: {part}" if said.title else part),
        suffix=urls.suffix(url),
        stamp=checksum or f"{line(file.get('mtime'))} {line(file.get('size'))}".strip(),
        checksum=checksum,
    )


def _checksum(file: Mapping[str, Any]) -> str:
    for method, digits in (("sha1", 40), ("md5", 32)):
        found = line(file.get(method), 50).lower()
        if re.fullmatch(f"[0-9a-f]{{{digits}}}", found):
            return f"{method}:{found}"
    return ""

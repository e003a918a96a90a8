"""arXiv: papers found through its API, each with the licence that its OAI-PMH record names.

The API names none (info.arxiv.org/help/api/user-manual), so every paper costs a request of its own.
Most papers are under a licence that lets arXiv alone show them: those are left.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal
from urllib.parse import urlencode

from msgspec import Meta
from msgspec.structs import replace

from curate.collection import Source
from curate.collectors import Context
from curate.collectors.records import arxiv
from curate.collectors.service import Offer, Results, Service, ServiceSource, quoted
from curate.errors import CurateError
from curate.fetch import StatusError, shown
from curate.messages import msg
from curate.model import Said, Trouble

if TYPE_CHECKING:
    from lxml.etree import _Element

API = "https://export.arxiv.org"
RECORDS = "https://oaipmh.arxiv.org"
SIZE = 100
"""Papers of one answer."""
DEEPEST = 30_000
"""Papers of one search: beyond them it answers with an error."""
FAULTS = 3
"""Records in a row that cannot be had, after which nothing more is asked."""

_LICENSES = {
    "by": "CC-BY-4.0",
    "by-sa": "CC-BY-SA-4.0",
    "by-nc-sa": "CC-BY-NC-SA-4.0",
    "by-nc-nd": "CC-BY-NC-ND-4.0",
    "zero": "CC0-1.0",
}
"""Those that authors may choose (info.arxiv.org/help/license). No search is narrowed by them."""
_FEED = "{http://www.w3.org/2005/Atom}feed"
_ENTRY = "{http://www.w3.org/2005/Atom}entry"
_TOTAL = "{http://a9.com/-/spec/opensearch/1.1/}totalResults"
_HARVEST = "{http://www.openarchives.org/OAI/2.0/}OAI-PMH"
_PAPER = re.compile(
    r"https?://(?:www\.)?arxiv\.org/abs/(\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(v\d+)?"
)
_KINDS = ("application/pdf",)


class ArxivSource(
    ServiceSource, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="arxiv"
):
    """``type = "arxiv"``: papers of arXiv under licences that the collection can use. Each costs two
    requests, three seconds apart. ``search`` may hold what the manual of its API describes, such as
    "ti:harbour AND au:Lima"."""

    category: Annotated[str, Meta(pattern=r"^([a-z-]+(\.[A-Za-z-]+)?)?$")] = ""
    """Only papers of this subject, as arXiv names it: "cs.CL", "math.CO"."""
    formats: Annotated[tuple[Literal["pdf"], ...], Meta(min_length=1)] = ("pdf",)
    """What to take of a paper."""

    @property
    def place(self) -> str:
        return f"{super().place} ({self.category})" if self.category else super().place


class ArxivCollector(Service):
    """Papers in the order of how well they fit the search."""

    options: ClassVar[type[Source]] = ArxivSource
    name = "arXiv"
    documented = (API, RECORDS)
    interval = 3.0  # info.arxiv.org/help/api/tou
    source: ArxivSource

    def __init__(self, options: ArxivSource, context: Context) -> None:
        super().__init__(options, context)
        self._faults = 0  # records in a row that could not be had

    def worded(self, keyword: str) -> str:
        return f"all:{quoted(keyword)}"

    def offers(self, search: str) -> Iterator[Offer | Trouble]:
        self.needed(_LICENSES)
        results = Results(f"{self.name}: {search}")
        for start in range(0, DEEPEST, SIZE):
            entries, counted = self._page(search, start)
            papers = [arxiv.said(one) for one in entries]
            if results.repeats([one.url for one in papers], counted):
                yield results.repeated()
                return
            for said in papers:
                yield self._offer(said)
            if not entries or (len(entries) < SIZE and start + SIZE >= results.announced):
                yield from results.missing()
                return
        reason = msg("no more than {count} results of a search are shown", count=DEEPEST)
        yield Trouble(results.place, reason, retry=False)

    def _page(self, search: str, start: int) -> tuple[list[_Element], int]:
        """Entries, and how many there are in all."""
        within = f" AND cat:{self.source.category}" if self.source.category else ""
        query = {
            "search_query": f"({search}){within}" if within else search,
            "start": start,
            "max_results": SIZE,
            "sortBy": "relevance",
            "sortOrder": "descending",
        }
        for _ in range(2):  # it gives an empty page now and then
            try:
                feed = self._asked(f"{API}/api/query?{urlencode(query)}", _FEED)
            except StatusError as fault:
                raise (_unread(search, fault.message) if fault.status == 400 else fault) from fault
            entries, total = list(feed.iterchildren(_ENTRY)), _number(feed.findtext(_TOTAL))
            if entries or start >= total:
                break
        for entry in entries:
            if "/api/errors" in (entry.findtext("{*}id") or ""):
                raise _unread(search, " ".join((entry.findtext("{*}summary") or "").split())[:200])
        return entries, total

    def _offer(self, said: Said) -> Offer | Trouble:
        paper = _PAPER.fullmatch(said.url)
        if not paper:
            reason = msg("its record cannot be read")
            return Trouble(said.url or self.name, reason, retry=False, hides=False)
        name, version = paper[1], paper[2] or ""
        url = f"{API}/pdf/{name}"
        try:
            record = self._record(name, version)
        except CurateError as fault:
            self._faults += 1
            if self._faults == FAULTS:
                raise
            return Trouble(url, msg("{fault}", fault=fault.message), hides=False)
        self._faults = 0
        # What is asked for without a version is the newest, as the record is.
        told = replace(said, url=record.url, statements=record.statements)
        return Offer(url, told, ".pdf", stamp=f"{version} {said.modified}", kinds=_KINDS)

    def _record(self, name: str, version: str) -> Said:
        """What arXiv's record of a paper says. The licence of a version never changes, so that an
        answer may be kept."""
        wanted = f"https://arxiv.org/abs/{name}"
        cache = self.context.cache
        kept = cache / f"{name.replace('/', '_')}{version}.xml" if cache and version else None
        if kept and (data := _cached(kept)):
            found = _parsed(data)
            if found is not None and (said := arxiv.said(found)).url == wanted:
                return said
        query = {
            "verb": "GetRecord",
            "identifier": f"oai:arXiv.org:{name}",
            "metadataPrefix": "arXiv",
        }
        root = self._asked(f"{RECORDS}/oai?{urlencode(query)}", _HARVEST)
        said = arxiv.said(root)
        if said.url != wanted:
            raise CurateError(f"arXiv has no record of {wanted}", "look at it in a browser")
        if kept:
            _keep(kept, root)
        return said

    def _asked(self, url: str, tag: str) -> _Element:
        """The document at ``url``, whose root is ``tag``. Raises CurateError."""
        for _ in range(2):
            root = _parsed(self.read(url))
            if root is not None and root.tag == tag:
                return root
        raise CurateError(f"{shown(url)} does not answer with what is asked for", "run again later")


def _parsed(data: bytes) -> _Element | None:
    """None for what is cut off or no XML: half an answer may lack just the licence."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError:
        return None


def _number(value: str | None) -> int:
    found = (value or "").strip()
    return int(found) if re.fullmatch("[0-9]{1,9}", found) else 0


def _unread(search: str, why: str) -> CurateError:
    return CurateError(
        f"arXiv cannot search for {search!r}: {why}",
        "correct `search` in the source: info.arxiv.org/help/api/user-manual describes it",
    )


def _cached(path: Path) -> bytes:
    """b"" where there is nothing, or it cannot be read: it is asked for again then."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _keep(path: Path, root: _Element) -> None:
    from lxml import etree

    beside = path.with_name(f"{path.name}.new")
    with suppress(OSError):  # it only spares a request
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(etree.tostring(root))
        beside.replace(path)

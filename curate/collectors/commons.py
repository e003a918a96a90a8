"""Wikimedia Commons: free images, sound, films and documents, found by keyword (MediaWiki's API)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

from curate.collection import Source
from curate.collectors.records import commons as record
from curate.collectors.records.fields import line, link, several, table
from curate.collectors.service import Offer, Service, ServiceSource, quoted
from curate.collectors.web import urls
from curate.errors import CurateError
from curate.fetch import StatusError
from curate.messages import msg
from curate.model import Trouble

API = "https://commons.wikimedia.org/w/api.php"
PAGE = 50
"""Files of one answer."""
BARREN = 20
"""Answers to one batch of files; more is a service that goes in circles."""
LAG = 5
"""Seconds that its databases may be behind each other; then programs wait (mediawiki.org: maxlag)."""

_GROUPS = {
    "unrestricted": "CC0-1.0",
    "attribution": "CC-BY-4.0",
    "attribution-same-license": "CC-BY-SA-4.0",
}
"""What its search can tell licences apart by, each with one of them."""

Sort = Literal["bitmap", "drawing", "audio", "video", "office", "archive", "3d"]


class CommonsSource(
    ServiceSource, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="commons"
):
    """``type = "commons"``: files of Wikimedia Commons, in the size they were uploaded. Give
    ``fetch.contact`` in curate.toml: Wikimedia asks every program to name somebody."""

    filetype: tuple[Sort, ...] = ("bitmap", "drawing")
    """Sorts of files: "bitmap" (photos, scans), "drawing" (SVG), "audio", "video", "office" (PDF, DjVu)."""
    category: tuple[str, ...] = ()
    """Only files that are in one of these categories themselves: "Trees in Finistère"."""
    language: str = "en"
    """Language that descriptions are wanted in, where there are several."""

    @property
    def place(self) -> str:
        return f"{super().place} ({', '.join((*self.filetype, *self.category)) or 'all files'})"


class CommonsCollector(Service):
    """Answers may bring the facts about their files in parts: they are put together first."""

    options: ClassVar[type[Source]] = CommonsSource
    name = "Wikimedia Commons"
    documented = ("https://commons.wikimedia.org", "https://upload.wikimedia.org")
    interval = 1.0
    source: CommonsSource

    def worded(self, keyword: str) -> str:
        return quoted(keyword)

    def offers(self, search: str) -> Iterator[Offer | Trouble]:
        query = self._query(search)
        batch: dict[str, dict[str, Any]] = {}
        going_on: dict[str, str] = {}
        passed: set[str] = set()
        barren = 0
        while True:
            answer = self._answer({**going_on, **query})
            _gather(answer, batch)
            going_on = _continuation(answer)
            barren += 1
            if "batchcomplete" in answer or not going_on or barren == BARREN:
                barren = 0 if batch and barren < BARREN else barren
                yield from map(self._offer, sorted(batch.values(), key=_rank))
                batch.clear()
            if not going_on:
                return
            token = repr(sorted(going_on.items()))
            if token in passed or barren == BARREN:
                reason = msg(
                    "{service} goes in circles: its results have no end", service=self.name
                )
                yield Trouble(f"{self.name}: {search}", reason)
                return
            passed.add(token)

    def _query(self, search: str) -> dict[str, object]:
        groups = self.needed(_GROUPS)
        words = [search]
        if self.source.filetype:
            words.append(f"filetype:{'|'.join(self.source.filetype)}")
        if self.source.category:
            names = "|".join(re.sub(r'["|]', " ", one).strip() for one in self.source.category)
            words.append(f'incategory:"{names}"')
        if len(groups) < len(_GROUPS):  # else it would hide licences that are in none of them
            words.append(f"haslicense:{'|'.join(groups)}")
        return {
            "action": "query", "format": "json", "formatversion": 2, "maxlag": LAG,
            "generator": "search", "gsrsearch": " ".join(words), "gsrnamespace": 6, "gsrlimit": PAGE,
            "prop": "imageinfo", "iiprop": "url|user|size|mime|mediatype|sha1|timestamp|extmetadata",
            "iiextmetadatalanguage": self.source.language,
        }  # fmt: skip

    def _answer(self, query: Mapping[str, object]) -> Mapping[str, Any]:
        for _ in range(self.fetcher.settings.retries + 1):
            answer = self._asked(query)
            fault = table(answer.get("error"))
            if not fault:
                return answer
            if fault.get("code") != "maxlag":
                break
            self.fetcher.sleep(LAG)
        said = line(fault.get("info")) or line(fault.get("code")) or "without a reason"
        raise CurateError(
            f"{self.name} refuses the search: {said}", "change `search`, or run later"
        )

    def _asked(self, query: Mapping[str, object]) -> Mapping[str, Any]:
        try:
            return self.ask(API, query)
        except StatusError as fault:
            if fault.status in (403, 429) and not self.fetcher.settings.contact:
                hint = (
                    "give fetch.contact in curate.toml: Wikimedia refuses programs that name nobody"
                )
                raise CurateError(fault.message, hint) from fault
            raise

    def _offer(self, page: Mapping[str, Any]) -> Offer | Trouble:
        info = next((table(one) for one in several(page.get("imageinfo"))), table(None))
        said = record.said(page)
        url = link(info.get("url"))
        if not url:
            name = said.url or f"{self.name}: {line(page.get('title'))}"
            reason = msg("{service} gives no address of its file", service=self.name)
            return Trouble(name, reason, retry=False, hides=False)
        sha1 = line(info.get("sha1"), 50).lower()
        known = bool(re.fullmatch("[0-9a-f]{40}", sha1))
        family = line(info.get("mime"), 100).partition("/")[0]
        return Offer(
            url,
            said,
            suffix=urls.suffix(url),
            stamp=sha1 if known else "",
            checksum=f"sha1:{sha1}" if known else "",
            kinds=(f"{family}/",) if family and not known else (),
        )


def _gather(answer: Mapping[str, Any], batch: dict[str, dict[str, Any]]) -> None:
    """Put the pages of ``answer`` to what is known of them: a list in version 2 of the format, an
    object by number in version 1."""
    pages = table(answer.get("query")).get("pages")
    for page in map(table, several(list(pages.values()) if isinstance(pages, Mapping) else pages)):
        known = batch.setdefault(line(page.get("title")) or line(page.get("pageid")), {})
        known.update({key: value for key, value in page.items() if value or key not in known})


def _continuation(answer: Mapping[str, Any]) -> dict[str, str]:
    """What the next request has to repeat. Only "continue" itself says that there is nothing more."""
    given = table(answer.get("continue"))
    found = {
        key: str(value).encode("utf-8", "replace").decode()
        for key, value in given.items()
        if re.fullmatch("[a-z]+", key) and isinstance(value, str | int)
    }
    return found if set(found) - {"continue"} else {}


def _rank(page: Mapping[str, Any]) -> tuple[int, str]:
    index = page.get("index")
    return index if isinstance(index, int) else 0, line(page.get("title"))

"""Project Gutenberg, searched through Gutendex (gutendex.com): one file of each book.

Free of copyright in the USA is all that is known of them. The files bring Project Gutenberg's own
terms besides, which extraction reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta

from curate.collection import Source
from curate.collectors import Context
from curate.collectors.records import gutendex
from curate.collectors.records.fields import first, link, table, text
from curate.collectors.service import Offer, Results, Service, ServiceSource
from curate.fetch import origin
from curate.messages import msg
from curate.model import Trouble

API = "https://gutendex.com"
LIBRARY = "https://www.gutenberg.org"
PAUSE = 2.0
"""Seconds between two books: what Project Gutenberg asks of programs."""
PAGES = 3000
"""Answers of one search, 32 books each: more than there are books."""

Format = Literal["epub", "txt", "html"]

_MIMES: Mapping[Format, tuple[str, str, tuple[str, ...]]] = {
    "epub": ("application/epub+zip", ".epub", ("application/epub",)),
    "txt": ("text/plain", ".txt", ("text/plain",)),
    "html": ("text/html", ".html", ("text/html", "application/xhtml")),
}
"""Media type in its list, suffix, and what the file may arrive as."""
_LIBRARY = re.compile(r"https?://(?:www\.)?gutenberg\.org(/.*)")
_GENERATED = {
    "epub3.images": "-images-3.epub",
    "epub.images": "-images.epub",
    "epub.noimages": ".epub",
    "html.images": "-images.html",
    "html.noimages": ".html",
    "txt.utf-8": ".txt",
}
"""What an address of the library ends in, and the file that it redirects to."""


class GutendexSource(
    ServiceSource, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="gutendex"
):
    """``type = "gutendex"``: books of Project Gutenberg that are free of copyright in the USA. A search
    finds all its words in titles and names of authors."""

    languages: tuple[Annotated[str, Meta(pattern="^[a-z]{2,3}$")], ...] = ()
    """Only books in these languages: "en", "zh"."""
    topic: str = ""
    """Only books with this in a subject or bookshelf: "children"."""
    format: Annotated[tuple[Format, ...], Meta(min_length=1)] = ("epub", "txt", "html")
    """Which file of a book to take: the first of these that it has."""
    mirror: str = ""
    """Address of a mirror of Project Gutenberg (gutenberg.org/MIRRORS.ALL) to take files from. Its own
    site is for people and shuts out programs that take many: give one for more than some dozens."""

    def __post_init__(self) -> None:
        if self.mirror and link(self.mirror) != self.mirror:
            raise ValueError(f"mirror: {self.mirror!r} is not a web address such as https://…")

    @property
    def place(self) -> str:
        narrowed = ", ".join(filter(None, (*self.languages, self.topic, *self.format)))
        return f"{super().place} ({narrowed})"


class GutendexCollector(Service):
    """Books in the order of how often they are read."""

    options: ClassVar[type[Source]] = GutendexSource
    name = "Gutendex"
    documented = (API,)
    source: GutendexSource

    def __init__(self, options: GutendexSource, context: Context) -> None:
        super().__init__(options, context)
        self._library = origin(options.mirror) if options.mirror else LIBRARY

    def offers(self, search: str) -> Iterator[Offer | Trouble]:
        self.needed({"false": "CC-PDM-1.0"})
        query = {"search": search, "copyright": "false", "sort": "popular"}
        if self.source.languages:
            query["languages"] = ",".join(self.source.languages)
        if self.source.topic:
            query["topic"] = self.source.topic
        if len(self.source.format) == 1:
            query["mime_type"] = _MIMES[self.source.format[0]][0]
        results = Results(f"{self.name}: {search}")
        for page in range(1, PAGES + 1):
            # Its own link to the next page is not followed: it may lead anywhere.
            answer = self.ask(f"{API}/books", query | {"page": str(page)})
            books = self.entries(answer, "results")
            if results.repeats(books, answer.get("count")):
                yield results.repeated()
                return
            for book in books:
                yield self._offer(table(book))
            if not books or not answer.get("next"):
                break
        yield from results.missing()

    def _offer(self, book: Mapping[str, Any]) -> Offer | Trouble:
        said = gutendex.said(book)
        if not said.url:
            reason = msg("its record cannot be read")
            return Trouble(self.name, reason, retry=False, hides=False)
        for wanted in self.source.format:
            mime, suffix, kinds = _MIMES[wanted]
            if url := _file(table(book.get("formats")), mime):
                return Offer(self._mirrored(url), said, suffix, kinds=kinds)
        reason = msg(
            "it comes in none of these formats: {formats}", formats=", ".join(self.source.format)
        )
        return Trouble(said.url, reason, retry=False, hides=False)

    def _mirrored(self, url: str) -> str:
        """Where the mirror has what lies at ``url``: it holds files, and no addresses that redirect."""
        there = _LIBRARY.fullmatch(url)
        if not self.source.mirror or not there:
            return url
        home, path = self.source.mirror.rstrip("/"), there[1]
        if book := re.fullmatch(r"/ebooks/(\d+)\.([a-z0-9.-]+)", path):
            end = _GENERATED.get(book[2], f".{book[2]}")
            return f"{home}/cache/epub/{book[1]}/pg{book[1]}{end}"
        if book := re.fullmatch(r"/files/((\d*)\d)/(.+)", path):
            return "/".join((home, *(book[2] or "0"), book[1], book[3]))
        return f"{home}{path}"

    def _allowed(self, hop: str) -> None:
        super()._allowed(hop)
        if origin(hop) == self._library:  # after its robots.txt, which may ask for less
            self.fetcher.slow_down(hop, PAUSE)


def _file(formats: Mapping[str, Any], mime: str) -> str:
    """The address of the file of this type, in UTF-8 where there are several; packed ones are none."""
    found: dict[str, str] = {}
    for key in sorted(filter(lambda key: isinstance(key, str), formats)):
        kind, _, charset = key.lower().replace(" ", "").partition(";charset=")
        url = link(text(formats[key], 2000))
        if kind == mime and url and not url.endswith(".zip"):
            found[charset] = url
    return found.get("utf-8") or first(found.values())

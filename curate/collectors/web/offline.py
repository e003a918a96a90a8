"""Pages that can be read without the web: one HTML file each, with its pictures, styles and fonts inside."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace as changed
from functools import partial
from typing import IO, TYPE_CHECKING, Any

from msgspec.structs import replace

from curate.collectors.decoding import decoded
from curate.collectors.web import ahead, answers, harmless, urls
from curate.collectors.web.answers import Answer, Call
from curate.collectors.web.assets import LIMIT, Assets, Inliner
from curate.collectors.web.harmless import ADDRESSES
from curate.collectors.web.tags import attribute, rels
from curate.collectors.web.visits import Visits
from curate.errors import CurateError
from curate.model import Candidate, Said, Trouble

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

_MANNER = "offline2"
"""A page that was kept in another manner is another version of it."""
_PICTURES = (
    ("img", "src"), ("input", "src"), ("video", "poster"), ("image", "href"), ("image", "xlink:href"),
    ("body", "background"), ("table", "background"), ("td", "background"),
)  # fmt: skip
_LAZY = ("data-src", "data-original", "data-lazy-src")


class OfflineVisits(Visits):
    """Visits that keep pages with all that they need of their own site."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._assets = Assets(self)
        self._told: set[str] = set()

    def ask(self, call: Call) -> Answer:
        return super().ask(changed(call, given=call.given + _MANNER))

    def ahead(self, call: Call) -> None:
        super().ahead(changed(call, given=call.given + _MANNER))

    def take(self, answer: Answer, said: Said = Said()) -> Iterator[Candidate | Trouble]:  # noqa: B008 - a frozen value
        """As without; of a page that was opened, also what of it could not be had."""
        for found in super().take(answer, said):
            if isinstance(found, Trouble) or (answer.page is None and answer.known is None):
                yield found
                continue
            missed: list[Trouble] = []
            if answer.known is None:
                opened = partial(self._saved, answer, missed)
            else:
                opened = partial(self._anew, answer.url, missed)
            yield replace(found, open=opened)
            yield from (one for one in missed if self._first(one.locator))

    def _saved(self, answer: Answer, missed: list[Trouble]) -> IO[bytes]:
        charset = answer.got.charset if answer.got else ""
        body, troubles = saved(answer.body, answer.url, charset, self._assets)
        missed.extend(troubles)
        return io.BytesIO(body)

    def _anew(self, url: str, missed: list[Trouble]) -> IO[bytes]:
        hop = ahead.read(self.again(url))
        there = urls.normal(hop.got.url) or url
        answer = answers.answer(there, hop, "")
        if answer.trouble is not None:
            raise CurateError(f"{there}: {answer.trouble.reason}", "look at it in a browser")
        return self._saved(answer, missed) if answer.page else hop.got.body

    def _first(self, locator: str) -> bool:
        if locator in self._told:
            return False
        self._told.add(locator)
        return True


def saved(body: bytes, url: str, charset: str, assets: Assets) -> tuple[bytes, tuple[Trouble, ...]]:
    """The page at ``url`` as one file, and what of it could not be had. Equal parts give equal bytes."""
    soup = _soup(body, charset)
    base = urls.normal(attribute(soup.find("base", href=True), "href"), url) or url
    inside = Inliner(assets, url, LIMIT - len(body))
    harmless.quiet(soup)
    for tag in soup.find_all("link", href=True):
        _sheet(soup, tag, base, inside)
    for tag in soup.find_all("style"):
        tag.string = harmless.style(inside.style(tag.get_text(), base))
    for tag in soup.find_all(style=True):
        tag["style"] = inside.style(attribute(tag, "style"), base)
    _pictures(soup, base, inside)
    _links(soup, base, inside)
    _declare(soup)
    return bytes(soup.encode("utf-8", formatter="minimal")), tuple(inside.troubles.values())


def _soup(body: bytes, charset: str) -> BeautifulSoup:
    import warnings

    from bs4 import BeautifulSoup, XMLParsedAsHTMLWarning
    from bs4.dammit import EncodingDetector

    stated = EncodingDetector.find_declared_encoding(body, is_html=True) or ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        return BeautifulSoup(decoded(body, charset, stated), "lxml")


def _sheet(soup: BeautifulSoup, tag: Tag, base: str, inside: Inliner) -> None:
    kinds, href = rels(tag), attribute(tag, "href")
    if "icon" in kinds or "apple-touch-icon" in kinds:
        tag["href"] = inside.address(href, base, "picture")
    elif "stylesheet" in kinds and "alternate" not in kinds:
        data = inside.address(href, base, "sheet", 0)
        tag["href"] = data
        for name in ("integrity", "crossorigin", "nonce"):
            tag.attrs.pop(name, None)


def _pictures(soup: BeautifulSoup, base: str, inside: Inliner) -> None:
    for tag in soup.find_all("img"):
        if source := _largest(tag):
            tag["src"] = source
        for name in ("srcset", "sizes", "loading", *_LAZY, "data-srcset"):
            tag.attrs.pop(name, None)
    for tag in soup.find_all("source", srcset=True):
        if tag.find_parent("picture") is not None:
            tag.unwrap()  # to the parser, which is of HTML 4, what follows a source is in it
    for name, key in _PICTURES:
        for tag in soup.find_all(name, attrs={key: True}):
            if name != "input" or attribute(tag, "type").lower() == "image":
                tag[key] = inside.address(attribute(tag, key), base, "picture")


def _links(soup: BeautifulSoup, base: str, inside: Inliner) -> None:
    """Whole addresses for what stays outside, and none that runs something."""
    for tag in soup.find_all(True):
        for key in sorted(ADDRESSES & tag.attrs.keys()):
            address = inside.address(attribute(tag, key), base, "other")
            tag[key] = harmless.harmless(address, _permitted(tag, key))


def _permitted(tag: Tag, key: str) -> re.Pattern[str]:
    """The data that may stand in an attribute."""
    if (tag.name, key) in _PICTURES or rels(tag) & {"icon", "apple-touch-icon"}:
        return harmless.IN_PICTURES
    if tag.name == "link" and "stylesheet" in rels(tag):
        return harmless.IN_SHEETS
    return harmless.ELSEWHERE


_CANDIDATE = re.compile(r"\s*,*\s*([^\s,]\S*[^\s,]|[^\s,])\s*(?:([\d.]{1,10})([wx]))?\s*(?=,|$)")


def _largest(tag: Tag) -> str:
    """The largest version that is offered of a picture; what is loaded late counts as its source."""
    sets = [attribute(tag, "srcset") or attribute(tag, "data-srcset")]
    if (around := tag.find_parent("picture")) is not None:
        sets += [
            attribute(one, "srcset")
            for one in around.find_all("source", srcset=True)
            if not attribute(one, "media")
        ]
    offered = [
        (float(size) if size.count(".") < 2 and size.strip(".") else 1.0, address)
        for one in sets
        for address, size, _ in _CANDIDATE.findall(one[:20_000])
    ]
    if offered:
        return str(max(offered, key=lambda pair: pair[0])[1])
    source = attribute(tag, "src")
    if not source or source.startswith("data:"):
        return next((late for name in _LAZY if (late := attribute(tag, name))), source)
    return source


def _declare(soup: BeautifulSoup) -> None:
    """It is UTF-8 now, whatever it was."""
    for tag in soup.find_all("meta"):
        if tag.has_attr("charset") or attribute(tag, "http-equiv").lower() == "content-type":
            tag.decompose()
    head = soup.head
    if head is None:
        head = soup.new_tag("head")
        (soup.html or soup).insert(0, head)
    head.insert(0, soup.new_tag("meta", attrs={"charset": "utf-8"}))

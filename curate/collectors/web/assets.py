"""What a page needs besides its text: pictures, style sheets and fonts of its own site, as data URLs."""

from __future__ import annotations

import base64
from collections import OrderedDict
from dataclasses import dataclass

from curate.collectors.decoding import decoded
from curate.collectors.web import css, kinds, signals, urls
from curate.collectors.web.answers import Denied
from curate.collectors.web.harmless import IN_STYLES, harmless
from curate.collectors.web.visits import Visits
from curate.errors import CurateError
from curate.fetch import origin
from curate.messages import msg
from curate.model import Message, Trouble

LIMIT = 20 << 20
"""Bytes of one page with all that it needs."""
LARGEST = 8 << 20
"""Bytes of one asset."""
MOST = 500
"""Assets of one page."""
MOST_KEPT = 64 << 20
"""Bytes of assets that are remembered for the next pages; beyond, the oldest are asked for again."""
DEEPEST = 3
"""Style sheets that import each other."""
_TYPES = {
    "font": ("font/", "application/font", "application/x-font", "application/vnd.ms-fontobject"),
    "picture": ("image/",),
    "sheet": ("text/css",),
}
_VAGUE = kinds.VAGUE | {"text/plain"}
_BY_SUFFIX = {
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif",
    ".svg": "image/svg+xml", ".webp": "image/webp", ".avif": "image/avif", ".ico": "image/x-icon",
    ".bmp": "image/bmp", ".woff2": "font/woff2", ".woff": "font/woff", ".ttf": "font/ttf",
    ".otf": "font/otf", ".css": "text/css",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asset:
    mime: str
    charset: str
    body: bytes


class Assets:
    """Those of one run, each asked for once, as far as memory allows."""

    def __init__(self, visits: Visits) -> None:
        self._visits = visits
        self._kept: OrderedDict[str, Asset | Trouble] = OrderedDict()
        self._size = 0

    def get(self, url: str, purpose: str) -> Asset | Trouble:
        """What is at ``url`` (normal), where it is fit for ``purpose``; else why it is not to be had."""
        found = self._kept.get(url)
        if found is None:
            found = self._keep(url, self._ask(url))
        if isinstance(found, Asset) and not found.mime.startswith(_TYPES[purpose]):
            mime = found.mime or "unnamed"
            return _missing(url, msg("it is {mime}, not what its page takes it for", mime=mime))
        return found

    def _keep(self, url: str, found: Asset | Trouble) -> Asset | Trouble:
        self._kept[url] = found
        self._size += len(found.body) if isinstance(found, Asset) else 0
        while self._size > MOST_KEPT:
            _, oldest = self._kept.popitem(last=False)
            self._size -= len(oldest.body) if isinstance(oldest, Asset) else 0
        return found

    def _ask(self, url: str) -> Asset | Trouble:
        visits, home = self._visits, origin(url)

        def allowed(hop: str) -> None:
            there = urls.normal(hop) or hop
            if origin(there) != home:
                raise Denied(msg("it leads to another site, {url}", url=there))
            visits.permit(there)
            heard = visits.notices.of(there)
            if heard.stop is not None and not visits.own(there):
                raise Denied(heard.stop.reason, heard.stop.retry)

        try:
            with visits.fetcher.get(url, allowed=allowed, limit=LARGEST) as got:
                there = urls.normal(got.url) or url
                heard = visits.notices.about(there, signals.in_headers(got.headers, there))
                if heard.stop is not None and not visits.own(there):
                    return _missing(url, heard.stop.reason)
                mime = got.mime
                if mime in _VAGUE:
                    mime = _BY_SUFFIX.get(urls.suffix(there), mime)
                return Asset(mime, got.charset, got.body.read())
        except Denied as denied:
            return _missing(url, denied.reason)
        except CurateError as fault:
            return _missing(url, msg("{fault}", fault=fault.message))


def _missing(url: str, reason: Message) -> Trouble:
    """Of the asset, not of the place: that may be a candidate of its own. It is not tried again
    before its page changes."""
    return Trouble(f"{url}#offline", reason, retry=False, hides=False)


class Inliner:
    """The assets of one page, which is at ``url``, up to ``most`` bytes as they are written."""

    def __init__(self, assets: Assets, url: str, most: int) -> None:
        self._assets = assets
        self._home = origin(url)
        self._room = most
        self._written: dict[tuple[str, str], str] = {}
        self.troubles: dict[str, Trouble] = {}

    def address(self, written: str, base: str, purpose: str, depth: int = 0) -> str:
        """What to write for an address: a data URL, or else the whole address."""
        written = written.strip()
        if not written or written.startswith("#"):
            return written
        if written[:5].lower() == "data:":
            return harmless(written, IN_STYLES)
        url = urls.normal(written, base)
        if url is None:
            return harmless(written, IN_STYLES)
        fragment = written.partition("#")[2]
        whole = f"{url}#{fragment}" if fragment else url
        if purpose == "other" or origin(url) != self._home:
            return whole
        if (url, purpose) not in self._written:
            if len(self._written) >= MOST:
                reason = msg("its page has more than {limit} of them", limit=MOST)
                self.troubles.setdefault(url, _missing(url, reason))
                return whole
            self._written[url, purpose] = url  # a sheet that imports itself ends here
            self._written[url, purpose] = self._data(url, purpose, depth)
        data = self._written[url, purpose]
        if data == url or not self._spent(data, url):
            return whole
        return f"{data}#{fragment}" if fragment and data.startswith("data:image/svg") else data

    def sheet(self, url: str, depth: int = 0) -> str | None:
        """The style sheet at ``url`` with what it needs; None where it is not to be had."""
        found = self._assets.get(url, "sheet")
        if isinstance(found, Trouble):
            self.troubles.setdefault(url, found)
            return None
        return self.style(decoded(found.body, found.charset), url, depth)

    def style(self, text: str, base: str, depth: int = 0) -> str:
        """Some style with the assets in it."""
        return css.rewrite(text, lambda one, use: self.address(one, base, use, depth))

    def _data(self, url: str, purpose: str, depth: int) -> str:
        if purpose == "sheet":
            text = self.sheet(url, depth + 1) if depth < DEEPEST else None
            return url if text is None else data_url("text/css;charset=utf-8", text.encode())
        found = self._assets.get(url, purpose)
        if isinstance(found, Trouble):
            self.troubles.setdefault(url, found)
            return url
        return data_url(found.mime, found.body)

    def _spent(self, data: str, url: str) -> bool:
        if len(data) > self._room:
            reason = msg("with it, its page would be larger than {limit} MiB", limit=LIMIT >> 20)
            self.troubles.setdefault(url, _missing(url, reason))
            return False
        self._room -= len(data)
        return True


def data_url(mime: str, data: bytes) -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"

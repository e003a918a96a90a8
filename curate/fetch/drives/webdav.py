"""WebDAV (RFC 4918): Nextcloud, 坚果云, a NAS, AList and OpenList before other drives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime
from io import BytesIO
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urljoin, urlsplit

from curate.errors import CurateError
from curate.fetch.addresses import origin
from curate.fetch.drives.answer import Answer, Rest, when
from curate.fetch.drives.drive import ENTRIES, Entry, Listing, Shut
from curate.fetch.drives.http import Line
from curate.fetch.drives.reading import Broken, Reading
from curate.messages import msg
from curate.model import Message

_D = "{DAV:}"
ASKED = (
    b'<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop><resourcetype/>'
    b"<getcontentlength/><getlastmodified/><getetag/></prop></propfind>"
)
HEADERS = {"Content-Type": "application/xml; charset=utf-8", "Accept": "application/xml, text/xml"}
_NEXT = re.compile(r'<([^<>]*)>\s*;[^,]*\brel="?next"?', re.IGNORECASE)
_PAGE = 750
"""Entries that 坚果云 gives at once; the next page is named in a Link header."""
_PAGES = 400
_FRESH = timedelta(hours=1)
"""A file that was changed so lately may still be growing."""

Segments = tuple[bytes, ...]


class WebDav:
    """A folder of a WebDAV server."""

    def __init__(self, line: Line, path: str) -> None:
        self._line = line
        self._path = path

    def close(self) -> None:
        self._line.close()

    def check(self) -> None:
        self._line.ask("PROPFIND", self._url(""), {**HEADERS, "Depth": "0"}, ASKED).close()

    def listing(self, path: str) -> Listing:
        url: str = f"{self._url(path).rstrip('/')}/"
        base = _segments(url)
        found: dict[str, Entry] = {}
        missing: Message | None = None
        for page in range(_PAGES):
            data, following = self._page(url)
            entries, lost = _entries(data, base, url)
            fresh = len(found)
            found.update((one.name, one) for one in entries)
            missing = missing or lost
            if len(found) > ENTRIES:
                missing = msg("it holds more than {limit} entries; divide it", limit=ENTRIES)
                break
            if not following or fresh == len(found):
                missing = missing or _cut_short(page, len(found), bool(following))
                break
            url = following
        else:
            missing = msg("it holds more than {limit} entries; divide it", limit=ENTRIES)
        return Listing(tuple(found.values()), missing)

    def _page(self, url: str) -> tuple[bytes, str]:
        """The document, and the address of the next page or ""."""
        retries = self._line.patience.settings.retries
        for attempt in range(retries + 1):
            found = self._line.ask("PROPFIND", url, {**HEADERS, "Depth": "1"}, ASKED)
            if found.status != 207:
                found.close()
                raise Shut(
                    f"{url} gives no listing", "this is no WebDAV folder; check the path in `url`"
                )
            try:
                return found.whole(self._line.patience), self._following(found, url)
            except Broken:
                if attempt < retries:
                    self._line.patience.wait(attempt)
        raise Shut(f"{url} breaks off while it is listed", "run again later")

    def _following(self, found: Answer, url: str) -> str:
        link = _NEXT.search(found.headers.get("Link", ""))
        try:
            there = urljoin(url, link[1]) if link else ""
            return there if there and origin(there) == self._line.home else ""
        except (CurateError, ValueError):
            return ""

    def open(self, path: str, entry: Entry) -> Reading:
        url = self._url(path)

        def part(start: int) -> Rest:
            wanted = {"Range": f"bytes={start}-"} if start else {}
            found = self._line.ask("GET", url, wanted, elsewhere=True)
            return Rest(found, lambda: self._steady(url, found))

        return Reading(url, part, entry.size, self._line.patience)

    def _steady(self, url: str, before: Answer) -> bool:
        """A file that was changed lately is looked at once more: it may be growing."""
        headers = before.headers
        try:
            changed = parsedate_to_datetime(headers["Last-Modified"])
            if parsedate_to_datetime(headers["Date"]) - changed > _FRESH:
                return True
        except (KeyError, TypeError, ValueError):
            return True  # nothing to compare
        if origin(before.url) != self._line.home:
            return True  # it came from where nobody writes
        try:
            with self._line.ask("HEAD", url) as after:
                names = ("ETag", "Last-Modified")
                return all(headers.get(one) == after.headers.get(one) for one in names)
        except Shut:
            return True  # a server without HEAD

    def _url(self, path: str) -> str:
        whole = "/".join(part for part in (self._path, path) if part)
        return f"{self._line.home}/{quote(whole, safe='/')}"


def _segments(href: str) -> Segments:
    """The path of ``href``, parted before it is decoded: a name may hold an encoded slash."""
    path = urlsplit(href).path
    return tuple(unquote_to_bytes(part) for part in path.split("/") if part)


def _entries(data: bytes, base: Segments, url: str) -> tuple[list[Entry], Message | None]:
    """What the document lists of the folder ``base``, and why there may be more."""
    found = list(rows(data, url))
    paths = {row[0] for row in found}
    if paths and base not in paths and not any(path[:-1] == base for path in paths):
        # A server behind a proxy calls itself otherwise: the folder itself is what holds the rest.
        base = min(paths, key=lambda one: (len(one), one))
    entries, strange, missing = [], 0, None
    for path, entry, status in found:
        if path == base:
            if not _fine(status):
                missing = msg("the drive lists only a part of it")
            elif len(found) == 1 and not entry.folder:
                raise Shut(f"{url} is not a folder", "give the folder that holds it in `url`")
        elif path[:-1] == base:
            entries.append(entry)
        elif path[: len(base)] != base:
            strange += 1
    if strange:
        missing = msg("the drive lists {count} entries that lie elsewhere", count=strange)
    return entries, missing


def rows(data: bytes, url: str) -> Iterator[tuple[Segments, Entry, int]]:
    from lxml import etree

    try:
        found = etree.iterparse(
            BytesIO(data), tag=f"{_D}response", resolve_entities=False, no_network=True,
            load_dtd=False, huge_tree=False,
        )  # fmt: skip
        for _, node in found:
            status = _status(node.findtext(f"{_D}status"))
            for href in node.findall(f"{_D}href"):  # one status may be that of many
                try:
                    path = _segments((href.text or "").strip())
                except ValueError:
                    continue
                yield path, _entry(path, node, status), status
            node.clear()
    except etree.XMLSyntaxError as fault:
        raise Shut(
            f"{url} gives a listing that is damaged",
            "run again; tell the drive's owner if it stays so",
        ) from fault


def _entry(path: Segments, node: Any, status: int) -> Entry:
    name = path[-1].decode("utf-8", "surrogateescape") if path else ""
    told: dict[str, Any] = {}
    for group in node.findall(f"{_D}propstat"):
        stated = _status(group.findtext(f"{_D}status"))
        if _fine(stated):
            told.update((one.tag, one) for one in group.iterfind(f"{_D}prop/*"))
        elif group.find(f"{_D}prop/{_D}resourcetype") is not None:
            status = status or stated
    kind = told.get(f"{_D}resourcetype")
    if kind is None or not _fine(status):
        # Taken for a file, a folder that is out of order for a moment would lose all that is in it.
        fault = "the drive does not say what it is" if _fine(status) else f"HTTP {status}"
        return Entry(name, fault=msg("it cannot be read: {fault}", fault=fault), unknown=True)
    text = {name: (one.text or "").strip() for name, one in told.items() if one.text}
    size = text.get(f"{_D}getcontentlength", "")
    mark = text.get(f"{_D}getetag", "")[:200]
    return Entry(
        name=name,
        folder=kind.find(f"{_D}collection") is not None,
        size=int(size) if size.isascii() and size.isdecimal() and len(size) < 19 else -1,
        modified=when(text.get(f"{_D}getlastmodified", "")),
        mark=mark if mark.isprintable() else "",
    )


def _status(line: str | None) -> int:
    found = re.match(r"HTTP/\S+ (\d{3})", (line or "").strip())
    return int(found[1]) if found else 0


def _fine(status: int) -> bool:
    """Also where none is given."""
    return status == 0 or 200 <= status < 300


def _cut_short(page: int, count: int, more: bool) -> Message | None:
    if more or (page == 0 and count in (_PAGE - 1, _PAGE)):
        return msg(
            "the drive lists {count} entries, as many as it gives at once: there may be more; divide it",
            count=count,
        )
    return None

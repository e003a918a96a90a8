"""S3 and what speaks like it: MinIO, Cloudflare R2, 阿里云 OSS, 腾讯云 COS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from curate.fetch.drives.answer import Rest, when
from curate.fetch.drives.drive import ENTRIES, Entry, Listing, Shut
from curate.fetch.drives.http import Line
from curate.fetch.drives.reading import Broken, Reading
from curate.fetch.drives.signature import Signer
from curate.messages import msg

__all__ = ["S3", "Signer"]

_PAGE = 1000
"""Most entries of one answer."""
_PAGES = 10_000


class S3:
    """The objects of a bucket whose keys begin alike, as folders."""

    def __init__(self, line: Line, bucket: str, prefix: str) -> None:
        """``bucket`` is "/name" where it stands in the path, "" where it is in the host's name."""
        self._line = line
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""

    def close(self) -> None:
        self._line.close()

    def check(self) -> None:
        self._page(self._prefix, "", 1)

    def listing(self, path: str) -> Listing:
        prefix = f"{self._prefix}{path}/" if path else self._prefix
        found: list[Entry] = []
        token = ""
        for _ in range(_PAGES):
            page = self._page(prefix, token)
            found += page.entries
            if len(found) > ENTRIES:
                break
            if not page.following:
                return Listing(tuple(found))
            if page.following == token:
                return Listing(tuple(found), msg("the drive lists only a part of it"))
            token = page.following
        return Listing(
            tuple(found), msg("it holds more than {limit} entries; divide it", limit=ENTRIES)
        )

    def _page(self, prefix: str, token: str, most: int = 0) -> _Page:
        asked = {
            "list-type": "2", "prefix": prefix, "delimiter": "/", "encoding-type": "url",
            "max-keys": str(most or _PAGE), "continuation-token": token,
        }  # fmt: skip
        query = "&".join(
            f"{name}={quote(value, safe='', errors='surrogateescape')}"
            for name, value in sorted(asked.items())
            if value
        )
        url = f"{self._line.home}{self._bucket}/?{query}"
        retries = self._line.patience.settings.retries
        for attempt in range(retries + 1):
            found = self._line.ask("GET", url)
            try:
                return _page(found.whole(self._line.patience), prefix, url.partition("?")[0])
            except Broken:
                if attempt < retries:
                    self._line.patience.wait(attempt)
        raise Shut(f"{url.partition('?')[0]} breaks off while it is listed", "run again later")

    def url(self, path: str) -> str:
        return f"{self._line.home}{self._bucket}/{quote(f'{self._prefix}{path}', safe='/')}"

    def open(self, path: str, entry: Entry) -> Reading:
        url = self.url(path)

        def part(start: int) -> Rest:
            wanted = {"Range": f"bytes={start}-"} if start else {}
            return Rest(self._line.ask("GET", url, wanted, elsewhere=True))

        return Reading(url, part, entry.size, self._line.patience)


@dataclass(frozen=True, slots=True)
class _Page:
    entries: list[Entry]
    following: str  # token of the next page; "" at the end


def _page(data: bytes, prefix: str, url: str) -> _Page:
    from lxml import etree

    entries: list[Entry] = []
    tail = name = ""
    try:
        found = etree.iterparse(
            BytesIO(data), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
        )
        for _, node in found:
            name = etree.QName(node).localname
            if name in ("Contents", "CommonPrefixes"):
                entries += _entry(node, prefix)
                node.clear()
            elif name == "NextContinuationToken":
                tail = node.text or ""
    except (etree.XMLSyntaxError, ValueError) as fault:
        raise Shut(
            f"{url} gives a listing that is damaged",
            "check the address of the bucket and `endpoint`; it may be no S3",
        ) from fault
    if name != "ListBucketResult":
        raise Shut(f"{url} gives no listing", "check the address of the bucket and `endpoint`")
    return _Page(entries, tail)


def _entry(node: Any, prefix: str) -> Iterator[Entry]:
    told = {
        one.tag.rpartition("}")[2]: (one.text or "") for one in node if isinstance(one.tag, str)
    }
    folder = node.tag.endswith("CommonPrefixes")
    encoded = told.get("Prefix" if folder else "Key", "").replace("+", "%20")
    key = unquote_to_bytes(encoded).decode("utf-8", "surrogateescape")
    if not key.startswith(prefix) or key == prefix:
        return  # the empty object that some programs put in place of a folder
    size = told.get("Size", "")
    mark = told.get("ETag", "")[:200]
    yield Entry(
        name=key[len(prefix) :].removesuffix("/" if folder else ""),
        folder=folder,
        size=int(size) if size.isascii() and size.isdecimal() and len(size) < 19 else -1,
        modified=when(told.get("LastModified", "")),
        mark=mark if mark.isprintable() else "",
    )

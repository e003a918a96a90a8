"""Writing to S3. Large files go up in parts (multipart upload): what a killed run has brought there is
not sent again, and nobody sees the file before all of it is there."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Any
from urllib.parse import quote, unquote_plus
from xml.sax.saxutils import escape

from curate.fetch.drives.answer import Answer
from curate.fetch.drives.drive import Entry, Refused, Shut
from curate.fetch.drives.reading import Broken
from curate.fetch.drives.s3 import S3
from curate.fetch.drives.signature import CONTENT
from curate.fetch.patience import MIB

PART = 8 * MIB
"""Bytes of a part, unless there would be too many; a killed run loses one."""
_PARTS = 10_000
_PAGES = 100
_SLOWEST = 2 * MIB  # bytes a second that parts are put together


@dataclass(frozen=True, slots=True)
class _Upload:
    """One that has been begun and not ended."""

    key: str
    id: str
    begun: str


@dataclass(frozen=True, slots=True)
class _Part:
    size: int
    mark: str  # ETag, as the server writes it


class S3Storage(S3):
    """The objects of a bucket whose keys begin alike, to be written too."""

    def find(self, path: str) -> Entry | None:
        try:
            found = self._line.ask("HEAD", self.url(path))
        except Refused as fault:
            if fault.status in (404, 410):
                return None
            raise
        with found:
            size = found.headers.get("Content-Length", "")
        return Entry(path.rpartition("/")[2], size=int(size) if _counts(size) else -1)

    def delete(self, path: str) -> None:
        self._line.ask("DELETE", self.url(path)).close()

    def put(self, path: str, file: IO[bytes], size: int) -> None:
        if size <= PART:
            file.seek(0)
            body = file.read(size)
            self._send("PUT", self.url(path), body, _types(path)).close()
        else:
            self._put_in_parts(path, file, size)

    def tidy(self, folder: str) -> tuple[str, ...]:
        return self._abort(self._pending(f"{folder}/" if folder else ""))

    def _put_in_parts(self, path: str, file: IO[bytes], size: int) -> None:
        url, width = self.url(path), width_of(size)
        key = f"{self._prefix}{path}"
        pending = [one for one in self._pending(path) if one.key == key]
        upload = pending.pop() if pending else _Upload(key, self._begin(path), "")
        self._abort(pending)
        there = self._parts(url, upload)
        file.seek(0)
        marks = []
        for number in range(1, -(-size // width) + 1):
            data = file.read(width)
            kept = there.get(number)
            if kept is not None and kept.size == len(data) and _is_md5(kept.mark, data):
                marks.append(kept.mark)
            else:
                marks.append(self._part(url, upload, number, data))
        self._complete(url, upload, marks, size)

    def _begin(self, path: str) -> str:
        found = self._xml(self._send("POST", f"{self.url(path)}?uploads=", b"", _types(path)))
        upload = next((text for name, text in found if name == "UploadId"), "")
        if not _plain(upload, 1024):
            raise Shut(f"{self.url(path)}: no upload can be begun", "check `endpoint`")
        return upload

    def _part(self, url: str, upload: _Upload, number: int, data: bytes) -> str:
        query = f"partNumber={number}&uploadId={quote(upload.id, safe='')}"
        with self._send("PUT", f"{url}?{query}", data) as found:
            mark = str(found.headers.get("ETag", ""))
        if not _plain(mark, 200):
            raise Shut(f"{url}: the server does not acknowledge a part", "check `endpoint`")
        return mark

    def _complete(self, url: str, upload: _Upload, marks: list[str], size: int) -> None:
        rows = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{escape(mark)}</ETag></Part>"
            for number, mark in enumerate(marks, 1)
        )
        body = (
            '<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"{rows}</CompleteMultipartUpload>"
        ).encode()
        where = f"{url}?uploadId={quote(upload.id, safe='')}"
        try:
            answer = self._send("POST", where, body, longer=size / _SLOWEST)
        except Refused as fault:
            if fault.code == "NoSuchUpload":  # its first answer was lost on the way
                return
            self._abort([upload])  # of no use for another try
            raise
        # 200 is said before the work is done; how it went stands in the body.
        said = self._xml(answer)
        if not any(name == "CompleteMultipartUploadResult" for name, _ in said):
            code = next((text for name, text in said if name == "Code"), "")
            raise Shut(
                f"{url}: the server does not put the parts together"
                + (f" ({code})" if _plain(code, 60) else ""),
                "run again",
            )

    def _pending(self, path: str) -> list[_Upload]:
        """Uploads to keys that begin with ``path``, the earliest first; none where the server does
        not tell."""
        prefix = quote(f"{self._prefix}{path}", safe="")
        query = f"encoding-type=url&max-uploads=1000&prefix={prefix}&uploads="
        try:
            found = list(self._nodes(f"{self._home()}/?{query}", "Upload"))
        except Refused:
            return []
        uploads = [
            _Upload(unquote_plus(one.get("Key", "")), one.get("UploadId", ""), one.get("Initiated", ""))
            for one in found
        ]  # fmt: skip
        mine = (
            one
            for one in uploads
            if one.key.startswith(f"{self._prefix}{path}") and _plain(one.id, 1024)
        )
        return sorted(mine, key=lambda one: one.begun)

    def _home(self) -> str:
        return f"{self._line.home}{self._bucket}"

    def _parts(self, url: str, upload: _Upload) -> Mapping[int, _Part]:
        """What is there of it, by number."""
        found: dict[int, _Part] = {}
        where = f"{url}?max-parts=1000&uploadId={quote(upload.id, safe='')}"
        for _ in range(_PAGES):
            before = len(found)
            last = max(found, default=0)
            try:
                rows = list(self._nodes(f"{where}&part-number-marker={last}", "Part"))
            except Refused:
                break  # what a server does not list is sent once more
            for one in rows:
                number, size, mark = (one.get(name, "") for name in ("PartNumber", "Size", "ETag"))
                if _counts(number) and _counts(size) and _plain(mark, 200):
                    found[int(number)] = _Part(int(size), mark)
            if len(found) == before:
                break
        return found

    def _abort(self, uploads: list[_Upload]) -> tuple[str, ...]:
        """Forget them and their parts; the keys of those that stay."""
        stay = []
        for one in uploads:
            url = f"{self._home()}/{quote(one.key, safe='/')}"
            try:
                self._line.ask("DELETE", f"{url}?uploadId={quote(one.id, safe='')}").close()
            except Refused as fault:
                if fault.status != 404:
                    stay.append(one.key)
        return tuple(stay)

    def _send(
        self,
        method: str,
        url: str,
        body: bytes,
        headers: Mapping[str, str] = {},
        longer: float = 0.0,
    ) -> Answer:
        own = {**headers, CONTENT: hashlib.sha256(body).hexdigest()}
        if body:  # some servers want it, the others check it
            own["Content-MD5"] = base64.b64encode(_md5(body).digest()).decode()
        return self._line.ask(method, url, own, body, longer=longer)

    def _xml(self, answer: Answer) -> list[tuple[str, str]]:
        """Names and texts of all elements of a small answer."""
        url = answer.url.partition("?")[0]
        try:
            return [(_name(one), one.text or "") for one in _elements(answer.whole(self._line.patience), url)]  # fmt: skip
        except Broken:
            raise Shut(f"{url}: the answer breaks off", "run again") from None

    def _nodes(self, url: str, wanted: str) -> Iterator[Mapping[str, str]]:
        """The ``wanted`` elements of a listing, each as its children's texts."""
        shown = url.partition("?")[0]
        try:
            data = self._line.ask("GET", url).whole(self._line.patience)
        except Broken:
            raise Shut(f"{shown} breaks off while it is listed", "run again later") from None
        for one in _elements(data, shown):
            if _name(one) == wanted:
                yield {_name(child): child.text or "" for child in one}


def width_of(size: int) -> int:
    """Bytes of each part of a file, the same in every run."""
    return max(PART, -(-size // (_PARTS * MIB)) * MIB)


def _elements(data: bytes, url: str) -> Iterator[Any]:
    from lxml import etree

    try:
        found = etree.iterparse(
            BytesIO(data), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
        )
        for _, node in found:
            yield node
    except (etree.XMLSyntaxError, ValueError) as fault:
        raise Shut(f"{url} answers with what is no S3", "check `url` and `endpoint`") from fault


def _name(node: Any) -> str:
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def _counts(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


def _plain(text: str, most: int) -> bool:
    return 0 < len(text) <= most and text.isprintable() and text.isascii()


def _md5(data: bytes) -> Any:
    return hashlib.md5(data, usedforsecurity=False)


def _is_md5(mark: str, data: bytes) -> bool:
    """Whether the part is these bytes, as far as an ETag tells. It may be none where the server
    encrypts (then the part is sent again), and it vouches for nothing: the whole is read back."""
    return bool(mark.strip('"').lower() == _md5(data).hexdigest())


_KINDS = {"zip": "application/zip", "png": "image/png", "jpg": "image/jpeg", "webp": "image/webp", "pdf": "application/pdf", "json": "application/json", "html": "text/html; charset=utf-8"}  # fmt: skip
_TEXTS = frozenset({"md", "txt", "sha256", "minisig", "csv", ""})


def _types(path: str) -> Mapping[str, str]:
    """What browsers are told that it is."""
    ending = path.rpartition("/")[2].rpartition(".")[2].lower()
    text = "text/plain; charset=utf-8" if ending in _TEXTS else "application/octet-stream"
    return {"Content-Type": _KINDS.get(ending, text)}

"""Records of what was fetched, as archives keep them: WARC 1.1 (ISO 28500:2017), one file for each run."""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

from curate.collectors import Context
from curate.fetch import Fetched, Fetcher, shown

if TYPE_CHECKING:
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

IN_MEMORY = 1 << 20
"""Bytes of a body that wait in memory to be recorded; longer ones wait on disk."""
_UNCHANGED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
_OF_THE_WIRE = frozenset({"content-encoding", "transfer-encoding", "content-length"})
"""Headers that are about the bytes on their way; what is kept are the bytes that arrived."""
_NO_NAME = re.compile(r"[^!#$%&'*+.^_`|~0-9A-Za-z-]")
_REASONS = {
    200: "OK",
    203: "Non-Authoritative Information",
    206: "Partial Content",
    304: "Not Modified",
}


class Warc:
    """One file below ``folder``: NAME-YYYYMMDDTHHMMSSZ.warc.gz. It is made with the first record.

    Each record is compressed by itself and handed to the system before ``write`` returns: of a run
    that is killed, all but the record it was writing can be read.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._lock = Lock()  # pages are asked for in threads
        self.path: Path | None = None
        """The file; None before the first record."""

    def write(
        self,
        url: str,
        status: int,
        headers: Mapping[str, str],
        body: bytes | IO[bytes],
        *,
        asked: Mapping[str, str] | None = None,
        whole: bool = True,
    ) -> None:
        """One answer and the request that it is to. ``body`` as it was read: decoded, at its
        beginning; not ``whole`` where reading stopped before its end. ``asked`` are the headers of
        the request. 304 is recorded as a visit that found nothing new. Raises OSError."""
        payload = io.BytesIO(body) if isinstance(body, bytes) else body
        size = payload.seek(0, io.SEEK_END)
        payload.seek(0)
        url = shown(url)
        more = {"WARC-Protocol": "http/1.1"}
        if not whole:
            more["WARC-Truncated"] = "unspecified"
        if status == 304:
            more["WARC-Profile"] = _UNCHANGED
        with self._lock, self._open() as file:
            writer = _writer(file)
            answer = writer.create_warc_record(
                url, "revisit" if status == 304 else "response", payload, size,
                warc_headers_dict=more, http_headers=_answer(status, headers, size),
            )  # fmt: skip
            request = writer.create_warc_record(
                url, "request", warc_headers_dict={"WARC-Protocol": "http/1.1"},
                http_headers=_request(url, asked or {}),
            )  # fmt: skip
            writer.write_request_response_pair(request, answer)

    def _open(self) -> IO[bytes]:
        if self.path is not None:
            return self.path.open("ab")
        self._folder.mkdir(parents=True, exist_ok=True)
        stamp = f"{self._name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        number = 0
        while True:
            path = self._folder / f"{stamp}{f'-{number}' if number else ''}.warc.gz"
            try:
                file = path.open("xb")
                break
            except FileExistsError:  # another run began in this second
                number += 1
        self.path = path
        _writer(file).write_record(_writer(file).create_warcinfo_record(path.name, _about()))
        return file


def _writer(file: IO[bytes]) -> WARCWriter:
    from warcio.warcwriter import WARCWriter

    return WARCWriter(file, gzip=True, warc_version="1.1")


def _about() -> dict[str, str]:
    from importlib.metadata import version

    return {
        "software": f"curate/{version('curate-materials')}",
        "format": "WARC File Format 1.1",
        "conformsTo": "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
        "robots": "obey",
    }


def _answer(status: int, headers: Mapping[str, str], size: int) -> StatusAndHeaders:
    """The headers as they fit the bytes that are kept; the original ones under other names."""
    from warcio.statusandheaders import StatusAndHeaders

    fields = [
        (
            f"X-Archive-Orig-{name}" if name.lower() in _OF_THE_WIRE else _NO_NAME.sub("_", name),
            _line(value),
        )
        for name, value in headers.items()
    ]
    if status != 304:
        fields.append(("Content-Length", str(size)))
    return StatusAndHeaders(f"{status} {_REASONS.get(status, '')}".strip(), fields, "HTTP/1.1")


def _request(url: str, asked: Mapping[str, str]) -> StatusAndHeaders:
    from warcio.statusandheaders import StatusAndHeaders

    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    fields = [("Host", parts.netloc), *((name, _line(value)) for name, value in asked.items())]
    return StatusAndHeaders(f"GET {target} HTTP/1.1", fields, is_http_request=True)


def _line(value: str) -> str:
    return " ".join(value.split())


# Hearing what is fetched


class Recorder(Fetcher):
    """Fetches as another fetcher does, and records each answer whose bytes are read."""

    def __init__(self, fetcher: Fetcher, warc: Warc) -> None:
        # Not that of Fetcher: it is the other one's requests, delays and connections.
        self.settings = fetcher.settings
        self.clock = fetcher.clock
        self.sleep = fetcher.sleep
        self._fetcher = fetcher
        self._warc = warc

    def get(
        self,
        url: str,
        *,
        stamp: Callable[[str], str] = lambda url: "",
        allowed: Callable[[str], None] = lambda url: None,
        limit: int | None = None,
        **more: Any,
    ) -> Fetched:
        sent = ""

        def noted(hop: str) -> str:
            nonlocal sent
            sent = stamp(hop)
            return sent

        got = self._fetcher.get(url, stamp=noted, allowed=allowed, limit=limit, **more)
        etag, _, modified = sent.partition("\t")
        asked = {"User-Agent": _about()["software"], "Accept-Encoding": "gzip"}
        asked |= {"If-None-Match": etag} if etag else {}
        asked |= {"If-Modified-Since": modified} if modified else {}
        if got.status == 304:
            self._warc.write(got.url, 304, got.headers, b"", asked=asked)
            return got
        body = io.BufferedReader(_Heard(got, self._warc, asked), 1 << 16)
        return replace(got, body=body)

    def slow_down(self, url: str, seconds: float) -> None:
        self._fetcher.slow_down(url, seconds)

    def landed(self) -> None:
        self._fetcher.landed()

    def close(self) -> None:
        self._fetcher.close()


class _Heard(io.RawIOBase):
    """A body that is recorded when it is closed, as far as it was read."""

    def __init__(self, got: Fetched, warc: Warc, asked: Mapping[str, str]) -> None:
        self._got = got
        self._warc = warc
        self._asked = asked
        self._kept = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed with the body
        self._begun = self._whole = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._begun = True
        data = self._got.body.read1(len(buffer))  # type: ignore[attr-defined]
        self._whole = self._whole or (not data and len(buffer) > 0)
        self._kept.write(data)
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if self.closed:
            return
        try:
            if self._begun:
                self._warc.write(
                    self._got.url, self._got.status, self._got.headers, self._kept,
                    asked=self._asked, whole=self._whole,
                )  # fmt: skip
        finally:
            self._kept.close()
            self._got.close()
            super().close()


def recorded(context: Context, name: str, wanted: bool) -> Fetcher:
    """The run's fetcher; where it is ``wanted`` and something may be kept, one that keeps records."""
    if not wanted or context.keep is None:
        return context.fetcher
    return Recorder(context.fetcher, Warc(context.keep / "warc", name))

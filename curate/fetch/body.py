"""The bytes of an answer, read to the end although the connection may not last that long."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any

from curate.errors import CurateError
from curate.fetch.addresses import shown
from curate.fetch.answer import refused

if TYPE_CHECKING:
    import requests

    from curate.fetch.fetcher import Fetcher

MIB = 1 << 20
SLOWEST = 4096
"""Bytes a second that an answer has to reach, once ``settings.timeout`` is over. With the limit on
its size this also limits the time for it."""


class Body(io.RawIOBase):
    """The bytes of an answer. Where the connection breaks it asks again and goes on where it was:
    from there (Range) if the server marks versions, else from the start, checking that what was
    already given out has not changed."""

    def __init__(self, fetcher: Fetcher, url: str, response: requests.Response, limit: int) -> None:
        self._fetcher = fetcher
        self._url = url
        self._response = response
        self._limit = limit
        self._tries = 0
        self._given = 0  # bytes handed out
        self._digest = hashlib.sha256()  # of these
        self._skip = 0  # bytes of a repeated answer that were handed out before
        self._repeated = hashlib.sha256()
        self._rest = memoryview(b"")
        self._began, self._got = fetcher.clock(), 0  # of the present answer
        length = response.headers.get("Content-Length", "")
        if response.status_code != 304 and length.isdecimal() and int(length) > limit:
            response.close()
            raise self._too_large()

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._response.close()
        super().close()

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = memoryview(self._next(len(buffer)))
        size = min(len(self._rest), len(buffer))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size

    def _next(self, size: int) -> bytes:
        """The next bytes that were not handed out yet; b"" at the end."""
        while True:
            data = self._read(size)
            if self._skip:
                again, data = data[: self._skip], data[self._skip :]
                self._skip -= len(again)
                self._repeated.update(again)
                if not again or (
                    not self._skip and self._repeated.digest() != self._digest.digest()
                ):
                    raise CurateError(f"{shown(self._url)} changed while it was read", "run again")
                if not data:
                    continue
            self._given += len(data)
            if self._given > self._limit:
                raise self._too_large()
            self._digest.update(data)
            return data

    def _read(self, size: int) -> bytes:
        import urllib3

        while True:
            late = self._fetcher.clock() - self._began - self._fetcher.settings.timeout
            if late > self._got / SLOWEST:
                raise CurateError(f"{shown(self._url)} sends too slowly", "run again later")
            try:
                # read1: one look at the network at a time, or a dripping server is never caught.
                data = self._response.raw.read1(size, decode_content=True) or b""
            except urllib3.exceptions.DecodeError as fault:
                raise CurateError(
                    f"{shown(self._url)} is damaged: its compression cannot be undone",
                    "run again; tell the owner of the site if it stays so",
                ) from fault
            except (urllib3.exceptions.HTTPError, OSError) as fault:
                self._ask_again(fault)
            else:
                self._got += len(data)
                return bytes(data)

    def _ask_again(self, fault: Exception) -> None:
        self._response.close()
        if self._tries == self._fetcher.settings.retries:
            raise CurateError(
                f"{shown(self._url)} broke off after {self._given} bytes, {self._tries + 1} times",
                "check the connection and run again",
            ) from fault
        self._fetcher.sleep(self._fetcher.backoff(self._tries))
        self._tries += 1
        self._response = self._fetcher.send(self._url, self._range())
        self._began, self._got = self._fetcher.clock(), 0
        status = self._response.status_code
        part = self._response.headers.get("Content-Range", "")
        if status == 206 and part.startswith(f"bytes {self._given}-"):
            self._skip = 0
        elif status == 200:
            self._skip, self._repeated = self._given, hashlib.sha256()
        else:
            raise refused(self._url, self._response)

    def _range(self) -> dict[str, str]:
        headers = self._response.headers
        etag = headers.get("ETag", "")
        # A weak mark does not promise the same bytes, and a range of a compressed answer is
        # counted in compressed bytes (RFC 9110, 8.8.1 and 14.2).
        if not self._given or not etag.startswith('"') or headers.get("Content-Encoding"):
            return {}
        return {"Range": f"bytes={self._given}-", "If-Range": etag}

    def _too_large(self) -> CurateError:
        return CurateError(
            f"{shown(self._url)} is larger than {self._limit / MIB:g} MiB",
            "leave it out, or raise fetch.max_mb in curate.toml",
        )

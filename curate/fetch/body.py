"""The bytes of an answer, read to the end although the connection may not last that long."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from typing import IO, TYPE_CHECKING, Any

from curate.errors import CurateError
from curate.fetch.addresses import shown
from curate.fetch.answer import refused, strong_mark
from curate.fetch.decoding import Squeezed
from curate.fetch.patience import MIB, SLOWEST, broke_off, too_large, too_slow
from curate.fetch.reply import Garbled, Reply

if TYPE_CHECKING:
    from curate.fetch.fetcher import Fetcher
    from curate.fetch.parts import Part

CHUNK = 1 << 16
_REMEMBERED = 1 << 19
"""Bytes that are kept as they are before they are hashed: most answers end before, and never
need the sum."""


class Body(io.RawIOBase):
    """The bytes of an answer. Where the connection breaks it asks again and goes on where it was:
    from there (Range) if the server marks versions, else from the start, checking that what was
    already given out has not changed. ``again`` asks for the same with more headers."""

    def __init__(
        self,
        fetcher: Fetcher,
        url: str,
        reply: Reply,
        again: Callable[[Mapping[str, str]], Reply],
        limit: int,
        part: Part | None = None,
    ) -> None:
        self._fetcher = fetcher
        self._url = url
        self._reply = reply
        self._again = again
        self._limit = limit
        self._part = part
        self._disk: IO[bytes] | None = None  # what an earlier run has brought
        self._mark = part.record.mark if part else strong_mark(reply.headers)
        self._packed = bool(reply.headers.get("Content-Encoding"))
        self._tries = 0
        self._given = 0  # bytes handed out
        self._first: list[bytes] | None = []  # these, as long as they are few
        self._digest = hashlib.sha256()  # of these, else
        self._skip = 0  # bytes of a repeated answer that were handed out before
        self._repeated = hashlib.sha256()
        self._rest = memoryview(b"")
        self._waited = 0.0  # seconds for the present answer
        self._got = 0  # bytes of it
        length = reply.headers.get("Content-Length", "")
        total = part.record.total if part else int(length) if length.isdecimal() else 0
        if reply.status != 304 and total > limit:
            self.close()
            raise self._too_large()
        if part and part.size:
            self._disk = part.open()

    def forgo(self) -> None:
        """Keep nothing for another run of what is read from here on, nor what an earlier one kept."""
        if self._part is not None:
            self._part.forgo()

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        if not self.closed:
            self._reply.close()
            if self._disk is not None:
                self._disk.close()
            if self._part is not None:
                self._part.close()
        super().close()

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = memoryview(self._next(len(buffer)))
        size = min(len(self._rest), len(buffer))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size

    def readall(self) -> bytes:
        pieces = [bytes(self._rest)]
        self._rest = memoryview(b"")
        while piece := self._next(CHUNK):
            pieces.append(piece)
        return b"".join(pieces)

    def _next(self, size: int) -> bytes:
        """The next bytes that were not handed out yet; b"" at the end."""
        if self._disk is not None:
            if data := self._disk.read(size):
                return self._counted(data)
            self._disk.close()
            self._disk = None
        while True:
            data = self._read(size)
            if self._skip:
                again, data = data[: self._skip], data[self._skip :]
                self._skip -= len(again)
                self._repeated.update(again)
                if not again or (not self._skip and self._repeated.digest() != self._sum()):
                    if self._part is not None:
                        self._part.drop()
                    raise CurateError(f"{shown(self._url)} changed while it was read", "run again")
                if not data:
                    continue
            if self._part is not None and data:
                self._part.write(data)
            return self._counted(data)

    def _counted(self, data: bytes) -> bytes:
        self._given += len(data)
        if self._given > self._limit:
            raise self._too_large()
        if self._first is None:
            self._digest.update(data)
        else:
            self._first.append(data)
            if self._given > _REMEMBERED:
                self._sum()
        return data

    def _sum(self) -> bytes:
        """SHA-256 of what was handed out."""
        for data in self._first or ():
            self._digest.update(data)
        self._first = None
        return self._digest.digest()

    def _read(self, size: int) -> bytes:
        while True:
            begun = self._fetcher.clock()
            try:
                data = self._reply.read1(size)
            except Squeezed as fault:
                raise CurateError(
                    f"{shown(self._url)} is damaged: its compression cannot be undone",
                    "run again; tell the owner of the site if it stays so",
                ) from fault
            except (Garbled, OSError) as fault:
                self._ask_again(fault)
                continue
            if data == b"":
                return data
            self._got += len(data or b"")
            self._waited += self._fetcher.clock() - begun
            if self._waited - self._fetcher.settings.timeout > self._got / SLOWEST:
                raise too_slow(shown(self._url))
            if self._reply.received > self._limit + MIB:
                raise self._too_large()
            if data:
                return data

    def _ask_again(self, fault: Exception) -> None:
        self._reply.close()
        if self._tries == self._fetcher.settings.retries:
            raise broke_off(shown(self._url), self._given, self._tries + 1) from fault
        self._fetcher.patience.wait(self._tries)
        self._tries += 1
        self._reply = self._again(self._range())
        self._waited, self._got = 0.0, 0
        status = self._reply.status
        place = self._reply.headers.get("Content-Range", "")
        if status == 206 and place.startswith(f"bytes {self._given}-"):
            self._skip = 0
        elif status == 200:
            self._skip, self._repeated = self._given, hashlib.sha256()
            if self._part is not None and strong_mark(self._reply.headers) != self._mark:
                self._part.drop()
                self._part = None
        else:
            raise refused(self._url, self._reply)

    def _range(self) -> dict[str, str]:
        # A range of a compressed answer is counted in compressed bytes (RFC 9110, 14.2).
        if not self._given or not self._mark or self._packed:
            return {}
        return {"Range": f"bytes={self._given}-", "If-Range": self._mark}

    def _too_large(self) -> CurateError:
        return too_large(shown(self._url), self._limit)

"""What the server of a drive answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from curate.fetch.addresses import shown
from curate.fetch.drives.drive import Shut
from curate.fetch.drives.reading import Broken
from curate.fetch.patience import MIB, Patience, too_slow

if TYPE_CHECKING:
    import requests

    from curate.fetch.pace import Turn

LISTING = 64 * MIB
"""Bytes of a listing."""
_RANGE = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)")
_CODE = re.compile(rb"<Code>([A-Za-z]{1,60})</Code>")


class Answer:
    """An answer whose body has not been read yet. Its turn ends with it."""

    def __init__(self, response: requests.Response, turn: Turn) -> None:
        self._response = response
        self._turn = turn
        self.url = response.url
        self.status = response.status_code
        self.headers = response.headers
        turn.touch()

    def __enter__(self) -> Answer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._response.close()
        self._turn.done()

    def read(self, most: int) -> bytes:
        """b"" at the end. Raises Broken."""
        import urllib3

        self._turn.touch()
        try:
            # One look at the network at a time, or a dripping server is never caught.
            data: bytes = self._response.raw.read1(most, decode_content=True) or b""
        except (urllib3.exceptions.HTTPError, OSError) as fault:
            raise Broken("the connection was lost") from fault
        if not data:
            self._turn.done()
        return data

    def whole(self, patience: Patience) -> bytes:
        """All of a listing. Raises Shut where it is larger than any is or too slow, Broken."""
        data, began = bytearray(), patience.clock()
        with self:
            while block := self.read(1 << 16):
                data += block
                if len(data) > LISTING:
                    raise Shut(
                        f"{shown(self.url)} lists more than {LISTING // MIB} MiB",
                        "divide the folder into several",
                    )
                if patience.clock() - began > patience.settings.timeout * 20:
                    raise too_slow(shown(self.url), Shut)
        return bytes(data)

    def code(self) -> str:
        """The <Code> that S3 gives as its reason; closes the answer."""
        with self:
            try:
                data = self._response.raw.read(1 << 14, decode_content=True)
            except Exception:  # noqa: BLE001 - whatever it is, it is no reason
                return ""
        found = _CODE.search(data)
        return found[1].decode() if found else ""


class Rest:
    """A file from one byte on, as an answer gives it."""

    def __init__(self, answer: Answer, steady: Callable[[], bool] = lambda: True) -> None:
        self.read, self.close = answer.read, answer.close
        self.steady = steady
        headers = answer.headers
        self.start, self.size = 0, -1
        self.mark = headers.get("ETag", "") or headers.get("Last-Modified", "")
        length = headers.get("Content-Length", "")
        found = _RANGE.match(headers.get("Content-Range", ""))
        if answer.status == 206 and found:
            self.start = int(found[1])
            self.size = int(found[2]) if found[2] != "*" else -1
        elif length.isdecimal() and len(length) < 19 and not headers.get("Content-Encoding"):
            self.size = int(length)


def when(value: str) -> str:
    """An HTTP or ISO 8601 date as ISO 8601 in UTC; "" for what is none."""
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            found = read(value.strip())
            found = found if found.tzinfo else found.replace(tzinfo=UTC)
            return found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        except (TypeError, ValueError, OverflowError):
            continue
    return ""

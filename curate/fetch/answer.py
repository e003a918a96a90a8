"""What a server answers, and what its headers ask for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import IO, TYPE_CHECKING

from curate.errors import CurateError
from curate.fetch.addresses import shown

if TYPE_CHECKING:
    from curate.fetch.reply import Reply

_SETTLED = 60.0
"""Seconds between a change and an answer; a weaker rule would trust that all clocks of a server agree."""
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)


class StatusError(CurateError):
    """The server answered, but not with what was asked for."""

    def __init__(self, message: str, hint: str, status: int) -> None:
        super().__init__(message, hint)
        self.status = status

    def __reduce__(self) -> tuple[type[StatusError], tuple[str, str, int]]:  # type: ignore[override]
        return (type(self), (self.message, self.hint, self.status))


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer whose body has not been read yet. Close it, or use it in a ``with``."""

    url: str  # logical, after all redirects
    status: int  # 200, or 304: unchanged since the stamp that was sent, and no body
    headers: Mapping[str, str]  # names in any case
    body: IO[bytes] = field(compare=False)
    """Decoded. Reading raises CurateError: too large, too slow, cut off more often than allowed."""
    forgo: Callable[[], None] = field(default=lambda: None, compare=False, repr=False)
    """Keep nothing of the body for another run. For what is held in memory, read by any thread."""

    @property
    def stamp(self) -> str:
        """ETag and Last-Modified, divided by a tab; "" where the server gives neither."""
        etag = self.headers.get("ETag", "")
        modified = self.headers.get("Last-Modified", "")
        if not (etag + modified).isprintable():
            return ""
        return f"{etag}\t{modified}" if etag or modified else ""

    @property
    def mime(self) -> str:
        """The media type in lower case, without parameters; "" where none is given."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def charset(self) -> str:
        found = _CHARSET.search(self.headers.get("Content-Type", ""))
        return found[1].lower() if found else ""

    def close(self) -> None:
        self.body.close()

    def __enter__(self) -> Fetched:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def refused(url: str, response: Reply) -> StatusError:
    """The error for an answer that is of no use; closes it."""
    status = response.status
    response.close()
    if status in (404, 410):
        hint = "the address is wrong, or what was there is gone"
    elif status in (401, 403, 407, 451):
        hint = "it is not open to everyone; save the material to a folder and use that"
    elif status == 429 or "Retry-After" in response.headers:
        hint = "raise fetch.delay in curate.toml and run again later"
    elif status >= 500:
        hint = "the server has a fault of its own; run again later"
    else:
        hint = "open it in a browser to see what it wants"
    reason = response.reason if (response.reason or "").isprintable() else ""
    return StatusError(f"{shown(url)} answers {status} {reason}".rstrip(), hint, status)


def conditions(stamp: str) -> dict[str, str]:
    """The headers that ask only for what has changed since ``stamp``."""
    etag, _, modified = stamp.partition("\t")
    headers = {"If-None-Match": etag, "If-Modified-Since": modified}
    return {name: value for name, value in headers.items() if value}


def strong_mark(headers: Mapping[str, str]) -> str:
    """What tells for certain, in If-Range, that it is still the same bytes; "" where nothing does.

    A strong ETag (RFC 9110, 8.8.1), or a Last-Modified that lies so far before the answer that the
    file cannot have changed twice within its second (8.8.2.2, 13.1.5).
    """
    etag = headers.get("ETag", "")
    if etag:
        return etag if etag.startswith('"') and etag.isprintable() else ""
    modified = headers.get("Last-Modified", "")
    before, now = _date(modified), _date(headers.get("Date", ""))
    settled = before is not None and now is not None and (now - before).total_seconds() >= _SETTLED
    return modified if settled and modified.isprintable() else ""


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds, from either form of the header (RFC 9110, 10.2.3); 0 where there is none."""
    value = headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value[:9])
    until, now = _date(value), _date(headers.get("Date", ""))
    return max((until - (now or datetime.now(UTC))).total_seconds(), 0.0) if until else 0.0


def _date(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)

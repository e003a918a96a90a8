"""Conditional requests and single ranges, by RFC 9110."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

_RANGE = re.compile(r"bytes=[ \t]*(\d{0,18})-(\d{0,18})[ \t]*", re.ASCII | re.IGNORECASE)
_MANY = re.compile(r"bytes=[\d\-, \t]+,[\d\-, \t]*", re.ASCII | re.IGNORECASE)
_TAG = re.compile(r'(?:W/)?"[^"]*"')

Span = tuple[int, int] | Literal["bad"] | None
"""First byte and the one after the last; "bad": answer 416; None: the whole file."""


def span(headers: Mapping[str, str], size: int, etag: str, modified: int) -> Span:
    """What a GET asks for. ``etag``: strong, with its quotes; ``modified``: seconds since 1970.

    Several ranges at once are answered with the whole, as section 14.2 lets us.
    """
    asked = headers.get("range")
    if asked is None or asked[:6].lower() != "bytes=" or _MANY.fullmatch(asked):
        return None
    if not _unchanged(headers.get("if-range"), etag, modified):
        return None
    found = _RANGE.fullmatch(asked)
    if found is None or not any(found.groups()):
        return "bad"
    return _within(found[1], found[2], size)


def precondition(headers: Mapping[str, str], etag: str, modified: int) -> Literal[304, 412] | None:
    """The answer that spares all others, in the order of section 13.2.2."""
    match, none = headers.get("if-match"), headers.get("if-none-match")
    if match is not None:
        if not _among(match, etag, weak=False):
            return 412
    elif (since := _time(headers.get("if-unmodified-since"))) is not None and modified > since:
        return 412
    if none is not None:
        return 304 if _among(none, etag, weak=True) else None
    since = _time(headers.get("if-modified-since"))
    return 304 if since is not None and modified <= since else None


def _within(first: str, last: str, size: int) -> Span:
    if not first:
        start, end = max(size - int(last), 0), size
        return (start, end) if int(last) and size else "bad"
    start, end = int(first), min(int(last) + 1 if last else size, size)
    return (start, end) if start < end and (not last or int(first) <= int(last)) else "bad"


def _unchanged(told: str | None, etag: str, modified: int) -> bool:
    if told is None:
        return True
    return told.strip() == etag if '"' in told else _time(told) == modified


def _among(told: str, etag: str, weak: bool) -> bool:
    if told.strip() == "*":
        return True
    tags = _TAG.findall(told[:4096])
    return etag in ([tag.removeprefix("W/") for tag in tags] if weak else tags)


def _time(told: str | None) -> int | None:
    if not told:
        return None
    try:
        found = parsedate_to_datetime(told)
        return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def http_date(seconds: int) -> str:
    """As Last-Modified has it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")

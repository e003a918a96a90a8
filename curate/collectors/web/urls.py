"""Addresses in one form, so that the same place is visited once (RFC 3986, section 6)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import PurePosixPath
from urllib.parse import quote, unquote, urljoin, urlsplit

from curate.errors import CurateError
from curate.fetch import origin

LONGEST = 4096
"""Characters; longer addresses are traps or data, not places."""
_ESCAPE = re.compile(r"%([0-9a-fA-F]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PLAIN = re.compile(r"[A-Za-z0-9\-._~/:=&?+!$,;'@()*\[\]|]*")
_KEEP = "%/:=&?~+!$,;'@()*[]|"


def normal(url: str, base: str = "") -> str | None:
    """``url``, seen from ``base``: escapes and dots resolved, without user name and fragment. None
    for what is no web address."""
    return resolver(base)(url)


def resolver(base: str) -> Callable[[str], str | None]:
    """The same for many addresses seen from one."""
    # What most of them mean depends on the folder alone, or not even on that, so that it is soon
    # found again.
    where = base.partition("?")[0]
    root = where[: where.find("/", 8) + 1] or base
    folder = where[: where.rfind("/") + 1] if where.rfind("/") >= 8 else base

    def resolve(url: str) -> str | None:
        url = url.strip()
        if len(url) > LONGEST:
            return None
        if url[:1] in ("", "?", "#"):
            return _normal(url, base)
        return _normal(url, root if url[0] == "/" and url[1:2] != "/" else folder)

    return resolve


@lru_cache(1 << 15)
def _normal(url: str, base: str) -> str | None:
    try:
        joined = urljoin(base, url)
        head, parts = origin(joined), urlsplit(joined)
        path = _escaped(parts.path) or "/"
        if "/." in path and not path.startswith("//"):
            path = urlsplit(urljoin(f"{head}/", path)).path
    except (CurateError, ValueError):
        return None
    return f"{head}{path}" + (f"?{_escaped(parts.query)}" if parts.query else "")


def place(url: str) -> str:
    """One form for all normal addresses that most likely show the same as ``url``: those that
    differ in the order of their query alone. Not to be requested: robots.txt may forbid
    ``/*?print=`` and mean just that order."""
    where, _, query = url.partition("?")
    if "&" not in query:
        return url
    # By name only: the order of equal names can mean something.
    return f"{where}?{'&'.join(sorted(query.split('&'), key=lambda pair: pair.partition('=')[0]))}"


@lru_cache(1 << 12)
def path(url: str) -> str:
    """The path of a normal ``url`` as people write it, without the first slash; for globs."""
    return unquote(urlsplit(url).path).lstrip("/")


@lru_cache(1 << 12)
def suffix(url: str) -> str:
    """ ".pdf" of ".../A.PDF"; "" where the last name has none."""
    found = PurePosixPath(path(url)).suffix.lower()
    return found if found[1:].isalnum() and len(found) <= 10 and not url.endswith("/") else ""


def _escaped(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    return _ESCAPE.sub(_unescaped, quote(text, safe=_KEEP, errors="replace"))


def _unescaped(found: re.Match[str]) -> str:
    char = chr(int(found[1], 16))
    return char if char in _UNRESERVED else found[0].upper()


def same_site(url: str, others: Iterable[str]) -> bool:
    """Is ``url`` on the host of one of ``others``? With or without www. is the same."""
    host = _host(url)
    return bool(host) and host in map(_host, others)


@lru_cache(1 << 10)
def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""

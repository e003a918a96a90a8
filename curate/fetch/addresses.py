"""Web addresses: their origin, how they are shown, how they are moved to another server."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit, urlunsplit

from curate.errors import CurateError


@lru_cache(maxsize=4096)  # a crawl asks some ten times for each page
def origin(url: str) -> str:
    """Scheme, host and port: "https://example.org:8443". Raises CurateError for no web address."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        host, port = "", None
    if not host or parts.scheme not in ("http", "https"):
        raise CurateError(
            f"{shown(url)} is not a web address", "it begins with http:// or https://"
        )
    if ":" in host:
        host = f"[{host}]"
    standard = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != standard else "")


def shown(url: str) -> str:
    """``url`` as it may be printed and stored: without user name and password."""
    return re.sub(r"^([a-z][a-z0-9+.-]*:)?//[^/?#]*@", r"\1//", url, flags=re.IGNORECASE)


def moved(url: str, to: str) -> str:
    scheme, netloc = urlsplit(to)[:2]
    return urlunsplit(urlsplit(url)._replace(scheme=scheme, netloc=netloc))

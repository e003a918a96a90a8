"""Stamps that mark what was announced about a place too, not only the version of its bytes.

A site can change its terms without touching a page. Were the stamp that of the bytes alone, the
page would count as unchanged and its new terms would never be heard.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from curate.collectors.web import licenses, signals
from curate.collectors.web.signals import Heard
from curate.fetch import Fetched

_OVERRULED = "own"


def stamp(got: Fetched, url: str, wide: Heard, overruled: bool, given: str = "") -> str:
    """The stamp of an answer whose site announces ``wide``; ``overruled`` where it is taken
    against a signal, since the source is the seller's own; ``given`` marks what others say of it.
    "" where the server marks nothing."""
    if not got.stamp:
        return ""
    own = _OVERRULED if overruled else ""
    mark = f"{_announced(wide)}:{_near(got.headers, url)}:{own}"
    return f"{got.stamp}\t{mark}:{given}" if given else f"{got.stamp}\t{mark}"


def condition(known: str, wide: Heard, own: bool, given: str = "") -> str:
    """What to send of a known stamp; "" where its place has to be heard anew."""
    sent, mark = _divided(known)
    before, _, overruled, said = [*mark.split(":"), "", "", ""][:4]
    unheard = before != _announced(wide) or (overruled == _OVERRULED and not own) or said != given
    return "" if unheard else sent


def news(known: str, got: Fetched, url: str) -> bool:
    """Whether an answer that says "unchanged" names other terms than before. Most name none; that
    takes nothing back (RFC 9110, 15.4.5)."""
    near = _near(got.headers, url)
    return near not in ("", _divided(known)[1].partition(":")[2].partition(":")[0])


def _divided(known: str) -> tuple[str, str]:
    etag, _, rest = known.partition("\t")
    modified, _, mark = rest.partition("\t")
    return f"{etag}\t{modified}", mark


def _announced(wide: Heard) -> str:
    texts = (f"{one.kind} {one.value} {one.where}" for one in wide.signals)
    return "1" + _digest([*texts, *wide.terms])


def _near(headers: Mapping[str, str], url: str) -> str:
    heard = signals.in_headers(headers, url)
    stated = [one.raw for one in licenses.in_headers(headers, url)]
    return _digest([*(one.value for one in heard.signals), *heard.terms, *stated])


def _digest(texts: list[str]) -> str:
    joined = "\n".join(texts).encode("utf-8", "replace")
    return hashlib.sha256(joined).hexdigest()[:12] if texts else ""

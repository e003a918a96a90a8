"""What a file says about rights: verbatim, each once, bounded, in the same order every time.

Whatever stands in such a field is data, a script or an address included: nothing here follows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from curate.extract.clean import line
from curate.model import NOTICE, UNREAD, Statement

MOST = 50
"""Statements of one file; beyond that it is a list of licences, not a licence."""

MOST_RAW = 1000
"""Characters kept of one statement: no sentence is longer, and no licence has to be quoted whole."""

OWNED = NOTICE
"""For words that tell whose it is or whom to ask, and neither allow nor forbid: a credit line, a
licensor, a mark that it is protected at all."""


def verbatim(raw: object) -> str:
    """``raw`` on one line, at most ``MOST_RAW`` characters; "" for anything that is no text."""
    return line(raw, MOST_RAW)


def claim(
    raw: object,
    channel: str,
    where: str,
    *,
    inferred: bool = False,
    component: str = "whole",
    holder: str = "",
    attribution: str = "",
    license: str = "",
) -> Statement:
    return Statement(
        verbatim(raw),
        channel,
        where,
        "inferred" if inferred else "declared",
        component,
        line(holder, 200),
        license,
        attribution=line(attribution),
    )


def fields(
    licences: Iterable[object],
    notices: Iterable[object],
    channel: str,
    where: str,
    holder: str = "",
) -> Iterator[Statement]:
    """Statements of a format's fields. A licence field that is there but empty is one too: somebody
    left it open, so somebody has to be asked. An empty notice says nothing."""
    for raw in licences:
        yield claim(raw, channel, where, holder=holder)
    for raw in notices:
        if verbatim(raw):
            yield claim(raw, channel, where, holder=holder)


def named(kind: str, place: object) -> str:
    """The component that lies at ``place`` (a path or URL): ``image:cup.jpg``."""
    from urllib.parse import unquote

    path = str(place).strip()
    if path[:5].lower() == "data:":
        return f"{kind}:embedded"
    path = path.partition("#")[0].partition("?")[0].rstrip("/")
    return f"{kind}:{line(unquote(path.rpartition('/')[2]), 100) or 'unnamed'}"


def bounded(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """Each statement once, at most ``MOST``. Beyond that, what repeats the words of another goes first."""
    found = list(dict.fromkeys(statements))
    if len(found) <= MOST:
        return tuple(found)
    first: dict[str, Statement] = {}
    for one in found:
        first.setdefault(one.raw, one)
    kept = list(first.values())[: MOST - 1]
    chosen = set(kept)
    kept += [one for one in found if one not in chosen][: MOST - 1 - len(kept)]
    # What was cut off may have been a ban.
    more = f"{len(found) - len(kept)} more statements were not kept"
    return (*kept, Statement(more, found[0].channel, found[0].where, license=UNREAD))

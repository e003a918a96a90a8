"""Pairs → groups of the same thing, and which of a group stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from curate.messages import msg
from curate.model import Duplicate, Kind, Message

CLOSE = 0.02
"""Pixels or characters within this share of the most are as good: a page number more is no reason."""

FORMATS = (
    "pdf", "epub", "docx", "odt", "pptx", "odp", "xlsx", "ods", "html", "md", "ipynb", "csv", "txt", "rtf",
    "mobi", "djvu", "doc", "ppt", "xls",
    "svg", "png", "tiff", "webp", "avif", "jp2", "heic", "jpeg", "psd", "bmp", "pnm", "gif",
)  # fmt: skip
"""Best first. Documents: what opens alike everywhere, then what can be edited, plain text, formats of the
past. Pictures: without loss, then by what a pixel is worth. Unknown formats come last."""


@dataclass(frozen=True, slots=True)
class Contender:
    """What the choice of a keeper looks at."""

    sha256: str
    allowed: bool  # the decision on its rights is "allow"
    kind: Kind
    format: str
    size: int  # bytes
    pixels: int  # width x height; 0 where it is no picture
    text_length: int  # tokens: words, and characters of Chinese
    date: str  # ISO 8601; "" where none is known
    name: str = ""


def clusters(pairs: Iterable[Duplicate]) -> list[tuple[str, ...]]:
    """The connected components: each sorted, and sorted by their first member.

    Whoever has a duplicate is in exactly one of them.
    """
    parents: dict[str, str] = {}

    def root(member: str) -> str:
        top = member
        while parents.setdefault(top, top) != top:
            top = parents[top]
        while parents[member] != top:
            parents[member], member = top, parents[member]
        return top

    for pair in pairs:
        first, second = sorted((root(pair.a), root(pair.b)))
        parents[second] = first
    groups: dict[str, list[str]] = {}
    for member in sorted(parents):
        groups.setdefault(root(member), []).append(member)
    return sorted(tuple(group) for group in groups.values())


def keeper(members: Sequence[Contender]) -> tuple[Contender, Message]:
    """The one of ``members`` that stays, and the rule that decided between it and its last rivals.

    In this order: rights that allow it; most pixels (pictures) or most text (all else), ``CLOSE`` being
    equal; the format (``FORMATS``); the newest date; the smallest hash. Raises ValueError without members.
    """
    if not members:
        raise ValueError("a group without members has no keeper")
    left = list(members)
    reason = msg("there is no other copy")
    for best, says in _RULES:
        narrowed = best(left)
        if len(narrowed) < len(left):
            left, reason = narrowed, says(narrowed[0])
        if len(left) == 1:
            break
    return left[0], reason


def _allowed(left: list[Contender]) -> list[Contender]:
    return [one for one in left if one.allowed] or left


def _most(measure: Callable[[Contender], int]) -> Callable[[list[Contender]], list[Contender]]:
    def best(left: list[Contender]) -> list[Contender]:
        least = max(measure(one) for one in left) * (1 - CLOSE)
        return [one for one in left if measure(one) >= least]

    return best


def _format(left: list[Contender]) -> list[Contender]:
    def rank(one: Contender) -> int:
        return FORMATS.index(one.format) if one.format in FORMATS else len(FORMATS)

    first = min(map(rank, left))
    return [one for one in left if rank(one) == first]


def _newest(left: list[Contender]) -> list[Contender]:
    date = max(one.date for one in left)
    return [one for one in left if one.date == date]


def _smallest_hash(left: list[Contender]) -> list[Contender]:
    return [min(left, key=lambda one: one.sha256)]


_RULES: tuple[
    tuple[Callable[[list[Contender]], list[Contender]], Callable[[Contender], Message]], ...
] = (
    (_allowed, lambda one: msg("its rights allow it, those of the others do not")),
    (
        _most(lambda one: one.pixels),
        lambda one: msg("it has the most pixels ({pixels})", pixels=one.pixels),
    ),
    (
        _most(lambda one: 0 if one.kind == "image" else one.text_length),
        lambda one: msg("it has the most text ({n} words)", n=one.text_length),
    ),
    (_format, lambda one: msg("its format is the most useful ({format})", format=one.format)),
    (_newest, lambda one: msg("it is the newest ({date})", date=one.date)),
    (_smallest_hash, lambda one: msg("all else is equal, so the smallest hash decides")),
)

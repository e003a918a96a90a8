"""Pairs → groups of the same thing, and which of a group stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from curate.messages import msg
from curate.model import Duplicate, Kind, Message

CLOSE = 0.02
"""Pixels or characters within this share of the most are as good: a page number more is no reason."""

FORMATS = (
    "pdf", "epub", "docx", "odt", "pptx", "odp", "xlsx", "ods", "html", "md", "ipynb", "csv", "txt", "rtf",
    "mobi", "djvu", "doc", "ppt", "xls",
    "svg", "png", "tiff", "jpeg", "webp", "avif", "jp2", "heic", "psd", "bmp", "pnm", "gif",
    "flac", "wav", "aiff", "opus", "ogg", "m4a", "aac", "mp3", "wma",
)  # fmt: skip
"""Best first. Documents: what opens alike everywhere, then what can be edited, plain text, formats of the
past. Pictures: without loss, then what cameras write before what is made from it. Sound: without loss, then
what loses least. Unknown formats come last."""


@dataclass(frozen=True, slots=True)
class Contender:
    """What the choice of a keeper looks at."""

    sha256: str
    allowed: bool  # its rights let it into the bundle
    kind: Kind
    format: str
    size: int  # bytes
    pixels: int  # width x height; 0 where it is no picture
    text_length: int  # tokens: words, and characters of Chinese
    date: str  # ISO 8601; "" where none is known
    name: str = ""
    truncated: bool = False  # it has more text than was read
    chosen: int = 0  # 0, or the number of a person's word that it stays: later ones are larger
    by: str = ""  # that person


@dataclass(frozen=True, slots=True)
class Ranked:
    """A contender with its place by each rule in turn, among those that the rules before held for equal; 0 is
    the best."""

    contender: Contender
    places: tuple[int, ...]

    def before(self, other: Ranked) -> Message:
        """The rule that puts it before ``other``, as the reason why it stays."""
        pairs = zip(self.places, other.places, strict=False)
        number = next(number for number, (one, two) in enumerate(pairs) if one != two)
        return _RULES[number][1](self.contender, other.contender)


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


def ranking(members: Iterable[Contender]) -> list[Ranked]:
    """``members``, the one that stays first.

    In this order: rights that allow it; a person's word, the latest first; most pixels (pictures) and
    most text (all else), ``CLOSE`` being equal; the format (``FORMATS``); the most bytes where a text was
    too long to be read whole; the newest date; the smallest hash.
    """
    groups = [sorted(members, key=lambda one: one.sha256)]
    places: dict[str, list[int]] = {one.sha256: [] for one in groups[0]}
    for split, _ in _RULES:
        finer: list[list[Contender]] = []
        for group in groups:
            parts = split(group) if len(group) > 1 else [group]
            for place, part in enumerate(parts):
                for one in part:
                    places[one.sha256].append(place)
            finer += parts
        groups = finer
    return [Ranked(one, tuple(places[one.sha256])) for group in groups for one in group]


def keeper(members: Sequence[Contender]) -> tuple[Contender, Message]:
    """The first of ``ranking``, and the rule that decided between it and its last rival.

    Raises ValueError without members.
    """
    if not members:
        raise ValueError("a group without members has no keeper")
    first, *others = ranking(members)
    return first.contender, first.before(others[0]) if others else msg("there is no other copy")


Split = Callable[[list[Contender]], list[list[Contender]]]
"""Puts those that a rule holds for equal together, the best first."""


def _by(key: Callable[[Contender], int | str], best: Callable[..., int | str]) -> Split:
    def split(group: list[Contender]) -> list[list[Contender]]:
        ordered = sorted(group, key=key, reverse=best is max)
        return [list(part) for _, part in groupby(ordered, key)]

    return split


def _most(measure: Callable[[Contender], int]) -> Split:
    """What is within ``CLOSE`` of the most is as good as that; of the rest the same holds again."""

    def split(group: list[Contender]) -> list[list[Contender]]:
        ordered = sorted(group, key=measure, reverse=True)
        parts = [[ordered[0]]]
        for one in ordered[1:]:
            if measure(one) >= measure(parts[-1][0]) * (1 - CLOSE):
                parts[-1].append(one)
            else:
                parts.append([one])
        return parts

    return split


def _words(one: Contender) -> int:
    return 0 if one.kind == "image" else one.text_length


def _format(one: Contender) -> int:
    return FORMATS.index(one.format) if one.format in FORMATS else len(FORMATS)


def _beyond(one: Contender) -> int:
    """Of texts that are the same as far as they were read the longer file goes on for longer."""
    return one.size if one.truncated else 0


def _rights(one: Contender, other: Contender) -> Message:
    if other.chosen:
        return msg(
            "{who} chose “{name}”, which may not be packaged; the rights of this one allow it",
            who=other.by,
            name=other.name,
        )
    return msg("its rights allow it, those of the others do not")


_RULES: tuple[tuple[Split, Callable[[Contender, Contender], Message]], ...] = (
    (_by(lambda one: one.allowed, max), _rights),
    (_by(lambda one: one.chosen, max), lambda one, _: msg("{who} chose it", who=one.by)),
    (
        _most(lambda one: one.pixels),
        lambda one, _: msg("it has the most pixels ({pixels})", pixels=one.pixels),
    ),
    (_most(_words), lambda one, _: msg("it has the most text ({n} words)", n=one.text_length)),
    (
        _by(_format, min),
        lambda one, _: msg("its format is the most useful ({format})", format=one.format),
    ),
    (
        _by(_beyond, max),
        lambda one, _: msg(
            "it is the largest of those too long to be read whole ({n} bytes)", n=one.size
        ),
    ),
    (
        _by(lambda one: one.date, max),
        lambda one, _: msg("it is the newest ({date})", date=one.date),
    ),
    (
        _by(lambda one: one.sha256, min),
        lambda *_: msg("all else is equal, so the smallest hash decides"),
    ),
)

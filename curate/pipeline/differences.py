"""What differs between two resources, so that a person can check whether they are the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from curate import han
from curate.catalog import Catalog, Member
from curate.collection import load
from curate.model import Duplicate, main_text
from curate.pipeline.groups import Board
from curate.pipeline.keep import choose
from curate.pipeline.lookup import look_up
from curate.pipeline.ready import ready
from curate.workspace import Workspace

SENTENCES = 20_000
"""Most sentences of a text that are compared; the rest is counted."""
CONTEXT = 1
"""Sentences that are shown before and after a difference."""

_HAN = "\u3000-\u303f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef"
_WRAP = re.compile(rf"(?<=[{_HAN}])\s*\n\s*(?=[{_HAN}])")
_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？；])\s*|\n\s*\n\s*|\n(?=\s*(?:[-*•|#]|\d+[.)、]\s))")
"""Where a sentence, a paragraph, a row of a table or a point of a list ends."""


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence: " " in both, "-" only in the first, "+" only in the second, "@" a leap."""

    sign: str
    text: str


@dataclass(frozen=True, slots=True)
class Differences:
    """What two resources have in common and what not."""

    one: Member
    other: Member
    found: tuple[Duplicate, ...]  # in which ways they are alike
    facts: tuple[tuple[str, str, str], ...]  # (what, of the one, of the other) where they differ
    lines: tuple[Line, ...]  # of their texts; empty where they have none, or the same
    more: int  # lines beyond these
    common: int  # sentences in both
    sentences: tuple[int, int]  # of each


def differences(
    workspace: Workspace, name: str, items: tuple[str, str], most: int = 200
) -> Differences:
    """Compare two items of a collection, their facts and at most ``most`` lines of their texts.

    Raises CurateError: it has to be collected or classified first, an item that is not there.
    """
    loaded = load(workspace, name)
    with Catalog(workspace.catalog, readonly=True) as catalog:
        ready(workspace, catalog, loaded)
        one, other = look_up(workspace, catalog, name, items)
        board = Board(catalog, loaded, choose(catalog, loaded, one.sha256))
        texts = [sentences(main_text(catalog.text(each.sha256))) for each in (one, other)]
        lines, common = compared(*texts)
        return Differences(
            one, other, board.found(one.sha256, other.sha256),
            tuple(_differing(_facts(catalog, one), _facts(catalog, other))),
            tuple(lines[:most]), max(0, len(lines) - most), common, (len(texts[0]), len(texts[1])),
        )  # fmt: skip


def sentences(text: str) -> list[str]:
    """``text`` in sentences, at most ``SENTENCES``, however its lines are broken."""
    joined = _WRAP.sub("", re.sub(r"\n\s*\n\s*", "\n\n", text))
    parts = (" ".join(part.split()) for part in _END.split(joined))
    return [part for part in parts if part][:SENTENCES]


def compared(one: Sequence[str], other: Sequence[str]) -> tuple[list[Line], int]:
    """What only one of them says, in order and with what stands around it; and how much both say."""
    from rapidfuzz.distance import Indel

    blocks = Indel.opcodes([_plain(part) for part in one], [_plain(part) for part in other])
    lines: list[Line] = []
    common = 0
    changes = [
        (equal, list(some)) for equal, some in groupby(blocks, lambda one: one.tag == "equal")
    ]
    for number, (equal, some) in enumerate(changes):
        if not equal:
            for sign, parts, side in (("-", one, "src"), ("+", other, "dest")):
                for block in some:
                    start, end = getattr(block, f"{side}_start"), getattr(block, f"{side}_end")
                    lines += (Line(sign, part) for part in parts[start:end])
            continue
        same = [part for block in some for part in other[block.dest_start : block.dest_end]]
        common += len(same)
        if len(changes) > 1:
            lines += _around(same, number > 0, number < len(changes) - 1)
    return lines, common


def _around(same: Sequence[str], after: bool, before: bool) -> Iterator[Line]:
    """The ends of what is common, next to a difference."""
    head, tail = CONTEXT if after else 0, CONTEXT if before else 0
    if len(same) <= head + tail:
        yield from (Line(" ", part) for part in same)
        return
    yield from (Line(" ", part) for part in same[:head])
    yield Line("@", str(len(same) - head - tail))
    yield from (Line(" ", part) for part in same[len(same) - tail :] if tail)


def _plain(part: str) -> str:
    """What counts as the same sentence: traditional or simplified, whatever its case and signs."""
    return re.sub(r"[\W_]+", " ", han.simplified(part).casefold()).strip()


def _facts(catalog: Catalog, member: Member) -> dict[str, str]:
    known = catalog.facts(member.sha256)
    assert known is not None
    extracted, profile, _ = known
    plain = {
        "title": member.title, "format": extracted.format, "size": f"{member.size:,}",
        "creators": ", ".join(extracted.creators), "created": extracted.created, "language": profile.language,
        "license": member.decision.license,
    }  # fmt: skip
    return plain | {key: str(value) for key, value in sorted(extracted.properties.items())}


def _differing(one: dict[str, str], other: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    for key in dict.fromkeys((*one, *other)):
        if one.get(key, "") != other.get(key, ""):
            yield key, one.get(key, ""), other.get(key, "")

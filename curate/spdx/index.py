"""Which words each text of the list has: what the few licences worth a closer look are found by."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import msgspec

from curate import typed
from curate.spdx.optional import required
from curate.spdx.texts import INDEX, deprecated, member

NOT_LICENCES = ("any-OSI", "any-OSI-perl-modules")
"""Ids that stand for whatever licence; their texts only say so."""


class Packed(msgspec.Struct, frozen=True, array_like=True):
    """The index as it lies in the data file."""

    vocabulary: list[str]
    ids: list[list[str]]  # of each different text, the id to name it by first
    words: list[
        bytes
    ]  # of each: the words of what it must have, sorted places in the vocabulary, uint16
    lengths: list[tuple[int, int]]  # of each: words that it must have, and all


@dataclass(frozen=True, slots=True)
class Index:
    place: Mapping[str, int]
    ids: Sequence[Sequence[str]]
    words: Sequence[frozenset[int]]
    lengths: Sequence[tuple[int, int]]

    def within(self, found: Iterable[str], least: float) -> list[int]:
        """Numbers of the texts of whose words the share ``least`` or more is in ``found``, most alike first."""
        mine = {self.place[word] for word in set(found) if word in self.place}
        shared = [(len(mine & theirs), len(theirs), n) for n, theirs in enumerate(self.words)]
        near = [
            (-2 * both / (len(mine) + all), n) for both, all, n in shared if both >= least * all
        ]
        return [n for _, n in sorted(near)]


@cache
def index() -> Index:
    packed = typed.msgpack(member(INDEX), Packed)
    return Index(
        {word: place for place, word in enumerate(packed.vocabulary)},
        packed.ids,
        [frozenset(_numbers(row)) for row in packed.words],
        packed.lengths,
    )


def pack(texts: Mapping[str, Sequence[str]]) -> bytes:
    """The index of ``texts`` (the words of each, by id) as bytes; the same for the same texts."""
    same: dict[tuple[str, ...], list[str]] = {}
    for id in sorted(set(texts) - set(NOT_LICENCES)):
        if deprecated(id):  # its text has a better name, or is but an exception
            continue
        same.setdefault(tuple(texts[id]), []).append(id)
    groups = sorted((sorted(ids, key=preference), found) for found, ids in same.items())
    vocabulary = sorted({word for _, found in groups for word in found})
    place = {word: number for number, word in enumerate(vocabulary)}
    cores = [required(found) for _, found in groups]
    rows = [_bytes(sorted({place[word] for word in core})) for core in cores]
    lengths = [(len(core), len(found)) for core, (_, found) in zip(cores, groups, strict=True)]
    return msgspec.msgpack.encode(Packed(vocabulary, [ids for ids, _ in groups], rows, lengths))


def preference(id: str) -> tuple[bool, bool, int, str]:
    """Sorts ids of one text: the one that promises least where the text cannot tell comes first."""
    special = any(part in id for part in ("invariants", "RFN", "xception"))
    return (id.endswith("-or-later"), special, len(id), id)


def _bytes(numbers: Sequence[int]) -> bytes:
    row = array("H", numbers)
    if _BIG:
        row.byteswap()
    return row.tobytes()


def _numbers(row: bytes) -> array[int]:
    numbers = array("H", row)
    if _BIG:
        numbers.byteswap()
    return numbers


_BIG = array("H", [1]).tobytes() != b"\x01\x00"  # the file is little-endian

"""Duplicates two by two, as a person looks at them."""

from __future__ import annotations

from dataclasses import dataclass

from curate.model import Duplicate, Message
from curate.pipeline.groups import Double, Group, groups
from curate.workspace import Workspace

NEAR = ("near-text", "near-image", "turned-image", "near-audio", "near-video")
"""What was computed, and could be wrong."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What stays, and what stands back for it."""

    stays: Double
    back: Double
    likeness: Duplicate | None
    reason: Message | None

    @property
    def ids(self) -> tuple[str, str]:
        return self.stays.sha256, self.back.sha256


def doubtful(workspace: Workspace, name: str) -> tuple[Pair, ...]:
    """Pairs that were only computed to be the same and that no person has spoken of, the least sure first.

    Raises CurateError: the collection has to be collected or classified first.
    """
    found = [
        pair
        for group in groups(workspace, name).shown
        for pair in pairs(group)
        if pair.back.kept and pair.back.kept.kind in NEAR
        and not pair.back.word and not pair.stays.word
    ]  # fmt: skip
    return tuple(sorted(found, key=_sureness))


def pairs(group: Group) -> list[Pair]:
    """Each that stands back, with what stays in its place."""
    members = {one.sha256: one for one in group.members}
    return [
        Pair(members[one.kept.keeper], one, one.likeness, one.kept.reason)
        for one in group.members
        if one.kept and one.kept.keeper in members
    ]


def _sureness(one: Pair) -> tuple[float, str, str]:
    return (one.likeness.score if one.likeness else 0.0, *one.ids)

"""What a search for the same bytes gives."""

from __future__ import annotations

import msgspec

from curate.model import Message


class Group(msgspec.Struct, frozen=True, gc=False):
    """Files with the same bytes."""

    sha256: str
    size: int  # bytes of one file
    copies: tuple[tuple[str, ...], ...]
    """At least two, each with the paths that lead to it: more than one where there are hard links."""

    @property
    def spare(self) -> int:
        """Bytes that the copies take beyond the first; hard links take none."""
        return self.size * (len(self.copies) - 1)


class LeftOut(msgspec.Struct, frozen=True):
    """A file or folder that nothing can be said about, and why."""

    path: str
    reason: Message


class Found(msgspec.Struct, frozen=True):
    """All of a search. Paths begin as the folders were given; lists are sorted."""

    groups: tuple[Group, ...]  # those that take most space first
    left_out: tuple[LeftOut, ...] = ()
    files: int = 0  # paths of regular files
    size: int = 0  # their bytes, hard links once
    empty: int = 0  # files without a byte: all the same, and no group
    links: int = 0  # symbolic links, which are not followed
    read: int = 0  # times that a file was opened in this search

    @property
    def spare(self) -> int:
        return sum(group.spare for group in self.groups)

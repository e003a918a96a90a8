"""A file that speaks about the rights in others: read with care, for anybody may have put it there."""

from __future__ import annotations

import codecs
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from curate.messages import msg
from curate.model import Message, Statement

MAX_TABLE = 4 << 20
"""Bytes of a file for programs (REUSE.toml, copyright, metadata.json); real ones stay below one MiB."""
MAX_RAW = 1000
"""Characters of a statement."""


class Unreadable(Exception):
    """What a file says about rights cannot be told: in doubt, so a person has to look."""

    def __init__(self, reason: Message) -> None:
        super().__init__(str(reason))
        self.reason = reason


class Shelf(Protocol):
    """Where the files of a source stand: on a disk, or with somebody else."""

    def exists(self, path: str) -> bool: ...

    def head(self, path: str, most: int) -> bytes:
        """The first ``most`` bytes of a file. Raises Unreadable, OSError or RuntimeError."""
        ...

    def names(self, path: str) -> list[str]:
        """What a folder holds. Raises OSError."""
        ...


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk of this machine, as far as a source reaches."""

    holds: Callable[[str], bool]  # does a path stay inside the source, links resolved?

    def exists(self, path: str) -> bool:
        return os.path.lexists(path)

    def head(self, path: str, most: int) -> bytes:
        if not self.holds(path):
            raise Unreadable(msg("it is a link that leads out of the folder"))
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 - paths are strings here
            raise Unreadable(msg("it is a device or pipe, not a file"))
        with Path(path).open("rb") as file:
            return file.read(most)

    def names(self, path: str) -> list[str]:
        with os.scandir(path) as entries:
            return [entry.name for entry in entries]


@dataclass(frozen=True, slots=True)
class Paper:
    """Where such a file lies."""

    name: str
    path: str
    where: str  # the same below the source's root, "/"-separated
    shelf: Shelf

    def exists(self) -> bool:
        return self.shelf.exists(self.path)

    def head(self, most: int) -> bytes:
        """Its first ``most`` bytes. Raises Unreadable."""
        try:
            return self.shelf.head(self.path, most)
        except (OSError, RuntimeError) as fault:
            reason = getattr(fault, "strerror", "") or fault
            raise Unreadable(msg("it cannot be read: {fault}", fault=reason)) from fault

    def table(self) -> bytes:
        """All of it. Raises Unreadable, also where it is larger than such files are."""
        data = self.head(MAX_TABLE + 1)
        if len(data) > MAX_TABLE:
            raise Unreadable(
                msg("what it says about rights is larger than {limit} MiB", limit=MAX_TABLE >> 20)
            )
        return data

    def silence(self, channel: str) -> Statement:
        """What stands for a file that cannot be read: nothing allows it, so a person is asked."""
        return Statement(f"{self.name} cannot be read", channel, self.where)


def decoded(data: bytes) -> str:
    """``data`` as text, which may end in the middle of a character. Raises Unreadable."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    if b"\0" in data:
        raise Unreadable(msg("what it says about rights is not text"))
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return codecs.getincrementaldecoder(encoding)().decode(data)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def invalid(fault: object) -> Unreadable:
    """The reason for a file whose form is wrong."""
    return Unreadable(msg("what it says about rights cannot be used: {fault}", fault=fault))

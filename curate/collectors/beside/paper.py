"""A file that speaks about the rights in others: read with care, for anybody may have put it there."""

from __future__ import annotations

import codecs
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

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


@dataclass(frozen=True, slots=True)
class Paper:
    """Where such a file lies."""

    name: str
    path: str
    where: str  # the same below the source's root, "/"-separated
    holds: Callable[[str], bool]  # does a path stay inside the source, links resolved?

    def exists(self) -> bool:
        return os.path.lexists(self.path)

    def head(self, most: int) -> bytes:
        """Its first ``most`` bytes. Raises Unreadable."""
        try:
            if not self.holds(self.path):
                raise Unreadable(msg("it is a link that leads out of the folder"))
            if not stat.S_ISREG(os.stat(self.path).st_mode):  # noqa: PTH116 - paths are strings here
                raise Unreadable(msg("it is a device or pipe, not a file"))
            with Path(self.path).open("rb") as file:
                return file.read(most)
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

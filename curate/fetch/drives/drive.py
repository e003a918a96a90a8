"""What any drive can do: list a folder, and open a file of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from curate.errors import CurateError
from curate.model import Message

if TYPE_CHECKING:
    from curate.fetch.drives.reading import Reading

ENTRIES = 200_000
"""Most entries of one folder that are listed; all of them are held at once."""


class Away(CurateError):
    """The drive as a whole cannot be used now: out of reach, overloaded, or it lets nobody in."""


class Shut(CurateError):
    """One folder or file of a drive cannot be used."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a listing says about one name."""

    name: str  # bytes that are not UTF-8 stand in it as surrogates
    folder: bool = False
    size: int = -1  # bytes; -1 where the drive does not say
    modified: str = ""  # ISO 8601, UTC
    mark: str = ""  # the drive's own mark of this version
    fault: Message | None = None  # why it is of no use: a device, a link that leads nowhere
    unknown: bool = False  # the fault may pass, and it may be a folder

    @property
    def stamp(self) -> str:
        """ "" where nothing would tell another version of the same size."""
        mark = self.mark or self.modified
        return f"{self.size}:{mark}" if mark else ""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a folder holds, in any order."""

    entries: tuple[Entry, ...]
    missing: Message | None = None  # why there may be more than the drive tells


class Drive(Protocol):
    """Paths are "/"-separated, below the folder that the drive was opened at; "" is that itself.

    All methods raise Away, and Shut where only this path is concerned.
    """

    def listing(self, path: str) -> Listing: ...

    def open(self, path: str, entry: Entry) -> Reading:
        """The bytes of a file, which go on after a lost connection. Reading raises CurateError: cut
        off more often than allowed, too large, too slow, no longer what ``entry`` says."""
        ...

    def check(self) -> None:
        """Is it still there?"""

    def close(self) -> None: ...

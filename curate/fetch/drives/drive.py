"""What any drive can do: list a folder, and open a file of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Protocol

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


class Refused(Shut):
    """The server answered, but not with what was asked for."""

    def __init__(self, message: str, hint: str = "", status: int = 0, code: str = "") -> None:
        super().__init__(message, hint)
        self.status = status
        self.code = code  # S3: its reason


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


class Storage(Drive, Protocol):
    """A drive that can be written to. Raises as a drive does."""

    def find(self, path: str) -> Entry | None:
        """The file at ``path``; None where there is none."""
        ...

    def put(self, path: str, file: IO[bytes], size: int) -> None:
        """Put the ``size`` bytes of ``file`` there, in place of what is there. Nobody ever sees a part
        of them under that name; what an earlier try of it has left is used or removed."""
        ...

    def delete(self, path: str) -> None:
        """Also where nothing is there."""

    def tidy(self, folder: str) -> tuple[str, ...]:
        """Remove all that tries which did not end have left in ``folder``; what could not be removed."""
        ...

    def url(self, path: str) -> str:
        """Its address on the drive."""
        ...

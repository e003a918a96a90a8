"""A folder on this machine: every file below it, links only as far as they stay inside.

What files beside the material say about its rights goes with each file (``beside``).
"""

from __future__ import annotations

import os
import stat
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO, ClassVar

from curate.collection import Source
from curate.collectors import Context, Memory
from curate.collectors.beside import Beside, Folder, Name, beside, is_speakable
from curate.collectors.patterns import matcher
from curate.errors import CurateError
from curate.messages import msg
from curate.model import Candidate, Message, Said, Trouble

ALWAYS_LEFT_OUT = (
    ".*",
    "CVS",
    "~$*",
    "Thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "__MACOSX",
    "$RECYCLE.BIN",
    "System Volume Information",
)
"""What systems and programs leave behind, and all that is hidden by a dot (.git, .DS_Store, …)."""


class FolderSource(Source, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="folder"):
    """``type = "folder"``: the files below a folder, but no hidden ones and no system litter."""

    path: str
    """The folder; relative to the collection's own, ``~`` is the home folder."""
    include: tuple[str, ...] = ("**",)
    """Globs of what to take, as in .gitignore; upper and lower case are the same."""
    exclude: tuple[str, ...] = ()
    """Globs of what to leave out; wins over include, and a folder goes with all below it."""

    def __post_init__(self) -> None:
        if not self.path.strip():
            raise ValueError("path is empty; write the folder that holds the material")
        if "\0" in self.path:
            raise ValueError("path holds a NUL character")
        for pattern in (self.include, self.exclude):
            matcher(pattern)

    @property
    def place(self) -> str:
        return self.path


class FolderCollector:
    """Walks in the order of names, holding one folder's names at a time for each level."""

    options: ClassVar[type[Source]] = FolderSource
    local: ClassVar[bool] = True

    def __init__(self, options: FolderSource, context: Context) -> None:
        self.root = context.folder / Path(options.path).expanduser()
        self._included = matcher(options.include)
        self._excluded = matcher((*ALWAYS_LEFT_OUT, *options.exclude))

    def candidates(self, memory: Memory) -> Iterator[Candidate | Trouble]:
        """Every file. A file that changes while it is read gets another stamp, so the next run
        reads it again. Raises CurateError when the folder itself cannot be listed."""
        try:
            real = os.path.realpath(self.root, strict=True)
            names = _listing(real)
        except (OSError, RuntimeError) as fault:
            raise _unusable(self.root, fault) from fault
        return self._walk(_Inside(real), names)

    def _walk(self, inside: _Inside, names: list[Name]) -> Iterator[Candidate | Trouble]:
        # A stack instead of recursion: folders may nest deeper than Python's own stack.
        top = beside(Beside(), Folder("", inside.root, names, inside.holds))
        levels = [_Level(iter(names), top, linked=False)]
        yield from top.troubles
        while levels:
            level = levels[-1]
            name = next(level.names, None)
            if name is None:
                levels.pop()
                continue
            locator = f"{level.locator}{name.shown}"
            if self._excluded(locator) or name.shown in level.beside.silent:
                continue
            found = self._look(locator, name, level, inside)
            if isinstance(found, _Level):
                levels.append(found)
                yield from found.beside.troubles
            elif found is not None:
                yield found

    def _look(
        self, locator: str, name: Name, level: _Level, inside: _Inside
    ) -> Candidate | Trouble | _Level | None:
        entry = name.entry
        if not is_speakable(entry.name):
            printable = locator.encode("utf-8", "backslashreplace").decode()
            return Trouble(
                printable, msg("its name is not valid UTF-8; rename it"), retry=False, hides=False
            )
        try:
            linked = entry.is_symlink() or getattr(entry, "is_junction", bool)()
            if linked and not inside.holds(entry.path):
                return self._trouble(locator, msg("it is a link that leads out of the folder"))
            status = entry.stat()
            if stat.S_ISDIR(status.st_mode):
                if linked and level.linked:
                    return self._trouble(locator, msg("it is a link below another link"))
                if linked and inside.loops(entry.path):
                    return self._trouble(locator, msg("it is a link to a folder that holds it"))
                names = _listing(entry.path)
                said = beside(level.beside, Folder(f"{locator}/", entry.path, names, inside.holds))
                return _Level(iter(names), said, level.linked or linked, f"{locator}/")
        except (OSError, RuntimeError) as fault:
            return Trouble(locator, _reason(fault)) if self._wanted(locator, entry) else None
        if not self._included(locator):
            return None
        if not stat.S_ISREG(status.st_mode):
            return Trouble(
                locator, msg("it is a device or pipe, not a file"), retry=False, hides=False
            )
        if not status.st_size:
            return Trouble(locator, msg("it is empty"), retry=False, hides=False)
        return Candidate(
            locator=locator,
            stamp=f"{status.st_size}:{status.st_mtime_ns}:{status.st_ino}",
            said=Said(
                modified=_time(status.st_mtime),
                statements=level.beside.statements(locator, name.shown),
            ),
            open=partial(_open, entry.path),
            suffix=os.path.splitext(locator)[1].lower(),  # noqa: PTH122 - ten times as fast
            local=True,
            restates=True,
        )

    def _wanted(self, locator: str, entry: os.DirEntry[str]) -> bool:
        return entry.is_dir(follow_symlinks=False) or self._included(locator)

    def _trouble(self, locator: str, reason: Message) -> Trouble | None:
        # A link that was never asked for is nobody's trouble.
        return (
            Trouble(locator, reason, retry=False, hides=False) if self._included(locator) else None
        )


class _Level:
    """A folder in the middle of being walked."""

    __slots__ = ("beside", "linked", "locator", "names")

    def __init__(
        self, names: Iterator[Name], said: Beside, linked: bool, locator: str = ""
    ) -> None:
        self.names = names
        self.beside = said
        self.linked = linked  # it was reached through a link
        self.locator = locator  # "" or ends with "/"


class _Inside:
    """What lies below the root once every link is resolved."""

    def __init__(self, root: str) -> None:
        self.root = root

    def holds(self, path: str) -> bool:
        real = os.path.realpath(path, strict=True)
        return real == self.root or real.startswith(os.path.join(self.root, ""))  # noqa: PTH118

    def loops(self, path: str) -> bool:
        real = os.path.join(os.path.realpath(path), "")  # noqa: PTH118
        parent = os.path.realpath(os.path.dirname(path))  # noqa: PTH120
        return os.path.join(parent, "").startswith(real)  # noqa: PTH118


def _listing(folder: str) -> list[Name]:
    """What ``folder`` holds, sorted, named in NFC wherever that names only one of them."""
    with os.scandir(folder) as entries:
        found = [(unicodedata.normalize("NFC", entry.name), entry) for entry in entries]
    counts = Counter(name for name, _ in found) if found else {}
    names = [Name(name if counts[name] == 1 else entry.name, entry) for name, entry in found]
    return sorted(names, key=lambda name: name.shown)


def _open(path: str) -> IO[bytes]:
    try:
        return Path(path).open("rb")
    except OSError as fault:
        raise CurateError(
            f"{path} cannot be read: {fault.strerror}", "check the file and its permissions"
        ) from fault


def _time(seconds: float) -> str:
    try:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
    except (OverflowError, ValueError, OSError):  # a clock that was set to nonsense
        return ""


def _reason(fault: OSError | RuntimeError) -> Message:
    if isinstance(fault, PermissionError):
        return msg("no permission to read it")
    if isinstance(fault, FileNotFoundError):
        return msg("it is not there, or a link that leads nowhere")
    return msg("it cannot be read: {fault}", fault=getattr(fault, "strerror", "") or fault)


def _unusable(root: Path, fault: OSError | RuntimeError) -> CurateError:
    if isinstance(fault, FileNotFoundError):
        return CurateError(
            f"the folder {root} does not exist",
            "make it, or correct `path` in the collection's sources",
        )
    if isinstance(fault, NotADirectoryError):
        return CurateError(f"{root} is not a folder", "give the folder that holds it as `path`")
    if isinstance(fault, PermissionError):
        return CurateError(f"no permission to list {root}", "give yourself the right to read it")
    return CurateError(f"{root} cannot be listed: {fault}", "check the disk it is on")

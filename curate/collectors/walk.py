"""The way through a folder and all below it, whatever put it there: a person, an archive, a repository."""

from __future__ import annotations

import io
import os
import re
import stat
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, Any

from curate.collectors.beside import Beside, Folder, Name, beside, is_speakable
from curate.collectors.mounts import Mounts
from curate.collectors.patterns import matcher
from curate.collectors.unpack import NESTED, Archives, Omitted, Refused, Unpacked, opens
from curate.errors import CurateError
from curate.messages import msg
from curate.model import Candidate, Message, Said, Statement, Trouble

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
_UPWARD = re.compile(r"\.\.(?:[/\\]|$)")


class Walk:
    """Walks in the order of names, holding one folder's names at a time for each level."""

    def __init__(
        self,
        include: Sequence[str],
        exclude: Sequence[str],
        archives: Archives | None = None,
        mounts: Mounts | None = None,
        below: str = "",
    ) -> None:
        """``archives`` opens those that are met; None leaves them as they are. ``below`` is a folder
        that alone is asked for; what stands in those above it still speaks for what it holds."""
        self._included = matcher(include)
        self._excluded = matcher((*ALWAYS_LEFT_OUT, *exclude))
        self._archives = archives
        self._mounts = mounts or Mounts(None)
        self._below = below

    def through(
        self, ground: Ground, names: list[Name], omitted: Sequence[Omitted] = ()
    ) -> Iterator[Candidate | Trouble]:
        """Everything below a folder whose listing is ``names``, and what of it was never written."""
        said = beside(Beside(), Folder("", ground.root, names, ground.holds))
        yield from self._levels(_Level(iter(names), said, ground, troubles=_troubles("", omitted)))

    def archive(self, path: str) -> Iterator[Candidate | Trouble]:
        """Everything in one archive, as if it were a folder; a trouble without a locator is its own.
        What stands beside it speaks for it as in a folder that is walked."""
        around = _around(path)
        found = self._open("", os.path.realpath(path), os.stat(path), around)  # noqa: PTH116
        if isinstance(found, _Level):
            yield from around.troubles
            yield from self._levels(found)
        else:
            yield found

    def _levels(self, top: _Level) -> Iterator[Candidate | Trouble]:
        # A stack instead of recursion: folders may nest deeper than Python's own stack.
        levels = [top]
        yield from self._told(top)
        while levels:
            level = levels[-1]
            name = next(level.names, None)
            if name is None:
                levels.pop()
                continue
            locator = f"{level.locator}{name.shown}"
            if self._excluded(locator) or name.shown in level.beside.silent:
                continue
            if self._below and not self._leads(locator):
                continue
            found = self._look(locator, name, level)
            if isinstance(found, _Level):
                levels.append(found)
                yield from self._told(found)
            elif found is not None:
                yield found
        self._mounts.save()

    def _told(self, level: _Level) -> Iterator[Trouble]:
        if not self._below or f"{level.locator}/".startswith(f"{self._below}/"):
            yield from level.beside.troubles
        for trouble in level.troubles:
            name = _UPWARD.sub("", trouble.locator)  # or it would pass for a hidden file
            if self._below and not self._leads(name):
                continue
            if self._included(name) and not self._excluded(name):
                yield trouble

    def _leads(self, locator: str) -> bool:
        """Is it on the way to what is asked for, or below it?"""
        return f"{self._below}/".startswith(f"{locator}/") or locator.startswith(f"{self._below}/")

    def _look(self, locator: str, name: Name, level: _Level) -> Candidate | Trouble | _Level | None:
        entry, ground = name.entry, level.ground
        if not is_speakable(entry.name):
            printable = locator.encode("utf-8", "backslashreplace").decode()
            return Trouble(
                printable, msg("its name is not valid UTF-8; rename it"), retry=False, hides=False
            )
        try:
            linked = entry.is_symlink() or getattr(entry, "is_junction", bool)()
            if linked and not ground.holds(entry.path):
                return self._trouble(locator, msg("it is a link that leads out of the folder"))
            status = entry.stat()
            if stat.S_ISDIR(status.st_mode):
                return self._folder(locator, entry, status, level, linked)
            if not stat.S_ISREG(status.st_mode):
                return self._trouble(locator, msg("it is a device or pipe, not a file"))
            if self._archives and opens(name.shown):
                return self._open(locator, entry.path, status, level)
        except (OSError, RuntimeError) as fault:
            return Trouble(locator, _reason(fault)) if self._wanted(locator, entry) else None
        if not self._included(locator):
            return None
        if not status.st_size:
            return Trouble(locator, msg("it is empty"), retry=False, hides=False)
        said = level.beside.statements(locator, name.shown)
        if level.about:
            said = tuple(dict.fromkeys((*said, *level.about)))
        return ground.candidate(locator, entry.path, status, said)

    def _folder(
        self,
        locator: str,
        entry: os.DirEntry[str],
        status: os.stat_result,
        level: _Level,
        linked: bool,
    ) -> _Level | Trouble | None:
        if linked and level.linked:
            return self._trouble(locator, msg("it is a link below another link"))
        if linked and level.ground.loops(entry.path):
            return self._trouble(locator, msg("it is a link to a folder that holds it"))
        names = listing(entry.path)
        if not linked and self._mounts.lost(locator, entry.path, status.st_dev, bool(names)):
            return Trouble(
                locator,
                msg("a drive was mounted here and is not now; remove the folder if that is meant"),
            )
        said = beside(level.beside, Folder(f"{locator}/", entry.path, names, level.ground.holds))
        return _Level(
            iter(names),
            said,
            level.ground,
            f"{locator}/",
            level.linked or linked,
            depth=level.depth,
            about=level.about,
        )

    def _open(
        self, locator: str, path: str, status: os.stat_result, level: _Level
    ) -> _Level | Trouble:
        assert self._archives is not None
        try:
            if level.depth > NESTED:
                raise Refused(msg("it is an archive in more than {limit} others", limit=NESTED))
            first = not level.depth
            found = self._archives.unpacked(locator, path, status, level.ground.mark(path), first)
            ground: Ground = Shelved(found)
            names = listing(ground.root)
        except Refused as refused:
            return Trouble(locator, refused.reason, refused.retry, refused.retry)
        inside = f"{locator}/" if locator else ""
        said = beside(level.beside, Folder(inside, ground.root, names, ground.holds))
        troubles = _troubles(inside, found.contents.omitted)
        about = (*level.about, *_about(locator, level.beside))
        return _Level(iter(names), said, ground, inside, False, troubles, level.depth + 1, about)

    def _wanted(self, locator: str, entry: os.DirEntry[str]) -> bool:
        return entry.is_dir(follow_symlinks=False) or self._included(locator)

    def _trouble(self, locator: str, reason: Message) -> Trouble | None:
        # A link that was never asked for is nobody's trouble.
        return (
            Trouble(locator, reason, retry=False, hides=False) if self._included(locator) else None
        )


class Ground:
    """A folder that is walked: what lies below it once every link is resolved."""

    def __init__(self, root: str) -> None:
        self.root = root

    def holds(self, path: str) -> bool:
        real = os.path.realpath(path, strict=True)
        return real == self.root or real.startswith(os.path.join(self.root, ""))  # noqa: PTH118

    def loops(self, path: str) -> bool:
        real = os.path.join(os.path.realpath(path), "")  # noqa: PTH118
        parent = os.path.realpath(os.path.dirname(path))  # noqa: PTH120
        return os.path.join(parent, "").startswith(real)  # noqa: PTH118

    def mark(self, path: str) -> str:
        """What names the bytes of a file for good; "" where only its size and time are known."""
        return ""

    def candidate(
        self, locator: str, path: str, status: os.stat_result, statements: tuple[Statement, ...]
    ) -> Candidate:
        return Candidate(
            locator=locator,
            stamp=f"{status.st_size}:{status.st_mtime_ns}:{status.st_ino}",
            said=Said(modified=_time(status.st_mtime), statements=statements),
            open=partial(_open, path),
            suffix=os.path.splitext(locator)[1].lower(),  # noqa: PTH122 - ten times as fast
            local=True,
            restates=True,
        )


class Shelved(Ground):
    """What was unpacked or exported: its files never change, and each is known by its bytes."""

    def __init__(self, unpacked: Unpacked) -> None:
        super().__init__(os.path.realpath(unpacked.folder))
        self._files = unpacked.contents.files

    def mark(self, path: str) -> str:
        return self._files[self._name(path)].stamp

    def candidate(
        self, locator: str, path: str, status: os.stat_result, statements: tuple[Statement, ...]
    ) -> Candidate:
        entry = self._files[self._name(path)]
        modified = "" if entry.modified is None else _time(entry.modified)
        return Candidate(
            locator=locator,
            stamp=entry.stamp,
            said=Said(url=entry.url, modified=modified, statements=statements),
            open=partial(_open, path),
            suffix=os.path.splitext(locator)[1].lower(),  # noqa: PTH122 - ten times as fast
            local=True,
            restates=True,
        )

    def _name(self, path: str) -> str:
        return path[len(self.root) + 1 :].replace(os.sep, "/")


class _Level:
    """A folder in the middle of being walked."""

    __slots__ = ("about", "beside", "depth", "ground", "linked", "locator", "names", "troubles")

    def __init__(
        self,
        names: Iterator[Name],
        said: Beside,
        ground: Ground,
        locator: str = "",
        linked: bool = False,
        troubles: tuple[Trouble, ...] = (),
        depth: int = 0,
        about: tuple[Statement, ...] = (),
    ) -> None:
        self.names = names
        self.beside = said
        self.ground = ground
        self.locator = locator  # "" or ends with "/"
        self.linked = linked  # it was reached through a link
        self.troubles = troubles  # what of it could not be unpacked
        self.depth = depth  # archives around it
        self.about = about  # said of these archives themselves, and so of all that is in them


def _about(locator: str, said: Beside) -> tuple[Statement, ...]:
    """What is said of an archive, but not of what is in it: that is heard there, or something nearer."""
    heard = set(said.statements(f"{locator}/-", ""))
    name = locator.rpartition("/")[2]
    return tuple(one for one in said.statements(locator, name) if one not in heard)


def _around(path: str) -> _Level:
    """The folder that an archive lies in, as far as it is about this archive."""
    folder, name = os.path.split(os.path.abspath(path))  # noqa: PTH100 - links stay as they are
    ground, name = Ground(os.path.realpath(folder)), unicodedata.normalize("NFC", name)
    try:
        names = listing(ground.root)
    except OSError as fault:
        untold = (Trouble("..", _reason(fault), hides=False),)
        return _Level(iter(()), Beside(), ground, troubles=untold)
    own = (name, f"{name}.license")
    names = [one for one in names if one.shown in own or not one.shown.endswith(".license")]
    found = beside(Beside(), Folder("../", ground.root, names, ground.holds))
    # Its tables name files of that folder: what they say of the archive is said of all in it.
    about = tuple(
        one for one in found.statements(f"../{name}", name) if one not in set(found.common)
    )
    said = replace(found, tables=(), copyrights=(), sidecars={}, silent=frozenset(), troubles=())
    return _Level(iter(()), said, ground, troubles=found.troubles, about=about)


def _troubles(inside: str, omitted: Sequence[Omitted]) -> tuple[Trouble, ...]:
    return tuple(
        Trouble(f"{inside}{one.name}", one.reason, one.retry, one.hides) for one in omitted
    )


def listing(folder: str) -> list[Name]:
    """What ``folder`` holds, sorted, named in NFC wherever that names only one of them."""
    with os.scandir(folder) as entries:
        found = [(unicodedata.normalize("NFC", entry.name), entry) for entry in entries]
    counts = Counter(name for name, _ in found) if found else {}
    names = [Name(name if counts[name] == 1 else entry.name, entry) for name, entry in found]
    return sorted(names, key=lambda name: name.shown)


class _Steady(io.FileIO):
    """A file that must not change while it is read: half of two versions is no file at all."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._before = self._version()

    def readinto(self, buffer: Any) -> int | None:
        size = super().readinto(buffer)
        if size == 0 and len(buffer):
            self._check()
        return size

    def readall(self) -> bytes:
        data = super().readall()
        self._check()
        return data

    def _check(self) -> None:
        if self._version() != self._before:
            raise CurateError(
                f"{self.name} is still being written", "run again when it is complete"
            )

    def _version(self) -> tuple[int, int]:
        status = os.fstat(self.fileno())
        return status.st_size, status.st_mtime_ns


def _open(path: str) -> IO[bytes]:
    try:
        return io.BufferedReader(_Steady(path), 1 << 16)
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


def unusable(root: Path, fault: OSError | RuntimeError) -> CurateError:
    """What is wrong with the folder that a source begins at."""
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

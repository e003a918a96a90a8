"""Writes what an archive or a repository holds below one folder, and nothing anywhere else."""

from __future__ import annotations

import errno
import hashlib
import posixpath
from collections.abc import Iterable
from pathlib import Path

import msgspec

from curate.collectors.unpack.names import held, marked, printable, safe
from curate.messages import msg
from curate.model import Message
from curate.workspace import unusable

MIB = 1 << 20
SUSPICIOUS = 100 * MIB
"""Unpacked bytes from which on it matters how much larger they are than the archive."""
RATIO = 200
"""Times the size of its archive that real material may have; text reaches some 20."""
TOLD = 1000
"""Entries of one archive that are left out with a reason each; one more reason stands for the rest."""
LINKS = 40
"""Links that may lead from one to the next."""


class Bounds(msgspec.Struct, frozen=True):
    """What one archive, with all archives in it, may become."""

    size: int = 4096 * MIB
    """Bytes of all files."""
    entries: int = 100_000

    def less(self, contents: Contents) -> Bounds:
        """What is left after these."""
        return Bounds(max(self.size - contents.size, 0), max(self.entries - contents.entries, 0))


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """A file that was written."""

    size: int
    stamp: str  # of its bytes: an equal one = the same bytes
    url: str = ""  # where a person can see it
    modified: float | None = None  # seconds since 1970


class Omitted(msgspec.Struct, frozen=True, array_like=True):
    """An entry that was not written."""

    name: str  # printable
    reason: Message
    retry: bool = False  # it may be there another time
    hides: bool = False  # other entries may lie behind it


class Contents(msgspec.Struct, frozen=True):
    """What became of an archive or a tree."""

    files: dict[str, Entry] = {}  # by path below the folder, as it is on the disk
    omitted: tuple[Omitted, ...] = ()
    size: int = 0
    entries: int = 0
    refused: Message | None = None  # why there is nothing, where nothing was taken


class Refused(Exception):
    """The whole of it cannot be used."""

    def __init__(self, reason: Message, retry: bool = False) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.retry = retry  # it may be usable another time, or with another installation


class Damaged(Exception):
    """The bytes of one entry cannot be read to their end."""

    def __init__(self, fault: object = "") -> None:
        super().__init__(str(fault))
        self.reason = msg(
            "it is damaged: {fault}", fault=printable(str(fault) or "its end is missing")
        )


class Writer:
    """Takes one entry after the other. Counts what it really gets, whatever was announced."""

    def __init__(self, folder: Path, bounds: Bounds, packed: int) -> None:
        self.folder = folder
        self._bounds = bounds
        self._packed = packed  # bytes; 0 = nothing to compare with
        self._files: dict[str, Entry] = {}
        self._paths: dict[str, str] = {}  # name inside → path on the disk
        self._links: dict[str, tuple[str, Entry]] = {}
        self._omitted: dict[str, Omitted] = {}
        self._more = 0
        self._size = 0
        self._entries = 0

    @property
    def size(self) -> int:
        """Bytes written."""
        return self._size

    def count(self, entries: int = 1) -> None:
        """Note entries, also those that become no file. Raises Refused."""
        self._entries += entries
        if self._entries > self._bounds.entries:
            raise Refused(msg("it holds more than {limit} entries", limit=self._bounds.entries))

    def pass_by(self, at: int) -> None:
        """Note how far a stream was read, with what is skipped. Raises Refused."""
        self._check(at - 4096 * self._entries)

    def expect(self, size: int) -> None:
        """Raises Refused where so many more bytes, as announced, would be too many."""
        self._check(self._size + size)

    def file(
        self,
        name: str,
        data: Iterable[bytes],
        modified: float | None = None,
        stamp: str = "",
        url: str = "",
    ) -> None:
        """Write a file. What is there under the same name gives way: archives are appended to.

        Raises Refused, and CurateError where the disk takes no more.
        """
        parts = safe(name)
        if isinstance(parts, Message):
            self.omit(name, parts)
            return
        inside = "/".join(parts)
        try:
            self._make_way(inside)
            path, size, digest = self._write(parts, data)
        except Damaged as fault:
            self.omit(name, fault.reason, retry=True)
            return
        except OSError as fault:
            if fault.errno in (errno.ENOTDIR, errno.EEXIST, errno.EISDIR):
                self.omit(name, msg("another entry stands where it would be"))
            elif fault.errno in (errno.ENAMETOOLONG, errno.EINVAL):
                self.omit(
                    name, msg("its name cannot be written here: {fault}", fault=fault.strerror)
                )
            else:
                raise unusable(fault, self.folder) from fault
            return
        self._omitted.pop(printable(name), None)  # an earlier one that was damaged
        self._paths[inside] = path
        self._files[path] = Entry(size, stamp or digest, url, modified)

    def link(
        self,
        name: str,
        target: str,
        modified: float | None = None,
        url: str = "",
        at_root: bool = False,
    ) -> None:
        """Note a link; ``close`` makes it a copy of the file it leads to. ``at_root``: its target is a
        path of the archive, as that of a hard link."""
        parts = safe(name)
        if isinstance(parts, Message):
            self.omit(name, parts)
            return
        inside = "/".join(parts)
        start = "" if at_root else posixpath.dirname(inside)
        place = posixpath.normpath(posixpath.join(start, target.replace("\\", "/")))
        self._links[inside] = (place, Entry(0, "", url, modified))

    def omit(self, name: str, reason: Message, retry: bool = False, hides: bool = False) -> None:
        """Leave an entry out, and say why."""
        shown = printable(name)
        if shown not in self._omitted and len(self._omitted) >= TOLD:
            self._more += 1
            return
        self._omitted[shown] = Omitted(shown, reason, retry, hides)

    def close(self) -> Contents:
        """Everything that was written and what was not."""
        links = dict(self._links)
        for inside, (target, entry) in links.items():
            for _ in range(LINKS):
                if target not in links:
                    break
                target = links[target][0]
            self._copy(inside, target, entry)
        omitted = list(self._omitted.values())
        if self._more:
            omitted.append(
                Omitted("…", msg("{count} more entries were left out", count=self._more))
            )
        return Contents(self._files, tuple(omitted), self._size, self._entries)

    def _copy(self, inside: str, target: str, entry: Entry) -> None:
        source = self._paths.get(target)
        if source is None:
            self.omit(inside, msg("it is a link to what is no file in here"))
        elif inside not in self._paths:
            stamp = self._files[source].stamp
            try:
                with (self.folder / source).open("rb") as stream:
                    self.file(
                        inside,
                        iter(lambda: stream.read(MIB), b""),
                        entry.modified,
                        stamp,
                        entry.url,
                    )
            except OSError as fault:
                raise unusable(fault, self.folder) from fault

    def _make_way(self, inside: str) -> None:
        before = self._paths.pop(inside, None)
        self._links.pop(inside, None)
        if before is not None:
            del self._files[before]
            (self.folder / before).unlink(missing_ok=True)
            self.omit(f"{inside}#", msg("a later entry of the same name replaces it"))

    def _write(self, parts: tuple[str, ...], data: Iterable[bytes]) -> tuple[str, int, str]:
        *folders, last = map(held, parts)
        where = "/".join(folders)
        home = self.folder / where
        if not home.is_dir():
            home.mkdir(parents=True, exist_ok=True)
        name = last
        try:
            out = (home / name).open("xb")
        except (
            FileExistsError
        ):  # the disk knows no difference of case or form, or a folder is there
            name = marked(last, "/".join(parts))
            out = (home / name).open("xb")
        size, digest = 0, hashlib.sha256()
        try:
            with out:
                for piece in data:
                    size += len(piece)
                    self._check(self._size + size)
                    digest.update(piece)
                    out.write(piece)
        except BaseException:
            (home / name).unlink()
            raise
        self._size += size
        return f"{where}/{name}" if where else name, size, digest.hexdigest()

    def _check(self, size: int) -> None:
        if size > self._bounds.size:
            raise Refused(
                msg(
                    "it unpacks to more than {limit} MiB; raise max_unpacked_mb to take it",
                    limit=self._bounds.size // MIB,
                )
            )
        if self._packed and size > SUSPICIOUS and size > RATIO * self._packed:
            raise Refused(
                msg("it unpacks to more than {ratio} times its size, as bombs do", ratio=RATIO)
            )

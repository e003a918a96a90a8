"""Archives as folders: unpacked once, beside the collection, and walked like any folder.

What is unpacked lies in a folder named by the archive's identity. It gets this name when it is
complete, so a run that was killed leaves nothing that a later one would trust.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

import msgspec

from curate import typed
from curate.collectors.unpack.writer import MIB, Bounds, Contents, Entry, Omitted, Refused, Writer
from curate.messages import msg
from curate.workspace import unusable

__all__ = [
    "NESTED",
    "Archives",
    "Bounds",
    "Contents",
    "Entry",
    "Omitted",
    "Refused",
    "Shelf",
    "Unpacked",
    "Writer",
    "opens",
]

NESTED = 3
"""Archives in archives that are opened: one in one in one."""
FORM = "1"
"""Part of every name: another number where what is written changes."""
_TARS = (".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tzst")
_TARRED = (".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst")
_LIST = "contents.json"
_FILES = "files"


def opens(name: str) -> bool:
    """Is ``name`` that of an archive which can be opened, or of a part of one? Office documents and
    books are ZIP files too, but nobody thinks of them as folders."""
    return name.lower().removesuffix(".001").endswith((".zip", ".7z", *_TARS, *_TARRED))


class Unpacked(msgspec.Struct, frozen=True):
    """A folder of files, and what is known of them."""

    folder: Path
    contents: Contents


class Shelf:
    """Keeps what was unpacked for one source, each under the name of what it was made of."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._used: set[str] = set()
        self._began = False

    def get(self, identity: str, write: Callable[[Path], Contents]) -> Unpacked:
        """What is kept for ``identity``; ``write`` makes it, into an empty folder, where nothing is.

        Raises Refused, what ``write`` raises, and CurateError where the disk takes no more.
        """
        name = hashlib.sha256(f"{FORM}\n{identity}".encode()).hexdigest()[:32]
        self._used.add(name)
        try:
            self._begin()
            kept = self._folder / name
            if (contents := _read(kept)) is None:
                contents = self._make(kept, write)
            if contents.refused:
                raise Refused(contents.refused)
            return Unpacked(kept / _FILES, contents)
        except OSError as fault:
            raise unusable(fault, self._folder) from fault

    def tidy(self) -> None:
        """Remove what was not asked for since this shelf was opened."""
        with suppress(OSError):
            for path in sorted(self._folder.iterdir()):
                if path.name not in self._used:
                    shutil.rmtree(path, ignore_errors=True)

    def _begin(self) -> None:
        if not self._began:
            self._folder.mkdir(parents=True, exist_ok=True)
            for part in self._folder.glob("*.part"):  # of a run that was killed
                shutil.rmtree(part, ignore_errors=True)
            self._began = True

    def _make(self, kept: Path, write: Callable[[Path], Contents]) -> Contents:
        shutil.rmtree(kept, ignore_errors=True)
        part = kept.with_name(f"{kept.name}.part")
        try:
            (part / _FILES).mkdir(parents=True)
            try:
                contents = write(part / _FILES)
            except Refused as refused:
                if refused.retry:
                    raise
                shutil.rmtree(part / _FILES)  # whatever is installed, the answer will be the same
                contents = Contents(refused=refused.reason)
            with (part / _LIST).open("wb") as out:
                out.write(msgspec.json.encode(contents))
                out.flush()
                os.fsync(out.fileno())
            part.rename(kept)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
        return contents


def unpack(archive: Path, folder: Path, bounds: Bounds) -> Contents:
    """Write all that ``archive`` holds into ``folder``. Raises Refused, and CurateError for the disk."""
    lower = archive.name.lower()
    if lower.endswith(".001"):
        raise Refused(msg("it is one part of an archive in several; join them first"))
    with _opened(archive) as stream:
        head = stream.read(8)
        stream.seek(0)
        size = os.fstat(stream.fileno()).st_size
        if head.startswith(b"7z\xbc\xaf\x27\x1c"):
            from curate.collectors.unpack import sevens

            return sevens.unpack(sevens.Task(str(archive), str(folder), bounds))
        writer = Writer(folder, bounds, size)
        if lower.endswith((*_TARS, *_TARRED)):
            from curate.collectors.unpack import tars

            tars.unpack(stream, writer)
        elif lower.endswith(".zip"):
            from curate.collectors.unpack import zips

            zips.unpack(stream, writer)
        else:
            raise Refused(msg("it is damaged: {fault}", fault="it is no 7z archive"), retry=True)
        return writer.close()


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as fault:
        raise Refused(
            msg("it cannot be read: {fault}", fault=fault.strerror), retry=True
        ) from fault


def _read(kept: Path) -> Contents | None:
    """What is known of a folder, if all of it is there: a power cut may have emptied files."""
    try:
        contents = typed.json((kept / _LIST).read_bytes(), Contents)
        for path, entry in contents.files.items():
            if os.stat(kept / _FILES / path).st_size != entry.size:  # noqa: PTH116 - many of them
                return None
    except (OSError, msgspec.MsgspecError, UnicodeError):
        return None
    return contents


class Archives:
    """Opens the archives that one source holds. Use it in a ``with``."""

    def __init__(self, cache: Path | None, max_unpacked_mb: int) -> None:
        self._temporary = None if cache else tempfile.TemporaryDirectory(prefix="curate-")
        self._shelf = Shelf((cache or Path(self._temporary.name)) / "unpacked")  # type: ignore[union-attr]
        self._most = Bounds(size=max_unpacked_mb * MIB)
        self._left = self._most

    def __enter__(self) -> Archives:
        return self

    def __exit__(self, *_: object) -> None:
        if self._temporary:
            self._temporary.cleanup()

    def unpacked(
        self, locator: str, path: str, status: os.stat_result, mark: str, first: bool
    ) -> Unpacked:
        """What is in the archive at ``path``. ``mark`` names its bytes; without one its place, size
        and time do. The ``first`` and all archives in it share one allowance. Raises Refused."""
        if first:
            self._left = self._most
        bounds = self._left
        version = mark or f"{locator}\n{status.st_size}:{status.st_mtime_ns}"
        identity = f"{version}\n{bounds.size}:{bounds.entries}:{Path(path).suffix}"
        found = self._shelf.get(
            identity, lambda folder: _steady(Path(path), status, folder, bounds)
        )
        self._left = bounds.less(found.contents)
        return found

    def tidy(self) -> None:
        """Remove what was unpacked of archives that are gone or have changed."""
        self._shelf.tidy()


def _steady(path: Path, before: os.stat_result, folder: Path, bounds: Bounds) -> Contents:
    """What is unpacked while the archive still grows is worth nothing."""
    found: Contents | Refused
    try:
        found = unpack(path, folder, bounds)
    except Refused as refused:
        found = refused
    after = path.stat()
    if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise Refused(msg("it is still being written; run again"), retry=True)
    if isinstance(found, Refused):
        raise found
    return found

"""Where a bag lies: a folder or a zip. Names are looked at before anything is opened."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from curate.bundle.archive.blocks import PIECE
from curate.bundle.archive.members import Reader, member, overlapping
from curate.bundle.archive.seams import ending, seams
from curate.bundle.layout import TAGS
from curate.bundle.names import is_junk
from curate.errors import CurateError, Problem
from curate.messages import sentence

RATIO = 1000  # unpacked to packed bytes, beyond which an entry is a bomb
ENTRIES = 2_000_000
_MARK = re.compile(r"bagit\.txt|(tag)?manifest-[a-z0-9]+\.txt")
_NO_UNPACK = sentence("do not unpack this archive")


class Source(Protocol):
    """Files by their path below the bag's top, in NFC: a file system may have changed the form."""

    sizes: dict[str, int]  # bytes; without what file managers leave behind
    junk: dict[str, int]  # which is here
    raw: dict[str, str]  # path → as it is written, where that is another form
    payload: bool  # whether there is a folder called data
    problems: list[Problem]

    def open(self, path: str) -> IO[bytes]:
        """The bytes of a path in ``sizes`` or ``junk``."""
        ...

    def pieces(self, path: str) -> Iterator[bytes | bytearray]:
        """The same in pieces, in any thread. Raises OSError, or ValueError where they are damaged."""
        ...


@dataclass(slots=True)
class Folder:
    """A bag that was unpacked."""

    root: Path
    sizes: dict[str, int] = field(default_factory=dict)
    junk: dict[str, int] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)
    payload: bool = False
    problems: list[Problem] = field(default_factory=list)
    _real: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        top = f"{self.root}{os.sep}"
        self.payload = (self.root / "data").is_dir()
        found: dict[str, int] = {}
        for entry in _below(top):
            name = entry.path[len(top) :].replace(os.sep, "/")
            if entry.is_symlink():
                self.problems.append(
                    Problem(
                        name, sentence("is a link, not a file"), sentence("unpack the archive anew")
                    )
                )
            elif entry.is_file():
                found[name] = entry.stat().st_size
        self.problems.sort(key=lambda one: one.where)
        for name, known in _known(sorted(found)).items():
            (self.junk if is_junk(known) else self.sizes)[known] = found[name]
            self._real[known] = top + name
            if known != name:
                self.raw[known] = name

    def open(self, path: str) -> IO[bytes]:
        return Path(self._real[path]).open("rb")

    def pieces(self, path: str) -> Iterator[bytes | bytearray]:
        # Most files are small: without a file object around it, each is read in half the time.
        file = os.open(self._real[path], os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            while piece := os.read(file, PIECE):
                yield piece
        finally:
            os.close(file)


def _below(folder: str) -> Iterator[os.DirEntry[str]]:
    """Everything in a folder and below that is no folder; links are not followed."""
    folders = [folder]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    yield entry


class Zip:
    """A bag inside a zip, below one top folder or none."""

    def __init__(self, path: Path) -> None:
        self.sizes: dict[str, int] = {}
        self.junk: dict[str, int] = {}
        self.raw: dict[str, str] = {}
        self.problems: list[Problem] = []
        try:
            self._zip = zipfile.ZipFile(path)
            entries = self._zip.infolist()
        except Exception as fault:  # for a broken directory zipfile raises anything
            raise CurateError(
                f"{path} cannot be read as a zip: {fault}", "download it again"
            ) from fault
        if len(entries) > ENTRIES:
            raise CurateError(f"{path} claims {len(entries):,} entries", "this is no bundle")
        self._reader = Reader(path)
        top = _top(entries)
        self.payload = any(entry.orig_filename.startswith(f"{top}data/") for entry in entries)
        # No file manager has been in an archive as its seller signed it.
        self._sealed = any(one.orig_filename == f"{top}{TAGS}.minisig" for one in entries)
        found = self._found(entries, top)
        self._entries: dict[str, zipfile.ZipInfo] = {}
        for name, known in _known(found).items():
            entry = found[name]
            left = is_junk(known) and not self._sealed
            (self.junk if left else self.sizes)[known] = entry.file_size
            self._entries[known] = entry
            if known != name:
                self.raw[known] = name
        for one, other in overlapping([member(entry) for entry in entries]):
            name = other.name.decode("utf-8", "replace")
            what = sentence(
                "shares bytes of the archive with {name}", name=one.name.decode("utf-8", "replace")
            )
            self.problems.append(Problem(name, what, _NO_UNPACK))
        with path.open("rb", buffering=0) as file:
            for name, seam in seams(file, entries, self._zip.start_dir):
                self.problems.append(Problem(name or path.name, seam, _NO_UNPACK))
            if end := ending(file, len(entries), self._zip.comment):
                self.problems.append(Problem(path.name, end, _NO_UNPACK))

    def _found(self, entries: list[zipfile.ZipInfo], top: str) -> dict[str, zipfile.ZipInfo]:
        """Files by their name below ``top``, without those that nobody should unpack."""
        found: dict[str, zipfile.ZipInfo] = {}
        for entry in entries:
            name = entry.orig_filename
            below = name.removeprefix(top)
            if problem := _unsafe(entry):
                self.problems.append(Problem(name, problem, _NO_UNPACK))
            elif not name.startswith(top):
                if not entry.is_dir() and (self._sealed or not is_junk(name)):
                    what = sentence(
                        "is not in the folder {folder} as all the rest", folder=top.rstrip("/")
                    )
                    self.problems.append(Problem(name, what, _NO_UNPACK))
            elif below in found:
                self.problems.append(
                    Problem(below, sentence("is in the archive twice"), _NO_UNPACK)
                )
            elif not entry.is_dir():
                found[below] = entry
            elif entry.file_size:
                self.problems.append(
                    Problem(name, sentence("is a folder with bytes of its own"), _NO_UNPACK)
                )
        for entry in entries:
            below = entry.orig_filename.removeprefix(top)
            if entry.is_dir() and below.rstrip("/") in found:
                self.problems.append(Problem(below, sentence("is a file and a folder"), _NO_UNPACK))
        return found

    def open(self, path: str) -> IO[bytes]:
        return self._zip.open(self._entries[path])

    def pieces(self, path: str) -> Iterator[bytes | bytearray]:
        return self._reader.pieces(member(self._entries[path]))


def _known(names: Iterable[str]) -> dict[str, str]:
    """The path that each goes by: in NFC, unless two differ in nothing else."""
    forms = {name: unicodedata.normalize("NFC", name) for name in names}
    count = Counter(forms.values())
    return {name: known if count[known] == 1 else name for name, known in forms.items()}


def _top(entries: list[zipfile.ZipInfo]) -> str:
    """The folder that holds bagit.txt or, where that is lost, a manifest, with its slash; "" for the root."""
    marked = (
        name.rpartition("/")[0]
        for one in entries
        if is_mark((name := one.filename).rpartition("/")[2])
    )
    nearest = min(marked, key=lambda folder: (folder.count("/"), len(folder), folder), default="")
    return f"{nearest}/" if nearest else ""


def is_mark(name: str) -> bool:
    """Whether a file of this name lies at the top of bags alone."""
    return bool(_MARK.fullmatch(name))


def _unsafe(entry: zipfile.ZipInfo) -> str:
    name = entry.orig_filename
    parts = name.rstrip("/").split("/")
    if "\\" in name or "\0" in name or name.startswith("/") or (len(name) > 1 and name[1] == ":"):
        return sentence("its name is not a safe path inside the archive")
    if ".." in parts or "." in parts or "" in parts:
        return sentence("its name leads out of the folder it is unpacked to")
    if stat.S_ISLNK(entry.external_attr >> 16):
        return sentence("is a link, not a file")
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return sentence("is no ordinary file")
    if entry.flag_bits & 1:
        return sentence("is encrypted")
    if entry.file_size > RATIO * max(entry.compress_size, 64):
        return sentence("would unpack to far more than it holds")
    return ""

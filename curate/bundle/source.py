"""A bag's files, whether they lie in a folder or inside a zip; nothing is unpacked."""

from __future__ import annotations

import stat
import unicodedata
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from curate.bundle.names import is_junk
from curate.errors import CurateError, Problem

RATIO = 1000  # unpacked to packed bytes, beyond which an entry is a bomb
ENTRIES = 2_000_000


class Source(Protocol):
    """Files by their path below the bag's top, in NFC: a file system may have changed the form."""

    sizes: dict[str, int]  # bytes
    problems: list[Problem]

    def open(self, path: str) -> IO[bytes]: ...


@dataclass(slots=True)
class Folder:
    """A bag that was unpacked."""

    root: Path
    sizes: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    _real: dict[str, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for path in sorted(self.root.rglob("*")):
            name = unicodedata.normalize("NFC", path.relative_to(self.root).as_posix())
            if path.is_symlink():
                self.problems.append(
                    Problem(name, "is a link, not a file", "unpack the archive anew")
                )
            elif is_junk(name):
                if path.is_file():
                    self.problems.append(_junk(name))
            elif path.is_file():
                self.sizes[name] = path.stat().st_size
                self._real[name] = path

    def open(self, path: str) -> IO[bytes]:
        return self._real[path].open("rb")


class Zip:
    """A bag inside a zip, below one top folder or none."""

    def __init__(self, path: Path) -> None:
        self.sizes: dict[str, int] = {}
        self.problems: list[Problem] = []
        self._entries: dict[str, zipfile.ZipInfo] = {}
        try:
            self._zip = zipfile.ZipFile(path)
        except Exception as fault:  # for a broken directory zipfile raises anything
            raise CurateError(
                f"{path} cannot be read as a zip: {fault}", "download it again"
            ) from fault
        entries = self._zip.infolist()
        if len(entries) > ENTRIES:
            raise CurateError(f"{path} claims {len(entries):,} entries", "this is no bundle")
        top = _top(entries)
        for entry in entries:
            self._entry(entry, top)

    def _entry(self, entry: zipfile.ZipInfo, top: str) -> None:
        name = entry.orig_filename
        if problem := _unsafe(entry):
            self.problems.append(Problem(name, problem, "do not unpack this archive"))
            return
        path = unicodedata.normalize("NFC", name.removeprefix(top))
        if entry.is_dir():
            return
        if is_junk(path):
            self.problems.append(_junk(path))
        elif path in self.sizes:
            self.problems.append(Problem(path, "is in the archive twice"))
        else:
            self.sizes[path] = entry.file_size
            self._entries[path] = entry

    def open(self, path: str) -> IO[bytes]:
        return self._zip.open(self._entries[path])


def _top(entries: list[zipfile.ZipInfo]) -> str:
    """The folder that holds bagit.txt, with its slash; "" where it lies at the root."""
    marks = sorted(
        (one.filename for one in entries if one.filename.rsplit("/", 1)[-1] == "bagit.txt"), key=len
    )
    return marks[0].removesuffix("bagit.txt") if marks else ""


def _unsafe(entry: zipfile.ZipInfo) -> str:
    name = entry.orig_filename
    parts = name.rstrip("/").split("/")
    if "\\" in name or "\0" in name or name.startswith("/") or (len(name) > 1 and name[1] == ":"):
        return "its name is not a safe path inside the archive"
    if ".." in parts or "." in parts or "" in parts:
        return "its name leads out of the folder it is unpacked to"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "is a link, not a file"
    if entry.flag_bits & 1:
        return "is encrypted"
    if entry.file_size > RATIO * max(entry.compress_size, 64):
        return "would unpack to far more than it holds"
    return ""


def _junk(name: str) -> Problem:
    return Problem(name, "was put there by a file manager", "it may be deleted", "warning")

"""A folder on this machine: every file below it, links only as far as they stay inside.

What files beside the material say about its rights goes with each file (``beside``).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from curate.collection import Source
from curate.collectors import Context, Memory
from curate.collectors.beside import Name
from curate.collectors.mounts import Mounts
from curate.collectors.patterns import matcher
from curate.collectors.unpack import Archives
from curate.collectors.walk import Ground, Walk, listing, unusable
from curate.model import Candidate, Trouble


class FolderSource(Source, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="folder"):
    """``type = "folder"``: the files below a folder, but no hidden ones and no system litter."""

    first: ClassVar[str] = "path"

    path: str
    """The folder; relative to the collection's own, ``~`` is the home folder."""
    include: tuple[str, ...] = ("**",)
    """Globs of what to take, as in .gitignore; upper and lower case are the same."""
    exclude: tuple[str, ...] = ()
    """Globs of what to leave out; wins over include, and a folder goes with all below it."""
    archives: Literal["keep", "open"] = "keep"
    """"open" takes what is in the ZIP, tar and 7z archives of the folder instead of the archives
    themselves, as if each were a folder: "pack.zip/inner/name.txt"."""
    max_unpacked_mb: Annotated[int, Meta(ge=1)] = 4096
    """Largest content of one archive that is opened, in MiB."""

    def __post_init__(self) -> None:
        check_path(self.path, "the folder that holds the material")
        for pattern in (self.include, self.exclude):
            matcher(pattern)

    def watched(self, folder: Path) -> tuple[Path, ...]:
        return (folder / Path(self.path).expanduser(),)

    @property
    def place(self) -> str:
        return self.path


class FolderCollector:
    """Walks in the order of names, holding one folder's names at a time for each level."""

    options: ClassVar[type[Source]] = FolderSource
    local: ClassVar[bool] = True

    def __init__(self, options: FolderSource, context: Context) -> None:
        self.root = context.folder / Path(options.path).expanduser()
        self._source = options
        self._cache = context.cache

    def candidates(self, memory: Memory) -> Iterator[Candidate | Trouble]:
        """Every file. A file that changes while it is read gets another stamp, so the next run
        reads it again. Raises CurateError when the folder itself cannot be listed."""
        try:
            real = os.path.realpath(self.root, strict=True)
            names = listing(real)
        except (OSError, RuntimeError) as fault:
            raise unusable(self.root, fault) from fault
        source, mounts = self._source, Mounts(self._cache and self._cache / "mounts.json")
        if source.archives == "keep":
            walk = Walk(source.include, source.exclude, mounts=mounts)
            return walk.through(Ground(real), names)
        return self._opening(Ground(real), names, mounts)

    def _opening(
        self, ground: Ground, names: list[Name], mounts: Mounts
    ) -> Iterator[Candidate | Trouble]:
        source = self._source
        with Archives(self._cache, source.max_unpacked_mb) as archives:
            walk = Walk(source.include, source.exclude, archives, mounts)
            yield from walk.through(ground, names)
            archives.tidy()


def check_path(path: str, what: str, key: str = "path") -> None:
    """Raises ValueError for what can be no path."""
    if not path.strip():
        raise ValueError(f"{key} is empty; write {what}")
    if "\0" in path:
        raise ValueError(f"{key} holds a NUL character")
    try:
        Path(path).expanduser()
    except RuntimeError as fault:
        raise ValueError(f"{key} {path!r}: no such home folder is known; write it out") from fault

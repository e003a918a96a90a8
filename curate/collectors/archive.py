"""One archive on this machine as a source: what is in it, as if it were a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar

from msgspec import Meta

from curate.collection import Source
from curate.collectors import Context, Memory
from curate.collectors.folder import check_path
from curate.collectors.patterns import matcher
from curate.collectors.unpack import Archives, opens
from curate.collectors.walk import Walk
from curate.errors import CurateError
from curate.model import Candidate, Trouble


class ArchiveSource(Source, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="archive"):
    """``type = "archive"``: the files in one ZIP, tar or 7z archive, and in archives inside it."""

    first: ClassVar[str] = "path"

    path: str
    """The archive; relative to the collection's folder, ``~`` is the home folder."""
    include: tuple[str, ...] = ("**",)
    """Globs of what to take, as in .gitignore; upper and lower case are the same."""
    exclude: tuple[str, ...] = ()
    """Globs of what to leave out; wins over include, and a folder goes with all below it."""
    max_unpacked_mb: Annotated[int, Meta(ge=1)] = 4096
    """Largest content of the archive, in MiB."""

    def __post_init__(self) -> None:
        check_path(self.path, "the archive that holds the material")
        if not opens(Path(self.path).name):
            raise ValueError(
                f"path {self.path!r} is none of .zip, .7z, .tar, .tar.gz, .tar.bz2, .tar.xz, .tar.zst"
            )
        for pattern in (self.include, self.exclude):
            matcher(pattern)

    def watched(self, folder: Path) -> tuple[Path, ...]:
        return (folder / Path(self.path).expanduser(),)

    @property
    def place(self) -> str:
        return self.path


class ArchiveCollector:
    """Unpacks it once, and again when it has changed. What stands beside it speaks for it too."""

    options: ClassVar[type[Source]] = ArchiveSource
    local: ClassVar[bool] = True

    def __init__(self, options: ArchiveSource, context: Context) -> None:
        self.path = context.folder / Path(options.path).expanduser()
        self._source = options
        self._cache = context.cache

    def candidates(self, memory: Memory) -> Iterator[Candidate | Trouble]:
        """Every file in it. Raises CurateError where it cannot be opened at all."""
        self._check()
        source = self._source
        with Archives(self._cache, source.max_unpacked_mb) as archives:
            walk = Walk(source.include, source.exclude, archives)
            for found in walk.archive(str(self.path)):
                if isinstance(found, Trouble) and not found.locator:
                    # The archive is the source: where it fails, nothing in it counts as gone.
                    raise CurateError(f"{self.path}: {found.reason}", "look at it and run again")
                yield found
            archives.tidy()

    def _check(self) -> None:
        try:
            usable = self.path.is_file()
            self.path.open("rb").close()
        except OSError as fault:
            raise CurateError(
                f"{self.path} cannot be opened: {fault.strerror}",
                "correct `path` in the collection's sources, or check the disk it is on",
            ) from fault
        if not usable:
            raise CurateError(f"{self.path} is no file", "a folder is a source of type folder")

"""A folder of this computer: a disk, a mounted share, or what another program keeps in step with a drive."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, ClassVar

from curate.errors import CurateError
from curate.targets import Link, Place, below
from curate.workspace import Fetch, settle_names

_PART = re.compile(r".+\.[0-9a-f]{8}\.part")
_BLOCK = 1 << 20


class FolderPlace(Place, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="folder"):
    """``type = "folder"``: a folder of this computer."""

    path: str
    """It has to be there already, so that a disk that is not mounted is noticed; relative to curate.toml,
    ``~`` is the home folder."""


class FolderTarget:
    """Files appear whole, and lasting."""

    options: ClassVar[type[Place]] = FolderPlace

    def __init__(self, place: FolderPlace, home: Path, fetch: Fetch) -> None:
        self._place = place
        self._root = home / Path(place.path).expanduser()

    def files(self, folder: str) -> Mapping[str, int]:
        self._check()
        place = self._root / folder
        with suppress(FileNotFoundError):
            return {one.name: one.stat().st_size for one in place.iterdir() if one.is_file()}
        return {}

    def size(self, path: str) -> int | None:
        self._check()
        place = self._root / path
        return place.stat().st_size if place.is_file() else None

    def read(self, path: str) -> Iterator[bytes]:
        with (self._root / path).open("rb", buffering=0) as file:
            if hasattr(os, "posix_fadvise"):
                # What stands in memory tells nothing about the disk.
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            while data := file.read(_BLOCK):
                yield data

    def write(self, path: str, file: IO[bytes], size: int) -> None:
        self._check()
        place = self._root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        _clear(place.parent, place.name)
        part = place.with_name(f"{place.name}.{secrets.token_hex(4)}.part")
        try:
            with part.open("xb") as made:
                file.seek(0)
                shutil.copyfileobj(file, made, _BLOCK)
                made.flush()
                os.fsync(made.fileno())
            part.replace(place)
        except OSError:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise
        settle_names(place.parent)

    def remove(self, path: str) -> None:
        (self._root / path).unlink(missing_ok=True)

    def tidy(self, folder: str) -> tuple[str, ...]:
        place = self._root / folder
        return tuple(f"{folder}/{name}" for name in _clear(place, "")) if place.is_dir() else ()

    def link(self, path: str) -> Link:
        if self._place.public:
            return Link(below(self._place.public, path))
        plain = os.path.abspath(self._root / path)  # noqa: PTH100 - ".." goes, links stay
        return Link(Path(plain).as_uri(), public=False)

    def close(self) -> None: ...

    def _check(self) -> None:
        if not self._root.is_dir():
            raise CurateError(
                f"{self._root} is no folder", "mount the disk that it is on, or make the folder"
            )


def _clear(folder: Path, name: str) -> list[str]:
    """Remove the parts of ``name``, of any file where it is ""; those that stay."""
    stay = []
    for one in sorted(folder.iterdir()):
        if _PART.fullmatch(one.name) and (not name or one.name[: -len(".12345678.part")] == name):
            try:
                one.unlink()
            except OSError:
                stay.append(one.name)
    return stay


__all__ = ["FolderPlace", "FolderTarget"]

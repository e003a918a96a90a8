"""From a collection's items to a released bundle: written once, verifiable, never changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from curate.collection import Loaded
from curate.errors import Problem
from curate.grant import Held
from curate.model import Item, LicenseInfo, Omission
from curate.signing import Signer


@dataclass(frozen=True, slots=True)
class Changes:
    """What became of the files since the parent version, as payload paths below ``data/``."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()  # other bytes, or other words about the same bytes
    moved: tuple[tuple[str, str], ...] = ()  # (old path, new path) of the same bytes
    removed: tuple[str, ...] = ()
    relicensed: tuple[str, ...] = ()  # the same bytes under other terms

    def __bool__(self) -> bool:
        return any((self.added, self.changed, self.moved, self.removed, self.relicensed))


@dataclass(frozen=True, slots=True)
class Archived:
    """One archive of a release, complete in itself."""

    path: Path
    sha256: str
    size: int  # bytes
    top: str  # the folder that it unpacks to


@dataclass(frozen=True, slots=True)
class Release:
    """A released version: everything in ``folder`` is final."""

    name: str
    version: str
    folder: Path  # build/NAME/VERSION
    archives: tuple[Archived, ...]  # one, or several where one would be larger than wanted
    items: int
    unchanged: bool  # True: the same content was released before, nothing has been written
    changes: Changes

    @property
    def archive(self) -> Path:
        """The first archive."""
        return self.archives[0].path

    @property
    def sha256(self) -> str:
        """Of the first archive."""
        return self.archives[0].sha256

    @property
    def size(self) -> int:
        """Bytes of all archives together."""
        return sum(one.size for one in self.archives)


Writer = Callable[[Release, Path], object]
"""Writes further files about a release (a shop listing) into the folder it is given, before the
release becomes visible. ``Release.folder`` is where that folder will lie in the end."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to package. Items of the same bytes are packed once."""

    loaded: Loaded
    items: Sequence[Item]
    omissions: Sequence[Omission]
    licenses: Mapping[str, LicenseInfo]  # by id, for every id in the items' licence expressions
    listings: Sequence[Writer] = ()  # each writes into listing/ of the release
    policy: bytes = b""  # the file that decided about the items
    use: Mapping[str, object] = field(default_factory=dict)
    """What they were judged for: paid, packaging, territory, copies, drm."""
    grants: Mapping[str, Held] = field(default_factory=dict)
    """By name, those that decisions rest on."""
    signer: Signer | None = None
    """The seller's key; without one nothing is signed."""


def package(
    request: Request,
    build: Path,
    version: str = "",
    progress: Callable[[int], None] | None = None,
) -> Release:
    """Release ``request`` as ``build/NAME/VERSION``, or give the release that holds the same content.

    Without ``version`` the next one follows from what changed (semver.org): files removed, renamed or
    relicensed = major, added = minor, else patch; the first is 1.0.0. ``progress`` gets the number of
    items written so far. Raises CurateError: nothing to package, a version that is not valid, lower
    than the latest, or released before with other content, a damaged library object, or terms of the
    bundle that an item's licence does not bear. A release appears whole or not at all.
    """
    from curate.bundle.release import package as write

    return write(request, build, version, progress)


def versions(build: Path, name: str) -> list[str]:
    """Released versions of the collection ``name``, lowest first."""
    from curate.bundle.history import versions as released

    return released(build / name)


def verify(path: Path, key: str = "", strict: bool = False, signed: bool = False) -> list[Problem]:
    """Every problem of a bundle: a zip, an unpacked bag, or a release folder. [] = all is well.

    Nothing is unpacked. Warnings (``severity``) leave a bundle valid. ``key``: the seller's minisign key,
    base64, by which signatures have to be (inside a workspace its own where none is given); ``signed``:
    and everything has to have one. ``strict``: what file managers leave in folders counts, too. Raises
    CurateError where ``path`` does not exist or is none of the three.
    """
    from curate.bundle import integrity

    return integrity.verify(path, integrity.Terms(key, strict, signed))


__all__ = ["Archived", "Changes", "Release", "Request", "Writer", "package", "verify", "versions"]

"""Released versions: reading them, comparing with them, and what number comes next (semver.org)."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from curate import typed
from curate.bundle import Changes
from curate.errors import CurateError
from curate.journal import Journal

RECORD = "release.json"
YANKED = "yanked.jsonl"
"""Beside the releases: what was taken off sale. A release itself never changes."""
_SHOWN = 50  # titles a changelog names under one heading, divided among its categories
_NAMED = 20  # versions in a hint, the highest
_NUMBER = re.compile(r"^\d+-")

# The expression of semver.org, without build metadata, which takes no part in the order.
_SEMVER = re.compile(
    r"(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})"
    r"(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?",
    re.ASCII,
)


class File(msgspec.Struct, frozen=True):
    """An item of a released bundle."""

    path: str  # below data/
    sha256: str
    size: int
    title: str
    name: str  # what it was called where it was found
    license: str
    digest: str  # of all that the bundle says about it


class Group(msgspec.Struct, frozen=True):
    """What a heading of the changelog tells of one category."""

    label: str
    count: int
    size: int  # bytes
    titles: tuple[str, ...]  # as many as are shown; of what moved, the old path and the new one


class Step(msgspec.Struct, frozen=True):
    """What one version brought, as its changelog tells it: titles, and how many there are in all."""

    version: str
    items: int
    size: int  # bytes, unpacked
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    relicensed: tuple[str, ...] = ()
    counts: dict[str, int] = {}
    groups: dict[str, tuple[Group, ...]] = {}  # by the same names, in the order of the folders
    since: str = ""  # the version that it was compared with, where that is not the one before
    yanked: str = ""  # why it was taken off sale, where it was when this was written


class Zip(msgspec.Struct, frozen=True):
    file: str
    sha256: str
    size: int  # bytes
    top: str  # the folder that it unpacks to


class LeftOut(msgspec.Struct, frozen=True):
    title: str
    source: str
    sha256: str
    reason: str  # English template
    args: dict[str, str]


class Moved(msgspec.Struct, frozen=True):
    before: str
    now: str


class Difference(msgspec.Struct, frozen=True):
    """Changes to the parent, as paths below data/."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    moved: tuple[Moved, ...] = ()
    removed: tuple[str, ...] = ()
    relicensed: tuple[str, ...] = ()


class Record(msgspec.Struct, frozen=True):
    """release.json, whole: all that later versions, listings and shops need without the archive."""

    format: int
    name: str
    title: str
    language: str
    version: str
    parent: str  # "" for the first
    digest: str  # of everything the content was made from
    agent: str
    archive: Zip
    changes: Difference
    history: tuple[Step, ...]  # newest first
    items: tuple[File, ...]
    omissions: tuple[LeftOut, ...]
    more: tuple[Zip, ...] = ()  # further archives, where one would be larger than wanted

    @property
    def archives(self) -> tuple[Zip, ...]:
        """All of them, in order."""
        return (self.archive, *self.more)


def order(version: str) -> tuple[Any, ...]:
    """A sorting key by semver's precedence. Raises CurateError where ``version`` is not valid."""
    found = _SEMVER.fullmatch(version)
    if not found:
        raise CurateError(
            f"'{version}' is not a version",
            "write it as MAJOR.MINOR.PATCH, such as 1.2.0, or 2.0.0-beta.1 (see semver.org)",
        )
    numbers = tuple(int(part) for part in found.groups()[:3])
    if found[4] is None:
        return (*numbers, 1)
    parts = found[4].split(".")
    return (*numbers, 0, *((0, int(p), "") if p.isdigit() else (1, 0, p) for p in parts))


def versions(folder: Path) -> list[str]:
    """Released versions below build/NAME, lowest first."""
    if not folder.is_dir():
        return []
    found = (path.parent.name for path in folder.glob(f"*/{RECORD}"))
    return sorted((name for name in found if _SEMVER.fullmatch(name)), key=order)


class Yank(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of yanked.jsonl. yank: nobody should get ``version`` any more; undo: they may again."""

    verb: Literal["yank", "undo"]
    version: str
    when: str  # ISO 8601, UTC
    who: str = ""
    why: str = ""


def words(folder: Path) -> Journal[Yank]:
    """All that was ever said about taking releases below build/NAME off sale, oldest first."""
    return Journal(folder / YANKED, Yank, "yank", "curate yank")


def yanked(folder: Path) -> Mapping[str, Yank]:
    """By version, the word by which each yanked release below build/NAME is off sale, lowest first.

    Raises CurateError where a line names no version: whatever it was to take off sale would be sold again.
    """
    journal = words(folder)
    last = {one.version: one for one in journal.entries}
    if wrong := [version for version in last if not _SEMVER.fullmatch(version)]:
        raise CurateError(
            f"{journal.path}: {wrong[0]!r} is not a version",
            "correct the line: it says which release is off sale",
        )
    off = [one for one in last.values() if one.verb == "yank"]
    return {one.version: one for one in sorted(off, key=lambda one: order(one.version))}


def latest(folder: Path) -> str:
    """The version below build/NAME that people should get: the highest that is not yanked.

    A pre-release only where nothing else is left; "" where nothing was released or all is yanked.
    """
    off = yanked(folder)
    there = [version for version in versions(folder) if version not in off]
    final = [version for version in there if "-" not in version]
    return (final or there or [""])[-1]


def chosen(folder: Path, version: str = "", off_sale: bool = False) -> Path:
    """The release below build/NAME that is meant: that of ``version``, or without one the ``latest``.

    ``off_sale``: also one that was taken off sale, if its version is given. Raises CurateError where there
    is no such release, saying which there are.
    """
    there, off, name = versions(folder), yanked(folder), shlex.quote(folder.name)
    found = version or latest(folder)
    if found in there and (off_sale or found not in off):
        return folder / found
    build = f"build {'the next one' if there else 'one'}: curate package {name}"
    if not there:
        raise CurateError(f"{folder.name} has no release yet", build)
    if not found:
        raise CurateError(
            f"no release of {folder.name} is on sale", f"{_told(there, off)}; {build}"
        )
    if found not in there:
        raise CurateError(f"{folder.name} has no release {found}", _told(there, off))
    raise CurateError(
        f"{folder.name} {found} is off sale: {off[found].why or 'no reason was given'}",
        f"{_told(there, off)}; put it back: curate yank {name} {found} --undo",
    )


def _told(there: Sequence[str], off: Mapping[str, Yank]) -> str:
    """Which releases there are."""
    sides = {
        "on sale": [version for version in there if version not in off],
        "off sale": [version for version in there if version in off],
    }
    return "; ".join(f"{side}: {named(some)}" for side, some in sides.items() if some)


def named(some: Sequence[str]) -> str:
    """Versions for a hint: the highest of many."""
    return f"{'… ' if len(some) > _NAMED else ''}{', '.join(some[-_NAMED:])}"


def parent(folder: Path) -> str:
    """The version that the next one is compared with: the highest that is not yanked, pre-releases too.

    The highest of all where everything is yanked; "" where nothing was released.
    """
    there, off = versions(folder), yanked(folder)
    return next((one for one in reversed(there) if one not in off), there[-1] if there else "")


def holds(folder: Path, past: Record, digest: str) -> bool:
    """Whether ``past``, a release below build/NAME, has the content of ``digest`` already.

    Raises CurateError where only a release has it that is off sale.
    """
    off = yanked(folder)
    if past.digest == digest and past.version not in off:
        return True
    for version, word in off.items():
        if (folder / version / RECORD).is_file() and read(folder / version).digest == digest:
            raise CurateError(
                f"this is what was released as {folder.name} {version} and taken off sale: {word.why}",
                "change it first, or put it back on sale: "
                f"curate yank {shlex.quote(folder.name)} {version} --undo",
            )
    return False


def read(folder: Path) -> Record:
    """The record of the release in ``folder``. Raises CurateError where it is damaged."""
    path = folder / RECORD
    try:
        return typed.json(path.read_bytes(), Record)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise CurateError(
            f"{path} cannot be read: {fault}", "restore it from a backup of the release"
        ) from fault


def compare(old: Sequence[File], new: Sequence[File]) -> Changes:
    """What happened between two versions, joined by path and by bytes."""
    there = {file.path: file for file in old}
    here = {file.path for file in new}
    gone = {file.sha256: file for file in old if file.path not in here}
    added, changed, relicensed = [], [], []
    moved: list[tuple[str, str]] = []
    for file in new:
        before = there.get(file.path)
        if before is None:
            origin = gone.pop(file.sha256, None)
            if origin is None:
                added.append(file.path)
                continue
            moved.append((origin.path, file.path))
            before = origin
        elif before.digest != file.digest:
            changed.append(file.path)
        if before.sha256 == file.sha256 and before.license != file.license:
            relicensed.append(file.path)
    removed = (file.path for file in gone.values())
    return Changes(
        tuple(sorted(added)),
        tuple(sorted(set(changed) - set(relicensed))),
        tuple(sorted(moved)),
        tuple(sorted(removed)),
        tuple(sorted(relicensed)),
    )


def following(version: str, changes: Changes) -> str:
    """The version after ``version``, by what changed."""
    major, minor, patch, final, *_ = order(version)
    if not final:
        return f"{major}.{minor}.{patch}"  # a pre-release is followed by its release
    if changes.removed or changes.moved or changes.relicensed:
        return f"{major + 1}.0.0"
    return f"{major}.{minor + 1}.0" if changes.added else f"{major}.{minor}.{patch + 1}"


def next_version(folder: Path, changes: Changes) -> str:
    """The version that follows in build/NAME. It counts on from the highest ever released, yanked or
    not: a number that somebody may hold is never given to something else."""
    there = versions(folder)
    return following(there[-1], changes) if there else "1.0.0"


def step(
    version: str, files: Sequence[File], old: Mapping[str, File], changes: Changes, first: bool
) -> Step:
    """The changelog's entry for ``version``. ``old``: the parent's files by path."""
    here = {**old, **{file.path: file for file in files}}
    before = {now: path for path, now in changes.moved}
    paths: dict[str, Sequence[str]] = {
        "added": () if first else changes.added,
        "changed": changes.changed,
        "moved": [now for _, now in changes.moved],
        "removed": changes.removed,
        "relicensed": changes.relicensed,
    }
    titles: dict[str, Any] = {
        name: tuple(here[path].title for path in some[:_SHOWN]) for name, some in paths.items()
    }
    return Step(
        version,
        len(files),
        sum(file.size for file in files),
        counts={name: len(some) for name, some in paths.items()},
        groups={name: _groups(some, here, before) for name, some in paths.items() if some},
        **titles,
    )


def category(path: str) -> str:
    """What people call the folder of ``path``, a path below data/: its numbers are left out."""
    return " / ".join(_NUMBER.sub("", part) for part in path.split("/")[:-1])


def _groups(
    paths: Sequence[str], files: Mapping[str, File], before: Mapping[str, str]
) -> tuple[Group, ...]:
    folders: dict[str, list[str]] = {}
    for path in paths:
        folders.setdefault(path.rpartition("/")[0], []).append(path)
    room = max(_SHOWN // len(folders), 1)

    def title(path: str) -> str:
        return f"{before[path]} → {path}" if path in before else files[path].title

    return tuple(
        Group(
            category(members[0]),
            len(members),
            sum(files[path].size for path in members),
            tuple(map(title, members[:room])),
        )
        for _, members in sorted(folders.items())
    )


def told(folder: Path, newest: Step, past: Record | None) -> tuple[Step, ...]:
    """The whole changelog of a release in the making, newest first.

    ``past``: its parent. Releases that were taken off sale stay in it, with the reason, also those
    that the parent knew nothing of.
    """
    off = yanked(folder)
    steps = {one.version: one for one in (past.history if past else ())}
    for version in off:
        if version not in steps and (folder / version / RECORD).is_file():
            steps[version] = read(folder / version).history[0]
    older = sorted(steps.values(), key=lambda one: order(one.version), reverse=True)
    if past and older[0].version != past.version:
        newest = msgspec.structs.replace(newest, since=past.version)
    return (
        newest,
        *(
            msgspec.structs.replace(one, yanked=off[one.version].why if one.version in off else "")
            for one in older
        ),
    )

"""Update packs: what is new and changed between two releases, in an archive that leads from one to the other.

File by file, so that a file manager is enough to apply one. Compared with binary differences a pack is
about a third larger and needs nothing that buyers do not have.
"""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import msgspec

from curate.bundle import archive, history, layout, sidecar
from curate.bundle.archive.source import Source, Zip
from curate.bundle.difference import listed
from curate.bundle.text import one_line
from curate.bundle.updates import manual, naming
from curate.errors import CurateError
from curate.messages import msg
from curate.model import Language, Message
from curate.signing import Signer
from curate.workspace import settle_names

FORMAT = 1
FILE = "update.json"
WORTH = 0.7
"""Of the size of the full archive; a pack that is larger is not worth having."""
WHOLE = 0.05
"""Of the same; so much of what only moved is shipped whole, the smallest files first, so that people
who update by hand have fewer files to move."""
_TEMPORARY = ".tmp-update"


class State(msgspec.Struct, frozen=True):
    """A version that a pack leads from or to."""

    version: str
    top: str  # the folder that its archive unpacks to
    tagmanifest: str  # SHA-256 of tagmanifest-sha256.txt, which vouches for every file


class Shipped(msgspec.Struct, frozen=True):
    path: str  # below the top folder
    sha256: str
    size: int  # bytes


class Move(msgspec.Struct, frozen=True):
    """A file that is not shipped because it lies in the old folder, under another name."""

    before: str
    now: str


class Update(msgspec.Struct, frozen=True, rename={"before": "from", "now": "to"}):
    """update.json, whole. Paths lie below the top folder.

    Applied in any order it comes to the same: no move ends where a file of the old version lies, and no
    removal names what is shipped.
    """

    format: int
    name: str
    title: str
    language: Language
    agent: str
    before: State
    now: State
    files: tuple[Shipped, ...]  # new and changed ones, in the pack below the new top folder
    moves: tuple[Move, ...]
    removals: tuple[str, ...]
    unlisted: tuple[Shipped, ...]  # of the old version: files that none of its manifests names


@dataclass(frozen=True, slots=True)
class Pack:
    """An update pack that lies beside a release, with its .sha256 and, where there is a key, .minisig."""

    path: Path
    sha256: str
    size: int  # bytes
    full: int  # bytes of the archive that it spares


@dataclass(frozen=True, slots=True)
class Packs:
    """One for each archive of the release; none, and why, where none is worth having."""

    made: tuple[Pack, ...] = ()
    why: Message | None = None


@dataclass(frozen=True, slots=True)
class _Bag:
    """One archive of a release."""

    path: Path
    top: str
    source: Source
    files: Mapping[str, str]  # path → SHA-256 of everything in it
    unlisted: tuple[str, ...]
    packed: Mapping[str, tuple[int, bool]]  # path → bytes in the archive, whether stored as it is
    size: int  # bytes of the archive


@dataclass(slots=True)
class _Plan:
    ship: dict[str, str] = field(default_factory=dict)  # path → SHA-256
    moves: list[Move] = field(default_factory=list)
    removals: list[str] = field(default_factory=list)


def make(home: Path, before: str, now: str, signer: Signer | None = None) -> Packs:
    """Write the packs that lead from release ``before`` to ``now`` of ``home`` (build/NAME) beside the latter.

    Packs that are there already stay. Raises CurateError: no such release, or a damaged one.
    """
    old, new = (_released(home, version) for version in (before, now))
    if before == now:
        raise CurateError(f"an update from {now} to {now} changes nothing", "give two versions")
    if len(old.archives) != len(new.archives):
        return Packs(
            why=msg(
                "no update pack: the archives of {before} ({old}) and of {now} ({new}) do not correspond",
                before=before, old=len(old.archives), now=now, new=len(new.archives),
            )
        )  # fmt: skip
    folder = home / now
    pairs = list(zip(old.archives, new.archives, strict=True))
    names = [naming.pack(archived.file, before, now) for _, archived in pairs]
    there = [_existing(folder / name, archived.size) for name, (_, archived) in zip(names, pairs, strict=True)]  # fmt: skip
    if all(there):
        return Packs(tuple(pack for pack in there if pack))
    bags = [(_open(home / before, one), _open(folder, other)) for one, other in pairs]
    plans = [_plan(one, other) for one, other in bags]
    full = sum(other.size for _, other in bags)
    likely = sum(_weight(other, plan.ship) for (_, other), plan in zip(bags, plans, strict=True))
    if likely > WORTH * full:
        return Packs(
            why=msg(
                "no update pack from {before}: it would be {percent} % of the full archive",
                before=before, percent=round(100 * likely / full),
            )
        )  # fmt: skip
    beside = home / _TEMPORARY
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    made = []
    try:
        for name, (one, other), plan in zip(names, bags, plans, strict=True):
            update = _described(old, new, one, other, plan)
            sha256 = _write(beside / name, update, other, signer)
            made.append(Pack(folder / name, sha256, (beside / name).stat().st_size, other.size))
        for path in sorted(beside.iterdir(), key=lambda path: path.suffix == ".zip"):
            path.replace(folder / path.name)  # the archive last: with it the pack is there
        settle_names(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return Packs(tuple(made))


def _released(home: Path, version: str) -> history.Record:
    history.order(version)  # none is no word for the latest here
    return history.read(history.chosen(home, version, off_sale=True))


def _existing(path: Path, full: int) -> Pack | None:
    sidecar = path.with_name(f"{path.name}.sha256")
    if not path.is_file() or not sidecar.is_file():
        return None
    return Pack(path, sidecar.read_text("utf-8", "replace")[:64], path.stat().st_size, full)


def _open(folder: Path, archived: history.Zip) -> _Bag:
    path = folder / archived.file
    if not path.is_file() or path.stat().st_size != archived.size:
        raise CurateError(
            f"{path} is missing or not as it was released",
            "restore it from a backup of the release",
        )
    source = Zip(path)
    files = {**listed(source, "manifest-sha256.txt"), **listed(source, layout.TAGS)}
    manifest = source.open("manifest-sha256.txt").read()
    if files.get("manifest-sha256.txt") != hashlib.sha256(manifest).hexdigest():
        raise CurateError(f"{path} is damaged", "restore it from a backup of the release")
    unlisted = tuple(sorted(source.sizes.keys() - files.keys()))
    files |= {name: hashlib.sha256(source.open(name).read()).hexdigest() for name in unlisted}
    with zipfile.ZipFile(path) as opened:
        packed = {
            entry.filename.removeprefix(f"{archived.top}/"): (
                entry.compress_size,
                entry.compress_type == zipfile.ZIP_STORED,
            )
            for entry in opened.infolist()
        }
    return _Bag(path, archived.top, source, files, unlisted, packed, archived.size)


def _plan(old: _Bag, new: _Bag) -> _Plan:
    """What is shipped, moved and removed."""
    ship = {path: sha256 for path, sha256 in new.files.items() if old.files.get(path) != sha256}
    gone = sorted(old.files.keys() - new.files.keys())
    origins = {old.files[path]: path for path in reversed(gone)}
    # Only where nothing of the old version lies: so moves hold in any order, and by hand.
    movable = [path for path in ship if path not in old.files and ship[path] in origins]
    movable.sort(key=lambda path: (new.packed[path][0], path))
    room = WHOLE * new.size
    moves = []
    for path in movable:
        room -= new.packed[path][0]
        origin = origins.get(ship[path])
        if room < 0 and origin:
            moves.append(Move(origins.pop(ship[path]), path))
            del ship[path]
    moves.sort(key=lambda move: move.before.encode())
    moved = {move.before for move in moves}
    return _Plan(dict(sorted(ship.items())), moves, [path for path in gone if path not in moved])


def _weight(new: _Bag, paths: Iterable[str]) -> int:
    """Bytes in the archive."""
    return sum(new.packed[path][0] + 2 * len(path.encode()) + 100 for path in paths)


def _described(
    old: history.Record, new: history.Record, one: _Bag, other: _Bag, plan: _Plan
) -> Update:
    return Update(
        FORMAT,
        new.name,
        one_line(new.title),
        "zh" if new.language == "zh" else "en",
        new.agent,
        State(old.version, one.top, one.files[layout.TAGS]),
        State(new.version, other.top, other.files[layout.TAGS]),
        _shipped(other, plan.ship),
        tuple(plan.moves),
        tuple(plan.removals),
        _shipped(one, one.unlisted),
    )


def _shipped(of: _Bag, paths: Iterable[str]) -> tuple[Shipped, ...]:
    return tuple(
        Shipped(path, of.files[path], of.source.sizes[path])
        for path in sorted(paths, key=lambda path: path.encode())
    )


def _write(path: Path, update: Update, new: _Bag, signer: Signer | None) -> str:
    """The pack with what lies beside it; gives its SHA-256."""
    with path.open("w+b", buffering=1 << 20) as file:
        out = archive.Archive(file, archive.stamp())
        for name, data in manual.pages(update, path.name, "VERIFY.html" in new.files):
            out.add(name, data)
        out.add(FILE, msgspec.json.format(msgspec.json.encode(update), indent=1) + b"\n")
        for _ in out.add_all(_entries(update, new)):
            pass
        out.close()
    return sidecar.write(path, signer)


def _entries(update: Update, new: _Bag) -> Sequence[archive.Entry]:
    def opener(path: str) -> Callable[[], IO[bytes]]:
        return lambda: new.source.open(path)

    return [
        archive.Entry(
            f"{update.now.top}/{one.path}", one.size, one.sha256, opener(one.path),
            new.packed[one.path][1], one.path,
        )
        for one in update.files
    ]  # fmt: skip

"""Bring an unpacked bundle to a newer version, so that it can be stopped at any moment and done again.

First everything is checked and all new files are written beside, in a folder of their own; until then
the old version is whole. From then on a journal says how far it has come, and every step after it may be
done twice: set aside, gather what moves, remove; then put each file in its place by renaming it.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from curate import typed
from curate.bundle.names import is_junk, key, mine
from curate.bundle.updates import parcel, standing
from curate.bundle.updates.making import Update
from curate.bundle.updates.parcel import Parcel
from curate.bundle.updates.standing import WORK, Standing, Tree
from curate.errors import CurateError
from curate.workspace import alone, settle_names, unusable

_JOURNAL = "journal.json"
_SHOWN = 20  # differences that an error names
_ROOM = 16 << 20  # bytes that stay free on the disk
_KEY = re.compile(r"\bRW[A-Za-z0-9+/]{54}(?![A-Za-z0-9+/=])")


@dataclass(frozen=True, slots=True)
class Updated:
    folder: Path  # where it lies now
    before: str
    now: str
    unchanged: bool  # it was the new version already
    signed: bool  # a key vouched for the pack
    written: int  # files
    moved: int
    removed: int
    kept: tuple[tuple[str, str], ...]  # changed files: their path, and where they lie now
    differing: tuple[
        str, ...
    ]  # changed or missing files that the pack does not bring: not of the version
    added: tuple[str, ...]  # files that are no part of the bundle, left alone


class Aside(msgspec.Struct, frozen=True):
    path: str
    kept: str


class Journal(msgspec.Struct, frozen=True):
    """journal.json. ``placing``: nothing of the old version has to go any more."""

    digest: str  # of the pack's update.json
    asides: tuple[Aside, ...]
    differing: tuple[str, ...]
    placing: bool = False


def update(folder: Path, pack: Path, public: str = "", force: bool = False) -> Updated:
    """Make the unpacked bundle in ``folder`` the version that ``pack`` leads to.

    ``public``: the seller's minisign key; without it the one in the folder's own VERIFY.html, and where
    there is none, checksums have to do. Files of the bundle that were changed are refused; with ``force``
    those that have to go are kept beside as NAME.mine. What was added stays. Raises CurateError: a pack
    that is damaged or not for this version, a folder that is not as it was unpacked.
    """
    opened = Parcel(pack)
    try:
        folder = _place(folder, opened.update)
        public = public or _key(folder)
        if public:
            opened.check_signature(public)
        standing.refuse_unwritable(folder, _touched(opened.update))
        with _alone(folder):
            done = _update(folder, opened, bool(public), force)
        return replace(done, folder=_renamed(folder, opened.update))
    except OSError as fault:
        told = unusable(fault, folder)
        begun = "; then the same command finishes" if (folder / WORK / _JOURNAL).exists() else ""
        raise CurateError(told.message, told.hint + begun) from fault
    finally:
        opened.close()


def _touched(plan: Update) -> Iterator[str]:
    """What is put into the folder, and what is taken away."""
    yield from (one.path for one in plan.files)
    yield from plan.removals
    yield from (path for move in plan.moves for path in (move.before, move.now))


def _update(folder: Path, opened: Parcel, signed: bool, force: bool) -> Updated:
    plan, work = opened.update, folder / WORK
    journal = _journal(work)
    fresh = journal is None
    if journal and journal.digest != opened.digest:
        raise CurateError(
            f"another update of {folder} was begun and is not finished",
            "finish it first: give the pack that it was begun with",
        )
    done = fresh and standing.mark(folder) == plan.now.tagmanifest
    if journal is None and not done:
        journal = _begin(folder, opened, force)
    if journal:
        if not journal.placing:
            journal = _clear(folder, plan, journal)
        _settle(folder, plan)
    differing = journal.differing if journal else ()
    added = _verify(folder, plan, differing)
    shutil.rmtree(work / "new", ignore_errors=True)
    (work / _JOURNAL).unlink(missing_ok=True)
    _prune(folder, plan)
    kept = {one.kept: one.path for one in journal.asides} if journal else {}
    return Updated(
        folder, plan.before.version, plan.now.version, done, signed,
        len(plan.files), len(plan.moves), len(plan.removals),
        tuple((path, there) for there, path in kept.items()), differing,
        tuple(path for path in added if path not in kept),
    )  # fmt: skip


def _place(folder: Path, plan: Update) -> Path:
    """The folder, also where an earlier run had renamed it already."""
    named = Path(os.path.abspath(folder))  # noqa: PTH100 - a link is renamed, not what it leads to
    beside = named.with_name(plan.now.top)
    if not named.exists() and named.name == plan.before.top and beside.is_dir():
        named = beside
    if not named.is_dir():
        raise CurateError(
            f"{folder} is no folder", f"give the one that {plan.before.version} was unpacked to"
        )
    return named


def _key(folder: Path) -> str:
    """The key that the bundle's own page checks signatures with; "" where it names none."""
    page = folder / "VERIFY.html"
    if not page.is_file() or page.is_symlink():
        return ""
    with page.open("rb") as file:
        found = set(_KEY.findall(file.read(4 << 20).decode("utf-8", "replace")))
    return found.pop() if len(found) == 1 else ""


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder of work, for one run at a time; when it is empty it goes."""
    work = folder / WORK
    if work.is_symlink():
        raise CurateError(f"{work} is a link", "remove it")
    held = False
    try:
        with alone(work / "lock", f"another command is updating {folder}"):
            held = True
            yield
    finally:
        if held and not (work / _JOURNAL).exists():
            shutil.rmtree(work, ignore_errors=True)


def _journal(work: Path) -> Journal | None:
    path = work / _JOURNAL
    if not path.is_file():
        return None
    try:
        return typed.json(path.read_bytes(), Journal)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise CurateError(
            f"{path} is damaged: {fault}", "unpack the full archive of the new version instead"
        ) from fault


def _write(work: Path, journal: Journal) -> Journal:
    part = work / f"{_JOURNAL}.part"
    with part.open("wb") as file:
        file.write(msgspec.json.encode(journal))
        file.flush()
        os.fsync(file.fileno())
    part.replace(work / _JOURNAL)
    settle_names(work)
    return journal


def _begin(folder: Path, opened: Parcel, force: bool) -> Journal:
    """Check that it is the old version, and write all new files beside. Nothing of it is touched yet."""
    plan, work = opened.update, folder / WORK
    if standing.mark(folder) != plan.before.tagmanifest:
        name = standing.called(folder)
        raise CurateError(
            f"{folder} is not {plan.name} {plan.before.version} as it was unpacked"
            + (f": it calls itself {name}" if name else ""),
            "take the pack that begins with your version, or the full archive",
        )
    files = standing.expected(folder, {one.path: one.sha256 for one in plan.unlisted})
    _check_leaving(opened, files)
    found = standing.tree(folder)
    arriving = {one.path for one in plan.files} | {move.now for move in plan.moves}
    standing.refuse_links(found, folder, sorted(files.keys() | arriving))
    state = standing.standing(found, files)
    blocking = _blocking(folder, files, arriving, state)
    if (state.changed or state.missing or blocking) and not force:
        raise _refusal(folder, state, blocking)
    going = {one.path for one in plan.files} | set(plan.removals)
    asides = [*(path for path in state.changed if path in going), *blocking]
    moved = {move.before: move.now for move in plan.moves}
    differing = tuple(
        sorted(moved.get(p, p) for p in (*state.changed, *state.missing) if p not in going)
    )
    _stage(opened, work)
    kept = tuple(Aside(path, _mine(folder, path)) for path in sorted(asides))
    return _write(work, Journal(opened.digest, kept, differing))


def _check_leaving(opened: Parcel, files: Iterable[str]) -> None:
    """A pack may take away and move what belongs to the old version, and nothing else."""
    known = set(files)
    plan = opened.update
    for path in (*plan.removals, *(move.before for move in plan.moves)):
        if path not in known:
            raise CurateError(
                f"{opened.path} would take away {path!r}, which is no part of the old version",
                "do not use this file",
            )
    for path in (move.now for move in plan.moves):
        if path in known:
            raise CurateError(
                f"{opened.path} would move a file onto {path!r}", "do not use this file"
            )


def _blocking(
    folder: Path, files: Iterable[str], arriving: Iterable[str], state: Standing
) -> list[str]:
    """Files of the buyer's own where the new version has one, or a folder, of that name."""
    known = {key(path) for path in files}
    wanted = {key(path) for path in arriving}
    for path in arriving:
        parts = path.split("/")
        wanted.update(key("/".join(parts[:end])) for end in range(1, len(parts)))
        there = folder / path
        if there.is_dir() and not there.is_symlink():
            raise CurateError(
                f"{there} is a folder, and the new version has a file of that name", "rename it"
            )
    return [path for path in state.added if key(path) in wanted and key(path) not in known]


def _refusal(folder: Path, state: Standing, blocking: Sequence[str]) -> CurateError:
    lines = [
        *(f"{path} has changed" for path in state.changed),
        *(f"{path} is missing" for path in state.missing),
        *(f"{path} is yours, and the new version has a file of that name" for path in blocking),
    ]
    more = f"\n  and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
    told = "".join(f"\n  {line}" for line in lines[:_SHOWN])
    return CurateError(
        f"{folder} is not as it was unpacked:{told}{more}",
        "restore them from the old archive; or give --force: what has to go is kept as NAME.mine",
    )


def _stage(opened: Parcel, work: Path) -> None:
    new = work / "new"
    shutil.rmtree(new, ignore_errors=True)  # of a run that was stopped before it had begun
    new.mkdir()
    need = sum(one.size for one in opened.update.files)
    free = shutil.disk_usage(work).free
    if need + _ROOM > free:
        raise CurateError(
            f"the new files need {need:,} bytes beside the old ones, and {free:,} are free",
            "free some space on that disk and run the command again",
        )
    for number, one in enumerate(opened.update.files):
        opened.write(one, new / f"f{number}")
    settle_names(new)


def _mine(folder: Path, path: str) -> str:
    number = 1
    while os.path.lexists(folder / (name := mine(path, number))):
        number += 1
    return name


def _clear(folder: Path, plan: Update, journal: Journal) -> Journal:
    """Set changed files aside, gather those that move, remove the others. Nothing is put in its place yet."""
    found, work = standing.tree(folder), folder / WORK
    for one in journal.asides:
        if one.path in found.files and not os.path.lexists(folder / one.kept):
            found.files[one.path].rename(folder / one.kept)
    kept = {one.path for one in journal.asides}
    for number, move in enumerate(plan.moves):
        if move.before in found.files and move.before not in kept:
            found.files[move.before].replace(work / "new" / f"m{number}")
    for path in plan.removals:
        if path in found.files:
            found.files[path].unlink(missing_ok=True)
    return _write(work, msgspec.structs.replace(journal, placing=True))


def _settle(folder: Path, plan: Update) -> None:
    """Put every file in its place; those that are there already wait no more."""
    new = folder / WORK / "new"
    places = [(f"f{number}", one.path) for number, one in enumerate(plan.files)]
    places += [(f"m{number}", move.now) for number, move in enumerate(plan.moves)]
    found = standing.tree(folder)
    standing.refuse_links(found, folder, (path for _, path in places))
    parents = set()
    for spot, path in places:
        if not (new / spot).exists():
            continue
        place = found.files.get(path, folder / path)
        place.parent.mkdir(parents=True, exist_ok=True)
        (new / spot).replace(place)
        parents.add(place.parent)
    for parent in sorted(parents):
        settle_names(parent)


def _verify(folder: Path, plan: Update, differing: Sequence[str]) -> tuple[str, ...]:
    """Raises CurateError where the folder is not the new version. Gives what was added to it."""
    from curate.bundle import verify

    wrong: list[str] = []
    if standing.mark(folder) != plan.now.tagmanifest:
        wrong.append(f"{parcel.SIGNED} is not that of {plan.now.version}")
        added: tuple[str, ...] = ()
    else:
        found = standing.tree(folder)
        files = {one.path: one.sha256 for one in plan.files} | standing.expected(folder, {})
        added = tuple(path for path in found.files if path not in files and not is_junk(path))
        if differing or found.links or any(path.startswith("data/") for path in added):
            # To BagIt, a link or a file of the buyer's own below data/ is a fault.
            wrong += _other(found, files, differing)
        else:
            problems = verify(folder)
            wrong += [str(one) for one in problems if one.severity == "error"]
    if wrong:
        told = "".join(f"\n  {line}" for line in wrong[:_SHOWN])
        raise CurateError(
            f"{folder} is not {plan.name} {plan.now.version}:{told}",
            "unpack the full archive of that version",
        )
    return tuple(sorted(added))


def _other(found: Tree, files: dict[str, str], differing: Sequence[str]) -> list[str]:
    state = standing.standing(found, files)
    return [
        *(f"{path} has changed" for path in state.changed if path not in differing),
        *(f"{path} is missing" for path in state.missing if path not in differing),
    ]


def _prune(folder: Path, plan: Update) -> None:
    """Remove folders that the update has emptied."""
    left = (*plan.removals, *(move.before for move in plan.moves))
    above = {parent for path in left for parent in Path(path).parents if parent != Path()}
    for parent in sorted(above, key=lambda parent: -len(parent.parts)):
        with suppress(OSError):  # it holds something, or is gone
            (folder / parent).rmdir()


def _renamed(folder: Path, plan: Update) -> Path:
    """The folder under the new version's name, if it had the old one's and nothing stands there."""
    wanted = folder.with_name(plan.now.top)
    if folder.name == plan.before.top and not os.path.lexists(wanted):
        with suppress(OSError):  # Windows renames no folder that is open somewhere
            folder.rename(wanted)
            return wanted
    return folder

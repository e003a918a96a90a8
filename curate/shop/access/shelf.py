"""What a grant gives at this moment: a release and its files, if it may still be given to anybody."""

from __future__ import annotations

import datetime
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from curate.bundle import history
from curate.bundle.history import Record
from curate.bundle.updates import naming
from curate.errors import CurateError
from curate.messages import msg
from curate.model import Language, Message
from curate.pipeline import rightful
from curate.shop.delivery.goods import spoken

if TYPE_CHECKING:
    from curate.shop import Shop
    from curate.shop.access.grants import Grant

Kind = Literal["archive", "update", "proof"]
"""proof: a checksum or a signature. It is small, and nobody counts how often it is taken."""
_PROOFS = {".sha256", ".minisig"}
_REST = 10
"""While things change all the time, rights are looked through in a tenth of it at most."""


@dataclass(frozen=True, slots=True)
class File:
    """One file that a buyer may take."""

    name: str
    path: Path
    size: int  # bytes
    kind: Kind
    sha256: str  # hex; "" of proofs
    since: str = ""  # update: the version that it leads from

    @property
    def counted(self) -> bool:
        return self.kind != "proof"


@dataclass(frozen=True, slots=True)
class Shelf:
    """What stands there for the buyer."""

    grant: Grant
    language: Language
    version: str  # the one that is offered; "" where nothing can be
    folder: Path  # build/NAME/VERSION
    record: Record | None  # None where nothing can be offered
    files: tuple[File, ...]  # archives first, then updates, then proofs
    yanked: str = ""  # why the offered version is off sale, where it is
    withheld: Message | None = None  # where nothing is offered: what the buyer is told
    why: tuple[str, ...] = ()  # the same for the seller

    @property
    def archives(self) -> tuple[File, ...]:
        return tuple(one for one in self.files if one.kind == "archive")

    @property
    def updates(self) -> tuple[File, ...]:
        return tuple(one for one in self.files if one.kind == "update")

    def file(self, name: str) -> File | None:
        return next((one for one in self.files if one.name == name), None)


def shelf(shop: Shop, grant: Grant) -> Shelf:
    """What ``grant`` gives now, or why nothing.

    frozen: the version that was bought. latest: the highest on sale, never lower than that one. What was
    taken off sale is only for who bought it; what may not be given away any more is for nobody.
    """
    return _first(shop, grant, "")


def release(shop: Shop, grant: Grant, version: str) -> Shelf:
    """The same with one ``version``, for a link that names it: one that was offered when it was made."""
    return _first(shop, grant, version)


def language(shop: Shop, grant: Grant) -> Language:
    """In which its buyer is talked to: that of the messages they get."""
    own: Language | None = None
    with suppress(CurateError):
        record = _record(shop.workspace.build / grant.collection / grant.version)
        own = "zh" if record.language == "zh" else "en"
    return spoken(shop, grant.language, grant.channel, own)


def _first(shop: Shop, grant: Grant, only: str) -> Shelf:
    """The best version that may be given; ``only``: no other one."""
    home = shop.workspace.build / grant.collection
    told = language(shop, grant)
    why: tuple[str, ...] = ()
    try:
        for version in _offered(home, grant):
            if only in ("", version):
                why = _wrong(shop, home / version)
                if not why:
                    return _shelf(grant, told, home / version)
    except (CurateError, OSError) as fault:
        why = (str(fault),)  # what cannot be judged is not handed out
    withheld = msg(
        "What you bought cannot be handed out at the moment. Please write to the seller."
    )
    return Shelf(grant, told, "", home / grant.version, None, (), withheld=withheld, why=why)


def _offered(home: Path, grant: Grant) -> list[str]:
    """Versions that the grant may give, the best first."""
    bought = grant.version
    if grant.policy == "frozen":
        return [bought]
    off = history.yanked(home)
    there = [one for one in history.versions(home) if one not in off or one == bought]
    lowest = history.order(bought)
    above = [one for one in there if history.order(one) > lowest]
    final = [one for one in above if "-" not in one]
    return [*reversed(final), bought]


def _shelf(grant: Grant, told: Language, folder: Path) -> Shelf:
    record = _record(folder)
    word = history.yanked(folder.parent).get(folder.name)
    yanked = (word.why or "–") if word else ""
    return Shelf(grant, told, record.version, folder, record, tuple(_files(folder, record)), yanked)


def _files(folder: Path, record: Record) -> Iterator[File]:
    for one in record.archives:
        yield File(one.file, folder / one.file, one.size, "archive", one.sha256)
    updates = list(_updates(folder, record))
    yield from updates
    for name in [*(one.file for one in record.archives), *(one.name for one in updates)]:
        for suffix in sorted(_PROOFS):
            path = folder / f"{name}{suffix}"
            if path.is_file():
                yield File(path.name, path, path.stat().st_size, "proof", "")


def _updates(folder: Path, record: Record) -> Iterator[File]:
    """Packs that lead here from older versions, as ``curate.bundle.updates`` writes them beside it."""
    wholes = {one.file for one in record.archives}
    for path in sorted(folder.glob(f"*-to-{record.version}*.zip")):
        sidecar = path.with_name(f"{path.name}.sha256")
        since = _since(path.name, record)
        if path.name not in wholes and since and sidecar.is_file():
            sha256 = sidecar.read_text("ascii", "replace")[:64]
            yield File(path.name, path, path.stat().st_size, "update", sha256, since)


def _since(name: str, record: Record) -> str:
    """ "" where it is no pack of this release."""
    found = (naming.since(name, one.file, record.version) for one in record.archives)
    return next(filter(None, found), "")


@lru_cache(64)
def _record(folder: Path) -> Record:
    """A release never changes once it is there."""
    return history.read(folder)


@dataclass(frozen=True, slots=True)
class _Judged:
    basis: tuple[object, ...]
    until: float  # of the monotonic clock: not looked at again before
    wrong: tuple[str, ...]


_judged: dict[Path, _Judged] = {}
_judging = threading.Lock()


def _wrong(shop: Shop, folder: Path) -> tuple[str, ...]:
    """Why the release may not be given away any more; () = it may.

    That takes seconds for thousands of files, so it is asked again only where something has changed that
    the answer depends on. Raises CurateError where it cannot be told.
    """
    with _judging:
        known, begun = _judged.get(folder), time.monotonic()
        if known and begun < known.until:
            return known.wrong
        basis = _basis(shop, folder)
        if known is None or known.basis != basis:
            wrong = tuple(rightful.against(shop.workspace, folder))
            ended = time.monotonic()
            known = _judged[folder] = _Judged(basis, ended + _REST * (ended - begun), wrong)
        return known.wrong


def _basis(shop: Shop, folder: Path) -> tuple[object, ...]:
    workspace = shop.workspace
    home = workspace.collections / folder.parent.name
    grants = workspace.root / "grants"
    paths = [
        *workspace.root.glob("*.toml"), *home.glob("*"), *grants.rglob("*"),
        workspace.catalog, workspace.catalog.with_name("catalog.db-wal"), *folder.glob("*.json"),
    ]  # fmt: skip
    stats = ((path, path.stat()) for path in sorted(paths) if path.is_file())
    told = ((path, stat.st_mtime_ns, stat.st_size) for path, stat in stats if stat.st_size)
    return (datetime.date.today(), *told)  # grants end with a day

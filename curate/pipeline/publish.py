"""A release goes to a target: what is missing there is sent, all of it is read back, then it is shared."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from curate import checksum
from curate.bundle import history, verify
from curate.errors import CurateError
from curate.pipeline import listing
from curate.pipeline.listener import SILENT, Listener
from curate.pipeline.rightful import rightful
from curate.pipeline.sending import File, Sending, Sent
from curate.product import Zip
from curate.shares import Share, Shares, check
from curate.targets import MIB, Target, places, target
from curate.workspace import Workspace, alone, check_name

MANIFEST = "SHA256SUMS"
"""The last file that is sent: it names all the others, for sha256sum -c."""
_SIDECARS = (".sha256", ".minisig")
_PAGES = ("CHANGELOG.md",)
_SHOWN = 5  # problems of a release


@dataclass(frozen=True, slots=True)
class Wish:
    """What is published, where and how."""

    name: str
    version: str  # "" for the latest that is not yanked
    to: str  # name of a target in curate.toml
    code: str = ""
    expires: str = ""  # ISO date
    listing: bool = False  # the listing kit too


@dataclass(frozen=True, slots=True)
class Published:
    """What lies at the target now, every byte of it read back."""

    name: str
    version: str
    target: str
    files: tuple[Sent, ...]
    shares: tuple[Share, ...]  # one for each archive
    public: bool  # whether buyers can use them
    leftovers: tuple[str, ...]  # of killed runs, that could not be removed
    others: tuple[str, ...] = ()  # in listing/, and not sent: no part of the kit


def publish(workspace: Workspace, wish: Wish, listener: Listener = SILENT) -> Published:
    """Bring a release to a target, and record where it is shared. A run that was killed is gone on with
    by the next one. Raises CurateError: no such release or target, a yanked or damaged release, a file
    that is too large for the target, one that does not come back as it was sent; then nothing is
    recorded."""
    there = places(workspace)
    check(code=wish.code)
    # Two runs that send to one target at once would each remove what the other has begun.
    lock, busy = f"publish-{wish.to}.lock", f"another curate publish is sending to '{wish.to}'"
    with closing(target(workspace, wish.to)) as place, alone(workspace.state / lock, busy):
        folder = chosen(workspace, wish.name, wish.version)
        record = history.read(folder)
        kit = listing.kit(folder) if wish.listing else listing.Kit((), ())
        files = _files(folder, record, kit)
        _check_sizes(files, there[wish.to].max_mb, wish.to)
        listener.stage("checking the release")
        _check(folder)
        home = f"{wish.name}/{record.version}"
        sent = Sending(place, home, listener).all(files)
        folders = sorted({one.path.rpartition("/")[0] for one in sent})
        leftovers = tuple(one for each in folders for one in place.tidy(each))
        shares = _shares(place, home, record, wish)
        put(workspace, wish.name, shares)
    public = all(place.link(f"{home}/{one.file}").public for one in record.archives[:1])
    return Published(
        wish.name, record.version, wish.to, sent, shares, public, leftovers, kit.others
    )


def chosen(workspace: Workspace, name: str, version: str) -> Path:
    """The folder of a release that people may get. Raises CurateError for one that is yanked, or holds what
    may not be sold any more, and where there is none."""
    found = history.chosen(workspace.build / check_name(name), version)
    rightful(workspace, found)
    return found


def put(workspace: Workspace, name: str, shares: Sequence[Share]) -> None:
    """Record shares; those of the same archive on the same target that they take the place of are
    dropped, and what stands there already is not said again."""
    for one in shares:
        check(one.url, one.code, one.target)
    with recording(workspace, name) as journal:
        known = journal.current()
        news: list[Share] = []
        for one in shares:
            news += (
                old.word("drop", one.when)
                for old in known
                if (old.version, old.target, old.archives)
                == (one.version, one.target, one.archives)
                and old.url not in {each.url for each in shares}
            )
            if not any(_same(one, old) for old in known):
                news.append(one)
        if news:
            journal.append(*news)


@contextmanager
def recording(workspace: Workspace, name: str) -> Iterator[Shares]:
    """The shares of a collection, which nobody else writes meanwhile. An upload may take hours, and
    holds nothing else of the workspace."""
    from filelock import FileLock

    workspace.state.mkdir(exist_ok=True)
    (workspace.build / name).mkdir(parents=True, exist_ok=True)
    with FileLock(workspace.state / "shares.lock"):
        yield Shares(workspace.build / name)


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _same(one: Share, other: Share) -> bool:
    def told(share: Share) -> tuple[object, ...]:
        return (share.verb, share.version, share.target, share.url, share.code, share.expires, share.archives)  # fmt: skip

    return told(one) == told(other)


def _check(folder: Path) -> None:
    wrong = [one for one in verify(folder) if one.severity == "error"]
    if wrong:
        told = "".join(f"\n  {one}" for one in wrong[:_SHOWN])
        more = f"\n  and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise CurateError(
            f"{folder} is damaged, so nothing is sent:{told}{more}",
            "restore it from a backup, or build and publish the next version",
        )


def _check_sizes(files: Sequence[File], max_mb: int, to: str) -> None:
    large = [one for one in files if max_mb and one.size > max_mb * MIB]
    if large:
        told = ", ".join(f"{one.path} ({one.size / MIB:.0f} MiB)" for one in large)
        raise CurateError(
            f"'{to}' takes files up to {max_mb} MiB, but the release holds {told}",
            f"write volume_mb = {max_mb} below [bundle] in collection.toml, and build the next version",
        )


def _files(folder: Path, record: history.Record, kit: listing.Kit) -> tuple[File, ...]:
    """What buyers get, in the order it is sent: archives, updates, pages; then what vouches for them.

    Neither release.json nor LEFT-OUT.md nor rights.json: they are the seller's."""
    known = {one.file: one.sha256 for one in record.archives}
    packs = sorted(path.name for path in folder.glob("*.zip") if path.name not in known)
    for name in packs:
        _check_pack(folder / name, record)
    zips = [*known, *packs]
    pages = [name for name in _PAGES if (folder / name).is_file()]
    pages += [f"listing/{name}" for name in kit.files]
    beside = [f"{name}{ending}" for name in zips for ending in _SIDECARS]
    found = [
        _file(folder, name, known.get(name, ""))
        for name in (*zips, *pages, *beside)
        if name in known or (folder / name).is_file()
    ]
    rows = "".join(f"{one.sha256}  {one.path}\n" for one in sorted(found, key=lambda one: one.path))
    data = rows.encode()
    return (*found, File(MANIFEST, len(data), hashlib.sha256(data).hexdigest(), data=data))


def _check_pack(path: Path, record: history.Record) -> None:
    """Raises CurateError for a zip that is no update to this release: nobody said that buyers may get it."""
    from curate.bundle.updates.parcel import Parcel

    try:
        with closing(Parcel(path)) as opened:
            led = opened.update
        why = "" if (led.name, led.now.version) == (record.name, record.version) else "of another"
    except CurateError as fault:
        why = fault.message
    if not why and not path.with_name(f"{path.name}.sha256").is_file():
        why = f"{path.name}.sha256 is missing"
    if why:
        raise CurateError(
            f"{path} is no update pack of {record.name} {record.version}: {why}",
            "move it away; packs are made with curate update make",
        )


def _file(folder: Path, name: str, sha256: str) -> File:
    """``sha256``: where it is known, as that of a release's archives is; verify looks at them anyway."""
    path = folder / name
    if not path.is_file():
        raise CurateError(
            f"{path} is missing", "restore it from a backup: a release is never rebuilt"
        )
    return File(name, path.stat().st_size, sha256 or checksum.of(path), path)


def _shares(place: Target, home: str, record: history.Record, wish: Wish) -> tuple[Share, ...]:
    when = now()
    shares = []
    for one in record.archives:
        link = place.link(f"{home}/{one.file}")
        shares.append(
            Share(
                "put", record.version, wish.to, link.url, when, wish.code, wish.expires or link.expires,
                (Zip(one.file, one.size, one.sha256),),
            )
        )  # fmt: skip
    return tuple(shares)

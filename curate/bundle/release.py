"""A release, made whole beside its place and then moved there, so that nobody sees half of one."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import msgspec

from curate.bundle import (
    Archived,
    Changes,
    Release,
    Request,
    bag,
    history,
    layout,
    ledger,
    pages,
    sidecar,
    terms,
    volumes,
)
from curate.bundle.bag import Progress
from curate.bundle.pages import chapter
from curate.bundle.text import one_line
from curate.errors import CurateError
from curate.messages import render, speaker
from curate.model import Item
from curate.spdx.expression import ids
from curate.workspace import settle_names

FORMAT = 4
"""Version of what a bundle looks like. Raised when our code makes other pages, folders or changelogs of the
same input, so that the next build is a new patch version that says so; templates count by themselves, by
their digest. Never looked at in older records: what they lack has a default."""
_TEMPORARY = ".tmp-"


def package(request: Request, build: Path, version: str, progress: Progress | None) -> Release:
    """See :func:`curate.bundle.package`."""
    home = build / request.loaded.name
    items = _items(request.items)
    if not items:
        raise _nothing(request)
    tutorial = chapter.read(request.loaded)
    own_terms = terms.read(request.loaded, items)
    files = {item.sha256: _describe(item) for item in items}
    digest = _digest(request, items, files, (tutorial.digest, own_terms))
    released = history.versions(home)
    if version:
        same = _existing(home, version, released, digest)
        if same:
            return same
    parent = history.parent(home)
    latest = history.read(home / parent) if parent else None
    if latest and not version and history.holds(home, latest, digest):
        return _unchanged(home, latest)
    draft = _draft(request, items, files, (tutorial, own_terms), home, latest, version)
    folder = home / f"{_TEMPORARY}{draft.content.version}"
    _sweep(home)
    folder.mkdir(parents=True)
    try:
        release = _write(draft, request, folder, home / draft.content.version, progress)
        record = _record(draft, request, release, digest, latest)
        (folder / history.RECORD).write_bytes(_indented(record))
        _settle(folder)
        folder.rename(release.folder)
        settle_names(home)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return release


@dataclass(frozen=True, slots=True)
class _Draft:
    """A release of which nothing is written yet."""

    content: pages.Content
    listed: tuple[history.File, ...]
    changes: Changes


def _draft(
    request: Request,
    items: Sequence[Item],
    files: Mapping[str, history.File],
    written: tuple[chapter.Chapter, str],
    home: Path,
    latest: history.Record | None,
    version: str,
) -> _Draft:
    """``files``: by SHA-256; ``written``: the seller's chapter and terms; ``version``: "" for the next."""
    collection = request.loaded.collection
    before = {file.sha256: file.path for file in latest.items} if latest else {}
    plan = layout.arrange(collection, items, before, speaker(collection.language))
    places = {one.item.sha256: one.path for one in plan.placed}
    listed = tuple(msgspec.structs.replace(files[sha], path=path) for sha, path in places.items())
    changes = history.compare(latest.items if latest else (), listed)
    version = version or history.next_version(home, changes)
    past = {file.path: file for file in latest.items} if latest else {}
    step = history.step(version, listed, past, changes, first=latest is None)
    content = pages.Content(
        loaded=request.loaded,
        version=version,
        file=f"{_slug(request.loaded.name)}-{version}.zip",
        top=layout.top(collection, version),
        layout=plan,
        licenses=request.licenses,
        tutorial=written[0],
        terms=written[1],
        history=history.told(home, step, latest),
        omissions=request.omissions,
        public=request.signer.public if request.signer else "",
    )
    return _Draft(content, listed, changes)


def _items(items: Sequence[Item]) -> list[Item]:
    """Each item once, by SHA-256, with words that fit on one line of any page."""

    def told(item: Item) -> tuple[str, ...]:
        return (item.title, item.name, item.category, item.source, item.credit)

    unique = {item.sha256: item for item in sorted(items, key=told, reverse=True)}
    return [
        msgspec.structs.replace(
            item,
            name=one_line(item.name),
            title=one_line(item.title) or one_line(item.name) or item.sha256[:12],
            description=one_line(item.description),
            lead=one_line(item.lead),
            keywords=tuple(filter(None, map(one_line, item.keywords))),
            creators=tuple(filter(None, map(one_line, item.creators))),
            source=one_line(item.source),
            credit=one_line(item.credit),
            also=tuple(filter(None, map(one_line, item.also))),
        )
        for _, item in sorted(unique.items())
    ]


def _nothing(request: Request) -> CurateError:
    name = request.loaded.name
    reasons = sorted(render(omission.reason, "en") for omission in request.omissions)
    counts = [(len(list(group)), reason) for reason, group in groupby(reasons)]
    counts.sort(key=lambda pair: (-pair[0], pair[1]))
    if not counts:
        return CurateError(
            f"nothing to package in '{name}': the collection holds no items",
            f"run: curate collect {name}, then curate classify {name}; see that its keywords and sources match",
        )
    listing = "".join(f"\n  {count} × {reason}" for count, reason in counts[:10])
    more = f"\n  and {len(counts) - 10} other reasons" if len(counts) > 10 else ""
    return CurateError(
        f"nothing to package in '{name}': all {len(reasons)} items are left out:{listing}{more}",
        f"settle these reasons (rights are declared in collections/{name}/collection.toml) "
        f"and run curate classify {name} again",
    )


def _describe(item: Item) -> history.File:
    """The item as release.json names it, with a digest of all that pages say about it."""
    decision = item.decision
    said = (
        item.sha256, item.size, item.name, item.title, item.category, item.format, item.kind,
        item.mime, item.language, item.description, item.keywords, sorted(item.properties.items()),
        item.creators, item.source, decision.license, decision.obligations, decision.holder,
        item.credit, decision.changes, decision.attribution, *item.also,
    )  # fmt: skip
    digest = hashlib.sha256(msgspec.json.encode(said)).hexdigest()[:32]
    license = decision.license
    return history.File("", item.sha256, item.size, item.title, item.name, license, digest)


def _digest(
    request: Request,
    items: Sequence[Item],
    files: Mapping[str, history.File],
    written: tuple[str, str],
) -> str:
    """Of all that the release is made from. Reads no payload: items are named by their content.

    ``written``: the seller's chapter and terms. Left out is what would give other bytes without telling
    anything else: newer programs and fonts below us, SOURCE_DATE_EPOCH, what listings are checked for.
    """
    collection = request.loaded.collection
    listing = msgspec.structs.replace(collection.listing, platforms=(), claims={})
    used = sorted({one for item in items for one in ids(item.decision.license)})
    licenses = [request.licenses[one] for one in used if one in request.licenses]
    said = (
        FORMAT, pages.digest(), request.loaded.name, collection.title, collection.language,
        collection.description, collection.keywords, collection.categories, listing, collection.bundle,
        terms.seller(collection), request.signer.public if request.signer else "", written,
        [(one.id, one.name, one.url, one.text) for one in licenses],
        hashlib.sha256(request.policy).hexdigest(), sorted(ledger.use(request).items()),
    )  # fmt: skip
    whole = hashlib.sha256(msgspec.json.encode(said))
    for item in items:
        whole.update(files[item.sha256].digest.encode())
        whole.update(msgspec.json.encode(item.lead))  # it is found by that, and not described
        whole.update(msgspec.json.encode(item.decision, order="deterministic"))
    return whole.hexdigest()


def _existing(home: Path, version: str, released: Sequence[str], digest: str) -> Release | None:
    """The release ``version`` where it holds the same content. Raises CurateError for any clash."""
    asked = history.order(version)
    if version in released:
        record = history.read(home / version)
        if record.digest == digest:
            return _unchanged(home, record)
        free = history.following(released[-1], Changes())
        raise CurateError(
            f"{home.name} {version} is released with other content, and a release never changes",
            f"leave the version out, or take a higher one: {free} is free",
        )
    if released and asked <= history.order(released[-1]):
        free = history.following(released[-1], Changes())
        raise CurateError(
            f"{version} is not higher than {released[-1]}, the latest release of {home.name}",
            f"leave the version out, or take a higher one: {free} is free",
        )
    return None


def _unchanged(home: Path, record: history.Record) -> Release:
    folder = home / record.version
    return Release(
        record.name,
        record.version,
        folder,
        tuple(
            Archived(folder / one.file, one.sha256, one.size, one.top) for one in record.archives
        ),
        len(record.items),
        True,
        Changes(),
    )


def _sweep(home: Path) -> None:
    """Remove what a killed run left behind."""
    for stale in home.glob(f"{_TEMPORARY}*"):
        shutil.rmtree(stale, ignore_errors=True)


def _write(
    draft: _Draft, request: Request, folder: Path, final: Path, progress: Progress | None
) -> Release:
    """Archives, checksums, pages beside them, and listings."""
    content = draft.content
    made = volumes.write(content, request, folder, progress)
    ledger.complete(folder / ledger.FILE, request.omissions)
    archives = tuple(_signed(one, request, final) for one in made)
    (folder / "CHANGELOG.md").write_bytes(pages.changelog(content).encode())
    (folder / "LEFT-OUT.md").write_bytes(pages.left_out(content).encode())
    release = Release(
        request.loaded.name,
        content.version,
        final,
        archives,
        len(content.layout.placed),
        False,
        draft.changes,
    )
    for write in request.listings:
        (folder / "listing").mkdir(exist_ok=True)
        write(release, folder / "listing")
    return release


def _signed(volume: volumes.Volume, request: Request, final: Path) -> Archived:
    path = volume.path
    sha256 = sidecar.write(path, request.signer)
    return Archived(final / path.name, sha256, path.stat().st_size, volume.content.top)


def _record(
    draft: _Draft, request: Request, release: Release, digest: str, latest: history.Record | None
) -> history.Record:
    collection, content = request.loaded.collection, draft.content
    changes = release.changes
    archives = tuple(
        history.Zip(one.path.name, one.sha256, one.size, one.top) for one in release.archives
    )
    return history.Record(
        format=FORMAT,
        name=release.name,
        title=collection.title,
        language=collection.language,
        version=release.version,
        parent=latest.version if latest else "",
        digest=digest,
        agent=bag.agent(),
        archive=archives[0],
        more=archives[1:],
        changes=history.Difference(
            changes.added,
            changes.changed,
            tuple(history.Moved(before, now) for before, now in changes.moved),
            changes.removed,
            changes.relicensed,
        ),
        history=content.history,
        items=tuple(sorted(draft.listed, key=lambda file: file.path.encode())),
        omissions=tuple(
            history.LeftOut(
                one_line(one.title), one_line(one.source), one.sha256, one.reason.text,
                dict(one.reason.args),
            )
            for one in request.omissions
        ),
    )  # fmt: skip


def _slug(name: str) -> str:
    """An ASCII file name: Chinese is transliterated."""
    from slugify import slugify

    # A hyphen where scripts change: "Python资料" is python-zi-liao.
    parted = re.sub(r"(?<=[\x00-\x7f])(?=[^\x00-\x7f])|(?<=[^\x00-\x7f])(?=[\x00-\x7f])", "-", name)
    return slugify(parted, max_length=60) or "bundle"


def _indented(record: history.Record) -> bytes:
    return msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n"


def _settle(folder: Path) -> None:
    """Make everything in ``folder`` lasting before it becomes visible."""
    for path in _files(folder):
        with path.open("r+b") as file:
            os.fsync(file.fileno())
    settle_names(folder)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())

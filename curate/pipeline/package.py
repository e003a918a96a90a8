"""From what a collection holds to a released bundle: what goes in, what stays out and why."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from curate import bundle, listings, plugins, rights, signing, spdx
from curate.bundle import Release, Request
from curate.bundle.updates.making import Packs
from curate.catalog import Catalog
from curate.collection import Loaded, load
from curate.errors import Problem
from curate.listings import Shown, claims
from curate.model import Item, LicenseInfo, Omission, Report
from curate.pipeline import gates, listing, update
from curate.pipeline.items import Chooser
from curate.pipeline.judge import Judge, use
from curate.pipeline.listener import SILENT, Listener
from curate.pipeline.ready import ready
from curate.product import Zip
from curate.store import Store
from curate.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Packaged:
    release: Release
    report: Report
    updates: Packs | None = None  # from the release before; None for the first
    advice: tuple[Problem, ...] = ()  # what the platforms of its listing would say of it


def package(
    workspace: Workspace, name: str, version: str = "", listener: Listener = SILENT
) -> Packaged:
    """Build the next version of a collection's bundle, or ``version``.

    Raises CurateError: not collected or not classified yet, nothing that may be packaged, a version
    that was released with other content, a damaged library.
    """
    loaded = load(workspace, name)
    with workspace.writing(), Catalog(workspace.catalog) as catalog:
        judge = ready(workspace, catalog, loaded)
        gates.folders_hold(catalog, loaded)
        gates.grants_hold(workspace, catalog, loaded, judge)
        store = Store(workspace.objects)
        listener.stage("choosing")
        items, omissions = Chooser(catalog, store, loaded, judge).chosen()
        items, misfits = gates.fitting(catalog, loaded, judge, items)
        omissions += misfits
        listener.stage("packaging", len(items))
        written = 0

        def progress(done: int) -> None:
            nonlocal written
            listener.step(done - written)
            written = done

        licenses = _licenses(loaded, items, judge)
        used = {item.decision.grant for item in items} & judge.grants.keys()
        grants = {name: judge.grants[name] for name in sorted(used)}
        signer = signing.load(workspace.keys)

        def shown(release: Release | None) -> Shown:
            made = (release.version, release.size) if release else ("", 0)
            facts = listings.facts(loaded.collection, items, licenses, *made)
            parts = release.archives if release else ()
            zips = tuple(Zip(one.path.name, one.size, one.sha256) for one in parts)
            key = signer.public if signer else ""
            return Shown(loaded.collection, facts, items, licenses, zips, key, grants)

        if "kit" in loaded.collection.listing.formats:
            claims.check(shown(None))  # before hours of packing, not after them

        request = Request(
            loaded, items, omissions, licenses, tuple(_writers(loaded, shown)), rights.file(),
            _use(loaded), grants, signer,
        )  # fmt: skip
        release = bundle.package(request, workspace.build, version, progress)
        packs = update.beside(workspace.build / name, release.version, signer)
        report = _report(release, loaded, items, omissions)
        return Packaged(release, report, packs, listing.advice(workspace, loaded, release.folder))


def _use(loaded: Loaded) -> dict[str, object]:
    """What rights.json says the items were judged for."""
    purpose = use(loaded)
    return {
        "paid": purpose.paid,
        "packaging": "alone" if purpose.alone else "compilation",
        "territory": purpose.territory,
        "copies": purpose.copies,
        "drm": purpose.drm,
    }


def _licenses(loaded: Loaded, items: Sequence[Item], judge: Judge) -> dict[str, LicenseInfo]:
    holders: dict[str, dict[str, None]] = {}
    grants: dict[str, str] = {}
    for item in items:
        for id in spdx.ids(item.decision.license):
            holders.setdefault(id, {})[item.decision.holder] = None
            grants[id] = item.decision.grant
    language = loaded.collection.language
    return {
        id: rights.license_terms(
            id, ", ".join(filter(None, sorted(names))), language, judge.grants.get(grants[id])
        )
        for id, names in sorted(holders.items())
    }


def _writers(
    loaded: Loaded, shown: Callable[[Release], Shown]
) -> Iterator[Callable[[Release, Path], object]]:
    for name in loaded.collection.listing.formats:
        writer: listings.Listing = plugins.load("listings", name)()

        def write(release: Release, folder: Path, writer: listings.Listing = writer) -> object:
            return writer.write(shown(release), folder)

        yield write


def _report(
    release: Release, loaded: Loaded, items: Sequence[Item], omissions: Sequence[Omission]
) -> Report:
    counts: Counter[str] = Counter(items=len(items), omitted=len(omissions))
    counts["categories"] = len({item.category for item in items if item.category})
    ordered = sorted(omissions, key=lambda one: (one.reason.text, one.title, one.source))
    left = tuple((one.source or one.title, one.reason) for one in ordered)
    return Report(
        "package",
        loaded.name,
        dict(counts),
        left,
        next=f"curate verify {shlex.quote(str(release.folder))}",
    )

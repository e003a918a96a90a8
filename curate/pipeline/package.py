"""From what a collection holds to a released bundle: what goes in, what stays out and why."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

import msgspec

from curate import bundle, listings, plugins, rights, spdx
from curate.bundle import Release, Request
from curate.catalog import Catalog, Member, Place
from curate.collection import Loaded, load
from curate.model import Decision, Item, LicenseInfo, Omission, Report, Testimony, main_text
from curate.pipeline import gates
from curate.pipeline.judge import Judge, use
from curate.pipeline.keep import choose, left_out
from curate.pipeline.listener import SILENT, Listener
from curate.pipeline.places import basename, taken
from curate.pipeline.ready import ready
from curate.store import Store
from curate.workspace import Workspace

DESCRIPTION = 280
"""Most characters of a text's beginning that stand in for a description nobody wrote."""

_MARKUP = " #=-*_>:：。.|"
"""What a text begins with before it says anything."""


@dataclass(frozen=True, slots=True)
class Packaged:
    release: Release
    report: Report


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
        items, omissions = _choose(catalog, store, loaded, judge)
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
        request = Request(
            loaded, items, omissions, licenses, tuple(_writers(loaded, items, licenses)),
            rights.file(), _use(loaded), {name: judge.grants[name] for name in sorted(used)},
        )  # fmt: skip
        release = bundle.package(request, workspace.build, version, progress)
        return Packaged(release, _report(release, loaded, items, omissions))


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


def _choose(
    catalog: Catalog, store: Store, loaded: Loaded, judge: Judge
) -> tuple[list[Item], list[Omission]]:
    choice = choose(catalog, loaded)
    items: list[Item] = []
    omissions: list[Omission] = []
    alike: dict[bytes, Decision] = {}  # most items share a few decisions: held once each
    for member in catalog.members(loaded.name):
        reason = left_out(catalog, loaded, member, choice)
        if reason:
            heard = partial(_testimony, catalog, loaded.name, member.sha256)
            omissions.append(
                Omission(member.sha256, member.title, member.source, reason, member.decision, heard)
            )
        else:
            key = msgspec.json.encode(member.decision)
            decision = alike.setdefault(key, member.decision)
            items.append(_item(catalog, store, loaded, judge, member, decision))
    for sighting in catalog.with_state(loaded.name, "failed"):
        if sighting.reason:
            omissions.append(
                Omission("", basename(sighting.locator), sighting.locator, sighting.reason)
            )
    return items, omissions


def _item(
    catalog: Catalog, store: Store, loaded: Loaded, judge: Judge, member: Member, decision: Decision
) -> Item:
    known = catalog.facts(member.sha256)
    assert known is not None
    extracted, profile, _ = known
    places = taken(catalog.places(member.sha256), loaded.name)
    said = places[0].sighting.said
    url = next((one.sighting.said.url for one in places if one.sighting.said.url), "")
    declared = _creator(judge, places)
    creators = said.creators or extracted.creators or ((declared,) if declared else ())
    return Item(
        sha256=member.sha256,
        size=member.size,
        name=basename(places[0].sighting.locator),
        title=member.title,
        category=member.label.category,
        format=extracted.format,
        kind=extracted.kind,
        mime=extracted.mime,
        language=profile.language,
        description=_description(said.description or extracted.description, catalog, member),
        keywords=tuple(dict.fromkeys((*extracted.keywords, *profile.keywords)))[:12],
        properties=extracted.properties,
        creators=creators,
        source=url,
        decision=decision,
        credit=rights.credit(member.title, creators, url, decision, loaded.collection.language),
        open=partial(_open, store, member.sha256),
        thumbnail=partial(catalog.thumbnail, member.sha256),
        testimony=partial(_testimony, catalog, loaded.name, member.sha256),
    )


def _testimony(catalog: Catalog, collection: str, sha256: str) -> Testimony:
    """Every statement with the expression it comes to, so that nobody has to read its words again."""
    places = catalog.places(sha256)
    here = taken(places, collection)
    known = catalog.facts(sha256)
    said = [one for place in here for one in place.sighting.said.statements]
    said += known[0].statements if known else ()
    said += [one for place in places for one in place.sighting.said.statements]
    return Testimony(
        tuple(
            msgspec.structs.replace(one, license=rights.expression(one))
            for one in dict.fromkeys(said)
        ),
        tuple(dict.fromkeys(one for place in here for one in place.sighting.said.signals)),
        # A file at hand says what it says whenever it is read; a page may say something else tomorrow.
        max((place.sighting.noted for place in here if place.sighting.said.url), default=""),
    )


def _open(store: Store, sha256: str) -> IO[bytes]:
    return store.open(sha256)


def _creator(judge: Judge, places: Sequence[Place]) -> str:
    """Whom the seller names as creator nearest to it, where nothing else says."""
    near = (judge.declaration(one.kind, one.place, one.sighting.locator) for one in places)
    return next((one.creator for one in near if one.creator), "")


def _description(stated: str, catalog: Catalog, member: Member) -> str:
    """What somebody wrote about it, or how its text begins."""
    if stated:
        return _cut(" ".join(stated.split()))
    text = " ".join(main_text(catalog.text(member.sha256))[: 4 * DESCRIPTION].split()).lstrip(
        _MARKUP
    )
    if text.casefold().startswith(member.title.casefold()):
        text = text[len(member.title) :].lstrip(_MARKUP)
    return _cut(text)


def _cut(text: str) -> str:
    return text if len(text) <= DESCRIPTION else f"{text[: DESCRIPTION - 1].rstrip()}…"


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
    loaded: Loaded, items: Sequence[Item], licenses: dict[str, LicenseInfo]
) -> Iterator[Callable[[Release, Path], object]]:
    for name in loaded.collection.listing.formats:
        listing: listings.Listing = plugins.load("listings", name)()

        def write(release: Release, folder: Path, listing: listings.Listing = listing) -> object:
            facts = listings.facts(
                loaded.collection, items, licenses, release.version, release.size
            )
            return listing.write(facts, folder)

        yield write


def _report(
    release: Release, loaded: Loaded, items: Sequence[Item], omissions: Sequence[Omission]
) -> Report:
    counts: Counter[str] = Counter(items=len(items), omitted=len(omissions))
    counts["categories"] = len({item.category for item in items if item.category})
    left = tuple((one.source or one.title, one.reason) for one in omissions)
    return Report(
        "package",
        loaded.name,
        dict(counts),
        left,
        next=f"curate verify {shlex.quote(str(release.folder))}",
    )

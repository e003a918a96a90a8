"""Judging by their text the places that nothing else could tell about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from curate.catalog import Catalog, Sighting
from curate.messages import msg
from curate.model import Message
from curate.pipeline.examine import VERSIONS, learn
from curate.pipeline.listener import Listener
from curate.pipeline.places import basename
from curate.pipeline.select import Selection
from curate.store import Store
from curate.workspace import Compute

BATCH = 200
"""Places written in one transaction."""


def by_text(catalog: Catalog, selection: Selection, sighting: Sighting) -> Sighting:
    """The place, judged by what is known of its content."""
    known = catalog.facts(sighting.resource)
    assert known is not None
    extracted, profile, error = known
    text = catalog.text(sighting.resource)
    return _judged(selection, sighting, selection.inside(extracted, profile, text), error)


def settle(
    catalog: Catalog,
    store: Store,
    source: int,
    selection: Selection,
    limits: Compute,
    listener: Listener,
) -> int:
    """Judge the pending places of a source, each resource read once. Gives how many were read."""
    waiting = catalog.count_states(source).get("pending", 0)
    if not waiting:
        return 0
    listener.stage("reading", waiting)
    known = partial(catalog.is_examined, versions=VERSIONS)
    _write(
        catalog,
        (
            by_text(catalog, selection, sighting)
            for sha256, _ in catalog.pending(source)
            if known(sha256)
            for sighting in catalog.pending_places(source, sha256)
        ),
    )
    unread = ((sha256, basename(locator)) for sha256, locator in catalog.pending(source))
    judged: list[Sighting] = []
    read = 0
    for sha256, learned in learn(catalog, store, unread, limits, listener.step):
        read += 1
        facts = learned.facts
        found = selection.inside(facts.extracted, facts.profile, facts.extracted.text)
        for sighting in catalog.pending_places(source, sha256):
            judged.append(_judged(selection, sighting, found, learned.error))
        if len(judged) >= BATCH:
            _write(catalog, judged)
            judged = []
    _write(catalog, judged)
    return read


def _judged(
    selection: Selection, sighting: Sighting, found: Message | None, error: Message | None
) -> Sighting:
    if found:
        return replace(sighting, state="taken", reason=found)
    if error:
        why = msg(
            "no keyword in its title, path or tags, and it could not be read: {error}", error=error
        )
    else:
        why = msg("no keyword in its title, path, tags or text")
    return replace(sighting, state="rejected", reason=why, basis=selection.text_basis)


def _write(catalog: Catalog, sightings: Iterable[Sighting]) -> None:
    with catalog.transaction():
        for sighting in sightings:
            catalog.record(sighting)

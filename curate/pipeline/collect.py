"""Bring in what the sources hold: what is new, what matches, and why the rest was left."""

from __future__ import annotations

import errno
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from curate import plugins
from curate.catalog import Catalog, Sighting
from curate.collection import Loaded, Source
from curate.collectors import Collector, Context
from curate.errors import CurateError
from curate.fetch import Fetcher
from curate.messages import msg
from curate.model import Candidate, Known, Message, Report, Trouble
from curate.pipeline.examine import VERSIONS, learn
from curate.pipeline.judge import source_key
from curate.pipeline.listener import SILENT, Listener
from curate.pipeline.places import basename
from curate.pipeline.ready import chosen
from curate.pipeline.select import Selection, worth_opening
from curate.store import Store
from curate.workspace import Settings, Workspace

BATCH = 200
"""Places written in one transaction, after their bytes are safe."""
HEAVY = 64 << 20
"""Bytes after which a batch is closed early."""
_OURS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


def collect(
    workspace: Workspace,
    names: Sequence[str] = (),
    listener: Listener = SILENT,
    retry: bool = False,
) -> list[Report]:
    """Collect the named collections, or all. One report each; a failing source does not stop the rest.

    ``retry`` reads again what could not be read and so was not taken.

    Raises CurateError: no such collection, a wrong configuration, another command writing.
    """
    loaded, reports = chosen(workspace, names, "collect")
    if not loaded and not reports:
        raise CurateError(
            f"there is no collection in {workspace.collections}", "make one with: curate new NAME"
        )
    settings = workspace.settings
    with workspace.writing():
        store = Store(workspace.objects)
        store.sweep()
        with Catalog(workspace.catalog) as catalog:
            for one in loaded:
                reports.append(_collect(catalog, store, one, settings, listener, retry))
            if not names:
                _retire_all(catalog, workspace)
    return reports


def _retire_all(catalog: Catalog, workspace: Workspace) -> None:
    """Collections whose folder is gone leave the search; what is known of them stays."""
    for name in sorted(set(catalog.collections()) - set(workspace.names())):
        if not workspace.collection_file(name).exists():
            for source in catalog.sources(name):
                _retire(catalog, source, Counter())
            with catalog.transaction():
                catalog.leave(name)


def _collect(
    catalog: Catalog,
    store: Store,
    loaded: Loaded,
    settings: Settings,
    listener: Listener,
    retry: bool,
) -> Report:
    counts: Counter[str] = Counter()
    failed: list[tuple[str, Message]] = []
    kept: set[int] = set()
    with catalog.transaction():
        catalog.collection_id(loaded.name, create=True)
    for source in loaded.collection.sources:
        listener.stage(source.place)
        with catalog.transaction():
            number = catalog.source_id(loaded.name, *source_key(source))
        kept.add(number)
        tour = _Tour(
            catalog, store, number, Selection.of(loaded.collection, source), counts, listener, retry,
            time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        )  # fmt: skip
        try:
            tour.walk(_collector(source, loaded, settings))
        except CurateError as fault:
            failed.append((source.place, _said(fault)))
            tour.close()
        tour.settle(settings)
    for number in sorted(set(catalog.sources(loaded.name)) - kept):
        _retire(catalog, number, counts)
    _tidy(catalog, store)
    failed += [(one.locator, one.trouble) for one in catalog.troubles(loaded.name) if one.trouble]
    failed += catalog.unread(loaded.name, "rejected")
    for number in sorted(kept):
        for state, count in catalog.count_states(number).items():
            counts[state] += count
    return Report(
        "collect", loaded.name, dict(counts), tuple(failed), next=f"curate classify {loaded.name}"
    )


def _collector(source: Source, loaded: Loaded, settings: Settings) -> Collector:
    kind = plugins.load("collectors", source_key(source)[0])
    declared = source.rights or loaded.collection.rights
    context = Context(loaded.folder, Fetcher(settings.fetch), declared, loaded.collection.keywords)
    made: Collector = kind(source, context)
    return made


@dataclass(slots=True)
class _Tour:
    """One source, gone through once."""

    catalog: Catalog
    store: Store
    source: int
    selection: Selection
    counts: Counter[str]
    listener: Listener
    retry: bool = False
    now: str = ""  # ISO 8601, UTC
    batch: list[Sighting] = field(default_factory=list)
    sizes: dict[str, int] = field(
        default_factory=dict
    )  # resource → bytes, not in the catalogue yet
    heavy: int = 0  # bytes in this batch
    seen: int = 0  # places the tour came by

    def walk(self, collector: Collector) -> None:
        """Everything the source holds. What it held before and holds no more is marked gone.

        Raises CurateError where the source as a whole fails; nothing counts as gone then.
        """
        self.catalog.start_tour()
        whole = True
        for found in collector.candidates(self._known):
            self.listener.step()
            if not self.catalog.saw(found.locator):
                continue
            self.seen += 1
            if isinstance(found, Trouble):
                whole = whole and not found.hides
                self._trouble(found)
            else:
                self._look(found)
            if len(self.batch) >= BATCH or self.heavy >= HEAVY:
                self.close()
        self.close()
        self._gone(whole)

    def _known(self, locator: str) -> Known | None:
        seen = self.catalog.sighting(self.source, locator)
        return Known(seen.stamp, seen.links) if seen and seen.state != "gone" else None

    def _look(self, candidate: Candidate) -> None:
        seen = self.catalog.sighting(self.source, candidate.locator)
        same = seen is not None and bool(candidate.stamp) and seen.stamp == candidate.stamp
        if seen and same and self._settled(seen):
            self.counts["unchanged"] += 1
            if candidate.restates and candidate.said != seen.said:
                self.batch.append(replace(seen, said=candidate.said, trouble=None, noted=self.now))
            elif seen.trouble:
                self.batch.append(replace(seen, trouble=None))
            return
        fresh = Sighting(
            self.source, candidate.locator, "rejected", stamp=candidate.stamp, basis=self.selection.basis,
            said=candidate.said, links=candidate.links, noted=self.now,
        )  # fmt: skip
        if seen and same and candidate.restates:
            fresh = replace(fresh, resource=seen.resource)
        elif seen and same:
            # A place that says "not modified" says no more than that: what it said before holds.
            fresh = replace(fresh, resource=seen.resource, said=seen.said, links=seen.links)
        try:
            self.batch.append(self._judge(candidate, fresh, seen))
        except (CurateError, OSError) as fault:
            if isinstance(fault, OSError) and fault.errno in _OURS:
                raise  # the library's own disk: no file's fault, and the next would meet the same
            self._trouble(Trouble(candidate.locator, _said(fault)))

    def _settled(self, seen: Sighting) -> bool:
        """Is what was decided about an unchanged place still what would be decided?"""
        if seen.state == "taken":
            return seen.basis == self.selection.basis and self.store.has(seen.resource)
        if seen.state == "pending":
            return seen.basis == self.selection.basis
        if seen.state != "rejected":
            return False
        if self.retry and seen.resource and self.catalog.is_unread(seen.resource):
            self.catalog.forget_facts(seen.resource)
            return False
        return seen.basis in (self.selection.basis, self.selection.text_basis)

    def _judge(self, candidate: Candidate, fresh: Sighting, seen: Sighting | None) -> Sighting:
        """Take it, reject it, or leave it pending until its text is known."""
        reason = self.selection.at_sight(candidate.locator, fresh.said)
        if reason:
            return replace(self._bring(candidate, fresh, seen), state="taken", reason=reason)
        if not worth_opening(candidate):
            self.counts["new"] += seen is None
            why = msg("no keyword in its title, path or tags, and this kind of file holds no text")
            return replace(fresh, resource="", reason=why)
        if fresh.resource and self.catalog.is_examined(fresh.resource, VERSIONS):
            judged = self._by_text(fresh)  # only the keywords changed: what it says is known
            return self._bring(candidate, judged, seen) if judged.state == "taken" else judged
        return replace(self._bring(candidate, fresh, seen), state="pending")

    def _bring(self, candidate: Candidate, fresh: Sighting, seen: Sighting | None) -> Sighting:
        """Its bytes into the store, unless they are there and the place vouches for them."""
        if fresh.resource and self.store.has(fresh.resource):
            # Kept by another place, or left by a run that was killed: the catalogue may not know.
            self.sizes[fresh.resource] = self.store.path(fresh.resource).stat().st_size
            return fresh
        with candidate.open() as stream:
            stored = self.store.add(stream)
        self.sizes[stored.sha256] = stored.size
        self.heavy += stored.size
        self.counts["read"] += 1
        self.counts["new"] += seen is None
        self.counts["changed"] += bool(seen and seen.resource and seen.resource != stored.sha256)
        return replace(fresh, resource=stored.sha256)

    def _by_text(self, sighting: Sighting) -> Sighting:
        """Judge it by what is known of its content."""
        known = self.catalog.facts(sighting.resource)
        assert known is not None
        extracted, profile, error = known
        text = self.catalog.text(sighting.resource)
        return self._judged(sighting, self.selection.inside(extracted, profile, text), error)

    def _judged(self, sighting: Sighting, found: Message | None, error: Message | None) -> Sighting:
        if found:
            return replace(sighting, state="taken", reason=found)
        if error:
            why = msg(
                "no keyword in its title, path or tags, and it could not be read: {error}",
                error=error,
            )
        else:
            why = msg("no keyword in its title, path, tags or text")
        return replace(sighting, state="rejected", reason=why, basis=self.selection.text_basis)

    def _trouble(self, trouble: Trouble) -> None:
        seen = self.catalog.sighting(self.source, trouble.locator)
        reason = trouble.reason
        if not trouble.retry:
            # Its place gives it no longer, by a rule or because nothing is left; its bytes stay.
            self.batch.append(Sighting(self.source, trouble.locator, "rejected", reason=reason))
        elif seen and seen.resource:
            # What was taken before is not lost because its place is out of reach today.
            self.batch.append(replace(seen, trouble=reason))
        else:
            self.batch.append(
                Sighting(self.source, trouble.locator, "failed", reason=reason, trouble=reason)
            )

    def close(self) -> None:
        """Bytes first, then what is said about them, in one transaction."""
        self.store.flush()
        with self.catalog.transaction():
            for sha256, size in self.sizes.items():
                self.catalog.add_resource(sha256, size)
            for sighting in self.batch:
                self.catalog.record(sighting)
        self.batch, self.sizes, self.heavy = [], {}, 0

    def _gone(self, whole: bool) -> None:
        missing = self.catalog.missing(self.source)
        if missing and self.seen == 0:
            raise CurateError(
                f"it holds nothing now, but held {len(missing)} places before",
                "is a drive not mounted, or do include and exclude leave nothing? If it is meant to be empty,"
                " remove the source from collection.toml",
            )
        if not whole:
            # A place that failed may have led to others: only what a rule forbids now is certain.
            return
        with self.catalog.transaction():
            for sighting in missing:
                self.catalog.record(
                    replace(
                        sighting,
                        state="gone",
                        reason=msg("it is no longer there, or no longer included"),
                        trouble=None,
                    )
                )
        self.counts["left"] += len(missing)

    def settle(self, settings: Settings) -> None:
        """Judge by their text those that only the text can tell, each read once."""
        waiting = self.catalog.count_states(self.source).get("pending", 0)
        if not waiting:
            return
        self.listener.stage("reading", waiting)
        known = partial(self.catalog.is_examined, versions=VERSIONS)
        self._write(
            self._by_text(sighting)
            for sha256, _ in self.catalog.pending(self.source)
            if known(sha256)
            for sighting in self.catalog.pending_places(self.source, sha256)
        )
        unread = (
            (sha256, basename(locator)) for sha256, locator in self.catalog.pending(self.source)
        )
        judged: list[Sighting] = []
        for sha256, learned in learn(
            self.catalog, self.store, unread, settings.compute, self.listener.step
        ):
            self.counts["examined"] += 1
            facts = learned.facts
            found = self.selection.inside(facts.extracted, facts.profile, facts.extracted.text)
            for sighting in self.catalog.pending_places(self.source, sha256):
                judged.append(self._judged(sighting, found, learned.error))
            if len(judged) >= BATCH:
                self._write(judged)
                judged = []
        self._write(judged)

    def _write(self, sightings: Iterable[Sighting]) -> None:
        with self.catalog.transaction():
            for sighting in sightings:
                self.catalog.record(sighting)


def _retire(catalog: Catalog, source: int, counts: Counter[str]) -> None:
    """A source that collection.toml no longer names gives nothing any more; its bytes stay."""
    catalog.start_tour()
    with catalog.transaction():
        for sighting in catalog.missing(source):
            reason = msg("its source is no longer in collection.toml")
            catalog.record(replace(sighting, state="gone", reason=reason, trouble=None))
            counts["left"] += 1


def _tidy(catalog: Catalog, store: Store) -> None:
    """Bytes that were read only to be rejected need no room. Catalogue first: it never claims too much."""
    unwanted = catalog.unwanted()
    with catalog.transaction():
        catalog.forget_bytes(unwanted)
    for sha256 in unwanted:
        store.drop(sha256)


def _said(fault: CurateError | OSError) -> Message:
    if isinstance(fault, CurateError):
        hint = f" ({fault.hint})" if fault.hint else ""
        return msg("{fault}", fault=f"{fault.message}{hint}")
    return msg("{fault}", fault=fault.strerror or str(fault))

"""Bring in what the sources hold, side by side: what is new, what matches, and why the rest was left."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from curate import plugins
from curate.catalog import Catalog
from curate.collection import Loaded, Source
from curate.collectors import Collector, Context
from curate.errors import CurateError
from curate.fetch import Fetcher
from curate.messages import msg
from curate.model import Message, Report, Tally
from curate.pipeline.judge import decider, source_key
from curate.pipeline.lanes import Stop, shared, side_by_side
from curate.pipeline.listener import SILENT, Listener
from curate.pipeline.ready import chosen
from curate.pipeline.select import Selection
from curate.pipeline.settle import settle
from curate.pipeline.tour import OURS, Tour, told
from curate.store import Store
from curate.workspace import Workspace


@dataclass(frozen=True, slots=True)
class How:
    """How far a run goes."""

    retry: bool = False  # only what failed, and what could not be read
    dry_run: bool = False  # tell what would be taken; nothing is taken or written
    sample: int = 0  # most places to take of each source; 0 = all


WHOLE = How()


def collect(
    workspace: Workspace,
    names: Sequence[str] = (),
    listener: Listener = SILENT,
    how: How = WHOLE,
) -> list[Report]:
    """Collect the named collections, or all. One report each; a failing source does not stop the rest.

    Raises CurateError: no such collection, a wrong configuration, another command writing.
    """
    loaded, reports = chosen(workspace, names, "collect")
    if not loaded and not reports:
        raise CurateError(
            f"there is no collection in {workspace.collections}", "make one with: curate new NAME"
        )
    if how.dry_run:
        from curate.pipeline.rehearse import rehearse

        return reports + [rehearse(workspace, one, listener, how.sample) for one in loaded]
    with workspace.writing():
        Store(workspace.objects).sweep()
        with Catalog(workspace.catalog) as catalog:
            run = _Run(workspace, catalog, listener, how)
            reports += run.collect(loaded)
            if not names:
                _retire_all(catalog, workspace)
    return reports


@dataclass(slots=True)
class _Job:
    """One source in this run."""

    loaded: Loaded
    source: Source
    number: int  # in the catalogue
    kind: type[Collector]
    again: frozenset[str] | None = None  # the only places that are wanted
    counts: Counter[str] = field(default_factory=Counter)
    trouble: Message | None = None

    @property
    def selection(self) -> Selection:
        return Selection.of(self.loaded.collection, self.source)


class _Run:
    """All that is collected at once."""

    def __init__(
        self, workspace: Workspace, catalog: Catalog, listener: Listener, how: How
    ) -> None:
        self.workspace = workspace
        self.catalog = catalog  # of this thread; every tour opens its own
        self.listener = listener
        self.how = how
        self.settings = workspace.settings
        self.now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self.stop = Stop()

    def collect(self, loaded: Sequence[Loaded]) -> list[Report]:
        jobs = {one.name: self._jobs(one) for one in loaded}
        every = [job for one in loaded for job in jobs[one.name]]
        with Fetcher(self.settings.fetch, self.workspace.state / "parts") as fetcher:
            local, far = _parted(every)
            lanes = shared(
                map(partial(partial, self._tour, fetcher), far), self.settings.fetch.sources
            )
            # Files of this machine one source after the other: side by side they are no faster, and
            # their order stays the same in every run.
            side_by_side([map(partial(partial, self._tour, fetcher), local), *lanes], self.stop)
        return [self._finish(one, jobs[one.name]) for one in loaded]

    def _jobs(self, loaded: Loaded) -> list[_Job]:
        """A job for each source; where only what failed is wanted, for those that something failed in."""
        jobs = []
        with self.catalog.transaction():
            self.catalog.collection_id(loaded.name, create=True)
            for source in loaded.collection.sources:
                key = source_key(source)
                job = _Job(
                    loaded,
                    source,
                    self.catalog.source_id(loaded.name, *key),
                    plugins.load("collectors", key[0]),
                )
                if self.how.retry and self.catalog.is_toured(job.number):
                    job.again = self.catalog.troubled(job.number)
                    if not job.again:
                        continue
                jobs.append(job)
        return jobs

    def _tour(self, fetcher: Fetcher, job: _Job) -> None:
        line = self.listener.line(job.source.place)
        with Catalog(self.workspace.catalog) as catalog:
            tour = Tour(
                catalog, Store(self.workspace.objects), job.number, job.selection, line, self.stop, self.now,
                retry=self.how.retry, partial=job.again is not None, sample=self.how.sample, landed=fetcher.landed,
                counts=job.counts,
            )  # fmt: skip
            try:
                tour.walk(job.kind(job.source, self._context(fetcher, job)))
            except (CurateError, OSError) as fault:
                if isinstance(fault, OSError) and fault.errno in OURS:
                    raise
                job.trouble = told(fault)
                tour.close()  # what came before the failure stays
            with catalog.transaction():
                catalog.end_tour(job.number, "" if self.how.sample else self.now, job.trouble)
        line.end(job.trouble is None)

    def _context(self, fetcher: Fetcher, job: _Job) -> Context:
        collection = job.loaded.collection
        state = self.workspace.state
        return Context(
            job.loaded.folder, fetcher, job.source.declared(collection.rights), collection.keywords,
            decider(self.workspace, job.loaded, job.source),
            state / "cache" / str(job.number), state / "kept" / job.loaded.name / str(job.number), job.again,
        )  # fmt: skip

    def _finish(self, loaded: Loaded, jobs: Sequence[_Job]) -> Report:
        """What the main thread does once all places were seen, and the report."""
        counts: Counter[str] = Counter()
        catalog, store = self.catalog, Store(self.workspace.objects)
        for job in jobs:
            counts += job.counts
            counts["examined"] += settle(
                catalog, store, job.number, job.selection, self.settings.compute, self.listener
            )
        named = {source_key(source) for source in loaded.collection.sources}
        numbers = catalog.sources(loaded.name)
        for number in sorted(number for number, key in numbers.items() if key not in named):
            counts["left"] += _retire(catalog, number)
        _tidy(catalog, store)
        for number in sorted(number for number, key in numbers.items() if key in named):
            counts.update(catalog.count_states(number))
        return Report(
            "collect", loaded.name, dict(counts), tuple(_failed(catalog, loaded.name)),
            next=f"curate classify {loaded.name}",
            sources=tuple(Tally(job.source.place, dict(job.counts), job.trouble) for job in jobs),
        )  # fmt: skip


def _parted(jobs: Sequence[_Job]) -> tuple[list[_Job], list[_Job]]:
    """Those of this machine, and those on the network."""
    local = [job for job in jobs if getattr(job.kind, "local", False)]
    return local, [job for job in jobs if job not in local]


def _failed(catalog: Catalog, name: str) -> Iterable[tuple[str, Message]]:
    yield from catalog.failing(name)
    yield from ((one.locator, one.trouble) for one in catalog.troubles(name) if one.trouble)
    yield from catalog.unread(name, "rejected")


def _retire_all(catalog: Catalog, workspace: Workspace) -> None:
    """Collections whose folder is gone leave the search; what is known of them stays."""
    for name in sorted(set(catalog.collections()) - set(workspace.names())):
        if not workspace.collection_file(name).exists():
            for source in catalog.sources(name):
                _retire(catalog, source)
            with catalog.transaction():
                catalog.leave(name)


def _retire(catalog: Catalog, source: int) -> int:
    """A source that collection.toml no longer names gives nothing any more; its bytes stay."""
    catalog.start_tour()
    missing = catalog.missing(source)
    with catalog.transaction():
        for sighting in missing:
            reason = msg("its source is no longer in collection.toml")
            catalog.record(replace(sighting, state="gone", reason=reason, trouble=None))
        catalog.end_tour(source, "")
    return len(missing)


def _tidy(catalog: Catalog, store: Store) -> None:
    """Bytes that were read only to be rejected need no room. Catalogue first: it never claims too much."""
    unwanted = catalog.unwanted()
    with catalog.transaction():
        catalog.forget_bytes(unwanted)
    for sha256 in unwanted:
        store.drop(sha256)

"""What collecting would do, with nothing taken and nothing written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

from curate import plugins
from curate.catalog import Catalog, Sighting
from curate.collection import Loaded, Source
from curate.collectors import Context
from curate.errors import CurateError
from curate.fetch import Fetcher
from curate.messages import msg
from curate.model import Candidate, Known, Message, Report, Tally, Trouble
from curate.pipeline.judge import decider, source_key
from curate.pipeline.listener import Listener
from curate.pipeline.select import Selection, worth_opening
from curate.pipeline.tour import careful, settled, told
from curate.store import Store
from curate.workspace import Workspace


def rehearse(workspace: Workspace, loaded: Loaded, listener: Listener, sample: int = 0) -> Report:
    """Go through the sources of a collection, opening only what has to be read to find the rest: pages,
    listings, results. ``planned`` names what would be taken, ``failed`` what could not be looked at."""
    counts: Counter[str] = Counter()
    tallies: list[Tally] = []
    failed: list[tuple[str, Message]] = []
    planned: list[tuple[str, Message]] = []
    collection = loaded.collection
    with Fetcher(workspace.settings.fetch) as fetcher, _known(workspace) as catalog:
        for source in collection.sources:
            context = Context(
                loaded.folder, fetcher, source.declared(collection.rights), collection.keywords,
                decider(workspace, loaded, source),
            )  # fmt: skip
            collector = plugins.load("collectors", source_key(source)[0])(source, context)
            look = _Look(
                catalog, _number(catalog, loaded, source), Selection.of(collection, source),
                Store(workspace.objects),
            )  # fmt: skip
            line = listener.line(source.place)
            trouble = None
            try:
                with closing(careful(collector, look.known)) as found:
                    for one in found:
                        line.step()
                        look.at(one)
                        if sample and len(look.planned) >= sample:
                            break
            except (CurateError, OSError) as fault:
                trouble = told(fault)
                failed.append((source.place, trouble))
            line.end(trouble is None)
            tallies.append(Tally(source.place, dict(look.counts), trouble))
            counts += look.counts
            failed += look.failed
            planned += look.planned
    return Report(
        "rehearse", loaded.name, dict(counts), tuple(failed), next=f"curate collect {loaded.name}",
        sources=tuple(tallies), planned=tuple(planned),
    )  # fmt: skip


@contextmanager
def _known(workspace: Workspace) -> Iterator[Catalog | None]:
    """What is known so far; None where nothing was collected yet."""
    if not workspace.catalog.exists():
        yield None
        return
    with Catalog(workspace.catalog, readonly=True) as catalog:
        yield catalog


def _number(catalog: Catalog | None, loaded: Loaded, source: Source) -> int | None:
    sources = catalog.sources(loaded.name) if catalog else {}
    return next((one for one, key in sources.items() if key == source_key(source)), None)


@dataclass(slots=True)
class _Look:
    """One source, looked at."""

    catalog: Catalog | None
    number: int | None  # of the source; None where it was never collected
    selection: Selection
    store: Store
    counts: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[str, Message]] = field(default_factory=list)
    planned: list[tuple[str, Message]] = field(default_factory=list)

    def seen(self, locator: str) -> Sighting | None:
        if self.catalog is None or self.number is None:
            return None
        found = self.catalog.sighting(self.number, locator)
        return found if found and found.state != "gone" else None

    def known(self, locator: str) -> Known | None:
        seen = self.seen(locator)
        return Known(seen.stamp, seen.links) if seen else None

    def at(self, found: Candidate | Trouble) -> None:
        if isinstance(found, Trouble):
            self.counts["failed" if found.retry else "rejected"] += 1
            if found.retry:
                self.failed.append((found.locator, found.reason))
            return
        seen = self.seen(found.locator)
        same = seen is not None and bool(found.stamp) and seen.stamp == found.stamp
        if seen and same and settled(seen, self.selection, self.store):
            self.counts["unchanged"] += 1
            return
        reason = self.selection.at_sight(found.locator, found.said)
        if not reason and not worth_opening(found):
            self.counts["rejected"] += 1
            return
        self.counts["changed" if seen else "new"] += 1
        reason = reason or msg("it would be read to look for a keyword in its text")
        self.planned.append((found.locator, reason))

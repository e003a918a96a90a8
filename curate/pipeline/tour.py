"""One source, gone through once: what is new, what has changed, what is gone, and why the rest was left."""

from __future__ import annotations

import errno
import io
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import IO, cast

from curate.catalog import Catalog, Sighting
from curate.collectors import Collector, Memory
from curate.errors import CurateError
from curate.messages import msg
from curate.model import Candidate, Known, Message, Trouble
from curate.pipeline.examine import VERSIONS
from curate.pipeline.lanes import Stop
from curate.pipeline.listener import Line
from curate.pipeline.select import Selection, worth_opening
from curate.pipeline.settle import BATCH, by_text
from curate.store import Store

HEAVY = 32 << 20
"""Bytes after which a batch is closed early: so much has to come again after a kill."""
PERIOD = 5.0
"""Seconds after which it is closed early: a slow place must not lose many for a kill either."""
LATELY = 500
"""Places whose last sighting is kept at hand."""
OURS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


@dataclass(slots=True)
class Tour:
    """Made and used in one thread, with a connection of its own to the catalogue."""

    catalog: Catalog
    store: Store
    source: int
    selection: Selection
    line: Line
    stop: Stop
    now: str  # ISO 8601, UTC
    retry: bool = False  # read again what could not be read
    partial: bool = False  # only what failed is asked for: what does not come by is not gone
    sample: int = 0  # most places to take; 0 = all
    landed: Callable[[], None] = lambda: None
    """Called when all bytes so far are safe and noted."""
    counts: Counter[str] = field(default_factory=Counter)
    batch: list[Sighting] = field(default_factory=list)
    sizes: dict[str, int] = field(
        default_factory=dict
    )  # resource → bytes, not in the catalogue yet
    heavy: int = 0  # bytes in this batch
    began: float = 0.0  # when this batch did
    seen: int = 0  # places the tour came by
    lately: dict[str, Sighting | None] = field(default_factory=dict)
    wanted: int = 0  # of these, what was taken or may be once it is read

    def walk(self, collector: Collector) -> None:
        """Everything the source holds. What it held before and holds no more is marked gone.

        Raises CurateError where the source as a whole fails; nothing counts as gone then.
        """
        self.catalog.start_tour()
        self.began = time.monotonic()
        whole = True
        # Closed here, whatever happens: a collector may hold connections and threads of its own.
        with closing(careful(collector, self._known)) as found:
            for one in found:
                if self.stop.is_asked:
                    raise CurateError("it was stopped", "run again to go on")
                self.line.step()
                if not self.catalog.saw(one.locator):
                    continue
                self.seen += 1
                if isinstance(one, Trouble):
                    whole = whole and not one.hides
                    self._trouble(one)
                else:
                    self._look(one)
                if self._full():
                    self.close()
                if self.sample and self.wanted >= self.sample:
                    whole = False
                    break
        self.close()
        if not self.partial and not (self.sample and not whole):
            self._gone(whole)

    def _full(self) -> bool:
        late = time.monotonic() - self.began > PERIOD
        return len(self.batch) >= BATCH or self.heavy >= HEAVY or (late and bool(self.batch))

    def _known(self, locator: str) -> Known | None:
        seen = self._before(locator)
        return Known(seen.stamp, seen.links) if seen and seen.state != "gone" else None

    def _before(self, locator: str) -> Sighting | None:
        """What was known of a place when the tour began. Collectors ask some moments before they come
        to it, so the last answers are kept."""
        if locator in self.lately:
            return self.lately[locator]
        if len(self.lately) >= LATELY:
            self.lately.clear()
        found = self.catalog.sighting(self.source, locator)
        self.lately[locator] = found
        return found

    def _look(self, candidate: Candidate) -> None:
        seen = self._before(candidate.locator)
        same = seen is not None and bool(candidate.stamp) and seen.stamp == candidate.stamp
        if seen and same and self._settled(seen):
            self.counts["unchanged"] += 1
            self.wanted += seen.state != "rejected"
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
            judged = self._judge(candidate, fresh, seen)
            self.batch.append(judged)
            self.wanted += judged.state != "rejected"
        except (CurateError, OSError) as fault:
            if isinstance(fault, OSError) and fault.errno in OURS:
                raise  # the library's own disk: no file's fault, and the next would meet the same
            self._trouble(Trouble(candidate.locator, told(fault)))

    def _settled(self, seen: Sighting) -> bool:
        unread = self.retry and seen.state == "rejected" and seen.resource
        if unread and self.catalog.is_unread(seen.resource):
            with self.catalog.transaction():
                self.catalog.forget_facts(seen.resource)
            return False
        return settled(seen, self.selection, self.store)

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
            judged = by_text(
                self.catalog, self.selection, fresh
            )  # only the keywords changed: what it says is known
            return self._bring(candidate, judged, seen) if judged.state == "taken" else judged
        return replace(self._bring(candidate, fresh, seen), state="pending")

    def _bring(self, candidate: Candidate, fresh: Sighting, seen: Sighting | None) -> Sighting:
        """Its bytes into the store, unless they are there and the place vouches for them."""
        if fresh.resource and self.store.has(fresh.resource):
            # Kept by another place, or left by a run that was killed: the catalogue may not know.
            self.sizes[fresh.resource] = self.store.size(fresh.resource)
            return fresh
        with _opened(candidate) as stream:
            stored = self.store.add(cast(IO[bytes], stream))
        self.sizes[stored.sha256] = stored.size
        self.heavy += stored.size
        self.counts["read"] += 1
        self.counts["new"] += seen is None
        if seen and seen.resource:  # a place that marks no versions has to be read to know
            same = seen.resource == stored.sha256
            self.counts["unchanged" if same else "changed"] += 1
        return replace(fresh, resource=stored.sha256)

    def _trouble(self, trouble: Trouble) -> None:
        seen = self._before(trouble.locator)
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
        """Bytes first, then what is said about them, in one transaction. Raises CurateError where the
        run is over: another command may be writing by now."""
        if self.stop.is_over:
            raise CurateError("it was stopped", "run again to go on")
        self.store.flush()
        with self.catalog.transaction():
            for sha256, size in self.sizes.items():
                self.catalog.add_resource(sha256, size)
            for sighting in self.batch:
                self.catalog.record(sighting)
        self.batch, self.sizes, self.heavy, self.began = [], {}, 0, time.monotonic()
        self.landed()

    def _gone(self, whole: bool) -> None:
        missing = self.catalog.missing(self.source)
        if missing and self.seen == 0:
            raise CurateError(
                f"it holds nothing now, but held {len(missing)} places before",
                "is a drive not mounted, or do include and exclude leave nothing? If it is meant to be empty,"
                " remove the source from collection.toml",
            )
        if not whole:
            # A place that failed may have led to others. Only what never gave anything, and was not
            # come by any more, is no failure of today.
            missing = [one for one in missing if one.state == "failed" and not one.resource]
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


def settled(seen: Sighting, selection: Selection, store: Store) -> bool:
    """Is what was decided about an unchanged place still what would be decided?"""
    if seen.state == "taken":
        return seen.basis == selection.basis and store.has(seen.resource)
    if seen.state == "pending":
        return seen.basis == selection.basis
    return seen.state == "rejected" and seen.basis in (selection.basis, selection.text_basis)


class _Opened(io.RawIOBase):
    """A candidate's bytes. Whatever its collector raises is a failure of this one place."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        with _blamed():
            return self._stream.read(size)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _opened(candidate: Candidate) -> _Opened:
    with _blamed():
        return _Opened(candidate.open())


@contextmanager
def _blamed() -> Iterator[None]:
    try:
        yield
    except (CurateError, OSError):
        raise
    except Exception as fault:  # plug-ins are other people's code
        raise CurateError(
            f"its collector failed with {type(fault).__name__}: {fault}",
            "tell whoever provides it; all else goes on",
        ) from fault


def careful(collector: Collector, memory: Memory) -> Generator[Candidate | Trouble]:
    """What a collector finds; whatever else it raises is a failure of its source, not of the run."""
    found = iter(collector.candidates(memory))
    try:
        while True:
            with _blamed():
                one = next(found, None)
            if one is None:
                return
            yield one
    finally:
        if isinstance(found, Generator):
            found.close()


def told(fault: CurateError | OSError) -> Message:
    """An error as a reason that can be stored."""
    if isinstance(fault, CurateError):
        hint = f" ({fault.hint})" if fault.hint else ""
        return msg("{fault}", fault=f"{fault.message}{hint}")
    return msg("{fault}", fault=fault.strerror or str(fault))

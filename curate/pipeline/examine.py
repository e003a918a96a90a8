"""Open bytes once, in a worker, and learn everything that only their content can tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from curate import classify, dedupe, extract
from curate.catalog import Catalog, Stage
from curate.errors import CurateError
from curate.messages import msg
from curate.model import Extracted, Facts, Fingerprint, Message, Profile
from curate.store import Store
from curate.workers import Failed, Limits, unordered
from curate.workspace import Compute

VERSIONS: Mapping[Stage, int] = {
    "extract": extract.VERSION,
    "profile": classify.VERSION,
    "fingerprint": dedupe.VERSION,
}
BATCH = 200
"""Resources whose facts are written in one transaction."""


@dataclass(frozen=True, slots=True)
class Task:
    sha256: str
    path: str  # where the bytes lie
    name: str  # what they were called, for the hints in its suffix


@dataclass(frozen=True, slots=True)
class Learned:
    facts: Facts
    error: Message | None = None  # why the bytes could not be read


def examine(task: Task) -> Learned:
    """All facts of one resource. Runs in a worker; a file that cannot be read is a result, not a fault."""
    path = Path(task.path)
    try:
        extracted = extract.extract(path, task.name)
    except CurateError as fault:
        return unread(task, msg("{fault}", fault=fault.message))
    profile = classify.profile(extracted, task.name)
    return Learned(Facts(extracted, profile, dedupe.fingerprint(extracted, path)))


def unread(task: Task, reason: Message) -> Learned:
    """What is known of bytes that could not be opened: their name."""
    nothing = Extracted("unknown", "other", "application/octet-stream", problem=str(reason))
    return Learned(Facts(nothing, Profile(title=Path(task.name).stem), Fingerprint()), reason)


def learn(
    catalog: Catalog,
    store: Store,
    named: Iterable[tuple[str, str]],
    compute: Compute,
    done: Callable[[int], None],
) -> Iterator[tuple[str, Learned]]:
    """Examine each (resource, name) and write what is learned; yields it after it was written."""
    tasks = (Task(sha256, str(store.path(sha256)), name) for sha256, name in named)
    limits = Limits(compute.workers, compute.seconds, compute.memory_mb)
    batch: list[tuple[str, Learned]] = []
    for task, result in unordered(examine, tasks, limits, ("curate.pipeline.examine",)):
        learned = unread(task, result.reason) if isinstance(result, Failed) else result
        batch.append((task.sha256, learned))
        done(1)
        if len(batch) >= BATCH:
            yield from _write(catalog, batch)
            batch = []
    yield from _write(catalog, batch)


def _write(catalog: Catalog, batch: list[tuple[str, Learned]]) -> list[tuple[str, Learned]]:
    with catalog.transaction():
        for sha256, learned in batch:
            catalog.put_facts(sha256, learned.facts, VERSIONS, learned.error)
    return batch

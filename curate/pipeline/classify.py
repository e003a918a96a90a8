"""Learn what each resource is, who is the same as whom, where it belongs and what may be done with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from curate.catalog import Catalog
from curate.collection import Loaded
from curate.errors import CurateError
from curate.messages import msg
from curate.model import Message, Report
from curate.pipeline.examine import VERSIONS, learn
from curate.pipeline.gates import empty_folders
from curate.pipeline.index import index
from curate.pipeline.judge import Judge
from curate.pipeline.keep import Choice
from curate.pipeline.labels import to_review
from curate.pipeline.listener import SILENT, Listener
from curate.pipeline.match import match
from curate.pipeline.places import basename, taken
from curate.pipeline.ready import chosen
from curate.pipeline.training import train
from curate.pipeline.voices import Voices
from curate.store import Store
from curate.workspace import Settings, Workspace

BATCH = 500
_LOST = msg(
    "it held people's words the last time and is gone: restore it from a copy, or say them again"
)


def classify(
    workspace: Workspace,
    names: Sequence[str] = (),
    listener: Listener = SILENT,
    retry: bool = False,
) -> list[Report]:
    """Classify the named collections, or all that were collected; then bring the index up to date.

    ``retry`` reads again what could not be read before. Raises CurateError: no such collection, a
    wrong configuration, nothing collected yet, another command writing.
    """
    loaded, reports = chosen(workspace, names, "classify")
    settings = workspace.settings
    with workspace.writing(), Catalog(workspace.catalog) as catalog:
        store = Store(workspace.objects)
        with catalog.transaction():
            catalog.set_versions(VERSIONS)
        judges: list[tuple[Loaded, Judge, int]] = []
        for one in loaded:
            if names or catalog.knows(one.name):
                catalog.collection_id(one.name)  # raises where it was never collected
                try:
                    judge = Judge(workspace, one)
                except CurateError as fault:
                    if names:
                        raise
                    reports.append(_unjudged(workspace, one, fault))
                    continue
                examined = _examine(catalog, store, one, settings, listener, retry)
                judges.append((one, judge, examined))
        compared = match(catalog, listener)
        labelled = []
        for one, judge, _ in judges:
            train(catalog, judge, listener)
            lost = [(str(path), _LOST) for path in judge.lost(catalog)]  # before it is heard anew
            labelled.append((_label(catalog, judge, one, listener), lost))
        voices = Voices(workspace, catalog)
        for (one, judge, examined), (number, lost) in zip(judges, labelled, strict=True):
            if judge.homeless:
                names = ", ".join(judge.homeless)
                lost.append((str(judge.corrections.path), _homeless(names)))
            done = {"examined": examined, "compared": compared, "labelled": number}
            report = _report(catalog, one, judge, voices.choice(one), done)
            reports.append(msgspec.structs.replace(report, failed=(*report.failed, *lost)))
        index(workspace, catalog, settings, listener, voices=voices)
        if not reports:
            raise CurateError("nothing has been collected yet", "run: curate collect")
        return reports


def _homeless(names: str) -> Message:
    return msg(
        "people sorted into what is no category any more ({names}): name it in collection.toml again, or sort them anew with curate classify set",
        names=names,
    )


def _unjudged(workspace: Workspace, loaded: Loaded, fault: CurateError) -> Report:
    where = str(workspace.collection_file(loaded.name))
    return Report("classify", loaded.name, failed=((where, msg("{fault}", fault=fault.message)),))


def _examine(
    catalog: Catalog,
    store: Store,
    loaded: Loaded,
    settings: Settings,
    listener: Listener,
    retry: bool,
) -> int:
    waiting = catalog.unexamined(loaded.name, VERSIONS, retry)
    if not waiting:
        return 0
    listener.stage("reading", len(waiting))
    named = ((sha256, _name(catalog, loaded.name, sha256)) for sha256 in waiting)
    return sum(1 for _ in learn(catalog, store, named, settings.compute, listener.step))


def _name(catalog: Catalog, collection: str, sha256: str) -> str:
    return basename(taken(catalog.places(sha256), collection)[0].sighting.locator)


def _label(catalog: Catalog, judge: Judge, loaded: Loaded, listener: Listener) -> int:
    """Category and decision of every member that changed or was judged by other rules."""
    with catalog.transaction():
        catalog.mark_dirty(loaded.name, judge.basis)
        judge.hear(catalog)
    waiting = catalog.dirty(loaded.name)
    if not waiting:
        return 0
    listener.stage("classifying", len(waiting))
    for start in range(0, len(waiting), BATCH):
        batch = waiting[start : start + BATCH]
        with catalog.transaction():
            revision = catalog.next_revision()
            for sha256 in batch:
                catalog.put_member(judge.member(catalog, sha256), judge.basis, revision)
        listener.step(len(batch))
    return len(waiting)


def _report(
    catalog: Catalog, loaded: Loaded, judge: Judge, choice: Choice, done: Mapping[str, int]
) -> Report:
    counts: Counter[str] = Counter(done)
    counts["places"] = catalog.count_taken(loaded.name)
    categories: Counter[str] = Counter()
    for (category, outcome), count in catalog.tally(loaded.name).items():
        counts["resources"] += count
        counts[outcome] += count
        categories[category] += count
    failed = (*catalog.unread(loaded.name, "taken"), *empty_folders(catalog, loaded))
    counts["uncategorised"] = categories.pop("", 0)
    counts["categories"] = len(categories)
    counts["review"] = to_review(catalog, loaded, judge)
    if not loaded.collection.categories:
        counts["unsorted"] = counts["resources"]
    counts["partial"] = sum(1 for _ in catalog.half_read(loaded.name))
    counts["copies"] = counts["places"] - counts["resources"]
    counts["duplicates"] = len(choice.kept)
    doubted = sum(
        one.decision.outcome == "allow" and name not in choice.allowed and one.readable
        for name, one in choice.standings.items()
    )
    counts["allow"] -= doubted  # like what somebody else has a say in: a person decides
    counts["ask"] += doubted
    return Report(
        "classify", loaded.name, dict(counts), failed, next=f"curate package {loaded.name}"
    )

"""Learn what each resource is, who is the same as whom, where it belongs and what may be done with it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

from curate import classify as classifier
from curate import rights
from curate.catalog import Catalog, Member, Place
from curate.classify.taxonomy import Taxonomy
from curate.collection import Declaration, Loaded, load
from curate.model import Decision, Extracted, Report, main_text
from curate.pipeline.examine import VERSIONS, learn
from curate.pipeline.index import index
from curate.pipeline.keep import keepers
from curate.pipeline.listener import SILENT, Listener
from curate.pipeline.match import match
from curate.pipeline.places import basename, taken
from curate.store import Store
from curate.workspace import Settings, Workspace

BATCH = 500


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
    loaded = [load(workspace, name) for name in names or workspace.names()]
    settings = workspace.settings
    with workspace.writing(), Catalog(workspace.catalog) as catalog:
        store = Store(workspace.objects)
        with catalog.transaction():
            catalog.set_versions(VERSIONS)
        reports = []
        for one in loaded:
            catalog.collection_id(one.name)
            examined = _examine(catalog, store, one, settings, listener, retry)
            compared = match(catalog, listener)
            labelled = _label(catalog, one, listener)
            reports.append(_report(catalog, one, examined, compared, labelled))
        index(workspace, catalog, settings, listener)
        return reports


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


def _label(catalog: Catalog, loaded: Loaded, listener: Listener) -> int:
    """Category and decision of every member that changed or was judged by other rules."""
    judge = _Judge(loaded)
    with catalog.transaction():
        catalog.mark_dirty(loaded.name, judge.basis)
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


class _Judge:
    """The rules of one collection. ``basis`` changes whenever another judgement is possible."""

    def __init__(self, loaded: Loaded) -> None:
        collection = loaded.collection
        self._name = loaded.name
        self._paid = collection.listing.paid
        self._taxonomy = Taxonomy(collection.categories, collection.classify.threshold)
        self._policy = rights.load()
        self._declared = {
            (str(type(one).__struct_config__.tag), one.place): one.rights or collection.rights
            for one in collection.sources
        }
        self._tags = {
            (str(type(one).__struct_config__.tag), one.place): one.tags
            for one in collection.sources
        }
        rules = (
            self._taxonomy.digest, self._policy.version, repr(self._paid), repr(sorted(self._declared.items(), key=repr)),
            repr(sorted(self._tags.items())), str(rights.VERSION), str(classifier.VERSION),
        )  # fmt: skip
        self.basis = hashlib.sha256("\n".join(rules).encode()).hexdigest()[:16]

    def member(self, catalog: Catalog, sha256: str) -> Member:
        member = catalog.member(self._name, sha256)
        assert member is not None
        places = catalog.places(sha256)
        here = taken(places, self._name)
        known = catalog.facts(sha256)
        if not here or known is None:
            return member
        extracted, profile, _ = known
        first = here[0].sighting
        title = first.said.title or profile.title or extracted.title or basename(first.locator)
        tags = {
            tag
            for one in here
            for tag in (*one.sighting.said.tags, *self._tags.get((one.kind, one.place), ()))
        }
        label = self._taxonomy.label(
            title,
            (*extracted.keywords, *profile.keywords),
            first.locator,
            tuple(sorted(tags)),
            main_text(catalog.text(sha256)),
        )
        return Member(
            self._name, sha256, member.size, member.present, False, title, first.locator, label,
            self._decide(places, here, extracted),
        )  # fmt: skip

    def _decide(
        self, places: Sequence[Place], here: Sequence[Place], extracted: Extracted
    ) -> Decision:
        declared = [self._declared.get((one.kind, one.place), Declaration()) for one in here]
        found = [said for one in here for said in one.sighting.said.statements]
        elsewhere = [said for one in places for said in one.sighting.said.statements]
        evidence = rights.Evidence(declared, (*found, *extracted.statements), tuple(elsewhere))
        return rights.decide(evidence, self._policy, self._paid)


def _report(
    catalog: Catalog, loaded: Loaded, examined: int, compared: int, labelled: int
) -> Report:
    counts: Counter[str] = Counter(examined=examined, compared=compared, labelled=labelled)
    counts["places"] = catalog.count_taken(loaded.name)
    categories: Counter[str] = Counter()
    for member in catalog.members(loaded.name):
        counts["resources"] += 1
        counts[member.decision.outcome] += 1
        categories[member.label.category] += 1
    failed = tuple(catalog.unread(loaded.name, "taken"))
    counts["uncategorised"] = categories.pop("", 0)
    counts["categories"] = len(categories)
    counts["partial"] = sum(1 for _ in catalog.half_read(loaded.name))
    counts["copies"] = counts["places"] - counts["resources"]
    counts["duplicates"] = len(keepers(catalog, loaded))
    return Report(
        "classify", loaded.name, dict(counts), failed, next=f"curate package {loaded.name}"
    )

"""The categories that people give: written down, judged and indexed at once; and what waits for them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from curate.catalog import Catalog, Member
from curate.classify.labels import by_doubt
from curate.collection import Loaded, load
from curate.corrections import Correction
from curate.errors import CurateError
from curate.model import Label, Report
from curate.pipeline.index import index
from curate.pipeline.judge import Judge
from curate.pipeline.named import meant, none_missing, one_each, slip
from curate.pipeline.ready import ready
from curate.workspace import Workspace

_NAMED = 20
"""Categories that an error names; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Filed:
    """A resource of a collection, and the category it is in."""

    sha256: str
    title: str
    source: str  # the place it was found at
    label: Label

    @classmethod
    def of(cls, member: Member) -> Filed:
        return cls(member.sha256, member.title, member.source, member.label)

    @property
    def waits(self) -> bool:
        """Is no category sure enough, and has nobody said that it belongs nowhere?"""
        return not self.label.category and self.label.basis != "person"


@dataclass(frozen=True, slots=True)
class Word:
    """What a person says about one resource."""

    about: Filed
    category: str | None  # a category's name; "" = it belongs nowhere; None = taken back


def filed(catalog: Catalog, name: str) -> list[Filed]:
    """Every resource of a collection, by place."""
    found = [Filed.of(member) for member in catalog.members(name)]
    return sorted(found, key=lambda one: (one.source, one.sha256))


def sorted_into(workspace: Workspace, name: str) -> Loaded:
    """The collection. Raises CurateError where it has no categories."""
    loaded = load(workspace, name)
    if not loaded.collection.categories:
        raise CurateError(
            f"'{name}' has no categories",
            f"write [[categories]] into {workspace.collection_file(name)}, or see: curate classify suggest {name}",
        )
    return loaded


def category_of(loaded: Loaded, said: str) -> str:
    """The name of the category that ``said`` means: a name, or a title, in any case. Raises CurateError."""
    known = loaded.collection.categories
    names = [one.name for one in known]
    if said in names:
        return said
    low = said.strip().casefold()
    near = {one.name for one in known if low in (one.name.casefold(), one.title.casefold())}
    if len(near) == 1:
        return near.pop()
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    listed = f"categories of '{loaded.name}': {', '.join(names[:_NAMED])}{more}"
    slip("category", said, names, listed)
    return said


def settle(
    workspace: Workspace, name: str, items: Sequence[str], category: str | None, who: str
) -> tuple[Report, list[Filed]]:
    """Record that a person puts all ``items`` into ``category``, all or nothing; as they are filed now.

    ``items`` are ids or their beginnings, paths or URLs; ``category`` as in ``Word``. Raises CurateError:
    no such category or item, nothing to take back, the collection has to be collected or classified first.
    """
    loaded = sorted_into(workspace, name)
    chosen = category_of(loaded, category) if category else category
    with workspace.writing(), Catalog(workspace.catalog) as catalog:
        judge = ready(workspace, catalog, loaded)
        everything = filed(catalog, name)
        none_missing(
            items, everything, f"nothing in '{name}'", "give the whole path", f"curate classify export {name}"
        )  # fmt: skip
        one_each(items, everything)
        about = meant(items, everything)
        if chosen is None:
            about = [one for one in about if one.sha256 in judge.corrections.latest]
            if not about:
                raise CurateError(
                    "nobody has set a category of any of these",
                    f"see what was set: curate classify export {name}",
                )
        words = [Word(one, chosen) for one in about]
        return report(loaded, words), Desk(workspace, catalog, loaded).record(words, who)


def report(loaded: Loaded, words: Iterable[Word]) -> Report:
    """How many were ``set`` and how many ``undone``; the model learns from them in what comes next."""
    counts = Counter("undone" if one.category is None else "set" for one in words)
    return Report("labels", loaded.name, dict(counts), next=f"curate classify {loaded.name}")


class Desk:
    """Where people's words on one collection's categories are written down. The workspace is held."""

    def __init__(self, workspace: Workspace, catalog: Catalog, loaded: Loaded) -> None:
        self._workspace, self._catalog, self._loaded = workspace, catalog, loaded

    def record(self, words: Sequence[Word], who: str, indexed: bool = True) -> list[Filed]:
        """Write words down, lasting when this returns, and judge their resources again.

        ``indexed``: bring the search index up to date too.
        """
        catalog, name = self._catalog, self._loaded.name
        self._hear()
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        Judge(self._workspace, self._loaded).corrections.append(
            Correction(one.about.sha256, one.about.title, one.category, who, now) for one in words
        )
        judge = Judge(self._workspace, self._loaded)
        found = []
        with catalog.transaction():
            items = [one.about.sha256 for one in words]
            catalog.mark_said("labels", name, items, judge.corrections.mark)
            revision = catalog.next_revision()
            for sha256 in items:
                member = judge.member(catalog, sha256)
                catalog.put_member(member, judge.basis, revision)
                found.append(Filed.of(member))
        if indexed:
            index(self._workspace, catalog, self._workspace.settings)
        return found

    def _hear(self) -> None:
        """What was said before and not judged yet must not count as heard once this is."""
        judge = Judge(self._workspace, self._loaded)
        if judge.unheard(self._catalog):
            with self._catalog.transaction():
                judge.hear(self._catalog)


def to_review(catalog: Catalog, loaded: Loaded, judge: Judge) -> int:
    """How many resources wait for a person to say where they belong."""
    if not loaded.collection.categories:
        return 0
    tally = catalog.tally(loaded.name)  # without an outcome: not judged yet
    unsorted = sum(n for (category, outcome), n in tally.items() if outcome and not category)
    nowhere = [one.item for one in judge.corrections.latest.values() if not one.category]
    settled = [catalog.member(loaded.name, item) for item in nowhere]
    return unsorted - sum(1 for one in settled if one and one.present and not one.label.category)


def spread(found: Iterable[Filed]) -> list[Filed]:
    """What waits before what has a category; of each the least sure first, by turns of what they may be."""
    names = {f"{one.source}\0{one.sha256}": one for one in found}
    sides: tuple[list[tuple[str, Label]], list[tuple[str, Label]]] = ([], [])
    for name, one in names.items():
        sides[not one.waits].append((name, one.label))
    return [names[name] for side in sides for name in by_doubt(side)]

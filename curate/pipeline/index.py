"""Bring the search index up to date: only what was judged since the last time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from curate import plugins
from curate.catalog import Catalog, Member
from curate.indexes import Index, IndexBroken
from curate.model import Document
from curate.pipeline.listener import SILENT, Listener
from curate.workspace import Settings, Workspace

if TYPE_CHECKING:  # a search needs none of what it needs
    from curate.pipeline.voices import Voices


def open_index(workspace: Workspace, settings: Settings) -> Index:
    """The configured engine on this workspace's index. Raises CurateError where it is broken."""
    engine = settings.search.engine
    made: Index = plugins.load("indexes", engine)(workspace.index / engine)
    return made


@dataclass(frozen=True, slots=True)
class Indexed:
    """So many documents were added, replaced or removed."""

    count: int
    anew: bool = (
        False  # the index could not be read by this version and was made from the beginning
    )


def index(
    workspace: Workspace,
    catalog: Catalog,
    settings: Settings,
    listener: Listener = SILENT,
    rebuild: bool = False,
    voices: Voices | None = None,
) -> Indexed:
    """Add what is new, replace what changed, remove what left.

    ``voices``: those that were weighed in this run already.

    An index that is damaged, or that another version made, is made anew: it holds nothing that the
    catalogue does not.
    """
    from curate.pipeline.voices import Voices

    voices = voices or Voices(workspace, catalog)
    if not rebuild:
        with suppress(IndexBroken):
            return Indexed(_index(workspace, catalog, settings, listener, voices, rebuild=False))
    anew = _index(workspace, catalog, settings, listener, voices, rebuild=True)
    return Indexed(anew, not rebuild)


def _index(
    workspace: Workspace,
    catalog: Catalog,
    settings: Settings,
    listener: Listener,
    voices: Voices,
    rebuild: bool,
) -> int:
    """The mark is set after the engine's commit: a kill in between repeats the same documents, which
    replaces them by themselves.
    """
    import shutil

    mark = f"indexed:{settings.search.engine}"
    if rebuild:
        with catalog.transaction():
            catalog.set_mark(
                mark, 0
            )  # first: a kill now must not leave an empty index that counts as full
        shutil.rmtree(workspace.index / settings.search.engine, ignore_errors=True)
    folder = workspace.index / settings.search.engine
    since = catalog.mark(mark)
    if folder.exists() and not since:
        shutil.rmtree(folder)  # of a catalogue that is no more: what it holds cannot be trusted
    fresh = not folder.exists()
    since = 0 if fresh else since
    voices.settle()
    revision = catalog.mark("revision")
    engine = open_index(workspace, settings)
    if since == revision and not fresh:
        return 0
    gone = [(one.collection, one.sha256) for one in catalog.changed_since(since, present=False)]
    count = len(gone)

    def documents() -> Iterator[Document]:
        nonlocal count
        for member in catalog.changed_since(since, present=True):
            count += 1
            listener.step()
            yield _document(catalog, voices, member)

    listener.stage("making the search index anew" if rebuild else "indexing")
    engine.update(documents(), gone)
    with catalog.transaction():
        catalog.set_mark(mark, revision)
    return count


def _document(catalog: Catalog, voices: Voices, member: Member) -> Document:
    told = voices.told(member)
    return Document(
        id=member.sha256,
        collection=member.collection,
        title=told.title,
        keywords=told.words,
        category=member.label.category,
        format=told.extracted.format,
        kind=told.extracted.kind,
        language=told.language,
        license=member.decision.license,
        source=member.source,
        text=catalog.text(member.sha256),
    )

"""The review queue: what a person is asked about, one after another."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from curate.catalog import Catalog
from curate.collection import Category, Loaded
from curate.errors import CurateError
from curate.model import Label, main_text
from curate.pipeline.index import index
from curate.pipeline.judge import Judge
from curate.pipeline.labels import Desk, Filed, Word, filed, sorted_into, spread
from curate.pipeline.places import taken
from curate.pipeline.ready import ready
from curate.workspace import Workspace

GUESSES = 9
"""Guesses that are shown: as many as there are keys for."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a person needs to see of a resource to say where it belongs."""

    filed: Filed
    kind: str
    format: str
    language: str
    text: str  # without the surroundings of its page
    guesses: tuple[Label, ...]  # the most likely categories, the best first


def queue(
    workspace: Workspace, name: str, everything: bool = False, limit: int = 0
) -> tuple[list[Filed], int]:
    """What waits for a person, the least sure first, and how many do; at most ``limit`` where that is set.

    ``everything`` adds what has a category that no person gave. Raises CurateError: no categories, or it
    has to be collected or classified first.
    """
    loaded = sorted_into(workspace, name)
    with Catalog(workspace.catalog, readonly=True) as catalog:
        ready(workspace, catalog, loaded)
        found = filed(catalog, name)
    waiting = sum(1 for one in found if one.waits)
    asked = [one for one in found if one.waits or (everything and one.label.basis != "person")]
    return spread(asked)[: limit or None], waiting


class Review:
    """One person going through the queue of one collection.

    The workspace is held only while an answer is written, so that others may go on collecting beside it;
    leaving the ``with`` brings the search index up to date.
    """

    def __init__(self, workspace: Workspace, name: str, who: str) -> None:
        self._workspace, self._who = workspace, who
        self._loaded: Loaded = sorted_into(workspace, name)
        self._judge = Judge(workspace, self._loaded)
        self._catalog = Catalog(workspace.catalog, readonly=True)
        self._given: list[Filed] = []
        self._written = False

    def __enter__(self) -> Review:
        return self

    def __exit__(self, kind: object, fault: object, trace: object) -> None:
        self._catalog.db.close()
        if self._written:
            # Where another command is writing, that one or the next brings it up to date.
            with (
                suppress(CurateError),
                self._workspace.writing(),
                Catalog(self._workspace.catalog) as catalog,
            ):
                index(self._workspace, catalog, self._workspace.settings)

    @property
    def answered(self) -> int:
        """Answers that hold."""
        return len(self._given)

    @property
    def categories(self) -> tuple[Category, ...]:
        return self._loaded.collection.categories

    def look(self, one: Filed) -> Shown | None:
        """What there is to see of it; None where it left, or somebody answered, in the meantime."""
        name, catalog = self._loaded.name, self._catalog
        member = catalog.member(name, one.sha256)
        known = catalog.facts(one.sha256)
        if not (member and member.present and known and taken(catalog.places(one.sha256), name)):
            return None
        if member.label.basis == "person":
            return None
        extracted, profile, _ = known
        guesses = self._judge.labeller.guesses(self._judge.seen(catalog, one.sha256), GUESSES)
        return Shown(
            one, extracted.kind, extracted.format, profile.language, main_text(catalog.text(one.sha256)),
            tuple(guesses),
        )  # fmt: skip

    def answer(self, one: Filed, category: str) -> None:
        """It belongs there, or with "" nowhere. Lasting when this returns; raises CurateError where another
        command is writing."""
        self._write(Word(one, category))
        self._given.append(one)

    def undo(self) -> Filed | None:
        """Take back the last answer that holds and name what it was about; None where there is none."""
        if not self._given:
            return None
        self._write(Word(self._given[-1], None))
        return self._given.pop()

    def _write(self, word: Word) -> None:
        with self._workspace.writing(), Catalog(self._workspace.catalog) as catalog:
            self._written = True
            Desk(self._workspace, catalog, self._loaded).record([word], self._who, indexed=False)

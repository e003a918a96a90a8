"""Who speaks for whom in each collection, and who does so otherwise than the search index was told."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from curate.catalog import Catalog, Member
from curate.collection import Loaded, load
from curate.errors import CurateError
from curate.likeness import Likeness
from curate.pipeline.keep import Choice, choose
from curate.pipeline.merged import Told, merged
from curate.workspace import Workspace


class Voices:
    """What the members of all collections say, each with those for which it stands."""

    def __init__(self, workspace: Workspace, catalog: Catalog) -> None:
        self._workspace, self._catalog = workspace, catalog
        self._behind: dict[str, dict[str, list[str]]] = {}
        self._choices: dict[str, tuple[int, Choice]] = {}

    def choice(self, loaded: Loaded) -> Choice:
        """What stays of a collection as the catalogue stands; weighed once for as long as it stands so."""
        revision = self._catalog.mark("revision")
        known = self._choices.get(loaded.name)
        if known is None or known[0] != revision:
            known = self._choices[loaded.name] = (revision, choose(self._catalog, loaded))
        return known[1]

    def told(self, member: Member) -> Told:
        """All that the index says about a member."""
        if member.collection not in self._behind:
            loaded = self._loaded(member.collection)
            self._behind[member.collection] = self._ask(loaded)[0] if loaded else {}
        doubles = self._behind[member.collection].get(member.sha256, ())
        return merged(self._catalog, member, doubles)

    def settle(self) -> None:
        """Make new to the index whoever speaks for others than it was told, or for others that changed: a
        word, a threshold, a decision on one may change what is kept of all."""
        catalog = self._catalog
        with catalog.transaction():
            loaded = {name: self._loaded(name) for name in catalog.collections()}
            marks = {name: self._mark(one) for name, one in loaded.items()}
            revision = catalog.mark("revision")
            later = {
                name: one for name, one in loaded.items()
                if catalog.mark(f"spoken {name}") != _mixed(marks[name], revision)
            }  # fmt: skip
            moved = False
            for name, one in later.items():
                moved |= self._settle(name, one, revision + 1)
            if moved:
                revision = catalog.next_revision()
            for name in loaded if moved else later:
                catalog.set_mark(f"spoken {name}", _mixed(marks[name], revision))

    def _settle(self, name: str, loaded: Loaded | None, revision: int) -> bool:
        behind, choice = self._ask(loaded) if loaded else ({}, None)
        self._behind[name] = behind
        now = {one: _digest(choice, doubles) for one, doubles in behind.items()} if choice else {}
        before = self._catalog.speakers(name)
        changed = [one for one in {**before, **now} if before.get(one) != now.get(one)]
        # Of a collection that cannot be read nobody knows who speaks: once it can, all are new.
        told = sorted(changed) if loaded else []
        if changed:
            self._catalog.put_speakers(name, now, told, revision)
        return bool(told)

    def _ask(self, loaded: Loaded) -> tuple[dict[str, list[str]], Choice]:
        choice = self.choice(loaded)
        return choice.behind(loaded.collection.dedupe), choice

    def _loaded(self, name: str) -> Loaded | None:
        try:
            loaded = load(self._workspace, name)
            Likeness(loaded.folder)
        except CurateError:
            return None  # it is told wherever the collection is asked for
        return loaded

    def _mark(self, loaded: Loaded | None) -> str:
        if loaded is None:
            return ""
        return f"{Likeness(loaded.folder).mark} {loaded.collection.dedupe!r}"


def _digest(choice: Choice, doubles: Sequence[str]) -> int:
    told = ((name, choice.standings[name].revision) for name in sorted(doubles))
    return _number(repr(list(told)))


def _mixed(mark: str, revision: int) -> int:
    return _number(f"{mark} {revision}")


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7])

"""The Python API: a workspace with the commands as methods."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO

from curate import workspace as places
from curate.errors import Problem
from curate.indexes import Filters
from curate.model import Language, Report
from curate.pipeline.decisions import Ask, Decided
from curate.pipeline.differences import Differences
from curate.pipeline.explain import Explanation, Standing
from curate.pipeline.find import Found
from curate.pipeline.grants import Holding
from curate.pipeline.groups import Groups
from curate.pipeline.likeness import Said, Saying
from curate.pipeline.listener import SILENT, Listener
from curate.pipeline.package import Packaged
from curate.pipeline.rulings import Ruling, Which
from curate.pipeline.setup import Wish


class Workspace(places.Workspace):
    """A folder that holds curate.toml. ``Workspace.find()``, ``Workspace.at(path)`` or ``Workspace.init(path)``.

    Methods that write hold the workspace's lock while they run; ``search``, ``why`` and ``status`` may
    run beside them.
    """

    __slots__ = ()

    @classmethod
    def init(cls, folder: Path, language: Language = "en") -> Workspace:
        """Make ``folder`` a workspace. Raises CurateError where it is one already."""
        from curate.pipeline.setup import init

        return cls(init(folder, language).root)

    def new(self, name: str, wish: Wish | None = None) -> Path:
        """Write a commented collection.toml and give its path. Raises CurateError where it exists."""
        from curate.pipeline.setup import new

        return new(self, name, wish or Wish())

    def collect(
        self, *names: str, listener: Listener = SILENT, retry: bool = False, dry_run: bool = False,
        sample: int = 0,
    ) -> list[Report]:  # fmt: skip
        """Bring in what the sources of the named collections hold, or of all; one report each.

        ``retry``: only what failed before; ``dry_run``: take and write nothing, tell what would be;
        ``sample``: at most so many of each source.
        """
        from curate.pipeline.collect import How, collect

        return collect(self, names, listener, How(retry, dry_run, sample))

    def classify(
        self, *names: str, listener: Listener = SILENT, retry: bool = False
    ) -> list[Report]:
        """Read, compare, sort and judge what was collected; one report each. ``retry``: unreadable files too."""
        from curate.pipeline.classify import classify

        return classify(self, names, listener, retry)

    def search(
        self, query: str, filters: Filters | None = None, limit: int = 10, offset: int = 0, *,
        exact: bool = False, facets: int = 0,
    ) -> Found:  # fmt: skip
        """One page of hits with snippets, best first; ``exact``: slips are not mended, ``facets``: all matches
        counted by so many values of collection, category, type, language and license."""
        from curate.pipeline.find import search

        return search(self, query, filters, limit, offset, exact=exact, facets=facets)

    def like(
        self, what: str, filters: Filters | None = None, limit: int = 10, offset: int = 0, *,
        facets: int = 0,
    ) -> Found:  # fmt: skip
        """What is most like the resource that an id, a path or a URL names, without its duplicates."""
        from curate.pipeline.find import like

        return like(self, what, filters, limit, offset, facets=facets)

    def duplicates(self, name: str, items: Sequence[str] = (), kind: str = "") -> Groups:
        """Every group of duplicates in a collection, what stays of each and why; with ``items`` those that
        hold one of these, with ``kind`` those in which something is alike in that way."""
        from curate.pipeline.groups import groups

        return groups(self, name, items, kind)

    def differences(self, name: str, one: str, other: str) -> Differences:
        """What differs between two items of a collection: their facts and the sentences of their texts."""
        from curate.pipeline.differences import differences

        return differences(self, name, (one, other))

    def say_likeness(self, name: str, saying: Saying) -> Said:
        """Record what a person says about duplicates: keep, split, merge, or undo what was said before."""
        from curate.pipeline.likeness import say

        return say(self, name, saying)

    def rights(self, name: str, which: Which | None = None) -> list[Ruling]:
        """Every resource of a collection that ``which`` fits, with its decision, by place."""
        from curate.pipeline.rulings import rulings

        return rulings(self, name, which)

    def decide_rights(self, name: str, which: Which, ask: Ask, dry_run: bool = False) -> Decided:
        """Record what a person decided about all that ``which`` fits, and judge it again; all or nothing.

        ``dry_run`` writes nothing and tells what would be.
        """
        from curate.pipeline.decisions import decide

        return decide(self, name, which, ask, dry_run)

    def export_rights(self, name: str, file: IO[bytes], which: Which | None = None) -> int:
        """Write a CSV sheet in which answers can be filled in; the number of its rows."""
        from curate.pipeline.sheet import export

        return export(self, name, file, which)

    def import_rights(self, name: str, path: Path, who: str) -> Report:
        """Record the answers that changed in such a sheet. Raises SheetError with all problems of its rows."""
        from curate.pipeline.sheet import bring

        return bring(self, name, path, who)

    def grants(self) -> list[Holding]:
        """Every grant with whether it holds and what rests on it."""
        from curate.pipeline.grants import holdings

        return holdings(self)

    def package(self, name: str, version: str = "", listener: Listener = SILENT) -> Packaged:
        """Release the next version of a collection's bundle, or ``version``."""
        from curate.pipeline.package import package

        return package(self, name, version, listener)

    def why(self, what: str) -> Sequence[Explanation]:
        """What is known and was decided about an id, a path or a URL."""
        from curate.pipeline.explain import why

        return why(self, what)

    def status(self) -> list[Standing]:
        """Where every collection stands."""
        from curate.pipeline.explain import standings

        return standings(self)

    @staticmethod
    def verify(path: Path) -> list[Problem]:
        """Every problem of a bundle (zip, unpacked folder or release folder); none: it is whole."""
        from curate.bundle import verify

        return verify(path)

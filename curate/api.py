"""The Python API: a workspace with the commands as methods."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from curate import workspace as places
from curate.errors import Problem
from curate.indexes import Filters
from curate.model import Language, Report
from curate.pipeline.explain import Explanation, Standing
from curate.pipeline.find import Found
from curate.pipeline.listener import SILENT, Listener
from curate.pipeline.package import Packaged
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
        self, *names: str, listener: Listener = SILENT, retry: bool = False
    ) -> list[Report]:
        """Bring in what the sources of the named collections hold, or of all; one report each."""
        from curate.pipeline.collect import collect

        return collect(self, names, listener, retry)

    def classify(
        self, *names: str, listener: Listener = SILENT, retry: bool = False
    ) -> list[Report]:
        """Read, compare, sort and judge what was collected; one report each. ``retry``: unreadable files too."""
        from curate.pipeline.classify import classify

        return classify(self, names, listener, retry)

    def search(
        self, query: str, filters: Filters | None = None, limit: int = 10, offset: int = 0
    ) -> Found:
        """One page of hits with snippets, best first."""
        from curate.pipeline.find import search

        return search(self, query, filters, limit, offset)

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

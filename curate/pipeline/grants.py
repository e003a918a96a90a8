"""The grants of a workspace: do they hold, and what rests on each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from curate import grant, rights
from curate.answers import Answers
from curate.catalog import Catalog
from curate.collection import load
from curate.errors import CurateError
from curate.grant import Held
from curate.model import Message
from curate.pipeline.gates import released_with
from curate.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Holding:
    """One grant, and what rests on it."""

    name: str
    held: Held | None  # None: its file is not there or wrong
    problem: str  # why it cannot be read
    against: tuple[Message, ...]  # why it does not hold; none: it is valid
    resting: Mapping[
        str, int
    ]  # collections that name it → items that stand on it, as last classified
    released: tuple[str, ...]  # "NAME VERSION" of bundles that hold something by it


def holdings(workspace: Workspace) -> list[Holding]:
    """Every grant that is written down or named somewhere, by name. Writes nothing."""
    resting = _resting(workspace)
    return [
        _holding(workspace, name, resting.get(name, {}))
        for name in sorted({*grant.names(workspace), *resting})
    ]


def _holding(workspace: Workspace, name: str, resting: Mapping[str, int]) -> Holding:
    released = tuple(released_with(workspace, name))
    try:
        held = grant.load(workspace, name)
    except CurateError as fault:
        return Holding(name, None, fault.message, (), resting, released)
    return Holding(name, held, "", rights.invalid(held, date.today()), resting, released)


def _resting(workspace: Workspace) -> dict[str, dict[str, int]]:
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for name in workspace.names():
        for one in _named(workspace, name):
            found[one][name] = 0
    if workspace.catalog.exists():
        with Catalog(workspace.catalog, readonly=True) as catalog:
            for name in filter(catalog.knows, workspace.names()):
                for member in catalog.members(name):
                    if one := member.decision.grant:
                        found[one][name] = found[one].get(name, 0) + 1
    return found


def _named(workspace: Workspace, name: str) -> set[str]:
    """The grants that a collection names; none where its configuration is wrong, which its stages tell."""
    named: set[str] = set()
    with suppress(CurateError):
        loaded = load(workspace, name)
        named.add(loaded.collection.rights.grant)
        for source in loaded.collection.sources:
            named.update(one.rights.grant for one in source.folders)
            named.add(source.rights.grant if source.rights else "")
        named.update(answer.grant for answer in Answers(loaded.folder).latest.values())
    return named - {""}

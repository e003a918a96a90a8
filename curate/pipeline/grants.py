"""The grants of a workspace: do they hold, and what rests on each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from curate import grant, rights
from curate.answers import Answers
from curate.catalog import Catalog
from curate.collection import Loaded, load
from curate.errors import CurateError
from curate.grant import Held
from curate.model import Message
from curate.pipeline.gates import released_with
from curate.pipeline.judge import use
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
    planned: Mapping[
        str, int
    ]  # collections that name it → copies planned (listing.copies); 0 = not said
    stops: Mapping[str, tuple[Message, ...]]  # why a build of such a collection would stop


def holdings(workspace: Workspace) -> list[Holding]:
    """Every grant that is written down or named somewhere, by name. Writes nothing."""
    loaded = {one.name: one for one in _readable(workspace)}
    resting = _resting(workspace, loaded)
    return [
        _holding(workspace, name, resting.get(name, {}), loaded)
        for name in sorted({*grant.names(workspace), *resting})
    ]


def _readable(workspace: Workspace) -> Iterator[Loaded]:
    """Collections whose configuration is right; what is wrong with the others their stages tell."""
    for name in workspace.names():
        with suppress(CurateError):
            yield load(workspace, name)


def _holding(
    workspace: Workspace, name: str, resting: Mapping[str, int], loaded: Mapping[str, Loaded]
) -> Holding:
    released = tuple(released_with(workspace, name))
    uses = {one: use(loaded[one]) for one in sorted(resting) if one in loaded}
    planned = {one: purpose.copies for one, purpose in uses.items()}
    try:
        held = grant.load(workspace, name)
    except CurateError as fault:
        return Holding(name, None, fault.message, (), resting, released, planned, {})
    against = rights.invalid(held, date.today())
    stops = {
        one: why
        for one, purpose in uses.items()
        if resting[one] and (why := (*against, *rights.exceeded(held, purpose)))
    }
    return Holding(name, held, "", against, resting, released, planned, stops)


def _resting(workspace: Workspace, loaded: Mapping[str, Loaded]) -> dict[str, dict[str, int]]:
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for one in loaded.values():
        for name in _named(one):
            found[name][one.name] = 0
    if workspace.catalog.exists():
        with Catalog(workspace.catalog, readonly=True) as catalog:
            for collection in filter(catalog.knows, workspace.names()):
                for member in catalog.members(collection):
                    if name := member.decision.grant:
                        found[name][collection] = found[name].get(collection, 0) + 1
    return found


def _named(loaded: Loaded) -> set[str]:
    """The grants that a collection names: in its configuration, and in what people decided."""
    named = {loaded.collection.rights.grant}
    for source in loaded.collection.sources:
        named.update(one.rights.grant for one in source.folders)
        named.add(source.rights.grant if source.rights else "")
    with suppress(CurateError):  # a damaged journal, which its stages tell
        named.update(answer.grant for answer in Answers(loaded.folder).latest.values())
    return named - {""}

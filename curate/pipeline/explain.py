"""Why things are as they are: of one resource, and of the whole workspace."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from curate import bundle
from curate.bundle import history
from curate.catalog import Catalog, Member, Place, State
from curate.collection import Loaded, load
from curate.errors import CurateError
from curate.likeness import Word
from curate.messages import msg
from curate.model import Extracted, Message, Profile
from curate.pipeline.groups import Board, Double
from curate.pipeline.judge import Judge
from curate.pipeline.keep import Kept, choose
from curate.pipeline.labels import to_review
from curate.pipeline.lookup import relative
from curate.pipeline.ready import outdated
from curate.workspace import Workspace

BEHIND = 10
"""Most of those that stand back for a resource that are told."""
_HEX = re.compile(r"^[0-9a-fA-F]{4,64}$")


@dataclass(frozen=True, slots=True)
class Membership:
    """What one collection made of a resource."""

    member: Member
    double: Double | None  # what it stands back for, if it does; None before it was judged
    behind: tuple[Double, ...] = ()  # what stands back for it, the best first
    more: int = 0  # beyond these
    words: tuple[Word, ...] = ()  # what people said about its duplicates

    @property
    def kept(self) -> Kept | None:
        """What is kept in its place, if it is a duplicate."""
        return self.double.kept if self.double else None

    @property
    def against(self) -> Message | None:
        """Why a bundle leaves it out; None where it goes in."""
        return self.double.against if self.double else None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that is known of one resource, or of a place nothing was taken from."""

    sha256: str  # "" where no bytes were read
    size: int
    places: tuple[Place, ...]
    extracted: Extracted | None
    profile: Profile | None
    error: Message | None
    memberships: tuple[Membership, ...]


def why(workspace: Workspace, what: str) -> list[Explanation]:
    """Explain a resource by the beginning of its id, or by the path or URL where it was found.

    Raises CurateError where nothing is known by that name, or too much.
    """
    with Catalog(workspace.catalog, readonly=True) as catalog:
        if _HEX.match(what) and (found := catalog.match_resource(what.lower())):
            if len(found) > 1:
                raise CurateError(
                    f"'{what}' begins the id of {len(found)} resources or more",
                    "give more of its characters",
                )
            return [_explain(workspace, catalog, found[0])]
        places = catalog.find_locator(what) or catalog.find_locator(relative(workspace, what))
        if not places:
            near = ", ".join(catalog.near_locators(Path(what).name or what))
            raise CurateError(
                f"nothing is known of '{what}'",
                f"did you mean {near}?"
                if near
                else "give an id (see curate search), or a path or URL as curate status --rejected and --failed show it",
            )
        resources = dict.fromkeys(one.sighting.resource for one in places if one.sighting.resource)
        explained = [_explain(workspace, catalog, sha256) for sha256 in resources]
        unread = tuple(one for one in places if not one.sighting.resource)
        return explained + [Explanation("", 0, (one,), None, None, None, ()) for one in unread]


def _explain(workspace: Workspace, catalog: Catalog, sha256: str) -> Explanation:
    places = catalog.places(sha256)
    known = catalog.facts(sha256)
    extracted, profile, error = known or (None, None, None)
    memberships = []
    for name in dict.fromkeys(one.collection for one in places):
        member = catalog.member(name, sha256)
        if member and member.present:
            memberships.append(_membership(workspace, catalog, name, member))
    return Explanation(
        sha256, catalog.size(sha256), tuple(places), extracted, profile, error, tuple(memberships)
    )


def _membership(workspace: Workspace, catalog: Catalog, name: str, member: Member) -> Membership:
    if member.dirty:
        return Membership(member, None)
    loaded = load(workspace, name)
    board = Board(catalog, loaded, choose(catalog, loaded, member.sha256))
    behind, more = board.behind(member.sha256, BEHIND)
    words = board.words(member.sha256)
    return Membership(member, board.double(member.sha256), tuple(behind), more, words)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one collection stands."""

    name: str
    title: str
    places: dict[str, int]  # by state
    resources: int
    waiting: int  # resources not classified yet
    unread: int
    outcomes: dict[str, int]  # allow, ask, deny
    categories: dict[str, int]
    versions: tuple[str, ...]
    next: str  # the command that comes next
    problem: str = ""  # why its configuration cannot be read
    review: int = 0  # resources that wait for a person to say where they belong
    yanked: dict[str, str] = field(default_factory=dict)  # versions that are off sale, and why


def standings(workspace: Workspace) -> list[Standing]:
    """Every collection, in the order of their names. Writes nothing."""
    if not workspace.catalog.exists():
        return [_unstarted(workspace, name) for name in workspace.names()]
    with Catalog(workspace.catalog, readonly=True) as catalog:
        return [_standing(workspace, catalog, name) for name in workspace.names()]


def _unstarted(workspace: Workspace, name: str) -> Standing:
    loaded, _, problem = _loaded(workspace, name)
    title = loaded.collection.title if loaded else name
    return Standing(name, title, {}, 0, 0, 0, {}, {}, (), f"curate collect {name}", problem)


def _loaded(workspace: Workspace, name: str) -> tuple[Loaded | None, Judge | None, str]:
    """The collection and its rules, or why these, or a grant that they name, cannot be read."""
    try:
        loaded = load(workspace, name)
        return loaded, Judge(workspace, loaded), ""
    except CurateError as fault:
        return None, None, fault.message


def _standing(workspace: Workspace, catalog: Catalog, name: str) -> Standing:
    if not catalog.knows(name):
        return _unstarted(workspace, name)
    loaded, judge, problem = _loaded(workspace, name)
    places: Counter[str] = Counter()
    for source in catalog.sources(name):
        places.update(catalog.count_states(source))
    outcomes: Counter[str] = Counter()
    categories: Counter[str] = Counter()
    for member in catalog.members(name):
        outcomes[member.decision.outcome] += 1
        categories[member.label.category] += 1
    counts = catalog.count_members(name)
    todo = outdated(catalog, loaded, judge) if loaded and judge else None
    stage = todo[0] if todo else "package" if counts["present"] else "collect"
    return Standing(
        name=name,
        title=loaded.collection.title if loaded else name,
        places=dict(places),
        resources=counts["present"],
        waiting=catalog.judged_otherwise(name, judge.basis) if judge else counts["dirty"],
        unread=counts["unread"],
        outcomes=dict(outcomes),
        categories=dict(categories),
        versions=tuple(bundle.versions(workspace.build, name)),
        yanked={one.version: one.why for one in history.yanked(workspace.build / name).values()},
        next=f"curate {stage} {name}",
        problem=problem,
        review=to_review(catalog, loaded, judge) if loaded and judge else 0,
    )


_READ: tuple[State, ...] = ("taken", "rejected")
_LEFT: tuple[State, ...] = ("rejected", "gone")


def rejections(workspace: Workspace) -> list[tuple[str, str, Message]]:
    """(collection, place, reason) of all that was seen and not taken."""
    if not workspace.catalog.exists():
        return []
    with Catalog(workspace.catalog, readonly=True) as catalog:
        return [
            (name, one.locator, one.reason or msg("it is no longer there"))
            for name in workspace.names()
            if catalog.knows(name)
            for state in _LEFT
            for one in catalog.with_state(name, state)
        ]


def _partly(problem: str) -> Message:
    return msg("read only in part: {problem}", problem=problem)


def failures(workspace: Workspace) -> list[tuple[str, str, Message]]:
    """(collection, place, reason) of all that could not be read: sources, places, bytes, parts."""
    if not workspace.catalog.exists():
        return []
    rows: list[tuple[str, str, Message]] = []
    with Catalog(workspace.catalog, readonly=True) as catalog:
        for name in workspace.names():
            if catalog.knows(name):
                rows += [(name, place, reason) for place, reason in catalog.failing(name)]
                rows += [
                    (name, one.locator, one.trouble)
                    for one in catalog.troubles(name)
                    if one.trouble
                ]
                for state in _READ:
                    rows += [(name, place, error) for place, error in catalog.unread(name, state)]
                rows += [(name, place, _partly(part)) for place, part in catalog.half_read(name)]
    return rows


__all__ = ["Explanation", "Membership", "Standing", "failures", "rejections", "standings", "why"]

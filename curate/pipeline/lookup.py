"""Members of a collection by what a person calls them: an id, a path or a URL, also that of a copy."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from curate.catalog import Catalog, Member
from curate.errors import CurateError
from curate.pipeline.named import called, meant, none_missing, one_each
from curate.workspace import Workspace

_ID = re.compile(r"^[0-9a-fA-F]{6,64}$")


@dataclass(frozen=True, slots=True)
class _Shown:
    """A member at one of the places that it was taken from."""

    sha256: str
    title: str
    source: str


def look_up(
    workspace: Workspace, catalog: Catalog, collection: str, names: Sequence[str]
) -> list[Member]:
    """The member that each of ``names`` means, in their order.

    Raises CurateError: nothing there is called so, or several things are, or two names mean the same bytes.
    """
    found: list[Member] = []
    for name in names:
        member = _member(workspace, catalog, collection, name)
        if same := [one for one, other in zip(names, found, strict=False) if other == member]:
            raise CurateError(
                f"'{same[0]}' and '{name}' are the same bytes: one item, whatever its places are",
                "name each item once",
            )
        found.append(member)
    return found


def _member(workspace: Workspace, catalog: Catalog, collection: str, name: str) -> Member:
    there = _called(catalog, collection, name)
    if not there and (typed := relative(workspace, name)) != name:
        there, name = _called(catalog, collection, typed), typed
    see = f"curate dedupe {collection}"
    none_missing([name], there, f"nothing in '{collection}'", "give the whole path or the id", see)
    chosen = meant([name], there)
    one_each([name], chosen)
    return _known(catalog, collection, chosen[0].sha256)


def _known(catalog: Catalog, collection: str, sha256: str) -> Member:
    member = catalog.member(collection, sha256)
    assert member is not None
    return member


def _called(catalog: Catalog, collection: str, name: str) -> list[_Shown]:
    """Each resource once, at the place that is called so where there is one; whole paths come first."""
    found: dict[str, _Shown] = {}
    for place in catalog.find_locator(name):
        sighting = place.sighting
        if place.collection == collection and sighting.state == "taken":
            member = _known(catalog, collection, sighting.resource)
            shown = _Shown(member.sha256, member.title, sighting.locator)
            found.setdefault(member.sha256, shown)
    for sha256 in catalog.match_resource(name.lower()) if _ID.match(name) else ():
        named = catalog.member(collection, sha256)
        if named and named.present:
            found.setdefault(sha256, _Shown(sha256, named.title, named.source))
    return [one for one in found.values() if called(one, name)]


def relative(workspace: Workspace, what: str) -> str:
    """A path as a person types it → how a folder source names it."""
    path = Path(what)
    if not os.path.exists(path):  # noqa: PTH110 - raises nothing, also for a URL too long for a path
        return what
    try:
        inside = path.resolve().relative_to(workspace.collections)
    except ValueError:
        return path.name
    return "/".join(inside.parts[2:]) or path.name

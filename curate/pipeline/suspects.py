"""What is like something in which somebody other than the seller has a say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from curate.catalog import Catalog, Standing
from curate.model import Decision
from curate.pipeline.links import Links
from curate.pipeline.places import taken

WEIGHT = 0.1
WORDS = 100
"""A text that holds less of somebody else's than either, by share and by words, only quotes it."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """What somebody else has a say in, and since when it is known here."""

    title: str
    since: str  # ISO 8601, UTC

    def doubts(self, decision: Decision) -> str:
        """Its title, where it casts doubt on ``decision``; "" where a person knew of it and decided."""
        settled = decision.by and self.since <= decision.decided
        return "" if settled else self.title


@dataclass(frozen=True, slots=True)
class _Contested:
    sha256: str
    suspect: Suspect


def suspects(
    catalog: Catalog,
    collection: str,
    links: Links,
    standings: Mapping[str, Standing],
    strangers: Mapping[str, Standing] = MappingProxyType({}),
) -> dict[str, Suspect]:
    """Each resource that is like a contested one of the collection, or of another one (``strangers``) → the
    one that is known the shortest: a person may have decided knowing the rest.

    That two are no duplicates to a person settles nothing here: two editions are kept side by side, and
    whose they are is asked for each.
    """
    contested: dict[str, list[_Contested]] = {}
    everywhere = {**strangers, **standings}
    for name, one in everywhere.items():
        if one.decision.contested:
            places = catalog.places(name)
            places = taken(places, collection) if name in standings else places
            since = min((place.sighting.noted for place in places), default="")
            known = contested.setdefault(links.family(name), [])
            known.append(_Contested(name, Suspect(one.title, since)))
    newest = {family: _newest(found) for family, found in contested.items()}
    reached = set(newest).union(*(links.rights.get(family, ()) for family in newest))
    found: dict[str, Suspect] = {}
    for family in sorted(reached):
        around = _newest(
            _told(one, links.since(family, other))
            for other in links.rights.get(family, ())
            if other in newest and _of_weight(links, family, other, everywhere)
            for one in newest[other]
        )
        for name in links.of(family):
            if name not in standings:
                continue
            others = [one for one in (*newest.get(family, ()), *around) if one.sha256 != name]
            if others:
                found[name] = _newest(others)[0].suspect
    return found


def _told(one: _Contested, when: str) -> _Contested:
    """Nobody could know of a likeness before a person said so."""
    suspect = one.suspect
    if when <= suspect.since:
        return one
    return replace(one, suspect=replace(suspect, since=max(suspect.since, when)))


def _newest(found: Iterable[_Contested]) -> list[_Contested]:
    """The two that are known the shortest: one of them may be the resource itself."""
    first = second = None
    for one in found:  # of a thousand that are alike each has a thousand: nothing is sorted
        if first is None or _later(one, first):
            first, second = one, first
        elif second is None or _later(one, second):
            second = one
    return [one for one in (first, second) if one]


def _later(one: _Contested, other: _Contested) -> bool:
    return (one.suspect.since, other.sha256) > (other.suspect.since, one.sha256)


def _of_weight(
    links: Links, family: str, contested: str, standings: Mapping[str, Standing]
) -> bool:
    """Is what a family has in common with somebody else's more than a quotation?"""
    pair = links.rights[family][contested]
    if pair.kind != "part-text":
        return True
    sizes = [_tokens(links, one, standings) for one in (family, contested)]
    common = pair.score * min(sizes)
    return common >= WORDS or common >= WEIGHT * sizes[0]


def _tokens(links: Links, family: str, standings: Mapping[str, Standing]) -> int:
    here = (standings[name].tokens for name in links.of(family) if name in standings)
    return max(here, default=0)

"""What stays of a collection and what is left out of its bundle, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from curate.catalog import Catalog, Member, Standing
from curate.collection import Dedupe, Loaded
from curate.dedupe.clusters import Contender, Ranked, ranking
from curate.likeness import Likeness, Pair, Word
from curate.messages import msg, render, speaker
from curate.model import Alike, Duplicate, Message
from curate.pipeline.links import EXACT, Links, floors
from curate.pipeline.suspects import Suspect, suspects

__all__ = ["Choice", "Kept", "Suspect", "choose", "left_out"]

ROUNDS = 8
"""How often parts and duplicates are weighed against each other; twice does but for odd chains."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Why a resource stands back: another one of its cluster is kept."""

    keeper: str  # hex SHA-256
    title: str
    kind: Alike
    score: float  # 0..1
    reason: Message  # what made the keeper the better one


@dataclass(frozen=True, slots=True)
class Choice:
    """Of all that is alike: what stands back, and what stays only if a person says so."""

    kept: Mapping[str, Kept]  # each member that is a duplicate → what is kept in its place
    suspects: Mapping[str, Suspect]  # each that is like one in which somebody else has a say
    standings: Mapping[str, Standing]  # all that is like something
    allowed: frozenset[str]  # of these: what its rights let into the bundle
    order: Mapping[str, int]  # of each group the best first
    links: Links

    def suspect(self, member: Member) -> str:
        """Title of what casts doubt on a member; "" where nothing does."""
        found = self.suspects.get(member.sha256)
        return found.doubts(member.decision) if found else ""

    def behind(self, dedupe: Dedupe) -> dict[str, list[str]]:
        """Each that speaks for others → those, the best first, which a bundle leaves out for it; parts speak
        for themselves."""
        found: dict[str, list[str]] = defaultdict(list)
        for name, kept in sorted(self.kept.items(), key=lambda one: self.order[one[0]]):
            if kept.kind in EXACT or (dedupe.near == "leave-out" and kept.kind != "part-text"):
                found[kept.keeper].append(name)
        return found


def choose(catalog: Catalog, loaded: Loaded, around: str = "") -> Choice:
    """Choose a keeper of each group of duplicates; ``around``: only of what hangs together with this one.

    A copy without its notice is no cleaner than the one that has it: where somebody else has a say in
    one, a person has to decide about its double too. Only what is itself like a keeper stands back:
    likeness is not handed on from neighbour to neighbour, or a chain of small differences would end in
    losing something else. Takes time by the number of pairs, not of members.

    Raises CurateError for a damaged journal of people's words.
    """
    likeness = Likeness(loaded.folder)
    dedupe = loaded.collection.dedupe
    pairs = _reached(catalog, likeness, around) if around else catalog.pairs(floors(dedupe))
    links = Links(pairs, dedupe, _held(catalog, loaded.name, likeness))
    standings = {one.sha256: one for one in catalog.standings(loaded.name, links.names)}
    strangers = {one.sha256: one for one in catalog.strangers(loaded.name, links.names)}
    doubtful = suspects(catalog, loaded.name, links, standings, strangers)
    numbers = {name: number for number, name in enumerate(likeness.keep, 1)}
    contenders = {
        name: _contender(one, doubtful.get(name), numbers.get(name, 0), likeness)
        for name, one in standings.items()
    }
    found, order = stand_back(links, dedupe, contenders)
    allowed = frozenset(name for name, one in contenders.items() if one.allowed)
    return Choice(found, doubtful, standings, allowed, order, links)


def stand_back(
    links: Links, dedupe: Dedupe, contenders: Mapping[str, Contender]
) -> tuple[dict[str, Kept], dict[str, int]]:
    """Who stands back and for whom; and all that is like something in order, of each group the best first."""
    found: dict[str, Kept] = {}
    order: dict[str, int] = {}
    for group in links.groups():
        here = [contenders[name] for name in group if name in contenders]
        if len(here) > 1:
            chooser = _Chooser(links, dedupe, here)
            found.update(chooser.kept())
            for name in chooser.names:
                order[name] = len(order)
    return found, order


def _held(catalog: Catalog, collection: str, likeness: Likeness) -> dict[Pair, Word]:
    """Words about what is there: what a person said of bytes that left says nothing of those that came."""
    spoken = {name for pair in likeness.pairs for name in pair}
    here = {one.sha256 for one in catalog.standings(collection, spoken)}
    return {pair: word for pair, word in likeness.pairs.items() if here.issuperset(pair)}


def _reached(catalog: Catalog, likeness: Likeness, start: str) -> list[Duplicate]:
    """Every pair that hangs together with one resource, also by what people merged."""
    merged: dict[str, set[str]] = defaultdict(set)
    for a, b in likeness.said("merge"):
        merged[a].add(b)
        merged[b].add(a)
    found: dict[tuple[str, str, Alike], Duplicate] = {}
    known, ahead = {start}, {start}
    while ahead:
        pairs = catalog.likenesses(ahead)
        found.update({(one.a, one.b, one.kind): one for one in pairs})
        reached = {side for one in pairs for side in (one.a, one.b)}
        reached.update(*(merged[name] for name in ahead))
        ahead = reached - known
        known |= ahead
    return [one for _, one in sorted(found.items())]


def _contender(
    one: Standing, suspect: Suspect | None, chosen: int, likeness: Likeness
) -> Contender:
    doubted = suspect.doubts(one.decision) if suspect else ""
    return Contender(
        sha256=one.sha256,
        allowed=one.decision.outcome == "allow" and one.readable and not doubted,
        kind=one.kind,
        format=one.format,
        size=one.size,
        pixels=one.pixels,
        text_length=one.tokens,
        truncated=one.truncated,
        date=one.created,
        name=one.title,
        chosen=chosen,
        by=likeness.keep[one.sha256].who if chosen else "",
    )


class _Chooser:
    """Chooses among those that hang together."""

    def __init__(self, links: Links, dedupe: Dedupe, members: Iterable[Contender]) -> None:
        self._links, self._dedupe = links, dedupe
        self._ranked = {one.contender.sha256: one for one in ranking(members)}

    @property
    def names(self) -> Iterable[str]:
        """The best first."""
        return self._ranked.keys()

    def kept(self) -> dict[str, Kept]:
        """Who stands back, and for whom."""
        back = self._back({})
        if self._dedupe.parts == "keep":
            return back
        parts: dict[str, Kept] = {}
        for _ in range(ROUNDS):
            more = self._parts({**back, **parts})
            if not more:
                break
            parts.update(more)
            back = self._back(parts)
        out = {**back, **parts}
        return back | {name: one for name, one in parts.items() if one.keeper not in out}

    def _back(self, without: Mapping[str, Kept]) -> dict[str, Kept]:
        """Exact ones first where near ones stay: of two that say the same one stands back all the same."""
        left = {name: one for name, one in self._ranked.items() if name not in without}
        exact: dict[str, Kept] = {}
        if self._dedupe.near == "keep":
            exact = self._round(left, EXACT)
            left = {name: one for name, one in left.items() if name not in exact}
        return exact | self._round(left, None)

    def _round(
        self, left: Mapping[str, Ranked], kinds: tuple[Alike, ...] | None
    ) -> dict[str, Kept]:
        waiting: dict[str, dict[str, Ranked]] = defaultdict(dict)
        for name, one in left.items():
            waiting[self._links.family(name)][name] = one
        found: dict[str, Kept] = {}
        for name, one in left.items():
            if name in found:
                continue
            family = self._links.family(name)
            del waiting[family][name]
            for other, worse in self._waiting(family, waiting, kinds):
                pair = self._links.between(name, other)
                if pair and (kinds is None or pair.kind in kinds):
                    del waiting[self._links.family(other)][other]
                    why = one.before(worse)
                    found[other] = Kept(name, one.contender.name, pair.kind, pair.score, why)
        return found

    def _waiting(
        self,
        family: str,
        waiting: Mapping[str, Mapping[str, Ranked]],
        kinds: tuple[Alike, ...] | None,
    ) -> list[tuple[str, Ranked]]:
        around = self._links.near.get(family, {})
        near = [one for one in sorted(around) if kinds is None or around[one].kind in kinds]
        return [pair for one in (family, *near) for pair in waiting.get(one, {}).items()]

    def _parts(self, out: Mapping[str, Kept]) -> dict[str, Kept]:
        """Parts whose whole goes in, the longest first: a whole that stands back keeps nothing back."""
        going = {
            name: one.contender
            for name, one in self._ranked.items()
            if one.contender.allowed and name not in out
        }
        found: dict[str, Kept] = {}
        for name in sorted(going, key=lambda one: (-going[one].text_length, one)):
            for whole, pair in self._links.inside(name):
                if whole in going and whole not in found:
                    why = msg("all of it is in there")
                    found[name] = Kept(whole, going[whole].name, pair.kind, pair.score, why)
                    break
        return found


def left_out(catalog: Catalog, loaded: Loaded, member: Member, choice: Choice) -> Message | None:
    """Why a bundle leaves a member out, or None. Rights come first: they are what a seller has to know."""
    language = loaded.collection.language
    if member.decision.outcome != "allow":
        between = speaker(language)("; ")
        why = between.join(render(reason, language) for reason in member.decision.reasons)
        if member.decision.outcome == "ask":
            return msg("a person has to decide about its rights: {why}", why=why)
        return msg("no known right to package it: {why}", why=why)
    if title := choice.suspect(member):
        return msg(
            "a person has to decide about its rights: it is like “{title}”, in which somebody else has a say",
            title=title,
        )
    known = catalog.facts(member.sha256)
    if known and known[2]:
        return msg("it could not be read: {error}", error=known[2])
    kept = choice.kept.get(member.sha256)
    if kept is None:
        return None
    if kept.kind == "same-text":
        return msg("it says the same as “{title}”, which is kept", title=kept.title)
    if kept.kind == "said":
        return msg(
            "a person says that it is the same as “{title}”, which is kept", title=kept.title
        )
    if kept.kind == "part-text":
        return msg("it is part of “{title}”, which is kept", title=kept.title)
    if loaded.collection.dedupe.near == "keep":
        return None
    return msg(
        "it is nearly the same as “{title}” ({score}), which is kept",
        title=kept.title,
        score=f"{kept.score:.2f}",
    )

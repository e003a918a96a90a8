"""What stays of a collection and what is left out of its bundle, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from curate.catalog import Catalog, Member
from curate.collection import Dedupe, Loaded
from curate.dedupe.clusters import Contender, clusters, keeper
from curate.messages import msg, render
from curate.model import Decision, Duplicate, Message
from curate.pipeline.places import taken


@dataclass(frozen=True, slots=True)
class Kept:
    """Why a resource stands back: another one of its cluster is kept."""

    keeper: str  # hex SHA-256
    title: str
    kind: str  # same-text | near-text | near-image
    score: float  # 0..1
    reason: Message  # what made the keeper the better one


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
class Choice:
    """Of all that is alike: what stands back, and what stays only if a person says so."""

    kept: Mapping[str, Kept]  # each member that is a duplicate → what is kept in its place
    suspects: Mapping[str, Suspect]  # each that is like one in which somebody else has a say

    def suspect(self, member: Member) -> str:
        """Title of what casts doubt on a member; "" where nothing does."""
        found = self.suspects.get(member.sha256)
        return found.doubts(member.decision) if found else ""


def choose(catalog: Catalog, loaded: Loaded) -> Choice:
    """Choose a keeper of each group of duplicates.

    A copy without its notice is no cleaner than the one that has it: where somebody else has a say in
    one, a person has to decide about its double too. Only what is itself like a keeper stands back: likeness is not handed on from neighbour to
    neighbour, or a chain of small differences would end in losing something else.
    """
    pairs = list(_alike(catalog.duplicates(), loaded.collection.dedupe))
    same = [pair for pair in pairs if pair.kind == "same-text"]
    twins = {name: group for group in clusters(same) for name in group}
    near = _neighbours(pairs, twins)
    found: dict[str, Kept] = {}
    suspects: dict[str, Suspect] = {}
    for cluster in clusters(pairs):
        here = (catalog.member(loaded.name, name) for name in cluster)
        left = {one.sha256: one for one in here if one and one.present}
        for name, member in sorted(left.items()):
            if member.decision.contested:
                doubles = near[name].keys() & left.keys()
                places = taken(catalog.places(name), loaded.name)
                since = min((one.sighting.noted for one in places), default="")
                for double in doubles:
                    known = suspects.get(double)
                    if (
                        known is None or known.since < since
                    ):  # the newest: a person may know the rest
                        suspects[double] = Suspect(member.title, since)
        while len(left) > 1:
            kept, reason = keeper([_contender(catalog, left[name]) for name in sorted(left)])
            title = left.pop(kept.sha256).title
            for name in sorted(left.keys() & near[kept.sha256].keys()):
                pair = near[kept.sha256][name]
                found[name] = Kept(kept.sha256, title, pair.kind, pair.score, reason)
                del left[name]
    return Choice(found, suspects)


def _neighbours(
    pairs: Iterable[Duplicate], twins: Mapping[str, tuple[str, ...]]
) -> dict[str, dict[str, Duplicate]]:
    """Who is like whom. Resources with the same text share their likenesses: one of them was compared."""
    near: dict[str, dict[str, Duplicate]] = defaultdict(dict)
    for pair in pairs:
        for a in twins.get(pair.a, (pair.a,)):
            for b in twins.get(pair.b, (pair.b,)):
                if a != b:
                    for one, other in ((a, b), (b, a)):
                        known = near[one].get(other)
                        if known is None or known.score < pair.score:
                            near[one][other] = pair
    return near


def _alike(pairs: Iterable[Duplicate], dedupe: Dedupe) -> Iterable[Duplicate]:
    floors = {"same-text": 0.0, "near-text": dedupe.text, "near-image": dedupe.image}
    return (pair for pair in pairs if pair.score >= floors[pair.kind])


def _contender(catalog: Catalog, member: Member) -> Contender:
    known = catalog.facts(member.sha256)
    assert known is not None
    extracted, _, error = known
    width, height = extracted.properties.get("width", 0), extracted.properties.get("height", 0)
    return Contender(
        sha256=member.sha256,
        allowed=member.decision.outcome == "allow" and error is None,
        kind=extracted.kind,
        format=extracted.format,
        size=member.size,
        pixels=int(width) * int(height)
        if isinstance(width, int) and isinstance(height, int)
        else 0,
        text_length=catalog.fingerprint(member.sha256).tokens,
        date=extracted.created,
        name=member.source,
    )


def left_out(catalog: Catalog, loaded: Loaded, member: Member, choice: Choice) -> Message | None:
    """Why a bundle leaves a member out, or None. Rights come first: they are what a seller has to know."""
    language = loaded.collection.language
    if member.decision.outcome != "allow":
        why = "; ".join(render(reason, language) for reason in member.decision.reasons)
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
    if loaded.collection.dedupe.near == "keep":
        return None
    return msg(
        "it is nearly the same as “{title}” ({score}), which is kept",
        title=kept.title,
        score=f"{kept.score:.2f}",
    )

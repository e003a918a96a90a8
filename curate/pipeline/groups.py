"""Groups of duplicates as a person looks at them: what stays, what stands back for it, and why."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from curate.catalog import Catalog
from curate.collection import Loaded, load
from curate.likeness import Likeness, Word
from curate.model import Alike, Duplicate, Message, Outcome
from curate.pipeline.keep import Choice, Kept, choose, left_out
from curate.pipeline.links import Links
from curate.pipeline.lookup import look_up
from curate.pipeline.places import taken
from curate.pipeline.ready import ready
from curate.workspace import Workspace

BYTES = "same-bytes"
"""The kind of a group that is one resource at several places."""
KIND_LABELS = {
    BYTES: "the same bytes",
    "same-text": "the same text",
    "near-text": "nearly the same text",
    "part-text": "part of it",
    "near-image": "nearly the same picture",
    "turned-image": "the same picture, turned or flipped",
    "near-audio": "nearly the same recording",
    "near-video": "nearly the same film",
    "said": "the same, a person says",
}
"""How two resources are the same, for people."""


@dataclass(frozen=True, slots=True)
class Double:
    """One of a group."""

    sha256: str
    title: str
    format: str
    size: int  # bytes
    places: tuple[str, ...]  # where the collection took it
    kept: Kept | None  # what it stands back for
    likeness: Duplicate | None  # to that, with its evidence
    against: Message | None  # why a bundle leaves it out; None where it goes in
    outcome: Outcome = "allow"  # of its rights
    word: Word | None = None  # with which a person chose it, or said that it is the same


@dataclass(frozen=True, slots=True)
class Part:
    """A text inside one of a group."""

    double: Double
    whole: str  # hex SHA-256
    likeness: Duplicate


@dataclass(frozen=True, slots=True)
class Group:
    """What hangs together. Each that stays comes before those that stand back for it, the best first."""

    members: tuple[Double, ...]
    parts: tuple[Part, ...] = ()
    more: int = 0  # members and parts beside these

    @property
    def reason(self) -> Message | None:
        """Why the first one stays."""
        first = self.members[0].sha256
        own = (one.kept for one in self.members if one.kept and one.kept.keeper == first)
        return next((one.reason for one in own), None)


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups of one collection."""

    shown: tuple[Group, ...]
    total: int  # those that fit
    counts: Mapping[str, int]  # of all: groups, same-bytes, and what stands back, by kind
    words: tuple[Word, ...] = ()  # what people said about the items that were asked for


@dataclass(slots=True)
class _Outline:
    """A group before anyone looks at it."""

    names: list[str]
    parts: list[tuple[str, str, Duplicate]] = field(default_factory=list)  # part, whole, pair
    kinds: set[str] = field(default_factory=set)


def groups(
    workspace: Workspace, name: str, items: Sequence[str] = (), kind: str = "", limit: int = 0,
    width: int = 0,
) -> Groups:  # fmt: skip
    """Every group of duplicates in a collection, or those that hold one of ``items``; with ``kind`` those
    in which something is alike in that way. At most ``limit`` of them, and ``width`` members of each; 0 = all.
    Writes nothing.

    Raises CurateError: it has to be collected or classified first, an item that is not there.
    """
    loaded = load(workspace, name)
    with Catalog(workspace.catalog, readonly=True) as catalog:
        ready(workspace, catalog, loaded)
        choice = choose(catalog, loaded)
        wanted = {one.sha256 for one in look_up(workspace, catalog, name, items)}
        outlines = _outlines(catalog, name, choice)
        fitting = [
            one
            for one in outlines
            if (not wanted or wanted & {*one.names, *(part for part, _, _ in one.parts)})
            and (not kind or kind in one.kinds)
        ]
        board = Board(catalog, loaded, choice)
        shown = [board.group(one, width) for one in fitting[: limit or None]]
        counts = _counts(catalog, name, choice, outlines)
        said = [word for one in sorted(wanted) for word in board.words(one)]
        words = tuple({id(word): word for word in said}.values())
        return Groups(tuple(shown), len(fitting), counts, words)


def _counts(
    catalog: Catalog, name: str, choice: Choice, outlines: Iterable[_Outline]
) -> dict[str, int]:
    counts: Counter[str] = Counter(kept.kind for kept in choice.kept.values())
    counts["groups"] = sum(len(one.names) > 1 for one in outlines)
    counts["parts"] = len({part for one in outlines for part, _, _ in one.parts})
    counts[BYTES] = catalog.count_taken(name) - catalog.count_members(name)["present"]
    return dict(counts)


def _outlines(catalog: Catalog, collection: str, choice: Choice) -> list[_Outline]:
    """Groups first, then texts with parts of them alone, then the same bytes at several places."""
    links = choice.links
    found: dict[str, _Outline] = {}
    for group in links.groups(parts=False):
        names = [name for name in group if name in choice.standings]
        back = {choice.kept[name].kind for name in names if name in choice.kept}
        if len(names) > 1 and back - {"part-text"}:
            outline = _Outline(_ordered(names, choice), kinds={*back})
            found.update(dict.fromkeys(names, outline))
    for part, whole, pair in _parts(links, choice):
        outline = found.setdefault(whole, _Outline([whole]))
        outline.parts.append((part, whole, pair))
        outline.kinds.add("part-text")
    for name in catalog.copies(collection):
        found.setdefault(name, _Outline([name])).kinds.add(BYTES)
    unique = {id(one): one for one in found.values()}.values()
    return sorted(unique, key=lambda one: (len(one.names) < 2, not one.parts, one.names[0]))


def _ordered(names: Sequence[str], choice: Choice) -> list[str]:
    """Each that stays before those that stand back for it."""
    best = sorted(names, key=lambda one: choice.order[one])
    behind: dict[str, list[str]] = defaultdict(list)
    for name in best:
        if name in choice.kept:
            behind[choice.kept[name].keeper].append(name)
    ordered: dict[str, None] = {}

    def add(name: str) -> None:
        ordered[name] = None
        for one in behind[name]:
            if one not in ordered:
                add(one)

    for name in best:
        if name not in choice.kept or choice.kept[name].keeper not in names:
            add(name)
    return list(ordered)


def _parts(links: Links, choice: Choice) -> list[tuple[str, str, Duplicate]]:
    """Each part under the best of those that hold it."""
    found = []
    for family in sorted(links.wholes):
        for part in links.of(family):
            wholes = [one for one in links.inside(part) if one[0] in choice.standings]
            if part in choice.standings and wholes:
                kept = choice.kept.get(part)
                of = kept.keeper if kept and kept.kind == "part-text" else ""
                best = min(
                    wholes,
                    key=lambda one: (one[0] != of, one[0] in choice.kept, choice.order[one[0]]),
                )
                found.append((part, *best))
    return found


class Board:
    """Tells single resources of a collection and the groups that they make."""

    def __init__(self, catalog: Catalog, loaded: Loaded, choice: Choice) -> None:
        self._catalog, self._loaded, self._choice = catalog, loaded, choice
        self._likeness = Likeness(loaded.folder)

    def group(self, outline: _Outline, width: int = 0) -> Group:
        """With all that is known of its members, of at most ``width`` where that is not 0."""
        names, parts = outline.names[: width or None], outline.parts[: width or None]
        return Group(
            tuple(map(self.double, names)),
            tuple(
                Part(self.double(part), whole, self._evident(part, whole, pair))
                for part, whole, pair in parts
            ),
            len(outline.names) - len(names) + len(outline.parts) - len(parts),
        )

    def double(self, name: str) -> Double:
        """One resource; present."""
        catalog = self._catalog
        member = catalog.member(self._loaded.name, name)
        known = catalog.facts(name)
        assert member is not None
        kept = self._choice.kept.get(name)
        places = taken(catalog.places(name), self._loaded.name)
        likeness = self._between(name, kept.keeper) if kept else None
        return Double(
            name, member.title, known[0].format if known else "", member.size,
            tuple(one.sighting.locator for one in places), kept, likeness,
            left_out(catalog, self._loaded, member, self._choice), member.decision.outcome,
            self._word(name, kept),
        )  # fmt: skip

    def _between(self, name: str, keeper: str) -> Duplicate | None:
        links = self._choice.links
        pair = links.between(name, keeper) or dict(links.inside(name)).get(keeper)
        return self._evident(name, keeper, pair) if pair else None

    def found(self, one: str, other: str) -> tuple[Duplicate, ...]:
        """In which ways two are alike: by what was found of them or their texts, or by a person's word."""
        links = self._choice.links
        both = {links.family(one), links.family(other)}
        found = self._catalog.likenesses(links.of(links.family(one)))
        ways = {
            pair.kind: pair
            for pair in found
            if {links.family(pair.a), links.family(pair.b)} == both
        }
        counted = links.between(one, other)
        if counted and counted.kind in ("same-text", "said"):
            ways[counted.kind] = counted
        return tuple(sorted(ways.values(), key=lambda pair: (-pair.score, pair.kind)))

    def _evident(self, one: str, other: str, pair: Duplicate) -> Duplicate:
        """A pair with what a person can check: of these two, or of those with their texts."""
        if pair.kind in ("same-text", "said"):
            return pair
        found = self._catalog.likenesses([pair.a])
        same = (each for each in found if (each.b, each.kind) == (pair.b, pair.kind))
        return next(same, pair)

    def _word(self, name: str, kept: Kept | None) -> Word | None:
        if kept and kept.kind == "said":
            a, b = sorted((name, kept.keeper))
            return self._likeness.pairs.get((a, b))
        return self._likeness.keep.get(name)

    def words(self, name: str) -> tuple[Word, ...]:
        """What people said about one and still hold, the oldest first."""
        about = [word for pair, word in self._likeness.pairs.items() if name in pair]
        kept = self._likeness.keep.get(name)
        unique = {id(word): word for word in (*about, *([kept] if kept else []))}
        return tuple(sorted(unique.values(), key=lambda one: one.when))

    def behind(self, keeper: str, most: int) -> tuple[list[Double], int]:
        """Those that stand back for one, at most so many, and how many more there are."""
        kept = self._choice.kept
        names = [
            name for name in self._choice.order if name in kept and kept[name].keeper == keeper
        ]
        return [self.double(name) for name in names[:most]], max(0, len(names) - most)


KINDS: tuple[str, ...] = (BYTES, *Alike.__args__)  # type: ignore[attr-defined]
"""What ``groups`` may be asked for."""

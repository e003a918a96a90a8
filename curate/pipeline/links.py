"""Who is like whom in one collection: by what was found, by its thresholds, and by what people said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from curate.collection import Dedupe
from curate.dedupe.clusters import clusters
from curate.likeness import Pair, Word
from curate.model import Alike, Duplicate

EXACT: tuple[Alike, ...] = ("same-text", "said")
"""Kinds of which a bundle never holds both, whatever ``dedupe.near`` says."""

Around = dict[str, dict[str, Duplicate]]


class Links:
    """Likenesses between families: resources with the same text share theirs, for one of them was compared.

    A person's word goes before what was found, the latest first: about two resources, then about their
    families. ``rights`` holds more than ``near``: whatever is a copy to the law, so also what is turned,
    one text in another, and what a person wants to keep beside the other. Thresholds that are raised to
    keep more do not make less of it.
    """

    def __init__(
        self, pairs: Iterable[Duplicate], dedupe: Dedupe, said: Mapping[Pair, Word]
    ) -> None:
        own, least = _floors(dedupe), floors(dedupe)
        found = [pair for pair in pairs if pair.score >= least.get(pair.kind, 0.0)]
        self._said = {pair: word.verb for pair, word in said.items()}
        self.families: dict[str, tuple[str, ...]] = {}
        self._family: dict[str, str] = {}
        for group in clusters(pair for pair in found if pair.kind == "same-text"):
            self.families[group[0]] = group
            self._family.update(dict.fromkeys(group, group[0]))
        self.near: Around = {}
        self.wholes: Around = {}  # part → what it is in
        self.rights: Around = {}
        for pair in found:
            self._add(pair, dedupe, pair.score >= own.get(pair.kind, 0.0))
        self._families_said: dict[Pair, str] = {}
        self._merged: dict[Pair, str] = {}
        for (a, b), word in said.items():
            self._hear(a, b, word)

    def _add(self, pair: Duplicate, dedupe: Dedupe, counts: bool) -> None:
        a, b = self.family(pair.a), self.family(pair.b)
        if a == b:
            return
        _better(self.rights, a, b, pair)
        _better(self.rights, b, a, pair)
        if not counts:
            return
        if pair.kind == "part-text":
            part, whole = (a, b) if pair.part == "a" else (b, a)
            _better(self.wholes, part, whole, pair)
        elif pair.kind != "turned-image" or dedupe.turned:
            _better(self.near, a, b, pair)
            _better(self.near, b, a, pair)

    def _hear(self, a: str, b: str, word: Word) -> None:
        one, other = sorted((self.family(a), self.family(b)))
        if one == other:
            return
        self._families_said[one, other] = word.verb
        if word.verb == "merge":
            told = Duplicate(one, other, "said", 1.0)
            self._tie(self.near, told)
            known = self.rights.get(one, {}).get(other)
            if known is None or known.kind in ("part-text", "said"):
                self._tie(self.rights, told)
                self._merged[one, other] = min(word.when, self._merged.get((one, other), "~"))

    @staticmethod
    def _tie(around: Around, pair: Duplicate) -> None:
        around.setdefault(pair.a, {})[pair.b] = pair
        around.setdefault(pair.b, {})[pair.a] = pair

    def since(self, one: str, other: str) -> str:
        """When a person said that two families are the same, ISO 8601, where nothing else tells it."""
        return self._merged.get(_pair(one, other), "")

    def family(self, name: str) -> str:
        """The name of all that have the same text."""
        return self._family.setdefault(name, name)

    def of(self, family: str) -> tuple[str, ...]:
        """The resources of a family."""
        return self.families.get(family, (family,))

    @property
    def names(self) -> list[str]:
        """Every resource that is like another one."""
        return sorted(self._family)

    def between(self, a: str, b: str) -> Duplicate | None:
        """What makes one stand back for the other; None: nothing does."""
        one, other = self.family(a), self.family(b)
        first, second = sorted((a, b))
        verb = self._said.get((first, second), "") or self._families_said.get(_pair(one, other), "")
        if verb == "split":
            return None
        if one == other:
            return Duplicate(first, second, "same-text", 1.0)
        if verb == "merge":
            return Duplicate(first, second, "said", 1.0)
        return self.near.get(one, {}).get(other)

    def inside(self, name: str) -> Iterator[tuple[str, Duplicate]]:
        """The wholes that a resource is a part of, unless a person says that they are not the same."""
        for family, pair in sorted(self.wholes.get(self.family(name), {}).items()):
            for whole in self.of(family):
                first, second = sorted((name, whole))
                families = _pair(self.family(name), family)
                verb = self._said.get((first, second)) or self._families_said.get(families)
                if verb is None:
                    yield whole, pair

    def groups(self, parts: bool = True) -> list[tuple[str, ...]]:
        """What hangs together; ``parts``: by one text in another too."""
        sides = [self.near, self.wholes] if parts else [self.near]
        ties = [
            Duplicate(one, other, "said", 1.0)
            for around in sides
            for one, others in around.items()
            for other in others
        ]
        for family, members in self.families.items():
            ties += [Duplicate(family, name, "same-text", 1.0) for name in members[1:]]
        return clusters(ties)


def floors(dedupe: Dedupe) -> dict[Alike, float]:
    """By kind of pair: what scores less counts for nothing in this collection, not even in law."""
    own = _floors(dedupe)
    return {kind: min(own[kind], floor) for kind, floor in _floors(Dedupe()).items()}


def _floors(dedupe: Dedupe) -> dict[Alike, float]:
    return {
        "near-text": dedupe.text,
        "near-image": dedupe.image,
        "turned-image": dedupe.image,
        "near-audio": dedupe.media,
        "near-video": dedupe.media,
    }


def _pair(a: str, b: str) -> Pair:
    return (a, b) if a < b else (b, a)


def _better(around: Around, one: str, other: str, pair: Duplicate) -> None:
    known = around.setdefault(one, {}).get(other)
    if known is None or (-known.score, known.kind, known.a, known.b) > (
        -pair.score, pair.kind, pair.a, pair.b,
    ):  # fmt: skip
        around[one][other] = pair

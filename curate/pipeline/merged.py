"""What the keeper of a group says, with what its doubles add."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from curate.catalog import Catalog, Member, Place
from curate.model import Decision, Extracted
from curate.pipeline.places import basename, taken

KEYWORDS = 40
"""Most keywords, and most tags, that one resource has with those of its doubles."""
DOUBLES = 100
"""Most doubles that one resource speaks for; the best ones."""
PLACES = 20
"""Most other places, and most other titles."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is said about one resource of a collection, by itself or by all for which it stands."""

    title: str
    named: bool  # by somebody or by its content, not only by its file
    decision: Decision
    extracted: Extracted  # of its own bytes
    description: str = ""  # as somebody wrote it
    creators: tuple[str, ...] = ()
    created: str = ""  # ISO 8601
    language: str = ""
    keywords: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()  # where the collection took it; the first one names it
    others: tuple[str, ...] = ()  # titles that its doubles have
    also: tuple[Place, ...] = ()  # where its doubles were taken

    @property
    def url(self) -> str:
        """Where anyone can see it; "" for a private folder."""
        return next((one.sighting.said.url for one in self.places if one.sighting.said.url), "")

    def elsewhere(self, same: Collection[str]) -> tuple[str, ...]:
        """URLs where it is seen too, or one of its doubles that is among ``same``."""
        urls = [
            one.sighting.said.url
            for one in (*self.places, *self.also)
            if one in self.places or one.sighting.resource in same
        ]
        return tuple(one for one in dict.fromkeys(urls) if one not in ("", self.url))

    @property
    def words(self) -> tuple[str, ...]:
        """What it is found by beside its title: keywords, tags, other titles and other file names."""
        names = (basename(one.sighting.locator) for one in (*self.places[1:], *self.also))
        return tuple(dict.fromkeys((*self.keywords, *self.tags, *self.others, *names)))


def told(catalog: Catalog, member: Member) -> Told:
    """What is said about one resource by itself."""
    known = catalog.facts(member.sha256)
    assert known is not None
    extracted, profile, _ = known
    places = taken(catalog.places(member.sha256), member.collection)
    said = places[0].sighting.said if places else None
    return Told(
        title=member.title,
        named=bool((said and said.title) or profile.title or extracted.title),
        decision=member.decision,
        extracted=extracted,
        description=(said.description if said else "") or extracted.description,
        creators=(said.creators if said else ()) or extracted.creators,
        created=extracted.created,
        language=profile.language,
        keywords=tuple(dict.fromkeys((*extracted.keywords, *profile.keywords))),
        tags=tuple(sorted({tag for one in places for tag in one.sighting.said.tags})),
        places=tuple(places),
    )


def merge(own: Told, doubles: Sequence[Told]) -> Told:
    """What is missing filled from the doubles, nothing overridden; what can be united is, up to a bound.

    Who made it says also whose it is, and a description has an author too: both come only from a double
    with the same rights.
    """
    namesakes = [one for one in doubles if one.named]
    kin = [one for one in doubles if alike(own.decision, one.decision)]
    title = own.title if own.named or not namesakes else namesakes[0].title
    titles = dict.fromkeys(one.title for one in namesakes if one.title != title)
    return replace(
        own,
        title=title,
        named=own.named or bool(namesakes),
        description=own.description or _first(one.description for one in kin),
        creators=own.creators or next((one.creators for one in kin if one.creators), ()),
        created=own.created or _first(one.created for one in doubles),
        language=own.language or _first(one.language for one in doubles),
        keywords=_united(own.keywords, (one.keywords for one in doubles)),
        tags=_united(own.tags, (one.tags for one in doubles)),
        others=tuple(titles)[:PLACES],
        also=tuple(place for one in doubles for place in one.places)[:PLACES],
    )


def alike(one: Decision, other: Decision) -> bool:
    """Are both allowed, for the same reason and on the same terms?"""
    return one.outcome == other.outcome == "allow" and (
        one.license, one.basis, one.grant, one.holder,
    ) == (other.license, other.basis, other.grant, other.holder)  # fmt: skip


def _first(values: Iterable[str]) -> str:
    return next(filter(None, values), "")


def _united(own: tuple[str, ...], others: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    words = dict.fromkeys((*own, *(word for words in others for word in words)))
    return tuple(words)[: max(KEYWORDS, len(own))]


def merged(
    catalog: Catalog,
    member: Member,
    doubles: Iterable[str],
    tell: Callable[[Catalog, Member], Told] = told,
) -> Told:
    """What is said about a member and, where that is missing, about its doubles, the first ones first."""
    others = (catalog.member(member.collection, name) for name in islice(doubles, DOUBLES))
    return merge(tell(catalog, member), [tell(catalog, one) for one in others if one])

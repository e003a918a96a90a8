"""Of resources that are the same to a person, which one a collection keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from curate.catalog import Catalog, Member
from curate.collection import Dedupe, Loaded
from curate.dedupe.clusters import Contender, clusters, keeper
from curate.model import Duplicate, Message


@dataclass(frozen=True, slots=True)
class Kept:
    """Why a resource stands back: another one of its cluster is kept."""

    keeper: str  # hex SHA-256
    title: str
    pair: Duplicate | None  # the direct likeness to the keeper, where there is one
    reason: Message  # what made the keeper the better one


def keepers(catalog: Catalog, loaded: Loaded) -> Mapping[str, Kept]:
    """Each member that is a duplicate → what is kept in its place. Keepers are not in it."""
    pairs = list(_alike(catalog.duplicates(), loaded.collection.dedupe))
    direct = {(pair.a, pair.b): pair for pair in pairs}
    found: dict[str, Kept] = {}
    for cluster in clusters(pairs):
        found_here = (catalog.member(loaded.name, name) for name in cluster)
        here = [member for member in found_here if member and member.present]
        if len(here) < 2:
            continue
        titles = {member.sha256: member.title for member in here}
        kept, reason = keeper([_contender(catalog, member) for member in here])
        for member in here:
            if member.sha256 != kept.sha256:
                a, b = sorted((member.sha256, kept.sha256))
                found[member.sha256] = Kept(
                    kept.sha256, titles[kept.sha256], direct.get((a, b)), reason
                )
    return found


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

"""Texts for shop pages, one file per format. Every number in them is counted, none is typed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from curate.collection import Collection
from curate.grant import Held
from curate.listings.keywords import keywords
from curate.model import Item, Language, LicenseInfo
from curate.product import Zip


@dataclass(frozen=True, slots=True)
class Count:
    """So many files, so many bytes of one category, format, language or licence."""

    name: str
    items: int
    size: int  # bytes
    url: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true of a release and worth saying on a shop page."""

    name: str
    title: str
    description: str  # the seller's own words; may be empty
    language: Language
    version: str
    items: int
    size: int  # bytes, unpacked
    archive: int  # bytes to download
    categories: tuple[Count, ...]  # in the collection's order, as people read them
    formats: tuple[Count, ...]  # most files first, as are all below
    kinds: tuple[Count, ...]
    languages: tuple[Count, ...]
    licenses: tuple[Count, ...]
    pages: int  # sums over all items that state them
    words: int
    seconds: int
    tags: tuple[str, ...]
    price: str  # decimal; "0" where the bundle is free
    currency: str
    highlights: tuple[str, ...]  # titles of some items, spread over the categories


@dataclass(frozen=True, slots=True)
class Shown:
    """A release as its listings see it."""

    collection: Collection
    facts: Facts
    items: Sequence[Item] = ()  # each once
    licenses: Mapping[str, LicenseInfo] = field(default_factory=dict)  # by id
    archives: tuple[Zip, ...] = ()
    public_key: str = ""  # the seller's, as `minisign -P` takes it; "" without one
    grants: Mapping[str, Held] = field(default_factory=dict)  # by name, those that items rest on


class Listing(Protocol):
    """Writes a listing in one format. Built without arguments."""

    def write(self, shown: Shown, folder: Path) -> list[Path]:
        """Write the files of this format into ``folder``, which exists, and name them."""
        ...


def facts(
    collection: Collection,
    items: Sequence[Item],
    licenses: Mapping[str, LicenseInfo],
    version: str,
    archive: int,
) -> Facts:
    """Count ``items``; ``archive`` is the size of the bundle's zip in bytes."""
    titles = {category.name: category.label for category in collection.categories}
    ordered = sorted(items, key=lambda item: (item.title, item.sha256))

    def by(name: Callable[[Item], str]) -> tuple[Count, ...]:
        number: Counter[str] = Counter()
        size: Counter[str] = Counter()
        for item in items:
            number[name(item)] += 1
            size[name(item)] += item.size
        ranked = sorted((key for key in number if key), key=lambda key: (-number[key], key))
        return tuple(Count(key, number[key], size[key]) for key in ranked)

    def total(unit: str) -> int:
        amounts = (item.properties.get(unit, 0) for item in items)
        # What a broken file states may be no number, or none that can be true.
        return round(sum(n for n in amounts if isinstance(n, int | float) and 0 < n < 1e12))

    counted = {count.name: count for count in by(lambda item: item.category)}
    listing = collection.listing
    formats = by(lambda item: "" if item.format == "unknown" else item.format)
    kinds = by(lambda item: item.kind)
    return Facts(
        name=collection.name,
        title=collection.title,
        description=collection.description,
        language=collection.language,
        version=version,
        items=len(items),
        size=sum(item.size for item in items),
        archive=archive,
        categories=tuple(
            Count(titles[name], counted[name].items, counted[name].size)
            for name in titles
            if name in counted
        ),
        formats=formats,
        kinds=kinds,
        languages=by(lambda item: item.language),
        licenses=tuple(
            Count(
                licenses[count.name].name if count.name in licenses else count.name,
                count.items,
                count.size,
                licenses[count.name].url if count.name in licenses else "",
            )
            for count in by(lambda item: item.decision.license)
        ),
        pages=total("pages"),
        words=total("words"),
        seconds=total("seconds"),
        tags=keywords(
            listing.tags,
            collection.keywords,
            [titles[name] for name in titles if name in counted],
            [(one.name, one.items) for one in kinds],
            [(one.name, one.items) for one in formats],
            ordered,
            collection.language,
        ),
        price=listing.price or "0",
        currency=listing.currency,
        highlights=_highlights(ordered),
    )


def _highlights(items: Sequence[Item], most: int = 8) -> tuple[str, ...]:
    """Titles, one from each category in turn, those with the longest description first."""
    queues: dict[str, list[Item]] = {}
    for item in sorted(items, key=lambda item: -len(item.description)):
        queues.setdefault(item.category, []).append(item)
    picked: dict[str, None] = {}
    for rank in range(most):
        for category in sorted(queues):
            if rank < len(queues[category]) and len(picked) < most:
                picked.setdefault(queues[category][rank].title)
    return tuple(picked)


__all__ = ["Count", "Facts", "Listing", "Shown", "facts"]

"""What an engine indexes of a Document, and under which name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import msgspec

from curate.indexes import FACETS, Facet, Filters
from curate.indexes.query import exact
from curate.indexes.tokens import spelled
from curate.model import Document, Hit

WEIGHTS: Final = {"title": 4.0, "keywords": 2.0, "category": 1.5, "text": 1.0, "source": 0.5}
"""Fields of words, and what a word in one counts in the score."""

EXACT: Final = ("collection", "type", "language", "license", "exact_category")
"""Fields of values that are compared whole."""
COUNTED: Final = {name: "exact_category" if name == "category" else name for name in FACETS}
"""Facet → the field that it counts the values of."""

_GAP: Final = " \x1f "  # between keywords: no token, so no phrase reaches over it


TITLE_BONUS: Final = 16.0
"""What the whole query, said literally by a title, counts: more than any scattering of its words."""
SAID: Final = 4
"""So many words, said literally by a text, count too; looking for more costs more than it tells."""


def key(collection: str, id_: str) -> str:
    """The name of the one entry of a resource in a collection; orders by id, then by collection."""
    return clean(f"{id_}\x1f{collection}")


def rank(id_: str) -> int:
    """Orders as ``id_`` does: its first 60 bits."""
    try:
        return int(id_[:15].ljust(15, "0"), 16)
    except ValueError:
        return int.from_bytes(clean(id_).encode()[:7].ljust(7, b"\0"), "big")


def clean(text: str) -> str:
    """``text`` that can be written as UTF-8: file names may hold bytes that are no character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def word_fields(document: Document) -> Iterator[tuple[str, str]]:
    """(field, tokens as they are indexed, with one space between); empty fields are left out."""
    source = document.source
    if "%" in source:
        from urllib.parse import unquote

        source = unquote(source)
    for field, text in (
        ("title", document.title),
        ("category", document.category),
        ("text", document.text),
        ("source", source),
    ):
        if found := spelled(text):
            yield field, found
    if keywords := [words for words in map(spelled, document.keywords) if words]:
        yield "keywords", _GAP.join(keywords)


def exact_values(document: Document) -> Iterator[tuple[str, str]]:
    """(field, value as it is compared); a field may come twice, an empty one does not come."""
    for field, value in (
        ("collection", document.collection),
        ("type", document.format),
        ("type", document.kind if document.kind != document.format else ""),
        ("language", document.language),
        ("license", document.license),
        ("exact_category", document.category),
    ):
        if value:
            yield field, clean(exact(value))


def admit(filters: Filters) -> Iterator[tuple[str, str]]:
    """(field, value) that a document must have to pass ``filters``."""
    for field, value in (
        ("collection", filters.collection),
        ("exact_category", filters.category),
        ("type", filters.type),
        ("language", filters.language),
        ("license", filters.license),
    ):
        if value:
            yield field, clean(exact(value))


def shown(document: Document) -> bytes:
    """What a Hit says of ``document``, to be stored beside the index of its words."""
    return json.dumps(
        [
            document.id, document.collection, document.title, document.category, document.format,
            document.language, document.license, document.source,
        ]
    ).encode()  # fmt: skip


def unshown(stored: bytes, score: float) -> Hit:
    """The Hit of what `shown` stored."""
    try:
        told = msgspec.json.decode(stored)
    except msgspec.DecodeError:  # a name that holds bytes which are no character
        told = json.loads(stored)
    id_, collection, title, category, type_, language, license_, source = told
    return Hit(id_, collection, title, category, type_, language, license_, source, score)


def facets(
    counts: Mapping[str, Mapping[str, int]], most: int, best: Callable[[str, str], Hit | None]
) -> tuple[Facet, ...]:
    """``counts`` of the values of fields, cut to the ``most`` frequent and written as people wrote them.

    ``best(field, value)`` is the best match that has it. Equal counts go by value.
    """
    found = []
    for name, field in COUNTED.items():
        values = sorted(counts[field].items(), key=lambda one: (-one[1], one[0]))
        spelled = [(_written(best(field, value), name, value), n) for value, n in values[:most]]
        found.append(Facet(name, tuple(spelled), max(len(values) - most, 0)))
    return tuple(found)


def _written(hit: Hit | None, name: str, value: str) -> str:
    # Formats and kinds are of our own making, and lower case.
    if hit is None or name == "type":
        return value
    return {
        "collection": hit.collection,
        "category": hit.category,
        "language": hit.language,
        "license": hit.license,
    }[name]

"""Finding things again: engines behind one protocol. Light to import; an engine is loaded by name.

Every engine stores the same tokens (`tokens`) and answers the same syntax trees (`query`), so which
one is configured changes how fast a search is, never what it finds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from curate.errors import CurateError
from curate.indexes.query import Node
from curate.model import Document, Hit

REBUILD = "curate index --rebuild"


class IndexBroken(CurateError):
    """The folder holds no index that this version can read. It is derived data: delete and rebuild."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Exact conditions, ignoring case; an empty one admits everything. They do not touch the score."""

    collection: str = ""
    category: str = ""
    type: str = ""  # a format ("pdf") or a kind ("document")
    language: str = ""
    license: str = ""  # the whole SPDX expression
    without: tuple[str, ...] = ()  # ids that are left out


@dataclass(frozen=True, slots=True)
class Results:
    """``total`` matches in all, and the page of them that was asked for, best first."""

    total: int
    hits: tuple[Hit, ...]


FACETS: Final = ("collection", "category", "type", "language", "license")


@dataclass(frozen=True, slots=True)
class Facet:
    """How many of the matches have which value; the values as filters take them, most frequent first."""

    name: str  # one of FACETS
    counts: tuple[tuple[str, int], ...]
    more: int = 0  # values beyond these


class Index(Protocol):
    """A full-text index of Documents, keyed by (collection, id)."""

    def __init__(self, folder: Path) -> None:
        """Opens the index, or makes an empty one. Raises IndexBroken where it cannot be read."""

    def update(self, documents: Iterable[Document], gone: Iterable[tuple[str, str]]) -> None:
        """Removes the (collection, id) keys of ``gone``, then adds or replaces ``documents``.

        One transaction: readers see all of it or nothing, also when the process is killed or
        ``documents`` raises. Streams; costs what the change costs; repeating it changes nothing.
        Raises CurateError while another process writes.
        """

    def search(self, query: Node | str, filters: Filters, limit: int, offset: int = 0) -> Results:
        """By score, highest first, then by id and collection. An empty query finds everything.

        Hits have no snippet: the caller has the text. Raises CurateError for a query that says
        nothing sensible.
        """

    def facets(self, query: Node | str, filters: Filters, most: int = 10) -> tuple[Facet, ...]:
        """One for each of FACETS, over all matches; at most ``most`` values of each.

        A document has several types, its format and its kind. What is written in several ways counts
        as one, written as in the best of the matches that have it.
        """

    def frequency(self, field: str, token: str) -> int:
        """About how many documents have ``token`` in ``field``: those removed lately may still count."""

    def vocabulary(self, field: str, start: str) -> list[tuple[str, int]]:
        """The tokens of ``field`` that begin with ``start``, with their frequency; in order."""

    def count(self) -> int:
        """Documents in the index."""

    def clear(self) -> None:
        """Removes every document, in one transaction."""

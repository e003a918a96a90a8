"""Find what is in the library again."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from curate.catalog import Catalog
from curate.errors import CurateError
from curate.indexes import Filters, Index
from curate.indexes.query import Node, parse
from curate.indexes.snippet import snippet
from curate.model import Hit
from curate.pipeline.index import open_index
from curate.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Found:
    """One page of an answer. ``suggestion`` is a query that finds something, where this one did not."""

    total: int
    hits: tuple[Hit, ...]
    suggestion: str = ""


def search(
    workspace: Workspace,
    query: str,
    filters: Filters | None = None,
    limit: int = 10,
    offset: int = 0,
) -> Found:
    """The best ``limit`` hits for ``query``, with snippets. Needs no lock: a writer may run meanwhile.

    Raises CurateError: nothing indexed yet, a broken index, a query that cannot be understood.
    """
    settings = workspace.settings
    if not (workspace.index / settings.search.engine).exists():
        raise CurateError("nothing is indexed yet", "run: curate collect, then curate classify")
    filters = filters or Filters()
    tree = parse(query)
    index = open_index(workspace, settings)
    results = index.search(tree, filters, limit, offset)
    with Catalog(workspace.catalog, readonly=True) as catalog:
        hits = tuple(
            msgspec.structs.replace(hit, snippet=snippet(catalog.text(hit.id), tree))
            for hit in results.hits
        )
        suggestion = "" if results.total else _suggest(catalog, index, tree, filters)
    return Found(results.total, hits, suggestion)


def _suggest(catalog: Catalog, index: Index, tree: Node, filters: Filters) -> str:
    from curate.indexes.suggest import suggest

    better = suggest(tree, catalog.vocabulary())
    # A suggestion that finds nothing either would only annoy.
    return better if better and index.search(better, filters, 1).total else ""

"""Find what is in the library again."""

from __future__ import annotations

import dataclasses
import difflib
import re
from dataclasses import dataclass

import msgspec

from curate.catalog import Catalog
from curate.collection import load
from curate.errors import CurateError
from curate.indexes import Facet, Filters, Index, Results
from curate.indexes.query import Node, has_choice, parse, render
from curate.indexes.snippet import snippet
from curate.model import Document, Hit, main_text
from curate.pipeline.index import open_index
from curate.pipeline.lookup import relative
from curate.workspace import Workspace

_ID = re.compile("[0-9a-fA-F]{6,64}")
_ROUNDS = 5  # from one duplicate to the next


@dataclass(frozen=True, slots=True)
class Found:
    """One page of an answer, with counts of all matches where they were asked for.

    ``corrected`` is the query that was answered instead, because a word of it is in no document;
    ``suggestion`` one that finds something, where this one did not and had to be answered as it is.
    """

    total: int
    hits: tuple[Hit, ...]
    suggestion: str = ""
    corrected: str = ""
    facets: tuple[Facet, ...] = ()


def search(
    workspace: Workspace,
    query: str,
    filters: Filters | None = None,
    limit: int = 10,
    offset: int = 0,
    *,
    exact: bool = False,
    facets: int = 0,
) -> Found:
    """The best ``limit`` hits for ``query``, with snippets. Needs no lock: a writer may run meanwhile.

    ``exact``: as it is written, slips and all. ``facets``: count the matches by so many values of
    collection, category, type, language and license. Raises CurateError: nothing indexed yet, a broken
    index, a query that cannot be understood.
    """
    filters = filters or Filters()
    tree = parse(query)
    index = _opened(workspace)
    results = index.search(tree, filters, limit, offset)
    with Catalog(workspace.catalog, readonly=True) as catalog:
        better = _corrected(catalog, index, tree, filters, bool(results.total))
        if better is None:
            return _found(catalog, index, tree, results, filters, facets)
        if exact:
            found = _found(catalog, index, tree, results, filters, facets)
            if results.total:
                return found
            return dataclasses.replace(found, suggestion=render(better))
        results = index.search(better, filters, limit, offset)
        found = _found(catalog, index, better, results, filters, facets)
        return dataclasses.replace(found, corrected=render(better))


def category(workspace: Workspace, given: str, collection: str = "") -> str:
    """The name of the category that people call ``given`` by its name or its title.

    Raises CurateError where no collection, or not this one, has such a category.
    """
    known: dict[str, str] = {}
    for name in [collection] if collection else workspace.names():
        try:
            categories = load(workspace, name).collection.categories
        except CurateError:
            return given  # what it is wrong with is told by every command that needs it whole
        for one in categories:
            known.setdefault(one.label, one.name)
            known[one.name] = one.name
    if given in known:
        return known[given]
    near = difflib.get_close_matches(given, known, 1)
    where = f"'{collection}'" if collection else "any collection"
    raise CurateError(
        f"no category of {where} is called '{given}'",
        f"did you mean '{near[0]}'?"
        if near
        else f"there are: {', '.join(sorted(set(known.values()))) or 'none'}",
    )


def like(
    workspace: Workspace,
    what: str,
    filters: Filters | None = None,
    limit: int = 10,
    offset: int = 0,
    *,
    facets: int = 0,
) -> Found:
    """What is most like one resource, which an id, a path or a URL names; without its duplicates.

    Raises CurateError where nothing is known by that name, or too much.
    """
    from curate.indexes.like import telling

    index = _opened(workspace)
    with Catalog(workspace.catalog, readonly=True) as catalog:
        id_ = _named(workspace, catalog, what)
        tree = telling(_document(catalog, id_), index)
        filters = dataclasses.replace(filters or Filters(), without=_same(catalog, id_))
        results = index.search(tree, filters, limit, offset)
        return _found(catalog, index, tree, results, filters, facets)


def _opened(workspace: Workspace) -> Index:
    settings = workspace.settings
    if not (workspace.index / settings.search.engine).exists():
        raise CurateError("nothing is indexed yet", "run: curate collect, then curate classify")
    return open_index(workspace, settings)


def _found(
    catalog: Catalog, index: Index, tree: Node, results: Results, filters: Filters, facets: int
) -> Found:
    hits = tuple(
        msgspec.structs.replace(hit, snippet=snippet(catalog.text(hit.id), tree))
        for hit in results.hits
    )
    counts = index.facets(tree, filters, facets) if facets else ()
    return Found(results.total, hits, facets=counts)


def _corrected(
    catalog: Catalog, index: Index, tree: Node, filters: Filters, anything: bool
) -> Node | None:
    """``tree`` without its slips, where it has any and something is found so. Where all of several words
    are asked for and found, none is a slip: so this costs nothing."""
    if anything and not has_choice(tree):
        return None
    from curate.indexes.typos import corrected

    better = corrected(tree, index, lambda hit: catalog.text(hit.id))
    return better if better != tree and index.search(better, filters, 0).total else None


def _named(workspace: Workspace, catalog: Catalog, what: str) -> str:
    found = catalog.match_resource(what.lower()) if _ID.fullmatch(what) else []
    if not found:
        places = catalog.find_locator(what) or catalog.find_locator(relative(workspace, what))
        found = list(
            dict.fromkeys(one.sighting.resource for one in places if one.sighting.resource)
        )
    if len(found) > 1:
        raise CurateError(
            f"'{what}' names {len(found)} items or more", "give more of its name or id"
        )
    if not found:
        raise CurateError(
            f"nothing is known of '{what}'",
            "give an id, a path or a URL as curate search shows them",
        )
    return found[0]


def _document(catalog: Catalog, id_: str) -> Document:
    known = catalog.facts(id_)
    if known is None:
        raise CurateError("it has not been read yet", "run: curate classify")
    extracted, profile, _ = known
    words = (*extracted.keywords, *profile.keywords)
    title = profile.title or extracted.title
    return Document(id_, "", title, keywords=words, text=main_text(catalog.text(id_)))


def _same(catalog: Catalog, id_: str) -> tuple[str, ...]:
    """The resource and all that it is the same as; a part of it is something else."""
    found = {id_}
    for _ in range(_ROUNDS):
        pairs = (one for one in catalog.likenesses(sorted(found)) if one.kind != "part-text")
        more = {side for one in pairs for side in (one.a, one.b)} - found
        if not more:
            break
        found |= more
    return tuple(sorted(found))

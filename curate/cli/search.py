"""curate search and index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from curate import plugins
from curate.cli.options import echo, echo_json, heading, in_workspace, plain
from curate.cli.progress import progress
from curate.messages import Say, speaker
from curate.model import Hit
from curate.workspace import Workspace

if TYPE_CHECKING:
    from curate.indexes import Facet
    from curate.pipeline.find import Found

VALUES = 10
"""Of a facet that are shown."""


@click.command(
    epilog="""Examples: curate search 'backup AND title:guide' --type pdf · curate search '"版权 声明" OR licen*' ·
    curate search --like 3f9a1c"""
)
@click.argument("query", nargs=-1)
@click.option(
    "--like", "what", default="", metavar="ITEM", help="What is most like this id, path or URL."
)
@click.option("--collection", default="", metavar="NAME")
@click.option("--category", default="", metavar="NAME", help="By its name or its title.")
@click.option(
    "--type",
    "kind",
    default="",
    metavar="TYPE",
    help="A format (pdf) or a kind (document, image, …).",
)
@click.option("--language", default="", metavar="CODE", help="ISO 639-1, e.g. zh.")
@click.option("--license", "license_", default="", metavar="SPDX")
@click.option("--limit", default=10, show_default=True, type=click.IntRange(1, 1000))
@click.option("--offset", default=0, type=click.IntRange(0), help="Skip so many hits.")
@click.option(
    "--facets", is_flag=True, help="Also count all matches by collection, category, type, …"
)
@click.option("--exact", is_flag=True, help="As it is written: mend no slips.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@in_workspace
def search(
    workspace: Workspace, query: tuple[str, ...], what: str, collection: str, category: str, kind: str,
    language: str, license_: str, limit: int, offset: int, facets: bool, exact: bool, as_json: bool,
) -> None:  # fmt: skip
    """Find something in the library.

    Words, "phrases", field:value (title, keywords, category, text, source …), AND, OR, NOT, word*.
    Chinese words of any length are found inside sentences, simplified or traditional. A word that is in no
    document is read as the nearest one that is.
    """
    from curate.indexes import Filters
    from curate.pipeline import find

    if bool(query) == bool(what):
        raise click.UsageError("say what to look for: words, or --like ITEM")
    if collection:
        workspace.chosen([collection])
    engine = workspace.settings.search.engine
    if not (workspace.index / engine).exists():
        plugins.check("indexes", engine)
    text = " ".join(query)
    if category:
        category = find.category(workspace, category, collection)
    filters = Filters(collection, category, kind, language, license_)
    counted = VALUES if facets else 0
    if what:
        found = find.like(workspace, what, filters, limit, offset, facets=counted)
    else:
        found = find.search(workspace, text, filters, limit, offset, exact=exact, facets=counted)
    if as_json:
        echo_json(_answer(found))
        return
    say = speaker(workspace.settings.language)
    if found.corrected:
        echo(say("showing results for: {better}", better=found.corrected))
        echo(say("for {query} itself: --exact", query=text))
    for hit in found.hits:
        _show(hit)
    if found.total:
        echo(say("{shown} of {total} found", shown=len(found.hits), total=found.total))
        if offset + len(found.hits) < found.total:
            echo(say("Next: --offset {n}", n=offset + len(found.hits)))
    else:
        _nothing(text or what, found.suggestion, say)
        if what:
            echo(say("compared by its words; pictures and sound that are alike: curate dedupe"))
    for facet in found.facets:
        _count(facet, say)


def _count(facet: Facet, say: Say) -> None:
    if facet.counts:
        values = [f"{value} {count}" for value, count in facet.counts]
        if facet.more:
            values.append(say("and {n} more", n=facet.more))
        echo(f"{say(facet.name)}: {' · '.join(values)}")


def _answer(found: Found) -> dict[str, object]:
    answer: dict[str, object] = {
        "version": 1, "total": found.total, "hits": [_row(hit) for hit in found.hits]
    }  # fmt: skip
    if found.corrected:
        answer["corrected"] = found.corrected
    if found.suggestion:
        answer["suggestion"] = found.suggestion
    if found.facets:
        answer["facets"] = {
            one.name: {
                "counts": [{"value": value, "count": count} for value, count in one.counts],
                "more": one.more,
            }
            for one in found.facets
        }
    return answer


def _nothing(text: str, suggestion: str, say: Say) -> None:
    echo(say("nothing found for {query}", query=text))
    if suggestion:
        echo(say("did you mean: {suggestion}", suggestion=suggestion))


def _row(hit: Hit) -> dict[str, object]:
    return {
        "id": hit.id, "title": hit.title, "collection": hit.collection, "category": hit.category, "type": hit.type,
        "language": hit.language, "license": hit.license, "source": hit.source, "score": round(hit.score, 4),
        "snippet": hit.snippet,
    }  # fmt: skip


def _show(hit: Hit) -> None:
    heading(hit.title)
    facts = (
        hit.id[:12],
        hit.collection,
        hit.category,
        hit.type,
        hit.language,
        hit.license,
        hit.source,
    )
    echo("  " + " · ".join(fact for fact in facts if fact))
    if hit.snippet:
        snippet = plain(hit.snippet)
        if _coloured():
            snippet = snippet.replace("«", "\x1b[1;33m").replace("»", "\x1b[0m")
        click.echo(f"  {snippet}")


def _coloured() -> bool:
    import os
    import sys

    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


@click.command(epilog="Example: curate index --rebuild")
@click.option("--rebuild", is_flag=True, help="Make it anew from the catalogue.")
@in_workspace
def index(workspace: Workspace, rebuild: bool) -> None:
    """Bring the search index up to date with the catalogue (curate classify does so by itself)."""
    from curate.catalog import Catalog
    from curate.pipeline.index import index as run

    say = speaker(workspace.settings.language)
    with workspace.writing(), Catalog(workspace.catalog) as catalog, progress(say) as listener:
        done = run(workspace, catalog, workspace.settings, listener, rebuild)
    if done.anew:
        echo(say("the search index was damaged or made by another version: it was made anew"))
    echo(say("{n} documents indexed", n=done.count))

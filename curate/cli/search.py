"""curate search and index."""

from __future__ import annotations

import click

from curate import plugins
from curate.cli.options import echo, echo_json, heading, in_workspace, plain
from curate.cli.progress import progress
from curate.messages import Say, speaker
from curate.model import Hit
from curate.workspace import Workspace


@click.command(
    epilog="""Examples: curate search 'backup AND title:guide' --type pdf · curate search '"版权 声明" OR licen*'"""
)
@click.argument("query", nargs=-1, required=True)
@click.option("--collection", default="", metavar="NAME")
@click.option("--category", default="", metavar="NAME")
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
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@in_workspace
def search(
    workspace: Workspace, query: tuple[str, ...], collection: str, category: str, kind: str, language: str,
    license_: str, limit: int, offset: int, as_json: bool,
) -> None:  # fmt: skip
    """Find something in the library.

    Words, "phrases", field:value (title, keywords, category, text, source …), AND, OR, NOT, word*.
    Chinese words of any length are found inside sentences.
    """
    from curate.indexes import Filters
    from curate.pipeline.find import search as run

    if collection:
        workspace.chosen([collection])
    engine = workspace.settings.search.engine
    if not (workspace.index / engine).exists():
        plugins.check("indexes", engine)
    text = " ".join(query)
    found = run(
        workspace, text, Filters(collection, category, kind, language, license_), limit, offset
    )
    if as_json:
        answer = {"version": 1, "total": found.total, "hits": [_row(hit) for hit in found.hits]}
        if found.suggestion:
            answer["suggestion"] = found.suggestion
        echo_json(answer)
        return
    say = speaker(workspace.settings.language)
    for hit in found.hits:
        _show(hit)
    if found.total:
        echo(say("{shown} of {total} found", shown=len(found.hits), total=found.total))
        if offset + len(found.hits) < found.total:
            echo(say("Next: --offset {n}", n=offset + len(found.hits)))
    else:
        _nothing(text, found.suggestion, say)


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
        count = run(workspace, catalog, workspace.settings, listener, rebuild)
    echo(say("{n} documents indexed", n=count))

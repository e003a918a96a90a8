"""curate classify: read, compare, sort and judge; and the categories that people give."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from curate.cli.options import SHOWN, echo, heading, in_workspace, language_of, plain, print_next
from curate.cli.progress import progress
from curate.cli.reports import Counts, finish, print_problems
from curate.cli.sheet import tell_written, written
from curate.cli.shortened import Shortened
from curate.cli.which import deciding
from curate.messages import Say, speaker
from curate.model import Report
from curate.workspace import Workspace


@click.group(
    cls=Shortened,
    default="run",
    bare=True,
    epilog="Example: curate classify guides",
    subcommand_metavar="[run] [NAME]... | COMMAND …",
)
@click.option(
    "--workspace",
    metavar="DIR",
    expose_value=False,
    help="The workspace; default: the nearest folder upward that holds curate.toml.",
)
def classify() -> None:
    """Read what was collected, find duplicates, sort it into categories, judge its rights, index it; and
    say yourself where things belong.

    curate classify COMMAND --help tells the options of each; curate review asks about what is not sure.
    """


@classify.command(
    short_help="Read, compare, sort and judge what was collected.",
    epilog="Example: curate classify run guides --retry",
)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--retry", is_flag=True, help="Read again what could not be read before.")
@in_workspace
def run(workspace: Workspace, names: tuple[str, ...], retry: bool) -> None:
    """Read what was collected, find duplicates, sort it into categories, judge its rights, index it.

    A file that cannot be read costs only itself and is listed with the reason (exit code 3). The word run
    may be left out, unless a collection is called like one of the other commands.
    """
    from curate.pipeline.classify import classify as run

    named = workspace.chosen(names)
    say = speaker(language_of(workspace, named))
    with progress(say) as listener:
        reports = run(workspace, named, listener, retry)
    for report in reports:
        _classified(report, speaker(language_of(workspace, [report.collection])), workspace)
    finish(reports)


def _classified(report: Report, say: Say, workspace: Workspace) -> None:
    count = Counts(report.counts)
    heading(say("classify {name}", name=report.collection))
    echo(
        say(
            "  {resources} resources from {places} places: {copies} exact and {duplicates} near duplicates",
            **count.of("resources", "places", "copies", "duplicates"),
        )
    )
    echo(
        say(
            "  {categories} categories, {uncategorised} uncategorised",
            **count.of("categories", "uncategorised"),
        )
    )
    _advise(report, say)
    if report.counts.get("partial"):
        echo(
            say("  {partial} read only in part: see curate status --failed", **count.of("partial"))
        )
    echo(
        say(
            "  rights: {allow} allowed, {ask} to decide, {deny} denied",
            **count.of("allow", "ask", "deny"),
        )
    )
    echo(
        say(
            "  this run: {examined} read, {compared} compared, {labelled} judged and indexed",
            **count.of("examined", "compared", "labelled"),
        )
    )
    print_problems(report, say, workspace)


def _advise(report: Report, say: Say) -> None:
    """What brings order into what is not categorised."""
    name = shlex.quote(report.collection)
    if waiting := report.counts.get("review", 0):
        told = f"curate review {name}"
        echo(say("  {n} wait for you to say where they belong: {command}", n=waiting, command=told))
    elif report.counts.get("unsorted", 0) >= 10:  # of fewer nothing can be proposed
        told = f"curate classify suggest {name}"
        echo(say("  no categories yet; to have some proposed: {command}", command=told))


@classify.command(
    "set",
    short_help="Say where items belong.",
    epilog="Example: curate classify set guides notes/backup.md --category backup",
)
@click.argument("collection")
@click.argument("items", nargs=-1, required=True, metavar="ITEM...")
@click.option("--category", metavar="NAME", help="They belong there: its name or title.")
@click.option("--none", "nowhere", is_flag=True, help="They belong to none of the categories.")
@click.option("--undo", is_flag=True, help="Take back what was said before.")
@click.option("--who", default="", metavar="NAME", help="Who says so; default: your login name.")
@in_workspace
def set_(
    workspace: Workspace, collection: str, items: tuple[str, ...], category: str | None, nowhere: bool,
    undo: bool, who: str,
) -> None:  # fmt: skip
    """Say where items belong, by id, path or URL: it holds at once and for good.

    The collection's own model learns from it the next time that curate classify runs, and sorts what is
    like them.
    """
    from curate.pipeline.labels import settle

    if (category is not None) + nowhere + undo != 1 or category == "":
        raise click.UsageError("give one of --category, --none and --undo")
    say = speaker(language_of(workspace, workspace.chosen([collection])))
    said = None if undo else category or ""
    report, found = settle(workspace, collection, items, said, deciding(who))
    _counts(report, say)
    for one in found[:SHOWN]:
        facts = (one.label.category or "-", one.source, one.sha256[:12], one.title)
        echo("  " + " · ".join(fact for fact in facts if fact))
    if len(found) > SHOWN:
        echo(say("  … and {n} more", n=len(found) - SHOWN))
    _learns(report, say)


def _counts(report: Report, say: Say) -> None:
    if count := report.counts.get("set", 0):
        echo(say("{n} sorted by you", n=f"{count:,}"))
    if count := report.counts.get("undone", 0):
        echo(say("{n} taken back", n=f"{count:,}"))


def _learns(report: Report, say: Say) -> None:
    echo(say("What is like them follows when the model has learned from it."))
    print_next(report, say)


@classify.command(
    short_help="Write a CSV sheet to fill in.",
    epilog="Example: curate classify export guides labels.csv --waiting",
)
@click.argument("collection")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--waiting", is_flag=True, help="Only what no category is sure enough for.")
@click.option("--force", is_flag=True, help="Overwrite FILE and what was filled in there.")
@in_workspace
def export(
    workspace: Workspace, collection: str, file: Path | None, waiting: bool, force: bool
) -> None:
    """Write a CSV sheet for spreadsheet programs, to FILE or standard output.

    Write a category's name or title into its column "your category", or - where an item belongs to none of
    them, and import the sheet again.
    """
    from curate.pipeline.labelsheet import export as run

    say = speaker(language_of(workspace, workspace.chosen([collection])))
    count = written(file, force, lambda stream: run(workspace, collection, stream, waiting))
    tell_written(count, file, f"curate classify import {shlex.quote(collection)}", say)


@classify.command(
    "import",
    short_help="Read a filled-in sheet back.",
    epilog="Example: curate classify import guides labels.csv --who 'Ann Lee'",
)
@click.argument("collection")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--who", default="", metavar="NAME", help="Who says so; default: your login name.")
@in_workspace
def import_(workspace: Workspace, collection: str, file: Path, who: str) -> None:
    """Record what was changed in the column "your category" of an exported sheet: all of it or nothing.

    A cell that was cleared is taken back. Every row with a problem is named; so is one that somebody spoke
    of since the sheet was written.
    """
    from curate.pipeline.labelsheet import bring

    say = speaker(language_of(workspace, workspace.chosen([collection])))
    report = bring(workspace, collection, file, deciding(who))
    if report.counts:
        _counts(report, say)
        _learns(report, say)
    else:
        echo(say("no category in it has changed; nothing was recorded"))


@classify.command(
    short_help="Propose categories from the material itself.",
    epilog="Example: curate classify suggest guides --count 8 --write",
)
@click.argument("collection")
@click.option(
    "--count", type=click.IntRange(2, 100), metavar="N",
    help="At most so many; default: as many as part the material best.",
)  # fmt: skip
@click.option(
    "--write", is_flag=True, help="Append them to collection.toml, if it has no categories yet."
)
@in_workspace
def suggest(workspace: Workspace, collection: str, count: int | None, write: bool) -> None:
    """Propose categories: groups of what is alike in the collection, named by their own words.

    Prints [[categories]] for collection.toml, ready to be changed: a category is found by its words.
    """
    from curate.pipeline.suggest import suggest as run

    say = speaker(language_of(workspace, workspace.chosen([collection])))
    proposed = run(workspace, collection, count or 0, write)
    if proposed.written is None:
        for line in proposed.toml.splitlines():
            click.echo(plain(line))
        return
    names = ", ".join(one.name for one in proposed.categories)
    echo(
        say(
            "{n} categories written to {path}: {names}",
            n=len(proposed.categories),
            path=proposed.written,
            names=names,
        )
    )
    echo(say("Next: {command}", command=f"curate classify {shlex.quote(collection)}"))

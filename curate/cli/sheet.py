"""curate rights export and import: decide in a spreadsheet."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import click

from curate.cli.options import echo, in_workspace, language_of, print_next
from curate.cli.which import deciding, filters
from curate.errors import CurateError
from curate.messages import Say, speaker
from curate.pipeline.rulings import Which
from curate.workspace import Workspace


@click.command(
    short_help="Write a CSV sheet to fill in.",
    epilog="Example: curate rights export guides rights.csv",
)
@click.argument("collection")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@filters
@click.option("--force", is_flag=True, help="Overwrite FILE and what was filled in there.")
@in_workspace
def export(
    workspace: Workspace, collection: str, file: Path | None, which: Which, force: bool
) -> None:
    """Write a CSV sheet for spreadsheet programs, to FILE or standard output.

    Fill in its columns answer (allow or deny), as, own, grant, grounds, territory, why, who and evidence,
    and import it again.
    """
    from curate.pipeline.sheet import export as run

    say = speaker(language_of(workspace, workspace.chosen([collection])))
    count = written(file, force, lambda stream: run(workspace, collection, stream, which))
    told = f"curate rights import {shlex.quote(collection)}"
    tell_written(count, file, told, say)


def written(file: Path | None, force: bool, write: Callable[[IO[bytes]], int]) -> int:
    """Write a sheet to ``file``, whole or not at all, or to standard output; the number of its rows.

    Raises CurateError where it is there already and ``force`` is not set.
    """
    if file is None:
        return write(sys.stdout.buffer)
    if file.exists() and not force:
        raise CurateError(
            f"{file} is there already, perhaps with answers that were not imported",
            "import it first; then export with --force, or give another name",
        )
    part = file.with_name(f".{file.name}.part")
    try:
        with part.open("wb") as stream:
            count = write(stream)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    return count


def tell_written(count: int, file: Path | None, command: str, say: Say) -> None:
    """How many rows are in ``file``, and that ``command`` takes it back; nothing for standard output."""
    if file is not None:
        echo(say("{n} rows written to {path}", n=count, path=file))
        echo(say("Next: {command}", command=f"{command} {shlex.quote(str(file))}"))


@click.command(
    "import",
    short_help="Read a filled-in sheet back.",
    epilog="Example: curate rights import guides rights.csv --who 'Ann Lee'",
)
@click.argument("collection")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--who", default="", metavar="NAME", help="Who decided, where a row names nobody new."
)
@in_workspace
def import_(workspace: Workspace, collection: str, file: Path, who: str) -> None:
    """Record what was changed in the answer columns of an exported sheet: all of it or nothing.

    An answer that was cleared is taken back. Every row with a problem is named; so is one that was decided
    otherwise since the sheet was written.
    """
    from curate.pipeline.sheet import bring

    say = speaker(language_of(workspace, workspace.chosen([collection])))
    report = bring(workspace, collection, file, deciding(who))
    counts = {name: report.counts.get(name, 0) for name in ("allow", "ask", "deny")}
    decided, undone = report.counts["decided"], report.counts.get("undone", 0)
    if decided:
        echo(say("{n} decided: {allow} allowed, {ask} asked, {deny} refused", n=decided, **counts))
    if undone:
        echo(say("{n} taken back", n=undone))
    if not decided and not undone:
        echo(say("no answer in it has changed; nothing was recorded"))
    print_next(report, say)

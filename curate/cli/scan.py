"""curate dedupe scan: the same bytes in any folders."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import click
import msgspec

from curate.cli.options import plain
from curate.doubles import Found, Group
from curate.errors import Exit
from curate.messages import Say, render, speaker
from curate.workspace import Workspace

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command(
    short_help="Find files with the same bytes in any folders.",
    epilog="Example: curate dedupe scan ~/Downloads ~/Pictures --limit 0",
)
@click.argument("folders", metavar="FOLDER...", nargs=-1, required=True, type=_FOLDER)
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(0), help="Groups shown; 0 = all."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with all groups.")
@click.option(
    "--workspace", "at", metavar="DIR", type=click.Path(path_type=Path),
    help="Remember what was read there; default: the nearest workspace upward, else your cache folder.",
)  # fmt: skip
def scan(folders: tuple[Path, ...], limit: int, as_json: bool, at: Path | None) -> None:
    """Find files with the same bytes, before anything is collected.

    Nothing is changed. Groups that take most space come first; a path after "=" is a hard link to the
    file above it and takes none. Symbolic links are not followed. What was read is remembered: the next
    scan reads only what is new or changed.
    """
    from curate.pipeline.scan import around
    from curate.pipeline.scan import scan as run

    # No matrices are multiplied here; starting a thread for each processor would be a tenth of the time.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    workspace = Workspace.at(at) if at else around()
    language = workspace.settings.language if workspace else "en"
    found = run(workspace, folders)
    lines = _json(found) if as_json else _text(found, limit, speaker(language))
    for batch in iter(lambda: list(islice(lines, 1000)), []):
        click.echo("\n".join(batch))
    if found.left_out:
        say = speaker(language)
        click.echo(say("{n} could not be read:", n=len(found.left_out)), err=True)
        for one in found.left_out:
            click.echo(plain(f"  {one.path}: {render(one.reason, language)}"), err=True)
        raise click.exceptions.Exit(Exit.PARTIAL)


def _text(found: Found, limit: int, say: Say) -> Iterator[str]:
    shown = found.groups[: limit or None]
    for group in shown:
        yield say(
            "{n} copies of {size} bytes, {spare} to spare, SHA-256 {digest}",
            n=len(group.copies), size=f"{group.size:,}", spare=f"{group.spare:,}", digest=group.sha256,
        )  # fmt: skip
        for first, *links in group.copies:
            yield _line(f"  {first}")
            for link in links:
                yield _line(f"    = {link}")
    if len(shown) < len(found.groups):
        yield say(
            "… and {n} more groups: --limit 0 shows them all", n=len(found.groups) - len(shown)
        )
    yield say(
        "{files} files, {size} bytes: {groups} groups of copies, {spare} bytes to spare",
        files=f"{found.files:,}", size=f"{found.size:,}", groups=f"{len(found.groups):,}", spare=f"{found.spare:,}",
    )  # fmt: skip
    if found.empty:
        yield say("{n} empty files, which are not compared", n=f"{found.empty:,}")
    if found.links:
        yield say("{n} symbolic links, which are not followed", n=f"{found.links:,}")


def _line(text: str) -> str:
    # plain() looks at each character, which for a hundred thousand paths would cost more than the scan.
    return text if text.isprintable() else plain(text)


def _json(found: Found) -> Iterator[str]:
    """One object in many lines, one for each group: built as a whole, it would be larger than the scan."""
    counts = {
        "version": 1, "files": found.files, "bytes": found.size, "empty": found.empty, "symlinks": found.links,
        "read": found.read, "spare": found.spare,
    }  # fmt: skip
    yield json.dumps(counts)[:-1] + ', "groups": ['
    last = len(found.groups) - 1
    for place, group in enumerate(found.groups):
        yield _encoded(group) + ("," if place < last else "")
    left_out = [{"path": one.path, "reason": str(one.reason)} for one in found.left_out]
    yield '], "left_out": ' + json.dumps(left_out) + "}"


def _encoded(group: Group) -> str:
    """Its fields as JSON; what a terminal obeys, and bytes of a path that are no UTF-8, are escaped."""
    try:
        text = msgspec.json.encode(group).decode()
    except UnicodeEncodeError:
        text = ""
    return text if text.isprintable() and text else json.dumps(msgspec.structs.asdict(group))

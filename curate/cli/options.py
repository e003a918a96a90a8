"""Options and output that commands share."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from curate.errors import CurateError, Problem
from curate.messages import Say, render, speaker
from curate.model import Language, Message, Report
from curate.workspace import Workspace, unusable

if TYPE_CHECKING:
    from curate.shop import Shop

F = TypeVar("F", bound=Callable[..., Any])
SHOWN = 20
"""Failures printed in full; the rest is counted, and curate status and why tell more."""


def in_workspace(command: F) -> F:
    """Adds --workspace and hands the command the Workspace as its first argument."""

    @click.option(
        "--workspace", "folder", metavar="DIR", type=click.Path(path_type=Path),
        help="The workspace; default: the nearest folder upward that holds curate.toml.",
    )  # fmt: skip
    @functools.wraps(command)
    def wrapped(folder: Path | None, **values: Any) -> Any:
        workspace = Workspace.at(folder) if folder else Workspace.find()
        try:
            try:
                return command(workspace, **values)
            finally:
                sys.stdout.flush()  # a full output is told here, not by Python at the very end
        except BrokenPipeError:
            raise
        except OSError as fault:  # a full disk, for one, does not say which file it is about
            raise unusable(fault, workspace.root) from fault

    return wrapped  # type: ignore[return-value]


def language_of(workspace: Workspace, names: Sequence[str] = ()) -> Language:
    """The collection's language where one is concerned and can be read, else the workspace's."""
    from curate.collection import load

    if len(names) == 1:
        with suppress(CurateError):
            return load(workspace, names[0]).collection.language
    return workspace.settings.language


def _shows(char: str) -> bool:
    # Not printable, for Python, are controls, marks of direction, broken UTF-8 — and this space,
    # which Chinese text is set with.
    return char.isprintable() or char == "\u3000"


def plain(text: str) -> str:
    """``text`` in one line, without what a terminal obeys: names and titles are other people's."""
    return "".join(char if _shows(char) else " " for char in text if _shows(char) or char.isspace())


def echo(text: str, err: bool = False) -> None:
    """Print a line, whatever is in it."""
    click.echo(plain(text), err=err)


def heading(text: str) -> None:
    click.secho(plain(text), bold=True)


def print_failures(failed: Sequence[tuple[str, Message]], say: Say, language: Language) -> None:
    """Each with its reason, on standard error; a long list is cut and says so."""
    for where, reason in failed[:SHOWN]:
        echo(f"  {where}: {render(reason, language)}", err=True)
    if len(failed) > SHOWN:
        echo(say("  … and {n} more: see curate status --failed", n=len(failed) - SHOWN), err=True)


def open_shop(workspace: Workspace) -> tuple[Shop, Say]:
    """The shop, and how its seller is spoken to. Raises CurateError."""
    from curate.shop import Shop

    shop = Shop.open(workspace)
    return shop, speaker(shop.workspace.settings.language)


def print_problems(found: Sequence[Problem], say: Say) -> None:
    for one in found[:SHOWN]:
        echo(f"  {one}", err=True)
    if len(found) > SHOWN:
        echo(say("  … and {n} more: see --json", n=len(found) - SHOWN), err=True)


def print_next(report: Report, say: Say) -> None:
    if report.next:
        echo(say("Next: {command}", command=report.next))


def echo_json(value: object) -> None:
    """One JSON object, UTF-8, indented for people. What a terminal obeys is escaped."""
    import json

    sys.stdout.flush()
    text = json.dumps(value, ensure_ascii=False, indent=2)
    click.echo(
        "".join(char if _shows(char) or char == "\n" else json.dumps(char)[1:-1] for char in text)
    )


__all__ = [
    "echo",
    "echo_json",
    "heading",
    "in_workspace",
    "language_of",
    "plain",
    "print_failures",
    "print_next",
    "speaker",
]

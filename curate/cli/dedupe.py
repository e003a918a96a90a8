"""The group curate dedupe; each command is imported when it is asked for: a scan starts at once."""

from __future__ import annotations

from importlib import import_module

import click

from curate.cli.shortened import Shortened

_COMMANDS = {
    "show": "duplicates",
    "keep": "duplicates",
    "split": "duplicates",
    "merge": "duplicates",
    "undo": "duplicates",
    "diff": "duplicates",
    "scan": "scan",
}


class _Dedupe(Shortened):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"curate.cli.{_COMMANDS[name]}"), name)
        return command


@click.group(
    cls=_Dedupe,
    default="show",
    epilog="Example: curate dedupe guides --kind near-text",
    subcommand_metavar="[show] COLLECTION | COMMAND …",
)
@click.option(
    "--workspace",
    metavar="DIR",
    expose_value=False,
    help="The workspace; default: the nearest folder upward that holds curate.toml.",
)
def dedupe() -> None:
    """Show what is the same as what, and say so yourself: what stays, what is not the same, what is.

    curate dedupe COMMAND --help tells the options of each. Nothing is ever deleted: what stands back for
    something else stays in the library, and a bundle says why it left it out.
    """

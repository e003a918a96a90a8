"""The group curate publish; its commands are imported when they are asked for."""

from __future__ import annotations

from importlib import import_module

import click

from curate.cli.shortened import Shortened

_COMMANDS = {"put": "put", "record": "record", "list": "list_", "check": "check", "drop": "drop"}


class _Publish(Shortened):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module = import_module("curate.cli.published")
        command: click.Command = getattr(module, _COMMANDS[name])
        return command


@click.group(
    cls=_Publish,
    default="put",
    epilog="Example: curate publish guides --to nas",
    subcommand_metavar="[put] COLLECTION | COMMAND …",
)
@click.option(
    "--workspace",
    metavar="DIR",
    expose_value=False,
    help="The workspace; default: the nearest folder upward that holds curate.toml.",
)
def publish() -> None:
    """Put releases where buyers get them, and see that they stay there.

    Targets are tables [publish.NAME] of curate.toml: a folder, a WebDAV drive, an S3 bucket. A share made by
    hand, as network drives (网盘) want it, is noted with: curate publish record. curate publish COMMAND --help
    tells the options of each.
    """

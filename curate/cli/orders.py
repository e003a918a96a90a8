"""The group curate orders; its commands are imported when they are asked for."""

from __future__ import annotations

from importlib import import_module

import click

_COMMANDS = {
    "import": ("ordered", "import_"),
    "remap": ("ordered", "remap"),
    "list": ("ordered", "list_"),
    "show": ("ordered", "show"),
    "refund": ("aftersales", "refund"),
    "resend": ("aftersales", "resend"),
    "revoke": ("aftersales", "revoke"),
    "acknowledge": ("aftersales", "acknowledge"),
    "offer": ("aftersales", "offer"),
}


class _Orders(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module, function = _COMMANDS[name]
        command: click.Command = getattr(import_module(f"curate.cli.{module}"), function)
        return command


@click.group(cls=_Orders, epilog="Example: curate orders import orders.csv --channel xianyu")
@click.option(
    "--workspace",
    metavar="DIR",
    expose_value=False,
    help="The workspace; default: the nearest folder upward that holds curate.toml.",
)
def orders() -> None:
    """Take in orders, see what became of them, and help buyers afterwards.

    An order is known by its channel and its number; importing the same file twice changes nothing.
    """

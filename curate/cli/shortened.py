"""A group of commands of which one may be left out: what is meant where no command is named."""

from __future__ import annotations

from typing import Any

import click


class Shortened(click.Group):
    """``curate rights NAME`` is short for ``curate rights show NAME``.

    What is called like a command has to be named with it: ``curate rights show export``. Without any word
    the group's help is shown, or with ``bare`` the default command runs too.
    """

    def __init__(self, *values: Any, default: str, bare: bool = False, **more: Any) -> None:
        super().__init__(*values, **more)
        self._default, self._bare = default, bare

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        place: list[str] = []
        while args and args[0].partition("=")[0] == "--workspace":
            width = 1 if "=" in args[0] else 2
            place, args = place + args[:width], args[width:]
        named = args[0] in (*self.list_commands(ctx), "-h", "--help") if args else not self._bare
        if not named:
            args = [self._default, *args]
        return super().parse_args(ctx, [*args[:1], *place, *args[1:]] if args else [])

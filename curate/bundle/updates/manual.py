"""What an update pack says to people who apply it by hand: how to, what to move, what to delete."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from curate.bundle.updates.making import Update

HOW_TO, MOVED, REMOVED = "HOW-TO-UPDATE.txt", "MOVED.txt", "REMOVED.txt"
_QUOTES = str.maketrans({quote: quote * 2 for quote in "'‘’‚‛"})


def pages(update: Update, file: str, page: bool) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each, in the language of the bundle.

    ``file``: name of the pack; ``page``: whether VERIFY.html is in the bundle. The lists are bare, so
    that shells can read them: a path below the new top folder in each line, and of what moved the old
    path, a tab and the new one.
    """
    yield HOW_TO, _how_to(update, file, page).encode()
    if update.moves:
        yield MOVED, _lines(f"{move.before}\t{move.now}" for move in update.moves)
    if update.removals:
        yield REMOVED, _lines(update.removals)


def _lines(rows: Iterator[str] | tuple[str, ...]) -> bytes:
    return "".join(f"{row}\n" for row in rows).encode()


def _how_to(update: Update, file: str, page: bool) -> str:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("curate.bundle", "templates"),
        autoescape=False,  # plain text
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(sh=shlex.quote, powershell=_powershell)
    template = environment.get_template(f"{update.language}/how-to-update.txt.j2")
    return template.render(update=update, file=file, page=page)


def _powershell(text: str) -> str:
    """``text`` as PowerShell takes it literally; to it, curly quotes are quotes too."""
    return f"'{text.translate(_QUOTES)}'"

"""The options of curate rights that say which items are meant."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import click

from curate.pipeline.rulings import Which

F = TypeVar("F", bound=Callable[..., Any])
_FILTERS = (
    ("--outcome", click.Choice(["allow", "ask", "deny"]), "", "How it was decided."),
    ("--license", None, "SPDX", "An id in its licence expression."),
    ("--rule", None, "NAME", "A rule that decided it."),
    ("--below", None, "FOLDER", "In this folder of its source, or at an address that begins so."),
    ("--says", None, "TEXT", "Words of a statement about it."),
    ("--category", None, "NAME", "Its category."),
    ("--grant-held", None, "NAME", "It stands on this grant, or would, had you not refused it."),
)  # fmt: skip


def filters(command: F) -> F:
    """Adds the options that say which items are meant, and hands the command one Which."""

    @functools.wraps(command)
    def wrapped(*args: Any, **values: Any) -> Any:
        chosen = {
            name: values.pop(name) or ""
            for name in ("license", "rule", "below", "says", "category")
        }
        which = Which(
            values.pop("items", ()),
            values.pop("outcome"),
            grant=values.pop("grant_held") or "",
            **chosen,
        )
        return command(*args, which=which, **values)

    for name, kind, metavar, text in reversed(_FILTERS):
        wrapped = click.option(name, type=kind, metavar=metavar or None, help=text)(wrapped)
    return wrapped  # type: ignore[return-value]


def deciding(name: str) -> str:
    """``name``, else the login name. Raises UsageError where there is neither."""
    import getpass

    try:
        return name.strip() or getpass.getuser()
    except (OSError, KeyError, ImportError):
        raise click.UsageError("this system has no login name: say --who NAME") from None

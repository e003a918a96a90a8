"""Writes docs/configuration.md and docs/commands.md from the code: ``make docs``."""

from __future__ import annotations

import ast
import inspect
import os
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import click
import msgspec

from curate import plugins
from curate.cli import main
from curate.collection import Collection, Source
from curate.shop.settings import Settings as Shop
from curate.targets import Place
from curate.workspace import Settings

HERE = Path(__file__).parent
OURS = (
    "folder", "archive", "remote", "git", "csv", "site", "feed", "openverse", "commons", "internet-archive",
    "zenodo", "arxiv", "gutendex", "openalex",
)  # fmt: skip
"""Collectors that curate brings: what else is installed here is not its documentation."""
TARGETS = ("folder", "webdav", "s3")
"""Targets that curate brings."""

_PLAIN = {str: "text", int: "whole number", float: "number", bool: "true or false"}

_UNSAID = {
    "Settings.compute": "See [compute] below.",
    "Settings.fetch": "See [fetch] below.",
    "Settings.search": "See [search] below.",
    "Fetch.timeout": "Longest wait for an answer, in seconds.",
    "Fetch.retries": "How often a request that failed for the moment is tried again.",
    "Collection.title": "What people read, in every page of the bundle.",
    "Collection.sources": "Where to gather from; at least one. See [[sources]] below.",
    "Collection.language": "Language of the bundle and its tutorial.",
    "Collection.description": "What the bundle is, in your own words; stands on its first page and in the listing.",
    "Collection.rights": "What holds for every source that says nothing else. See [rights] below.",
    "Collection.categories": "What to sort into. See [[categories]] below.",
    "Collection.classify": "See [classify] below.",
    "Collection.dedupe": "See [dedupe] below.",
    "Collection.listing": "See [listing] below.",
    "Collection.bundle": "See [bundle] below.",
    "Wording.title": "What people read as its title in that language.",
    "Wording.description": "Your own words about it in that language.",
    "Wording.tags": "What the listing names first among its tags in that language.",
    "Category.parent": "Name of the category that this one belongs to.",
    "Listing.currency": "ISO 4217 code.",
    "Listing.tags": "What the listing names first among its tags.",
}
"""Keys whose field has no docstring because its name says all; a table still has to say it."""

_BY = {"products": "SKU", "channels": "NAME"}
"""What tables of tables are named by."""

_CONFIGURATION = """# Configuration

<!-- Written by docs/generate.py from the code: change the docstrings there, then run make docs. -->

Three files, all [TOML](https://toml.io/): `curate.toml` makes a folder a workspace,
`collections/NAME/collection.toml` describes a collection, and `shop.toml` says what is sold and how buyers get it. An unknown key or a wrong value is an error that
names its line; all problems are reported at once. `curate schema` prints them as JSON Schema; the files that
`curate init` and `curate new` write refer to it, so that editors complete keys and mark mistakes.

"""

_COMMANDS = """# Commands

<!-- Written by docs/generate.py from the code: change the help texts there, then run make docs. -->

Exit codes: 0 fine · 1 an error, or problems were found · 2 the command was not understood · 3 finished, but
some inputs failed, each named with its reason.

Results go to standard output, progress and failures to standard error. A command that writes holds the
workspace while it runs; another one says so and stops. Searching and asking may go on meanwhile.

"""


def pages() -> dict[str, str]:
    """Both pages, by file name."""
    return {"configuration.md": configuration(), "commands.md": commands()}


def configuration() -> str:
    parts = [
        _CONFIGURATION,
        "## curate.toml\n",
        *_tables(Settings, ""),
        "\n## collection.toml\n",
        *_tables(Collection, ""),
        "\n## shop.toml\n",
        *_tables(Shop, ""),
    ]
    return "\n".join(parts).replace("\n\n\n", "\n\n").rstrip() + "\n"


def _tables(shape: type[msgspec.Struct], name: str) -> Iterator[str]:
    """The table of ``shape`` and then those of the structs within, each below the name it has in TOML."""
    yield from _table(shape, _header(shape, name))
    for field in msgspec.structs.fields(shape):
        kind = get_type_hints(shape, include_extras=True)[field.name]
        inner = _struct(kind)
        if shape is Settings and field.name == "publish":
            yield from _targets("publish.NAME")
        if inner is None:
            continue
        place = f"{name}.{field.encode_name}" if name else field.encode_name
        if field.name in _BY:
            place = f"{place}.{_BY[field.name]}"
        if inner is Source:
            yield from _sources(place)
        elif not name or place != "sources.rights":
            yield from _tables(inner, f"[[{place}]]" if _many(kind) else place)


def _sources(place: str) -> Iterator[str]:
    yield from _table(Source, f"### `[[{place}]]`\n", hidden=("type",))
    yield (
        '`type` says which kind of source it is (without it: `"folder"`); each kind has keys of its own. '
        "`rights` has the keys of `[rights]` below; an empty one, `rights = {}`, declares nothing.\n"
    )
    shared = {field.name for field in msgspec.structs.fields(Source)}
    for name in OURS:
        options = plugins.load("collectors", name).options
        title = f'### `[[{place}]]` with `type = "{name}"`\n'
        yield from _table(options, title, hidden=tuple(shared))


def _targets(place: str) -> Iterator[str]:
    yield from _table(Place, f"### `[{place}]`\n")
    shared = {field.name for field in msgspec.structs.fields(Place)}
    for name in TARGETS:
        options = plugins.load("targets", name).options
        yield from _table(options, f'### `[{place}]` with `type = "{name}"`\n', tuple(shared))


def _header(shape: type[msgspec.Struct], name: str) -> str:
    if not name:
        return ""
    return f"### `{name}`\n" if name.startswith("[") else f"### `[{name}]`\n"


def _table(shape: type[msgspec.Struct], title: str, hidden: tuple[str, ...] = ()) -> Iterator[str]:
    if title:
        yield title
    if shape.__dict__.get("__doc__"):
        yield f"{_sentence(inspect.getdoc(shape))}\n"
    yield "| Key | Type | Default | Meaning |\n|---|---|---|---|"
    kinds, told = get_type_hints(shape, include_extras=True), docstrings(shape)
    for field in msgspec.structs.fields(shape):
        if field.name in hidden:
            continue
        kind = kinds[field.name]
        meaning = _cell(told.get(field.name) or _unsaid(shape, field.name))
        yield f"| `{field.encode_name}` | {_cell(_type(kind))} | {_default(field)} | {meaning} |"
    yield ""


def docstrings(shape: type) -> dict[str, str]:
    """The string under each field of a class, inherited ones too: Python itself does not keep them."""
    found: dict[str, str] = {}
    for cls in reversed(shape.__mro__):
        if not issubclass(cls, msgspec.Struct) or cls is msgspec.Struct:
            continue
        (body,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
        assert isinstance(body, ast.ClassDef)
        for field, after in zip(body.body, body.body[1:], strict=False):
            match field, after:
                case (
                    ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str(text))),
                ):
                    found[name] = " ".join(text.split())
    return found


def _unsaid(shape: type, name: str) -> str:
    """Raises KeyError for a key that nobody explains."""
    return _UNSAID[f"{shape.__name__}.{name}"]


def _struct(kind: Any) -> type[msgspec.Struct] | None:
    for one in (kind, *get_args(kind)):
        if isinstance(one, type) and issubclass(one, msgspec.Struct):
            return one
    return None


def _many(kind: Any) -> bool:
    return get_origin(kind) in (tuple, list)


def _type(kind: Any) -> str:
    origin, args = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _type(args[0]) + _bounds(args[1])
    if origin is Literal:
        return " or ".join(f'`"{one}"`' if isinstance(one, str) else f"`{one}`" for one in args)
    if kind == dict[str, Any]:
        return "tables"
    if _struct(kind):
        return "tables" if _many(kind) else "table"
    if type(None) in args:
        return _type(next(one for one in args if one is not type(None)))
    if origin in (Union, UnionType):
        return " or ".join(map(_type, args))
    if origin in (tuple, list):
        if get_origin(args[0]) is Literal:
            return f"list of {_type(args[0])}"
        return f"list of {_type(args[0])}s"
    if origin is dict:
        return f"table of {_type(args[1])}s"
    return _PLAIN[kind]


def _bounds(meta: Any) -> str:
    said = [
        f"{sign} {value:g}"
        for sign, value in (("≥", meta.ge), (">", meta.gt), ("≤", meta.le), ("<", meta.lt))
        if value is not None
    ]
    if meta.pattern:
        said.append(f"like `{meta.pattern}`")
    return f", {', '.join(said)}" if said else ""


def _default(field: Any) -> str:
    if field.required:
        return "**required**"
    value = field.default
    if value is msgspec.NODEFAULT:
        value = field.default_factory()
    if isinstance(value, msgspec.Struct) or value is None or value == {}:
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return "`[" + ", ".join(f'"{one}"' for one in value) + "]`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value:g}`"


def _sentence(text: str | None) -> str:
    return " ".join((text or "").replace("``", "`").split())


def _cell(text: str) -> str:
    return text.replace("``", "`").replace("|", "\\|")


def commands() -> str:
    """The help of every command, as a terminal of 100 columns shows it."""
    context = click.Context(main, info_name="curate", terminal_width=100, **main.context_settings)
    parts = [_COMMANDS + _help(main, context, "## curate")]
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        inner = click.Context(command, context, info_name=name, terminal_width=100)
        parts.append(_help(command, inner, f"## curate {name}"))
        for below, one in getattr(command, "commands", {}).items():
            within = click.Context(one, inner, info_name=below, terminal_width=100)
            parts.append(_help(one, within, f"### curate {name} {below}"))
    return "\n".join(parts)


def _help(command: click.Command, context: click.Context, title: str) -> str:
    text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    return f"{title}\n\n```text\n{_unstyled(text)}\n```\n"


def _unstyled(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


if __name__ == "__main__":
    os.environ.pop("COLUMNS", None)
    for name, text in pages().items():
        (HERE / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"wrote docs/{name}\n")

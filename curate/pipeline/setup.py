"""Make a workspace, and a collection in it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from curate import plugins
from curate.collection import Source, load
from curate.errors import CurateError
from curate.model import Language
from curate.workspace import MARK, Workspace, check_name, unusable


def init(folder: Path, language: Language = "en") -> Workspace:
    """Make ``folder`` a workspace; what is there stays. Raises CurateError where it is one already."""
    if (folder / MARK).exists():
        raise CurateError(
            f"{folder / MARK} exists: this is a workspace already",
            "make a collection: curate new NAME",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        workspace = Workspace(folder.resolve())
        for part in (workspace.collections, workspace.build, workspace.state):
            part.mkdir(exist_ok=True)
        (workspace.state / ".gitignore").write_text("*\n", encoding="utf-8")
        write_schemas(workspace.state)
        (folder / MARK).write_text(template("curate", language), encoding="utf-8")
    except OSError as fault:
        raise unusable(fault, folder) from fault
    return workspace


@dataclass(frozen=True, slots=True)
class Wish:
    """What the options of ``curate new`` say; everything else has a default."""

    title: str = ""
    language: Language = "en"
    keywords: Sequence[str] = ()
    folders: Sequence[str] = ()
    sites: Sequence[str] = ()
    sources: Sequence[str] = ()
    """Of any other kind: "KIND=PLACE", or "KIND" alone for a service."""
    own: str = ""
    license: str = ""

    @property
    def places(self) -> list[str]:
        """Everywhere that something is to be collected from."""
        return [*self.folders, *self.sites, *self.sources]


def new(workspace: Workspace, name: str, wish: Wish) -> Path:
    """Write a commented collection.toml and give its path. Raises CurateError where it exists."""
    check_name(name)
    path = workspace.collection_file(name)
    if path.exists():
        raise CurateError(f"{path} exists already", "edit it, or choose another name")
    if wish.own and wish.license:
        raise CurateError(
            "--own and --license exclude each other",
            "it is your own work, or it was licensed to you; mixed material needs two sources",
        )
    text = _written(name, wish)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not wish.places:
            (path.parent / "material").mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as fault:
        raise unusable(fault, path) from fault
    try:
        load(workspace, name)
    except CurateError:
        path.unlink()  # a place that is none: the command can be given again
        raise
    return path


def _written(name: str, wish: Wish) -> str:
    folders = list(wish.folders) or ([] if wish.places else ["material"])
    match = "keywords" if wish.keywords else "all"
    sources = [
        f'[[sources]]\ntype = "folder"\npath = {_toml(_absolute(one, wish))}\nmatch = "{match}"\n'
        for one in folders
    ]
    sources += [
        f'[[sources]]\ntype = "site"\nstart = [{_toml(one)}]\nmatch = "{match}"\n'
        for one in wish.sites
    ]
    sources += [_source(one, match) for one in wish.sources]
    rights = (
        f"own = {_toml(wish.own)}"
        if wish.own
        else f"license = {_toml(wish.license)}"
        if wish.license
        else '# own = ""\n# license = ""'
    )
    return template("collection", wish.language).format_map(
        {
            "title": _toml(wish.title or name),
            "language": _toml(wish.language),
            "keywords": ", ".join(map(_toml, wish.keywords)),
            "rights": rights,
            "sources": "\n".join(sources),
        }
    )


def _source(wish: str, match: str) -> str:
    """A source's table."""
    kind, _, place = wish.partition("=")
    options: type[Source] = plugins.load("collectors", kind).options
    fields = {field.name: field for field in msgspec.structs.fields(options)}
    lines = [f"type = {_toml(kind)}"]
    if place:
        if options.first not in fields:
            raise CurateError(
                f"a place alone says too little for a source of type {kind}",
                "make the collection without it, then write its table into collection.toml",
            )
        several = fields[options.first].type == tuple[str, ...]
        value = _toml(_meant(options, kind, place))
        lines.append(f"{options.first} = {f'[{value}]' if several else value}")
    if fields["match"].default != "all":
        lines.append(f"match = {_toml(match)}")
    return "\n".join(["[[sources]]", *lines, ""])


def _meant(options: type[Source], kind: str, place: str) -> str:
    """A path on the command line is meant from where the person stands; whether it is one, the source
    knows."""
    try:
        source = msgspec.convert({"type": kind, options.first: place}, options)
    except msgspec.ValidationError:
        return place  # it takes several, or none such; reading the file tells
    local = source.watched(Path())
    return str(Path(place).expanduser().resolve()) if local else place


def _absolute(folder: str, wish: Wish) -> str:
    """A folder named on the command line is meant from where the person stands."""
    try:
        return str(Path(folder).expanduser().resolve()) if wish.folders else folder
    except RuntimeError:
        return folder  # somebody whom this computer does not know; reading the file tells


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def template(name: str, language: Language) -> str:
    """A file to begin with, such as "collection", with its remarks in ``language`` and places in capitals."""
    return (
        resources.files("curate")
        .joinpath("locale", language, f"{name}.toml.txt")
        .read_text("utf-8")
    )


def schemas() -> dict[str, dict[str, Any]]:
    """JSON Schema of both configuration files, by file name; sources as installed collectors take them."""
    from curate.schema import collection_schema, settings_schema

    return {"curate.schema.json": settings_schema(), "collection.schema.json": collection_schema()}


def write_schemas(folder: Path, shapes: Mapping[str, Any] | None = None) -> list[Path]:
    """Write ``shapes`` (without them :func:`schemas`) into ``folder`` and name the files. Raises CurateError
    where it cannot be written."""
    paths = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, shape in (shapes or schemas()).items():
            text = json.dumps(shape, ensure_ascii=False, indent=2) + "\n"
            (folder / name).write_text(text, encoding="utf-8")
            paths.append(folder / name)
    except OSError as fault:
        raise unusable(fault, folder) from fault
    return paths

"""JSON Schema of curate.toml and collection.toml, for editors. Generated; the shipped files are checked by a test."""

from __future__ import annotations

import operator
from functools import reduce
from types import GenericAlias
from typing import Any

import msgspec

from curate import config, plugins
from curate.collection import Collection
from curate.workspace import Settings


def settings_schema() -> dict[str, Any]:
    """Of curate.toml, its targets as the installed ones take them."""
    options = [plugins.load("targets", name).options for name in plugins.names("targets")]
    tables = GenericAlias(dict, (str, reduce(operator.or_, options)))
    return config.schema(_with(Settings, "publish", tables), "curate.toml")


def collection_schema() -> dict[str, Any]:
    """Of collection.toml, its sources as the installed collectors take them."""
    options = [plugins.load("collectors", name).options for name in plugins.names("collectors")]
    sources = GenericAlias(tuple, (reduce(operator.or_, options), ...))
    return config.schema(_with(Collection, "sources", sources), "collection.toml")


def _with(shape: type[msgspec.Struct], name: str, kind: Any) -> type[msgspec.Struct]:
    """``shape`` with a field of another type."""
    fields: list[Any] = []
    for field in msgspec.structs.fields(shape):
        default = () if field.required else (field.default,)
        if field.default_factory is not msgspec.NODEFAULT:
            default = (msgspec.field(default_factory=field.default_factory),)
        fields.append((field.encode_name, kind if field.name == name else field.type, *default))
    told = {"__doc__": shape.__doc__}
    return msgspec.defstruct(
        shape.__name__, fields, namespace=told, forbid_unknown_fields=True, frozen=True
    )

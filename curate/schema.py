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
    """Of curate.toml."""
    return config.schema(Settings, "curate.toml")


def collection_schema() -> dict[str, Any]:
    """Of collection.toml, its sources as the installed collectors take them."""
    options = [plugins.load("collectors", name).options for name in plugins.names("collectors")]
    sources = GenericAlias(tuple, (reduce(operator.or_, options), ...))
    fields: list[Any] = []
    for field in msgspec.structs.fields(Collection):
        kind: Any = sources if field.name == "sources" else field.type
        fields.append((field.encode_name, kind, *(() if field.required else (field.default,))))
    shape = msgspec.defstruct("Collection", fields, forbid_unknown_fields=True, frozen=True)
    return config.schema(shape, "collection.toml")

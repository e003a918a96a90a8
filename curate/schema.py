"""JSON Schema of curate.toml and collection.toml, for editors. Generated; the shipped files are checked by a test."""

from __future__ import annotations

from typing import Any, Union

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
    fields: list[Any] = []
    for field in msgspec.structs.fields(Collection):
        kind: Any = tuple[Union[tuple(options)], ...] if field.name == "sources" else field.type  # type: ignore[valid-type]  # noqa: UP007
        fields.append(
            (field.encode_name, kind)
            if field.required
            else (field.encode_name, kind, field.default)
        )
    shape = msgspec.defstruct("Collection", fields, forbid_unknown_fields=True, frozen=True)
    return config.schema(shape, "collection.toml")

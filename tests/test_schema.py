"""The schemas that ship say what the code accepts."""

from __future__ import annotations

import json
import tomllib
from importlib import resources
from pathlib import Path

import jsonschema
import pytest

from curate.api import Workspace
from curate.pipeline.setup import Wish, schemas
from curate.shop import settings


@pytest.mark.parametrize(
    "name", ["curate.schema.json", "collection.schema.json", "shop.schema.json"]
)
def test_shipped_schemas_are_current(name: str) -> None:
    shipped = json.loads(resources.files("curate").joinpath("schemas", name).read_text("utf-8"))
    made = {**schemas(), settings.SCHEMA: settings.schema()}
    assert shipped == made[name], "renew it: curate schema --output curate/schemas"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_init_and_new_write_fits(language: str, tmp_path: Path) -> None:
    workspace = Workspace.init(tmp_path, language)  # type: ignore[arg-type]
    path = workspace.new(
        "x", Wish(sites=["https://example.org/"], folders=["."], keywords=["a"], license="CC0-1.0")
    )
    made = schemas()
    jsonschema.validate(
        tomllib.loads((tmp_path / "curate.toml").read_text("utf-8")), made["curate.schema.json"]
    )
    jsonschema.validate(tomllib.loads(path.read_text("utf-8")), made["collection.schema.json"])
    for file in (tmp_path / "curate.toml", path):
        directive = file.read_text("utf-8").splitlines()[0].removeprefix("#:schema ")
        assert (file.parent / directive).is_file(), "editors follow the first line"


def test_a_misspelt_key_is_refused() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"langage": "en"}, schemas()["curate.schema.json"])

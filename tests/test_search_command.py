"""curate search as people meet it: slips, counts, likeness, and an index that another version made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from curate.api import Workspace
from curate.cli import main
from curate.errors import CurateError, Exit
from tests.test_cli import make
from tests.test_indexes import ENGINES

FILES = {
    "backup.md": b"# Backups\n\nKeep three copies of every backup of the harbour photographs. Test the copies.\n",
    "copies.md": b"# Copies of backups\n\nWhere to keep three copies of a backup, and how to test the copies.\n",
    "same.md": b"# Backups\n\nKeep three copies of every backup of the harbour photographs.  Test the copies.\n",
    "weather.md": b"# Weather\n\nRain in the morning, sun later. The harbour is closed.\n",
    "备份.md": "# 备份方案\n\n重要资料备份三份，一份放在异地。软件和网络也要备份。\n".encode(),
    "備份.md": "# 備份與復原\n\n重要資料備份三份，軟體和網路也要備份，每年復原一次。\n".encode(),
}


@pytest.fixture(scope="module", params=ENGINES)
def library(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Not to be changed by a test."""
    return made(tmp_path_factory.mktemp(request.param), request.param)


def made(root: Path, engine: str) -> Path:
    workspace = Workspace.init(root)
    config = root / "curate.toml"
    config.write_text(f'language = "en"\n[search]\nengine = "{engine}"\n', "utf-8")
    workspace = Workspace.at(root)
    make(root, "guides", "en", FILES)
    workspace.collect()
    workspace.classify()
    return root


def curate(root: Path, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--workspace", str(root)])


def in_json(root: Path, *words: str) -> dict[str, Any]:
    done = curate(root, *words, "--json")
    assert done.exit_code == Exit.OK, done.output
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def titles(told: dict[str, Any]) -> set[str]:
    return {hit["title"] for hit in told["hits"]}


def test_a_slip_is_mended_and_said(library: Path) -> None:
    told = in_json(library, "search", "harbuor")
    assert (told["corrected"], titles(told)) == ("harbour", {"Backups", "Weather"})
    assert "«harbour»" in told["hits"][0]["snippet"]
    shown = curate(library, "search", "harbuor").stdout
    assert shown.startswith("showing results for: harbour\nfor harbuor itself: --exact\n")
    exact = in_json(library, "search", "harbuor", "--exact")
    assert (exact["total"], exact["suggestion"], "corrected" in exact) == (0, "harbour", False)
    assert "did you mean: harbour" in curate(library, "search", "harbuor", "--exact").stdout
    assert in_json(library, "search", "重要姿料")["corrected"] == "重要资料"
    assert "corrected" not in in_json(library, "search", "harbour")
    assert "corrected" not in in_json(library, "search", "harbour", "--type", "pdf")
    assert "nothing found for xylophone" in curate(library, "search", "xylophone").stdout


def test_matches_are_counted(library: Path) -> None:
    facets = in_json(library, "search", "备份 OR backup", "--facets", "--limit", "1")["facets"]
    assert list(facets) == ["collection", "category", "type", "language", "license"]
    assert facets["collection"] == {"counts": [{"value": "guides", "count": 5}], "more": 0}
    assert {"value": "zh", "count": 2} in facets["language"]["counts"]
    assert "collection: guides 5" in curate(library, "search", "备份 OR backup", "--facets").stdout
    assert "facets" not in in_json(library, "search", "backup")


def test_a_category_is_called_by_its_name_or_its_title(tmp_path: Path) -> None:
    root = made(tmp_path, "tantivy")
    config = root / "collections/guides/collection.toml"
    category = (
        '[[categories]]\nname = "copies"\ntitle = "备份 Copies"\nwords = ["copies", "备份"]\n'
    )
    config.write_text(f"{config.read_text('utf-8')}\n{category}", "utf-8")
    Workspace.at(root).classify()
    found = [
        titles(in_json(root, "search", "backups", "--category", name))
        for name in ("copies", "备份 Copies")
    ]
    assert found[0] == found[1] != set()
    slip = curate(root, "search", "backups", "--category", "copis")
    assert slip.exit_code == Exit.PROBLEMS
    assert "did you mean 'copies'?" in slip.stderr


def test_more_like_one(library: Path) -> None:
    for name in (
        "backup.md",
        in_json(library, "search", "title:backups rain OR photographs")["hits"][0]["id"][:12],
    ):
        told = in_json(library, "search", "--like", name)
        assert told["hits"][0]["title"] == "Copies of backups"
        assert "Backups" not in titles(told)  # itself, and the one that says the same
    assert in_json(library, "search", "--like", "backup.md", "--language", "zh")["total"] == 0
    nowhere = curate(library, "search", "--like", "nowhere.md")
    assert nowhere.exit_code == Exit.PROBLEMS
    assert curate(library, "search", "x", "--like", "backup.md").exit_code == Exit.USAGE
    assert curate(library, "search").exit_code == Exit.USAGE


def test_simplified_finds_traditional_and_back(library: Path) -> None:
    both = {"备份方案", "備份與復原"}
    assert titles(in_json(library, "search", "备份三份")) == both
    assert titles(in_json(library, "search", "備份三份")) == both
    told = in_json(library, "search", "软体")
    assert titles(told) == {"備份與復原"}
    assert "«軟體»" in told["hits"][0]["snippet"]


@pytest.mark.parametrize("engine", ENGINES)
def test_an_index_of_another_version_is_made_anew(engine: str, tmp_path: Path) -> None:
    root = made(tmp_path, engine)
    workspace = Workspace.at(root)

    def age() -> None:
        marker = workspace.index / engine / "curate-index.json"
        marker.write_text(json.dumps({**json.loads(marker.read_bytes()), "tokens": "1:old"}))
        with pytest.raises(CurateError, match="another version") as fault:
            workspace.search("harbour")
        assert fault.value.hint == "curate index --rebuild"

    age()
    workspace.classify()
    assert workspace.search("harbour").total == 3
    age()
    done = curate(root, "index")
    assert "it was made anew\n6 documents indexed" in done.stdout
    assert workspace.search("harbour").total == 3
    assert curate(root, "index").stdout == "0 documents indexed\n"
    for file in (workspace.index / engine).iterdir():
        if file.name != "curate-index.json" and "lock" not in file.name.lower():
            file.unlink()  # this process may hold the old one mapped: shortened, it would be its end
            file.write_bytes(b"damaged")
    assert "made anew" in curate(root, "index").stdout
    assert "indexed" in curate(root, "index", "--rebuild").stdout
    assert workspace.search("harbour").total == 3

"""docs/publishing.md shows what happens."""

from __future__ import annotations

from pathlib import Path

from curate.api import Workspace
from curate.targets import places
from tests.test_docs import ROOT, blocks, run, shell

__all__ = ["shell"]  # the fixture

PAGE = ROOT / "docs" / "publishing.md"


def test_its_commands_run(tmp_path: Path, shell: dict[str, str]) -> None:
    run(PAGE, tmp_path, shell)


def test_its_targets_are_valid(tmp_path: Path) -> None:
    workspace = Workspace.init(tmp_path)
    (table,) = blocks(PAGE, "toml")
    (workspace.root / "curate.toml").write_text(table.text, encoding="utf-8")
    assert sorted(places(workspace)) == ["bucket", "disk", "nutstore"]

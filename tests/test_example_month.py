"""The month of docs/books.md: what is computed there by hand is what the commands say."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from curate.api import Workspace
from curate.cli import main
from curate.shop import settings
from tests.test_docs import blocks, section, steps


@pytest.fixture
def home(tmp_path: Path) -> Path:
    place = tmp_path / "w"
    Workspace.init(place)
    for block in blocks(section("books.md", "A month by hand", tmp_path), "toml", "csv"):
        (place / block.name).write_text(block.text, encoding="utf-8")
    return place


def curate(words: list[str], home: Path, patch: pytest.MonkeyPatch) -> Result:
    patch.chdir(home)
    return CliRunner().invoke(main, words, prog_name="curate")


def lived(home: Path, page: Path, patch: pytest.MonkeyPatch) -> list[str]:
    """Every command of ``page``; what is shown below one has to be printed by it."""
    printed = []
    for step in steps(page):
        name, *words = shlex.split(step.command)
        assert name == "curate"
        done = curate(words, home, patch)
        assert done.exit_code == 0, done.output
        for line in step.shown:
            pattern = ".*".join(re.escape(part) for part in line.split("…"))
            told = f"{line!r} below `{step.command}`, which prints:\n{done.output}"
            assert re.search(rf"^\s*{pattern}\s*$", done.output, re.MULTILINE), told
        printed.append(done.output)
    return printed


def test_the_commands_say_what_was_computed_by_hand(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = section("books.md", "A month by hand", tmp_path)
    printed = lived(home, page, monkeypatch)
    tables = page.read_text("utf-8")
    for amount in ("315.00", "201.63", "113.37", "95.22", "58.38", "54.99", "41.33", "53.89"):
        assert f"**{amount}**" in tables and any(amount in output for output in printed)

    def told(by: str) -> dict[str, Any]:
        done = curate(
            ["report", "direct", "--period", "2025-03", "--by", by, "--json"], home, monkeypatch
        )
        (report,) = json.loads(done.stdout)["reports"]
        return {table["key"]: table for table in report["tables"]}

    exact = told("channel")
    (limits,) = exact["limits"]["totals"]
    assert limits["user_cost"]["fraction"] == "5001/1000"
    assert limits["most"]["fraction"] == "5937/200"  # 29.685
    assert limits["deduction"]["fraction"] == "121/2100" and limits["even"] == 7
    for by in ("campaign", "bundle", "cohort", "affiliate"):
        (other,), (same,) = told(by)["full"]["totals"], exact["full"]["totals"]
        assert other.pop(by) == "all" and other.items() <= same.items()


def test_the_example_of_factors_is_read(tmp_path: Path) -> None:
    home = tmp_path / "w"
    Workspace.init(home)
    (block,) = blocks(section("books.md", "Own sales", tmp_path), "toml")
    (home / settings.FILE).write_text(block.text, encoding="utf-8")
    factor = settings.read(Workspace(home)).factors["rating"]
    assert (factor.of, factor.value, factor.date) == ("reputation", "4.8 of 5", "2026-03-31")

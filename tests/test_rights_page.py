"""docs/rights.md shows what happens: its commands run, its grant is read, its program decides again."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from curate import config
from curate.grant import Grant
from tests.test_docs import ROOT, blocks, run, shell

__all__ = ["shell"]  # the fixture

PAGE = ROOT / "docs" / "rights.md"


@pytest.mark.slow
def test_its_commands_its_files_and_its_program(tmp_path: Path, shell: dict[str, str]) -> None:
    (pack,) = (one for one in blocks(PAGE, "toml") if not one.name)
    (photos,) = (one for one in blocks(PAGE, "toml") if one.name == "grants/photos.toml")
    (tmp_path / "pack.toml").write_text(pack.text, encoding="utf-8")
    (tmp_path / "photos.toml").write_text(photos.text, encoding="utf-8")
    run(PAGE, tmp_path, shell)

    (archive,) = (tmp_path / "shop" / "build" / "pack" / "1.0.0").glob("*.zip")
    with zipfile.ZipFile(archive) as bundle:
        bundle.extractall(tmp_path / "bought")
        (top,) = {name.split("/")[0] for name in bundle.namelist()}
    (program,) = blocks(PAGE, "python")
    done = subprocess.run(
        [sys.executable, "-c", program.text], cwd=tmp_path / "bought" / top,
        capture_output=True, encoding="utf-8",
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "4 files decided again\n"), done.stderr
    table = (
        PAGE.read_text("utf-8")
        .partition("## What a bundle carries")[2]
        .partition("\n\nYour own")[0]
    )
    carried = re.findall(r"`([A-Za-z\-./]+)`", table)
    assert len(carried) == 7
    assert all((tmp_path / "bought" / top / name).exists() for name in carried)


def test_its_grant_is_valid() -> None:
    (photos,) = (one for one in blocks(PAGE, "toml") if one.name)
    grant = config.parse(tomllib.loads(photos.text), Grant, photos.name)
    assert grant.uses == ("give_away", "bundle")

"""Killed at any moment, finished by the next run: the end is that of a run nobody disturbed."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from curate.catalog import Catalog
from curate.workspace import Workspace

SAMPLE = Path(__file__).parents[1] / "collections" / "sample"
STAGES = ("collect", "classify", "package")
FINE = (0, 3)  # 3: finished, some inputs failed (the sample holds a damaged file)
ROUNDS = 20


def curate(stage: str, root: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "curate", stage, "sample", "--workspace", str(root)]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )


def finish(stage: str, root: Path) -> float:
    start = time.monotonic()
    process = curate(stage, root)
    _, errors = process.communicate(timeout=300)
    assert process.returncode in FINE, errors.decode()
    return time.monotonic() - start


def state(root: Path) -> dict[str, Any]:
    """All that a run leaves and a person could see."""
    workspace = Workspace.at(root)
    with Catalog(workspace.catalog) as catalog:
        members = [
            (
                one.sha256,
                one.title,
                one.source,
                one.label,
                one.decision,
                catalog.facts(one.sha256),
                catalog.text(one.sha256),
            )
            for one in catalog.members("sample")
        ]
        duplicates = sorted((one.a, one.b, one.kind, one.score) for one in catalog.duplicates())
        left = [(one.locator, one.reason) for one in catalog.with_state("sample", "rejected")]
    release = next(path for path in sorted((root / "build" / "sample").iterdir()) if path.is_dir())
    files = {
        str(path.relative_to(release)): path.read_bytes()
        for path in sorted(release.rglob("*"))
        if path.is_file()
    }
    objects = sorted(path.parent.name + path.name for path in workspace.objects.glob("??/*"))
    return {
        "members": members,
        "duplicates": duplicates,
        "left": left,
        "files": files,
        "objects": objects,
    }


@pytest.fixture(scope="module")
def undisturbed(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[dict[str, Path], dict[str, float], dict[str, Any]]:
    """A copy of the workspace before each stage, how long each took, and the end state."""
    folder = tmp_path_factory.mktemp("undisturbed")
    root = folder / "w"
    shutil.copytree(SAMPLE, root / "collections" / "sample")
    (root / "curate.toml").write_text("[compute]\nworkers = 2\n", encoding="utf-8")
    before, seconds = {}, {}
    for stage in STAGES:
        before[stage] = folder / f"before-{stage}"
        shutil.copytree(root, before[stage])
        seconds[stage] = finish(stage, root)
    return before, seconds, state(root)


@pytest.mark.slow
@pytest.mark.parametrize("round", range(ROUNDS))
def test_the_next_run_finishes(
    round: int,
    undisturbed: tuple[dict[str, Path], dict[str, float], dict[str, Any]],
    tmp_path: Path,
) -> None:
    before, seconds, expected = undisturbed
    stage = STAGES[round % len(STAGES)]
    root = tmp_path / "w"
    shutil.copytree(before[stage], root)
    moment = random.Random(round).uniform(0.05, seconds[stage])
    process = curate(stage, root)
    time.sleep(moment)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    for again in STAGES[STAGES.index(stage) :]:
        finish(again, root)
    found = state(root)
    for part in expected:
        assert found[part] == expected[part], (
            f"{stage} killed after {moment:.2f} s left other {part}"
        )
    archive = next(name for name in found["files"] if name.endswith(".zip"))
    assert json.loads(found["files"]["release.json"]), archive
    with_parts = [
        path for path in (root / "build" / "sample").iterdir() if not path.name[0].isdigit()
    ]
    assert with_parts == [], "a half-written release was left behind"

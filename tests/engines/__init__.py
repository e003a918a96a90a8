"""Importers of other people, installed once into a folder outside of the project.

CURATE_ENGINES names that folder; without it ~/.cache/curate-tests. Where one cannot be installed (no node, no
registry) the test skips and says why; with CURATE_ENGINES_NEEDED set it fails instead.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import pytest

HERE = Path(__file__).parent
CACHE = Path(os.environ.get("CURATE_ENGINES") or Path.home() / ".cache" / "curate-tests")
_PATIENCE = 600  # seconds for an installation or a run
_NPM = [
    "install",
    "--ignore-scripts",
    "--legacy-peer-deps",
    "--no-audit",
    "--no-fund",
    "--fetch-retries=1",
]


def absent(why: str) -> NoReturn:
    if os.environ.get("CURATE_ENGINES_NEEDED"):
        pytest.fail(why)
    pytest.skip(why)


def _installed(name: str, *wanted: str, command: list[list[str]]) -> Path:
    """The folder of an engine: made beside and renamed, so that it is whole where it is there."""
    digest = hashlib.sha256(b"".join((HERE / name / each).read_bytes() for each in wanted))
    folder = CACHE / f"{name}-{digest.hexdigest()[:12]}"
    if folder.is_dir():
        return folder
    part = CACHE / f".{name}-{os.getpid()}"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for each in wanted:
        shutil.copyfile(HERE / name / each, part / each)
    try:
        for step in command:
            done = subprocess.run(step, cwd=part, capture_output=True, text=True, timeout=_PATIENCE)
            if done.returncode:
                absent(f"{name} cannot be installed: {(done.stderr or done.stdout)[-400:]}")
        with suppress(OSError):  # somebody else was quicker
            part.rename(folder)
    except subprocess.TimeoutExpired:
        absent(f"{name} cannot be installed within {_PATIENCE} seconds")
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def node(name: str, *arguments: str) -> str:
    """What ``run.js`` of the engine prints."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is None or npm is None:
        absent(f"{name} needs node and npm, which are not on PATH")
    folder = _installed(name, "package.json", command=[[npm, *_NPM]])
    environment = {**os.environ, "NODE_PATH": str(folder / "node_modules")}
    return _run([program, str(HERE / name / "run.js"), *arguments], environment)


def python(name: str, *arguments: str) -> str:
    """What ``run.py`` of the engine prints, in an environment of its own."""
    # Not moved after it was made: an environment knows its own path. The packages alone are.
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--target",
        "site",
        "-r",
        "requirements.txt",
    ]
    folder = _installed(name, "requirements.txt", command=[install])
    environment = {**os.environ, "PYTHONPATH": str(folder / "site"), "PYTHONNOUSERSITE": "1"}
    return _run([sys.executable, str(HERE / name / "run.py"), *arguments], environment)


def _run(command: list[str], environment: dict[str, str]) -> str:
    with tempfile.TemporaryDirectory() as here:  # some write where they are started
        done = subprocess.run(
            command, cwd=here, env=environment, capture_output=True, encoding="utf-8", timeout=_PATIENCE
        )  # fmt: skip
    assert done.returncode == 0, f"{done.stderr[-3000:]}{done.stdout[-1000:]}"
    return done.stdout


def medusa(*files: Path) -> list[dict[str, Any]]:
    """For each file ``created`` products as its API takes them, or ``error``."""
    return [json.loads(line) for line in node("medusa", *map(str, files)).splitlines()]


def vendure(folder: Path, state: Path, language: str = "en") -> dict[str, Any]:
    """``report`` of the import and ``products`` by language."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    node("vendure", str(folder), str(state), language, str(port))
    answer: dict[str, Any] = json.loads((state / "answer.json").read_text("utf-8"))
    return answer


def oscar(file: Path) -> list[dict[str, Any]]:
    """Every product that is stored."""
    stored: list[dict[str, Any]] = json.loads(python("oscar", str(file)))
    return stored

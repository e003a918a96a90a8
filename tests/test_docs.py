"""What the documents show is true: every example in them runs here."""

from __future__ import annotations

import json
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from curate import config
from curate.api import Workspace
from curate.collection import load
from curate.workspace import Settings

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    path
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("*/README.md"))
    if not path.is_relative_to(ROOT / "benchmarks")
)
_FENCE = re.compile(r"^```(\w*)(?: ([^\n]*))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced example. ``name`` is what stands after the language: the file it would be."""

    language: str
    name: str
    text: str


def blocks(page: Path, *languages: str) -> list[Block]:
    found = (Block(*match.groups("")) for match in _FENCE.finditer(page.read_text("utf-8")))
    return [block for block in found if not languages or block.language in languages]


@dataclass(frozen=True, slots=True)
class Step:
    command: str
    shown: tuple[str, ...]


def steps(page: Path) -> Iterator[Step]:
    """Commands of the console blocks with the lines that are shown below them."""
    for block in blocks(page, "console"):
        for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            first, *rest = part.splitlines()
            more = [line[1:].removeprefix(" ") for line in rest if line.startswith(">")]
            shown = [line.strip() for line in rest if not line.startswith(">")]
            yield Step("\n".join([first, *more]), tuple(shown))


def section(page: str, heading: str, at: Path) -> Path:
    """A part of docs/PAGE, with the ``## heading`` it begins with taken off, as a page of its own in ``at``."""
    _, found, rest = (ROOT / "docs" / page).read_text("utf-8").partition(f"\n## {heading}\n")
    assert found, heading
    made = at / "section.md"
    made.write_text(rest.partition("\n## ")[0], encoding="utf-8")
    return made


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    """An environment in which ``curate`` is the one that is tested."""
    place = tmp_path / "bin"
    place.mkdir()
    curate = place / "curate"
    curate.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m curate "$@"\n')
    curate.chmod(0o755)
    path = os.pathsep.join([str(place), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "PYTHONIOENCODING": "utf-8"}


def run(page: Path, home: Path, shell: dict[str, str]) -> None:
    """Every command of ``page`` in one shell, as a reader would; what is shown must be printed."""
    shutil.copytree(ROOT / "collections" / "sample", home / "collections" / "sample")
    told = list(steps(page))
    mark = "----- next step"
    script = "\n".join(f"echo '{mark}'\n{{ {step.command}\n}} 2>&1" for step in told)
    done = subprocess.run(
        ["bash", "-c", script], cwd=home, env=shell, capture_output=True, encoding="utf-8"
    )
    assert not done.stderr
    printed = done.stdout.split(f"{mark}\n")[1:]
    for step, output in zip(told, printed, strict=True):
        for line in step.shown:
            pattern = ".*".join(re.escape(part) for part in line.split("…"))
            assert re.search(f"^\\s*{pattern}$", output, re.MULTILINE), (
                f"{page.name} shows {line!r} below `{step.command}`, which prints:\n{output}"
            )


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_the_walk_through_and_the_python_example(
    name: str, tmp_path: Path, shell: dict[str, str]
) -> None:
    run(ROOT / name, tmp_path, shell)
    programs = blocks(ROOT / name, "python")
    assert programs
    for program in programs:
        done = subprocess.run(
            [sys.executable, "-c", program.text],
            cwd=tmp_path / "shop",
            env=shell,
            capture_output=True,
            encoding="utf-8",
        )
        assert done.returncode == 0, done.stderr
        assert "whole" in done.stdout


def install(page: Path, folder: Path) -> None:
    """The plug-ins of ``page`` as pip would leave them: modules, and their entry points beside them."""
    folder.mkdir()
    for program in blocks(page, "python"):
        (folder / program.name).write_text(program.text, encoding="utf-8")
    points: dict[str, dict[str, str]] = {}
    for block in blocks(page, "toml"):
        if block.name == "pyproject.toml":
            points.update(tomllib.loads(block.text)["project"]["entry-points"])
    known = folder / "examples-1.0.dist-info"
    known.mkdir()
    (known / "METADATA").write_text("Metadata-Version: 2.1\nName: examples\nVersion: 1.0\n")
    lines = [
        line
        for group, entries in points.items()
        for line in (f"[{group}]", *(f"{name} = {value}" for name, value in entries.items()))
    ]
    (known / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_the_plug_ins_of_contributing_work(tmp_path: Path, shell: dict[str, str]) -> None:
    page = ROOT / "CONTRIBUTING.md"
    install(page, tmp_path / "plugins")
    shell["PYTHONPATH"] = str(tmp_path / "plugins")
    workspace = Workspace.init(tmp_path / "shop")
    parts = {
        name: "\n".join(block.text for block in blocks(page, "toml") if block.name == name)
        for name in ("collection.toml", "curate.toml")
    }
    (workspace.root / "curate.toml").write_text(parts["curate.toml"], encoding="utf-8")
    home = workspace.collection_file("list").parent
    home.mkdir()
    (home / "collection.toml").write_text(
        'title = "From a table"\n' + parts["collection.toml"], encoding="utf-8"
    )
    (home / "guide.md").write_text("Three copies, one elsewhere.\n", encoding="utf-8")
    (home / "secret.md").write_text("Nobody said that this may be sold.\n", encoding="utf-8")
    (home / "list.csv").write_text(
        "path,title,author,license\nguide.md,Backups,Bo Chen,CC-BY-4.0\nsecret.md,Mine,,\ngone.md,,,\n",
        encoding="utf-8",
    )

    def curate(*arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "curate", *arguments],
            cwd=workspace.root,
            env=shell,
            capture_output=True,
            encoding="utf-8",
        )
        assert done.returncode == code, done.stderr + done.stdout
        return done.stdout + done.stderr

    assert "gone.md: the table names it" in curate("collect", "list", code=3)
    curate("classify", "list")
    assert "1 item in" in curate("package", "list")
    release = workspace.build / "list" / "1.0.0"
    assert json.loads((release / "listing" / "shop.json").read_text("utf-8"))["sku"] == "list-1.0.0"
    assert (release / "listing" / "sheet.md").exists()
    assert "CC-BY-4.0" in curate("search", "backups")
    assert "nothing found" in curate("search", "restoration")
    missed = workspace.index / "noted" / "missed.txt"
    assert set(missed.read_text("utf-8").split()) == {"restoration"}
    assert "csvlist" in curate("schema")


def _in(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=_in)
def test_toml_examples_are_valid(page: Path, tmp_path: Path) -> None:
    workspace = Workspace.init(tmp_path / "w")
    for number, block in enumerate(blocks(page, "toml")):
        table = tomllib.loads(block.text)
        if block.name:
            continue  # a part of a file, which the test of its page puts together
        if "sources" in table:
            path = workspace.collection_file(f"example-{number}")
            path.parent.mkdir()
            path.write_text(block.text, encoding="utf-8")
            load(workspace, f"example-{number}")
        else:
            config.parse(table, Settings, _in(page))


@pytest.mark.parametrize("page", PAGES, ids=_in)
def test_links_lead_somewhere(page: Path) -> None:
    for target in _LINK.findall(_FENCE.sub("", page.read_text("utf-8"))):
        if not re.match(r"\w+:|#", target):
            assert (page.parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=_in)
def test_examples_are_of_a_kind_that_is_tested(page: Path) -> None:
    """``sh`` is what needs the network or make, ``text`` is no example."""
    known = {"console", "python", "toml", "json", "csv", "sh", "text", ""}
    assert {block.language for block in blocks(page)} <= known


def test_make_targets_that_are_named_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for page in PAGES:
        for block in blocks(page, "sh", "console"):
            named = re.findall(r"^(?:\$ )?make ([a-z]+)", block.text, re.MULTILINE)
            assert set(named) <= targets, page


@pytest.mark.parametrize("name", ["configuration.md", "commands.md"])
def test_generated_pages_are_current(name: str) -> None:
    pages = runpy.run_path(str(ROOT / "docs" / "generate.py"))["pages"]()
    assert (ROOT / "docs" / name).read_text("utf-8") == pages[name], "run: make docs"

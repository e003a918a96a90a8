"""The command line as people and scripts meet it: exit codes, JSON, errors, pipes, two languages."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from curate.api import Workspace
from curate.cli import main
from curate.cli.progress import progress
from curate.errors import Exit
from curate.messages import speaker

CONFIG = """title = "{title}"
language = "{language}"
[rights]
own = "Ann Lee"
[[sources]]
type = "folder"
path = "material"
match = "all"
[[categories]]
name = "safety"
words = ["backup", "备份"]
"""
HIT = ["id", "title", "collection", "category", "type", "language", "license", "source", "score", "snippet"]  # fmt: skip


def make(root: Path, name: str, language: str, files: dict[str, bytes]) -> Path:
    material = root / "collections" / name / "material"
    material.mkdir(parents=True)
    config = CONFIG.format(title=name, language=language)
    (material.parent / "collection.toml").write_text(config, encoding="utf-8")
    for file, content in files.items():
        (material / file).write_bytes(content)
    return material


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two collections, gone through all stages; not to be changed by a test."""
    workspace = Workspace.init(tmp_path_factory.mktemp("library"))
    make(workspace.root, "guides", "en", {
        "backup.md": b"# Backups\n\nKeep three copies of every backup.\n",
        "备份.md": "# 备份方案\n\n重要资料备份三份，一份放在异地。\n".encode(),
    })  # fmt: skip
    make(
        workspace.root, "坏了", "zh", {"broken.docx": b"PK\x03\x04 not a zip", "ok.md": b"# Fine\n"}
    )
    workspace.collect()
    workspace.classify()
    workspace.package("guides")
    return workspace.root


@pytest.fixture(autouse=True)
def no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")


def curate(*arguments: str | Path, at: Path | None = None) -> Result:
    place = ["--workspace", str(at)] if at else []
    return CliRunner().invoke(main, [*map(str, arguments), *place], prog_name="curate")


def in_json(*arguments: str | Path, at: Path | None = None) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(curate(*arguments, "--json", at=at).stdout)
    assert told["version"] == 1
    return told


def test_exit_codes(library: Path, tmp_path: Path) -> None:
    assert [code.value for code in Exit] == [0, 1, 2, 3]
    assert curate("search", "backup", at=library).exit_code == Exit.OK
    assert curate("search", "nothing-like-it", at=library).exit_code == Exit.OK
    assert curate("collect", "nowhere", at=library).exit_code == Exit.PROBLEMS
    assert curate("collect", at=tmp_path).exit_code == Exit.PROBLEMS
    assert curate("search", at=library).exit_code == Exit.USAGE
    assert curate("search", "x", "--limit", "0", at=library).exit_code == Exit.USAGE
    assert curate("verify").exit_code == Exit.USAGE


def test_a_failing_input_ends_with_code_three_and_its_name(tmp_path: Path) -> None:
    root = Workspace.init(tmp_path / "w").root
    make(root, "mixed", "en", {"broken.docx": b"PK\x03\x04 not a zip", "fine.md": b"# Fine\n"})
    assert curate("collect", at=root).exit_code == Exit.OK
    done = curate("classify", at=root)
    assert done.exit_code == Exit.PARTIAL
    assert "broken.docx: " in done.stderr
    assert "broken.docx" in curate("status", "--failed", at=root).stdout
    assert "1 item in" in curate("package", "mixed", at=root).stdout


def test_a_damaged_bundle_ends_with_code_one(library: Path, tmp_path: Path) -> None:
    release = library / "build" / "guides" / "1.0.0"
    assert real("curate verify build/guides/1.0.0", library).returncode == Exit.OK
    (archive,) = release.glob("*.zip")
    damaged = tmp_path / archive.name
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 0xFF
    damaged.write_bytes(content)
    done = real(f"curate verify {shlex.quote(str(damaged))}", tmp_path)
    assert done.returncode == Exit.PROBLEMS
    assert done.stderr.startswith("error: ")
    told = json.loads(real(f"curate verify --json {shlex.quote(str(damaged))}", tmp_path).stdout)
    assert (told["version"], told["ok"]) == (1, False)
    assert set(told["problems"][0]) == {"where", "what", "hint", "severity"}


def test_a_program_may_verify_more_than_once(library: Path) -> None:
    release = library / "build" / "guides" / "1.0.0"
    assert [Workspace.verify(release) for _ in range(2)] == [[], []]


def test_search_in_json(library: Path) -> None:
    told = in_json("search", "备份", at=library)
    assert list(told) == ["version", "total", "hits"]
    (hit,) = told["hits"]
    assert told["total"] == 1
    assert list(hit) == HIT
    assert hit["title"] == "备份方案"
    assert hit["source"] == "备份.md"
    assert "«备份»" in hit["snippet"]
    assert isinstance(hit["score"], float)
    nothing = in_json("search", "bakcup", "--exact", at=library)
    assert (nothing["total"], nothing["hits"]) == (0, [])
    assert nothing["suggestion"] == "backup"


@pytest.mark.parametrize(
    ("command", "keys"),
    [
        (["status"], ["version", "workspace", "problems", "collections"]),
        (["status", "--failed"], ["version", "failed"]),
        (["status", "--rejected"], ["version", "rejected"]),
        (["why", "backup.md"], ["version", "resources"]),
        (["verify", "--library"], ["version", "path", "ok", "problems"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_other_answers_in_json(command: list[str], keys: list[str], library: Path) -> None:
    assert list(in_json(*command, at=library)) == keys


def test_schemas_are_json(tmp_path: Path) -> None:
    told = json.loads(curate("schema").stdout)
    assert list(told) == [
        "version",
        "curate.schema.json",
        "collection.schema.json",
        "shop.schema.json",
    ]
    assert curate("schema", "--output", tmp_path / "s").exit_code == Exit.OK
    assert sorted(path.name for path in (tmp_path / "s").iterdir()) == sorted(told)[:-1]


def test_an_unknown_command_is_guessed() -> None:
    done = curate("serach", "x")
    assert done.exit_code == Exit.USAGE
    assert "Did you mean 'search'?" in done.stderr


@pytest.mark.parametrize(
    ("command", "message", "hint"),
    [
        (["collect", "nowhere"], "nowhere", "curate new"),
        (["search", "title:"], "'title:'", "write what to look for"),
        (["why", "no-such-thing"], "no-such-thing", ""),
        (["package", "guides", "--version", "one"], "one", "1.2.0"),
        (["new", "../up"], "../up", "letters"),
        (["new", "guides"], "exists already", "another name"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_errors_say_what_and_what_to_do(
    command: list[str], message: str, hint: str, library: Path
) -> None:
    done = curate(*command, at=library)
    assert done.exit_code == Exit.PROBLEMS
    assert done.stdout == ""
    first, second = done.stderr.split("Hint: ")
    assert first.startswith("Error: ")
    assert message in first
    assert hint in second
    assert "Traceback" not in done.stderr


def test_all_mistakes_of_a_collection_at_once(tmp_path: Path) -> None:
    root = Workspace.init(tmp_path / "w").root
    material = make(root, "wrong", "en", {})
    config = material.parent / "collection.toml"
    config.write_text(
        config.read_text("utf-8").replace('language = "en"', 'language = "fr"\ntittle = "x"'),
        encoding="utf-8",
    )
    done = curate("collect", "wrong", at=root)
    assert done.exit_code == Exit.PROBLEMS
    assert "2 problems" in done.stderr
    assert "collection.toml:2: language" in done.stderr
    assert "did you mean 'title'?" in done.stderr


def real(command: str, at: Path) -> subprocess.CompletedProcess[str]:
    """``command`` in a shell, with the real program."""
    program = f"{shlex.quote(sys.executable)} -m curate"
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command.replace("curate", program, 1)],
        cwd=at,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        capture_output=True,
        encoding="utf-8",
    )


def test_a_reader_that_has_seen_enough(library: Path) -> None:
    done = real("curate search '*' --limit 100 | head -n 1", library)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1


def test_a_closed_pipe_is_no_crash(library: Path) -> None:
    done = real("curate search '*' --json | true", library)
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_a_chinese_collection_is_spoken_of_in_chinese(library: Path) -> None:
    done = curate("collect", "坏了", at=library)
    assert "采集 坏了" in done.stdout
    assert "下一步：curate classify 坏了" in done.stdout
    assert "collect guides\n" in curate("collect", "guides", at=library).stdout
    assert "已建立工作区" in curate("init", library / "new", "--language", "zh").stdout


def test_progress_in_a_pipe_is_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One after a second, then one every ten; nothing for what is quick."""
    now = 0.0
    monkeypatch.setattr("curate.cli.progress.time.monotonic", lambda: now)
    with progress(speaker("zh")) as listener:
        listener.stage("reading", 40)
        for _ in range(40):
            listener.step()
            now += 0.5
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines() == ["读取: 3/40", "读取: 23/40"]


def test_controls_in_a_title_do_not_reach_the_terminal(tmp_path: Path) -> None:
    root = Workspace.init(tmp_path / "w").root
    make(root, "odd", "en", {"a.md": b"# Red \x1b[31m alert\n\nbackup \x1b]0;title\x07 text\n"})
    curate("collect", at=root)
    curate("classify", at=root)
    assert "\x1b" not in curate("search", "backup", at=root).output
    assert "\x1b" not in curate("why", "a.md", at=root).output

"""The buyer's folder: where nothing may be written nothing is begun, and what was kept is known as the buyer's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from curate.bundle import verify
from curate.bundle.integrity import Terms
from curate.bundle.integrity import verify as judged
from curate.bundle.updates import applying, standing
from curate.cli import main
from curate.errors import CurateError
from curate.workspace import alone
from tests.test_update import NEW, OLD, Pair, files, made

BOUND = ("setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner")
"""Even who may do everything is then held to the modes of files."""


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return made(tmp_path_factory.mktemp("pair"), OLD, NEW)


def held_to_modes(folder: Path) -> tuple[str, ...]:
    """What a command begins with, so that modes count; skips where there is no such thing."""
    if os.name == "nt":
        pytest.skip("Windows has no modes of folders")
    if os.geteuid() != 0:
        return ()
    locked = folder / "locked"
    locked.mkdir(0o555)
    if not shutil.which(BOUND[0]):
        pytest.skip("root is not held to modes, and there is no setpriv to give that up")
    tried = subprocess.run([*BOUND, "mkdir", locked / "x"], capture_output=True, check=False)
    if not (tried.returncode and b"denied" in tried.stderr):
        pytest.skip("root is not held to modes here")
    return BOUND


@pytest.mark.parametrize("closed", ["", "data", "data/01-Guides"])
def test_where_nothing_may_be_written_nothing_is_begun(
    closed: str, pair: Pair, tmp_path: Path
) -> None:
    prefix = held_to_modes(tmp_path)
    folder = pair.copied(tmp_path)
    before = files(folder)
    (folder / closed).chmod(0o555)
    command = [*prefix, sys.executable, "-m", "curate", "update", str(folder), str(pair.pack)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    (folder / closed).chmod(0o755)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "nothing was changed" in done.stderr and f"  {folder / closed}" in done.stderr
    assert "Hint: make them writable" in done.stderr
    assert files(folder) == before
    applying.update(folder, pair.pack)
    assert files(folder.with_name(pair.new.name)) == files(pair.new)


def test_all_folders_that_are_closed_are_named(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = pair.copied(tmp_path)
    for name in ("a", "a/b", "c"):
        (folder / name).mkdir()
    closed = {folder / "a" / "b", folder / "c"}
    monkeypatch.setattr(os, "access", lambda path, mode: path not in closed)
    standing.refuse_unwritable(folder, ["a/x", "new/folder/x", "x"])
    with pytest.raises(CurateError) as caught:
        standing.refuse_unwritable(folder, ["a/b/new/x", "c/x"])
    told = caught.value.message
    assert all(f"\n  {one}" in told for one in closed) and told.count("\n") == 2


def test_what_the_system_refuses_on_the_way_is_said_and_can_be_finished(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Modes do not tell everything: a file may be locked by another program."""
    folder = pair.copied(tmp_path)
    real = Path.replace

    def replace(self: Path, target: Path) -> Path:
        if str(target).endswith("neu.bin"):
            raise PermissionError(13, "Permission denied", str(target))
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    done = CliRunner().invoke(main, ["update", str(folder), str(pair.pack)])
    assert done.exit_code == 1
    assert "neu.bin cannot be used: Permission denied" in done.output
    assert "then the same command finishes" in done.output
    monkeypatch.undo()
    assert files(applying.update(folder, pair.pack).folder) == files(pair.new)


def test_another_run_is_not_disturbed(pair: Pair, tmp_path: Path) -> None:
    folder = pair.copied(tmp_path)
    work = folder / standing.WORK
    work.mkdir()
    (work / "new").mkdir()
    with alone(work / "lock", "busy"):
        with pytest.raises(CurateError, match="another command is updating"):
            applying.update(folder, pair.pack)
        assert (work / "new").is_dir()
        with pytest.raises(CurateError, match="busy"), alone(work / "lock", "busy"):
            pass
    (tmp_path / "file").touch()
    with pytest.raises(CurateError, match="cannot be used"), alone(tmp_path / "file" / "x", "busy"):
        pass


def test_what_was_kept_of_the_buyers_is_no_fault_of_the_bundle(pair: Pair, tmp_path: Path) -> None:
    folder = pair.copied(tmp_path)
    kept = {
        "data/01-Guides/第0课.bin",  # removed by the update
        "data/01-Guides/第10课.bin",  # replaced
        "CONTENTS.md",
    }
    for path in kept:
        (folder / path).write_text("with my notes", encoding="utf-8")
    (folder / "data" / "01-Guides" / "第10课.bin.mine").write_text("from last time")
    done = applying.update(folder, pair.pack, force=True)
    own = {f"{path}.mine" for path in kept} | {"data/01-Guides/第10课.bin.mine2"}
    assert {there for _, there in done.kept} < own
    problems = verify(done.folder)
    assert [str(one) for one in problems if one.severity == "error"] == []
    told = {one.where for one in problems if "is your own copy" in one.what}
    assert told == own
    shown = CliRunner().invoke(main, ["verify", str(done.folder)])
    assert shown.exit_code == 0 and "CONTENTS.md.mine: is your own copy" in shown.output
    strict = judged(done.folder, Terms(strict=True))
    assert own <= {one.where for one in strict}
    assert any(one.severity == "error" for one in strict)


def test_whatever_else_was_added_is_named_as_before(pair: Pair, tmp_path: Path) -> None:
    folder = pair.copied(tmp_path)
    for name in (".mine", "x.mine.exe", "x.mine1", "x.mine02", "x.mines"):
        (folder / "data" / name).write_text("x")
    wrong = {one.where for one in verify(folder) if one.severity == "error"}
    assert {f"data/{name}" for name in (".mine", "x.mine.exe", "x.mine1", "x.mine02", "x.mines")} < wrong  # fmt: skip
    shutil.rmtree(folder)

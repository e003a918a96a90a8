"""curate dedupe scan: files with the same bytes in any folders, by their SHA-256."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from curate.api import Workspace
from curate.cli.scan import scan
from curate.doubles import Found, look, search

LARGE = 3 * look.LARGE
needs_unix = pytest.mark.skipif(os.name == "nt", reason="links and modes as Unix has them")


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of a test are new; only one of the tests is about that."""
    monkeypatch.setattr("curate.doubles.groups.SETTLED", -(10**12))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    return folder


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def grouped(found: Found) -> list[list[tuple[str, ...]]]:
    """The names of the copies, without their folders, sorted."""
    return sorted(
        sorted(tuple(Path(path).name for path in copy) for copy in group.copies)
        for group in found.groups
    )


def test_copies_are_found_wherever_they_lie_and_named_by_their_sha256(home: Path) -> None:
    data = "一模一样 the same".encode()
    for name in ("a/one", "b/c/two", "b/three"):
        write(home / name, data)
    write(home / "alone", b"x" * len(data))
    found = search([home])
    (group,) = found.groups
    assert group.sha256 == sha256(data).hexdigest()
    assert group.copies == tuple((str(home / name),) for name in ("a/one", "b/c/two", "b/three"))
    assert (group.size, group.spare, found.spare) == (len(data), 2 * len(data), 2 * len(data))
    assert (found.files, found.size) == (4, 4 * len(data))


@pytest.mark.parametrize("size", [1000, look.SMALL, 3 * look.SMALL, LARGE, 2_000_000])
def test_one_byte_in_the_middle_makes_another_file(home: Path, size: int) -> None:
    data = random.Random(size).randbytes(size)
    changed = bytearray(data)
    changed[size // 2] ^= 1
    write(home / "one", data)
    write(home / "other", bytes(changed))
    write(home / "two", data)
    assert grouped(search([home])) == [[("one",), ("two",)]]


@pytest.mark.parametrize("size", [2 * look.SMALL, LARGE])
@pytest.mark.parametrize("end", ["first", "last"])
def test_files_whose_ends_differ_are_not_read_whole(home: Path, size: int, end: str) -> None:
    for number in range(3):
        data = bytearray(size)
        data[0 if end == "first" else -1] = number
        write(home / f"{number}", data)
    found = search([home])
    assert found.groups == ()
    assert found.read == (3 if end == "first" or size > look.LARGE else 6)


def test_sizes_that_occur_once_are_not_read(home: Path) -> None:
    for size in range(1, 50):
        write(home / f"{size}", b"x" * size)
    assert search([home]).read == 0


@needs_unix
def test_hard_links_are_no_copies(home: Path) -> None:
    write(home / "one", b"linked")
    (home / "also one").hardlink_to(home / "one")
    assert search([home]).groups == ()
    write(home / "two", b"linked")
    found = search([home])
    (group,) = found.groups
    assert grouped(found) == [[("also one", "one"), ("two",)]]
    assert (group.spare, found.size, found.files) == (6, 12, 3)


@needs_unix
def test_symbolic_links_are_counted_and_not_followed(home: Path, tmp_path: Path) -> None:
    write(home / "one", b"here")
    write(tmp_path / "elsewhere" / "two", b"here")
    (home / "link").symlink_to(home / "one")
    (home / "folder").symlink_to(tmp_path / "elsewhere")
    found = search([home])
    assert (found.groups, found.links, found.files) == ((), 2, 1)
    assert search([home, home / "folder"]).groups, "a folder that is given may be a link"


def test_empty_files_are_a_number(home: Path) -> None:
    for name in ("a", "b", "c"):
        write(home / name, b"")
    found = search([home])
    assert (found.groups, found.empty, found.files) == ((), 3, 3)


def test_a_folder_given_twice_or_inside_another_is_met_once(home: Path) -> None:
    write(home / "in" / "one", b"same")
    found = search([home / "in", home, home, home / "." / "in"])
    assert (found.groups, found.files) == ((), 1)


def test_what_may_not_be_read_is_named_with_the_reason(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The system's own answer, asked for by name: nothing is unreadable to root, whom tests often run as.
    for name in ("one", "two", "shut/three", "shut/four"):
        write(home / name, b"same")
    openly, listing = os.open, os.scandir

    def refuse(path: bytes, name: bytes) -> None:
        if path.endswith(name):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    def opening(path: bytes, flags: int) -> int:
        refuse(path, b"two")
        return openly(path, flags)

    def listed(path: bytes) -> Iterator[os.DirEntry[bytes]]:
        refuse(path, b"shut")
        return listing(path)

    monkeypatch.setattr(os, "open", opening)
    monkeypatch.setattr(os, "scandir", listed)
    found = search([home])
    assert [(Path(one.path).name, str(one.reason)) for one in found.left_out] == [
        ("shut", "Permission denied"),
        ("two", "Permission denied"),
    ]
    assert found.groups == ()


def look_at(path: Path) -> bytes:
    state = path.stat()
    return struct.pack(
        "5Q", state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns
    )


@pytest.mark.parametrize("size", [100, LARGE])
def test_a_file_that_changed_since_the_walk_is_left_out(home: Path, size: int) -> None:
    file = write(home / "one", b"a" * size)
    walked = look_at(file)
    kind, width = ("whole", 32) if size <= look.SMALL else ("ends", 8)
    job = (kind, [os.fsencode(file), walked])
    hashed, troubles = look.work(job)
    assert (len(hashed), any(hashed), troubles) == (width, True, [])
    os.utime(file, ns=(1, 1))
    assert look.work(job) == (bytes(width), [(0, look.CHANGED)])
    file.unlink()
    assert look.work(job) == (bytes(width), [(0, "No such file or directory")])


@needs_unix
def test_a_pipe_in_the_place_of_a_file_does_not_hang(home: Path) -> None:
    file = write(home / "one", b"a")
    walked = look_at(file)
    file.unlink()
    os.mkfifo(file)
    assert look.work(("whole", [os.fsencode(file), walked])) == (bytes(32), [(0, look.CHANGED)])
    write(home / "two", b"a")
    assert search([home]).files == 1, "pipes are no files"


@needs_unix
def test_names_that_are_no_utf8_come_back(home: Path) -> None:
    for name in (b"caf\xe9", b"new\nline", "文件".encode()):
        with open(os.path.join(os.fsencode(home), name), "wb") as file:  # noqa: PTH118, PTH123 - bytes
            file.write(b"same")
    (group,) = search([home]).groups
    assert sorted(os.fsencode(path).rpartition(b"/")[2] for (path,) in group.copies) == sorted(
        (b"caf\xe9", b"new\nline", "文件".encode())
    )


@pytest.fixture
def filled(home: Path) -> Path:
    shape = random.Random(7)
    for number in range(60):
        size = shape.choice([10, 500, 500, LARGE])
        write(home / f"{number % 7}" / f"{number}", bytes([shape.randrange(3)]) * size)
    return home


def test_the_next_search_reads_only_what_is_new(filled: Path, tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    first = search([filled], memory)
    assert first.read > 0
    second = search([filled], memory)
    assert (second.read, second.groups) == (0, first.groups)
    write(filled / "new", b"\1" * 500)
    third = search([filled], memory)
    assert third.read == 1
    assert any("new" in copy[0] for group in third.groups for copy in group.copies)
    assert search([filled / "1"], memory).read == 0, "a part of it is known as well"
    assert search([filled], memory).read == 0, "and looking at a part forgets nothing"


def test_times_before_1970_are_times_too(filled: Path, tmp_path: Path) -> None:
    for path in filled.rglob("*"):
        os.utime(path, ns=(-5, -5 * 10**9))
    first = search([filled], tmp_path / "memory")
    assert first.left_out == ()
    assert first.groups
    assert search([filled], tmp_path / "memory").read == 0


def test_what_changed_is_read_again(filled: Path, tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    search([filled], memory)
    changed = next(
        path for path in sorted(filled.rglob("*")) if path.is_file() and path.stat().st_size == 500
    )
    times = changed.stat()
    changed.write_bytes(b"!" * 500)
    os.utime(
        changed, ns=(times.st_atime_ns, times.st_mtime_ns)
    )  # its time of change in content lies
    found = search([filled], memory)
    assert found.read == 1
    assert all(str(changed) not in copy for group in found.groups for copy in group.copies)


def test_a_file_as_new_as_the_clock_can_tell_is_not_remembered(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("curate.doubles.groups.SETTLED", 10**15)
    memory = tmp_path / "memory"
    first = search([filled], memory)
    assert search([filled], memory).read == first.read


@pytest.mark.parametrize("damage", ["cut", "flipped", "other", "empty", "folder"])
def test_a_damaged_memory_is_made_anew(filled: Path, tmp_path: Path, damage: str) -> None:
    memory = tmp_path / "memory"
    first = search([filled], memory)
    data = memory.read_bytes()
    flipped = data[:-40] + bytes([data[-40] ^ 255]) + data[-39:]
    memory.unlink()
    if damage == "folder":
        memory.mkdir()
    else:
        memory.write_bytes(
            {"cut": data[:-1], "flipped": flipped, "other": b"?" * 500}.get(damage, b"")
        )
    again = search([filled], memory)
    assert (again.read, again.groups) == (first.read, first.groups)
    assert damage == "folder" or search([filled], memory).read == 0


def test_no_number_of_processes_changes_what_is_found(filled: Path) -> None:
    found = {processes: search([filled], processes=processes) for processes in (1, 2, 5)}
    assert found[1] == found[2] == found[5]


def test_without_fork_or_when_the_processes_die_it_works_alone(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = search([filled])
    real = os.fork

    def dying() -> int:
        pid = real()
        if not pid:
            os._exit(1)
        return pid

    with monkeypatch.context() as patch:
        patch.setattr(os, "fork", dying)
        assert search([filled]) == expected
    with monkeypatch.context() as patch:
        patch.delattr(os, "fork")
        assert search([filled]) == expected


def jdupes(folder: Path) -> Iterator[tuple[str, ...]]:
    told = subprocess.run(["jdupes", "-rq", folder], capture_output=True, check=True)
    for block in os.fsdecode(told.stdout).strip("\n").split("\n\n"):
        if block:
            yield tuple(sorted(block.split("\n")))


@pytest.mark.skipif(not shutil.which("jdupes"), reason="jdupes is not installed")
def test_jdupes_finds_the_same_groups(filled: Path) -> None:
    packages = Path(sys.modules["click"].__file__ or "").parent
    shutil.copytree(packages, filled / "click")
    shutil.copytree(packages, filled / "again")
    ours = {tuple(sorted(copy[0] for copy in group.copies)) for group in search([filled]).groups}
    assert ours == set(jdupes(filled))


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(scan, [str(one) for one in arguments])


def test_the_command_remembers_in_the_cache_folder(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    before = sorted((path, path.stat().st_mtime_ns) for path in filled.rglob("*"))
    first, second = (json.loads(run(filled, "--json").output) for _ in range(2))
    assert first.pop("read") > 0 == second.pop("read")
    assert first == second
    assert {"version", "files", "bytes", "empty", "symlinks", "spare", "groups", "left_out"} == set(
        first
    )
    assert [entry.name for entry in (tmp_path / "cache" / "curate").iterdir()] == ["same-bytes"]
    assert before == sorted((path, path.stat().st_mtime_ns) for path in filled.rglob("*"))


def test_in_a_workspace_it_remembers_there_and_passes_by_its_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.init(tmp_path / "shop", "zh")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(workspace.root)
    write(workspace.root / "one", b"same")
    write(workspace.objects / "ab" / "cd", b"same")
    done = run(".")
    assert (workspace.state / "same-bytes").exists() is False, "there was nothing to read"
    assert "0 组副本" in done.output
    write(workspace.root / "two", b"same")
    assert "1 组副本，可省 4 字节" in run(".").output
    assert (workspace.state / "same-bytes").exists()
    assert not (tmp_path / "cache").exists()


@needs_unix
def test_the_command_shows_links_the_first_groups_and_what_is_left_out(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two"):
        write(home / name, b"short")
        write(home / f"{name} more", b"longer text")
    (home / "link \x1b[31m").hardlink_to(home / "one")
    write(home / "nothing", b"")
    done = run(home, "--limit", "1")
    assert done.exit_code == 0
    assert done.output.splitlines()[0].startswith("2 copies of 11 bytes, 11 to spare, SHA-256 ")
    assert "… and 1 more groups: --limit 0 shows them all" in done.output
    assert "6 files, 32 bytes: 2 groups of copies, 16 bytes to spare" in done.output
    assert "1 empty files" in done.output
    everything = run(home, "--limit", "0").output
    assert f"    = {home}/one" in everything
    assert "\x1b" not in everything
    assert run(tmp_path / "nowhere").exit_code == 2


def test_inputs_that_fail_are_told_by_the_exit_code(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    real = look._identity
    times: Counter[int] = Counter()

    def changing(state: os.stat_result) -> tuple[int, ...]:
        times[state.st_ino] += 1  # once where it is walked, once when it was read
        return real(state) if state.st_size != 500 else (0, *real(state)[1:-1], times[state.st_ino])

    monkeypatch.setattr(look, "_identity", changing)
    monkeypatch.delattr(os, "fork")
    done = run(filled, "--json")
    assert done.exit_code == 3
    left_out = json.loads(done.stdout)["left_out"]
    assert left_out and {one["reason"] for one in left_out} == {"it changed while it was read"}
    assert "could not be read:" in done.stderr

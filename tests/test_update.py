"""An update pack makes of the old version the new one: whole, safely, and also when it is stopped on the way."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace as changed
from pathlib import Path
from typing import Any

import pytest

from curate import signing
from curate.bundle import package, verify
from curate.bundle.updates import applying, making, naming
from curate.collection import Packing
from curate.errors import CurateError
from tests.test_bundle import item, request, unpacked


def blob(name: object, size: int = 20_000) -> bytes:
    return hashlib.shake_128(str(name).encode()).digest(size)


def binary(name: str, content: object = None, **more: Any) -> Any:
    data = blob(name if content is None else content, more.pop("bytes", 20_000))
    return item(name, data, kind="other", format="bin", **more)


OLD = [binary(f"第{n}课.bin", n) for n in range(50)]
NEW = [
    *(one for one in OLD[2:] if one.name not in ("第10课.bin", "第20课.bin")),
    binary("第10课.bin", "mended"),
    binary("改名.bin", 20),
    binary("neu.bin", "neu"),
    binary("neu zwei.bin", "zwei"),
]


@dataclass(frozen=True)
class Pair:
    """Two releases and the pack that leads from one to the other."""

    home: Path
    pack: Path
    old: Path  # unpacked
    new: Path
    public: str

    def copied(self, folder: Path) -> Path:
        """A buyer's folder with the old version."""
        return Path(shutil.copytree(self.old, folder / self.old.name))


def made(
    folder: Path, old: list[Any], new: list[Any], signer: signing.Signer | None = None, **more: Any
) -> Pair:
    releases = []
    more.setdefault("bundle", Packing(pdf=False))
    for items in (old, new):
        asked = changed(request(folder / "woods", items, **more), signer=signer)
        releases.append(package(asked, folder / "build"))
    home = folder / "build" / "woods"
    first, second = releases
    packs = making.make(home, first.version, second.version, signer)
    assert packs.why is None, packs.why
    return Pair(
        home,
        packs.made[0].path,
        unpacked(first, folder / "old"),
        unpacked(second, folder / "new"),
        signer.public if signer else "",
    )


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    folder = tmp_path_factory.mktemp("pair")
    return made(folder, OLD, NEW, signing.create(folder / "keys"), title="木头与 数字's")


@pytest.fixture(scope="module")
def unsigned(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return made(tmp_path_factory.mktemp("unsigned"), OLD, NEW)


def files(folder: Path) -> dict[str, bytes]:
    """Every file and folder below ``folder``."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b"/"
        for path in folder.rglob("*")
    }


# What comes of it


def test_old_and_update_is_the_new_version_to_the_byte(pair: Pair, tmp_path: Path) -> None:
    folder = pair.copied(tmp_path)
    done = applying.update(folder, pair.pack)
    assert done.folder == tmp_path / pair.new.name
    assert files(done.folder) == files(pair.new)
    assert not folder.exists()
    assert (done.before, done.now, done.signed) == ("1.0.0", "2.0.0", True)
    assert not [one for one in verify(done.folder) if one.severity == "error"]
    again = applying.update(folder, pair.pack)  # by the old name, as a shell's history has it
    assert again.unchanged
    assert files(again.folder) == files(pair.new)


def test_by_hand_it_is_the_same_with_unzip_and_deleting(pair: Pair, tmp_path: Path) -> None:
    folder = pair.copied(tmp_path)
    folder = folder.rename(folder.with_name(pair.new.name))  # 1
    pack = shutil.copy(pair.pack, tmp_path)
    subprocess.run(["unzip", "-qo", pack], cwd=tmp_path, check=True)  # 2
    assert not (tmp_path / "MOVED.txt").exists()
    for line in (tmp_path / "REMOVED.txt").read_text("utf-8").splitlines():  # 3
        (folder / line).unlink()
    assert files(folder) == files(pair.new)


def lines(how_to: str, beginning: str) -> list[str]:
    return [line.strip() for line in how_to.splitlines() if line.strip().startswith(beginning)]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_lines_for_a_shell_do_it_all_moves_too(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "WHOLE", 0)
    pair = made(tmp_path, OLD, NEW, title='Wood\'s "$HOME" `x`', language=language)
    folder = pair.copied(tmp_path / "buyer")
    folder.rename(folder.with_name(pair.new.name))
    shutil.copy(pair.pack, tmp_path / "buyer")
    with zipfile.ZipFile(pair.pack) as archive:
        how_to = archive.read("HOW-TO-UPDATE.txt").decode()
    commands = [
        *(line[line.index("unzip") :] for line in how_to.splitlines() if "unzip -o" in line),
        *lines(how_to, "while"),
    ]
    assert len(commands) == 3
    subprocess.run(["sh", "-ec", "\n".join(commands)], cwd=tmp_path / "buyer", check=True)
    assert files(tmp_path / "buyer" / pair.new.name) == files(pair.new)


def test_what_only_moved_is_not_shipped_where_it_is_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    big = binary("big.bin", "big", bytes=200_000)
    old, new = [*OLD, big], [*NEW, binary("grand.bin", "big", bytes=200_000)]
    pair = made(tmp_path, old, new)
    with zipfile.ZipFile(pair.pack) as archive:
        told = json.loads(archive.read("update.json"))
        assert archive.read("MOVED.txt").decode().count("\n") == 1
    (move,) = told["moves"]
    assert move["before"].endswith("big.bin")
    assert move["now"].endswith("grand.bin")
    done = applying.update(pair.copied(tmp_path / "buyer"), pair.pack)
    assert done.moved == 1
    assert files(done.folder) == files(pair.new)


def test_names_that_change_places(tmp_path: Path) -> None:
    old = [*OLD, binary("a.bin", "A"), binary("b.bin", "B")]
    new = [*OLD, binary("a.bin", "B"), binary("b.bin", "A")]
    pair = made(tmp_path, old, new)
    done = applying.update(pair.copied(tmp_path / "buyer"), pair.pack)
    assert files(done.folder) == files(pair.new)


def test_a_pack_is_the_same_whenever_it_is_made(pair: Pair, tmp_path: Path) -> None:
    home = Path(shutil.copytree(pair.home, tmp_path / "woods"))
    first = pair.pack.read_bytes()
    for path in (home / "2.0.0").glob("*-to-*"):
        path.unlink()
    (again,) = making.make(home, "1.0.0", "2.0.0").made
    assert again.path.read_bytes() == first
    assert again.path.with_name(f"{again.path.name}.sha256").read_text().split()[0] == again.sha256
    before = again.path.stat().st_mtime_ns
    assert making.make(home, "1.0.0", "2.0.0").made == (again,)
    assert again.path.stat().st_mtime_ns == before


def test_no_pack_where_almost_everything_is_new(tmp_path: Path) -> None:
    for items in (OLD, [binary(f"x{n}.bin") for n in range(50)]):
        asked = request(tmp_path / "woods", items, bundle=Packing(pdf=False))
        package(asked, tmp_path / "build")
    packs = making.make(tmp_path / "build" / "woods", "1.0.0", "2.0.0")
    assert not packs.made
    assert "% of the full archive" in str(packs.why)
    assert not list((tmp_path / "build" / "woods").rglob("*-to-*"))


# What the buyer did to the folder


def test_what_was_added_stays_and_junk_is_no_matter(pair: Pair, tmp_path: Path) -> None:
    folder = pair.copied(tmp_path)
    (folder / "notes.txt").write_text("mine")
    (folder / "data" / "my notes.txt").write_text("mine too")
    (folder / "data" / ".DS_Store").write_bytes(b"\0")
    done = applying.update(folder, pair.pack)
    assert done.added == ("data/my notes.txt", "notes.txt")
    mine = {"notes.txt", "data/my notes.txt", "data/.DS_Store"}
    assert {path: data for path, data in files(done.folder).items() if path not in mine} == files(
        pair.new
    )
    assert (done.folder / "data" / "my notes.txt").read_text() == "mine too"


def test_a_link_of_the_buyers_own_stays_and_stops_nothing(pair: Pair, tmp_path: Path) -> None:
    folder = pair.copied(tmp_path)
    (folder / "data" / "mine").symlink_to(tmp_path)
    done = applying.update(folder, pair.pack)
    assert (done.folder / "data" / "mine").is_symlink()
    assert not (done.folder / ".curate-update").exists()


def test_what_was_changed_is_refused_all_of_it_named(pair: Pair, tmp_path: Path) -> None:
    folder = pair.copied(tmp_path)
    data = folder / "data" / "01-Guides"
    (data / "第3课.bin").write_bytes(b"other")
    (data / "第4课.bin").unlink()
    (data / "neu.bin").write_bytes(b"my own")
    before = files(folder)
    with pytest.raises(CurateError) as fault:
        applying.update(folder, pair.pack)
    for word in ("第3课.bin has changed", "第4课.bin is missing", "neu.bin is yours"):
        assert word in fault.value.message
    assert "--force" in fault.value.hint
    assert files(folder) == before


def test_forced_what_has_to_go_is_kept_and_the_rest_stays_as_it_is(
    pair: Pair, tmp_path: Path
) -> None:
    folder = pair.copied(tmp_path)
    data = folder / "data" / "01-Guides"
    for name in ("第0课.bin", "第10课.bin", "第3课.bin", "neu.bin"):
        (data / name).write_bytes(name.encode())  # removed, changed, kept, new in the new version
    (data / "第4课.bin").unlink()
    (data / "第10课.bin.mine").write_bytes(b"was here")
    done = applying.update(folder, pair.pack, force=True)
    now = done.folder / "data" / "01-Guides"
    assert {there for _, there in done.kept} == {
        "data/01-Guides/neu.bin.mine", "data/01-Guides/第0课.bin.mine",
        "data/01-Guides/第10课.bin.mine2",
    }  # fmt: skip
    assert (now / "第10课.bin.mine2").read_bytes() == "第10课.bin".encode()
    assert (now / "第10课.bin.mine").read_bytes() == b"was here"
    assert (now / "第10课.bin").read_bytes() == blob("mended")
    assert (now / "neu.bin").read_bytes() == blob("neu")
    assert done.differing == ("data/01-Guides/第3课.bin", "data/01-Guides/第4课.bin")
    assert (now / "第3课.bin").read_bytes() == "第3课.bin".encode()


def test_another_version_is_refused_by_its_name(pair: Pair, tmp_path: Path) -> None:
    other = Path(shutil.copytree(pair.new, tmp_path / "x"))
    shutil.copy(pair.old / "CHANGELOG.md", other)
    (other / "tagmanifest-sha256.txt").write_text("")
    with pytest.raises(CurateError, match=r"not woods 1\.0\.0.*calls itself woods-2\.0\.0"):
        applying.update(other, pair.pack)
    with pytest.raises(CurateError, match="is no folder"):
        applying.update(tmp_path / "nowhere", pair.pack)


@pytest.mark.skipif(os.name == "nt", reason="links need a right of their own on Windows")
@pytest.mark.parametrize("place", ["data", "data/01-Guides", "data/01-Guides/neu.bin"])
def test_links_are_not_followed(place: str, pair: Pair, tmp_path: Path) -> None:
    folder = pair.copied(tmp_path / "buyer")
    elsewhere = tmp_path / "elsewhere"
    if (folder / place).exists():
        (folder / place).rename(elsewhere)
    else:
        elsewhere.mkdir()
    (folder / place).symlink_to(elsewhere)
    before = files(elsewhere)
    with pytest.raises(CurateError, match=r"is a link|is missing"):
        applying.update(folder, pair.pack, force=True)
    assert files(elsewhere) == before


# Stopped on the way


class Killed(BaseException):
    pass


def stopping(monkeypatch: pytest.MonkeyPatch, after: int) -> Callable[[], int]:
    """From the ``after``-th change to the file system on, nothing is done any more. Gives their count."""
    count = 0

    def wrapped(name: str) -> None:
        real = getattr(Path, name)

        def act(self: Path, *args: Any, **more: Any) -> Any:
            nonlocal count
            count += 1
            if count > after:
                raise Killed
            return real(self, *args, **more)

        monkeypatch.setattr(Path, name, act)

    for name in ("rename", "replace", "unlink", "rmdir", "mkdir"):
        wrapped(name)
    return lambda: count


def test_stopped_at_any_step_a_second_run_finishes(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(making, "WHOLE", 0)
        pair = made(tmp_path, OLD, NEW)
    wanted = files(pair.new)
    total = 0
    for after in range(1000):
        place = tmp_path / str(after)
        folder = pair.copied(place)
        (folder / "data" / "01-Guides" / "第1课.bin").write_bytes(b"mine")
        with pytest.MonkeyPatch.context() as patch:
            count = stopping(patch, after)
            try:
                applying.update(folder, pair.pack, force=True)
            except Killed:
                pass
            else:
                total = count()
        done = applying.update(folder, pair.pack, force=True)
        there = files(done.folder)
        assert there.pop("data/01-Guides/第1课.bin.mine") == b"mine", after
        assert there == wanted, after
        assert [path.name for path in place.iterdir()] == [pair.new.name], after
        shutil.rmtree(place)
        if total:
            break
    assert total > 30


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL there")
def test_killed_by_the_system_a_second_run_finishes(pair: Pair, tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from curate.bundle.updates import applying;"
        "import os; real = Path.replace\n"
        "def slow(self, target):\n"
        "    print(flush=True); sys.stdin.readline(); return real(self, target)\n"
        "Path.replace = slow\n"
        "applying.update(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    for steps in (0, 1, 2, 9, 17):
        folder = pair.copied(tmp_path / str(steps))
        child = subprocess.Popen(
            [sys.executable, "-c", program, str(folder), str(pair.pack)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert child.stdin and child.stdout
        for _ in range(steps):
            child.stdout.readline()
            child.stdin.write(b"\n")
            child.stdin.flush()
        child.stdout.readline()
        child.kill()
        child.communicate()
        assert child.returncode == -9
        assert files(applying.update(folder, pair.pack).folder) == files(pair.new)


def test_an_update_that_was_begun_is_finished_with_its_own_pack(
    unsigned: Pair, tmp_path: Path
) -> None:
    other = made(tmp_path / "other", OLD, [*OLD, binary("neu.bin")])
    folder = unsigned.copied(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        stopping(patch, 8)
        with pytest.raises(Killed):
            applying.update(folder, unsigned.pack)
    with pytest.raises(CurateError, match="another update"):
        applying.update(folder, other.pack)
    assert files(applying.update(folder, unsigned.pack).folder) == files(unsigned.new)


@pytest.mark.parametrize("part", ["", "-part2of3"])
def test_the_name_of_a_pack_tells_where_it_leads_from(part: str) -> None:
    file = f"notes-to-go-1.2.0{part}.zip"
    pack = naming.pack(file, "1.1.0", "1.2.0")
    assert pack == f"notes-to-go-1.1.0-to-1.2.0{part}.zip"
    assert naming.since(pack, file, "1.2.0") == "1.1.0"
    assert naming.since(file, file, "1.2.0") == naming.since(pack, file, "1.3.0") == ""

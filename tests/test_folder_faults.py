"""What disks, programs and people do to a folder while it is collected, and that nothing is lost by it."""

from __future__ import annotations

import errno
import json
import os
import sys
from pathlib import Path

import pytest

from curate.collectors import Context
from curate.collectors.folder import FolderCollector, FolderSource
from curate.errors import CurateError
from curate.model import Candidate, Trouble
from tests.material import material

Found = list[Candidate | Trouble]


def walk(root: Path, cache: Path | None = None, **options: object) -> Found:
    source = FolderSource(path=str(root), **options)  # type: ignore[arg-type]
    return list(FolderCollector(source, Context(root, cache=cache)).candidates(lambda _: None))


def locators(found: Found) -> list[str]:
    return [one.locator for one in found if isinstance(one, Candidate)]


def troubles(found: Found) -> dict[str, str]:
    return {one.locator: str(one.reason) for one in found if isinstance(one, Trouble)}


@pytest.mark.parametrize("whole", [True, False])
def test_a_file_that_grows_while_it_is_read_is_not_taken_half(tmp_path: Path, whole: bool) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"x" * 300_000)
    (found,) = walk(tmp_path)
    assert isinstance(found, Candidate)
    with found.open() as stream:
        assert stream.read(100_000)
        with path.open("ab") as out:
            out.write(b"y" * 50_000)
        with pytest.raises(CurateError, match="still being written") as caught:
            if whole:
                stream.read()
            while stream.read(1 << 16):
                pass
    assert caught.value.hint


def test_a_file_that_is_rewritten_in_its_size_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"x" * 300_000)
    (found,) = walk(tmp_path)
    assert isinstance(found, Candidate)
    with found.open() as stream:
        stream.read(100_000)
        with path.open("r+b") as out:
            out.write(b"y" * 10)
        os.utime(path, (1, 1))
        with pytest.raises(CurateError, match="still being written"):
            stream.read()


def test_a_file_that_is_replaced_is_read_to_its_old_end(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"x" * 300_000)
    (found,) = walk(tmp_path)
    assert isinstance(found, Candidate)
    with found.open() as stream:
        stream.read(100)
        (tmp_path / "new").write_bytes(b"y")
        (tmp_path / "new").replace(path)
        assert len(stream.read()) == 300_000 - 100


@pytest.mark.skipif(sys.platform == "win32", reason="paths are shorter there")
def test_deeper_than_a_path_can_say_costs_only_that_place(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(300):
        os.mkdir("d" * 40, dir_fd=here)
        below = os.open("d" * 40, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    (tmp_path / "z.txt").write_text("z")
    try:
        found = walk(tmp_path)
    finally:  # pytest's own clean-up knows no such paths
        name, below_name = tmp_path / ("d" * 40), tmp_path / "below"
        while (name / name.name).exists():
            (name / name.name).rename(below_name)
            name.rmdir()
            below_name.rename(name)
    assert locators(found) == ["z.txt"]
    ((locator, reason),) = troubles(found).items()
    assert locator.count("/") > 50 and reason == "it cannot be read: File name too long"


def test_every_name_that_a_disk_can_hold_is_found(tmp_path: Path) -> None:
    strings = json.loads(material("hostile/naughty-strings.json").read_text("utf-8"))
    made = set()
    for number, text in enumerate(strings):
        name = text.replace("/", "").replace("\0", "")
        name = name if name not in ("", ".", "..") else "x"
        folder = tmp_path / f"{number:04}"
        folder.mkdir()
        try:
            (folder / name).write_text("x")
        except (OSError, UnicodeError):
            continue
        made.add(f"{number:04}/{name}")
    assert len(made) > 400
    found = walk(tmp_path)
    hidden = {name for name in made if name[5:].startswith((".", "~$"))}
    import unicodedata

    shown = {unicodedata.normalize("NFC", name) for name in made - hidden}
    assert set(locators(found)) == shown
    assert not troubles(found)
    for one in found:
        assert isinstance(one, Candidate)
        with one.open() as stream:
            assert stream.read() == b"x"


@pytest.mark.parametrize("number", [errno.ENOTCONN, errno.ESTALE, errno.EIO, errno.ETIMEDOUT])
def test_a_drive_that_fails_hides_what_is_on_it(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a/1.txt", "nas/2.txt", "z/3.txt"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("x")
    scandir = os.scandir

    def failing(path: str) -> object:
        if str(path).endswith("nas"):
            raise OSError(number, os.strerror(number))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", failing)
    found = walk(tmp_path)
    assert locators(found) == ["a/1.txt", "z/3.txt"]
    (trouble,) = [one for one in found if isinstance(one, Trouble)]
    assert (trouble.locator, trouble.hides, trouble.retry) == ("nas", True, True)
    with pytest.raises(CurateError, match="cannot be listed"):
        walk(tmp_path / "nas")


def test_a_drive_below_that_is_not_mounted_hides_what_was_on_it(tmp_path: Path) -> None:
    root, cache = tmp_path / "m", tmp_path / "cache"
    (root / "drive").mkdir(parents=True)
    (root / "a.txt").write_text("x")
    assert not troubles(walk(root, cache))
    # What a run that met a mounted drive leaves; mounting one needs rights that tests do not have.
    cache.mkdir(exist_ok=True)
    (cache / "mounts.json").write_text('["drive"]')
    for _ in range(2):
        (trouble,) = [one for one in walk(root, cache) if isinstance(one, Trouble)]
        assert trouble.locator == "drive" and trouble.hides and trouble.retry
    (root / "drive/b.txt").write_text("it is an ordinary folder now")
    assert locators(walk(root, cache)) == ["a.txt", "drive/b.txt"]
    (root / "drive/b.txt").unlink()
    assert not troubles(walk(root, cache))


@pytest.mark.skipif(
    not Path("/proc/self").exists(), reason="needs a place that is mounted everywhere"
)
def test_mounted_drives_are_remembered(tmp_path: Path) -> None:
    from curate.collectors.mounts import Mounts

    file = tmp_path / "cache/mounts.json"
    mounts = Mounts(file)
    assert not mounts.lost("proc", "/proc", Path("/proc").stat().st_dev, filled=True)
    assert not mounts.lost("bin", "/usr/bin", Path("/usr").stat().st_dev, filled=True)
    mounts.save()
    assert json.loads(file.read_text()) == ["proc"]
    assert Mounts(file).lost("proc", "/usr/bin", Path("/usr").stat().st_dev, filled=False)

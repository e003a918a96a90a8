"""A library of real files, released twice: what buyers of the first version do to have the second."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from curate.cli import main
from tests.material import material

COUNT = 300
WRITTEN = (".txt", ".md", ".html", ".tex", ".csv")


@dataclass(frozen=True)
class Shop:
    root: Path
    first: Result
    second: Result

    @property
    def pack(self) -> Path:
        (found,) = self.root.glob("build/lib/2.0.0/lib-1.0.0-to-2.0.0.zip")
        return found

    def unpacked(self, version: str, folder: Path) -> Path:
        with zipfile.ZipFile(self.root / f"build/lib/{version}/lib-{version}.zip") as archive:
            archive.extractall(folder)
        (top,) = (path for path in folder.iterdir() if path.name.endswith(version))
        return top


def run(*words: object) -> Result:
    done = CliRunner().invoke(main, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    return done


def chosen() -> list[Path]:
    """Real files, none larger than 60 kB, each content once, always the same ones."""
    found: dict[str, Path] = {}
    for folder in ("documents", "topics", "images", "site"):
        for path in sorted(material(folder).rglob("*")):
            if path.is_file() and 100 < path.stat().st_size < 60_000:
                found.setdefault(hashlib.sha256(path.read_bytes()).hexdigest(), path)
    every = sorted(found.items())
    assert len(every) > COUNT * 1.05
    return [path for _, path in every]


def released(root: Path) -> Result:
    for command in ("collect", "classify"):
        CliRunner().invoke(main, [command, "lib", "--workspace", str(root)])
    return run("package", "lib", "--workspace", root)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """5 % added, 1 % changed, 2 % removed, 2 % renamed."""
    root = tmp_path_factory.mktemp("shop")
    library = root / "library"
    library.mkdir()
    files = chosen()
    there = [
        Path(shutil.copy(path, library / f"{number:03}-{path.name}"))
        for number, path in enumerate(files[:COUNT])
    ]
    run("init", root)
    run("key", "new", "--workspace", root)
    run(
        "new", "lib", "--folder", library, "--own", "Ann Author", "--title", "真实资料 Real",
        "--language", "zh", "--workspace", root,
    )  # fmt: skip
    first = released(root)
    told = json.loads((root / "build/lib/1.0.0/release.json").read_bytes())
    inside = {one["name"] for one in told["items"]}  # duplicates and what states other terms is not
    packed = [path for path in there if path.name in inside]
    assert len(packed) > COUNT / 2
    for path in packed[:6]:
        path.unlink()
    places = {one["path"].rpartition("/")[2] for one in told["items"]}  # pages go by their titles
    for path in [path for path in packed[6:] if path.name in places][:6]:
        path.rename(path.with_name(f"renamed-{path.name}"))
    for path in [path for path in packed[6:] if path.exists() and path.suffix in WRITTEN][:3]:
        path.write_bytes(path.read_bytes() + b"\nOne more line.\n")
    for number, path in enumerate(files[COUNT : COUNT + 15]):
        shutil.copy(path, library / f"new-{number:02}-{path.name}")
    return Shop(root, first, released(root))


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b"/"
        for path in folder.rglob("*")
    }


def test_the_command_makes_the_old_folder_the_new_one(shop: Shop, tmp_path: Path) -> None:
    wanted = shop.unpacked("2.0.0", tmp_path / "new")
    folder = shop.unpacked("1.0.0", tmp_path / "buyer")
    done = run("update", folder, shop.pack)
    assert "the seller's key vouches" in done.output
    now = tmp_path / "buyer" / wanted.name
    assert files(now) == files(wanted)
    assert run("verify", now)


def test_so_do_unzip_and_deleting_what_is_listed(shop: Shop, tmp_path: Path) -> None:
    wanted = shop.unpacked("2.0.0", tmp_path / "new")
    folder = shop.unpacked("1.0.0", tmp_path / "buyer")
    folder = folder.rename(folder.with_name(wanted.name))
    subprocess.run(["unzip", "-qo", shop.pack], cwd=tmp_path / "buyer", check=True)
    assert not (tmp_path / "buyer" / "MOVED.txt").exists()
    assert "手动更新" in (tmp_path / "buyer" / "HOW-TO-UPDATE.txt").read_text("utf-8")
    for line in (tmp_path / "buyer" / "REMOVED.txt").read_text("utf-8").splitlines():
        (folder / line).unlink()
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    assert files(folder) == files(wanted)


def test_a_pack_is_a_fraction_and_package_says_so(shop: Shop) -> None:
    whole = (shop.root / "build/lib/2.0.0/lib-2.0.0.zip").stat().st_size
    assert shop.pack.stat().st_size < 0.3 * whole
    assert "更新包" in shop.second.output
    assert str(shop.pack) in shop.second.output
    assert "更新包" not in shop.first.output
    signed = shop.pack.with_name(f"{shop.pack.name}.minisig")
    assert signed.is_file()


def test_diff_counts_what_was_done(shop: Shop) -> None:
    found = json.loads(
        run("diff", "lib", "1.0.0", "2.0.0", "--json", "--workspace", shop.root).output
    )
    assert found["next"] == "2.0.0"
    assert {name: len(found[name]) for name in ("changed", "moved", "removed")} == {
        "changed": 3, "moved": 6, "removed": 6,
    }  # fmt: skip
    assert (
        5 < len(found["added"]) < 20
    )  # without those that are the same as others, with their heirs


@pytest.mark.skipif(not shutil.which("minisign"), reason="the minisign command is not here")
def test_minisign_accepts_the_pack(shop: Shop) -> None:
    key = shop.root / "keys" / "seller.pub"
    subprocess.run(["minisign", "-Vm", shop.pack, "-p", key], check=True, env=os.environ)

"""One bundle by the real commands, made twice in different surroundings: the same bytes, and other people's
tools find nothing wrong with it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from curate.bundle import verify
from curate.signing import create

DATA = Path(__file__).parent / "data"
CONFIG = """title = "港口 harbour"
description = "Notes, tables and pictures of a harbour."
language = "zh"
[[sources]]
type = "folder"
path = "material"
match = "all"
rights = { own = "Ann Lee" }
[[categories]]
name = "ships"
title = "船 Ships"
words = ["ship", "船"]
[[categories]]
name = "tides"
title = "Tides & 100% tables"
words = ["tide", "潮"]
"""
NOTES = {
    "ships/船 notes.md": "# A ship in the harbour\n\nThe ship leaves with the tide. 船在港口。\n"
    * 40,
    "ships/50% off?.txt": "A ship for half the price. 半价的船。\n" * 300,
    "tides/tides 2024.csv": "day,tide\n" + "".join(f"{day},{day % 7}\n" for day in range(2000)),
    "tides/潮汐.txt": "今天的潮汐比昨天高。\n" * 500,
    "index.html": "<!doctype html><title>The harbour</title><p>Where ships wait for the tide.</p>",
}


def material(folder: Path, stamp: int) -> None:
    from PIL import Image

    for number, (name, text) in enumerate(NOTES.items()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="")
        os.utime(path, (stamp + number, stamp - number))
    for name, size in (("ship.png", (640, 400)), ("tide.jpg", (900, 700))):
        picture = Image.effect_mandelbrot(size, (-2.0, -1.5, 1.0, 1.5), 40).convert("RGB")
        picture.save(folder / name)
    with zipfile.ZipFile(folder / "tide models.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo("model.txt"), "tide " * 1000)


def made(root: Path, keys: Path, mask: int, workers: int, stamp: int, **env: str) -> Path:
    """The release folder of a workspace of its own."""

    def curate(*words: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "curate", *words],
            cwd=root,
            env={**os.environ, **env},
            umask=mask,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        assert done.returncode == 0, done.stdout + done.stderr

    root.mkdir(parents=True)
    (root / "curate.toml").write_text(f"[compute]\nworkers = {workers}\n")
    home = root / "collections" / "harbour"
    material(home / "material", stamp)
    (home / "collection.toml").write_text(CONFIG, "utf-8")
    shutil.copytree(keys, root / "keys")
    for stage in ("collect", "classify", "package"):
        curate(stage, "harbour")
    return root / "build" / "harbour" / "1.0.0"


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("twice")
    create(folder / "keys")
    first = made(
        folder / "here",
        folder / "keys",
        0o022,
        2,
        1_700_000_000,
        TZ="Asia/Shanghai",
        LC_ALL="C.UTF-8",
    )
    deep = folder / "a place with spaces" / "別處"
    other = made(
        deep, folder / "keys", 0o077, 1, 1_000_000_000,
        TZ="America/St_Johns", LC_ALL="C", PYTHONHASHSEED="7", COLUMNS="40", HOME=str(folder),
    )  # fmt: skip
    return first, other


@pytest.fixture(scope="module")
def unpacked(twice: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(twice[0] / "harbour-1.0.0.zip") as archive:
        archive.extractall(folder)
    (top,) = folder.iterdir()
    return top


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path.read_bytes()


def inside(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


@pytest.mark.slow
def test_two_places_give_the_same_bytes(twice: tuple[Path, Path]) -> None:
    """Other path, umask, time zone, locale, number of workers, hash seed, and times of the files."""
    here, there = (path / "harbour-1.0.0.zip" for path in twice)
    first, second = inside(here), inside(there)
    assert [name for name in first if first[name] != second.get(name)] == []
    assert {name for name in first if name.endswith(".pdf")} == {"CONTENTS.pdf", "TUTORIAL.pdf"}
    assert here.read_bytes() == there.read_bytes()
    assert dict(files(twice[0])) == dict(files(twice[1]))


@pytest.mark.slow
def test_our_own_verifier_by_the_key(twice: tuple[Path, Path]) -> None:
    key = (twice[0].parents[2] / "keys" / "seller.pub").read_text().splitlines()[1]
    assert verify(twice[0], key=key, signed=True, strict=True) == []


TOOLS = {
    "unzip": ("unzip", "-tqq", "{zip}"),
    "7z": ("7z|7zz", "t", "-bd", "{zip}"),
    "bsdtar": ("bsdtar", "-tf", "{zip}"),
    "jar": ("jar", "tf", "{zip}"),
    "sha256sum of the archive": ("sha256sum", "--strict", "-c", "{zip}.sha256"),
    "sha256sum of the payload": ("sha256sum", "--strict", "-c", "{bag}/manifest-sha256.txt"),
    "sha256sum of the tag files": ("sha256sum", "--strict", "-c", "{bag}/tagmanifest-sha256.txt"),
    "bagit.py": (sys.executable, "-m", "bagit", "--validate", "{bag}"),
    "reuse": (sys.executable, "-m", "reuse", "--no-multiprocessing", "--root", "{bag}", "lint"),
    "minisign of the archive": ("minisign", "-Vm", "{zip}", "-p", "{key}"),
    "minisign of the bag": ("minisign", "-Vm", "{bag}/tagmanifest-sha256.txt", "-p", "{key}"),
}


@pytest.mark.slow
@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_of_somebody_else_accepts_it(
    twice: tuple[Path, Path], unpacked: Path, tool: str
) -> None:
    program, *words = TOOLS[tool]
    found = next(filter(None, map(shutil.which, program.split("|"))), None)
    if not found:
        pytest.skip(f"{program} is not installed here")
    places = {
        "zip": twice[0] / "harbour-1.0.0.zip",
        "bag": unpacked,
        "key": twice[0].parents[2] / "keys" / "seller.pub",
    }
    in_bag = "{bag}" in words[-1] and program == "sha256sum"
    done = subprocess.run(
        [found, *(word.format(**places) for word in words)],
        cwd=unpacked if in_bag else twice[0],
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_python_reads_it(twice: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(twice[0] / "harbour-1.0.0.zip") as archive:
        assert archive.testzip() is None
        assert {(one.flag_bits, one.create_system) for one in archive.infolist()} == {(0x800, 3)}
        assert {one.compress_type for one in archive.infolist()} <= {0, 8}


@pytest.mark.slow
def test_the_validator_of_ro_crate_accepts_it_offline(unpacked: Path, tmp_path: Path) -> None:
    program = shutil.which("rocrate-validator")
    if not program:
        pytest.skip("rocrate-validator is not installed here (pip install roc-validator)")
    python = Path(program).read_text("utf-8").splitlines()[0].removeprefix("#!")
    cache, out = tmp_path / "cache", tmp_path / "out.json"
    context = "https://w3id.org/ro/crate/1.2/context"
    subprocess.run(
        [python, Path(__file__).parent / "crate_cache.py", cache, context, DATA / "ro-crate-context.json"],
        check=True,
    )  # fmt: skip

    def passes(folder: Path) -> bool:
        command = [
            program, "-y", "validate", str(folder), "-p", "ro-crate-1.2", "-l", "required", "--offline",
            "--cache-path", str(cache), "--output-format", "json", "-o", str(out),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True)
        assert out.exists(), done.stdout + done.stderr
        return bool(json.loads(out.read_text("utf-8"))["passed"])

    assert passes(unpacked / "data"), out.read_text("utf-8")[:4000]
    # It does look: what names no root is refused.
    broken = tmp_path / "broken"
    broken.mkdir()
    told = json.loads((unpacked / "data" / "ro-crate-metadata.json").read_text("utf-8"))
    told["@graph"] = [one for one in told["@graph"] if one["@id"] != "./"]
    (broken / "ro-crate-metadata.json").write_text(json.dumps(told), "utf-8")
    assert not passes(broken)


@pytest.mark.slow
def test_the_original_names_are_kept_where_they_had_to_be_changed(unpacked: Path) -> None:
    told = json.loads((unpacked / "data" / "ro-crate-metadata.json").read_text("utf-8"))
    changed = {
        unquote(one["@id"]).rpartition("/")[2]: one["alternateName"]
        for one in told["@graph"]
        if "alternateName" in one
    }
    assert changed == {"50％ off？.txt": "50% off?.txt", "The harbour.html": "index.html"}
    assert all((unpacked / "data" / "01-船 Ships" / name).is_file() for name in changed)

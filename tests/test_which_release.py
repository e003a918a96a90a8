"""Which release a command means: what it says is the same everywhere, and names those that there are."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from curate.bundle import history
from curate.bundle.history import Yank
from curate.cli import main
from curate.errors import CurateError
from tests.test_versions import release as build

PARTED = {
    "publish": ("publish", "woods@{}", "--to", "out"),
    "record": ("publish", "record", "woods@{}", "--url", "https://example.org/1"),
    "export": ("export", "shopify", "woods@{}"),
    "listing": ("listing", "check", "woods", "--platform", "xianyu", "--version", "{}"),
    "diff": ("diff", "woods", "1.0.0", "{}"),
    "update": ("update", "make", "woods", "1.0.0", "{}"),
    "yank": ("yank", "woods", "{}", "--why", "x"),
}
LATEST = {
    "publish": ("publish", "woods", "--to", "out"),
    "export": ("export", "shopify", "woods"),
    "listing": ("listing", "check", "woods", "--platform", "xianyu"),
    "diff": ("diff", "woods", "1.0.0"),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("which") / "w"
    CliRunner().invoke(main, ["init", str(root)])
    (root / "out").mkdir()
    (root / "curate.toml").write_text('[publish.out]\ntype = "folder"\npath = "out"\n', "utf-8")
    build(root)
    build(root, version="1.1.0-beta.1")
    build(root, version="1.1.0")
    folder = root / "collections" / "woods"
    folder.mkdir(parents=True, exist_ok=True)
    text = 'title = "Woods"\n[[sources]]\ntype = "folder"\npath = "x"\nmatch = "all"\n'
    (folder / "collection.toml").write_text(text, "utf-8")
    return root


@pytest.fixture
def shop(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "w"))


def off_sale(shop: Path, *versions: str) -> None:
    words = [Yank("yank", one, "2026-01-01T00:00:00Z", "ann", "a fault") for one in versions]
    history.words(shop / "build" / "woods").append(words)


def said(shop: Path, words: tuple[str, ...], version: str = "") -> str:
    asked = [word.format(version) for word in words]
    done = CliRunner().invoke(main, [*asked, "--workspace", str(shop)])
    assert done.exit_code == 1, done.output
    return " ".join(done.output.split())


@pytest.mark.parametrize("command", PARTED)
@pytest.mark.parametrize("version", ["9.9.9", "1.1.0+x", "../1.0.0"])
def test_one_that_never_was(shop: Path, command: str, version: str) -> None:
    off_sale(shop, "1.1.0")
    told = said(shop, PARTED[command], version)
    if version == "9.9.9" or command not in ("update", "yank"):
        there = "on sale: 1.0.0, 1.1.0-beta.1; off sale: 1.1.0"
        assert told.startswith(f"Error: woods has no release {version} Hint: {there}")
    else:  # these take nothing but a version
        assert f"'{version}' is not a version" in told


@pytest.mark.parametrize("command", ["publish", "record", "export", "update"])
def test_one_that_is_off_sale(shop: Path, command: str) -> None:
    off_sale(shop, "1.1.0")
    told = said(shop, PARTED[command], "1.1.0")
    assert "woods 1.1.0 is off sale: a fault" in told
    there = "on sale: 1.0.0, 1.1.0-beta.1; off sale: 1.1.0; put it back: "
    assert f"Hint: {there}curate yank woods 1.1.0 --undo" in told


@pytest.mark.parametrize("command", LATEST)
def test_all_are_off_sale(shop: Path, command: str) -> None:
    off_sale(shop, "1.0.0", "1.1.0-beta.1", "1.1.0")
    told = said(shop, LATEST[command])
    assert "Error: no release of woods is on sale" in told
    there = "off sale: 1.0.0, 1.1.0-beta.1, 1.1.0; build the next one: "
    assert f"Hint: {there}curate package woods" in told


@pytest.mark.parametrize("command", {**PARTED, **LATEST})
def test_nothing_is_released(shop: Path, command: str) -> None:
    shutil.rmtree(shop / "build" / "woods")
    told = said(shop, PARTED[command], "1.0.0")
    assert "Error: woods has no release yet" in told
    assert "build one: curate package woods" in told


def test_the_update_and_the_yank_of_no_version_are_not_those_of_the_latest(shop: Path) -> None:
    for words in (PARTED["yank"], PARTED["update"]):
        assert "'' is not a version" in said(shop, words, "")
    assert history.yanked(shop / "build" / "woods") == {}


def test_from_above_a_folder_is_enough(shop: Path) -> None:
    home = shop / "build" / "woods"
    assert history.chosen(home) == home / history.latest(home) == home / "1.1.0"
    off_sale(shop, "1.1.0")
    assert history.chosen(home) == home / "1.0.0"
    assert history.chosen(home, "1.1.0", off_sale=True) == home / "1.1.0"
    with pytest.raises(CurateError, match="off sale"):
        history.chosen(home, "1.1.0")


def test_many_are_not_all_named(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / "woods" / f"1.{number}.0").mkdir(parents=True)
        (tmp_path / "woods" / f"1.{number}.0" / history.RECORD).touch()
    with pytest.raises(CurateError) as caught:
        history.chosen(tmp_path / "woods", "2.0.0")
    assert caught.value.hint.startswith("on sale: … 1.10.0, 1.11.0")

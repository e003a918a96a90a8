"""The folder collector: what it finds, in which order, and what it says about the rest."""

from __future__ import annotations

import os
import socket
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate import config
from curate.collection import Collection, _options
from curate.collectors import Context
from curate.collectors.folder import FolderCollector, FolderSource
from curate.collectors.patterns import matcher
from curate.errors import ConfigError, CurateError
from curate.model import Candidate, Trouble
from tests.material import material


def walk(root: Path, **options: object) -> list[Candidate | Trouble]:
    source = FolderSource(path=str(root), **options)  # type: ignore[arg-type]
    return list(FolderCollector(source, Context(root)).candidates(lambda locator: None))


def locators(found: list[Candidate | Trouble]) -> list[str]:
    return [one.locator for one in found if isinstance(one, Candidate)]


def troubles(found: list[Candidate | Trouble]) -> dict[str, str]:
    return {one.locator: str(one.reason) for one in found if isinstance(one, Trouble)}


def fill(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name, encoding="utf-8")


def test_files_come_in_order_with_what_the_folder_knows(tmp_path: Path) -> None:
    fill(tmp_path, "b/two.PDF", "b/one.txt", "a.tar.gz", "资料/图.png")
    os.utime(tmp_path / "a.tar.gz", (1_700_000_000, 1_700_000_000))
    found = walk(tmp_path)
    assert locators(found) == ["a.tar.gz", "b/one.txt", "b/two.PDF", "资料/图.png"]
    first, third = found[0], found[2]
    assert isinstance(first, Candidate) and isinstance(third, Candidate)
    assert (first.said.modified, first.local) == ("2023-11-14T22:13:20Z", True)
    assert third.suffix == ".pdf"
    with third.open() as stream:
        assert stream.read() == b"b/two.PDF"


def test_stamp_tells_another_version_with_the_same_size(tmp_path: Path) -> None:
    fill(tmp_path, "a.txt")
    before = walk(tmp_path)
    assert [one.stamp for one in walk(tmp_path)] == [one.stamp for one in before]  # type: ignore[union-attr]
    (tmp_path / "new").write_text("A.TXT", encoding="utf-8")
    (tmp_path / "new").replace(tmp_path / "a.txt")
    assert walk(tmp_path)[0].stamp != before[0].stamp  # type: ignore[union-attr]


def test_hidden_files_and_litter_are_left_out(tmp_path: Path) -> None:
    fill(
        tmp_path,
        ".git/config",
        ".DS_Store",
        "Thumbs.db",
        "~$a.docx",
        "__MACOSX/a",
        "a.docx",
    )
    assert locators(walk(tmp_path)) == ["a.docx"]


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        (["**"], [], ["a.pdf", "docs/B.PDF", "docs/deep/c.pdf", "docs/note.txt", "drafts/d.pdf"]),
        (["*.pdf"], [], ["a.pdf", "docs/B.PDF", "docs/deep/c.pdf", "drafts/d.pdf"]),
        (["/*.pdf"], [], ["a.pdf"]),
        (["docs"], [], ["docs/B.PDF", "docs/deep/c.pdf", "docs/note.txt"]),
        (["docs/*.pdf"], [], ["docs/B.PDF"]),
        (["docs/**/*.pdf"], [], ["docs/B.PDF", "docs/deep/c.pdf"]),
        (["[!ab].pdf"], [], ["docs/deep/c.pdf", "drafts/d.pdf"]),
        (["?.pdf"], ["drafts", "deep/"], ["a.pdf", "docs/B.PDF"]),
        (["**"], ["docs/**", "drafts/**"], ["a.pdf"]),
        ([], [], []),
    ],
)
def test_globs(tmp_path: Path, include: list[str], exclude: list[str], expected: list[str]) -> None:
    fill(tmp_path, "a.pdf", "docs/B.PDF", "docs/note.txt", "docs/deep/c.pdf", "drafts/d.pdf")
    assert locators(walk(tmp_path, include=tuple(include), exclude=tuple(exclude))) == expected


NAME = st.text(st.characters(exclude_characters="/*?[", exclude_categories=["Cs"]), min_size=1)


@given(st.lists(NAME.filter(lambda name: name not in {".", ".."}), min_size=1, max_size=4), NAME)
def test_a_plain_path_matches_itself_and_what_is_below(parts: list[str], below: str) -> None:
    path = "/".join(parts)
    matches = matcher([f"/{path}"])
    assert matches(path)
    assert matches(f"{path}/{below}")
    assert not matches(f"{path}x")
    assert matcher([parts[-1]])(path)


@pytest.mark.parametrize("pattern", ["", "/", "[abc", "[z-a]"])
def test_a_bad_glob_is_a_problem_of_the_configuration(pattern: str) -> None:
    table = {"title": "x", "sources": [{"type": "folder", "path": "m", "exclude": [pattern]}]}
    with pytest.raises(ConfigError, match="the pattern"):
        config.parse(table, Collection, "collection.toml", None, _options)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems fold normal forms themselves")
def test_names_are_nfc_except_where_two_would_be_one(tmp_path: Path) -> None:
    composed, decomposed = "é.txt", unicodedata.normalize("NFD", "é.txt")
    fill(tmp_path, f"one/{decomposed}", f"two/{composed}", f"two/{decomposed}")
    found = walk(tmp_path)
    assert locators(found) == [f"one/{composed}", f"two/{decomposed}", f"two/{composed}"]
    for one in found:
        assert isinstance(one, Candidate)
        one.open().close()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    fill(tmp_path, "good.txt")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xd6\xd0.txt")).write_text("x")
    found = walk(tmp_path)
    assert locators(found) == ["good.txt"]
    assert troubles(found) == {"\\udcd6\\udcd0.txt": "its name is not valid UTF-8; rename it"}


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_links_are_followed_only_inside(tmp_path: Path) -> None:
    root = tmp_path / "root"
    fill(root, "real/a.txt")
    fill(tmp_path, "secret.txt", "root-of-another/b.txt")
    (root / "alias.txt").symlink_to(root / "real/a.txt")
    (root / "copy").symlink_to("real")
    (root / "real/up").symlink_to("..")
    (root / "self").symlink_to("self")
    (root / "gone").symlink_to("nowhere")
    (root / "out.txt").symlink_to("../secret.txt")
    (root / "sibling").symlink_to("../root-of-another")
    found = walk(root)
    assert locators(found) == ["alias.txt", "copy/a.txt", "real/a.txt"]
    told = troubles(found)
    assert told.keys() == {"copy/up", "gone", "out.txt", "real/up", "self", "sibling"}
    assert told["out.txt"] == told["sibling"] == "it is a link that leads out of the folder"
    assert not any(one.retry for one in found if isinstance(one, Trouble) and "out" in one.locator)


@pytest.mark.skipif(sys.platform == "win32", reason="no such files there")
def test_what_is_no_file_or_holds_nothing_is_told(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty.txt").touch()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(tmp_path / "socket"))
        found = walk(tmp_path)
    assert troubles(found) == {
        "empty.txt": "it is empty",
        "pipe": "it is a device or pipe, not a file",
        "socket": "it is a device or pipe, not a file",
    }


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_folder_does_not_stop_the_rest(tmp_path: Path) -> None:
    fill(tmp_path, "closed/a.txt", "open/b.txt")
    (tmp_path / "closed").chmod(0)
    try:
        found = walk(tmp_path)
    finally:
        (tmp_path / "closed").chmod(0o755)
    assert locators(found) == ["open/b.txt"]
    assert troubles(found) == {"closed": "no permission to read it"}


def test_folders_may_nest_deeper_than_recursion_would(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("paths are shorter there")
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("f", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)
    try:
        found = walk(tmp_path)
    finally:  # pytest's own clean-up recurses
        while (tmp_path / "d/d").exists():
            (tmp_path / "d/d").rename(tmp_path / "below")
            (tmp_path / "d").rmdir()
            (tmp_path / "below").rename(tmp_path / "d")
    assert list(troubles(found).values()) == ["it is empty"]


def test_a_file_that_vanished_is_an_error_of_its_own(tmp_path: Path) -> None:
    fill(tmp_path, "a.txt")
    (found,) = walk(tmp_path)
    (tmp_path / "a.txt").unlink()
    assert isinstance(found, Candidate)
    with pytest.raises(CurateError, match=r"a\.txt cannot be read"):
        found.open()


@pytest.mark.parametrize("name", ["missing", "file"])
def test_a_root_that_is_no_folder_is_an_error_with_a_hint(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(CurateError) as caught:
        walk(tmp_path / name)
    assert caught.value.hint


def test_the_path_starts_at_the_collection(tmp_path: Path) -> None:
    fill(tmp_path, "material/a.txt")
    source = FolderSource(path="material")
    found = list(FolderCollector(source, Context(tmp_path)).candidates(lambda locator: None))
    assert (locators(found), source.place) == (["a.txt"], "material")


def test_a_real_mixed_folder_is_found_whole() -> None:
    root = material("documents")
    files = sum(
        1
        for path in root.rglob("*")
        if path.is_file()
        and path.stat().st_size
        and not any(part.startswith(".") for part in path.relative_to(root).parts)
    )
    found = walk(root)
    assert len(locators(found)) == files
    assert len(set(locators(found))) == files

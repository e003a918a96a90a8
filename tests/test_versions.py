"""Versions: what number follows, what the changelog tells, what differs, and what is off sale."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from curate import signing
from curate.bundle import Changes, Release, difference, history, package, verify, versions
from curate.bundle import release as making_of
from curate.bundle.history import Yank
from curate.bundle.updates import applying, making
from curate.cli import main
from curate.collection import Category, Listing, Packing
from curate.errors import CurateError
from curate.model import Decision
from curate.pipeline.versions import compared
from curate.workspace import Workspace
from tests.test_bundle import ITEMS, item, request, state, unpacked
from tests.test_bundle import page as as_written

NEW = item("new.txt", "Something else entirely. " * 9)
PLAIN = Packing(pdf=False)


def release(
    folder: Path, items: Any = ITEMS, version: str = "", signed: bool = False, **more: Any
) -> Release:
    """Without PDFs, unless ``more`` says so; ``signed``: by a key that lies in ``folder``."""
    asked = request(folder / "collections" / "woods", items, **({"bundle": PLAIN} | more))
    if signed:
        keys = folder / "keys"
        signer = signing.load(keys) or signing.create(keys)
        asked = dataclasses.replace(asked, signer=signer)
    return package(asked, folder / "build", version)


def take_off(folder: Path, version: str, why: str = "not ours to sell") -> None:
    when = "2026-01-01T00:00:00Z"
    history.words(folder / "build" / "woods").append([Yank("yank", version, when, "ann", why)])


def put_back(folder: Path, version: str) -> None:
    history.words(folder / "build" / "woods").append([Yank("undo", version, "", "ann")])


def page(made: Release, name: str) -> str:
    return as_written(made, name).replace("\\", "")


# What is a new version


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"bundle": Packing(pdf=True)}, id="pdf"),
        pytest.param({"bundle": Packing(1, pdf=False)}, id="volume_mb"),
        pytest.param(
            {"items": (replace(ITEMS[0], lead="Once upon a time"), *ITEMS[1:])}, id="lead"
        ),
        pytest.param({"tutorial": "# How to walk"}, id="chapter"),
        pytest.param({"listing": Listing(price="3")}, id="price"),
        pytest.param({"signed": True}, id="key"),
    ],
)
def test_what_changes_nothing_but_pages_is_a_patch_and_its_bytes_are_others(
    tmp_path: Path, other: dict[str, Any]
) -> None:
    first, again, second = release(tmp_path), release(tmp_path), release(tmp_path, **other)
    assert again.unchanged
    assert (second.version, second.unchanged, bool(second.changes)) == ("1.0.1", False, False)
    assert second.sha256 != first.sha256
    assert release(tmp_path, **other).unchanged


def test_what_a_listing_is_checked_for_is_no_new_version(tmp_path: Path) -> None:
    release(tmp_path)
    checked = Listing(platforms=("xianyu",), claims={"used by 300 schools": "invoices"})
    assert release(tmp_path, listing=checked).unchanged


def test_pages_that_newer_code_makes_are_a_patch_and_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert release(tmp_path).version == "1.0.0"
    monkeypatch.setattr(making_of, "FORMAT", making_of.FORMAT + 1)
    second = release(tmp_path)
    assert (second.version, second.changes) == ("1.0.1", Changes())
    assert "The files are the same" in page(second, "CHANGELOG.md")
    assert release(tmp_path).unchanged


def test_a_release_of_an_earlier_format_is_read_compared_and_followed(tmp_path: Path) -> None:
    first = release(tmp_path)
    path = first.folder / history.RECORD
    record = json.loads(path.read_bytes())
    record["format"] = 2
    record["counts"] = {"items": 3}  # nobody ever read them
    del record["more"]
    for step in record["history"]:
        for added in ("groups", "since", "yanked"):
            del step[added]
    path.write_text(json.dumps(record), "utf-8")
    old = history.read(first.folder)
    assert [one.file for one in old.archives] == [first.archive.name]
    assert release(tmp_path).unchanged
    second = release(tmp_path, (*ITEMS, NEW))
    assert (second.version, second.changes.added) == ("1.1.0", ("01-Guides/new.txt",))
    told = page(second, "CHANGELOG.md")
    assert told.index("## 1.1.0") < told.index("## 1.0.0")
    found = compared(Workspace(tmp_path), ("woods", "1.0.0", "1.1.0"))
    assert found.changes == second.changes
    assert verify(first.folder) == []


# Off sale


def test_the_latest_is_the_highest_that_is_on_sale(tmp_path: Path) -> None:
    home = tmp_path / "build" / "woods"
    assert history.latest(home) == history.parent(home) == ""
    for version in ("1.0.0", "1.10.0", "1.9.0", "2.0.0-beta.1"):
        (home / version).mkdir(parents=True)
        (home / version / "release.json").write_text("{}")
    assert (history.latest(home), history.parent(home)) == ("1.10.0", "2.0.0-beta.1")
    take_off(tmp_path, "1.10.0")
    take_off(tmp_path, "2.0.0-beta.1")
    assert (history.latest(home), history.parent(home)) == ("1.9.0", "1.9.0")
    assert list(history.yanked(home)) == ["1.10.0", "2.0.0-beta.1"]
    put_back(tmp_path, "1.10.0")
    assert history.latest(home) == "1.10.0"
    for version in versions(tmp_path / "build", "woods"):
        take_off(tmp_path, version)
    assert (history.latest(home), history.parent(home)) == ("", "2.0.0-beta.1")


def test_what_was_taken_off_sale_is_no_parent_and_its_number_is_not_used_again(
    tmp_path: Path,
) -> None:
    first = release(tmp_path)
    second = release(tmp_path, (*ITEMS, NEW))
    before = state(second.folder)
    take_off(tmp_path, "1.1.0")
    third = release(tmp_path, (*ITEMS, item("other.txt", "Other words. " * 20)))
    assert (first.version, second.version, third.version) == ("1.0.0", "1.1.0", "1.2.0")
    record = history.read(third.folder)
    assert record.parent == "1.0.0"
    assert third.changes.added == ("01-Guides/other.txt",)
    assert not third.changes.removed  # what only 1.1.0 had was never promised
    told = page(third, "CHANGELOG.md")
    assert "## 1.1.0 (off sale)" in told
    assert "Taken off sale: not ours to sell" in told
    assert "Compared with 1.0.0." in told
    assert [one.version for one in record.history] == ["1.2.0", "1.1.0", "1.0.0"]
    assert state(second.folder) == before


def test_the_content_of_a_yanked_release_is_not_released_again(tmp_path: Path) -> None:
    release(tmp_path)
    release(tmp_path, (*ITEMS, NEW))
    take_off(tmp_path, "1.1.0")
    with pytest.raises(CurateError, match=r"1\.1\.0 and taken off sale: not ours") as fault:
        release(tmp_path, (*ITEMS, NEW))
    assert "--undo" in fault.value.hint
    assert release(tmp_path).unchanged  # what 1.0.0 holds is on sale
    take_off(tmp_path, "1.0.0")
    with pytest.raises(CurateError, match=r"1\.0\.0 and taken off sale"):
        release(tmp_path)
    put_back(tmp_path, "1.1.0")
    assert release(tmp_path, (*ITEMS, NEW)).unchanged


def test_a_damaged_journal_is_told_and_a_cut_line_was_never_said(tmp_path: Path) -> None:
    release(tmp_path)
    take_off(tmp_path, "1.0.0")
    path = tmp_path / "build" / "woods" / history.YANKED
    path.write_bytes(path.read_bytes() + b'{"verb":"undo","ver')
    assert history.latest(path.parent) == ""
    path.write_bytes(b"nonsense\n" + path.read_bytes())
    with pytest.raises(CurateError, match=r"yanked\.jsonl:1 is not a yank"):
        history.latest(path.parent)


# The changelog


def test_the_changelog_tells_counts_and_sizes_by_category(tmp_path: Path) -> None:
    many = [item(f"c{n}.csv", f"a,{n}\n" * 200, category="data", format="csv") for n in range(70)]
    release(tmp_path)
    second = release(tmp_path, (*ITEMS, NEW, *many))
    told = page(second, "CHANGELOG.md")
    size = sum(one.size for one in many)
    assert f"### Added (71, {(size + NEW.size) / 1000:.1f} KB)" in told
    assert f"**Guides (1, {NEW.size} B)**\n\n- new\n" in told
    assert f"**Data & tables (70, {size / 1000:.1f} KB)**" in told
    assert told.count("\n- c") == 25
    assert "… and 45 more" in told
    assert told.index("## 1.1.0") < told.index("## 1.0.0")
    moved = [replace(one, name=f"d-{one.name}") for one in many[:2]]
    third = release(tmp_path, (*ITEMS, NEW, *moved, *many[2:]))
    assert "- 02-Data & tables/c0.csv → 02-Data & tables/d-c0.csv" in page(third, "CHANGELOG.md")


def test_the_changelog_speaks_chinese(tmp_path: Path) -> None:
    zh: dict[str, Any] = {"language": "zh", "categories": (Category("guides", "指南"),)}
    release(tmp_path, **zh)
    release(tmp_path, (*ITEMS, NEW), **zh)
    take_off(tmp_path, "1.1.0", "无权出售")
    told = page(release(tmp_path, (*ITEMS, item("甲.txt", "甲乙丙" * 50)), **zh), "CHANGELOG.md")
    for line in (
        "### 新增（1 个，450 B）",
        "**指南（1 个，450 B）**",
        "已下架，原因：无权出售",
        "与 1.0.0 相比。",
    ):
        assert line in told


# Differences


def test_the_same_is_found_in_folders_archives_and_unpacked(tmp_path: Path) -> None:
    relicensed = replace(ITEMS[1], decision=Decision("allow", "MIT", holder="Bo"))
    first = release(tmp_path)
    renamed = replace(ITEMS[2], name="hiss.bin")
    second = release(tmp_path, (relicensed, renamed, NEW))
    there = {
        "folders": (first.folder, second.folder),
        "archives": (first.archive, second.archive),
        "unpacked": (unpacked(first, tmp_path / "a"), unpacked(second, tmp_path / "b")),
        "mixed": (first.folder, unpacked(second, tmp_path / "c")),
    }
    for how, (old, new) in there.items():
        found = difference.compare(difference.read(old), difference.read(new))
        changes = found.changes
        assert changes.added == ("01-Guides/new.txt",), how
        assert changes.removed == ("01-Guides/walden.txt",), how
        assert changes.moved == (("99-Other/noise.bin", "99-Other/hiss.bin"),), how
        assert changes.relicensed == ("02-Data & tables/numbers.csv",), how
        assert found.following == "2.0.0", how
        assert (found.old.name, found.old.version) == ("woods", "1.0.0"), how
        titles = {file.path: file.title for file in found.new.files}
        assert titles["01-Guides/new.txt"] == "new", how


def test_a_bag_of_somebody_else_is_compared_by_its_manifest(tmp_path: Path) -> None:
    sides = []
    for name, text in (("a", b"one"), ("b", b"two")):
        folder = tmp_path / name
        (folder / "data").mkdir(parents=True)
        (folder / "data" / "x y.txt").write_bytes(text)
        (folder / "bagit.txt").write_text("BagIt-Version: 0.97\n")
        row = f"{hashlib.md5(text).hexdigest()}  data/x y.txt\n"
        (folder / "manifest-md5.txt").write_text(row)
        sides.append(difference.read(folder))
    found = difference.compare(*sides)
    assert (found.changes.changed, found.following) == (("x y.txt",), "")
    with pytest.raises(CurateError, match="cannot be compared"):
        difference.compare(sides[0], difference.read(release(tmp_path).folder))
    (tmp_path / "a" / "manifest-md5.txt").write_text("no line\n")
    with pytest.raises(CurateError, match=r"manifest-md5\.txt:1"):
        difference.read(tmp_path / "a")


@pytest.mark.parametrize("text", ["{", "[]", '{"@graph": [1, {"@id": 3}]}', '{"@graph": 5}'])
def test_a_description_that_makes_no_sense_is_left_aside(text: str, tmp_path: Path) -> None:
    made = unpacked(release(tmp_path), tmp_path / "out")
    (made / "data" / "ro-crate-metadata.json").write_text(text)
    side = difference.read(made)
    assert (side.name, side.version, len(side.files)) == ("woods", "1.0.0", 3)


# Parts


def test_parts_are_updated_one_by_one_where_they_correspond(tmp_path: Path) -> None:
    def noise(n: int) -> Any:
        data = hashlib.shake_128(str(n).encode()).digest(90_000)
        category = ("guides", "data")[n % 2]
        return item(f"n{n:02}.bin", data, kind="other", format="bin", category=category)

    def made(numbers: range) -> Release:
        asked = request(
            tmp_path / "woods", [noise(n) for n in numbers], bundle=Packing(volume_mb=1, pdf=False)
        )
        return package(asked, tmp_path / "build")

    first, second, third = made(range(18)), made(range(1, 18)), made(range(1, 40))
    home = tmp_path / "build" / "woods"
    assert len(first.archives) == len(second.archives) < len(third.archives)
    packs = making.make(home, first.version, second.version)
    assert len(packs.made) == len(first.archives)
    for old, new, pack in zip(first.archives, second.archives, packs.made, strict=True):
        place = tmp_path / old.top
        for archived, folder in ((old, place / "old"), (new, place / "new")):
            with zipfile.ZipFile(archived.path) as archive:
                archive.extractall(folder)
        done = applying.update(place / "old" / old.top, pack.path)
        assert done.folder.name == new.top
        assert files(done.folder) == files(place / "new" / new.top)
    why = making.make(home, second.version, third.version).why
    assert "do not correspond" in str(why)


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


# Commands


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with two releases of one collection."""
    root = tmp_path_factory.mktemp("shop") / "w"
    run("init", root)
    release(root)
    asked = request(root / "collections" / "woods", (*ITEMS[1:], NEW), bundle=PLAIN)
    package(asked, root / "build")
    return root


def run(*words: object, code: int = 0) -> Result:
    done = CliRunner().invoke(main, [str(word) for word in words])
    assert done.exit_code == code, done.output
    return done


def test_diff_shows_titles_sizes_and_the_number_that_follows(shop: Path) -> None:
    shown = run("diff", "woods", "1.0.0", "2.0.0", "--workspace", shop).output
    assert "diff woods 1.0.0 → woods 2.0.0" in shown
    assert f"+ Guides / new ({NEW.size} B)" in shown
    assert "- Guides / walden (840 B)" in shown
    assert "1.0.0 is followed by 2.0.0" in shown
    assert run("diff", "woods", "1.0.0", "--workspace", shop).output == shown
    told = json.loads(
        run("diff", shop / "build/woods/1.0.0", shop / "build/woods/2.0.0", "--json").output
    )
    assert (told["next"], [one["title"] for one in told["added"]]) == ("2.0.0", ["new"])
    assert told["new"]["files"] == 3


def test_diff_of_nothing_says_what_there_is(shop: Path) -> None:
    done = run("diff", "woods", "1.0.0", "3.0.0", "--workspace", shop, code=1)
    assert "woods has no release 3.0.0\nHint: on sale: 1.0.0, 2.0.0;" in done.output
    assert "no release" in run("diff", "nowhere", "1.0.0", "--workspace", shop, code=1).output
    with pytest.raises(CurateError, match="a/b does not exist"):
        compared(None, ["a/b", "c"])
    run("diff", "woods", code=2)


def test_yank_is_told_everywhere_and_taken_back(shop: Path) -> None:
    before = state(shop / "build" / "woods" / "2.0.0")
    said = run(
        "yank", "woods", "2.0.0", "--why", "walden  is missing", "--who", "Ann", "--workspace", shop
    )
    assert "woods 2.0.0 is off sale: walden is missing" in said.output
    assert "the latest release is 1.0.0" in said.output
    assert "off sale: walden is missing" in run("diff", "woods", "1.0.0", "2.0.0", "--workspace", shop).output.replace("was taken ", "")  # fmt: skip
    assert "taken off sale: walden" in run("verify", shop / "build/woods/2.0.0").output
    assert "taken off sale: walden" in run("verify", next(shop.glob("build/woods/2.0.0/*.zip"))).output  # fmt: skip
    again = run("yank", "woods", "2.0.0", "--why", "walden is missing", "--workspace", shop)
    assert "nothing has changed" in again.output
    told = run("yank", "woods", "2.0.0", "--undo", "--workspace", shop).output
    assert "on sale again" in told
    assert "latest release is 2.0.0" in told
    assert state(shop / "build" / "woods" / "2.0.0") == before
    words = history.words(shop / "build" / "woods").entries
    assert (words[0].verb, words[0].who) == ("yank", "Ann")
    run("yank", "woods", "2.0.0", "--workspace", shop, code=2)
    run("yank", "woods", "9.0.0", "--why", "x", "--workspace", shop, code=1)


def test_update_make_leads_from_any_release_to_any_other(shop: Path, tmp_path: Path) -> None:
    shown = run("update", "make", "woods", "1.0.0", "2.0.0", "--workspace", shop, code=1).output
    assert "% of the full archive" in shown  # so small a bundle is mostly pages
    done = run("update", "make", "woods", "1.0.0", "1.0.0", "--workspace", shop, code=1)
    assert "changes nothing" in done.output
    assert "has no release 4.0.0" in run("update", "make", "woods", "1.0.0", "4.0.0", "--workspace", shop, code=1).output  # fmt: skip


def test_the_buyers_command_needs_no_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    big = [item(f"b{n}.bin", hashlib.shake_128(bytes([n])).digest(90_000)) for n in range(9)]
    first, second = release(tmp_path, big), release(tmp_path, [*big, NEW])
    home = tmp_path / "build" / "woods"
    (pack,) = making.make(home, first.version, second.version).made
    (buyer := tmp_path / "buyer").mkdir()
    folder = unpacked(first, buyer)
    copy = shutil.copy(pack.path, buyer)
    monkeypatch.chdir(buyer)
    shown = run("update", folder.name, Path(copy).name).output
    assert "no key vouches" in shown
    assert (buyer / second.archives[0].top / "data/01-Guides/new.txt").is_file()
    told = json.loads(run("update", "apply", folder.name, Path(copy).name, "--json").output)
    assert (told["unchanged"], told["to"]) == (True, "1.1.0")
    (buyer / second.archives[0].top / "data/01-Guides/b3.bin").unlink()
    run("update", folder.name, Path(copy).name, code=1)


def test_a_line_that_names_no_version_puts_nothing_back_on_sale(tmp_path: Path) -> None:
    (tmp_path / history.YANKED).write_text(
        '{"verb":"yank","version":"1.0.0 ","when":"2026-01-01"}\n'
    )
    with pytest.raises(CurateError, match="is not a version"):
        history.yanked(tmp_path)

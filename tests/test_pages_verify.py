"""VERIFY.html in a real browser: it finds what is wrong with an unpacked bundle, and names it."""

from __future__ import annotations

import hashlib
import shutil
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from curate import signing
from curate.bundle import package, verify
from curate.collection import Packing
from tests.browser import DESKTOP, PHONE, browser, faults, opened
from tests.test_bundle import ITEMS, item, request, unpacked

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FileChooser, Page

__all__ = ["browser"]

TAGS = "tagmanifest-sha256.txt"
CHINESE = item("瓦尔登湖 100% é.txt", "我到林中去")


def bundle(folder: Path, signed: bool = True, language: str = "en") -> Path:
    """The folder that a buyer has unpacked."""
    asked = request(
        folder / "woods", [*ITEMS, CHINESE], language=language, bundle=Packing(pdf=False)
    )
    signer = signing.create(folder / "keys") if signed else None
    made = package(replace(asked, signer=signer), folder / "build")
    return unpacked(made, folder / "out")


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return bundle(tmp_path)


@pytest.fixture
def page(browser: Browser, top: Path) -> Iterator[Page]:
    with opened(browser, top / "VERIFY.html") as (page, watch):
        yield page
        assert [url for url in watch.outside if not url.startswith("blob:")] == []
        assert watch.complaints == []


def choose(page: Page, folder: Path) -> str:
    """The verdict on ``folder``, by its colour and heading."""
    page.set_input_files("#folder", folder)
    page.locator("#verdict:not([hidden])").wait_for()
    page.locator("#busy").wait_for(state="hidden")
    kind = (page.locator("#verdict").get_attribute("class") or "").removeprefix("verdict ")
    return f"{kind}: {page.locator('#verdict h2').text_content()}"


def told(page: Page) -> str:
    return page.locator("#verdict").inner_text()


def named(page: Page, kind: str) -> list[str]:
    return page.locator(f"#lists .{kind} code").all_text_contents()


def test_a_whole_and_signed_bundle_is_right(page: Page, top: Path) -> None:
    assert choose(page, top) == "good: All is right"
    count = sum(path.is_file() for path in top.rglob("*")) - 2
    assert f"{count} of {count} files are as they were packed." in told(page)
    assert "the valid signature of the seller: woods 1.0.0" in told(page)
    assert page.evaluate("document.activeElement.id") == "verdict"


def test_a_byte_that_was_flipped_is_named(page: Page, top: Path) -> None:
    (path,) = top.rglob("walden.txt")
    data = bytearray(path.read_bytes())
    data[7] ^= 1
    path.write_bytes(data)
    assert choose(page, top) == "bad: Something is wrong"
    assert named(page, "bad") == [f"{top.name}/data/01-Guides/walden.txt"]


def test_all_that_is_wrong_is_named_at_once(page: Page, top: Path) -> None:
    (top / "TUTORIAL.html").write_text("else", "utf-8")
    next(top.rglob("瓦尔登湖*.txt")).unlink()
    (top / "data" / "setup\u202efdp.exe").write_bytes(b"MZ")
    (top / "notes.txt").write_text("mine", "utf-8")
    assert choose(page, top) == "bad: Something is wrong"
    assert named(page, "bad") == [f"{top.name}/TUTORIAL.html"]
    assert [one.rpartition("/")[2][:4] for one in named(page, "missing")] == ["瓦尔登湖"]
    assert named(page, "extra") == [f"{top.name}/data/setup\ufffdfdp.exe", f"{top.name}/notes.txt"]
    wrong = {one.where for one in verify(top)}
    assert {"TUTORIAL.html", "data/setup\u202efdp.exe", "notes.txt"} <= wrong


def test_a_file_that_came_later_is_named_and_the_others_are_whole(page: Page, top: Path) -> None:
    (top / "data" / "more.txt").write_text("mine", "utf-8")
    assert choose(page, top) == "warn: All files are whole, but there are others among them"
    assert named(page, "extra") == [f"{top.name}/data/more.txt"]


def test_what_systems_leave_in_folders_does_not_matter(page: Page, top: Path) -> None:
    for name in (".DS_Store", "desktop.ini", "data/Thumbs.db", "data/._walden.txt"):
        (top / name).write_bytes(b"junk")
    (top / "__MACOSX" / "data").mkdir(parents=True)
    (top / "__MACOSX" / "data" / "._x").write_bytes(b"junk")
    assert choose(page, top) == "good: All is right"


def test_names_in_another_normal_form_are_the_same_names(page: Page, top: Path) -> None:
    (path,) = top.rglob("瓦尔登湖*.txt")
    other = unicodedata.normalize("NFD", path.name)
    assert other != path.name
    path.rename(path.with_name(other))
    assert choose(page, top) == "good: All is right"


def test_what_only_looks_like_such_leavings_is_named(page: Page, top: Path) -> None:
    strange = ["__MACOSX/setup.exe", "data/._more.html", "data/~$setup.exe"]
    for name in strange:
        (top / name).parent.mkdir(exist_ok=True)
        (top / name).write_bytes(b"MZ")
    (top / "._START-HERE.html").write_bytes(b"junk")  # of a Macintosh, beside a file of ours
    assert choose(page, top) == "warn: All files are whole, but there are others among them"
    assert named(page, "extra") == [f"{top.name}/{name}" for name in strange]


def test_of_two_names_that_look_the_same_one_is_not_the_sellers(page: Page, top: Path) -> None:
    (path,) = top.rglob("瓦尔登湖*.txt")
    twin = path.with_name(unicodedata.normalize("NFD", path.name))
    twin.write_text("another", "utf-8")
    assert choose(page, top) == "warn: All files are whole, but there are others among them"
    assert named(page, "extra") == [f"{top.name}/{twin.relative_to(top).as_posix()}"]


def test_a_whole_bundle_inside_does_not_vouch_for_the_one_around_it(
    page: Page, top: Path, tmp_path: Path
) -> None:
    shutil.copytree(top, tmp_path / "whole")
    shutil.move(tmp_path / "whole", top / "old")
    (top / TAGS).unlink()
    (top / "START-HERE.html").write_text("another", "utf-8")
    assert choose(page, top) == "bad: Something is wrong"
    assert named(page, "missing") == [f"{top.name}/{TAGS}"]
    shutil.rmtree(top / "old")
    assert choose(page, top) == "bad: Something is wrong"
    assert named(page, "missing") == [f"{top.name}/{TAGS}"]


def test_the_folder_around_the_bundle_will_do_and_another_one_will_not(
    page: Page, top: Path, tmp_path: Path
) -> None:
    (top.parent / "holiday.txt").write_text("mine", "utf-8")
    assert choose(page, top.parent) == "good: All is right"
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "a.txt").write_text("a", "utf-8")
    assert choose(page, tmp_path / "empty") == "warn: There is no bundle in this folder"


def resigned(top: Path, change: str) -> None:
    path = top / f"{TAGS}.minisig"
    lines = path.read_text("utf-8").splitlines()
    if change == "gone":
        path.unlink()
        return
    if change == "stolen":
        thief = signing.create(top.parent / "thief")
        path.write_bytes(thief.sign((top / TAGS).read_bytes(), "woods 1.0.0"))
        return
    if change == "comment":
        lines[2] = "trusted comment: woods 9.9.9"
    if change == "cut":
        lines[1] = lines[1][:40]
    path.write_text("\n".join(lines) + "\n", "utf-8")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("gone", "The signature is missing"),
        ("stolen", "The signature is by another key"),
        ("comment", "The signature is wrong"),
        ("cut", "The signature cannot be read"),
    ],
)
def test_a_signature_that_does_not_hold_is_told(
    page: Page, top: Path, change: str, said: str
) -> None:
    resigned(top, change)
    assert choose(page, top) == "bad: Something is wrong"
    assert said in told(page)


def test_checksums_that_were_made_anew_do_not_pass_the_signature(page: Page, top: Path) -> None:
    path = top / "CONTENTS.md"
    old = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_text("Nothing else.\n", "utf-8")
    tags = top / TAGS
    new = hashlib.sha256(path.read_bytes()).hexdigest()
    tags.write_bytes(tags.read_bytes().replace(old.encode(), new.encode()))
    assert choose(page, top) == "bad: Something is wrong"
    assert named(page, "bad") == []
    assert "not the one that the seller signed" in told(page)


def test_without_a_key_it_says_that_nobody_vouches(browser: Browser, tmp_path: Path) -> None:
    top = bundle(tmp_path, signed=False, language="zh")
    with opened(browser, top / "VERIFY.html", PHONE) as (page, watch):
        assert "本合集没有签名" in page.inner_text("main")
        assert choose(page, top) == "plain: 文件全部完好"
        assert "无法确认由谁打包" in told(page)
        (top / "data" / "更多.txt").write_text("我的", "utf-8")
        choose(page, top)
        assert named(page, "extra") == [f"{top.name}/data/更多.txt"]
        assert faults(page) == []
        assert watch.complaints == []


@pytest.mark.parametrize(
    ("size", "dark"), [(PHONE, False), (DESKTOP, True)], ids=["phone, light", "desktop, dark"]
)
def test_axe_finds_no_serious_fault(
    browser: Browser, top: Path, size: tuple[int, int], dark: bool
) -> None:
    (top / "notes.txt").write_text("mine", "utf-8")
    with opened(browser, top / "VERIFY.html", size, dark) as (page, _):
        assert faults(page) == []
        choose(page, top)
        assert faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_the_key_and_ways_without_the_page_are_shown(page: Page, top: Path) -> None:
    public = signing.public(top.parent.parent / "keys")
    assert page.locator(".key").text_content() == public
    assert f"minisign -Vm woods-1.0.0.zip -P {public}" in page.inner_text("main")
    assert "could also replace this page" in page.inner_text("main")
    start = (top / "START-HERE.html").read_text("utf-8")
    assert public in start
    assert "woods-1.0.0.zip.sha256" in start


def test_it_works_by_keyboard(page: Page, top: Path) -> None:
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "folder"
    asked: list[FileChooser] = []
    page.on("filechooser", lambda one: asked.append(one))
    for _ in range(20):  # a browser that is just starting may miss the first one
        page.keyboard.press("Enter")
        page.wait_for_timeout(500)
        if asked:
            break
    assert asked[0].element.get_attribute("id") == "folder"


def test_pieces_make_the_checksum_that_the_whole_has(page: Page) -> None:
    """Every length around the ends of blocks, cut in two anywhere."""
    lengths = [*range(130), 1000, 65_537]
    given = page.evaluate(
        """lengths => lengths.map(length => {
            const bytes = new Uint8Array(length).map((_, n) => n * 7 + length), hash = new Sha256();
            hash.update(bytes.subarray(0, length >> 1));
            hash.update(bytes.subarray(length >> 1));
            return hash.hex();
        })""",
        lengths,
    )
    for length, found in zip(lengths, given, strict=True):
        data = bytes((n * 7 + length) % 256 for n in range(length))
        assert found == hashlib.sha256(data).hexdigest(), length


@pytest.mark.slow
def test_a_file_larger_than_browsers_hold_is_read_in_pieces(page: Page, top: Path) -> None:
    """A sparse file of 513 MiB that the manifest lists."""
    path = top / "data" / "01-Guides" / "film.bin"
    with path.open("wb") as file:
        file.truncate(513 * 2**20)
        file.seek(400 * 2**20)
        file.write(b"film")
    with path.open("rb") as file:
        film = hashlib.file_digest(file, "sha256").hexdigest()
    manifest, tags = top / "manifest-sha256.txt", top / TAGS
    old = hashlib.sha256(manifest.read_bytes()).hexdigest()
    with manifest.open("a", encoding="utf-8", newline="\n") as rows:
        rows.write(f"{film}  data/01-Guides/film.bin\n")
    new = hashlib.sha256(manifest.read_bytes()).hexdigest()
    tags.write_bytes(tags.read_bytes().replace(old.encode(), new.encode()))
    page.set_default_timeout(180_000)
    choose(page, top)
    assert named(page, "bad") == named(page, "extra") == []
    total = sum(one.is_file() for one in top.rglob("*")) - 2
    assert f"{total} of {total} files are as they were packed." in told(page)

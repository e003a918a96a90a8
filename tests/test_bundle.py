"""A bundle is made once, the same each time, and holds what its pages say."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import random
import subprocess
import sys
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote

import pytest
from bs4 import BeautifulSoup
from msgspec.structs import replace

from curate.bundle import Release, Request, package, versions
from curate.bundle.archive import stamp
from curate.collection import Category, Collection, Loaded
from curate.errors import CurateError
from curate.model import Decision, Item, LicenseInfo, Message, Omission

GUIDES = (Category("guides", "Guides"), Category("data", "Data & tables"))


def item(name: str, text: str | bytes, **more: Any) -> Item:
    """An item of these bytes."""
    data = text.encode() if isinstance(text, str) else text
    suffix = name.rpartition(".")[2].lower()
    fields: dict[str, Any] = {
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
        "name": name,
        "title": name.rpartition(".")[0],
        "category": "guides",
        "format": suffix,
        "kind": "text",
        "mime": "text/plain",
        "language": "en",
        "description": "",
        "keywords": (),
        "properties": {},
        "creators": ("Ann Author",),
        "source": "https://example.org/a",
        "decision": Decision("allow", "CC-BY-4.0", ("attribution",), holder="Ann Author"),
        "credit": f"{name}, Ann Author, CC BY 4.0",
        "open": lambda: io.BytesIO(data),
        "thumbnail": lambda: b"",
    }
    return Item(**(fields | more))


ITEMS = (
    item("walden.txt", "I went to the woods. " * 40, keywords=("nature", "life")),
    item("numbers.csv", "a,b\n1,2\n" * 30, category="data", kind="table", format="csv"),
    item("noise.bin", hashlib.shake_128(b"noise").digest(5000), category="", kind="other"),
)


def request(
    folder: Path, items: Sequence[Item] = ITEMS, tutorial: str = "", **more: Any
) -> Request:
    """What ``package`` is asked for. The collection lies in ``folder`` and is named after it."""
    folder.mkdir(parents=True, exist_ok=True)
    if tutorial:
        (folder / "tutorial.md").write_text(tutorial, "utf-8")
    fields: dict[str, Any] = {"title": "Woods & numbers", "sources": (), "categories": GUIDES}
    collection = Collection(**(fields | more), name=folder.name)
    licenses = {
        "CC-BY-4.0": LicenseInfo(
            "CC-BY-4.0", "Creative Commons Attribution 4.0",
            "https://creativecommons.org/licenses/by/4.0/", "The licence text.",
        )
    }  # fmt: skip
    omitted = Omission("0" * 64, "Left | out", "", Message("no licence"))
    return Request(Loaded(collection, folder), items, (omitted,), licenses)


def release(
    tmp_path: Path, items: Sequence[Item] = ITEMS, version: str = "", **more: Any
) -> Release:
    """A release of ``items`` in ``tmp_path/build``."""
    return package(request(tmp_path / "woods", items, **more), tmp_path / "build", version)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return release(tmp_path_factory.mktemp("whole"))


def unpacked(made: Release, folder: Path) -> Path:
    with zipfile.ZipFile(made.archive) as archive:
        archive.extractall(folder)
    (top,) = folder.iterdir()
    return top


def page(made: Release, name: str) -> str:
    with zipfile.ZipFile(made.archive) as archive:
        top = archive.namelist()[0].partition("/")[0]
        return archive.read(f"{top}/{name}").decode()


def state(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file with its time and bytes."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


# The archive


def test_the_reference_validator_accepts_the_bundle(whole: Release, tmp_path: Path) -> None:
    top = unpacked(whole, tmp_path / "out")
    done = subprocess.run(
        [sys.executable, "-m", "bagit", "--validate", str(top)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_the_archive_is_one_that_every_tool_can_read(whole: Release) -> None:
    with zipfile.ZipFile(whole.archive) as archive:
        assert archive.testzip() is None
        entries = archive.infolist()
    assert {entry.flag_bits for entry in entries} == {0x800}
    assert {entry.compress_type for entry in entries} == {0, 8}
    assert {entry.extra for entry in entries} == {b""}
    assert {entry.date_time for entry in entries} == {time.gmtime(stamp())[:6]}
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}
    assert len({entry.filename for entry in entries}) == len(entries)
    assert {entry.filename.partition("/")[0] for entry in entries} == {"Woods & numbers-1.0.0"}


def test_what_is_left_out_stands_below_one_heading_for_each_reason(tmp_path: Path) -> None:
    near = "it is nearly the same as “{title}” ({score}), which is kept"
    said = [
        Message(near, {"title": "Walden", "score": "0.83"}),
        Message(near, {"title": "Walden", "score": "0.84"}),
        Message("it could not be read: {error}", {"error": "no end"}),
        Message("its kind is “{kind}”, which is not wanted here", {"kind": "audio"}),
        Message("its kind is “{kind}”, which is not wanted here", {"kind": "audio"}),
        Message("{fault}", {"fault": "the server is gone"}),
    ]
    omitted = [Omission(f"{n:064x}", f"Title {9 - n}", "", one) for n, one in enumerate(said)]
    asked = dataclasses.replace(request(tmp_path / "woods"), omissions=omitted)
    made = package(asked, tmp_path / "build")
    lines = (made.folder / "LEFT-OUT.md").read_text("utf-8").replace("\\", "").splitlines()
    assert [line for line in lines if line.startswith("##")] == [
        "## it is nearly the same as “Walden” (…), which is kept (2)",
        "## its kind is “audio”, which is not wanted here (2)",
        "## it could not be read (1)",
        "## the server is gone (1)",
    ]
    rows = [line for line in lines if line.startswith("- ")]
    assert rows[:4] == ["- Title 8 (0.84)", "- Title 9 (0.83)", "- Title 5", "- Title 6"]
    assert rows[4:] == ["- Title 7 (no end)", "- Title 4"]


def test_one_of_a_thing_is_told_as_one(tmp_path: Path) -> None:
    items = [item("a.csv", "a", kind="table", format="csv", properties={"rows": 1})]
    made = release(tmp_path, items)
    pages = {name: page(made, name) for name in ("START-HERE.html", "CONTENTS.md", "LICENSE.md")}
    assert "1 row" in pages["CONTENTS.md"]
    assert "The file in this bundle is here under a licence of its own." in pages["LICENSE.md"]
    assert not [name for name, text in pages.items() if "1 files" in text or "1 rows" in text]


def test_a_release_says_what_it_is(whole: Release) -> None:
    data = whole.archive.read_bytes()
    assert (whole.name, whole.version, whole.items, whole.unchanged) == ("woods", "1.0.0", 3, False)
    assert whole.archive == whole.folder / "woods-1.0.0.zip"
    assert whole.size == len(data)
    assert whole.sha256 == hashlib.sha256(data).hexdigest()
    sidecar = whole.folder / "woods-1.0.0.zip.sha256"
    assert sidecar.read_bytes() == f"{whole.sha256}  woods-1.0.0.zip\n".encode()
    assert "Left \\| out" in (whole.folder / "LEFT-OUT.md").read_text("utf-8")
    assert "Left" not in page(whole, "CONTENTS.md")
    assert page(whole, "LICENSES/CC-BY-4.0.txt") == "The licence text.\n"
    assert "](LICENSES/CC-BY-4.0.txt)" in page(whole, "LICENSES.md")
    assert "Ann Author" in page(whole, "ATTRIBUTION.md")


def test_the_same_content_gives_the_same_bytes(
    whole: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shuffled = list(ITEMS)
    random.Random(3).shuffle(shuffled)
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    if hasattr(time, "tzset"):
        time.tzset()
    try:
        again = package(
            request(tmp_path / "elsewhere" / "woods", [*shuffled, shuffled[0]]), tmp_path / "made"
        )
    finally:
        monkeypatch.undo()
        if hasattr(time, "tzset"):
            time.tzset()
    assert {path.name: path.read_bytes() for path in again.folder.iterdir()} == {
        path.name: path.read_bytes() for path in whole.folder.iterdir()
    }


def test_items_of_the_same_bytes_are_packed_once_and_told_the_same_way(tmp_path: Path) -> None:
    one = item("a.txt", "same", source="https://example.org/1", category="data")
    other = replace(one, source="https://example.org/2", category="guides")
    first = release(tmp_path / "1", (one, other))
    second = release(tmp_path / "2", (other, one))
    assert first.items == 1
    assert first.sha256 == second.sha256


def test_progress_counts_to_the_number_of_items(tmp_path: Path) -> None:
    seen: list[int] = []
    package(request(tmp_path / "woods"), tmp_path / "build", progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == len(ITEMS)


# Versions


def test_the_first_version_and_the_same_content_again(tmp_path: Path) -> None:
    assert release(tmp_path).version == "1.0.0"
    before = state(tmp_path / "build")
    for version in ("", "1.0.0"):
        again = release(tmp_path, ITEMS[::-1], version)
        assert (again.version, again.unchanged, bool(again.changes)) == ("1.0.0", True, False)
        assert again.archive.is_file()
    assert state(tmp_path / "build") == before


NEW = item("new.txt", "new")
FREE = Decision("allow", "CC0-1.0")


@pytest.mark.parametrize(
    ("items", "version", "field", "paths"),
    [
        pytest.param((*ITEMS, NEW), "1.1.0", "added", ("01-Guides/new.txt",), id="added"),
        pytest.param(ITEMS[1:], "2.0.0", "removed", ("01-Guides/walden.txt",), id="removed"),
        pytest.param(
            (item("walden.txt", "other"), *ITEMS[1:]),
            "1.0.1", "changed", ("01-Guides/walden.txt",), id="other bytes",
        ),
        pytest.param(
            (replace(ITEMS[0], description="About woods."), *ITEMS[1:]),
            "1.0.1", "changed", ("01-Guides/walden.txt",), id="other words",
        ),
        pytest.param(
            (replace(ITEMS[0], name="pond.txt"), *ITEMS[1:]),
            "2.0.0", "moved", (("01-Guides/walden.txt", "01-Guides/pond.txt"),), id="renamed",
        ),
        pytest.param(
            (replace(ITEMS[0], category="data"), *ITEMS[1:]),
            "2.0.0", "moved", (("01-Guides/walden.txt", "02-Data & tables/walden.txt"),), id="moved",
        ),
        pytest.param(
            (replace(ITEMS[0], decision=FREE), *ITEMS[1:]),
            "2.0.0", "relicensed", ("01-Guides/walden.txt",), id="relicensed",
        ),
        pytest.param(
            (*ITEMS[1:], NEW), "2.0.0", "added", ("01-Guides/new.txt",), id="added and removed"
        ),
    ],
)  # fmt: skip
def test_the_next_version_follows_from_what_changed(
    tmp_path: Path, items: Sequence[Item], version: str, field: str, paths: object
) -> None:
    first = release(tmp_path)
    kept = state(first.folder)
    second = release(tmp_path, items)
    assert second.version == version
    assert getattr(second.changes, field) == paths
    assert f"## {version}" in page(second, "CHANGELOG.md").replace("\\", "")
    assert versions(tmp_path / "build", "woods") == ["1.0.0", version]
    assert state(first.folder) == kept


def test_a_version_can_be_chosen(tmp_path: Path) -> None:
    assert release(tmp_path, version="2.0.0-rc.1").version == "2.0.0-rc.1"
    assert release(tmp_path, (*ITEMS, NEW)).version == "2.0.0"
    assert release(tmp_path, ITEMS, "2.10.0").version == "2.10.0"
    assert release(tmp_path, (*ITEMS, NEW), "2.11.0-9").version == "2.11.0-9"
    assert versions(tmp_path / "build", "woods") == ["2.0.0-rc.1", "2.0.0", "2.10.0", "2.11.0-9"]


@pytest.mark.parametrize(
    ("version", "message", "hint"),
    [
        ("1.2.0", "is released with other content", "1.2.1 is free"),
        ("1.1.9", "is not higher than 1.2.0", "1.2.1 is free"),
        ("1.2.0-beta", "is not higher than 1.2.0", "1.2.1 is free"),
        ("1.3", "is not a version", "MAJOR.MINOR.PATCH"),
        ("v1.3.0", "is not a version", "semver.org"),
        ("1.03.0", "is not a version", "semver.org"),
        ("../../1.3.0", "is not a version", "semver.org"),
        ("１.３.０", "is not a version", "semver.org"),
    ],
)
def test_a_version_that_cannot_be(tmp_path: Path, version: str, message: str, hint: str) -> None:
    release(tmp_path, version="1.2.0")
    before = state(tmp_path / "build")
    with pytest.raises(CurateError) as caught:
        release(tmp_path, (*ITEMS, NEW), version)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert state(tmp_path / "build") == before


# What goes wrong leaves nothing behind


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    stale = tmp_path / "build" / "woods" / ".tmp-1.0.0"
    stale.mkdir(parents=True)
    (stale / "woods-1.0.0.zip").write_bytes(b"half")
    made = release(tmp_path)
    assert [path.name for path in made.folder.parent.iterdir()] == ["1.0.0"]


def test_nothing_to_package(tmp_path: Path) -> None:
    with pytest.raises(CurateError) as caught:
        release(tmp_path, ())
    assert "nothing to package in 'woods'" in caught.value.message
    assert "1 × no licence" in caught.value.message
    assert not (tmp_path / "build").exists()


def _gone() -> IO[bytes]:
    raise FileNotFoundError(2, "No such file or directory")


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (replace(NEW, open=lambda: io.BytesIO(b"nww")), "is damaged"),
        (replace(NEW, open=lambda: io.BytesIO(b"")), "is damaged"),
        (replace(NEW, open=_gone), "cannot be read from the library"),
    ],
    ids=["other bytes", "cut short", "missing"],
)
def test_a_damaged_library_object_is_named_and_nothing_is_released(
    tmp_path: Path, broken: Item, message: str
) -> None:
    with pytest.raises(CurateError) as caught:
        release(tmp_path, (*ITEMS, broken))
    assert "'new'" in caught.value.message
    assert message in caught.value.message
    assert NEW.sha256 in str(caught.value.message + caught.value.hint)
    assert list((tmp_path / "build" / "woods").iterdir()) == []


def test_a_listing_that_fails_leaves_no_release(tmp_path: Path) -> None:
    def fails(made: Release, folder: Path) -> None:
        raise CurateError("no listing")

    asked = dataclasses.replace(request(tmp_path / "woods"), listings=(fails,))
    with pytest.raises(CurateError, match="no listing"):
        package(asked, tmp_path / "build")
    assert versions(tmp_path / "build", "woods") == []
    assert list((tmp_path / "build" / "woods").iterdir()) == []


def test_listings_lie_in_the_release(tmp_path: Path) -> None:
    def lists(made: Release, folder: Path) -> None:
        (folder / "page.txt").write_text(f"{made.version} {made.size}")

    made = package(
        dataclasses.replace(request(tmp_path / "woods"), listings=(lists,)), tmp_path / "build"
    )
    assert (made.folder / "listing" / "page.txt").read_text() == f"1.0.0 {made.size}"


# Pages

HOSTILE = '<script>alert(1)</script> & "q" 100% #1?.pdf'


def _dead(top: Path, name: str) -> list[str]:
    """Links and pictures of a page that lead nowhere."""
    soup = BeautifulSoup((top / name).read_text("utf-8"), "html.parser")
    dead = []
    for tag in soup.find_all(True):
        for link in filter(None, (tag.get("href"), tag.get("src"))):
            path, _, fragment = str(link).partition("#")
            if path.startswith(("http://", "https://", "mailto:")) and tag.name == "a":
                continue
            target = top / unquote(path) if path else top / name
            if not target.is_file():
                dead.append(str(link))
            elif fragment and target.suffix == ".html":
                ids = BeautifulSoup(target.read_text("utf-8"), "html.parser")
                if ids.find(id=unquote(fragment)) is None:
                    dead.append(str(link))
    return dead


def test_hostile_words_do_no_harm_on_pages(tmp_path: Path) -> None:
    words: dict[str, Any] = {
        "title": HOSTILE, "description": HOSTILE, "credit": HOSTILE, "creators": (HOSTILE,),
        "keywords": (HOSTILE,), "thumbnail": lambda: b"\xff\xd8picture", "format": "pdf",
        "kind": "document",
    }  # fmt: skip
    items = (
        item(HOSTILE, "1", **words),
        item("x.pdf", "2", **(words | {"thumbnail": lambda: b"", "category": "data"})),
        item("y: [z](javascript:alert(1)).csv", "a,<script>alert(1)</script>", kind="table"),
    )
    made = release(
        tmp_path, items, title=HOSTILE, description=HOSTILE,
        categories=(Category("guides", HOSTILE), Category("data", "a/../b")),
    )  # fmt: skip
    top = unpacked(made, tmp_path / "out")
    for name in ("START-HERE.html", "TUTORIAL.html"):
        text = (top / name).read_text("utf-8")
        assert "<script>alert" not in text
        soup = BeautifulSoup(text, "html.parser")
        assert all("alert(1)" not in (script.string or "") for script in soup.find_all("script"))
        assert all(not key.startswith("on") for tag in soup.find_all(True) for key in tag.attrs)
        assert _dead(top, name) == []
    shown = BeautifulSoup((top / "START-HERE.html").read_text("utf-8"), "html.parser")
    assert HOSTILE in [tag.get_text() for tag in shown.select(".what b")]
    for name in ("CONTENTS.md", "ATTRIBUTION.md", "CHANGELOG.md"):
        assert "<script>" not in (top / name).read_text("utf-8").replace("\\<", "")
    json.loads((top / "data" / "ro-crate-metadata.json").read_bytes())


def test_every_link_of_the_pages_leads_to_a_file(whole: Release, tmp_path: Path) -> None:
    top = unpacked(whole, tmp_path / "out")
    for name in ("START-HERE.html", "TUTORIAL.html"):
        assert _dead(top, name) == []


def test_a_long_label_is_set_smaller_so_that_its_square_holds_it(tmp_path: Path) -> None:
    made = release(tmp_path, (item("a.md", "a"), item("b.pptx", "b"), item("c.pdf", "c")))
    soup = BeautifulSoup(page(made, "START-HERE.html"), "html.parser")
    tiles = {tile.get_text(): "long" in (tile["class"] or ()) for tile in soup.select(".tile")}
    assert tiles == {"Markdown": True, "PowerPoint": True, "PDF": False}


def test_a_large_bundle_draws_its_list_from_a_data_file(tmp_path: Path) -> None:
    items = [item(f"file {number}.txt", f"{number}") for number in range(2001)]
    items[0] = replace(items[0], title="</script><script>alert(1)</script>\u2028")
    made = release(tmp_path, items)
    script = page(made, "assets/toc-data.js")
    assert "<" not in script
    assert "\u2028" not in script
    rows = json.loads(script.removeprefix("window.TOC=").removesuffix(";\n"))
    assert len(rows) == 2001
    soup = BeautifulSoup(page(made, "START-HERE.html"), "html.parser")
    assert len(soup.select(".cards li")) == 24
    assert "window.TOC" not in page(made, "TUTORIAL.html")


CHAPTER = """\
# From me

<script>alert(1)</script><b onclick="alert(2)">bold</b> <iframe src="https://evil.example"></iframe>

![far](https://evil.example/pixel.png) ![near](pic.png) ![out](../secret.png) ![net](//host/x.png)

[run](javascript:alert(3)) [data](data:text/html,x) [good](https://example.org/) [drive](//host/x)
<a href="java&#115;cript:alert(4)">x</a> <p style="background:url(https://evil.example)">s</p>
"""


def test_the_sellers_chapter_can_neither_run_code_nor_reach_the_network(tmp_path: Path) -> None:
    (tmp_path / "woods").mkdir()
    (tmp_path / "woods" / "pic.png").write_bytes(b"\x89PNG near")
    (tmp_path / "secret.png").write_bytes(b"\x89PNG secret")
    made = release(tmp_path, tutorial=CHAPTER)
    top = unpacked(made, tmp_path / "out")
    text = (top / "TUTORIAL.html").read_text("utf-8")
    soup = BeautifulSoup(text, "html.parser")
    # What was refused may stand there as text, never as a tag or an attribute.
    attributes = " ".join(str(value) for tag in soup.find_all(True) for value in tag.attrs.values())
    for evil in ("alert", "evil.example", "javascript:", "data:text", "//host"):
        assert evil not in attributes
    assert all("alert(" not in (script.string or "") for script in soup.find_all("script"))
    assert soup.find("iframe") is None
    assert soup.find("b", onclick=True) is None
    assert soup.find("b", string="bold")
    assert soup.find("a", href="https://example.org/")
    near = soup.find("img", alt="near")
    assert near is not None
    assert (top / str(near["src"])).read_bytes() == b"\x89PNG near"
    assert not any(b"secret" in path.read_bytes() for path in (top / "assets").rglob("*.png"))
    assert _dead(top, "TUTORIAL.html") == []


def test_a_chapter_that_is_not_text_is_refused(tmp_path: Path) -> None:
    asked = request(tmp_path / "woods")
    (tmp_path / "woods" / "tutorial.md").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CurateError, match=r"tutorial\.md cannot be read"):
        package(asked, tmp_path / "build")


def test_a_chinese_bundle(tmp_path: Path) -> None:
    items = (item("瓦尔登湖 第一章.txt", "我到林中去"), item("数据.csv", "甲,乙", category="data"))
    asked = request(
        tmp_path / "自然文学-nature", items, title="自然文学资料", language="zh",
        categories=(Category("guides", "指南"), Category("data", "数据")),
    )  # fmt: skip
    made = package(asked, tmp_path / "build")
    assert made.archive.name.isascii()
    assert made.archive.name == "zi-ran-wen-xue-nature-1.0.0.zip"
    with zipfile.ZipFile(made.archive) as archive:
        names = archive.namelist()
    assert "自然文学资料-1.0.0/data/01-指南/瓦尔登湖 第一章.txt" in names
    start = page(made, "START-HERE.html")
    assert 'lang="zh-CN"' in start
    assert "How to use this bundle" not in start
    top = unpacked(made, tmp_path / "out")
    assert _dead(top, "START-HERE.html") == []
    assert _dead(top, "TUTORIAL.html") == []

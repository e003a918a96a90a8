"""CONTENTS.pdf and TUTORIAL.pdf: found by their words, the same bytes everywhere, safe from any title."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pypdfium2
import pytest
from PIL import Image

from curate import signing, typeset
from curate.bundle import Release, package
from curate.bundle.pages import booklets, flow
from curate.collection import Category, Packing
from curate.errors import CurateError
from curate.model import Item
from tests.test_bundle import item, request

HOSTILE = (
    '#import "@preview/x:1.0.0": *',
    "#eval(\"panic()\") #read('/etc/passwd') $E = m c^2$",
    r"back\slash \u{1F600} @ref <label> // comment /* open",
    "= heading *bold* _under_ `code` ] } )",
    "שלום and مرحبا beside English",
    "A title 😀 with 👩‍👩‍👧 and 🇨🇳 in it",
    "<script>alert(1)</script> &amp; {{ template }}",
    "“引号”与——破折号……，以及《书名》",
    "繁體中文：學習資料與機器翻譯",
)
LONG = "Long " + "x" * 295


def read(data: bytes) -> str:
    """The words of a PDF, as a viewer finds them: without line ends and places to break a line."""
    document = pypdfium2.PdfDocument(data)
    pages = (page.get_textpage().get_text_range() for page in document)
    return re.sub(r"[\r\n\u200b\ufffe]+", "", "".join(pages))


def squeezed(words: str) -> str:
    return re.sub(r"\s+", "", words)


def picture(seed: int) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (300, 200), (seed * 37 % 256, 90, 140)).save(data, "JPEG")
    return data.getvalue()


def made(folder: Path, items: Sequence[Item], tutorial: str = "", **more: Any) -> Release:
    asked = request(folder / "woods", items, tutorial, **more)
    signer = signing.load(folder / "keys") or signing.create(folder / "keys")
    return package(dataclasses.replace(asked, signer=signer), folder / "build")


def pdf(release: Release, name: str) -> bytes:
    with zipfile.ZipFile(release.archive) as archive:
        return archive.read(f"{release.archives[0].top}/{name}.pdf")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """In Chinese, with a chapter of the seller's own, hostile titles and pictures."""
    items = [
        item(
            f"{n}.pdf", f"text {n}", title=title, kind="document",
            thumbnail=lambda n=n: picture(n), properties={"pages": 12},
        )
        for n, title in enumerate((*HOSTILE, LONG))
    ]  # fmt: skip
    items += [
        item("表格.csv", "a,b\n", title="成绩统计表", category="data", kind="table", format="csv"),
        item(
            "b.png", "no picture", title="坏图", kind="image", thumbnail=lambda: b"\xff\xd8 broken"
        ),
    ]
    chapter = "# 编者寄语\n\n请先读*指南*。\n\n| 甲 | 乙 |\n|--|--|\n| 1 | #set page() |\n"
    return made(
        tmp_path_factory.mktemp("pdf"), items, chapter, title="开放资料", language="zh",
        categories=(Category("guides", "入门指南"), Category("data", "数据", parent="guides")),
    )  # fmt: skip


def test_every_title_is_found_in_the_contents_as_it_was_written(whole: Release) -> None:
    words = squeezed(read(pdf(whole, "CONTENTS")))
    emoji, rtl = HOSTILE[5], HOSTILE[4]
    plain = [title for title in (*HOSTILE, LONG, "成绩统计表") if title not in (emoji, rtl)]
    assert not [title for title in plain if squeezed(title) not in words]
    assert "Atitlewithandinit" in words  # no installed font draws emoji: gone, not a box
    assert "שלום" in words and "مرحبا" in words


def test_bookmarks_are_the_categories_and_pages_are_numbered(whole: Release) -> None:
    document = pypdfium2.PdfDocument(pdf(whole, "CONTENTS"))
    marks = [(mark.level, mark.get_title()) for mark in document.get_toc()]
    assert marks == [(0, "入门指南"), (1, "数据")]
    last = document[len(document) - 1].get_textpage().get_text_range()
    assert f"{len(document)} / {len(document)}" in last
    assert "开放资料 1.0.0" in last
    assert document.get_metadata_value("Title") == "开放资料 1.0.0 · 目录"


def test_rows_lead_to_the_files_they_name(whole: Release) -> None:
    links = re.findall(rb"/URI\((data/[^)]+)\)", pdf(whole, "CONTENTS"))
    with zipfile.ZipFile(whole.archive) as archive:
        names = set(archive.namelist())
    top = whole.archives[0].top
    assert {f"{top}/{unquote(link.decode())}" for link in links} == {
        name for name in names if name.startswith(f"{top}/data/") and "ro-crate" not in name
    }


def test_the_tutorial_says_on_paper_what_it_says_on_the_screen(whole: Release) -> None:
    with zipfile.ZipFile(whole.archive) as archive:
        html = archive.read(f"{whole.archives[0].top}/TUTORIAL.html").decode()
    words = squeezed(read(pdf(whole, "TUTORIAL")))
    told = re.findall(r"<(?:h3|li|td|pre)>(?:<code>)?([^<]+)<", html[html.index("<article") :])
    assert len(told) > 30
    assert not [one for one in told if squeezed(one) not in words and "&" not in one]
    public = re.search(r"minisign -Vm \S+ -P (\S{56})<", html)
    assert public and public[1] in words  # whole, so that it can be copied
    assert "编者寄语" in words and "#setpage()" in words and "VERIFY.html" in words


def test_only_a_few_pictures_are_in_a_pdf_however_many_the_bundle_has(tmp_path: Path) -> None:
    items = [
        item(f"{n}.png", f"{n}", kind="image", thumbnail=lambda n=n: picture(n)) for n in range(60)
    ]
    release = made(tmp_path, items)
    for name in ("CONTENTS", "TUTORIAL"):
        assert 3 <= pdf(release, name).count(b"/Subtype/Image") <= 18


def test_fonts_come_from_installed_packages_only(whole: Release) -> None:
    named = set(re.findall(rb"/BaseFont/[A-Z]{6}\+([A-Za-z]+)", pdf(whole, "TUTORIAL")))
    known = (b"NotoSansSC", b"NotoSerifSC", b"LibertinusSerif", b"DejaVuSansMono")
    assert named
    assert all(name.startswith(known) for name in named)


def test_a_bundle_without_pdfs_has_none(tmp_path: Path) -> None:
    release = made(tmp_path, [item("a.txt", "a")], bundle=Packing(pdf=False))
    with zipfile.ZipFile(release.archive) as archive:
        assert not [name for name in archive.namelist() if name.endswith(".pdf")]
        html = archive.read(f"{release.archives[0].top}/TUTORIAL.html").decode()
    assert "CONTENTS.pdf" not in html


def test_a_long_list_is_several_pdfs_that_name_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(booklets, "MOST", 14_000)  # some 70 rows
    items = [
        item(f"{home}{n}.txt", f"{home} {n}", title=f"第{n}页{home}", category=home)
        for home, count in (("a", 40), ("b", 200), ("d", 30))
        for n in range(count)
    ]
    release = made(
        tmp_path, items, title="长目录", language="zh",
        categories=(
            Category("a", "甲"), Category("b", "乙"), Category("c", "丙"),
            Category("d", "丁", parent="c"),
        ),
    )  # fmt: skip
    with zipfile.ZipFile(release.archive) as archive:
        names = sorted(name.rpartition("/")[2] for name in archive.namelist() if "/CONT" in name)
        pages = {
            name: archive.read(f"{release.archives[0].top}/{name}").decode()
            for name in ("CONTENTS.md", "START-HERE.html", "TUTORIAL.html")
        }
    lists = [name for name in names if name.endswith(".pdf")]
    assert lists == [f"CONTENTS-{n}.pdf" for n in range(1, len(lists) + 1)] and len(lists) > 3
    assert all(name in page for name in lists for page in pages.values())
    words = [read(pdf(release, name.removesuffix(".pdf"))) for name in lists]
    rows = [re.findall(r"第(\d+)页([abd])", squeezed(one)) for one in words]
    assert sorted(row for some in rows for row in some) == sorted(
        (title[1:-2], title[-1]) for title in (one.title for one in items)
    )  # each once
    marks = [
        [(mark.level, mark.get_title()) for mark in pypdfium2.PdfDocument(data).get_toc()]
        for data in (pdf(release, name.removesuffix(".pdf")) for name in lists)
    ]
    assert marks[0] == [(0, "甲")]  # cut between categories where they are small enough
    assert marks[1] == [(0, "乙")] and marks[2] == [(0, "乙（续）")]
    assert marks[-1][-2:] == [(0, "丙"), (1, "丁")]
    for number, name in enumerate(lists, 1):
        data = pdf(release, name.removesuffix(".pdf"))
        assert f"第 {number} 份目录，共 {len(lists)} 份" in words[number - 1]
        links = set(re.findall(rb"/URI\((CONTENTS-\d+\.pdf)\)", data))
        assert {link.decode() for link in links} == set(lists) - {name}


_LARGE = """
import resource, sys
sys.path[:0] = [{root!r}, {root!r} + "/benchmarks"]
from contents_pdf import content
from curate.bundle.pages import printed
made = [name for name, data in printed.write(content(9_000), {{}})]
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // (1024 if sys.platform == "linux" else 1 << 20)
if sys.platform == "linux":  # where ru_maxrss of oneself begins with what the tests that began this one took
    own = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
    peak = max(peak, int(own) // 1024)
print(len(made), peak)
"""


def test_no_process_needs_much_memory_for_a_long_list() -> None:
    root = str(Path(__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", _LARGE.format(root=root)], capture_output=True, check=True, text=True
    )
    documents, peak = map(int, done.stdout.split())
    assert documents == 3  # the tutorial and two lists
    assert peak < 250  # MiB; one list of 24,000 rows takes 800


_SCRIPT = """
import sys; from pathlib import Path
sys.path.insert(0, {root!r})
from tests.test_bundle import item, request
from curate.bundle import package
made = package(request(Path("woods"), [item("书.pdf", "x", title="书", kind="document")],
    title="林中", language="zh"), Path("build"))
"""


def test_bytes_depend_on_no_place_zone_or_locale(tmp_path: Path) -> None:
    root = str(Path(__file__).parents[1])
    seen = set()
    for name, zone, locale in (("a", "UTC", "C"), ("b/c d", "Asia/Shanghai", "zh_CN.UTF-8")):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        env = {**os.environ, "TZ": zone, "LC_ALL": locale, "HOME": str(folder)}
        subprocess.run(
            [sys.executable, "-c", _SCRIPT.format(root=root)], cwd=folder, env=env, check=True
        )
        (archive,) = folder.glob("build/*/*/*.zip")
        with zipfile.ZipFile(archive) as opened:
            pdfs = [one for one in opened.namelist() if one.endswith(".pdf")]
            seen.add(tuple(hashlib.sha256(opened.read(one)).hexdigest() for one in pdfs))
    assert len(seen) == 1
    assert len(seen.pop()) == 3  # the file itself is called one, too


def test_the_time_in_a_pdf_is_the_one_asked_for() -> None:
    data = typeset.pdf(b"x", {}, stamp=1_000_000_000)
    assert pypdfium2.PdfDocument(data).get_metadata_value("CreationDate") == "D:20010909014640Z"


def test_common_characters_of_both_scripts_are_drawn() -> None:
    simplified = "".join(
        bytes((high, low)).decode("gb2312", "ignore")
        for high in range(0xB0, 0xD8)
        for low in range(0xA1, 0xFF)
    )
    traditional = "".join(
        bytes((high, low)).decode("big5", "ignore")
        for high in range(0xA4, 0xC7)
        for low in (*range(0x40, 0x7F), *range(0xA1, 0xFF))
    )
    asked = simplified + "".join(sorted(set(traditional)))
    template = b'#import "faces.typ": *\n#set text(font: sans, size: 6pt)\n#json("data.json")'
    found = read(typeset.pdf(template, asked, stamp=0))
    assert len(asked) > 9000
    assert set(asked) - set(found) <= {"兀", "嗀"}  # twice in Big5, once in Unicode


def test_pages_as_pictures_and_a_picture_that_is_none() -> None:
    pages = typeset.png(b"#set page(width: 100pt, height: 50pt)\na\n#pagebreak()\nb", {}, ppi=72)
    assert [Image.open(io.BytesIO(page)).size for page in pages] == [(100, 50), (100, 50)]
    with pytest.raises(CurateError, match="decode"):
        typeset.png(b'#image("a.png")', {}, {"a.png": b"none"})


def test_what_typst_does_harms_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CurateError, match="depth"):
        typeset.pdf(b"#let f(x) = f(x)\n#f(1)", {}, stamp=0)
    monkeypatch.setattr(typeset, "SECONDS", 1)
    with pytest.raises(CurateError, match="more than 1 seconds"):
        typeset.pdf(b"#for a in range(5000) { for b in range(5000) { str(a) } }", {}, stamp=0)


def test_further_fonts_are_used_where_a_folder_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert typeset.legible("a 😀 b") == "a b"
    monkeypatch.setenv(typeset.FONTS, str(tmp_path))
    assert typeset.legible("a 😀 b") == "a 😀 b"
    assert typeset.pdf(b"a", {}, stamp=0).startswith(b"%PDF")


def test_deep_and_broken_html_becomes_a_tree_all_the_same() -> None:
    body, drawings = flow.tree(
        "<div>" * 500 + "deep</p></li>" + "<script>no</script><p>one  <b>two</b> three"
        '<svg class="tree" viewBox="0 0 9 9"><text>&lt;x</text></svg>',
        "text{fill:red}",
    )
    words: list[str] = []

    def walk(nodes: Sequence[flow.Node | str], depth: int = 0) -> None:
        assert depth < 20
        for node in nodes:
            if isinstance(node, str):
                words.append(node)
            else:
                walk(node.inner, depth + 1)

    walk(body)
    assert "".join(words) == "deepone two three"
    assert b"<style>text{fill:red}</style>" in drawings["drawing-0.svg"]

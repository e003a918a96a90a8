"""What opening a file tells: format, text, metadata, statements of rights, a thumbnail."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from curate.errors import CurateError
from curate.extract import MAX_TEXT, TEXT_SUFFIXES, extract, holds_text
from curate.extract.clean import clean, date, language, title
from curate.extract.decode import decode
from curate.extract.formats import CODE, FORMATS, sniff
from curate.model import Extracted
from tests.material import ROOT, material


def made(folder: Path, name: str, data: bytes | str) -> Extracted:
    """What ``data`` tells when it is stored, as in the store, under a name without a suffix."""
    path = folder / "3f9a"
    path.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8"))
    return extract(path, name)


def raws(found: Extracted, channel: str = "") -> list[str]:
    return [one.raw for one in found.statements if channel in ("", one.channel)]


# Formats


NAMED = sorted(path for name in ("documents", "images") for path in (ROOT / name).rglob("*.*"))
WRONG = {  # what the bytes are, whatever the name says
    "ukbench09380.bmp": "jpeg",
    "ukbench09380.png": "jpeg",
    "ukbench09380.svg": "jpeg",
    "old__pandp12t.tex": "pdf",
    "ukbench09268_corrupt.jpg": "unknown",
    "MEDRPT-2024-PAT-3847_medical_report_scan.md": "empty",
    "test.m4a": "mp4",
    "random.bin": "unknown",
}


def test_formats_of_real_files_are_those_of_their_bytes() -> None:
    material("documents")
    by_suffix = {suffix: one.id for one in FORMATS.values() for suffix in one.suffixes}
    wrong = {}
    for path in NAMED:
        expected = WRONG.get(path.name, by_suffix.get(path.suffix.lower(), "unknown"))
        if path.is_file() and (got := sniff(path, path.name).id) != expected:
            wrong[path.name] = got
    assert wrong == {}


def test_binary_formats_need_no_name() -> None:
    material("documents")
    free = {"pdf", "docx", "pptx", "xlsx", "odt", "odp", "epub", "xls", "msg", "jpeg", "png", "gif",
            "webp", "tiff", "pnm", "mp3", "wav", "zip"}  # fmt: skip
    seen = set()
    for path in NAMED:
        found = sniff(path, path.name)
        if found.id in free:
            assert sniff(path, "") == found, path
            assert sniff(path, "x.txt") == found, path
            seen.add(found.id)
    assert seen == free


def test_unknown_bytes_are_no_error(tmp_path: Path) -> None:
    found = made(tmp_path, "x.docx", bytes(range(256)) * 10)
    assert found == Extracted("unknown", "other", "application/octet-stream")


@pytest.mark.parametrize(
    ("name", "data", "format", "kind"),
    [
        ("a.py", "import os\n", "py", "code"),
        ("a.tex", "\\documentclass{article}\\title{On {\\em Tea}}", "tex", "code"),
        ("a", "<!DOCTYPE html><title>x</title>", "html", "page"),
        ("a.txt", "\ufeff<html lang='en'><p>x", "html", "page"),
        ("a.md", "<p align='center'>Logo</p>\n\n# Title", "md", "text"),
        ("a.xhtml", "<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'/>", "html", "page"),
        ("a", "<?xml version='1.0'?><!-- x --><svg xmlns='http://www.w3.org/2000/svg'/>", "svg", "image"),
        ("a.html", "<svg xmlns='http://www.w3.org/2000/svg'/>", "svg", "image"),
        ("a", "<?xml version='1.0'?><rss/>", "xml", "text"),
        ("a", '{"a": 1}', "json", "text"),
        ("a.dat", "plain words", "txt", "text"),
        ("a.csv", "a,b\n1,2", "csv", "table"),
        ("a.rtf", "not rich at all", "txt", "text"),
        ("a", "{\\rtf1\\ansi Hello}", "rtf", "document"),
        ("中文.txt", "你好".encode("utf-16"), "txt", "text"),
        ("a.txt", "plain English".encode("utf-16-le"), "txt", "text"),
        ("a", b"\x1f\x8b\x08\0\0\0\0\0", "gz", "archive"),
        ("a", b"7z\xbc\xaf\x27\x1c\0\4", "7z", "archive"),
        ("a", b"Rar!\x1a\x07\x01\0", "rar", "archive"),
        ("a", b"\0\0\0\x18ftypheic\0\0\0\0", "heic", "image"),
    ],
)  # fmt: skip
def test_format(tmp_path: Path, name: str, data: bytes | str, format: str, kind: str) -> None:
    path = tmp_path / "bytes"
    path.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8"))
    found = sniff(path, name)
    assert (found.id, found.kind) == (format, kind)


def test_suffixes_that_can_hold_text() -> None:
    assert all(
        map(holds_text, (".pdf", ".PDF", ".docx", ".html", ".md", ".py", ".mp3", ".svg", ""))
    )
    assert not any(map(holds_text, (".jpg", ".zip", ".mkv", ".ttf", ".7z", ".iso")))
    assert TEXT_SUFFIXES >= CODE


def test_small_text_needs_no_heavy_library(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("Words, 词语", encoding="utf-8")
    code = (
        "import sys, pathlib; from curate.extract import extract\n"
        f"for name in ('a.txt', 'a.md', 'a.csv', 'a.py'): extract(pathlib.Path({str(tmp_path / 'a')!r}), name)\n"
        "print([m for m in ('lxml', 'PIL', 'pypdfium2', 'mutagen', 'selectolax', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# Text


def _readmes() -> list[Path]:
    return sorted((ROOT / "documents/art-of-command-line").glob("README-*.md"))


@pytest.mark.parametrize(
    ("readme", "codec"),
    [
        ("zh", "gb18030"), ("zh", "utf-16"), ("zh-Hant", "big5hkscs"), ("zh-Hant", "gb18030"),
        ("zh-Hant", "utf-16-be"), ("ja", "cp932"), ("ja", "euc_jp"), ("ko", "cp949"), ("ru", "cp1251"),
        ("ru", "koi8_r"), ("fr", "cp1252"), ("de", "cp1252"), ("es", "utf-16-le"),
    ],
)  # fmt: skip
def test_real_text_survives_its_encoding(readme: str, codec: str) -> None:
    text = (material("documents/art-of-command-line") / f"README-{readme}.md").read_text("utf-8")
    encoded = text.encode(codec, "ignore")
    assert decode(encoded) == encoded.decode(codec).removeprefix("\ufeff")


@pytest.mark.parametrize(("script", "codec"), [("zho_Hans", "gb18030"), ("zho_Hant", "big5hkscs")])
def test_single_chinese_sentences_are_decoded(script: str, codec: str) -> None:
    lines = [
        line.partition("\t")[2]
        for path in sorted(material(f"topics/{script}").iterdir())
        for line in path.read_text("utf-8").splitlines()[:200]
    ]
    encoded = [line.encode(codec, "ignore") for line in lines]
    right = sum(decode(one) == one.decode(codec) for one in encoded)
    assert right >= 0.99 * len(encoded)


def test_damaged_utf8_stays_utf8() -> None:
    assert decode("命令行的艺术".encode() * 20 + b"\xe5\x91") == "命令行的艺术" * 20 + "\ufffd"


@given(st.binary(max_size=400))
def test_any_bytes_decode(data: bytes) -> None:
    text, truncated = clean(decode(data))
    assert not truncated
    text.encode("utf-8")
    assert "\0" not in text
    assert "\r" not in text
    assert clean(text) == (text, False)


def test_text_is_tidied_and_bounded(tmp_path: Path) -> None:
    found = made(tmp_path, "a.txt", "Cafe\u0301 \t\r\n\x07b\n\n\n\n\nc  ")
    assert found.text == "Café\nb\n\nc"
    long = made(tmp_path, "a.txt", "长" * (MAX_TEXT + 1))
    assert (len(long.text), long.truncated) == (MAX_TEXT, True)


def test_gutenberg_header_names_the_book() -> None:
    path = material("documents/pride-and-prejudice") / "1342-0.txt"
    found = extract(path, path.name)
    assert (found.title, found.creators, found.language) == (
        "Pride and Prejudice",
        ("Jane Austen",),
        "en",
    )
    assert any("Project Gutenberg License" in raw for raw in raws(found, "text"))
    assert {one.confidence for one in found.statements} == {"inferred"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("前言。本书版权所有，侵权必究。正文", "本书版权所有，侵权必究。"),
        ("仅供学习交流，禁止商用", "仅供学习交流，禁止商用"),
        ("© 2020 X. All rights reserved.", "© 2020 X. All rights reserved."),
        ("Intro. This text is licensed under CC BY-SA 4.0. Rest.", "This text is licensed under CC BY-SA 4.0."),
        ("see https://creativecommons.org/licenses/by/4.0/ now", "see https://creativecommons.org/licenses/by/4.0/ now"),
        ("本作品采用知识共享署名 4.0 国际许可协议进行许可。", "本作品采用知识共享署名 4.0 国际许可协议进行许可。"),
        ("All right, reserved seats under licence.", None),
    ],
)  # fmt: skip
def test_notices_in_text(tmp_path: Path, text: str, expected: str | None) -> None:
    found = made(tmp_path, "a.txt", text)
    assert raws(found, "text") == ([expected] if expected else [])


def test_notices_are_read_wherever_they_stand(tmp_path: Path) -> None:
    filler = "word " * 2000
    assert raws(made(tmp_path, "a.txt", filler + "\n版权所有\n" + filler)) == ["版权所有"]
    reserved = f"{filler}\n(c) 2020 Getty Images.\nAll rights reserved.\n{filler}"
    assert any(
        "Getty" in raw and "reserved" in raw for raw in raws(made(tmp_path, "b.txt", reserved))
    )


def test_markdown_front_matter_and_heading(tmp_path: Path) -> None:
    found = made(
        tmp_path,
        "a.md",
        "---\ntitle: '茶'\nauthor: [A, 王]\nlicense: CC-BY-4.0\ntags:\n  - tea\n  - 水\n---\n# Other\nText",
    )
    assert (found.title, found.creators, found.keywords) == ("茶", ("A", "王"), ("tea", "水"))
    assert raws(found, "declared") == ["CC-BY-4.0"]
    assert found.text == "# Other\nText"
    plain = made(tmp_path, "a.md", "```\n# comment\n```\n\n## [A *fine* `title`](x.md) ##\n")
    assert plain.title == "A fine title"


@pytest.mark.parametrize(
    ("said", "kept"),
    [("Tea", "Tea"), ("Microsoft Word - tea.docx", ""), ("untitled 3", ""), ("PowerPoint Presentation", ""),
     ("无标题文档", ""), ("report.indd", ""), ("  ", ""), ("2024-01", ""), ("茶 2024", "茶 2024"),
     (b"Tea\0", "Tea"), (None, "")],
)  # fmt: skip
def test_titles_that_programs_fill_in_are_none(said: object, kept: str) -> None:
    assert title(said) == kept


def test_dates_and_languages_are_uniform() -> None:
    assert date("D:20220403180542+02'00'") == "2022-04-03T18:05:42+02:00"
    assert date("2021:01:02 03:04:05") == "2021-01-02T03:04:05"
    assert [date(one) for one in ("1813", "2020-5-6", "0000:00:00 00:00:00", "soon", None)] == [
        "1813", "2020-05-06", "", "", "",
    ]  # fmt: skip
    assert [language(one) for one in ("zh-Hans-CN", "eng", "EN_us", "klingon", None)] == [
        "zh", "en", "en", "", "",
    ]  # fmt: skip


def test_tables_count_rows(tmp_path: Path) -> None:
    found = made(tmp_path, "a.csv", 'name;price\n"a;b";1\nc;2\n')
    assert found.properties == {"rows": 3, "columns": 2}
    path = material("documents/markitdown/test_mskanji.csv")
    assert "佐藤太郎" in extract(path, path.name).text


# Documents


def test_pdf_facts_are_those_the_collection_states() -> None:
    folder = material("documents/pdf-samples")
    stated = json.loads((folder / "files.json").read_text("utf-8"))["data"]
    seen = 0
    for one in stated:
        path = folder / one["path"].replace("/", "__")
        if not path.exists():
            continue
        if one["encrypted"]:
            with pytest.raises(CurateError, match="protected by a password"):
                extract(path, path.name)
            continue
        found = extract(path, path.name)
        assert found.properties["pages"] == one["pages"], path
        if one["creation_date"] and found.created:
            assert found.created[:16] == one["creation_date"][:16], path
        assert found.thumbnail
        seen += 1
    assert seen > 20


def test_pdf_of_a_book_has_its_text_and_title() -> None:
    path = material("documents/pride-and-prejudice/1342-pdf.pdf")
    found = extract(path, path.name)
    assert found.title == "Pride and Prejudice, by Jane Austen"
    assert "It is a truth universally acknowledged" in " ".join(found.text.split())
    assert any("Gutenberg" in raw for raw in raws(found, "text"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("docling/docx__sources__word_sample.docx", {"title": "Swimming in the lake", "format": "docx"}),
        ("docling/docx__sources__textbox.docx", {"title": "傳染病通報作業流程", "creators": ("吳麗招",)}),
        ("markitdown/test.docx", {"creators": ("Adam Fourney",), "created": "2024-03-15T05:45:00Z"}),
        ("docling/pptx__sources__powerpoint_sample.pptx", {"title": "Test Table Slide", "kind": "slides"}),
        ("markitdown/test.xlsx", {"kind": "table"}),
        ("markitdown/test.xls", {"format": "xls"}),
        ("docling/odf__sources__text_document_01.odt", {"format": "odt"}),
        ("markitdown/test_rss.xml", {"title": "The Official Microsoft Blog"}),
        ("markitdown/test_notebook.ipynb", {"title": "Test Notebook"}),
        ("docling/email__sources__eml_simple.eml", {"title": "Simple Email", "creators": ("Alice Example",)}),
    ],
)  # fmt: skip
def test_documents(name: str, expected: dict[str, object]) -> None:
    path = material(f"documents/{name}")
    found = extract(path, path.name)
    assert {key: getattr(found, key) for key in expected} == expected
    assert found.text


def test_text_of_office_files_matches_their_pdf() -> None:
    """LibreOffice printed these; every word of the print has to be in the text."""
    folder = material("documents/docling")
    for name in ("odf__sources__text_document_01.odt", "odf__sources__odf_presentation_01.odp"):
        document = extract(folder / name, name)
        printed = extract(folder / f"{name}.pdf", f"{name}.pdf")
        words = {word for word in printed.text.split() if word.isalpha() and len(word) > 3}
        assert len(words - set(document.text.split())) <= 0.05 * len(words), name


def test_old_office_files_are_recognised_but_not_read() -> None:
    path = material("documents/markitdown/test_outlook_msg.msg")
    found = extract(path, path.name)
    assert (found.format, found.kind, found.text) == ("msg", "document", "")
    assert "cannot be read" in found.problem


def test_office_file_with_a_password(tmp_path: Path) -> None:
    data = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 1000 + "EncryptedPackage".encode("utf-16-le")
    )
    with pytest.raises(CurateError, match="protected by a password"):
        made(tmp_path, "a.docx", data + b"\0" * 500)


OPF = """<package xmlns="http://www.idpf.org/2007/opf" version="2.0"><metadata
xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>红楼梦</dc:title><dc:creator>曹雪芹</dc:creator>
<dc:language>zh-CN</dc:language><dc:rights>Public domain in the USA.</dc:rights>
<meta name="cover" content="c"/></metadata><manifest><item id="c" href="c.png" media-type="image/png"/>
<item id="b" href="b%20b.xhtml"/><item id="a" href="a.xhtml"/></manifest>
<spine><itemref idref="b"/><itemref idref="a"/></spine></package>"""


def package(**entries: bytes | str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in entries.items():
            file.writestr(name, data)
    return out.getvalue()


def picture(size: tuple[int, int], kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(out, kind, **options)
    return out.getvalue()


def book(**more: bytes | str) -> bytes:
    container = '<container><rootfiles><rootfile full-path="o/x.opf"/></rootfiles></container>'
    return package(**{
        "mimetype": "application/epub+zip", "META-INF/container.xml": container, "o/x.opf": OPF,
        "o/a.xhtml": "<html><body><p>second&nbsp;one</p></body></html>",
        "o/b b.xhtml": "<html><body><div>first</div></body></html>", "o/c.png": picture((400, 600)),
        **more,
    })  # fmt: skip


def test_epub(tmp_path: Path) -> None:
    found = made(tmp_path, "a.epub", book())
    assert (found.format, found.title, found.creators, found.language) == (
        "epub",
        "红楼梦",
        ("曹雪芹",),
        "zh",
    )
    assert raws(found, "dc") == ["Public domain in the USA."]
    assert found.text == "first\n\nsecond one"
    assert Image.open(io.BytesIO(found.thumbnail)).size == (213, 320)
    protected = '<encryption><x><EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"/></x></encryption>'
    with pytest.raises(CurateError, match="protected"):
        made(tmp_path, "a.epub", book(**{"META-INF/encryption.xml": protected}))


def test_a_real_epub_states_its_rights() -> None:
    path = material("documents/docling/epub__sources__epub_purvis_poetry.epub")
    found = extract(path, path.name)
    assert found.title == "Poetry"
    assert raws(found, "dc")[0].startswith("The source text and artwork")
    assert found.thumbnail


# Web pages


PAGE = """<!doctype html><html lang="zh-CN"><head><title>茶 — 百科</title>
<meta name="description" content="关于茶"><meta name="keywords" content="茶, 水"><meta name="author" content="王">
<meta name="dcterms.license" content="https://creativecommons.org/licenses/by/4.0/">
<link rel="license" href="https://creativecommons.org/licenses/by-sa/4.0/">
<script type="application/ld+json">{"@graph": [{"license": {"@id": "https://example.org/terms"}}]}</script>
<style>p { color: red }</style></head><body><div>一段<b>粗</b>字<div>内层</div>尾</div><p>a<br>b
c</p><script>no()</script><a href="//www.gnu.org/licenses/fdl-1.3.html">FDL</a></body></html>"""


def test_web_page(tmp_path: Path) -> None:
    found = made(tmp_path, "x", PAGE)
    assert (found.title, found.language, found.description) == ("茶 — 百科", "zh", "关于茶")
    assert (found.keywords, found.creators) == (("茶", "水"), ("王",))
    assert found.text == "一段粗字\n内层\n尾\na\nb c\nFDL"
    said = {(one.channel, one.raw, one.confidence) for one in found.statements}
    assert said == {
        ("html-rel", "https://creativecommons.org/licenses/by-sa/4.0/", "declared"),
        ("html-link", "//www.gnu.org/licenses/fdl-1.3.html", "inferred"),
        ("dc", "https://creativecommons.org/licenses/by/4.0/", "declared"),
        ("json-ld", "https://example.org/terms", "declared"),
    }


def test_web_page_in_its_declared_charset(tmp_path: Path) -> None:
    page = '<html><head><meta charset="gb2312"><title>你好</title></head><body>茶</body></html>'
    assert made(tmp_path, "a.html", page.encode("gb18030")).title == "你好"


def test_footer_link_without_rel_is_only_inferred() -> None:
    pages = sorted(material("site").rglob("*.html"))
    found = [extract(page, page.name) for page in pages[:10]]
    linked = [one for page in found for one in page.statements if one.channel == "html-link"]
    assert linked
    assert all(one.confidence == "inferred" and "creativecommons.org" in one.raw for one in linked)


# Pictures


def test_every_picture_has_its_shown_size_and_a_small_thumbnail() -> None:
    sizes = {
        "bridge-mods/aaa-orig.jpg": (1600, 1004),
        "reg-test-input/dih/bridge-2-rotate-90.jpg": (1004, 1600),
        "misc-images/modes/CMYK.jpg": (1600, 1004),
        "misc-images/modes/1.png": (1600, 1004),
        "misc-images/wee.jpg": (34, 42),
    }
    for name, size in sizes.items():
        path = material(f"images/pdq/{name}")
        found = extract(path, path.name)
        assert (found.properties["width"], found.properties["height"]) == size
        small = Image.open(io.BytesIO(found.thumbnail))
        assert small.format == "JPEG" and max(small.size) == min(320, max(size))
        assert extract(path, path.name).thumbnail == found.thumbnail


def test_exif_orientation_turns_the_picture(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x0110] = 6, "Canon", "Canon EOS 5"
    exif[0x8298], exif[0x013B] = "© 2020 王小明".encode(), "Ann"
    exif.get_ifd(0x8769)[0x9003] = "2020:05:06 07:08:09"
    found = made(tmp_path, "a.jpg", picture((600, 400), "JPEG", exif=exif))
    assert found.properties == {"width": 400, "height": 600, "camera": "Canon EOS 5"}
    assert Image.open(io.BytesIO(found.thumbnail)).size == (213, 320)
    assert (found.created, found.creators) == ("2020-05-06T07:08:09", ("Ann",))
    ((one,)) = found.statements
    assert (one.raw, one.channel, one.holder) == ("© 2020 王小明", "exif", "Ann")


XMP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/"
 xmlns:cc="http://creativecommons.org/ns#" xmpRights:WebStatement="https://example.org/rights">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Bridge</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>Ann</rdf:li></rdf:Seq></dc:creator>
<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">CC BY 4.0 Ann</rdf:li></rdf:Alt></dc:rights>
<dc:subject><rdf:Bag><rdf:li>river</rdf:li><rdf:li>\xe6\xa1\xa5</rdf:li></rdf:Bag></dc:subject>
<cc:license rdf:resource="https://creativecommons.org/licenses/by/4.0/"/>
</rdf:Description></rdf:RDF></x:xmpmeta>"""


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "TIFF"])
def test_xmp_says_who_and_under_what_terms(tmp_path: Path, kind: str) -> None:
    options = {"tiffinfo": {700: XMP}} if kind == "TIFF" else {"xmp": XMP}
    found = made(tmp_path, "a", picture((40, 30), kind, **options))
    assert (found.title, found.creators, found.keywords) == ("Bridge", ("Ann",), ("river", "桥"))
    assert raws(found, "xmp") == [
        "https://creativecommons.org/licenses/by/4.0/",
        "https://example.org/rights",
        "CC BY 4.0 Ann",
    ]
    assert {one.holder for one in found.statements} == {"Ann"}


def test_a_picture_cut_short_keeps_what_is_known(tmp_path: Path) -> None:
    found = made(tmp_path, "a.jpg", picture((600, 400), "JPEG")[:3000])
    assert found.properties["width"] == 600
    assert "damaged" in found.problem and not found.thumbnail


SVG = """<svg xmlns="http://www.w3.org/2000/svg" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns:cc="http://web.resource.org/cc/" xmlns:dc="http://purl.org/dc/elements/1.1/" width="10cm" viewBox="0 0 20 50.4">
<metadata><rdf:RDF><cc:Work rdf:about=""><dc:title>Cat</dc:title><dc:subject><rdf:Bag><rdf:li>animal</rdf:li>
<rdf:li>pet</rdf:li></rdf:Bag></dc:subject><dc:creator><cc:Agent><dc:title>Ann</dc:title></cc:Agent></dc:creator>
<cc:license rdf:resource="http://web.resource.org/cc/PublicDomain"/></cc:Work></rdf:RDF></metadata>
<g><text>Meow <tspan>喵</tspan></text></g></svg>"""


def test_svg(tmp_path: Path) -> None:
    found = made(tmp_path, "a.svg", SVG)
    assert (found.title, found.creators, found.keywords) == ("Cat", ("Ann",), ("animal", "pet"))
    assert found.text == "Meow 喵"
    assert found.properties == {"width": 378, "height": 50}
    ((one,)) = found.statements
    assert (one.raw, one.channel, one.holder) == (
        "http://web.resource.org/cc/PublicDomain",
        "dc",
        "Ann",
    )


# Sound, fonts, archives


def test_sound() -> None:
    path = material("documents/docling/audio__sources__sample_10s.mp3")
    found = extract(path, "anything")
    assert (found.format, found.kind, found.title) == ("mp3", "audio", "Shakespeare on Scenery")
    assert found.creators == ("Oscar Wilde",)
    assert found.properties["seconds"] == pytest.approx(10, abs=0.1)
    path = material("documents/markitdown/test.m4a")
    assert extract(path, "x").kind == "audio"


def test_sound_states_its_licence(tmp_path: Path) -> None:
    import mutagen.id3

    path = tmp_path / "a"
    path.write_bytes((material("documents/docling/audio__sources__sample_10s.mp3")).read_bytes())
    tags = mutagen.id3.ID3(path)
    tags.add(mutagen.id3.TCOP(text=["2020 Ann"]))
    tags.add(mutagen.id3.WCOP(url="https://creativecommons.org/licenses/by/4.0/"))
    tags.save(path)
    found = extract(path, "a.mp3")
    assert raws(found) == ["https://creativecommons.org/licenses/by/4.0/", "2020 Ann"]


def test_font_states_its_licence(tmp_path: Path) -> None:
    import struct

    texts = {4: "Tea Sans", 0: "Copyright 2020 Ann", 14: "https://openfontlicense.org"}
    records, strings = b"", b""
    for key, text in sorted(texts.items()):
        raw = text.encode("utf-16-be")
        records += struct.pack(">HHHHHH", 3, 1, 0x409, key, len(raw), len(strings))
        strings += raw
    table = struct.pack(">HHH", 0, len(texts), 6 + len(records)) + records + strings
    data = b"\0\1\0\0" + struct.pack(">HHHH", 1, 0, 0, 0)
    data += struct.pack(">4sIII", b"name", 0, 28, len(table)) + table
    found = made(tmp_path, "a.ttf", data)
    assert (found.title, found.kind) == ("Tea Sans", "font")
    assert raws(found) == ["https://openfontlicense.org", "Copyright 2020 Ann"]


def test_archives_stay_whole() -> None:
    for name in ("zip-slip.zip", "zip-slip.tar"):
        path = material(f"hostile/zip-slip/{name}")
        found = extract(path, name)
        assert (found.kind, found.properties["entries"], found.text) == ("archive", 2, "")

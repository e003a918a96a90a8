"""One text in several formats, scripts and files: a manual and its chapters, a book and its editions."""

from __future__ import annotations

import gzip
import itertools
import random
import re
import textwrap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.api import Workspace
from curate.catalog import Catalog
from curate.collection import Dedupe
from curate.dedupe.parts import LEAST, MOST, SURE, WORDS, evidence, pieces, share
from curate.dedupe.parts import LONG as LONG_PART
from curate.dedupe.text import similarity
from curate.dedupe.tokens import tokens
from curate.extract import extract
from curate.model import Duplicate, main_text
from curate.pipeline.setup import Wish
from tests.debian import debian
from tests.material import material

VOWELS = "aeiou"
HAN = "".join(map(chr, range(0x4E00, 0x5200)))


def words(seed: int, count: int) -> list[str]:
    """Words that look like words; the small ones return often, as they do in a language."""
    chance = random.Random(seed)
    known = ["".join(chance.choice("bdfglmnprst") + chance.choice(VOWELS) for _ in range(chance.randint(1, 4)))
             for _ in range(900)]  # fmt: skip
    return [known[int(900 * chance.random() ** 2)] for _ in range(count)]


def chapter(number: int, chinese: bool = False) -> tuple[str, list[str]]:
    """A title and paragraphs."""
    if chinese:
        chance = random.Random(number)
        return f"第{number}章 {HAN[number]}", [
            "".join(HAN[int(len(HAN) * chance.random() ** 2)] for _ in range(120)) + "。"
            for _ in range(6)
        ]
    found = words(number, 480)
    return f"Chapter {number}", [" ".join(found[at : at + 60]) + "." for at in range(0, 480, 60)]


def book(chinese: bool = False) -> list[tuple[str, list[str]]]:
    return [chapter(number, chinese) for number in range(1, 6)]


def as_text(chapters: list[tuple[str, list[str]]]) -> str:
    """As formatters print it: indented, broken into lines, numbered."""
    lines = ["The Book", "=" * 40]
    for number, (title, paragraphs) in enumerate(chapters, 1):
        lines += ["", f"{number}. {title}", ""]
        for paragraph in paragraphs:
            wide = 30 if paragraph[0] in HAN else 60
            lines += textwrap.wrap(paragraph, wide, initial_indent="   ", subsequent_indent="   ")
    return "\n".join(lines)


def as_page(number: int, title: str, paragraphs: list[str]) -> str:
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return (
        f"<!DOCTYPE html><html><head><title>{title}</title></head><body><nav>Prev {number - 1} Home Next</nav>"
        f"<h2>{title}</h2>{body}<footer>© The Authors</footer></body></html>"
    )


def as_pdf(chapters: list[tuple[str, list[str]]], path: Path) -> None:
    typst = pytest.importorskip("typst")
    source = ['#set page(width: 12cm, height: 16cm, numbering: "1", header: [The Book])']
    for title, paragraphs in chapters:
        source += [f"= {title}", *paragraphs]
    path.with_suffix(".typ").write_text("\n\n".join(source), encoding="utf-8")
    typst.compile(str(path.with_suffix(".typ")), output=str(path))
    path.with_suffix(".typ").unlink()


def compared(folder: Path, files: dict[str, bytes]) -> dict[frozenset[str], Duplicate]:
    """What collect and classify find among ``files``: pairs by the names of their files."""
    workspace = Workspace.init(folder / "w")
    workspace.new("shelf", Wish(own="Ann Lee"))
    place = workspace.collection_file("shelf").parent / "material"
    for name, data in files.items():
        (place / name).write_bytes(data)
    workspace.collect()
    workspace.classify()
    with Catalog(workspace.catalog) as catalog:
        names = {
            pair: {Path(one.sighting.locator).name for one in catalog.places(pair)}
            for found in catalog.duplicates()
            for pair in (found.a, found.b)
        }
        return {
            frozenset((min(names[found.a]), min(names[found.b]))): found
            for found in catalog.duplicates()
        }


def test_a_book_in_three_formats_and_its_chapters_are_found(tmp_path: Path) -> None:
    chapters = book()
    as_pdf(chapters, tmp_path / "book.pdf")
    files = {
        "book.txt": as_text(chapters).encode(),
        "book.pdf": (tmp_path / "book.pdf").read_bytes(),
        "other.html": as_page(9, *chapter(9)).encode(),
    }
    pages = [f"ch{number}.html" for number in range(1, 6)]
    for number, (name, told) in enumerate(zip(pages, chapters, strict=True), 1):
        files[name] = as_page(number, *told).encode()
    found = compared(tmp_path, files)
    wholes = [("book.txt", "book.pdf")]
    expected = [*wholes, *itertools.product(pages, ["book.txt", "book.pdf"])]
    assert set(found) == set(map(frozenset, expected))
    assert found[frozenset(wholes[0])].kind == "near-text"
    for pair in itertools.product(pages, ["book.txt", "book.pdf"]):
        one = found[frozenset(pair)]
        assert one.kind == "part-text"
        assert one.part in ("a", "b")
        assert one.score > 0.95
        assert one.evidence is not None
        assert int(one.evidence.args["words"]) > 480


def test_chapters_of_a_chinese_book_are_found(tmp_path: Path) -> None:
    chapters = book(chinese=True)
    files = {"书.txt": as_text(chapters).encode("gb18030")}
    for number, one in enumerate(chapters, 1):
        files[f"{number}.html"] = as_page(number, *one).encode()
    found = compared(tmp_path, files)
    assert {pair: one.kind for pair, one in found.items()} == {
        frozenset((f"{number}.html", "书.txt")): "part-text" for number in range(1, 6)
    }


def test_a_packed_text_is_the_same_text(tmp_path: Path) -> None:
    text = as_text(book()).encode()
    found = compared(tmp_path, {"book.txt": text, "book.txt.gz": gzip.compress(text)})
    assert [one.kind for one in found.values()] == ["same-text"]


# Packed by gzip


def read(folder: Path, data: bytes, name: str = "book.txt.gz") -> tuple[str, str, str, str]:
    path = folder / "bytes"
    path.write_bytes(data)
    found = extract(path, name)
    return found.kind, str(found.properties.get("inside", "")), found.text, found.problem


def test_what_gzip_packed_is_read_and_stays_what_it_is(tmp_path: Path) -> None:
    text = "One two three.\n\nFour."
    assert read(tmp_path, gzip.compress(text.encode())) == ("text", "txt", text, "")
    page = as_page(1, *chapter(1)).encode()
    kind, inside, body, _ = read(tmp_path, gzip.compress(page), "a.HTML.GZ")
    assert (kind, inside) == ("document", "html")
    assert body.startswith("Chapter 1")
    path = tmp_path / "bytes"
    found = extract(path, "a.html.gz")
    assert (found.format, found.mime, found.title) == ("gz", "application/gzip", "Chapter 1")


def test_members_of_gzip_follow_each_other_and_padding_ends_them(tmp_path: Path) -> None:
    data = gzip.compress(b"One ") + gzip.compress(b"two.") + bytes(512)
    assert read(tmp_path, data) == ("text", "txt", "One two.", "")


def test_a_packed_file_that_ends_early_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    text = " ".join(words(3, 30_000))
    kind, inside, body, problem = read(tmp_path, gzip.compress(text.encode())[:-4000])
    assert (kind, inside) == ("text", "txt")
    assert text.startswith(body)
    assert len(body) > 1000
    assert "ends too early" in problem


@pytest.mark.parametrize(
    ("data", "name", "problem"),
    [
        pytest.param(b"\x1f\x8b\x08 no gzip", "a.txt.gz", "", id="damage"),
        pytest.param(gzip.compress(b"\x89PNG\r\n\x1a\n" + bytes(99)), "a.png.gz", "", id="a picture"),
        pytest.param(gzip.compress(b"%!PS\x00\x01\x02\x03" * 99), "a.ps.gz", "", id="no text"),
        pytest.param(gzip.compress(bytes(9)), "", "", id="nothing known"),
        pytest.param(gzip.compress(b" " * (17 << 20)), "a.txt.gz", "it unpacks to far more than its size",
                     id="a bomb"),
    ],
)  # fmt: skip
def test_what_nobody_reads_stays_packed(
    tmp_path: Path, data: bytes, name: str, problem: str
) -> None:
    kind, inside, text, told = read(tmp_path, data, name)
    assert (kind, inside, text) == ("archive", "", "")
    assert told.startswith(problem)


def test_a_packed_file_beyond_all_bounds_is_read_to_its_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("curate.extract.compressed.MOST_ENTRY", 50_000)
    monkeypatch.setattr("curate.extract.compressed._STEP", 10_000)
    text = " ".join(words(3, 30_000))
    kind, inside, body, problem = read(tmp_path, gzip.compress(text.encode()))
    assert (kind, inside, problem) == ("text", "txt", "not all of it was read")
    assert len(body) > 50_000
    as_pdf(book(), tmp_path / "book.pdf")
    pdf = (tmp_path / "book.pdf").read_bytes() + b"%" * 60_000
    kind, inside, _, problem = read(tmp_path, gzip.compress(pdf), "book.pdf.gz")
    assert (kind, inside, problem) == ("archive", "", "not all of it was read")


# Parts


def keys(found: np.ndarray) -> set[int]:
    return set(np.frombuffer(pieces(found), "<u8").tolist())


LONG = words(11, 6000)
WHOLE = keys(tokens(" ".join(LONG)))


@settings(max_examples=60)
@given(st.integers(0, len(LONG) - SURE - 300), st.integers(SURE, SURE + 300))
def test_any_passage_long_enough_is_found_in_its_text(start: int, length: int) -> None:
    passage = keys(tokens(" ".join(LONG[start : start + length])))
    assert passage <= WHOLE
    assert len(passage) >= LEAST


@settings(max_examples=40)
@given(st.integers(0, len(LONG) - 900), st.integers(WORDS, 900), st.integers(0, 2**32))
def test_a_passage_stands_in_its_text_and_in_no_other(start: int, length: int, seed: int) -> None:
    passage = " ".join(LONG[start : start + length])
    assert share(passage, "\n".join(LONG)) == 1
    assert share(" ".join(words(seed, length)), " ".join(LONG)) < 0.3


@given(st.text(max_size=400), st.text(max_size=400))
def test_any_two_texts_can_be_compared(a: str, b: str) -> None:
    assert len(pieces(tokens(a))) % 8 == 0
    assert 0 <= share(a, b) <= 1
    evidence(a, b)


def test_numbers_of_pages_and_sections_are_no_words() -> None:
    titles = [" ".join(LONG[at : at + 6]) for at in range(0, 600, 6)]
    listed = "\n".join(f"1.{number}. {title}" for number, title in enumerate(titles))
    printed = "\n".join(f"{title} . . . {number}" for number, title in enumerate(titles))
    assert keys(tokens(listed)) == keys(tokens(printed))
    assert share(listed, printed + "\n" + " ".join(LONG[600:1600])) == 1


def test_a_table_read_by_its_columns_is_the_same_table() -> None:
    cells = [LONG[at : at + 6] for at in range(0, 240, 6)]
    rows = "\n".join(" ".join(row) for row in cells)
    broken = "\n".join(" ".join((*row[::2], *row[1::2])) for row in cells)
    before, behind = " ".join(LONG[2000:3000]), " ".join(LONG[3000:3200])
    part = f"{before[-900:]}\n{rows}\n{behind}"
    assert share(part, f"{before}\n{broken}\n{behind}\n{' '.join(LONG[4000:])}") > 0.9
    strange = " ".join(words(77, 240))
    assert share(part, f"{before}\n{strange}\n{behind}\n{' '.join(LONG[4000:])}") < 0.75


def test_the_evidence_quotes_what_is_missing() -> None:
    whole = " ".join(LONG[:2000])
    part = " ".join((*LONG[:300], "Never printed elsewhere, 12 times.", *LONG[300:500]))
    told = evidence(part, whole)
    assert told is not None
    assert dict(told.args) == {
        "found": "500", "words": "504", "passage": "Never printed elsewhere, 12 times."
    }  # fmt: skip
    assert "passage" not in getattr(evidence(" ".join(LONG[:300]), whole), "args", {"passage": ""})


@pytest.mark.parametrize(
    ("part", "whole"),
    [
        pytest.param(LONG[: WORDS - 1], LONG, id="a few words"),
        pytest.param(LONG[: int(MOST * 4000) + 1], LONG[:4000], id="nearly all"),
        pytest.param([], LONG, id="nothing"),
        pytest.param(LONG, [], id="in nothing"),
    ],
)
def test_what_is_no_part(part: list[str], whole: list[str]) -> None:
    assert share(" ".join(part), " ".join(whole)) == 0


def test_a_book_in_another_order_of_pages_is_in_the_book() -> None:
    told = words(5, LONG_PART)
    pages = [told[at : at + 300] for at in range(0, LONG_PART, 300)]
    sheets = [pages[at] for at in sorted(range(len(pages)), key=lambda at: (at % 7, at))]
    printed = " ".join(itertools.chain.from_iterable(sheets))
    assert similarity(printed, " ".join(told)) < Dedupe().text
    assert share(printed, " ".join(told) + " And so it ends.") > 0.95


def test_a_run_counts_as_often_as_it_is_there() -> None:
    verse = " ".join(LONG[:30])
    whole = verse + " " + " ".join(LONG[100:1000])
    assert share(" ".join([verse] * 10), whole) == pytest.approx(0.1, abs=0.04)


def test_pieces_are_the_same_on_every_machine() -> None:
    """Stored fingerprints are compared with new ones: a change here asks for a new ``dedupe.VERSION``."""
    found = np.frombuffer(pieces(tokens(" ".join(LONG))), "<u8")
    assert len(found) == 238
    assert pieces(tokens(" ".join(LONG)))[:8].hex() == "a6abf83ed6060500"


# Real manuals

MANUALS = {
    "reference en": ("debian-reference-en", "usr/share/debian-reference", "debian-reference.en"),
    "reference zh-cn": ("debian-reference-zh-cn", "usr/share/debian-reference", "debian-reference.zh-cn"),
    "reference zh-tw": ("debian-reference-zh-tw", "usr/share/debian-reference", "debian-reference.zh-tw"),
    "faq en": ("debian-faq", "usr/share/doc/debian/FAQ", "debian-faq.en"),
    "faq zh-cn": ("debian-faq-zh-cn", "usr/share/doc/debian/FAQ", "debian-faq.zh-cn"),
}  # fmt: skip


def text_of(path: Path) -> str:
    return main_text(extract(path, path.name).text)


@pytest.mark.parametrize("manual", MANUALS)
def test_a_real_manual_is_one_in_all_its_formats(manual: str) -> None:
    package, where, name = MANUALS[manual]
    folder = debian(package, where)
    wholes = [
        path
        for path in sorted(folder.glob(f"{name}.*"))
        if re.search(r"\.(txt|pdf)(\.gz)?$", path.name)
    ]
    assert len(wholes) == 2
    texts = [text for text in map(text_of, wholes) if len(text) > 1000]
    assert len(texts) == (1 if manual == "faq zh-cn" else 2)  # its PDF says that there is none
    for a, b in itertools.combinations(texts, 2):
        assert similarity(a, b) > Dedupe().text
    pages = sorted(folder.rglob(f"*.{name.partition('.')[2]}.html"))
    assert len(pages) >= 15
    for page, whole in itertools.product(pages, texts):
        part = text_of(page)
        mine, theirs = keys(tokens(part)), keys(tokens(whole))
        assert len(mine & theirs) >= max(LEAST, len(mine) / 2), page.name
        assert share(part, whole) > 0.95, page.name


def test_a_licence_stands_in_its_book_and_a_list_of_books_does_not() -> None:
    folder = material("documents/pride-and-prejudice")
    book, licence, listed = (
        text_of(folder / name) for name in ("1342.txt", "LICENSE", "old__pandp09.txt")
    )
    assert share(licence, book) > 0.95
    assert share(listed, book) < 0.1

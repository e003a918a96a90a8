"""Keywords and titles that nobody stated."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.classify import profile
from curate.classify.keywords import keywords
from curate.classify.title import LONGEST, human, stated, title
from curate.model import Extracted
from tests.material import material


def test_frequent_words_without_stop_words() -> None:
    text = (
        "The garden is a garden of roses. Every rose in the garden needs water and pruning.\n" * 3
    )
    found = keywords(text, "en")
    assert found[0] == "garden"
    assert "pruning" in found
    assert not {"the", "every", "in", "roses"} & set(found)  # joined with the plural


def test_words_that_stand_together_are_one_keyword() -> None:
    text = "Machine learning needs data. We teach machine learning. Use machine learning wisely. "
    assert keywords(text * 2, "en")[0] == "machine learning"


def test_chinese_words_have_two_characters_or_more() -> None:
    text = (
        "版本控制系统记录文件的修改。我们可以使用版本控制系统恢复文件，因为所有的修改都在仓库里。"
    )
    found = keywords(text, "zh")
    assert {"文件", "修改"} <= set(found)
    assert not {"我们", "可以", "因为", "所有", "的"} & set(found)
    assert "git" in keywords("用 Git 提交，用 Git 合并，用 Git 回退", "zh")


def test_addresses_and_numbers_are_no_keywords() -> None:
    text = (
        "See https://example.org/roses/water and /usr/share/doc or mail tom@example.org 12345 a1b2."
    )
    assert keywords(text + " Gardening.", "en") == ("gardening", "mail")


def test_code_has_no_keywords() -> None:
    extracted = Extracted("py", "code", "", text="import numpy\nreturn numpy.zeros(4)\n" * 9)
    assert profile(extracted, "a.py").keywords == ()


@given(st.text(max_size=400), st.sampled_from(["", "en", "zh", "ja", "ru", "th"]))
def test_any_text_gives_few_words_and_always_the_same(text: str, language: str) -> None:
    found = keywords(text, language)
    assert found == keywords(text, language)
    assert len(found) == len(set(found)) <= 8
    assert all(found)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("2024-03_git-guide_v2.pdf", "2024-03 git guide v2"),
        ("安装指南_第2版.docx", "安装指南 第2版"),
        ("courses/python/index.html", "python"),
        ("archive-1.2.3.tar.gz", "archive 1.2.3"),
        ("%E4%BD%A0%E5%A5%BD.pdf", "你好"),
        ("C++ primer.pdf", "C++ primer"),
        ("report (final).docx", "report (final)"),
        ("-", "-"),
    ],
)
def test_a_file_name_as_people_would_write_it(name: str, expected: str) -> None:
    assert human(name) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Microsoft Word - thesis.doc", "thesis"),
        ("  The Art\n of   War ", "The Art of War"),
        ("Untitled-1", ""),
        ("新建 Microsoft Word 文档", ""),
        ("PowerPoint Presentation", ""),
        ("Book of Tea", "Book of Tea"),
        ("\x00\x01", ""),
    ],
)
def test_titles_that_only_a_program_gave_are_none(said: str, expected: str) -> None:
    assert stated(said) == expected


@pytest.mark.parametrize(
    ("format", "kind", "text", "expected"),
    [
        ("md", "text", "![badge](x.svg)\n\n# The **Art** of [Git](u)\n\nText.", "The Art of Git"),
        ("md", "text", "Guide\n=====\n\nText.", "Guide"),
        ("txt", "text", "第一章 绪论\n\n正文从这里开始。", "第一章 绪论"),
        ("pdf", "document", "Annual Report 2024\nof the society", "Annual Report 2024"),
        ("txt", "text", "This is simply how the text begins, with a sentence.\nMore.", "my file"),
        ("txt", "text", "word " * 60, "my file"),
        ("py", "code", "# Not a title\nx = 1", "my file"),
        ("json", "text", "{}", "my file"),
        ("pdf", "document", "— 3 —\n", "my file"),
        ("pdf", "document", "", "my file"),
    ],
)
def test_headings_and_first_lines_before_the_name(
    format: str, kind: str, text: str, expected: str
) -> None:
    extracted = Extracted(format, kind, "", text=text)  # type: ignore[arg-type]
    assert title(extracted, "my_file.x") == expected


@given(st.text(max_size=300), st.text(max_size=300), st.text(min_size=1, max_size=100))
def test_a_title_is_one_line(said: str, text: str, name: str) -> None:
    found = title(Extracted("md", "text", "", title=said, text=text), name)
    assert len(found) <= LONGEST
    assert found.isprintable()


def test_real_titles() -> None:
    folder = material("documents/art-of-command-line")
    for name, expected in (
        ("README-zh.md", "命令行的艺术"),
        ("README-de.md", "The Art of Command Line"),
        ("README-es.md", "El Arte del Terminal"),
    ):
        text = (folder / name).read_text("utf-8")
        made = profile(Extracted("md", "text", "", text=text), name)
        assert made.title == expected
        assert len(made.keywords) == 8
    book = material("documents/pride-and-prejudice") / "1342-0.txt"
    text = book.read_text("utf-8-sig")
    assert {"elizabeth", "bennet", "bingley"} <= set(keywords(text, "en"))


def test_a_slip_in_a_plural_does_not_stop_the_rest() -> None:
    found = keywords("a method, two methods and the methodss of them. " * 20, "en")
    assert [word for word in found if word.startswith("method")]

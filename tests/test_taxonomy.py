"""Which words match, and which category they speak for."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.classify.match import Keywords, normal
from curate.classify.taxonomy import Taxonomy
from curate.collection import Category
from tests.material import material

GARDEN = Category("garden", words=("rose", "pruning", "园艺", "花园"))
COOKING = Category("cooking", words=("recipe", "oven", "烹饪", "食谱"))
BAKING = Category("baking", words=("bread", "oven"), parent="cooking")
LONG = "Nothing of interest stands here, only words. " * 500


@cache
def taxonomy(threshold: float = 0.2) -> Taxonomy:
    return Taxonomy((GARDEN, COOKING, BAKING), threshold)


@pytest.mark.parametrize(
    ("keyword", "text", "matches"),
    [
        ("guide", "Guides for all", True),
        ("guide", "misguided", False),
        ("guide", "my_guide_v2.pdf", True),
        ("git", "digit gitter", False),
        ("git", "使用git命令", True),
        ("art", "article", False),
        ("art", "the arts", True),
        ("boss", "bosses", True),
        ("machine learning", "MACHINE-\n  Learning", True),
        ("machine-learning", "machine_learning", True),
        ("machine learning", "machines learning", False),
        ("指南", "安装指南第二版", True),
        ("ｇｉｔ", "Git", True),
        ("c++", "Modern C++ books", True),
        ("straße", "STRASSE", True),
        ("", "anything", False),
    ],
)
def test_how_a_keyword_matches(keyword: str, text: str, matches: bool) -> None:
    assert Keywords([keyword]).find(text) == (keyword if matches else "")


def test_the_keyword_is_given_back_as_it_was_written() -> None:
    words = Keywords(["Git", "Git Guide", "指南"])
    assert words.find("a git-guide") == "Git Guide"
    assert words.find("指南 git") == "指南"
    assert words.find("") == Keywords([]).find("text") == ""


@given(st.lists(st.text(min_size=1, max_size=8), max_size=8), st.text(max_size=100))
def test_any_keywords_and_any_text(words: list[str], text: str) -> None:
    found = Keywords(words).find(text)
    assert found == "" or found in words
    for word in words:
        if normal(word).isalpha() and normal(word) == word:
            assert Keywords(words).find(f"{text} {word}") != ""


def test_digests_change_with_what_could_match() -> None:
    assert Keywords(["a", "b"]).digest == Keywords(["B", "a"]).digest != Keywords(["a"]).digest
    other = Taxonomy((GARDEN, COOKING), 0.2).digest
    assert len({taxonomy().digest, taxonomy(0.3).digest, other}) == 3


def test_a_word_in_the_title_is_clear() -> None:
    label = taxonomy().label("Growing roses", (), "", (), LONG)
    assert label.category == "garden"
    assert label.score > 0.6
    assert label.words == ("rose",)
    assert taxonomy().label("花园设计", (), "", (), "").category == "garden"


def test_a_passing_mention_in_a_long_text_is_not() -> None:
    label = taxonomy().label("", (), "", (), LONG + "a rose " + LONG)
    assert label.category == ""
    assert label.score < 0.2
    assert label.second == "garden"


def test_evidence_counts_by_where_it_stands() -> None:
    scores = [
        taxonomy().label("rose", (), "", (), "").score,
        taxonomy().label("", ("rose",), "", (), "").score,
        taxonomy().label("", (), "photos/rose_01.jpg", (), "").score,
        taxonomy().label("", (), "", (), "A rose.").score,
        0,
    ]
    assert scores == sorted(scores, reverse=True)
    assert taxonomy().label("", (), "", ("rose",), "").score == scores[1]


def test_two_that_are_alike_are_both_named() -> None:
    label = taxonomy().label("Recipe for a rose", (), "", (), "")
    assert {label.category, label.second} == {"garden", "cooking"}
    assert label.score < taxonomy().label("A rose", (), "", (), "").score


def test_between_parent_and_child_the_special_one_wins() -> None:
    label = taxonomy().label("Oven", (), "", (), "")
    assert (label.category, label.second) == ("baking", "cooking")


def test_a_category_without_words_goes_by_its_name_and_title() -> None:
    labels = Taxonomy((Category("maps", title="地图"),), 0.2)
    assert labels.label("Old map collection", (), "", (), "").category == ""
    assert labels.label("Maps of Asia", (), "", (), "").category == "maps"
    assert labels.label("中国地图", (), "", (), "").category == "maps"


def test_parents_in_a_circle_and_no_categories_do_no_harm() -> None:
    circle = Taxonomy((Category("a", words=("x1",), parent="b"), Category("b", parent="a")), 0.2)
    assert circle.label("x1", (), "", (), "").category == "a"
    assert Taxonomy((), 0.2).label("title", (), "", (), "text").category == ""


@pytest.mark.parametrize(
    ("folder", "least"), [("eng_Latn", 0.33), ("zho_Hans", 0.3), ("zho_Hant", 0.25)]
)
def test_words_alone_sort_real_sentences_modestly(folder: str, least: float) -> None:
    """One sentence has few words to go by; the benchmark prints the figures."""
    written = pytest.importorskip("benchmarks.taxonomies").TOPICS
    topics = Taxonomy([Category(name, words=words) for name, words in written.items()], 0.2)
    rows = (material("topics") / folder / "dev.tsv").read_text("utf-8").splitlines()[1:]
    known = [row.split("\t")[1:] for row in rows]
    said = [topics.label("", (), "", (), text).category for _, text in known]
    right = [answer == topic for answer, (topic, _) in zip(said, known, strict=True)]
    assert sum(right) >= least * len(known)
    answered = [one for one, answer in zip(right, said, strict=True) if answer]
    assert sum(answered) >= 0.7 * len(answered)

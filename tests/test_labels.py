"""The label of a resource: examples, parents, reasons, the order in which people are asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.classify.examples import Examples
from curate.classify.labels import Labeller, Seen, by_doubt
from curate.collection import Category
from curate.model import Label

GARDEN = Category("garden", words=("rose", "花园"), examples=("plants/*", "*/garden/*.md"))
MEALS = Category("meals", words=("recipe",))
BREAD = Category("bread", words=("oven", "dough"), parent="meals")
SOUP = Category("soup", words=("broth", "ladle"), parent="meals")
EVERY = (GARDEN, MEALS, BREAD, SOUP)


def seen(title: str = "", text: str = "", path: str = "a.md") -> Seen:
    return Seen(title, (), path, (), text)


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("invoices/*", "invoices/2024/one.pdf", True),
        ("invoices/*", "old/invoices/one.pdf", False),
        ("*/invoices/*", "old/invoices/one.pdf", True),
        ("./notes/a.md", "notes/a.md", True),
        ("notes/a.md", "notes/a.md.bak", False),
        ("https://example.org/*.pdf", "https://example.org/x/y.pdf", True),
        ("a*a", "a", False),
        ("a*a", "aa", True),
        ("*花*园*", "我的花和园.txt", True),
        ("a.c", "abc", False),
        ("*", "everything", False),
    ],
)
def test_what_an_example_means(pattern: str, path: str, fits: bool) -> None:
    found = Examples([Category("one", examples=(pattern,))]).find(path)
    assert (found is not None) == fits


def test_the_more_special_example_wins_and_no_pattern_takes_long() -> None:
    both = Examples(
        [Category("wide", examples=("docs/*",)), Category("near", examples=("docs/tax/*",))]
    )
    assert both.find("docs/tax/2024.pdf") == ("near", "docs/tax/*")
    assert both.find("docs/other.pdf") == ("wide", "docs/*")
    slow = Examples([Category("slow", examples=("a*" * 200 + "b",))])
    assert slow.find("a" * 4000) is None


@given(st.lists(st.text("ab*/", max_size=6), max_size=4), st.text("ab/", max_size=12))
def test_any_pattern_and_any_path(patterns: list[str], path: str) -> None:
    found = Examples([Category("one", examples=tuple(patterns))]).find(path)
    assert found is None or found[1] in [one.removeprefix("./") for one in patterns]


def test_an_example_is_surer_than_words() -> None:
    label = Labeller(EVERY, 0.2).label(seen("An oven recipe", path="plants/odd.md"))
    assert (label.category, label.score, label.basis) == ("garden", 1.0, "example")
    assert label.words == ("plants/*",)


def test_parts_that_are_equally_likely_make_it_the_whole() -> None:
    label = Labeller(EVERY, 0.2).label(seen("Broth and dough"))
    assert label.category == "meals"
    assert label.second in ("bread", "soup")
    orphans = Labeller((GARDEN, BREAD, SOUP), 0.2).label(seen("Broth and dough"))
    assert {orphans.category, orphans.second} == {"bread", "soup"}
    assert label.score > orphans.score
    assert Labeller(EVERY, 0.2).label(seen("Oven and dough")).category == "bread"
    apart = Labeller(EVERY, 0.2).label(seen("Broth for a rose"))
    assert {apart.category, apart.second} == {"garden", "soup"}


def test_guesses_are_of_the_vocabulary_and_the_best_first() -> None:
    labeller = Labeller(EVERY, 0.99)
    assert labeller.label(seen("Rose soup in broth")).category == ""
    guesses = labeller.guesses(seen("A rose, a rose; broth", "rose"), 3)
    assert [one.category for one in guesses] == ["garden", "soup"]
    assert guesses[0].score >= guesses[1].score
    assert labeller.guesses(seen("nothing"), 3) == []


def test_digests_tell_what_another_label_is_due_to() -> None:
    plain = Labeller((MEALS,), 0.2)
    named = Labeller((Category("meals", words=("recipe",), examples=("a/*",)),), 0.2)
    assert len({plain.digest, named.digest, Labeller((MEALS,), 0.3).digest}) == 3
    assert plain.words == Labeller((MEALS,), 0.3).words != named.words


def test_the_least_sure_are_asked_about_first_and_no_category_is_left_out() -> None:
    labels = [(f"a{n}", Label("a", 0.30 + n / 100)) for n in range(5)]
    labels += [("b", Label("b", 0.9)), ("none", Label("", 0.1, second="c"))]
    assert by_doubt(labels) == ["none", "a0", "b", "a1", "a2", "a3", "a4"]

"""Near-duplicate text: what pairs, what must not, and that fingerprints never change."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.dedupe import fingerprint
from curate.dedupe.text import BANDS, bands, sign, similarity, tokens
from curate.model import Extracted
from tests.material import material

ENGLISH = (
    "Everyone has the right to life, liberty and security of person. No one shall be held in slavery "
    "or servitude; slavery and the slave trade shall be prohibited in all their forms. Everyone has the "
    "right to recognition everywhere as a person before the law, and all are equal before the law."
)
CHINESE = "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。"


def keys(text: str) -> set[int]:
    return set(np.frombuffer(sign(text)[2], "<u8").tolist())


def test_words_and_single_han_characters_are_tokens() -> None:
    assert len(tokens("Git 指南, v2.0 – a re-read_me!")) == 9  # git 指 南 v2 0 a re read me
    assert tokens("ＧＩＴ　ﬁle STRASSE").tolist() == tokens("git file straße").tolist()
    assert tokens("指南").tolist() == [*tokens("指"), *tokens("南")]
    assert len(tokens("これは本です")) == 6
    assert len(tokens("")) == len(tokens("… — !")) == 0


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_can_be_signed_and_compared(a: str, b: str) -> None:
    digest, count, shared = sign(a)
    assert len(digest) in (0, 32)
    assert len(shared) in (0, 8 * BANDS)
    assert count == len(tokens(a))
    assert 0 <= similarity(a, b) <= 1
    assert similarity(a, b) == pytest.approx(similarity(b, a))
    assert not count or similarity(a, a) == 1


@given(st.lists(st.text("abcdefg", min_size=1, max_size=4), max_size=40))
def test_layout_does_not_change_the_text(words: list[str]) -> None:
    assert sign(" ".join(words)) == sign("\n  ".join(words).upper() + " .")


def test_the_same_text_has_the_same_digest_in_any_format(tmp_path: Path) -> None:
    def of(text: str, kind: str) -> bytes:
        extracted = Extracted(kind, "text", "text/plain", text=text)
        return fingerprint(extracted, tmp_path / "none").text

    assert of("# Rights\n\n*" + ENGLISH + "*", "md") == of("RIGHTS — " + ENGLISH, "txt") != b""


def test_fingerprints_are_the_same_on_every_machine() -> None:
    """Stored fingerprints are compared with new ones: a change here asks for a new ``dedupe.VERSION``."""
    digest, count, shared = sign(ENGLISH + CHINESE)
    assert count == 91
    assert digest.hex()[:16] == "ea7751f578c9e239"
    assert shared[:8].hex() == "5af8cc80393745fd"


@pytest.mark.parametrize(
    "text", ["", "Contents", "Page 1", "…", "12 13 14 15", "1 2 3 4 5 6 7 8 9 10"]
)
def test_what_says_nothing_is_no_duplicate_of_anything(text: str) -> None:
    assert sign(text)[0] == b""


def test_short_or_repetitive_texts_have_no_bands() -> None:
    assert sign("one two three four five six seven")[2] == b""
    assert sign("no " * 500)[2] == b""
    assert len(sign(ENGLISH)[2]) == len(bands(tokens(ENGLISH))) == 8 * BANDS


@pytest.mark.parametrize("text", [ENGLISH, CHINESE * 3], ids=["en", "zh"])
@pytest.mark.parametrize("share", [0.01, 0.05, 0.1, 0.2])
def test_edited_texts_are_found_and_verified(text: str, share: float) -> None:
    chance = random.Random(7)
    words = text.split() if " " in text else list(text)
    for place in chance.sample(range(len(words)), max(1, int(len(words) * share))):
        words[place] = (
            chance.choice(["change", "otherwise"]) if " " in text else chance.choice("山水火木")
        )
    edited = (" " if " " in text else "").join(words)
    assert keys(text) & keys(edited)
    assert 0.75 <= similarity(text, edited) < 1


def test_long_texts_are_compared_by_a_sample_of_their_tokens() -> None:
    chance = random.Random(3)
    words = [f"w{chance.randrange(4000)}" for _ in range(60_000)]
    edited = [f"x{chance.randrange(4000)}" if chance.random() < 0.1 else word for word in words]
    whole, half = " ".join(words), " ".join(words[:30_000])
    assert similarity(whole, " ".join(edited)) == pytest.approx(0.9, abs=0.02)
    assert similarity(whole, half) == pytest.approx(2 / 3, abs=0.02)
    assert similarity(whole, " ".join(sorted(words))) < 0.3


def test_editions_of_one_book_pair() -> None:
    folder = material("documents/pride-and-prejudice")
    names = ["1342.txt", "1342-0.txt", "old__pandp10.txt", "old__pandp12.txt", "book.asciidoc"]
    books = [(folder / name).read_text("utf-8", "replace") for name in names]
    for a, b in itertools.combinations(books, 2):
        assert keys(a) & keys(b)
        assert similarity(a, b) > 0.95


def test_one_document_in_eighteen_languages_does_not_pair() -> None:
    folder = material("documents/art-of-command-line")
    texts = {path.name: path.read_text("utf-8") for path in sorted(folder.glob("README*.md"))}
    assert len(texts) == 18
    near = [
        (a, b)
        for a, b in itertools.combinations(texts, 2)
        if keys(texts[a]) & keys(texts[b]) and similarity(texts[a], texts[b]) >= 0.75
    ]
    assert near == []
    assert similarity(texts["README-zh.md"], texts["README-zh-Hant.md"]) < 0.75

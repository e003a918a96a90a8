"""Near-duplicate text: what pairs, what must not, and that fingerprints never change."""

from __future__ import annotations

import itertools
import random
import re
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Indel

from curate.dedupe import fingerprint
from curate.dedupe.minhash import jaccard
from curate.dedupe.near import Texts
from curate.dedupe.text import (
    BANDS,
    alike,
    bands,
    evidence,
    hopeless,
    sign,
    similarity,
    tokens,
    words,
)
from curate.dedupe.tokens import places
from curate.han import SIMPLIFIED, TRADITIONAL, simplified
from curate.messages import render
from curate.model import Extracted
from tests.material import material

ENGLISH = (
    "Everyone has the right to life, liberty and security of person. No one shall be held in slavery "
    "or servitude; slavery and the slave trade shall be prohibited in all their forms. Everyone has the "
    "right to recognition everywhere as a person before the law, and all are equal before the law."
)
UNITS = re.compile("[\u4e00-\u9fff]|[^\\s\u4e00-\u9fff]+")
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


@given(st.lists(st.text("abcxyz089", min_size=1, max_size=4), min_size=1, max_size=30), st.data())
def test_width_case_and_punctuation_do_not_change_the_text(
    words: list[str], data: st.DataObject
) -> None:
    wide = {ord(letter): ord(letter) + 0xFEE0 for letter in "abcxyz089"}
    marks = data.draw(
        st.lists(
            st.sampled_from([" ", "，", " — ", "…", "\n", "_", "¨", "。"]),
            min_size=len(words),
            max_size=len(words),
        )
    )
    other = "".join(word.translate(wide) + mark for word, mark in zip(words, marks, strict=True))
    assert sign(other.upper()) == sign(" ".join(words))


@given(
    st.text(max_size=200)
    | st.text("eée\u0301\u0327ßﬁ½ǅ가\u1100\u1161\u11a8ｶ\uff9eㄱ한國语ไทยा ", max_size=60)
)
def test_one_way_of_writing_is_as_good_as_another(text: str) -> None:
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert tokens(unicodedata.normalize(form, text)).tolist() == tokens(text).tolist()
    assert tokens(unicodedata.normalize("NFKC", text).casefold()).tolist() == tokens(text).tolist()
    shown, starts = places(text)
    assert len(starts) == len(tokens(text))
    assert all(0 <= start < len(shown) for start in starts)


@given(st.text(st.sampled_from(TRADITIONAL), min_size=1, max_size=30))
def test_traditional_characters_are_compared_as_simplified(text: str) -> None:
    assert tokens(text).tolist() == tokens(simplified(text)).tolist()


def test_the_same_text_has_the_same_digest_in_any_format(tmp_path: Path) -> None:
    def of(text: str, kind: str) -> bytes:
        extracted = Extracted(kind, "text", "text/plain", text=text)
        return fingerprint(extracted, tmp_path / "none").text

    assert of("# Rights\n\n*" + ENGLISH + "*", "md") == of("RIGHTS — " + ENGLISH, "txt") != b""


def test_fingerprints_are_the_same_on_every_machine() -> None:
    """Stored fingerprints are compared with new ones: a change here asks for a new ``dedupe.VERSION``."""
    digest, count, shared = sign(ENGLISH + CHINESE)
    assert count == 91
    assert digest.hex()[:16] == "d7789e31775bc893"
    assert shared[:8].hex() == "bdc81165a5950000"
    assert shared[-8:].hex() == "27e588fdda1e2700"


@pytest.mark.parametrize(
    "text", ["", "Contents", "Page 1", "…", "12 13 14 15", "1 2 3 4 5 6 7 8 9 10"]
)
def test_what_says_nothing_is_no_duplicate_of_anything(text: str) -> None:
    assert sign(text)[0] == b""


def test_short_or_repetitive_texts_have_no_bands() -> None:
    assert sign("one two three four five six seven")[2] == b""
    assert sign("no " * 500)[2] == b""
    assert len(sign(ENGLISH)[2]) == len(bands(tokens(ENGLISH))) == 8 * BANDS


def edited(text: str, share: float, seed: int = 7) -> str:
    chance = random.Random(seed)
    units = UNITS.findall(text)
    for place in chance.sample(range(len(units)), max(1, int(len(units) * share))):
        han = units[place] >= "\u4e00"
        units[place] = chance.choice("山水火木" if han else ["change", "otherwise"])
    return " ".join(units)


@pytest.mark.parametrize("text", [ENGLISH, CHINESE * 3], ids=["en", "zh"])
@pytest.mark.parametrize("share", [0.01, 0.05, 0.1, 0.2])
def test_edited_texts_are_found_and_verified(text: str, share: float) -> None:
    other = edited(text, share)
    assert keys(text) & keys(other)
    assert not hopeless(sign(text)[2], sign(other)[2])
    assert 0.75 <= similarity(text, other) < 1


def test_two_editions_of_a_chinese_text_in_both_ways_of_writing_are_one() -> None:
    opencc = pytest.importorskip("opencc", reason="opencc is not installed")
    lines = material("topics/zho_Hans/train.tsv").read_text("utf-8").splitlines()[1:]
    text = "".join(line.split("\t")[2] for line in lines[:40])
    other = opencc.OpenCC("s2t").convert(text)
    assert sum(a != b for a, b in zip(text, other, strict=True)) > 300
    assert sign(text) == sign(other)
    revised = edited(other, 0.15)
    assert keys(text) & keys(revised)
    assert similarity(text, revised) == similarity(text, edited(text, 0.15)) > 0.8


def test_traditional_without_another_program() -> None:
    back = str.maketrans(SIMPLIFIED, TRADITIONAL)
    assert CHINESE.translate(back) != CHINESE
    assert sign(CHINESE.translate(back)) == sign(CHINESE)


@given(
    st.lists(st.sampled_from("abcdefghij"), max_size=60),
    st.lists(st.sampled_from("abcdefghij"), max_size=60),
    st.sampled_from([0.0, 0.3, 0.7, 0.9]),
)
def test_similarity_is_that_of_the_words_in_order(a: list[str], b: list[str], least: float) -> None:
    exact = Indel.normalized_similarity(a, b) if a and b else 0.0
    found = similarity(" ".join(a), " ".join(b), least)
    assert found == pytest.approx(exact if exact >= least else 0.0)


def test_the_coarse_look_never_says_less() -> None:
    """It may drop a pair unseen, so it has to be a bound."""
    chance = random.Random(5)
    vocabulary = [f"w{number}" for number in range(3000)]
    for _ in range(50):
        text = " ".join(chance.choice(vocabulary) for _ in range(400))
        a, b = words(text), words(edited(text, chance.random() / 2, chance.randrange(99)))
        assert Indel.normalized_similarity(*(one.coarse for one in (a, b))) >= alike(a, b)
        assert len(a.coarse) == len(a.exact)


def test_bands_tell_how_much_two_texts_share() -> None:
    chance = random.Random(11)
    for size in (60, 300, 3000):
        text = " ".join(f"w{chance.randrange(size)}" for _ in range(size))
        for share in (0.0, 0.1, 0.25, 0.6):
            other = edited(text, share) if share else text.upper()
            one, two = (set(itertools.pairwise(tokens(side).tolist())) for side in (text, other))
            exact = len(one & two) / len(one | two)
            assert jaccard(sign(text)[2], sign(other)[2]) == pytest.approx(exact, abs=0.15)
            assert share > 0.25 or not hopeless(sign(text)[2], sign(other)[2])
    assert jaccard(b"", sign(ENGLISH)[2]) == 0


def test_all_near_pairs_of_many_texts_at_once() -> None:
    chance = random.Random(2)
    originals = [
        " ".join(f"w{chance.randrange(900)}" for _ in range(size))
        for size in (8, 40, 90, 300, 700, 5000)
    ] * 1
    originals += [CHINESE * 2, ENGLISH, "", "Contents", "no " * 30]
    every = [*originals, *(edited(text, 0.1) if text else "" for text in originals)]
    texts = Texts()
    for text in every:
        texts.add(text)
    found = {(a, b): score for a, b, score in texts.pairs(0.75)}
    sought = {
        (a, b): similarity(every[a], every[b])
        for a, b in itertools.combinations(range(len(every)), 2)
        if keys(every[a]) & keys(every[b]) and similarity(every[a], every[b]) >= 0.75
    }
    assert found == pytest.approx(sought)
    assert {(n, n + len(originals)) for n in range(1, 8)} <= set(found)
    assert list(Texts().pairs(0.75)) == []


def test_evidence_says_how_much_is_the_same_and_where_they_part() -> None:
    told = evidence(ENGLISH, ENGLISH.replace("liberty and security", "freedom, and Security"))
    assert told is not None
    assert told.args["same"] == str(len(tokens(ENGLISH)) - 1)
    assert told.args["all"] == str(len(tokens(ENGLISH)))
    assert told.args["here"].startswith("life, liberty and security of person.")
    assert told.args["there"].startswith("life, freedom, and Security of person.")
    assert max(len(told.args["here"]), len(told.args["there"])) <= 60
    assert "字词" in render(told, "zh")


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_two_texts_have_evidence(a: str, b: str) -> None:
    told = evidence(a, b)
    assert told is not None
    assert int(told.args["same"]) <= int(told.args["all"])
    assert "\n" not in told.args["here"] + told.args["there"]


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

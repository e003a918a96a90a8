"""One text in the two ways of writing Chinese."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.han import TRADITIONAL, simplified, table


def test_both_ways_of_writing_become_one() -> None:
    assert simplified("軟體裡的資料庫") == simplified("软体里的资料库") == "软体里的资料库"
    assert simplified("plain") == "plain"


@given(st.text(alphabet=st.sampled_from(TRADITIONAL) | st.characters(), max_size=40))
def test_folding_keeps_every_place_and_is_done_once(text: str) -> None:
    folded = simplified(text)
    assert len(folded) == len(text)
    assert simplified(folded) == folded


def test_the_table_is_what_opencc_says() -> None:
    opencc = pytest.importorskip("opencc", reason="opencc is not installed")
    blocks = [(0x3400, 0x4DC0), (0x4E00, 0xA000), (0x20000, 0x323B0)]
    every = [chr(code) for block in blocks for code in range(*block)]
    said = opencc.OpenCC("t2s").convert("\n".join(every)).split("\n")
    alone = {
        one: other
        for one, other in zip(every, said, strict=True)
        if one != other and len(other) == 1 and unicodedata.normalize("NFKC", one) == one
    }
    known = {chr(one): chr(other) for one, other in table().items()}
    assert known == {one: alone.get(other, other) for one, other in alone.items()}

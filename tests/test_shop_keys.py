"""Codes of buyers follow from one key, and are stored nowhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.errors import CurateError
from curate.shop import keys, money


def test_the_same_key_gives_the_same_code_and_another_generation_another(tmp_path: Path) -> None:
    made, again = keys.load(tmp_path), keys.load(tmp_path)
    code = made.code("K7QM-2XPA", 0)
    assert code == again.code("K7QM-2XPA", 0)
    assert re.fullmatch(r"[A-Z2-7]{26}", code)
    assert len({code, made.code("K7QM-2XPA", 1), made.code("K7QM-2XPB", 0)}) == 3
    assert made.code_hash(f" {code[:5].lower()}-{code[5:]}\n") == made.code_hash(code)
    assert (tmp_path / keys.FILE).stat().st_mode & 0o077 == 0
    assert code not in repr(made)


@pytest.mark.parametrize("wrong", ["", "zz", "00" * 31, "00" * 33])
def test_a_damaged_key_is_told_and_not_replaced(tmp_path: Path, wrong: str) -> None:
    (tmp_path / keys.FILE).write_text(wrong)
    with pytest.raises(CurateError) as told:
        keys.load(tmp_path)
    assert "backup" in told.value.hint
    assert str(tmp_path / keys.FILE) in told.value.message
    assert (tmp_path / keys.FILE).read_text() == wrong


@given(st.integers(-(10**14), 10**14), st.sampled_from(["CNY", "JPY", "KWD"]))
def test_money_survives_being_written(amount: int, currency: str) -> None:
    assert money.minor(money.decimal(amount, currency), currency) == amount


@pytest.mark.parametrize(
    "text", ["", "1.234.5", "12,5", "1e3", "NaN", "0.001", "１２", "--1", "1" * 40]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(CurateError):
        money.minor(text, "CNY")

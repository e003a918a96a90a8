"""Pairs become groups, and one of each group stays for a stated reason."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.dedupe.clusters import Contender, clusters, keeper
from curate.messages import render
from curate.model import Duplicate

BOOK = Contender("aa", True, "document", "pdf", 1000, 0, 10_000, "2024-01-01", "book.pdf")
PHOTO = Contender("aa", True, "image", "jpeg", 1000, 640 * 480, 0, "2024-01-01", "photo.jpg")


def pair(a: str, b: str) -> Duplicate:
    return Duplicate(min(a, b), max(a, b), "near-text", 0.9)


def test_whoever_is_connected_is_in_one_group() -> None:
    assert clusters([pair("d", "c"), pair("a", "b"), pair("b", "e"), pair("a", "b")]) == [
        ("a", "b", "e"),
        ("c", "d"),
    ]
    assert clusters([]) == []


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=40), st.randoms())
def test_groups_are_disjoint_complete_and_independent_of_order(
    links: list[tuple[int, int]], chance: object
) -> None:
    pairs = [pair(f"{a:02d}", f"{b:02d}") for a, b in links if a != b]
    found = clusters(pairs)
    shuffled = list(pairs)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert clusters(shuffled) == found
    members = [one for group in found for one in group]
    assert sorted(members) == sorted({side for one in pairs for side in (one.a, one.b)})
    where = {one: number for number, group in enumerate(found) for one in group}
    assert all(where[one.a] == where[one.b] for one in pairs)


@pytest.mark.parametrize(
    ("winner", "loser", "reason"),
    [
        pytest.param(
            BOOK,
            replace(BOOK, sha256="00", allowed=False, text_length=99_999),
            "its rights allow it, those of the others do not",
            id="rights before quality",
        ),
        pytest.param(
            replace(PHOTO, sha256="bb", pixels=1280 * 960),
            replace(PHOTO, format="png", size=9999, date="2026-01-01"),
            "it has the most pixels (1228800)",
            id="resolution before format",
        ),
        pytest.param(
            replace(BOOK, sha256="bb", format="txt", text_length=12_000),
            BOOK,
            "it has the most text (12000 words)",
            id="completeness before format",
        ),
        pytest.param(
            BOOK,
            replace(BOOK, sha256="00", format="txt", text_length=10_100),
            "its format is the most useful (pdf)",
            id="a hundredth more text is no reason",
        ),
        pytest.param(
            replace(BOOK, sha256="bb", date="2025-06-01"),
            replace(BOOK, date=""),
            "it is the newest (2025-06-01)",
            id="newest",
        ),
        pytest.param(
            BOOK,
            replace(BOOK, sha256="bb"),
            "all else is equal, so the smallest hash decides",
            id="hash",
        ),
    ],
)
def test_the_rule_that_decides_is_the_reason(
    winner: Contender, loser: Contender, reason: str
) -> None:
    for members in ([winner, loser], [loser, winner]):
        kept, why = keeper(members)
        assert kept == winner
        assert str(why) == reason
        assert render(why, "zh")


def test_one_alone_stays_and_none_is_an_error() -> None:
    assert str(keeper([BOOK])[1]) == "there is no other copy"
    with pytest.raises(ValueError, match="without members"):
        keeper([])

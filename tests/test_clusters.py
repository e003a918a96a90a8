"""Pairs become groups, and one of each group stays for a stated reason."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.collection import Dedupe
from curate.dedupe.clusters import Contender, clusters, keeper, ranking
from curate.likeness import Word
from curate.messages import render
from curate.model import Duplicate
from curate.pipeline.keep import Kept, stand_back
from curate.pipeline.links import Links

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


def test_a_persons_word_goes_before_quality_but_not_before_rights() -> None:
    small = replace(PHOTO, sha256="bb", pixels=100, chosen=1, by="Ann", name="small")
    kept, why = keeper([PHOTO, small])
    assert (kept, str(why)) == (small, "Ann chose it")
    later = replace(PHOTO, sha256="cc", pixels=50, chosen=2, by="Bo")
    assert keeper([PHOTO, small, later])[0] == later
    kept, why = keeper([PHOTO, replace(small, allowed=False)])
    assert kept == PHOTO
    assert str(why).startswith("Ann chose “small”, which may not be packaged")
    assert "Ann" in render(why, "zh")


contender = st.builds(
    Contender,
    sha256=st.sampled_from([f"{number:02x}" for number in range(12)]),
    allowed=st.booleans(),
    kind=st.sampled_from(["image", "document"]),
    format=st.sampled_from(["pdf", "png", "txt", "odd"]),
    size=st.just(1),
    pixels=st.sampled_from([0, 99, 100, 101, 300]),
    text_length=st.sampled_from([0, 100, 101, 500]),
    date=st.sampled_from(["", "2020", "2024-01-01"]),
    chosen=st.sampled_from([0, 0, 1, 2]),
)
people = st.lists(contender, min_size=1, max_size=12, unique_by=lambda one: one.sha256)


@given(people, st.randoms())
def test_the_first_is_the_same_in_any_order_and_allowed_if_any_is(
    members: list[Contender], chance: object
) -> None:
    shuffled = list(members)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    ranked = ranking(members)
    assert ranking(shuffled) == ranked
    assert sorted(one.contender.sha256 for one in ranked) == sorted(one.sha256 for one in members)
    best = ranked[0].contender
    assert best.allowed == any(one.allowed for one in members)
    assert best.chosen == max(one.chosen for one in members if one.allowed == best.allowed)
    for better, worse in pairwise(ranked):
        assert better.places < worse.places
        assert render(better.before(worse), "zh") != ""


KINDS = ["same-text", "near-text", "near-image", "turned-image", "part-text"]
ties = st.lists(
    st.tuples(
        st.integers(0, 11), st.integers(0, 11), st.sampled_from(KINDS),
        st.sampled_from([0.8, 0.9, 1.0]), st.booleans(),
    ),
    max_size=24,
)  # fmt: skip
words = st.lists(
    st.tuples(st.integers(0, 11), st.integers(0, 11), st.sampled_from(["split", "merge"])),
    max_size=4,
)
dedupes = st.builds(
    Dedupe,
    near=st.sampled_from(["leave-out", "keep"]),
    parts=st.sampled_from(["leave-out", "keep"]),
    turned=st.booleans(),
)


def tied(found: list[tuple[int, int, str, float, bool]], tokens: dict[str, int]) -> list[Duplicate]:
    """Pairs as they are found: a part is shorter than its whole."""
    pairs = {}
    for one, other, kind, score, _ in found:
        a, b = (f"{min(one, other):02x}", f"{max(one, other):02x}")
        part = ""
        if kind == "part-text":
            if tokens.get(a, 0) == tokens.get(b, 0):
                continue
            part = "a" if tokens.get(a, 0) < tokens.get(b, 0) else "b"
        if a != b:
            pairs[a, b, kind] = Duplicate(a, b, kind, score, None, part)  # type: ignore[arg-type]
    return list(pairs.values())


@given(people, ties, words, dedupes)
def test_whoever_stands_back_does_so_for_one_that_is_like_it_and_goes_in(
    members: list[Contender],
    found: list[tuple[int, int, str, float, bool]],
    told: list[tuple[int, int, str]],
    dedupe: Dedupe,
) -> None:
    contenders = {one.sha256: one for one in members}
    pairs = tied(found, {one.sha256: one.text_length for one in members})
    said = {
        (f"{min(a, b):02x}", f"{max(a, b):02x}"): Word(verb, (), (), "Ann", "")  # type: ignore[arg-type]
        for a, b, verb in told
        if a != b
    }
    links = Links(pairs, dedupe, said)
    kept, _ = stand_back(links, dedupe, contenders)
    assert stand_back(Links(reversed(pairs), dedupe, said), dedupe, contenders)[0] == kept
    for name, one in kept.items():
        assert one.keeper not in kept or _may_both_go(kept[one.keeper], dedupe)
        pair_ = (min(name, one.keeper), max(name, one.keeper))
        assert pair_ not in said or one.kind == "said" or said[pair_].verb == "merge"
        if one.kind == "part-text":
            assert dedupe.parts == "leave-out"
            assert contenders[one.keeper].allowed and one.keeper in dict(links.inside(name))
        else:
            assert links.between(name, one.keeper)
            # What may go in never stands back for what may not.
            assert contenders[one.keeper].allowed or not contenders[name].allowed
    free = contenders.keys() - kept.keys()
    for name in free:
        for other in free - {name}:
            pair = links.between(name, other)
            assert pair is None or dedupe.parts == "leave-out"


def _may_both_go(kept: Kept, dedupe: Dedupe) -> bool:
    """One that goes in beside what it is near to may have others behind it."""
    return dedupe.near == "keep" and kept.kind not in ("same-text", "said", "part-text")


@given(people, st.sampled_from(["same-text", "near-text", "said"]))
def test_of_those_that_are_all_alike_one_stays(members: list[Contender], kind: str) -> None:
    names = [one.sha256 for one in members]
    pairs = [
        Duplicate(min(a, b), max(a, b), kind, 0.95)  # type: ignore[arg-type]
        for a in names
        for b in names
        if a < b
    ]
    kept, _ = stand_back(Links(pairs, Dedupe(), {}), Dedupe(), {one.sha256: one for one in members})
    assert len(kept) == len(members) - 1
    assert {one.keeper for one in kept.values()} == ({keeper(members)[0].sha256} if kept else set())


def test_likeness_is_not_handed_on() -> None:
    chain = [pair("aa", "bb"), pair("bb", "cc")]
    members = {name: replace(BOOK, sha256=name) for name in ("aa", "bb", "cc")}
    kept, _ = stand_back(Links(chain, Dedupe(), {}), Dedupe(), members)
    assert {name: one.keeper for name, one in kept.items()} == {"bb": "aa"}


def test_a_part_stands_back_only_for_a_whole_that_goes_in() -> None:
    dedupe = Dedupe(parts="leave-out")
    inside = Duplicate("aa", "bb", "part-text", 1.0, None, "a")
    members = {
        "aa": replace(BOOK, sha256="aa", text_length=100),
        "bb": replace(BOOK, sha256="bb", text_length=9000),
        "cc": replace(BOOK, sha256="cc", text_length=90_000),
    }
    assert stand_back(Links([inside], Dedupe(), {}), Dedupe(), members)[0] == {}
    kept, _ = stand_back(Links([inside], dedupe, {}), dedupe, members)
    assert (kept["aa"].keeper, kept["aa"].kind) == ("bb", "part-text")
    refused = {**members, "bb": replace(members["bb"], allowed=False)}
    assert stand_back(Links([inside], dedupe, {}), dedupe, refused)[0] == {}
    # The whole itself stands back for another edition, in which nobody found the part.
    edition = Duplicate("bb", "cc", "near-text", 0.9)
    kept, _ = stand_back(Links([inside, edition], dedupe, {}), dedupe, members)
    assert {name: one.keeper for name, one in kept.items()} == {"bb": "cc"}


def test_copies_with_the_same_text_share_their_likenesses_and_words() -> None:
    """Only one of them was compared; what a person says of one holds for its text."""
    same, near = Duplicate("aa", "bb", "same-text", 1.0), Duplicate("bb", "cc", "near-text", 0.9)
    members = {
        "aa": replace(BOOK, sha256="aa", text_length=12_000),
        "bb": replace(BOOK, sha256="bb", format="txt", text_length=12_000),
        "cc": replace(BOOK, sha256="cc"),
    }
    kept, _ = stand_back(Links([same, near], Dedupe(), {}), Dedupe(), members)
    assert {name: one.keeper for name, one in kept.items()} == {"bb": "aa", "cc": "aa"}
    split = {("bb", "cc"): Word("split", ("bb", "cc"), (), "Ann", "")}
    kept, _ = stand_back(Links([same, near], Dedupe(), split), Dedupe(), members)
    assert {name: one.keeper for name, one in kept.items()} == {"bb": "aa"}


def test_of_texts_too_long_to_be_read_whole_the_longest_file_stays() -> None:
    """They are the same as far as they were read: a table of one month, and of two."""
    short = replace(BOOK, sha256="aa", format="csv", size=9_000_000, truncated=True)
    long = replace(short, sha256="bb", size=9_000_100)
    best, why = keeper([short, long])
    assert best == long and "9000100" in render(why, "en") and "9000100" in render(why, "zh")
    best, _ = keeper([replace(one, truncated=False) for one in (short, long)])
    assert best.sha256 == "aa", "else more bytes say nothing"


def test_ten_thousand_copies_cost_as_many_steps() -> None:
    """Every copy is compared with the first one alone; nothing here may grow with their square."""
    names = [f"{number:04x}" for number in range(10_000)]
    pairs = [Duplicate(names[0], name, "same-text", 1.0) for name in names[1:]]
    members = {name: replace(BOOK, sha256=name) for name in names}
    links = Links(pairs, Dedupe(), {})
    asked = 0
    between = links.between

    def counted(a: str, b: str) -> Duplicate | None:
        nonlocal asked
        asked += 1
        return between(a, b)

    links.between = counted  # type: ignore[method-assign]
    kept, _ = stand_back(links, Dedupe(), members)
    assert len(kept) == 9_999
    assert asked < 20_000

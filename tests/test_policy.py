"""The decision table and the rules that join its rows, over expressions that nobody wrote by hand."""

from __future__ import annotations

import itertools
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate import rights
from curate.rights.policy import Policy, Use, load, spdx, worst

RANK = {"allow": 0, "ask": 1, "deny": 2}
KNOWN = (
    "CC0-1.0", "CC-BY-4.0", "CC-BY-SA-3.0", "CC-BY-ND-4.0", "CC-BY-NC-4.0", "MIT", "GPL-2.0-or-later",
    "GPL-3.0-or-later WITH Font-exception-2.0", "OFL-1.1", "CC-PDM-1.0", "GFDL-1.3-only", "CC-BY-3.0-DE",
    "LicenseRef-all-rights-reserved", "LicenseRef-scancode-unsplash",
)  # fmt: skip
UNKNOWN = ("LicenseRef-somebody-says", "LicenseRef-unknown", "NOASSERTION", "Apache-1.0")

ids = st.sampled_from(KNOWN + UNKNOWN)
expressions = st.recursive(
    ids,
    lambda inner: st.tuples(
        st.sampled_from(("AND", "OR")), st.lists(inner, min_size=2, max_size=3)
    ).map(lambda made: f" {made[0]} ".join(f"({one})" for one in made[1])),
    max_leaves=5,
)
uses = st.builds(
    Use,
    paid=st.booleans(),
    alone=st.booleans(),
    changes=st.sampled_from(("", "cropped", "translated")),
    copies=st.sampled_from((0, 50, 500)),
    minor=st.booleans(),
)


def outcome(expression: str, use: Use, grounds: bool = False) -> str:
    return load().judge(expression, use, grounds).outcome


@given(expressions, expressions, uses, st.booleans())
def test_another_part_never_loosens(left: str, right: str, use: Use, grounds: bool) -> None:
    both = outcome(f"({left}) AND ({right})", use, grounds)
    assert RANK[both] == max(RANK[outcome(left, use, grounds)], RANK[outcome(right, use, grounds)])


@given(expressions, expressions, uses)
def test_a_choice_is_as_good_as_its_best_branch(left: str, right: str, use: Use) -> None:
    either = load().judge(f"({left}) OR ({right})", use)
    best = min((outcome(left, use), outcome(right, use)), key=RANK.__getitem__)
    assert either.outcome == best
    assert " OR " not in either.license
    assert outcome(either.license, use) == best  # what was chosen allows as much as was promised


@given(expressions, st.sampled_from(UNKNOWN), uses)
def test_unknown_under_and_denies(known: str, unknown: str, use: Use) -> None:
    assert outcome(f"({known}) AND {unknown}", use) == "deny"
    assert outcome(f"{unknown} AND ({known})", use) == "deny"


@given(st.lists(ids, min_size=2, max_size=4), st.sampled_from(("AND", "OR")), uses, st.randoms())
def test_order_does_not_matter(parts: list[str], joint: str, use: Use, random: object) -> None:
    shuffled = list(parts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one = load().judge(f" {joint} ".join(parts), use)
    other = load().judge(f" {joint} ".join(shuffled), use)
    assert (one.outcome, one.license, set(one.obligations)) == (
        other.outcome,
        other.license,
        set(other.obligations),
    )


@given(expressions, st.sampled_from(("", "cropped")), st.booleans())
def test_more_use_is_never_allowed_more(expression: str, changes: str, alone: bool) -> None:
    """Whatever may be sold may be given away; whatever may be sold by itself may be sold with others."""
    order = [
        Use(paid=False, changes=changes),
        Use(paid=True, changes=changes),
        Use(paid=True, alone=True, changes=changes),
    ]
    ranks = [RANK[outcome(expression, use, grounds=True)] for use in order]
    assert ranks == sorted(ranks), ranks


def test_every_row_is_complete_and_means_something() -> None:
    table = tomllib.loads(rights.file().decode())
    assert table["version"] == load().version
    names = [row["name"] for row in table["rule"]]
    assert len(names) == len(set(names))
    every = [id for row in table["rule"] for id in row["ids"]]
    assert len(every) == len(set(every)), "an id stands in two rows"
    parser = spdx()
    for id in every:
        if not id.startswith("LicenseRef-") and id not in ("NONE", "NOASSERTION"):
            assert not parser.unknown_license_keys(parser.parse(id)), (
                f"{id} is not on the SPDX list"
            )
    for row in table["rule"]:
        assert row["reason"] and row["source"], row["name"]
        assert row["because"].keys() <= row.keys() if "because" in row else True


@pytest.mark.parametrize(
    ("expression", "use", "expected", "rule"),
    [
        ("CC-BY-ND-4.0", Use(paid=True), "allow", "cc-by-nd"),
        ("CC-BY-ND-4.0", Use(paid=True, changes="translated"), "deny", "cc-by-nd"),
        ("CC-BY-NC-SA-3.0", Use(paid=False), "ask", "cc-nc"),
        ("CC-BY-NC-SA-3.0", Use(paid=True), "deny", "cc-nc"),
        ("OFL-1.1", Use(paid=True), "allow", "open-font"),
        ("OFL-1.1", Use(paid=True, alone=True), "deny", "open-font"),
        ("OFL-1.1", Use(paid=False, alone=True), "allow", "open-font"),
        ("CC-PDM-1.0", Use(paid=False), "allow", "public-domain-mark"),
        ("CC-PDM-1.0", Use(paid=True), "ask", "public-domain-mark"),
        ("LicenseRef-scancode-pixabay-content", Use(paid=True, changes="resized"), "deny", "pixabay"),
        ("LicenseRef-scancode-pixabay-content", Use(paid=True, changes="painted over"), "ask", "pixabay"),
        ("GFDL-1.3-only", Use(paid=True), "ask", "gfdl-invariant"),
        ("GPL-3.0-or-later WITH Classpath-exception-2.0", Use(paid=True), "allow", "copyleft"),
        ("GPL-3.0-or-later WITH Nokia-Qt-exception-1.1", Use(paid=True), "deny", "unknown-license"),
        ("MIT WITH Font-exception-2.0", Use(paid=True), "deny", "unknown-license"),
    ],
)  # fmt: skip
def test_the_table(expression: str, use: Use, expected: str, rule: str) -> None:
    verdict = load().judge(expression, use)
    assert (verdict.outcome, verdict.rules) == (expected, (rule,))


@pytest.mark.parametrize(("copies", "owed"), [(0, True), (100, False), (150, True)])
def test_many_opaque_copies_owe_a_transparent_one(copies: int, owed: bool) -> None:
    verdict = load().judge("GFDL-1.3-no-invariants-only", Use(paid=True, copies=copies))
    assert ("transparent-copy" in verdict.obligations) is owed


def test_changes_bring_duties_of_their_own() -> None:
    plain = load().judge("CC-BY-SA-4.0", Use(paid=True))
    changed = load().judge("CC-BY-SA-4.0", Use(paid=True, changes="cropped"))
    assert set(changed.obligations) - set(plain.obligations) == {"share-alike"}


def test_the_worst_of_several() -> None:
    for one, other in itertools.product(RANK, repeat=2):
        assert RANK[worst(one, other)] == max(RANK[one], RANK[other])  # type: ignore[arg-type]
    assert isinstance(load(), Policy)

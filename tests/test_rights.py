"""What may be packaged: real wordings in, a decision with its reasons out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate import rights
from curate.collection import Declaration
from curate.model import Statement
from curate.rights.normalise import NOTICE, UNKNOWN, normalise
from curate.rights.policy import load

NOBODY = Declaration()
OWN = Declaration(own="Ann Lee")


def said(raw: str, confidence: str = "declared", channel: str = "html-rel") -> Statement:
    return Statement(raw, channel, "https://example.org/a", confidence)  # type: ignore[arg-type]


def decided(declared: list[Declaration], found: list[Statement], paid: bool = True) -> str:
    return rights.decide(rights.Evidence(declared, found), load(), paid).outcome


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("http://creativecommons.org/licenses/by/4.0/", "CC-BY-4.0"),
        ("https://creativecommons.org/licenses/by-sa/3.0/de/", "CC-BY-SA-3.0-DE"),
        ("https://creativecommons.org/licenses/by/4.0/deed.zh", "CC-BY-4.0"),
        ("https://creativecommons.org/licenses/by-nc-nd/4.0/legalcode", "CC-BY-NC-ND-4.0"),
        ("http://creativecommons.org/licenses/publicdomain/", "CC-PDDC"),
        ("https://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0"),
        ("https://creativecommons.org/licenses/sampling+/1.0/", UNKNOWN),
        ("cc-by-sa-4.0", "CC-BY-SA-4.0"),
        ("CC BY-SA 4.0", "CC-BY-SA-4.0"),
        ("CC_BY", UNKNOWN),
        ("Licensed under CC BY-NC", "CC-BY-NC-4.0"),
        (
            "Creative Commons Attribution-NonCommercial-ShareAlike 4.0 International",
            "CC-BY-NC-SA-4.0",
        ),
        ("pd", "CC-PDM-1.0"),
        ("GPL-2+", "GPL-2.0-or-later"),
        ("LGPLv3", "LGPL-3.0-only"),
        ("CC-BY-SA-3.0 OR GPL-2.0-or-later", "CC-BY-SA-3.0 OR GPL-2.0-or-later"),
        ("LicenseRef-shop-terms", "LicenseRef-shop-terms"),
        ("© 2024 Ann Lee", NOTICE),
        ("版权所有 © 某公司", "LicenseRef-all-rights-reserved"),
        ("AGPL-3.0。仅供学习交流，禁止商用", "LicenseRef-study-only"),
        ("*** START OF THE PROJECT GUTENBERG EBOOK ***", "LicenseRef-project-gutenberg"),
        ("", UNKNOWN),
        ("⊘ Proprietary", UNKNOWN),
    ],
)
def test_wordings_become_spdx(raw: str, expected: str) -> None:
    assert normalise(raw) == expected


@pytest.mark.parametrize(
    ("why", "declared", "found", "expected"),
    [
        ("nobody says anything", [NOBODY], [], "deny"),
        ("a bare copyright notice", [NOBODY], [said("© 2024 Somebody")], "deny"),
        ("own work", [OWN], [], "allow"),
        ("own work that reserves its own rights", [OWN], [said("All rights reserved")], "allow"),
        ("own work with its holder's notice", [OWN], [said("© 2024 Ann Lee")], "allow"),
        ("own work with another's notice", [OWN], [said("© 2024 Somebody Else")], "ask"),
        ("own work that carries an open licence", [OWN], [said("CC-BY-4.0")], "allow"),
        ("own work that carries a foreign NC licence", [OWN], [said("CC BY-NC 4.0")], "ask"),
        ("own work with the Gutenberg header", [OWN], [said("Project Gutenberg License", "inferred")], "ask"),
        ("declared licence", [Declaration(license="CC-BY-4.0")], [], "allow"),
        ("declared licence, page agrees", [Declaration(license="CC-BY-4.0")], [said("CC BY 4.0", "inferred")], "allow"),
        ("declared licence, page is stricter", [Declaration(license="CC-BY-4.0")], [said("CC BY-NC 4.0")], "deny"),
        ("declared licence, page differs", [Declaration(license="CC-BY-4.0")], [said("CC BY-SA 4.0")], "ask"),
        ("declared licence, text forbids", [Declaration(license="CC-BY-4.0")], [said("仅供学习交流", "inferred")], "ask"),
        ("declared unknown licence", [Declaration(license="LicenseRef-shop-terms")], [], "deny"),
        ("declared NC", [Declaration(license="CC-BY-NC-SA-4.0")], [], "deny"),
        ("found and declared there", [NOBODY], [said("https://creativecommons.org/licenses/by/4.0/")], "allow"),
        ("found, only inferred", [NOBODY], [said("CC BY 4.0", "inferred")], "ask"),
        ("found, NC", [NOBODY], [said("CC BY-NC-ND 4.0")], "deny"),
        ("two statements disagree", [NOBODY], [said("CC0-1.0"), said("GPL-2.0-only")], "ask"),
        ("one of them forbids", [NOBODY], [said("CC0-1.0"), said("CC BY-NC 4.0")], "deny"),
        ("OR: the allowed branch", [Declaration(license="CC-BY-NC-4.0 OR CC-BY-4.0")], [], "allow"),
        ("AND: every part", [Declaration(license="CC-BY-4.0 AND CC-BY-NC-4.0")], [], "deny"),
    ],
)  # fmt: skip
def test_decisions_for_a_sold_bundle(
    why: str, declared: list[Declaration], found: list[Statement], expected: str
) -> None:
    assert decided(declared, found) == expected, why


def test_non_commercial_is_asked_where_nothing_is_sold() -> None:
    assert decided([Declaration(license="CC-BY-NC-4.0")], [], paid=False) == "ask"


def test_the_chosen_branch_and_its_obligations_are_recorded() -> None:
    evidence = rights.Evidence([Declaration(license="CC-BY-SA-3.0 OR GPL-2.0-or-later")], [])
    decision = rights.decide(evidence, load(), paid=True)
    assert decision.license == "CC-BY-SA-3.0"
    assert "share-alike" in decision.obligations
    assert decision.policy == load().version


@given(st.text(max_size=80), st.sampled_from([NOBODY, Declaration(license="CC-BY-4.0")]))
def test_no_wording_opens_the_door_by_accident(raw: str, declared: Declaration) -> None:
    """A statement more never makes a decision laxer than it would be without it."""
    rank = {"allow": 0, "ask": 1, "deny": 2}
    known = normalise(raw)
    if load().judge(known, True).outcome != "allow":
        assert (
            rank[decided([declared], [said(raw)])] >= rank[decided([declared], [])]
            or known == UNKNOWN
        )


@given(st.text(max_size=200))
def test_any_text_normalises(raw: str) -> None:
    assert normalise(raw)


def test_credit_names_title_author_source_and_licence() -> None:
    decision = rights.decide(
        rights.Evidence([Declaration(license="CC-BY-4.0")], []), load(), paid=True
    )
    english = rights.credit("A Guide", ("Ann", "Bo"), "https://example.org/a", decision, "en")
    assert english == (
        "“A Guide”; by Ann, Bo; from https://example.org/a; CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/)"
    )
    chinese = rights.credit("指南", ("安",), "", decision, "zh")
    assert (
        chinese
        == "《指南》；作者：安；许可：CC BY 4.0（https://creativecommons.org/licenses/by/4.0/）"
    )

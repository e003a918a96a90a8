"""What may be packaged: real wordings in, a decision with its reasons out."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate import rights
from curate.collection import Declaration
from curate.model import Statement
from curate.rights.normalise import NOTICE, UNKNOWN, normalise
from curate.rights.policy import Use, load

NOBODY = Declaration()
OWN = Declaration(own="Ann Lee")
PAID = Use(paid=True)
TODAY = date(2026, 11, 22)


def said(raw: str, confidence: str = "declared", channel: str = "html-rel") -> Statement:
    return Statement(raw, channel, "https://example.org/a", confidence)  # type: ignore[arg-type]


def decided(declared: list[Declaration], found: list[Statement], paid: bool = True) -> str:
    return rights.decide(rights.Evidence(declared, found), load(), Use(paid=paid), TODAY).outcome


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("http://creativecommons.org/licenses/by/4.0/", "CC-BY-4.0"),
        ("https://creativecommons.org/licenses/by-sa/3.0/de/", "CC-BY-SA-3.0-DE"),
        ("https://creativecommons.org/licenses/by/4.0/deed.zh", "CC-BY-4.0"),
        ("https://creativecommons.org/licenses/by-nc-nd/4.0/legalcode", "CC-BY-NC-ND-4.0"),
        ("http://creativecommons.org/licenses/publicdomain/", "CC-PDDC"),
        ("https://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0"),
        ("https://creativecommons.org/licenses/sampling+/1.0/", "LicenseRef-cc-sampling"),
        ("cc-by-sa-4.0", "CC-BY-SA-4.0"),
        ("CC BY-SA 4.0", "CC-BY-SA-4.0"),
        ("CC_BY", "LicenseRef-CC-BY-unversioned"),
        ("Licensed under CC BY-NC", "LicenseRef-CC-BY-NC-unversioned"),
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
        ("AGPL-3.0。仅供学习交流，禁止商用", "LicenseRef-contradictory"),
        ("web.resource.org/cc/PublicDomain", "CC-PDDC"),
        ("http://creativecommons.org/licenses/GPL/2.0/", "GPL-2.0-only"),
        (
            "GNU General Public License version 2 or (at your option) any later version",
            "GPL-2.0-or-later",
        ),
        ("GPL v3", "GPL-3.0-only"),
        ("GFDL-NIV-1.2+", "GFDL-1.2-no-invariants-or-later"),
        ("cc-by-sa-3.0-migrated", "CC-BY-SA-3.0"),
        ("(MIT OR LicenseRef-x) AND CC-BY-4.0", "(MIT OR LicenseRef-x) AND CC-BY-4.0"),
        ("The MIT License (MIT)", "MIT"),
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("转载请注明出处", "LicenseRef-repost-with-credit"),
        ("other-oa", "LicenseRef-free-to-read"),
        ("https://arxiv.org/licenses/nonexclusive-distrib/1.0/", "LicenseRef-arxiv-nonexclusive"),
        ("*** START OF THE PROJECT GUTENBERG EBOOK ***", "LicenseRef-project-gutenberg"),
        ("", UNKNOWN),
        ("⊘ Proprietary", UNKNOWN),
    ],
)
def test_wordings_become_spdx(raw: str, expected: str) -> None:
    assert normalise(raw) == expected


@pytest.mark.parametrize(
    "raw",
    [
        "CC-BY-4.0-NC", "CC-BY-4.0-ND", "CC-BY-3.0-XX", "https://creativecommons.org/licenses/by/3.0/nc/",
        "CC-BY-4.0 AND LicenseRef-foo", "CC-BY-4.0 AND Proprietary", "Not CC0", "not licensed under CC BY 4.0",
        "CC0 except images", "CC0 但不可商用", "CC BY 4.0 NonCommercial", "CC BY 4.0-NC", "CC by 4.0 (NC)",
        "CC BY 4.0 非商业性使用", "CC BY 4.0 (personal use only, no resale)", "CC BY 4.0\u200b-NC",
        "Text: CC BY 4.0. Images: CC BY-NC 4.0",
        "https://creativecommons.org/licenses/by/4.0/ and https://creativecommons.org/licenses/by-nc/4.0/",
        "https://creativecommons.org/licenses/by/4.0/ text, images all rights reserved",
        "CC BY-SA 4.0 unless otherwise noted", "Copyright Getty Images, for personal use only, no resale",
        "© X, non-commercial use only", "© X, no commercial reuse without permission", "LicenseRef-own-work",
        "CC BY 4.0, provided you pay us $5", "CC BY 4.0，商用需购买授权", "CC BY 4.0 after an embargo of 12 months",
        "Text CC BY 4.0, photos by agency Getty", "MIT License + Commons Clause", "Apache License 2.0, Commons Clause",
        "The source code is released under the MIT License.", "based on a CC BY 4.0 work", "formerly CC BY 4.0",
        "CC BY 4.0 for text; photographs may not be reproduced", "CC BY 3.0 (images: see credits)", "we do not use CC BY 4.0",
        "Abstracts are CC BY 4.0", "文字内容采用 CC BY 4.0，图片归摄影师", "© Getty Images Personal Use Only, CC BY 4.0",
        "~~CC BY 4.0~~ see the terms", "<!-- License: CC BY 4.0 --> © Acme", "☐ CC BY 4.0 ☑ © Acme", "This work was CC BY 4.0",
        "Everything © Getty. This site is CC BY 4.0", "Website CC BY 4.0. Photographs by Getty Images", "CC BY 4.0: €50",
        "CC BY 4.0 with conditions, see the notice", "CC BY 4.0 (2031-01-01)", "CC BY 4.0. © Acme, Images Belong To Getty",
        "CC BY 4.0 © 图片归原作者", "CC BY 4.0，在作者许可下使用", "CC BY 4.0 ©谢绝商用", "CC BY 4.0 © ACME SELLING VERBOTEN",
        "https://creativecommons.org/licenses/by/4.0-nc/", "See LICENSE-CC-BY-4.0", "CC BY 4.0?", "严禁商用", "请勿转载",
        "Alle Rechte vorbehalten", "Do not resell",
        "本资料仅限个人使用，不可商业使用", "For personal use only. Not for resale. (c) 2021 Springer Nature",
    ],
)  # fmt: skip
def test_what_is_taken_back_is_not_given(raw: str) -> None:
    license = normalise(raw)
    assert load().judge(license, PAID).outcome != "allow"
    assert license != NOTICE
    assert decided([NOBODY], [said(raw)]) != "allow"
    assert decided([OWN], [said(raw)]) == "ask"
    assert decided([Declaration(license="CC-BY-4.0")], [said(raw)]) != "allow"
    assert decided([Declaration(license=raw)], []) != "allow"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("This work is licensed under a Creative Commons Attribution 4.0 International License.", "CC-BY-4.0"),
        ("Photo by Jane Doe, licensed under CC BY 4.0", "CC-BY-4.0"),
        ("© 2020–2023 Jane Doe. CC BY-SA 4.0", "CC-BY-SA-4.0"),
        ("License: CC0 1.0", "CC0-1.0"),
        ("This image is shared under CC BY 2.0", "CC-BY-2.0"),
        ("The content of this site is available under the terms of the Creative Commons Attribution-ShareAlike 4.0 license.", "CC-BY-SA-4.0"),
        ("[![License](https://i.creativecommons.org/l/by/4.0/88x31.png)](https://creativecommons.org/licenses/by/4.0/)", "CC-BY-4.0"),
        ("To view a copy of this license, visit http://creativecommons.org/licenses/by/4.0/ or send a letter to Creative Commons, PO Box 1866, Mountain View, CA 94042, USA.", "CC-BY-4.0"),
        ("本作品采用知识共享署名 4.0 国际许可协议 CC BY 4.0 进行许可", "CC-BY-4.0"),
        ("本文以 CC BY-SA 4.0 授权", "CC-BY-SA-4.0"),
        ("© 李雷, CC BY 4.0", "CC-BY-4.0"),
    ],
)  # fmt: skip
def test_usual_words_beside_a_licence_do_no_harm(raw: str, expected: str) -> None:
    assert normalise(raw) == expected


@pytest.mark.parametrize(
    ("own", "raw", "expected"),
    [
        ("Ann Lee", "(c) 2020 Getty Images. All Rights Reserved", "ask"),
        ("Ann Lee", "© 2020 OReilly Media. All rights reserved", "ask"),
        ("Ann Lee", "版权所有 新华社", "ask"),
        ("Li", "© 2024 Published by Springer", "ask"),
        ("Ann Lee", "© 2024 Ann Lee. All rights reserved.", "allow"),
        ("Ann Lee; Ann's Studio", "© 2024 Ann's Studio", "allow"),
        ("李雷", "版权所有 © 2024 李雷", "allow"),
        ("Ann Lee", "All rights reserved.", "allow"),
        ("Ann Lee", "© 2024", "allow"),
    ],
)
def test_a_reservation_speaks_for_whom_it_names(own: str, raw: str, expected: str) -> None:
    assert decided([Declaration(own=own)], [said(raw)]) == expected


def test_open_work_of_others_keeps_its_terms_and_its_author() -> None:
    jane = Statement("CC BY 4.0", "exif", "photo.jpg", holder="Jane Doe")
    assert decided([OWN], [jane]) == "ask"
    nameless = rights.decide(rights.Evidence([OWN], [said("CC BY 4.0")]), load(), PAID, TODAY)
    assert (nameless.outcome, nameless.license) == ("allow", "CC-BY-4.0")
    assert "attribution" in nameless.obligations


def test_what_is_said_of_a_part_or_elsewhere_can_only_forbid() -> None:
    part = Statement("CC0-1.0", "json-ld", "https://example.org/a", component="image:x.png")
    assert decided([NOBODY], [part]) == "deny"
    elsewhere = rights.Evidence([NOBODY], [], [said("CC0-1.0")])
    assert rights.decide(elsewhere, load(), PAID, TODAY).outcome == "deny"
    against = rights.Evidence([OWN], [], [said("CC BY-NC 4.0")])
    assert rights.decide(against, load(), PAID, TODAY).outcome == "ask"


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
        ("one of them forbids", [NOBODY], [said("CC0-1.0"), said("CC BY-NC 4.0")], "ask"),
        ("both forbid", [NOBODY], [said("CC BY-NC-SA 4.0"), said("CC BY-NC 4.0")], "deny"),
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
    decision = rights.decide(evidence, load(), PAID, TODAY)
    assert decision.license == "CC-BY-SA-3.0"
    assert decision.offered == "CC-BY-SA-3.0 OR GPL-2.0-or-later"
    assert {"attribution", "no-drm"} <= set(decision.obligations)
    assert decision.policy == load().version


@given(st.text(max_size=80), st.sampled_from([NOBODY, Declaration(license="CC-BY-4.0")]))
def test_no_wording_opens_the_door_by_accident(raw: str, declared: Declaration) -> None:
    """What the policy does not allow is not allowed by being said beside something else."""
    if load().judge(normalise(raw), PAID).outcome != "allow" and normalise(raw) != NOTICE:
        assert decided([declared], [said(raw)]) != "allow"


@given(st.text(max_size=200))
def test_any_text_normalises(raw: str) -> None:
    assert normalise(raw)


def test_credit_names_title_author_source_and_licence() -> None:
    decision = rights.decide(
        rights.Evidence([Declaration(license="CC-BY-4.0")], []), load(), PAID, TODAY
    )
    english = rights.credit("A Guide", ("Ann", "Bo"), "https://example.org/a", decision, "en")
    assert english == (
        "“A Guide”; by Ann, Bo; from https://example.org/a; CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/); unchanged"
    )
    chinese = rights.credit("指南", ("安",), "", decision, "zh")
    assert (
        chinese
        == "《指南》；作者：安；许可：CC BY 4.0（https://creativecommons.org/licenses/by/4.0/）；未改动"
    )

"""Doubts that stay doubts: what a denial, an agreement, a slip or an older file must not turn into a right."""

from __future__ import annotations

import json
import time
from datetime import date
from pathlib import Path

import pytest

from curate import rights
from curate.answers import Answers, Entry
from curate.api import Workspace
from curate.collection import Declaration, Folder
from curate.errors import CurateError
from curate.model import Answer, Statement
from curate.pipeline.decisions import Ask, decide
from curate.pipeline.rulings import Which, rulings
from curate.rights.policy import Use, load

PAID = Use(paid=True)
TODAY = date(2026, 11, 22)
OWN = Declaration(own="Ann Lee")
LISTING = '[listing]\nprice = "9"\n'


def said(raw: str, **more: str) -> Statement:
    return Statement(raw, "html-rel", "https://example.org/a", **more)  # type: ignore[arg-type]


def told(declared: Declaration, *found: Statement, answer: Answer | None = None) -> rights.Evidence:
    evidence = rights.Evidence([declared], found)
    if answer:
        import msgspec

        settled = msgspec.structs.replace(answer, basis=rights.digest(evidence))
        evidence = rights.Evidence([declared], found, answer=settled)
    return evidence


def outcome(evidence: rights.Evidence, use: Use = PAID) -> str:
    return rights.decide(evidence, load(), use, TODAY).outcome


AGREE = Answer("allow", "looked at it", "Ann", "2026-11-22T10:00:00Z")


@pytest.mark.parametrize(
    ("declared", "found", "expected"),
    [
        (Declaration(license="CC-BY-4.0"), said("CC BY-SA 4.0"), "allow"),
        (Declaration(license="CC-BY-4.0"), said("all rights reserved by Somebody Else Ltd."), "ask"),
        (Declaration(license="CC-BY-4.0"), said("CC BY-NC 4.0"), "deny"),
        (OWN, said("© 2020 Somebody Else"), "allow"),
        (OWN, said("CC BY-NC 4.0", holder="Somebody Else"), "ask"),
        (Declaration(), said("CC BY 4.0", confidence="inferred"), "allow"),
        (Declaration(), said("CC BY-NC 4.0"), "deny"),
        (Declaration(license="CC-PDM-1.0"), said("https://creativecommons.org/publicdomain/mark/1.0/"), "ask"),
    ],
)  # fmt: skip
def test_agreeing_lifts_a_question_and_no_ban(
    declared: Declaration, found: Statement, expected: str
) -> None:
    assert outcome(told(declared, found)) != "allow"
    assert outcome(told(declared, found, answer=AGREE)) == expected


def test_words_that_stand_in_a_file_bind_whatever_anybody_says() -> None:
    import msgspec

    header = said("*** START OF THE PROJECT GUTENBERG EBOOK ***", confidence="inferred")
    claim = msgspec.structs.replace(AGREE, license="CC-PDM-1.0", grounds="published 1813")
    assert outcome(told(Declaration(), header, answer=claim)) == "deny"
    assert outcome(told(Declaration(), header, answer=claim), Use(paid=False)) == "allow"
    mine = msgspec.structs.replace(AGREE, own="Ann Lee")
    assert outcome(told(Declaration(), header, answer=mine)) == "deny"


def test_an_answer_that_leads_nowhere_settles_no_doubt() -> None:
    evidence = told(OWN, said("CC BY-NC 4.0", holder="Somebody Else"), answer=AGREE)
    decision = rights.decide(evidence, load(), PAID, TODAY)
    assert (decision.outcome, decision.contested) == ("ask", True)


def test_an_answer_widens_no_territory() -> None:
    import msgspec

    declared = Declaration(license="CC-PDM-1.0", grounds="published 1813", territory=("US",))
    abroad = Use(paid=True, territory=("US", "CN"))
    assert outcome(told(declared), Use(paid=True, territory=("US",))) == "allow"
    assert outcome(told(declared, answer=AGREE), abroad) == "ask"
    everywhere = msgspec.structs.replace(AGREE, license="CC-PDM-1.0", territory=("US", "CN"))
    assert outcome(told(declared, answer=everywhere), abroad) == "allow"


@pytest.mark.parametrize(
    ("own", "raw", "holder", "expected"),
    [
        ("Ann Lee", "© 2020 Getty Images, portrait of Ann Lee. All rights reserved.", "", "ask"),
        ("Ann Lee", "All rights reserved", "Getty Images", "ask"),
        ("Ann Lee", "© 2020 Penguin Books, translated by Ann Lee. All rights reserved.", "", "ask"),
        ("Ann Lee", "icons © 2020 Freepik. © 2024 Ann Lee. All rights reserved.", "", "ask"),
        ("Li", "© 2020 Li Wei Publishing. All rights reserved.", "", "ask"),
        ("Ann Lee", "Ann Lee", "", "allow"),
        ("Li", "All rights reserved", "Li Wei", "ask"),
        ("Ann Lee", "All rights reserved", "Ann Lee / Getty Images", "ask"),
        ("Ann Lee; A. Lee", "All rights reserved", "© 2020 A. Lee <a@example.org>", "allow"),
        ("Ann Lee", "版权所有 © Getty Images。© Ann Lee", "", "ask"),
        ("Ann Lee", "© 2024 Ann Lee. For personal use only, not for resale.", "", "allow"),
        ("Ann Lee", "For personal use only.", "", "ask"),
        ("Ann Lee", "© 2019–2024 Ann Lee. All rights reserved.", "", "allow"),
        ("Ann Lee", "Ann Lee. All rights reserved.", "", "allow"),
        ("张三工作室", "版权归张三工作室所有", "", "allow"),
        ("张三工作室", "版权所有 © 2024 张三工作室，保留一切权利", "", "allow"),
        ("Ann Lee", "CC BY 4.0, by Tom Reed", "", "ask"),
        ("Ann Lee", "CC BY 4.0", "Tom Reed", "ask"),
        ("Ann Lee", "This work is licensed under CC BY 4.0.", "", "allow"),
    ],
)
def test_whose_it_is_decides_about_own_work(own: str, raw: str, holder: str, expected: str) -> None:
    assert outcome(told(Declaration(own=own), said(raw, holder=holder))) == expected


def test_a_part_with_another_holder_is_asked_about() -> None:
    book = said("CC BY 4.0", holder="Ann Lee")
    picture = said("© 2020 Getty Images", component="image:a.jpg")
    assert outcome(told(Declaration(), book)) == "allow"
    assert outcome(told(Declaration(), book, picture)) == "ask"
    assert outcome(told(Declaration(license="CC-BY-4.0"), book, picture)) == "ask"


@pytest.mark.parametrize(
    ("folder", "locator", "inside"),
    [
        ("sub", "sub/a.txt", True),
        ("./sub/", "sub/deep/a.txt", True),
        ("sub", "subway/a.txt", False),
        ("SUB", "sub/a.txt", False),
        ("https://ex.org/own", "https://ex.org/own/x", True),
        ("https://ex.org/own", "https://ex.org/ownership/x", False),
        ("/free/", "https://ex.org/free/x", True),
        ("/free", "https://ex.org/freedom", False),
    ],
)
def test_what_lies_in_a_folder(folder: str, locator: str, inside: bool) -> None:
    assert Folder(folder, Declaration()).holds(locator) is inside


def words(seed: str, count: int = 60) -> str:
    return " ".join(f"{seed}{n} light tide harbour" for n in range(count))


def shop(tmp_path: Path, files: dict[str, str], head: str = "", folders: str = "") -> Workspace:
    made = Workspace.init(tmp_path / "w")
    home = made.collections / "c"
    for name, text in files.items():
        path = home / "material" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (home / "collection.toml").write_text(
        f'title = "c"\n{head}\n{LISTING}[[sources]]\ntype = "folder"\npath = "material"\nmatch = "all"\n{folders}',
        encoding="utf-8",
    )
    made.collect("c")
    made.classify("c")
    return made


def test_a_denial_keeps_its_double_in_doubt(tmp_path: Path) -> None:
    text = words("a", 80)
    files = {"a.md": f"{text}\n\n© 2020 Getty Images", "b.md": f"{text} and the end"}
    made = shop(tmp_path, files, '[rights]\nown = "Ann"')
    assert {one.source: one.outcome for one in rulings(made, "c")} == {"a.md": "ask", "b.md": "ask"}
    decide(made, "c", Which(items=("a.md",)), Ask("deny", "not mine", "Ann"))
    assert {one.source: one.outcome for one in rulings(made, "c")} == {
        "a.md": "deny",
        "b.md": "ask",
    }


def test_a_decision_whose_line_is_gone_holds_no_longer(tmp_path: Path) -> None:
    made = shop(tmp_path, {"a.txt": words("a"), "b.txt": words("b")})
    decide(made, "c", Which(items=("a.txt",)), Ask("allow", "mine", "Ann", own="Ann"))
    assert made.package("c").release.items == 1
    (made.collections / "c" / "decisions.jsonl").unlink()
    with pytest.raises(CurateError, match="decisions were added or taken back"):
        made.package("c")
    (report,) = made.classify("c")
    assert any(where.endswith("decisions.jsonl") for where, _ in report.failed)
    with pytest.raises(CurateError, match="nothing to package"):
        made.package("c")


def test_a_last_line_without_its_end_counts_if_it_is_whole(tmp_path: Path) -> None:
    journal = Answers(tmp_path)
    journal.append([Entry("a" * 64, "a", AGREE)])
    journal.append([Entry("b" * 64, "b", AGREE)])  # the same object again
    assert len(Answers(tmp_path).latest) == 2
    journal.path.write_bytes(journal.path.read_bytes().rstrip(b"\n"))  # as some editors save
    again = Answers(tmp_path)
    assert len(again.latest) == 2
    again.append([Entry("c" * 64, "c", AGREE)])
    journal.path.write_bytes(journal.path.read_bytes() + b'{"item": "dd')  # as a crash leaves it
    torn = Answers(tmp_path)
    assert [one[0] for one in torn.latest] == ["a", "b", "c"]
    torn.append([Entry("e" * 64, "e", AGREE)])
    assert [one[0] for one in Answers(tmp_path).latest] == ["a", "b", "c", "e"]
    assert all(json.loads(line) for line in journal.path.read_text().splitlines())


def test_a_folder_that_declares_for_nothing_is_told(tmp_path: Path) -> None:
    slip = '[[sources.folders]]\npath = "fotos"\nrights = { license = "CC-BY-4.0" }\n'
    files = {"photos/a.txt": words("a")}
    made = shop(tmp_path, files, '[rights]\nown = "Ann"', slip)
    report = made.classify("c")[0]
    assert any("fotos" in where for where, _ in report.failed)


def test_what_is_said_beside_is_read_again_when_it_changes(tmp_path: Path) -> None:
    made = shop(tmp_path, {"sub/a.txt": words("a"), "sub/LICENSE": "You may use it freely."})
    (one,) = [one for one in rulings(made, "c") if one.source.endswith("a.txt")]
    assert one.outcome != "allow"
    (made.collections / "c" / "material" / "sub" / "LICENSE").write_text("CC0-1.0\n")
    made.collect("c")
    made.classify("c")
    (one,) = [one for one in rulings(made, "c") if one.source.endswith("a.txt")]
    assert one.outcome != "deny"


def test_what_a_seller_wrote_about_a_decision_stays_with_the_seller(tmp_path: Path) -> None:
    made = shop(tmp_path, {"a.txt": words("a"), "b.txt": words("b")})
    private = "our lawyer said so on the phone"
    decide(made, "c", Which(items=("a.txt",)), Ask("allow", private, "Ann Secret", own="Ann"))
    folder = made.package("c").release.folder
    shipped = (folder / "rights.json").read_text("utf-8")
    assert private not in shipped and "Ann Secret" not in shipped
    assert private in (made.collections / "c" / "decisions.jsonl").read_text("utf-8")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"LICENSE": "CC BY 4.0", "README.md": "# Pack\n\n## License\n\nAll photos: not for resale.\n"}, "ask"),
        ({"README.md": "## License\n\nCC BY 4.0\n", "README.zh.md": "## 许可\n\n仅供个人使用，禁止商用\n"}, "ask"),
        ({"README.md": "## License\n\nCC BY 4.0\n\n## Terms\n\nNo resale of any file.\n"}, "ask"),
        ({"LICENSE": "CC BY 4.0", "EULA.txt": "You may not sell these files."}, "ask"),
        ({"LICENSE": "CC BY 4.0", "PLR License.txt": "Personal use only."}, "ask"),
        ({"a.txt.license": "SPDX-License-Identifier: CC-BY-4.0\nThe pictures may not be sold.\n"}, "ask"),
        ({"a.txt.license": "This is not under SPDX-License-Identifier: CC-BY-4.0\n"}, "deny"),
        ({"a.txt.license": "SPDX-License-Identifier: CC-BY-4.0\nSPDX-FileCopyrightText: 2020 Cy\n"}, "allow"),
        ({"LICENSE": "CC BY 4.0"}, "allow"),
    ],
    ids=lambda value: " + ".join(value) if isinstance(value, dict) else value,
)  # fmt: skip
def test_the_stricter_paper_holds(tmp_path: Path, files: dict[str, str], expected: str) -> None:
    made = shop(tmp_path, {"a.txt": words("a"), **files})
    (one,) = [one for one in rulings(made, "c") if one.source == "a.txt"]
    assert one.outcome == expected, [str(reason) for reason in one.decision.reasons]


@pytest.mark.parametrize(
    "line",
    [
        "图片除外",
        "Photos: Getty Images",
        "Commons Clause",
        "Fotos ausgenommen",
        "продавать запрещено",
    ],
)
@pytest.mark.parametrize("place", ["above", "below"])
def test_a_line_beside_a_licence_text_may_take_something_out(line: str, place: str) -> None:
    from curate import spdx

    text = spdx.text("CC-BY-4.0")
    assert spdx.detect(text) is not None
    assert spdx.detect(f"{line}\n\n{text}" if place == "above" else f"{text}\n\n{line}\n") is None


def test_a_copy_of_what_was_declared_and_refused_is_asked_about(tmp_path: Path) -> None:
    folders = '[[sources.folders]]\npath = "nc"\nrights = { license = "CC-BY-NC-4.0" }\n'
    text = words("a", 80)
    made = shop(
        tmp_path,
        {"nc/a.txt": text, "mine/a.txt": f"{text} and more"},
        '[rights]\nown = "Ann"',
        folders,
    )
    assert {one.source: one.outcome for one in rulings(made, "c")} == {
        "nc/a.txt": "deny",
        "mine/a.txt": "ask",
    }


def test_an_answer_for_a_free_bundle_is_none_for_a_sold_one(tmp_path: Path) -> None:
    made = shop(
        tmp_path, {"a.txt": words("a"), "a.txt.license": "SPDX-License-Identifier: GFDL-1.3-only\n"}
    )
    config = made.collections / "c" / "collection.toml"
    sold = config.read_text("utf-8")
    config.write_text(sold.replace('price = "9"', 'price = "0"'), encoding="utf-8")
    made.classify("c")
    assert rulings(made, "c")[0].outcome == "allow"
    decide(made, "c", Which(items=("a.txt",)), Ask("allow", "it is given away", "Ann"))
    config.write_text(sold, encoding="utf-8")
    made.classify("c")
    assert rulings(made, "c")[0].outcome == "ask"


def test_a_folder_that_declares_for_nothing_stops_the_build(tmp_path: Path) -> None:
    slip = '[[sources.folders]]\npath = "STOCK"\nrights = { license = "CC-BY-NC-4.0" }\n'
    made = shop(tmp_path, {"stock/a.txt": words("a")}, '[rights]\nown = "Ann"', slip)
    with pytest.raises(CurateError, match="STOCK"):
        made.package("c")


@pytest.mark.parametrize(
    "line",
    [
        '{"item": "zz", "title": "", "answer": null}',
        '{"item": "%s", "title": "", "anwser": null}' % ("a" * 64),
    ],
)
def test_a_line_that_is_no_decision_is_told(tmp_path: Path, line: str) -> None:
    (tmp_path / "decisions.jsonl").write_text(f"{line}\n", encoding="utf-8")
    with pytest.raises(CurateError, match=r"decisions\.jsonl:1"):
        Answers(tmp_path)


def test_a_double_that_turns_up_later_brings_the_doubt_back(tmp_path: Path) -> None:
    text = words("a", 80)
    made = shop(tmp_path, {"b.md": text}, '[rights]\nown = "Ann"')
    decide(made, "c", Which(items=("b.md",)), Ask("allow", "mine", "Ann", own="Ann"))
    time.sleep(1.1)  # when something was first seen is known to the second
    late = made.collections / "c" / "material" / "orig.md"
    late.write_text(f"{text}\n\n© 2019 Getty Images. All rights reserved.", encoding="utf-8")
    made.collect("c")
    made.classify("c")
    assert {one.source: one.outcome for one in rulings(made, "c")} == {
        "b.md": "ask",
        "orig.md": "ask",
    }
    time.sleep(1.1)
    decide(made, "c", Which(items=("b.md",)), Ask("allow", "they copied it", "Ann", own="Ann"))
    assert {one.source: one.outcome for one in rulings(made, "c")} == {
        "b.md": "allow",
        "orig.md": "ask",
    }
    time.sleep(1.1)
    late.with_name("more.md").write_text(
        f"{text}\n\n© 2018 Reuters. All rights reserved.", encoding="utf-8"
    )
    made.collect("c")
    made.classify("c")
    found = {one.source: one.outcome for one in rulings(made, "c")}
    assert found == {
        "b.md": "ask",
        "orig.md": "ask",
        "more.md": "ask",
    }  # the newer of two doubts counts


def test_a_grant_that_is_not_there_is_told_and_stops_nothing_else(tmp_path: Path) -> None:
    made = shop(tmp_path, {"a.txt": words("a")}, '[rights]\nown = "Ann"')
    other = made.collections / "d"
    other.mkdir()
    (other / "a.txt").write_text(words("d"), encoding="utf-8")
    config = 'title = "d"\n[rights]\ngrant = "lost"\n[[sources]]\ntype = "folder"\npath = "."\nmatch = "all"\n'
    (other / "collection.toml").write_text(config, encoding="utf-8")
    made.collect()
    reports = {one.collection: one for one in made.classify()}
    assert reports["c"].counts["allow"] == 1
    assert "lost" in str(reports["d"].failed[0][1])
    assert "lost" in next(one.problem for one in made.status() if one.name == "d")
    with pytest.raises(CurateError, match="there is no grant 'lost'"):
        made.classify("d")

"""What a bundle carries about rights: every text, every decision with its evidence, terms that leave
open licences alone; and outside checkers agree."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import json
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from curate.bundle import Release, Request, package, verify
from curate.bundle.reuse import file_id
from curate.bundle.text import one_line
from curate.collection import Collection, Declaration, Listing, Loaded
from curate.errors import CurateError
from curate.messages import msg
from curate.model import (
    Decision,
    Item,
    LicenseInfo,
    Message,
    Omission,
    Signal,
    Statement,
    Testimony,
)
from tests.test_bundle import item, page, unpacked

POLICY = b'version = "7"\n'
HOSTILE = "<script>alert(1)</script>\u202e\u2028 " + "x" * 2000
CC_BY = ("attribution", "license-link", "state-changes", "no-drm")


def heard(raw: str = "CC BY 4.0", where: str = "https://example.org/a") -> Testimony:
    statement = Statement(raw=raw, channel="html-rel", where=where, license="CC-BY-4.0")
    return Testimony((statement,), (Signal("robots", raw, where),), "2024-05-06T07:08:09Z")


def held(name: str, text: str | bytes, license: str, *duties: str, **more: Any) -> Item:
    """An item under ``license``, by a holder of its own."""
    told: dict[str, Any] = {
        "basis": "license", "rules": (f"rule-{license}",), "policy": "7",
        "holder": "Ann Author", "reasons": (msg("may be sold with its notice"),),
    }  # fmt: skip
    fields = {name: more.pop(name) for name in list(more) if name in Decision.__struct_fields__}
    decision = Decision("allow", license, duties, **(told | fields))
    return item(name, text, **({"decision": decision, "testimony": heard} | more))


OWN = held("guide.md", "# Mine", "LicenseRef-own-work", basis="own", holder="李安 Ann Lee")
BY = held("walden.txt", "I went to the woods.", "CC-BY-4.0", *CC_BY)
ITEMS = (
    OWN,
    BY,
    held("free.csv", "a,b\n1,2\n", "CC0-1.0", holder="", creators=(), category="data"),
    held(
        "插图 “一”[1] #2 'x'.svg", "<svg>SPDX-License-Identifier: Nonsense AND (</svg>", "CC-BY-SA-3.0",
        *CC_BY, "share-alike", offered="GPL-2.0-or-later OR CC-BY-SA-3.0", holder="王五 © \\ \"W\"",
        format="svg", kind="image", thumbnail=lambda: b"\xff\xd8picture",
    ),
    held("code*.py", "# SPDX-License-Identifier: Nonsense\n", "MIT", "license-text", "notices"),
    held("照片.txt", "granted", "LicenseRef-grant-照片_1", basis="grant", grant="照片_1"),
    held("台湾.txt", "ported", "CC-BY-SA-3.0-TW", *CC_BY, "share-alike"),
    held("REUSE.toml", "not = [ toml", "MIT", "license-text"),
    held("LICENSE.txt", "only this one", "ISC", "license-text"),
    held("empty.txt", "", "Zlib", "license-text"),
    held(
        "both.c", "int x;", "(GPL-2.0-only WITH Classpath-exception-2.0) AND EUPL-1.2+", "share-alike"
    ),
    held("unnamed.txt", "no id", "", basis="answer", by="Ann Lee", holder=""),
)  # fmt: skip


def info(id: str, text: str = "") -> LicenseInfo:
    return LicenseInfo(id, f"The {id}", f"https://example.org/{id}", text)


LICENSES = {
    id: info(id, f"Text of {id}.\r\nEnd")
    for id in (
        "CC0-1.0",
        "CC-BY-4.0",
        "CC-BY-SA-3.0",
        "MIT",
        "LicenseRef-grant-照片_1",
        "ISC",
        "Zlib",
    )
}


def asked(folder: Path, items: Sequence[Item] = ITEMS, terms: str = "", **more: Any) -> Request:
    folder.mkdir(parents=True, exist_ok=True)
    if terms:
        (folder / "license.md").write_text(terms, "utf-8")
    fields: dict[str, Any] = {"title": "Woods", "rights": Declaration(own="李安 Ann Lee; L. A.")}
    collection = Collection(sources=(), **(fields | more), name=folder.name)
    reason = Message("{license} forbids it", {"license": "CC-BY-NC-4.0"})
    omitted = Omission("0" * 64, "Left out", "https://example.org/nc", reason)
    return Request(Loaded(collection, folder), items, (omitted,), LICENSES, policy=POLICY)


def made(tmp_path: Path, items: Sequence[Item] = ITEMS, terms: str = "", **more: Any) -> Release:
    return package(asked(tmp_path / "woods", items, terms, **more), tmp_path / "build")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return made(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def top(whole: Release, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle as a buyer unpacks it."""
    return unpacked(whole, tmp_path_factory.mktemp("out"))


def lint(top: Path) -> dict[str, Any]:
    if importlib.util.find_spec("reuse") is None:
        pytest.skip("reuse is not installed: pip install reuse[charset-normalizer]")
    command = [sys.executable, "-m", "reuse", "--root", str(top), "lint", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    found: dict[str, Any] = json.loads(done.stdout or "{}")
    assert done.returncode == 0, (done.stderr, found.get("non_compliant"))
    return found


# What outside checkers say


def test_reuse_lint_finds_every_file_licensed_and_no_text_missing_or_unused(top: Path) -> None:
    found = lint(top)
    assert found["summary"]["compliant"]
    said = {one["path"]: one for one in found["files"]}
    told = {
        path: ([one["value"] for one in entry["spdx_expressions"]],
               [one["value"] for one in entry["copyrights"]])
        for path, entry in said.items()
    }  # fmt: skip
    own = (["LicenseRef-own-work"], ["© 李安 Ann Lee"])
    assert told["START-HERE.html"] == told["rights.json"] == told["data/Texts/guide.md"] == own
    assert told["data/Texts/walden.txt"] == (["CC-BY-4.0"], ["© Ann Author"])
    assert told["data/Texts/free.csv"][1] == ["SPDX-FileCopyrightText: no copyright claimed"]
    assert told["data/Texts/code＊.py"][0] == ["MIT"]
    (thumbnail,) = [path for path in told if path.startswith("assets/thumbs/")]
    (picture,) = [path for path in told if path.startswith("data/Images/")]
    assert told[thumbnail] == told[picture] == (["CC-BY-SA-3.0"], ['© 王五 © \\ "W"'])
    # Every file of the bag but those that the specification leaves aside.
    files = {path.relative_to(top).as_posix() for path in top.rglob("*") if path.is_file()}
    aside = {"LICENSE.md", "REUSE.toml", "data/Texts/LICENSE.txt", "data/Texts/empty.txt"}
    assert files - told.keys() == aside | {one for one in files if one.startswith("LICENSES/")}


def test_bagit_and_curate_accept_the_bundle(whole: Release, top: Path) -> None:
    command = [sys.executable, "-m", "bagit", "--validate", str(top)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert verify(whole.folder) == verify(whole.archive) == verify(top) == []


# Licence texts


def test_every_licence_has_its_text(top: Path) -> None:
    texts = {path.stem: path.read_text("utf-8") for path in (top / "LICENSES").iterdir()}
    grant = file_id("LicenseRef-grant-照片_1")
    assert texts.keys() == {
        "CC-BY-4.0", "CC-BY-SA-3.0", "CC0-1.0", "Classpath-exception-2.0", "EUPL-1.2", "GPL-2.0-only",
        "ISC", "LicenseRef-CC-BY-SA-3.0-TW", "LicenseRef-all-rights-reserved", "LicenseRef-own-work",
        "MIT", "Zlib", grant,
    }  # fmt: skip
    assert texts["MIT"] == "Text of MIT.\nEnd\n"
    assert texts[grant] == "Text of LicenseRef-grant-照片_1.\nEnd\n"
    assert texts["LicenseRef-own-work"] == (top / "LICENSE.md").read_text("utf-8")
    assert "EUPL-1.2" in texts["EUPL-1.2"]


@given(st.text(min_size=1))
def test_any_licence_id_gives_a_safe_file_name(id: str) -> None:
    name = file_id(id)
    assert name.isascii()
    assert len(name) <= 100
    assert not set(name) & set("/\\: ")
    assert file_id(name) == name


def test_pages_lead_to_the_texts_and_say_what_licences_ask(top: Path) -> None:
    overview = (top / "LICENSES.md").read_text("utf-8")
    assert "[CC-BY-4.0](LICENSES/CC-BY-4.0.txt)" in overview
    assert "Text of" not in overview
    for duty in ("Name the author", "Put no copy protection", "under the same licence"):
        assert duty in overview
    (line,) = [
        line
        for line in (top / "ATTRIBUTION.md").read_text("utf-8").splitlines()
        if "walden" in line
    ]
    assert "Ann Author, CC BY 4.0" in line
    assert "(LICENSES/CC-BY-4.0.txt)" in line
    start = BeautifulSoup((top / "START-HERE.html").read_text("utf-8"), "html.parser")
    links = {str(link["href"]) for link in start.select("#licences a")}
    assert {"LICENSE.md", "LICENSES.md", "ATTRIBUTION.md", "LICENSES/MIT.txt"} <= links
    assert all((top / link).is_file() for link in links)
    assert "(LICENSE.md)" in (top / "CONTENTS.md").read_text("utf-8")


# Decisions and their evidence


def test_every_decision_can_be_checked_against_the_policy(top: Path) -> None:
    told = json.loads((top / "rights.json").read_bytes())
    policy = (top / "rights-policy.toml").read_bytes()
    assert (told["format"], told["name"], told["version"]) == (1, "woods", "1.0.0")
    assert told["policy"] == {
        "version": "7", "file": "rights-policy.toml", "sha256": hashlib.sha256(policy).hexdigest()
    }  # fmt: skip
    assert told["use"] == {
        "paid": False, "packaging": "compilation", "territory": [], "copies": 0, "drm": False
    }  # fmt: skip
    paths = [one["path"] for one in told["items"]]
    assert paths == sorted(paths, key=str.encode)
    payload = {path.relative_to(top).as_posix() for path in (top / "data").rglob("*.*")}
    assert set(paths) == payload - {"data/ro-crate-metadata.json"}
    for one in told["items"]:
        data = (top / one["path"]).read_bytes()
        assert one["sha256"] == hashlib.sha256(data).hexdigest()
        assert one["outcome"] == "allow"
        assert one["retrieved"] == "2024-05-06T07:08:09Z"
        assert one["statements"][0]["where"] == "https://example.org/a"
    (chosen,) = [one for one in told["items"] if one["license"] == "CC-BY-SA-3.0"]
    assert chosen["offered"] == "GPL-2.0-or-later OR CC-BY-SA-3.0"
    assert chosen["rules"] == ["rule-CC-BY-SA-3.0"]
    assert chosen["reasons"] == ["may be sold with its notice"]
    assert "left_out" not in told


def test_the_seller_keeps_the_same_with_what_was_left_out(whole: Release, top: Path) -> None:
    buyers = json.loads((top / "rights.json").read_bytes())
    sellers = json.loads((whole.folder / "rights.json").read_bytes())
    assert sellers.pop("left_out") == [
        {
            "title": "Left out", "source": "https://example.org/nc", "sha256": "0" * 64,
            "reason": "CC-BY-NC-4.0 forbids it",
        }
    ]  # fmt: skip
    assert sellers == buyers


def test_testimony_is_heard_once_and_only_when_a_release_is_written(tmp_path: Path) -> None:
    calls = []

    def hear() -> Testimony:
        calls.append(1)
        return heard()

    items = [replace(BY, testimony=hear)]
    first = made(tmp_path, items)
    again = made(tmp_path, items)
    assert (first.unchanged, again.unchanged, len(calls)) == (False, True, 1)


def test_hostile_statements_are_data(tmp_path: Path) -> None:
    broken = replace(
        BY, title=HOSTILE, credit=HOSTILE,
        decision=replace(BY.decision, holder=HOSTILE + "\n[[annotations]]", changes=HOSTILE),
        testimony=lambda: heard(HOSTILE + "\udc80"),
    )  # fmt: skip
    release = made(tmp_path, (OWN, broken))
    top = unpacked(release, tmp_path / "out")
    raw = (top / "rights.json").read_text("utf-8")
    assert not {"<", "\u202e", "\u2028"} & set(raw)
    (one,) = [one for one in json.loads(raw)["items"] if one["license"] == "CC-BY-4.0"]
    assert one["statements"][0]["raw"] == HOSTILE[:1000]
    assert one["signals"][0]["value"] == HOSTILE[:1000]
    for name in ("START-HERE.html", "TUTORIAL.html"):
        soup = BeautifulSoup((top / name).read_text("utf-8"), "html.parser")
        assert all("alert(1)" not in (script.string or "") for script in soup.find_all("script"))
    for name in ("ATTRIBUTION.md", "LICENSES.md", "LICENSE.md"):
        text = (top / name).read_text("utf-8")
        assert "<script>" not in text.replace("\\<", "")
        assert "\u202e" not in text
    annotations = tomllib.loads((top / "REUSE.toml").read_text("utf-8"))["annotations"]
    assert len(annotations) == 3
    lint(top)


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("/home/ann/private/a.txt", "a.txt"),
        ("C:\\Users\\ann\\a.txt", "a.txt"),
        ("file:///home/ann/a.txt", "a.txt"),
        ("https://ann:secret@example.org/a?b=1", "https://example.org/a?b=1"),
        ("sub/folder/a.txt", "sub/folder/a.txt"),
        ("https://[broken", "https://[broken"),
    ],
)
def test_no_place_tells_buyers_about_the_sellers_computer(
    tmp_path: Path, where: str, told: str
) -> None:
    release = made(tmp_path, (replace(BY, testimony=lambda: heard(where=where)),))
    (one,) = json.loads(page(release, "rights.json"))["items"]
    assert one["statements"][0]["where"] == one["signals"][0]["where"] == told


HOLDERS = st.lists(
    st.sampled_from(["©", "(c)", "Copyright ", "1999", "2000-", ",", " ", "张三", '"', "\\", "*"])
    | st.characters(),
    max_size=12,
).map("".join)


@given(HOLDERS)
def test_any_holder_gives_a_file_that_checkers_can_read(holder: str) -> None:
    from curate.bundle.layout import Layout, Placed, Section
    from curate.bundle.reuse import toml

    one = replace(BY, decision=replace(BY.decision, holder=holder))
    section = Section("Texts", "Texts", 0)
    plan = Layout(((section, (Placed(one, "Texts/a*\\b.txt"),)),))
    text = toml(plan, {}, one_line(holder)).decode()
    _, mine = tomllib.loads(text)["annotations"]
    assert mine["path"] == ["data/Texts/a\\*\\\\b.txt"]
    assert mine["SPDX-License-Identifier"] == "CC-BY-4.0"
    if importlib.util.find_spec("reuse"):
        from reuse.global_licensing import ReuseTOML

        ReuseTOML.from_toml(text, "REUSE.toml")


# Terms


def test_the_built_in_terms_leave_open_licences_alone(top: Path) -> None:
    text = (top / "LICENSE.md").read_text("utf-8")
    assert "李安 Ann Lee gives you this bundle" in text
    assert "11 of the 12 files" in text
    assert "nothing in these terms limits" in text
    assert "| [CC-BY-4.0](LICENSES/CC-BY-4.0.txt) | 1 |" in text


def test_terms_for_own_work_alone_name_no_other_licence(tmp_path: Path) -> None:
    text = page(made(tmp_path, (OWN,)), "LICENSE.md")
    assert "these terms hold for all of them" in text
    assert "CC-BY" not in text


def test_the_sellers_terms_are_text_but_for_the_carve_out(tmp_path: Path) -> None:
    own = "# Mine\r\n\r\n{{ 7 * 7 }} {% raw %}\r\n\r\n{{carve-out}}\r\n\r\nEnd.\r\n"
    text = page(made(tmp_path, (OWN, BY), own), "LICENSE.md")
    assert "{{ 7 * 7 }} {% raw %}" in text
    assert "One of the 2 files in this bundle is here" in text
    assert "carve-out" not in text
    assert text.endswith("End.\n")


@pytest.mark.parametrize(
    "terms",
    ["# No resale", "<!-- {{ carve-out }} -->\n\nNo resale", "`{{ carve-out }}`", "    {{ carve-out }}"],
    ids=["no mark", "in a comment", "as code", "as a code block"],
)  # fmt: skip
def test_terms_without_the_carve_out_fail_where_an_item_needs_it(
    tmp_path: Path, terms: str
) -> None:
    with pytest.raises(CurateError) as caught:
        made(tmp_path, (OWN, BY), terms)
    assert str(tmp_path / "woods" / "license.md") in caught.value.message
    assert "'walden'" in caught.value.message
    assert "{{ carve-out }}" in caught.value.hint
    assert not (tmp_path / "build").exists()
    grant = held("a.txt", "a", "LicenseRef-grant-a", basis="grant")
    assert made(tmp_path, (OWN, grant), terms).items == 2


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b" \n", b"x" * (2 << 20)])
def test_terms_that_cannot_be_terms(tmp_path: Path, data: bytes) -> None:
    request = asked(tmp_path / "woods", (OWN,))
    (tmp_path / "woods" / "license.md").write_bytes(data)
    with pytest.raises(CurateError, match=r"license\.md"):
        package(request, tmp_path / "build")


@pytest.mark.parametrize("duty", ["no-drm", "no-extra-terms"])
def test_copy_protection_fails_where_a_licence_forbids_it(tmp_path: Path, duty: str) -> None:
    free = held("free.txt", "free", "GFDL-1.3-no-invariants-only", duty)
    with pytest.raises(CurateError) as caught:
        made(tmp_path, (OWN, free), listing=Listing(drm=True))
    assert "1 of its 2 files" in caught.value.message
    assert "'free'" in caught.value.message
    assert "drm = false" in caught.value.hint
    assert made(tmp_path, (OWN,), listing=Listing(drm=True)).items == 1


# Versions


def test_a_change_in_texts_terms_policy_or_decisions_is_a_new_version(tmp_path: Path) -> None:
    folder, build = tmp_path / "woods", tmp_path / "build"
    base = asked(folder, (OWN, BY))
    other = replace(BY, decision=replace(BY.decision, rules=("another rule",)))
    texts = dataclasses.replace(base, licenses=LICENSES | {"CC-BY-4.0": info("CC-BY-4.0", "New")})
    steps = [
        base,
        texts,
        dataclasses.replace(texts, policy=b'version = "8"\n'),
        dataclasses.replace(texts, use={"paid": True}),
        dataclasses.replace(texts, items=(OWN, other)),
    ]
    assert [package(one, build).version for one in steps] == [f"1.0.{n}" for n in range(5)]
    assert package(steps[-1], build).unchanged
    terms = asked(folder, (OWN, BY), "{{ carve-out }}")
    assert package(terms, build).version == "1.0.5"
    terms = asked(folder, (OWN, BY), "{{ carve-out }}\n\nMore.")
    assert package(terms, build).version == "1.0.6"


def test_the_same_rights_give_the_same_bytes(whole: Release, tmp_path: Path) -> None:
    again = made(tmp_path, ITEMS[::-1])
    assert again.archive.read_bytes() == whole.archive.read_bytes()
    ours, theirs = again.folder / "rights.json", whole.folder / "rights.json"
    assert ours.read_bytes() == theirs.read_bytes()


def test_a_chinese_bundle_speaks_chinese(tmp_path: Path) -> None:
    release = made(tmp_path, title="自然文学", language="zh")
    top = unpacked(release, tmp_path / "out")
    terms = (top / "LICENSE.md").read_text("utf-8")
    assert terms.startswith("# 使用条款：自然文学\n")
    assert "有 11 个适用各自的许可" in terms
    assert "[CC-BY-4.0](LICENSES/CC-BY-4.0.txt)" in terms
    assert "不得加上复制保护。" in (top / "LICENSES.md").read_text("utf-8")
    for name in ("LICENSE.md", "LICENSES.md", "ATTRIBUTION.md"):
        assert " the " not in (top / name).read_text("utf-8")
    lint(top)

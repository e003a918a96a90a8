"""A mixed collection, from its files to a bundle whose every decision can be checked by somebody else."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

from curate.api import Workspace
from curate.errors import CurateError
from curate.pipeline.decisions import Ask, decide
from curate.pipeline.rulings import Which, rulings
from tests import recompute

MIT = """MIT License

Copyright (c) 2020 Bo

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without
limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of
the Software, and to permit persons to whom the Software is furnished to do so, subject to the following
conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial
portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED
TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL
THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF
CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER
DEALINGS IN THE SOFTWARE.
"""
COLLECTION = """title = "Harbour pack"
[listing]
price = "9.00"
[[sources]]
type = "folder"
path = "material"
match = "all"
[[sources.folders]]
path = "own"
rights = { own = "Ann Lee" }
[[sources.folders]]
path = "bought"
rights = { grant = "ebook" }
"""
GRANT = """kind = "purchase"
licensor = "Ebook House"
license = "Reseller licence 2"
order = "SECRET-4711"
uses = ["bundle"]
evidence = ["invoice.txt"]
"""


def words(seed: str) -> str:
    return "\n\n".join(
        " ".join(f"{seed}{n}{m} light tide harbour" for m in range(12)) for n in range(5)
    )


FILES = {
    "own/guide.md": "# Guide\n\n" + words("own"),
    "own/指南.md": "# 指南\n\n" + "海港的灯塔在夜里发光，潮水每天两次涨落，船只依靠它们回家。" * 12,
    "bought/ebook.txt": words("bought"),
    "zero/facts.txt": words("zero"),
    "zero/facts.txt.license": "SPDX-License-Identifier: CC0-1.0\nSPDX-FileCopyrightText: NONE\n",
    "by/map.txt": words("by"),
    "by/map.txt.license": "SPDX-License-Identifier: CC-BY-4.0\nSPDX-FileCopyrightText: 2021 Cy <cy@example.org>\n",
    "sa/song.txt": words("sa"),
    "sa/song.txt.license": "SPDX-License-Identifier: CC-BY-SA-4.0 OR GPL-2.0-or-later\nSPDX-FileCopyrightText: Di\n",
    "mit/tool.py": f'"""Tides.\n\n{words("mit")}\n"""\n',
    "mit/LICENSE": MIT,
    "nc/poem.txt": words("nc"),
    "nc/poem.txt.license": "SPDX-License-Identifier: CC-BY-NC-4.0\nSPDX-FileCopyrightText: Ed\n",
    "manual/guide.txt": words("manual"),
    "manual/guide.txt.license": "SPDX-License-Identifier: GFDL-1.3-only\nSPDX-FileCopyrightText: Flo\n",
    "silent/note.txt": words("silent"),
    "odd/page.txt": words("odd"),
    "odd/page.txt.license": "SPDX-License-Identifier: LicenseRef-harbour-club\nSPDX-FileCopyrightText: Club\n",
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = Workspace.init(tmp_path_factory.mktemp("mixed") / "w")
    home = made.collections / "pack"
    for name, text in FILES.items():
        path = home / "material" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (home / "collection.toml").write_text(COLLECTION, encoding="utf-8")
    (made.root / "grants").mkdir()
    (made.root / "grants" / "ebook.toml").write_text(GRANT, encoding="utf-8")
    (made.root / "grants" / "invoice.txt").write_text("Invoice SECRET-4711", encoding="utf-8")
    made.collect("pack")
    made.classify("pack")
    ask = Ask("allow", "it has no invariant sections", "Ann Lee")
    decide(made, "pack", Which(items=("manual/guide.txt",)), ask)
    made.package("pack")
    return made


@pytest.fixture(scope="module")
def release(workspace: Workspace) -> Path:
    return workspace.build / "pack" / "1.0.0"


@pytest.fixture(scope="module")
def top(release: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(next(release.glob("*.zip"))) as bundle:
        bundle.extractall(folder)
    return next(folder.iterdir())


def ledger(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "rights.json").read_text("utf-8"))
    return found


def test_what_may_be_sold_is_in_and_the_rest_is_out_with_its_reason(release: Path) -> None:
    whole = ledger(release)
    inside = {Path(one["path"]).name: one["license"] for one in whole["items"]}
    assert inside == {
        "LICENSE.txt": "MIT",
        "ebook.txt": "LicenseRef-grant-ebook",
        "facts.txt": "CC0-1.0",
        "guide.md": "LicenseRef-own-work",
        "guide.txt": "GFDL-1.3-only",
        "指南.md": "LicenseRef-own-work",
        "map.txt": "CC-BY-4.0",
        "song.txt": "CC-BY-SA-4.0",
        "tool.py": "MIT",
    }
    out = {Path(one["source"]).name: one["rules"] for one in whole["left_out"]}
    assert out == {
        "poem.txt": ["cc-nc"],
        "note.txt": ["nothing-stated"],
        "page.txt": ["unknown-license"],
    }


def test_an_independent_reader_comes_to_every_decision(release: Path, top: Path) -> None:
    policy = tomllib.loads((top / "rights-policy.toml").read_text("utf-8"))
    whole = ledger(release)
    assert whole["policy"]["version"] == policy["version"]
    entries = [*whole["items"], *whole["left_out"]]
    assert len(entries) == 12
    for entry in entries:
        assert recompute.outcome(whole, policy, entry) == entry["outcome"], entry


def test_reuse_and_bagit_find_nothing_to_complain_about(top: Path) -> None:
    for module, arguments in (
        ("reuse", ["--root", str(top), "lint"]),
        ("bagit", ["--validate", str(top)]),
    ):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed: it is in the dev group of pyproject.toml")
        command = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_papers_of_the_seller_are_never_shipped(release: Path, top: Path) -> None:
    shipped = b"".join(path.read_bytes() for path in sorted(top.rglob("*")) if path.is_file())
    beside = b"".join(
        path.read_bytes()
        for path in sorted(release.rglob("*"))
        if path.suffix != ".zip" and path.is_file()
    )
    assert b"SECRET-4711" not in shipped + beside
    assert len(ledger(top)["grants"][0]["evidence_sha256"][0]) == 64


def test_credits_and_texts_are_whole(top: Path) -> None:
    credits = (top / "ATTRIBUTION.md").read_text("utf-8")
    assert "NONE" not in credits
    assert "CC BY 4.0" in credits and "with permission of Ebook House" in credits
    texts = {path.name for path in (top / "LICENSES").iterdir()}
    assert {
        "CC-BY-4.0.txt",
        "CC-BY-SA-4.0.txt",
        "CC0-1.0.txt",
        "MIT.txt",
        "LicenseRef-grant-ebook.txt",
    } <= texts
    assert "GPL-2.0-or-later.txt" not in texts  # the branch that was not taken
    assert "Attribution-ShareAlike" in (top / "LICENSES" / "CC-BY-SA-4.0.txt").read_text("utf-8")


def test_an_ended_grant_stops_the_next_build_and_names_what_it_touches(
    workspace: Workspace,
) -> None:
    paper = workspace.root / "grants" / "ebook.toml"
    paper.write_text(GRANT + "end = 2020-01-31\n", encoding="utf-8")
    try:
        with pytest.raises(CurateError, match="not classified by the present"):
            workspace.package("pack")
        workspace.classify("pack")
        with pytest.raises(CurateError) as caught:
            workspace.package("pack")
        assert "ended on 2020-01-31" in caught.value.message
        assert "pack 1.0.0" in caught.value.message
        which = Which(grant="ebook")
        decide(workspace, "pack", which, Ask("deny", "not renewed", "Ann"))
        assert workspace.package("pack").release.items == 8
        decide(
            workspace,
            "pack",
            Which(items=("bought/ebook.txt",)),
            Ask("allow", "", "Ann", undo=True),
        )
    finally:
        paper.write_text(GRANT, encoding="utf-8")
        workspace.classify("pack")


def test_a_change_of_licence_at_the_source_is_asked_again(tmp_path: Path) -> None:
    made = Workspace.init(tmp_path / "w")
    home = made.collections / "c"
    (home / "material").mkdir(parents=True)
    (home / "material" / "map.txt").write_text(words("map"), encoding="utf-8")
    terms = home / "material" / "map.txt.license"
    (home / "collection.toml").write_text(
        'title = "c"\n[listing]\nprice = "9"\n[[sources]]\ntype = "folder"\npath = "material"\nmatch = "all"\n',
        encoding="utf-8",
    )

    def outcome(license: str) -> str:
        terms.write_text(f"SPDX-License-Identifier: {license}\nSPDX-FileCopyrightText: Cy\n")
        made.collect("c")
        made.classify("c")
        (one,) = rulings(made, "c")
        return one.outcome

    assert outcome("CC-BY-4.0") == "allow"
    assert (
        outcome("CC-BY-SA-4.0") == "ask"
    )  # both would be allowed: but somebody changed their mind
    decide(made, "c", Which(outcome="ask"), Ask("allow", "asked Cy, both hold", "Ann"))
    assert outcome("CC-BY-SA-4.0") == "allow"  # remembered
    assert outcome("CC-BY-NC-4.0") == "deny"  # what was answered was not about this
    assert outcome("CC-BY-SA-4.0") == "allow"


def test_the_nearest_declaration_wins(tmp_path: Path) -> None:
    made = Workspace.init(tmp_path / "w")
    home = made.collections / "c"
    for name in ("a.txt", "sub/b.txt", "sub/deep/c.txt", "subway/d.txt"):
        path = home / "material" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(words(name[-5]), encoding="utf-8")
    (home / "collection.toml").write_text(
        'title = "c"\n[rights]\nown = "Ann"\n[[sources]]\ntype = "folder"\npath = "material"\nmatch = "all"\n'
        '[[sources.folders]]\npath = "sub"\nrights = { license = "CC-BY-4.0" }\n'
        '[[sources.folders]]\npath = "sub/deep/"\nrights = { license = "CC0-1.0" }\n',
        encoding="utf-8",
    )
    made.collect("c")
    made.classify("c")
    assert {one.source: one.decision.license for one in rulings(made, "c")} == {
        "a.txt": "LicenseRef-own-work",
        "sub/b.txt": "CC-BY-4.0",
        "sub/deep/c.txt": "CC0-1.0",
        "subway/d.txt": "LicenseRef-own-work",
    }


HOSTILE = {
    "script": "<script>alert(1)</script> CC BY 4.0",
    "bidi": "CC BY 4.0 \u202ereversed\u202c",
    "private": "http://169.254.169.254/latest/meta-data/",
    "file": "file:///etc/passwd",
    "long": "all rights reserved " * 50_000,
}


def test_hostile_statements_end_as_data(tmp_path: Path) -> None:
    made = Workspace.init(tmp_path / "w")
    home = made.collections / "c"
    material = home / "material"
    material.mkdir(parents=True)
    for name, text in HOSTILE.items():
        page = f'<html><head><title>{name}</title><meta name="dcterms.license" content="{text}"></head>'
        (material / f"{name}.html").write_text(
            f"{page}<body><p>{words(name)}</p></body></html>", encoding="utf-8"
        )
    (home / "collection.toml").write_text(
        'title = "c"\n[listing]\nprice = "9"\n[[sources]]\ntype = "folder"\npath = "material"\nmatch = "all"\n',
        encoding="utf-8",
    )
    made.collect("c")
    made.classify("c")
    found = rulings(made, "c")
    assert len(found) == len(HOSTILE)
    assert {one.source for one in found if one.outcome == "allow"} <= {"bidi.html", "script.html"}
    for one in found:
        ask = Ask("allow", "looked at each: they are mine", "Ann", own="Ann")
        decide(made, "c", Which(items=(one.sha256,)), ask)
    archive = made.package("c").release.archive
    with zipfile.ZipFile(archive) as bundle:
        for name in bundle.namelist():
            if "/data/" not in name and name.endswith((".html", ".md", ".json", ".toml", ".txt")):
                page = bundle.read(name).decode()
                assert "<script>alert" not in page and "\u202e" not in page, name

"""What files beside the material say about its rights, in its folder and above."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate import spdx
from curate.collectors import Context
from curate.collectors.beside.debian import expression
from curate.collectors.beside.globs import compiled
from curate.collectors.beside.owners import owners
from curate.collectors.beside.reuse import _parts
from curate.collectors.beside.texts import is_licence, is_readme, words
from curate.collectors.folder import FolderCollector, FolderSource
from curate.model import Candidate, Statement, Trouble
from tests.material import material

MIT = """MIT License

Copyright (c) 2024 Ann Lee

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation
the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and
to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of
the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO
THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF
CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS
IN THE SOFTWARE.
"""
posix = pytest.mark.skipif(sys.platform == "win32", reason="no such files there")


def walk(root: Path, **options: object) -> list[Candidate | Trouble]:
    source = FolderSource(path=str(root), **options)  # type: ignore[arg-type]
    return list(FolderCollector(source, Context(root)).candidates(lambda locator: None))


def said(root: Path, **options: object) -> dict[str, tuple[Statement, ...]]:
    """Locator → what is said about it."""
    found = walk(root, **options)
    assert len({one.locator for one in found}) == len(found), "each locator once"
    assert all(one.restates for one in found if isinstance(one, Candidate))
    return {one.locator: one.said.statements for one in found if isinstance(one, Candidate)}


def brief(statements: tuple[Statement, ...]) -> list[tuple[str, str, str]]:
    return [(one.channel, one.where, one.license or one.raw) for one in statements]


def troubles(root: Path) -> dict[str, str]:
    found = [one for one in walk(root) if isinstance(one, Trouble)]
    assert not any(one.retry or one.hides for one in found)
    return {one.locator: str(one.reason) for one in found}


def fill(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


# REUSE


def test_a_sidecar_speaks_for_its_file_alone(tmp_path: Path) -> None:
    fill(
        tmp_path,
        {
            "猫.jpg": b"x",
            "猫.jpg.license": "# SPDX-FileCopyrightText: 2019, 2021 王芳 <wf@example.org>\n"
            "# SPDX-License-Identifier: CC-BY-4.0\n",
            "dog.jpg": b"x",
            "orphan.license": "words",
            "page.html": b"x",
            "page.html.license": "<!-- SPDX-License-Identifier: MIT OR ISC -->\r\n"
            "<!-- SPDX-License-Identifier: OFL-1.1 -->",
        },
    )
    found = said(tmp_path)
    assert found.keys() == {"dog.jpg", "orphan.license", "page.html", "猫.jpg"}
    assert found["dog.jpg"] == found["orphan.license"] == ()
    assert found["猫.jpg"] == (
        Statement(
            "CC-BY-4.0", "reuse-sidecar", "猫.jpg.license", holder="王芳", license="CC-BY-4.0"
        ),
    )
    (both,) = found["page.html"]
    assert (both.raw, both.license) == ("MIT OR ISC\nOFL-1.1", "(MIT OR ISC) AND OFL-1.1")


def test_a_sidecar_without_tags_is_quoted(tmp_path: Path) -> None:
    fill(
        tmp_path,
        {
            "a.jpg": b"x", "a.jpg.license": "From Pixabay,\nstandalone sale prohibited.",
            "b.jpg": b"x", "b.jpg.license": "SPDX-FileCopyrightText: © 2020 Ann Lee\n",
            "c.jpg": b"x", "c.jpg.license": b"\0\1",
            "d": b"x", "d.license": " ",
        },
    )  # fmt: skip
    found = said(tmp_path)
    assert found["a.jpg"][0].raw == "From Pixabay, standalone sale prohibited."
    assert (found["b.jpg"][0].raw, found["b.jpg"][0].holder) == (
        "SPDX-FileCopyrightText: © 2020 Ann Lee",
        "Ann Lee",
    )
    assert found["c.jpg"][0].raw == "c.jpg.license cannot be read"
    assert found["d"] == ()
    assert troubles(tmp_path) == {"c.jpg.license": "what it says about rights is not text"}


def table(*annotations: tuple[str | list[str], str, str, str]) -> str:
    """A REUSE.toml of (path, precedence, licence, copyright)."""
    lines = ["version = 1"]
    for path, precedence, license, notice in annotations:
        lines += ["[[annotations]]", f"path = {json.dumps(path)}"]
        lines += [f'precedence = "{precedence}"'] if precedence else []
        lines += [f'SPDX-License-Identifier = "{license}"'] if license else []
        lines += [f'SPDX-FileCopyrightText = "{notice}"'] if notice else []
    return "\n".join(lines)


def test_the_last_matching_table_counts(tmp_path: Path) -> None:
    fill(
        tmp_path,
        {
            "REUSE.toml": table(
                ("**", "", "MIT", "2020 Ann"),
                (["img/*.png", "img/\\*.gif"], "", "CC0-1.0", ""),
                ("img/one.png", "", "CC-BY-4.0", ""),
            ),
            "a.txt": "x", "img/one.png": "x", "img/two.png": "x", "img/deep/three.png": "x",
            "img/x.gif": "x", "LICENSES/MIT.txt": MIT, "LICENSES/LicenseRef-Own.txt": "x",
        },
    )  # fmt: skip
    found = said(tmp_path)
    assert {name: one[0].license for name, one in found.items()} == {
        "a.txt": "MIT",
        "img/deep/three.png": "MIT",
        "img/one.png": "CC-BY-4.0",
        "img/two.png": "CC0-1.0",
        "img/x.gif": "MIT",
    }
    assert found["a.txt"] == (Statement("MIT", "reuse", "REUSE.toml", holder="Ann", license="MIT"),)


PRECEDENCE = {
    "closest: the nearest table": ("closest", "closest", "", ["in/REUSE.toml ISC"]),
    "aggregate above is added": ("aggregate", "closest", "", ["REUSE.toml MIT", "in/REUSE.toml ISC"]),
    "override above silences": ("override", "aggregate", "", ["REUSE.toml MIT"]),
    "override below wins over closest": ("closest", "override", "", ["in/REUSE.toml ISC"]),
    "a sidecar is nearer still": ("closest", "closest", "0BSD", ["in/a.png.license 0BSD"]),
    "and aggregate is added to it": (
        "aggregate", "closest", "0BSD", ["in/a.png.license 0BSD", "REUSE.toml MIT"],
    ),
    "override leaves both for a person": (
        "override", "closest", "0BSD", ["in/a.png.license 0BSD", "REUSE.toml MIT"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("above", "below", "sidecar", "expected"), PRECEDENCE.values(), ids=PRECEDENCE
)
def test_precedence_of_nested_tables(
    tmp_path: Path, above: str, below: str, sidecar: str, expected: list[str]
) -> None:
    fill(
        tmp_path,
        {
            "REUSE.toml": table(("**", above, "MIT", "")),
            "in/REUSE.toml": table(("*.png", below, "ISC", "")),
            "in/a.png": "x",
        },
    )
    if sidecar:
        fill(tmp_path, {"in/a.png.license": f"SPDX-License-Identifier: {sidecar}"})
    found = said(tmp_path)["in/a.png"]
    assert [f"{one.where} {one.license}" for one in found] == expected


def test_copyright_and_licence_have_their_own_nearest(tmp_path: Path) -> None:
    fill(
        tmp_path,
        {
            "REUSE.toml": table(("**", "", "MIT", "2001 Outer")),
            "in/REUSE.toml": table(("a", "", "", "2002 Inner"), ("b", "", "ISC", "")),
            "in/a": "x", "in/b": "x", "in/c": "x", "in/c.license": "SPDX-FileCopyrightText: 2003 Own",
        },
    )  # fmt: skip
    found = said(tmp_path)
    pairs = {name: [(one.license, one.holder) for one in all] for name, all in found.items()}
    assert pairs == {
        "in/a": [("MIT", "Inner")],
        "in/b": [("ISC", "Outer")],
        "in/c": [("", "Own"), ("MIT", "Own")],
    }


BROKEN = {
    "no TOML": "version = ",
    "no version": "[[annotations]]\npath = 'a'",
    "another version": "version = 2",
    "a truth as version": "version = true",
    "no path": "version = 1\n[[annotations]]\nSPDX-License-Identifier = 'MIT'",
    "path is a number": "version = 1\n[[annotations]]\npath = 3",
    "unknown precedence": "version = 1\n[[annotations]]\npath = 'a'\nprecedence = 'maybe'",
    "tables that are none": "version = 1\nannotations = 'x'",
    "not UTF-8": b"version = 1 # \xff",
    "deep": "version = 1\na = " + "[" * 100_000,
    "huge": "version = 1\n" + "#" * (4 << 20),
    "an endless licence": table(("**", "", " OR ".join(["MIT"] * 500), "")),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_broken_table_asks_for_all_it_covers(tmp_path: Path, content: str | bytes) -> None:
    fill(tmp_path, {"a": "x", "in/REUSE.toml": content, "in/b": "x", "in/deep/c": "x"})
    found = said(tmp_path)
    silence = (Statement("REUSE.toml cannot be read", "reuse", "in/REUSE.toml"),)
    assert found == {"a": (), "in/b": silence, "in/deep/c": silence}
    assert list(troubles(tmp_path)) == ["in/REUSE.toml"]


@pytest.mark.parametrize(
    ("glob", "yes", "no"),
    [
        ("*", ["a", ".x"], ["a/b"]),
        ("**", ["a", "a/b/c"], []),
        ("a/**", ["a/b", "a/b/c"], ["a", "b/a/c"]),
        ("**/*.png", ["x/a.png", "a.png"], ["a.jpg"]),
        ("a*/b*c", ["a/bc", "ax/b-c"], ["a/x/bc", "a/b/c"]),
        ("*/*.md", ["a/b.md"], ["b.md", "a/b/c.md"]),
        ("a**b*c", ["a/x/b.c", "abc"], ["a/b/c"]),
        (r"a\*", ["a*"], ["ab"]),
        (r"a\\b", [r"a\b"], ["ab"]),
        ("资料/*.图", ["资料/一.图"], ["资料/一/二.图"]),
    ],
)
def test_globs_of_reuse(glob: str, yes: list[str], no: list[str]) -> None:
    parts, plain = _parts(glob)

    def matches(path: str) -> bool:
        return path == plain if plain else compiled(parts).fullmatch(path) is not None

    assert [path for path in (*yes, *no) if matches(path)] == yes


@given(st.text("ab/*", max_size=7), st.text("ab/", max_size=8))
def test_globs_find_what_a_patient_reader_finds(glob: str, path: str) -> None:
    def patient(at: int, here: int) -> bool:
        if at == len(glob):
            return here == len(path)
        if glob.startswith("**", at):
            after = at + 2
            while glob.startswith("*", after):
                after += 1
            after += glob.startswith("/", after)
            return any(patient(after, there) for there in range(here, len(path) + 1))
        if glob[at] == "*":
            end = path.find("/", here)
            end = len(path) if end < 0 else end
            return any(patient(at + 1, there) for there in range(here, end + 1))
        return path.startswith(glob[at], here) and patient(at + 1, here + 1)

    parts, _ = _parts(glob)
    assert (compiled(parts).fullmatch(path) is not None) == patient(0, 0)


def test_no_glob_explodes() -> None:
    for glob in ("*a" * 200 + "b", "**a" * 200 + "b", "a*" * 200 + "**b"):
        parts, _ = _parts(glob)
        assert not compiled(parts).fullmatch("a" * 250 + "/c")


# Debian

DEP5 = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: walls

Files: *
Copyright: 2014 Visual Group http://example.org/
           2015-2016, Bo Chen <bo@example.org>
License: GPL-2+

Files: docs/* img/?.png
# a comment
Copyright: © 2016 Bo Chen
License: GPL-2.0+ or CC-BY-SA-3.0

Files: free/*
Copyright: none
License: public-domain
 Made by an employee of the government.
 .
 Nobody owns it.

Files: odd/*
Copyright: 2017 Odd
License: odd-terms

License: odd-terms
 Do what you like, but never sell it.
"""


@pytest.mark.parametrize(
    ("name", "channel"),
    [
        ("debian/copyright", "debian-copyright"),
        ("copyright", "debian-copyright"),
        (".reuse/dep5", "reuse"),
    ],
)
def test_copyright_of_debian(tmp_path: Path, name: str, channel: str) -> None:
    files = ["a", "docs/in/b", "img/1.png", "img/22.png", "free/c", "odd/d"]
    found = said(fill(tmp_path, {name: DEP5, **dict.fromkeys(files, "x")}))
    everything = Statement(
        "GPL-2+", channel, name, holder="Visual Group http://example.org/; Bo Chen",
        license="GPL-2.0-or-later",
    )  # fmt: skip
    choice = Statement(
        "GPL-2.0+ or CC-BY-SA-3.0", channel, name, holder="Bo Chen",
        license="GPL-2.0-or-later OR CC-BY-SA-3.0",
    )  # fmt: skip
    assert found["a"] == found["img/22.png"] == (everything,)
    assert found["docs/in/b"] == found["img/1.png"] == (choice,)
    (free,) = found["free/c"]
    assert (free.raw, free.license) == ("public-domain", "")
    assert free.grounds == "Made by an employee of the government. Nobody owns it."
    (odd,) = found["odd/d"]
    assert (odd.raw, odd.license) == ("odd-terms: Do what you like, but never sell it.", "")


def test_copyright_that_is_prose_or_broken(tmp_path: Path) -> None:
    fill(
        tmp_path,
        {
            "a/copyright": "by us all", "a/x": "x",
            "b/debian/copyright": "All rights reserved.", "b/x": "x",
            "c/copyright": "Format: 1.0\n\nFiles: *\nCopyright: me", "c/x": "x",
            "d/.reuse/dep5": "Format: 1.0\n\n???", "d/x": "x",
            "e/debian/rules": "x", "e/x": "x",
        },
    )  # fmt: skip
    found = said(tmp_path)
    assert found["a/x"] == found["e/x"] == ()
    assert brief(found["b/x"]) == [
        ("debian-copyright", "b/debian/copyright", "All rights reserved.")
    ]
    assert brief(found["c/x"]) == [("debian-copyright", "c/copyright", "copyright cannot be read")]
    assert brief(found["d/x"]) == [("reuse", "d/.reuse/dep5", ".reuse/dep5 cannot be read")]
    assert "c/copyright" in found, "what is material stays material"
    assert list(troubles(tmp_path)) == ["c/copyright#rights", "d/.reuse/dep5"]


def test_an_unpacked_package_speaks_for_all_that_it_holds(tmp_path: Path) -> None:
    packaging = DEP5 + "\nFiles: debian/*\nCopyright: 2020 Dee\nLicense: ISC\n"
    found = said(
        fill(
            tmp_path,
            {
                "usr/share/doc/walls/copyright": packaging,
                "usr/share/doc/walls/changelog": "x",
                "usr/share/walls/free/a.png": "x",
            },
        )
    )
    raws = [one.raw.partition(":")[0] for one in found["usr/share/walls/free/a.png"]]
    assert raws == ["GPL-2+", "GPL-2.0+ or CC-BY-SA-3.0", "public-domain", "odd-terms"]
    assert [one.raw for one in found["usr/share/doc/walls/changelog"]] == ["GPL-2+"]


@pytest.mark.parametrize(
    ("short", "expected"),
    [
        ("Expat", "MIT"),
        ("GPL-2", "GPL-2.0-only"),
        ("LGPL-2.1+", "LGPL-2.1-or-later"),
        ("GFDL-NIV-1.3+", "GFDL-1.3-no-invariants-or-later"),
        ("GPL-2.0-or-later OR CC0-1.0", "GPL-2.0-or-later OR CC0-1.0"),
        ("GPL-2+ or Expat, and CC-BY-4.0", "(GPL-2.0-or-later OR MIT) AND CC-BY-4.0"),
        ("GPL-2+ with Font exception", ""),
        ("GPL-2+ or own-terms", ""),
        ("CC-BY", ""),
        ("", ""),
    ],
)
def test_short_names_of_debian(short: str, expected: str) -> None:
    assert expression(short) == expected


# Licence files and READMEs


def test_the_nearest_licence_files_speak_each_for_itself(tmp_path: Path) -> None:
    fill(
        tmp_path,
        {
            "LICENSE": MIT, "a": "x", "docs/b": "x",
            "both/LICENSE-ISC": spdx.text("ISC"), "both/LICENSE-MIT": MIT, "both/deep/c": "x",
        },
    )  # fmt: skip
    found = said(tmp_path)
    assert found["a"] == found["docs/b"] == found["LICENSE"]
    assert brief(found["a"]) == [("license-file", "LICENSE", "MIT")]
    assert found["a"][0].raw.startswith("MIT License Copyright (c) 2024 Ann Lee Permission")
    assert found["a"][0].confidence == "declared"
    assert brief(found["both/deep/c"]) == [
        ("license-file", "both/LICENSE-ISC", "ISC"),
        ("license-file", "both/LICENSE-MIT", "MIT"),
    ]


def test_a_licence_no_list_knows_is_quoted_with_all_that_it_forbids(tmp_path: Path) -> None:
    terms = "This work is licensed under CC BY 4.0. " + "Enjoy it. " * 100 + "It must not be sold."
    fill(
        tmp_path,
        {
            "a/版权声明.txt": "版权所有，禁止转载。".encode("gb18030"), "a/x": "x",
            "b/LICENSE.md": terms, "b/x": "x",
            "c/COPYING": "", "c/x": "x",
            "d/许可证": b"\0\0", "d/x": "x",
            "e/License.pdf": b"%PDF-1.7", "e/x": "x",
            "f/LICENSE": "Enjoy it. " * 30_000, "f/x": "x",
            "g/license.py": "x", "g/licensee.json": "x", "g/license-plate.jpg": "x",
        },
    )  # fmt: skip
    found = {name: brief(all) for name, all in said(tmp_path).items()}
    assert found["a/x"] == [("license-file", "a/版权声明.txt", "版权所有，禁止转载。")]
    ((_, _, raw),) = found["b/x"]
    assert raw.startswith("This work is licensed under CC BY 4.0. Enjoy") and len(raw) <= 1000
    assert raw.endswith("It must not be sold")
    assert found["c/x"] == [("license-file", "c/COPYING", "")]
    assert found["d/x"] == [("license-file", "d/许可证", "许可证 cannot be read")]
    assert found["e/x"] == [("license-file", "e/License.pdf", "License.pdf cannot be read")]
    assert found["f/x"][0][2].endswith("not read to its end")
    assert found["g/license.py"] == []


def test_a_readme_speaks_where_no_licence_file_does(tmp_path: Path) -> None:
    readme = "# Walls\n\nPretty.\n\n## License\n\nThese are licensed under CC BY-SA 4.0.\n"
    fill(
        tmp_path,
        {
            "README.md": readme, "README-zh.md": "# 墙\n\n采用知识共享许可协议。", "a": "x",
            "in/README": "How to build it.", "in/b": "x",
            "own/LICENSE": MIT, "own/README.md": readme, "own/c": "x",
            "own/fonts/说明.txt": "仅供个人学习使用。", "own/fonts/d": "x",
        },
    )  # fmt: skip
    found = said(tmp_path)
    (one,) = found["a"]
    assert (one.channel, one.where, one.confidence) == ("readme", "README.md", "declared")
    assert "licensed under CC BY-SA 4.0" in one.raw and "Pretty" not in one.raw
    assert found["in/b"] == found["a"], "a README that names no licence says nothing"
    assert brief(found["own/c"]) == [("license-file", "own/LICENSE", "MIT")]
    assert brief(found["own/fonts/d"]) == [
        ("license-file", "own/LICENSE", "MIT"),
        ("readme", "own/fonts/说明.txt", "仅供个人学习使用"),
    ]


@pytest.mark.parametrize(
    ("name", "licence", "readme"),
    [
        ("LICENSE", True, False),
        ("LiCeNsE.TxT", True, False),
        ("LICENSE-APACHE", True, False),
        ("LICENSE_1_0.txt", True, False),
        ("License Agreement.txt", True, False),
        ("UNLICENSE", True, False),
        ("COPYING.lesser", True, False),
        ("授权书.pdf", True, False),
        ("LICENSE for the walls.txt", True, False),
        ("license-mit.txt", True, False),
        ("licenses.txt", True, False),
        ("版权归原作者所有.txt", True, False),
        ("许可证-MIT", True, False),
        ("版權聲明（2024）.txt", True, False),
        ("NOTICE", False, False),
        ("licences-explained.md", False, False),
        ("版权与许可证入门.html", False, False),
        ("版权法讲义.txt", False, False),
        ("licensee", False, False),
        ("License to Kill.txt", False, False),
        ("copying machines.txt", False, False),
        ("license.json", False, False),
        ("README", False, True),
        ("Read Me.txt", False, True),
        ("README.zh-CN.md", False, True),
        ("使用说明.txt", False, True),
        ("readme_generator_tool_guide.md", False, False),
        ("说明文的写作方法讲义.md", False, False),
    ],
)
def test_names(name: str, licence: bool, readme: bool) -> None:
    assert (is_licence(name), is_readme(name)) == (licence, readme)


@given(st.text(max_size=3000))
def test_words_stay_within_their_bound(text: str) -> None:
    assert len(words(text)) <= 1000


@pytest.mark.parametrize(
    ("notice", "name"),
    [
        ("Copyright (c) 2016-2019, 2021 Jane Doe <jane@example.org>", "Jane Doe"),
        ("© 2019 FSFE e.V. <https://fsfe.org>", "FSFE e.V"),
        ("2020 by Ann; Bo", "Ann, Bo"),
        ("版权所有 2020 王芳", "王芳"),
        ("2020", ""),
    ],
)
def test_owners(notice: str, name: str) -> None:
    assert owners([notice]) == name


# Files for programs


def test_wallpapers_whose_metadata_and_package_disagree(tmp_path: Path) -> None:
    plugin = {"Authors": [{"Name": "Ana", "Name[ru]": "Ана"}, {"Name": "Bo"}], "License": "LGPLv3"}
    fill(
        tmp_path,
        {
            "debian/copyright": DEP5,
            "Altai/metadata.json": json.dumps({"KPlugin": plugin}),
            "Altai/contents/images/1.png": "x",
            "Old/metadata.desktop": "[Desktop Entry]\nX-KDE-PluginInfo-Author=Cy\n"
            "X-KDE-PluginInfo-License=CC-BY-SA-4.0\n",
            "Old/contents/images/1.png": "x",
        },
    )
    found = said(tmp_path)
    new = found["Altai/contents/images/1.png"]
    assert brief(new) == [
        ("debian-copyright", "debian/copyright", "GPL-2.0-or-later"),
        ("sidecar", "Altai/metadata.json", "LGPLv3"),
    ]
    assert new[1].holder == "Ana; Bo"
    old = found["Old/contents/images/1.png"][1]
    assert (old.raw, old.holder) == ("CC-BY-SA-4.0", "Cy")


MANIFESTS = {
    "npm": ("package.json", '{"license": "(MIT OR ISC)"}', ["(MIT OR ISC)"]),
    "npm, empty": ("package.json", '{"license": ""}', [""]),
    "npm, long ago": ("package.json", '{"licenses": [{"type": "MIT"}, {"type": "ISC"}]}', ["MIT", "ISC"]),
    "npm, none": ("package.json", '{"name": "x"}', []),
    "data package": ("datapackage.json", '{"licenses": [{"path": "https://x.org/l"}]}', ["https://x.org/l"]),
    "citation": ("CITATION.cff", "cff-version: 1.2.0\nlicense: 'CC-BY-4.0' # x\n", ["CC-BY-4.0"]),
    "citation, a choice": ("CITATION.cff", "license:\n  - MIT\n  - ISC\ntitle: x\n", ["MIT OR ISC"]),
    "citation, of another work": ("CITATION.cff", "references:\n  - license: MIT\n", []),
    "other metadata": ("metadata.json", '{"license": "MIT"', []),
    "broken": ("package.json", "{", ["package.json cannot be read"]),
    "no object": ("datapackage.json", "[]", ["datapackage.json cannot be read"]),
    "no name": ("package.json", '{"license": 3}', ["package.json cannot be read"]),
    "deep": ("package.json", '{"license":' + "[" * 50_000, ["package.json cannot be read"]),
    "broken plugin": ("metadata.json", '{"KPlugin": ', ["metadata.json cannot be read"]),
}  # fmt: skip


@pytest.mark.parametrize(("name", "content", "expected"), MANIFESTS.values(), ids=MANIFESTS)
def test_files_for_programs(tmp_path: Path, name: str, content: str, expected: list[str]) -> None:
    fill(tmp_path, {f"p/{name}": content, "p/in/x": "x", "y": "x"})
    found = said(tmp_path)
    assert [one.raw for one in found["p/in/x"]] == expected
    assert all((one.channel, one.where) == ("sidecar", f"p/{name}") for one in found["p/in/x"])
    assert found["y"] == ()
    broken = any("cannot be read" in one for one in expected)
    assert list(troubles(tmp_path)) == ([f"p/{name}#rights"] if broken else [])


# The walk


def test_what_is_left_out_still_speaks(tmp_path: Path) -> None:
    fill(tmp_path, {"LICENSE": MIT, "debian/copyright": DEP5, "a.png": "x"})
    found = said(tmp_path, include=("*.png",), exclude=("LICENSE", "debian"))
    assert found.keys() == {"a.png"}
    assert [one.channel for one in found["a.png"]] == ["debian-copyright", "license-file"]


def test_nothing_above_the_root_speaks(tmp_path: Path) -> None:
    fill(tmp_path, {"LICENSE": MIT, "REUSE.toml": table(("**", "", "MIT", "")), "root/a": "x"})
    assert said(tmp_path / "root") == {"a": ()}


def test_a_folder_called_licenses_with_other_things_is_material(tmp_path: Path) -> None:
    fill(
        tmp_path,
        {"one/LICENSES/MIT.txt": MIT, "two/LICENSES/photo.jpg": "x", "three/licenses/a.txt": "x"},
    )
    assert said(tmp_path).keys() == {"two/LICENSES/photo.jpg", "three/licenses/a.txt"}


@posix
def test_a_licence_is_not_fetched_through_links_and_pipes(tmp_path: Path) -> None:
    root = fill(tmp_path / "root", {"a/x": "x", "b/x": "x", "c/x": "x", "d/x": "x", "e/x": "x.y"})
    fill(tmp_path, {"secret": MIT, "root/texts/mit": MIT})
    (root / "a/LICENSE").symlink_to("../../secret")
    os.mkfifo(root / "b/LICENSE")
    (root / "c/LICENSE").symlink_to("../texts/mit")
    (root / "d/LICENSE").symlink_to("LICENSE")
    (root / "e/x.license").symlink_to("../../secret")
    found = {name: brief(all) for name, all in said(root).items()}
    assert found["a/x"] == [("license-file", "a/LICENSE", "LICENSE cannot be read")]
    assert found["b/x"] == [("license-file", "b/LICENSE", "LICENSE cannot be read")]
    assert found["c/x"] == [("license-file", "c/LICENSE", "MIT")]
    assert found["d/x"] == [("license-file", "d/LICENSE", "LICENSE cannot be read")]
    assert found["e/x"] == [("reuse-sidecar", "e/x.license", "x.license cannot be read")]


def test_hostile_texts_take_no_time(tmp_path: Path) -> None:
    fill(
        tmp_path,
        {
            "a/LICENSE.html": "<style><" * 25_000, "a/x": "x",
            "b/README.md": "a" * 199_000, "b/x": "x",
            "c/copyright": "\n" * 5000 + "Format", "c/x": "x",
            "d/copyright": "Format: 1.0\nLicense: x\n" + " y\n" * 500_000, "d/x": "x",
            "e/x.license": "SPDX-License-Identifier: MIT" + " " * 2_000_000 + "x", "e/x": "x",
            "f/metadata.desktop": "X-KDE-PluginInfo-License=MIT" + " " * 500_000 + "x", "f/x": "x",
            "g/REUSE.toml": table(*[(f"*{n}", "", "MIT", "") for n in range(5001)]), "g/x": "x",
            "h/LICENSE": "no " * 66_000, "h/x": "x",
            "i/CITATION.cff": "license:\n" + " -\n" * 100_000, "i/x": "x",
        },
    )  # fmt: skip
    for statements in said(tmp_path).values():
        assert all(len(one.raw) <= 1000 for one in statements)


@posix
def test_names_that_cannot_be_written_do_not_speak(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/LICENSE\xd6")).write_text(MIT)
    fill(tmp_path, {"a": "x"})
    assert said(tmp_path) == {"a": ()}


# Real material


@pytest.mark.parametrize(
    ("folder", "license"),
    [
        ("mit", "MIT"),
        ("cc-by-nd", "CC-BY-ND-4.0"),
        ("gfdl-1.3_markdown", "GFDL-1.3-only"),
        ("case-sensitive", ""),
        ("copyright-encoding", ""),
    ],
)
def test_real_licence_folders(tmp_path: Path, folder: str, license: str) -> None:
    real = material(f"licenses/{folder}")
    files = {path.name: path.read_bytes() for path in real.iterdir()}
    (one,) = said(fill(tmp_path, {**files, "x.png": "x"}))["x.png"]
    assert one.channel == "license-file"
    assert not license or one.license == license


def test_every_real_licence_folder_says_something_bounded() -> None:
    found = said(material("licenses"))
    for statements in found.values():
        assert all(len(one.raw) <= 1000 for one in statements)
    assert found["license-in-parent-folder/license-folder/LICENSE.txt"][0].where.startswith(
        "license-in"
    )


def test_a_real_document_whose_readme_alone_names_the_licence() -> None:
    found = said(material("documents/art-of-command-line"))
    assert len(set(found.values())) == 1
    (one,) = found["README-zh.md"]
    assert (one.channel, one.where, one.confidence) == ("readme", "README.md", "declared")
    assert "creativecommons.org/licenses/by-sa/4.0" in one.raw and len(one.raw) <= 500

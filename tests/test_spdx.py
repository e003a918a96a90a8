"""The licence list, and which of its licences a text is: sure of it, or silent."""

from __future__ import annotations

import random
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import curate.rights
from curate.spdx import (
    Match,
    deprecated,
    detect,
    detect_all,
    known,
    licence_section,
    name,
    text,
    url,
)
from curate.spdx.difference import HEAD
from curate.spdx.index import NOT_LICENCES, index, pack
from curate.spdx.optional import required
from curate.spdx.texts import INDEX, listing, member
from curate.spdx.words import MAX, speaks, words

from .material import material

REAL = {
    "agpl-3.0_markdown/LICENSE.md": "AGPL-3.0-only",
    "apache-with-readme-notice/LICENSE": "Apache-2.0",
    "apache-with-readme-notice/LICENSE.header": None,  # a notice for files
    "artistic-2.0_markdown/LICENSE.md": "Artistic-2.0",
    "bom/LICENSE.txt": "MIT",
    "bsd-2-author/LICENSE": "BSD-2-Clause",
    "bsd-3-authorowner/LICENSE": "BSD-3-Clause",
    "bsd-3-clause_markdown/LICENSE.md": "BSD-3-Clause",  # headed "Modified BSD License"
    "bsd-3-linebreak-owner/LICENSE": "BSD-3-Clause",
    "bsd-3-lists/LICENSE.BULLETS": "BSD-3-Clause",
    "bsd-3-lists/LICENSE.NUMBERS": "BSD-3-Clause",
    "bsd-3-multilinecopyright/LICENSE": "BSD-3-Clause",
    "bsd-3-noendorseslash/LICENSE": "BSD-3-Clause",
    "bsd-plus-patents/license.txt": "BSD-3-Clause",
    "bsd-plus-patents/PATENTS": None,  # and with it the folder has no one licence
    "bsl/LICENSE_1_0.txt": "BSL-1.0",
    "case-sensitive/LiCeNsE.TxT": None,  # empty
    "cc-by-4.0_markdown/LICENSE.md": "CC-BY-4.0",
    "cc-by-nc-sa/LICENSE": "CC-BY-NC-SA-4.0",
    "cc-by-nd/LICENSE": "CC-BY-ND-4.0",
    "cc-by-sa-mdlinks/License.md": "CC-BY-SA-4.0",
    "cc-by-sa-nocclicensor/License.md": "CC-BY-SA-4.0",
    "cc0-cal2013/LICENSE": "CC0-1.0",
    "cc0-cc/LICENSE": "CC0-1.0",
    "copyright-encoding/COPYING": None,
    "crlf-bsd/LICENSE.md": "BSD-3-Clause",
    "crlf-license/LICENSE": "GPL-3.0-only",
    "description-license/LICENSE": None,
    "epl-1.0_markdown/LICENSE.md": "EPL-1.0",
    "eupl-cal2017/LICENSE.txt": "EUPL-1.2",
    "fcpl-modified-mpl/LICENSE": None,  # the MPL with "no commercial use" put in
    "gfdl-1.3_markdown/LICENSE.md": "GFDL-1.3-only",
    "gpl-2.0_markdown/LICENSE.md": "GPL-2.0-only",
    "gpl-2.0_markdown_headings/LICENSE.md": "GPL-2.0-only",
    "gpl3-without-instructions/LICENSE": "GPL-3.0-only",
    "html/license.html": "EPL-1.0",
    "lgpl/COPYING.lesser": "LGPL-3.0-only",
    "lgpl-2.1_markdown/LICENSE.md": "LGPL-2.1-only",
    "mit-optional/LICENSE.txt": "MIT",
    "mit-with-copyright/COPYRIGHT.md": None,
    "mpl-without-hrs/LICENSE": "MPL-2.0",
    "multiple-arrs/LICENSE": "BSD-3-Clause",
    "pixar-modified-apache/LICENSE.txt": "Pixar",
    "readme-invalid-encoding/README.md": "MIT",
    "unlicense-noinfo/LICENSE": "Unlicense",
    "unlicense_markdown/LICENSE.md": "Unlicense",
    "vim/LICENSE": "Vim",
    "wrk-modified-apache/LICENSE": None,  # Apache with one obligation more
}


def read(path: str) -> str:
    return material(f"licenses/{path}").read_bytes().decode("utf-8", "replace")


@pytest.mark.parametrize(("path", "id"), REAL.items(), ids=REAL)
def test_real_licence_files_and_modified_ones(path: str, id: str | None) -> None:
    match = detect(read(path))
    assert (match.id if match else None) == id


def test_the_list_has_every_licence_that_the_policy_names() -> None:
    policy = tomllib.loads((Path(curate.rights.__file__).parent / "policy.toml").read_text("utf-8"))
    ids = {
        id
        for rule in policy["rule"]
        for id in rule["ids"]
        if not id.startswith(("LicenseRef-", "NO"))
    }
    assert len(ids) > 50
    assert [id for id in sorted(ids) if not (known(id) and text(id) and name(id))] == []


def test_what_the_list_says_of_an_id() -> None:
    assert name("CC-BY-SA-4.0") == "Creative Commons Attribution Share Alike 4.0 International"
    assert url("CC-BY-SA-4.0") == "https://spdx.org/licenses/CC-BY-SA-4.0.html"
    assert text("MIT").startswith("MIT License\n\nCopyright (c)")
    assert "special exception" in text("Classpath-exception-2.0")
    assert deprecated("GPL-2.0") and not deprecated("GPL-2.0-only")
    entries = listing().entries.values()
    assert sum(not e.exception for e in entries) == 737 and sum(e.exception for e in entries) == 86
    for unknown in ("LicenseRef-x", "mit", "", "../list.json", INDEX):
        assert (known(unknown), name(unknown), url(unknown), text(unknown)) == (False, "", "", "")


@pytest.fixture(scope="module")
def listed() -> dict[str, tuple[str, ...]]:
    """The words of some licences, those that a seller meets among them."""
    all_ids = [id for id, e in listing().entries.items() if not (e.exception or e.deprecated)]
    chosen = set(random.Random(7).sample(all_ids, 40))
    chosen |= {
        *("MIT", "MIT-0", "0BSD", "ISC", "Zlib", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0"),
        *("CC0-1.0", "CC-BY-3.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "CC-BY-ND-2.5", "CC-PDDC"),
        *("GFDL-1.2-or-later", "GPL-2.0-or-later", "LGPL-3.0-only", "OFL-1.1-RFN", "ODbL-1.0"),
    }
    return {id: words(text(id)) for id in sorted(chosen - set(NOT_LICENCES))}


def test_a_text_of_the_list_is_itself_or_an_id_with_the_same_words(
    listed: dict[str, tuple[str, ...]],
) -> None:
    found = {id: detect(text(id)) for id in listed}
    assert [id for id, match in found.items() if match is None or match.score != 1] == []
    assert [id for id, m in found.items() if m and words(text(m.id)) != listed[id]] == []


def test_a_text_cannot_promise_a_choice_of_versions() -> None:
    for id in (
        "GPL-2.0-or-later",
        "GPL-3.0",
        "GFDL-1.3-no-invariants-or-later",
        "LGPL-2.1-or-later",
    ):
        match = detect(text(id))
        assert match and match.id.endswith("-only") and "invariants" not in match.id


def test_the_index_is_made_by_the_code_that_reads_it(listed: dict[str, tuple[str, ...]]) -> None:
    """Else ``python -m curate.spdx.renew`` has to run again."""
    place, numbers = index().place, {ids[0]: n for n, ids in enumerate(index().ids)}
    for id in ("MIT", "GPL-3.0-only", "CC-BY-4.0", "Apache-2.0", "LGPL-3.0-only", "CC0-1.0"):
        assert index().lengths[numbers[id]][1] == len(words(text(id)))
        assert {place[word] for word in words(text(id))} >= index().words[numbers[id]]
    some = {id: listed[id] for id in ("MIT", "ISC", "Zlib")}
    assert pack(some) == pack(dict(reversed(some.items())))
    assert member(INDEX)


CONDITIONS = (
    "The Software may not be sold.",
    "Commercial use is prohibited.",
    "For personal use only.",
    "Not for resale.",
    "Nur für den privaten Gebrauch, Verkauf untersagt.",
    "仅供学习交流，禁止商用。",
)


@cache
def filled(id: str) -> str:
    return text(id).replace("<year>", "2024").replace("<owner>", "Ada Example")


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_a_condition_put_in_anywhere_is_never_overlooked(data: st.DataObject) -> None:
    id = data.draw(
        st.sampled_from(("MIT", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "CC0-1.0"))
    )
    whole = filled(id)
    place = data.draw(st.integers(0, len(whole)))
    while 0 < place < len(whole) and not whole[place - 1].isspace():
        place -= 1  # between words: inside of one it changes that too
    condition = data.draw(st.sampled_from(CONDITIONS))
    gap = data.draw(st.sampled_from((" ", "\n", "\n\n")))
    assert detect(whole[:place] + gap + condition + gap + whole[place:]) is None


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_licence_without_one_of_its_conditions_is_not_that_licence(data: st.DataObject) -> None:
    id = data.draw(st.sampled_from(("MIT", "BSD-3-Clause", "CC-BY-NC-4.0", "OFL-1.1")))
    core = required(words(text(id)))
    at = data.draw(st.integers(HEAD, len(core) - 15))
    assume(any(speaks(word) for word in core[at : at + 15]))
    match = detect(" ".join([*core[:at], *core[at + 15 :]]))
    assert match is None or match.id != id


NOTICES = (
    ("Copyright (c) 2024 Ada Example <ada@example.org>", True),
    ("Copyright 2001-2024 Institute for Letters and contributors (see AUTHORS for details)", True),
    ("© 2024 王二麻子\nAll rights reserved.", True),
    ("Copyright (c) 2024 Ada Example. The Software may not be sold.", False),
    ("Copyright (c) 2024 Ada Example, for students", False),
    ("Copyright (c) 2024 Ada Example, noncommercial", False),
    ("© 2024 王二麻子 禁止商用", False),
    ("Copyright (c) 2024 Ada Example. Vente interdite.", False),
)


@pytest.mark.parametrize(("notice", "silent"), NOTICES, ids=[n for n, _ in NOTICES])
def test_a_copyright_line_is_ignored_only_where_it_is_nothing_else(
    notice: str, silent: bool
) -> None:
    body = text("MIT").partition("\n\n")[2].partition("\n\n")[2]
    assert (detect(f"{notice}\n\n{body}") is not None) is silent


@pytest.mark.parametrize(
    "mark",
    [
        "<p title='x'>{}</p>",
        "> {}",
        "**{}**",
        "{}\r",
        "<!DOCTYPE html><html><body>{}</body></html>",
    ],
)
def test_markup_does_not_matter(mark: str) -> None:
    assert detect("\n".join(mark.format(line) for line in text("ISC").split("\n"))) is not None


def test_a_font_names_its_reserved_names_above_the_licence() -> None:
    head = (
        "Copyright 2010 Ada Example (https://example.org), with Reserved Font Name 'Letters'.\n\n"
    )
    pointer = (
        "This Font Software is licensed under the SIL Open Font License, Version 1.1.\n"
        "This license is copied below, and is also available with a FAQ at:\nhttps://openfontlicense.org\n\n"
    )
    body = text("OFL-1.1")
    body = body[body.index("SIL OPEN FONT LICENSE") :]
    assert detect(head + pointer + body) is not None
    assert detect(head + pointer + "This copy is for study only.\n\n" + body) is None


@pytest.mark.parametrize(
    ("id", "old", "new"),
    [
        ("CPL-1.0", "Version 1.0", "Version 0.5"),
        ("CC-BY-4.0", "Attribution 4.0", "Attribution-NonCommercial 4.0"),
        ("CC-BY-4.0", "within 30 days", "within 3 days"),
        ("GPL-3.0-only", "Version 3", "Version 4"),
        ("MIT", "MIT License", "GPL License"),
        ("MIT", "sublicense, and/or sell", "and/or sublicense"),
        ("CC0-1.0", "commercial purposes", "noncommercial purposes"),
        ("BSD-3-Clause", "are permitted", "are not permitted"),
        ("Apache-2.0", "perpetual, worldwide", "worldwide"),
    ],
)
def test_one_changed_word_that_counts_is_enough(id: str, old: str, new: str) -> None:
    changed = text(id).replace(old, new, 1)
    assert changed != text(id)
    assert detect(changed) is None


def test_words_that_look_like_markup_do_matter() -> None:
    assert detect("<p not for sale>\n" + text("MIT")) is None


def test_several_licences_in_one_file() -> None:
    both = f"Ours:\n\n{text('Apache-2.0')}\n\n-----\n\nof the parts\n\n{text('MIT')}"
    assert detect(both) is None
    assert [match.id for match in detect_all(both)] == ["Apache-2.0", "MIT"]
    assert detect_all(text("MIT")) == (Match("MIT", 1.0),)
    assert detect_all("no licence at all") == ()


SECTIONS = {
    "markdown": ("# Work\nhi\n## License\nMIT\n### More\nx\n## Next\nno", "MIT\n### More\nx"),
    "setext": ("Work\n====\n\nLicence\n-------\nCC0\n\nNext\n----\nno", "CC0"),
    "rst": ("Copying\n~~~~~~~\n\nGPL\n\nNext\n~~~~\nno", "GPL"),
    "html": ("<h2 align=center>License</h2>\nMIT\n<h2>Next</h2>\nno", "MIT"),
    "chinese": ("# 作品\n\n## 📄 版权声明\n仅供学习\n\n## 其他\nno", "仅供学习"),
    "two": ("## Copyright\na\n## Use\nb\n## 许可证\nc", "a\n\nc"),
    "bold": ("**License**\nCC BY 4.0\n# Next\nno", "CC BY 4.0"),
    "in code": ("```\n# License\nMIT\n```\n", ""),
    "in a sentence": ("The licence of this work is unclear.", ""),
}


@pytest.mark.parametrize(("readme", "expected"), SECTIONS.values(), ids=SECTIONS)
def test_the_licence_section_of_a_readme(readme: str, expected: str) -> None:
    assert licence_section(readme) == expected


HOSTILE = {
    "one long word": "a" * 1_000_000,
    "one word again and again": "the " * 49_000,
    "nested html": "<html>" + "<div>" * 38_000,
    "tags that never close": "<html>" + "<style" * 33_000,
    "attributes that never end": "<a x=" * 39_000,
    "links": "](" * 99_000,
    "NULs": "\0" * 199_000,
    "lone surrogates": "\ud800" * 9_000,
    "wrong encoding": text("MIT").encode("utf-16").decode("latin-1"),
    "letters that grow": "ﷺ" * 199_000,
    "a licence a hundred times": text("MIT") * 150,
    "too long": text("MIT") + "x " * MAX,
    "headings": "# license\n" * 19_000,
    "empty": "",
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_no_licence(hostile: str) -> None:
    assert detect(hostile) is None
    detect_all(hostile)
    assert detect(licence_section(hostile)) is None


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400))
def test_any_text_may_come(said: str) -> None:
    assert detect(said) is None
    licence_section(f"# License\n{said}")


def test_nothing_heavy_is_imported_with_the_list() -> None:
    heavy = "{'rapidfuzz', 'zipfile', 'numpy', 'lxml', 'curate.spdx.detector'} & set(sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, curate.spdx; print({heavy})"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "set()"

"""An archive speaks for itself: what lies in it can forbid it, whether it is opened or not."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from curate.api import Workspace
from curate.collection import Declaration
from curate.collectors import Context
from curate.collectors.archive import ArchiveCollector, ArchiveSource
from curate.collectors.folder import FolderCollector, FolderSource
from curate.extract import extract
from curate.extract.papers import sounds
from curate.model import Candidate, Decision, Extracted, Statement
from curate.rights import Evidence, Use, decide, load
from curate.spdx import text as official

NC = "Creative Commons Attribution-NonCommercial 4.0\nhttps://creativecommons.org/licenses/by-nc/4.0/\n"
OWN = Declaration(own="Ann")


def mit(holder: str = "") -> bytes:
    """The text of the licence; with the template's own line where nobody is named."""
    text = official("MIT")
    notice = (
        f"Copyright (c) 2021 {holder}" if holder else "Copyright (c) <year> <copyright holders>"
    )
    at = text.index("Copyright")
    return (text[:at] + notice + text[text.index("\n", at) :]).encode()


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in files.items():
            file.writestr(name, data)
    return out.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", encoding="gbk") as file:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            file.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def sevened(files: dict[str, bytes]) -> bytes:
    import py7zr

    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w") as file:
        for name, data in files.items():
            file.writestr(data, name)
    return out.getvalue()


def zstandard(files: dict[str, bytes]) -> bytes:
    zstd = pytest.importorskip("backports.zstd")
    return bytes(zstd.compress(tarred(files)))


FORMS: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    "zip": zipped,
    "tar": tarred,
    "tar.gz": lambda files: gzip.compress(tarred(files)),
    "tar.bz2": lambda files: bz2.compress(tarred(files)),
    "tar.xz": lambda files: lzma.compress(tarred(files)),
    "tar.zst": zstandard,
    "7z": sevened,
}


def read(folder: Path, data: bytes, name: str = "pack.zip") -> Extracted:
    path = folder / "3f9a"
    path.write_bytes(data)
    return extract(path, name)


def judged(said: tuple[Statement, ...], declared: Declaration = OWN, paid: bool = True) -> Decision:
    use = Use(paid=paid, territory=("US",))
    return decide(Evidence([declared], said), load(), use, date(2026, 1, 1))


def kept(folder: Path, files: dict[str, bytes], declared: Declaration = OWN) -> Decision:
    return judged(read(folder, zipped(files)).statements, declared)


@pytest.mark.parametrize("form", FORMS)
def test_a_licence_inside_is_heard(tmp_path: Path, form: str) -> None:
    files = {"pack/cup.txt": b"A cup.\n", "pack/LICENSE": NC.encode()}
    found = read(tmp_path, FORMS[form](files), f"pack.{form}")
    assert {one.component for one in found.statements} == {"file:pack/LICENSE"}
    assert {one.where for one in found.statements} == {f"pack.{form}/pack/LICENSE"}
    assert judged(found.statements).outcome == "ask"


@pytest.mark.parametrize("form", FORMS)
def test_without_any_nothing_is_said(tmp_path: Path, form: str) -> None:
    files = {"cup.txt": b"All rights reserved.\n", "licensing.py": b"# all rights reserved\n"}
    found = read(tmp_path, FORMS[form](files), f"pack.{form}")
    assert not found.statements
    assert judged(found.statements).outcome == "allow"


def test_it_says_as_much_as_if_it_were_opened(tmp_path: Path) -> None:
    root = tmp_path / "root"
    packs = {
        "anns.zip": {"a/cup.txt": b"1", "a/LICENSE": mit("Ann")},
        "nobodys.zip": {"a/cup.txt": b"2", "a/LICENSE": mit()},
        "bobs.zip": {"a/cup.txt": b"3", "a/LICENSE": mit("Bob")},
        "nc.zip": {"a/cup.txt": b"5", "a/license.txt": official("CC-BY-NC-4.0").encode()},
        "readme.zip": {"a/cup.txt": b"6", "a/README.md": b"# Cup\n\nPersonal use only.\n"},
        "section.zip": {"a/cup.txt": b"7", "a/README.md": b"# Cup\n\n## License\n\nCC BY-NC 4.0\n"},
        "plain.zip": {"a/cup.txt": b"8", "a/README.md": b"# Cup\n\nA drawing of a cup.\n"},
        "paper.zip": {"a/cup.txt": b"9", "a/License.pdf": b"%PDF-1.4\n"},
    }
    root.mkdir()
    for name, files in packs.items():
        (root / name).write_bytes(zipped(files))
    inside = {
        one.locator.partition("/")[0]: judged(one.said.statements).outcome
        for one in walked(FolderSource(path=str(root), archives="open"))
        if one.locator.endswith("cup.txt")
    }
    whole = {name: kept(tmp_path, files).outcome for name, files in packs.items()}
    assert whole == inside
    assert whole == {
        "anns.zip": "allow", "nobodys.zip": "allow", "bobs.zip": "ask",
        "nc.zip": "ask", "readme.zip": "ask", "section.zip": "ask", "plain.zip": "allow",
        "paper.zip": "ask",
    }  # fmt: skip


def test_it_never_allows(tmp_path: Path) -> None:
    for files in (
        {"LICENSE": mit("Bob")},
        {"LICENSE": official("CC0-1.0").encode()},
        {"cup.svg.license": b"SPDX-License-Identifier: CC0-1.0\nSPDX-FileCopyrightText: Bob\n"},
        {"README.md": b"This pack is in the public domain (CC0 1.0). Copyright 2020 Bob\n"},
    ):
        decision = kept(tmp_path, files, Declaration())
        assert decision.outcome == "deny"
        assert decision.rules == ("nothing-stated",)


def test_whose_it_is_does_not_trouble_what_is_licensed(tmp_path: Path) -> None:
    declared = Declaration(license="MIT")
    assert kept(tmp_path, {"LICENSE": mit("Bob")}, declared).outcome == "allow"
    readme = {"README.md": b"# Cups\n\nCopyright (c) 2020 Bob Smith\n"}
    assert kept(tmp_path, readme, declared).outcome == "allow"
    assert kept(tmp_path, readme).outcome == "ask"


def debian(license: str) -> bytes:
    head = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
    return f"{head}\nFiles: *\nCopyright: 2020 Ann\nLicense: {license}\n".encode()


def test_tags_inside_are_heard(tmp_path: Path) -> None:
    sidecar = b"SPDX-License-Identifier: CC-BY-NC-4.0\n"
    table = b'version = 1\n[[annotations]]\npath = "**"\nSPDX-License-Identifier = "CC-BY-NC-4.0"\n'
    for files in (
        {"cup.svg.license": sidecar},
        {"REUSE.toml": table},
        {"REUSE.toml": b"[["},
        {"debian/copyright": debian("CC-BY-NC-4.0")},
        {
            "readme.html": b"<p>See <a href='https://creativecommons.org/licenses/by-nc/4.0/'>this</a>"
        },
        {"LICENSES/CC-BY-NC-4.0.txt": official("CC-BY-NC-4.0").encode()},
    ):
        assert kept(tmp_path, files).outcome == "ask"
    assert kept(tmp_path, {"debian/copyright": debian("Expat")}).outcome == "allow"


@pytest.mark.parametrize("codec", ["utf-8", "gbk"])
def test_chinese_terms_in_their_own_writing(tmp_path: Path, codec: str) -> None:
    name, text = "素材/授权说明.txt", "本素材仅供个人学习，禁止商用。\n"
    placeholder = "x" * len(name.encode(codec))
    raw = zipped({placeholder: text.encode(codec)}).replace(
        placeholder.encode(), name.encode(codec)
    )
    for data, form in ((raw, "zip"), (gzip.compress(tarred({name: text.encode(codec)})), "tgz")):
        found = read(tmp_path, data, f"pack.{form}")
        assert {one.component for one in found.statements} == {f"file:{name}"}
        assert any("禁止商用" in one.raw for one in found.statements)
        assert judged(found.statements).outcome == "ask"


def test_bombs_stay_bounded(tmp_path: Path) -> None:
    files = {f"{number}/LICENSE": b"a \n" * (1 << 20) for number in range(20)}
    many = {f"{number:03}/LICENSE": mit("Ann") for number in range(300)}
    for form in ("zip", "tar.gz"):
        found = read(tmp_path, FORMS[form](files), f"bomb.{form}")
        assert all(len(one.raw) <= 1000 for one in found.statements)
        words = "cannot be read" if form == "zip" else "not read to its end"
        assert len(found.statements) == 20
        assert all(words in one.raw for one in found.statements)
        found = read(tmp_path, FORMS[form](many), f"many.{form}")
        assert "280 more files about rights were not read" in [one.raw for one in found.statements]
        assert judged(found.statements).outcome == "ask"


def test_damage_costs_what_it_did(tmp_path: Path) -> None:
    files = {"LICENSE": NC.encode() * 40, "cup.txt": b"A cup.\n"}
    assert not read(tmp_path, gzip.compress(b"no archive at all" * 99), "a.gz").statements
    for form in ("tar.gz", "tar.xz", "7z"):
        data = FORMS[form](files)
        found = read(tmp_path, data[: len(data) // 3], f"a.{form}")
        assert found.kind == "archive"
    broken = bytearray(zipped(files))
    broken[60] ^= 0xFF
    found = read(tmp_path, bytes(broken))
    assert found.properties["entries"] == 2
    assert [one.raw for one in found.statements] == ["LICENSE cannot be read"]


@pytest.mark.parametrize(
    "name",
    ["LICENSE", "a/license", "LICENCE.md", "Unlicense", "LICENSE-MIT", "license_commercial.txt",
     "COPYING.LESSER", "LICENSE.APACHE2", "LICENSE_FONTS_A", "a\\EULA.txt", "Font License.txt", "terms of use.txt", "Terms.html", "README",
     "ReadMe.zh.md", "版权声明.txt", "授权说明", "授权.txt", "使用说明.txt", "字体授权说明.txt", "禁止商用.txt",
     "cup.svg.license", "LICENSES/MIT.txt", "License.pdf"],
)  # fmt: skip
def test_names_that_sound_like_rights(name: str) -> None:
    assert sounds(name)


@pytest.mark.parametrize(
    "name",
    [
        "cup.txt",
        "licensing.py",
        "license.key.png",
        "LICENSE/cup.png",
        "copyright.css",
        "LICENSE.py",
        "LICENSE-x.PNG",
        "",
    ],
)
def test_names_that_do_not(name: str) -> None:
    assert not sounds(name)


# What stands beside the archive


def walked(source: FolderSource | ArchiveSource) -> Iterator[Candidate]:
    context = Context(Path(source.path).parent)
    collector = (
        ArchiveCollector(source, context)
        if isinstance(source, ArchiveSource)
        else FolderCollector(source, context)
    )
    for found in collector.candidates(lambda _: None):
        if isinstance(found, Candidate):
            yield found


BAN = "SPDX-License-Identifier: CC-BY-NC-4.0\n"
TABLE = 'version = 1\n[[annotations]]\npath = "p2.zip"\nSPDX-License-Identifier = "CC-BY-NC-4.0"\n'
INSIDE = {"cup.txt": b"A cup.\n", "more/mug.txt": b"A mug.\n", "in.zip": zipped({"jar.txt": b"J"})}


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    for name in ("p1.zip", "p2.zip", "free.zip"):
        (tmp_path / name).write_bytes(zipped(INSIDE))
    (tmp_path / "p1.zip.license").write_text(BAN)
    (tmp_path / "REUSE.toml").write_text(TABLE)
    return tmp_path


def outcomes(source: FolderSource | ArchiveSource) -> dict[str, str]:
    return {one.locator: judged(one.said.statements).outcome for one in walked(source)}


def test_what_speaks_for_an_archive_holds_for_all_in_it(shelf: Path) -> None:
    found = outcomes(FolderSource(path=str(shelf), archives="open"))
    assert len(found) == 9
    assert all((one == "ask") != name.startswith("free") for name, one in found.items())
    assert outcomes(FolderSource(path=str(shelf))) == {
        "free.zip": "allow", "p1.zip": "ask", "p2.zip": "ask",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "outcome"), [("p1.zip", "ask"), ("p2.zip", "ask"), ("free.zip", "allow")]
)
def test_it_does_for_an_archive_that_is_a_source_too(shelf: Path, name: str, outcome: str) -> None:
    (shelf / "free.zip.txt.license").write_text(BAN)
    found = outcomes(ArchiveSource(path=str(shelf / name)))
    assert found == dict.fromkeys(("cup.txt", "in.zip/jar.txt", "more/mug.txt"), outcome)


def test_a_licence_beside_holds_until_one_inside_is_nearer(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text(NC)
    files = {"cup.txt": b"A cup.\n", "own/LICENSE": mit(), "own/mug.txt": b"A mug.\n"}
    (tmp_path / "pack.zip").write_bytes(zipped(files))
    (one, *_) = walked(ArchiveSource(path=str(tmp_path / "pack.zip")))
    assert [said.where for said in one.said.statements] == ["../LICENSE"]
    opened = outcomes(ArchiveSource(path=str(tmp_path / "pack.zip")))
    assert (opened["cup.txt"], opened["own/mug.txt"]) == ("ask", "allow")


def test_a_table_for_all_gives_way_to_one_inside(tmp_path: Path) -> None:
    everything = 'version = 1\n[[annotations]]\npath = "**"\nSPDX-License-Identifier = "{}"\n'
    (tmp_path / "REUSE.toml").write_text(everything.format("CC-BY-NC-4.0"))
    files = {"cup.txt": b"1", "REUSE.toml": everything.format("MIT").encode()}
    (tmp_path / "pack.zip").write_bytes(zipped(files))
    (one,) = walked(FolderSource(path=str(tmp_path), archives="open"))
    assert [said.raw for said in one.said.statements] == ["MIT"]


PAID = """title = "Cups"
listing.price = "9.90"
[[sources]]
type = "folder"
path = "material"
match = "all"
rights = { own = "Ann" }
"""


def test_a_paid_pack_holds_no_archive_that_forbids_it(tmp_path: Path) -> None:
    workspace = Workspace.init(tmp_path / "w")
    home = workspace.collections / "cups"
    (home / "material").mkdir(parents=True)
    (home / "collection.toml").write_text(PAID, encoding="utf-8")
    packs = {
        "mine.zip": zipped({"cup.txt": b"A cup of mine.\n"}),
        "nc.zip": zipped({"cup.txt": b"A cup of his.\n", "LICENSE": NC.encode()}),
        "nc.tar.gz": gzip.compress(tarred({"mug.txt": b"A mug.\n", "a/LICENSE": NC.encode()})),
        "bobs.zip": zipped({"mug.txt": b"A mug of Bob's.\n", "LICENSE": mit("Bob")}),
    }
    for name, data in packs.items():
        (home / "material" / name).write_bytes(data)
    workspace.collect("cups")
    workspace.classify("cups")
    workspace.package("cups")
    with zipfile.ZipFile(next((workspace.build / "cups").rglob("*.zip"))) as bundle:
        names = {Path(name).name for name in bundle.namelist()}
    assert names & packs.keys() == {"mine.zip"}

"""Archives as folders: what is taken, what is refused and why, and that it costs no more than itself."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import struct
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.collectors import Context
from curate.collectors.archive import ArchiveCollector, ArchiveSource
from curate.collectors.folder import FolderCollector, FolderSource
from curate.collectors.unpack import Bounds, Refused, unpack
from curate.collectors.unpack.names import encoding, held, safe
from curate.errors import CurateError
from curate.model import Candidate, Message, Trouble
from tests.material import material

Found = list[Candidate | Trouble]


def opened(root: Path, cache: Path | None = None, **options: object) -> Found:
    """The folder ``root`` with its archives opened."""
    source = FolderSource(path=str(root), archives="open", **options)  # type: ignore[arg-type]
    return list(FolderCollector(source, Context(root, cache=cache)).candidates(lambda _: None))


def inside(path: Path, cache: Path | None = None, **options: object) -> Found:
    """One archive as a source of its own."""
    source = ArchiveSource(path=str(path), **options)  # type: ignore[arg-type]
    return list(
        ArchiveCollector(source, Context(path.parent, cache=cache)).candidates(lambda _: None)
    )


def read(root: Path, cache: Path | None = None, **options: object) -> dict[str, bytes]:
    """What a run would store, each opened in its turn."""
    source = FolderSource(path=str(root), archives="open", **options)  # type: ignore[arg-type]
    found = {}
    for one in FolderCollector(source, Context(root, cache=cache)).candidates(lambda _: None):
        if isinstance(one, Candidate):
            with one.open() as stream:
                found[one.locator] = stream.read()
    return found


def locators(found: Found) -> list[str]:
    return [one.locator for one in found if isinstance(one, Candidate)]


def troubles(found: Found) -> dict[str, str]:
    return {one.locator: str(one.reason) for one in found if isinstance(one, Trouble)}


def zipped(path: Path, files: dict[str, bytes], **options: object) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def named(
    path: Path, names: list[bytes], flag: int = 0, extra: Callable[[bytes], bytes] = lambda raw: b""
) -> Path:
    """A ZIP archive whose names are these bytes, as programs wrote them before Unicode."""
    body, directory = b"", b""
    for raw in names:
        data = b"x" + raw
        crc, more = zlib.crc32(data), extra(raw)
        common = struct.pack(
            "<HHHHHIIIHH", 20, flag, 0, 0, 0x5A21, crc, len(data), len(data), len(raw), len(more)
        )
        directory += (
            struct.pack("<4sH", b"PK\1\2", 20)
            + common
            + struct.pack("<HHHII", 0, 0, 0, 0, len(body))
            + raw
            + more
        )
        body += b"PK\3\4" + common + raw + more + data
    end = struct.pack(
        "<4s4H2LH", b"PK\5\6", 0, 0, len(names), len(names), len(directory), len(body), 0
    )
    path.write_bytes(body + directory + end)
    return path


def tarred(
    path: Path, entries: list[tarfile.TarInfo | tuple[str, bytes]], **options: object
) -> Path:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", **options) as archive:  # type: ignore[call-overload]
        for entry in entries:
            if isinstance(entry, tarfile.TarInfo):
                archive.addfile(entry)
            else:
                info = tarfile.TarInfo(entry[0])
                info.size, info.mtime = len(entry[1]), 1_700_000_000
                archive.addfile(info, io.BytesIO(entry[1]))
    data = buffer.getvalue()
    if path.name.endswith("gz"):
        data = gzip.compress(data)
    elif path.name.endswith("bz2"):
        data = bz2.compress(data)
    elif path.name.endswith("xz"):
        data = lzma.compress(data)
    path.write_bytes(data)
    return path


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def sevened(path: Path, files: dict[str, bytes], plain: bool = False, **options: object) -> Path:
    """``plain``: its header is not compressed."""
    import py7zr

    with py7zr.SevenZipFile(path, "w", **options) as archive:  # type: ignore[arg-type]
        archive.set_encoded_header_mode(not plain)
        for name, data in files.items():
            archive.writestr(data, name)
    return path


def unknown(path: Path) -> Path:
    """Say in the header of a 7z archive that it is compressed by a method that nobody has."""
    data = bytearray(path.read_bytes())
    at, size = 32 + int.from_bytes(data[12:20], "little"), int.from_bytes(data[20:28], "little")
    header = bytes(data[at : at + size])
    assert header.count(b"\x21\x21\x01") == 1  # LZMA2, with one byte of properties
    data[at : at + size] = header.replace(b"\x21\x21\x01", b"\x21\x2f\x01")
    data[28:32] = zlib.crc32(data[at : at + size]).to_bytes(4, "little")
    data[8:12] = zlib.crc32(data[12:32]).to_bytes(4, "little")
    path.write_bytes(data)
    return path


FILES = {"docs/说明.txt": "如何使用".encode(), "a.txt": b"one", "docs/deep/b.txt": b"two"}


@pytest.mark.parametrize(
    "name", ["p.zip", "p.tar", "p.tar.gz", "p.tgz", "p.tar.bz2", "p.tar.xz", "p.7z"]
)
def test_an_archive_stands_for_a_folder(tmp_path: Path, name: str) -> None:
    path = tmp_path / "m" / name
    path.parent.mkdir()
    if name.endswith("7z"):
        sevened(path, FILES)
    elif name.endswith("zip"):
        zipped(path, FILES)
    else:
        tarred(path, list(FILES.items()))
    assert read(path.parent, tmp_path / "cache") == {
        f"{name}/{key}": value for key, value in FILES.items()
    }
    assert locators(inside(path)) == sorted(FILES)


def test_zstd_too(tmp_path: Path) -> None:
    zstd = pytest.importorskip("backports.zstd")
    plain = tarred(tmp_path / "p.tar", list(FILES.items()))
    (tmp_path / "p.tar.zst").write_bytes(zstd.compress(plain.read_bytes()))
    plain.unlink()
    assert len(read(tmp_path)) == 3


def test_what_is_not_installed_is_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, cache = tmp_path / "root", tmp_path / "cache"
    root.mkdir()
    tarred(root / "p.tar.bz2", list(FILES.items()))
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "bz2", None)
        (trouble,) = opened(root, cache)
    assert isinstance(trouble, Trouble) and trouble.retry and trouble.hides
    assert "compressed with bzip2" in str(trouble.reason)
    assert len(locators(opened(root, cache))) == 3


def test_zstd_names_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zstd = pytest.importorskip("backports.zstd")
    root, cache = tmp_path / "root", tmp_path / "cache"
    root.mkdir()
    plain = tarred(tmp_path / "p.tar", list(FILES.items()))
    (root / "p.tar.zst").write_bytes(zstd.compress(plain.read_bytes()))
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "backports.zstd", None)
        assert "the package backports.zstd" in troubles(opened(root, cache))["p.tar.zst"]
    assert len(locators(opened(root, cache))) == 3


def test_a_7z_of_another_method_may_be_known_another_time(tmp_path: Path) -> None:
    root, cache = tmp_path / "root", tmp_path / "cache"
    root.mkdir()
    unknown(sevened(root / "p.7z", {"a.txt": b"one"}, plain=True))
    (trouble,) = opened(root, cache)
    assert isinstance(trouble, Trouble) and trouble.retry
    assert "the package py7zr does not know its compression" in str(trouble.reason)
    assert "(b" not in str(trouble.reason)
    assert not list((cache / "unpacked").iterdir())


def test_a_disk_that_takes_no_more_is_not_the_fault_of_a_7z(tmp_path: Path) -> None:
    sevened(tmp_path / "p.7z", {"a/b.txt": b"one"})
    folder = tmp_path / "gone" / "files"
    folder.parent.symlink_to(folder.parent)  # nothing can be written below it
    with pytest.raises(CurateError) as fault:
        unpack(tmp_path / "p.7z", folder, Bounds())
    assert "gone" in fault.value.message and fault.value.hint


@pytest.mark.parametrize("name", ["p.zip", "p.7z"])
def test_a_cache_that_cannot_be_written_is_an_error_with_a_hint(tmp_path: Path, name: str) -> None:
    path, cache = tmp_path / name, tmp_path / "cache"
    sevened(path, FILES) if name.endswith("7z") else zipped(path, FILES)
    cache.write_bytes(b"")
    with pytest.raises(CurateError, match=r"cache.* cannot be used") as caught:
        inside(path, cache)
    assert caught.value.hint


def test_without_asking_an_archive_stays_one_thing(tmp_path: Path) -> None:
    zipped(tmp_path / "p.zip", FILES)
    found = FolderCollector(FolderSource(path=str(tmp_path)), Context(tmp_path)).candidates(
        lambda _: None
    )
    assert locators(list(found)) == ["p.zip"]


def test_licences_inside_and_around_speak(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text("CC0 1.0 Universal")
    zipped(
        tmp_path / "p.zip",
        {
            "a.txt": b"one",
            "REUSE.toml": b'version = 1\n[[annotations]]\npath = "a.txt"\nSPDX-License-Identifier = "MIT"\nSPDX-FileCopyrightText = "2020 A"\n',
            "own/LICENSE.txt": b"Licensed under CC BY 4.0, https://creativecommons.org/licenses/by/4.0/",
            "own/b.txt": b"two",
        },
    )
    said = {
        one.locator: [statement.where for statement in one.said.statements]
        for one in opened(tmp_path)
        if isinstance(one, Candidate)
    }
    assert said["p.zip/a.txt"] == ["p.zip/REUSE.toml", "LICENSE"]
    assert said["p.zip/own/b.txt"] == ["p.zip/own/LICENSE.txt"]
    assert "p.zip/REUSE.toml" not in said


def test_a_second_run_unpacks_nothing_and_a_change_only_what_changed(tmp_path: Path) -> None:
    cache, root = tmp_path / "cache", tmp_path / "m"
    root.mkdir()
    zipped(root / "p.zip", {"a.txt": b"one", "b.txt": b"two"})
    first = opened(root, cache)
    (kept,) = (cache / "unpacked").iterdir()
    before = kept.stat().st_ino, (kept / "contents.json").stat().st_mtime_ns
    again = opened(root, cache)
    assert (kept.stat().st_ino, (kept / "contents.json").stat().st_mtime_ns) == before
    assert [one.stamp for one in again] == [one.stamp for one in first]  # type: ignore[union-attr]
    zipped(root / "p.zip", {"a.txt": b"one", "b.txt": b"changed"})
    changed = opened(root, cache)
    assert [a.stamp == b.stamp for a, b in zip(first, changed, strict=True)] == [True, False]  # type: ignore[union-attr]
    (left,) = (cache / "unpacked").iterdir()
    assert left != kept


def test_what_a_killed_run_or_a_power_cut_left_is_not_trusted(tmp_path: Path) -> None:
    cache, root = tmp_path / "cache", tmp_path / "m"
    root.mkdir()
    zipped(root / "p.zip", FILES)
    whole = read(root, cache)
    (kept,) = (cache / "unpacked").iterdir()
    (kept / "files/a.txt").write_bytes(b"")
    (cache / "unpacked/half.part/files").mkdir(parents=True)
    assert read(root, cache) == whole
    assert [one.name for one in (cache / "unpacked").iterdir()] == [kept.name]
    (kept / "contents.json").write_bytes(b"{")
    assert read(root, cache) == whole


def test_archives_in_archives_up_to_three_deep(tmp_path: Path) -> None:
    path = zipped(tmp_path / "5.zip", {"deepest.txt": b"x"})
    for number in (4, 3, 2, 1):
        path = zipped(
            tmp_path / f"{number}.zip", {f"{path.name}": path.read_bytes(), f"{number}.txt": b"y"}
        )
    for name in ("5", "4", "3", "2"):
        (tmp_path / f"{name}.zip").unlink()
    found = opened(tmp_path)
    assert locators(found) == [
        "1.zip/1.txt",
        "1.zip/2.zip/2.txt",
        "1.zip/2.zip/3.zip/3.txt",
        "1.zip/2.zip/3.zip/4.zip/4.txt",
    ]
    assert troubles(found) == {
        "1.zip/2.zip/3.zip/4.zip/5.zip": "it is an archive in more than 3 others"
    }


@pytest.mark.parametrize(
    "name", ["zip-slip.zip", "zip-slip-win.zip", "zip-slip.tar", "zip-slip-win.tar"]
)
def test_a_name_that_leads_out_costs_only_itself(tmp_path: Path, name: str) -> None:
    found = inside(material(f"hostile/zip-slip/{name}"), tmp_path / "cache")
    assert locators(found) == ["good.txt"]
    assert list(troubles(found).values()) == [
        "its name leads out of the archive; that is a mistake or an attack"
    ]
    assert not Path("/tmp/evil.txt").exists()


@pytest.mark.parametrize(
    "name",
    [
        "../a",
        "a/../../b",
        "/etc/passwd",
        "C:\\x",
        "..\\a",
        "\\\\server\\share",
        "a\\..\\..\\b",
        "..",
        "/",
        "",
        "a\0b",
        "/".join("d" * 300),
    ],
)
def test_no_evil_name_is_safe(name: str) -> None:
    assert isinstance(safe(name), Message)


@given(st.text(st.characters(), max_size=80))
def test_what_is_safe_stays_below(name: str) -> None:
    parts = safe(name)
    if not isinstance(parts, Message):
        path = os.path.normpath("/".join(("/root/x", *map(held, parts))))
        assert path.startswith("/root/x/") and path.count("/") == 2 + len(parts)
        assert all(len(held(part).encode()) <= 255 for part in parts)


def test_evil_entries_of_every_kind_leave_nothing_outside(tmp_path: Path) -> None:
    root, cache = tmp_path / "m", tmp_path / "cache"
    root.mkdir()
    (tmp_path / "secret").write_text("secret")
    tarred(
        root / "p.tar",
        [
            ("good.txt", b"good"),
            special("link-out", tarfile.SYMTYPE, "../../../secret"),
            special("absolute", tarfile.SYMTYPE, str(tmp_path / "secret")),
            special("hard-out", tarfile.LNKTYPE, "../secret"),
            special("folder", tarfile.SYMTYPE, "/tmp"),
            ("folder/through.txt", b"through"),
            special("alias.txt", tarfile.SYMTYPE, "good.txt"),
            special("sub/alias.txt", tarfile.SYMTYPE, "../alias.txt"),
            special("same.txt", tarfile.LNKTYPE, "good.txt"),
            special("circle", tarfile.SYMTYPE, "circle"),
            special("pipe", tarfile.FIFOTYPE),
            special("disk", tarfile.BLKTYPE),
        ],
    )
    assert read(root, cache) == {
        "p.tar/good.txt": b"good",
        "p.tar/folder/through.txt": b"through",
        "p.tar/alias.txt": b"good",
        "p.tar/sub/alias.txt": b"good",
        "p.tar/same.txt": b"good",
    }
    told = troubles(opened(root, cache))
    assert {key.removeprefix("p.tar/") for key in told} == {
        "link-out",
        "absolute",
        "hard-out",
        "folder",
        "circle",
        "pipe",
        "disk",
    }
    assert not any(path.is_symlink() for path in cache.rglob("*"))


def test_a_link_in_a_zip_is_a_copy(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.writestr("a.txt", "one")
        info = zipfile.ZipInfo("b.txt")
        info.create_system, info.external_attr = 3, 0o120777 << 16
        archive.writestr(info, "a.txt")
    assert read(tmp_path) == {"p.zip/a.txt": b"one", "p.zip/b.txt": b"one"}


CHINESE = ["素材/使用说明.txt", "素材/授权书（商用）.pdf", "素材/图标 01.png"]


@pytest.mark.parametrize(
    ("names", "codec"),
    [
        (CHINESE, "gbk"),
        (CHINESE, "utf-8"),
        (["說明/授權書.txt", "說明/圖示.png"], "big5"),
        (["資料/ライセンス.txt", "資料/写真.jpg"], "cp932"),
        (["résumé.pdf", "Größe.txt"], "cp437"),
        (["plain.txt"], "ascii"),
    ],
)
@pytest.mark.parametrize("form", ["zip", "tar"])
def test_names_are_read_as_they_were_written(
    tmp_path: Path, names: list[str], codec: str, form: str
) -> None:
    if (form, codec) == ("tar", "cp437"):
        pytest.skip("no program wrote such")
    raw = [name.encode(codec) for name in names]
    if form == "zip":
        named(tmp_path / "p.zip", raw)
    else:
        tarred(
            tmp_path / "p.tar",
            [(one.decode("utf-8", "surrogateescape"), b"x") for one in raw],
            format=tarfile.GNU_FORMAT, encoding="utf-8", errors="surrogateescape",
        )  # fmt: skip
    assert locators(opened(tmp_path)) == sorted(f"p.{form}/{name}" for name in names)


def test_names_that_say_how_they_are_written(tmp_path: Path) -> None:
    utf8 = "中文.txt".encode()
    named(tmp_path / "flag.zip", [utf8], flag=0x800)
    named(
        tmp_path / "extra.zip",
        [b"????.txt"],
        extra=lambda raw: struct.pack("<HHBI", 0x7075, 5 + len(utf8), 1, zlib.crc32(raw)) + utf8,
    )
    assert locators(opened(tmp_path)) == ["extra.zip/中文.txt", "flag.zip/中文.txt"]


@pytest.mark.parametrize(("folder", "codec"), [("zho_Hans", "gbk"), ("zho_Hant", "big5")])
def test_real_chinese_is_told_from_other_writings(folder: str, codec: str) -> None:
    lines = [
        "".join(one for one in line if "\u4e00" <= one <= "\u9fff")
        for path in sorted(material(f"topics/{folder}").rglob("*"))
        if path.is_file()
        for line in path.read_text("utf-8", "ignore").splitlines()
    ]
    names = [line[:8].encode(codec, "ignore") for line in lines if len(line) >= 8][:500]
    right = [
        one.decode(encoding([one]), "replace").encode(codec, "replace") == one for one in names
    ]
    assert len(names) > 50 and sum(right) / len(right) > 0.98


def test_names_that_meet_and_names_no_disk_holds(tmp_path: Path) -> None:
    root = tmp_path / "m"
    root.mkdir()
    long = "很" * 120 + ".txt"
    odd = [
        "CON",
        "aux.txt",
        "a:b?.txt",
        "tail.",
        "bell\a.txt",
        "new\nline.txt",
        "é.txt",
        "e\u0301.txt",
    ]
    with zipfile.ZipFile(root / "p.zip", "w") as archive, pytest.warns(UserWarning):
        for name in (*odd, long, "twice.txt"):
            archive.writestr(name, name)
        archive.writestr("twice.txt", "the later one")
        archive.writestr("twice.txt/below.txt", "x")
    found = read(root, tmp_path / "cache")
    assert {f"p.zip/{name}" for name in odd} <= found.keys()
    assert found["p.zip/twice.txt"] == b"the later one"
    (cut,) = [name for name in found if name.startswith("p.zip/很")]
    assert found[cut] == long.encode() and len(cut.encode()) < 255 and cut.endswith(".txt")
    assert troubles(opened(root)) == {
        "p.zip/twice.txt#": "a later entry of the same name replaces it",
        "p.zip/twice.txt/below.txt": "another entry stands where it would be",
    }


WIDE = Bounds()


def refusal(path: Path, folder: Path, bounds: Bounds = WIDE) -> str:
    folder.mkdir()
    with pytest.raises(Refused) as caught:
        unpack(path, folder, bounds)
    return str(caught.value.reason)


def test_bombs_are_refused(tmp_path: Path) -> None:
    zeros = bytes(101 << 20)
    bomb = zipped(tmp_path / "bomb.zip", {"a": zeros})
    assert "200 times" in refusal(bomb, tmp_path / "1")
    assert "200 times" in refusal(tarred(tmp_path / "bomb.tar.gz", [("a", zeros)]), tmp_path / "2")
    seven = sevened(tmp_path / "bomb.7z", {"a": bytes(3 << 20)})
    assert "more than 1 MiB" in refusal(seven, tmp_path / "3", Bounds(size=1 << 20))
    assert "more than 1 MiB" in refusal(bomb, tmp_path / "4", Bounds(size=1 << 20))
    many = zipped(tmp_path / "many.zip", {f"{n}": b"" for n in range(11)})
    assert "more than 10 entries" in refusal(many, tmp_path / "5", Bounds(entries=10))


def test_a_bomb_that_lies_about_its_size(tmp_path: Path) -> None:
    path = zipped(tmp_path / "p.zip", {"a": bytes(3 << 20), "good.txt": b"good"})
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<L", 3 << 20), struct.pack("<L", 10)))
    found = opened(tmp_path)
    assert locators(found) == ["p.zip/good.txt"]
    assert "damaged" in troubles(found)["p.zip/a"]
    # A skipped entry of a tar is read over: its bytes count too.
    evil = tarred(tmp_path / "p.tar.gz", [("../evil", bytes(5 << 20))])
    assert "more than 1 MiB" in refusal(evil, tmp_path / "out", Bounds(size=1 << 20))


def test_entries_that_overlap_are_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "p.zip", {"a": os.urandom(500), "b": os.urandom(500)})
    data = bytearray(path.read_bytes())
    second = data.rfind(b"PK\1\2")
    data[second + 42 : second + 46] = struct.pack("<L", 0)
    path.write_bytes(data)
    assert "overlap" in refusal(path, tmp_path / "out")


def test_a_zip_that_holds_itself_ends(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "r.zip", {"x.txt": b"x"}).read_bytes()
    for _ in range(6):
        inner = zipped(tmp_path / "r.zip", {"r.zip": inner, "x.txt": b"x"}).read_bytes()
    found = opened(tmp_path)
    assert len(locators(found)) == 4 and len(troubles(found)) == 1


def test_what_is_locked_says_so(tmp_path: Path) -> None:
    path = zipped(tmp_path / "p.zip", {"a.txt": b"one", "b.txt": b"two"})
    data = bytearray(path.read_bytes())
    for at in (data.find(b"PK\3\4") + 6, data.find(b"PK\1\2") + 8):
        data[at] |= 1
    path.write_bytes(data)
    found = opened(tmp_path)
    assert locators(found) == ["p.zip/b.txt"] and "encrypted" in troubles(found)["p.zip/a.txt"]
    sevened(tmp_path / "q.7z", {"a.txt": b"one"}, password="secret", header_encryption=True)
    zipped(tmp_path / "r.zip.001", {"a.txt": b"one"})
    told = troubles(opened(tmp_path))
    assert "encrypted" in told["q.7z"] and "one part of an archive" in told["r.zip.001"]
    assert not any(one.hides for one in opened(tmp_path) if isinstance(one, Trouble))


def test_of_what_is_damaged_the_rest_is_taken(tmp_path: Path) -> None:
    path = zipped(tmp_path / "p.zip", {"a.txt": os.urandom(400), "b.txt": b"two"})
    data = bytearray(path.read_bytes())
    data[100] ^= 0xFF
    path.write_bytes(data)
    whole = tarred(
        tmp_path / "p.tar.gz", [("a.txt", os.urandom(9000)), ("b.txt", os.urandom(9000))]
    )
    whole.write_bytes(whole.read_bytes()[:-3000])
    plain = tarred(tmp_path / "q.tar", [("a.txt", b"one"), ("b.txt", b"two")])
    data = bytearray(plain.read_bytes())
    data[1024:1536] = b"?" * 512
    plain.write_bytes(data)
    found = opened(tmp_path)
    assert locators(found) == ["p.tar.gz/a.txt", "p.zip/b.txt", "q.tar/a.txt"]
    told = {one.locator: one for one in found if isinstance(one, Trouble)}
    assert told.keys() == {"p.tar.gz/…", "p.zip/a.txt", "q.tar/…"}
    assert told["q.tar/…"].hides and not told["p.zip/a.txt"].hides
    assert all(one.retry for one in told.values())


def test_damage_anywhere_never_stops_the_rest(tmp_path: Path) -> None:
    import random

    dice = random.Random(7)
    files = {f"{n}.txt": bytes([n]) * 300 for n in range(5)}
    forms = [
        zipped(tmp_path / "w.zip", files),
        tarred(tmp_path / "w.tar", list(files.items())),
        tarred(tmp_path / "w.tgz", list(files.items())),
    ]
    for path in forms:
        data, root = path.read_bytes(), tmp_path / f"m{path.suffix}"
        root.mkdir()
        path.unlink()
        for number in range(40):
            broken = bytearray(data)
            for _ in range(dice.randint(1, 30)):
                broken[dice.randrange(len(broken))] = dice.randrange(256)
            (root / f"{number}{path.suffix}").write_bytes(
                broken[: dice.randint(1, len(broken))] if number % 3 == 0 else broken
            )
        (root / "good.txt").write_text("good")
        assert "good.txt" in locators(opened(root))


def test_a_damaged_7z_costs_only_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("py7zr.py7zr.check_archive_path", lambda name: True)
    path = sevened(tmp_path / "p.7z", {"a.txt": os.urandom(5000)})
    data = bytearray(path.read_bytes())
    data[200] ^= 0xFF
    path.write_bytes(data)
    (tmp_path / "good.txt").write_text("good")
    sevened(tmp_path / "q.7z", {"../evil.txt": b"evil", "good.txt": b"good", "empty": b""})
    found = opened(tmp_path)
    assert locators(found) == ["good.txt", "q.7z/good.txt"]
    told = troubles(found)
    assert (
        "damaged" in told["p.7z"]
        and "leads out" in told["q.7z/../evil.txt"]
        and told["q.7z/empty"] == "it is empty"
    )


def test_an_archive_that_grows_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zipped(tmp_path / "p.zip", FILES)

    def growing(archive: Path, *rest: object) -> object:
        with archive.open("ab") as out:
            out.write(b"more")
        return unpack(archive, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr("curate.collectors.unpack.unpack", growing)
    (trouble,) = opened(tmp_path)
    assert isinstance(trouble, Trouble) and trouble.retry and trouble.hides
    assert str(trouble.reason) == "it is still being written; run again"
    with pytest.raises(CurateError, match="still being written"):
        inside(path)


def test_globs_hold_inside_and_the_times_are_those_of_the_entries(tmp_path: Path) -> None:
    path = tarred(
        tmp_path / "p.tar",
        [("a/1.pdf", b"x"), ("a/2.txt", b"x"), ("b/3.pdf", b"x"), ("../x.doc", b"x")],
    )
    found = opened(tmp_path, include=("*.pdf",), exclude=("p.tar/b",))
    assert locators(found) == ["p.tar/a/1.pdf"] and not troubles(found)
    (first,) = inside(path, include=("a/*.pdf",))
    assert isinstance(first, Candidate)
    assert (first.locator, first.said.modified, first.suffix) == (
        "a/1.pdf",
        "2023-11-14T22:13:20Z",
        ".pdf",
    )


@pytest.mark.parametrize("name", ["missing.zip", "folder.zip", "broken.zip"])
def test_an_archive_that_cannot_be_opened_is_an_error_with_a_hint(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "folder.zip").mkdir()
    (tmp_path / "broken.zip").write_text("no archive")
    with pytest.raises(CurateError) as caught:
        inside(tmp_path / name)
    assert caught.value.hint


def test_a_path_that_is_no_archive_is_a_problem_of_the_configuration() -> None:
    with pytest.raises(ValueError, match="none of"):
        ArchiveSource(path="notes.pdf")

"""Corrupt and hostile files cost a reason, never the run."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from curate.errors import CurateError
from curate.extract import extract
from curate.model import Extracted
from curate.workers import Failed, Limits, unordered
from tests.material import ROOT, material

LIMITS = Limits(seconds=30, memory_mb=1500)
PRELOAD = ("curate.extract",)


def opened(task: tuple[Path, str]) -> Extracted:
    return extract(*task)


def refused(folder: Path, name: str, data: bytes) -> str:
    path = folder / "bytes"
    path.write_bytes(data)
    with pytest.raises(CurateError) as caught:
        extract(path, name)
    return caught.value.message


def package(**entries: bytes | str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("[Content_Types].xml", "<Types/>")
        for name, data in entries.items():
            file.writestr(name, data)
    return out.getvalue()


def test_every_real_file_is_read_or_refused_with_a_reason() -> None:
    folders = [material(name) for name in ("documents", "images", "hostile")]
    files = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    results = dict(unordered(opened, ((path, path.name) for path in files), LIMITS, PRELOAD))
    assert sorted(task[0] for task in results) == files
    failed = {task[1]: str(one.reason) for task, one in results.items() if isinstance(one, Failed)}
    assert all("protected by a password" in reason for reason in failed.values()), failed
    assert len(failed) == 2


def test_damaged_files_are_read_or_refused(tmp_path: Path) -> None:
    """Real files of every kind, cut short, with wrong bytes, with a hole."""
    material("documents")
    chance = random.Random(7)
    kinds: dict[str, list[Path]] = {}
    for path in sorted(ROOT.rglob("*")):
        if path.is_file() and 100 < path.stat().st_size < 500_000:
            kinds.setdefault(path.suffix.lower(), []).append(path)
    tasks = []
    for suffix, paths in kinds.items():
        for number, path in enumerate(chance.sample(paths, min(2, len(paths)))):
            whole = path.read_bytes()
            third = len(whole) // 3
            wrong = bytearray(whole)
            for _ in range(50):
                wrong[chance.randrange(len(wrong))] = chance.randrange(256)
            variants = (
                whole[: 2 * third],
                bytes(wrong),
                whole[:third] + bytes(third) + whole[third:],
            )
            for variant, data in enumerate(variants):
                damaged = tmp_path / f"{number}{variant}{suffix}"
                damaged.write_bytes(data)
                tasks.append((damaged, damaged.name))
    results = dict(unordered(opened, tasks, LIMITS, PRELOAD))
    assert len(results) == len(tasks) > 100
    reasons = [str(one.reason) for one in results.values() if isinstance(one, Failed)]
    assert not [reason for reason in reasons if reason.startswith("the reader")]


BOMB = '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:t>%s</w:t></w:document>'
LAUGHS = '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a0 "lol">' + "".join(
    f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)
)


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        (
            "a.docx",
            package(**{"word/document.xml": BOMB % ("x" * (64 << 20))}),
            "decompression bomb",
        ),
        ("a.xlsx", package(**{"xl/sheet.xml": b"x" * (64 << 20)}), "decompression bomb"),
        ("a.docx", package(**{"word/document.xml": LAUGHS + "]>" + BOMB % "&a11;"}), "damaged"),
        ("a.svg", (LAUGHS + "]><svg><text>&a11;</text></svg>").encode(), "damaged"),
        ("a.xml", (LAUGHS + "]><r>&a11;</r>").encode(), "not safe to read"),
        ("a.html", b"<html>" + b"<div>" * 200_000, "nests more than"),
        (
            "a.eml",
            b"Subject: x\n\n" + b"Content-Type: multipart/mixed\n\n" * 400,
            "nests more than",
        ),
        ("a.zip", b"PK\x03\x04" + b"\0" * 100, "damaged"),
        ("a.docx", package(**{"word/other.xml": "<a/>"}), "damaged"),
        ("a.ttf", b"\0\1\0\0\0\1" + b"\0" * 40, "damaged"),
    ],
    ids=[
        "bomb.docx",
        "bomb.xlsx",
        "laughs.docx",
        "laughs.svg",
        "laughs.xml",
        "deep.html",
        "deep.eml",
        "cut.zip",
        "empty.docx",
        "cut.ttf",
    ],
)
def test_refused(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    message = refused(tmp_path, name, data)
    assert reason in message
    assert name in message


@pytest.mark.parametrize("name", ["a.svg", "a.xml"])
def test_outside_entities_are_not_loaded(tmp_path: Path, name: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the secret", encoding="utf-8")
    doctype = f'<!DOCTYPE r [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
    path = tmp_path / "bytes"
    body = "<svg><text>a &x; b</text></svg>" if name == "a.svg" else "<r>a &x; b</r>"
    path.write_text(f"<?xml version='1.0'?>{doctype}{body}", encoding="utf-8")
    found = extract(path, name)
    assert found.text.startswith("a")
    assert "secret" not in found.text


def test_a_picture_that_claims_to_be_enormous_is_not_decoded(tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    path = tmp_path / "bytes"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(100)))
        + chunk(b"IEND", b"")
    )
    found = extract(path, "a.png")
    assert (found.properties["width"], found.thumbnail) == (60_000, b"")
    assert "too large" in found.problem


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.txt", b" " * 8_000_000),
        ("a.json", b"[" * 1_000_000),
        ("a.md", b"[" * 2_000_000),
        ("a.md", b"# " + b"*_" * 500_000),
        ("a.tex", b"\\title{" + b"{a" * 200_000),
        ("a.csv", b'a,"' + b"x" * 3_000_000),
        ("a.xml", b"<a>" * 100_000),
        ("a.txt", b"licensed under " * 200_000),
        ("a.html", b"<html>" + b"<!--" * 200_000),
        ("a.rtf", b"{\\rtf1" + b"{" * 500_000),
    ],
)  # fmt: skip
def test_text_made_to_be_slow_is_read_all_the_same(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    ((_, result),) = unordered(opened, [(path, name)], LIMITS, PRELOAD)
    assert isinstance(result, Extracted)


def test_a_sheet_that_spans_all_cells_costs_only_itself(tmp_path: Path) -> None:
    source = material("documents/markitdown/test.xlsx")
    cells = b"""<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>
    <row r="1"><c r="A1"><v>1</v></c></row>
    <row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>"""
    sparse = tmp_path / "sparse.xlsx"
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(sparse, "w") as new:
        for entry in old.infolist():
            new.writestr(
                entry.filename, cells if "sheet1.xml" in entry.filename else old.read(entry)
            )
    tasks = [(sparse, "a.xlsx"), (source, "b.xlsx")]
    results = {task[1]: one for task, one in unordered(opened, tasks, LIMITS, PRELOAD)}
    assert isinstance(results["a.xlsx"], Failed)
    assert isinstance(results["b.xlsx"], Extracted)

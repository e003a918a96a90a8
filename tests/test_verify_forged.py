"""Archives made to show one thing to who checks them and another to who unpacks them are refused."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from curate import signing
from curate.bundle import Release, package, verify
from tests.test_bundle import request
from tests.test_verify import rewritten, top_of

LOCAL, END = b"PK\3\4", b"PK\5\6"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """A signed one."""
    home = tmp_path_factory.mktemp("whole")
    asked = replace(request(home / "woods"), signer=signing.create(home / "keys"))
    return package(asked, home / "build")


def put(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def second(data: bytes) -> int:
    """Where the second file begins."""
    return data.index(LOCAL, 4)


def hidden(data: bytes) -> bytes:
    """A file more, that the directory does not name, as streaming unpackers find it."""
    directory = data.index(b"PK\1\2")
    head = struct.pack(
        "<IHHHHHIIIHH", 0x04034B50, 20, 0, 0, 0, 33, zlib.crc32(b"evil" * 9), 36, 36, 8, 0
    )
    more = head + b"evil.exe" + b"evil" * 9
    end = data.rindex(END)
    (begins,) = struct.unpack_from("<I", data, end + 16)
    data = put(data, end + 16, struct.pack("<I", begins + len(more)))
    return data[:directory] + more + data[directory:]


FORGED: dict[str, Callable[[bytes], bytes]] = {
    "bytes in front": lambda data: b"#!/bin/sh\n" + data,
    "another archive in front": lambda data: data + data,
    "bytes behind": lambda data: data + b"x" * 3000,
    "a hidden file": hidden,
    "another checksum": lambda data: put(data, second(data) + 14, b"\1\2\3\4"),
    "another packed size": lambda data: put(data, second(data) + 18, b"\3\0\0\0"),
    "another size": lambda data: put(data, second(data) + 22, b"\3\0\0\0"),
    "another count": lambda data: put(data, data.rindex(END) + 8, b"\5\0\5\0"),
}


@pytest.mark.parametrize("way", FORGED)
def test_two_readings_of_one_archive_are_refused(way: str, whole: Release, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(FORGED[way](whole.archive.read_bytes()))
    assert [one for one in verify(path) if one.severity == "error"]


def entry(name: str, extra: bytes = b"", mode: int = 0o100644) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.extra, info.external_attr = extra, mode << 16
    return info


def errors(path: Path, *extra: zipfile.ZipInfo) -> list[str]:
    forged = rewritten(path, path.with_name("forged.zip"), extra=extra)
    return [str(one) for one in verify(forged) if one.severity == "error"]


def test_what_a_signed_archive_does_not_list_is_none_of_it(whole: Release, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(whole.archive.read_bytes())
    top = top_of(path)
    assert errors(path) == []
    assert "is in no manifest" in str(errors(path, entry(f"{top}/START-HERE-2.html")))
    assert "is in no manifest" in str(errors(path, entry(f"{top}/fetch.txt")))
    assert "a file and a folder" in str(errors(path, zipfile.ZipInfo(f"{top}/bagit.txt/")))
    assert "bytes of its own" in str(errors(path, zipfile.ZipInfo(f"{top}/data/more/")))
    assert "no ordinary file" in str(errors(path, entry(f"{top}/data/pipe", mode=0o010644)))


def test_a_second_name_is_refused_and_a_translation_is_not(whole: Release, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(whole.archive.read_bytes())
    name = f"{top_of(path)}/x.txt"

    def also(other: str) -> zipfile.ZipInfo:
        told = b"\1" + struct.pack("<I", zlib.crc32(name.encode())) + other.encode()
        return entry(name, struct.pack("<HH", 0x7075, len(told)) + told)

    assert "second name" in str(errors(path, also("../evil.exe")))
    assert "second name" not in str(errors(path, also(name)))

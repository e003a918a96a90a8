"""RFC 8493 from its text, and the drafts 0.93 to 0.97: what is an error, what a warning, and what neither."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping
from pathlib import Path

import pytest

from curate.bundle import verify
from curate.errors import Problem
from tests.material import material


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


HELLO, OTHER = b"hello\n", b"other\n"
PLAIN: dict[str, bytes | None] = {
    "bagit.txt": b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
    "data/hello.txt": HELLO,
    "manifest-sha256.txt": f"{sha(HELLO)}  data/hello.txt\n".encode(),
}
OLD = {"bagit.txt": b"BagIt-Version: 0.97\nTag-File-Character-Encoding: UTF-8\n"}


def bag(folder: Path, changes: Mapping[str, bytes | None] = {}) -> Path:
    """A bag of one file with some files other than they should be; None leaves one out."""
    for name, data in {**PLAIN, **changes}.items():
        if data is not None:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    return folder


def told(problems: list[Problem], severity: str) -> str:
    return "\n".join(f"{one}" for one in problems if one.severity == severity)


def rows(*pairs: tuple[bytes, str], encoding: str = "utf-8") -> bytes:
    return "".join(f"{sha(data)}  {path}\n" for data, path in pairs).encode(encoding)


def test_a_bag_of_one_file_is_whole(tmp_path: Path) -> None:
    assert verify(bag(tmp_path / "bag")) == []


def test_a_bag_without_any_payload_is_whole(tmp_path: Path) -> None:
    empty = bag(tmp_path / "bag", {"data/hello.txt": None, "manifest-sha256.txt": b""})
    (empty / "data").mkdir()
    assert verify(empty) == []


ERRORS: dict[str, tuple[dict[str, bytes | None], str]] = {
    "no payload folder": (
        {"data/hello.txt": None, "manifest-sha256.txt": b""}, "data/: is missing",
    ),
    "no payload manifest": ({"manifest-sha256.txt": None}, "there is no payload manifest"),
    "a declaration of one line": (
        {"bagit.txt": b"BagIt-Version: 1.0\n"}, "bagit.txt: is not the two lines",
    ),
    "a declaration of three lines": (
        {"bagit.txt": PLAIN["bagit.txt"] + b"Another: x\n"}, "is not the two lines",  # type: ignore[operator]
    ),
    "lines of the declaration in another order": (
        {"bagit.txt": b"Tag-File-Character-Encoding: UTF-8\nBagIt-Version: 1.0\n"},
        "is not the two lines",
    ),
    "white space before the colon": (
        {"bagit.txt": b"BagIt-Version : 1.0\nTag-File-Character-Encoding: UTF-8\n"},
        "is not the two lines",
    ),
    "more white space than one after the colon": (
        {"bagit.txt": b"BagIt-Version:  1.0\nTag-File-Character-Encoding: UTF-8\n"},
        "is not the two lines",
    ),
    "an empty version": (
        {"bagit.txt": b"BagIt-Version: \nTag-File-Character-Encoding: UTF-8\n"},
        "is not the two lines",
    ),
    "a version that is no number": (
        {"bagit.txt": b"BagIt-Version: 1.x\nTag-File-Character-Encoding: UTF-8\n"},
        "is not the two lines",
    ),
    "an unknown version": (
        {"bagit.txt": b"BagIt-Version: 2.7\nTag-File-Character-Encoding: UTF-8\n"},
        "declares version 2.7, which is not known",
    ),
    "no encoding": (
        {"bagit.txt": b"BagIt-Version: 1.0\nTag-File-Character-Encoding: \n"},
        "is not the two lines",
    ),
    "a byte-order mark in the declaration": (
        {"bagit.txt": b"\xef\xbb\xbf" + PLAIN["bagit.txt"]}, "bagit.txt: begins with a byte-order",  # type: ignore[operator]
    ),
    "a byte-order mark in a manifest": (
        {"manifest-sha256.txt": b"\xef\xbb\xbf" + rows((HELLO, "data/hello.txt"))},
        "manifest-sha256.txt: begins with a byte-order mark",
    ),
    "a manifest in another encoding than declared": (
        {"manifest-sha256.txt": rows((HELLO, "data/hello.txt"), encoding="utf-16")},
        "manifest-sha256.txt: cannot be read",
    ),
    "a payload file that a manifest does not list": (
        {"data/more.txt": OTHER}, "data/more.txt: is not in manifest-sha256.txt",
    ),
    "a payload file that one of two manifests does not list": (
        {"manifest-sha512.txt": b""}, "data/hello.txt: is not in manifest-sha512.txt",
    ),
    "a file that is not there": (
        {"manifest-sha256.txt": rows((HELLO, "data/hello.txt"), (OTHER, "data/more.txt"))},
        "data/more.txt: is missing",
    ),
    "a folder in a manifest": (
        {"manifest-sha256.txt": rows((HELLO, "data/hello.txt"), (b"", "data/folder"))},
        "data/folder: is missing",
    ),
    "a file listed twice": (
        {"manifest-sha256.txt": rows((HELLO, "data/hello.txt"), (HELLO, "data/hello.txt"))},
        "manifest-sha256.txt:2: data/hello.txt stands there twice",
    ),
    "a file listed twice with different checksums": (
        {"manifest-sha256.txt": rows((HELLO, "data/hello.txt"), (OTHER, "data/hello.txt"))},
        "stands there twice with different checksums",
    ),
    "a checksum that is none": (
        {"manifest-sha256.txt": b"xyz  data/hello.txt\n"}, "manifest-sha256.txt:1: names no file",
    ),
    "a checksum without a path": (
        {"manifest-sha256.txt": f"{sha(HELLO)}\n".encode()}, "manifest-sha256.txt:1: names no file",
    ),
    "an empty line": (
        {"manifest-sha256.txt": rows((HELLO, "data/hello.txt")) + b"\n"},
        "manifest-sha256.txt:2: is an empty line",
    ),
    "a tag file in a payload manifest": (
        {"manifest-sha256.txt": rows((HELLO, "data/hello.txt"), (b"", "bagit.txt"))},
        "manifest-sha256.txt:2: names no file",
    ),
    "a payload file in a tag manifest": (
        {"tagmanifest-sha256.txt": rows((HELLO, "data/hello.txt"))},
        "tagmanifest-sha256.txt:1: names no file",
    ),
    "a tag manifest without the payload manifest": (
        {"tagmanifest-sha256.txt": rows((PLAIN["bagit.txt"] or b"", "bagit.txt"))},
        "tagmanifest-sha256.txt: does not list manifest-sha256.txt",
    ),
    "a tag file that changed": (
        {"tagmanifest-sha256.txt": rows((OTHER, "manifest-sha256.txt"))},
        "manifest-sha256.txt: has changed",
    ),
    "a path out of the bag": (
        {"manifest-sha256.txt": rows((HELLO, "data/hello.txt"), (b"", "data/../../x"))},
        "manifest-sha256.txt:2: names no file",
    ),
    "a path from the root": (
        {"tagmanifest-sha256.txt": rows((b"", "/etc/passwd"))}, "sha256.txt:1: names no file",
    ),
    "a path from a home": (
        {"tagmanifest-sha256.txt": rows((b"", "~root/x"))}, "sha256.txt:1: names no file",
    ),
    "a path on a drive": (
        {"tagmanifest-sha256.txt": rows((b"", "C:/x"))}, "sha256.txt:1: names no file",
    ),
    "a path with the name space of Windows": (
        {"tagmanifest-sha256.txt": rows((b"", r"\\?\C:\x"))}, "sha256.txt:1: names no file",
    ),
    "a path of Windows out of the bag": (
        {"manifest-sha256.txt": rows((HELLO, "data/hello.txt"), (b"", r"data\..\..\x"))},
        "manifest-sha256.txt:2: names no file",
    ),
    "an algorithm that nobody knows": (
        {"manifest-crc9000.txt": b"00  data/hello.txt\n"}, "uses crc9000, which cannot be checked",
    ),
    "a label without a colon": ({"bag-info.txt": b"Contact\n"}, "no label and value: 'Contact'"),
    "white space before a label": ({"bag-info.txt": b" A: b\n"}, "no label and value: ' A: b'"),
    "white space after a label": ({"bag-info.txt": b"A : b\n"}, "has no ': ' after 'A'"),
    "no white space before a value": ({"bag-info.txt": b"A:b\n"}, "has no ': ' after 'A'"),
    "no label": ({"bag-info.txt": b": b\n"}, "no label and value: ': b'"),
    "a payload of another size": (
        {"bag-info.txt": b"payload-oxum: 7.1\n"}, "Payload-Oxum says 7.1, the payload is 6.1",
    ),
    "a size that is none": (
        {"bag-info.txt": b"Payload-Oxum: 6 bytes\n"}, "Payload-Oxum is '6 bytes', not octets",
    ),
    "two sizes": (
        {"bag-info.txt": b"Payload-Oxum: 6.1\nPayload-Oxum: 6.1\n"}, "Payload-Oxum more than once",
    ),
    "a file to be fetched": (
        {
            "fetch.txt": b"https://example.org/a 6 data/a.txt\n",
            "manifest-sha256.txt": rows((HELLO, "data/hello.txt"), (OTHER, "data/a.txt")),
        },
        "data/a.txt: has to be fetched from https://example.org/a",
    ),
    "a file to be fetched that no manifest lists": (
        {"fetch.txt": b"https://example.org/a 6 data/a.txt\n"},
        "data/a.txt: is in fetch.txt and not in manifest-sha256.txt",
    ),
    "a tag file to be fetched": (
        {"fetch.txt": b"https://example.org/a 6 bag-info.txt\n"}, "fetch.txt:1: is not URL, length",
    ),
    "an address that is none": (
        {"fetch.txt": b"example.org/a 6 data/hello.txt\n"},
        "fetch.txt:1: 'example.org/a' is no absolute URL",
    ),
    "a length that is none": (
        {"fetch.txt": b"https://example.org/a many data/hello.txt\n"}, "'many' is no length",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ERRORS)
def test_what_the_text_forbids_is_an_error(tmp_path: Path, case: str) -> None:
    changes, expected = ERRORS[case]
    assert expected in told(verify(bag(tmp_path / "bag", changes)), "error")


OFTEN = "Núñez.txt"
TWO_FORMS = {
    "data/hello.txt": None,
    f"data/{OFTEN}": HELLO,
    f"data/{unicodedata.normalize('NFD', OFTEN)}": HELLO,
}

WARNINGS: dict[str, tuple[dict[str, bytes | None], str]] = {
    "an asterisk of md5sum": (
        {"manifest-sha256.txt": f"{sha(HELLO)} *data/hello.txt\n".encode()}, "has an asterisk",
    ),
    "a dot and a slash of find": (
        {"manifest-sha256.txt": rows((HELLO, "./data/hello.txt"))}, "has ./ before the path",
    ),
    "a path in another normal form": (
        {
            "data/hello.txt": None,
            f"data/{OFTEN}": HELLO,
            "manifest-sha256.txt": rows((HELLO, f"data/{unicodedata.normalize('NFD', OFTEN)}")),
        },
        "is written in another normal form than the file's name",
    ),
    "a file listed in two normal forms": (
        {
            "data/hello.txt": None,
            f"data/{OFTEN}": HELLO,
            "manifest-sha256.txt": rows(
                (HELLO, f"data/{OFTEN}"), (HELLO, f"data/{unicodedata.normalize('NFD', OFTEN)}")
            ),
        },
        "stands there twice, in two normal forms",
    ),
    "two files that differ in their normal form alone": (
        {
            **TWO_FORMS,
            "manifest-sha256.txt": rows(*((HELLO, path) for path in list(TWO_FORMS)[1:])),
        },
        "but for case or form",
    ),
    "two files that differ in case alone": (
        {
            "data/Hello.txt": HELLO,
            "manifest-sha256.txt": rows((HELLO, "data/hello.txt"), (HELLO, "data/Hello.txt")),
        },
        "data/hello.txt: has the name of data/Hello.txt but for case or form",
    ),
    "two manifests that differ in case alone": (
        {"manifest-SHA256.txt": rows((HELLO, "data/hello.txt"))},
        "manifest-sha256.txt: has the name of manifest-SHA256.txt but for case",
    ),
    "a percent sign that is not encoded": (
        {
            "data/100%25.txt": HELLO,
            "manifest-sha256.txt": rows((HELLO, "data/hello.txt"), (HELLO, "data/100%25.txt")),
        },
        "does not write % as %25",
    ),
    "a tag file that no tag manifest lists": (
        {
            "tagmanifest-sha256.txt": rows(
                (PLAIN["manifest-sha256.txt"] or b"", "manifest-sha256.txt"),
                (PLAIN["bagit.txt"] or b"", "bagit.txt"),
            ),
            "notes.txt": b"x",
        },
        "notes.txt: is in no manifest",
    ),
    "a count that is none": ({"bag-info.txt": b"Bag-Count: 3\n"}, "Bag-Count is '3'"),
    "a day that is none": ({"bag-info.txt": b"Bagging-Date: May 5\n"}, "Bagging-Date is 'May 5'"),
    "a file that was fetched and is shorter": (
        {"fetch.txt": b"https://example.org/a 9 data/hello.txt\n"}, "fetch.txt says 9",
    ),
    "a name that Windows forbids": (
        {
            "data/what?.txt": HELLO,
            "manifest-sha256.txt": rows((HELLO, "data/hello.txt"), (HELLO, "data/what?.txt")),
        },
        "data/what?.txt: cannot be unpacked on Windows",
    ),
    "a name that Windows reserves": (
        {
            "data/aux.txt": HELLO,
            "manifest-sha256.txt": rows((HELLO, "data/hello.txt"), (HELLO, "data/aux.txt")),
        },
        "data/aux.txt: cannot be unpacked on Windows",
    ),
    "a name that ends in a dot": (
        {
            "data/end.": HELLO,
            "manifest-sha256.txt": rows((HELLO, "data/hello.txt"), (HELLO, "data/end.")),
        },
        "data/end.: cannot be unpacked on Windows",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WARNINGS)
def test_what_the_text_advises_against_is_a_warning(tmp_path: Path, case: str) -> None:
    changes, expected = WARNINGS[case]
    try:
        found = verify(bag(tmp_path / "bag", changes))
    except OSError:
        pytest.skip("this file system takes no such names")
    assert expected in told(found, "warning")
    assert told(found, "error") == ""


FINE: dict[str, dict[str, bytes | None]] = {
    "capital letters and tabs": {
        "manifest-sha256.txt": f"{sha(HELLO).upper()} \t data/hello.txt\n".encode()
    },
    "lines that end in CR": {
        "manifest-sha256.txt": rows((HELLO, "data/hello.txt"), (OTHER, "data/b")).replace(
            b"\n", b"\r"
        ),
        "data/b": OTHER,
    },
    "lines that end in CRLF": {
        name: data.replace(b"\n", b"\r\n")
        for name, data in PLAIN.items()
        if data and name.endswith("t.txt") | name.startswith("manifest")
        if name != "data/hello.txt"
    },
    "tag files in UTF-16": {
        "bagit.txt": b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-16\n",
        "manifest-sha256.txt": rows((HELLO, "data/hello.txt"), encoding="utf-16"),
        "bag-info.txt": "Contact-Name: 名\n".encode("utf-16"),
    },
    "encoded line ends and percent signs in a path": {
        "data/a\nb": HELLO,
        "data/a\rb": HELLO,
        "data/50%": HELLO,
        "manifest-sha256.txt": rows(
            (HELLO, "data/hello.txt"),
            (HELLO, "data/a%0Ab"),
            (HELLO, "data/a%0db"),
            (HELLO, "data/50%25"),
        ),
    },
    "other marks that end a line elsewhere": {
        "data/a\u2028b\x0bc\x85": HELLO,
        "manifest-sha256.txt": rows((HELLO, "data/hello.txt"), (HELLO, "data/a\u2028b\x0bc\x85")),
    },
    "spaces within and at the end of a path": {
        "data/a  b ": HELLO,
        "manifest-sha256.txt": rows((HELLO, "data/hello.txt"), (HELLO, "data/a  b ")),
    },
    "values that go on and repeat": {
        "bag-info.txt": b"Contact-Name: A\n  B\n\tC: D\nContact-Name: E\nPAYLOAD-OXUM: 6.1\n"
    },
    "a bag in a bag": {
        "data/inner/bagit.txt": b"broken",
        "manifest-sha256.txt": rows((HELLO, "data/hello.txt"), (b"broken", "data/inner/bagit.txt")),
    },
    "two manifests": {
        "manifest-md5.txt": f"{hashlib.md5(HELLO).hexdigest()}  data/hello.txt\n".encode()
    },
    "a file that a file manager could have left, and did not": {
        "data/Thumbs.db": OTHER,
        "manifest-sha256.txt": rows((HELLO, "data/hello.txt"), (OTHER, "data/Thumbs.db")),
        "bag-info.txt": b"Payload-Oxum: 12.2\n",
    },
    "a file fetched already": {"fetch.txt": b"https://example.org/a - data/hello.txt\n"},
    "a file that was listed and is nobody's business": {"tags/deep/x.bin": b"\0"},
}


@pytest.mark.parametrize("case", FINE)
def test_what_the_text_allows_is_no_error(tmp_path: Path, case: str) -> None:
    try:
        made = bag(tmp_path / "bag", FINE[case])
    except OSError:
        pytest.skip("this file system takes no such names")
    assert told(verify(made), "error") == ""


AGES: dict[str, tuple[dict[str, bytes | None], bool]] = {
    "listed by one of two manifests": ({"manifest-sha512.txt": b""}, True),
    "listed by none": ({"data/more.txt": OTHER}, False),
    "listed twice": (
        {"manifest-sha256.txt": rows((HELLO, "data/hello.txt"), (HELLO, "data/hello.txt"))}, True,
    ),
    "white space around a colon": ({"bag-info.txt": b"A \t:  b\n"}, True),
    "a tag manifest without the payload manifest": (
        {"tagmanifest-sha256.txt": rows((OLD["bagit.txt"], "bagit.txt"))}, True,
    ),
    "a changed file": ({"data/hello.txt": OTHER}, False),
}  # fmt: skip


@pytest.mark.parametrize("case", AGES)
@pytest.mark.parametrize("version", ["0.93", "0.95", "0.96", "0.97"])
def test_older_bags_are_judged_by_their_own_text(tmp_path: Path, version: str, case: str) -> None:
    changes, fine = AGES[case]
    declared = f"BagIt-Version: {version}\nTag-File-Character-Encoding: UTF-8\n".encode()
    changes = {"bagit.txt": declared, **changes}
    if "bag-info.txt" in changes and version < "0.96":
        changes["package-info.txt"] = changes.pop("bag-info.txt")
    if "tagmanifest-sha256.txt" in changes:
        changes["tagmanifest-sha256.txt"] = rows((declared, "bagit.txt"))
    assert (told(verify(bag(tmp_path / "bag", changes)), "error") == "") == fine
    newer = bag(tmp_path / "new", {**changes, "bagit.txt": PLAIN["bagit.txt"]})
    assert case.startswith("white") or told(verify(newer), "error")


def test_real_bags_of_every_older_version_are_valid() -> None:
    bags = [path for path in material("bags").glob("*/valid/*") if path.is_dir()]
    assert {path.parents[1].name for path in bags} == {"v0.93", "v0.94", "v0.95", "v0.96", "v0.97"}
    assert {path: told(verify(path), "error") for path in bags} == dict.fromkeys(bags, "")

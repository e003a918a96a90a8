"""A signed bundle, broken in every way that comes to mind: refused, and everything wrong with it is named."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import shutil
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from curate.bundle import Release, package, verify
from curate.cli import main
from curate.errors import CurateError
from curate.signing import Signer, create
from tests.test_bundle import ITEMS, request

WALDEN = "data/01-Guides/walden.txt"
NUMBERS = "data/02-Data & tables/numbers.csv"
TAGS = "tagmanifest-sha256.txt"


@dataclasses.dataclass
class Sold:
    """A release, and the seller's key."""

    release: Release
    signer: Signer


@pytest.fixture(scope="module")
def sold(tmp_path_factory: pytest.TempPathFactory) -> Sold:
    folder = tmp_path_factory.mktemp("sold")
    signer = create(folder / "keys")
    asked = dataclasses.replace(request(folder / "woods", ITEMS), signer=signer)
    return Sold(package(asked, folder / "build"), signer)


@pytest.fixture
def bag(sold: Sold, tmp_path: Path) -> Path:
    with zipfile.ZipFile(sold.release.archive) as archive:
        archive.extractall(tmp_path / "out")
    (top,) = (tmp_path / "out").iterdir()
    return top


def errors(path: Path, sold: Sold) -> str:
    found = verify(path, key=sold.signer.public, signed=True)
    return "\n".join(str(one) for one in found if one.severity == "error")


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8", newline="")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def forge(bag: Path) -> None:
    """Make manifests fit what was changed, as a forger would who has no key."""
    for name in ("manifest-sha256.txt", TAGS):
        rows = [row.split("  ", 1) for row in (bag / name).read_text("utf-8").splitlines()]
        fitting = (f"{digest(bag / path)}  {path}\n" for _, path in rows)
        (bag / name).write_bytes("".join(fitting).encode())


def flip_and_forge(bag: Path) -> None:
    flip(bag / WALDEN)
    forge(bag)


def link(bag: Path) -> None:
    (bag / WALDEN).unlink()
    (bag / WALDEN).symlink_to("/etc/hostname")


def resign(bag: Path) -> None:
    other = create(bag.parent.parent / "other keys")
    seal = bag / f"{TAGS}.minisig"
    seal.write_bytes(other.sign((bag / TAGS).read_bytes(), "woods 1.0.0"))


# What is done to the unpacked folder, and every sentence that has to be said about it.
WAYS: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "a byte flipped": (lambda bag: flip(bag / WALDEN), (f"{WALDEN}: has changed",)),
    "a file missing": (lambda bag: (bag / WALDEN).unlink(), (f"{WALDEN}: is missing",)),
    "an extra file": (
        lambda bag: (bag / "data/extra.txt").write_text("x"),
        ("data/extra.txt: is not in manifest-sha256.txt", "Payload-Oxum says"),
    ),
    "a manifest edited": (
        lambda bag: edit(bag / "manifest-sha256.txt", WALDEN, "data/01-Guides/other.txt"),
        (
            "manifest-sha256.txt: has changed", f"{WALDEN}: is not in manifest-sha256.txt",
            "data/01-Guides/other.txt: is missing",
        ),
    ),
    "a name that leads out": (
        lambda bag: edit(bag / "manifest-sha256.txt", WALDEN, "data/../../../walden.txt"),
        ("manifest-sha256.txt:1: names no file of the bag", "manifest-sha256.txt: has changed"),
    ),
    "an absolute path": (
        lambda bag: edit(bag / TAGS, "LICENSE.md", "/etc/passwd"),
        ("names no file of the bag", f"{TAGS}.minisig: does not vouch for"),
    ),
    "a tag manifest edited": (
        lambda bag: edit(bag / TAGS, "CHANGELOG.md", "CHANGELOG.txt"),
        ("CHANGELOG.txt: is missing", f"{TAGS}.minisig: does not vouch for"),
    ),
    "a signature of another key": (resign, (f"{TAGS}.minisig: does not vouch for {TAGS}",)),
    "a signature that is none": (
        lambda bag: (bag / f"{TAGS}.minisig").write_text("untrusted comment: x\nAAAA\n"),
        (f"{TAGS}.minisig: does not vouch for",),
    ),
    "a signature missing": (
        lambda bag: (bag / f"{TAGS}.minisig").unlink(), (f"{TAGS}.minisig: is missing",),
    ),
    "all forged but the signature": (
        flip_and_forge, (f"{TAGS}.minisig: does not vouch for",),
    ),
    "sizes wrong": (
        lambda bag: edit(bag / "bag-info.txt", "Payload-Oxum: ", "Payload-Oxum: 1"),
        ("bag-info.txt: has changed", "bag-info.txt: Payload-Oxum says 1"),
    ),
    "the declaration wrong": (
        lambda bag: edit(bag / "bagit.txt", "Version: 1.0", "Version: one"),
        ("bagit.txt: is not the two lines", "bagit.txt: has changed"),
    ),
    "the encoding unknown": (
        lambda bag: edit(bag / "bagit.txt", "UTF-8", "UTF-9"),
        ("bagit.txt: declares the unknown encoding 'UTF-9'", "bagit.txt: has changed"),
    ),
    "the declaration missing": (
        lambda bag: (bag / "bagit.txt").rename(bag / "bagit.bak"), ("bagit.txt: is missing",),
    ),
    "a page changed": (
        lambda bag: edit(bag / "START-HERE.html", "</body>", "<script></script></body>"),
        ("START-HERE.html: has changed",),
    ),
    "a row twice": (
        lambda bag: (bag / "manifest-sha256.txt").write_bytes(
            2 * (bag / "manifest-sha256.txt").read_bytes()
        ),
        ("stands there twice", "manifest-sha256.txt: has changed"),
    ),
    "a link": (
        link,
        (f"{WALDEN}: is a link",),
    ),
    "all manifests missing": (
        lambda bag: (bag / "manifest-sha256.txt").unlink(),
        ("there is no payload manifest", "manifest-sha256.txt: is missing"),
    ),
}  # fmt: skip
APART = {  # ways that take from each other what they work on
    "a signature of another key", "a signature that is none", "a signature missing",
    "all forged but the signature", "the declaration missing", "all manifests missing",
    "a manifest edited", "a name that leads out", "a row twice", "a file missing", "a link",
    "a byte flipped",
}  # fmt: skip


def test_nothing_is_wrong_with_what_was_sold(sold: Sold, bag: Path) -> None:
    for path in (sold.release.folder, sold.release.archive, bag):
        assert verify(path, key=sold.signer.public, signed=True) == []
        unchecked = verify(path)
        assert {one.severity for one in unchecked} == {"warning"}
        assert {one.what for one in unchecked} == {"was not checked against a known key"}


@pytest.mark.parametrize("way", WAYS)
def test_a_broken_folder_is_refused_with_all_its_problems(sold: Sold, bag: Path, way: str) -> None:
    breaks, expected = WAYS[way]
    breaks(bag)
    found = errors(bag, sold)
    assert all(one in found for one in expected), found


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pair
        for pair in itertools.combinations(sorted(WAYS), 2)
        if pair[0] not in APART and pair[1] not in APART
    ]
    + [
        ("a byte flipped", "a signature of another key"),
        ("a byte flipped", "an extra file"),
        ("a file missing", "a page changed"),
        ("a manifest edited", "sizes wrong"),
        ("a name that leads out", "the encoding unknown"),
        ("all manifests missing", "a signature missing"),
    ],
)
def test_two_faults_at_once_are_both_named(sold: Sold, bag: Path, one: str, other: str) -> None:
    WAYS[one][0](bag)
    WAYS[other][0](bag)
    found = errors(bag, sold)
    assert all(told in found for told in WAYS[one][1] + WAYS[other][1]), found


# In the archive itself


def entry(path: Path, name: str) -> zipfile.ZipInfo:
    with zipfile.ZipFile(path) as archive:
        return next(one for one in archive.infolist() if one.filename.endswith(name))


def at_central(data: bytes, name: str) -> int:
    """Where the directory of a zip speaks of ``name``."""
    return (
        data.rindex(name.encode())
        - len(data[: data.rindex(name.encode())].rpartition(b"PK\1\2")[2])
        - 4
    )


def patch(path: Path, at: int, form: str, *values: int) -> None:
    data = bytearray(path.read_bytes())
    struct.pack_into(form, data, at, *values)
    path.write_bytes(data)


def more(path: Path, name: str, mode: int = 0o644, data: bytes = b"x") -> None:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (stat.S_IFREG | mode) << 16 if mode < 0o10000 else mode << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(info, data)


def top(path: Path) -> str:
    return entry(path, "bagit.txt").filename.partition("/")[0]


def flip_stored(path: Path) -> None:
    one = entry(path, "noise.bin")
    assert one.compress_type == 0
    at = one.header_offset + 30 + len(one.filename.encode()) + 17
    patch(path, at, "<B", path.read_bytes()[at] ^ 1)


def wrong_crc(path: Path) -> None:
    """The bytes are right, and every unpacker says they are not."""
    data = path.read_bytes()
    patch(path, at_central(data, WALDEN) + 16, "<I", 0x12345678)


def two_names(path: Path) -> None:
    """What one program unpacks as an item, another unpacks as something else."""
    one = entry(path, "walden.txt")
    data = bytearray(path.read_bytes())
    at = one.header_offset + 30 + len(one.filename.encode()) - 10
    assert data[at : at + 10] == b"walden.txt"
    data[at : at + 10] = b"walden.exe"
    path.write_bytes(data)


def overlapping(path: Path) -> None:
    """Two entries of the directory share the same bytes."""
    data = path.read_bytes()
    one, other = entry(path, "walden.txt"), at_central(data, NUMBERS)
    patch(path, other + 42, "<I", one.header_offset)


IN_ZIPS: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "a byte flipped": (flip_stored, ("noise.bin: has changed", "its CRC-32 is not the one")),
    "a crc wrong": (wrong_crc, (f"{WALDEN}: cannot be unpacked everywhere: its CRC-32",)),
    "an entry twice": (lambda path: more(path, f"{top(path)}/{WALDEN}"), (f"{WALDEN}: is in the archive twice",)),
    "a name that leads out": (lambda path: more(path, "../evil.txt"), ("../evil.txt: its name leads out",)),
    "an absolute path": (lambda path: more(path, "/etc/evil"), ("/etc/evil: its name is not a safe path",)),
    "a drive": (lambda path: more(path, "C:evil"), ("C:evil: its name is not a safe path",)),
    "a link": (
        lambda path: more(path, f"{top(path)}/data/link", stat.S_IFLNK | 0o777, b"/etc/passwd"),
        ("is a link, not a file",),
    ),
    "a file beside the bag": (lambda path: more(path, "setup.exe"), ("setup.exe: is not in the folder",)),
    "an extra file": (
        lambda path: more(path, f"{top(path)}/data/extra.txt"),
        ("data/extra.txt: is not in manifest-sha256.txt", "Payload-Oxum says"),
    ),
    "two names for a file": (two_names, (f"{WALDEN}: has changed", "the archive also calls it")),
    "entries that overlap": (overlapping, ("shares bytes of the archive with", f"{NUMBERS}: has changed")),
}  # fmt: skip


@pytest.fixture
def zipped(sold: Sold, tmp_path: Path) -> Path:
    """The archive alone: nothing beside it says what it should be."""
    return Path(shutil.copy(sold.release.archive, tmp_path / "bundle.zip"))


@pytest.mark.parametrize("way", IN_ZIPS)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_broken_archive_is_refused_with_all_its_problems(
    sold: Sold, zipped: Path, way: str
) -> None:
    breaks, expected = IN_ZIPS[way]
    breaks(zipped)
    found = errors(zipped, sold)
    assert all(one in found for one in expected), found


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_archive_with_six_faults_names_them_all(sold: Sold, zipped: Path) -> None:
    six = (
        "a byte flipped",
        "a crc wrong",
        "an entry twice",
        "a link",
        "an absolute path",
        "an extra file",
    )
    for way in six[:2]:
        IN_ZIPS[way][0](zipped)
    for way in six[2:]:
        IN_ZIPS[way][0](zipped)
    found = errors(zipped, sold)
    assert all(told in found for way in six for told in IN_ZIPS[way][1]), found


def test_names_that_differ_in_case_alone_are_named(sold: Sold, zipped: Path) -> None:
    more(zipped, f"{top(zipped)}/data/01-Guides/WALDEN.txt")
    found = "\n".join(map(str, verify(zipped)))
    assert "has the name of data/01-Guides/WALDEN.txt but for case or form" in found
    assert "data/01-Guides/WALDEN.txt: is not in manifest-sha256.txt" in found


@pytest.mark.parametrize("kept", [0.2, 0.9, 0.999])
def test_a_truncated_archive(sold: Sold, tmp_path: Path, kept: float) -> None:
    folder = Path(shutil.copytree(sold.release.folder, tmp_path / "1.0.0"))
    path = folder / sold.release.archive.name
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(CurateError, match="cannot be read as a zip"):
        verify(path)
    found = errors(folder, sold)
    assert "release.json says" in found
    assert "is not the one in" in found
    assert "cannot be read as a zip" in found
    assert f"{path.name}.minisig: does not vouch for {path.name}" in found


def test_the_signature_beside_an_archive(sold: Sold, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(sold.release.folder, tmp_path / "1.0.0"))
    other = create(tmp_path / "other")
    seal = folder / f"{sold.release.archive.name}.minisig"
    with sold.release.archive.open("rb") as whole:
        seal.write_bytes(other.sign_stream(whole, "x"))
    assert f"{seal.name}: does not vouch for" in errors(folder, sold)
    # By the key of whoever signed it so, everything inside is by somebody else.
    found = verify(folder, key=other.public)
    assert [Path(one.where).name for one in found] == [f"{TAGS}.minisig"]


def test_a_record_that_lists_something_else(sold: Sold, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(sold.release.folder, tmp_path / "1.0.0"))
    record = json.loads((folder / "release.json").read_text("utf-8"))
    record["items"][0]["sha256"] = "0" * 64
    (folder / "release.json").write_text(json.dumps(record), "utf-8")
    assert "is not in the archive as release.json lists it" in errors(folder, sold)


# The command


def test_the_command_knows_the_key_of_the_workspace_and_takes_others(
    sold: Sold, tmp_path: Path
) -> None:
    run = CliRunner()
    path = str(sold.release.folder)
    assert run.invoke(main, ["verify", path]).exit_code == 0
    key = tmp_path / "seller.pub"
    key.write_text(f"untrusted comment: a key\n{sold.signer.public}\n")
    for given in (sold.signer.public, str(key)):
        done = run.invoke(main, ["verify", path, "--key", given])
        assert (done.exit_code, done.output) == (0, f"{path} is whole\n")
    foreign = create(tmp_path / "foreign").public
    done = run.invoke(main, ["verify", path, "--key", foreign])
    assert done.exit_code == 1
    assert "does not vouch for" in done.output
    assert "was not checked" in run.invoke(main, ["verify", path]).output
    # Inside a workspace its own key is the one to check by.
    (tmp_path / "own" / "build").mkdir(parents=True)
    (tmp_path / "own" / "curate.toml").write_text("")
    shutil.copytree(sold.release.folder, tmp_path / "own" / "build" / "1.0.0")
    (tmp_path / "own" / "keys").mkdir()
    shutil.copy(key, tmp_path / "own" / "keys" / "seller.pub")
    inside = str(tmp_path / "own" / "build" / "1.0.0")
    assert run.invoke(main, ["verify", inside]).output == f"{inside} is whole\n"


def test_a_key_that_is_none(sold: Sold) -> None:
    done = CliRunner().invoke(main, ["verify", str(sold.release.folder), "--key", "RWnonsense"])
    assert done.exit_code != 0
    assert "neither a public key of minisign nor a file" in done.output


@pytest.mark.parametrize("name", ["{top}/data/._evil.exe", "__MACOSX/evil.exe"])
def test_no_litter_hides_in_an_archive_that_is_signed(
    sold: Sold, tmp_path: Path, name: str
) -> None:
    path = Path(shutil.copy(sold.release.archive, tmp_path))
    with zipfile.ZipFile(path, "a") as archive:
        top = archive.namelist()[0].partition("/")[0]
        archive.writestr(name.format(top=top), b"x")
    assert Path(name).name in errors(path, sold)

"""An update pack comes from anywhere: what is wrong with one is said, and nothing is touched."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curate import signing
from curate.bundle.updates import applying
from curate.bundle.updates.parcel import Parcel, is_safe
from curate.errors import CurateError
from tests.test_update import NEW, OLD, Pair, files, made

Change = Callable[[dict[str, Any], dict[str, bytes]], None]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return made(tmp_path_factory.mktemp("pair"), OLD, NEW)


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    folder = tmp_path_factory.mktemp("signed")
    return made(folder, OLD, NEW, signing.create(folder / "keys"))


def forged(pack: Path, folder: Path, change: Change) -> Path:
    """A copy of ``pack`` after ``change`` of its update.json and its entries."""
    with zipfile.ZipFile(pack) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    told = json.loads(entries.pop("update.json"))
    change(told, entries)
    path = folder / pack.name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("update.json", json.dumps(told))
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def top(told: dict[str, Any]) -> str:
    return str(told["to"]["top"])


def smuggled(path: str) -> Change:
    def change(told: dict[str, Any], entries: dict[str, bytes]) -> None:
        told["files"].append({"path": path, "sha256": "0" * 64, "size": 4})
        entries[f"{top(told)}/{path}"] = b"evil"

    return change


def unlisted(told: dict[str, Any], entries: dict[str, bytes]) -> None:
    entries["../evil"] = b"evil"


def shorter(told: dict[str, Any], entries: dict[str, bytes]) -> None:
    told["files"][0]["size"] -= 1


def bytes_changed(told: dict[str, Any], entries: dict[str, bytes]) -> None:
    name = f"{top(told)}/{told['files'][0]['path']}"
    entries[name] = bytes(len(entries[name]))


def bomb(told: dict[str, Any], entries: dict[str, bytes]) -> None:
    name = f"{top(told)}/{told['files'][0]['path']}"
    told["files"][0]["size"] = 30 << 20
    entries[name] = bytes(30 << 20)


def absent(told: dict[str, Any], entries: dict[str, bytes]) -> None:
    del entries[f"{top(told)}/{told['files'][0]['path']}"]


def twice(told: dict[str, Any], entries: dict[str, bytes]) -> None:
    told["files"].append(told["files"][0])


def takes_mine(told: dict[str, Any], entries: dict[str, bytes]) -> None:
    told["removals"].append("notes.txt")


def moves_out(told: dict[str, Any], entries: dict[str, bytes]) -> None:
    told["moves"].append({"before": "bagit.txt", "now": "../../bagit.txt"})


def moves_onto(told: dict[str, Any], entries: dict[str, bytes]) -> None:
    told["moves"].append({"before": "bagit.txt", "now": "data/01-Guides/第3课.bin"})


def top_outside(told: dict[str, Any], entries: dict[str, bytes]) -> None:
    told["to"]["top"] = "../elsewhere"


def newer(told: dict[str, Any], entries: dict[str, bytes]) -> None:
    told["format"] = 99


def no_table(told: dict[str, Any], entries: dict[str, bytes]) -> None:
    told["files"] = "all"


PATHS = (
    "../evil", "/evil", "data/../../evil", "C:/evil", "C:evil", "data\\..\\evil", "data//evil",
    "./evil", "data/.. /evil", "data/evil.", "data/CON", "nul.txt", "data/a\0b", "data/a:b",
    ".curate-update/journal.json", "data/\u202egpj.exe", "data/evil\n", "",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_no_path_leads_out(path: str, pair: Pair, tmp_path: Path) -> None:
    refused(pair, tmp_path, smuggled(path), "unsafe path|holds|lists")
    assert not is_safe(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (unlisted, "does not list"),
        (shorter, "has not the size"),
        (bytes_changed, "is damaged"),
        (bomb, "far too much"),
        (absent, "does not hold it"),
        (twice, "names a file twice"),
        (takes_mine, "no part of the old version"),
        (moves_out, "unsafe path"),
        (moves_onto, "onto"),
        (top_outside, "unsafe folder"),
        (newer, "format 99"),
        (no_table, "is damaged"),
    ],
)
def test_a_forged_pack_is_refused(change: Change, said: str, pair: Pair, tmp_path: Path) -> None:
    refused(pair, tmp_path, change, said)


def refused(pair: Pair, tmp_path: Path, change: Change, said: str) -> None:
    folder = pair.copied(tmp_path / "buyer")
    (folder / "notes.txt").write_text("mine")
    before = files(tmp_path / "buyer")
    with pytest.raises(CurateError, match=said):
        applying.update(folder, forged(pair.pack, tmp_path, change), force=True)
    assert files(tmp_path / "buyer") == before


def test_the_same_name_twice_and_links(pair: Pair, tmp_path: Path) -> None:
    pack = forged(pair.pack, tmp_path, lambda told, entries: None)
    with zipfile.ZipFile(pack, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("update.json", "{}")
    with pytest.raises(CurateError, match="same name twice"):
        Parcel(pack)
    with zipfile.ZipFile(pack, "w") as archive:
        link = zipfile.ZipInfo("REMOVED.txt")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        with zipfile.ZipFile(pair.pack) as real:
            archive.writestr("update.json", real.read("update.json"))
    with pytest.raises(CurateError, match="is a link"):
        Parcel(pack)


def test_something_else_is_told_for_what_it_is(pair: Pair, tmp_path: Path) -> None:
    archive = next(pair.home.glob("1.0.0/*.zip"))
    with pytest.raises(CurateError, match="is no update pack"):
        Parcel(archive)
    cut = tmp_path / "cut.zip"
    cut.write_bytes(pair.pack.read_bytes()[:-500])
    with pytest.raises(CurateError, match="cannot be read as a zip"):
        Parcel(cut)
    copy = Path(shutil.copy(pair.pack, tmp_path))
    (tmp_path / f"{copy.name}.sha256").write_text(f"{'0' * 64}  {copy.name}\n")
    with pytest.raises(CurateError, match="SHA-256"):
        Parcel(copy)
    with pytest.raises(CurateError, match="does not exist"):
        Parcel(tmp_path / "nothing.zip")


# Signatures


def test_the_key_in_the_old_folder_has_to_vouch_for_the_pack(
    signed: Pair, pair: Pair, tmp_path: Path
) -> None:
    folder = signed.copied(tmp_path)
    assert applying.update(folder, signed.pack).signed  # by the .minisig beside it
    folder = signed.copied(tmp_path)
    alone = Path(shutil.copy(signed.pack, tmp_path))
    shutil.rmtree(tmp_path / signed.new.name)
    assert applying.update(folder, alone).signed  # by the new version's own


def test_what_no_key_or_another_one_vouches_for_is_refused(
    signed: Pair, pair: Pair, tmp_path: Path
) -> None:
    other = signing.create(tmp_path / "keys").public
    for public, pack in (
        (other, signed.pack),
        (other, shutil.copy(signed.pack, tmp_path)),
        (other, pair.pack),
        ("no key", signed.pack),
    ):
        folder = (pair if pack == pair.pack else signed).copied(tmp_path / "buyer")
        with pytest.raises(CurateError, match=r"does not vouch|is not signed"):
            applying.update(folder, Path(pack), public)
        shutil.rmtree(folder)


def test_a_changed_pack_is_not_what_was_signed(signed: Pair, tmp_path: Path) -> None:
    def harmless(told: dict[str, Any], entries: dict[str, bytes]) -> None:
        told["title"] = "Other"

    folder = signed.copied(tmp_path / "buyer")
    pack = forged(signed.pack, tmp_path, harmless)
    shutil.copy(signed.pack.with_name(f"{signed.pack.name}.minisig"), tmp_path)
    with pytest.raises(CurateError, match="does not vouch"):
        applying.update(folder, pack)

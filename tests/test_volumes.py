"""A bundle larger than its archives may be: parts that each stand alone, cut where a category ends."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from curate.bundle import Release, history, layout, package, verify, volumes
from curate.collection import Category, Collection, Packing
from curate.errors import CurateError
from curate.messages import speaker
from curate.model import Item
from curate.signing import check, create
from tests.test_bundle import item, request

MIB = 1 << 20
PARTED = (
    Category("books", "书籍"),
    Category("short", "Short", parent="books"),
    Category("films", "Films"),
    Category("notes", "Notes"),
)


def noise(name: str, size: int, category: str) -> Item:
    """Bytes that cannot be packed."""
    data = hashlib.shake_128(name.encode()).digest(size)
    return item(name, data, category=category, kind="other", format="bin")


MANY = (
    *(noise(f"book {n}.bin", 300_000, "books") for n in range(3)),
    *(noise(f"short {n}.bin", 150_000, "short") for n in range(3)),
    noise("a film.bin", 3 * MIB, "films"),
    *(item(f"note {n}.txt", f"note {n} " * 60_000, category="notes") for n in range(12)),
)


def parted(folder: Path, items: Sequence[Item] = MANY, most: int = 2, **more: Any) -> Release:
    """A release whose archives may have ``most`` MiB."""
    asked = request(
        folder / "woods", items, categories=PARTED, bundle=Packing(most, pdf=False), **more
    )
    return package(asked, folder / "build")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return parted(tmp_path_factory.mktemp("parts"))


def payload(path: Path) -> set[str]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = (name.partition("/data/")[2] for name in archive.namelist())
        return {name for name in names if name and name != layout.METADATA}


def test_parts_are_cut_where_a_category_ends(whole: Release) -> None:
    assert [one.path.name for one in whole.archives] == [
        f"woods-1.0.0-part{n}of3.zip" for n in (1, 2, 3)
    ]
    held = [
        sorted({name.split("-")[1].split("/")[0] for name in payload(one.path)})
        for one in whole.archives
    ]
    assert held == [["书籍"], ["Films"], ["Notes"]]
    first, film, notes = (one.size for one in whole.archives)
    assert max(first, notes) <= 2 * MIB < film  # one file is larger than a part may be
    # What can be packed counts as packed: 6.5 MB of notes need no second part.
    assert sum(one.size for one in MANY if one.category == "notes") > 3 * MIB


def test_every_part_is_a_bundle_of_its_own(whole: Release) -> None:
    assert verify(whole.folder) == []
    tops = set()
    for number, one in enumerate(whole.archives, 1):
        assert verify(one.path) == []
        assert one.sha256 == hashlib.sha256(one.path.read_bytes()).hexdigest()
        assert one.path.with_name(f"{one.path.name}.sha256").read_text().startswith(one.sha256)
        tops.add(one.top)
        with zipfile.ZipFile(one.path) as archive:
            names = archive.namelist()
            assert {name.partition("/")[0] for name in names} == {one.top}
            info = archive.read(f"{one.top}/bag-info.txt").decode()
            start = archive.read(f"{one.top}/START-HERE.html").decode()
            rights = json.loads(archive.read(f"{one.top}/rights.json"))
            crate = json.loads(archive.read(f"{one.top}/data/{layout.METADATA}"))
        assert f"Bag-Group-Identifier: woods-1.0.0\nBag-Count: {number} of 3\n" in info
        others = [other.path.name for other in whole.archives if other is not one]
        assert all(name in start for name in others)
        files = payload(one.path)
        assert {entry["path"] for entry in rights["items"]} == {f"data/{name}" for name in files}
        described = {entity["@id"] for entity in crate["@graph"] if entity["@type"] == "File"}
        assert len(described) == len(files)
    assert tops == {f"Woods & numbers-1.0.0-{n}of3" for n in (1, 2, 3)}


def test_the_release_tells_of_all_parts(whole: Release) -> None:
    record = history.read(whole.folder)
    assert [one.file for one in record.archives] == [one.path.name for one in whole.archives]
    assert [one.size for one in record.archives] == [one.size for one in whole.archives]
    assert len(record.items) == len(MANY)
    assert set().union(*(payload(one.path) for one in whole.archives)) == {
        one.path for one in record.items
    }
    told = json.loads((whole.folder / "rights.json").read_text("utf-8"))
    assert len(told["items"]) == len(MANY)
    assert sorted(path.name for path in whole.folder.iterdir() if path.name.startswith(".")) == []


def test_the_same_content_gives_the_same_parts_and_the_same_release(
    whole: Release, tmp_path: Path
) -> None:
    again = parted(tmp_path, MANY[::-1])
    assert [one.sha256 for one in again.archives] == [one.sha256 for one in whole.archives]
    once_more = parted(tmp_path, MANY)
    assert once_more.unchanged
    assert once_more.archives == again.archives


def test_a_missing_or_damaged_part_is_named(whole: Release, tmp_path: Path) -> None:
    import shutil

    folder = Path(shutil.copytree(whole.folder, tmp_path / "1.0.0"))
    (folder / whole.archives[0].path.name).unlink()
    second = folder / whole.archives[1].path.name
    data = bytearray(second.read_bytes())
    data[len(data) // 2] ^= 1
    second.write_bytes(data)
    found = "\n".join(str(one) for one in verify(folder) if one.severity == "error")
    assert f"{whole.archives[0].path.name}: is missing" in found
    assert "a film.bin: " in found
    assert second.name in found


def test_every_part_is_signed(tmp_path: Path) -> None:
    asked = request(tmp_path / "woods", MANY, categories=PARTED, bundle=Packing(2, pdf=False))
    signer = create(tmp_path / "keys")
    import dataclasses

    made = package(dataclasses.replace(asked, signer=signer), tmp_path / "build")
    assert len(made.archives) == 3
    for one in made.archives:
        signature = one.path.with_name(f"{one.path.name}.minisig").read_bytes()
        with one.path.open("rb") as file:
            assert check(file, signature, signer.public) == ""
    assert verify(made.folder, key=signer.public) == []


def test_one_archive_is_enough_where_what_is_packed_fits(tmp_path: Path) -> None:
    notes = [one for one in MANY if one.category == "notes"]
    made = parted(tmp_path, notes)
    (one,) = made.archives
    assert one.path.name == "woods-1.0.0.zip"
    assert one.top == "Woods & numbers-1.0.0"
    assert sum(note.size for note in notes) > 2 * MIB > one.size
    # It is the same archive that would have been written at once.
    at_once = parted(tmp_path / "other", notes, most=100)
    assert at_once.sha256 == one.sha256


def test_a_limit_that_the_pages_alone_exceed(tmp_path: Path) -> None:
    long = [
        replace(
            noise(f"{n}.bin", 4000, "books"),
            description=hashlib.shake_128(f"{n}".encode()).hexdigest(2000),
        )
        for n in range(500)
    ]
    with pytest.raises(CurateError, match="volume_mb = 1 is too small") as caught:
        parted(tmp_path, long, most=1)
    assert "set it to" in caught.value.hint
    assert list((tmp_path / "build").rglob("*.zip")) == []


WEIGHTS = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from(["", "books", "short", "films", "notes"])),
    min_size=1,
    max_size=40,
)


@given(WEIGHTS, st.integers(10, 60))
def test_parts_hold_every_item_once_and_are_not_too_heavy(
    weights: list[tuple[int, str]], most: int
) -> None:
    collection = Collection("T", (), categories=PARTED)
    items = [item(f"{n}.txt", f"{n}", category=home) for n, (_, home) in enumerate(weights)]
    plan = layout.arrange(collection, items, {}, speaker("en"))
    weigh = {
        one.path: weights[int(one.path.rpartition("/")[2].split(".")[0])][0] for one in plan.placed
    }
    parts = list(volumes.cut(plan, weigh, most))
    placed = [one.path for part in parts for one in part.placed]
    assert sorted(placed) == sorted(one.path for one in plan.placed)
    for part in parts:
        assert sum(weigh[one.path] for one in part.placed) <= most or len(part.placed) == 1
        folders = {section.path for section, _ in part.sections}
        assert all(path.rpartition("/")[0] in folders for path in (one.path for one in part.placed))
    # A category is cut only where it is too large for one part.
    for top in {path.partition("/")[0] for path in weigh}:
        inside = [one for one in weigh if one.partition("/")[0] == top]
        holding = [part for part in parts if any(one.path in inside for one in part.placed)]
        assert len(holding) == 1 or sum(weigh[one] for one in inside) > most

"""What verify() finds: every way a bundle breaks, and nothing in one that is whole."""

from __future__ import annotations

import hashlib
import pickle
import random
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from curate.bundle import Release, verify
from curate.cli import main
from curate.collection import Packing
from curate.errors import CurateError, Problem
from curate.messages import Sentence, render, translated
from tests.material import material
from tests.test_bundle import release

WALDEN = "data/01-Guides/walden.txt"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return release(tmp_path_factory.mktemp("whole"))


@pytest.fixture
def made(whole: Release, tmp_path: Path) -> Path:
    """A release folder that a test may break."""
    return Path(shutil.copytree(whole.folder, tmp_path / "1.0.0"))


@pytest.fixture
def bag(whole: Release, tmp_path: Path) -> Path:
    """The bundle as a buyer unpacks it."""
    with zipfile.ZipFile(whole.archive) as archive:
        archive.extractall(tmp_path / "out")
    (top,) = (tmp_path / "out").iterdir()
    return top


def errors(path: Path) -> list[str]:
    return [str(one) for one in verify(path) if one.severity == "error"]


def rewritten(
    source: Path,
    target: Path,
    change: Callable[[str, bytes], bytes | None] = lambda path, data: data,
    extra: tuple[zipfile.ZipInfo, ...] = (),
) -> Path:
    """The zip written anew. ``change`` gets each path below the top folder; None leaves it out."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.infolist():
            data = change(entry.filename.partition("/")[2], old.read(entry))
            if data is not None:
                new.writestr(entry.filename, data)
        for info in extra:
            new.writestr(info, b"evil")
    return target


def zip_of(folder: Path) -> Path:
    (found,) = folder.glob("*.zip")
    return found


def top_of(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()[0].partition("/")[0]


def test_what_is_whole_has_no_problem(whole: Release, bag: Path) -> None:
    assert verify(whole.folder) == []
    assert verify(whole.archive) == []
    assert verify(bag) == []


def test_nothing_that_is_no_bundle_is_called_one(tmp_path: Path) -> None:
    (tmp_path / "no.zip").write_bytes(b"not a zip")
    for path in (tmp_path, tmp_path / "no.zip", tmp_path / "absent.zip"):
        with pytest.raises(CurateError) as caught:
            verify(path)
        assert str(path) in caught.value.message


# In an unpacked folder


def test_a_flipped_byte_in_a_folder(bag: Path) -> None:
    data = bytearray((bag / WALDEN).read_bytes())
    data[7] ^= 1
    (bag / WALDEN).write_bytes(data)
    (found,) = errors(bag)
    assert found.startswith(f"{WALDEN}: has changed")


def test_a_missing_file(bag: Path) -> None:
    (bag / WALDEN).unlink()
    assert any(one.startswith(f"{WALDEN}: is missing") for one in errors(bag))


def test_an_extra_payload_file(bag: Path) -> None:
    (bag / "data/extra.txt").write_text("x")
    assert any(one.startswith("data/extra.txt: is not in manifest") for one in errors(bag))


def test_a_renamed_file(bag: Path) -> None:
    (bag / WALDEN).rename(bag / "data/01-Guides/other.txt")
    found = "\n".join(errors(bag))
    assert f"{WALDEN}: is missing" in found
    assert "data/01-Guides/other.txt: is not in manifest" in found


def test_a_changed_page(bag: Path) -> None:
    with (bag / "START-HERE.html").open("a") as page:
        page.write("<!-- -->")
    (found,) = errors(bag)
    assert found.startswith("START-HERE.html: has changed")


def test_a_file_that_no_manifest_names_is_a_warning(bag: Path) -> None:
    (bag / "setup.exe").write_bytes(b"MZ")
    assert verify(bag) == [
        Problem("setup.exe", "is in no manifest", "it was added later", "warning")
    ]


def test_a_wrong_oxum(bag: Path) -> None:
    info = bag / "bag-info.txt"
    info.write_text(info.read_text("utf-8").replace("Payload-Oxum: ", "Payload-Oxum: 9"), "utf-8")
    tags = bag / "tagmanifest-sha256.txt"
    digest = hashlib.sha256(info.read_bytes()).hexdigest()
    rows = tags.read_text("utf-8").splitlines()
    tags.write_text(
        "".join(
            f"{digest}  bag-info.txt\n" if row.endswith("bag-info.txt") else f"{row}\n"
            for row in rows
        ),
        "utf-8",
    )
    (found,) = errors(bag)
    assert "Payload-Oxum says 9" in found


def test_a_link_in_a_folder(bag: Path, tmp_path: Path) -> None:
    (bag / WALDEN).rename(tmp_path / "elsewhere.txt")
    try:
        (bag / WALDEN).symlink_to(tmp_path / "elsewhere.txt")
    except OSError:
        pytest.skip("links need a privilege here")
    assert any(one.startswith(f"{WALDEN}: is a link") for one in errors(bag))


@pytest.mark.parametrize("name", [".DS_Store", "data/Thumbs.db", "data/01-Guides/desktop.ini"])
def test_what_file_managers_leave_counts_only_when_asked_for(bag: Path, name: str) -> None:
    (bag / name).write_bytes(b"x")
    assert verify(bag) == []
    found = verify(bag, strict=True)
    assert name in {one.where for one in found}
    assert any(one.severity == "error" for one in found) == name.startswith("data/")


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("bagit.txt", "BagIt-Version: 1.0\n", "not the two lines"),
        ("bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: klingon\n", "unknown enc"),
        ("bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: undefined\n", "unknown enc"),
        ("bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: \0\n", "unknown enc"),
        ("bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: idna\n", ""),
        ("manifest-sha256.txt", "00  data/../../x\n", "names no file of the bag"),
        ("manifest-sha256.txt", "zz\n", "names no file of the bag"),
        ("manifest-shake_128.txt", "00  data/x\n", "cannot be checked here"),
        ("manifest-md4.txt", "00  data/x\n", ""),
        ("manifest-none.txt", "00  data/x\n", "cannot be checked here"),
        ("fetch.txt", "http://x - data/not-here.txt\n", "has to be fetched from http://x"),
        ("fetch.txt", "http://x - ../evil\n", "is not URL, length and a path"),
        ("bag-info.txt", "no label\n", "no label"),
    ],
)  # fmt: skip
def test_hostile_tag_files_are_problems_not_crashes(
    bag: Path, name: str, content: str, expected: str
) -> None:
    (bag / name).write_text(content, "utf-8")
    assert any(expected in one for one in errors(bag))


# In a zip


def test_a_flipped_byte_in_a_zip(whole: Release, tmp_path: Path) -> None:
    def flip(path: str, data: bytes) -> bytes:
        return bytes([data[0] ^ 1]) + data[1:] if path == WALDEN else data

    (found,) = errors(rewritten(whole.archive, tmp_path / "x.zip", flip))
    assert found.startswith(f"{WALDEN}: has changed")


def test_a_file_missing_from_a_zip(whole: Release, tmp_path: Path) -> None:
    found = errors(
        rewritten(
            whole.archive, tmp_path / "x.zip", lambda path, data: None if path == WALDEN else data
        )
    )
    assert any(one.startswith(f"{WALDEN}: is missing") for one in found)


def test_a_truncated_zip(made: Path) -> None:
    path = zip_of(made)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CurateError, match="cannot be read as a zip"):
        verify(path)
    found = "\n".join(errors(made))
    assert "release.json says" in found
    assert "cannot be read as a zip" in found


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "{top}/../../evil",
        "/evil",
        "{top}/data\\evil",
        "C:evil",
        "C:/evil",
        "\\\\h\\evil",
    ],
)
def test_a_name_that_leads_out_of_a_zip(whole: Release, tmp_path: Path, name: str) -> None:
    name = name.format(top=top_of(whole.archive))
    path = rewritten(whole.archive, tmp_path / "x.zip", extra=(zipfile.ZipInfo(name),))
    found = [one for one in verify(path) if one.severity == "error"]
    assert [(one.where, one.hint) for one in found] == [(name, "do not unpack this archive")]


def test_a_link_in_a_zip(whole: Release, tmp_path: Path) -> None:
    link = zipfile.ZipInfo(f"{top_of(whole.archive)}/data/link")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    (found,) = errors(rewritten(whole.archive, tmp_path / "x.zip", extra=(link,)))
    assert "is a link" in found


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_entry_twice_in_a_zip(whole: Release, tmp_path: Path) -> None:
    twice = zipfile.ZipInfo(f"{top_of(whole.archive)}/{WALDEN}")
    (found,) = errors(rewritten(whole.archive, tmp_path / "x.zip", extra=(twice,)))
    assert found.startswith(f"{WALDEN}: is in the archive twice")


def test_names_that_some_systems_take_for_one_are_a_warning(whole: Release, tmp_path: Path) -> None:
    twin = zipfile.ZipInfo(f"{top_of(whole.archive)}/start-here.HTML")
    found = verify(rewritten(whole.archive, tmp_path / "x.zip", extra=(twin,)))
    assert {one.severity for one in found} == {"warning"}
    assert any("has the name of START-HERE.html" in one.what for one in found)


def test_a_bomb_in_a_zip(whole: Release, tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    shutil.copy(whole.archive, path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_BZIP2) as archive:
        archive.writestr(f"{top_of(path)}/data/bomb", bytes(2_000_000))
    (found,) = errors(path)
    assert "would unpack to far more" in found


def test_a_zip_broken_anywhere_is_reported_and_never_a_crash(
    whole: Release, tmp_path: Path
) -> None:
    data = whole.archive.read_bytes()
    path = tmp_path / "x.zip"
    chance = random.Random(1)
    ends = [*range(len(data) - 22, len(data)), *range(60)]
    for at in [*ends, *(chance.randrange(len(data)) for _ in range(150))]:
        broken = bytearray(data)
        broken[at] ^= 1 << chance.randrange(8)
        path.write_bytes(broken)
        try:
            verify(path)
        except CurateError as fault:
            assert str(path) in fault.message


# A release folder


def test_a_wrong_checksum_beside_the_archive(made: Path) -> None:
    path = zip_of(made)
    sidecar = path.with_name(f"{path.name}.sha256")
    sidecar.write_text(f"{'0' * 64}  {path.name}\n")
    for place in (made, path):
        (found,) = errors(place)
        assert "is not the one in" in found
    sidecar.write_text(f"{'0' * 64}  other.zip\n")
    assert any("does not name" in one for one in errors(made))
    sidecar.unlink()
    assert any("sha256: is missing" in one for one in errors(made))


def test_a_missing_archive(made: Path) -> None:
    zip_of(made).unlink()
    (found,) = errors(made)
    assert "is missing" in found


def test_an_archive_made_anew_is_not_the_released_one(made: Path, tmp_path: Path) -> None:
    path = zip_of(made)
    rewritten(path, tmp_path / "x.zip")
    shutil.move(tmp_path / "x.zip", path)
    assert any("release.json says" in one for one in errors(made))


def test_a_damaged_record(made: Path) -> None:
    (made / "release.json").write_text("{")
    with pytest.raises(CurateError, match=r"release\.json cannot be read"):
        verify(made)


# Bags of other programs


def test_valid_bags_of_other_programs_are_valid() -> None:
    bags = [path for path in material("bags").glob("*/valid/*") if path.is_dir()]
    assert bags
    assert {path.name: errors(path) for path in bags if errors(path)} == {}


def test_a_version_that_is_not_there_is_answered_by_those_that_are(tmp_path: Path) -> None:
    for version in ("1.0.0", "1.1.0", "1.10.0"):
        release(tmp_path, version=version, title=version, bundle=Packing(pdf=False))
    home = tmp_path / "build" / "woods"
    for wrong, said in ((home / "9.9.9", "does not exist"), (home, "holds neither")):
        done = CliRunner().invoke(main, ["verify", str(wrong)])
        told = " ".join(done.output.split())
        assert done.exit_code == 1
        assert said in told
        assert "give one of the releases of woods: 1.0.0, 1.1.0, 1.10.0" in told
    elsewhere = CliRunner().invoke(main, ["verify", str(tmp_path / "none.zip")])
    assert "give an archive" in elsewhere.output


def test_problems_are_told_in_the_language_of_the_workspace(bag: Path, tmp_path: Path) -> None:
    (bag / WALDEN).write_text("changed", "utf-8")
    (bag / "added.txt").write_text("new", "utf-8")
    (bag / "bag-info.txt").write_text("no label\n", "utf-8")

    def told(language: str, *options: str) -> str:
        root = tmp_path / language
        root.mkdir(exist_ok=True)
        (root / "curate.toml").write_text(f'language = "{language}"\n', "utf-8")
        asked = ["verify", str(bag), "--workspace", str(root), *options]
        return CliRunner().invoke(main, asked).output

    english = told("en")
    assert f"error: {WALDEN}: has changed: its sha256 is not the one in the manifest" in english
    assert "has a line that is no label and value: 'no label'" in english
    assert "1 warning" in english and "1 warnings" not in english
    chinese = told("zh")
    assert f"{WALDEN}: 已改变：它的 sha256 与清单中的不同 (请重新解压)" in chinese
    for word in ("error", "warning", "has ", "is ", "again", "added later"):
        assert word not in chinese, chinese
    assert told("zh", "--json") == told("en", "--json")


def test_every_problem_knows_its_template_also_from_another_process(bag: Path) -> None:
    (bag / WALDEN).write_text("changed", "utf-8")
    (bag / "bagit.txt").write_text("BagIt-Version: 7.0\n", "utf-8")
    (bag / "fetch.txt").write_text("x y ../z\nu v data/w\n", "utf-8")
    found = verify(bag)
    assert len(found) > 5
    for one in found:
        assert isinstance(one.what, Sentence), one
        same = pickle.loads(pickle.dumps(one.what))
        assert (same, same.message) == (one.what, one.what.message)
        assert render(one.what.message, "en") == one.what != translated(one.what, "zh")

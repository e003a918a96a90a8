"""The stages, joined: what runs again, what does not, and what becomes of everything."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

import pytest

from curate.api import Workspace
from curate.catalog import Catalog
from curate.errors import CurateError
from curate.model import Report

GUIDE = "# Backup guide\n\nKeep three copies of every photo, on two kinds of disk, one of them elsewhere.\n"
CHINESE = "# 备份指南\n\n重要的照片要保留三份副本，存放在两种介质上，其中一份放在异地。\n"

CONFIG = """title = "Guides"
keywords = ["backup", "备份"]
[rights]
own = "Ann Lee"
[[sources]]
type = "folder"
path = "material"
[[categories]]
name = "safety"
title = "Safety"
words = ["backup", "copies", "备份"]
[listing]
price = "9.90"
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = Workspace.init(tmp_path / "w")
    material = workspace.collections / "guides" / "material"
    material.mkdir(parents=True)
    workspace.collection_file("guides").write_text(CONFIG, encoding="utf-8")
    (material / "guide.md").write_text(GUIDE, encoding="utf-8")
    (material / "备份.md").write_text(CHINESE, encoding="utf-8")
    (material / "copy of guide.md").write_text(GUIDE, encoding="utf-8")
    (material / "poem.txt").write_text(
        "The rain is falling on the roof all night.", encoding="utf-8"
    )
    return workspace


def material(workspace: Workspace) -> Path:
    return workspace.collections / "guides" / "material"


def collected(workspace: Workspace) -> dict[str, int]:
    (report,) = workspace.collect("guides")
    return dict(report.counts)


def classified(workspace: Workspace) -> Report:
    (report,) = workspace.classify("guides")
    return report


def objects(workspace: Workspace) -> int:
    return len(list(workspace.objects.glob("??/*")))


def test_the_whole_way(workspace: Workspace, tmp_path: Path) -> None:
    counts = collected(workspace)
    assert (counts["taken"], counts["rejected"]) == (3, 1)
    assert objects(workspace) == 2, (
        "two of three taken files are the same bytes, the rejected one is not kept"
    )
    report = classified(workspace)
    assert report.counts["resources"] == 2 and report.counts["copies"] == 1
    assert report.counts["allow"] == 2
    packaged = workspace.package("guides")
    assert packaged.release.items == 2
    with zipfile.ZipFile(packaged.release.archive) as archive:
        names = archive.namelist()
        assert sum("/data/" in name and name.endswith(".md") for name in names) == 2
        assert any(name.endswith("备份.md") for name in names), "Chinese names stay Chinese"
    assert workspace.verify(packaged.release.folder) == []
    english, chinese = workspace.search("photos"), workspace.search("异地")
    assert [hit.title for hit in english.hits] == ["Backup guide"]
    assert [hit.title for hit in chinese.hits] == ["备份指南"]
    assert "«异地»" in chinese.hits[0].snippet


def test_a_second_run_reads_nothing(workspace: Workspace) -> None:
    collected(workspace)
    classified(workspace)
    first = workspace.package("guides").release
    counts = collected(workspace)
    assert counts.get("read", 0) == 0 and counts["unchanged"] == 4
    again = classified(workspace).counts
    assert (again["examined"], again["compared"], again["labelled"]) == (0, 0, 0)
    second = workspace.package("guides").release
    assert second.unchanged and second.version == first.version == "1.0.0"


def test_touching_one_file_does_one_file_again(workspace: Workspace) -> None:
    collected(workspace)
    classified(workspace)
    workspace.package("guides")
    os.utime(material(workspace) / "guide.md", (1, 1))
    assert collected(workspace)["read"] == 1
    assert classified(workspace).counts["examined"] == 0, "the bytes are the same: nothing to learn"
    (material(workspace) / "备份.md").write_text(
        CHINESE + "\n每月检查一次备份。\n", encoding="utf-8"
    )
    assert collected(workspace)["read"] == 1
    assert classified(workspace).counts["labelled"] >= 1
    release = workspace.package("guides").release
    assert (release.version, release.unchanged) == ("1.0.1", False)


def test_what_is_gone_leaves_the_bundle_but_not_the_store(workspace: Workspace) -> None:
    collected(workspace)
    classified(workspace)
    workspace.package("guides")
    (material(workspace) / "备份.md").unlink()
    counts = collected(workspace)
    assert (counts["left"], counts["gone"]) == (1, 1)
    classified(workspace)
    assert objects(workspace) == 2, "nothing that was taken is ever deleted"
    assert workspace.search("异地").total == 0
    release = workspace.package("guides").release
    assert (release.version, release.items) == ("2.0.0", 1)
    (material(workspace) / "备份.md").write_text(CHINESE, encoding="utf-8")
    collected(workspace)
    classified(workspace)
    assert workspace.search("异地").total == 1


def test_a_source_out_of_reach_takes_nothing_away(workspace: Workspace) -> None:
    collected(workspace)
    shutil.move(material(workspace), material(workspace).with_name("unmounted"))
    (report,) = workspace.collect("guides")
    assert "material" in report.failed[0][0]
    assert report.counts["taken"] == 3 and report.counts.get("gone", 0) == 0


def test_an_empty_folder_where_much_was_is_not_believed(workspace: Workspace) -> None:
    collected(workspace)
    for path in material(workspace).iterdir():
        path.unlink()
    (report,) = workspace.collect("guides")
    assert "mounted" in str(report.failed[0][1])
    assert report.counts["taken"] == 3


def test_other_keywords_are_judged_by_what_is_known(workspace: Workspace) -> None:
    collected(workspace)
    config = workspace.collection_file("guides")
    config.write_text(CONFIG.replace('"backup", ', '"rain", '), encoding="utf-8")
    counts = collected(workspace)
    assert (counts["taken"], counts["rejected"]) == (2, 2), "the poem and the Chinese guide"
    assert counts["read"] == 1, "only the poem's bytes were not kept"
    (explained,) = workspace.why("poem.txt")
    assert "rain" in str(explained.places[0].sighting.reason)


def test_nothing_is_left_without_a_reason(workspace: Workspace) -> None:
    (material(workspace) / "broken-backup.docx").write_bytes(b"PK\x03\x04 this is no document")
    collected(workspace)
    report = classified(workspace)
    assert [where for where, _ in report.failed] == ["broken-backup.docx"]
    packaged = workspace.package("guides")
    left = {where: str(reason) for where, reason in packaged.report.failed}
    assert "could not be read" in left["broken-backup.docx"]
    (poem,) = workspace.why("poem.txt")
    assert poem.places[0].sighting.state == "rejected" and poem.places[0].sighting.reason


def test_what_has_no_known_right_is_not_packaged(workspace: Workspace) -> None:
    found = material(workspace).with_name("found")
    found.mkdir()
    page = "<title>Backup poster</title><p>A poster about backup habits and disks for the wall of your office."
    (found / "silent.html").write_text(page, encoding="utf-8")
    for name, license in (("by", "by/4.0"), ("nc", "by-nc/4.0")):
        link = f'<a rel="license" href="https://creativecommons.org/licenses/{license}/">terms</a>'
        text = f"<title>{name} backup</title><p>{name * 3} how backup number {name} is done with {name} disks {link}"
        (found / f"{name}.html").write_text(text, encoding="utf-8")
    config = workspace.collection_file("guides")
    text = CONFIG.replace('[rights]\nown = "Ann Lee"\n', "").replace(
        'path = "material"', 'path = "material"\nrights = { own = "Ann Lee" }'
    )
    config.write_text(
        text.replace(
            "[[categories]]", '[[sources]]\ntype = "folder"\npath = "found"\n[[categories]]'
        ),
        encoding="utf-8",
    )
    collected(workspace)
    assert classified(workspace).counts["deny"] == 2
    packaged = workspace.package("guides")
    left = {where: str(reason) for where, reason in packaged.report.failed}
    assert "all rights are reserved" in left["silent.html"]
    assert "commercial" in left["nc.html"]
    with zipfile.ZipFile(packaged.release.archive) as archive:
        credits = next(
            archive.read(name).decode()
            for name in archive.namelist()
            if name.endswith("/ATTRIBUTION.md")
        )
        assert "CC BY 4.0" in credits
        assert not any("silent" in name or "nc backup" in name for name in archive.namelist())


def test_packaging_waits_for_classifying(workspace: Workspace) -> None:
    collected(workspace)
    with pytest.raises(CurateError) as caught:
        workspace.package("guides")
    assert "curate classify guides" in caught.value.hint


def test_a_lost_index_is_rebuilt(workspace: Workspace) -> None:
    collected(workspace)
    classified(workspace)
    shutil.rmtree(workspace.index)
    classified(workspace)
    assert workspace.search("photos").total == 1


def test_one_writer_at_a_time(workspace: Workspace) -> None:
    with workspace.writing(), pytest.raises(CurateError) as caught:
        workspace.collect("guides")
    assert "another curate command" in caught.value.message


def test_the_library_notices_damage(workspace: Workspace) -> None:
    from curate.store import Store

    collected(workspace)
    victim = next(workspace.objects.glob("??/*"))
    victim.chmod(0o644)
    victim.write_bytes(b"other")
    assert [problem.where for problem in Store(workspace.objects).verify()] == [str(victim)]
    classified(workspace)
    with pytest.raises(CurateError) as caught:
        workspace.package("guides")
    assert "damaged" in caught.value.message


def test_catalogue_of_a_newer_curate_is_left_alone(workspace: Workspace) -> None:
    import sqlite3

    collected(workspace)
    db = sqlite3.connect(workspace.catalog)
    db.execute("PRAGMA user_version = 999")
    db.close()
    with pytest.raises(CurateError) as caught:
        Catalog(workspace.catalog)
    assert "newer" in caught.value.message

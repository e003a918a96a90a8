"""What may not be sold any more leaves the house by no way: no export, no share, no update leads to it."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from curate.api import Workspace
from curate.cli import main
from curate.errors import CurateError, Exit
from curate.pipeline.decisions import Ask, decide
from curate.pipeline.export import How, export
from curate.pipeline.listing import kit
from curate.pipeline.publish import Wish, publish
from curate.pipeline.rulings import Which
from curate.pipeline.shared import Noted, check, record
from curate.pipeline.update import make
from curate.pipeline.versions import yank

GRANT = """kind = "purchase"
licensor = "Bo"
license = "Deal 7"
uses = ["bundle"]
evidence = ["invoice.txt"]
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Collection "notes" 1.0.0: two items of the seller's own, one by a grant."""
    made = Workspace.init(tmp_path / "w")
    home = made.collections / "notes"
    texts = {
        "own/one.md": "# Backups\n\nThree copies.",
        "own/other.md": "# Bread\n\nFlour, water and salt.",
        "deal/two.md": "# Ships\n\nA sail.",
    }
    for name, text in texts.items():
        path = home / "material" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (home / "collection.toml").write_text(
        'title = "Notes"\n[listing]\nprice = "9.00"\n'
        '[listing.wording.zh]\ntitle = "笔记"\ndescription = "整理好的笔记。"\n'
        '[[sources]]\ntype = "folder"\npath = "material"\nmatch = "all"\n'
        '[[sources.folders]]\npath = "own"\nrights = { own = "Ann" }\n'
        '[[sources.folders]]\npath = "deal"\nrights = { grant = "deal" }\n',
        encoding="utf-8",
    )
    (made.root / "grants").mkdir()
    (made.root / "grants" / "deal.toml").write_text(GRANT, encoding="utf-8")
    (made.root / "grants" / "invoice.txt").write_text("Invoice 7", encoding="utf-8")
    (tmp_path / "out").mkdir()
    with (made.root / "curate.toml").open("a") as file:
        file.write(f'\n[publish.disk]\ntype = "folder"\npath = "{tmp_path / "out"}"\n')
    made.collect("notes")
    made.classify("notes")
    assert made.package("notes").report.counts["items"] == 3
    return made


def wish(version: str = "", listing: bool = False) -> Wish:
    return Wish("notes", version, "disk", listing=listing)


def refused(workspace: Workspace, said: str) -> None:
    """By every way, and nothing of it is anywhere."""
    noted = Noted("https://pan.example/1")
    with pytest.raises(CurateError, match=said):
        export(workspace, "gumroad", ["notes"], How())
    with pytest.raises(CurateError, match=said):
        export(workspace, "shopify", ["notes@1.0.0"], How(force=True))
    with pytest.raises(CurateError, match=said):
        publish(workspace, wish("1.0.0"))
    with pytest.raises(CurateError, match=said):
        record(workspace, "notes", "1.0.0", noted)
    assert not (workspace.build / "export").exists()
    assert not list((workspace.root.parent / "out").iterdir())


def test_what_was_denied_since_is_neither_exported_nor_published(workspace: Workspace) -> None:
    decide(workspace, "notes", Which(items=("own/one.md",)), Ask("deny", "not mine", "Ann"))
    refused(workspace, r"(?s)notes 1\.0\.0 holds what may not be sold.*own.*not mine|one\.md")
    assert workspace.package("notes").release.version == "2.0.0"
    assert export(workspace, "gumroad", ["notes"], How()).offers[0].version == "2.0.0"
    assert publish(workspace, wish()).version == "2.0.0"


def test_what_is_shared_already_is_named(workspace: Workspace) -> None:
    publish(workspace, wish())
    (before,) = check(workspace, ["notes"])
    assert (before.state, before.against) == ("alive", ())
    decide(workspace, "notes", Which(items=("own/one.md",)), Ask("deny", "not mine", "Ann"))
    (after,) = check(workspace, ["notes"])
    assert after.state == "alive" and "not mine" in after.against[0]
    told = CliRunner().invoke(main, ["publish", "check", "--workspace", str(workspace.root)])
    assert told.exit_code == Exit.PROBLEMS and "curate yank notes 1.0.0" in told.stderr


def test_a_declaration_that_is_taken_back_counts_at_once(workspace: Workspace) -> None:
    path = workspace.collection_file("notes")
    path.write_text(path.read_text("utf-8").replace('{ own = "Ann" }', "{}"), encoding="utf-8")
    refused(workspace, "may not be sold any more")


def test_a_grant_that_has_ended_ends_the_sale(workspace: Workspace) -> None:
    path = workspace.root / "grants" / "deal.toml"
    path.write_text(f'{GRANT}end = "2020-01-31"\n', encoding="utf-8")
    refused(workspace, "by the grant deal")


def test_what_nothing_is_known_against_goes_on(workspace: Workspace) -> None:
    """Also when the sources have moved on, and without the catalogue."""
    (workspace.collections / "notes" / "material" / "own" / "one.md").unlink()
    workspace.collect("notes")
    assert publish(workspace, wish()).version == "1.0.0"
    for path in workspace.catalog.parent.glob(f"{workspace.catalog.name}*"):
        path.unlink()
    assert export(workspace, "gumroad", ["notes"], How()).offers[0].written


def test_no_other_zip_and_no_link_is_published(workspace: Workspace, tmp_path: Path) -> None:
    folder = workspace.build / "notes" / "1.0.0"
    stray = folder / "originals.zip"
    with zipfile.ZipFile(stray, "w") as archive:
        archive.writestr("secret.txt", "not for sale")
    with pytest.raises(CurateError, match=r"originals\.zip is no update pack of notes 1\.0\.0"):
        publish(workspace, wish())
    assert not list((tmp_path / "out").iterdir())
    stray.unlink()
    secret = tmp_path / "secret.txt"
    secret.write_text("mine")
    cover = folder / "listing" / "cover.jpg"
    cover.unlink()
    cover.symlink_to(secret)
    with pytest.raises(CurateError, match=r"cover\.jpg is a link"):
        publish(workspace, wish(listing=True))
    assert not list((tmp_path / "out").iterdir())


def test_a_real_kit_is_known_whole(workspace: Workspace) -> None:
    folder = workspace.build / "notes" / "1.0.0"
    found = kit(folder)
    assert {"product.json", "PICTURES.md", "cover.jpg", "description.zh.txt"} < set(found.files)
    assert found.others == ("sheet.json", "sheet.md")
    (folder / "listing" / "notes.txt").write_text("3.20", encoding="utf-8")
    assert publish(workspace, wish(listing=True)).others == ("notes.txt", *found.others)


def test_no_update_leads_to_what_is_off_sale(workspace: Workspace) -> None:
    material = workspace.collections / "notes" / "material" / "own"
    (material / "more.md").write_text("# More\n\nA third one.", encoding="utf-8")
    workspace.collect("notes")
    workspace.classify("notes")
    assert workspace.package("notes").release.version == "1.1.0"
    yank(workspace, "notes", "1.1.0", "Ann", "a fault")
    with pytest.raises(CurateError, match=r"notes 1\.1\.0 is off sale: a fault"):
        make(workspace, "notes", "1.0.0", "1.1.0")


def test_a_damaged_archive_is_not_put_up_for_upload(workspace: Workspace) -> None:
    archive = workspace.build / "notes" / "1.0.0" / "notes-1.0.0.zip"
    data = bytearray(archive.read_bytes())
    data[400] ^= 1
    archive.write_bytes(data)
    done = export(workspace, "gumroad", ["notes"], How())
    assert not done.files and "is not as it was released" in str(done.problems)


def test_a_record_of_another_version_passes_for_none(workspace: Workspace, tmp_path: Path) -> None:
    path = workspace.build / "notes" / "1.0.0" / "release.json"
    path.write_text(
        path.read_text("utf-8").replace('"version": "1.0.0"', '"version": "9.9.9"'), "utf-8"
    )
    refused(workspace, "tells of notes 9.9.9")

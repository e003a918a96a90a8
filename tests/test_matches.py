"""The catalogue's side of duplicates: bounded questions, little work for little change, older catalogues."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from curate.api import Workspace
from curate.catalog import Catalog, matches
from curate.errors import CurateError
from curate.indexes import Filters
from tests.test_dedupe_command import guide, left_out
from tests.test_dedupe_command import make as shop
from tests.test_merged import make, write


def test_a_key_that_stands_in_everything_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matches, "_HOLDERS", 50)
    with Catalog(tmp_path / "catalog.db") as catalog, catalog.transaction():
        ids = range(1, 301)
        catalog.db.executemany(
            "INSERT INTO resource VALUES (?, ?, 1, 1)", [(id_, id_.to_bytes(32)) for id_ in ids]
        )
        boilerplate = [(7, id_) for id_ in ids]
        own = [(1000 + id_ // 3, id_) for id_ in ids]
        catalog.db.executemany("INSERT INTO band VALUES (?, ?)", boilerplate + own)
        found = dict(catalog.sharing("band", [7, 1066], 256))
    near = {(198).to_bytes(32).hex(), (199).to_bytes(32).hex(), (200).to_bytes(32).hex()}
    assert near < found.keys(), "what shares a key of its own is found all the same"
    assert len(found) == 53


def test_a_double_that_comes_costs_no_more_than_itself(tmp_path: Path) -> None:
    workspace = make(tmp_path / "w", {f"{n}.txt": guide((n, f"Edition {n}.")) for n in range(6)})
    write(workspace, {})
    material = workspace.collections / "guides" / "material"
    (material / "last.txt").write_text(guide((7, "The last edition.")), encoding="utf-8")
    workspace.collect()
    (report,) = workspace.classify("guides")
    assert (report.counts["compared"], report.counts["labelled"]) == (1, 1)
    assert report.counts["duplicates"] == 6


def test_what_waits_to_be_compared_goes_into_no_bundle(tmp_path: Path) -> None:
    """As after a kill between reading something again and comparing it, maybe for another collection."""
    workspace = make(tmp_path / "w", {"a.txt": guide(), "b.md": guide() + "\n"})
    with Catalog(workspace.catalog) as catalog, catalog.transaction():
        catalog.db.execute("UPDATE print SET matched = 0")
        catalog.db.execute("DELETE FROM duplicate")
    with pytest.raises(CurateError, match="2 resources are not classified"):
        workspace.package("guides")
    workspace.classify()
    assert len(left_out(workspace)) == 1
    workspace.package("guides")


def test_labels_of_two_drawings_make_them_no_duplicates(tmp_path: Path) -> None:
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="100"><title>Sales by quarter</title>'
        '{}<text x="5" y="9">first quarter, second quarter</text></svg>'
    )
    files = {
        "bars.svg": drawing.format('<rect width="90" height="40"/>'),
        "cake.svg": drawing.format('<circle r="40"/>'),
    }
    workspace = make(tmp_path / "w", files)
    assert left_out(workspace) == set()


FORMER = """
DROP TABLE speaker; DROP TABLE piece; DROP INDEX print_sound; DROP INDEX print_film;
ALTER TABLE print DROP COLUMN pieces; ALTER TABLE print DROP COLUMN sound; ALTER TABLE print DROP COLUMN film;
ALTER TABLE duplicate DROP COLUMN part; ALTER TABLE member DROP COLUMN category;
ALTER TABLE member DROP COLUMN outcome;
UPDATE fact SET versions = 'extract=1 fingerprint=1 profile=1'; UPDATE member SET basis = 'former';
UPDATE mark SET value = 1 WHERE name = 'fingerprint';
DELETE FROM mark WHERE name LIKE 'spoken %' OR name LIKE 'likeness %' OR name LIKE 'labels %';
PRAGMA user_version = 3;
"""


def test_a_catalogue_of_the_former_schema_is_taken_over(tmp_path: Path) -> None:
    workspace: Workspace = shop(tmp_path / "w")

    def state() -> tuple[object, ...]:
        with Catalog(workspace.catalog, readonly=True) as catalog:
            tally, speakers = catalog.tally("guides"), catalog.speakers("guides").keys()
            pairs = [(one.a, one.b, one.kind, one.score) for one in catalog.duplicates()]
        hits = {hit.source for hit in workspace.search("sketch-small.jpg", Filters()).hits}
        return tally, speakers, pairs, hits, left_out(workspace)

    before = state()
    db = sqlite3.connect(workspace.catalog)
    db.executescript(FORMER)
    db.close()
    workspace.classify()
    assert state() == before
    (report,) = workspace.classify("guides")
    assert report.counts["labelled"] == report.counts["compared"] == 0

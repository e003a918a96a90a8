"""The listing kit on its way to a target: what product.json names goes along, and nothing else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import msgspec
import pytest

from curate.api import Workspace
from tests.drives import Disk
from tests.offers import product
from tests.test_publish import NAME, account, configure, curate, disk, lying, released, table

__all__ = ["account", "disk"]  # fixtures


def listed(workspace: Workspace, *images: str) -> Path:
    """The listing/ of "woods" 1.0.0, with a product.json that names ``images``."""
    kit = workspace.build / "woods" / "1.0.0" / "listing"
    kit.mkdir()
    (kit / "product.json").write_bytes(msgspec.json.encode(product("woods", images=images)))
    return kit


def test_the_listing_goes_along_where_it_is_wanted(disk: Disk, tmp_path: Path) -> None:
    workspace = configure(released(tmp_path), shop=table(disk))
    # WsgiDAV takes what follows # in a Destination for no part of it.
    name = f"图 {NAME}&+.jpg" if disk.kind == "webdav" else f"图 {NAME}#1?.jpg"
    (listed(workspace, name) / name).write_text("picture", encoding="utf-8")
    curate(workspace, "publish", "put", "woods@1.0.0", "--to", "shop", "--with-listing")
    found = lying(workspace, disk, "woods/1.0.0/listing")
    assert set(found) == {"product.json", name} and found[name] == b"picture"


def test_of_the_listing_nothing_goes_along_but_the_kit(tmp_path: Path) -> None:
    workspace = released(tmp_path)
    (tmp_path / "out").mkdir()
    configure(workspace, shop={"type": "folder", "path": str(tmp_path / "out")})
    kit = listed(workspace, "cover.jpg")
    ours = {"product.json", "cover.jpg", "PICTURES.md", "description.en.txt"}
    theirs = {".DS_Store", "notes.txt", "sheet.md", "drafts/cover.jpg"}
    (kit / "drafts").mkdir()
    for name in (ours | theirs) - {"product.json"}:
        (kit / name).write_text("what the supplier gets: 3.20", encoding="utf-8")
    (kit / "loose.txt").symlink_to(tmp_path / "w" / "curate.toml")
    put = ("publish", "woods", "--to", "shop", "--with-listing")
    told = curate(workspace, *put).output
    line = "not sent from listing/, since it is no part of the kit: "
    left = sorted((*theirs, "loose.txt"))
    assert f"{line}{', '.join(left)}" in told
    there = tmp_path / "out" / "woods" / "1.0.0"
    assert {path.name for path in (there / "listing").iterdir()} == ours
    assert not any(name in (there / "SHA256SUMS").read_text() for name in theirs)
    assert json.loads(curate(workspace, *put, "--json").output)["not_sent"] == left


@pytest.mark.parametrize("name", ["../release.json", "/etc/hostname", "none.jpg", "..", "a\\b", ""])
def test_a_kit_names_nothing_but_what_lies_beside_it(name: str, tmp_path: Path) -> None:
    workspace = released(tmp_path)
    (tmp_path / "out").mkdir()
    configure(workspace, shop={"type": "folder", "path": str(tmp_path / "out")})
    listed(workspace, name)
    told = curate(workspace, "publish", "woods", "--to", "shop", "--with-listing", code=1).output
    assert f"names {name!r}, which does not lie beside it" in told
    assert not list((tmp_path / "out").rglob("*.zip"))


def test_a_link_is_no_part_of_a_kit(tmp_path: Path) -> None:
    workspace = released(tmp_path)
    (tmp_path / "out").mkdir()
    configure(workspace, shop={"type": "folder", "path": str(tmp_path / "out")})
    kit = listed(workspace, "cover.jpg")
    (kit / "cover.jpg").symlink_to(workspace.root / "curate.toml")
    put = ("publish", "woods", "--to", "shop", "--with-listing")
    assert "cover.jpg is a link" in curate(workspace, *put, code=1).output
    shutil.rmtree(kit)
    assert "built without a listing kit" in curate(workspace, *put, code=1).output

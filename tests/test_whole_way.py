"""The whole way on files and pages that nobody of this project made, on a real server."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from curate.api import Workspace
from curate.catalog import Catalog
from tests.material import material
from tests.server import Server

CONFIG = """title = "混合资料"
language = "zh"
[[sources]]
type = "folder"
path = {documents}
match = "all"
rights = {{ own = "某人" }}
[[sources]]
type = "site"
sitemap = "https://hexo.io/sitemap.xml"
match = "all"
rights = {{ license = "CC-BY-4.0", creator = "hexo.io" }}
[[categories]]
name = "hexo"
title = "Hexo 文档"
words = ["hexo"]
[[categories]]
name = "science"
title = "科学"
words = ["attention", "training", "equation"]
[listing]
price = "19.90"
"""
HOSTS = 'language = "zh"\n[fetch]\ndelay = 0\nhosts = {{ "https://hexo.io" = "{url}" }}\n'


@pytest.mark.slow
def test_a_folder_and_a_site(tmp_path: Path) -> None:
    documents, site = material("documents"), material("site")
    with Server(site) as server:
        workspace = Workspace.init(tmp_path / "w")
        (workspace.root / "curate.toml").write_text(HOSTS.format(url=server.url), encoding="utf-8")
        workspace.collection_file("mix").parent.mkdir()
        config = CONFIG.format(documents=json.dumps(str(documents)))
        workspace.collection_file("mix").write_text(config, encoding="utf-8")
        (collected,) = workspace.collect("mix")
        (classified,) = workspace.classify("mix")
        packaged = workspace.package("mix")

        # Every file and page is accounted for: taken, or named with a reason.
        files = [path for path in documents.rglob("*") if path.is_file()]
        with Catalog(workspace.catalog) as catalog:
            sources = {
                place: catalog.count_states(number)
                for number, (_, place) in catalog.sources("mix").items()
            }
        folder = next(states for place, states in sources.items() if place == str(documents))
        assert sum(folder.values()) == len(files)
        unread = {where for where, _ in classified.failed}
        assert sum("password" in where for where in unread) == 2, "protected files are named"
        assert all(
            str(reason)
            for _, reason in (*collected.failed, *classified.failed, *packaged.report.failed)
        )

        # The figures add up.
        counts = Counter(classified.counts)
        assert (
            counts["places"] == collected.counts["taken"] == counts["resources"] + counts["copies"]
        )
        assert counts["resources"] == counts["allow"] + counts["ask"] + counts["deny"]
        failed_places = collected.counts["failed"]
        assert (
            packaged.report.counts["items"] + packaged.report.counts["omitted"]
            == counts["resources"] + failed_places
        )

        # What must not be sold is not: the book carries the Project Gutenberg licence.
        reasons = {where: str(reason) for where, reason in packaged.report.failed}
        assert "Gutenberg" in reasons["pride-and-prejudice/1342-0.txt"]

        # A buyer's tools agree.
        unpacked = tmp_path / "unpacked"
        with zipfile.ZipFile(packaged.release.archive) as archive:
            assert archive.testzip() is None
            assert not any(set('<>:"|?*\\') & set(name) for name in archive.namelist())
            archive.extractall(unpacked)
        (bag,) = unpacked.iterdir()
        checked = subprocess.run(
            [sys.executable, "-m", "bagit", "--validate", str(bag)], capture_output=True, text=True
        )
        assert checked.returncode == 0, checked.stderr
        assert workspace.verify(packaged.release.folder) == []

        # Nothing is done twice: pages are asked for conditionally, everything else is left alone.
        server.forget()
        (again,) = workspace.collect("mix")
        assert again.counts.get("read", 0) == 0
        assert server.count(status=304) >= 100 and server.count(status=200) <= 3, (
            "robots.txt and the sitemap"
        )
        (quiet,) = workspace.classify("mix")
        assert (quiet.counts["examined"], quiet.counts["compared"], quiet.counts["labelled"]) == (
            0,
            0,
            0,
        )
        assert workspace.package("mix").release.unchanged


@pytest.mark.slow
def test_planted_truth(tmp_path: Path) -> None:
    """Editions of one book and edits of one photo belong together; translations and other photos do not."""
    workspace = Workspace.init(tmp_path / "w")
    sources = ""
    for name in ("documents/pride-and-prejudice", "documents/art-of-command-line", "images/pdq"):
        sources += f'[[sources]]\ntype = "folder"\npath = {json.dumps(str(material(name)))}\nmatch = "all"\n'
    workspace.collection_file("truth").parent.mkdir()
    workspace.collection_file("truth").write_text(
        f'title = "t"\n[rights]\nown = "me"\n{sources}', encoding="utf-8"
    )
    workspace.collect("truth")
    workspace.classify("truth")
    with Catalog(workspace.catalog) as catalog:
        names = {one.sha256: one.source for one in catalog.members("truth")}
        pairs = {
            frozenset((names[one.a], names[one.b]))
            for one in catalog.duplicates()
            if one.score >= 0.85
        }
    editions = [
        "1342.txt",
        "1342-0.txt",
        "1342-h__1342-h.htm",
        "old__pandp10.txt",
        "old__pandp11.txt",
        "old__pandp12.txt",
    ]
    for one in editions[1:]:
        assert frozenset((editions[0], one)) in pairs, one
    photo = [
        f"bridge-mods/{name}.jpg"
        for name in (
            "aaa-orig",
            "blur-a-little",
            "high-saturation",
            "shrink-a-lot",
            "square-512x512",
        )
    ]
    for one in photo[1:]:
        assert frozenset((photo[0], one)) in pairs, one
    translations = {name for name in names.values() if name.startswith("README-")}
    assert len(translations) >= 16
    assert not any(pair <= translations for pair in pairs)
    subset = {name for name in names.values() if name.startswith("reg-test-input/labelme-subset")}
    assert not any(pair <= subset for pair in pairs)

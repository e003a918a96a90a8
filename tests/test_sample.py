"""The sample collection goes the whole way, and what was planted in it is found."""

from __future__ import annotations

import json
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from curate.api import Workspace
from curate.bundle import verify
from curate.catalog import Catalog
from curate.model import Report
from curate.pipeline.explain import Explanation
from curate.pipeline.package import Packaged

SAMPLE = Path(__file__).parents[1] / "collections" / "sample"


@dataclass(frozen=True, slots=True)
class Run:
    workspace: Workspace
    collected: Report
    classified: Report
    packaged: Packaged

    def why(self, path: str) -> Explanation:
        (found,) = self.workspace.why(path)
        return found

    def left_out(self, path: str) -> str:
        """Why it is not in the bundle; "" where it is."""
        against = self.why(path).memberships[0].against
        return str(against) if against else ""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    workspace = Workspace.init(tmp_path_factory.mktemp("sample"))
    shutil.copytree(SAMPLE, workspace.collections / "sample")
    (collected,) = workspace.collect("sample")
    (classified,) = workspace.classify("sample")
    return Run(workspace, collected, classified, workspace.package("sample"))


def held(run: Run) -> dict[str, str]:
    """Name of every file below data/ in the archive, with its folder."""
    with zipfile.ZipFile(run.packaged.release.archive) as archive:
        inside = [name.split("/", 1)[1] for name in archive.namelist()]
    items = [name.split("/") for name in inside if name.startswith("data/") and name.count("/") > 1]
    return {parts[-1]: parts[1] for parts in items}


def page(run: Run, name: str) -> str:
    with zipfile.ZipFile(run.packaged.release.archive) as archive:
        (entry,) = [one for one in archive.namelist() if one.split("/", 1)[1] == name]
        return archive.read(entry).decode()


def test_the_same_bytes_are_one_resource_seen_twice(run: Run) -> None:
    assert run.classified.counts["copies"] == 2
    for one, two in (
        ("handouts/backup-card.pdf", "downloads/backup-card (1).pdf"),
        ("资料整理/文件命名规范.md", "old/命名规范 副本.md"),
    ):
        found = run.why(one)
        assert run.why(two).sha256 == found.sha256
        assert {place.sighting.locator for place in found.places} == {one, two}
        assert run.left_out(one) == ""
    assert "backup-card (1).pdf" not in held(run)


def test_near_duplicates_are_found_and_the_better_copy_stays(run: Run) -> None:
    with Catalog(run.workspace.catalog) as catalog:
        pairs = {frozenset((one.a, one.b)): one.kind for one in catalog.duplicates()}
    planted = {
        ("guides/naming-files.md", "guides/naming-files.html"): "same-text",
        ("guides/backup-plan.md", "guides/backup-plan-second-edition.md"): "near-text",
        ("photo/web/mountain-lake-small.jpg", "photo/mountain-lake.png"): "near-image",
    }
    for (leaves, stays), kind in planted.items():
        assert pairs.pop(frozenset((run.why(leaves).sha256, run.why(stays).sha256))) == kind
        assert "which is kept" in run.left_out(leaves)
        assert run.left_out(stays) == ""
    assert pairs == {}
    assert "mountain-lake.png" in held(run)
    assert "mountain-lake-small.jpg" not in held(run)


def test_the_damaged_file_is_named_and_costs_only_itself(run: Run) -> None:
    ((where, reason),) = run.classified.failed
    assert where == "handouts/backup-log-damaged.docx"
    assert "damaged" in str(reason)
    assert "could not be read" in run.left_out(where)


def test_what_no_keyword_matches_is_not_taken(run: Run) -> None:
    assert (run.collected.counts["taken"], run.collected.counts["rejected"]) == (30, 1)
    (soup,) = run.why("recipes/tomato-soup.md").places
    assert (soup.sighting.state, str(soup.sighting.reason)) == (
        "rejected", "no keyword in its title, path, tags or text",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("poster-from-the-web.html", "nobody states any rights in it"),
        ("wallpaper-guide.html", "forbids commercial use"),
    ],
    ids=["no licence", "not for sale"],
)
def test_what_may_not_be_sold_stays_out(run: Run, name: str, reason: str) -> None:
    assert run.why(name).memberships[0].member.decision.outcome == "deny"
    assert reason in run.left_out(name)
    assert name not in held(run)
    left = (run.packaged.release.folder / "LEFT-OUT.md").read_text("utf-8")
    assert reason in left
    assert name in left.replace("\\", "")


def test_an_author_is_credited_with_the_licence(run: Run) -> None:
    decision = run.why("spreadsheet-habits.html").memberships[0].member.decision
    assert (decision.outcome, decision.license) == ("allow", "CC-BY-4.0")
    (line,) = [one for one in page(run, "ATTRIBUTION.md").splitlines() if "Spreadsheet" in one]
    assert "Tomasa Ferreira" in line
    assert "creativecommons.org/licenses/by/4.0/" in line
    assert "CC BY 4.0" in page(run, "LICENSES.md").replace("-", " ")


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("backup", "A backup plan for one person"),
        ("备份", "个人备份方案"),
        ("网盘", "GB18030"),
        ("模糊和重复", "GB18030"),
        ("九宫格", "摄影构图"),
    ],
)
def test_it_can_be_found_again(run: Run, query: str, title: str) -> None:
    assert title in " ".join(hit.title for hit in run.workspace.search(query).hits)


def test_the_figures_add_up(run: Run) -> None:
    collected, classified = run.collected.counts, run.classified.counts
    release, report = run.packaged.release, run.packaged.report
    files = [path for name in ("material", "found") for path in (SAMPLE / name).rglob("*")]
    seen = sum(path.is_file() for path in files)
    assert seen == collected["new"] == collected["taken"] + collected["rejected"]
    assert collected["taken"] == classified["places"]
    assert classified["places"] - classified["copies"] == classified["resources"]
    assert (
        sum(classified.get(one, 0) for one in ("allow", "ask", "deny")) == classified["resources"]
    )
    assert report.counts["items"] + report.counts["omitted"] == classified["resources"]
    assert report.counts["items"] == release.items == len(held(run))
    # Two that may not be sold, three near duplicates, one that is damaged.
    assert report.counts["omitted"] == 6
    (standing,) = run.workspace.status()
    assert sum(standing.categories.values()) == standing.resources == classified["resources"]
    facts = json.loads((release.folder / "listing" / "sheet.json").read_text("utf-8"))["facts"]
    assert facts["items"] == sum(one["items"] for one in facts["categories"]) == release.items
    assert facts["archive"] == release.archive.stat().st_size == release.size


def test_the_bundle_is_whole_and_made_once(run: Run) -> None:
    assert verify(run.packaged.release.folder) == []
    again = run.workspace.package("sample").release
    assert (again.unchanged, again.sha256) == (True, run.packaged.release.sha256)

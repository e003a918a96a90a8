"""Answers are tried before they hold: groups, filters, trials, grounds, and grants that end and are renewed."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from curate.api import Workspace
from curate.errors import Exit
from curate.model import Decision
from curate.pipeline.rulings import Ruling, Which, summary
from tests.test_rights_command import (
    GRANT,
    OUTCOMES,
    again,
    entries,
    journal,
    make,
    plain,
    run,
    sidecar,
    standing,
    workspace,
)

__all__ = ["plain", "workspace"]  # the fixtures

MORE = {
    "mine/old.md": "# My old songs\n",
    "mine/old.md.license": sidecar("CC-BY-NC-4.0"),
    "mine/new.md": "# My new songs\n",
    "mine/new.md.license": sidecar("GPL-3.0-only"),
    "mine/newer.md": "# My newer hymns\n",
    "mine/newer.md.license": sidecar("GPL-3.0-only"),
    "poem.md": "# A poem\n",
    "poem.md.license": "SPDX-FileCopyrightText: NONE\nSPDX-License-Identifier: CC-PDM-1.0\n",
}


@pytest.fixture(scope="module")
def doubted(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Own work that other places claim, and a poem in the public domain; for tests that change nothing."""
    return more(make(tmp_path_factory.mktemp("doubted") / "w"))


def more(workspace: Workspace) -> Workspace:
    for name, text in MORE.items():
        (workspace.collection_file("shop").parent / "material" / name).write_text(
            text, encoding="utf-8"
        )
    again(workspace)
    return workspace


def test_unlike_cases_are_groups_of_their_own(doubted: Workspace) -> None:
    told = json.loads(run(doubted, "shop", "--json").stdout)
    own = [one for one in told["groups"] if "declared own work" in " ".join(one["reasons"])]
    counts = {one["example"]: one["count"] for one in own if one["outcome"] == "ask"}
    assert counts == {"mine/new.md": 2, "mine/old.md": 1}
    shown = run(doubted, "shop").stdout
    assert "curate rights decide shop ITEM --own 'Ann Lee' --why '…' (or --as LICENSE)" in shown
    assert "curate rights decide shop ITEM --allow --grounds '…' --why '…'" in shown


def test_only_the_largest_groups_are_shown() -> None:
    def one(number: int) -> Ruling:
        decision = Decision("deny", f"LicenseRef-{number // 2}", rules=("x",))
        return Ruling(f"{number:064}", "", f"{number}.md", "", decision)

    told = summary([one(number) for number in range(81)])
    assert len(told.groups) == 41 and told.counts["deny"] == 81
    assert [group.count for group in told.largest(30)] == [2] * 30


def test_items_may_be_named_to_be_shown(doubted: Workspace) -> None:
    told = json.loads(run(doubted, "shop", "birds.md", "mine/guide.md", "--json").stdout)
    assert {one["place"] for one in told["items"]} == {"birds.md", "mine/guide.md"}
    shown = run(doubted, "shop", "typo.md", code=Exit.PROBLEMS).stderr
    assert "nothing in 'shop' that fits is called 'typo.md'" in shown


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--rule", "cc-nd"], "there is no rule 'cc-nd'"),
        (["--license", "CC BY 4.0"], "no SPDX id\nHint: write CC-BY-4.0"),
        (["--license", "Mine"], "'Mine' is no SPDX id"),
        (["--grant-held", "photo"], "there is no grant 'photo'\nHint: did you mean 'photos'?"),
        (["--category", "maps"], "there is no category 'maps'\nHint: categories of 'shop': it has none"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)  # fmt: skip
def test_a_filter_that_names_nothing_known_is_an_error(
    doubted: Workspace, words: list[str], told: str
) -> None:
    for command in (["show", "shop"], ["export", "shop"], ["decide", "shop", "--undo"]):
        assert told in run(doubted, *command, *words, code=Exit.PROBLEMS).stderr
    for known in (["--rule", "grant-stock"], ["--rule", "answer"], ["--license", "licenseref-x"]):
        assert json.loads(run(doubted, "shop", *known, "--json").stdout)["items"] == []


def test_parentheses_are_no_part_of_a_licence() -> None:
    decision = Decision("allow", "MIT AND (CC-BY-4.0 OR GPL-2.0-only)")
    one = Ruling("0" * 64, "", "a.md", "", decision)
    assert all(Which(license=id).fits(one) for id in ("CC-BY-4.0", "gpl-2.0-only", "MIT"))
    assert not Which(license="GPL-2.0").fits(one)


def test_a_trial_tells_what_would_be_and_all_that_would_stop_it(doubted: Workspace) -> None:
    words = ["decide", "shop", "--outcome", "ask", "--allow", "--why", "x"]
    done = [run(doubted, *words, *more, code=Exit.PROBLEMS) for more in ([], ["--dry-run"])]
    assert done[0].stderr == done[1].stderr
    assert "this answer does not do for 3 of 5 items:" in done[0].stderr
    for place in ("odd.md", "poem.md", "mine/old.md"):
        assert f"\n  '{place}' would still not be allowed: " in done[0].stderr
    assert "--own 'Ann Lee'" in done[0].stderr and "--as LICENSE" in done[0].stderr
    assert "2 would be decided:\n  allow · mine/new.md" in done[1].stdout
    words = ["decide", "shop", "--below", "mine", "--allow", "--why", "x", "--dry-run"]
    tried = run(doubted, *words, code=Exit.PROBLEMS)
    assert "3 would be decided:\n  allow · mine/guide.md" in tried.stdout
    assert "does not do for 1 of 4 items:\n  'mine/old.md' would still not" in tried.stderr
    assert not journal(doubted).exists()


def test_grounds_are_for_buyers_and_why_is_not(tmp_path: Path) -> None:
    workspace = more(make(tmp_path / "w"))
    plain = ["decide", "shop", "poem.md", "--allow", "--why", "Li told me on the phone"]
    stopped = run(workspace, *plain, code=Exit.PROBLEMS).stderr
    assert "--grounds 'its author died in 1899'" in stopped
    run(workspace, *plain, "--grounds", "Its author died\nin 1899")
    assert entries(workspace)[0]["answer"]["grounds"] == "Its author died in 1899"
    assert standing(workspace)["poem.md"] == "allow"
    release = workspace.package("shop").release
    with zipfile.ZipFile(release.archive) as bundle:
        pages = b"".join(bundle.read(name) for name in bundle.namelist())
    assert b"Its author died in 1899" in pages and b"on the phone" not in pages


def test_what_was_refused_for_its_grant_is_found_again_when_it_is_renewed(
    workspace: Workspace,
) -> None:
    run(workspace, "decide", "shop", "rocks.md", "--grant", "photos", "--why", "in the pack")
    run(workspace, "decide", "shop", "birds.md", "--deny", "--why", "ugly")
    paper = workspace.root / "grants" / "photos.toml"
    paper.write_text(GRANT.format(end="2020-01-31"))
    again(workspace)
    run(workspace, "decide", "shop", "--grant-held", "photos", "--deny", "--why", "it ended")
    refused = {"stock/hills.md": "deny", "rocks.md": "deny", "birds.md": "deny"}
    assert standing(workspace) == OUTCOMES | refused
    paper.write_text(GRANT.format(end="2999-12-31"))
    again(workspace)
    words = ["decide", "shop", "--grant-held", "photos", "--undo"]
    assert "2 would be taken back:" in run(workspace, *words, "--dry-run").stdout
    assert "2 taken back:\n  deny · rocks.md" in run(workspace, *words).stdout
    assert standing(workspace) == OUTCOMES | {"birds.md": "deny"}
    assert "nobody has decided" in run(workspace, *words, code=Exit.PROBLEMS).stderr


def test_grants_tell_their_copies_and_what_would_stop(workspace: Workspace) -> None:
    paper = workspace.root / "grants" / "photos.toml"
    paper.write_text(GRANT.format(end="2999-12-31") + "max_copies = 50\ncopies_used = 20\n")
    again(workspace)
    shown = run(workspace, "grants").stdout
    assert "20 of 50 copies are used" in shown
    assert "a build of shop stops: the grant photos allows 50 copies: say how many" in shown
    config = workspace.collection_file("shop")
    config.write_text(config.read_text("utf-8") + "copies = 30\n", encoding="utf-8")
    again(workspace)
    shown = run(workspace, "grants").stdout
    assert "shop plans 30 copies" in shown and "stops" not in shown
    (told,) = json.loads(run(workspace, "grants", "--json").stdout)["grants"]
    assert told["copies"] == {"most": 50, "used": 20, "planned": {"shop": 30}}
    assert told["stops"] == {}


def test_without_grants_it_says_what_to_write(tmp_path: Path) -> None:
    shown = run(Workspace.init(tmp_path / "w"), "grants").stdout
    assert "NAME.toml" in shown and "kind, licensor, uses and evidence" in shown

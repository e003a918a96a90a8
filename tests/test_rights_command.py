"""What people see and decide about rights: curate rights, its decisions, its grants and its policy."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from curate.answers import FILE
from curate.api import Workspace
from curate.cli import main
from curate.errors import Exit
from curate.messages import speaker
from curate.pipeline.rulings import Which
from tests.server import Answer, Server, page

CONFIG = """title = "Shop"
language = "{language}"
[[sources]]
type = "folder"
path = "material"
match = "all"
[[sources.folders]]
path = "mine"
rights = {{ own = "Ann Lee" }}
[[sources.folders]]
path = "stock"
rights = {{ grant = "photos" }}
[listing]
price = "9.90"
"""
SITE = """title = "Site"
[[sources]]
type = "site"
start = ["https://tea.test/"]
match = "all"
"""
GRANT = """kind = "purchase"
licensor = "Picture House"
uses = ["bundle", "give_away"]
evidence = ["invoice.txt"]
end = {end}
"""


def sidecar(license: str) -> str:
    return f"SPDX-FileCopyrightText: 2024 Bo Chen\nSPDX-License-Identifier: {license}\n"


FILES = {
    "mine/guide.md": "# My guide to tea\n",
    "stock/hills.md": "# Green hills\n",
    "birds.md": "# Birds of the coast\n",
    "birds.md.license": sidecar("CC-BY-4.0"),
    "songs.md": "# Songs of the sea\n",
    "songs.md.license": sidecar("CC-BY-NC-4.0"),
    "rocks.md": "# Rocks and where they lie\n",
    "地图.md": "# 地图；山川\n",
    "odd.md": "# Odd trees\n\n仅供学习交流，禁止商用\n",
    "odd.md.license": sidecar("CC-BY-4.0"),
}
OUTCOMES = {
    "mine/guide.md": "allow", "stock/hills.md": "allow", "birds.md": "allow", "songs.md": "deny",
    "rocks.md": "deny", "地图.md": "deny", "odd.md": "ask",
}  # fmt: skip


def make(root: Path, language: str = "en", end: str = "2999-12-31") -> Workspace:
    """A collection in which everything occurs, collected and classified."""
    workspace = Workspace.init(root)
    home = workspace.collection_file("shop").parent
    for name, text in FILES.items():
        path = home / "material" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (home / "collection.toml").write_text(CONFIG.format(language=language), encoding="utf-8")
    (root / "grants").mkdir()
    (root / "grants" / "invoice.txt").write_text("Invoice 7\n")
    (root / "grants" / "photos.toml").write_text(GRANT.format(end=end))
    again(workspace)
    return workspace


def again(workspace: Workspace) -> None:
    workspace.collect("shop")
    workspace.classify("shop")


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("LOGNAME", "ann")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make(tmp_path / "w")


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """For tests that change nothing."""
    return make(tmp_path_factory.mktemp("asked") / "w")


def run(workspace: Workspace, *words: str | Path, code: int = Exit.OK) -> Result:
    words = ("rights", *words, "--workspace", workspace.root)
    done = CliRunner().invoke(main, [*map(str, words)], prog_name="curate")
    assert done.exit_code == code, done.output
    return done


def standing(workspace: Workspace) -> dict[str, str]:
    return {one.source: one.outcome for one in workspace.rights("shop")}


def journal(workspace: Workspace) -> Path:
    return workspace.collection_file("shop").parent / FILE


def entries(workspace: Workspace) -> list[dict[str, Any]]:
    return [json.loads(line) for line in journal(workspace).read_text("utf-8").splitlines()]


def test_the_overview_counts_and_groups_with_rule_reason_and_example(asked: Workspace) -> None:
    shown = run(asked, "shop").stdout
    assert "3 allowed, 1 asked, 3 refused" in shown
    assert "deny 2 · no licence (rule nothing-stated)" in shown
    assert "deny 1 · CC-BY-NC-4.0 (rule cc-nc)" in shown
    assert "such as songs.md" in shown
    assert "No legal advice: each decision names its rule and its evidence" in shown
    assert "Next: curate package shop" in shown
    assert run(asked, "show", "shop").stdout == shown
    assert standing(asked) == OUTCOMES


@pytest.mark.parametrize(
    ("words", "places"),
    [
        (["--outcome", "ask"], {"odd.md"}),
        (["--license", "CC-BY-4.0"], {"birds.md", "odd.md"}),
        (["--rule", "nothing-stated"], {"rocks.md", "地图.md"}),
        (["--below", "mine/"], {"mine/guide.md"}),
        (["--says", "禁止商用"], {"odd.md"}),
        (["--grant-held", "photos"], {"stock/hills.md"}),
        (["--outcome", "deny", "--license", "CC-BY-4.0"], set()),
        (["--items"], set(OUTCOMES)),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_filters_list_single_items(asked: Workspace, words: list[str], places: set[str]) -> None:
    told = json.loads(run(asked, "shop", *words, "--json").stdout)
    assert told["version"] == 1
    assert {one["place"] for one in told["items"]} == places
    shown = run(asked, *words, "shop").stdout  # options may come first, too
    for one in told["items"]:
        assert f"{one['outcome']} · {one['place']} · {one['id'][:12]}" in shown
        assert one["rules"] and one["reasons"][0] in shown


def test_a_collection_may_be_named_like_a_command(tmp_path: Path) -> None:
    workspace = make(tmp_path / "w")
    home = workspace.collection_file("shop").parent
    home.rename(home.with_name("policy"))
    workspace.collect("policy")
    workspace.classify("policy")
    assert "rights of policy" in run(workspace, "show", "policy").stdout
    assert "rights of" not in run(workspace, "policy").stdout


def test_the_workspace_may_be_named_first(asked: Workspace) -> None:
    for place in (["--workspace", str(asked.root)], [f"--workspace={asked.root}"]):
        for words in (["shop"], ["show", "shop"], ["policy", "MIT"], ["--items", "shop"]):
            assert CliRunner().invoke(main, ["rights", *place, *words]).exit_code == Exit.OK, words


def test_what_is_not_there_or_not_ready_says_what_to_do(workspace: Workspace) -> None:
    assert "did you mean 'shop'" in run(workspace, "shup", code=Exit.PROBLEMS).stderr
    config = workspace.collection_file("shop")
    config.write_text(config.read_text("utf-8").replace("9.90", "0"), encoding="utf-8")
    assert "run: curate classify shop" in run(workspace, "shop", code=Exit.PROBLEMS).stderr


def test_one_item_is_decided_with_evidence_and_remembered(
    workspace: Workspace, tmp_path: Path
) -> None:
    letter = tmp_path / "Letter.TXT"
    letter.write_text("You may sell it. Bo Chen\n", encoding="utf-8")
    digest = hashlib.sha256(letter.read_bytes()).hexdigest()
    words = (
        "decide",
        "shop",
        "songs.md",
        "--as",
        "CC-BY-4.0",
        "--why",
        "he wrote so",
        "--who",
        "Ann Lee",
    )
    listed = run(workspace, *words, "--evidence", letter, "--dry-run").stdout
    assert "1 would be decided:\n  allow · songs.md" in listed and "rule cc-by" in listed
    assert not journal(workspace).exists()

    done = run(workspace, *words, "--evidence", letter).stdout
    assert "1 decided:\n  allow · songs.md" in done
    assert "he wrote so" in done and "rule cc-by" in done
    (entry,) = entries(workspace)
    answer = entry["answer"]
    assert (answer["outcome"], answer["who"], answer["license"]) == (
        "allow",
        "Ann Lee",
        "CC-BY-4.0",
    )
    assert answer["evidence"] == [digest]
    (kept,) = (journal(workspace).parent / "evidence").iterdir()
    assert kept.name == f"{digest[:16]}.txt" and kept.read_bytes() == letter.read_bytes()

    again(workspace)
    assert standing(workspace) == {**OUTCOMES, "songs.md": "allow"}


def test_a_changed_statement_asks_again(workspace: Workspace) -> None:
    run(workspace, "decide", "shop", "songs.md", "--as", "CC-BY-4.0", "--why", "he wrote so")
    material = journal(workspace).parent / "material"
    (material / "songs.md.license").write_text(sidecar("GPL-3.0-only"), encoding="utf-8")
    again(workspace)
    (one,) = workspace.rights("shop", Which(items=("songs.md",)))
    assert (one.outcome, one.decision.by) == ("ask", "")
    assert "has changed since" in run(workspace, "shop", "--outcome", "ask").stdout


def test_many_are_decided_by_a_filter_and_taken_back(workspace: Workspace) -> None:
    filtered = ("decide", "shop", "--rule", "nothing-stated")
    assert "2 decided:" in run(workspace, *filtered, "--own", "Ann Lee", "--why", "my notes").stdout
    mine = {"rocks.md": "allow", "地图.md": "allow"}
    assert standing(workspace) == OUTCOMES | mine
    assert {entry["answer"]["who"] for entry in entries(workspace)} == {"ann"}
    run(workspace, "decide", "shop", "rocks.md", "--undo")
    assert standing(workspace) == OUTCOMES | {"地图.md": "allow"}
    run(workspace, "decide", "shop", "--grant-held", "photos", "--deny", "--why", "over")
    assert standing(workspace)["stock/hills.md"] == "deny"
    again(workspace)
    assert standing(workspace) == OUTCOMES | {"地图.md": "allow", "stock/hills.md": "deny"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["songs.md", "--allow", "--why", "x"], "say under which licence it really is (--as CC-BY-4.0)"),
        (["odd.md", "--allow", "--why", "x"], "which agreeing does not settle: say what it stands on"),
        (["songs.md", "--as", "CC-BY-NC-4.0", "--why", "x"], "forbids commercial use"),
        (["songs.md", "--as", "CC BY 4.0", "--why", "x"], "write CC-BY-4.0"),
        (["songs.md", "--as", "something", "--why", "x"], "is no SPDX licence expression"),
        (["songs.md", "--grant", "letters", "--why", "x"], "there is no grant 'letters'"),
        (["birds.md", "--deny"], "a decision needs its reason"),
        (["birds.md", "typo.md", "--deny", "--why", "x"], "nothing in 'shop' that fits is called 'typo.md'"),
        (["--outcome", "deny", "--license", "MIT", "--deny", "--why", "x"], "nothing in 'shop' fits"),
        (["--rule", "ccby", "--deny", "--why", "x"], "there is no rule 'ccby'\nHint: did you mean 'cc-by'?"),
        (["songs.md", "--deny", "--why", "x", "--grounds", "old"], "deny takes no as, own, grant, grounds"),
        (["songs.md", "--own", "Ann", "--why", "x", "--grounds", "old"], "grounds say why"),
        (["--deny", "--why", "x"], "nothing says which items are meant"),
        (["rocks.md", "--as", "CC-BY-4.0", "--territory", "US", "--why", "x"], "it holds in US only"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)  # fmt: skip
def test_what_would_not_do_what_it_says_is_an_error(
    asked: Workspace, words: list[str], told: str
) -> None:
    assert told in run(asked, "decide", "shop", *words, code=Exit.PROBLEMS).stderr
    assert not journal(asked).exists()


@pytest.mark.parametrize(
    "words",
    [[], ["--allow", "--deny"], ["--own", "A", "--as", "MIT"], ["--undo", "--grant", "photos"],
     ["--as", "MIT", "--territory", "usa"]],
    ids=" ".join,
)  # fmt: skip
def test_an_unclear_answer_is_a_usage_error(asked: Workspace, words: list[str]) -> None:
    run(asked, "decide", "shop", "rocks.md", *words, "--why", "x", code=Exit.USAGE)


def test_an_item_is_decided_by_a_grant(workspace: Workspace) -> None:
    run(workspace, "decide", "shop", "rocks.md", "--grant", "photos", "--why", "in the pack")
    assert "granted by Picture House" in run(workspace, "shop", "--grant-held", "photos").stdout


def test_a_decision_that_was_not_written_whole_never_was(workspace: Workspace) -> None:
    run(workspace, "decide", "shop", "rocks.md", "--own", "Ann Lee", "--why", "my notes")
    whole = journal(workspace).read_bytes()
    journal(workspace).write_bytes(whole + whole[:-40].replace(b"my notes", b"never"))
    assert standing(workspace)["rocks.md"] == "allow"
    run(workspace, "decide", "shop", "birds.md", "--deny", "--why", "no")
    assert b"never" not in journal(workspace).read_bytes()
    assert [entry["answer"]["outcome"] for entry in entries(workspace)] == ["allow", "deny"]


def test_grants_tell_whether_they_hold_and_what_rests_on_them(
    workspace: Workspace, tmp_path: Path
) -> None:
    workspace.package("shop")
    shown = run(workspace, "grants").stdout
    assert (
        "photos\n  purchase · Picture House · bundle, give_away · until 2999-12-31\n  valid"
        in shown
    )
    assert "1 item of shop rests on it" in shown
    home = workspace.root / "grants"
    (home / "photos.toml").write_text(GRANT.format(end="2020-01-31"))
    (home / "early.toml").write_text(GRANT.format(end="2999-12-31") + "start = 2999-01-01\n")
    (home / "used.toml").write_text(
        GRANT.format(end="2999-12-31") + "max_copies = 5\ncopies_used = 5\n"
    )
    (home / "wrong.toml").write_text("kind = 1\n")
    (home / "bare.toml").write_text(GRANT.format(end="2999-12-31").replace("invoice", "gone"))
    told = json.loads(run(workspace, "grants", "--json", code=Exit.PROBLEMS).stdout)
    state = {one["name"]: " ".join(one["state"]) for one in told["grants"]}
    assert "ended on 2020-01-31" in state["photos"]
    assert "begins on 2999-01-01" in state["early"]
    assert "5 of 5 copies" in state["used"]
    assert "gone.txt is not there" in state["bare"]
    assert "kind" in state["wrong"]
    assert not any(one["valid"] for one in told["grants"])
    assert told["grants"][2]["collections"] == {"shop": 1}


def test_the_policy_is_told_for_each_use(asked: Workspace) -> None:
    shown = run(asked, "policy", "CC BY-ND 4.0").stdout
    assert "“CC BY-ND 4.0” is read as CC-BY-ND-4.0" in shown
    assert "in a sold bundle, unchanged: allow CC-BY-ND-4.0: may be sold unchanged" in shown
    assert "in a sold bundle, changed: deny" in shown
    assert "source of cc-by-nd: " in shown
    font = run(asked, "policy", "OFL-1.1", "--alone").stdout
    assert "sold as the product itself, unchanged: deny" in font and "given away" not in font
    either = run(asked, "policy", "CC-BY-NC-4.0 OR MIT", "--paid", "--changed", "cropped").stdout
    assert (
        "in a sold bundle, changed: allow MIT" in either and "obligations: license-text" in either
    )
    assert "grounds" in run(asked, "policy", "CC-PDM-1.0", "--paid").stdout
    assert "no rule of the policy knows this licence" in run(asked, "policy", "Beerware").stdout
    assert "own-work" in run(asked, "policy").stdout
    run(asked, "policy", "MIT", "--free", "--alone", code=Exit.USAGE)


def test_why_names_rules_parts_and_who_decided(workspace: Workspace) -> None:
    run(
        workspace,
        "decide",
        "shop",
        "songs.md",
        "--as",
        "CC-BY-4.0",
        "--why",
        "yes",
        "--who",
        "Ann Lee",
    )
    place = ["--workspace", str(workspace.root)]
    shown = CliRunner().invoke(main, ["why", "songs.md", *place]).stdout
    assert "rights: allow CC-BY-4.0 (rule cc-by; policy " in shown
    assert "decided by Ann Lee" in shown
    odd = CliRunner().invoke(main, ["why", "odd.md", *place]).stdout
    assert "read as LicenseRef-study-only AND LicenseRef-no-commercial-use" in odd
    (told,) = json.loads(CliRunner().invoke(main, ["why", "songs.md", "--json", *place]).stdout)[
        "resources"
    ]
    decision = told["collections"][0]["decision"]
    assert (decision["rules"], decision["by"], decision["basis"]) == (
        ["cc-by"],
        "Ann Lee",
        "answer",
    )
    assert told["places"][0]["licenses"] == ["CC-BY-NC-4.0"]


def test_why_tells_what_a_site_says_to_machines(tmp_path: Path) -> None:
    workspace = Workspace.init(tmp_path / "w")
    config = workspace.collection_file("site")
    config.parent.mkdir()
    with Server(tmp_path) as server:
        rules = b"User-agent: *\nContent-Signal: search=yes, ai-train=no\nAllow: /\n"
        server.always("/robots.txt", Answer(body=rules))
        server.always("/", page("<p>Tea and its leaves.</p>"))
        config.write_text(SITE, encoding="utf-8")
        settings = f'[fetch]\ndelay = 0\nhosts = {{ "https://tea.test" = "{server.url}" }}\n'
        (workspace.root / "curate.toml").write_text(settings, encoding="utf-8")
        workspace.collect()
        workspace.classify()
    words = ["why", "https://tea.test/", "--workspace", str(workspace.root)]
    shown = CliRunner().invoke(main, words).stdout
    assert (
        "it says to machines: “search=yes, ai-train=no” (content-signal, https://tea.test/robots.txt)"
        in shown
    )
    told = json.loads(CliRunner().invoke(main, [*words, "--json"]).stdout)
    (signal,) = told["resources"][0]["places"][0]["said"]["signals"]
    assert signal["kind"] == "content-signal"


def test_it_speaks_chinese(tmp_path: Path) -> None:
    workspace = make(tmp_path / "w", "zh")
    shown = run(workspace, "shop", "--items").stdout
    say = speaker("zh")
    assert say("rights of {name}", name="shop") in shown
    assert "允许 · mine/guide.md" in shown and "禁止商业使用（规则 cc-nc）" in shown
    reasons = [line for line in shown.splitlines() if line.startswith("      ")]
    assert all(any("一" <= char <= "龥" for char in line) for line in reasons), reasons

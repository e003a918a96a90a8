"""curate contacts and curate campaigns as a seller meets them; what the documents show of them is true."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from curate.api import Workspace
from curate.cli import main
from tests.test_docs import blocks, run, section, shell

__all__ = ["shell"]
HEADING = "Contacts, consent and campaigns"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A workspace with the files that the documents show."""
    home = tmp_path / "w"
    Workspace.init(home)
    for block in blocks(section("books.md", HEADING, tmp_path), "toml", "csv"):
        (home / block.name).write_text(block.text, encoding="utf-8")
    return home


def curate(*words: str | Path, at: Path) -> Result:
    return CliRunner().invoke(main, [*map(str, words), "--workspace", str(at)], prog_name="curate")


def in_json(*words: str | Path, at: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(curate(*words, "--json", at=at).stdout)
    return told


@pytest.mark.slow
def test_what_the_documents_show_is_true(
    place: Path, tmp_path: Path, shell: dict[str, str]
) -> None:
    run(section("books.md", HEADING, tmp_path), place, shell)
    (table,) = in_json("campaigns", "results", "--by", "bait", "--period", "2025-03", at=place)[
        "reports"
    ][0]["tables"]
    told = {row["value"]: row for row in table["rows"]}
    for bait, contacts, buyers, revenue, cost, rank in (
        ("fonts", 2, 1, "100.00", "15", 2), ("maps", 3, 1, "80.00", "4", 1),
    ):  # fmt: skip
        row = told[bait]
        assert (row["contacts"], row["buyers"], row["contact_rank"]) == (contacts, buyers, rank)
        assert row["revenue_CNY"]["amount"] == revenue
        assert row["per_contact"]["fraction"] == cost


def test_one_kind_of_name_is_written_as_everywhere(place: Path) -> None:
    assert (
        curate("contacts", "add", "--wechat", "hua_1", "--phone", "13800138000", at=place).exit_code
        == 0
    )
    for name in ("wechat:hua_1", "hua_1", "phone:138-0013-8000"):
        shown = curate("contacts", "show", name, at=place)
        assert shown.exit_code == 0 and "hua_1" in shown.output, name
    assert "wechat:NAME" in curate("contacts", "show", "wechat:hua_2", at=place).output


def test_mistakes_say_what_to_do(place: Path) -> None:
    for words, told in (
        (("contacts", "show", "nobody@example.org"), "there is no contact"),
        (("contacts", "add", "--email", "nothing"), "tells nobody"),
        (("contacts", "add"), "names nobody"),
        (("contacts", "add", "--email", "a@b.de", "--at", "2999-01-01"), "no time of this century"),
        (("contacts", "list", "--stage", "glad"), "no stage"),
        (("campaigns", "target", "none", "https://a.example/"), "there is no campaign"),
        (("campaigns", "add", "--channel", " "), "needs a channel"),
        (("campaigns", "add", "--channel", "x", "--to", "javascript:alert(1)"), "no address"),
    ):
        done = curate(*words, at=place)
        assert done.exit_code == 1 and told in done.output, (words, done.output)
        assert "Hint: " in done.output


def test_an_event_by_hand_is_refused_with_its_reason(place: Path) -> None:
    assert curate("contacts", "add", "--wechat", "qian", at=place).output == "contact 1 is new\n"
    assert curate("contacts", "add", "--wechat", "QIAN", "--name", "Qian", at=place).output == (
        "contact 1 is known\n"
    )
    early = curate("contacts", "event", "1", "trusted", "--at", "2025-03-01", at=place)
    assert early.exit_code == 3 and "only from “approving” on" in early.output
    again = curate("contacts", "event", "1", "trusted", "--at", "2025-03-01", at=place)
    assert (again.exit_code, again.output) == (0, "known already\n")
    shown = in_json("contacts", "show", "1", at=place)
    assert shown["contact"] | {"staged_at": 0, "id": 0} == {
        "id": 0, "name": "Qian", "stage": "stranger", "staged_at": 0, "warmth": "warm", "channel": "",
        "campaign": "", "wanted": False,
    }  # fmt: skip
    assert shown["did"][0]["why"]["args"]["stage"] == "stranger"


def test_what_they_call_something_stays_as_it_is(place: Path) -> None:
    """Also where it is a word that curate has a translation of."""
    (place / "curate.toml").write_text('language = "zh"\n', encoding="utf-8")
    curate("contacts", "add", "--handle", "seen", "aware", at=place)
    assert "在 seen 的昵称: aware" in curate("contacts", "show", "seen:aware", at=place).output
    made = curate("campaigns", "add", "--channel", "asked", at=place)
    assert "curate campaigns target asked 网址" in made.output
    assert "陌生" in curate("contacts", at=place).output

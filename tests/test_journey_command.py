"""curate journey as a seller meets it; what the documents show of plans and the review is true."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result

from curate import config
from curate.api import Workspace
from curate.cli import main
from curate.shop import Shop
from curate.shop.settings import Settings
from tests.test_docs import blocks, run, section, shell
from tests.test_seller_pages import served

__all__ = ["shell"]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A workspace with the plan that the documents show."""
    home = tmp_path / "w"
    Workspace.init(home)
    for block in blocks(section("books.md", "Plans", tmp_path), "toml"):
        (home / block.name).write_text(block.text, encoding="utf-8")
    return home


def curate(*words: str, at: Path) -> Result:
    return CliRunner().invoke(main, [*words, "--workspace", str(at)], prog_name="curate")


@pytest.mark.slow
def test_what_the_documents_show_is_true(
    place: Path, tmp_path: Path, shell: dict[str, str]
) -> None:
    run(section("books.md", "Plans", tmp_path), place, shell)


def test_the_targets_of_the_documents_are_read(tmp_path: Path) -> None:
    (block,) = blocks(section("books.md", "Period review", tmp_path), "toml")
    read = config.parse(tomllib.loads(block.text), Settings, "shop.toml")
    assert read.targets["2026-03"].contacts == 1000


def begun(at: Path) -> None:
    words = [
        ("campaigns", "add", "--channel", "wechat", "--content", "guide", "--bait", "fonts"),
        ("contacts", "add", "--email", "li@example.org", "--name", "Li"),
        ("contacts", "consent", "1", "marketing", "--text", "1", "--source", "a form"),
    ]
    for one in words:
        assert curate(*one, at=at).exit_code == 0


def test_a_run_in_json_and_what_is_lacking(place: Path) -> None:
    done = curate("journey", "run", at=place)
    assert done.exit_code == 3 and "there is no campaign wechat-guide-fonts" in done.output
    begun(place)
    told = json.loads(curate("journey", "run", "--json", at=place).stdout)
    assert (told["begun"], told["prepared"], told["trouble"]) == (1, 1, [])
    assert "a plan's message to contact 1: li@example.org" in curate("outbox", at=place).output
    again = json.loads(curate("journey", "run", "--json", at=place).stdout)
    assert (again["begun"], again["prepared"]) == (0, 0)
    (plan,) = json.loads(curate("journey", "--json", at=place).stdout)["plans"]
    assert (plan["name"], plan["queued"], plan["lying"], plan["sent"]) == ("welcome", 1, 1, 0)


def test_who_answers_with_the_token_or_is_named_gets_no_more(place: Path) -> None:
    from curate.shop import unsubscribe
    from curate.shop.unsubscribe import Whose

    begun(place)
    curate("journey", "run", at=place)
    shop = Shop.open(Workspace(place))
    token = unsubscribe.token(shop, Whose(1, "marketing"))
    wrong = curate("journey", "unsubscribe", token[:-2], at=place)
    assert wrong.exit_code == 1 and "no token of this shop" in wrong.output
    done = curate("journey", "unsubscribe", f"unsubscribe {token}", at=place)
    assert "contact 1 gets no more of: marketing" in done.output
    assert "had not agreed" in curate("journey", "unsubscribe", "li@example.org", at=place).output
    assert curate("outbox", "show", "1", at=place).exit_code == 0  # cancelled, and it says so
    assert "cancelled" in curate("outbox", "show", "1", at=place).output
    nobody = curate("journey", "unsubscribe", "no@example.org", at=place)
    assert nobody.exit_code == 1 and "there is no contact" in nobody.output


@pytest.mark.parametrize(
    ("language", "line"),
    [("en", "  cancelled: 2 (its plan was edited or taken out)"), ("zh", "  取消：2（所属计划已修改或移除）")],
)  # fmt: skip
def test_a_run_says_why_it_cancelled(place: Path, language: str, line: str) -> None:
    (place / "curate.toml").write_text(f'language = "{language}"\n', "utf-8")
    begun(place)
    assert "2 (" not in curate("journey", "run", at=place).output
    (place / "shop.toml").write_text("", "utf-8")
    assert line in curate("journey", "run", at=place).output.splitlines()


def test_why_something_was_cancelled_is_told_to_programs_too(place: Path) -> None:
    begun(place)
    curate("journey", "run", at=place)
    (place / "shop.toml").write_text("", "utf-8")
    told = json.loads(curate("journey", "run", "--json", at=place).stdout)
    assert told["reasons"] == [{"what": "cancelled", "why": "edited", "number": told["cancelled"]}]


def test_in_chinese(place: Path) -> None:
    (place / "curate.toml").write_text('language = "zh"\n', "utf-8")
    begun(place)
    assert "已备好：1" in curate("journey", "run", at=place).output
    assert "在发件箱：1" in curate("journey", at=place).output


def test_the_page_of_a_plan_s_message_speaks_of_no_purchase(place: Path) -> None:
    begun(place)
    curate("journey", "run", at=place)
    with served(Workspace(place)) as url:
        page = httpx.get(f"{url}/outbox/1").text
    assert "for this contact, who agreed to it" in page and "lets the buyer in" not in page

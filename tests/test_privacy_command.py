"""curate privacy as it is typed; what docs/books.md shows of it is true."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from curate.api import Workspace
from curate.books.privacy.places import places
from curate.cli import main
from curate.database import personal
from curate.messages import render
from curate.shop import Shop
from tests.people import known
from tests.test_docs import ROOT, blocks, run, shell

__all__ = ["shell"]
HEADING = "\n## Personal data\n"


def curate(*words: str | Path, at: Path, typed: str = "") -> Result:
    arguments = [*map(str, words), "--workspace", str(at)]
    return CliRunner().invoke(main, arguments, prog_name="curate", input=typed)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    home = tmp_path / "w"
    Workspace.init(home)
    (home / "shop.toml").write_text("[channels.own]\n", encoding="utf-8")
    return home


@pytest.mark.slow
def test_what_the_documents_show_is_true(
    place: Path, tmp_path: Path, shell: dict[str, str]
) -> None:
    _, _, rest = (ROOT / "docs" / "books.md").read_text("utf-8").partition(HEADING)
    page = tmp_path / "section.md"
    page.write_text(rest.partition("\n## ")[0], encoding="utf-8")
    for block in blocks(page, "toml"):
        (place / block.name).write_text(block.text, encoding="utf-8")
    run(page, place, shell)


def test_the_map_names_every_column_and_place(place: Path) -> None:
    told = json.loads(curate("privacy", "map", "--all", "--json", at=place).stdout)
    assert len(told["columns"]) == len(personal.columns())
    assert len(told["places"]) == len(places()) > 8
    shown = curate("privacy", "map", at=place).stdout
    for one in personal.columns():
        assert (f"\n  {one.table}.{one.column} " in shown) == (one.sort != "none")


def test_in_chinese(place: Path) -> None:
    (place / "curate.toml").write_text('language = "zh"\n', encoding="utf-8")
    shown = curate("privacy", "map", at=place).stdout
    assert "个人信息" in shown and "敏感信息" in shown and "curate serve 的日志" in shown
    for one in places():
        assert render(one.holds, "zh") in shown and render(one.erased, "zh") in shown


def test_who_is_meant_comes_from_standard_input_too(place: Path, tmp_path: Path) -> None:
    shop = Shop.open(Workspace.at(place))
    ann, bob = known(shop, "ann"), known(shop, "bob")
    shop.database.close()
    done = curate(
        "privacy", "export", "-", "--to", tmp_path / "x", at=place, typed=f"{ann.email}\n"
    )
    assert done.exit_code == 0 and ann.email not in done.output
    both = f"{ann.email}\n\n{bob.email}\n"
    told = json.loads(curate("privacy", "erase", "-", "--json", at=place, typed=both).stdout)
    assert told["people"] == 2
    log = json.loads(curate("privacy", "log", "--json", at=place).stdout)["done"]
    assert [(one["what"], one["contact_id"]) for one in log] == [
        ("export", ann.contact_id), ("erase", ann.contact_id), ("erase", bob.contact_id),
    ]  # fmt: skip


@pytest.mark.parametrize("command", [["erase"], ["export", "--to", "x"]], ids=["erase", "export"])
def test_nobody_is_an_error_that_repeats_nothing(place: Path, command: list[str]) -> None:
    for who in ("secret-name@example.org", "own:secret-name", "person:secret-name"):
        done = curate("privacy", *command, who, at=place)
        assert done.exit_code == 1 and "nobody is known" in done.output
        assert "secret-name" not in done.output
    assert curate("privacy", *command, "-", at=place, typed="\n").exit_code == 1

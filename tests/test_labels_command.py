"""What people say about categories: curate classify set, export and import, and how classify itself is called."""

from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from curate.api import Workspace
from curate.cli import main
from curate.corrections import FILE
from curate.errors import Exit
from curate.indexes import Filters
from curate.pipeline.labelsheet import SHOWN, STATE, YOURS

CATEGORIES = """
[[categories]]
name = "tea"
title = "Tea and cups"
words = ["tea", "茶"]
[[categories]]
name = "sea"
words = ["sea", "ship", "海"]
"""
CONFIG = """title = "{name}"
language = "{language}"
rights = {{ own = "Ann Lee" }}
[[sources]]
type = "folder"
path = "material"
match = "all"
"""
FILES = {
    "green.md": "# Green tea\n\nHow tea is made, and from which leaves.\n",
    "ships.md": "# Ships\n\nA ship of the sea, and where it went.\n",
    "odd.md": "# Something odd\n\nNobody knows what this is about.\n",
    "notes/odd.md": "# Another oddity\n\nIt lies in a folder of its own.\n",
    "杂.md": "# 杂记\n\n什么都有一点。\n",
}


def make(
    root: Path, names: Sequence[str] = ("shop",), language: str = "en", categories: str = CATEGORIES
) -> Workspace:
    """Collections of the same few files, collected and classified."""
    workspace = Workspace.init(root)
    for name in names:
        home = workspace.collection_file(name).parent
        for path, text in FILES.items():
            (home / "material" / path).parent.mkdir(parents=True, exist_ok=True)
            (home / "material" / path).write_text(text, encoding="utf-8")
        config = CONFIG.format(name=name, language=language) + categories
        (home / "collection.toml").write_text(config, encoding="utf-8")
    workspace.collect()
    workspace.classify()
    return workspace


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("LOGNAME", "ann")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make(tmp_path / "w")


def run(workspace: Workspace, *words: str | Path, code: int = Exit.OK) -> Result:
    arguments = [*map(str, words), "--workspace", str(workspace.root)]
    done = CliRunner().invoke(main, arguments, prog_name="curate")
    assert done.exit_code == code, done.output
    return done


def classify(workspace: Workspace, *words: str | Path, code: int = Exit.OK) -> Result:
    return run(workspace, "classify", *words, code=code)


def journal(workspace: Workspace, name: str = "shop") -> list[dict[str, Any]]:
    path = workspace.collection_file(name).parent / FILE
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def categories(workspace: Workspace, name: str = "shop") -> dict[str, str]:
    return {one.source: one.category for one in workspace.rights(name)}


def found(workspace: Workspace, category: str) -> set[str]:
    """What the search index has in a category."""
    return {hit.source for hit in workspace.search("", Filters(category=category)).hits}


def test_a_word_holds_at_once_and_for_good(workspace: Workspace) -> None:
    assert categories(workspace)["odd.md"] == ""
    shown = classify(workspace, "set", "shop", "odd.md", "--category", "sea").stdout
    assert "1 sorted by you" in shown
    assert "sea · odd.md · " in shown
    assert "follows when the model has learned from it" in shown
    assert "Next: curate classify shop" in shown
    (said,) = journal(workspace)
    assert (said["title"], said["category"], said["who"]) == ("Something odd", "sea", "ann")
    assert categories(workspace)["odd.md"] == "sea"
    assert categories(workspace)["notes/odd.md"] == "", "the whole path was meant"
    assert "1 taken back" in classify(workspace, "set", "shop", "odd.md", "--undo").stdout
    assert categories(workspace)["odd.md"] == ""
    assert [one["category"] for one in journal(workspace)] == ["sea", None]
    classify(workspace, "set", "shop", "odd.md", "--category", "sea")
    workspace.classify("shop")
    assert categories(workspace)["odd.md"] == "sea"


def test_a_category_that_is_no_more_is_nobodys_and_that_is_told(workspace: Workspace) -> None:
    classify(workspace, "set", "shop", "odd.md", "--category", "sea")
    home = workspace.collection_file("shop")
    written = home.read_text("utf-8")
    home.write_text(written.replace('name = "sea"', 'name = "ocean"'), encoding="utf-8")
    told = classify(workspace, "shop", code=Exit.PARTIAL).output
    assert "labels.jsonl: people sorted into what is no category any more (sea)" in told
    assert "sea" not in categories(workspace).values()
    home.write_text(written, encoding="utf-8")
    classify(workspace, "shop")
    assert categories(workspace)["odd.md"] == "sea", "nothing was forgotten"


def test_items_are_named_by_path_id_or_ending_and_categories_by_title_too(
    workspace: Workspace,
) -> None:
    id = next(one.sha256 for one in workspace.rights("shop") if one.source == "杂.md")
    words = ("notes/odd.md", id[:12], "green.md")
    shown = classify(
        workspace, "set", "shop", *words, "--category", "tea AND cups", "--who", "Bo"
    ).stdout
    assert "3 sorted by you" in shown
    held = categories(workspace)
    assert {place for place, category in held.items() if category == "tea"} == {"green.md", "notes/odd.md", "杂.md"}  # fmt: skip
    assert {one["who"] for one in journal(workspace)} == {"Bo"}


def test_a_whole_path_goes_before_the_end_of_another_one_in_rights_too(
    workspace: Workspace,
) -> None:
    run(workspace, "rights", "decide", "shop", "odd.md", "--deny", "--why", "not this one")
    denied = {one.source for one in workspace.rights("shop") if one.outcome == "deny"}
    assert denied == {"odd.md"}


def test_what_belongs_nowhere_is_not_asked_about_again(workspace: Workspace) -> None:
    assert "3 wait for you to say where they belong: curate review shop" in run(workspace, "status").stdout  # fmt: skip
    classify(workspace, "set", "shop", "green.md", "odd.md", "--none")
    assert categories(workspace)["green.md"] == "", "whatever its words say"
    assert "2 wait for you" in run(workspace, "status").stdout
    classify(workspace, "shop")
    assert categories(workspace)["green.md"] == "", "whatever was learned since"


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (("odd.md", "--category", "se"), "there is no category 'se'", "did you mean 'sea'? categories of 'shop': tea, sea"),
        (("odd.md", "none.md", "--category", "sea"), "nothing in 'shop' is called 'none.md'", "a path, a URL or an id"),
        (("odd.md", "--undo"), "nobody has set a category", "curate classify export shop"),
    ],
    ids=["category", "item", "nothing to take back"],
)  # fmt: skip
def test_slips_are_told_and_nothing_is_recorded(
    words: tuple[str, ...], message: str, hint: str, workspace: Workspace
) -> None:
    told = classify(workspace, "set", "shop", *words, code=Exit.PROBLEMS).stderr
    assert message in told
    assert hint in told
    assert not (workspace.collection_file("shop").parent / FILE).exists()


@pytest.mark.parametrize(
    "words", [(), ("--none", "--undo"), ("--category", "tea", "--none")], ids=str
)
def test_one_thing_is_said_at_a_time(words: tuple[str, ...], workspace: Workspace) -> None:
    classify(workspace, "set", "shop", "odd.md", *words, code=Exit.USAGE)


def test_one_path_in_two_sources_needs_an_id(tmp_path: Path) -> None:
    workspace = make(tmp_path / "w")
    file = workspace.collection_file("shop")
    (file.parent / "more").mkdir()
    (file.parent / "more" / "odd.md").write_text("# A third one\n\nOf another source.\n")
    file.write_text(
        file.read_text("utf-8") + '[[sources]]\npath = "more"\nmatch = "all"\n', "utf-8"
    )
    workspace.collect()
    workspace.classify()
    told = classify(workspace, "set", "shop", "odd.md", "--none", code=Exit.PROBLEMS).stderr
    assert "'odd.md' is in 2 sources" in told
    assert "“A third one”" in told


def test_a_collection_without_categories_is_told_how_to_get_some(tmp_path: Path) -> None:
    workspace = make(tmp_path / "w", categories="")
    for words in (("set", "shop", "odd.md", "--none"), ("export", "shop")):
        told = classify(workspace, *words, code=Exit.PROBLEMS).stderr
        assert "curate classify suggest shop" in told
    assert "wait for you" not in run(workspace, "status").stdout


def test_classify_is_called_as_ever_and_a_collection_may_be_called_like_a_command(
    tmp_path: Path,
) -> None:
    workspace = make(tmp_path / "w", ("set", "shop"))
    assert "classify set\n" in classify(workspace).stdout, "all of them"
    assert "classify shop\n" in classify(workspace, "shop", "set").stdout
    assert "classify set\n" in classify(workspace, "run", "set").stdout
    assert "classify set\n" in classify(workspace, "--retry", "set").stdout
    first = ["classify", "--workspace", str(workspace.root), "shop"]
    assert CliRunner().invoke(main, first).exit_code == Exit.OK
    assert "no collection 'sett'" in classify(workspace, "sett", code=Exit.PROBLEMS).stderr
    classify(workspace, "set", "set", "odd.md", "--category", "sea")
    assert categories(workspace, "set")["odd.md"] == "sea"
    assert categories(workspace, "shop")["odd.md"] == ""


# --- the sheet


def exported(workspace: Workspace, *words: str) -> list[dict[str, str]]:
    data = classify(workspace, "export", "shop", *words).stdout_bytes
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def save(path: Path, table: Sequence[dict[str, str]], mark: str = ",") -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, tuple(table[0]), "", "ignore", delimiter=mark)
        writer.writeheader()
        writer.writerows(table)
    return path


def fill(table: Sequence[dict[str, str]], **cells: str) -> None:
    for row in table:
        name = row["place"].replace("/", "_").removesuffix(".md")
        row[YOURS] = cells.get(name, row[YOURS])


def test_the_sheet_goes_out_and_comes_back(workspace: Workspace, tmp_path: Path) -> None:
    table = exported(workspace)
    assert tuple(table[0]) == (*SHOWN, YOURS, STATE)
    green = next(row for row in table if row["place"] == "green.md")
    assert (green["category"], green[YOURS]) == ("tea", "")
    assert "tea" in green["why"]
    assert float(green["score"]) > 0
    assert {row["place"] for row in exported(workspace, "--waiting")} == {"odd.md", "notes/odd.md", "杂.md"}  # fmt: skip
    fill(table, green="-", odd=" Sea ", notes_odd="Tea and cups", 杂="无")
    sheet = save(tmp_path / "labels.csv", table, mark=";")
    shown = classify(workspace, "import", "shop", sheet, "--who", "Bo").stdout
    assert "4 sorted by you" in shown
    assert categories(workspace) == {
        "green.md": "", "odd.md": "sea", "notes/odd.md": "tea", "ships.md": "sea", "杂.md": "",
    }  # fmt: skip
    assert "no category in it has changed" in classify(workspace, "import", "shop", sheet).stdout
    assert len(journal(workspace)) == 4
    table = exported(workspace)
    assert next(row for row in table if row["place"] == "green.md")[YOURS].lstrip("'") == "-"
    fill(table, odd="")
    assert "1 taken back" in classify(workspace, "import", "shop", save(sheet, table)).stdout
    assert categories(workspace)["odd.md"] == ""


def test_problems_of_all_rows_are_told_and_nothing_is_recorded(
    workspace: Workspace, tmp_path: Path
) -> None:
    table = exported(workspace)
    classify(workspace, "set", "shop", "ships.md", "--category", "tea")
    fill(table, odd="seaa", notes_odd="sea", ships="-")
    table.append({**table[0], "id": "f" * 64, YOURS: "sea"})
    sheet = save(tmp_path / "labels.csv", table)
    told = classify(workspace, "import", "shop", sheet, code=Exit.PROBLEMS).stderr
    row = {one["place"]: number for number, one in enumerate(table, 2)}
    assert f"row {row['odd.md']}: there is no category 'seaa' (did you mean 'sea'?" in told
    assert f"row {row['ships.md']}: somebody has said 'tea' since this sheet was written" in told
    assert "is the id of nothing in 'shop'" in told
    assert "3 problems, nothing was recorded" in told
    assert categories(workspace)["notes/odd.md"] == ""


def test_a_sheet_made_by_hand_and_one_that_is_none(workspace: Workspace, tmp_path: Path) -> None:
    id = next(one.sha256 for one in workspace.rights("shop") if one.source == "odd.md")
    hand = save(tmp_path / "hand.csv", [{"id": id, YOURS: "sea"}])
    assert "1 sorted by you" in classify(workspace, "import", "shop", hand).stdout
    wrong = save(tmp_path / "wrong.csv", [{"id": id, "category": "sea"}])
    told = classify(workspace, "import", "shop", wrong, code=Exit.PROBLEMS).stderr
    assert f"no column '{YOURS}'" in told
    assert "curate classify export" in told


def test_a_sheet_in_a_file_is_not_overwritten(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    shown = classify(workspace, "export", "shop", file).stdout
    assert "5 rows written" in shown
    assert f"Next: curate classify import shop {file}" in shown
    assert "is there already" in classify(workspace, "export", "shop", file, code=Exit.PROBLEMS).stderr  # fmt: skip
    classify(workspace, "export", "shop", file, "--force")


def test_the_search_index_follows(workspace: Workspace) -> None:
    classify(workspace, "set", "shop", "odd.md", "--category", "tea")
    assert found(workspace, "tea") == {"green.md", "odd.md"}


def test_another_command_that_writes_is_told_of(workspace: Workspace) -> None:
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with workspace.writing():
            held.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(30)
    try:
        told = classify(workspace, "set", "shop", "odd.md", "--none", code=Exit.PROBLEMS).stderr
    finally:
        done.set()
        thread.join()
    assert "another curate command is writing" in told
    assert not (workspace.collection_file("shop").parent / FILE).exists()


def test_it_is_said_in_chinese_too(tmp_path: Path) -> None:
    workspace = make(tmp_path / "w", language="zh")
    assert "3 项等您决定归属：curate review shop" in classify(workspace, "shop").stdout
    shown = classify(workspace, "set", "shop", "杂.md", "--category", "sea").stdout
    assert "您归类了 1 项" in shown
    assert "下一步：curate classify shop" in shown

"""Rights as a spreadsheet: curate rights export and import, there and back through other programs."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.api import Workspace
from curate.errors import Exit
from curate.pipeline.rulings import Which
from curate.pipeline.sheet import ANSWER, SHOWN, STATE, SheetError
from curate.pipeline.table import safe, unsafe
from tests.test_rights_command import FILES, OUTCOMES, asked, entries, journal, make, run, standing

__all__ = ["asked"]  # the fixture

Table = list[dict[str, str]]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make(tmp_path / "w")


def export(workspace: Workspace, which: Which | None = None) -> Table:
    file = io.BytesIO()
    workspace.export_rights("shop", file, which)
    return list(csv.DictReader(io.StringIO(file.getvalue().decode("utf-8-sig"), newline="")))


def row(table: Table, place: str) -> dict[str, str]:
    return next(one for one in table if one["place"] == place)


def save(
    path: Path,
    table: Table,
    mark: str = ",",
    encoding: str = "utf-8-sig",
    columns: tuple[str, ...] = (),
) -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, columns or tuple(table[0]), "", "ignore", delimiter=mark)
        writer.writeheader()
        writer.writerows(table)
    return path


def bring(workspace: Workspace, path: Path) -> dict[str, int]:
    return dict(workspace.import_rights("shop", path, "Ann Lee").counts)


def test_the_sheet_says_all_that_one_needs_to_decide(asked: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "rights.csv"
    assert "7 rows written" in run(asked, "export", "shop", file).stdout
    assert file.read_bytes().startswith(b"\xef\xbb\xbfid,")
    assert run(asked, "export", "shop").stdout_bytes == file.read_bytes()
    assert "is there already" in run(asked, "export", "shop", file, code=Exit.PROBLEMS).stderr
    run(asked, "export", "shop", file, "--force")
    table = export(asked)
    assert tuple(table[0]) == (*SHOWN, *ANSWER, STATE)
    assert {one["place"]: one["outcome"] for one in table} == OUTCOMES
    odd = row(table, "odd.md")
    assert odd["says"] == "CC-BY-4.0 | 仅供学习交流，禁止商用"
    assert odd["rule"] == "cc-by study-only reserved"
    assert "the statements disagree" in odd["reasons"]
    assert {odd[name] for name in ANSWER} == {""}
    assert len(export(asked, Which(outcome="deny"))) == 3


def test_an_unchanged_sheet_does_nothing(workspace: Workspace, tmp_path: Path) -> None:
    run(
        workspace,
        "decide",
        "shop",
        "地图.md",
        "--own",
        "Ann Lee",
        "--why",
        "三行\n字；“好”",
        "--territory",
        "CN",
    )
    before = journal(workspace).read_bytes()
    file = tmp_path / "rights.csv"
    run(workspace, "export", "shop", file)
    assert row(export(workspace), "地图.md")["own"] == "Ann Lee"
    assert "nothing was recorded" in run(workspace, "import", "shop", file).stdout
    assert journal(workspace).read_bytes() == before


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [(",", "utf-8-sig"), (";", "utf-8"), ("\t", "utf-16"), (";", "gb18030"), ("\t", "gb18030")],
)
def test_it_comes_back_from_other_programs(
    workspace: Workspace, tmp_path: Path, mark: str, encoding: str
) -> None:
    table = export(workspace)
    row(table, "rocks.md").update(answer="Allow", own="李安", why="我自己写的；没有别人, 真的")
    row(table, "birds.md").update(answer="deny", why="不要", who="王")
    columns = ("mine", *reversed(ANSWER), "place", "id")
    file = save(tmp_path / "back.csv", table, mark, encoding, columns)
    assert bring(workspace, file) == {"decided": 2, "allow": 1, "deny": 1}
    answers = {entry["title"]: entry["answer"] for entry in entries(workspace)}
    mine = answers["Rocks and where they lie"]
    assert (mine["own"], mine["why"], mine["who"]) == (
        "李安",
        "我自己写的；没有别人, 真的",
        "Ann Lee",
    )
    assert answers["Birds of the coast"]["who"] == "王"
    assert standing(workspace) == OUTCOMES | {"rocks.md": "allow", "birds.md": "deny"}
    assert bring(workspace, file)["decided"] == 0


def test_answers_are_changed_and_taken_back(workspace: Workspace, tmp_path: Path) -> None:
    run(workspace, "decide", "shop", "rocks.md", "birds.md", "--deny", "--why", "no", "--who", "Bo")
    table = export(workspace)
    assert row(table, "birds.md")["answer"] == "deny"
    row(table, "birds.md").update(dict.fromkeys(ANSWER, ""))
    row(table, "rocks.md").update(answer="allow", why="mine", own="Ann Lee")
    bring(workspace, save(tmp_path / "back.csv", table))
    assert standing(workspace) == OUTCOMES | {"rocks.md": "allow"}
    assert [entry["answer"] and entry["answer"]["who"] for entry in entries(workspace)][2:] == [
        None,
        "Ann Lee",
    ]


def test_a_stale_answer_is_not_in_force(workspace: Workspace) -> None:
    run(workspace, "decide", "shop", "songs.md", "--as", "MIT", "--why", "so")
    material = journal(workspace).parent / "material"
    text = FILES["songs.md.license"].replace("NC", "ND")
    (material / "songs.md.license").write_text(text, encoding="utf-8")
    workspace.collect("shop")
    workspace.classify("shop")
    assert row(export(workspace), "songs.md")["answer"] == ""


def test_evidence_is_named_beside_the_sheet(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "信.txt").write_text("可以", encoding="utf-8")
    table = export(workspace)
    row(table, "songs.md").update(
        {"answer": "allow", "as": "MIT", "why": "letter", "evidence": "信.txt"}
    )
    bring(workspace, save(tmp_path / "back.csv", table))
    table = export(workspace)
    (digest,) = entries(workspace)[0]["answer"]["evidence"]
    assert row(table, "songs.md")["evidence"] == digest
    row(table, "songs.md")["why"] = "the same letter"
    bring(workspace, save(tmp_path / "back.csv", table))
    assert entries(workspace)[1]["answer"]["evidence"] == [digest]
    (tmp_path / "in").mkdir()
    row(table, "songs.md")["evidence"] = "../信.txt"
    with pytest.raises(SheetError, match="beside the sheet"):
        bring(workspace, save(tmp_path / "in" / "back.csv", table))


def test_all_problems_are_told_with_their_rows_and_nothing_is_recorded(
    workspace: Workspace, tmp_path: Path
) -> None:
    table = export(workspace)
    good = dict(row(table, "mine/guide.md"), answer="deny", why="fine")
    songs, rocks, birds = (row(table, name) for name in ("songs.md", "rocks.md", "birds.md"))
    wrong: list[tuple[dict[str, str], str]] = [
        (dict(songs, id="ab" * 32), "is the id of nothing in 'shop'"),
        (dict(songs, answer="maybe", why="x"), "'maybe' is no answer (write allow or deny"),
        (dict(rocks, answer="allow", own="Ann"), "why is empty"),
        (dict(row(table, "odd.md"), own="Ann", why="x"), "answer is empty"),
        (dict(birds, id=songs["id"]), "the same id stands in row 4"),
        (dict(birds, answer="allow", why="x", **{"as": "Mine, all"}), "'Mine, all' is no SPDX"),
        (dict(row(table, "地图.md"), answer="allow", why="x", grant="gone"), "there is no grant 'gone'"),
        (dict(row(table, "stock/hills.md"), answer="deny", why="x", own="A"), "deny takes no as"),
    ]  # fmt: skip
    file = save(tmp_path / "back.csv", [good, *(one for one, _ in wrong)], ";")
    shown = run(workspace, "import", "shop", file, code=Exit.PROBLEMS).stderr
    assert "back.csv: 8 problems, nothing was recorded" in shown
    lines = shown.splitlines()[1:]
    for number, (_, told) in enumerate(wrong, 3):
        assert any(line.startswith(f"  row {number}: ") and told in line for line in lines), told
    assert not journal(workspace).exists()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"answer": "allow"}, "row 2: it is refused (cc-nc): allowing it needs what it stands on"),
        ({"answer": "allow", "as": "CC-BY-NC-4.0"}, "row 2: it would still not be allowed"),
        (
            {"answer": "allow", "as": "MIT", "own": "A"},
            "row 2: as, own and grant exclude each other",
        ),
        (
            {"answer": "allow", "as": "MIT", "territory": "USA"},
            "row 2: 'USA' is no code of a country",
        ),
        ({"answer": "allow", "as": "MIT", "territory": "US"}, "it holds in US only"),
        ({"answer": "deny", "own": "x" * 4001}, "row 2: own is longer than 4,000 characters"),
        ({"answer": "allow", "grant": "photos/../x"}, "cannot name a grant"),
    ],
    ids=lambda value: " ".join(value.values())[:60] if isinstance(value, dict) else None,
)
def test_one_problem_of_a_row(
    asked: Workspace, tmp_path: Path, fields: dict[str, str], told: str
) -> None:
    table = [dict(row(export(asked), "songs.md"), why="x", **fields)]
    with pytest.raises(SheetError) as caught:
        bring(asked, save(tmp_path / "back.csv", table))
    assert told in caught.value.message


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "has no column 'id'"),
        (b"place,answer\na,allow\n", "has no column 'id'"),
        (b"id,place\na,b\n", "has no column 'answer'"),
        (b"PK\x03\x04\x00\x00", "not as a workbook"),
        (b"\xff\xff\xff", "neither UTF-8 nor GB18030"),
        (b'id,answer\n"' + b"x" * (2 << 20) + b'",allow\n', "is no CSV"),
    ],
    ids=["empty", "no id", "no answer", "workbook", "bytes", "one huge cell"],
)
def test_what_is_no_such_sheet_is_told(
    asked: Workspace, tmp_path: Path, content: bytes, told: str
) -> None:
    file = tmp_path / "back.csv"
    file.write_bytes(content)
    assert told in run(asked, "import", "shop", file, code=Exit.PROBLEMS).stderr


def test_titles_cannot_be_formulas(tmp_path: Path) -> None:
    workspace = make(tmp_path / "w")
    material = journal(workspace).parent / "material"
    (material / "=cmd.md").write_text("# =1+1|'calc'!A0\n", encoding="utf-8")
    workspace.collect("shop")
    workspace.classify("shop")
    (one,) = (each for each in export(workspace) if "cmd" in each["place"])
    assert one["place"] == "'=cmd.md" and one["title"].startswith("'=1+1")
    run(workspace, "decide", "shop", "=cmd.md", "--own", "-Ann", "--why", "@home", "--who", "ann")
    table = export(workspace)
    assert row(table, "'=cmd.md")["why"] == "'@home"
    assert bring(workspace, save(tmp_path / "back.csv", table))["decided"] == 0
    stripped = [{key: cell.removeprefix("'") for key, cell in each.items()} for each in table]
    assert bring(workspace, save(tmp_path / "back.csv", stripped))["decided"] == 0


@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")))
def test_every_cell_comes_back_as_it_was(cell: str) -> None:
    covered = safe(cell)
    assert covered[:1] not in ("=", "+", "-", "@", "\t", "\r") or not covered
    assert unsafe(covered) == cell


def test_an_older_sheet_revives_nothing(workspace: Workspace, tmp_path: Path) -> None:
    mine = ["decide", "shop", "rocks.md", "--own", "Ann Lee", "--why", "my notes", "--who", "Ann"]
    run(workspace, *mine)
    older = export(workspace)
    run(workspace, "decide", "shop", "rocks.md", "--undo")
    run(workspace, "decide", "shop", "birds.md", "--deny", "--why", "no", "--who", "Bo")
    before = journal(workspace).read_bytes()
    assert bring(workspace, save(tmp_path / "older.csv", older, ";", "gb18030"))["decided"] == 0
    assert journal(workspace).read_bytes() == before

    row(older, "rocks.md")["why"] = "my own notes"
    row(older, "birds.md").update(answer="allow", why="yes")
    row(older, "songs.md").update({"answer": "allow", "as": "MIT", "why": "so"})
    with pytest.raises(SheetError) as caught:
        bring(workspace, save(tmp_path / "older.csv", older))
    told = [str(one) for one in caught.value.problems]
    assert len(told) == 2
    assert all("decided otherwise" in one and "(export again" in one for one in told), told
    assert journal(workspace).read_bytes() == before


def test_a_row_whose_evidence_changed_since_is_not_taken(
    workspace: Workspace, tmp_path: Path
) -> None:
    table = export(workspace)
    row(table, "birds.md").update(answer="allow", why="looked at it")
    material = journal(workspace).parent / "material"
    text = FILES["birds.md.license"].replace("CC-BY", "CC-BY-SA")
    (material / "birds.md.license").write_text(text, encoding="utf-8")
    workspace.collect("shop")
    workspace.classify("shop")
    with pytest.raises(SheetError, match="something else is said about it"):
        bring(workspace, save(tmp_path / "back.csv", table))


def test_the_same_sheet_twice_decides_once(workspace: Workspace, tmp_path: Path) -> None:
    run(workspace, "decide", "shop", "birds.md", "--deny", "--why", "no", "--who", "Bo")
    (tmp_path / "letter.txt").write_text("yes")
    table = export(workspace)
    row(table, "songs.md").update(
        {"answer": "allow", "as": "MIT", "why": "letter", "evidence": "letter.txt"}
    )
    row(table, "birds.md").update(dict.fromkeys(ANSWER, ""))
    file = save(tmp_path / "back.csv", table)
    assert bring(workspace, file) == {"decided": 1, "undone": 1, "allow": 1}
    assert bring(workspace, file)["decided"] == 0
    assert len(entries(workspace)) == 3


def test_a_sheet_made_by_hand_needs_no_state(workspace: Workspace, tmp_path: Path) -> None:
    table = export(workspace)
    row(table, "rocks.md").update(answer="allow", own="Ann Lee", why="mine")
    run(workspace, "decide", "shop", "rocks.md", "--deny", "--why", "no")
    file = save(tmp_path / "hand.csv", table, columns=("id", "answer", "own", "why"))
    shown = run(workspace, "import", "shop", file, "--who", "Ann").stdout
    assert "1 decided: 1 allowed" in shown and "1 taken back" not in shown
    assert standing(workspace)["rocks.md"] == "allow"


def test_grounds_have_their_column(workspace: Workspace, tmp_path: Path) -> None:
    table = export(workspace)
    fields = {"answer": "allow", "as": "CC-PDM-1.0", "why": "Li said so"}
    row(table, "songs.md").update(fields)
    with pytest.raises(SheetError, match="say why it is free"):
        bring(workspace, save(tmp_path / "back.csv", table))
    row(table, "songs.md")["grounds"] = "Its author died in 1899"
    bring(workspace, save(tmp_path / "back.csv", table))
    (entry,) = entries(workspace)
    assert entry["answer"]["grounds"] == "Its author died in 1899"
    assert row(export(workspace), "songs.md")["grounds"] == "Its author died in 1899"

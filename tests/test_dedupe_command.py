"""curate dedupe: what is the same as what, and what people say about it, on the real path."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from PIL import Image, ImageDraw

from curate.api import Workspace
from curate.catalog import Catalog
from curate.cli import main
from curate.indexes import Filters
from curate.likeness import Likeness
from curate.pipeline.keep import choose
from curate.pipeline.likeness import Saying

SENTENCES = (
    "A copy that nobody has restored is a hope.",
    "Keep three copies of every photograph on two kinds of disk, one of them in another house.",
    "Write the date on the label of every tape before you put it away.",
    "The telephone counts too: its pictures are the first to go.",
    "Look in the recycle bin, then in the copy of last night, then in the one before it.",
    "Once a month take ten files at random and open each of them.",
    "A synchronised folder deletes on both sides, so it is no copy at all.",
    "Passwords belong into a safe of their own, and its key on paper.",
    "Disks that stand beside each other drown in the same water.",
    "Twice a year, read this page again and cross out what no longer holds.",
)
CHINESE = (
    "没有人恢复过的备份只是一个愿望。重要的照片要保留三份副本，存放在两种介质上，其中一份放在异地。"
    "每盘磁带都要在标签上写明日期再收起来。手机里的照片最容易丢失，也要算在内。"
    "先查看回收站，再查看昨夜的备份，最后查看更早的那一份。每个月随机取十个文件，逐一打开。"
    "同步文件夹会在两边同时删除，所以它并不是备份。密码要放进单独的保险箱，钥匙写在纸上。"
)
CONFIG = """title = "{title}"
language = "{language}"
[rights]
own = "Ann Lee"
[[sources]]
type = "folder"
path = "material"
match = "all"
{more}
"""


def guide(*edits: tuple[int, str]) -> str:
    told = dict(edits)
    return "\n\n".join(told.get(number, one) for number, one in enumerate(SENTENCES)) + "\n"


def picture(path: Path, width: int, quality: int = 90) -> None:
    image = Image.new("RGB", (640, 480), "#c8dcf0")
    draw = ImageDraw.Draw(image)
    draw.ellipse((60, 40, 320, 300), fill="#c03020")
    draw.polygon([(640, 480), (300, 480), (520, 120)], fill="#205030")
    draw.line((0, 420, 640, 380), fill="#f0c000", width=24)
    image.resize((width, width * 3 // 4)).save(path, quality=quality)


def make(root: Path, language: str = "en", more: str = "") -> Workspace:
    workspace = Workspace.init(root)
    material = workspace.collections / "guides" / "material"
    material.mkdir(parents=True)
    config = CONFIG.format(title="Guides", language=language, more=more)
    workspace.collection_file("guides").write_text(config, encoding="utf-8")
    (material / "first.md").write_text("# Copies, first edition\n\n" + guide(), encoding="utf-8")
    second = guide((3, "The telephone counts too: its films are the first to go."))
    (material / "second.md").write_text("# Copies, second edition\n\n" + second, encoding="utf-8")
    (material / "备份.md").write_text(f"# 备份\n\n{CHINESE}\n", encoding="utf-8")
    changed = CHINESE.replace("磁带", "光盘").replace("十个", "二十个")
    (material / "备份二.md").write_text(f"# 备份第二版\n\n{changed}\n", encoding="utf-8")
    (material / "sub").mkdir()
    shutil.copy(material / "备份.md", material / "sub" / "备份 副本.md")
    picture(material / "sketch.png", 640)
    picture(material / "sketch-small.jpg", 320)
    (material / "list.csv").write_text("tape,date\n1,2024-01-02\n2,2024-02-03\n", encoding="utf-8")
    workspace.collect()
    workspace.classify()
    return workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make(tmp_path / "w")


def run(workspace: Workspace, *arguments: str, code: int = 0) -> str:
    result: Result = CliRunner().invoke(main, [*arguments, "--workspace", str(workspace.root)])
    assert result.exit_code == code, result.output
    return result.output


def dedupe(workspace: Workspace, *arguments: str, code: int = 0) -> str:
    verb, *rest = arguments
    who = ["--who", "Ann"] if verb in ("keep", "split", "merge", "undo") else []
    return run(workspace, "dedupe", verb, "guides", *rest, *who, code=code)


def shown(workspace: Workspace, *more: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(dedupe(workspace, "show", *more, "--json"))
    return found


def left_out(workspace: Workspace) -> set[str]:
    """File names that a bundle leaves out."""
    with Catalog(workspace.catalog, readonly=True) as catalog:
        from curate.collection import load
        from curate.pipeline.keep import left_out as against

        loaded = load(workspace, "guides")
        choice = choose(catalog, loaded)
        return {
            Path(one.source).name
            for one in catalog.members("guides")
            if against(catalog, loaded, one, choice)
        }


def test_groups_say_what_stays_why_and_what_becomes_of_the_others(workspace: Workspace) -> None:
    text = run(workspace, "dedupe", "guides")
    assert "sketch · sketch.png" in text and "stays: it has the most pixels (307200)" in text
    assert "nearly the same picture" in text and "nearly the same text" in text
    assert "the same bytes at 2 places, also: sub/备份 副本.md" in text
    assert "a bundle leaves it out: it is nearly the same as “sketch”" in text
    assert (
        "3 groups; 3 stand back for another: nearly the same text 2, nearly the same picture 1"
        in text
    )
    assert "1 places show the same bytes as another" in text
    found = shown(workspace)
    assert found["counts"]["near-text"] == 2 and found["counts"]["same-bytes"] == 1
    for group in found["groups"]:
        first, *others = group["items"]
        assert first["keeper"] == "" == first["left_out"]
        assert group["reason"] if others else len(first["places"]) == 2
        for one in others:
            assert one["keeper"] == first["id"] and one["score"] >= 0.8 and one["left_out"]
    assert len(left_out(workspace)) == 3 and "sketch-small.jpg" in left_out(workspace)


def test_filters_and_limits(workspace: Workspace) -> None:
    assert shown(workspace, "--kind", "near-image")["total"] == 1
    assert shown(workspace, "--kind", "same-bytes")["total"] == 1
    assert (
        shown(workspace, "first.md")["total"] == shown(workspace, "sub/备份 副本.md")["total"] == 1
    )
    text = dedupe(workspace, "show", "--limit", "1")
    assert "… and 2 more: curate dedupe guides --limit 3" in text
    assert "nothing else is like it" in dedupe(workspace, "show", "list.csv")


def test_a_kept_one_stays_and_the_index_follows_on_both_sides(workspace: Workspace) -> None:
    text = dedupe(workspace, "keep", "sketch-small.jpg", "--why", "for the web")
    assert "Ann chose it on" in text and "for the web" in text
    assert "nearly the same as “sketch small”" in text and "goes into the bundle" in text
    assert "sketch.png" in left_out(workspace) and "sketch-small.jpg" not in left_out(workspace)
    assert "Ann chose it" in run(workspace, "why", "sketch.png")
    words = {hit.source for hit in workspace.search("sketch.png", Filters()).hits}
    assert "sketch-small.jpg" in words, "the one that stays is found by the name of the other"
    assert "sketch.png" in dedupe(workspace, "undo", "sketch-small.jpg")
    assert "sketch-small.jpg" in left_out(workspace)
    words = {hit.source for hit in workspace.search("sketch-small.jpg", Filters()).hits}
    assert words == {"sketch.png", "sketch-small.jpg"}


def test_what_was_split_goes_in_on_both_sides_and_merged_ones_do_not(workspace: Workspace) -> None:
    dedupe(workspace, "split", "first.md", "second.md", "--why", "two editions")
    assert not {"first.md", "second.md"} & left_out(workspace)
    assert "not the same" in run(workspace, "why", "first.md")
    text = dedupe(workspace, "show", "first.md")
    assert "nothing else is like it" in text and "not the same" in text and "two editions" in text
    text = dedupe(workspace, "merge", "list.csv", "second.md")
    assert "they are of different kinds" in text
    assert len({"list.csv", "second.md"} & left_out(workspace)) == 1
    assert shown(workspace, "--kind", "said")["total"] == 1
    dedupe(workspace, "undo", "list.csv", "second.md")
    dedupe(workspace, "undo", "first.md", "second.md")
    assert len({"first.md", "second.md"} & left_out(workspace)) == 1
    assert "list.csv" not in left_out(workspace)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["keep", "list.csv"], "is the same as nothing else"),
        (["split", "list.csv", "first.md"], "nothing to split"),
        (["merge", "备份.md", "sub/备份 副本.md"], "are the same bytes"),
        (["split", "first.md", "first.md"], "are the same bytes"),
        (["undo", "first.md"], "nobody said anything"),
        (["keep", "nothing.md"], "nothing in 'guides' is called 'nothing.md'"),
        (["diff", "nothing.md", "first.md"], "nothing in 'guides' is called 'nothing.md'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_word_that_changes_nothing_is_a_slip(
    workspace: Workspace, arguments: list[str], told: str
) -> None:
    assert told in dedupe(workspace, *arguments, code=1)
    assert not (workspace.collection_file("guides").parent / "likeness.jsonl").exists()


def test_half_of_a_split_cannot_be_taken_back_by_one_name(workspace: Workspace) -> None:
    dedupe(workspace, "split", "first.md", "second.md")
    assert "name both" in dedupe(workspace, "undo", "first.md", code=1)
    assert "nothing to split" in dedupe(workspace, "split", "first.md", "second.md", code=1)


def test_a_name_that_no_file_could_have_is_a_slip(workspace: Workspace) -> None:
    url = f"https://example.org/{'a' * 300}"
    assert "is called" in dedupe(workspace, "keep", url, code=1)


def test_rights_are_told_in_one_line(workspace: Workspace) -> None:
    decide = (
        "rights",
        "decide",
        "guides",
        "first.md",
        "--deny",
        "--who",
        "A",
        "--why",
        "a long story",
    )
    run(workspace, *decide)
    text = dedupe(workspace, "show", "first.md")
    assert "a bundle leaves it out for its rights: deny; see curate rights guides " in text
    assert "a long story" not in text
    assert "a long story" in json.dumps(shown(workspace, "first.md"))


def test_the_same_in_python(workspace: Workspace) -> None:
    (group,) = workspace.duplicates("guides", ["first.md"]).shown
    assert {one.title for one in group.members} == {
        "Copies, first edition",
        "Copies, second edition",
    }
    assert workspace.differences("guides", "first.md", "second.md").found[0].kind == "near-text"
    said = workspace.say_likeness("guides", Saying("split", ("first.md", "second.md"), "Ann"))
    assert {one.against for one in said.doubles} == {None}


def test_one_item_is_not_two(workspace: Workspace) -> None:
    assert "at least two" in dedupe(workspace, "split", "first.md", code=2)


def test_what_was_said_is_remembered_for_good(workspace: Workspace) -> None:
    """The catalogue can be built anew; people's words cannot, and do not lie in it."""
    dedupe(workspace, "keep", "sketch-small.jpg")
    dedupe(workspace, "split", "first.md", "second.md")
    dedupe(workspace, "merge", "list.csv", "备份.md")
    before = left_out(workspace)
    shutil.rmtree(workspace.root / ".curate")
    workspace.collect()
    workspace.classify()
    assert left_out(workspace) == before
    workspace.collect()
    workspace.classify()
    assert left_out(workspace) == before
    # A file that was changed is another one: nobody spoke of it yet.
    material = workspace.collection_file("guides").parent / "material"
    with (material / "first.md").open("a", encoding="utf-8") as file:
        file.write("\n")
    workspace.collect()
    workspace.classify()
    assert len({"first.md", "second.md"} & left_out(workspace)) == 1


def test_a_lost_line_of_the_journal_is_noticed(workspace: Workspace) -> None:
    dedupe(workspace, "keep", "sketch-small.jpg")
    path = workspace.collection_file("guides").parent / "likeness.jsonl"
    assert Likeness(path.parent).keep
    path.unlink()
    assert "run: curate classify guides" in dedupe(workspace, "show", code=1)
    (report,) = workspace.classify("guides")
    assert any("likeness.jsonl" in where for where, _ in report.failed)
    assert "sketch-small.jpg" in left_out(workspace)
    found = {hit.source for hit in workspace.search("sketch-small.jpg", Filters()).hits}
    assert "sketch.png" in found, "it speaks for the other again"


def test_nothing_is_ever_deleted(workspace: Workspace) -> None:
    def held() -> tuple[set[str], list[str]]:
        objects = {path.name for path in workspace.objects.glob("??/*")}
        with Catalog(workspace.catalog, readonly=True) as catalog:
            return objects, [one.sha256 for one in catalog.members("guides")]

    before = held()
    dedupe(workspace, "keep", "sketch-small.jpg")
    dedupe(workspace, "merge", "list.csv", "first.md")
    workspace.package("guides")
    workspace.collect()
    workspace.classify()
    assert held() == before


def test_a_person_can_check_what_differs(workspace: Workspace) -> None:
    text = dedupe(workspace, "diff", "first.md", "second.md")
    assert "- The telephone counts too: its pictures are the first to go." in text
    assert "+ The telephone counts too: its films are the first to go." in text
    assert "@ " in text and "nearly the same text" in text
    text = dedupe(workspace, "diff", "备份.md", "备份二.md")
    assert "- 每盘磁带都要在标签上写明日期再收起来。" in text
    assert "+ 每盘光盘都要在标签上写明日期再收起来。" in text
    text = dedupe(workspace, "diff", "sketch.png", "sketch-small.jpg")
    assert "width: 640 | 320" in text and "format: png | jpeg" in text
    assert "not found alike" in dedupe(workspace, "diff", "list.csv", "first.md")
    assert "more lines" in dedupe(workspace, "diff", "list.csv", "first.md", "--limit", "2")


def test_a_chinese_collection_is_spoken_of_in_chinese(tmp_path: Path) -> None:
    workspace = make(tmp_path / "w", "zh")
    text = run(workspace, "dedupe", "guides")
    for told in (
        "中的重复资料",
        "保留：",
        "图片近似",
        "文字近似",
        "不收入资料包：",
        "字节完全相同",
    ):
        assert told in text
    text = dedupe(workspace, "keep", "备份.md", "--why", "更完整")
    assert "Ann于" in text and "选定了它：更完整" in text and "收入资料包" in text
    assert "经人工认定" in dedupe(workspace, "merge", "备份.md", "list.csv")
    assert "优先于《" in run(workspace, "why", "备份.md")


CONTESTED = """[[sources.folders]]
path = "theirs"
rights.license = "LicenseRef-unknown"
"""


def test_a_chosen_one_that_may_not_be_packaged_gives_way(workspace: Workspace) -> None:
    run(
        workspace,
        "rights",
        "decide",
        "guides",
        "sketch-small.jpg",
        "--deny",
        "--why",
        "x",
        "--who",
        "A",
    )
    text = dedupe(workspace, "keep", "sketch-small.jpg")
    assert "“sketch” stays in its place all the same" in text
    assert "Ann chose “sketch small”, which may not be packaged" in text
    assert "sketch.png" not in left_out(workspace)
    assert "sketch.png" in {Path(item).name for item in packed(workspace)}


def packed(workspace: Workspace) -> list[str]:
    import zipfile

    with zipfile.ZipFile(workspace.package("guides").release.archive) as archive:
        return [name for name in archive.namelist() if "/data/" in name]


def test_near_ones_may_stay_but_never_the_same_text_twice(tmp_path: Path) -> None:
    workspace = make(tmp_path / "w", more='[dedupe]\nnear = "keep"\n')
    assert left_out(workspace) == set()
    material = workspace.collection_file("guides").parent / "material"
    text = (material / "first.md").read_text("utf-8")
    (material / "first.txt").write_text(text + "\n", encoding="utf-8")
    (material / "first-again.txt").write_text(text + "\n\n", encoding="utf-8")
    workspace.collect()
    workspace.classify()
    names = {"first.md", "first.txt", "first-again.txt"}
    assert len(names & left_out(workspace)) == 2, "although the second edition is like all three"
    dedupe(workspace, "merge", "first.md", "second.md")
    assert len((names | {"second.md"}) & left_out(workspace)) == 3

"""curate export, on the whole way: from a folder of files to what a shop imports."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from curate.api import Workspace
from curate.cli import main
from curate.errors import CurateError
from curate.pipeline.export import How
from curate.pipeline.export import export as run

COLLECTION = """
title = "{title}"
language = "{language}"
sources = [{{ type = "folder", path = "material", match = "all" }}]

[rights]
own = "Ann Lee"

[listing]
price = "{price}"
sku = "{sku}"
formats = ["kit"]

[listing.wording.{other}]
title = "{translated}"
description = "整理好的笔记，可直接使用。"
"""


def collection(workspace: Workspace, name: str, **said: str) -> None:
    """A collection of two notes, packaged."""
    home = workspace.collection_file(name).parent
    (home / "material").mkdir(parents=True)
    fields = {"title": f"Notes of {name}", "language": "en", "other": "zh", "translated": "备份笔记",
              "price": "19.90", "sku": f"CUR-{name}"} | said  # fmt: skip
    (home / "collection.toml").write_text(COLLECTION.format(**fields), encoding="utf-8")
    (home / "material" / "one.md").write_text(f"# Backups {name}\n\nThree copies.\n", "utf-8")
    (home / "material" / "two.md").write_text(f"# Restoring {name}\n\nTry it twice.\n", "utf-8")
    workspace.collect(name)
    workspace.classify(name)
    workspace.package(name)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace.init(tmp_path_factory.mktemp("export"))
    collection(workspace, "notes")
    collection(workspace, "papers", sku="cur-NOTES")  # the same article number, for shops
    collection(workspace, "free", price="0")
    return workspace


@pytest.fixture
def workspace(made: Workspace, tmp_path: Path) -> Iterator[Workspace]:
    """The same releases for every test, none of what a test adds."""
    for name in ("shares.jsonl", "yanked.jsonl"):
        for path in made.build.glob(f"*/{name}"):
            path.unlink()
    yield made
    for path in sorted((made.build / "export").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


def curate(workspace: Workspace, *arguments: str, code: int = 0) -> Result:
    done = CliRunner().invoke(
        main, [*arguments, "--workspace", str(workspace.root)], catch_exceptions=False
    )
    assert done.exit_code == code, done.output
    return done


def titles(folder: Path) -> list[str]:
    with (folder / "products.csv").open(encoding="utf-8-sig", newline="") as file:
        return [row["Title"] for row in csv.DictReader(file) if row["Title"]]


def test_several_collections_go_into_one_file(workspace: Workspace) -> None:
    said = curate(workspace, "export", "shopify", "notes", "free@1.0.0").output
    folder = workspace.build / "export" / "shopify"
    assert titles(folder) == ["Notes of notes", "Notes of free"]
    assert "notes 1.0.0: 19.90 CNY" in said
    assert "format-checked, not engine-checked" in said
    mark = json.loads((folder / "export.json").read_text("utf-8"))
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {*mark["files"], "export.json"} == there
    assert str(workspace.root) not in json.dumps(mark)
    assert not [path for path in folder.parent.iterdir() if path != folder]  # nothing passing stays


def test_what_was_checked_by_an_importer_says_so(workspace: Workspace) -> None:
    said = curate(workspace, "export", "vendure", "notes").output
    assert "checked with the platform's own importer" in said
    assert "not engine-checked" not in said
    listed = curate(workspace, "export", "--list").output.splitlines()
    engines = {line.split()[0] for line in listed if "own importer" in line}
    assert engines == {"vendure", "medusa", "oscar"} and len(listed) == 10


def test_one_that_is_refused_leaves_the_others(workspace: Workspace) -> None:
    said = curate(workspace, "export", "shopify", "notes", "papers", code=3).output
    assert "papers: its SKU 'cur-NOTES' is that of notes, too" in said
    assert "papers 1.0.0: left out" in said
    assert titles(workspace.build / "export" / "shopify") == ["Notes of notes"]


def test_it_ends_with_what_comes_next(workspace: Workspace) -> None:
    def last(*words: str, code: int = 0) -> str:
        return curate(workspace, "export", *words, code=code).output.splitlines()[-1]

    assert last("vendure", "notes") == "Next: bring it into vendure"
    again = "curate export shopify notes papers"
    assert last("shopify", "notes", "papers", code=3) == f"Next: correct what is named above, then: {again}"  # fmt: skip
    assert last("dujiaoka", "notes", code=1).endswith("then: curate export dujiaoka notes")


def test_its_reasons_are_said_in_the_language_of_the_rest(workspace: Workspace) -> None:
    file = workspace.root / "curate.toml"
    plain = file.read_text("utf-8")
    file.write_text('language = "zh"\n', encoding="utf-8")
    try:
        said = curate(workspace, "export", "shopify", "notes", "papers", code=3).output
        assert (
            "错误: papers: SKU“cur-NOTES”与 notes 的相同 (请在 collection.toml 中改写：listing.sku)"
            in said
        )
        assert "its SKU" not in said and "下一步：先改正以上问题" in said
        told = curate(workspace, "export", "dujiaoka", "notes", "papers", "--json", code=1).stdout
        assert {one["what"] for one in json.loads(told)["problems"]} >= {
            "1.0.0 没有可交付的内容：尚未登记任何分享"
        }
    finally:
        file.write_text(plain, encoding="utf-8")


def test_rules_stop_a_collection_unless_forced(workspace: Workspace) -> None:
    (workspace.root / "rules").mkdir(exist_ok=True)
    pack = workspace.root / "rules" / "shopify.toml"
    pack.write_text(
        'title = "Ours"\n[[rule]]\nname = "no-notes"\ncheck = "words"\nfields = ["title"]\nwords = ["Notes of free"]\n'
        'reason = "not in our shop"\nreason_zh = "本店不收"\nsource = "us"\nknown = "2026-11"\n',
        encoding="utf-8",
    )
    try:
        told = json.loads(
            curate(workspace, "export", "shopify", "notes", "free", "--json", code=3).stdout
        )
        assert [one["written"] for one in told["offers"]] == [True, False]
        assert any("not in our shop" in one["what"] for one in told["problems"])
        forced = json.loads(
            curate(workspace, "export", "shopify", "notes", "free", "--json", "--force").stdout
        )
        assert [one["written"] for one in forced["offers"]] == [True, True]
        assert {one["severity"] for one in forced["problems"]} == {"warning"}
    finally:
        pack.unlink()


def test_an_export_is_replaced_and_what_is_none_is_left_alone(
    workspace: Workspace, tmp_path: Path
) -> None:
    folder = tmp_path / "shop"
    curate(workspace, "export", "shopify", "notes", "free", "--output", str(folder))
    curate(workspace, "export", "shopify", "free", "--legacy", "--output", str(folder))
    assert titles(folder) == ["Notes of free"]
    assert (folder / "products.csv").read_text("utf-8").startswith("Handle,")
    (folder / "mine.txt").write_text("mine")
    said = curate(workspace, "export", "shopify", "notes", "--output", str(folder), code=1).output
    assert "mine.txt is not as curate exported it" in said
    assert titles(folder) == ["Notes of free"] and (folder / "mine.txt").exists()
    (folder / "mine.txt").unlink()
    with (folder / "products.csv").open("a") as file:
        file.write("mine\n")
    said = curate(workspace, "export", "shopify", "notes", "--output", str(folder), code=1).output
    assert "products.csv is not as curate exported it" in said


def test_nothing_is_written_where_nothing_can_be(workspace: Workspace) -> None:
    said = curate(workspace, "export", "dujiaoka", "notes", code=1).output
    assert "no share of it is recorded" in said and "curate publish record notes" in said
    assert "nothing was written" in said
    assert not (workspace.build / "export" / "dujiaoka").exists()


def test_card_lists_deliver_what_was_published(workspace: Workspace) -> None:
    record = ["publish", "record", "notes", "--url", "https://pan.example/s/1AbC", "--code", "x7k2"]
    curate(workspace, *record, "--expires", "2030-01-31")
    curate(workspace, "export", "acg-faka", "notes")
    text = (workspace.build / "export" / "acg-faka" / "notes.txt").read_text("utf-8")
    assert text.startswith("链接：https://pan.example/s/1AbC 提取码：x7k2 有效期至：2030-01-31")


def test_a_share_that_has_run_out_is_not_delivered(workspace: Workspace) -> None:
    from datetime import date

    curate(
        workspace,
        "publish",
        "record",
        "notes",
        "--url",
        "https://pan.example/s/1",
        "--expires",
        "2030-01-31",
    )
    for today, written in ((date(2030, 1, 31), True), (date(2030, 2, 1), False)):
        told = run(workspace, "dujiaoka", ["notes"], How(today=today))
        assert bool(told.files) is written


def test_yanked_releases_are_not_exported(workspace: Workspace) -> None:
    curate(workspace, "yank", "notes", "1.0.0", "--why", "a page is missing")
    assert (
        "no release of notes is on sale"
        in curate(workspace, "export", "shopify", "notes", code=1).output
    )
    said = curate(workspace, "export", "shopify", "notes@1.0.0", code=1).output
    assert "off sale: a page is missing" in said


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["shopfy", "notes"], "did you mean 'shopify'?"),
        (["shopify", "note"], "did you mean 'notes'?"),
        (["shopify", "notes@9.9.9"], "notes has no release 9.9.9"),
        (["shopify", "notes@../../x"], "notes has no release"),
        (["shopify", "notes", "notes@1.0.0"], "two versions of notes"),
        (["vendure", "notes", "--legacy"], "vendure has no --legacy"),
        (["medusa", "notes", "--copies"], "it has: --images"),
    ],
)
def test_slips_are_told(workspace: Workspace, arguments: list[str], told: str) -> None:
    assert told in curate(workspace, "export", *arguments, code=1).output
    assert not (workspace.build / "export").exists() or not any(
        (workspace.build / "export").iterdir()
    )


def test_platform_and_collection_are_needed(workspace: Workspace) -> None:
    assert "name a PLATFORM" in curate(workspace, "export", "shopify", code=2).output
    wrong = ["export", "shopify", "notes", "--images", "javascript:alert(1)"]
    assert "--images takes an address" in curate(workspace, *wrong, code=2).output


def test_a_release_without_a_kit_says_what_to_do(tmp_path: Path) -> None:
    workspace = Workspace.init(tmp_path / "w")
    collection(workspace, "notes")
    (workspace.build / "notes" / "1.0.0" / "listing" / "product.json").unlink()
    with pytest.raises(CurateError, match="built without a listing kit"):
        run(workspace, "shopify", ["notes"], How())


def test_it_speaks_chinese(tmp_path: Path) -> None:
    workspace = Workspace.init(tmp_path / "w", "zh")
    collection(workspace, "资料", title="备份笔记", language="zh", other="en", translated="Notes")
    said = curate(workspace, "export", "woocommerce", "资料").output
    assert "只检验了格式" in said and "资料 1.0.0：19.90 CNY" in said


def test_the_cover_of_the_kit_is_in_it(workspace: Workspace) -> None:
    curate(workspace, "export", "vendure", "notes")
    folder = workspace.build / "export" / "vendure"
    cover = workspace.build / "notes" / "1.0.0" / "listing" / _images(workspace)[0]
    assert (folder / "assets" / f"notes-1{cover.suffix}").read_bytes() == cover.read_bytes()


def _images(workspace: Workspace) -> list[str]:
    path = workspace.build / "notes" / "1.0.0" / "listing" / "product.json"
    images: list[str] = json.loads(path.read_text("utf-8"))["images"]
    return images

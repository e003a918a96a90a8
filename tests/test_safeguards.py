"""What must never happen: packaged without a right, lost without a word, believed without bytes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from curate.api import Workspace
from curate.catalog import Catalog
from curate.errors import ConfigError, CurateError
from curate.store import Store

SOURCE = '[[sources]]\ntype = "folder"\npath = "{path}"\nmatch = "{match}"\n{more}\n'


def made(tmp_path: Path, *sources: str, head: str = "") -> Workspace:
    workspace = Workspace.init(tmp_path / "w")
    workspace.collection_file("c").parent.mkdir()
    configure(workspace, *sources, head=head)
    return workspace


def configure(workspace: Workspace, *sources: str, head: str = "") -> None:
    text = f'title = "c"\n{head}\n' + "".join(sources)
    workspace.collection_file("c").write_text(text, encoding="utf-8")


def source(path: str = "material", match: str = "all", more: str = "") -> str:
    return SOURCE.format(path=path, match=match, more=more)


def put(workspace: Workspace, name: str, text: str) -> Path:
    path = workspace.collections / "c" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def run(workspace: Workspace) -> None:
    workspace.collect("c")
    workspace.classify("c")


def text_of(number: int) -> str:
    return " ".join(f"word{number}x{n} of a text that is long enough" for n in range(20))


def test_a_bundle_is_built_by_the_present_rules_or_not_at_all(tmp_path: Path) -> None:
    workspace = made(tmp_path, source(), head='[rights]\nlicense = "CC-BY-4.0"')
    put(workspace, "material/a.txt", text_of(1))
    run(workspace)
    configure(
        workspace, source(), head='[rights]\nlicense = "CC-BY-NC-4.0"\n[listing]\nprice = "9"'
    )
    assert workspace.status()[0].next == "curate classify c"
    with pytest.raises(CurateError, match="present rules"):
        workspace.package("c")
    workspace.classify("c")
    with pytest.raises(CurateError, match="nothing to package"):
        workspace.package("c")


def test_other_sources_have_to_be_collected_first(tmp_path: Path) -> None:
    workspace = made(tmp_path, source(), head='[rights]\nown = "me"')
    put(workspace, "material/a.txt", text_of(1))
    put(workspace, "other/b.txt", text_of(2))
    run(workspace)
    configure(workspace, source("other"), head='[rights]\nown = "me"')
    with pytest.raises(CurateError) as caught:
        workspace.package("c")
    assert caught.value.hint == "run: curate collect c"


def test_one_place_is_one_source(tmp_path: Path) -> None:
    workspace = made(tmp_path, source("material"), source("./material/"))
    with pytest.raises(ConfigError, match="more than once"):
        workspace.collect("c")


def test_an_emptied_file_leaves_and_its_bytes_stay(tmp_path: Path) -> None:
    workspace = made(tmp_path, source(), head='[rights]\nown = "me"')
    path = put(workspace, "material/a.txt", text_of(1))
    put(workspace, "material/b.txt", text_of(2))
    run(workspace)
    path.write_bytes(b"")
    run(workspace)
    packaged = workspace.package("c")
    assert packaged.release.items == 1
    assert len(list(workspace.objects.glob("??/*"))) == 2
    assert any("empty" in str(one.places[0].sighting.reason) for one in workspace.why("a.txt"))


def test_bytes_that_are_gone_are_brought_again(tmp_path: Path) -> None:
    workspace = made(tmp_path, source(), head='[rights]\nown = "me"')
    put(workspace, "material/a.txt", text_of(1))
    run(workspace)
    shutil.rmtree(workspace.objects)
    with pytest.raises(CurateError, match="lost the bytes"):
        workspace.package("c")
    run(workspace)
    assert workspace.package("c").release.items == 1


def test_a_kill_while_tidying_is_harmless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head = 'keywords = ["apple"]\n[rights]\nown = "me"'
    workspace = made(tmp_path, source(match="keywords"), head=head)
    put(workspace, "material/a.txt", "A pear is a fruit as well.")
    with monkeypatch.context() as patch:
        patch.setattr(Store, "drop", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            workspace.collect("c")
    configure(workspace, source(match="keywords"), head=head.replace("apple", "pear"))
    run(workspace)
    assert workspace.package("c").release.items == 1


def test_what_could_not_be_read_is_read_again_on_demand(tmp_path: Path) -> None:
    head = 'keywords = ["apple"]\n[rights]\nown = "me"'
    workspace = made(tmp_path, source(match="keywords"), head=head)
    put(workspace, "material/broken.docx", "PK\x03\x04 no document")
    (report,) = workspace.collect("c")
    assert [where for where, _ in report.failed] == ["broken.docx"]
    (again,) = workspace.collect("c")
    assert again.counts.get("examined", 0) == 0 and again.failed
    (retried,) = workspace.collect("c", retry=True)
    assert retried.counts["examined"] == 1


def picture(path: Path, notice: str = "") -> None:
    image = Image.linear_gradient("L").resize((400, 300)).convert("RGB")
    draw = ImageDraw.Draw(image)
    draw.ellipse((60, 40, 220, 200), fill=(200, 80, 20))
    draw.rectangle((250, 150, 380, 280), fill=(20, 90, 160))
    exif = Image.Exif()
    if notice:
        exif[0x8298] = notice
    image.save(path, quality=90 if notice else 80, exif=exif)


def test_a_copy_without_its_notice_is_no_cleaner(tmp_path: Path) -> None:
    workspace = made(tmp_path, source(), head='[rights]\nown = "Ann Lee"')
    folder = workspace.collections / "c" / "material"
    folder.mkdir()
    picture(folder / "agency.jpg", "(c) 2020 Some Agency. All rights reserved")
    picture(folder / "stripped.jpg")
    put(workspace, "material/a.txt", text_of(1))
    run(workspace)
    packaged = workspace.package("c")
    assert packaged.release.items == 1
    left = {where: str(reason) for where, reason in packaged.report.failed}
    assert "Some Agency" in left["agency.jpg"]
    assert "somebody else has a say" in left["stripped.jpg"]


def test_what_another_collection_knows_casts_doubt_here(tmp_path: Path) -> None:
    workspace = made(tmp_path, source(), head='[rights]\nown = "Ann Lee"')
    folder = workspace.collections / "c" / "material"
    folder.mkdir()
    picture(folder / "stripped.jpg")
    put(workspace, "material/a.txt", text_of(1))
    bought = tmp_path / "bought"
    bought.mkdir()
    picture(bought / "agency.jpg", "(c) 2020 Some Agency. All rights reserved")
    other = workspace.collection_file("private")
    other.parent.mkdir()
    other.write_text(f'title = "p"\n{source(str(bought))}', encoding="utf-8")
    workspace.collect("private", "c")
    workspace.classify("private", "c")
    packaged = workspace.package("c")
    assert packaged.release.items == 1
    left = {where: str(reason) for where, reason in packaged.report.failed}
    assert "somebody else has a say" in left["stripped.jpg"]


def test_one_wrong_collection_does_not_stop_the_others(tmp_path: Path) -> None:
    workspace = made(tmp_path, source(), head='[rights]\nown = "me"')
    put(workspace, "material/a.txt", text_of(1))
    (workspace.collections / "b").mkdir()
    (workspace.collections / "b" / "collection.toml").write_text("titel = 1\n", encoding="utf-8")
    reports = {one.collection: one for one in workspace.collect()}
    assert reports["b"].failed and reports["c"].counts["taken"] == 1
    assert {one.collection for one in workspace.classify()} == {"b", "c"}
    assert workspace.search("word1x1").total == 1


def test_a_collection_that_is_deleted_leaves_the_search(tmp_path: Path) -> None:
    workspace = made(tmp_path, source(), head='[rights]\nown = "me"')
    put(workspace, "material/a.txt", text_of(1))
    run(workspace)
    workspace.new("d")
    shutil.rmtree(workspace.collections / "c")
    workspace.collect()
    workspace.classify()
    assert workspace.search("word1x1").total == 0


def test_an_index_of_a_lost_catalogue_is_not_believed(tmp_path: Path) -> None:
    workspace = made(tmp_path, source(), head='[rights]\nown = "me"')
    path = put(workspace, "material/a.txt", text_of(1))
    put(workspace, "material/b.txt", text_of(2))
    run(workspace)
    for file in workspace.state.glob("catalog.db*"):
        file.unlink()
    path.unlink()
    run(workspace)
    assert workspace.search("word1x1").total == 0 and workspace.search("word2x1").total == 1


def test_many_alike_leave_one_however_they_came(tmp_path: Path) -> None:
    def names(workspace: Workspace) -> int:
        with Catalog(workspace.catalog):
            return workspace.package("c").release.items

    texts = [f"{text_of(7)} edition {n}" for n in range(90)]
    at_once = made(tmp_path / "one", source(), head='[rights]\nown = "me"')
    in_steps = made(tmp_path / "two", source(), head='[rights]\nown = "me"')
    for n, text in enumerate(texts):
        put(at_once, f"material/{n}.txt", text)
    run(at_once)
    for start in range(0, 90, 30):
        for n in range(start, start + 30):
            put(in_steps, f"material/{n}.txt", texts[n])
        run(in_steps)
    assert names(at_once) == names(in_steps) == 1

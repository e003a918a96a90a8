"""What a seller reads on the way: a folder that is not there, what was left out, descriptions, languages."""

from __future__ import annotations

import hashlib
import random
import re
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from curate.cli import main

MARKDOWN = """# 备份

## 第一步

其中**一**份放在[别处](https://example.org/a)。

| 介质 | 寿命 |
|---|---|
| 硬盘 | 5 年 |

- 每月检查
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shop = tmp_path / "shop"
    assert CliRunner().invoke(main, ["init", str(shop), "--language", "zh"]).exit_code == 0
    monkeypatch.chdir(shop)
    return shop


def run(*words: str) -> str:
    return CliRunner().invoke(main, words).output


def test_a_folder_that_is_not_there_is_told_at_once(shop: Path) -> None:
    said = run("new", "guides", "--folder", "没有", "--own", "李安")
    assert "没有 还不存在" in said
    assert "curate collect guides" in said


def test_reasons_are_headings_once_and_descriptions_hold_no_marks(shop: Path) -> None:
    material = shop / "material"
    material.mkdir()
    (material / "备份.md").write_text(MARKDOWN, "utf-8")
    for name in ("a.docx", "b.docx"):
        (material / name).write_bytes(b"PK\x03\x04" + name.encode())
    run("new", "guides", "--folder", str(material), "--own", "李安")
    for stage in ("collect", "classify", "package"):
        run(stage, "guides")
    left = (shop / "build/guides/1.0.0/LEFT-OUT.md").read_text("utf-8")
    assert "## 无法读取 (2)" in left
    assert left.count("## ") == 1
    assert "a.docx (a.docx " in left
    with zipfile.ZipFile(shop / "build/guides/1.0.0/guides-1.0.0.zip") as archive:
        (start,) = (name for name in archive.namelist() if name.endswith("START-HERE.html"))
        page = archive.read(start).decode()
    assert "第一步 其中一份放在别处。 每月检查" in " ".join(page.split())


def test_what_is_left_out_is_told_by_reason_and_title(shop: Path) -> None:
    material = shop / "material"
    material.mkdir()
    (material / "good.txt").write_text("Words that somebody wrote. " * 9, "utf-8")
    for name in "cdab":
        (material / f"{name}.docx").write_bytes(b"PK\x03\x04" + name.encode())
        (material / f"{name}.pdf").write_bytes(b"%PDF-1.4\n" + name.encode())
    run("new", "guides", "--folder", str(material), "--own", "Ann")
    for stage in ("collect", "classify"):
        run(stage, "guides")
    toml = shop / "collections/guides/collection.toml"
    toml.write_text(toml.read_text("utf-8").replace('"zh"', '"en"'), "utf-8")
    said = run("package", "guides")
    assert "  1 item in " in said and "1 items" not in said
    told = re.findall(r"left out: (\S+):", said)
    assert [Path(one).name for one in told] == sorted(
        f"{name}.{suffix}" for suffix in ("docx", "pdf") for name in "abcd"
    )


def test_each_of_several_archives_is_told_with_its_checksum(shop: Path) -> None:
    material = shop / "material"
    material.mkdir()
    for seed in range(3):
        (material / f"{seed}.bin").write_bytes(random.Random(seed).randbytes(700_000))
    run("new", "guides", "--folder", str(material), "--own", "李安")
    with (shop / "collections/guides/collection.toml").open("a", encoding="utf-8") as file:
        file.write("\n[bundle]\nvolume_mb = 1\n")
    for stage in ("collect", "classify"):
        run(stage, "guides")
    said = run("package", "guides")
    made = sorted((shop / "build/guides/1.0.0").glob("*.zip"))
    assert len(made) == 3
    for archive in made:
        assert f"{archive.name}（{archive.stat().st_size:,} 字节）" in said
        assert hashlib.sha256(archive.read_bytes()).hexdigest() in said


@pytest.mark.parametrize(("spoken", "said"), [("zh_CN.UTF-8", "更新"), ("de_DE.UTF-8", "update")])
def test_a_buyer_without_a_workspace_is_spoken_to_as_the_system_is(
    spoken: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from curate.cli.versions import _language
    from curate.messages import speaker

    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.delenv("LC_MESSAGES", raising=False)
    monkeypatch.setenv("LANG", spoken)
    assert speaker(_language(None))("update {folder}", folder="x").startswith(said)

"""curate key: made once, kept apart, shown to sellers and checked by buyers."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from curate import signing
from curate.cli import main
from curate.errors import CurateError
from tests.test_docs import ROOT, run, shell

__all__ = ["shell"]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(signing.PASSWORD, raising=False)
    root = tmp_path / "shop"
    assert curate("init", str(root)).exit_code == 0
    monkeypatch.chdir(root)
    return root


def curate(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(main, list(arguments), input=typed)


def test_a_bundle_is_signed_from_the_day_that_there_is_a_key(shop: Path) -> None:
    (shop / "texts").mkdir()
    (shop / "texts" / "tea.md").write_text("# Tea\n\nHow to make tea with hot water.\n", "utf-8")
    curate("new", "tea", "--folder", str(shop / "texts"), "--own", "Ann Lee")
    for command in ("collect", "classify", "package"):
        assert curate(command, "tea").exit_code == 0
    assert not list((shop / "build").rglob("*.minisig"))
    made = curate("key", "new")
    assert made.exit_code == 0, made.output
    public = signing.public(shop / "keys")
    assert public in made.output
    assert "safe place" in made.output
    assert "If you lose it" in made.output
    assert curate("package", "tea").exit_code == 0
    (signature,) = (shop / "build").rglob("*.zip.minisig")
    with signature.with_suffix("").open("rb") as archive:
        assert signing.check(archive, signature.read_bytes(), public) == ""


def test_it_is_kept_from_others_and_from_git(shop: Path) -> None:
    curate("key", "new")
    assert (shop / "keys" / ".gitignore").read_text("utf-8") == "*\n"
    if os.name != "nt":
        assert stat.S_IMODE((shop / "keys" / signing.SECRET).stat().st_mode) == 0o600


def test_a_key_is_never_overwritten(shop: Path) -> None:
    curate("key", "new")
    before = (shop / "keys" / signing.SECRET).read_bytes()
    again = curate("key", "new", "--password", typed="a\na\n")
    assert again.exit_code == 1
    assert "exists" in again.output
    assert "Password" not in again.output
    assert (shop / "keys" / signing.SECRET).read_bytes() == before


def test_a_password_is_asked_for_twice_and_never_shown(shop: Path) -> None:
    made = curate("key", "new", "--password", typed="tea time\ntea time\n")
    assert made.exit_code == 0, made.output
    assert "tea time" not in made.output
    with pytest.raises(CurateError, match="missing"):
        signing.load(shop / "keys")
    with pytest.raises(CurateError, match="wrong"):
        signing.load(shop / "keys", "coffee")
    held = signing.load(shop / "keys", "tea time")
    assert held is not None
    shown = curate("key", "show")
    assert shown.exit_code == 0
    assert f"minisign -Vm NAME-1.0.0.zip -P {held.public}" in shown.output


def test_a_password_may_come_from_the_environment(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(signing.PASSWORD, "tea time")
    assert curate("key", "new", "--password").exit_code == 0
    assert signing.load(shop / "keys") is not None


def test_show_needs_a_key_and_says_how_to_make_one(shop: Path) -> None:
    assert curate("key").exit_code == 1
    found = curate("key", "show")
    assert found.exit_code == 1
    assert "curate key new" in found.output


def test_show_for_machines_and_from_the_secret_key_alone(shop: Path) -> None:
    curate("key", "new")
    told = json.loads(curate("key", "show", "--json").output)
    assert told["version"] == 1
    assert Path(told["path"]) == shop / "keys" / signing.PUBLIC
    Path(told["path"]).unlink()
    assert json.loads(curate("key", "show", "--json").output)["public_key"] == told["public_key"]


def test_a_damaged_public_key_is_told(shop: Path) -> None:
    curate("key", "new")
    (shop / "keys" / signing.PUBLIC).write_text("nothing\n", "utf-8")
    found = curate("key", "show")
    assert found.exit_code == 1
    assert "is no minisign public key" in found.output


def test_the_documents_show_it_as_it_is(tmp_path: Path, shell: dict[str, str]) -> None:
    run(ROOT / "docs" / "bundles.md", tmp_path, shell)

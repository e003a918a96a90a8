"""A backup is one file for its owner alone; restoring it brings back the shop, and nobody who was erased since."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import shutil
import signal
import sqlite3
import stat
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from curate.books.privacy import backup, erase
from curate.books.privacy.backup import Member
from curate.database.tables import contacts, identities, orders
from curate.errors import CurateError
from curate.shop import Shop, erasures, keys
from curate.workspace import Workspace
from tests.people import known
from tests.selling import Clock, count
from tests.test_delivery_kill import deadly


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return opened(tmp_path / "w")


def opened(root: Path) -> Shop:
    root.mkdir(exist_ok=True)
    (root / "curate.toml").touch()
    if not (root / "shop.toml").exists():
        (root / "shop.toml").write_text("[channels.own]\n", encoding="utf-8")
    return Shop.open(Workspace.at(root), Clock())


def closed(shop: Shop) -> Workspace:
    shop.database.close()
    return shop.workspace


def moved(workspace: Workspace) -> Shop:
    return Shop.open(workspace, Clock())


def test_it_is_for_its_owner_alone_whatever_the_mask_says(shop: Shop, tmp_path: Path) -> None:
    known(shop, "ann")
    before = os.umask(0)
    try:
        done = backup.backup(shop, tmp_path / "b.zip")
        workspace = opened(tmp_path / "other").workspace
        backup.restore(workspace, tmp_path / "b.zip", replace=True)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "b.zip").stat().st_mode) == 0o600 and not done.shared
    assert {"shop.db", "shop.toml", "keys/shop.key"} <= set(done.files)
    for name in ("shop.db", "keys/shop.key"):
        assert stat.S_IMODE((workspace.root / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(workspace.keys.stat().st_mode) == 0o700
    assert not [
        path for path in tmp_path.rglob("*") if ".part" in path.name or path.name == "unpacked"
    ]
    with pytest.raises(CurateError, match="exists"):
        backup.backup(shop, tmp_path / "b.zip")


def test_it_is_of_one_moment_while_others_write(shop: Shop, tmp_path: Path) -> None:
    known(shop, "ann")
    with shop.database.engine.connect() as reader:
        reader.execute(select(orders)).all()
        backup.backup(shop, tmp_path / "b.zip")
    workspace = closed(opened(tmp_path / "other"))
    (workspace.root / "shop.db").unlink()
    restored = backup.restore(workspace, tmp_path / "b.zip")
    assert count(moved(workspace), orders) == 1 and restored.forgotten == 0
    assert moved(workspace).keys.code("A", 0) == shop.keys.code("A", 0)


def test_who_was_erased_since_stays_so_and_the_others_come_back(shop: Shop, tmp_path: Path) -> None:
    ann, bob = known(shop, "ann"), known(shop, "bob")
    backup.backup(shop, tmp_path / "b.zip")
    erase.erase(shop, [ann.email])
    workspace = closed(shop)
    assert backup.restore(workspace, tmp_path / "b.zip", replace=True).forgotten == 1
    again = moved(workspace)
    with again.database.reading() as connection:
        erased = select(contacts.c.id).where(contacts.c.erased_at.is_not(None))
        assert [*connection.scalars(erased)] == [ann.contact_id]
        emails = {*connection.scalars(select(orders.c.email))}
    assert emails == {"", bob.email}


def test_a_backup_that_knows_more_teaches_the_journal(shop: Shop, tmp_path: Path) -> None:
    """The folder was lost, and made anew from an older copy of everything."""
    ann = known(shop, "ann")
    older = tmp_path / "older"
    shop.database.close()
    shutil.copytree(shop.workspace.root, older)
    erase.erase(shop, [ann.email])
    backup.backup(shop, tmp_path / "b.zip")
    lost = Shop.open(Workspace.at(older), Clock())
    assert count(lost, identities) == 2
    backup.restore(closed(lost), tmp_path / "b.zip", replace=True)
    for path in older.glob("shop.db*"):  # and then somebody copies the older database over it, too
        path.unlink()
    shutil.copy(shop.workspace.root / "shop.db", older / "shop.db")
    assert count(moved(lost.workspace), identities) == 0


def test_a_journal_that_was_lost_is_made_anew_with_the_next_backup(
    shop: Shop, tmp_path: Path
) -> None:
    ann = known(shop, "ann")
    erase.erase(shop, [ann.email])
    before = {key for one in erasures.journal(shop.workspace).entries for key in one.keys}
    erasures.path(shop.workspace).unlink()
    backup.backup(shop, tmp_path / "b.zip")
    assert {key for one in erasures.journal(shop.workspace).entries for key in one.keys} == before


def test_nothing_is_replaced_unless_it_is_said_nor_while_it_is_used(
    shop: Shop, tmp_path: Path
) -> None:
    known(shop, "ann")
    backup.backup(shop, tmp_path / "b.zip")
    known(shop, "bob")
    before = count(shop, orders)
    with pytest.raises(CurateError, match="has a shop already") as told:
        backup.restore(shop.workspace, tmp_path / "b.zip")
    assert "--replace" in told.value.hint
    with pytest.raises(CurateError, match="in use"):
        backup.restore(shop.workspace, tmp_path / "b.zip", replace=True)
    assert count(shop, orders) == before
    assert backup.restore(closed(shop), tmp_path / "b.zip", replace=True)
    assert count(moved(shop.workspace), orders) == before - 1


def test_another_key_and_a_journal_do_not_go_together(shop: Shop, tmp_path: Path) -> None:
    ann = known(shop, "ann")
    erase.erase(shop, [ann.email])
    other = opened(tmp_path / "other")
    known(other, "bob")
    backup.backup(other, tmp_path / "b.zip")
    with pytest.raises(CurateError, match="another one"):
        backup.restore(closed(shop), tmp_path / "b.zip", replace=True)
    (shop.workspace.keys / keys.FILE).write_text("00" * 32)
    with pytest.raises(CurateError, match="another key"):
        moved(shop.workspace).database  # noqa: B018 - opening it raises


def test_a_damaged_shop_is_what_backups_are_for(shop: Shop, tmp_path: Path) -> None:
    known(shop, "ann")
    backup.backup(shop, tmp_path / "b.zip")
    workspace = closed(shop)
    (workspace.root / "shop.db").write_bytes(b"no database at all, " * 500)
    assert backup.restore(workspace, tmp_path / "b.zip", replace=True)
    assert count(moved(workspace), orders) == 1


def _doomed(root: Path, file: Path, reach: int) -> None:
    deadly("curate.books.privacy.backup:_place", "after", reach)
    backup.restore(Workspace.at(root), file, replace=True)


@pytest.mark.parametrize("reach", [1, 2, 3, 4])
def test_restoring_is_done_again_after_a_kill(shop: Shop, tmp_path: Path, reach: int) -> None:
    ann = known(shop, "ann")
    done = backup.backup(shop, tmp_path / "b.zip")
    assert len(done.files) == 4
    erase.erase(shop, [ann.email])
    workspace = closed(shop)
    running = multiprocessing.get_context("forkserver").Process(
        target=_doomed, args=(workspace.root, tmp_path / "b.zip", reach)
    )
    running.start()
    running.join(120)
    assert running.exitcode == -signal.SIGKILL
    between = moved(workspace)
    assert count(between, identities) == 0
    between.database.close()
    backup.restore(workspace, tmp_path / "b.zip", replace=True)
    again = moved(workspace)
    assert (count(again, identities), count(again, orders)) == (0, 1)
    again.database.close()
    files = [path for path in workspace.root.rglob("*") if path.is_file()]
    assert not [path for path in files if b"ann~" in path.read_bytes()]


def rewritten(source: Path, to: Path, change: Any) -> Path:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(to, "w") as new:
        parts = {name: old.read(name) for name in old.namelist()}
        for name, data in change(parts).items():
            new.writestr(name, data)
    return to


def _evil(name: str) -> Any:
    def change(parts: dict[str, bytes]) -> dict[str, bytes]:
        told = json.loads(parts["backup.json"])
        told["files"].append(msgspec.to_builtins(Member(name, 1, "0" * 64)))
        return {**parts, "backup.json": json.dumps(told).encode(), name: b"x"}

    return change


def _instead(name: str, data: bytes | None) -> Any:
    """A file that the list tells rightly, and that is not what it should be."""

    def change(parts: dict[str, bytes]) -> dict[str, bytes]:
        told = json.loads(parts["backup.json"])
        told["files"] = [one for one in told["files"] if one["name"] != name]
        if data is not None:
            digest = hashlib.sha256(data).hexdigest()
            told["files"].append(msgspec.to_builtins(Member(name, len(data), digest)))
        rest = {key: value for key, value in parts.items() if key != name} | (
            {name: data} if data else {}
        )
        return {**rest, "backup.json": json.dumps(told).encode()}

    return change


def _altered(statement: str) -> Any:
    def change(parts: dict[str, bytes]) -> dict[str, bytes]:
        there = sqlite3.connect(":memory:")
        there.deserialize(parts["shop.db"])
        there.execute(statement)
        there.commit()
        return dict(_instead("shop.db", there.serialize())(parts))

    return change


def _made_at(parts: dict[str, bytes]) -> dict[str, bytes]:
    told = json.loads(parts["backup.json"]) | {"made_at": 10**30}
    return {**parts, "backup.json": json.dumps(told).encode()}


CHANGES = {
    "no database": _instead("shop.db", b"?" * 5_000),
    "an empty one": _instead("shop.db", b""),
    "none at all": _instead("shop.db", None),
    "of a newer curate": _altered("UPDATE alembic_version SET version_num = '9999'"),
    "without a table": _altered("DROP TABLE audits"),
    "no key": _instead("keys/shop.key", None),
    "a key of one byte": _instead("keys/shop.key", b"00"),
    "of no time": _made_at,
    "a byte": lambda parts: {**parts, "shop.db": parts["shop.db"][:-1] + b"?"},
    "less": lambda parts: {**parts, "shop.db": parts["shop.db"][:100]},
    "more": lambda parts: {**parts, "shop.db": parts["shop.db"] + b"?" * 100},
    "no list": lambda parts: {"shop.db": parts["shop.db"]},
    "a list of nothing known": lambda parts: {**parts, "backup.json": b"[]"},
    "missing": lambda parts: {name: parts[name] for name in ("backup.json", "shop.toml")},
    "up": _evil("../evil"),
    "in keys, up": _evil("keys/../evil"),
    "whole path": _evil("/tmp/evil"),
    "Windows": _evil("keys\\evil"),
    "another": _evil("curate.toml"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_is_damaged_or_evil_changes_nothing(shop: Shop, tmp_path: Path, what: str) -> None:
    known(shop, "ann")
    backup.backup(shop, tmp_path / "b.zip")
    wrong = rewritten(tmp_path / "b.zip", tmp_path / "wrong.zip", CHANGES[what])
    workspace = closed(shop)
    before = {path: path.read_bytes() for path in workspace.root.glob("*.*") if path.is_file()}
    with pytest.raises(CurateError):
        backup.restore(workspace, wrong, replace=True)
    assert {path: path.read_bytes() for path in before} == before
    assert not list(tmp_path.rglob("*evil*"))
    with pytest.raises(CurateError):
        backup.restore(workspace, workspace.root / "shop.toml", replace=True)


def test_a_backup_whose_bytes_changed_is_an_error_wherever_they_did(
    shop: Shop, tmp_path: Path
) -> None:
    known(shop, "ann")
    backup.backup(shop, tmp_path / "b.zip")
    workspace, raw = closed(shop), (tmp_path / "b.zip").read_bytes()
    before = (workspace.root / "shop.db").read_bytes()
    for place in range(60, len(raw) // 2, len(raw) // 40):  # within what is deflated
        wrong = tmp_path / "wrong.zip"
        wrong.write_bytes(
            raw[:place] + bytes(255 - one for one in raw[place : place + 20]) + raw[place + 20 :]
        )
        with pytest.raises(CurateError, match=r"whole backup|damaged|no backup"):
            backup.restore(workspace, wrong, replace=True)
    assert (workspace.root / "shop.db").read_bytes() == before


def test_postgresql_has_its_own_tools(tmp_path: Path) -> None:
    (tmp_path / "curate.toml").touch()
    (tmp_path / "shop.toml").write_text('database = "postgresql://nobody@127.0.0.1:1/x"\n')
    with pytest.raises(CurateError) as told:
        backup.backup(Shop.open(Workspace.at(tmp_path)), tmp_path / "b.zip")
    assert "pg_dump" in told.value.hint and "erasures.jsonl" in told.value.hint

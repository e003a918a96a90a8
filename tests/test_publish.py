"""curate publish: a release on a folder, a WebDAV drive, a bucket; read back, recorded, looked after."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from curate.api import Workspace
from curate.bundle import history
from curate.cli import main
from curate.errors import CurateError
from curate.fetch.drives.s3_storage import PART, S3Storage, width_of
from curate.shares import Shares
from curate.targets import places, target
from tests.drives import PASSWORD, USER, Disk, S3Disk, WebDavDisk, canned, signed_address
from tests.test_bundle import item, release

NAME = "小吃 配方"


class FolderDisk(Disk):
    kind = "folder"


KINDS: dict[str, type[Disk]] = {"folder": FolderDisk, "webdav": WebDavDisk, "s3": S3Disk}


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURATE_NAS_USER", USER)
    monkeypatch.setenv("CURATE_NAS_PASSWORD", PASSWORD)


@pytest.fixture(params=sorted(KINDS))
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    """A running target whose files lie in ``tmp_path / "root"``, but those of S3."""
    (tmp_path / "root").mkdir()
    made = KINDS[request.param](tmp_path / "root", tmp_path / "drive")
    made.start()
    yield made
    made.stop()


def table(disk: Disk, **more: Any) -> dict[str, Any]:
    """Its table [publish.shop]."""
    own = {"path": str(disk.root)} if disk.kind == "folder" else disk.options
    pause = {"delay": 0} if disk.kind == "webdav" else {}
    return {"type": disk.kind, **own, **pause, **more}


def configure(workspace: Workspace, **tables: dict[str, Any]) -> Workspace:
    lines = ["[fetch]", "delay = 0", "retries = 1", "timeout = 5", 'private = ["127.0.0.1"]']
    for name, told in tables.items():
        lines += [f"[publish.{name}]", *(f"{key} = {json.dumps(told[key])}" for key in told)]
    (workspace.root / "curate.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return workspace


def released(tmp_path: Path, *more: Any) -> Workspace:
    """A workspace in which "woods" 1.0.0 is released, and 1.1.0 with ``more``."""
    workspace = Workspace.init(tmp_path / "w")
    release(workspace.root)
    if more:
        release(workspace.root, (*_items(), *more))
    return workspace


def _items() -> tuple[Any, ...]:
    from tests.test_bundle import ITEMS

    return ITEMS


def curate(workspace: Workspace, *arguments: str, code: int = 0) -> Result:
    done = CliRunner().invoke(
        main, [*arguments, "--workspace", str(workspace.root)], catch_exceptions=False
    )
    assert done.exit_code == code, done.output
    return done


def lying(workspace: Workspace, disk: Disk, folder: str) -> dict[str, bytes]:
    """What anybody finds there, by name."""
    place = target(workspace, "shop")
    found = {name: b"".join(place.read(f"{folder}/{name}")) for name in place.files(folder)}
    place.close()
    return found


def test_a_release_arrives_whole_and_a_second_run_sends_nothing(disk: Disk, tmp_path: Path) -> None:
    workspace = configure(released(tmp_path), shop=table(disk, public="https://dl.example.org/x/"))
    told = curate(workspace, "publish", "woods", "--to", "shop", "--code", "7k2p").output
    assert "4 files sent, 0 replaced, 0 were there" in told
    assert "https://dl.example.org/x/woods/1.0.0/woods-1.0.0.zip" in told
    assert told.endswith("\nNext: curate publish check woods\n")
    found = lying(workspace, disk, "woods/1.0.0")
    names = {"woods-1.0.0.zip", "woods-1.0.0.zip.sha256", "CHANGELOG.md", "SHA256SUMS"}
    assert set(found) == names  # what the seller alone may see stays at home
    for name in names - {"SHA256SUMS"}:
        assert found[name] == (workspace.build / "woods" / "1.0.0" / name).read_bytes()
    _sums(tmp_path / "copy", found)
    (share,) = Shares(workspace.build / "woods").current()
    assert (share.verb, share.version, share.target, share.code) == ("put", "1.0.0", "shop", "7k2p")
    (archive,) = share.archives
    assert archive.sha256 == hashlib.sha256(found["woods-1.0.0.zip"]).hexdigest()
    before = len(disk.changed), (workspace.build / "woods" / "shares.jsonl").read_bytes()
    told = curate(workspace, "publish", "woods", "--to", "shop", "--code", "7k2p").output
    assert "0 files sent, 0 replaced, 4 were there" in told
    assert (workspace.build / "woods" / "shares.jsonl").read_bytes() == before[1]
    assert not [one for one in disk.changed[before[0] :] if one.startswith(("PUT", "MOVE"))]


def _sums(folder: Path, found: dict[str, bytes]) -> None:
    folder.mkdir()
    for name, data in found.items():
        (folder / name).write_bytes(data)
    for sums in ("SHA256SUMS", "woods-1.0.0.zip.sha256"):
        subprocess.run(["sha256sum", "--quiet", "--strict", "-c", sums], cwd=folder, check=True)


def test_what_was_damaged_there_is_replaced(disk: Disk, tmp_path: Path) -> None:
    workspace = configure(released(tmp_path), shop=table(disk))
    curate(workspace, "publish", "woods", "--to", "shop")
    place = target(workspace, "shop")
    path = "woods/1.0.0/woods-1.0.0.zip"
    whole = b"".join(place.read(path))
    place.write(path, io.BytesIO(whole[:-1] + b"?"), len(whole))
    assert "dead" in curate(workspace, "publish", "check", "--deep", code=1).output
    place.write("woods/1.0.0/CHANGELOG.md", io.BytesIO(b"short"), 5)
    told = curate(workspace, "publish", "woods", "--to", "shop").output
    assert "0 files sent, 2 replaced, 2 were there" in told
    assert b"".join(place.read(path)) == whole
    assert "alive" in curate(workspace, "publish", "check", "--deep").output


def test_sending_in_parts_goes_on_where_a_run_stopped(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    disk = S3Disk(tmp_path / "root", tmp_path / "drive")
    disk.start()
    workspace = configure(released(tmp_path), shop=table(disk))
    data = hashlib.shake_128(b"large").digest(3 * PART + 5)

    class Torn(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() >= 2 * PART:
                raise KeyboardInterrupt
            return super().read(size)

    place = target(workspace, "shop")
    try:
        with pytest.raises(KeyboardInterrupt):
            place.write("a/large.zip", Torn(data), len(data))
        assert place.size("a/large.zip") is None and place.files("a") == {}
        # Its second part is of another file: only what is the same is not sent again.
        other = data[:PART] + b"!" + data[PART + 1 :]
        disk.changed.clear()
        place.write("a/large.zip", io.BytesIO(other), len(other))
        sent = [one.partition("partNumber=")[2][:1] for one in disk.changed if "partNumber" in one]
        assert sent == ["2", "3", "4"]
        assert b"".join(place.read("a/large.zip")) == other
        with pytest.raises(KeyboardInterrupt):
            place.write("a/never.zip", Torn(data), len(data))
        assert place.tidy("a") == ()
        storage = place._storage  # type: ignore[attr-defined]
        assert isinstance(storage, S3Storage) and storage._pending("") == []
    finally:
        place.close()
        disk.stop()


@pytest.mark.parametrize("size", [PART + 1, 79_999 * (1 << 20), 5 << 40], ids=["9M", "78G", "5T"])
def test_parts_are_never_more_than_a_server_takes(size: int) -> None:
    assert -(-size // width_of(size)) <= 10_000


def test_a_file_that_is_too_large_is_told_before_anything_is_sent(
    disk: Disk, tmp_path: Path
) -> None:
    workspace = released(tmp_path, item("big.bin", hashlib.shake_128(b"x").digest(1_100_000), category="", kind="other"))  # fmt: skip
    configure(workspace, shop=table(disk, max_mb=1))
    told = curate(workspace, "publish", "woods", "--to", "shop", code=1).output
    assert "woods-1.1.0.zip (1 MiB)" in told and "volume_mb = 1" in told
    assert lying(workspace, disk, "woods/1.1.0") == {}
    assert not (workspace.build / "woods" / "shares.jsonl").exists()


def test_a_yanked_release_is_not_published_and_the_one_before_is(tmp_path: Path) -> None:
    workspace = released(tmp_path, item("more.txt", "more"))
    (tmp_path / "out").mkdir()
    configure(workspace, shop={"type": "folder", "path": str(tmp_path / "out")})
    curate(workspace, "publish", "woods", "--to", "shop")
    home = workspace.build / "woods"
    history.words(home).append(
        [history.Yank("yank", "1.1.0", "2026-01-01T00:00:00Z", why="a typo")]
    )
    told = curate(workspace, "publish", "woods@1.1.0", "--to", "shop", code=1).output
    assert "woods 1.1.0 is off sale: a typo" in told
    assert "woods 1.0.0 is on shop" in curate(workspace, "publish", "woods", "--to", "shop").output
    told = curate(workspace, "publish", "check").output
    assert "its version is yanked, take it away there: a typo" in told
    told = curate(workspace, "publish", "record", "woods@1.1.0", "--url", "https://x.example/1", code=1).output  # fmt: skip
    assert "off sale" in told


def test_a_damaged_release_stays_at_home(tmp_path: Path) -> None:
    workspace = released(tmp_path)
    (tmp_path / "out").mkdir()
    configure(workspace, shop={"type": "folder", "path": str(tmp_path / "out")})
    archive = workspace.build / "woods" / "1.0.0" / "woods-1.0.0.zip"
    data = archive.read_bytes()
    archive.write_bytes(data[:200] + bytes([data[200] ^ 1]) + data[201:])
    told = curate(workspace, "publish", "woods", "--to", "shop", code=1).output
    assert "is damaged, so nothing is sent" in told
    assert list((tmp_path / "out").iterdir()) == []


def test_a_disk_that_is_not_mounted_is_noticed(tmp_path: Path) -> None:
    workspace = configure(released(tmp_path), shop={"type": "folder", "path": "../gone"})
    assert "is no folder" in curate(workspace, "publish", "woods", "--to", "shop", code=1).output
    (tmp_path / "gone").mkdir()
    curate(workspace, "publish", "woods", "--to", "shop")
    assert "alive" in curate(workspace, "publish", "check").output
    shutil.move(tmp_path / "gone", tmp_path / "elsewhere")
    assert "nobody can tell" in curate(workspace, "publish", "check", code=3).output
    (tmp_path / "gone").mkdir()
    assert "dead" in curate(workspace, "publish", "check", code=1).output


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"type": "folder"}, "path: is missing"),
        ({"type": "ftp", "path": "x"}, "there is no 'ftp' among the targets"),
        ({"path": "x"}, "which kind of target"),
        ({"type": "webdav", "url": "webdavs://ann:geheim@nas/x"}, "holds a user name or password"),
        ({"type": "webdav", "url": "webdavs://nas/x", "account": "ann:geheim"}, "is the name of an account"),
        ({"type": "s3", "url": "https://b/x"}, "no drive"),
        ({"type": "s3", "url": "s3://b", "signed_days": 8, "account": "a"}, "signed_days"),
        ({"type": "s3", "url": "s3://b", "signed_days": 7}, "needs an account"),
        ({"type": "folder", "path": "x", "public": "https://ann:geheim@dl.example.org/"}, "public"),
        ({"type": "folder", "path": "x", "public": "javascript:alert(1)"}, "no web address"),
        ({"type": "folder", "path": "x", "pubic": "https://x/"}, "did you mean 'public'?"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_table_that_cannot_be_meant(told: dict[str, Any], said: str, tmp_path: Path) -> None:
    workspace = configure(Workspace.init(tmp_path / "w"), shop=told)
    with pytest.raises(CurateError) as fault:
        places(workspace)
    assert said in f"{fault.value.message} {fault.value.hint}"
    assert "geheim" not in fault.value.message


def test_an_unknown_target_names_those_there_are(tmp_path: Path) -> None:
    workspace = configure(released(tmp_path), nas={"type": "folder", "path": "."})
    told = curate(workspace, "publish", "woods", "--to", "nsa", code=1).output
    assert "did you mean 'nas'?" in told


# What servers do


@pytest.mark.parametrize("kind", ["webdav", "s3"])
def test_no_secret_is_ever_shown(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "root").mkdir()
    disk = KINDS[kind](tmp_path / "root", tmp_path / "drive")
    disk.start()
    try:
        days = {"signed_days": 2} if kind == "s3" else {}
        workspace = configure(released(tmp_path), shop=table(disk, **days))
        with caplog.at_level("DEBUG"):
            told = curate(workspace, "publish", "woods", "--to", "shop", "--json").output
            told += curate(workspace, "publish", "check", "--json").output
            monkeypatch.setenv("CURATE_NAS_PASSWORD", "falsch-4711")
            told += curate(workspace, "publish", "woods", "--to", "shop", code=1).output
    finally:
        disk.stop()
    told += curate(workspace, "publish", "woods", "--to", "shop", code=1).output  # it is away
    told += (workspace.build / "woods" / "shares.jsonl").read_text("utf-8")
    told += "".join(one.getMessage() for one in caplog.records if one.name.startswith(("curate", "urllib3", "requests")))  # fmt: skip
    assert "does not accept the user name and password" in told and "cannot be reached" in told
    assert PASSWORD not in told and "falsch-4711" not in told


def test_a_signed_address_is_one_that_anyone_may_use(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    disk = S3Disk(tmp_path / "root", tmp_path / "drive")
    disk.start()
    workspace = configure(released(tmp_path), shop=table(disk, signed_days=7))
    curate(workspace, "publish", "woods", "--to", "shop")
    (share,) = Shares(workspace.build / "woods").current()
    assert share.expires > share.when[:10]
    assert signed_address(share.url) and not signed_address(f"{share.url[:-1]}!")
    assert "alive" in curate(workspace, "publish", "check", "--deep").output
    curate(workspace, "publish", "woods", "--to", "shop")
    assert len(Shares(workspace.build / "woods").current()) == 1  # the new one instead
    disk.stop()


def test_a_drive_that_keeps_less_than_it_was_sent_shows_nothing(tmp_path: Path) -> None:
    """It says 201 to a file of which it has kept half."""
    asked: list[str] = []

    def answer(method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        asked.append(f"{method} {path}")
        if method == "PROPFIND" and path.endswith(".part"):
            size = b"<D:prop><D:resourcetype/><D:getcontentlength>9</D:getcontentlength></D:prop>"
            body = (
                b'<D:multistatus xmlns:D="DAV:"><D:response><D:href>/x</D:href><D:propstat>' + size
            )
            body += (
                b"<D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response></D:multistatus>"
            )
            return 207, {}, body
        if method == "PROPFIND":
            return 207, {}, b'<D:multistatus xmlns:D="DAV:"/>'
        return 201 if method in ("PUT", "MKCOL") else 204, {}, b""

    with canned(answer) as where:
        shop = {"type": "webdav", "url": f"webdav://{where}/x", "delay": 0}
        workspace = configure(released(tmp_path), shop=shop)
        told = curate(workspace, "publish", "woods", "--to", "shop", code=1).output
    assert "the drive has kept 9 of" in told
    assert not [one for one in asked if one.startswith("MOVE")]
    assert [one for one in asked if one.startswith("DELETE") and one.endswith(".part")]
    assert not (workspace.build / "woods" / "shares.jsonl").exists()


def test_a_bucket_that_gives_back_other_bytes_is_found_out(tmp_path: Path) -> None:
    asked: list[str] = []

    def answer(method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        asked.append(f"{method} {path}")
        if "list-type" in path:
            return 200, {}, b"<ListBucketResult/>"
        return 200, {"ETag": '"x"'}, b"other bytes" if method == "GET" else b""

    with canned(answer) as where:
        shop = {"type": "s3", "url": "s3://b", "endpoint": f"http://{where}", "account": "nas"}
        workspace = configure(released(tmp_path), shop=shop)
        told = curate(workspace, "publish", "woods", "--to", "shop", code=1).output
    assert "does not come back as it was sent, and was removed there" in told
    assert "DELETE /b/woods/1.0.0/woods-1.0.0.zip" in asked
    assert not (workspace.build / "woods" / "shares.jsonl").exists()


@pytest.mark.parametrize("kind", ["webdav", "s3"])
def test_nothing_is_sent_where_a_redirect_leads(kind: str, tmp_path: Path) -> None:
    caught: list[str] = []

    def other(method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        caught.append(f"{method} {path}")
        return 200, {}, b""

    with canned(other) as there:

        def answer(method: str, path: str) -> tuple[int, dict[str, str], bytes]:
            return 307, {"Location": f"http://{there}{path}"}, b""

        with canned(answer) as where:
            url = f"webdav://{where}/x" if kind == "webdav" else "s3://b"
            more = {"endpoint": f"http://{where}"} if kind == "s3" else {"delay": 0}
            shop = {"type": kind, "url": url, "account": "nas", **more}
            workspace = configure(released(tmp_path), shop=shop)
            told = curate(workspace, "publish", "woods", "--to", "shop", code=1).output
    assert "leads to" in told and caught == []


@pytest.mark.parametrize("kind", ["webdav", "s3"])
def test_private_addresses_and_open_passwords_are_refused(kind: str, tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    disk = KINDS[kind](tmp_path / "root", tmp_path / "drive")
    workspace = configure(released(tmp_path), shop=table(disk))
    path = workspace.root / "curate.toml"
    path.write_text(path.read_text("utf-8").replace('private = ["127.0.0.1"]', ""), "utf-8")
    told = curate(workspace, "publish", "woods", "--to", "shop", code=1).output
    assert "not public" in told and "[fetch] private" in told

"""Other people's storage: the same tree gives the same as on this disk, and no drive does harm."""

from __future__ import annotations

import hashlib
import io
import os
import threading
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.api import Workspace
from curate.collectors import Context
from curate.collectors.folder import FolderCollector, FolderSource
from curate.collectors.remote import DEPTH, RemoteCollector, RemoteSource
from curate.errors import CurateError
from curate.fetch import Fetcher
from curate.fetch.credentials import Account
from curate.fetch.drives.address import Address
from curate.fetch.drives.http import Line
from curate.fetch.drives.s3 import Signer
from curate.fetch.drives.webdav import _entries, _segments
from curate.fetch.guard import Guard
from curate.model import Candidate, Trouble
from curate.workspace import Fetch
from tests.drives import DISKS, PASSWORD, USER, Disk, SftpDisk, WebDavDisk, canned
from tests.test_beside import MIT

Found = list[Candidate | Trouble]
HOME = Fetch(delay=0, retries=1, timeout=5, private=("127.0.0.1",))

TREE = {
    "LICENSE": MIT,
    "资料/深/图 #1?.txt": "图",
    "资料/100%.txt": "percent",
    "资料/README.md": "# 说明\n\n## License\n\nCC-BY-4.0\n",
    "a b/c+d&e=f;g.txt": "signs",
    "a b/ begins and ends .txt ": "blanks",
    "quoted/%41.txt": "not an A",
    "quoted/<x>'\".txt": "markup",
    "quoted/a\\b.txt": "backslash",
    "icons/x.svg": "<svg/>",
    "icons/x.svg.license": "SPDX-FileCopyrightText: 2024 Ann Lee\n\nSPDX-License-Identifier: CC0-1.0\n",
    "reuse/REUSE.toml": 'version = 1\n[[annotations]]\npath = "in/*.txt"\nSPDX-License-Identifier = "ISC"\n'
    'SPDX-FileCopyrightText = "2023 Bo"\n',
    "reuse/LICENSES/ISC.txt": "ISC",
    "reuse/in/one.txt": "one",
    "packed/debian/copyright": "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n"
    "Files: *\nCopyright: 2020 Di\nLicense: Zlib\n",
    "packed/theme.txt": "theme",
    "old/.reuse/dep5": "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n"
    "Files: *.txt\nCopyright: 2019 Eva\nLicense: CC-BY-4.0\n",
    "old/song.txt": "la",
    "broken/REUSE.toml": "version = [",
    "broken/one.txt": "one",
    "empty.txt": "",
    ".hidden/secret.txt": "hidden",
    "Thumbs.db": "litter",
    "__MACOSX/a.txt": "litter",
    unicodedata.normalize("NFD", "né.txt"): "composed",
}  # fmt: skip


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURATE_NAS_USER", USER)
    monkeypatch.setenv("CURATE_NAS_PASSWORD", PASSWORD)


@pytest.fixture(params=sorted(DISKS))
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    """A running drive that shows ``tmp_path / "root"``."""
    (tmp_path / "root").mkdir()
    made = DISKS[request.param](tmp_path / "root", tmp_path / "drive")
    made.start()
    yield made
    made.stop()


def fill(root: Path, tree: dict[str, str]) -> None:
    for name, text in tree.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(text.encode())


def walk(
    source: RemoteSource, settings: Fetch = HOME, cache: Path | None = None, **context: Any
) -> Found:
    collector = RemoteCollector(source, Context(Path(), Fetcher(settings), cache=cache, **context))
    return list(collector.candidates(lambda locator: None))


def brief(found: Found) -> list[tuple[object, ...]]:
    """What a folder and a drive must say alike."""
    return [
        (one.locator, one.suffix, one.restates, one.said.statements)
        if isinstance(one, Candidate)
        else (one.locator, str(one.reason), one.retry, one.hides)
        for one in found
    ]


def opened(found: Found, locator: str) -> io.BufferedReader:
    (one,) = (one for one in found if one.locator == locator)
    assert isinstance(one, Candidate)
    return one.open()  # type: ignore[return-value]


def test_a_drive_says_what_the_same_folder_says(disk: Disk, tmp_path: Path) -> None:
    fill(disk.root, TREE)
    disk.sync()
    local = FolderCollector(FolderSource(path=str(disk.root)), Context(tmp_path))
    expected = brief(list(local.candidates(lambda locator: None)))
    assert brief(walk(RemoteSource(**disk.options))) == expected
    assert {one[0] for one in expected} >= {"né.txt", "资料/深/图 #1?.txt", "broken/REUSE.toml"}
    read = {}
    collector = RemoteCollector(RemoteSource(**disk.options), Context(tmp_path, Fetcher(HOME)))
    for one in collector.candidates(lambda locator: None):
        if isinstance(one, Candidate):
            assert one.said.modified.endswith("Z") and one.stamp and not one.local
            with one.open() as stream:
                read[one.locator] = stream.read().decode()
    composed = {unicodedata.normalize("NFC", name): text for name, text in TREE.items()}
    assert read == {name: composed[name] for name in read}
    assert len(read) == len([one for one in expected if len(one[3:]) and isinstance(one[3], tuple)])


def test_globs_hold_as_in_a_folder(disk: Disk, tmp_path: Path) -> None:
    fill(disk.root, TREE)
    disk.sync()
    globs: dict[str, Any] = {"include": ("*.txt", "*.svg"), "exclude": ("资料", "quoted/%*")}
    local = FolderCollector(FolderSource(path=str(disk.root), **globs), Context(tmp_path))
    expected = brief(list(local.candidates(lambda locator: None)))
    assert brief(walk(RemoteSource(**disk.options, **globs))) == expected


def test_only_what_failed_is_gone_for_again(disk: Disk) -> None:
    fill(disk.root, {name: name for name in ("a/b/1.txt", "a/b/2.txt", "a/c/3.txt", "d.txt")})
    disk.sync()
    again = frozenset({"a/b/2.txt", "a/c"})
    found = walk(RemoteSource(**disk.options), again=again)
    assert [one.locator for one in found] == ["a/b/2.txt", "a/c/3.txt"]


def configured(workspace: Workspace, disk: Disk) -> None:
    lines = "".join(f'{name} = "{value}"\n' for name, value in disk.options.items())
    folder = workspace.collections / "far"
    folder.mkdir(exist_ok=True)
    (folder / "collection.toml").write_text(
        'title = "Far"\n[rights]\nown = "Ann Lee"\n[[sources]]\ntype = "remote"\nmatch = "all"\n'
        f"delay = 0\n{lines}",
        encoding="utf-8",
    )


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace.init(tmp_path / "w")
    (tmp_path / "w" / "curate.toml").write_text(
        '[fetch]\ndelay = 0\nretries = 1\nprivate = ["127.0.0.1"]\n', encoding="utf-8"
    )
    return made


def test_a_large_file_arrives_whole_and_a_second_run_reads_nothing(
    disk: Disk, workspace: Workspace
) -> None:
    data = os.urandom(20 << 20)
    fill(disk.root, {"LICENSE": MIT, "资料/说明.txt": "备份"})
    (disk.root / "资料" / "大.bin").write_bytes(data)
    disk.sync()
    configured(workspace, disk)
    (report,) = workspace.collect("far")
    assert (report.counts["taken"], report.counts["read"], report.failed) == (3, 3, ())
    digest = hashlib.sha256(data).hexdigest()
    assert any(
        path.name.startswith(digest[2:]) or digest in path.name for path in stored(workspace)
    )
    disk.asked.clear()
    (report,) = workspace.collect("far")
    assert (report.counts["unchanged"], report.counts.get("read", 0)) == (3, 0)
    assert disk.asked == []


def stored(workspace: Workspace) -> list[Path]:
    return [path for path in workspace.objects.rglob("*") if path.is_file()]


def test_a_drive_that_dies_is_an_error_of_the_source_and_the_next_run_completes(
    disk: Disk, workspace: Workspace
) -> None:
    fill(disk.root, {f"{n}/{n}.txt": f"text {n}" for n in range(5)})
    (disk.root / "2" / "large.bin").write_bytes(os.urandom(8 << 20))
    disk.sync()
    configured(workspace, disk)
    collector = RemoteCollector(
        RemoteSource(**disk.options, delay=0), Context(Path(), Fetcher(HOME))
    )
    with pytest.raises(CurateError) as lost:
        for one in collector.candidates(lambda locator: None):
            assert isinstance(one, Candidate)
            with one.open() as stream:
                stream.read(10)
                if one.locator == "2/large.bin":
                    disk.stop()
                    with pytest.raises(CurateError):
                        stream.read()
    assert "127.0.0.1" in lost.value.message and lost.value.hint and one.locator == "2/large.bin"
    (report,) = workspace.collect("far")
    assert [where for where, _ in report.failed] and report.counts.get("taken", 0) == 0
    disk.start()
    disk.sync()
    (report,) = workspace.collect("far")
    assert (report.counts["taken"], report.failed) == (6, ())
    disk.stop()
    (report,) = workspace.collect("far")
    assert report.counts["taken"] == 6 and report.counts.get("left", 0) == 0
    disk.start()


@pytest.mark.parametrize("kind", ["webdav", "sftp"])
def test_a_file_that_grows_waits(kind: str, tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    disk = DISKS[kind](tmp_path / "root", tmp_path / "drive")
    disk.start()
    try:
        (disk.root / "film.bin").write_bytes(b"a" * (3 << 20))
        found = walk(RemoteSource(**disk.options))
        with (disk.root / "film.bin").open("ab") as more:
            more.write(b"b")
        # The drive of ``found`` is closed; one that is read while it grows is opened anew.
        collector = RemoteCollector(RemoteSource(**disk.options), Context(tmp_path, Fetcher(HOME)))
        places = collector.candidates(lambda locator: None)
        one = next(places)
        assert isinstance(one, Candidate) and one.stamp != found[0].stamp  # type: ignore[union-attr]
        with one.open() as stream, (disk.root / "film.bin").open("ab") as more:
            stream.read(10)
            more.write(b"c")
            more.flush()
            with pytest.raises(CurateError, match="changed while it was read"):
                stream.read()
        assert list(places) == []
        again = RemoteCollector(RemoteSource(**disk.options), Context(tmp_path, Fetcher(HOME)))
        for one in again.candidates(lambda locator: None):
            assert isinstance(one, Candidate)
            (disk.root / "film.bin").write_bytes(b"smaller")
            with pytest.raises(CurateError, match="was listed with 3145730 bytes and has 7 now"):
                one.open()
    finally:
        disk.stop()


def test_a_wrong_password_is_said_without_the_password(
    disk: Disk, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CURATE_NAS_PASSWORD", "verraten-555")
    options = dict(disk.options)
    if disk.kind == "sftp":
        del options["key"]
        options["account"] = "nas"
    with pytest.raises(CurateError) as refused:
        walk(RemoteSource(**options))
    said = f"{refused.value.message} {refused.value.hint} {refused.value.__cause__}"
    assert "verraten" not in said and PASSWORD not in said and "account" in refused.value.hint
    assert "".join(capfd.readouterr()) == ""


def test_private_addresses_are_refused_unless_they_are_allowed(disk: Disk) -> None:
    fill(disk.root, {"a.txt": "a"})
    disk.sync()
    with pytest.raises(CurateError, match="not public") as refused:
        walk(RemoteSource(**disk.options), Fetch(delay=0, retries=0))
    if disk.kind != "webdav":
        assert '[fetch] private = ["127.0.0.1"]' in refused.value.hint


def test_a_missing_folder_is_an_error_of_the_source(disk: Disk) -> None:
    fill(disk.root, {"a.txt": "a"})
    disk.sync()
    options = {**disk.options, "url": f"{disk.options['url']}/nix"}
    if disk.kind == "s3":  # there are no folders: it holds nothing, which the pipeline knows of
        assert walk(RemoteSource(**options)) == []
        return
    with pytest.raises(CurateError, match="nix"):
        walk(RemoteSource(**options))


# What speaks about rights


def test_what_speaks_is_fetched_once_for_each_version(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    disk = WebDavDisk(tmp_path / "root", tmp_path / "drive")
    fill(disk.root, {"LICENSE": MIT, "a.txt": "a", "b/c.txt": "c"})
    disk.start()
    try:
        first = walk(RemoteSource(**disk.options), cache=tmp_path / "cache")
        assert [one.said.statements[0].license for one in first if isinstance(one, Candidate)] == [
            "MIT", "MIT", "MIT",
        ]  # fmt: skip
        assert disk.asked == ["GET /LICENSE"]
        assert brief(walk(RemoteSource(**disk.options), cache=tmp_path / "cache")) == brief(first)
        assert disk.asked == ["GET /LICENSE"]
        (disk.root / "LICENSE").write_text("All rights reserved.")
        third = walk(RemoteSource(**disk.options), cache=tmp_path / "cache")
        assert brief(third) != brief(first) and len(disk.asked) == 2
        assert len(list((tmp_path / "cache" / "beside").iterdir())) == 1
    finally:
        disk.stop()


def multistatus(*rows: tuple[str, bool, int], extra: str = "") -> bytes:
    parts = [
        f"<d:response><d:href>{href}</d:href><d:propstat><d:prop>"
        f"<d:resourcetype>{'<d:collection/>' if folder else ''}</d:resourcetype>"
        f'<d:getcontentlength>{size}</d:getcontentlength><d:getetag>"{size}"</d:getetag></d:prop>'
        "<d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>"
        for href, folder, size in rows
    ]
    return f'<?xml version="1.0"?><d:multistatus xmlns:d="DAV:">{"".join(parts)}{extra}</d:multistatus>'.encode()


def test_a_licence_that_cannot_be_read_asks_a_person() -> None:
    def answer(method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        if method == "PROPFIND":
            return (
                207,
                {},
                multistatus(("/", True, 0), ("/LICENSE", False, 9), ("/a.txt", False, 1)),
            )
        return 403, {}, b"no"

    with canned(answer) as host:
        found = walk(RemoteSource(url=f"webdav://{host}"))
    (a,) = (one for one in found if isinstance(one, Candidate) and one.locator == "a.txt")
    assert [(one.raw, one.where) for one in a.said.statements] == [
        ("LICENSE cannot be read", "LICENSE")
    ]


# Hostile and odd servers


def test_hostile_names_are_told_and_lead_nowhere() -> None:
    asked = []
    names = ("..", ".", "a%2Fb", "a%00b", "%FF.txt", "%2e%2e", "..%2F..%2Fetc", "fine.txt")

    def answer(method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        asked.append(f"{method} {path}")
        if method != "PROPFIND":
            return 200, {}, b"12345"
        return (
            207,
            {},
            multistatus(("/top/", True, 0), *((f"/top/{one}", False, 5) for one in names)),
        )

    with canned(answer) as host:
        found = walk(RemoteSource(url=f"webdav://{host}/top"))
    troubles = {one.locator: str(one.reason) for one in found if isinstance(one, Trouble)}
    assert [one.locator for one in found if isinstance(one, Candidate)] == ["fine.txt"]
    assert set(troubles) == {"'a\\x00b'", "'a/b'", "\\udcff.txt"}, "all others count as hidden"
    assert all(one.isprintable() for one in troubles)
    assert asked == ["PROPFIND /top/"]


@pytest.mark.parametrize(
    ("rows", "hidden"),
    [
        ((("/other/x.txt", False, 1),), "elsewhere"),
        (tuple((f"/top/{n}.txt", False, 1) for n in range(750)), "750 entries"),
        (tuple((f"/top/{n}.txt", False, 1) for n in range(751)), ""),
    ],
    ids=["entries of elsewhere", "as many as are given at once", "one more"],
)
def test_a_listing_that_may_be_cut_short_hides_what_it_leaves_out(
    rows: tuple[tuple[str, bool, int], ...], hidden: str
) -> None:
    data = multistatus(("/top/", True, 0), *rows)
    with canned(lambda method, path: (207, {}, data)) as host:
        found = walk(RemoteSource(url=f"webdav://{host}/top"))
    troubles = [one for one in found if isinstance(one, Trouble)]
    assert [one.hides for one in troubles] == [True] * bool(hidden)
    assert all(hidden.split()[0] in str(one.reason) for one in troubles)


def test_pages_are_followed_where_the_drive_names_them() -> None:
    def answer(method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        page = int(path.partition("mk=")[2] or 0)
        rows = [(f"/dav/{n:04}.txt", False, 1) for n in range(page * 750, page * 750 + 750)]
        more = {"Link": f'<http://{host}/dav/?mk={page + 1}>; rel="next"'} if page < 2 else {}
        return 207, more, multistatus(("/dav/", True, 0), *rows)

    with canned(answer) as host:
        found = walk(RemoteSource(url=f"webdav://{host}/dav"))
    assert len([one for one in found if isinstance(one, Candidate)]) == 2250
    assert not [one for one in found if isinstance(one, Trouble)]


def test_a_server_that_asks_for_patience_gets_it() -> None:
    asked: list[float] = []

    def answer(method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        asked.append(time.monotonic())
        if len(asked) == 1:
            return 503, {"Retry-After": "1"}, b""
        return 207, {}, multistatus(("/", True, 0), ("/a.txt", False, 1))

    with canned(answer) as host:
        assert len(walk(RemoteSource(url=f"webdav://{host}"))) == 1
        assert asked[1] - asked[0] >= 1
    with (
        canned(lambda *_: (503, {"Retry-After": "4000"}, b"")) as host,
        pytest.raises(CurateError, match="503") as busy,
    ):
        walk(RemoteSource(url=f"webdav://{host}"))
    assert "delay" in busy.value.hint


class Still:
    """A clock that only sleeping moves, or nothing at all."""

    def __init__(self, moves: bool = True) -> None:
        self.now = 0.0
        self.slept: list[float] = []
        self._moves = moves

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds * self._moves

    def fetcher(self, **settings: Any) -> Fetcher:
        given = Fetch(**{"private": ("127.0.0.1",), "retries": 1, "timeout": 5, **settings})
        return Fetcher(given, clock=lambda: self.now, sleep=self.sleep)


def through(source: RemoteSource, fetcher: Fetcher) -> Found:
    collector = RemoteCollector(source, Context(Path(), fetcher))
    return list(collector.candidates(lambda locator: None))


@pytest.mark.parametrize(
    ("usual", "delay", "rest"), [(1, None, 1.0), (0, 1, 1.0), (5, 1, 1.0), (0, 0, 0.0)]
)
def test_sources_on_one_server_share_its_pace(
    usual: float, delay: float | None, rest: float
) -> None:
    began, time = [], Still()

    def answer(method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        began.append(time.now)
        return 207, {}, multistatus((path, True, 0))

    with canned(answer) as host, time.fetcher(delay=usual) as fetcher:
        for folder in "abcd":
            through(RemoteSource(url=f"webdav://{host}/{folder}", delay=delay), fetcher)
    assert began == [number * rest for number in range(4)]


def test_folders_of_a_machine_share_its_pace(tmp_path: Path) -> None:
    time = Still()
    disk = SftpDisk(tmp_path / "root", tmp_path / "drive")
    fill(disk.root, {"a.txt": "a"})
    disk.start()
    try:
        with time.fetcher(delay=0) as fetcher:
            for _ in range(3):
                through(RemoteSource(**disk.options, delay=2), fetcher)
    finally:
        disk.stop()
    assert time.slept == [2.0, 2.0]


def test_when_a_server_asks_for_rest_all_sources_let_it() -> None:
    asked, time = [], Still(moves=False)

    def answer(method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        asked.append(path)
        if len(asked) == 1:
            return 503, {"Retry-After": "30"}, b""
        return 207, {}, multistatus((path, True, 0))

    with canned(answer) as host, time.fetcher(delay=0) as fetcher:
        through(RemoteSource(url=f"webdav://{host}/a"), fetcher)
        time.slept.clear()
        through(RemoteSource(url=f"webdav://{host}/b"), fetcher)
    assert time.slept == [30.0]


def test_folders_in_folders_without_end_are_bounded() -> None:
    def answer(method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        return 207, {}, multistatus((path, True, 0), (f"{path}a/", True, 0))

    with canned(answer) as host:
        (found,) = walk(RemoteSource(url=f"webdav://{host}"))
    assert isinstance(found, Trouble) and found.locator == "/".join("a" * DEPTH) and found.hides


def test_a_folder_that_cannot_be_listed_hides_what_lies_in_it() -> None:
    def answer(method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        if path == "/":
            rows = (("/", True, 0), ("/shut/", True, 0), ("/z.txt", False, 1))
            return 207, {}, multistatus(*rows)
        return 403, {}, b""

    with canned(answer) as host:
        shut, z = walk(RemoteSource(url=f"webdav://{host}"))
    assert isinstance(shut, Trouble) and (shut.locator, shut.hides, shut.retry) == (
        "shut",
        True,
        True,
    )
    assert z.locator == "z.txt"


@pytest.mark.parametrize(
    "odd",
    [
        "<d:status>HTTP/1.1 503 Service Unavailable</d:status>",
        "<d:propstat><d:prop><d:resourcetype/></d:prop><d:status>HTTP/1.1 500 x</d:status></d:propstat>",
        "<d:propstat><d:prop><d:getetag>1</d:getetag></d:prop></d:propstat>",
        "<d:href>/sub2</d:href><d:status>HTTP/1.1 404 Not Found</d:status>",
    ],
    ids=["a status", "a status of its kind", "no kind", "a status of two"],
)
def test_a_folder_that_is_out_of_order_is_no_file(odd: str) -> None:
    extra = f"<d:response><d:href>/sub</d:href>{odd}</d:response>"
    data = multistatus(("/", True, 0), ("/z.txt", False, 1), extra=extra)
    with canned(lambda *_: (207, {}, data)) as host:
        found = walk(RemoteSource(url=f"webdav://{host}", include=("*.txt",)))
    *troubles, z = found
    assert [one.locator for one in troubles] == ["sub", "sub2"][: 1 + ("sub2" in odd)]
    assert all(isinstance(one, Trouble) and one.hides and one.retry for one in troubles)
    assert z.locator == "z.txt"


def test_a_folder_that_tells_about_rights_and_is_out_of_order_asks_a_person() -> None:
    extra = "<d:response><d:href>/.reuse</d:href><d:status>HTTP/1.1 503 x</d:status></d:response>"
    data = multistatus(("/", True, 0), ("/a.txt", False, 1), extra=extra)
    with canned(lambda *_: (207, {}, data)) as host:
        found = walk(RemoteSource(url=f"webdav://{host}"))
    (a,) = (one for one in found if isinstance(one, Candidate))
    assert [one.where for one in a.said.statements] == [".reuse/dep5"]


def test_a_folder_that_lists_itself_with_a_fault_may_hold_more() -> None:
    extra = "<d:response><d:href>/</d:href><d:status>HTTP/1.1 503 x</d:status></d:response>"
    data = multistatus(("/a.txt", False, 1), extra=extra)
    with canned(lambda *_: (207, {}, data)) as host:
        trouble, a = walk(RemoteSource(url=f"webdav://{host}"))
    assert isinstance(trouble, Trouble) and trouble.hides and a.locator == "a.txt"


@pytest.mark.parametrize(
    "document",
    [b"", b"<a>", b"<html></html>", b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'],
    ids=["empty", "cut", "a page", "an entity"],
)  # fmt: skip
def test_a_listing_that_is_none_is_an_error(document: bytes) -> None:
    with canned(lambda *_: (207, {}, document)) as host:
        try:
            assert walk(RemoteSource(url=f"webdav://{host}")) == []
        except CurateError as fault:
            assert "damaged" in fault.message


def test_redirects_lead_to_no_private_address_and_take_no_password_along() -> None:
    told: list[str] = []

    def answer(method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        if method == "PROPFIND":
            return 207, {}, multistatus(("/", True, 0), ("/a.txt", False, 5))
        return 302, {"Location": f"http://{other}/inside"}, b""

    def read(allowed: str) -> bytes:
        settings = Fetch(delay=0, retries=0, private=(host, allowed))
        source = RemoteSource(url=f"webdav://{host}", account="nas")
        collector = RemoteCollector(source, Context(Path(), Fetcher(settings)))
        for one in collector.candidates(lambda locator: None):
            assert isinstance(one, Candidate)
            with one.open() as stream:
                return stream.read()
        raise AssertionError("nothing was found")

    with canned(lambda *_: (200, {}, b"12345"), told) as other, canned(answer, mine := []) as host:
        with pytest.raises(CurateError, match="not public"):
            read("nas.local")
        assert told == [] and all(one.startswith("Basic ") for one in mine)
        assert read(other) == b"12345" and told == [""]


@pytest.mark.parametrize("kind", ["webdav", "s3"])
def test_a_listing_comes_from_nowhere_else(kind: str) -> None:
    asked: list[str] = []

    def other(method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        asked.append(path)
        return 200, {}, b"<ListBucketResult/>"

    with (
        canned(other) as there,
        canned(lambda *_: (307, {"Location": f"http://{there}/x"}, b"")) as host,
    ):
        options: dict[str, Any] = {"url": f"webdav://{host}"}
        if kind == "s3":
            options = {"url": "s3://bucket", "endpoint": f"http://{host}", "account": "nas"}
        with pytest.raises(CurateError, match="leads to"):
            walk(RemoteSource(**options))
    assert asked == []


@pytest.mark.parametrize("host", ["drive.example.org", "other.example.org"])
def test_no_redirect_leaves_encryption(host: str) -> None:
    fetcher = Fetcher(HOME)
    home = "https://drive.example.org"
    line = Line(home, Guard(HOME), fetcher.patience, lambda *_: {})
    assert line._redirected(f"{home}/a", f"https://{host}/b", True) == f"https://{host}/b"
    with pytest.raises(CurateError, match="leads to http://"):
        line._redirected(f"{home}/a", f"http://{host}/b", True)


def test_a_read_that_breaks_off_goes_on_where_it_was() -> None:
    data, asked = os.urandom(300_000), []

    def answer(method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        if method == "PROPFIND":
            return 207, {}, multistatus(("/", True, 0), ("/a.bin", False, len(data)))
        asked.append(path)
        mark = {"ETag": '"1"', "Connection": "close"}
        if len(asked) == 1:
            return 200, {**mark, "Content-Length": str(len(data))}, data[:100_000]
        part = f"bytes 100000-{len(data) - 1}/{len(data)}"
        return 206, {**mark, "Content-Range": part}, data[100_000:]

    with canned(answer) as host:
        for one in RemoteCollector(
            RemoteSource(url=f"webdav://{host}"), Context(Path(), Fetcher(HOME))
        ).candidates(lambda locator: None):
            assert isinstance(one, Candidate)
            with one.open() as stream:
                assert stream.read() == data
    assert len(asked) == 2


def test_too_large_files_are_left(tmp_path: Path) -> None:
    rows = (("/", True, 0), ("/a.bin", False, 2 << 20))
    with canned(lambda *_: (207, {}, multistatus(*rows))) as host:
        settings = Fetch(delay=0, retries=0, max_mb=1, private=("127.0.0.1",))
        collector = RemoteCollector(
            RemoteSource(url=f"webdav://{host}"), Context(Path(), Fetcher(settings))
        )
        for one in collector.candidates(lambda locator: None):
            assert isinstance(one, Candidate)
            with pytest.raises(CurateError, match="larger than 1 MiB"):
                one.open()


@given(st.lists(st.binary(min_size=1, max_size=12), max_size=6), st.binary(max_size=40))
def test_any_listing_gives_names_below_its_folder(names: list[bytes], rubbish: bytes) -> None:
    from urllib.parse import quote

    rows = [(f"/top/{quote(name, safe='')}", False, 1) for name in names]
    entries, _ = _entries(multistatus(("/top/", True, 0), *rows), _segments("/top/"), "u")
    assert {one.name.encode("utf-8", "surrogateescape") for one in entries} == set(names)
    try:
        _entries(rubbish, (b"top",), "u")
    except CurateError as fault:
        assert fault.hint


# SFTP: who the server is


def test_an_unknown_server_is_never_trusted_silently(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "root").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    disk = SftpDisk(tmp_path / "root", tmp_path / "drive")
    fill(disk.root, {"a.txt": "a"})
    disk.start()
    host: Any = disk.host  # type: ignore[attr-defined]
    try:
        options = {name: value for name, value in disk.options.items() if name != "host_key"}
        with pytest.raises(CurateError, match="not in known_hosts") as unknown:
            walk(RemoteSource(**options))
        assert f'host_key = "{host.fingerprint}"' in unknown.value.hint
        with pytest.raises(CurateError, match="not the one in `host_key`"):
            walk(RemoteSource(**options, host_key="SHA256:" + "A" * 43))
        (tmp_path / ".ssh").mkdir()
        known = tmp_path / ".ssh" / "known_hosts"
        known.write_text(f"[127.0.0.1]:{disk.port} {host.get_name()} {host.get_base64()}\n")
        assert len(walk(RemoteSource(**options))) == 1
        user: Any = disk.user  # type: ignore[attr-defined]
        known.write_text(f"[127.0.0.1]:{disk.port} {user.get_name()} {user.get_base64()}\n")
        with pytest.raises(CurateError, match="another key than it had"):
            walk(RemoteSource(**options))
    finally:
        disk.stop()


def test_odd_entries_of_a_machine_are_told(tmp_path: Path) -> None:
    root = tmp_path / "root"
    disk = SftpDisk(root, tmp_path / "drive")
    fill(root, {"in/a.txt": "a"})
    (tmp_path / "outside.txt").write_text("no")
    (root / "in" / "link.txt").symlink_to("a.txt")
    (root / "in" / "out.txt").symlink_to(tmp_path / "outside.txt")
    (root / "in" / "round").symlink_to(root)
    (root / "in" / "gone").symlink_to("nowhere")
    os.mkfifo(root / "in" / "pipe")
    (Path(os.fsdecode(os.fsencode(root) + b"/in/\xff.txt"))).write_text("x")
    disk.start()
    try:
        found = walk(RemoteSource(**disk.options))
    finally:
        disk.stop()
    assert [one.locator for one in found if isinstance(one, Candidate)] == [
        "in/a.txt",
        "in/link.txt",
    ]
    troubles = {one.locator: str(one.reason) for one in found if isinstance(one, Trouble)}
    assert sorted(troubles) == ["in/\\udcff.txt", "in/gone", "in/out.txt", "in/pipe", "in/round"]


# Addresses, options, signatures


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"url": "webdavs://ann:geheim@host/x"}, "account"),
        ({"url": "webdavs://ann:ge/heim@host/x"}, "is not an address"),
        ({"url": "https://host/x"}, "webdavs://"),
        ({"url": "webdavs://host/a#b"}, "%23"),
        ({"url": "webdavs://host/a/../b"}, "whole path"),
        ({"url": "s3://bucket:9000/x"}, "endpoint"),
        ({"url": "webdavs://host/x", "region": "eu"}, "region is for s3://"),
        ({"url": "s3://b", "host_key": "SHA256:x"}, "host_key is for sftp://"),
        ({"url": "s3://b", "endpoint": "https://ann:geheim@host"}, "account"),
        ({"url": "s3://b", "endpoint": "host"}, "https://HOST"),
        ({"url": "sftp://h/x", "host_key": "ssh-rsa AAAA"}, "SHA256"),
        ({"url": "webdavs://host", "include": ("[",)}, "does not close"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_options_that_cannot_be_meant(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError) as refused:
        RemoteSource(**options)
    assert said in str(refused.value) and "heim" not in str(refused.value)


def test_an_address_is_decoded_once() -> None:
    found = Address.of("webdavs://dav.example.org/dav/素材%20%231/%2541/")
    assert (found.host, found.port, found.path) == ("dav.example.org", 443, "dav/素材 #1/%41")


@pytest.mark.parametrize("address", ["93.184.216.34", "198.18.0.7"], ids=["public", "fake-ip"])
def test_a_password_does_not_travel_unencrypted(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    import socket

    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    settings = Fetch(delay=0, retries=0, private=("198.18.0.0/15",))
    with pytest.raises(CurateError, match="plain http"):
        walk(RemoteSource(url="webdav://dav.example.org/x", account="nas"), settings)


def test_requests_are_signed_as_aws_documents_it() -> None:
    """The first example of "Signature Calculations for the Authorization Header" (Amazon S3 API)."""
    account = Account("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    sign = Signer(account, "us-east-1", lambda: "20130524T000000Z")
    url = "https://examplebucket.s3.amazonaws.com/test.txt"
    signed = sign("GET", url, {"Range": "bytes=0-9"})
    assert signed["Authorization"].endswith(
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    )
    listing = "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J"
    assert sign("GET", listing, {})["Authorization"].endswith(
        "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
    )
    assert "EXAMPLEKEY" not in repr(sign) and Signer(Account(), "x")("GET", url, {}) == {}


def test_a_bucket_is_listed_by_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from curate.fetch.drives import s3

    monkeypatch.setattr(s3, "_PAGE", 2)
    (tmp_path / "root").mkdir()
    disk = DISKS["s3"](tmp_path / "root", tmp_path / "drive")
    names = [f"{n}.txt" for n in range(5)] + ["folder 1/a.txt", "folder 1/b.txt", "folder 2/图.txt"]
    fill(disk.root, {name: name for name in names})
    disk.start()
    try:
        assert [one.locator for one in walk(RemoteSource(**disk.options))] == names
    finally:
        disk.stop()


def test_a_drive_that_is_gone_is_not_asked_for_each_of_its_files() -> None:
    asked: list[str] = []

    def answer(method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        asked.append(path)
        if len(asked) > 1:
            return 503, {"Retry-After": "4000"}, b""
        return 207, {}, multistatus(("/", True, 0), *((f"/{n}.txt", False, 1) for n in range(9)))

    failed = 0
    with canned(answer) as host, pytest.raises(CurateError, match="503"):
        source = RemoteSource(url=f"webdav://{host}")
        for one in RemoteCollector(source, Context(Path(), Fetcher(HOME))).candidates(
            lambda locator: None
        ):
            assert isinstance(one, Candidate)
            with pytest.raises(CurateError):
                one.open()
            failed += 1
    assert (failed, asked) == (1, ["/", "/0.txt", "/"])


def test_sources_side_by_side_do_not_wait_for_a_slow_listing() -> None:
    """A listing must not hold the interpreter's lock while its server thinks."""
    beats = 0
    done = threading.Event()

    def answer(method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        done.wait(0.5)
        return 207, {}, multistatus(("/", True, 0))

    with canned(answer) as host:
        asking = threading.Thread(target=walk, args=(RemoteSource(url=f"webdav://{host}"),))
        asking.start()
        while asking.is_alive():
            beats += 1
            time.sleep(0.01)
        asking.join()
    assert beats > 5

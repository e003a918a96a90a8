"""Git repositories as sources: by path and from a real server, at one commit, and nothing twice."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from dulwich import porcelain
from dulwich.objects import Blob, ObjectID, Tree
from dulwich.repo import Repo

from curate import config
from curate.collection import Collection, _options
from curate.collectors import Context
from curate.collectors.git import GitCollector, GitSource
from curate.collectors.git import _link as link
from curate.errors import ConfigError, CurateError
from curate.fetch import Fetcher
from curate.fetch.patience import LONGEST_WAIT
from curate.model import Candidate, Trouble
from curate.workspace import Fetch
from tests.drives import canned

Found = list[Candidate | Trouble]
WHO = b"A Person <a@example.org>"


def repository(folder: Path) -> Repo:
    folder.mkdir(parents=True)
    return Repo.init(str(folder), default_branch=b"main")


def commit(repo: Repo, files: Mapping[str, bytes | None], at: int = 1_700_000_000) -> str:
    """Write these files, None removes one, and commit everything."""
    root = Path(repo.path)
    for name, data in files.items():
        path = root / name
        if data is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    work = repo.get_worktree()
    work.stage(list(files))
    made = work.commit(
        message=b"change", committer=WHO, author=WHO, commit_timestamp=at, author_timestamp=at,
        commit_timezone=0, author_timezone=0,
    )  # fmt: skip
    return made.decode()


def collected(
    url: str,
    cache: Path | None,
    folder: Path = Path("/"),
    fetch: Fetch | None = None,
    **options: object,
) -> Found:
    settings = fetch or Fetch(private=("127.0.0.1",), retries=0, timeout=10)
    source = GitSource(url=url, **options)  # type: ignore[arg-type]
    context = Context(folder, Fetcher(settings), cache=cache)
    return list(GitCollector(source, context).candidates(lambda _: None))


def locators(found: Found) -> list[str]:
    return [one.locator for one in found if isinstance(one, Candidate)]


def troubles(found: Found) -> dict[str, str]:
    return {one.locator: str(one.reason) for one in found if isinstance(one, Trouble)}


class Served:
    """A folder of repositories behind a web server of git's own; counts what it gives away."""

    def __init__(self, root: Path) -> None:
        self.packs = 0
        self.lists = 0
        self.bytes = 0
        self.user = ""  # the authorization that is wanted, where one is
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _backend(self, root))
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Served:
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()


def _backend(served: Served, root: Path) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._serve(b"")

        def do_POST(self) -> None:
            if self.headers.get("Transfer-Encoding") == "chunked":
                body = b""
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
            else:
                body = self.rfile.read(int(self.headers["Content-Length"]))
            self._serve(body)

        def _serve(self, body: bytes) -> None:
            if served.user and self.headers.get("Authorization") != served.user:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="git"')
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            path, _, query = self.path.partition("?")
            served.lists += path.endswith("/info/refs")
            served.packs += b"done" in body and b"command=ls-refs" not in body
            environment = {
                "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(root), "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(len(body)),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""), "REMOTE_ADDR": "127.0.0.1",
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
            }  # fmt: skip
            done = subprocess.run(
                ["git", "http-backend"],
                input=body,
                env=environment,
                capture_output=True,
                check=False,
            )
            head, _, data = done.stdout.partition(b"\r\n\r\n")
            fields = dict(
                line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line
            )
            served.bytes += len(data)
            self.send_response(int(fields.pop("Status", "200").split()[0]))
            for name, value in fields.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    if not shutil.which("git"):
        pytest.skip("git is not installed, whose server is asked here")
    with Served(tmp_path) as server:
        yield server


FILES = {
    "LICENSE": b"CC0 1.0 Universal",
    "docs/a.txt": b"one",
    "docs/LICENSE": b"MIT License",
    "img/b.svg": b"<svg/>",
    ".gitignore": b"*.tmp",
}


def test_a_repository_on_this_computer(tmp_path: Path) -> None:
    repo = repository(tmp_path / "r")
    commit(repo, FILES)
    (tmp_path / "r/docs/a.txt").write_text("changed, but not committed")
    found = collected("r", tmp_path / "cache", tmp_path)
    assert locators(found) == ["LICENSE", "docs/LICENSE", "docs/a.txt", "img/b.svg"]
    first = next(one for one in found if one.locator == "docs/a.txt")
    assert isinstance(first, Candidate)
    assert first.open().read() == b"one"
    assert [one.where for one in first.said.statements] == ["docs/LICENSE"]
    assert (first.said.url, first.said.modified) == ("", "2023-11-14T22:13:20Z")


def test_a_server_gives_each_commit_once_and_changed_files_alone_look_new(
    tmp_path: Path, served: Served
) -> None:
    repo, cache, url = repository(tmp_path / "r"), tmp_path / "cache", f"{served.url}/r"
    commit(repo, {**FILES, "big.bin": os.urandom(300_000)})
    first = collected(url, cache)
    assert served.packs == 1 and len(locators(first)) == 5
    before = served.bytes
    again = collected(url, cache)
    assert served.packs == 1 and served.bytes - before < 2000
    assert again == first or [one.stamp for one in again] == [one.stamp for one in first]  # type: ignore[union-attr]
    commit(repo, {"docs/a.txt": b"two", "new.txt": b"new"}, at=1_800_000_000)
    before = served.bytes
    changed = collected(url, cache)
    assert served.packs == 2 and served.bytes - before < 50_000
    known = {one.locator: (one.stamp, one.said) for one in first if isinstance(one, Candidate)}
    fresh = [
        one.locator
        for one in changed
        if isinstance(one, Candidate) and known.get(one.locator) != (one.stamp, one.said)
    ]
    assert fresh == ["docs/a.txt", "new.txt"]
    assert len(list((cache / "unpacked").iterdir())) == 1


def test_branches_tags_and_commits(tmp_path: Path, served: Served) -> None:
    repo, url = repository(tmp_path / "r"), f"{served.url}/r"
    old = commit(repo, {"old.txt": b"old"})
    porcelain.tag_create(
        repo, b"v1", author=WHO, message=b"one", annotated=True, tag_time=1, tag_timezone=0
    )
    porcelain.branch_create(repo, b"stable")
    commit(repo, {"new.txt": b"new"}, at=1_700_000_001)
    for number, ref in enumerate(("v1", "stable", old)):
        for where in (url, str(tmp_path / "r")):
            found = collected(where, tmp_path / f"cache{number}{where[0] == '/'}", ref=ref)
            assert locators(found) == ["old.txt"], (ref, where)
    with pytest.raises(CurateError, match="has no 'missing'") as caught:
        collected(url, tmp_path / "cache", ref="missing")
    assert "main, stable" in caught.value.hint
    with pytest.raises(CurateError, match="0000"):
        collected(url, tmp_path / "cache", ref="0" * 39 + "1")


def test_what_is_no_file_of_the_repository_is_left_out_with_a_reason(tmp_path: Path) -> None:
    repo = repository(tmp_path / "r")
    commit(repo, {"a.txt": b"one"})
    tree, blobs = Tree(), []

    def put(name: bytes, mode: int, data: bytes) -> None:
        blobs.append(Blob.from_string(data))
        tree.add(name, mode, blobs[-1].id)

    put(b"a.txt", 0o100644, b"one")
    put(b"alias.txt", 0o120000, b"a.txt")
    put(b"out", 0o120000, b"../../etc/passwd")
    put(
        b"pointer.psd",
        0o100644,
        b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n",
    )
    put("中文.txt".encode("gbk"), 0o100644, b"gbk")
    put("中文.md".encode(), 0o100755, b"utf-8")
    put(b"..", 0o100644, b"evil")
    tree.add(b"other", 0o160000, ObjectID(b"1" * 40))
    tree.add(b"gone.txt", 0o100644, ObjectID(b"2" * 40))
    for one in (*blobs, tree):
        repo.object_store.add_object(one)
    made = repo.get_worktree().commit(message=b"x", committer=WHO, author=WHO, tree=tree.id)
    found = collected(str(tmp_path / "r"), tmp_path / "cache", ref=made.decode())
    assert locators(found) == ["a.txt", "alias.txt", "中文.md", "中文.txt"]
    told = troubles(found)
    assert told.keys() == {"..", "out", "pointer.psd", "other", "gone.txt"}
    assert (
        "submodule" in told["other"]
        and "LFS" in told["pointer.psd"]
        and "missing" in told["gone.txt"]
    )
    assert not any(path.is_symlink() for path in (tmp_path / "cache").rglob("*"))


def test_an_endless_tree_ends(tmp_path: Path) -> None:
    repo = repository(tmp_path / "r")
    commit(repo, {"a.txt": b"one"})
    blob = Blob.from_string(b"x")
    below: Blob | Tree = blob
    for _ in range(10):
        tree = Tree()
        for number in range(10):
            tree.add(b"d%d" % number, 0o100644 if isinstance(below, Blob) else 0o40000, below.id)
        repo.object_store.add_object(below)
        below = tree
    repo.object_store.add_object(below)
    made = repo.get_worktree().commit(message=b"x", committer=WHO, author=WHO, tree=below.id)
    with pytest.raises(CurateError, match="more than 100000 entries"):
        collected(str(tmp_path / "r"), tmp_path / "cache", ref=made.decode())


def test_one_folder_with_the_licences_above_it(tmp_path: Path) -> None:
    repo = repository(tmp_path / "r")
    commit(
        repo,
        {
            "LICENSE": b"CC0 1.0 Universal", "LICENSES/MIT.txt": b"MIT", "docs/a.txt": b"one",
            "docs/deep/b.txt": b"two", "documents/c.txt": b"x", "big/c.txt": b"three",
        },
    )  # fmt: skip
    found = collected(str(tmp_path / "r"), tmp_path / "cache", path="docs/")
    assert locators(found) == ["docs/a.txt", "docs/deep/b.txt"] and not troubles(found)
    assert all(
        one.said.statements[0].where == "LICENSE" for one in found if isinstance(one, Candidate)
    )
    assert not list((tmp_path / "cache").rglob("c.txt"))
    with pytest.raises(CurateError, match="holds no folder 'nothing'"):
        collected(str(tmp_path / "r"), tmp_path / "cache", path="nothing")


def test_half_a_clone_is_made_anew(tmp_path: Path, served: Served) -> None:
    repo, cache = repository(tmp_path / "r"), tmp_path / "cache"
    commit(repo, FILES)
    url = f"{served.url}/r"
    collected(url, cache)
    for path in (cache / "clone.git/objects/pack").iterdir():
        path.chmod(0o644)
        path.write_bytes(path.read_bytes()[:40])
    commit(repo, {"docs/a.txt": b"two"}, at=1_800_000_000)
    assert len(locators(collected(url, cache))) == 4


def test_an_account_opens_what_is_closed_and_is_never_shown(
    tmp_path: Path, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(repository(tmp_path / "r"), FILES)
    served.user = "Basic Z2l0OnNlc3JldA=="  # git:sesret
    url = f"{served.url}/r"
    with pytest.raises(CurateError, match="not open to everyone") as caught:
        collected(url, tmp_path / "cache")
    assert "account" in caught.value.hint
    monkeypatch.setenv("CURATE_FORGE_TOKEN", "sesret")
    found = collected(url, tmp_path / "cache", account="forge")
    assert len(locators(found)) == 4
    kept = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert not any(b"sesret" in path.read_bytes() for path in kept)


def test_no_account_travels_over_plain_http(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    public = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: public)
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("it was asked"))
    monkeypatch.setenv("CURATE_FORGE_TOKEN", "sesret")
    with pytest.raises(CurateError, match="plain http") as caught:
        collected("http://git.example.org/r", tmp_path / "cache", account="forge")
    assert "https://" in caught.value.hint and "sesret" not in str(caught.value)


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda url: f"{url}/nothing", "no git repository|cannot be"),
        (lambda url: "http://127.0.0.1:1/r", "cannot be reached"),
        (lambda url: "nothing", "no git repository"),
        (lambda url: "ssh://127.0.0.1:1/r", "cannot be reached"),
    ],
)
def test_what_cannot_be_had_is_an_error_with_a_hint(
    tmp_path: Path, served: Served, make: Callable[[str], str], what: str
) -> None:
    if make("").startswith("ssh") and not shutil.which("ssh"):
        pytest.skip("ssh is not installed")
    with pytest.raises(CurateError, match=what) as caught:
        collected(make(served.url), tmp_path / "cache", tmp_path)
    assert caught.value.hint


def test_an_address_of_ones_own_network_has_to_be_allowed(tmp_path: Path, served: Served) -> None:
    commit(repository(tmp_path / "r"), FILES)
    closed = Fetch(retries=0, timeout=5)
    for url in (f"{served.url}/r", "ssh://git@127.0.0.1/r", "git@127.0.0.1:r"):
        with pytest.raises(CurateError, match="not public"):
            collected(url, tmp_path / "cache", fetch=closed)
    assert served.lists == 0
    mapped = Fetch(hosts={"https://git.example.org": served.url}, retries=0, timeout=5)
    assert (
        len(locators(collected("https://git.example.org/r", tmp_path / "cache", fetch=mapped))) == 4
    )


def test_what_is_wrong_in_the_process_that_reads_says_what_to_do(
    tmp_path: Path, served: Served
) -> None:
    commit(repository(tmp_path / "r"), FILES)
    gone = "1" * 40
    with pytest.raises(CurateError, match=f"does not hold the commit {gone}$") as caught:
        collected(f"{served.url}/r", tmp_path / "cache", ref=gone)
    assert caught.value.hint == "correct `ref` in the source"
    served.user = "Basic Z2l0OnNlc3JldA=="
    with pytest.raises(CurateError, match=r"not open to everyone$") as caught:
        collected(f"{served.url}/r", tmp_path / "closed", ref=gone)
    assert "`account`" in caught.value.hint


def test_a_cache_that_cannot_be_written_is_an_error_with_a_hint(
    tmp_path: Path, served: Served
) -> None:
    commit(repository(tmp_path / "r"), FILES)
    (tmp_path / "cache").write_bytes(b"")
    for url in (f"{served.url}/r", str(tmp_path / "r")):
        with pytest.raises(CurateError, match=r"cache.* cannot be used") as caught:
            collected(url, tmp_path / "cache")
        assert caught.value.hint


def test_a_clone_that_cannot_be_written_is_an_error_with_a_hint(
    tmp_path: Path, served: Served
) -> None:
    commit(repository(tmp_path / "r"), FILES)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache/clone.git").write_bytes(b"")
    with pytest.raises(CurateError, match="cannot be used") as caught:
        collected(f"{served.url}/r", tmp_path / "cache")
    assert "disk" in caught.value.hint


def test_a_memory_that_cannot_be_kept_costs_nothing(tmp_path: Path) -> None:
    repo, cache = repository(tmp_path / "r"), tmp_path / "cache"
    commit(repo, FILES)
    (cache / "last.json").mkdir(parents=True)
    assert len(locators(collected(str(tmp_path / "r"), cache))) == 4


def test_sources_on_one_server_share_its_pace(tmp_path: Path, served: Served) -> None:
    now, slept = 0.0, []

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds
        slept.append(seconds)

    settings = Fetch(private=("127.0.0.1",), retries=0, timeout=10, delay=3)
    with Fetcher(settings, clock=lambda: now, sleep=sleep) as fetcher:
        for name in ("one", "two"):
            commit(repository(tmp_path / name), FILES)
            context = Context(Path("/"), fetcher, cache=tmp_path / f"cache-{name}")
            source = GitSource(url=f"{served.url}/{name}")
            assert (
                len(locators(list(GitCollector(source, context).candidates(lambda _: None)))) == 4
            )
    assert slept == [3.0, 3.0, 3.0], "its names and its objects, of two repositories"


def test_a_server_that_wants_days_of_rest_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("urllib3.util.retry.time.sleep", slept.append)
    settings = Fetch(private=("127.0.0.1",), retries=1, timeout=5, delay=0)
    with (
        canned(lambda *_: (503, {"Retry-After": "200000"}, b"")) as host,
        pytest.raises(CurateError, match="cannot be"),
    ):
        collected(f"http://{host}/r", tmp_path / "cache", fetch=settings)
    assert slept and max(slept) <= LONGEST_WAIT


def test_more_than_is_allowed_is_not_fetched(tmp_path: Path, served: Served) -> None:
    commit(repository(tmp_path / "r"), {"big.bin": os.urandom(3 << 20)})
    small = Fetch(private=("127.0.0.1",), max_mb=1, retries=0, timeout=10)
    with pytest.raises(CurateError, match=r"sends more than 1 MiB$") as caught:
        collected(f"{served.url}/r", tmp_path / "cache", fetch=small)
    assert "fetch.max_mb" in caught.value.hint
    with pytest.raises(CurateError, match="max_unpacked_mb"):
        collected(str(tmp_path / "r"), tmp_path / "cache", max_unpacked_mb=1)


@pytest.mark.parametrize(
    "table",
    [
        {"url": "https://user:secret@example.org/r"},
        {"url": "https://token@example.org/r"},
        {"url": "ssh://git:secret@example.org/r"},
        {"url": "git://example.org/r"},
        {"url": "ext::sh -c whoami://x"},
        {"url": ""},
        {"url": "https://example.org/r", "ref": "--upload-pack=x"},
        {"url": "https://example.org/r", "ref": "a..b"},
        {"url": "https://example.org/r", "path": "../.."},
    ],
)
def test_what_cannot_be_meant_is_a_problem_of_the_configuration(table: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as caught:
        config.parse(
            {"title": "x", "sources": [{"type": "git", **table}]},
            Collection,
            "collection.toml",
            None,
            _options,
        )
    assert "secret" not in str(caught.value)


def test_a_link_for_people_where_the_forge_is_known() -> None:
    for url in ("https://github.com/o/r.git", "git@github.com:o/r.git", "ssh://git@github.com/o/r"):
        assert (
            link(url, "c0", "a b/文.txt".encode())
            == "https://github.com/o/r/blob/c0/a%20b/%E6%96%87.txt"
        )
    assert link("https://gitlab.com/g/s/r", "c0", b"a") == "https://gitlab.com/g/s/r/-/blob/c0/a"
    assert link("https://gitee.com/o/r", "c0", b"a") == "https://gitee.com/o/r/blob/c0/a"
    assert link("https://example.org/r", "c0", b"a") == link("/home/r", "c0", b"a") == ""

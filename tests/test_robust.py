"""What goes wrong around curate: full and read-only disks, damage, hostile names, Ctrl-C. A sentence
that says what to do, never a traceback."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from curate import plugins
from curate.api import Workspace
from curate.catalog import Catalog
from curate.cli import main
from curate.cli.options import echo_json, plain
from curate.errors import CurateError, Exit
from curate.fetch import Fetcher
from curate.store import Store
from curate.workspace import Fetch
from tests.server import Answer, Server, redirect

CONFIG = """title = "{title}"
[rights]
own = "Ann Lee"
[[sources]]
{source}
match = "all"
"""
FOLDER = 'type = "folder"\npath = "material"'
ESCAPE = "a\x1b]0;owned\x07\x9b2J\n.md"
"""A file name that renames a terminal's window, clears its screen and begins a line."""


def make(root: Path, name: str = "guides", source: str = FOLDER) -> Path:
    """A workspace with one collection; the folder for its material."""
    workspace = Workspace.init(root) if not root.exists() else Workspace.at(root)
    material = workspace.collections / name / "material"
    material.mkdir(parents=True)
    config = CONFIG.format(title=name, source=source)
    (material.parent / "collection.toml").write_text(config, encoding="utf-8")
    (material / "backup.md").write_text("# Backups\n\nKeep three copies.\n", encoding="utf-8")
    return material


def allow(root: Path) -> None:
    """Servers on this computer are asked only where curate.toml names them."""
    (root / "curate.toml").write_text('[fetch]\nprivate = ["127.0.0.1"]\n', encoding="utf-8")


def curate(*arguments: str, at: Path) -> Result:
    command = [*arguments, "--workspace", str(at)]
    return CliRunner().invoke(main, command, prog_name="curate")


def program(*arguments: str, at: Path, before: tuple[str, ...] = ()) -> list[str]:
    return [*before, sys.executable, "-m", "curate", *arguments, "--workspace", str(at)]


def real(*command: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, encoding="utf-8", **options)  # type: ignore[call-overload,no-any-return]


def told(errors: str) -> tuple[str, str]:
    """The error and the hint, which are all that was said."""
    assert "Traceback" not in errors
    error, hint = errors.rstrip("\n").split("\nHint: ")
    assert error.startswith("Error: ")
    return error, hint


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """A small disk in memory; skips where mounting is not allowed."""
    if shutil.which("mount") is None or sys.platform != "linux":
        pytest.skip("needs mount")
    if real("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)).returncode:
        pytest.skip("this user may not mount a disk")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def unwritable(root: Path) -> Iterator[tuple[str, ...]]:
    """Nothing below ``root`` may be written by a command that begins with what this gives."""
    before: tuple[str, ...] = ()
    if os.geteuid() == 0:  # who may write everywhere, unless that power is given up
        if shutil.which("setpriv") is None:
            pytest.skip("root may write everywhere here, and there is no setpriv")
        before = ("setpriv", "--bounding-set=-dac_override")
    paths = [root, *root.rglob("*")]
    modes = {path: path.stat().st_mode for path in paths}
    for path, mode in modes.items():
        path.chmod(mode & ~0o222)
    try:
        yield before
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


# Disks


def test_no_file_may_grow(tmp_path: Path) -> None:
    """As far as one process can see, a full disk."""
    resource = pytest.importorskip("resource")
    root = tmp_path / "w"
    make(root)

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    done = real(*program("collect", at=root), preexec_fn=small)
    assert done.returncode == Exit.PROBLEMS
    error, hint = told(done.stderr)
    assert str(root / ".curate" / "catalog.db") in error
    assert "move it away" not in hint
    assert "check the disk" in hint
    assert curate("collect", at=root).exit_code == Exit.OK


def test_a_full_disk(tmp_path: Path) -> None:
    """A real one, where mounting is allowed."""
    disk = tmp_path / "disk"
    disk.mkdir()
    with mounted(disk, "size=1m"):
        material = make(disk / "w")
        (material / "large.md").write_bytes(b"word " * 100_000)
        with (disk / "rest").open("wb", buffering=0) as rest, pytest.raises(OSError, match="space"):
            while True:
                rest.write(bytes(4096))
        done = real(*program("collect", at=disk / "w"))
        assert done.returncode == Exit.PROBLEMS
        assert "free some space" in told(done.stderr)[1]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_an_output_that_is_full(tmp_path: Path) -> None:
    """The system does not say which file it was."""
    make(tmp_path / "w")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            program("status", at=tmp_path / "w"),
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
    assert done.returncode == Exit.PROBLEMS
    error, hint = told(done.stderr)
    assert str(tmp_path / "w") in error
    assert "free some space" in hint


def test_a_full_catalogue(tmp_path: Path) -> None:
    with (
        pytest.raises(CurateError, match="database or disk is full") as full,
        Catalog(tmp_path / "catalog.db") as catalog,
    ):
        catalog.db.execute("PRAGMA max_page_count = 1")
        with catalog.transaction():
            catalog.db.execute("CREATE TABLE large AS SELECT zeroblob(1000000)")
    assert "free some space" in full.value.hint
    with Catalog(tmp_path / "catalog.db") as catalog:
        assert not catalog.knows("guides")


def test_a_disk_that_may_not_be_written(tmp_path: Path) -> None:
    root = tmp_path / "w"
    make(root)
    curate("collect", at=root)
    with unwritable(root) as before:
        path = root / ".curate" / "catalog.db"
        asking = (
            "import sys; from pathlib import Path; from curate.catalog import Catalog\n"
            "with Catalog(Path(sys.argv[1]), readonly=True) as catalog: print(catalog.knows('guides'))"
        )
        done = real(*before, sys.executable, "-c", asking, str(path))
        assert (done.stdout, done.stderr) == ("True\n", "")
        done = real(*program("collect", at=root, before=before))
        assert done.returncode == Exit.PROBLEMS
        error, hint = told(done.stderr)
        assert str(root / ".curate") in error
        assert "read and write" in hint
        assert "move it away" not in hint


def test_a_catalogue_that_is_only_read(tmp_path: Path) -> None:
    make(tmp_path / "w")
    curate("collect", at=tmp_path / "w")
    path = Workspace.at(tmp_path / "w").catalog
    with Catalog(path, readonly=True) as catalog:
        assert catalog.knows("guides")
    with pytest.raises(CurateError, match="readonly"), Catalog(path, readonly=True) as catalog:
        catalog.set_mark("revision", 7)


@pytest.mark.parametrize(
    "content", [b"not a database at all " * 500, b""], ids=["garbage", "empty"]
)
def test_a_damaged_catalogue(content: bytes, tmp_path: Path) -> None:
    root = tmp_path / "w"
    make(root)
    path = Workspace.at(root).catalog
    path.write_bytes(content)
    done = curate("collect", at=root)
    if not content:  # a new one, for SQLite
        assert done.exit_code == Exit.OK
        return
    assert done.exit_code == Exit.PROBLEMS
    error, hint = told(done.stderr)
    assert str(path) in error
    assert hint.startswith("move it away")


def test_damaged_pages_of_a_catalogue(tmp_path: Path) -> None:
    root = tmp_path / "w"
    make(root)
    curate("collect", at=root)
    path = Workspace.at(root).catalog
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    done = curate("collect", at=root)
    assert done.exit_code == Exit.PROBLEMS
    error, hint = told(done.stderr)
    assert f"{path} cannot be used: database disk image is malformed" in error
    assert hint.startswith("move it away")


def test_a_file_in_place_of_a_folder(tmp_path: Path) -> None:
    root = tmp_path / "w"
    make(root)
    shutil.rmtree(root / ".curate")
    (root / ".curate").write_text("")
    done = curate("collect", at=root)
    assert done.exit_code == Exit.PROBLEMS
    error, hint = told(done.stderr)
    assert str(root / ".curate") in error
    assert hint == "a file stands where a folder is needed: rename it"
    (root / "collections" / "other").write_text("")
    assert "other" in told(curate("new", "other", at=root).stderr)[0]


def test_lost_and_empty_objects(tmp_path: Path) -> None:
    store = Store(tmp_path / "objects")
    with (tmp_path / "large").open("wb+") as large:
        large.write(b"x" * (3 << 20))
        large.seek(0)
        kept = store.add(large)
    store.flush()
    assert list(store.verify()) == []
    path = store.path(kept.sha256)
    path.chmod(0o644)
    path.write_bytes(b"")
    (store.folder / "ab").mkdir(exist_ok=True)
    (store.folder / "ab" / "folder").mkdir()
    found = {one.where: one.what for one in store.verify()}
    assert found.pop(str(path)) == "it is empty"
    assert [what.split(":")[0] for what in found.values()] == ["it cannot be read"]


# Configuration


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (f"deep = {'[' * 100_000}", "its values are nested too deeply"),
        (f"deep = {'{a=' * 100_000}", "its values are nested too deeply"),
        (f"large = {'9' * 5000}", "not valid TOML"),
    ],
    ids=["arrays", "tables", "digits"],
)
def test_hostile_toml(line: str, message: str, tmp_path: Path) -> None:
    material = make(tmp_path / "w")
    config = material.parent / "collection.toml"
    config.write_text(f"{line}\n", encoding="utf-8")
    for command in (["collect", "guides"], ["status"]):
        done = curate(*command, at=tmp_path / "w")
        assert done.exit_code == Exit.PROBLEMS
        assert message in done.stderr
        assert str(config) in done.stderr


def test_an_engine_that_is_not_installed(tmp_path: Path) -> None:
    root = tmp_path / "w"
    make(root)
    (root / "curate.toml").write_text('[search]\nengine = "tantiwy"\n', encoding="utf-8")
    done = curate("status", at=root)
    assert done.exit_code == Exit.PROBLEMS
    assert "did you mean 'tantivy'?" in done.stderr
    error, hint = told(curate("search", "backup", at=root).stderr)
    assert "tantiwy" in error
    assert "installed: tantivy, whoosh" in hint
    with pytest.raises(CurateError, match="tantiwy"):
        plugins.check("indexes", "tantiwy")


def test_a_folder_whose_name_no_collection_can_have(tmp_path: Path) -> None:
    root = tmp_path / "w"
    make(root)
    make(root, "my coll")
    assert curate("collect", at=root).exit_code == Exit.OK
    done = curate("status", at=root)
    assert done.exit_code == Exit.PROBLEMS
    assert "my coll" in done.stderr
    assert "rename the folder" in done.stderr
    assert "guides" in done.stdout
    (problem,) = json.loads(curate("status", "--json", at=root).stdout)["problems"]
    assert "my coll" in problem


@pytest.mark.parametrize(
    "command",
    [["collect"], ["classify"], ["package"], ["search", "backup", "--collection"]],
    ids=" ".join,
)
def test_a_collection_that_is_not_there(command: list[str], tmp_path: Path) -> None:
    root = tmp_path / "w"
    for name in ("guides", "备份"):
        make(root, name)
    done = curate(*command, "guide", at=root)
    assert done.exit_code == Exit.PROBLEMS
    error, hint = told(done.stderr)
    assert error == "Error: there is no collection 'guide'"
    assert "did you mean 'guides'?" in hint
    assert "there are: guides, 备份" in hint


def test_a_collection_named_twice_runs_once(tmp_path: Path) -> None:
    make(tmp_path / "w")
    done = curate("collect", "guides", "guides", at=tmp_path / "w")
    assert done.stdout.count("collect guides") == 1


# Names


def test_names_do_not_speak_to_the_terminal(tmp_path: Path) -> None:
    root = tmp_path / "w"
    material = make(root)
    (material / ESCAPE).write_text("# Fine\n", encoding="utf-8")
    (material / ESCAPE.replace(".md", ".docx")).write_bytes(b"PK\x03\x04 not a zip")
    (material / ESCAPE.replace(".md", ".txt")).write_bytes(b"")
    for command in (
        ["collect"], ["classify"], ["package", "guides"], ["status"], ["status", "--failed"],
        ["status", "--rejected"], ["why", ESCAPE], ["search", "fine"], ["why", "no\x1b[2Jthing"],
        ["verify", str(root / "no\x1b[2Jthing")], ["collect", "no\x1b[2Jthing"],
        ["status", "--failed", "--json"], ["why", ESCAPE, "--json"],
    ):  # fmt: skip
        done = curate(*command, at=root)
        assert "Traceback" not in done.output
        assert [char for char in done.output if not char.isprintable() and char != "\n"] == [], (
            command
        )
    assert "a]0;owned" in curate("status", "--failed", at=root).output


def test_what_is_printed_is_one_plain_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert plain("备份　“three”\t\n\x1b[31m\u202e\udcff\x7f…") == "备份　“three”  [31m…"
    value = {"name": "备份 \x1b\x9b\x7f\u202e\udcff\U000e0001\n"}
    echo_json(value)
    shown = capsys.readouterr().out
    assert json.loads(shown) == value
    assert "备份" in shown
    assert shown.replace("\n", "").isprintable()


# Ctrl-C


def test_interrupted(tmp_path: Path) -> None:
    """While a site keeps the command waiting."""
    with Server() as server:
        server.always("/robots.txt", Answer(404))
        server.always("/", Answer(body=b"slow" * 1000, type="text/html", pause=0.05))
        make(tmp_path / "w", source=f'type = "site"\nstart = ["{server.url}/"]')
        allow(tmp_path / "w")
        process = subprocess.Popen(
            program("collect", at=tmp_path / "w"), stderr=subprocess.PIPE, encoding="utf-8"
        )
        while not server.asked("/"):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.startswith("Stopped.")
    assert errors.count("\n") == 1


# The web


def test_a_sitemap_that_leads_elsewhere(tmp_path: Path) -> None:
    with Server() as server, Server() as other:
        root = tmp_path / "w"
        make(root, source=f'type = "site"\nsitemap = "{server.url}/index.xml"')
        allow(root)
        index = f"""<sitemapindex><sitemap><loc>{server.url}/secret.xml</loc></sitemap>
          <sitemap><loc>{server.url}/away.xml</loc></sitemap></sitemapindex>"""
        server.always("/robots.txt", Answer(body=b"User-agent: *\nDisallow: /private/\n"))
        server.always("/index.xml", Answer(body=index.encode(), type="application/xml"))
        server.always("/secret.xml", redirect("/private/map.xml"))
        server.always("/away.xml", redirect(f"{other.url}/map.xml"))
        curate("collect", at=root)
        failed = curate("status", "--failed", at=root).stdout
        assert "secret.xml: robots.txt does not allow it" in failed
        assert "away.xml: it leads to another site" in failed
        assert server.count("/private/map.xml") == 0
        assert other.count() == 0


def test_passwords_of_netrc_stay_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies of the environment are used all the same."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login ann password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with Server() as proxy:
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        proxy.always("/", Answer(body=b"direct"))
        proxy.always("http://curate.invalid/", Answer(body=b"through the proxy"))
        with Fetcher(Fetch(delay=0, retries=0, private=("127.0.0.1",))) as fetcher:
            for url in (f"{proxy.url}/", "http://curate.invalid/"):
                with fetcher.get(url) as got:
                    assert got.body.read()
        assert len(proxy.requests) == 2
        assert not any("Authorization" in request.headers for request in proxy.requests)

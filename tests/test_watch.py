"""``curate collect --watch``: real files that change, in a real thread, and what is waited for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest
from dulwich.objects import Blob, Tree
from dulwich.repo import Repo

from curate import plugins
from curate.collection import Source
from curate.errors import CurateError
from curate.pipeline import watched
from curate.pipeline.collect import collect
from curate.pipeline.setup import init
from curate.pipeline.watch import watch
from curate.workspace import Workspace
from tests.test_archives import zipped
from tests.test_git import WHO, repository

LONG = 20.0
"""Seconds that something may take before a test gives up; none takes as long."""
SETTLE = 0.4


class Watching:
    """``watch`` in a thread; hears what is run and told."""

    def __init__(
        self,
        workspace: Workspace,
        names: Sequence[str] = (),
        run: Callable[[Sequence[str]], object] | None = None,
        every: float = 900.0,
    ) -> None:
        self.runs: list[tuple[str, ...]] = []
        self.told: list[str] = []
        self.fault: BaseException | None = None
        self.stop = threading.Event()

        def both(some: Sequence[str]) -> None:
            if run:
                run(some)
            self.runs.append(tuple(some))

        def go() -> None:
            try:
                watch(
                    workspace,
                    names,
                    both,
                    tell=self.told.append,
                    stop=self.stop,
                    every=every,
                    settle=SETTLE,
                )
            except CurateError as fault:
                self.fault = fault

        self._thread = threading.Thread(target=go, daemon=True)

    def __enter__(self) -> Watching:
        self._thread.start()
        self.until(
            lambda: any("watching for" in one for one in self.told) or self.fault is not None
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self._thread.join(LONG)
        assert not self._thread.is_alive()

    def until(self, what: Callable[[], bool]) -> None:
        end = time.monotonic() + LONG
        while not what():
            assert time.monotonic() < end, (self.runs, self.told)
            time.sleep(0.02)

    def more(self, before: int) -> tuple[str, ...]:
        """The next run after so many."""
        self.until(lambda: len(self.runs) > before)
        return self.runs[before]

    def quiet(self) -> int:
        """How many runs there were, after nothing more comes."""
        time.sleep(4 * SETTLE)
        return len(self.runs)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    found = init(tmp_path / "w")
    for name in ("a", "b"):
        make(
            found, name, f'[[sources]]\ntype = "folder"\npath = "../../../{name}"\nmatch = "all"\n'
        )
        (tmp_path / name).mkdir()
        (tmp_path / name / "first.txt").write_text(f"first of {name}")
    return found


def make(workspace: Workspace, name: str, sources: str) -> None:
    path = workspace.collection_file(name)
    path.parent.mkdir(exist_ok=True)
    path.write_text(f'title = "{name}"\n{sources}')


def test_a_change_runs_the_collection_it_concerns(workspace: Workspace, tmp_path: Path) -> None:
    with Watching(workspace) as seen:
        assert seen.runs == [()]
        (tmp_path / "b/deep").mkdir()
        (tmp_path / "b/deep/new.txt").write_text("new")
        assert seen.more(1) == ("b",)
        (tmp_path / "b/first.txt").unlink()
        assert seen.more(2) == ("b",)
        (tmp_path / "a/.git").mkdir()
        (tmp_path / "a/.git/index").write_text("nobody's business")
        assert seen.quiet() == 3


def test_what_is_collected_is_really_collected(workspace: Workspace, tmp_path: Path) -> None:
    counts: list[int] = []

    def run(names: Sequence[str]) -> None:
        counts.append(sum(report.counts.get("new", 0) for report in collect(workspace, names)))

    with Watching(workspace, run=run) as seen:
        (tmp_path / "a/new.txt").write_text("new")
        seen.more(1)
        assert seen.quiet() == 2  # its own writing is no change
    assert counts == [2, 1]


def test_a_file_that_grows_is_waited_for(workspace: Workspace, tmp_path: Path) -> None:
    with Watching(workspace) as seen:
        with (tmp_path / "a/big.bin").open("wb") as out:
            for _ in range(12):
                out.write(b"x" * 1000)
                out.flush()
                time.sleep(SETTLE / 3)
                assert len(seen.runs) == 1
        assert seen.more(1) == ("a",)
        assert seen.quiet() == 2


def test_an_archive_and_a_table_are_watched_as_files(workspace: Workspace, tmp_path: Path) -> None:
    home = tmp_path / "files"
    home.mkdir()
    zipped(home / "p.zip", {"a.txt": b"one"})
    (home / "t.csv").write_text("path\na.txt\n")
    make(
        workspace,
        "a",
        '[[sources]]\ntype = "archive"\npath = "../../../files/p.zip"\nmatch = "all"\n',
    )
    make(
        workspace, "b", '[[sources]]\ntype = "csv"\nfile = "../../../files/t.csv"\nmatch = "all"\n'
    )
    with Watching(workspace) as seen:
        (home / "other.txt").write_text("x")
        assert seen.quiet() == 1
        zipped(home / "new.zip", {"a.txt": b"two"}).replace(home / "p.zip")
        assert seen.more(1) == ("a",)
        (home / "t.csv").write_text("path\nb.txt\n")
        assert seen.more(2) == ("b",)


def test_an_archive_that_comes_later(workspace: Workspace, tmp_path: Path) -> None:
    make(workspace, "a", '[[sources]]\ntype = "archive"\npath = "../../../p.zip"\nmatch = "all"\n')
    with Watching(workspace) as seen:
        assert any("p.zip is not there" in one for one in seen.told)
        zipped(tmp_path / "p.zip", {"a.txt": b"one"})
        assert seen.more(1) == ("a",)
        assert any("p.zip is back" in one for one in seen.told)


@pytest.mark.parametrize("bare", [False, True])
def test_a_commit_in_a_repository_of_this_computer(
    workspace: Workspace, tmp_path: Path, bare: bool
) -> None:
    repo = Repo.init_bare(str(tmp_path / "r"), mkdir=True) if bare else repository(tmp_path / "r")

    def change(name: bytes) -> None:
        blob, tree = Blob.from_string(name), Tree()
        tree.add(name, 0o100644, blob.id)
        for one in (blob, tree):
            repo.object_store.add_object(one)
        repo.get_worktree().commit(message=name, committer=WHO, author=WHO, tree=tree.id)

    change(b"a.txt")
    make(workspace, "a", '[[sources]]\ntype = "git"\nurl = "../../../r"\nmatch = "all"\n')
    with Watching(workspace) as seen:
        (tmp_path / "r/note.txt").write_text("not committed")
        assert seen.quiet() == 1
        change(b"b.txt")
        assert seen.more(1) == ("a",)
        assert not any("waiting until" in one for one in seen.told)


class Diary(Source, frozen=True, kw_only=True, tag="diary"):
    """Somebody else's, that says nothing but what it has to."""

    path: str

    @property
    def place(self) -> str:
        return self.path


def test_who_does_not_say_what_to_watch_is_visited(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = watched.Plan.of(workspace, ["a"])
    assert not plan.far and [root.path for root in plan.roots] == [tmp_path / "a"]
    monkeypatch.setattr(plugins, "load", lambda *_: SimpleNamespace(options=Diary, local=True))
    plan = watched.Plan.of(workspace, ["a"])
    assert plan.far == {"a"} and not plan.roots


def test_a_folder_that_is_taken_away_is_waited_for(workspace: Workspace, tmp_path: Path) -> None:
    with Watching(workspace) as seen:
        (tmp_path / "a").rename(tmp_path / "away")
        seen.until(lambda: any("waiting until it is back" in one for one in seen.told))
        assert seen.quiet() == 1
        (tmp_path / "away/new.txt").write_text("new")
        (tmp_path / "away").rename(tmp_path / "a")
        assert seen.more(1) == ("a",)
        (tmp_path / "a/more.txt").write_text("watched again")
        assert seen.more(2) == ("a",)
        assert sum("waiting until" in one for one in seen.told) == 1
        assert sum(one.endswith("/a is back") for one in seen.told) == 1


def test_an_emptied_folder_is_a_drive_that_is_not_mounted(
    workspace: Workspace, tmp_path: Path
) -> None:
    with Watching(workspace) as seen:
        (tmp_path / "a/first.txt").rename(tmp_path / "first.txt")
        seen.until(lambda: any("waiting until it is back" in one for one in seen.told))
        assert seen.quiet() == 1
        (tmp_path / "first.txt").rename(tmp_path / "a/first.txt")
        assert seen.more(1) == ("a",)


def test_a_folder_that_comes_later(workspace: Workspace, tmp_path: Path) -> None:
    make(workspace, "a", '[[sources]]\ntype = "folder"\npath = "../../../later"\nmatch = "all"\n')
    with Watching(workspace) as seen:
        assert any("later" in one for one in seen.told)
        (tmp_path / "later").mkdir()
        (tmp_path / "later/x.txt").write_text("x")
        assert seen.more(1) == ("a",)


def test_a_changed_configuration_is_picked_up(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "c/x.txt").write_text("x")
    with Watching(workspace) as seen:
        make(workspace, "a", '[[sources]]\ntype = "folder"\npath = "../../../c"\nmatch = "all"\n')
        assert seen.more(1) == ("a",)
        (tmp_path / "c/y.txt").write_text("y")
        assert seen.more(2) == ("a",)
        make(workspace, "new", '[[sources]]\ntype = "folder"\npath = "../../../c"\nmatch = "all"\n')
        assert seen.more(3) == ()
        (tmp_path / "c/z.txt").write_text("z")
        assert seen.more(4) == ("a", "new")
        (workspace.root / "curate.toml").write_text('language = "zh"\n')
        assert seen.more(5) == ("a", "b", "new")


def test_a_broken_configuration_is_told_and_corrected(workspace: Workspace) -> None:
    path = workspace.collection_file("a")
    right = path.read_text()
    with Watching(workspace, ["a"], run=lambda names: collect(workspace, names)) as seen:
        path.write_text("title = ")
        seen.until(lambda: any("collection.toml" in one for one in seen.told))
        path.write_text(right)
        assert seen.more(1) == ("a",)
    path.write_text("title = ")
    with Watching(workspace, ["a"], run=lambda names: collect(workspace, names)) as seen:
        assert isinstance(seen.fault, CurateError)  # at the start it is the command that is wrong


def test_another_command_is_waited_for(workspace: Workspace, tmp_path: Path) -> None:
    with Watching(workspace, run=lambda names: collect(workspace, names)) as seen:
        with workspace.writing():
            (tmp_path / "a/new.txt").write_text("new")
            seen.until(lambda: any("another curate command" in one for one in seen.told))
            assert len(seen.runs) == 1
        assert seen.more(1) == ("a",)


def test_what_is_on_the_network_is_visited_again_and_again(workspace: Workspace) -> None:
    make(
        workspace,
        "b",
        '[[sources]]\ntype = "site"\nstart = ["http://127.0.0.1:1/"]\nmatch = "all"\n',
    )
    with Watching(workspace, every=0.5) as seen:
        assert (seen.more(1), seen.more(2)) == (("b",), ("b",))


def test_ctrl_c_ends_it_in_peace(workspace: Workspace) -> None:
    told: list[str] = []

    def run(names: Sequence[str]) -> None:
        raise KeyboardInterrupt

    watch(workspace, (), run, tell=told.append)
    assert told == ["stopped watching; what was collected is kept"]


def test_a_network_drive_is_looked_at_instead(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched, "is_remote", lambda path: path == tmp_path / "a")
    monkeypatch.setattr(watched, "POLL", 100)
    with Watching(workspace) as seen:
        (tmp_path / "a/new.txt").write_text("new")
        assert seen.more(1) == ("a",)


@pytest.mark.parametrize(
    ("path", "remote"),
    [
        ("/mnt/nas/pictures", True), ("/mnt/my drive/x", True), ("/mnt/cloud", True),
        ("/home/me", False), ("/mnt/nasty", False), ("/mnt/nas/local/x", False),
    ],
)  # fmt: skip
def test_which_file_systems_tell_nothing(tmp_path: Path, path: str, remote: bool) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/sda1 / ext4 rw 0 0\nnas:/x /mnt/nas nfs4 rw 0 0\n//s/x /mnt/my\\040drive cifs rw 0 0\n"
        "rclone /mnt/cloud fuse.rclone rw 0 0\n/dev/sdb /mnt/nas/local xfs rw 0 0\n"
    )
    assert watched.is_remote(Path(path), mounts) is remote

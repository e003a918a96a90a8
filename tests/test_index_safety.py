"""An index survives kills, other processes and damaged files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from curate.indexes import Filters, Index, IndexBroken
from curate.model import Document
from tests.test_indexes import ENGINES, LIBRARY, engine


@pytest.mark.parametrize("name", ENGINES)
def test_what_cannot_be_read_is_to_be_rebuilt(name: str, tmp_path: Path) -> None:
    other = {"tantivy": "whoosh", "whoosh": "tantivy"}[name]

    def broken(folder: Path) -> None:
        with pytest.raises(IndexBroken) as fault:
            engine(name, folder).search("git", Filters(), 5)
        assert fault.value.hint == "curate index --rebuild"
        assert str(folder) in fault.value.message

    engine(other, tmp_path / "other engine")
    broken(tmp_path / "other engine")

    aged = tmp_path / "older version"
    engine(name, aged)
    marker = aged / "curate-index.json"
    marker.write_text(json.dumps({**json.loads(marker.read_text()), "schema": 0}))
    broken(aged)
    marker.write_bytes(b"\xff{")
    broken(aged)
    marker.unlink()
    broken(aged)

    for content in (b"", b"\x00garbage" * 9):
        folder = tmp_path / f"damaged {len(content)}"
        engine(name, folder).update(LIBRARY, [])
        for file in folder.iterdir():
            if file.name != "curate-index.json" and "lock" not in file.name.lower():
                file.unlink()  # this process may hold the old one mapped
                file.write_bytes(content)
        broken(folder)


ADDS = """
import sys
from pathlib import Path
from curate import plugins
from curate.model import Document
name, folder, first, rebuild = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "rebuild"
index = plugins.load("indexes", name)(folder)
print("ready", flush=True)
for turn in range(first, 10**6):
    title = f"turn {turn}"
    documents = (Document(id=f"{n:064x}", collection="shelf", title=title, text="入门 guide " * 9) for n in range(60))
    if rebuild:
        index.clear()
    index.update(documents, [("shelf", "old")])
    print(turn, flush=True)
"""


@pytest.mark.parametrize("way", ["update", "rebuild"])
@pytest.mark.parametrize("name", ENGINES)
def test_ten_kills_at_any_moment_leave_what_was_committed(
    name: str, way: str, tmp_path: Path
) -> None:
    """Whole turns of sixty documents, or none, for whoever reads meanwhile and after each kill."""
    folder = tmp_path / "index"
    moments = Random(f"{name} {way}")
    reader = engine(name, folder)
    committed = -1
    for _ in range(10):
        command = [sys.executable, "-c", ADDS, name, str(folder), str(committed + 1), way]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            began = time.monotonic()
            for _ in range(moments.randrange(3)):
                committed = int(child.stdout.readline())
            turn = max(time.monotonic() - began, 0.05)
            deadline = time.monotonic() + moments.random() * turn
            while time.monotonic() < deadline:
                _whole(reader, committed, way)
            child.kill()
            told = [int(line) for line in child.stdout.read().split("\n")[:-1]]
        committed = max([committed, *told])
        for after in (reader, engine(name, folder)):
            # A commit that was made and not yet told is as good.
            committed = max(committed, _whole(after, committed, way))
    assert committed >= 0
    reader.update([Document(id="last", collection="shelf", title="last")], [])
    assert reader.search("last", Filters(), 1).total == 1


def _whole(reader: Index, committed: int, way: str) -> int:
    """The turn that the index is of, at least ``committed``."""
    found = reader.search("", Filters(), 100)
    turns = {int(hit.title.split()[1]) for hit in found.hits}
    if way == "rebuild" and not turns:
        return committed  # emptied, not yet filled
    assert (len(found.hits), len(turns)) in {(60, 1), (0, 0)}
    if committed >= 0:
        assert min(turns) >= committed
    return max(turns, default=-1)


def test_deletions_that_were_not_committed_are_no_obstacle(tmp_path: Path) -> None:
    """tantivy names their list after the operation that it is of, and never overwrites one."""
    index = engine("tantivy", tmp_path / "index")
    index.update([Document(id="a", collection="shelf", title="one")], [])
    index.update([Document(id="b", collection="shelf", title="two")], [])
    segments = [path.stem for path in (tmp_path / "index").glob("*.store")]
    left = [
        tmp_path / "index" / f"{segment}.{operation}.del"
        for segment in segments
        for operation in range(1, 100)
    ]
    for path in left:
        if not path.exists():
            path.write_bytes(b"killed")
    index.update([Document(id="a", collection="shelf", title="three")], [("shelf", "b")])
    assert [hit.title for hit in index.search("", Filters(), 10).hits] == ["three"]


KILLED = """
import sys
from pathlib import Path
from curate import plugins
from curate.model import Document
index = plugins.load("indexes", sys.argv[1])(Path(sys.argv[2]))
def documents():
    for n in range(800):
        if n == int(sys.argv[3]):
            print("now", flush=True)
        yield Document(id=f"{n:064x}", collection="shelf", title=f"new {n}", text="入门 guide " * 40)
index.update(documents(), [("shelf", "old")])
"""


@pytest.mark.parametrize("name", ENGINES)
def test_a_kill_in_the_middle_leaves_the_older_state(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "index"
    engine(name, folder).update([Document(id="old", collection="shelf", title="old")], [])
    command = [sys.executable, "-c", KILLED, name, str(folder)]
    for at in (1, 200, 500):
        with subprocess.Popen([*command, str(at)], stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(0.03)
            os.kill(child.pid, signal.SIGKILL)
        state = engine(name, folder)
        assert [hit.title for hit in state.search("", Filters(), 2).hits] == ["old"]
    subprocess.run([*command, "-1"], check=True)
    state = engine(name, folder)
    assert (state.count(), state.search("old", Filters(), 9).total) == (800, 0)
    assert state.search("入门", Filters(), 1).total == 800


WRITES = """
import sys
from pathlib import Path
from curate import plugins
from curate.model import Document
index = plugins.load("indexes", sys.argv[1])(Path(sys.argv[2]))
for turn in range(12):
    index.update([Document(id=f"{n:064x}", collection="shelf", title=f"turn {turn}") for n in range(20)], [])
"""


@pytest.mark.parametrize("name", ENGINES)
def test_readers_see_whole_updates_while_another_process_writes(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "index"
    index = engine(name, folder)
    with subprocess.Popen([sys.executable, "-c", WRITES, name, str(folder)]) as child:
        while child.poll() is None:
            for reader in (index, engine(name, folder)):
                titles = [hit.title for hit in reader.search("turn", Filters(), 30).hits]
                assert len(titles) in {0, 20}
                assert len(set(titles)) <= 1
    assert child.returncode == 0
    assert {hit.title for hit in index.search("", Filters(), 30).hits} == {"turn 11"}

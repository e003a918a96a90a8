"""curate review: one key per answer, in a terminal of its own."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from curate.api import Workspace
from curate.cli.columns import cut, fill, width, wrap
from curate.corrections import FILE
from curate.errors import Exit
from curate.model import Label
from curate.pipeline.labels import Filed, spread
from tests.test_labels_command import categories, found, journal, make, run

pty = pytest.importorskip("pty")
fcntl = pytest.importorskip("fcntl")
termios = pytest.importorskip("termios")
_WAIT = 60.0  # seconds; far more than it takes


class Terminal:
    """A program in a terminal of its own, and a person who waits for what it shows before typing."""

    def __init__(self, words: list[str], columns: int = 100) -> None:
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.environ.update(NO_COLOR="1", LOGNAME="ann", TERM="xterm", PYTHONIOENCODING="utf-8")
            os.environ.pop("COLUMNS", None)
            fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
            os.execv(sys.executable, [sys.executable, "-m", "curate", *words])
        self.shown = ""
        self._seen = 0

    def until(self, text: str) -> str:
        """Wait until ``text`` is shown after what was waited for before; all that was shown since then."""
        end = time.monotonic() + _WAIT
        while (at := self.shown.find(text, self._seen)) < 0:
            assert time.monotonic() < end, f"no {text!r} in {self.shown[self._seen :]!r}"
            assert self._read(), f"it ended without {text!r}: {self.shown[self._seen :]!r}"
        part = self.shown[self._seen : at + len(text)]
        self._seen = at + len(text)
        return part

    def _read(self) -> bool:
        if not select.select([self._fd], [], [], 1)[0]:
            return True
        try:
            data = os.read(self._fd, 65_536)
        except OSError:  # how Linux tells that the other side is closed
            return False
        self.shown += data.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(data)

    def type(self, keys: str) -> None:
        """At its prompt; typed ahead is thrown away."""
        end = time.monotonic() + _WAIT
        while termios.tcgetattr(self._fd)[3] & termios.ICANON:  # until it waits for one key
            assert time.monotonic() < end
            time.sleep(0.005)
        os.write(self._fd, keys.encode())

    def answer(self, keys: str) -> str:
        """At the next prompt for an item; what was shown up to there."""
        shown = self.until("q quit > ")
        self.type(keys)
        return shown

    def end(self) -> int:
        """Read on to the end; the exit code."""
        while self._read():
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def close(self) -> None:
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._fd)


@contextmanager
def reviewing(workspace: Workspace, *words: str, columns: int = 100) -> Iterator[Terminal]:
    terminal = Terminal(["review", *words, "--workspace", str(workspace.root)], columns)
    try:
        yield terminal
    finally:
        terminal.close()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make(tmp_path / "w")


def test_one_key_per_answer_from_the_first_to_the_last(workspace: Workspace) -> None:
    with reviewing(workspace, "shop") as terminal:
        first = terminal.answer("/")
        assert "review shop: 3 to sort" in first
        assert "[1/3] Another oddity" in first
        assert "notes/odd.md · text md · en" in first
        assert "It lies in a folder of its own." in first
        terminal.until("/  [Tea and cups] · sea")
        terminal.type("se")
        terminal.until("/se  [sea]")
        terminal.type("\r")
        terminal.until("→ sea")
        assert journal(workspace)[0]["category"] == "sea", "written before the next one is asked"
        assert "[2/3] Something odd" in terminal.answer("0")
        terminal.until("→ none of these")
        assert "[3/3] 杂记" in terminal.answer("s")
        terminal.until("2 answered, 1 skipped")
        terminal.until("Next: curate classify shop")
        assert terminal.end() == Exit.OK
    assert categories(workspace)["notes/odd.md"] == "sea"
    assert {one["who"] for one in journal(workspace)} == {"ann"}
    assert found(workspace, "sea") == {"ships.md", "notes/odd.md"}
    assert [one["place"] for one in waiting(workspace)] == ["杂.md"]


def test_undo_more_help_and_stopping(workspace: Workspace) -> None:
    with reviewing(workspace, "shop", columns=70) as terminal:
        terminal.answer("u")
        terminal.until("there is nothing to take back")
        terminal.answer("o")
        terminal.until("that is all of its text")
        terminal.answer("?")
        terminal.until("take back the last answer")
        terminal.answer("x")
        terminal.answer("\x1b[A")
        terminal.answer("0")
        terminal.until("[2/3] Something odd")
        terminal.answer("u")
        terminal.until("taken back: Another oddity")
        terminal.until("[1/3] Another oddity")
        terminal.answer("/")
        terminal.until("/ ")
        terminal.type("zzz")
        terminal.until("no category is called so")
        terminal.type("\x1b")
        terminal.answer("/")
        terminal.until("[Tea and cups]")
        terminal.type("\t")
        terminal.until("[sea] · Tea and cups")
        terminal.type("\r")
        terminal.until("→ sea")
        terminal.answer("q")
        terminal.until("1 answered, 0 skipped")
        assert terminal.end() == Exit.OK
    assert [one["category"] for one in journal(workspace)] == ["", None, "sea"]


def test_guesses_are_keys_and_all_asks_about_the_sure_ones_too(workspace: Workspace) -> None:
    with reviewing(workspace, "shop", "--all") as terminal:
        terminal.until("5 to sort")
        for _ in range(3):
            terminal.answer(" ")
        shown = terminal.answer("1")
        assert "  1  " in shown
        title = "Tea and cups" if "Green tea" in shown else "sea"
        terminal.until(f"→ {title}")
        terminal.answer("q")
        terminal.end()
    (said,) = journal(workspace)
    assert said["category"] == categories(workspace)["green.md" if "tea" in title.lower() else "ships.md"]  # fmt: skip


@pytest.mark.parametrize("end", ["kill", "Ctrl-C"])
def test_what_was_answered_survives(end: str, workspace: Workspace) -> None:
    with reviewing(workspace, "shop") as terminal:
        terminal.answer("0")
        terminal.until("[2/3]")
        terminal.until("q quit > ")
        if end == "kill":
            os.kill(terminal.pid, signal.SIGKILL)
        else:
            terminal.type("\x03")
            terminal.until("1 answered")
            assert terminal.end() == 130
    assert [one["title"] for one in journal(workspace)] == ["Another oddity"]
    assert len(waiting(workspace)) == 2
    workspace.classify("shop")
    assert "notes/odd.md" not in {one["place"] for one in waiting(workspace, "--all")}


def test_others_may_write_meanwhile(workspace: Workspace) -> None:
    with reviewing(workspace, "shop") as terminal:
        terminal.until("q quit > ")
        with workspace.writing():
            terminal.type("0")
            terminal.until("another curate command is writing")
        run(workspace, "classify", "set", "shop", "odd.md", "--category", "tea")
        terminal.answer("0")
        assert "[3/3] 杂记" in terminal.answer("q"), "somebody has answered the second"
        terminal.until("1 answered")
        terminal.end()
    assert [one["category"] for one in journal(workspace)] == ["tea", ""]
    assert categories(workspace)["odd.md"] == "tea"


def test_a_chinese_collection_is_asked_about_in_chinese(tmp_path: Path) -> None:
    workspace = make(tmp_path / "w", language="zh")
    with reviewing(workspace) as terminal:
        terminal.until("归类 shop：共 3 项")
        terminal.until("q 退出 > ")
        terminal.type("、")  # what the key of "/" gives while Chinese is being typed
        terminal.until("[Tea and cups]")
        terminal.type("\r")
        terminal.until("→ Tea and cups")
        terminal.until("q 退出 > ")
        terminal.type("q")
        terminal.until("已回答 1 项，跳过 0 项")
        terminal.end()


def test_a_title_cannot_command_the_terminal(workspace: Workspace) -> None:
    home = workspace.collection_file("shop").parent
    (home / "material" / "evil.txt").write_text("\x1b[2J\x1b]0;gone\x07 evil \x9b31m text\n" * 3)
    workspace.collect()
    workspace.classify()
    with reviewing(workspace, "shop") as terminal:
        for _ in range(4):
            terminal.answer("o")
            terminal.answer("s")
        terminal.end()
        assert "evil" in terminal.shown
        ours = re.sub(r"\x1b\[[012]m", "", terminal.shown)  # bold and dim
        assert not {"\x1b", "\x07", "\x9b"} & set(ours)


def waiting(workspace: Workspace, *words: str) -> list[dict[str, object]]:
    told = json.loads(run(workspace, "review", "--json", *words).stdout)
    items: list[dict[str, object]] = told["items"]
    return items


def test_the_queue_in_json(workspace: Workspace) -> None:
    items = waiting(workspace)
    assert [one["place"] for one in items] == ["notes/odd.md", "odd.md", "杂.md"]
    assert set(items[0]) == {
        "collection", "id", "place", "title", "kind", "format", "language", "category", "score", "guesses",
    }  # fmt: skip
    assert len(waiting(workspace, "--limit", "2")) == 2
    everything = waiting(workspace, "--all")
    assert len(everything) == 5
    assert {one["category"] for one in everything[3:]} == {"tea", "sea"}
    guesses = everything[3]["guesses"]
    assert isinstance(guesses, list)
    assert guesses[0]["category"] == everything[3]["category"]


def test_without_a_terminal_it_says_what_to_do_instead(workspace: Workspace) -> None:
    told = run(workspace, "review", "shop", code=Exit.PROBLEMS).stderr
    assert "this is no terminal" in told
    assert "curate classify export shop FILE.csv" in told
    assert not (workspace.collection_file("shop").parent / FILE).exists()


def test_the_least_sure_come_first_by_turns_of_what_they_may_be() -> None:
    def one(name: str, score: float, second: str, category: str = "") -> Filed:
        return Filed(name * 8, name, f"{name}.md", Label(category, score, second=second))

    asked = [one("a", 0.1, "tea"), one("b", 0.05, "tea"), one("c", 0.15, "sea"), one("d", 0.12, "tea"),
             one("e", 0.3, "", "tea"), one("f", 0.18, "sea")]  # fmt: skip
    assert "".join(each.title for each in spread(asked)) == "bcafde"
    assert spread(reversed(asked)) == spread(asked)


def test_columns_of_a_terminal() -> None:
    assert width("a茶e\u0301") == 4
    assert cut("绿茶与红茶", 6) == "绿茶…"
    assert fill("茶", 4) == "茶  "
    lines = list(wrap("one two three 绿茶与红茶的制作方法与历史 four", 10))
    assert all(width(line) <= 10 for line in lines)
    assert "".join(lines).replace(" ", "") == "onetwothree绿茶与红茶的制作方法与历史four"

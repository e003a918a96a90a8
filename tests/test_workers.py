"""Tasks that hang, crash, raise or grow cost only their own result."""

from __future__ import annotations

import gc
import itertools
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from curate.errors import CurateError
from curate.messages import render
from curate.workers import IN_FLIGHT, Failed, Limits, unordered

posix = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
linux = pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux only")


def square(number: int) -> int:
    return number * number


def misbehave(number: int) -> int:
    match number:
        case 20:
            time.sleep(600)
        case 40:
            os._exit(3)
        case 60:
            raise ValueError("sixty")
        case 80:
            return len(bytearray(3 << 30))
        case 100:
            os.kill(os.getpid(), signal.SIGSEGV)
        case 120:
            raise CurateError("a.pdf is protected by a password", "remove it")
    return number * number


@linux
def test_each_failure_costs_only_its_own_result() -> None:
    limits = Limits(workers=2, seconds=1.5, memory_mb=300)
    results = dict(unordered(misbehave, range(200), limits))
    reasons = {n: str(one.reason) for n, one in results.items() if isinstance(one, Failed)}
    assert reasons == {
        20: "took longer than 1.5 s",
        40: "the reader crashed",
        60: "the reader failed: ValueError: sixty",
        80: "needed more than 300 MB of memory",
        100: "the reader crashed",
        120: "a.pdf is protected by a password (remove it)",
    }
    assert all(results[n] == n * n for n in range(200) if n not in reasons)


@posix
def test_tasks_that_all_kill_their_worker_end_as_failures() -> None:
    results = dict(unordered(_die, range(6), Limits(workers=2, seconds=5)))
    assert sorted(results) == list(range(6))
    assert all(str(one.reason) == "the reader crashed" for one in results.values())


def _die(number: int) -> Failed:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def test_a_task_that_kills_its_worker_is_tried_once_more(tmp_path: Path) -> None:
    tasks = [tmp_path / f"{n}" for n in range(4)]
    assert dict(unordered(_die_once, tasks, Limits(workers=2, seconds=20))) == dict.fromkeys(
        tasks, 2
    )


def _die_once(mark: Path) -> int:
    if not mark.exists():
        mark.touch()
        os._exit(1)
    return 2


def test_tasks_are_taken_as_room_appears() -> None:
    taken = 0

    def tasks() -> Iterator[int]:
        nonlocal taken
        while True:
            taken += 1
            yield taken

    results = unordered(square, tasks(), Limits(workers=2))
    for done, (number, result) in enumerate(itertools.islice(results, 100)):
        assert result == number * number
        assert taken <= done + 2 * IN_FLIGHT
    results.close()  # type: ignore[attr-defined]


def test_no_tasks_start_no_process() -> None:
    before = psutil.Process().children()
    assert list(unordered(square, [], Limits())) == []
    assert psutil.Process().children() == before


def test_what_the_tasks_raise_goes_to_the_caller() -> None:
    def tasks() -> Iterator[int]:
        yield 1
        raise KeyError("source")

    with pytest.raises(KeyError, match="source"):
        list(unordered(square, tasks(), Limits(workers=1)))


def test_processes_that_cannot_start_are_an_error() -> None:
    with pytest.raises(CurateError, match="cannot be started"):
        list(unordered(square, [1], Limits(workers=1), preload=("no_such_module",)))


@posix
def test_a_hung_pool_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that dies with the lock of the common pipe leaves the others waiting for it."""
    monkeypatch.setattr("curate.workers.GRACE", 2.0)
    tasks = [(n, tmp_path / "mark") for n in range(40)]
    results = dict(unordered(_die_with_the_lock, tasks, Limits(workers=2, seconds=1)))
    assert results == {task: task[0] ** 2 for task in tasks}
    assert (tmp_path / "mark").exists()


def _die_with_the_lock(task: tuple[int, Path]) -> int:
    number, mark = task
    if number == 10 and not mark.exists():
        mark.touch()
        for one in gc.get_objects():
            if type(one).__name__ == "ChannelMutex":
                one.acquire(block=True, timeout=5)
                os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def _script(tmp_path: Path, body: str) -> subprocess.Popen[str]:
    script = tmp_path / "run.py"
    script.write_text(textwrap.dedent(body), encoding="utf-8")
    return subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


ENDLESS = """
    import itertools, os, sys, time
    from curate.workers import Limits, unordered

    def work(number):
        if number == 5:
            while True:      # busy: reads no pipe
                pass
        time.sleep(0.05)
        return os.getpid()

    if __name__ == "__main__":
        for _, pid in unordered(work, itertools.count(), Limits(workers=2, seconds=60)):
            print(pid, flush=True)
"""


def _gone(pids: set[int]) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if not any(psutil.pid_exists(pid) for pid in pids):
            return True
        time.sleep(0.1)
    return False


@posix
def test_workers_end_when_the_parent_is_killed(tmp_path: Path) -> None:
    with _script(tmp_path, ENDLESS) as parent:
        assert parent.stdout is not None
        for _ in range(10):
            assert parent.stdout.readline()
        family = {child.pid for child in psutil.Process(parent.pid).children(recursive=True)}
        assert len(family) >= 3
        parent.kill()
        parent.wait()
        assert _gone(family)


@posix
def test_interrupt_ends_the_pool_without_traces_of_workers(tmp_path: Path) -> None:
    with _script(tmp_path, ENDLESS) as parent:
        assert parent.stdout is not None and parent.stderr is not None
        for _ in range(10):
            assert parent.stdout.readline()
        family = {child.pid for child in psutil.Process(parent.pid).children(recursive=True)}
        os.killpg(parent.pid, signal.SIGINT)  # as a terminal does: to all of them
        _, noise = parent.communicate(timeout=30)
        assert noise.count("Traceback") == 1 and noise.rstrip().endswith("KeyboardInterrupt")
        assert _gone(family)


@posix
def test_noise_of_workers_does_not_reach_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "noisy.py").write_text(
        "import os\ndef work(number):\n"
        "    os.write(1, b'library noise')\n    os.write(2, b'library noise')\n"
        "    print('python noise')\n    return number\n",
        encoding="utf-8",
    )
    body = """
        from curate.workers import Limits, unordered
        from noisy import work

        print(sorted(result for _, result in unordered(work, [1, 2], Limits(workers=1))))
    """
    with _script(tmp_path, body) as parent:
        assert parent.communicate(timeout=60) == ("[1, 2]\n", "")


def test_a_script_from_standard_input_needs_no_guard() -> None:
    """Workers must not run the caller's script once more: there may be none to run."""
    body = "import math\nfrom curate.workers import Limits, unordered\nprint(list(unordered(math.sqrt, [4], Limits(1))))"
    ran = subprocess.run(
        [sys.executable, "-"], input=body, capture_output=True, text=True, timeout=60
    )
    assert (ran.stdout, ran.stderr) == ("[(4, 2.0)]\n", "")


def test_reasons_are_said_in_chinese() -> None:
    ((_, failed),) = unordered(misbehave, [60], Limits(workers=1))
    assert isinstance(failed, Failed)
    assert render(failed.reason, "zh") == "读取程序出错：ValueError: sixty"

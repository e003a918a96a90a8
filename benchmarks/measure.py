"""What a command costs with all its descendants: wall and CPU seconds, peak memory."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

EVERY = 0.05  # seconds between two samples
MIB = 2**20


@dataclass(frozen=True, slots=True)
class Cost:
    wall: float
    """Seconds."""
    cpu: float
    """Seconds, user and system, of the command and all its descendants."""
    main_mb: float
    """Peak resident memory of the command's own process, MiB."""
    tree_mb: float
    """Peak of the sum over the command and its descendants, MiB; shared pages count in each."""
    code: int
    output: str


def run(command: Sequence[str], folder: Path) -> Cost:
    """Run ``command`` in ``folder`` to its end.

    Worker processes outlive the command by a moment and nobody waits for them: where the system lets
    us adopt them (Linux) their CPU is known exactly, elsewhere by the last sample of each.
    """
    adopts = _adopt()
    with tempfile.TemporaryFile() as out:
        start = time.perf_counter()
        process = subprocess.Popen(
            list(command),
            cwd=folder,
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
        watch = _Watch(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)  # else Popen would wait once more
        watch.stop()
        own = usage.ru_utime + usage.ru_stime
        cpu = max(own - watch.reaped + watch.others, own + (_orphans() if adopts else 0.0))
        peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        out.seek(0)
        text = out.read().decode("utf-8", "replace")
    return Cost(
        wall, cpu, peak / MIB, max(peak, watch.peak) / MIB, process.returncode, text
    )  # fmt: skip


class _Watch:
    """Samples a process and its descendants until stopped."""

    def __init__(self, pid: int) -> None:
        self.peak = 0
        self.reaped = 0.0  # CPU of descendants that the main process waited for
        self._main = psutil.Process(pid)
        self._known: dict[int, psutil.Process] = {}
        self._cpu: dict[int, float] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    @property
    def others(self) -> float:
        return sum(self._cpu.values())

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        count = 0
        while not self._over.wait(EVERY):
            with contextlib.suppress(psutil.Error):
                if count % 4 == 0:  # finding descendants reads every process of the machine
                    for child in self._main.children(recursive=True):
                        self._known.setdefault(child.pid, child)
                self._sample()
            count += 1

    def _sample(self) -> None:
        times = self._main.cpu_times()
        self.reaped = times.children_user + times.children_system
        resident = self._main.memory_info().rss
        for pid, process in list(self._known.items()):
            try:
                resident += process.memory_info().rss
                times = process.cpu_times()
            except psutil.Error:
                del self._known[pid]
                continue
            self._cpu[pid] = times.user + times.system
        self.peak = max(self.peak, resident)


def _adopt() -> bool:
    """Ask to become the parent of descendants whose own parent has ended (Linux 3.4)."""
    if sys.platform != "linux":
        return False
    subreaper = 36  # PR_SET_CHILD_SUBREAPER of linux/prctl.h
    return int(ctypes.CDLL(None).prctl(subreaper, 1, 0, 0, 0)) == 0


def _orphans() -> float:
    """CPU seconds of the descendants left to us, once all have ended."""
    total = 0.0
    while True:
        try:
            _, _, usage = os.wait4(-1, 0)
        except ChildProcessError:
            return total
        total += usage.ru_utime + usage.ru_stime

"""Work side by side: what waits for the network in threads, what is on this machine one after the other."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

Task = Callable[[], None]
GRACE = 5.0
"""Seconds that an interrupted run waits for its lanes to write down what they have."""


class Stop:
    """How lanes are told to end."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._over = threading.Event()

    def ask(self) -> None:
        """No more work is to be begun; what was done may still be written down."""
        self._asked.set()

    def end(self) -> None:
        """The run is over: whoever is still at work must not write any more."""
        self._asked.set()
        self._over.set()

    @property
    def is_asked(self) -> bool:
        return self._asked.is_set()

    @property
    def is_over(self) -> bool:
        return self._over.is_set()


def side_by_side(lanes: Iterable[Iterable[Task]], stop: Stop) -> None:
    """Run every lane's tasks in their order, each lane in a thread of its own.

    Where one of them raises or the user interrupts, ``stop`` asks the others to end; what was raised
    is raised here, after they have ended or ``GRACE`` is over.
    """
    faults: list[BaseException] = []

    def run(tasks: Iterable[Task], ended: threading.Event) -> None:
        try:
            for task in tasks:
                if stop.is_asked:
                    return
                task()
        except BaseException as fault:  # noqa: BLE001 - raised again, in the thread that waits
            faults.append(fault)
            stop.ask()
        finally:
            ended.set()

    # Events, not join(): a join that was interrupted believes from then on that its thread has ended.
    ends: list[threading.Event] = []
    for tasks in lanes:
        ends.append(threading.Event())
        # Daemons: an interrupted download must not keep the command from ending.
        threading.Thread(target=run, args=(tasks, ends[-1]), daemon=True).start()
    try:
        for ended in ends:
            while not ended.wait(0.2):  # without a limit it could not be interrupted everywhere
                pass
    except BaseException:
        stop.ask()
        until = time.monotonic() + GRACE
        for ended in ends:
            ended.wait(max(until - time.monotonic(), 0))
        raise
    finally:
        stop.end()
    if faults:
        raise faults[0]


def shared(tasks: Iterable[Task], width: int) -> list[Iterable[Task]]:
    """At most ``width`` lanes that take their tasks from one queue."""
    waiting = deque(tasks)

    def lane() -> Iterable[Task]:
        while True:
            try:
                task = waiting.popleft()
            except IndexError:
                return
            yield task

    return [lane() for _ in range(min(width, len(waiting)))]

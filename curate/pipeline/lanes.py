"""Work side by side: what waits for the network in threads, what is on this machine one after the other."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable

Task = Callable[[], None]


def side_by_side(lanes: Iterable[Iterable[Task]], stop: threading.Event) -> None:
    """Run every lane's tasks in their order, each lane in a thread of its own.

    ``stop`` is set, so that tasks can end early, when one of them raises or the user interrupts; what
    the first one raised is raised here, after all have ended.
    """
    faults: list[BaseException] = []

    def run(tasks: Iterable[Task]) -> None:
        try:
            for task in tasks:
                if stop.is_set():
                    return
                task()
        except BaseException as fault:  # noqa: BLE001 - raised again, in the thread that waits
            faults.append(fault)
            stop.set()

    # Daemons: an interrupted download must not keep the command from ending; all of it is safe
    # against a kill anyway.
    threads = [threading.Thread(target=run, args=(tasks,), daemon=True) for tasks in lanes]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            while thread.is_alive():
                thread.join(0.2)  # without a limit it could not be interrupted everywhere
    except BaseException:
        stop.set()
        for thread in threads:
            thread.join(2)
        raise
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

"""Several threads share one pace for each server, and none waits for ever."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from curate.fetch import Fetcher
from curate.workspace import Fetch
from tests.server import Answer, Server

LARGE = bytes(1 << 20)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        for n in range(40):
            running.always(f"/{n}", Answer(body=b"x" * 2000))
        running.always("/large", Answer(body=LARGE))
        yield running


def settings(**more: object) -> Fetch:
    return Fetch(**{"delay": 0.0, "private": ("127.0.0.1",), **more})  # type: ignore[arg-type]


def test_beginnings_keep_their_distance(server: Server) -> None:
    lock, waits = threading.Lock(), []

    def sleep(seconds: float) -> None:
        with lock:
            waits.append(seconds)

    fetch = Fetcher(settings(delay=1.0, per_host=8), clock=lambda: 0.0, sleep=sleep)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: fetch.get(f"{server.url}/{n}").body.read(), range(20)))
    # A clock that stands still: the waits are when each of them may begin.
    assert sorted(waits) == [float(n) for n in range(1, 20)]


def test_no_more_at_a_time_than_allowed(server: Server) -> None:
    fetch = Fetcher(settings(per_host=2))
    lock, now, most = threading.Lock(), 0, 0
    once, together = fetch._once, threading.Barrier(2)

    def counted(*args: object) -> object:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        try:
            together.wait(60)  # on a busy machine one alone might be done before the next begins
            return once(*args)  # type: ignore[arg-type]
        finally:
            with lock:
                now -= 1

    fetch._once = counted  # type: ignore[assignment, method-assign]
    with ThreadPoolExecutor(8) as pool:
        bodies = list(pool.map(lambda n: fetch.get(f"{server.url}/{n}").body.read(), range(40)))
    assert len(bodies) == 40 and most == 2


def test_a_thread_does_not_wait_for_itself(server: Server) -> None:
    fetch = Fetcher(settings(per_host=1))
    with fetch.get(f"{server.url}/large") as file, fetch.get(f"{server.url}/0") as page:
        assert len(page.body.read()) == 2000
        assert file.body.read() == LARGE


def test_what_nobody_reads_keeps_nobody_waiting(server: Server) -> None:
    """Files opened ahead by one thread, while their reader asks for another first."""
    fetch = Fetcher(settings(per_host=1))
    with ThreadPoolExecutor(1) as ahead:
        file = ahead.submit(fetch.get, f"{server.url}/large").result()
    assert len(fetch.get(f"{server.url}/0").body.read()) == 2000
    assert file.body.read() == LARGE


def test_two_servers_and_two_threads_crosswise(server: Server) -> None:
    with Server() as other:
        other.always("/large", Answer(body=LARGE))
        fetch = Fetcher(settings(per_host=1))
        both = threading.Barrier(2)

        def cross(first: str, then: str) -> int:
            with fetch.get(f"{first}/large") as held:
                both.wait(10)
                with fetch.get(f"{then}/large") as second:
                    return len(held.body.read()) + len(second.body.read())

        with ThreadPoolExecutor(2) as pool:
            jobs = [pool.submit(cross, *pair) for pair in
                    ((server.url, other.url), (other.url, server.url))]  # fmt: skip
            assert [job.result(30) for job in jobs] == [2 << 20, 2 << 20]


def test_a_busy_server_is_left_alone_by_all(server: Server) -> None:
    waits: list[float] = []
    server.say("/0", Answer(503, headers={"Retry-After": "9"}))
    fetch = Fetcher(settings(), clock=lambda: 0.0, sleep=waits.append)
    fetch.get(f"{server.url}/0").close()
    fetch.get(f"{server.url}/1").close()
    assert waits == [9.0, 9.0, 9.0]  # the retry, its turn, and the next one's


def test_a_connection_that_died_while_kept_is_no_failure(server: Server) -> None:
    fetch = Fetcher(settings(retries=0))
    assert fetch.get(f"{server.url}/0").body.read()
    server.say("/1", Answer(close=True))
    assert fetch.get(f"{server.url}/1").body.read()

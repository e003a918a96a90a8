"""Open-licence services on this machine: a real server that answers as they do.

with Replay() as server:
    server.route("/v1/images/", lambda asked: Answer(...))   # asked: the query, {"q": "cat", ...}
    server.once("/v1/images/", Answer(429, headers={"Retry-After": "7"}))   # before that, one time
    fetch = server.fetcher(Time(), "https://api.openverse.org")   # that origin is answered from here
"""

from __future__ import annotations

import io
import json
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from curate.collectors import Collector, Context
from curate.fetch import Fetcher
from curate.messages import msg
from curate.model import Candidate, Decision, Known, Said, Trouble
from curate.workspace import Fetch
from tests.server import Answer, Request, Server

Query = dict[str, str]
Handler = Callable[[Query], Answer]

_SAMPLES = Path(__file__).parent / "data" / "records"


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Replay(Server):
    """Answers by path alone; what a path's handler is given is the query."""

    def __init__(self) -> None:
        super().__init__()
        self._routes: dict[str, Handler] = {}
        self._once: defaultdict[str, deque[Answer]] = defaultdict(deque)

    def __enter__(self) -> Replay:
        super().__enter__()
        return self

    def route(self, path: str, handler: Handler) -> None:
        """Answer requests of ``path``; one that ends in ``*`` holds for all that begin so."""
        self._routes[path] = handler

    def file(self, path: str, answer: Answer) -> None:
        self._routes[path] = lambda asked: answer

    def once(self, path: str, *answers: Answer) -> None:
        """Give these answers to the next requests of ``path``, one each, whatever their query."""
        self._once[path].extend(answers)

    def queries(self, path: str) -> list[Query]:
        """What was asked of ``path``, in order."""
        return [_query(one.path) for one in self.requests if _path(one.path) == path]

    def paths(self) -> list[str]:
        return [_path(one.path) for one in self.requests]

    def fetcher(self, time: Time, *origins: str, **settings: Any) -> Fetcher:
        """A fetcher that finds ``origins`` here, and needs no time to wait."""
        hosts = dict.fromkeys(origins, self.url)
        made = Fetch(**{"delay": 0.0, "retries": 2, "hosts": hosts, **settings})
        return Fetcher(made, clock=time.clock, sleep=time.sleep)

    def _file(self, request: Request) -> Answer:
        path = _path(request.path)
        if self._once[path]:
            return self._once[path].popleft()
        handler = self._routes.get(path) or next(
            (
                found
                for key, found in self._routes.items()
                if key.endswith("*") and path.startswith(key[:-1])
            ),
            None,
        )
        return handler(_query(request.path)) if handler else Answer(404)


def _path(target: str) -> str:
    return unquote(urlsplit(target).path)


def _query(target: str) -> Query:
    return {
        key: ",".join(values)
        for key, values in parse_qs(urlsplit(target).query, keep_blank_values=True).items()
    }


def data(value: object, **options: Any) -> Answer:
    """A JSON answer."""
    return Answer(body=json.dumps(value).encode(), type="application/json", **options)


def sample(service: str) -> dict[str, Any]:
    """A record written after the documentation of ``service``."""
    made: dict[str, Any] = json.loads((_SAMPLES / f"{service}.json").read_text("utf-8"))
    return made


@cache
def picture(number: int, format: str = "JPEG", side: int = 64) -> bytes:
    """A picture of its own for each number."""
    from PIL import Image

    made = Image.effect_mandelbrot((side, side), (-2 - number / 7, -1.5, 1, 1.5), 40)
    out = io.BytesIO()
    made.convert("RGB").save(out, format)
    return out.getvalue()


def image(number: int = 0, **options: Any) -> Answer:
    return Answer(body=picture(number), type="image/jpeg", **options)


def decider(*denied: str, empty: str = "deny") -> Callable[[Said], Decision]:
    """Denies what is stated to be under one of ``denied``, and what states nothing; allows the rest."""

    def decide(said: Said) -> Decision:
        for one in said.statements:
            if any(part in one.license for part in denied):
                return Decision(
                    "deny", reasons=(msg("{license} does not fit", license=one.license),)
                )
        if not said.statements and empty == "deny":
            return Decision("deny")
        return Decision("allow")

    return decide


def context(fetch: Fetcher, tmp_path: Path, **more: Any) -> Context:
    return Context(tmp_path, fetch, **{"decide": decider("NC"), **more})


def found(
    collector: Collector, known: dict[str, Known] | None = None, read: bool = True
) -> list[Candidate | Trouble]:
    """All that a collector finds, each candidate read as the pipeline does."""
    seen: list[Candidate | Trouble] = []
    memory = known or {}
    for one in collector.candidates(memory.get):
        seen.append(one)
        if read and isinstance(one, Candidate) and memory.get(one.locator) != Known(one.stamp):
            with one.open() as stream:
                stream.read()
    return seen


def candidates(seen: Iterable[Candidate | Trouble]) -> list[Candidate]:
    return [one for one in seen if isinstance(one, Candidate)]


def troubles(seen: Iterable[Candidate | Trouble]) -> dict[str, str]:
    """Locator → what is said about it."""
    return {one.locator: str(one.reason) for one in seen if isinstance(one, Trouble)}

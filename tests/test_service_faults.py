"""Services that fail, limit and lie: one table over Zenodo, arXiv, Gutendex and OpenAlex."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from curate import plugins
from curate.errors import CurateError
from curate.model import Candidate, Trouble
from tests.judge import judge
from tests.server import Answer
from tests.services import Query, Replay, Time, candidates, context, data, found

SAMPLES = Path(__file__).parent / "data/services"
PAPER = re.sub(
    "</entry>.*</entry>", "</entry>", (SAMPLES / "arxiv.xml").read_text("utf-8"), flags=re.DOTALL
).replace(">4<", ">1<")
RECORD = (
    (SAMPLES / "arxiv-record.xml")
    .read_text("utf-8")
    .replace("ID", "2401.00001")
    .replace("LICENSE", "<license>http://creativecommons.org/licenses/by/4.0/</license>")
)


@dataclass(frozen=True)
class Case:
    """A service whose search finds one thing."""

    search: str  # path
    good: Answer
    origins: tuple[str, ...]
    list: tuple[str, ...] = ()  # keys that lead to the results

    def serve(self, server: Replay) -> None:
        server.route(self.search, lambda asked: self.good)
        server.route("/oai", lambda asked: Answer(body=RECORD.encode(), type="text/xml"))

    def collector(self, name: str, server: Replay, time: Time, folder: Path, **more: Any) -> Any:
        kind = plugins.load("collectors", name)
        fetch = server.fetcher(time, *self.origins, **more)
        options = kind.options(search=("harbour",), limit=100_000)
        return kind(options, context(fetch, folder, decide=judge()))


def one(name: str, *keys: str) -> Answer:
    """The sample of ``name`` with its first result alone and no further page."""
    made = json.loads((SAMPLES / f"{name}.json").read_text("utf-8").replace("MD5", "0" * 32))
    holder = made
    for key in keys[:-1]:
        holder = holder[key]
    holder[keys[-1]] = holder[keys[-1]][:1]
    if name == "openalex":
        made["meta"]["next_cursor"] = None
    return data(made)


CASES = {
    "zenodo": Case(
        "/api/records", one("zenodo", "hits", "hits"), ("https://zenodo.org",), ("hits", "hits")
    ),
    "arxiv": Case(
        "/api/query",
        Answer(body=PAPER.encode(), type="application/atom+xml"),
        ("https://export.arxiv.org", "https://oaipmh.arxiv.org"),
    ),
    "gutendex": Case("/books", one("gutendex", "results"), ("https://gutendex.com",), ("results",)),
    "openalex": Case(
        "/works", one("openalex", "results"), ("https://api.openalex.org",), ("results",)
    ),
}
services = pytest.mark.parametrize("name", CASES)

HTML = Answer(body=b"<!doctype html><html><body>We are back soon.", type="text/html")


def half(answer: Answer) -> Answer:
    return Answer(body=answer.body[: len(answer.body) // 2], type=answer.type)


PASSING: dict[str, tuple[Callable[[Case], list[Answer]], float]] = {
    "page": (lambda case: [HTML], 0),
    "half an answer": (lambda case: [half(case.good)], 0),
    "limit": (lambda case: [Answer(429, headers={"Retry-After": "7"})], 7.0),
    "own fault": (lambda case: [Answer(503), Answer(500)], 1.5),
    "cut off": (lambda case: [Answer(body=case.good.body, cut=40)], 0.5),
    "no answer": (lambda case: [Answer(close=True)], 0.5),
}


@services
@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_is_waited_for(name: str, fault: str, tmp_path: Path) -> None:
    case, time = CASES[name], Time()
    answers, waited = PASSING[fault]
    with Replay() as server:
        case.serve(server)
        usual = len(candidates(found(case.collector(name, server, time, tmp_path), read=False)))
        assert usual
        server.once(case.search, *answers(case))
        time.slept.clear()
        time.now += 60
        seen = found(case.collector(name, server, time, tmp_path), read=False)
    assert len(candidates(seen)) == usual
    assert sum(time.slept) >= waited


LASTING: dict[str, tuple[Callable[[Case], Answer], str]] = {
    "page": (lambda case: HTML, "does not answer with"),
    "half an answer": (lambda case: half(case.good), "does not answer with"),
    "limit": (lambda case: Answer(429, headers={"Retry-After": "7"}), "answers 429"),
    "limit for today": (lambda case: Answer(429, headers={"Retry-After": "86400"}), "answers 429"),
    "own fault": (lambda case: Answer(503), "answers 503"),
    "refused": (lambda case: Answer(403), "answers 403"),
    "cut off": (lambda case: Answer(body=case.good.body, cut=40), "broke off"),
    "too much": (lambda case: Answer(body=b" " * (2 << 20)), "larger than 1 MiB"),
}


@services
@pytest.mark.parametrize("fault", LASTING)
def test_what_stays_is_said_after_a_few_tries(name: str, fault: str, tmp_path: Path) -> None:
    case = CASES[name]
    answer, words = LASTING[fault]
    with Replay() as server:
        server.route(case.search, lambda asked: answer(case))
        with pytest.raises(CurateError, match=words) as said:
            found(case.collector(name, server, Time(), tmp_path, max_mb=1))
        assert 1 <= len(server.requests) <= 3
    assert said.value.hint


class Hurried(Time):
    """Each look at this clock is a minute later than the one before."""

    def clock(self) -> float:
        self.now += 60
        return self.now


@services
def test_a_slow_answer_is_not_waited_for(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    with Replay() as server:
        server.route(case.search, lambda asked: Answer(body=case.good.body, pause=0.01))
        with pytest.raises(CurateError, match="sends too slowly"):
            found(case.collector(name, server, Hurried(), tmp_path))


HOSTILE: list[Any] = [
    None, True, -1, 4.5, 10**18, "", "x" * 5000, "<a " * 1000, [], [None, [[]], {}],
    ["by", "by-nc"], {}, {"value": {"value": []}}, "javascript:alert(1)", "../../etc/passwd",
    'https://x.example/"><script>', "//x.example/\n", "http://[::1", "http://169.254.169.254/",
    "md6:00", "md5:zz", "\ud800", ["\udfff"],
]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inside: Any = ()
    if isinstance(value, dict):
        inside = value.items()
    elif isinstance(value, list):
        inside = enumerate(value)
    for key, each in inside:
        yield from places(each, (*path, key))


def put(record: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    changed = record.copy()
    changed[path[0]] = put(record[path[0]], path[1:], value)
    return changed


def check(seen: list[Candidate | Trouble]) -> None:
    assert len({each.locator for each in candidates(seen)}) == len(candidates(seen))
    for each in seen:
        assert each.locator
        if isinstance(each, Candidate):
            msgspec.json.encode(each.said)  # would refuse what no file can hold
            assert re.match(r"https?://[^\s<>\"]+$", each.locator) and each.stamp


@pytest.mark.parametrize("name", ["zenodo", "gutendex", "openalex"])
def test_any_field_of_a_result_may_hold_anything(name: str, tmp_path: Path) -> None:
    """All spoilt results in one search, the good one last."""
    case = CASES[name]
    made = json.loads(case.good.body)
    (good,) = made["hits"]["hits"] if name == "zenodo" else made["results"]
    spoilt = [put(good, path, value) for path in places(good) for value in HOSTILE]
    every = [*spoilt, put(good, ("id",), 7 if name != "openalex" else "https://openalex.org/W7")]
    size = 25 if name == "zenodo" else len(every)

    def answered(asked: Query) -> Answer:
        start = (int(asked.get("page", "1")) - 1) * size
        return data(put(made, case.list, every[start : start + size]))

    with Replay() as server:
        case.serve(server)
        usual = candidates(found(case.collector(name, server, Time(), tmp_path), read=False))
        server.route(case.search, answered)
        seen = found(case.collector(name, server, Time(), tmp_path), read=False)
    check(seen)
    assert usual[0].said.title in {each.said.title for each in candidates(seen)}


@pytest.mark.parametrize("name", ["zenodo", "gutendex", "openalex"])
def test_any_part_of_an_answer_may_be_anything(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    made = json.loads(case.good.body)
    parts = [path for path in places(made) if len(path) <= len(case.list)]
    for path in parts:
        for value in HOSTILE[:12]:
            answer = data(put(made, path, value))
            with Replay() as server:
                server.route(case.search, lambda asked, answer=answer: answer)
                try:
                    check(found(case.collector(name, server, Time(), tmp_path), read=False))
                except CurateError as fault:
                    assert "another way than it is known" in fault.message
                assert len(server.requests) <= 2


TEXTS = ["", "x" * 5000, "javascript:alert(1)", "http://[::1"]


def spoilt(text: str) -> Iterator[str]:
    """``text`` with one element at a time missing, or with other words in it."""
    for match in re.finditer(r"<([\w:]+)[^<>/]*>[^<]*</\1>\s*", text):
        yield text[: match.start()] + text[match.end() :]
        for words in TEXTS:
            element = re.sub(r">[^<]*<", lambda _, words=words: f">{words}<", match[0], count=1)
            yield text[: match.start()] + element + text[match.end() :]


def test_any_element_of_arxiv_may_hold_anything(tmp_path: Path) -> None:
    case = CASES["arxiv"]
    with Replay() as server:
        case.serve(server)
        for feed, record in [
            *((feed, RECORD) for feed in spoilt(PAPER)),
            *((PAPER, record) for record in spoilt(RECORD)),
        ]:
            server.route("/api/query", lambda asked, feed=feed: Answer(body=feed.encode()))
            server.route("/oai", lambda asked, record=record: Answer(body=record.encode()))
            server.forget()
            seen = found(case.collector("arxiv", server, Time(), tmp_path), read=False)
            check(seen)
            assert len(server.requests) <= 5
            if "licenses/by/4.0/" not in record or "<id>2401.00001</id>" not in record:
                assert not candidates(seen)

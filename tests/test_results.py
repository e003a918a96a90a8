"""Results of open-licence services that are fewer than announced, and answers that are a little broken."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curate import plugins
from curate.collectors.service import Results
from curate.model import Trouble
from tests.judge import judge
from tests.server import Answer
from tests.services import Query, Replay, Time, candidates, context, data, found

BY = "http://creativecommons.org/licenses/by/4.0/"
ATOM = 'xmlns="http://www.w3.org/2005/Atom" xmlns:o="http://a9.com/-/spec/opensearch/1.1/"'


def photo(number: int) -> dict[str, object]:
    return {
        "id": f"{number}", "url": f"https://files.example/{number}.jpg", "license": "by",
        "license_version": "4.0", "license_url": BY, "title": "\ud800 a harbour", "creator": "Ana",
    }  # fmt: skip


def openverse(results: int, total: int) -> Answer:
    every = [photo(number) for number in range(results)]
    return data({"result_count": total, "page_count": 5, "results": every})


def record(number: int) -> dict[str, object]:
    return {
        "id": number, "title": "\ud800 a harbour",
        "metadata": {"title": "\ud800", "access_right": "open", "license": {"id": "cc-by-4.0"}},
        "files": [{"key": "\udfff a.txt", "size": 1, "checksum": "md5:" + "0" * 32}],
    }  # fmt: skip


def zenodo(results: int, total: int) -> Answer:
    return data({"hits": {"hits": [record(number) for number in range(results)], "total": total}})


def archive(results: int, total: int) -> Answer:
    every = [{"identifier": f"item{number}", "licenseurl": BY} for number in range(results)]
    return data({"response": {"numFound": total, "docs": every}})


def work(number: int) -> dict[str, object]:
    copy = {"is_oa": True, "pdf_url": f"https://files.example/{number}.pdf", "license": "cc-by"}
    return {
        "id": f"https://openalex.org/W{number}",
        "title": "\udc00 a harbour",
        "locations": [copy],
    }


def openalex(results: int, total: int) -> Answer:
    meta = {"count": total, "next_cursor": "next" if results else None}
    return data({"meta": meta, "results": [work(number) for number in range(results)]})


def book(number: int) -> dict[str, object]:
    formats = {
        "text/plain; charset=utf-8": f"https://www.gutenberg.org/files/{number}/{number}.txt"
    }
    return {"id": number, "title": "\ud800 a harbour", "copyright": False, "formats": formats}


def gutendex(results: int, total: int) -> Answer:
    every = [book(number) for number in range(1, results + 1)]
    return data({"count": total, "next": "more" if results else None, "results": every})


def arxiv(results: int, total: int) -> Answer:
    entries = "".join(
        f"<entry><id>http://arxiv.org/abs/2401.{number:05}v1</id></entry>"
        for number in range(results)
    )
    body = f"<feed {ATOM}><o:totalResults>{total}</o:totalResults>{entries}</feed>"
    return Answer(body=body.encode(), type="application/atom+xml")


Pages = Callable[[int, int], Answer]
CASES: dict[str, tuple[str, Pages, int]] = {
    "openverse": ("/v1/images/", openverse, 20),
    "zenodo": ("/api/records", zenodo, 25),
    "internet-archive": ("/advancedsearch.php", archive, 50),
    "openalex": ("/works", openalex, 3),
    "gutendex": ("/books", gutendex, 32),
    "arxiv": ("/api/query", arxiv, 100),
}
services = pytest.mark.parametrize("name", CASES)


def first(asked: Query) -> bool:
    return asked.get("page", "1") == "1" and asked.get("cursor", "*") == "*" and asked.get("start", "0") == "0"  # fmt: skip


def collector(name: str, server: Replay, folder: Path) -> Any:
    kind = plugins.load("collectors", name)
    fetch = server.fetcher(Time(), *kind.documented, retries=0)
    return kind(
        kind.options(search=("harbour",), limit=400), context(fetch, folder, decide=judge())
    )


def served(server: Replay, name: str, now: Callable[[Query], Answer]) -> None:
    server.route(CASES[name][0], now)
    metadata = {"metadata": {"identifier": "x", "licenseurl": BY}, "files": []}
    server.route("/metadata/*", lambda asked: data(metadata))
    no_record = '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"></OAI-PMH>'
    server.route("/oai", lambda asked: Answer(body=no_record.encode(), type="text/xml"))


def short(seen: list[Any]) -> list[Trouble]:
    return [
        one for one in seen if isinstance(one, Trouble) and "pages end before" in str(one.reason)
    ]


@services
@pytest.mark.parametrize("begins", [True, False], ids=["second page", "first page"])
def test_pages_that_end_early_hide_what_was_taken_before(
    name: str, begins: bool, tmp_path: Path
) -> None:
    _, made, size = CASES[name]
    with Replay() as server:
        served(server, name, lambda asked: made(size if first(asked) and begins else 0, 300))
        if name == "arxiv" and begins:  # three records in a row without an answer end a run
            server.route("/api/query", lambda asked: made(2 if first(asked) else 0, 300))
        (told,) = short(found(collector(name, server, tmp_path), read=False))
        assert len(server.queries(CASES[name][0])) <= 4
    assert told.hides
    assert told.retry
    assert "300" in str(told.reason)


@services
def test_all_that_was_announced_is_all(name: str, tmp_path: Path) -> None:
    _, made, _ = CASES[name]
    with Replay() as server:
        served(server, name, lambda asked: made(2 if first(asked) else 0, 2 if first(asked) else 0))
        assert not short(found(collector(name, server, tmp_path), read=False))


@pytest.mark.parametrize("name", ["openverse", "zenodo", "openalex", "gutendex"])
def test_half_a_character_in_one_title_costs_no_results(name: str, tmp_path: Path) -> None:
    _, made, _ = CASES[name]
    with Replay() as server:
        served(server, name, lambda asked: made(2 if first(asked) else 0, 2))
        taken = candidates(found(collector(name, server, tmp_path), read=False))
    assert len(taken) == 2
    assert json.dumps([(one.locator, repr(one.said)) for one in taken], ensure_ascii=False).encode()


def test_results_that_are_left_out_for_dead_links_are_no_fault(tmp_path: Path) -> None:
    with Replay() as server:
        # The last page is short of what was counted, but not empty.
        pages = [photo(number) for number in range(25)]
        served(
            server,
            "openverse",
            lambda asked: data(
                {
                    "result_count": 30,
                    "page_count": 2,
                    "results": pages[:20] if first(asked) else pages[20:],
                }
            ),
        )
        (told,) = short(found(collector("openverse", server, tmp_path), read=False))
    assert told.hides
    assert not told.retry


@pytest.mark.parametrize("announced", [None, "7", True, -1, 1.5, [], 2], ids=repr)
def test_what_is_no_number_announces_nothing(announced: object) -> None:
    results = Results("here")
    assert not results.repeats([1, 2], announced)
    assert results.repeats([1, 2], announced)
    assert not list(results.missing())


def test_the_most_that_was_ever_announced_counts() -> None:
    results = Results("here")
    results.repeats([1, 2], 5)
    results.repeats([], 0)
    assert [str(one.reason) for one in results.missing()] == ["its pages end before its 5 results"]

"""Zenodo: which records and files are offered. Its answers are written after its documentation."""

from __future__ import annotations

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from curate.collectors.zenodo import ZenodoCollector, ZenodoSource
from curate.errors import CurateError
from curate.model import Decision
from tests.judge import judge
from tests.server import Answer
from tests.services import Query, Replay, Time, candidates, context, data, found, troubles

SEARCH = "/api/records"
NOTES = "https://zenodo.org/api/records/101/files/field%20notes%2Fday%201.txt/content"
TABLE = "https://zenodo.org/api/records/101/files/table.csv/content"
BYTES = b"harbour data"


def answer() -> Any:
    text = (Path(__file__).parent / "data/services/zenodo.json").read_text("utf-8")
    return json.loads(text.replace("MD5", hashlib.md5(BYTES).hexdigest()))


def served(server: Replay, pages: dict[str, Any] | None = None) -> None:
    """The sample on the first page, or what ``pages`` has, and files that hold ``BYTES``."""
    known = pages or {"1": answer()}
    empty = {"hits": {"hits": [], "total": 99}}
    server.route(SEARCH, lambda asked: data(known.get(asked["page"], empty)))
    server.route("/api/records/*", lambda asked: Answer(body=BYTES))


def collector(server: Replay, tmp_path: Path, time: Time | None = None, **given: Any) -> Any:
    options = ZenodoSource(**{"search": ("harbour",), **given})
    fetch = server.fetcher(time or Time(), "https://zenodo.org", max_mb=64)
    return ZenodoCollector(options, context(fetch, tmp_path, decide=judge()))


def test_each_file_of_an_open_record_is_a_candidate_and_the_rest_says_why(tmp_path: Path) -> None:
    with Replay() as server:
        served(server)
        seen = found(collector(server, tmp_path))
    files = candidates(seen)
    assert [one.locator for one in files] == [NOTES, TABLE]
    assert [one.suffix for one in files] == [".txt", ".csv"]
    said = files[0].said
    assert (said.title, said.creators, said.url) == (
        "Harbour spectra",
        ("Lima, Ana",),
        "https://zenodo.org/records/101",
    )
    assert [(one.raw, one.license) for one in said.statements] == [("cc-by-4.0", "CC-BY-4.0")]
    reasons = troubles(seen)
    assert reasons["https://zenodo.org/api/records/101/files/all.tar.gz/content"] == (
        "its file is larger than 64 MiB"
    )
    assert "commercial" in reasons["https://zenodo.org/api/records/102/files/sounds.txt/content"]
    assert reasons["https://zenodo.org/records/103"] == "its files are not open to everyone"
    assert reasons["https://zenodo.org/records/104"] == "there are no files in it"


def test_the_key_of_a_file_arrives_as_one_part_of_its_address(tmp_path: Path) -> None:
    with Replay() as server:
        served(server)
        found(collector(server, tmp_path))
        asked = [one.path for one in server.requests]
    assert "/api/records/101/files/field%20notes%2Fday%201.txt/content" in asked
    assert not any("elsewhere" in one or "robots" in one for one in asked)


def test_it_is_asked_only_for_what_the_collection_may_use(tmp_path: Path) -> None:
    with Replay() as server:
        served(server)
        one = collector(
            server, tmp_path, resource="dataset", communities=("seas",), suffixes=(".CSV",)
        )
        assert [file.locator for file in candidates(found(one))] == [TABLE]
        (query,) = server.queries(SEARCH)
    assert (query["type"], query["communities"], query["size"]) == ("dataset", "seas", "25")
    assert query["q"].startswith("(harbour) AND access_right:open AND license.identifier:(")
    assert '"cc-by-4.0"' in query["q"] and '"cc0-1.0"' in query["q"]
    assert "-nc-" not in query["q"]


def test_a_keyword_of_the_collection_holds_no_orders(tmp_path: Path) -> None:
    with Replay() as server:
        served(server)
        fetch = server.fetcher(Time(), "https://zenodo.org")
        keywords = ('C++ OR "x"',)
        around = context(fetch, tmp_path, decide=judge(), keywords=keywords)
        found(ZenodoCollector(ZenodoSource(limit=1), around), read=False)
        (query,) = server.queries(SEARCH)
    assert query["q"].startswith('("C++ OR x") AND ')


def test_a_collection_that_may_use_nothing_asks_nothing(tmp_path: Path) -> None:
    with Replay() as server:
        fetch = server.fetcher(Time(), "https://zenodo.org")
        around = context(fetch, tmp_path, decide=lambda said: Decision("deny"))
        with pytest.raises(CurateError, match="nothing under a licence"):
            found(ZenodoCollector(ZenodoSource(search=("x",)), around))
        assert not server.requests


def page(first: int) -> Any:
    """A full page, of records ``first``, ``first`` + 1, …"""
    made = answer()
    record = made["hits"]["hits"][0]
    record["files"] = record["files"][1:2]
    made["hits"]["hits"] = [copy.deepcopy(record) | {"id": first + n} for n in range(25)]
    return made


def test_pages_are_read_until_one_is_short_two_seconds_apart(tmp_path: Path) -> None:
    time = Time()
    last = page(200)
    del last["hits"]["hits"][3:]
    with Replay() as server:
        served(server, {"1": page(100), "2": last})
        seen = found(collector(server, tmp_path, time), read=False)
        assert [one["page"] for one in server.queries(SEARCH)] == ["1", "2"]
    assert len(candidates(seen)) == 28 and not troubles(seen)
    assert time.slept == [2.0]


def test_pages_that_repeat_are_not_read_for_ever(tmp_path: Path) -> None:
    with Replay() as server:
        server.route(SEARCH, lambda asked: data(page(100)))
        seen = found(collector(server, tmp_path), read=False)
        assert server.count(None, 200) == 2
    assert len(candidates(seen)) == 25
    assert troubles(seen) == {"Zenodo: harbour": "its pages of results repeat each other"}


def test_records_that_give_nothing_end_at_what_it_shows(tmp_path: Path) -> None:
    def answered(asked: Query) -> Answer:
        return data({"hits": {"hits": [{"id": int(asked["page"]), "files": [{}]}] * 25}})

    with Replay() as server:
        server.route(SEARCH, answered)
        seen = found(collector(server, tmp_path))
        assert server.count(None, 200) == 400
    assert troubles(seen) == {"Zenodo: harbour": "no more than 10000 results of a search are shown"}


def test_a_file_that_is_not_the_stated_one_is_refused(tmp_path: Path) -> None:
    with Replay() as server:
        served(server)
        server.route("/api/records/*", lambda asked: Answer(body=b"something else"))
        with pytest.raises(CurateError, match="checksums differ"):
            found(collector(server, tmp_path))


def test_suffixes_are_ends_of_names() -> None:
    with pytest.raises(ValueError, match="begins with a dot"):
        ZenodoSource(suffixes=("pdf",))
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"type": "zenodo", "resource": "novel"}, ZenodoSource)

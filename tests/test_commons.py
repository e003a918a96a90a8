"""Wikimedia Commons: recorded answers in their parts, and others written after the documentation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from curate.collectors.commons import CommonsCollector, CommonsSource
from curate.errors import CurateError
from curate.model import Candidate, Trouble
from tests.material import material
from tests.server import Answer
from tests.services import (
    Query,
    Replay,
    Time,
    candidates,
    context,
    data,
    decider,
    found,
    image,
    picture,
    sample,
    troubles,
)

API = "/w/api.php"
COMMONS, UPLOAD = "https://commons.wikimedia.org", "https://upload.wikimedia.org"


def page(number: int, **info: object) -> dict[str, Any]:
    """A page of version 2 of the format, with its picture at /wikipedia/commons/NUMBER.jpg."""
    made = sample("commons")
    facts = {
        **made["imageinfo"][0],
        "url": f"{UPLOAD}/wikipedia/commons/{number}.jpg",
        "sha1": hashlib.sha1(picture(number), usedforsecurity=False).hexdigest(),
        "mime": "image/jpeg",
        **info,
    }
    return {**made, "pageid": number, "index": number, "title": f"File:{number}.jpg", "imageinfo": [facts]}  # fmt: skip


def answer(*pages: object, done: bool = True, **going_on: object) -> Answer:
    whole: dict[str, object] = {"query": {"pages": pages}}
    if going_on:
        whole["continue"] = {**going_on, "continue": "gsroffset||"}
    return data({**whole, "batchcomplete": True} if done else whole)


def recorded(name: str) -> Answer:
    return Answer(body=material(f"apis/wikimedia-commons/{name}.json").read_bytes())


@pytest.fixture
def server() -> Iterator[Replay]:
    with Replay() as running:
        for number in range(1, 5):
            running.file(f"/wikipedia/commons/{number}.jpg", image(number))
        yield running


@pytest.fixture
def time() -> Time:
    return Time()


def collector(
    server: Replay,
    time: Time,
    folder: Path,
    *,
    decide: Any = None,
    contact: str = "",
    **options: Any,
) -> CommonsCollector:
    fetch = server.fetcher(time, COMMONS, UPLOAD, contact=contact)
    made = context(fetch, folder, decide=decide or decider("NC"))
    return CommonsCollector(CommonsSource(**{"search": ("cat",), **options}), made)


def test_keeps_creator_licence_page_and_evidence(
    server: Replay, time: Time, tmp_path: Path
) -> None:
    server.file(API, answer(page(2), page(1)))
    first, second = candidates(found(collector(server, time, tmp_path)))
    assert first.locator == f"{UPLOAD}/wikipedia/commons/1.jpg"  # as it ranks them, not as listed
    assert second.suffix == ".jpg" and second.stamp == page(2)["imageinfo"][0]["sha1"]
    assert first.said.creators and first.said.url
    assert all(stated.license and stated.where == first.said.url for stated in first.said.statements)  # fmt: skip
    assert "/robots.txt" not in server.paths()  # its documentation gives both hosts to programs


def test_the_question(server: Replay, time: Time, tmp_path: Path) -> None:
    server.file(API, answer())
    found(collector(server, time, tmp_path, category=('Trees in "Finistère"', "Cats"), language="zh"))  # fmt: skip
    (asked,) = server.queries(API)
    assert asked["gsrsearch"] == 'cat filetype:bitmap|drawing incategory:"Trees in  Finistère|Cats"'
    assert asked["maxlag"] == "5" and asked["iiextmetadatalanguage"] == "zh"
    assert {"sha1", "extmetadata", "url"} <= set(asked["iiprop"].split("|"))


@pytest.mark.parametrize(
    ("denied", "asked"),
    [(("SA",), " haslicense:unrestricted|attribution"), (("NC",), ""), (("BY",), " haslicense:unrestricted")],
)  # fmt: skip
def test_asks_only_for_what_can_be_used(
    server: Replay, time: Time, tmp_path: Path, denied: tuple[str, ...], asked: str
) -> None:
    server.file(API, answer())
    found(collector(server, time, tmp_path, decide=decider(*denied), filetype=()))
    assert [one["gsrsearch"] for one in server.queries(API)] == [f"cat{asked}"]


def test_nothing_that_can_be_used(server: Replay, time: Time, tmp_path: Path) -> None:
    with pytest.raises(CurateError, match="Wikimedia Commons has nothing under a licence"):
        found(collector(server, time, tmp_path, decide=decider("CC")))


def test_the_recorded_parts_make_one_batch(server: Replay, time: Time, tmp_path: Path) -> None:
    parts = {
        None: recorded("wmc_pretty1"),
        "Edvard_Munch_-_Night_in_Nice_(1891).jpg|nowiki|1281339": recorded("wmc_pretty2"),
        "Niedercunnersdorf_Gartenweg_12.JPG|dewiki|9849507": recorded("wmc_pretty3"),
    }
    rest = recorded("wmc_pretty_nocontinue")

    def part(asked: Query) -> Answer:
        return rest if "gaicontinue" in asked else parts[asked.get("gucontinue")]

    server.route(API, part)
    seen = found(collector(server, time, tmp_path), read=False)
    assert server.count() == 4 and time.slept == [1.0] * 3
    whole = json.loads(
        material("apis/wikimedia-commons/wmc_pretty123.json").read_text("utf-8")
    )["query"]["pages"]  # fmt: skip
    first = {one["imageinfo"][0]["url"] for one in whole.values()}
    taken = {one.locator: one for one in candidates(seen)}
    assert first <= taken.keys() | troubles(seen).keys()
    (volcano,) = (one for url, one in taken.items() if "Minchinmavida" in url)
    assert volcano.said.statements[0].license == "CC-PDM-1.0"
    assert volcano.said.statements[0].territory == "US"


@pytest.mark.parametrize("end", ["response_small_missing_continue", "response_small_no_continue"])
def test_the_recorded_ends(server: Replay, time: Time, tmp_path: Path, end: str) -> None:
    first, last = recorded("response_small_with_continue"), recorded(end)
    server.route(API, lambda asked: last if "gaicontinue" in asked else first)
    seen = found(collector(server, time, tmp_path), read=False)
    assert server.count() == 2
    # These have no facts about their file: one place, however often it is listed.
    assert set(troubles(seen).values()) == {"Wikimedia Commons gives no address of its file"}


def test_a_part_that_comes_later_is_put_to_its_page(
    server: Replay, time: Time, tmp_path: Path
) -> None:
    bare = {key: value for key, value in page(2).items() if key != "imageinfo"}
    server.route(
        API,
        lambda asked: (
            answer(page(1), bare, done=False, iistart="2")
            if "iistart" not in asked
            else answer({**page(1), "imageinfo": []}, page(2))
        ),
    )
    assert len(candidates(found(collector(server, time, tmp_path)))) == 2
    second = server.queries(API)[1]
    assert (second["iistart"], second["continue"]) == ("2", "gsroffset||")


def test_a_continuation_that_comes_again_ends_the_search(
    server: Replay, time: Time, tmp_path: Path
) -> None:
    server.file(API, answer(page(1), gsroffset=50))
    *taken, last = found(collector(server, time, tmp_path))
    assert [one.locator for one in taken] == [f"{UPLOAD}/wikipedia/commons/1.jpg"]
    assert isinstance(last, Trouble) and last.hides and server.queries(API)[1]["gsroffset"] == "50"
    assert str(last.reason) == "Wikimedia Commons goes in circles: its results have no end"


@pytest.mark.parametrize("done", [True, False])
def test_answers_that_never_end_end(server: Replay, time: Time, tmp_path: Path, done: bool) -> None:
    number = iter(range(1, 10**6))
    server.route(API, lambda asked: answer(done=done, gsroffset=next(number)))
    assert "goes in circles" in troubles(found(collector(server, time, tmp_path))).popitem()[1]
    assert server.count() == 20


def test_what_came_before_the_circle_is_found(server: Replay, time: Time, tmp_path: Path) -> None:
    number = iter(range(1, 10**6))
    server.route(API, lambda asked: answer(page(1), done=False, gucontinue=next(number)))
    seen = found(collector(server, time, tmp_path))
    assert len(candidates(seen)) == 1 and len(troubles(seen)) == 1 and server.count(API) <= 20


def test_a_service_cannot_change_the_question(server: Replay, time: Time, tmp_path: Path) -> None:
    server.once(API, answer(page(1), action="delete", gsroffset=1))
    server.file(API, answer())
    found(collector(server, time, tmp_path), read=False)
    assert [one["action"] for one in server.queries(API)] == ["query", "query"]


def test_databases_that_lag_are_waited_for(server: Replay, time: Time, tmp_path: Path) -> None:
    lag = data({"error": {"code": "maxlag", "info": "Waiting for a database: 6 seconds lagged."}})
    server.once(API, lag, lag)
    server.file(API, answer(page(1)))
    assert len(candidates(found(collector(server, time, tmp_path)))) == 1
    assert time.slept.count(5) == 2
    server.file(API, lag)
    with pytest.raises(CurateError, match="refuses the search: Waiting for a database"):
        found(collector(server, time, tmp_path))


def test_an_error_is_said(server: Replay, time: Time, tmp_path: Path) -> None:
    server.file(API, data({"error": {"code": "badvalue", "info": "Unrecognized value."}}))
    with pytest.raises(CurateError, match="refuses the search: Unrecognized value"):
        found(collector(server, time, tmp_path))
    server.file(API, Answer(403))
    with pytest.raises(CurateError) as error:
        found(collector(server, time, tmp_path))
    assert "fetch.contact" in error.value.hint
    with pytest.raises(CurateError) as error:
        found(collector(server, time, tmp_path, contact="me@example.org"))
    assert "fetch.contact" not in error.value.hint


def test_a_file_that_differs_from_its_checksum(server: Replay, time: Time, tmp_path: Path) -> None:
    server.file(API, answer(page(1, sha1=page(2)["imageinfo"][0]["sha1"])))
    (one,) = candidates(found(collector(server, time, tmp_path), read=False))
    with one.open() as stream, pytest.raises(CurateError, match="checksums differ"):
        stream.read()


def test_pages_of_any_shape_are_data(server: Replay, time: Time, tmp_path: Path) -> None:
    strange: list[object] = [
        None, 5, {"title": "File:Gone.jpg", "missing": True}, {"title": ["x"], "imageinfo": "no"},
        page(1, url=7), page(2, extmetadata=[1]), page(3, sha1="zz", mime=None, timestamp={}),
        {**page(4), "index": "first"},
    ]  # fmt: skip
    server.file(API, answer(*strange))
    seen = found(collector(server, time, tmp_path), read=False)
    assert [one.locator[-5:] for one in candidates(seen)] == ["4.jpg", "3.jpg"]
    assert not any(one.hides for one in seen if isinstance(one, Trouble))
    third = next(one for one in candidates(seen) if one.locator.endswith("3.jpg"))
    assert third.stamp  # of the record's facts


@pytest.mark.parametrize("pages", [[], {}, None, "none", {"1": None}, 7])
def test_answers_without_pages(server: Replay, time: Time, tmp_path: Path, pages: object) -> None:
    server.file(API, data({"batchcomplete": "", "query": {"pages": pages}, "continue": [1]}))
    assert not candidates(found(collector(server, time, tmp_path)))


def test_a_licence_that_does_not_fit_is_left(server: Replay, time: Time, tmp_path: Path) -> None:
    made = page(1)
    made["imageinfo"][0]["extmetadata"]["License"] = {"value": "cc-by-nc-4.0"}
    server.file(API, answer(made, page(2)))
    first, second = found(collector(server, time, tmp_path), read=False)
    assert isinstance(first, Trouble) and "does not fit" in str(first.reason)
    assert isinstance(second, Candidate)


@pytest.mark.parametrize("wrong", [{"filetype": ("films",)}, {"language": 7}, {"category": "Cats"}])
def test_options_that_cannot_be(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"type": "commons", **wrong}, CommonsSource)

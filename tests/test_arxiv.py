"""arXiv: papers, and the licence of each from its record. Records and the sample feed are written after
the documentation; recorded feeds are read besides."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curate.collectors.arxiv import API, RECORDS, ArxivCollector, ArxivSource
from curate.errors import CurateError
from curate.model import Decision
from tests.judge import judge
from tests.material import material
from tests.server import Answer
from tests.services import Query, Replay, Time, candidates, context, found, troubles

SAMPLES = Path(__file__).parent / "data/services"
FEED = (SAMPLES / "arxiv.xml").read_text("utf-8")
RECORD = (SAMPLES / "arxiv-record.xml").read_text("utf-8")
EMPTY = re.sub("<entry>.*</entry>", "", FEED, flags=re.DOTALL)
ONE = re.sub("</entry>.*</entry>", "</entry>", FEED, flags=re.DOTALL).replace(">4<", ">1<")
BY = "http://creativecommons.org/licenses/by/4.0/"
STATED = {
    "2401.00001": BY,
    "2401.00002": "http://arxiv.org/licenses/nonexclusive-distrib/1.0/",
    "math/0309136": "",
    "2401.00004": "http://creativecommons.org/licenses/by-nc-sa/4.0/",
}
FIRST, SECOND = (f"{API}/pdf/2401.0000{n}" for n in (1, 2))


def xml(text: str, **options: Any) -> Answer:
    return Answer(body=text.encode(), type="application/xml", **options)


def record(asked: Query) -> Answer:
    name = asked["identifier"].removeprefix("oai:arXiv.org:")
    license = STATED.get(name, BY)
    return xml(
        RECORD.replace("ID", name).replace(
            "LICENSE", f"<license>{license}</license>" if license else ""
        )
    )


def served(server: Replay, feed: Callable[[Query], Answer] | None = None) -> None:
    server.route(
        "/api/query", feed or (lambda asked: xml(FEED if asked["start"] == "0" else EMPTY))
    )
    server.route("/oai", record)
    server.route("/pdf/*", lambda asked: Answer(body=b"%PDF-1.5", type="application/pdf"))


def collector(server: Replay, tmp_path: Path, time: Time | None = None, **given: Any) -> Any:
    cache = given.pop("cache", None)
    options = ArxivSource(**{"search": ("all:harbour",), **given})
    fetch = server.fetcher(time or Time(), API, RECORDS)
    return ArxivCollector(options, context(fetch, tmp_path, decide=judge(), cache=cache))


def test_a_paper_comes_with_the_licence_of_its_record(tmp_path: Path) -> None:
    with Replay() as server:
        served(server)
        seen = found(collector(server, tmp_path))
        assert server.count("/pdf/2401.00001", 200) == 1
    (paper,) = candidates(seen)
    assert (paper.locator, paper.suffix, paper.stamp) == (FIRST, ".pdf", "v2 2024-02-01T00:00:00Z")
    assert (paper.said.title, paper.said.creators) == ("Waves in harbours", ("Ana Lima",))
    assert paper.said.url == "https://arxiv.org/abs/2401.00001"
    (statement,) = paper.said.statements
    assert (statement.raw, statement.license, statement.where) == (
        BY,
        "CC-BY-4.0",
        "https://arxiv.org/abs/2401.00001",
    )
    reasons = troubles(seen)
    assert sorted(reasons) == [SECOND, f"{API}/pdf/2401.00004", f"{API}/pdf/math/0309136"]
    assert "nonexclusive-distrib" in reasons[SECOND] or "arxiv-nonexclusive" in reasons[SECOND]


def test_requests_to_each_host_lie_three_seconds_apart(tmp_path: Path) -> None:
    time = Time()
    with Replay() as server:
        served(server)
        found(collector(server, tmp_path, time))
        asked = server.paths()
    assert asked == ["/api/query", "/oai", "/pdf/2401.00001", "/oai", "/oai", "/oai"]
    assert time.slept == [3.0] * 3, "that for the PDF is one for the next record too"


def test_records_are_asked_for_only_until_the_limit(tmp_path: Path) -> None:
    def feed(asked: Query) -> Answer:
        return xml(FEED.replace("2401.00002v1", "2401.00005v1"))

    with Replay() as server:
        served(server, feed)
        seen = found(collector(server, tmp_path, limit=1), read=False)
        assert len(server.queries("/oai")) == 2, "that of the next shows that there is more"
    assert [one.locator for one in candidates(seen)] == [FIRST]
    assert "limit = 1" in troubles(seen)["arXiv: all:harbour"]


def test_a_record_is_kept_for_the_next_run(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    with Replay() as server:
        served(server)
        first = found(collector(server, tmp_path, cache=cache), read=False)
        server.forget()
        again = found(collector(server, tmp_path, cache=cache), read=False)
        assert not server.queries("/oai")
        assert [one.said for one in candidates(again)] == [one.said for one in candidates(first)]
        (cache / "2401.00001v2.xml").write_text(RECORD[:300])  # cut off by a killed run
        found(collector(server, tmp_path, cache=cache), read=False)
        assert len(server.queries("/oai")) == 1


def test_a_keyword_is_a_phrase_within_the_subject(tmp_path: Path) -> None:
    with Replay() as server:
        served(server)
        fetch = server.fetcher(Time(), API, RECORDS)
        around = context(fetch, tmp_path, decide=judge(), keywords=("harbour waves",))
        found(ArxivCollector(ArxivSource(category="math.CO"), around), read=False)
        assert server.queries("/api/query")[0]["search_query"] == (
            '(all:"harbour waves") AND cat:math.CO'
        )


ERROR = ONE.replace("http://arxiv.org/abs/2401.00001v2", "https://arxiv.org/api/errors#x").replace(
    "Nine harbours are measured.", "incorrect query"
)


@pytest.mark.parametrize("status", [400, 200])
def test_an_error_is_said_as_that(status: int, tmp_path: Path) -> None:
    with Replay() as server:
        served(server, lambda asked: xml(ERROR, status=status))
        with pytest.raises(CurateError, match="cannot search for 'all:harbour'") as fault:
            found(collector(server, tmp_path))
        assert len(server.requests) == 1
    assert "user-manual" in fault.value.hint


def test_an_empty_page_is_asked_for_again_and_not_for_ever(tmp_path: Path) -> None:
    with Replay() as server:
        served(server)
        server.once("/api/query", xml(EMPTY))
        assert len(candidates(found(collector(server, tmp_path)))) == 1
        server.route("/api/query", lambda asked: xml(EMPTY))
        server.forget()
        seen = found(collector(server, tmp_path))
        assert len(server.requests) == 2
    assert troubles(seen) == {"arXiv: all:harbour": "its pages end before its 4 results"}


def test_pages_that_repeat_are_not_read_for_ever(tmp_path: Path) -> None:
    with Replay() as server:
        served(server, lambda asked: xml(FEED.replace(">4<", ">9999<")))
        seen = found(collector(server, tmp_path), read=False)
        assert len(server.queries("/api/query")) == 2
    assert troubles(seen)["arXiv: all:harbour"] == "its pages of results repeat each other"


@pytest.mark.parametrize(
    "answer",
    [
        xml(RECORD.replace("ID", "2401.99999").replace("LICENSE", f"<license>{BY}</license>")),
        xml('<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><error code="x"/></OAI-PMH>'),
        Answer(body=b"<html>soon back</html>", type="text/html"),
        xml(RECORD.replace("ID", "2401.00001")[:600]),
        Answer(404),
    ],
    ids=["another paper", "error", "page", "cut off", "not there"],
)
def test_the_licence_of_nothing_else_is_taken(answer: Answer, tmp_path: Path) -> None:
    with Replay() as server:
        served(server, lambda asked: xml(ONE if asked["start"] == "0" else EMPTY))
        server.route("/oai", lambda asked: answer)
        seen = found(collector(server, tmp_path))
    assert not candidates(seen)
    assert list(troubles(seen)) == [FIRST]


def test_where_no_record_can_be_had_the_search_ends(tmp_path: Path) -> None:
    with Replay() as server:
        served(server)
        server.route("/oai", lambda asked: Answer(404))
        with pytest.raises(CurateError, match="404"):
            found(collector(server, tmp_path))
        assert len(server.queries("/oai")) == 3


BOMB = "".join(f'<!ENTITY b{n + 1} "{f"&b{n};" * 10}">' for n in range(9))
ENTITIES = {
    "file": '<!ENTITY x SYSTEM "file:///etc/passwd">',
    "bomb": f'<!ENTITY b0 "xxxxxxxxxx">{BOMB}<!ENTITY x "&b9;">',
}


@pytest.mark.parametrize("entities", ENTITIES.values(), ids=ENTITIES)
def test_xml_opens_no_file_and_grows_into_nothing(entities: str, tmp_path: Path) -> None:
    head, _, rest = ONE.partition("?>")
    hostile = f"{head}?><!DOCTYPE feed [{entities}]>{rest}".replace("Waves in\n", "Waves &x;in\n")
    assert hostile.count("&x;") == 1
    with Replay() as server:
        served(server, lambda asked: xml(hostile if asked["start"] == "0" else EMPTY))
        try:
            (paper,) = candidates(found(collector(server, tmp_path), read=False))
        except CurateError as fault:
            assert "does not answer with what is asked for" in fault.message
        else:
            assert paper.said.title in ("Waves in harbours", "Waves &x;in harbours")


def test_feeds_as_recorded(tmp_path: Path) -> None:
    """Two recorded pages of one search, with the records of their papers made up."""
    pages = [
        json.loads(material(f"apis/arxiv/{name}.json").read_text("utf-8"))["body"]
        for name in ("q_testing_s0_m10_bc5a6c384fe9", "q_testing_s50_m10_7f488ab8598c")
    ]
    with Replay() as server:
        served(
            server, lambda asked: xml({"0": pages[0], "100": pages[1]}.get(asked["start"], EMPTY))
        )
        seen = found(collector(server, tmp_path), read=False)
    papers = candidates(seen)
    assert len(papers) == 20
    assert papers[0].locator == f"{API}/pdf/2202.12139"
    assert papers[0].said.creators == ("Mohit Kumar Ahuja", "Arnaud Gotlieb", "Helge Spieker")
    assert f"{API}/pdf/cs/0503050" in {one.locator for one in papers}
    assert troubles(seen) == {"arXiv: all:harbour": "its pages end before its 214881 results"}


def test_an_error_as_recorded(tmp_path: Path) -> None:
    answer = json.loads(material("apis/arxiv/id_abc_s0_m100_b79c8dcf6bc3.json").read_text("utf-8"))
    with Replay() as server:
        served(server, lambda asked: xml(answer["body"], status=answer["status_code"]))
        with pytest.raises(CurateError, match="cannot search"):
            found(collector(server, tmp_path))


def test_a_collection_that_may_use_nothing_asks_nothing(tmp_path: Path) -> None:
    with Replay() as server:
        fetch = server.fetcher(Time(), API, RECORDS)
        around = context(fetch, tmp_path, decide=lambda said: Decision("deny"))
        with pytest.raises(CurateError, match="nothing under a licence"):
            found(ArxivCollector(ArxivSource(search=("x",)), around))
        assert not server.requests


@pytest.mark.parametrize("way", ["file", "folder"])
def test_a_cache_that_cannot_be_written_fails_no_paper(tmp_path: Path, way: str) -> None:
    cache = tmp_path / "cache"
    if way == "file":
        cache.write_text("no folder")
    else:
        (cache / "2401.00001v2.xml").mkdir(parents=True)
    with Replay() as server:
        served(server)
        seen = found(collector(server, tmp_path, cache=cache), read=False)
        usual = found(collector(server, tmp_path), read=False)
    assert candidates(seen)
    assert [one.locator for one in seen] == [one.locator for one in usual]

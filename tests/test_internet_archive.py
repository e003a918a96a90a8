"""The Internet Archive: recorded answers, and items written after the documentation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from curate.collectors.internet_archive import (
    HOME,
    InternetArchiveCollector,
    InternetArchiveSource,
)
from curate.errors import CurateError
from curate.model import Candidate, Decision, Trouble
from tests.material import material
from tests.server import Answer, redirect
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
    troubles,
)

SEARCH, SCRAPE = "/advancedsearch.php", "/services/search/v1/scrape"
NODE = "https://ia902606.us.archive.org"
BY = "http://creativecommons.org/licenses/by/3.0/us/"


def doc(name: str, **more: object) -> dict[str, object]:
    return {"identifier": name, "title": f"About {name}", "licenseurl": BY, **more}


def docs(*every: object, count: int | None = None) -> Answer:
    number = len(every) if count is None else count
    return data({"response": {"numFound": number, "start": 0, "docs": every}})


def file(name: str, number: int = 1, **more: object) -> dict[str, object]:
    bytes_ = picture(number)
    return {
        "name": name,
        "source": "original",
        "format": "JPEG",
        "size": str(len(bytes_)),
        "md5": hashlib.md5(bytes_, usedforsecurity=False).hexdigest(),
        "sha1": hashlib.sha1(bytes_, usedforsecurity=False).hexdigest(),
        **more,
    }


def item(name: str, *files: object, **more: object) -> dict[str, object]:
    creators = ["Ana Lima", "B. Costa"]
    metadata = {**doc(name), "creator": creators, "publicdate": "2010-06-30 19:35:59", **more}
    return {"metadata": metadata, "files": files or (file("1.jpg"),)}


@pytest.fixture
def server() -> Iterator[Replay]:
    with Replay() as running:
        for number in range(1, 4):
            running.file(f"/download/harbour/{number}.jpg", image(number))
        yield running


@pytest.fixture
def time() -> Time:
    return Time()


def collector(
    server: Replay, time: Time, folder: Path, *, decide: Any = None, **options: Any
) -> InternetArchiveCollector:
    made = context(server.fetcher(time, HOME, NODE), folder, decide=decide or decider("NC"))
    return InternetArchiveCollector(InternetArchiveSource(**{"search": ("harbour",), **options}), made)  # fmt: skip


def one_item(server: Replay, made: dict[str, object], name: str = "harbour") -> None:
    server.file(SEARCH, docs(doc(name)))
    server.file(f"/metadata/{name}", data(made))


def test_keeps_creator_licence_page_and_evidence(
    server: Replay, time: Time, tmp_path: Path
) -> None:
    one_item(server, item("harbour"))
    (one,) = candidates(found(collector(server, time, tmp_path)))
    assert (one.locator, one.suffix) == (f"{HOME}/download/harbour/1.jpg", ".jpg")
    assert (one.said.title, one.said.creators) == ("About harbour", ("Ana Lima", "B. Costa"))
    assert one.said.url == f"{HOME}/details/harbour"
    (stated,) = one.said.statements
    assert (stated.raw, stated.license, stated.where) == (BY, "CC-BY-3.0-US", one.said.url)
    assert one.stamp == f"sha1:{file('1.jpg')['sha1']}"
    assert time.slept == [1.0, 1.0]  # a search, an item, a download
    assert "/robots.txt" not in server.paths()


def test_the_question(server: Replay, time: Time, tmp_path: Path) -> None:
    server.file(SEARCH, docs())
    made = collector(server, time, tmp_path, mediatype=("texts", "image"), collection=('na"sa',))
    found(made)
    (asked,) = server.queries(SEARCH)
    assert asked["q"] == (
        "(harbour) AND NOT mediatype:collection AND mediatype:(texts OR image) AND collection:(nasa)"
        " AND licenseurl:(*creativecommons.org*) AND NOT licenseurl:(*by-nc*)"
    )
    assert {"identifier", "licenseurl", "rights", "access-restricted-item"} <= set(asked["fl[]"].split(","))  # fmt: skip
    found(collector(server, time, tmp_path, licensed=False))
    assert server.queries(SEARCH)[1]["q"] == "(harbour) AND NOT mediatype:collection"
    with pytest.raises(CurateError, match="Internet Archive has nothing under a licence"):
        found(collector(server, time, tmp_path, decide=decider("CC")))


def test_the_recorded_search_is_judged_item_by_item(
    server: Replay, time: Time, tmp_path: Path
) -> None:
    body = material("apis/internet-archive/advanced_search_response.json").read_bytes()
    names = [one["identifier"] for one in json.loads(body)["response"]["docs"]]
    server.file(SEARCH, Answer(body=body))
    server.route("/metadata/*", lambda asked: data({}))
    said = troubles(found(collector(server, time, tmp_path, licensed=False)))
    assert said == {
        f"{HOME}/details/{name}": "the Internet Archive has no such item, or has withdrawn it"
        for name in names
    }
    assert server.paths() == [SEARCH, *(f"/metadata/{name}" for name in names)]


def test_the_recorded_collection_is_no_item(server: Replay, time: Time, tmp_path: Path) -> None:
    whole = json.loads(material("apis/internet-archive/nasa.json").read_text("utf-8"))
    server.file(SEARCH, docs({"identifier": "nasa"}))
    server.file("/metadata/nasa", data(whole))
    (reason,) = troubles(found(collector(server, time, tmp_path))).values()
    assert reason == "it is a collection: name it in `collection` to search in it"


def test_the_recorded_files(server: Replay, time: Time, tmp_path: Path) -> None:
    whole = json.loads(material("apis/internet-archive/nasa.json").read_text("utf-8"))
    whole["is_collection"] = False
    whole["metadata"] |= {"mediatype": "image", "collection": ["nasa"]}
    server.file(SEARCH, docs({"identifier": "nasa"}))
    server.file("/metadata/nasa", data(whole))
    (one,) = candidates(found(collector(server, time, tmp_path), read=False))
    assert one.locator == f"{HOME}/download/nasa/globe_west_540.jpg"
    assert one.stamp == "sha1:3e20a009994405f535cdf07cdc2974cef2fce8f2"
    assert "US" in [stated.territory for stated in one.said.statements]


def test_the_recorded_long_list(server: Replay, time: Time, tmp_path: Path) -> None:
    body = material("apis/internet-archive/scrape_response.json").read_bytes()
    server.file(SCRAPE, Answer(body=body))
    server.route("/metadata/*", lambda asked: data({}))
    seen = found(collector(server, time, tmp_path, limit=1000))
    first, second = server.queries(SCRAPE)
    assert "cursor" not in first and second["cursor"].startswith("W3si")
    assert first["count"] == "100" and "licenseurl" in first["fields"].split(",")
    assert len(seen) == 101  # it gives the same cursor and the same items again
    assert troubles(seen)["Internet Archive: harbour"].startswith("Internet Archive goes in circles")  # fmt: skip


def test_a_long_list_ends_without_a_cursor(server: Replay, time: Time, tmp_path: Path) -> None:
    def part(asked: Query) -> Answer:
        if "cursor" in asked:
            return data({"items": [doc("b")], "total": 1, "count": 1})
        return data({"items": [doc("a")], "total": 2, "count": 1, "cursor": "next"})

    server.route(SCRAPE, part)
    server.route("/metadata/*", lambda asked: data(item("a")))
    found(collector(server, time, tmp_path, limit=1000), read=False)
    assert server.paths() == [SCRAPE, "/metadata/a", SCRAPE, "/metadata/b"]


def test_pages_follow_each_other(server: Replay, time: Time, tmp_path: Path) -> None:
    def part(asked: Query) -> Answer:
        first = (int(asked["page"]) - 1) * 50
        return docs(*(doc(f"i{n}") for n in range(first, min(first + 50, 120))), count=120)

    server.route(SEARCH, part)
    server.route("/metadata/*", lambda asked: data({}))
    assert len(found(collector(server, time, tmp_path))) == 120
    assert [one["page"] for one in server.queries(SEARCH)] == ["1", "2", "3"]


def test_the_same_page_again_ends_the_search(server: Replay, time: Time, tmp_path: Path) -> None:
    one_item(server, item("harbour"))
    server.file(SEARCH, docs(doc("harbour"), doc("harbour"), count=10**9))
    *taken, last = found(collector(server, time, tmp_path))
    assert len(taken) == 1 and len(server.queries(SEARCH)) == 2
    assert isinstance(last, Trouble) and last.hides and "goes in circles" in str(last.reason)


@pytest.mark.parametrize(
    "restricted",
    [
        {"access-restricted-item": "true"},
        {"access-restricted-item": ["true"]},
        {"collection": ["inlibrary", "texts"]},
        {"collection": "printdisabled"},
    ],
)
@pytest.mark.parametrize("where", ["search", "item"])
def test_what_is_lent_is_refused_whatever_the_policy(
    server: Replay, time: Time, tmp_path: Path, restricted: dict[str, object], where: str
) -> None:
    told = restricted if where == "search" else {}
    server.file(SEARCH, docs(doc("harbour", **told)))
    server.file("/metadata/harbour", data(item("harbour", **restricted)))
    made = collector(server, time, tmp_path, decide=lambda said: Decision("allow"))
    assert troubles(found(made)) == {
        f"{HOME}/details/harbour": "the Internet Archive lends it, or keeps it for people with print disabilities"
    }
    assert server.count("/metadata/harbour") == (where == "item")


def test_a_licence_that_does_not_fit_is_left_without_asking_more(
    server: Replay, time: Time, tmp_path: Path
) -> None:
    nc = "https://creativecommons.org/licenses/by-nc/4.0/"
    server.file(SEARCH, docs(doc("one", licenseurl=nc), doc("two"), doc("three", licenseurl=None)))
    server.file("/metadata/two", data(item("two", licenseurl=nc)))
    seen = found(collector(server, time, tmp_path))
    assert troubles(seen) == {
        f"{HOME}/details/one": "CC-BY-NC-4.0 does not fit",
        f"{HOME}/details/two": "CC-BY-NC-4.0 does not fit",
        f"{HOME}/details/three": "its licence is not known",
    }
    assert server.paths() == [SEARCH, "/metadata/two"]
    assert not any(one.hides or one.retry for one in seen if isinstance(one, Trouble))


FILES = (
    file("2.jpg", 2),
    file("1.jpg", 1),
    file("1_thumb.jpg", 3, source="derivative", format="JPEG Thumb"),
    file("scans.pdf", 3, source="derivative", format="Text PDF"),
    file("x_meta.xml", 3, source="metadata", format="Metadata"),
    file("x_archive.torrent", 3, format="Archive BitTorrent"),
    file("secret.jpg", 3, private="true"),
    file("notes.txt", 3, format="Text"),
)


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, ["2.jpg", "1.jpg", "notes.txt"]),
        ({"formats": ("jpeg",)}, ["2.jpg", "1.jpg"]),
        ({"formats": ("Text PDF",)}, []),
        ({"formats": ("Text PDF",), "derivatives": True}, ["scans.pdf"]),
    ],
)
def test_files_to_take(
    server: Replay, time: Time, tmp_path: Path, options: dict[str, Any], names: list[str]
) -> None:
    one_item(server, item("harbour", *FILES))
    seen = found(collector(server, time, tmp_path, **options), read=False)
    assert [one.locator.rpartition("/")[2] for one in candidates(seen)] == names
    assert bool(troubles(seen)) == (not names)


def test_most_files_of_one_item(server: Replay, time: Time, tmp_path: Path) -> None:
    one_item(server, item("harbour", *FILES))
    first, second, rest = found(collector(server, time, tmp_path, files=2), read=False)
    assert isinstance(first, Candidate) and isinstance(second, Candidate)
    assert [first.said.title, second.said.title] == ["About harbour: 2.jpg", "About harbour: 1.jpg"]
    assert isinstance(rest, Trouble) and rest.hides
    assert str(rest.reason) == "it has 3 such files, and files = 2"


def test_a_download_is_sent_on_to_the_machine_that_has_it(
    server: Replay, time: Time, tmp_path: Path
) -> None:
    one_item(server, item("harbour"))
    server.file("/download/harbour/1.jpg", redirect(f"{NODE}/7/items/harbour/1.jpg"))
    server.file("/7/items/harbour/1.jpg", image(1))
    assert len(candidates(found(collector(server, time, tmp_path)))) == 1
    assert "/robots.txt" not in server.paths()


def test_another_file_than_the_listed_one(server: Replay, time: Time, tmp_path: Path) -> None:
    one_item(server, item("harbour", file("2.jpg", 1), file("3.jpg", 2, sha1="none")))
    for one in candidates(found(collector(server, time, tmp_path), read=False)):
        with one.open() as stream, pytest.raises(CurateError, match="checksums differ"):
            stream.read()


def test_items_that_give_no_answer(server: Replay, time: Time, tmp_path: Path) -> None:
    server.file(SEARCH, docs(*(doc(f"i{n}") for n in range(9))))
    server.file("/metadata/i3", data({}))
    seen = []
    with pytest.raises(CurateError, match="404"):
        for one in collector(server, time, tmp_path).candidates(lambda locator: None):
            seen.append(one)
    assert len(seen) == 8  # i0-i2, i3, i4-i7: the fifth in a row is the service's fault
    assert all(isinstance(one, Trouble) and one.hides == one.retry for one in seen)


def test_an_error_is_said(server: Replay, time: Time, tmp_path: Path) -> None:
    server.file(SEARCH, data({"error": "invalid query"}))
    with pytest.raises(CurateError, match="Internet Archive refuses the search: invalid query"):
        found(collector(server, time, tmp_path))


def test_answers_of_any_shape_are_data(server: Replay, time: Time, tmp_path: Path) -> None:
    server.file(
        SEARCH,
        docs(None, 7, {"identifier": ["../x"]}, {"identifier": "a b"}, doc("dark"), doc("harbour"), doc("odd")),
    )  # fmt: skip
    server.file("/metadata/dark", data({**item("dark"), "is_dark": True}))
    server.file("/metadata/odd", data({"metadata": {"identifier": "odd", "licenseurl": BY}, "files": "no"}))  # fmt: skip
    strange: list[object] = [
        None, 3, {}, file("../../up.jpg"), file("/root.jpg"), file("a//b.jpg"), file("line\nbreak.jpg"),
        file("x" * 2000), {**file(""), "name": ["1.jpg"]}, file("sub dir/é #1.jpg", title=["T"]),
    ]  # fmt: skip
    server.file("/metadata/harbour", data(item("harbour", *strange)))
    seen = found(collector(server, time, tmp_path), read=False)
    (one,) = candidates(seen)
    assert one.locator == f"{HOME}/download/harbour/sub%20dir/%C3%A9%20%231.jpg"
    said = troubles(seen)
    assert said["Internet Archive: a b"].endswith("under an impossible name")
    assert said[f"{HOME}/details/odd"] == "it has no files of the kind that is wanted"
    assert said[f"{HOME}/details/dark"].endswith("or has withdrawn it")
    assert not any(one.hides for one in seen if isinstance(one, Trouble))


@pytest.mark.parametrize("wrong", [{"mediatype": ("books",)}, {"files": 0}, {"limit": "many"}])
def test_options_that_cannot_be(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"type": "internet-archive", **wrong}, InternetArchiveSource)

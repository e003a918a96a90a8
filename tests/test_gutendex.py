"""Gutendex: which books are offered, and from where. Its answers are written after its documentation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from curate.collectors.gutendex import API, LIBRARY, GutendexCollector, GutendexSource
from curate.errors import CurateError
from tests.judge import judge
from tests.server import Answer
from tests.services import Query, Replay, Time, candidates, context, data, found, troubles

EPUB = f"{LIBRARY}/ebooks/9001.epub3.images"
MIRROR = "https://mirror.example/gutenberg"


def answer() -> Any:
    sample = Path(__file__).parent / "data/services/gutendex.json"
    return json.loads(sample.read_text("utf-8"))


def served(server: Replay) -> None:
    server.route("/books", lambda asked: data(answer()))
    server.file("/robots.txt", Answer(body=b"User-agent: *\nDisallow: /ebooks/search"))
    for path in ("/ebooks/9001.epub3.images", "/gutenberg/cache/epub/9001/pg9001-images-3.epub"):
        server.file(path, Answer(body=b"PK", type="application/epub+zip"))


def collector(server: Replay, tmp_path: Path, time: Time | None = None, **given: Any) -> Any:
    decide = judge(**given.pop("use", {}))
    options = GutendexSource(**{"search": ("harbour",), **given})
    fetch = server.fetcher(time or Time(), API, LIBRARY, "https://mirror.example")
    return GutendexCollector(options, context(fetch, tmp_path, decide=decide))


def test_one_file_of_a_book_that_is_free_in_the_usa(tmp_path: Path) -> None:
    with Replay() as server:
        served(server)
        seen = found(collector(server, tmp_path))
    (book,) = candidates(seen)
    assert (book.locator, book.suffix) == (EPUB, ".epub")
    assert (book.said.title, book.said.creators) == ("A Harbour at Night", ("Lima, Ana",))
    (statement,) = book.said.statements
    assert (statement.license, statement.territory) == ("CC-PDM-1.0", "US")
    reasons = troubles(seen)
    assert set(reasons) == {
        f"{LIBRARY}/files/9002/9002.txt",
        f"{LIBRARY}/ebooks/9003",
    }
    assert reasons[f"{LIBRARY}/ebooks/9003"] == "it comes in none of these formats: epub, txt, html"


@pytest.mark.parametrize(
    ("format", "locator"),
    [
        (("txt",), f"{LIBRARY}/ebooks/9001.txt.utf-8"),
        (("html", "epub"), f"{LIBRARY}/ebooks/9001.html.images"),
    ],
)
def test_the_first_format_that_it_has_is_taken(
    format: tuple[str, ...], locator: str, tmp_path: Path
) -> None:
    with Replay() as server:
        served(server)
        seen = found(collector(server, tmp_path, format=format), read=False)
        (query,) = server.queries("/books")
    assert [one.locator for one in candidates(seen)] == [locator]
    assert query.get("mime_type") == ("text/plain" if format == ("txt",) else None)


def test_it_asks_for_nothing_but_what_is_free(tmp_path: Path) -> None:
    with Replay() as server:
        served(server)
        found(collector(server, tmp_path, languages=("en", "zh"), topic="sea"), read=False)
        (query,) = server.queries("/books")
    assert query == {
        "search": "harbour",
        "copyright": "false",
        "sort": "popular",
        "languages": "en,zh",
        "topic": "sea",
        "page": "1",
    }


@pytest.mark.parametrize(("country", "outcome"), [("US", "allow"), ("DE", "ask")])
def test_free_in_the_usa_is_not_free_elsewhere(country: str, outcome: str, tmp_path: Path) -> None:
    with Replay() as server:
        served(server)
        seen = found(collector(server, tmp_path, use={"territory": (country,)}), read=False)
    (book,) = candidates(seen)
    assert judge(territory=(country,))(book.said).outcome == outcome


@pytest.mark.parametrize(
    ("listed", "taken"),
    [
        (f"{LIBRARY}/ebooks/9001.epub3.images", f"{MIRROR}/cache/epub/9001/pg9001-images-3.epub"),
        (f"{LIBRARY}/ebooks/9001.epub.noimages", f"{MIRROR}/cache/epub/9001/pg9001.epub"),
        (f"{LIBRARY}/files/9001/9001-0.epub", f"{MIRROR}/9/0/0/9001/9001-0.epub"),
        (f"{LIBRARY}/files/5/5-0.epub", f"{MIRROR}/0/5/5-0.epub"),
        ("http://www.gutenberg.org/cache/epub/1/x.epub", f"{MIRROR}/cache/epub/1/x.epub"),
        ("https://elsewhere.example/x.epub", "https://elsewhere.example/x.epub"),
    ],
)
def test_files_come_from_a_mirror_where_one_is_given(
    listed: str, taken: str, tmp_path: Path
) -> None:
    made = answer()
    made["results"] = made["results"][:1]
    made["results"][0]["formats"] = {"application/epub+zip": listed}
    with Replay() as server:
        served(server)
        server.route("/books", lambda asked: data(made))
        seen = found(collector(server, tmp_path, mirror=f"{MIRROR}/"), read=False)
    assert [one.locator for one in candidates(seen)] == [taken]


@pytest.mark.parametrize("mirror", ["", MIRROR])
def test_books_lie_two_seconds_apart_and_robots_are_heard(mirror: str, tmp_path: Path) -> None:
    made = answer()
    first = made["results"][0]
    other = {"application/epub+zip": f"{LIBRARY}/ebooks/9004.epub3.images"}
    made["results"] = [first, first | {"id": 9004, "formats": other}]
    time = Time()
    with Replay() as server:
        served(server)
        server.route("/books", lambda asked: data(made))
        for path in ("/ebooks/9004.*", "/gutenberg/cache/epub/9004/*"):
            server.route(path, lambda asked: Answer(body=b"PK", type="application/epub+zip"))
        seen = found(collector(server, tmp_path, time, mirror=mirror))
        assert server.paths()[1] == "/robots.txt" and server.count(None, 200) == 4
    assert len(candidates(seen)) == 2
    assert time.slept == [2.0, 2.0]


def test_a_book_that_robots_may_not_have_is_not_asked_for(tmp_path: Path) -> None:
    with Replay() as server:
        served(server)
        server.file("/robots.txt", Answer(body=b"User-agent: *\nDisallow: /ebooks/"))
        with pytest.raises(CurateError, match=r"robots\.txt does not allow it"):
            found(collector(server, tmp_path))
        assert server.paths() == ["/books", "/robots.txt"]


def test_the_page_for_people_is_no_book(tmp_path: Path) -> None:
    with Replay() as server:
        served(server)
        captcha = Answer(body=b"<html>Are you human?", type="text/html")
        server.file("/ebooks/9001.epub3.images", captcha)
        with pytest.raises(CurateError, match="is text/html, not the file"):
            found(collector(server, tmp_path))


def test_its_link_to_the_next_page_is_not_followed(tmp_path: Path) -> None:
    def answered(asked: Query) -> Answer:
        made = answer() | {"next": "http://169.254.169.254/?page=2"}
        made["results"][0]["id"] = int(asked["page"])
        return data(made | ({"next": None} if asked["page"] == "3" else {}))

    with Replay() as server:
        served(server)
        server.route("/books", answered)
        found(collector(server, tmp_path), read=False)
        assert [one["page"] for one in server.queries("/books")] == ["1", "2", "3"]


def test_pages_that_repeat_are_not_read_for_ever(tmp_path: Path) -> None:
    with Replay() as server:
        served(server)
        server.route("/books", lambda asked: data(answer() | {"next": f"{API}/books?page=9"}))
        seen = found(collector(server, tmp_path), read=False)
        assert len(server.requests) == 2
    assert troubles(seen)["Gutendex: harbour"] == "its pages of results repeat each other"


def test_options_are_checked() -> None:
    for wrong in (
        {"languages": ["English"]},
        {"format": []},
        {"format": ["pdf"]},
        {"mirror": "ftp"},
    ):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"type": "gutendex", **wrong}, GutendexSource)

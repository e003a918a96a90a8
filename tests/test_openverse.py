"""Openverse, as its documentation and its recorded examples answer; the files are pictures of ours."""

from __future__ import annotations

import json
import runpy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from curate.api import Workspace
from curate.cli import main
from curate.collectors.openverse import API, OpenverseCollector, OpenverseSource
from curate.errors import CurateError
from curate.model import Candidate, Known, Trouble
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

FILES = "https://files.example.net"
IMAGES = "/v1/images/"


def photo(number: int, **more: object) -> dict[str, object]:
    return {
        **sample("openverse"),
        "id": f"id-{number}",
        "url": f"{FILES}/photos/{number}.jpg",
        "foreign_landing_url": f"https://photos.example/{number}",
        "filetype": "jpg",
        **more,
    }


def results(*every: Mapping[str, object], count: int | None = None, pages: int = 1) -> Answer:
    number = len(every) if count is None else count
    return data({"result_count": number, "page_count": pages, "page_size": 20, "page": 1, "results": every})  # fmt: skip


def numbered(asked: Query, count: int) -> Answer:
    """One page of ``count`` photos."""
    first = (int(asked["page"]) - 1) * 20
    every = [photo(number) for number in range(first, min(first + 20, count))]
    return results(*every, count=count, pages=min(-(-count // 20), 12))


def recorded(name: str, example: str) -> Any:
    """A documented answer of Openverse; its examples are Python."""
    return runpy.run_path(str(material(f"apis/openverse/{name}_responses.py.txt")))[example][
        "application/json"
    ]


@pytest.fixture
def server() -> Iterator[Replay]:
    with Replay() as running:
        running.file("/robots.txt", Answer(404))
        running.route("/photos/*", lambda asked: image())
        yield running


@pytest.fixture
def time() -> Time:
    return Time()


def collector(
    server: Replay, time: Time, folder: Path, *, decide: Any = None, **options: Any
) -> OpenverseCollector:
    hosts = (API, FILES, "https://cdn.stocksnap.io", "https://mp3d.jamendo.com")
    made = context(server.fetcher(time, *hosts), folder, decide=decide or decider("NC"))
    return OpenverseCollector(OpenverseSource(**{"search": ("cat",), **options}), made)


def test_keeps_creator_licence_page_and_evidence(
    server: Replay, time: Time, tmp_path: Path
) -> None:
    server.file(IMAGES, results(photo(1)))
    (one,) = candidates(found(collector(server, time, tmp_path), read=False))
    assert (one.locator, one.suffix) == (f"{FILES}/photos/1.jpg", ".jpg")
    assert (one.said.title, one.said.creators) == ("Quiet harbour", ("Ana Lima",))
    assert one.said.url == "https://photos.example/1"
    (stated,) = one.said.statements
    assert (stated.license, stated.where) == ("CC-BY-ND-4.0", f"{API}/v1/images/1/")
    assert stated.attribution.startswith('"Quiet harbour" by Ana Lima')
    with one.open() as stream:
        assert stream.read() == picture(0)


def test_the_recorded_image(server: Replay, time: Time, tmp_path: Path) -> None:
    server.file(IMAGES, data(recorded("image", "image_search_200_example")))
    server.route("/img-thumbs/*", lambda asked: image())
    one, smaller = found(collector(server, time, tmp_path))
    assert isinstance(one, Candidate) and isinstance(smaller, Trouble)
    assert one.said.title == "Tree Bark Photo" and one.said.creators == ("Tim Sullivan",)
    assert [stated.license for stated in one.said.statements] == ["CC0-1.0"]
    # Its record states 896,128 bytes; what lies there is 960 pixels wide.
    assert smaller.locator == "https://stocksnap.io/photo/XNVBVXO3B7"
    assert str(smaller.reason) == f"a smaller copy of it was taken: {one.locator}"
    assert not smaller.retry and not smaller.hides


def test_the_recorded_sound_is_not_for_sale(server: Replay, time: Time, tmp_path: Path) -> None:
    server.file("/v1/audio/", data(recorded("audio", "audio_search_200_example")))
    made = collector(server, time, tmp_path, media=("audio",))
    assert troubles(found(made)) == {
        "https://mp3d.jamendo.com/download/track/1214935/mp32": "CC-BY-NC-SA-3.0 does not fit"
    }
    assert server.paths() == ["/v1/audio/"]


def test_a_smaller_copy_is_told_of_in_every_run(server: Replay, time: Time, tmp_path: Path) -> None:
    server.file(IMAGES, results(photo(1, filesize=10**6), photo(2, filesize=10)))
    seen = found(collector(server, time, tmp_path))
    known = {one.locator: Known(one.stamp if isinstance(one, Candidate) else "") for one in seen}
    server.forget()
    again = found(collector(server, time, tmp_path), known)
    assert troubles(again) == troubles(seen) != {}
    assert list(troubles(seen)) == ["https://photos.example/1"]
    assert server.paths() == [IMAGES]


def test_asks_only_for_what_can_be_used(server: Replay, time: Time, tmp_path: Path) -> None:
    server.file(IMAGES, results())
    server.file("/v1/audio/", results())
    found(
        collector(
            server, time, tmp_path, media=("images", "audio"), source=("wikimedia", "met"),
            extension=("jpg", "svg"), category=("photograph",), mature=True,
        )
    )  # fmt: skip
    (asked,) = server.queries(IMAGES)
    assert asked == {
        "q": "cat", "license": "cc0,pdm,by,by-sa,by-nd", "page_size": "20", "page": "1",
        "source": "wikimedia,met", "extension": "jpg,svg", "category": "photograph", "mature": "true",
    }  # fmt: skip
    assert server.queries("/v1/audio/") == [asked]
    server.forget()
    found(collector(server, time, tmp_path, excluded_source=("flickr",)))
    (asked,) = server.queries(IMAGES)
    assert asked["excluded_source"] == "flickr" and "mature" not in asked and "source" not in asked
    with pytest.raises(CurateError, match="Openverse has nothing under a licence"):
        found(collector(server, time, tmp_path, decide=decider("CC")))


def test_pages_follow_until_the_limit(server: Replay, time: Time, tmp_path: Path) -> None:
    server.route(IMAGES, lambda asked: numbered(asked, 50))
    every = found(collector(server, time, tmp_path), read=False)
    assert len(candidates(every)) == len(every) == 50
    assert [one["page"] for one in server.queries(IMAGES)] == ["1", "2", "3"]
    assert time.slept == [3.0, 3.0]  # twenty requests a minute
    server.forget()
    some = found(collector(server, time, tmp_path, limit=20), read=False)
    assert len(candidates(some)) == 20
    assert troubles(some) == {"Openverse: cat": "there are more results than limit = 20"}


@pytest.mark.parametrize("count", [241, 10_000, 10**18])
def test_strangers_are_shown_no_more_than_the_first_results(
    server: Replay, time: Time, tmp_path: Path, count: int
) -> None:
    server.route(IMAGES, lambda asked: numbered(asked, count))
    every = found(collector(server, time, tmp_path, limit=1000), read=False)
    assert len(candidates(every)) == 240 and server.count() == 12
    (last,) = troubles(every).values()
    assert last == "Openverse shows strangers no more than 240 results of a search"
    assert isinstance(every[-1], Trouble) and every[-1].hides


def test_a_depth_that_is_cut_further(server: Replay, time: Time, tmp_path: Path) -> None:
    server.route(
        IMAGES, lambda asked: numbered(asked, 99) if int(asked["page"]) < 3 else Answer(401)
    )
    every = found(collector(server, time, tmp_path), read=False)
    assert len(candidates(every)) == 40
    assert list(troubles(every).values()) == [
        "Openverse shows strangers no more than 40 results of a search"
    ]


def test_exactly_as_many_as_are_shown_hides_nothing(
    server: Replay, time: Time, tmp_path: Path
) -> None:
    server.route(IMAGES, lambda asked: numbered(asked, 240))
    every = found(collector(server, time, tmp_path, limit=1000), read=False)
    assert len(every) == len(candidates(every)) == 240


def test_images_and_audio_take_turns(server: Replay, time: Time, tmp_path: Path) -> None:
    server.route(IMAGES, lambda asked: numbered(asked, 40))
    sounds = [photo(n, url=f"{FILES}/sounds/{n}.mp3", filetype="mp3") for n in (1, 2)]
    server.file("/v1/audio/", results(*sounds))
    made = collector(server, time, tmp_path, media=("images", "audio"), limit=22)
    suffixes = [one.suffix for one in candidates(found(made, read=False))]
    assert suffixes == [".jpg"] * 20 + [".mp3"] * 2


@pytest.mark.parametrize(
    ("status", "hint"),
    [(400, "correct them in collection.toml"), (429, "200 times a day"), (500, "run again later")],
)
def test_an_error_says_what_to_do(
    server: Replay, time: Time, tmp_path: Path, status: int, hint: str
) -> None:
    body = msgspec.json.encode({"error": "InputError", "detail": "no such source"})
    server.file(IMAGES, Answer(status, body, headers={"Retry-After": "86400"}))
    with pytest.raises(CurateError) as error:
        found(collector(server, time, tmp_path))
    assert str(status) in error.value.message and hint in error.value.hint
    assert time.slept == [] or status == 500


def test_what_was_found_before_a_fault_stays(server: Replay, time: Time, tmp_path: Path) -> None:
    server.route(IMAGES, lambda asked: numbered(asked, 60) if asked["page"] == "1" else Answer(503))
    seen = []
    with pytest.raises(CurateError, match="503"):
        for one in collector(server, time, tmp_path).candidates(lambda locator: None):
            seen.append(one)
    assert len(seen) == 20


def test_records_of_any_shape_are_data(server: Replay, time: Time, tmp_path: Path) -> None:
    strange: list[Any] = [
        None, 7, "photo", [], {}, photo(1, url="javascript:alert(1)"), photo(2, url=None),
        photo(3, url=["x"]), photo(4, license={"a": 1}, license_url=7, creator=["A", None], tags="no"),
        photo(5, filesize="many", filetype="../../etc", mature="maybe"), photo(6, mature=True),
    ]  # fmt: skip
    server.file(IMAGES, results(*strange, count=10))
    seen = found(collector(server, time, tmp_path), read=False)
    assert [one.locator[-5:] for one in candidates(seen)] == ["5.jpg"]
    said = troubles(seen)
    assert said[f"{FILES}/photos/6.jpg"] == "Openverse marks it as not suitable for everyone"
    assert said["https://photos.example/2"] == "Openverse gives no address of its file"
    assert said[f"{FILES}/photos/4.jpg"] == "its licence is not known"
    assert not any(one.hides for one in seen if isinstance(one, Trouble))


def test_a_page_instead_of_the_picture_is_an_error_of_that_item(
    server: Replay, time: Time, tmp_path: Path
) -> None:
    server.file(IMAGES, results(photo(1)))
    server.route("/photos/*", lambda asked: Answer(body=b"<html>sold", type="text/html"))
    (one,) = candidates(found(collector(server, time, tmp_path), read=False))
    with pytest.raises(CurateError) as error:
        one.open()
    assert error.value.hint == "look at https://photos.example/1"


@pytest.mark.parametrize(
    "wrong",
    [
        {"media": ()},
        {"media": ("films",)},
        {"source": ("a",), "excluded_source": ("b",)},
        {"limit": 0},
    ],
)
def test_options_that_cannot_be(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"type": "openverse", **wrong}, OpenverseSource)


def test_sources_that_differ_have_different_places() -> None:
    made = [
        OpenverseSource(search=("cat",)),
        OpenverseSource(search=("cat",), media=("audio",)),
        OpenverseSource(search=("cat",), source=("met",)),
        OpenverseSource(search=("cat",), excluded_source=("met",)),
        OpenverseSource(),
    ]
    assert len({one.place for one in made}) == len(made)


CONFIG = """title = "Harbours"
language = "en"
keywords = ["harbour"]
[[sources]]
type = "openverse"
media = ["images"]
[listing]
price = "9.90"
currency = "EUR"
"""


def test_the_whole_way(server: Replay, tmp_path: Path) -> None:
    """Collected, judged and explained: what it is, whose it is, under which licence and who says so."""
    nc = {
        "license": "by-nc",
        "license_version": "2.0",
        "license_url": "https://creativecommons.org/licenses/by-nc/2.0/",
        "attribution": "",
    }
    cc0 = {"license": "cc0", "license_version": "1.0", "license_url": "", "title": "Old harbour"}
    server.file(IMAGES, results(photo(1), photo(2, **nc), photo(3, **cc0)))
    server.route("/photos/*", lambda asked: image(3))
    server.file("/photos/1.jpg", image(1))
    workspace = Workspace.init(tmp_path / "w")
    hosts = ", ".join(f'"{home}" = "{server.url}"' for home in (API, FILES))
    settings = f"[fetch]\ndelay = 0\nhosts = {{ {hosts} }}\n"
    (workspace.root / "curate.toml").write_text(settings, "utf-8")
    workspace.collection_file("harbours").parent.mkdir()
    workspace.collection_file("harbours").write_text(CONFIG, "utf-8")

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(main, [*arguments, "--workspace", str(workspace.root)])
        assert done.exit_code == 0, done.output
        return done.output

    run("collect", "harbours")
    (asked,) = server.queries(IMAGES)
    assert asked["q"] == "harbour" and "nc" not in asked["license"]
    run("classify", "harbours")
    why = run("why", f"{FILES}/photos/1.jpg")
    for part in (
        "Quiet harbour",
        "CC-BY-ND-4.0",
        f"{API}/v1/images/1/ says",
        "goes into the bundle",
    ):
        assert part in why
    left = run("why", f"{FILES}/photos/2.jpg")
    assert "rejected" in left and "CC-BY-NC-2.0" in left and "forbids commercial use" in left
    assert "/photos/2.jpg" not in server.paths()

    run("package", "harbours")
    (rights,) = workspace.root.glob("build/harbours/*/rights.json")
    packed = {item["title"]: item for item in json.loads(rights.read_text("utf-8"))["items"]}
    assert packed.keys() == {"Quiet harbour", "Old harbour"}
    item = packed["Quiet harbour"]
    assert (item["holder"], item["license"]) == ("Ana Lima", "CC-BY-ND-4.0")
    assert item["source"] == "https://photos.example/1" and "by Ana Lima" in item["credit"]

    server.forget()
    run("collect", "harbours")
    assert server.paths() == [IMAGES]  # what is known is not downloaded again

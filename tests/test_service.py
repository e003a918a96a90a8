"""What all open-licence services share: searching, judging, downloading, and manners."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import plugins
from curate.collection import Source
from curate.collectors import Context
from curate.collectors.service import Offer, Service, ServiceSource, quoted
from curate.errors import CurateError
from curate.fetch import Fetcher
from curate.model import Candidate, Decision, Known, Said, Statement, Trouble
from tests.server import Answer, redirect
from tests.services import (
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

HOME = "https://api.example.org"


class ShelfSource(ServiceSource, frozen=True, kw_only=True, tag="shelf"):
    pass


class Shelf(Service):
    """The smallest service: its answer lists what it has."""

    options: ClassVar[type[Source]] = ShelfSource
    name = "Shelf"
    documented = (HOME,)
    interval = 2.0

    def offers(self, search: str) -> Iterator[Offer | Trouble]:
        for one in self.entries(self.ask(f"{HOME}/find", {"q": search}), "results"):
            stated = Statement(one.get("license", "CC0"), "api", HOME, license=one.get("id", "CC0-1.0"))  # fmt: skip
            yield Offer(
                one["url"],
                Said(title=one.get("title", ""), statements=(stated,)),
                checksum=one.get("checksum", ""),
                kinds=("image/",),
            )


@pytest.fixture
def server() -> Iterator[Replay]:
    with Replay() as running:
        yield running


@pytest.fixture
def time() -> Time:
    return Time()


def shelf(server: Replay, time: Time, folder: Path, *, options: Any = None, **more: Any) -> Shelf:
    fetch = server.fetcher(time, HOME, "https://files.example.net", **more.pop("fetch", {}))
    return Shelf(options or ShelfSource(search=("cat",)), context(fetch, folder, **more))


def listing(*results: dict[str, str]) -> Answer:
    return data({"results": list(results)})


def numbered(*numbers: int, **more: str) -> list[dict[str, str]]:
    return [{"url": f"{HOME}/file/{number}", **more} for number in numbers]


def test_what_is_offered_is_found_and_read(server: Replay, time: Time, tmp_path: Path) -> None:
    server.file("/find", listing(*numbered(1, title="A cat")))
    server.file("/file/1", image(1))
    (one,) = candidates(found(shelf(server, time, tmp_path), read=False))
    assert (one.locator, one.said.title) == (f"{HOME}/file/1", "A cat")
    assert one.stamp and one.restates
    with one.open() as stream:
        assert stream.read() == picture(1)


def test_each_keyword_is_a_search_where_none_is_given(
    server: Replay, time: Time, tmp_path: Path
) -> None:
    server.route("/find", lambda asked: listing(*numbered(1 if asked["q"] == "cat" else 2)))
    made = shelf(server, time, tmp_path, options=ShelfSource(), keywords=("cat", "dog"))
    assert [one.locator[-1] for one in found(made, read=False)] == ["1", "2"]
    with pytest.raises(CurateError, match="nothing to search Shelf for"):
        found(shelf(server, time, tmp_path, options=ShelfSource()))


def test_what_the_collection_may_not_use_is_left_with_its_reason(
    server: Replay, time: Time, tmp_path: Path
) -> None:
    server.file("/find", listing(*numbered(1, id="CC-BY-NC-4.0"), *numbered(2)))
    seen = found(shelf(server, time, tmp_path), read=False)
    first, second = seen
    assert isinstance(first, Trouble) and isinstance(second, Candidate)
    assert str(first.reason) == "CC-BY-NC-4.0 does not fit"
    assert not first.retry and not first.hides
    assert server.paths() == ["/find"]  # nothing of it was downloaded


def test_a_limit_hides_the_rest(server: Replay, time: Time, tmp_path: Path) -> None:
    server.file("/find", listing(*numbered(1, 1, 2, 3)))
    made = shelf(server, time, tmp_path, options=ShelfSource(search=("cat",), limit=2))
    *taken, rest = found(made, read=False)
    assert [one.locator[-1] for one in taken] == ["1", "2"]
    assert isinstance(rest, Trouble) and rest.hides and not rest.retry
    assert str(rest.reason) == "there are more results than limit = 2"


def test_a_search_that_gives_next_to_nothing_usable_ends(
    server: Replay, time: Time, tmp_path: Path
) -> None:
    server.file("/find", listing(*numbered(*range(600), id="CC-BY-NC-4.0")))
    made = shelf(server, time, tmp_path, options=ShelfSource(search=("cat",), limit=5))
    *denied, rest = found(made)
    assert len(denied) == 500
    assert isinstance(rest, Trouble) and rest.hides
    assert str(rest.reason) == "of its first 500 results only 0 may be used"


def test_one_search_that_fails_does_not_end_the_others(
    server: Replay, time: Time, tmp_path: Path
) -> None:
    server.route(
        "/find", lambda asked: Answer(404) if asked["q"] == "cat" else listing(*numbered(1))
    )
    made = shelf(server, time, tmp_path, options=ShelfSource(search=("cat", "dog")))
    failed, fine = found(made, read=False)
    assert isinstance(failed, Trouble) and failed.hides and failed.retry
    assert "404" in str(failed.reason) and isinstance(fine, Candidate)
    server.file("/find", Answer(404))
    with pytest.raises(CurateError, match="404"):
        found(made)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(body=b"<html>busy", type="text/html"), id="a page"),
        pytest.param(Answer(body=b'{"results": [{"url'), id="cut off"),
        pytest.param(Answer(body=b"[" * 100_000), id="nested without end"),
        pytest.param(Answer(body=b'{"results": "none"}'), id="no list"),
        pytest.param(Answer(body=b"[1, 2]"), id="no object"),
        pytest.param(Answer(body=b"\xff\xfe"), id="no text"),
        pytest.param(Answer(body=b" ", repeat=33 << 20), id="too large"),
        pytest.param(Answer(503), id="a fault"),
    ],
)
def test_an_answer_that_is_none_is_an_error_of_that_search(
    server: Replay, time: Time, tmp_path: Path, answer: Answer
) -> None:
    server.file("/find", answer)
    with pytest.raises(CurateError) as error:
        found(shelf(server, time, tmp_path))
    assert error.value.hint and error.value.message.startswith(("Shelf", f"{HOME}/find"))


def test_a_broken_answer_is_asked_for_once_more(server: Replay, time: Time, tmp_path: Path) -> None:
    server.once("/find", Answer(body=b'{"results'), Answer(429, headers={"Retry-After": "7"}))
    server.file("/find", listing(*numbered(1)))
    assert len(candidates(found(shelf(server, time, tmp_path), read=False))) == 1
    assert any(seconds == 7.0 for seconds in time.slept)


def test_the_service_is_asked_no_faster_than_it_wants(
    server: Replay, time: Time, tmp_path: Path
) -> None:
    server.file("/find", listing(*numbered(1)))
    server.file("/file/1", image(1))
    made = shelf(server, time, tmp_path, options=ShelfSource(search=("cat", "dog", "owl")))
    found(made)
    assert time.slept == [2.0, 2.0, 2.0]  # three searches and a download


def test_an_answer_that_drips_is_left(server: Replay, tmp_path: Path) -> None:
    class Running(Time):
        def clock(self) -> float:
            self.now += 20.0
            return self.now

    server.file("/find", Answer(body=b" " * 50, pause=0.001))
    with pytest.raises(CurateError, match="sends too slowly"):
        found(shelf(server, Running(), tmp_path))


@pytest.mark.parametrize("method", ["md5", "sha1"])
def test_checksums_are_checked(server: Replay, time: Time, tmp_path: Path, method: str) -> None:
    right = hashlib.new(method, picture(1), usedforsecurity=False).hexdigest()
    server.file(
        "/find",
        listing(
            *numbered(1, checksum=f"{method}:{right.upper()}"),
            *numbered(2, checksum=f"{method}:{right}"),
        ),
    )
    server.file("/file/1", image(1))
    server.file("/file/2", image(2))
    fine, other = candidates(found(shelf(server, time, tmp_path), read=False))
    with fine.open() as stream:
        assert stream.read() == picture(1)
    with other.open() as stream, pytest.raises(CurateError, match="checksums differ"):
        stream.read()


def test_a_page_instead_of_the_file_is_refused(server: Replay, time: Time, tmp_path: Path) -> None:
    server.file("/find", listing(*numbered(1)))
    server.file("/file/1", Answer(body=b"<html>gone", type="text/html"))
    (one,) = candidates(found(shelf(server, time, tmp_path), read=False))
    with pytest.raises(CurateError, match="is text/html, not the file that Shelf lists"):
        one.open()


def test_other_hosts_are_asked_for_their_rules(server: Replay, time: Time, tmp_path: Path) -> None:
    far = "https://files.example.net"
    server.file("/find", listing({"url": f"{far}/open/1"}, {"url": f"{far}/shut/2"}))
    server.file("/robots.txt", Answer(body=b"User-agent: *\nDisallow: /shut/"))
    server.file("/open/1", image(1))
    server.file("/shut/2", image(2))
    first, second = candidates(found(shelf(server, time, tmp_path), read=False))
    with first.open() as stream:
        assert stream.read() == picture(1)
    with pytest.raises(CurateError, match=r"robots\.txt does not allow it"):
        second.open()
    assert server.paths() == ["/find", "/robots.txt", "/open/1"]


def test_a_way_that_leads_to_another_host_follows_its_rules(
    server: Replay, time: Time, tmp_path: Path
) -> None:
    server.file("/find", listing(*numbered(1)))
    server.file("/file/1", redirect("https://files.example.net/shut/1"))
    server.file("/robots.txt", Answer(body=b"User-agent: *\nDisallow: /"))
    (one,) = candidates(found(shelf(server, time, tmp_path), read=False))
    with pytest.raises(CurateError, match=r"robots\.txt does not allow it"):
        one.open()


def test_what_has_not_changed_is_not_opened(server: Replay, time: Time, tmp_path: Path) -> None:
    server.file("/find", listing(*numbered(1)))
    server.file("/file/1", image(1))
    made = shelf(server, time, tmp_path)
    (one,) = candidates(found(made))
    (again,) = candidates(found(made, {one.locator: Known(one.stamp)}))
    assert again.stamp == one.stamp and server.paths().count("/file/1") == 1


def test_licences_that_may_be_searched_for(server: Replay, time: Time, tmp_path: Path) -> None:
    codes = {"by": "CC-BY-4.0", "by-nc": "CC-BY-NC-4.0"}
    assert shelf(server, time, tmp_path).usable(codes) == ["by"]
    strict = shelf(server, time, tmp_path, decide=decider("CC"))
    with pytest.raises(CurateError, match="nothing under a licence that this collection could use"):
        strict.needed(codes)


def test_without_a_policy_everything_is_asked_about(
    server: Replay, time: Time, tmp_path: Path
) -> None:
    server.file("/find", listing(*numbered(1, id="CC-BY-NC-4.0")))
    made = shelf(server, time, tmp_path, decide=lambda said: Decision("ask"))
    assert len(candidates(found(made, read=False))) == 1


@pytest.mark.parametrize(
    ("keyword", "searched"),
    [
        ("cat", "cat"),
        ("猫", "猫"),
        ("tabby cat", '"tabby cat"'),
        ("C++", '"C++"'),
        ('say "cat" OR \\', '"say cat OR"'),
    ],
)
def test_a_keyword_is_a_phrase_not_an_order(keyword: str, searched: str) -> None:
    assert quoted(keyword) == searched


def test_denied_without_a_reason_is_unknown(server: Replay, time: Time, tmp_path: Path) -> None:
    server.file("/find", listing(*numbered(1)))
    made = shelf(server, time, tmp_path, decide=lambda said: Decision("deny"))
    assert troubles(found(made)) == {f"{HOME}/file/1": "its licence is not known"}


KEYS = st.sampled_from(
    "results url license filetype filesize mature page_count result_count query pages continue batchcomplete"
    " imageinfo title index sha1 mime extmetadata error code response docs items numFound cursor metadata"
    " identifier licenseurl collection mediatype files name source format md5 is_dark gsroffset".split()
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9)
    | st.sampled_from(["https://files.example.net/a.jpg", "original", "by", "maxlag", "a", "\x00", "\ud800"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=8),
    max_leaves=25,
)  # fmt: skip
WANTED = {
    "openverse": {"results": VALUES},
    "commons": {"query": st.fixed_dictionaries({"pages": VALUES}), "continue": VALUES},
    "internet-archive": {
        "response": st.fixed_dictionaries({"docs": VALUES}), "metadata": VALUES, "files": VALUES,
        "items": VALUES,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(WANTED))
@pytest.mark.parametrize("limit", [9, 900])
@given(data=st.data())
@settings(max_examples=60)
def test_whatever_a_service_answers_is_data(name: str, limit: int, data: st.DataObject) -> None:
    kind = plugins.load("collectors", name)
    answers = st.fixed_dictionaries({}, optional=WANTED[name]) | st.dictionaries(KEYS, VALUES)

    class Told(kind):  # type: ignore[misc,valid-type]
        def ask(self, address: str, query: object = None) -> object:
            return data.draw(answers)

    made = Told(kind.options(search=("cat",), limit=limit), Context(Path(), Fetcher(sleep=lambda seconds: None)))  # fmt: skip
    try:
        for one in islice(made.candidates(lambda locator: None), 200):
            assert isinstance(one, Candidate | Trouble) and one.locator
            one.locator.encode()
    except CurateError as fault:
        assert fault.hint

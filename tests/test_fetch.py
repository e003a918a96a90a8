"""The fetcher against a real server that misbehaves."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.errors import CurateError
from curate.fetch import HOPS, Fetcher, StatusError, origin, shown
from curate.workspace import Fetch
from tests.server import Answer, Server, redirect, zipped

BODY = bytes(range(256)) * 4000  # 1 MB


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


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture
def time() -> Time:
    return Time()


def fetcher(time: Time, **settings: object) -> Fetcher:
    made = Fetch(**{"delay": 0.0, "retries": 2, "private": ("127.0.0.1",), **settings})  # type: ignore[arg-type]
    return Fetcher(made, clock=time.clock, sleep=time.sleep)


def test_says_who_it_is(server: Server, time: Time) -> None:
    server.always("/", Answer(body=b"hello", headers={"Set-Cookie": "a=b"}))
    with fetcher(time, contact="me@example.org") as fetch:
        for _ in range(2):
            with fetch.get(f"{server.url}/") as got:
                assert (got.status, got.mime, got.body.read()) == (200, "text/plain", b"hello")
    first, second = server.requests
    assert first.headers["User-Agent"].startswith("curate/")
    assert first.headers["User-Agent"].endswith(" (+me@example.org)")
    assert "Cookie" not in second.headers


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(server: Server, time: Time, status: int) -> None:
    server.say("/", Answer(status), Answer(status), Answer(body=b"at last"))
    with fetcher(time).get(f"{server.url}/") as got:
        assert got.body.read() == b"at last"
    first, second = time.slept
    assert 0.5 <= first <= 0.75 and 1.0 <= second <= 1.5


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:09 GMT"}, 0.0),  # long ago, by any clock
        ({"Retry-After": "soon"}, 0.0),
    ],
)
def test_retry_after_is_honoured(
    server: Server, time: Time, headers: dict[str, str], seconds: float
) -> None:
    server.say("/", Answer(503, headers=headers), Answer(body=b"x"))
    fetcher(time).get(f"{server.url}/").close()
    assert time.slept[0] == seconds if seconds else 0.5 <= time.slept[0] <= 0.75


def test_a_wait_of_hours_is_an_error_now(server: Server, time: Time) -> None:
    server.always("/", Answer(429, headers={"Retry-After": "7200"}))
    with pytest.raises(StatusError) as caught:
        fetcher(time).get(f"{server.url}/")
    assert (caught.value.status, time.slept, server.count()) == (429, [], 1)
    assert "fetch.delay" in caught.value.hint


def test_gives_up_after_the_last_try(server: Server, time: Time) -> None:
    server.always("/", Answer(500))
    with pytest.raises(StatusError, match="answers 500") as caught:
        fetcher(time).get(f"{server.url}/")
    assert server.count("/", 500) == 3
    assert pickle.loads(pickle.dumps(caught.value)).status == 500


def test_a_missing_page_is_not_asked_for_twice(server: Server, time: Time) -> None:
    with pytest.raises(StatusError) as caught:
        fetcher(time).get(f"{server.url}/gone")
    assert (caught.value.status, server.count()) == (404, 1)


def test_nobody_there(time: Time) -> None:
    with Server() as gone:
        url = gone.url
    with pytest.raises(CurateError, match="cannot be reached"):
        fetcher(time).get(f"{url}/")
    assert len(time.slept) == 2


def test_a_connection_dropped_before_the_answer(server: Server, time: Time) -> None:
    server.say("/", Answer(close=True), Answer(body=b"x"))
    with fetcher(time).get(f"{server.url}/") as got:
        assert got.body.read() == b"x"


@pytest.mark.parametrize("cut", [0, 1, 70_000, len(BODY) - 1])
@pytest.mark.parametrize("headers", [{}, {"ETag": '"1"'}, {"ETag": 'W/"1"'}], ids=str)
def test_a_body_that_breaks_off_is_completed(
    server: Server, time: Time, cut: int, headers: dict[str, str]
) -> None:
    answer = Answer(body=BODY, headers=headers)
    server.say("/", Answer(body=BODY, headers=headers, cut=cut), answer)
    with fetcher(time).get(f"{server.url}/") as got:
        assert got.body.read() == BODY
    resumed = cut > 0 and headers.get("ETag", "").startswith('"')
    assert server.count("/", 206) == int(resumed)


def test_a_compressed_body_that_breaks_off_is_completed(server: Server, time: Time) -> None:
    whole = zipped(Answer(body=BODY, headers={"ETag": '"1"'}))
    server.say("/", Answer(200, whole.body, "", whole.headers, cut=900), whole)
    with fetcher(time).get(f"{server.url}/") as got:
        assert got.body.read() == BODY


def test_a_body_that_changed_in_between_is_never_glued(server: Server, time: Time) -> None:
    server.say("/", Answer(body=BODY, cut=70_000), Answer(body=b"?" + BODY[1:]))
    with pytest.raises(CurateError, match="changed"), fetcher(time).get(f"{server.url}/") as got:
        got.body.read()


def test_a_body_that_always_breaks_off_is_an_error(server: Server, time: Time) -> None:
    server.always("/", Answer(body=BODY, cut=1000))
    with pytest.raises(CurateError, match="broke off"), fetcher(time).get(f"{server.url}/") as got:
        got.body.read()
    assert server.count() == 3


@pytest.mark.parametrize("chunked", [False, True], ids=["announced", "unannounced"])
def test_too_large_is_an_error(server: Server, time: Time, chunked: bool) -> None:
    server.always("/", Answer(body=bytes(1 << 20), repeat=3, chunked=chunked))
    with pytest.raises(CurateError, match="larger than 2 MiB") as caught:
        fetcher(time, max_mb=2).get(f"{server.url}/").body.read()
    assert "fetch.max_mb" in caught.value.hint


def test_a_compressed_bomb_is_measured_unpacked(server: Server, time: Time) -> None:
    server.always("/", zipped(Answer(body=bytes(4 << 20))))
    with pytest.raises(CurateError, match="larger than 2 MiB"):
        fetcher(time).get(f"{server.url}/", limit=2 << 20).body.read()


def test_damaged_compression_is_an_error(server: Server, time: Time) -> None:
    server.always("/", Answer(body=b"no gzip", headers={"Content-Encoding": "gzip"}))
    with pytest.raises(CurateError, match="damaged"):
        fetcher(time).get(f"{server.url}/").body.read()


def test_a_dripping_server_is_left(server: Server) -> None:
    server.always("/", Answer(body=bytes(1000), pause=0.02))
    fetch = Fetcher(Fetch(delay=0, timeout=0.2, private=("127.0.0.1",)))
    with pytest.raises(CurateError, match="too slowly"), fetch.get(f"{server.url}/") as got:
        got.body.read()


def test_a_silent_server_is_left(server: Server, time: Time) -> None:
    server.always("/", Answer(body=b"x", pause=30))
    with pytest.raises(CurateError, match="broke off after 0 bytes"):
        fetcher(time, timeout=0.1).get(f"{server.url}/").body.read()


def test_redirects_are_asked_for_one_by_one(server: Server, time: Time) -> None:
    server.say("/a", redirect("/b#part"))
    server.say("/b", redirect("文.txt"))
    server.always("/%E6%96%87.txt", Answer(body=b"x"))
    seen: list[str] = []
    with fetcher(time).get(f"{server.url}/a", allowed=seen.append) as got:
        assert got.url == f"{server.url}/%E6%96%87.txt"
    assert seen == [f"{server.url}/a", f"{server.url}/b", f"{server.url}/%E6%96%87.txt"]


def test_a_redirect_may_be_refused(server: Server, time: Time) -> None:
    server.always("/a", redirect("http://example.org/"))

    def allowed(url: str) -> None:
        if "example.org" in url:
            raise PermissionError

    with pytest.raises(PermissionError):
        fetcher(time).get(f"{server.url}/a", allowed=allowed)


@pytest.mark.parametrize(
    ("to", "message"),
    [
        ("/a", "in a circle"),
        ("file:///etc/passwd", "no web address"),
        ("//[", "no web address"),
        ("http://:80/", "no web address"),
    ],
)
def test_bad_redirects(server: Server, time: Time, to: str, message: str) -> None:
    server.always("/a", redirect(to))
    with pytest.raises(CurateError, match=message):
        fetcher(time).get(f"{server.url}/a")


def test_endless_redirects_end(server: Server, time: Time) -> None:
    for n in range(30):
        server.always(f"/{n}", redirect(f"/{n + 1}"))
    with pytest.raises(CurateError, match="redirects"):
        fetcher(time).get(f"{server.url}/0")
    assert server.count() == HOPS + 1


def test_an_unchanged_file_is_not_sent_again(server: Server, time: Time) -> None:
    marks = {"ETag": '"v1"', "Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT"}
    server.say("/", Answer(body=b"x", headers=marks), Answer(304, headers=marks))
    fetch = fetcher(time)
    with fetch.get(f"{server.url}/") as got:
        stamp = got.stamp
    with fetch.get(f"{server.url}/", stamp=lambda url: stamp) as again:
        assert (again.status, again.stamp) == (304, stamp)
    sent = server.requests[1].headers
    assert (sent["If-None-Match"], sent["If-Modified-Since"]) == (
        marks["ETag"],
        marks["Last-Modified"],
    )


def test_a_mapped_origin_keeps_its_name(server: Server, time: Time) -> None:
    server.say("/a", redirect(f"{server.url}/b"))
    server.say("/b", redirect("https://site.test/c"))
    server.always("/c", Answer(body=b"x"))
    fetch = fetcher(time, hosts={"https://site.test": server.url})
    with fetch.get("https://site.test/a") as got:
        assert (got.url, got.body.read()) == ("https://site.test/c", b"x")
    with pytest.raises(StatusError, match=r"https://site\.test/missing answers 404"):
        fetch.get("https://site.test/missing")


def test_each_host_has_its_own_pace(server: Server, time: Time) -> None:
    server.always("/", Answer())
    hosts = {"http://one.test": server.url, "http://two.test": server.url}
    fetch = fetcher(time, delay=0.5, hosts=hosts)
    fetch.slow_down("http://two.test/x", 3.0)
    for host in ("one", "two", "one", "two", "one"):
        fetch.get(f"http://{host}.test/").close()
    assert time.slept == [0.5, 2.5, 0.0] or time.slept == [0.5, 2.5]


def test_secrets_in_an_address_stay_there(time: Time) -> None:
    with Server() as gone:
        url = gone.url.replace("//", "//user:p@ss@")
    with pytest.raises(CurateError) as caught:
        fetcher(time).get(f"{url}/")
    assert "p@ss" not in caught.value.message + caught.value.hint
    assert shown("https://a:b@c/d@e") == "https://c/d@e"


@pytest.mark.parametrize("url", ["", "x", "ftp://a/", "http://", "http://[", "http://a:b/"])
def test_no_web_address(time: Time, url: str) -> None:
    with pytest.raises(CurateError, match="no"):
        fetcher(time).get(url)


def test_origin_folds_what_means_the_same() -> None:
    assert origin("HTTP://Example.org:80/x") == "http://example.org"
    assert origin("https://example.org:8443") == "https://example.org:8443"


@given(st.text(max_size=30))
def test_any_text_is_an_origin_or_an_error(text: str) -> None:
    try:
        assert origin(f"http://{text}").startswith("http://")
    except CurateError as fault:
        assert fault.hint

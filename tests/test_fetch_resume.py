"""Large downloads go on where they were: after a lost connection, a killed run, a torn disk."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from benchmarks.downloads import MIB, SHARE, measure
from curate.errors import CurateError
from curate.fetch import Fetched, Fetcher, StatusError
from curate.fetch.parts import BLOCK, STALE
from curate.workspace import Fetch

BODY = os.urandom(3 * MIB)
OLD = {"Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT"}
TAG = {"ETag": '"v1"', "Content-Type": "application/pdf"}


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what these tests are about."""


class Shelf:
    """A server of one file, whose manners can be changed."""

    def __init__(self) -> None:
        self.body, self.marks = BODY, dict(TAG)
        self.answers: list[tuple[int, int]] = []  # status, first byte
        self.ranges = "well"
        self.status = 0  # instead of any file
        shelf = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                shelf.answer(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.http = _Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/file.pdf"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def answer(self, asked: BaseHTTPRequestHandler) -> None:
        wanted = re.fullmatch(r"bytes=(\d+)-", asked.headers.get("Range", ""))
        valid = asked.headers.get("If-Range") in (
            self.marks.get("ETag"),
            self.marks.get("Last-Modified"),
        )
        start, size = (int(wanted[1]) if wanted and valid else 0), len(self.body)
        status = 206 if start else 200
        first = start
        if start and self.ranges == "refused":
            status, first = 416, size
        if start and self.ranges == "forbidden":
            status, first = 403, size
        if start and self.ranges == "elsewhere":
            first = start + 1
        if asked.headers.get("If-None-Match") == self.marks.get("ETag", ""):
            status, first = 304, size
        elif self.status:
            status, first = self.status, size
        self.answers.append((status, first))
        asked.send_response(status)
        for name, value in self.marks.items():
            asked.send_header(name, value)
        asked.send_header("Content-Length", str(size - first))
        if status == 206:
            asked.send_header("Content-Range", f"bytes {first}-{size - 1}/{size}")
        asked.end_headers()
        try:
            asked.wfile.write(self.body[first:])
        except OSError:
            asked.close_connection = True


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    made = Shelf()
    yield made
    made.http.shutdown()
    made.http.server_close()


def open_(tmp_path: Path) -> Fetcher:
    return Fetcher(Fetch(delay=0, retries=0, private=("127.0.0.1",)), parts=tmp_path / "parts")


def stop_after(got: Fetched, size: int) -> None:
    """As a kill does: nothing is closed in order, but a file's written bytes are there."""
    assert got.body.read(size) == BODY[:size]
    got.close()


def here(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "parts").iterdir())


@pytest.mark.parametrize("marks", [TAG, OLD], ids=["etag", "date"])
def test_another_run_asks_for_the_rest(tmp_path: Path, shelf: Shelf, marks: dict[str, str]) -> None:
    shelf.marks = dict(marks)
    stop_after(open_(tmp_path).get(shelf.url), 2 * MIB + 5)
    fetch = open_(tmp_path)
    with fetch.get(shelf.url) as got:
        assert (got.status, got.headers["Content-Length"]) == (200, str(len(BODY)))
        assert "Content-Range" not in got.headers
        assert got.body.read() == BODY
    ((first, _), (second, start)) = shelf.answers
    assert (first, second) == (200, 206) and 2 * MIB - BLOCK < start <= 2 * MIB + 2 * BLOCK
    assert here(tmp_path), "until its bytes are safe elsewhere"
    threading.Thread(target=fetch.landed).start()  # another thread's files are not ours
    time.sleep(0.05)
    assert here(tmp_path)
    fetch.landed()
    assert not here(tmp_path)


def test_a_whole_file_that_never_landed_costs_little(tmp_path: Path, shelf: Shelf) -> None:
    with open_(tmp_path).get(shelf.url) as got:
        got.body.read()
    with open_(tmp_path).get(shelf.url) as got:
        assert got.body.read() == BODY
    assert shelf.answers[1][1] >= len(BODY) - BLOCK


@pytest.mark.parametrize("damage", ["torn", "flipped", "no log", "half a log", "rubbish"])
def test_what_is_doubtful_is_asked_for_again(tmp_path: Path, shelf: Shelf, damage: str) -> None:
    stop_after(open_(tmp_path).get(shelf.url), 2 * MIB)
    data, log = here(tmp_path)
    if damage == "torn":
        with data.open("r+b") as stream:  # the file has its length, but the last bytes never came
            stream.seek(-BLOCK - 9, os.SEEK_END)
            stream.write(bytes(BLOCK + 9))
    elif damage == "flipped":
        with data.open("r+b") as stream:
            stream.seek(7)
            stream.write(bytes([BODY[7] ^ 1]))
    elif damage == "no log":
        log.unlink()
    elif damage == "half a log":
        log.write_bytes(log.read_bytes()[:-3])
    else:
        log.write_bytes(b"\xff\n" * 100)
    with open_(tmp_path).get(shelf.url) as got:
        assert got.body.read() == BODY
    assert (shelf.answers[1][0] == 206) == (damage in ("torn", "half a log"))


@pytest.mark.parametrize("ranges", ["refused", "elsewhere", "forbidden"])
def test_ranges_that_go_wrong_are_done_without(tmp_path: Path, shelf: Shelf, ranges: str) -> None:
    stop_after(open_(tmp_path).get(shelf.url), 2 * MIB)
    shelf.ranges = ranges
    fetch = open_(tmp_path)
    with fetch.get(shelf.url) as got:
        assert got.body.read() == BODY
    assert [status for status, _ in shelf.answers][2:] == [200]
    fetch.landed()
    assert not here(tmp_path)


def test_a_file_that_changed_begins_anew(tmp_path: Path, shelf: Shelf) -> None:
    stop_after(open_(tmp_path).get(shelf.url), 2 * MIB)
    shelf.body, shelf.marks = BODY[::-1], {"ETag": '"v2"'}
    with open_(tmp_path).get(shelf.url) as got:
        assert (got.stamp, got.body.read()) == ('"v2"\t', BODY[::-1])
    assert shelf.answers[1] == (200, 0)


def test_a_file_that_is_known_by_now_is_not_read(tmp_path: Path, shelf: Shelf) -> None:
    """A kill came between the catalogue's word that it is safe and the end of its part."""
    with open_(tmp_path).get(shelf.url) as got:
        stamp = got.stamp
        got.body.read()
    with open_(tmp_path).get(shelf.url, stamp=lambda _: stamp) as got:
        assert got.status == 304
    assert not here(tmp_path)


@pytest.mark.parametrize("status", [401, 403, 451, 400, 500])
def test_a_refusal_that_may_pass_costs_nothing(tmp_path: Path, shelf: Shelf, status: int) -> None:
    stop_after(open_(tmp_path).get(shelf.url), 2 * MIB)
    shelf.status = status
    with pytest.raises(StatusError, match=str(status)):
        open_(tmp_path).get(shelf.url)
    shelf.status = 0
    with open_(tmp_path).get(shelf.url) as got:
        assert got.body.read() == BODY
    assert shelf.answers[-1][0] == 206


@pytest.mark.parametrize("status", [404, 410])
def test_of_what_is_gone_nothing_is_kept(tmp_path: Path, shelf: Shelf, status: int) -> None:
    stop_after(open_(tmp_path).get(shelf.url), 2 * MIB)
    shelf.status = status
    with pytest.raises(StatusError, match=str(status)):
        open_(tmp_path).get(shelf.url)
    assert not here(tmp_path) and len(shelf.answers) == 2


def test_a_part_that_nobody_asked_for_is_not_taken_for_the_rest(
    tmp_path: Path, shelf: Shelf
) -> None:
    stop_after(open_(tmp_path).get(shelf.url), 2 * MIB)
    shelf.ranges, shelf.status = "elsewhere", 206
    with pytest.raises(StatusError, match="206"):
        open_(tmp_path).get(shelf.url)


def test_what_is_read_into_memory_leaves_nothing(tmp_path: Path, shelf: Shelf) -> None:
    stop_after(open_(tmp_path).get(shelf.url, limit=4 * MIB), 2 * MIB)
    with open_(tmp_path).get(shelf.url) as got:
        got.forgo()
        assert got.body.read() == BODY
    assert not (tmp_path / "parts").exists()
    stop_after(open_(tmp_path).get(shelf.url), 2 * MIB)
    with open_(tmp_path).get(shelf.url) as got:  # what an earlier run has kept is of use, though
        got.forgo()
        assert got.body.read() == BODY
    assert shelf.answers[-1][0] == 206 and not here(tmp_path)


@pytest.mark.parametrize(
    "marks",
    [{}, {"ETag": 'W/"v1"'}, {"Last-Modified": "Fri, 31 Dec 2100 07:28:00 GMT"},
     {**TAG, "Accept-Ranges": "none"}],
    ids=str,
)  # fmt: skip
def test_without_a_reliable_mark_nothing_is_kept(
    tmp_path: Path, shelf: Shelf, marks: dict[str, str]
) -> None:
    shelf.marks = marks
    stop_after(open_(tmp_path).get(shelf.url), 2 * MIB)
    assert not (tmp_path / "parts").exists()


def test_two_threads_at_one_file(tmp_path: Path, shelf: Shelf) -> None:
    fetch = open_(tmp_path)
    with fetch.get(shelf.url) as one, fetch.get(shelf.url) as other:
        assert one.body.read(MIB) + other.body.read(MIB) == BODY[:MIB] * 2
        assert one.body.read() == other.body.read() == BODY[MIB:]
    fetch.landed()
    assert not here(tmp_path)


def test_a_file_that_is_not_opened_leaves_nothing(tmp_path: Path, shelf: Shelf) -> None:
    open_(tmp_path).get(shelf.url).close()
    assert not (tmp_path / "parts").exists()


def test_stale_parts_are_swept(tmp_path: Path, shelf: Shelf) -> None:
    stop_after(open_(tmp_path).get(shelf.url), 2 * MIB)
    long_ago = time.time() - STALE - 60
    for path in here(tmp_path):
        os.utime(path, (long_ago, long_ago))
    open_(tmp_path)
    assert not here(tmp_path)


def test_the_limit_holds_for_what_lies_here_too(tmp_path: Path, shelf: Shelf) -> None:
    stop_after(open_(tmp_path).get(shelf.url), 2 * MIB)
    with pytest.raises(CurateError, match="larger than 1 MiB"):
        open_(tmp_path).get(shelf.url, limit=MIB)
    settings = Fetch(delay=0, retries=0, private=("127.0.0.1",), max_mb=1)
    with pytest.raises(CurateError, match="larger than 1 MiB"):
        Fetcher(settings, parts=tmp_path / "parts").get(shelf.url)


def test_killed_cut_and_restarted(tmp_path: Path) -> None:
    """The measurement of benchmarks/downloads.py, small; a kill costs up to a block of each file."""
    assert measure(48 * MIB, 3, tmp_path, kills=3) < SHARE

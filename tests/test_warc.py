"""Records of what was fetched, read back by warcio and checked by its own command."""

from __future__ import annotations

import gzip
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from curate.collectors import Context
from curate.collectors.feed import FeedCollector, FeedSource
from curate.collectors.site import SiteCollector, SiteSource
from curate.collectors.web.warc import Recorder, Warc
from curate.fetch import Fetcher
from curate.model import Candidate, Known
from curate.workspace import Fetch
from tests.server import Answer, Server, zipped

HOME = "https://site.test"


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


def records(path: Path) -> list[tuple[str, str, bytes, Any]]:
    from warcio.archiveiterator import ArchiveIterator

    with path.open("rb") as file:
        return [
            (
                one.rec_type,
                one.rec_headers.get_header("WARC-Target-URI") or "",
                one.content_stream().read(),
                one,
            )
            for one in ArchiveIterator(file, check_digests=True)
        ]


def check(path: Path) -> None:
    """By the command that comes with warcio."""
    command = [sys.executable, "-m", "warcio.cli", "check", "-v", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "digest pass" in done.stdout


def fetcher(server: Server) -> Fetcher:
    return Fetcher(Fetch(delay=0, retries=0, hosts={HOME: server.url}))


def test_what_is_recorded_is_what_was_read(server: Server, tmp_path: Path) -> None:
    body = ("茶" * 1000).encode()
    plain = Answer(body=body, type="text/plain; charset=utf-8", headers={"X-One": "1"})
    server.always("/zipped?a=1", zipped(plain))
    server.always("/chunked", Answer(body=b"abc", chunked=True))
    warc = Warc(tmp_path / "warc", "site")
    recorder = Recorder(fetcher(server), warc)
    for path in ("/zipped?a=1", "/chunked"):
        with recorder.get(f"{HOME}{path}") as got:
            got.body.read()
    assert warc.path is not None
    check(warc.path)
    found = records(warc.path)
    assert [kind for kind, *_ in found] == ["warcinfo"] + ["response", "request"] * 2
    _, url, payload, record = found[1]
    assert (url, payload) == (f"{HOME}/zipped?a=1", body)
    headers = record.http_headers
    assert headers.get_header("Content-Encoding") is None
    assert headers.get_header("X-Archive-Orig-Content-Encoding") == "gzip"
    assert headers.get_header("Content-Length") == str(len(body))
    assert headers.get_header("X-One") == "1"
    assert record.rec_headers.get_header("WARC-Protocol") == "http/1.1"
    request = found[2][3].http_headers
    assert f"{request.protocol} {request.statusline}" == "GET /zipped?a=1 HTTP/1.1"
    assert request.get_header("Host") == "site.test"


def test_what_was_read_in_part_says_so_and_what_was_not_read_is_not_there(
    server: Server, tmp_path: Path
) -> None:
    server.always("/long", Answer(body=b"x" * 200_000))
    warc = Warc(tmp_path, "site")
    recorder = Recorder(fetcher(server), warc)
    recorder.get(f"{HOME}/long").close()
    assert warc.path is None
    with recorder.get(f"{HOME}/long") as got:
        got.body.read(10)
    assert warc.path is not None
    check(warc.path)
    _, _, payload, record = records(warc.path)[1]
    assert 10 <= len(payload) < 200_000
    assert record.rec_headers.get_header("WARC-Truncated") == "unspecified"


def test_a_large_body_does_not_wait_in_memory(tmp_path: Path) -> None:
    warc = Warc(tmp_path, "site")
    with (tmp_path / "body").open("wb+") as body:
        body.truncate(8 << 20)
        warc.write(f"{HOME}/large", 200, {"Content-Type": "video/mp4"}, body)
    assert warc.path is not None
    check(warc.path)
    assert len(records(warc.path)[1][2]) == 8 << 20


def test_a_header_cannot_forge_another(tmp_path: Path) -> None:
    warc = Warc(tmp_path, "site")
    warc.write("https://u:p@site.test/a", 200, {"X-A": "1\r\nX-B: 2", "X-中": "中"}, b"x")
    assert warc.path is not None
    check(warc.path)
    _, url, payload, record = records(warc.path)[1]
    assert (url, payload) == (f"{HOME}/a", b"x")
    assert record.http_headers.get_header("X-B") is None


def test_two_runs_in_one_second_keep_a_file_each(tmp_path: Path) -> None:
    paths = set()
    for _ in range(3):
        warc = Warc(tmp_path, "site")
        warc.write(f"{HOME}/a", 200, {}, b"x")
        paths.add(warc.path)
    assert len(paths) == 3


_WRITER = """
import sys
from pathlib import Path
from curate.collectors.web.warc import Warc
warc = Warc(Path(sys.argv[1]), "site")
for number in range(100_000):
    warc.write(f"https://site.test/{number}", 200, {}, b"%d" % number * 1000)
    print(number, flush=True)
"""


def test_of_a_killed_run_all_finished_records_can_be_read(tmp_path: Path) -> None:
    from warcio.archiveiterator import ArchiveIterator

    run = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    for line in run.stdout:
        if int(line) >= 20:
            break
    run.send_signal(signal.SIGKILL)
    last = max([20, *(int(line) for line in run.stdout if line.endswith("\n"))])
    run.wait()
    (path,) = tmp_path.glob("site-*.warc.gz")
    found = []
    with path.open("rb") as file:
        try:
            for one in ArchiveIterator(file):
                if one.rec_type == "response":
                    found.append(one.content_stream().read())
        except (EOFError, OSError, gzip.BadGzipFile):
            pass
    assert len(found) > last
    assert found[last] == b"%d" % last * 1000


def test_a_site_and_a_feed_keep_records_where_that_is_wished(
    server: Server, tmp_path: Path
) -> None:
    server.folder = tmp_path / "web"
    server.folder.mkdir()
    (server.folder / "index.html").write_text('<a href="/a.pdf">A</a>')
    (server.folder / "a.pdf").write_bytes(b"%PDF")
    rss = f"<rss><channel><item><link>{HOME}/</link></item></channel></rss>"
    (server.folder / "feed.xml").write_text(rss)
    known: dict[str, Known] = {}

    def run(collector: Any) -> None:
        for one in collector.candidates(known.get):
            if isinstance(one, Candidate):
                if one.locator not in known:
                    with one.open() as stream:
                        stream.read()
                known[one.locator] = Known(one.stamp, one.links)

    for keep in (None, tmp_path / "kept"):
        known.clear()
        context = Context(tmp_path, fetcher(server), keep=keep)
        run(SiteCollector(SiteSource(start=(f"{HOME}/",), warc=True), context))
    run(SiteCollector(SiteSource(start=(f"{HOME}/",), warc=True), context))  # nothing new
    run(FeedCollector(FeedSource(url=f"{HOME}/feed.xml", warc=True), context))
    run(FeedCollector(FeedSource(url=f"{HOME}/feed.xml"), context))
    found = []
    for path in sorted(
        (tmp_path / "kept").rglob("*.warc.gz"), key=lambda path: path.stat().st_mtime
    ):
        check(path)
        found.append(
            [(kind, url) for kind, url, *_ in records(path) if kind in ("response", "revisit")]
        )
    assert len(found) == 3
    assert found[0] == [("response", f"{HOME}/"), ("response", f"{HOME}/a.pdf")]
    assert found[1] == [("revisit", f"{HOME}/"), ("revisit", f"{HOME}/a.pdf")]
    assert ("response", f"{HOME}/feed.xml") in found[2]

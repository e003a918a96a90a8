"""Sources side by side: one that fails stops no other, and only what failed is asked for again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from curate.api import Workspace
from curate.errors import CurateError
from curate.model import Report
from curate.pipeline.explain import failures
from tests.server import Answer, Server, page


@pytest.fixture
def one() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def other() -> Iterator[Server]:
    with Server() as server:
        yield server


def workspace(root: Path, *starts: str, folder: bool = False) -> Workspace:
    made = Workspace.init(root / "w")
    (made.root / "curate.toml").write_text(
        '[fetch]\ndelay = 0\nretries = 0\ntimeout = 5\nprivate = ["127.0.0.1"]\n', encoding="utf-8"
    )
    sources = "".join(
        f'[[sources]]\ntype = "site"\nstart = ["{url}"]\nmatch = "all"\n' for url in starts
    )
    if folder:
        (root / "mine").mkdir()
        (root / "mine" / "note.md").write_text("# Mine\n", encoding="utf-8")
        sources += f'[[sources]]\ntype = "folder"\npath = "{root / "mine"}"\nmatch = "all"\n'
    file = made.root / "collections" / "c" / "collection.toml"
    file.parent.mkdir(parents=True)
    file.write_text(f'title = "C"\n{sources}', encoding="utf-8")
    return made


def only(reports: list[Report]) -> Report:
    (report,) = reports
    return report


def test_a_failing_source_is_told_and_the_rest_goes_on(tmp_path: Path, one: Server) -> None:
    one.always("/", page("fine"))
    made = workspace(tmp_path, "http://127.0.0.1:1/", f"{one.url}/", folder=True)
    report = only(made.collect("c"))
    assert report.counts["taken"] == 2
    assert [where for where, _ in report.failed] == ["http://127.0.0.1:1/"]
    assert [bool(source.trouble) for source in report.sources] == [True, False, False]
    # A later command still knows it.
    assert [place for _, place, _ in failures(made)] == ["http://127.0.0.1:1/"]


def test_retry_asks_only_for_what_failed(tmp_path: Path, one: Server, other: Server) -> None:
    one.always("/robots.txt", Answer(404))
    one.always("/", page('<a href="/a.html">a</a> <a href="/b.html">b</a>'))
    one.always("/a.html", page("a"))
    one.say("/b.html", Answer(500))
    one.always("/b.html", page('b <a href="/new.html">new</a>'))
    one.always("/new.html", page("new"))
    other.always("/", page("other"))
    made = workspace(tmp_path, f"{one.url}/", f"{other.url}/")
    assert only(made.collect("c")).counts["failed"] == 1
    one.forget()
    other.forget()
    report = only(made.collect("c", retry=True))
    assert not report.failed and report.counts["taken"] == 5
    assert not other.requests, "nothing of it had failed"
    pages = [request.path for request in one.requests if request.path.endswith((".html", "/"))]
    assert sorted(pages) == ["/b.html", "/new.html"]


def test_a_source_that_failed_whole_is_retried_whole(tmp_path: Path, one: Server) -> None:
    one.say("/", Answer(503))
    one.always("/", page('<a href="/a.html">a</a>'))
    one.always("/a.html", page("a"))
    made = workspace(tmp_path, f"{one.url}/")
    assert only(made.collect("c")).failed
    report = only(made.collect("c", retry=True))
    assert not report.failed and report.counts["taken"] == 2
    one.forget()
    assert only(made.collect("c", retry=True)).sources == () and not one.requests


def test_sources_wait_at_the_same_time(tmp_path: Path, one: Server, other: Server) -> None:
    """Each server answers only once the other was asked too: one after the other would never end."""
    met = threading.Barrier(2, timeout=10)

    class Meeting(Answer):
        def pieces(self) -> Iterator[bytes]:
            met.wait()
            yield self.body

    for server in (one, other):
        server.always("/", Meeting(body=b"<html>x</html>", type="text/html"))
    report = only(workspace(tmp_path, f"{one.url}/", f"{other.url}/").collect("c"))
    assert not report.failed and report.counts["taken"] == 2


def test_one_host_sees_one_rate_from_all_sources(tmp_path: Path, one: Server) -> None:
    began: list[float] = []

    class Noted(Answer):
        def pieces(self) -> Iterator[bytes]:
            began.append(time.monotonic())
            yield self.body

    for name in "ab":
        one.always(f"/{name}/", Noted(body=name.encode(), type="text/html"))
        one.always(f"/{name}/robots.txt", Answer(404))
    made = workspace(tmp_path, f"{one.url}/a/", f"{one.url}/b/")
    config = made.root / "curate.toml"
    config.write_text(config.read_text().replace("delay = 0", "delay = 0.2"), encoding="utf-8")
    only(made.collect("c"))
    assert len(began) == 2 and abs(began[1] - began[0]) >= 0.15


def test_a_rehearsal_writes_nothing(tmp_path: Path, one: Server) -> None:
    one.always("/", page('<a href="/a.pdf">a</a>'))
    one.always("/a.pdf", Answer(body=b"%PDF-1.4", type="application/pdf"))
    made = workspace(tmp_path, f"{one.url}/", folder=True)
    before = sorted(made.root.rglob("*"))
    report = only(made.collect("c", dry_run=True))
    assert {where for where, _ in report.planned} == {f"{one.url}/", f"{one.url}/a.pdf", "note.md"}
    assert sorted(made.root.rglob("*")) == before
    made.collect("c")
    again = only(made.collect("c", dry_run=True))
    assert "note.md" not in {where for where, _ in again.planned}


def test_a_sample_takes_a_few_and_calls_nothing_gone(tmp_path: Path, one: Server) -> None:
    links = "".join(f'<a href="/{n}.html">{n}</a>' for n in range(9))
    one.always("/", page(links))
    for n in range(9):
        one.always(f"/{n}.html", page(str(n)))
    made = workspace(tmp_path, f"{one.url}/")
    assert only(made.collect("c", sample=3)).counts["taken"] == 3
    assert only(made.collect("c")).counts["taken"] == 10
    report = only(made.collect("c", sample=3))
    assert report.counts["taken"] == 10 and not report.counts.get("gone")


def test_a_collector_that_breaks_costs_only_its_source(
    tmp_path: Path, one: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    from curate.collectors.site import SiteCollector

    def broken(self: object, memory: object) -> Iterator[object]:
        raise TypeError("oh")
        yield

    monkeypatch.setattr(SiteCollector, "candidates", broken)
    report = only(workspace(tmp_path, f"{one.url}/", folder=True).collect("c"))
    assert report.counts["taken"] == 1
    assert "TypeError: oh" in str(report.failed[0][1])


def test_an_error_of_our_own_is_not_swallowed(
    tmp_path: Path, one: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    from curate.store import Store

    def full(self: object, stream: object) -> None:
        raise OSError(28, "No space left on device")

    one.always("/", page("x"))
    monkeypatch.setattr(Store, "add", full)
    with pytest.raises((OSError, CurateError), match="space"):
        workspace(tmp_path, f"{one.url}/").collect("c")


def test_what_a_seller_declares_for_all_does_not_hold_for_a_service(tmp_path: Path) -> None:
    from curate.collection import load
    from curate.model import Said, Statement
    from curate.pipeline.judge import Judge

    made = workspace(tmp_path)
    file = made.root / "collections" / "c" / "collection.toml"
    file.write_text(
        'title = "C"\nkeywords = ["x"]\n[rights]\nown = "Ann"\n[[sources]]\ntype = "openverse"\n'
        '[[sources]]\ntype = "commons"\nrights = { own = "Ann" }\n',
        encoding="utf-8",
    )
    judge = Judge(made, loaded := load(made, "c"))
    openverse, commons = loaded.collection.sources
    assert judge.declaration("openverse", openverse.place, "https://example.org/a.jpg").own == ""
    assert judge.declaration("commons", commons.place, "https://example.org/a.jpg").own == "Ann"
    granted = Statement("CC BY-NC 4.0", "api", "x", license="CC-BY-NC-4.0", holder="Bo")
    decision = judge.preview("openverse", openverse.place, Said(statements=(granted,)))
    assert decision.license == "CC-BY-NC-4.0" and decision.basis != "own"

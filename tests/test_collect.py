"""Sources side by side: one that fails stops no other, and only what failed is asked for again."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from curate.api import Workspace
from curate.collection import load
from curate.collectors import Context
from curate.collectors.folder import FolderCollector
from curate.collectors.site import SiteCollector
from curate.errors import CurateError
from curate.model import Candidate, Report, Said, Statement
from curate.pipeline.explain import failures
from curate.pipeline.judge import Judge, source_key
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


def test_all_sources_of_a_run_share_one_fetcher_and_so_its_pace(
    tmp_path: Path, one: Server, other: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetchers = []
    made = SiteCollector.__init__

    def noted(self: SiteCollector, options: Any, context: Context) -> None:
        fetchers.append(context.fetcher)
        made(self, options, context)

    monkeypatch.setattr(SiteCollector, "__init__", noted)
    one.always("/", page("x"))
    only(workspace(tmp_path, f"{one.url}/", f"{other.url}/").collect("c"))
    assert len(fetchers) == 2 and fetchers[0] is fetchers[1]


def test_a_rehearsal_knows_that_keywords_have_changed(tmp_path: Path) -> None:
    made = workspace(tmp_path, folder=True)
    file = made.collection_file("c")
    text = file.read_text(encoding="utf-8").replace('match = "all"', 'match = "keywords"')
    file.write_text(f'keywords = ["other"]\n{text}', encoding="utf-8")
    made.collect("c")
    assert only(made.collect("c", dry_run=True)).planned == ()
    file.write_text(f'keywords = ["note"]\n{text}', encoding="utf-8")
    assert [where for where, _ in only(made.collect("c", dry_run=True)).planned] == ["note.md"]


def test_two_places_with_the_same_bytes_after_a_change_of_keywords(tmp_path: Path) -> None:
    made = workspace(tmp_path, folder=True)
    (tmp_path / "mine" / "note-2.md").write_text("# Mine\n", encoding="utf-8")
    file = made.collection_file("c")
    text = file.read_text(encoding="utf-8").replace('match = "all"', 'match = "keywords"')
    file.write_text(f'keywords = ["other"]\n{text}', encoding="utf-8")
    made.collect("c")
    file.write_text(f'keywords = ["note"]\n{text}', encoding="utf-8")
    report = only(made.collect("c"))
    assert report.counts["taken"] == 2 and not report.failed


@pytest.mark.parametrize("where", ["open", "read"])
def test_bytes_that_break_cost_only_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise ValueError("read of closed file")

    def opens() -> io.BytesIO:
        if where == "open":
            raise KeyError("oh")
        return Broken()

    def candidates(self: object, memory: object) -> Iterator[Candidate]:
        yield Candidate("a", "1", Said(), opens)
        yield Candidate("b", "1", Said(), lambda: io.BytesIO(b"b"))

    monkeypatch.setattr(FolderCollector, "candidates", candidates)
    report = only(workspace(tmp_path, folder=True).collect("c"))
    assert report.counts["taken"] == 1 and report.counts["failed"] == 1
    assert "its collector failed" in str(report.failed[0][1])


def test_what_is_declared_for_all_holds_at_home_only(tmp_path: Path) -> None:
    """What a feed or table merely leads to, and what a source gave that is no longer there, is not
    made the seller's own by a word about the whole collection."""
    made = workspace(tmp_path)
    made.collection_file("c").write_text(
        'title = "C"\nkeywords = ["x"]\n[rights]\nown = "Ann"\n'
        '[[sources]]\ntype = "feed"\nurl = "https://ann.example/feed"\n'
        '[[sources]]\ntype = "csv"\nfile = "list.csv"\n'
        '[[sources]]\ntype = "site"\nstart = ["https://ann.example/"]\nother_origins = true\n',
        encoding="utf-8",
    )
    loaded = load(made, "c")
    judge = Judge(made, loaded)

    def own(kind: str, locator: str) -> str:
        places = {source_key(one)[0]: one.place for one in loaded.collection.sources}
        return judge.declaration(kind, places.get(kind, "elsewhere"), locator).own

    for kind in ("feed", "site"):
        assert own(kind, "https://www.ann.example/post") == "Ann"
        assert own(kind, "https://bob.example/post") == ""
    assert own("csv", "mine.pdf") == "Ann" and own("csv", "https://ann.example/a.pdf") == ""
    assert own("openverse", "https://bob.example/a.jpg") == ""


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


def test_types_are_made_ready_by_one_thread_at_a_time() -> None:
    """Two that do so at once crashed the process, in about one start of six."""
    program = """
import subprocess
import sys
import threading
from curate import rights, typed
from curate.model import Extracted, Said
ready = threading.Barrier(8)
def go():
    ready.wait()
    rights.load()
    typed.json(b"{}", Said)
    typed.json(b'{"format": "x", "kind": "text", "mime": "x"}', Extracted)
for thread in [threading.Thread(target=go) for _ in range(8)]:
    thread.start()
"""
    for _ in range(6):
        assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0


def test_what_is_too_large_leaves_nothing_behind(tmp_path: Path, one: Server) -> None:
    one.always("/", page('<a href="/a.pdf">a</a>'))
    one.always(
        "/a.pdf", Answer(body=b"x" * (1 << 20), type="application/pdf", repeat=4, chunked=True)
    )
    made = workspace(tmp_path, f"{one.url}/")
    settings = made.root / "curate.toml"
    settings.write_text(settings.read_text() + "max_mb = 2\n", encoding="utf-8")
    assert "larger than 2 MiB" in str(only(made.collect("c")).failed[0][1])
    assert not list((made.objects / "incoming").iterdir())


def test_a_place_without_versions_is_counted_as_unchanged(tmp_path: Path, one: Server) -> None:
    one.always("/", page("the same"))
    made = workspace(tmp_path, f"{one.url}/")
    made.collect("c")
    counts = only(made.collect("c")).counts
    assert counts["unchanged"] == 1 and counts["read"] == 1 and not counts.get("changed")


def test_a_failure_that_is_not_met_again_is_over(tmp_path: Path, one: Server) -> None:
    """Also where something else keeps the tour from being whole, as a limit does."""
    one.always("/", page('<a href="/a.html">a</a> <a href="/b.html">b</a>'))
    one.always("/a.html", Answer(500))
    one.always("/b.html", Answer(500))
    made = workspace(tmp_path, f"{one.url}/")
    assert len(only(made.collect("c")).failed) == 2
    one.always("/", page('<a href="/b.html">b</a>'))
    assert [where for where, _ in only(made.collect("c")).failed] == [f"{one.url}/b.html"]

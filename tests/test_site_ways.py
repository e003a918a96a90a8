"""How a site is gone through: sent ahead, by its languages, by odd sitemaps, once more for what failed."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from curate.collectors import Context
from curate.collectors.site import SiteCollector, SiteSource
from curate.collectors.web import sitemap
from curate.collectors.web.visits import Visits
from curate.fetch import Fetcher
from curate.model import Candidate, Known, Said, Statement, Trouble
from curate.workspace import Fetch
from tests.server import Answer, Server, redirect
from tests.server import page as html

HOME = "https://site.test"
TYPES = ("page", "document", "text", "image")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path) as server:
        yield server


def crawl(
    server: Server,
    known: dict[str, Known] | None = None,
    again: frozenset[str] | None = None,
    fetch: Fetch | None = None,
    **options: object,
) -> tuple[list[str], dict[str, str]]:
    """Paths of the candidates, and the reasons of the troubles by their paths."""
    settings = fetch or Fetch(delay=0, retries=0, hosts={HOME: server.url})
    context = Context(Path(), Fetcher(settings), again=again)
    source = SiteSource(**(options or {"start": (f"{HOME}/",)}))  # type: ignore[arg-type]
    found, told = [], {}
    for one in SiteCollector(source, context).candidates((known or {}).get):
        path = one.locator.removeprefix(HOME)
        if isinstance(one, Trouble):
            told[path] = str(one.reason)
        else:
            found.append(path)
    return found, told


# Sent ahead


class Busy(Server):
    """Answers slowly, and knows when each request began and how many were under way."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[float] = []
        self.most = self._now = 0
        self._counting = threading.Lock()

    def _answer(self, request: object) -> Answer:
        with self._counting:
            self.begun.append(time.monotonic())
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(0.05)
        with self._counting:
            self._now -= 1
        return super()._answer(request)  # type: ignore[arg-type]


def tree(server: Server, pages: int = 12) -> list[str]:
    paths = [f"/{number}" for number in range(pages)]
    links = " ".join(f"<a href={path}>{path}</a>" for path in paths)
    server.always("/", html(links))
    for path in paths:
        server.always(path, html(f"{path} <a href=/secret{path}>no</a>"))
    server.always("/robots.txt", Answer(body=b"User-agent: *\nDisallow: /secret"))
    return paths


@pytest.mark.parametrize("per_host", [1, 3])
def test_pages_are_sent_for_side_by_side_and_come_in_order(per_host: int) -> None:
    with Busy() as server:
        paths = tree(server)
        settings = Fetch(delay=0, per_host=per_host, hosts={HOME: server.url})
        found, told = crawl(server, fetch=settings)
        assert found == ["/", *paths]
        assert set(told) == {f"/secret{path}" for path in paths}
        assert server.most == per_host
        assert not [one for one in server.requests if one.path.startswith("/secret")]
        assert all(server.count(path) == 1 for path in ("/", *paths))


def test_nothing_is_asked_faster_than_the_rate() -> None:
    delay = 0.05
    with Busy() as server:
        tree(server, 8)
        crawl(server, fetch=Fetch(delay=delay, per_host=2, hosts={HOME: server.url}))
        first, *others = server.begun
        assert len(others) >= 10
        for number, begun in enumerate(others, 1):
            if number >= 4:  # one request alone may arrive late, but not all of them
                assert begun - first >= 0.9 * delay * number


@pytest.mark.parametrize("most", [1, 2, 5, 7])
def test_what_is_sent_ahead_counts(server: Server, most: int) -> None:
    paths = tree(server)
    for path in paths[::2]:
        server.always(path, redirect(f"/to{path}"))
        server.always(f"/to{path}", html("there"))
    fetch = Fetch(delay=0, per_host=4, hosts={HOME: server.url})
    _, told = crawl(server, fetch=fetch, start=(f"{HOME}/",), max_pages=most)
    asked = [
        one.path
        for one in server.requests
        if one.path[1:2].isdigit() or one.path == "/" or "/to" in one.path
    ]
    assert len(asked) == most
    assert "max_pages" in told["/"]


def test_what_nobody_takes_is_let_go() -> None:
    with Busy() as server:
        tree(server)
        fetcher = Fetcher(Fetch(delay=0, per_host=4, hosts={HOME: server.url}))
        collector = SiteCollector(SiteSource(start=(f"{HOME}/",)), Context(Path(), fetcher))
        found = collector.candidates(lambda url: None)
        next(found), next(found)
        found.close()  # type: ignore[attr-defined]
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and _helpers():
            time.sleep(0.01)
        assert not _helpers()
        assert len(server.requests) < 3 + 2 + 8 + 1
        with fetcher.get(f"{HOME}/0") as got:  # no place of the host is taken any more
            assert got.body.read()


def _helpers() -> list[str]:
    return [one.name for one in threading.enumerate() if "_work" in one.name]


# Addresses


def test_the_order_of_a_query_makes_no_other_place_but_another_rule(server: Server) -> None:
    server.always("/robots.txt", Answer(body=b"User-agent: *\nDisallow: /*?print="))
    links = "<a href='/a?y=1&x=2'>1</a> <a href='/a?x=2&y=1'>2</a> <a href='/a?print=1&id=2'>3</a>"
    server.always("/", html(links))
    named = f"<link rel=canonical href='{HOME}/a?x=2&y=1'>"
    server.always("/a?y=1&x=2", html("as it is linked", named))
    found, told = crawl(server)
    assert found == ["/", "/a?y=1&x=2"]
    assert told == {"/a?print=1&id=2": "robots.txt does not allow it"}
    assert {one.path for one in server.requests if "?" in one.path} == {"/a?y=1&x=2"}


# Languages


def test_other_languages_are_part_of_the_site(server: Server) -> None:
    head = "".join(
        f'<link rel="alternate" {attributes}>'
        for attributes in (
            'hreflang="zh" href="/zh/"', 'hreflang="de" href="https://de.test/"',
            'type="application/rss+xml" hreflang="en" href="/feed"', 'media="print" href="/print"',
        )
    )  # fmt: skip
    server.always("/", html("<a href=/a>a</a>", head))
    server.always("/a", html("a"))
    server.always("/zh/", html("你好"))
    assert crawl(server) == (["/", "/a", "/zh/"], {})
    alternates = f"""<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
      xmlns:xhtml="http://www.w3.org/1999/xhtml"><url><loc>{HOME}/a</loc>
      <xhtml:link rel="alternate" hreflang="zh" href="{HOME}/zh/"/></url></urlset>"""
    server.always("/map.xml", Answer(body=alternates.encode()))
    assert crawl(server, sitemap=f"{HOME}/map.xml") == (["/a", "/zh/"], {})


# Sitemaps


def xml(kind: str, *places: str) -> bytes:
    inside = {"urlset": "url", "sitemapindex": "sitemap"}[kind]
    rows = "".join(f"<{inside}><loc>{HOME}{place}</loc></{inside}>" for place in places)
    return f'<{kind} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</{kind}>'.encode()


def test_each_sitemap_fails_for_itself_alone(server: Server) -> None:
    listed = (
        "/itself.xml",
        "/bomb.gz",
        "/many.xml",
        "/page.xml",
        "/feed.xml",
        "/atom.xml",
        "/plain.txt",
    )
    rss = f"<rss><channel><link>{HOME}/</link><item><link>{HOME}/rss</link></item></channel></rss>"
    atom = (
        f'<feed xmlns="http://www.w3.org/2005/Atom"><link href="{HOME}/"/><entry>'
        f'<link rel="enclosure" href="{HOME}/no"/><link href="{HOME}/atom"/></entry></feed>'
    )
    files = {
        "/map.xml": xml("sitemapindex", *listed),
        "/itself.xml": xml("sitemapindex", "/itself.xml", "/good.xml", "/map.xml"),
        "/good.xml": xml("urlset", "/a"),
        "/bomb.gz": gzip.compress(bytes(60 << 20)),
        "/many.xml": xml("urlset", *(f"/{number}" for number in range(50_001))),
        "/page.xml": b"<html><body>Not here</body></html>",
        "/feed.xml": rss.encode(),
        "/atom.xml": atom.encode(),
        "/plain.txt": f"\ufeff{HOME}/b\r\nnot an address\r\n".encode(),
    }
    for path, body in files.items():
        server.always(path, Answer(body=body))
    for path in ("/a", "/b", "/rss", "/atom"):
        server.always(path, html(path))
    found, told = crawl(server, sitemap=f"{HOME}/map.xml")
    assert sorted(found) == ["/a", "/atom", "/b", "/rss"]
    assert {path: reason.partition(": ")[2] or reason for path, reason in told.items()} == {
        "/itself.xml": "the sitemap lists itself",
        "/bomb.gz": "it is larger than 50 MiB",
        "/many.xml": "it lists more than 50,000 addresses",
        "/page.xml": "it is neither a sitemap nor an index of sitemaps",
    }
    assert all(server.count(path) == 1 for path in files)


def test_indexes_of_indexes_end(server: Server) -> None:
    class Endless(dict[str, Answer]):
        def get(self, path: str, default: object = None) -> Answer:  # type: ignore[override]
            if not path.startswith("/map"):
                return Answer(404)
            return Answer(body=xml("sitemapindex", f"{path}x", f"{path}y"))

    server._always = Endless()
    found, told = crawl(server, sitemap=f"{HOME}/map")
    assert not found
    assert list(told) == ["/map"] and told["/map"].startswith("64 more sitemaps are listed")
    assert len(server.asked("/mapxx")) == 1


def test_a_sitemap_may_be_exactly_full() -> None:
    full = xml("urlset", *(f"/{number}" for number in range(sitemap.MOST)))
    assert len(sitemap.parse(full).pages) == sitemap.MOST


# Once more


def test_only_what_failed_is_visited_again(server: Server) -> None:
    server.always("/", html("<a href=/a>a</a> <a href=/b>b</a>"))
    server.always("/a", html("<a href=/>home</a>"))
    server.say("/b", Answer(500))
    known: dict[str, Known] = {}
    collector = SiteCollector(
        SiteSource(start=(f"{HOME}/",)),
        Context(Path(), Fetcher(Fetch(delay=0, retries=0, hosts={HOME: server.url}))),
    )
    for one in collector.candidates(known.get):
        if isinstance(one, Candidate):
            known[one.locator] = Known(one.stamp, one.links)
    assert sorted(known) == [f"{HOME}/", f"{HOME}/a"]
    server.always("/b", html("<a href=/a>a</a> <a href=/c>new</a>"))
    server.always("/c", html("c <a href=/>home</a>"))
    server.forget()
    again = frozenset({f"{HOME}/b", "https://site.test/, https://other.test/"})
    assert crawl(server, known, again) == (["/b", "/c"], {})
    assert not server.asked("/") + server.asked("/a")
    assert crawl(server, known, frozenset()) == ([], {})


def test_a_sitemap_that_failed_is_read_again(server: Server) -> None:
    server.always("/map.xml", Answer(body=xml("sitemapindex", "/one.xml", "/two.xml")))
    server.always("/one.xml", Answer(body=xml("urlset", "/a")))
    server.say("/two.xml", Answer(503))
    for path in ("/a", "/b"):
        server.always(path, html(path))
    found, told = crawl(server, sitemap=f"{HOME}/map.xml")
    assert (found, list(told)) == (["/a"], ["/two.xml"])
    server.always("/two.xml", Answer(body=xml("urlset", "/b", "/a")))
    server.forget()
    known = {f"{HOME}/a": Known("")}
    again = frozenset({f"{HOME}/two.xml"})
    assert crawl(server, known, again, sitemap=f"{HOME}/map.xml") == (["/b"], {})
    assert not server.asked("/map.xml") + server.asked("/a")
    server.always("/two.xml", Answer(404))
    assert list(crawl(server, known, again, sitemap=f"{HOME}/map.xml")[1]) == ["/two.xml"]


# Single addresses


def visits(server: Server, known: dict[str, Known], types: tuple[str, ...] = TYPES) -> Visits:
    fetcher = Fetcher(Fetch(delay=0, retries=0, hosts={HOME: server.url}))
    return Visits(fetcher, known.get, lambda url: False, lambda url: True, types)  # type: ignore[arg-type]


def test_what_a_referrer_says_joins_what_the_place_says(server: Server, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<title>Its own</title><meta name=keywords content=x>")
    (tmp_path / "b.pdf").write_bytes(b"%PDF")
    license = Statement("CC0-1.0", "feed", f"{HOME}/feed")
    said = Said(title="Theirs", tags=("y",), creators=("Li",), statements=(license,))
    one = visits(server, {})
    (page,) = one.visit(f"{HOME}/a.html#top", said)
    (paper,) = one.visit(f"{HOME}/b.pdf", said)
    assert isinstance(page, Candidate) and isinstance(paper, Candidate)
    assert (page.said.title, page.said.tags, page.said.creators) == ("Its own", ("x", "y"), ("Li",))
    assert page.said.statements == paper.said.statements == (license,)
    assert (paper.said.title, paper.said.url) == ("Theirs", f"{HOME}/b.pdf")

    known = {page.locator: Known(page.stamp, page.links)}
    (same,) = visits(server, known).visit(page.locator, said)
    (other,) = visits(server, known).visit(page.locator, Said(title="Other"))
    assert isinstance(same, Candidate) and isinstance(other, Candidate)
    assert same.stamp == page.stamp and not same.said.title
    assert other.stamp != page.stamp and other.said.title == "Its own"


def test_an_address_that_gives_nothing_says_why(server: Server) -> None:
    server.always("/robots.txt", Answer(body=b"User-agent: *\nDisallow: /no"))
    server.always("/go", redirect("/no/b"))
    server.always("/z.zip", Answer(body=b"PK", type="application/zip"))
    one = visits(server, {})
    told = {
        url: [str(trouble.reason) for trouble in one.visit(url) if isinstance(trouble, Trouble)]
        for url in ("no address", f"{HOME}/no", f"{HOME}/go", f"{HOME}/gone", f"{HOME}/z.zip")
    }
    assert told == {
        "no address": ["no address is not a web address"],
        f"{HOME}/no": ["robots.txt does not allow it"],
        f"{HOME}/go": ["robots.txt does not allow it"],
        f"{HOME}/gone": [f"{HOME}/gone answers 404 Not Found"],
        f"{HOME}/z.zip": ["its kind is “archive”, which is not wanted here"],
    }


def test_an_unchanged_sitemap_is_not_sent_again(server: Server, tmp_path: Path) -> None:
    listed = tmp_path / "map.xml"
    listed.write_bytes(xml("urlset", "/a.html"))
    for name in ("a", "b"):
        (tmp_path / f"{name}.html").write_text(name)
    context = Context(
        Path(), Fetcher(Fetch(delay=0, hosts={HOME: server.url})), cache=tmp_path / "cache"
    )

    def found() -> list[str]:
        server.forget()
        collector = SiteCollector(SiteSource(sitemap=f"{HOME}/map.xml"), context)
        return [one.locator.removeprefix(HOME) for one in collector.candidates(lambda url: None)]

    assert found() == ["/a.html"] and server.count("/map.xml", 200) == 1
    assert found() == ["/a.html"] and server.count("/map.xml", 304) == 1
    listed.write_bytes(xml("urlset", "/a.html", "/b.html"))
    assert found() == ["/a.html", "/b.html"] and server.count("/map.xml", 200) == 1

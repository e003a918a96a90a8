"""The site collector against real servers: a real site, and small ones with a trap each."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.collection import Declaration
from curate.collectors import Context
from curate.collectors.site import SiteCollector, SiteSource
from curate.collectors.web import kinds, page, sitemap, urls
from curate.errors import CurateError
from curate.fetch import Fetcher
from curate.model import Candidate, Known, Trouble
from curate.workspace import Fetch
from tests.material import material
from tests.server import Answer, Server, redirect
from tests.server import page as html

HOME = "https://site.test"


class Site:
    """A server that plays https://site.test, and a collector that remembers its last run."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.declared = Declaration()
        self.known: dict[str, Known] = {}
        self.found: list[Candidate] = []
        self.troubles: list[Trouble] = []

    def crawl(self, origin: str = HOME, **options: object) -> list[str]:
        """Locators of the candidates of one more run."""
        self.server.forget()
        options = options or {"start": (f"{origin}/",)}
        settings = Fetch(
            delay=0,
            retries=0,
            hosts={origin: self.server.url, "https://other.test": self.server.url},
        )
        context = Context(Path(), Fetcher(settings), self.declared)
        collector = SiteCollector(SiteSource(**options), context)  # type: ignore[arg-type]
        self.found, self.troubles = [], []
        for one in collector.candidates(self.known.get):
            (self.found if isinstance(one, Candidate) else self.troubles).append(one)  # type: ignore[arg-type]
        self.known = {one.locator: Known(one.stamp, one.links) for one in self.found}
        return [one.locator.removeprefix(origin) for one in self.found]

    def said(self, path: str) -> Candidate:
        return next(one for one in self.found if one.locator == f"{HOME}{path}")

    @property
    def told(self) -> dict[str, str]:
        return {one.locator.removeprefix(HOME): str(one.reason) for one in self.troubles}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Server(tmp_path) as server:
        yield Site(server)


# A real site


@pytest.fixture(scope="module")
def hexo() -> Iterator[Site]:
    with Server(material("site")) as server:
        yield Site(server)


def test_a_real_site_is_found_whole_and_then_only_asked_about(hexo: Site) -> None:
    root = material("site")
    files = {f"/{path.relative_to(root).as_posix()}" for path in root.rglob("*.html")}
    origin = "https://hexo.io"
    first = hexo.crawl(origin, sitemap=f"{origin}/sitemap.xml")
    assert len(first) == len(set(first)) > 125
    assert set(first) <= files | {"/logo.svg"}
    stated = sitemap.parse((root / "sitemap.xml").read_bytes()).pages
    assert {url.removeprefix(origin) for url in stated} & files <= set(first)
    pages = {one.locator.removeprefix(origin): one for one in hexo.found}
    chinese = pages["/zh-cn/docs/writing.html"]
    assert chinese.said.title == "写作"
    assert (chinese.suffix, chinese.said.url) == (".html", chinese.locator)
    with chinese.open() as stream:
        assert stream.read() == (root / "zh-cn/docs/writing.html").read_bytes()
    for one in pages.values():
        assert not one.said.statements  # they are in its bytes, and read from there
    gone = [one for one in hexo.troubles if "404" in str(one.reason)]
    assert gone == hexo.troubles and all(one.retry for one in gone)

    again = hexo.crawl(origin, sitemap=f"{origin}/sitemap.xml")
    assert again == first
    fetched = {path for path, status in hexo.server.answers if status == 200}
    assert fetched == {"/robots.txt", "/sitemap.xml"}
    assert hexo.server.count(status=304) >= len(first)


def test_a_real_site_by_its_links(hexo: Site) -> None:
    root = material("site")
    hexo.known = {}
    start = ("https://hexo.io/zh-cn/",)
    found = hexo.crawl("https://hexo.io", start=start, include=("zh-cn",))
    files = {f"/{file.relative_to(root).as_posix()}" for file in (root / "zh-cn").rglob("*.html")}
    assert set(found) <= files and len(found) > 0.9 * len(files)
    titles = [one.said.title for one in hexo.found]
    assert sum(any("\u4e00" <= char <= "\u9fff" for char in title) for title in titles) > 20
    assert hexo.crawl("https://hexo.io", start=("https://hexo.io/",), depth=0) == ["/index.html"]


# Order, addresses, memory


def test_links_are_followed_nearest_first_and_once(site: Site) -> None:
    site.server.always("/", html("<a href=b>B</a> <a href='/a?y=1&x=2#top'>A</a><a href=mailto:x>"))
    site.server.always("/b", html("<a href='a?x=2&y=1'>A</a> <a href=/c>C</a> <a href=./x/../b>"))
    site.server.always("/a?y=1&x=2", html("<a href=/ >home</a>"))
    site.server.always("/c", html("end", "<base href=/deep/>"))
    assert site.crawl() == ["/", "/b", "/a?y=1&x=2", "/c"]
    assert site.said("/").links == (f"{HOME}/b", f"{HOME}/a?y=1&x=2")
    assert site.server.count(status=200) == 4
    asked = {"/robots.txt", "/.well-known/tdmrep.json", "/ai.txt"}  # once each, and not there
    assert site.server.count() == 4 + len(asked)
    assert all(site.server.count(path, 404) == 1 for path in asked)


def test_only_what_changed_is_sent_again(site: Site, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<a href=one.html>1</a><a href=paper.pdf>Paper</a>")
    (tmp_path / "one.html").write_text("<title>one</title>")
    (tmp_path / "paper.pdf").write_bytes(b"%PDF-1.7")
    first = site.crawl()
    stamps = [one.stamp for one in site.found]
    assert all(stamps)
    (tmp_path / "one.html").write_text("<title>one, changed</title>")
    assert site.crawl() == first == ["/", "/one.html", "/paper.pdf"]
    assert site.server.count(status=304) == 2
    assert site.said("/one.html").said.title == "one, changed"
    assert [one.stamp == stamp for one, stamp in zip(site.found, stamps, strict=True)] == [
        True,
        False,
        True,
    ]
    with site.said("/paper.pdf").open() as stream:  # unchanged, but somebody wants it after all
        assert stream.read() == b"%PDF-1.7"


def test_a_file_is_not_downloaded_unless_opened(site: Site) -> None:
    site.server.always("/", html("<a href=big.pdf><b>A big</b> paper</a> <a href=small.png></a>"))
    big = Answer(body=bytes(1 << 20), type="application/pdf", repeat=40)
    site.server.always("/big.pdf", big)
    site.server.always("/small.png", Answer(body=b"png", type="image/png"))
    assert site.crawl() == ["/", "/big.pdf", "/small.png"]
    assert site.said("/big.pdf").said.title == "A big paper"
    assert not site.said("/big.pdf").said.statements
    with site.said("/big.pdf").open() as stream:  # expired: asks again
        assert len(stream.read()) == 40 << 20


def test_an_opened_file_outlives_the_next_candidate(site: Site) -> None:
    body = bytes(range(256)) * 4096
    site.server.always("/", html("<a href=a.pdf>a</a> <a href=b.pdf>b</a>"))
    for name in ("a", "b"):
        site.server.always(f"/{name}.pdf", Answer(body=body, type="application/pdf"))
    settings = Fetch(delay=0, hosts={HOME: site.server.url})
    collector = SiteCollector(SiteSource(start=(f"{HOME}/",)), Context(Path(), Fetcher(settings)))
    streams = [one.open() for one in collector.candidates(lambda url: None)]  # type: ignore[union-attr]
    assert [stream.read() == body for stream in streams[1:]] == [True, True]
    assert site.server.count("/a.pdf") == 1


def test_the_address_a_page_prefers_stands_for_it(site: Site) -> None:
    def named(path: str) -> str:
        return f"<link rel=canonical href='{HOME}{path}'>"

    site.server.always(
        "/", html("<a href=/a?print>1</a> <a href=/x>2</a> <a href=/y>3</a> <a href=/z>")
    )
    site.server.always("/a?print", html("print", named("/a")))
    site.server.always("/a", html("screen", named("/a")))
    site.server.always("/x", html("x prefers y", named("/y")))
    site.server.always("/y", html("y prefers x", named("/x")))
    site.server.always("/z", html("a template's mistake", named("/")))
    assert site.crawl() == ["/", "/a", "/y", "/z"]


# Rules


def test_robots_txt_is_obeyed(site: Site) -> None:
    rules = b"User-agent: *\nDisallow: /\n\nUser-agent: curate\nDisallow: /private/\nAllow: /"
    site.server.always("/robots.txt", Answer(body=rules))
    site.server.always("/", html("<a href=/private/a>a</a> <a href=/open>b</a>"))
    site.server.always("/open", redirect("/private/b"))
    assert site.crawl() == ["/"]
    assert site.told == {
        "/private/a": "robots.txt does not allow it",
        "/open": "robots.txt does not allow it",
    }
    assert not any(one.retry for one in site.troubles)
    assert not site.server.asked("/private/a") + site.server.asked("/private/b")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_rules_that_cannot_be_read_forbid_everything(site: Site, status: int) -> None:
    site.server.always("/robots.txt", Answer(status))
    site.server.always("/", html("x"))
    with pytest.raises(CurateError, match=r"rules of https://site\.test cannot be read"):
        site.crawl()
    assert not site.server.asked("/")


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_without_rules_everything_is_open(site: Site, status: int) -> None:
    site.server.always("/robots.txt", Answer(status))
    site.server.always("/", html("x"))
    assert site.crawl() == ["/"]


def test_a_crawl_delay_slows_down(site: Site) -> None:
    site.server.always("/robots.txt", Answer(body=b"User-agent: *\nCrawl-delay: 86400"))
    site.server.always("/", html("<a href=/a>"))
    site.server.always("/a", html(""))
    settings = Fetch(delay=0, hosts={HOME: site.server.url})
    begins: list[float] = []
    fetcher = Fetcher(settings, clock=lambda: 0.0, sleep=begins.append)
    collector = SiteCollector(SiteSource(start=(f"{HOME}/",)), Context(Path(), fetcher))
    assert len(list(collector.candidates(lambda url: None))) == 2
    assert begins == [60.0, 120.0, 180.0, 240.0]  # after the rules; two notices, two pages


def test_nofollow_and_noindex_are_honoured(site: Site) -> None:
    links = (
        "<a href=/a rel='external nofollow'>a</a> <a href=/b>b</a> <a href=/c>c</a> <a href=/d.pdf>"
    )
    site.server.always("/", html(links))
    site.server.always("/a", html(""))
    site.server.always("/b", html("<a href=/a>", "<meta name=robots content='NoFollow'>"))
    site.server.always("/c", html("<a href=/e>", "<meta name=robots content='noindex'>"))
    headers = {"X-Robots-Tag": "googlebot: nofollow, noindex"}
    site.server.always("/d.pdf", Answer(body=b"%PDF", type="application/pdf", headers=headers))
    site.server.always("/e", html("", headers={"X-Robots-Tag": "otherbot: noindex"}))
    assert site.crawl() == ["/", "/b", "/e"]
    assert site.told["/c"].startswith(f"{HOME}/c says “meta robots: noindex”; ask its owner")
    assert site.told["/d.pdf"].startswith(f"{HOME}/d.pdf says “X-Robots-Tag: noindex”; ask its")
    assert not any(one.retry or one.hides for one in site.troubles)
    assert site.said("/b").links == ()


def test_other_sites_are_left_alone_unless_wanted(site: Site) -> None:
    site.server.always("/", html("<a href=https://other.test/a>a</a> <a href=/go>b</a>"))
    site.server.always("/go", redirect("https://other.test/c"))
    site.server.always("/a", html("<a href=/b>not followed there</a>"))
    site.server.always("/c", html("c"))
    assert site.crawl() == ["/"]
    assert site.told == {"/go": "it leads to another site, https://other.test/c"}
    found = site.crawl(start=(f"{HOME}/",), other_origins=True)
    assert found == ["/", "https://other.test/a", "https://other.test/c"]
    assert len(site.server.asked("/robots.txt")) == 2


def test_a_site_that_moved_is_followed(site: Site) -> None:
    site.server.say("/", redirect("https://other.test/"))
    site.server.always("/", html("<a href=/a>a</a>"))
    site.server.always("/a", html("a"))
    assert site.crawl() == ["https://other.test/", "https://other.test/a"]


def test_globs_types_and_limits(site: Site) -> None:
    names = ("docs/a", "docs/b.pdf", "docs/c.zip", "docs/文.png", "blog/d")
    site.server.always("/", html(" ".join(f"<a href='/{name}'>{name}</a>" for name in names)))
    for name in ("/docs/a", "/blog/d"):
        site.server.always(name, html(name))
    site.server.always("/docs/b.pdf", Answer(body=b"%PDF", type="application/pdf"))
    site.server.always("/docs/%E6%96%87.png", Answer(body=b"png", type="image/png"))
    start = (f"{HOME}/",)
    png = "/docs/%E6%96%87.png"
    assert site.crawl() == ["/", "/docs/a", "/docs/b.pdf", png, "/blog/d"]
    assert not site.server.asked("/docs/c.zip")
    assert site.crawl(start=start, include=("docs",)) == ["/docs/a", "/docs/b.pdf", png]
    assert site.crawl(start=start, exclude=("*.pdf", "文.*")) == ["/", "/docs/a", "/blog/d"]
    assert site.crawl(start=start, types=("document",)) == ["/docs/b.pdf"]
    assert site.crawl(start=start, max_pages=2) == ["/", "/docs/a"]
    assert site.told == {
        f"{HOME}/".removeprefix(
            HOME
        ): "3 more addresses are known but were not visited: max_pages is 2"
    }


def test_what_is_no_page_after_all_is_a_file(site: Site) -> None:
    site.server.always("/", html("<a href=/get?id=1>The paper</a> <a href=/notes.html>n</a>"))
    site.server.always("/get?id=1", Answer(body=b"%PDF", type="application/pdf"))
    site.server.always("/notes.html", Answer(body=b"<a href=/x>", type="text/plain"))
    assert site.crawl() == ["/", "/get?id=1", "/notes.html"]
    paper = site.said("/get?id=1")
    assert (paper.suffix, paper.said.title) == (".pdf", "The paper")
    assert site.said("/notes.html").suffix == ".txt"


# Troubles


def test_a_dead_link_names_the_page_it_is_on(site: Site) -> None:
    site.server.always("/", html("<a href=/gone>x</a> <a href=/broken>y</a> <a href=/empty>z</a>"))
    site.server.always("/broken", Answer(500))
    site.server.always("/empty", Answer(type="text/html"))
    assert site.crawl() == ["/"]
    assert site.told == {
        "/gone": f"{HOME}/gone answers 404 Not Found; linked from {HOME}/",
        "/broken": f"{HOME}/broken answers 500 Internal Server Error; linked from {HOME}/",
        "/empty": "it is empty",
    }


def test_a_start_that_fails_is_an_error(site: Site) -> None:
    with pytest.raises(CurateError, match=r"https://site\.test/ answers 404"):
        site.crawl()
    site.server.always("/b", html("b"))
    assert site.crawl(start=(f"{HOME}/a", f"{HOME}/b")) == ["/b"]
    assert list(site.told) == ["/a"]


def test_a_huge_page_is_told(site: Site) -> None:
    site.server.always("/", html("<a href=/huge>h</a>"))
    site.server.always("/huge", Answer(body=b"<p>x</p>" * 1024, type="text/html", repeat=2048))
    assert site.crawl() == ["/"]
    assert site.told == {"/huge": "the page is larger than 5 MiB"}


def test_hostile_html_is_read_as_far_as_it_goes(site: Site) -> None:
    deep = b"<div><a href=/a>" * 50_000
    site.server.always("/", Answer(body=deep + b"\x00\xff<a href='http://['>", type="text/html"))
    site.server.always("/a", html("a"))
    assert site.crawl() == ["/", "/a"]


def test_endless_links_end(site: Site) -> None:
    class Endless(dict[str, Answer]):
        def get(self, path: str, default: object = None) -> Answer:  # type: ignore[override]
            return Answer(404) if path == "/robots.txt" else html(f"<a href='{path}x'>more</a>")

    site.server._always = Endless()
    assert len(site.crawl(start=(f"{HOME}/",), max_pages=20)) == 20
    assert len(site.troubles) == 1


# Sitemaps


def test_sitemaps_index_zip_and_text(site: Site) -> None:
    index = f"""<?xml version="1.0"?><sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
      <sitemap><loc>{HOME}/one.xml.gz</loc></sitemap><sitemap><loc> /two.txt </loc></sitemap>
      <sitemap><loc>{HOME}/gone.xml</loc></sitemap></sitemapindex>"""
    one = f"""<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
      xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
      <url><loc>{HOME}/a?x=1&amp;y=2</loc><image:image><image:loc>{HOME}/i.png</image:loc></image:image></url>
      <url><loc>https://elsewhere.test/</loc></url></urlset>"""
    site.server.always("/map.xml", Answer(body=index.encode()))
    site.server.always("/one.xml.gz", Answer(body=gzip.compress(one.encode())))
    site.server.always("/two.txt", Answer(body=f"{HOME}/b\n".encode()))
    for path in ("/a?x=1&y=2", "/b"):
        site.server.always(path, html(path))
    assert site.crawl(sitemap=f"{HOME}/map.xml") == ["/a?x=1&y=2", "/b"]
    assert list(site.told) == ["/gone.xml", "/map.xml"]
    assert site.told["/map.xml"].startswith("1 addresses of the sitemap")


BOMB = b"""<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY f SYSTEM "file:///etc/passwd">]><urlset><url><loc>&b;</loc><loc>&f;</loc></url></urlset>"""


@pytest.mark.parametrize(
    "data",
    [b"", b"<html></html>", b"just words", b"<", b"\x1f\x8bno", gzip.compress(bytes(60 << 20))],
    ids=["empty", "html", "text", "broken", "bad-gzip", "gzip-bomb"],
)
def test_what_is_no_sitemap(data: bytes) -> None:
    with pytest.raises(ValueError, match="it"):
        sitemap.parse(data)


def test_a_sitemap_expands_nothing() -> None:
    assert not any("root:" in url or "aaa" in url for url in sitemap.parse(BOMB).pages)


# What a page says


def test_a_page_says_what_it_is_and_under_which_terms() -> None:
    body = """<html><head><title>Tea | My Site</title>
    <meta property="og:title" content="Tea"><meta property="og:site_name" content="My Site">
    <meta name="Author" content="Li  Na"><meta name="description" content="About tea.">
    <meta name="keywords" content="tea, 茶，green tea;tea">
    <meta name="dcterms.license" content="CC0-1.0">
    <link rel="license" href="/license.html">
    <script type="application/ld+json">{"@graph": [
      {"@type": "Article", "license": "https://example.org/l1", "image":
        {"@type": "ImageObject", "contentUrl": "/i/cup.jpg", "license": {"@id": "https://example.org/l2"}}},
      {"@type": "WebPage", "isBasedOn": {"license": ["https://example.org/l3"]}}]}</script>
    <script type="application/ld+json">{ not json</script></head>
    <body><a rel="License noopener" href="https://creativecommons.org/licenses/by/4.0/">BY</a>
    <a href="https://creativecommons.org/licenses/by-sa/4.0/">of a picture</a>
    <a href="https://creativecommons.org.evil.test/licenses/by/4.0/">no</a>
    <a href="pic.html"><img src=x alt="A cup"></a></body></html>"""
    headers = {
        "Link": '<https://x.test/next>; rel=next, <https://example.org/h>; title="a, b"; rel="license"',
        "Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT",
    }
    found = page.read(body.encode(), "https://x.test/a/", "", headers)
    said = found.said
    assert (said.title, said.creators, said.description) == ("Tea", ("Li Na",), "About tea.")
    assert (said.tags, said.modified) == (("tea", "茶", "green tea"), "2015-10-21T07:28:00Z")
    assert [(one.raw, one.channel, one.confidence, one.component) for one in said.statements] == [
        ("https://example.org/h", "http-link", "declared", "whole"),
        ("https://x.test/license.html", "html-rel", "declared", "whole"),
    ]
    assert ("https://x.test/a/pic.html", "A cup") in [(one.url, one.text) for one in found.links]


@pytest.mark.parametrize(
    ("charset", "header", "meta"),
    [
        ("utf-8", "utf-8", ""),
        ("gb18030", "gb2312", ""),
        ("gbk", "", "<meta charset=gb2312>"),
        ("big5", "", "<meta http-equiv=Content-Type content='text/html; charset=big5'>"),
        ("utf-16", "utf-8", ""),
        ("utf-8", "no-such-charset", "<meta charset=utf-8>"),
    ],
)
def test_chinese_in_every_charset(charset: str, header: str, meta: str) -> None:
    body = f"<html><head>{meta}<title>中文</title></head>".encode(charset)
    assert page.read(body, "https://x.test/", header, {}).said.title == "中文"


@given(st.binary(max_size=300), st.text(max_size=10))
def test_any_bytes_are_a_page(body: bytes, charset: str) -> None:
    found = page.read(b"<html><a href='" + body, "https://x.test/", charset, {})
    assert all(urls.normal(link.url) == link.url for link in found.links)


@given(st.text(max_size=40))
def test_a_normal_address_stays_as_it_is(text: str) -> None:
    found = urls.normal(text, "https://x.test/a/b?c")
    assert found is None or urls.normal(found) == found


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("HTTP://Example.ORG:80", "http://example.org/"),
        ("//me:secret@x.test/a", "https://x.test/a"),
        ("?b=2&a=1&b=1", "https://x.test/d/?b=2&a=1&b=1"),
        ("../é%7e%2f%e9", "https://x.test/%C3%A9~%2F%E9"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("http://[", None),
        ("x" * 5000, None),
    ],
)
def test_normal_addresses(written: str, expected: str | None) -> None:
    assert urls.normal(written, "https://x.test/d/") == expected


def test_kinds_by_type_and_suffix() -> None:
    assert kinds.claimed("application/pdf", "") == ("document", ".pdf")
    assert kinds.claimed("application/octet-stream", ".epub") == ("document", ".epub")
    assert kinds.claimed("text/plain", ".csv") == ("table", ".csv")
    assert kinds.claimed("text/html", ".pdf") == ("page", ".html")
    assert kinds.claimed("image/x-unknown", ".xyz") == ("image", ".xyz")


# Options and sentences


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"start": ("ftp://x.test/",)},
        {"start": ("x.test",)},
        {"sitemap": "https://me:secret@x.test/"},
        {"start": ("https://x.test/",), "exclude": ("[",)},
    ],
    ids=str,
)
def test_bad_options_are_told(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"start|pattern|address|password") as caught:
        SiteSource(**options)  # type: ignore[arg-type]
    assert "secret" not in str(caught.value)

"""Pages that are kept to be read without the web."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.collection import Declaration
from curate.collectors import Context
from curate.collectors.feed import FeedCollector, FeedSource
from curate.collectors.site import SiteCollector, SiteSource
from curate.collectors.web.css import rewrite
from curate.errors import CurateError
from curate.fetch import Fetcher
from curate.model import Candidate, Known, Trouble
from curate.workspace import Fetch
from tests.material import material
from tests.server import Answer, Server
from tests.server import page as html

HOME = "https://site.test"
OTHER = "https://other.test"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


class Site:
    def __init__(self, server: Server) -> None:
        self.server = server
        self.declared = Declaration()
        self.known: dict[str, Known] = {}
        self.pages: dict[str, bytes] = {}
        self.told: dict[str, str] = {}
        self.troubles: list[Trouble] = []

    def keep(self, start: str = "/", **options: object) -> str:
        """The page at ``start``, kept; of all that is found, what changed is opened."""
        self.crawl({"start": (f"{HOME}{start}",), **options})
        return self.pages.get(f"{HOME}{start}", b"").decode()

    def crawl(self, options: dict[str, object]) -> None:
        self.server.forget()
        hosts = {HOME: self.server.url, OTHER: self.server.url, "https://hexo.io": self.server.url}
        settings = Fetch(delay=0, retries=0, hosts=hosts)
        context = Context(Path(), Fetcher(settings), self.declared)
        source = SiteSource(**{"offline": True, "types": ("page",), **options})  # type: ignore[arg-type]
        self.troubles = []
        for one in SiteCollector(source, context).candidates(self.known.get):
            if isinstance(one, Trouble):
                self.troubles.append(one)
                continue
            before = self.known.get(one.locator)
            if before is None or not one.stamp or before.stamp != one.stamp:
                with one.open() as stream:
                    self.pages[one.locator] = stream.read()
            self.known[one.locator] = Known(one.stamp, one.links)
        self.told = {one.locator.removeprefix(HOME): str(one.reason) for one in self.troubles}


@pytest.fixture
def site() -> Iterator[Site]:
    with Server() as server:
        for name in ("a.png", "b.png", "big.png", "bg.png"):
            server.always(f"/{name}", Answer(body=PNG + name.encode(), type="image/png"))
        yield Site(server)


def data(name: str) -> str:
    return "data:image/png;base64," + base64.b64encode(PNG + name.encode()).decode()


def test_pictures_are_inside_the_largest_of_their_versions(site: Site) -> None:
    site.server.always(
        "/",
        html(
            '<img src="/a.png" alt="A"><img src="a.png" srcset="/a.png 1x, /big.png 2x">'
            '<picture><source srcset="/big.png 800w"><img src="/b.png"></picture>'
            '<img data-src="/b.png" loading="lazy">'
            '<div style="background: url(&quot;/bg.png&quot;)"></div>'
        ),
    )
    kept = site.keep()
    assert re.findall(r'<img[^>]* src="([^"]*)"', kept) == [
        data("a.png"), data("big.png"), data("big.png"), data("b.png"),
    ]  # fmt: skip
    assert data("bg.png") in kept
    assert not {"srcset", "<source", "data-src", "loading"} & set(
        re.findall(r"srcset|<source|data-src|loading", kept)
    )
    assert {
        path: site.server.count(path) for path in ("/a.png", "/big.png", "/b.png", "/bg.png")
    } == dict.fromkeys(("/a.png", "/big.png", "/b.png", "/bg.png"), 1)


def test_style_sheets_come_with_what_they_import_and_their_fonts(site: Site) -> None:
    site.server.always(
        "/",
        html(
            "<p>x</p><style>@import 'css/two.css' print; p { background: url(bg.png) }</style>",
            '<link rel="stylesheet" href="/css/one.css" media="screen" integrity="sha256-x">',
        ),
    )
    one = "@import url('two.css');@font-face{font-family:A;src:url(a.eot);src:url(a.eot?#iefix) format('e'),url(a.woff2) format('woff2'),url(a.woff)} /* url(no.png) */ p::after{content:'url(no.png)'}"
    for name, text in {
        "one": one,
        "two": "@import 'three.css'; i{background:url( ../bg.png )}",
        "three": "@import 'one.css'; b{color:red}",
    }.items():
        site.server.always(f"/css/{name}.css", Answer(body=text.encode(), type="text/css"))
    site.server.always("/css/a.woff2", Answer(body=b"wOF2", type="font/woff2"))
    kept = site.keep()
    sheet = re.search(r'href="data:text/css;charset=utf-8;base64,([^"]*)"', kept)
    assert sheet is not None
    assert 'media="screen"' in kept
    assert "integrity" not in kept
    text = base64.b64decode(sheet[1]).decode()
    assert "data:font/woff2;base64," in text
    assert "https://site.test/css/a.eot#iefix" in text or "https://site.test/css/a.eot?" in text
    assert "/* url(no.png) */" in text
    assert "content:'url(no.png)'" in text
    nested = base64.b64decode(
        re.findall(r'@import url\("data:text/css;charset=utf-8;base64,([^"]*)"\)', text)[0]
    ).decode()
    assert data("bg.png") in nested
    assert data("bg.png") in kept  # of the style element
    assert site.server.count("/css/one.css") == 1
    assert site.server.count("/css/a.eot") == site.server.count("/css/a.woff") == 0


def test_scripts_go_but_what_tells_of_rights_stays(site: Site) -> None:
    told = '<script type="application/ld+json">{"license": "https://x.test/l"}</script>'
    site.server.always(
        "/",
        html(
            '<p onclick="evil()">x</p><a href="javascript:evil()">y</a><script>evil()</script><img src=x onerror="evil()">',
            f'{told}<script src="/s.js"></script><link rel="preload" href="/s.js" as="script"><meta http-equiv="refresh" content="0;url=/">'
            '<meta http-equiv="Content-Security-Policy" content="img-src none"><link rel="license" href="/licence">',
        ),
    )
    kept = site.keep()
    assert told in kept
    assert (
        f'<link href="{HOME}/licence" rel="license"' in kept
        or f'rel="license" href="{HOME}/licence"' in kept
    )
    assert not re.search(r"evil|s\.js|refresh|Content-Security", kept)


def test_links_are_whole_and_other_sites_are_not_asked(site: Site) -> None:
    site.server.always(
        "/d/",
        html(
            f'<a href="../x?b=2#f">x</a><a href="#here">h</a><a href="mailto:a@b.c">m</a><img src="{OTHER}/a.png">',
            '<base href="/d/e/">',
        ),
    )
    kept = site.keep("/d/")
    assert f'href="{HOME}/d/x?b=2#f"' in kept
    assert 'href="#here"' in kept
    assert 'href="mailto:a@b.c"' in kept
    assert f'src="{OTHER}/a.png"' in kept
    assert "<base" not in kept
    assert site.server.count("/a.png") == 0


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(404), "404"),
        (html("no picture"), "it is text/html"),
        (Answer(302, headers={"Location": f"{OTHER}/a.png"}), "leads to another site"),
        (Answer(body=PNG, type="image/png", headers={"X-Robots-Tag": "noindex"}), "noindex"),
        (Answer(body=b"x" * 65_536, type="image/png", repeat=200), "larger than"),
    ],
    ids=["gone", "page", "elsewhere", "stop", "large"],
)
def test_what_is_not_to_be_had_is_told_and_stays_a_link(
    site: Site, answer: Answer, reason: str
) -> None:
    site.server.always("/", html('<img src="/x.png"><img src="/a.png">'))
    site.server.always("/x.png", answer)
    kept = site.keep()
    assert f'src="{HOME}/x.png"' in kept
    assert data("a.png") in kept
    assert reason in site.told["/x.png#offline"]
    assert not any(one.hides for one in site.troubles)


def test_robots_txt_holds_for_pictures_too(site: Site) -> None:
    site.server.always("/robots.txt", Answer(body=b"User-agent: *\nDisallow: /x.png"))
    site.server.always("/", html('<img src="/x.png">'))
    site.keep()
    assert site.told["/x.png#offline"] == "robots.txt does not allow it"
    assert site.server.count("/x.png") == 0


def test_a_page_does_not_grow_without_end(site: Site) -> None:
    site.server.always("/big", Answer(body=b"x" * (7 << 20), type="image/png"))
    site.server.always("/", html('<img src="/big">' * 5))
    kept = site.keep()
    assert len(kept) <= 20 << 20
    assert f'src="{HOME}/big"' in kept
    assert "larger than 20 MiB" in site.told["/big#offline"]


def test_the_same_parts_give_the_same_bytes_and_are_asked_for_once(site: Site) -> None:
    site.server.always("/", html('<img src="/a.png"><a href="/two">2</a>'))
    site.server.always("/two", html('<img src="/a.png">'))
    first = site.keep()
    assert site.server.count("/a.png") == 1
    site.known.clear()
    assert site.keep() == first


def test_another_manner_is_another_version(tmp_path: Path, site: Site) -> None:
    site.server.folder = tmp_path
    (tmp_path / "index.html").write_text('<img src="/a.png">')
    assert data("a.png") not in site.keep(offline=False)
    assert data("a.png") in site.keep()
    site.keep()
    assert site.server.count("/", 304) == 1
    assert data("a.png") not in site.keep(offline=False)


def test_of_an_unchanged_page_whose_bytes_are_lost_the_same_comes_again(
    tmp_path: Path, site: Site
) -> None:
    site.server.folder = tmp_path
    (tmp_path / "index.html").write_text('<img src="/a.png">')
    kept = site.keep()
    context = Context(Path(), Fetcher(Fetch(delay=0, hosts={HOME: site.server.url})))
    source = SiteSource(start=(f"{HOME}/",), offline=True)
    found = next(
        one
        for one in SiteCollector(source, context).candidates(site.known.get)
        if isinstance(one, Candidate)
    )
    assert found.stamp == site.known[f"{HOME}/"].stamp
    assert found.open().read().decode() == kept


def test_a_feed_keeps_pages_too(site: Site) -> None:
    site.server.always("/", html('<img src="/a.png">'))
    rss = f"<rss><channel><item><link>{HOME}/</link></item></channel></rss>".encode()
    site.server.always("/feed.xml", Answer(body=rss, type="application/rss+xml"))
    context = Context(Path(), Fetcher(Fetch(delay=0, hosts={HOME: site.server.url})))
    source = FeedSource(url=f"{HOME}/feed.xml", offline=True)
    found = next(
        one
        for one in FeedCollector(source, context).candidates(lambda url: None)
        if isinstance(one, Candidate)
    )
    assert data("a.png") in found.open().read().decode()


def test_real_pages(site: Site) -> None:
    site.server.folder = material("site")
    site.crawl({"start": ("https://hexo.io/docs/",), "max_pages": 3})
    assert site.pages
    for body in site.pages.values():
        text = body.decode("utf-8")
        assert "<script" not in re.sub(r'<script type="application/ld\+json"', "", text)
        assert not re.search(r'(?:src|href)="/', text)


@given(st.text("url()'\"\\/*@import;{} \nfont-face,a.b", max_size=80))
def test_style_that_needs_nothing_stays_as_it_is(text: str) -> None:
    def put(address: str, purpose: str) -> str:
        return "X"

    once = rewrite(text, put)
    assert rewrite(once, put) == once


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (b"", "it is empty"),
        (b"x" * ((5 << 20) + 1), "larger than 5 MiB"),
    ],
    ids=["empty", "large"],
)
def test_an_unchanged_page_that_cannot_be_read_any_more_says_so(
    tmp_path: Path, site: Site, now: bytes, reason: str
) -> None:
    site.server.folder = tmp_path
    (tmp_path / "index.html").write_text('<img src="/a.png">')
    site.keep()
    context = Context(Path(), Fetcher(Fetch(delay=0, hosts={HOME: site.server.url})))
    source = SiteSource(start=(f"{HOME}/",), offline=True)
    found = next(
        one
        for one in SiteCollector(source, context).candidates(site.known.get)
        if isinstance(one, Candidate)
    )
    (tmp_path / "index.html").write_bytes(now)
    with pytest.raises(CurateError, match=reason):
        found.open()


@pytest.mark.parametrize(
    "text",
    [
        '"' + "\\\n" * 5000,
        "'" + "\\\n" * 5000,
        "url('" + "\\\n" * 5000,
        '@import "' + "\\\n" * 5000,
        "url(" + "\\\n" * 5000 + "(",
        "url(" + " " * 200_000 + "x y",
        '"' + '\\"' * 200_000,
        'url("' * 50_000,
    ],
    ids=["double", "single", "url", "import", "bare", "blanks", "escaped", "nested"],
)
def test_style_that_never_closes_is_read_once(text: str) -> None:
    assert rewrite(text, lambda address, purpose: "X") == text


def test_an_open_quote_ends_with_its_line() -> None:
    kept = rewrite('a{content:"x\\\ny}\nb{background:url(y)}', lambda address, purpose: "X")
    assert kept.endswith('b{background:url("X")}')


RUNS = [
    '<iframe srcdoc="<script>evil()</script>"></iframe>',
    '<iframe src="data:text/html,<script>evil()</script>"></iframe>',
    '<object data="data:text/html;base64,evil"></object>',
    '<embed src="data:image/svg+xml,evil">',
    '<object data=" DATA:image/svg+xml,evil"></object>',
    '<a href="java&#10;script:evil()">x</a>',
    '<a href="&#1; javascript:evil()">x</a>',
    '<a href="vbscript:evil()">x</a>',
    '<area href="data:text/html,evil">',
    '<svg><a xlink:href="javascript:evil()"><text>x</text></a></svg>',
    '<svg><a href="javascript:evil()"><text>x</text></a></svg>',
    '<svg><use href="data:image/svg+xml,evil#x"/></svg>',
    '<svg><a><animate attributeName="href" values="javascript:evil()"/></a></svg>',
    '<svg onload="evil()"></svg>',
    '<form action="javascript:evil()"><button formaction="javascript:evil()">x</button></form>',
    '<input type="submit" formaction=" javascript:evil()">',
    '<meta http-equiv=" Refresh" content="0;url=javascript:evil()">',
    '<base type="application/ld+json" href="https://evil.test/">',
    "<p style=\"background: url('javascript:evil()')\">x</p>",
    '<style>p { background: url("vbscript:evil()") }</style>',
    "<svg><style><img src=x onerror=go(evil)></style></svg>",
    '<noscript><!-- </noscript><img src=x onerror="evil()"> --></noscript>',
    '<svg><script type="application/rsl+xml"><img src=x onerror="evil()"></script></svg>',
    '<!-- x --!><img src=x onerror="evil()"> -->',
]


@pytest.mark.parametrize("markup", RUNS)
def test_nothing_in_a_page_can_run(site: Site, markup: str) -> None:
    site.server.always("/", html(f"<p>before</p>{markup}<p>after</p>"))
    kept = site.keep()
    assert "before" in kept
    assert "after" in kept
    assert not re.search(
        r"(?i)(script:|svg\+xml,|<img[^>]*|values=|[=,]\W*)evil|<base|refresh|srcdoc|text/html|--!",
        kept,
    )


def test_a_type_of_document_that_holds_more_is_dropped(site: Site) -> None:
    odd = b'<!DOCTYPE html PUBLIC "><img src=x onerror=evil()>"><html><p>text</p></html>'
    site.server.always("/", Answer(body=odd, type="text/html"))
    kept = site.keep()
    assert "text" in kept
    assert "onerror=evil" not in kept.replace("&lt;", "")


def test_what_harms_nobody_stays(site: Site) -> None:
    picture, drawing = "data:image/png;base64,AAAA", "data:image/svg+xml;base64,AAAA"
    site.server.always(
        "/",
        html(
            f'<img src="{picture}"><img src="{drawing}"><a href="tel:+123">t</a><a href="mailto:a@b.c">m</a>'
            f'<p style="background: url({drawing})">x</p><svg><use xlink:href="#x"/>'
            '<animate attributeName="x" from="0" to="10"/></svg><!-- a note -->'
            "<style>@font-face { src: url(data:application/x-font-woff;base64,AAAA) }"
            " @media (width < 600px) { p { content: '<b>' } }</style>"
            f'<object data="{picture}"></object>',
            '<script type="application/ld+json">{"name": "a <b> c"}</script>',
        ),
    )
    kept = site.keep()
    for one in (
        f'<img src="{picture}"', f'<img src="{drawing}"', "tel:+123", "mailto:a@b.c", f"url(&quot;{drawing}",
        'xlink:href="#x"', 'to="10"', "<!-- a note -->", "data:application/x-font-woff", "(width < 600px)",
        "'\\3c b>'", f'data="{picture}"', '"a \\u003cb> c"',
    ):  # fmt: skip
        assert one in kept or one.replace("&quot;", '"') in kept, one

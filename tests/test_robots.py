"""robots.txt as RFC 9309 has it, through a real server: what it allows, and that it is obeyed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from curate.collectors import Context
from curate.collectors.site import SiteCollector, SiteSource
from curate.collectors.web import urls
from curate.collectors.web.robots import Robots
from curate.errors import CurateError
from curate.fetch import Fetcher
from curate.model import Trouble
from curate.workspace import Fetch
from tests.material import material
from tests.server import Answer, Server, redirect
from tests.server import page as html

HOME = "https://site.test"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


def robots(server: Server, text: bytes | str, agent: str = "curate") -> Robots:
    body = text.encode() if isinstance(text, str) else text
    server.always("/robots.txt", Answer(body=body))
    settings = Fetch(delay=0, retries=0, hosts={HOME: server.url, "https://b.test": server.url})
    return Robots(Fetcher(settings), agent)


# What is matched (RFC 9309, 2.2): each rule, and paths that it forbids and leaves open.
RULES = {
    "/": (("/a", "/", "/a?b", "/robots.txtx"), ()),
    "": ((), ("/", "/a")),
    "/*": (("/a", "/"), ()),
    "/fish": (("/fish", "/fish.html", "/fish/a", "/fishes", "/fish?x"), ("/Fish", "/catfish", "/")),
    "/fish*": (("/fish", "/fish.html", "/fishes/a"), ("/Fish.asp", "/catfish", "/?id=fish")),
    "/fish/": (("/fish/", "/fish/?x", "/fish/a"), ("/fish", "/fish.html", "/Fish/a")),
    "/*.php": (("/a.php", "/b/a.php?x", "/a.php5", "/i?f=a.php/"), ("/", "/a.PHP", "/i?php")),
    "/*.php$": (("/a.php", "/b/a.php"), ("/a.php?x", "/a.php/", "/a.php5", "/a.PHP")),
    "/fish*.php": (("/fish.php", "/fishes/cat.php?x"), ("/Fish.PHP", "/fish")),
    "/$": (("/",), ("/a", "/?a")),
    "/*/*/x": (("/a/b/x", "/a/b/c/x"), ("/a/x", "/x")),
    "/a%3cd.html": (("/a%3Cd.html", "/a%3cd.html"), ("/a<",)),
    "/a/b/%7Eme": (("/a/b/~me", "/a/b/%7eme"), ("/a/b/me",)),
    "/文": (("/文", "/%E6%96%87", "/%e6%96%87章"), ("/章",)),
    "/%E6%96%87": (("/文", "/%E6%96%87/a"), ("/%E6%96",)),
    "/a%2Fb": (("/a%2Fb", "/a%2fb/c"), ("/a/b",)),
    "/price%24": (("/price$", "/price$1"), ("/price",)),
    "/x%2Ax": (("/x*x",), ("/xax",)),
    "/*?": (("/a?", "/a?b=1"), ("/a",)),
    "/*?sort=": (("/a?sort=1",), ("/a?b=1&sort=1", "/a")),
    "/*&sort=": (("/a?b=1&sort=1",), ("/a?sort=1",)),
    "/a;b=c": (("/a;b=c", "/a;b=cd"), ("/a",)),
    "a": ((), ("/b",)),
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule or "empty")
def test_paths(server: Server, rule: str) -> None:
    one = robots(server, f"User-agent: *\nDisallow: {rule}\n")
    forbidden, open_ = RULES[rule]
    for path in (*forbidden, *open_):
        for url in (f"{HOME}{path}", urls.normal(f"{HOME}{path}") or ""):
            if not path.endswith("?"):  # an empty query has no normal form of its own
                assert one.allow(url) == (path in open_), url


# Which rule wins (2.2.2): the longest; of equal ones, the one that allows.
@pytest.mark.parametrize(
    ("rules", "path", "allowed"),
    [
        ("Allow: /p\nDisallow: /", "/page", True),
        ("Disallow: /\nAllow: /p", "/page", True),
        ("Allow: /folder\nDisallow: /folder", "/folder/a", True),
        ("Allow: /page\nDisallow: /*.htm", "/page.htm", False),
        ("Allow: /page\nDisallow: /*.ph", "/page.php5", True),
        ("Allow: /$\nDisallow: /", "/", True),
        ("Allow: /$\nDisallow: /", "/a", False),
        ("Disallow: /a\nDisallow: /b", "/b", False),
        ("Disallow:\nDisallow: /a", "/a", False),
        ("Disallow: /", "/robots.txt", True),
        ("DISALLOW : /a # why", "/a", False),
        ("disallow:/a", "/a/b", False),
        ("Noindex: /a\nDisallow: /b", "/a", True),
        ("Disallow /a", "/a", False),  # common enough a mistake to be understood
        ("Dissallow: /a", "/a", False),
    ],
)
def test_the_most_telling_rule_wins(server: Server, rules: str, path: str, allowed: bool) -> None:
    assert robots(server, f"User-agent: *\n{rules}\n").allow(f"{HOME}{path}") == allowed


# Whose group it is (2.2.1)
@pytest.mark.parametrize(
    ("text", "agent", "allowed"),
    [
        ("User-agent: *\nDisallow: /a", "curate", False),
        ("User-agent: CURATE\nDisallow: /a", "curate", False),
        ("User-agent: curate/2.0\nDisallow: /a", "curate", False),
        ("User-agent: other\nDisallow: /a", "curate", True),
        ("User-agent: cur\nDisallow: /a", "accur", True),
        ("User-agent: *\nDisallow: /a\n\nUser-agent: curate\nAllow: /", "curate", True),
        ("User-agent: curate\nAllow: /\n\nUser-agent: *\nDisallow: /a", "curate", True),
        ("User-agent: other\nUser-agent: curate\nDisallow: /a", "curate", False),
        ("User-agent: other\n\n\nUser-agent: curate\nDisallow: /a", "curate", False),
        ("User-agent: curate\nDisallow: /b\nUser-agent: curate\nDisallow: /a", "curate", False),
        ("User-agent: curate\nSitemap: /s\nUser-agent: other\nDisallow: /a", "curate", False),
        ("Disallow: /a\nUser-agent: *\nDisallow: /b", "curate", True),
        ("User-agent: *\r\nDisallow: /a\r\n", "curate", False),
        ("User-agent: *\rDisallow: /a\r", "curate", False),
        ("\ufeffUser-agent: *\nDisallow: /a", "curate", False),
        ("# nothing\n", "curate", True),
        ("", "curate", True),
        ("<html><body>Not found</body></html>", "curate", True),
    ],
)
def test_groups(server: Server, text: str, agent: str, allowed: bool) -> None:
    assert robots(server, text, agent).allow(f"{HOME}/a") == allowed


# How it is had (2.3)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 418, 451])
def test_what_is_not_there_forbids_nothing(server: Server, status: int) -> None:
    one = robots(server, "")
    server.always("/robots.txt", Answer(status, body=b"User-agent: *\nDisallow: /"))
    assert one.allow(f"{HOME}/a")


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500),
        Answer(502),
        Answer(503),
        Answer(429),
        Answer(close=True),
        redirect("/robots.txt"),
    ],
    ids=["500", "502", "503", "429", "closed", "circle"],
)
def test_what_cannot_be_had_forbids_everything(server: Server, answer: Answer) -> None:
    one = robots(server, "")
    server.always("/robots.txt", answer)
    for _ in range(2):
        with pytest.raises(CurateError, match="cannot be read, so nothing of it may be requested"):
            one.allow(f"{HOME}/a")


@pytest.mark.parametrize("hops", [1, 5])
def test_redirects_are_followed_also_to_other_hosts(server: Server, hops: int) -> None:
    one = robots(server, "")
    server.always("/robots.txt", redirect("https://b.test/1"))
    for number in range(1, hops):
        server.always(f"/{number}", redirect(f"{HOME}/{number + 1}"))
    server.always(f"/{hops}", Answer(body=b"User-agent: *\nDisallow: /a"))
    assert not one.allow(f"{HOME}/a") and one.allow(f"{HOME}/b")


def test_more_than_half_a_mebibyte_is_left_unread(server: Server) -> None:
    line, limit = b"Disallow: /%06d\n", 512 << 10
    head = b"User-agent: *\n"
    lines = [line % number for number in range(40_000)]
    one = robots(server, head + b"".join(lines))
    last = (limit - len(head)) // len(lines[0]) - 1
    assert not one.allow(f"{HOME}/{last:06d}")
    assert one.allow(f"{HOME}/{last + 2:06d}")
    cut = head + b"#" * (limit - len(head) - len(b"\nDisallow: /a")) + b"\nDisallow: /abc\nAllow: /"
    assert robots(server, cut).allow(f"{HOME}/ab"), "half a path is no rule"


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("2", 2.0), ("0.5", 0.5), ("86400", 60.0), ("-1", 0.0), ("soon", 0.0), ("", 0.0)],
)
def test_crawl_delay(server: Server, written: str, seconds: float) -> None:
    begins: list[float] = []
    server.always("/robots.txt", Answer(body=f"User-agent: *\nCrawl-delay: {written}".encode()))
    server.always("/a", Answer(body=b"a"))
    settings = Fetch(delay=0, hosts={HOME: server.url})
    fetcher = Fetcher(settings, clock=lambda: 0.0, sleep=begins.append)
    assert Robots(fetcher).allow(f"{HOME}/a")
    with fetcher.get(f"{HOME}/a"):
        assert begins == ([seconds] if seconds else [])


def test_each_origin_has_its_own_rules(server: Server) -> None:
    with Server() as other:
        one = Robots(Fetcher(Fetch(delay=0, hosts={HOME: server.url, "https://c.test": other.url})))
        server.always("/robots.txt", Answer(body=b"User-agent: *\nDisallow: /a"))
        other.always("/robots.txt", Answer(body=b"User-agent: *\nDisallow: /b"))
        server.forget()
        found = [
            one.allow(f"{home}/{path}") for home in (HOME, "https://c.test") for path in "abab"
        ]
        assert found == [False, True, False, True, True, False, True, False]
        assert server.count("/robots.txt") == other.count("/robots.txt") == 1


# That it is obeyed


@pytest.mark.parametrize("per_host", [1, 4])
def test_nothing_forbidden_is_ever_asked_for(tmp_path: Path, per_host: int) -> None:
    """Neither by links, redirects, canonical names, translations and sitemaps, nor ahead of its turn."""
    with Server(tmp_path) as server:
        rules = (
            "User-agent: *\nDisallow: /no\nDisallow: /*?print\nDisallow: /*.pdf$\nDisallow: /ai.txt"
        )
        server.always("/robots.txt", Answer(body=rules.encode()))
        links = [
            *(f"/ok{number}" for number in range(20)), "/no1", "/%6eo2", "/./no3", "/ok/../no4",
            "/a?print", "/b.pdf", "/go", "/named", f"{HOME}/no5#x", "//site.test/no6", "/c.pdf?x",
        ]  # fmt: skip
        head = "<link rel=alternate hreflang=zh href=/no7>"
        server.always("/", html(" ".join(f"<a href='{link}'>x</a>" for link in links), head))
        for number in range(20):
            server.always(f"/ok{number}", html(f"<a href=/no/{number}>x</a>"))
        server.always("/go", redirect("/no8"))
        server.always("/named", html("x", "<link rel=canonical href=/no9>"))
        server.always("/c.pdf?x", Answer(body=b"%PDF", type="application/pdf"))
        server.always("/map.xml", Answer(body=f"{HOME}/no10\n{HOME}/ok1\n".encode()))
        settings = Fetch(delay=0, retries=0, per_host=per_host, hosts={HOME: server.url})
        source = SiteSource(start=(f"{HOME}/",), sitemap=f"{HOME}/map.xml")
        collector = SiteCollector(source, Context(Path(), Fetcher(settings)))
        found = list(collector.candidates(lambda url: None))
        asked = [one.path for one in server.requests]
        judge = robots(server, rules)
        assert not [
            path for path in asked if path != "/robots.txt" and not judge.allow(f"{HOME}{path}")
        ]
        assert len(asked) == len(set(asked)), "and nothing twice"
        denied = {one.locator for one in found if isinstance(one, Trouble)}
        assert {f"{HOME}/no{number}" for number in (1, 2, 3, 4, 5, 6, 7, 9, 10)} <= denied
        assert len(found) - len(denied) == 22


def test_a_real_site_with_rules_of_its_own() -> None:
    with Server(material("site")) as server:
        hosts = {"https://hexo.io": server.url}
        rules = Robots(Fetcher(Fetch(delay=0, hosts=hosts)))
        server.forget()
        for options in (
            {"sitemap": "https://hexo.io/sitemap.xml"},
            {"start": ("https://hexo.io/",)},
        ):
            collector = SiteCollector(
                SiteSource(**options),  # type: ignore[arg-type]
                Context(Path(), Fetcher(Fetch(delay=0, retries=0, hosts=hosts))),
            )
            assert len(list(collector.candidates(lambda url: None))) > 100
        asked = {one.path for one in server.requests} - {"/robots.txt"}
        assert all(rules.allow(f"https://hexo.io{path}") for path in asked)

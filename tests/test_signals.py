"""What sites say to machines: it is recorded, it can stop us, and it never grants anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.collection import Declaration, Folder
from curate.collectors.web import ai, groups, page, rsl, signals, tdm
from curate.collectors.web.scope import Scope
from curate.model import Signal
from tests.material import material
from tests.server import Answer, Server, redirect
from tests.server import page as html
from tests.test_site import HOME, Site

OWN = Declaration(own="Li Na")
MINING = "/.well-known/tdmrep.json"
PAST, FUTURE = "Mon, 25 Jun 2007 15:00:00 GMT", "31 Dec 2999 00:00:00 GMT"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Server(tmp_path) as server:
        server.always("/", html("<a href=/p>p</a> <a href=/f.pdf>f</a>"))
        server.always("/p", html("p"))
        server.always("/f.pdf", Answer(body=b"%PDF", type="application/pdf"))
        yield Site(server)


def terms(inside: str, url: str = "/p") -> str:
    return (
        f'<rsl xmlns="https://rslstandard.org/rsl"><content url="{url}"><license>{inside}'
        "</license></content></rsl>"
    )


def robots(text: str) -> Answer:
    return Answer(body=text.encode())


ALL = '<prohibits type="usage">all</prohibits>'
RSL = {"/terms.xml": Answer(body=terms(ALL).encode(), type="application/rsl+xml")}
LINK = f'<{HOME}/terms.xml>; rel="license"; type="application/rsl+xml"'


# What stops


@pytest.mark.parametrize(
    ("answers", "kind", "value", "told"),
    [
        ({"/p": html("p", headers={"X-Robots-Tag": "noai, noindex"})},
         "x-robots-tag", "noai, noindex", f"{HOME}/p says “X-Robots-Tag: noindex”"),
        ({"/p": html("p", headers={"X-Robots-Tag": "otherbot: all, curate: noarchive"})},
         "x-robots-tag", "otherbot: all, curate: noarchive", "“X-Robots-Tag: noarchive”"),
        ({"/p": html("p", headers={"X-Robots-Tag": f"unavailable_after: {PAST}"})},
         "x-robots-tag", f"unavailable_after: {PAST}", "“X-Robots-Tag: unavailable_after: 2007-06-25”"),
        ({"/p": html("p", "<meta name=ROBOTS content='NOARCHIVE nosnippet'>")},
         "robots", "NOARCHIVE nosnippet", "“meta robots: noarchive”"),
        ({"/p": html("p", "<meta name=curate content=none>")},
         "robots", "none", "“meta curate: none”"),
        ({"/p": html("p", "<meta name=robots content='unavailable_after: 2007-06-25'>")},
         "robots", "unavailable_after: 2007-06-25", "unavailable_after"),
        ({"/p": html("p", headers={"tdm-reservation": "1", "TDM-Policy": "https://x.test/t"})},
         "tdmrep", "tdm-reservation: 1; tdm-policy: https://x.test/t", f"{HOME}/p says “tdm-"),
        ({"/p": html("p", "<meta name=tdm-reservation content=1>")},
         "tdmrep", "tdm-reservation: 1", f"{HOME}/p says “tdm-reservation: 1”"),
        ({MINING: Answer(body=b'[{"location": "/p", "tdm-reservation": 1}]')},
         "tdmrep", "tdm-reservation: 1", f"{HOME}{MINING} says “tdm-reservation: 1”"),
        ({"/robots.txt": robots("User-Agent: *\nAllow: /\nContent-Signal: /p search=no, ai-input=yes")},
         "content-signal", "search=no, ai-input=yes", "/robots.txt says “Content-Signal: search=no”"),
        ({"/p": html("p", headers={"Content-Signal": "ai-train=yes,search=no"})},
         "content-signal", "ai-train=yes,search=no", f"{HOME}/p says “Content-Signal: search=no”"),
        ({"/robots.txt": robots(f"License: {HOME}/terms.xml\nUser-agent: *\nAllow: /"), **RSL},
         "rsl", f'<content url="/p"><license>{ALL}</license></content>', f"/terms.xml says “{ALL}”"),
        ({"/p": html("p", headers={"Link": LINK}), **RSL},
         "rsl", f'<content url="/p"><license>{ALL}</license></content>', f"/terms.xml says “{ALL}”"),
        ({"/p": html("p", "<link rel=license type='application/rsl+xml' href=terms.xml>"), **RSL},
         "rsl", f'<content url="/p"><license>{ALL}</license></content>', f"/terms.xml says “{ALL}”"),
        ({"/p": html("p", f"<script type='application/rsl+xml'>{terms(ALL, '')}</script>")},
         "rsl", f'<content url=""><license>{ALL}</license></content>', f"{HOME}/p says “{ALL}”"),
    ],
    ids=["header", "header for us", "header date", "meta", "meta for us", "meta date", "tdm header",
         "tdm meta", "tdm file", "usage robots", "usage header", "rsl robots", "rsl header",
         "rsl link", "rsl inline"],
)  # fmt: skip
def test_it_stops_unless_the_site_is_the_sellers_own(
    site: Site, answers: dict[str, Answer], kind: str, value: str, told: str
) -> None:
    for path, answer in answers.items():
        site.server.always(path, answer)
    assert site.crawl() == ["/", "/f.pdf"]
    (trouble,) = site.troubles
    assert told in str(trouble.reason)
    assert "ask its owner" in str(trouble.reason) and "your own" in str(trouble.reason)
    assert (trouble.locator, trouble.retry, trouble.hides) == (f"{HOME}/p", False, False)

    site.declared = OWN
    assert site.crawl() == ["/", "/p", "/f.pdf"]
    assert not site.troubles
    assert (kind, value) in [(one.kind, one.value) for one in site.said("/p").said.signals]


def test_a_file_is_stopped_by_its_answer(site: Site) -> None:
    headers = {"X-Robots-Tag": "noarchive", "tdm-reservation": "1"}
    site.server.always("/f.pdf", Answer(body=b"%PDF", type="application/pdf", headers=headers))
    assert site.crawl() == ["/", "/p"]
    site.declared = OWN
    assert site.crawl() == ["/", "/p", "/f.pdf"]
    assert site.said("/f.pdf").said.signals == (
        Signal("x-robots-tag", "noarchive", f"{HOME}/f.pdf"),
        Signal("tdmrep", "tdm-reservation: 1", f"{HOME}/f.pdf"),
    )


def test_a_part_can_be_the_sellers_own(site: Site) -> None:
    site.server.always(MINING, Answer(body=b'[{"location": "/", "tdm-reservation": 1}]'))
    folders = (Folder(f"{HOME}/p", OWN),)
    assert site.crawl(start=(f"{HOME}/",), folders=folders) == ["/p"]
    assert set(site.told) == {"/", "/f.pdf"}
    site.declared = OWN
    folders = (Folder("p", Declaration(license="CC0-1.0")),)
    assert site.crawl(start=(f"{HOME}/",), folders=folders) == ["/", "/f.pdf"]


def test_what_a_whole_site_refuses_is_not_even_asked_for(site: Site) -> None:
    site.server.always("/robots.txt", robots("User-agent: *\nContent-Signal: search=no"))
    assert site.crawl() == []
    assert set(site.told) == {"/", "/p", "/f.pdf"}
    assert not site.server.asked("/p") + site.server.asked("/f.pdf")
    assert not any(one.retry or one.hides for one in site.troubles)


def test_an_own_site_is_bound_by_robots_txt(site: Site) -> None:
    site.declared = OWN
    site.server.always("/robots.txt", robots("User-agent: *\nDisallow: /p"))
    assert site.crawl() == ["/", "/f.pdf"]
    assert site.told == {"/p": "robots.txt does not allow it"}


# What is recorded


def test_signals_about_ai_stop_nothing(site: Site) -> None:
    rules = f"""User-agent: GPTBot\nContent-Signal: search=no\n\nUser-agent: *
        Content-Signal: search=yes, ai-input=no, ai-train=no\nLicense: {HOME}/terms.xml"""
    site.server.always("/robots.txt", robots(rules))
    prohibited = '<prohibits type="usage">train-ai, ai-include</prohibits>'
    site.server.always("/terms.xml", Answer(body=terms(prohibited, "/").encode()))
    site.server.always("/ai.txt", robots("User-Agent: *\nDisallow: *.pdf\nDisallow: /\nAllow: /p"))
    site.server.always(
        "/p", html("p", "<meta name=robots content='noai, noimageai'>", headers={"X-Robots-Tag": "noai"})
    )  # fmt: skip
    assert site.crawl() == ["/", "/p", "/f.pdf"]
    usage = Signal("content-signal", "search=yes, ai-input=no, ai-train=no", f"{HOME}/robots.txt")
    named = Signal("rsl", f"License: {HOME}/terms.xml", f"{HOME}/robots.txt")
    words = f'<content url="/"><license>{prohibited}</license></content>'
    everywhere = {usage, named, Signal("rsl", words, f"{HOME}/terms.xml")}
    assert set(site.said("/p").said.signals) == everywhere | {
        Signal("x-robots-tag", "noai", f"{HOME}/p"),
        Signal("robots", "noai, noimageai", f"{HOME}/p"),
    }
    assert set(site.said("/f.pdf").said.signals) == everywhere | {
        Signal("ai.txt", "Disallow: *.pdf", f"{HOME}/ai.txt")
    }
    assert not any(one.said.statements for one in site.found)  # a signal is no licence


def test_what_restricts_nothing_is_not_noted(site: Site) -> None:
    head = "<meta name=robots content='index, follow, noodp, max-snippet:-1'>"
    site.server.always("/p", html("p", head, headers={"X-Robots-Tag": "all"}))
    assert site.crawl() == ["/", "/p", "/f.pdf"]
    assert not any(one.said.signals for one in site.found)


def test_the_nearest_reservation_holds(site: Site) -> None:
    rules = [
        {"location": "/p", "tdm-reservation": 1},
        {"location": "/f*$", "tdm-reservation": 2},
        {"location": "/", "tdm-reservation": 1},
    ]
    site.server.always(MINING, Answer(body=json.dumps(rules).encode()))
    site.server.always("/p", html("p", headers={"tdm-reservation": "0"}))
    assert site.crawl() == ["/p", "/f.pdf"]  # the header opens it; 2 says nothing
    assert [one.value for one in site.said("/p").said.signals] == [
        "tdm-reservation: 1",
        "tdm-reservation: 0",
    ]
    head = "<meta name=tdm-reservation content=1>"
    site.server.always("/p", html("p", head, headers={"tdm-reservation": "0"}))
    assert site.crawl() == ["/f.pdf"]


def test_opting_out_as_it_is_done_in_the_wild(site: Site) -> None:
    folder = material("hostile/ai-opt-out")
    for name in ("robots.txt", "ai.txt"):
        site.server.always(f"/{name}", Answer(body=(folder / name).read_bytes()))
    assert site.crawl() == ["/", "/p", "/f.pdf"]
    assert [one.value for one in site.said("/f.pdf").said.signals] == ["Disallow: *.pdf"]
    head = (folder / "meta-tags.html").read_text("utf-8")
    site.server.always("/p", html("p", head))
    assert site.crawl() == ["/", "/f.pdf"]
    assert "tdm-reservation: 1" in site.told["/p"]
    site.declared = OWN
    site.crawl()
    kinds = [one.kind for one in site.said("/p").said.signals]
    assert kinds == ["ai.txt", "robots", "tdmrep"]
    site.declared = Declaration()
    site.server.always(MINING, Answer(body=(folder / MINING[1:]).read_bytes()))
    assert site.crawl() == []


# Terms that cannot be read


def test_terms_that_cannot_be_had_today_stop_for_today(site: Site) -> None:
    site.server.always("/robots.txt", robots(f"License: {HOME}/terms.xml"))
    site.server.always("/terms.xml", Answer(503))
    assert site.crawl() == []
    assert all(one.retry for one in site.troubles)
    assert "its terms of use cannot be read" in site.told["/p"]
    site.server.always("/terms.xml", Answer(404))
    assert site.crawl() == ["/", "/p", "/f.pdf"]
    site.server.always("/terms.xml", html("no such page"))
    assert site.crawl() == ["/", "/p", "/f.pdf"]


@pytest.mark.parametrize("how", ["named", "redirected", "disallowed"])
def test_terms_elsewhere_stop_and_are_not_asked_for(site: Site, how: str) -> None:
    address = "https://other.test/terms.xml" if how == "named" else f"{HOME}/terms.xml"
    tail = "\nUser-agent: *\nDisallow: /terms.xml" if how == "disallowed" else ""
    site.server.always("/robots.txt", robots(f"License: {address}{tail}"))
    site.server.always("/terms.xml", redirect("https://other.test/royalty.xml"))
    assert site.crawl() == []
    assert f"its terms of use are at {address}" in site.told["/p"]
    assert not any(one.retry for one in site.troubles)
    assert not site.server.asked("/royalty.xml")
    site.declared = OWN
    assert site.crawl() == ["/", "/p", "/f.pdf"]


def test_a_public_licence_in_place_of_terms_is_no_signal_to_stop(site: Site) -> None:
    license = "License: https://creativecommons.org/licenses/by/4.0/"
    site.server.always("/robots.txt", robots(license))
    assert site.crawl() == ["/", "/p", "/f.pdf"]
    assert [one.value for one in site.said("/p").said.signals] == [license]


# Few and polite requests


def test_each_file_is_asked_for_once_and_only_at_home(site: Site) -> None:
    site.server.always("/robots.txt", robots(f"License: {HOME}/terms.xml"))
    site.server.always("/terms.xml", Answer(body=terms("<permits>search</permits>", "/").encode()))
    site.server.always("/p", html("<a href=https://other.test/a>a</a>", headers={"Link": LINK}))
    site.server.always("/a", html("a"))
    found = site.crawl(start=(f"{HOME}/",), other_origins=True, max_pages=4)
    assert found == ["/", "/p", "/f.pdf", "https://other.test/a"]
    wide = (MINING, "/ai.txt", "/terms.xml")
    assert [len(site.server.asked(path)) for path in wide] == [1, 1, 1]
    assert len(site.server.asked("/robots.txt")) == 2
    site.server.always(
        "/robots.txt", robots("User-agent: *\nDisallow: /.well-known\nDisallow: /ai")
    )
    site.crawl()
    assert not site.server.asked(MINING) + site.server.asked("/ai.txt")


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe\x00" * 999,
        b"[" * 100_000,
        b'[{"location": "/", "tdm-reservation": 1}, ' + b" " * (600 << 10) + b"{}]",
        b'{"location": 5}',
        b"<html>User-agent: *\nDisallow: /",
    ],
    ids=["noise", "deep", "huge", "shapeless", "page"],
)
def test_hostile_files_are_ignored(site: Site, body: bytes) -> None:
    for path in (MINING, "/ai.txt", "/terms.xml"):
        site.server.always(path, Answer(body=body))
    site.server.always("/p", html("p", headers={"Link": LINK}))
    assert site.crawl()[0] == "/"
    assert not site.said("/").said.signals


def test_terms_on_every_page_do_not_double_the_requests(site: Site) -> None:
    links = "".join(f"<a href=/t{n}>{n}</a>" for n in range(40))
    site.server.always("/", html(links))
    for n in range(40):
        head = f"<link rel=license type='application/rsl+xml' href=/terms{n}.xml>"
        site.server.always(f"/t{n}", html("t", head))
    found = site.crawl()
    asked = [one for one in site.server.requests if one.path.startswith("/terms")]
    assert len(asked) < 25 and len(found) < 25


# News about what has not changed


def test_a_new_licence_in_an_unchanged_answer_is_heard(site: Site) -> None:
    def link(name: str) -> dict[str, str]:
        return {"ETag": '"1"', "Link": f'<https://x.test/{name}>; rel="license"'}

    pdf = Answer(body=b"%PDF", type="application/pdf", headers=link("old"))
    site.server.always("/f.pdf", pdf)
    site.crawl()
    first = site.said("/f.pdf")
    site.server.say("/f.pdf", Answer(304, type="", headers={"ETag": '"1"'}))
    site.crawl()
    assert site.said("/f.pdf").stamp == first.stamp
    site.server.say("/f.pdf", Answer(304, type="", headers=link("old")))
    site.crawl()
    assert site.said("/f.pdf").stamp == first.stamp and len(site.server.asked("/f.pdf")) == 1

    site.server.say("/f.pdf", Answer(304, type="", headers=link("new")))
    site.server.always("/f.pdf", Answer(body=b"%PDF", type="application/pdf", headers=link("new")))
    site.crawl()
    again = site.said("/f.pdf")
    assert again.stamp != first.stamp and again.said.title == "f"
    assert [one.raw for one in again.said.statements] == ["https://x.test/new"]
    (condition,) = {one.headers.get("If-None-Match") for one in site.server.asked("/f.pdf")} - {
        None
    }
    assert condition == '"1"'


def test_news_of_the_whole_site_are_heard_of_unchanged_pages(site: Site, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<title>A</title>")
    start = (f"{HOME}/a.html",)
    site.crawl(start=start)
    site.crawl(start=start)
    assert site.server.count("/a.html", 304) == 1
    site.server.always("/robots.txt", robots("User-agent: *\nContent-Signal: ai-train=no"))
    site.crawl(start=start)
    assert site.server.count("/a.html", 200) == 1  # one request, without a condition
    assert [one.value for one in site.said("/a.html").said.signals] == ["ai-train=no"]
    site.crawl(start=start)
    assert site.server.count("/a.html", 304) == 1
    site.server.always(MINING, Answer(body=b'[{"location": "/", "tdm-reservation": 1}]'))
    assert site.crawl(start=start) == []


def test_who_no_longer_owns_a_site_is_stopped_by_unchanged_pages(
    site: Site, tmp_path: Path
) -> None:
    (tmp_path / "a.html").write_text("<meta name=robots content=noarchive>")
    start, site.declared = (f"{HOME}/a.html",), OWN
    assert site.crawl(start=start) == ["/a.html"]
    assert site.crawl(start=start) == ["/a.html"]
    assert site.server.count("/a.html", 304) == 1
    site.declared = Declaration()
    assert site.crawl(start=start) == []


def test_what_will_expire_is_asked_for_each_time(site: Site) -> None:
    headers = {"ETag": '"1"', "X-Robots-Tag": f"unavailable_after: {FUTURE}"}
    site.server.always("/p", html("p", headers=headers))
    assert site.crawl() == ["/", "/p", "/f.pdf"]
    assert site.said("/p").stamp == ""
    assert site.said("/p").said.signals[0].kind == "x-robots-tag"


# The languages themselves

BASE = "https://x.test/"


@pytest.mark.parametrize(
    ("inside", "open_"),
    [
        ("", True),
        ('<permits type="usage">search</permits><prohibits type="usage">ai-all</prohibits>', True),
        ('<permits type="usage">ALL</permits>', True),
        ('<permits type="usage">ai-train</permits><permits type="usage">search</permits>', True),
        ('<prohibits type="usage">train-ai,train-genai ai-use</prohibits>', True),
        ('<payment type="attribution"><standard>https://x.test/</standard></payment>', True),
        ('<payment type="free"><amount currency="USD">0.00</amount></payment>', True),
        ('<permits type="user">commercial education</permits>', True),
        ('<permits type="usage">ai-train</permits>', False),
        ("<permits/>", False),
        ('<prohibits type="usage">ai-train, search</prohibits>', False),
        ("<prohibits>scraping</prohibits>", False),
        ('<permits type="usage">all</permits><prohibits type="usage">all</prohibits>', False),
        ('<permits type="user">non-commercial</permits>', False),
        ('<prohibits type="user">commercial</prohibits>', False),
        ('<permits type="geo">US</permits>', False),
        ('<payment type="crawl"><amount currency="USD">0.01</amount></payment>', False),
        ('<payment type="attribution"><amount currency="USD">much</amount></payment>', False),
        ('<payment type="royalty"/>', False),
        ("<payment/>", False),
    ],
)
def test_terms_are_decided_strictly(inside: str, open_: bool) -> None:
    (found,) = rsl.holding(rsl.parse(terms(inside, "/").encode(), BASE), f"{BASE}a")
    assert (found.refused == "") is open_


def test_terms_of_several_licences_and_places() -> None:
    def refused(document: str, url: str) -> list[bool]:
        held = rsl.holding(rsl.parse(document.encode(), BASE), url)
        return [bool(one.refused) for one in held]

    free, paid = '<payment type="free"/>', '<payment type="use"/>'
    either = f"<license>{paid}</license><license>{free}</license>"
    assert refused(f'<rsl><content url="/">{either}</content></rsl>', BASE) == [False]
    never = f"{either}<license>{ALL}</license>"
    assert refused(f'<rsl><content url="/">{never}</content></rsl>', BASE) == [True]
    places = f"""<x:rsl xmlns:x="urn:y"><x:content url="/"><x:license>{ALL.replace("prohibits", "x:prohibits")}
      </x:license></x:content><x:content url="http://www.x.test/free/*.html$"><x:license/></x:content>
      <x:content url="https://elsewhere.test/"/></x:rsl>"""
    assert refused(places, f"{BASE}free/a.html") == [False]
    assert refused(places, f"{BASE}free/a.pdf") == [True]
    token = '<rsl><content url="/" server="https://l.test"><license/></content></rsl>'
    assert refused(token, BASE) == [True]


def test_terms_expand_nothing_and_end() -> None:
    entities = "".join(f'<!ENTITY e{n + 1} "&e{n};&e{n};">' for n in range(40))
    bomb = f'<!DOCTYPE rsl [<!ENTITY e0 "ha">{entities}]><rsl><content url="/&e40;">&e40;</content></rsl>'
    for charset in ("utf-8", "utf-16"):
        assert all(len(one.words) <= 1000 for one in rsl.parse(bomb.encode(charset), BASE))
    file = '<!DOCTYPE r [<!ENTITY f SYSTEM "file:///etc/passwd">]><rsl><content url="/">&f;</content></rsl>'
    assert not any("root:" in one.words for one in rsl.parse(file.encode("utf-16"), BASE))
    many = "".join(
        f'<content url="/{n}/*a*b"><license>{ALL}</license></content>' for n in range(10_001)
    )
    found = rsl.parse(f"<rsl>{many}</rsl>".encode(), BASE)
    assert len(found) == rsl.MOST
    assert rsl.holding(found, f"{BASE}9999/xaxb")[0].refused
    deep = "<content url='/'>" * 5000
    assert len(rsl.parse(f"<rsl>{deep}".encode(), BASE)) <= 1


@pytest.mark.parametrize(
    ("pattern", "path", "covered"),
    [
        ("/", "", True),
        ("/docs/", "docs/a", True),
        ("docs/", "docs/a", True),
        ("/docs/", "other", False),
        ("*.pdf", "a/b.pdf", True),
        ("*.pdf", "a/b.pdf?x=1", True),
        ("/*.pdf$", "a/b.pdf?x=1", False),
        ("/a*b*c$", "axbxc", True),
        ("/ab*b$", "ab", False),
        ("/a$", "a", True),
        ("/文/", "%E6%96%87/a", True),
        ("http://www.x.test/a", "a", True),
        ("https://y.test/", "", False),
        ("//[", "", False),
        ("", "", False),
    ],
)
def test_scopes(pattern: str, path: str, covered: bool) -> None:
    scope = Scope.of(pattern, BASE)
    assert bool(scope and scope.covers(BASE + path)) is covered


def test_groups_like_robots_txt() -> None:
    text = """Content-Signal: search=yes
    User-Agent : GPTBot
    User-agent: Curate/2.0
    License:  https://x.test/a # ours
    Sitemap: https://x.test/s

    User-agent: *
    License: https://x.test/b"""
    found = groups.read(text)
    assert found.named("license") == ("https://x.test/a",)
    assert found.named("content-signal") == ("search=yes",)
    assert groups.read("user-agent: *\nLicense: b\nlicense: c").named("license") == ("b", "c")
    assert len(groups.read("a: b\n" * 99_999).outside) == groups.MOST


@pytest.mark.parametrize(
    ("value", "stopped", "expires"),
    [
        ("noindex", True, False),
        ("googlebot: noindex", False, False),
        ("curate: NOINDEX", True, False),
        ("googlebot: nofollow, noindex", True, False),
        ("index, follow, max-image-preview:large", False, False),
        ("nosnippet, noimageindex", False, False),
        ("unavailable_after: 31 Dec 2007 24:00:00 GMT", True, False),
        ("unavailable_after: Saturday, 01-Jul-00 07:00:00 PST, noai", True, False),
        ("googlebot: unavailable_after: 25 Jun 2010 15:00:00 PST", False, False),
        ("unavailable_after: soon", False, False),
        ("unavailable_after: 2999-12-31", False, True),
    ],
)
def test_robots_tags(value: str, stopped: bool, expires: bool) -> None:
    heard = signals.in_headers({"X-Robots-Tag": value}, BASE)
    assert (heard.stop is not None, heard.expires) == (stopped, expires)


def test_the_date_of_the_answer_is_what_counts() -> None:
    headers = {"X-Robots-Tag": "unavailable_after: 2020-01-01", "Date": PAST}
    assert signals.in_headers(headers, BASE).stop is None


PIECES = st.lists(
    st.sampled_from(
        ["<rsl>", "<content url='/'>", "<license>", ALL, "</", "&x;", "<!--", "User-agent: *\n", "/*", "$",
         "Disallow: ", "License: //[", "\n", "unavailable_after: ", ",", ":", "[", "{", '"location"', "1", "<meta "]
    )
    | st.text(max_size=8),
    max_size=20,
)  # fmt: skip


@given(PIECES)
def test_nothing_that_is_said_raises(pieces: list[str]) -> None:
    text = "".join(pieces)
    data = text.encode("utf-8", "replace")
    rsl.holding(rsl.parse(data, BASE), BASE)
    tdm.holding(tdm.parse(data, BASE), BASE)
    ai.holding(ai.parse(data, BASE), BASE)
    signals.by_robots(groups.read(text), f"{BASE}robots.txt", BASE)
    names = ("X-Robots-Tag", "Link", "tdm-reservation", "tdm-policy", "Content-Signal", "Date")
    headers = dict.fromkeys(names, text)
    heard = signals.in_headers(headers, BASE)
    assert all(len(one.value) <= 1000 for one in heard.signals)
    page.read(data, BASE, "utf-8", headers)

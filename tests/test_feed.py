"""The feed collector against real servers: a real feed, a podcast, JSON, and feeds made to harm."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.collection import Declaration
from curate.collectors import Context
from curate.collectors.feed import FeedCollector, FeedSource
from curate.collectors.web import feeds
from curate.errors import CurateError
from curate.fetch import Fetcher
from curate.model import Candidate, Known, Trouble
from curate.workspace import Fetch
from tests.material import material
from tests.server import Answer, Server, redirect
from tests.server import page as html

HOME = "https://site.test"
FILES = "https://files.test"
BY = "https://creativecommons.org/licenses/by/4.0/"
BY_NC = "https://creativecommons.org/licenses/by-nc/4.0/"


class Feed:
    """A server that plays two hosts, and a collector that remembers its last run."""

    def __init__(self, server: Server, cache: Path) -> None:
        self.server = server
        self.cache = cache
        self.known: dict[str, Known] = {}
        self.found: dict[str, Candidate] = {}
        self.bytes: dict[str, bytes] = {}
        self.troubles: list[Trouble] = []

    def collect(self, url: object = f"{HOME}/feed.xml", **options: object) -> list[str]:
        """Locators of one more run; what changed or is new is opened, as the pipeline does."""
        self.server.forget()
        hosts = {HOME: self.server.url, FILES: self.server.url, "https://hexo.io": self.server.url}
        settings = Fetch(delay=0, retries=0, hosts=hosts)
        context = Context(Path(), Fetcher(settings), Declaration(), cache=self.cache)
        source = FeedSource(url=url, **options)  # type: ignore[arg-type]
        self.found, self.troubles = {}, []
        for one in FeedCollector(source, context).candidates(self.known.get):
            if isinstance(one, Trouble):
                self.troubles.append(one)
                continue
            assert one.locator not in self.found
            self.found[one.locator] = one
            before = self.known.get(one.locator)
            if before is None or not one.stamp or before.stamp != one.stamp:
                with one.open() as stream:
                    self.bytes[one.locator] = stream.read()
        self.known |= {one.locator: Known(one.stamp, one.links) for one in self.found.values()}
        return list(self.found)

    def rights(self, url: str) -> list[tuple[str, str]]:
        said = self.found[url].said.statements
        return [(one.raw, one.confidence) for one in said if one.channel == "feed"]

    @property
    def told(self) -> dict[str, str]:
        return {one.locator: str(one.reason) for one in self.troubles}


@pytest.fixture
def feed(tmp_path: Path) -> Iterator[Feed]:
    with Server() as server:
        yield Feed(server, tmp_path / "cache")


def rss(items: str, head: str = "") -> Answer:
    spaces = " ".join(
        f'xmlns:{name}="{space}"'
        for name, space in {
            "atom": "http://www.w3.org/2005/Atom",
            "cc": "http://web.resource.org/cc/",
            "creativeCommons": "http://backend.userland.com/creativeCommonsRssModule",
            "dc": "http://purl.org/dc/elements/1.1/",
            "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
            "media": "http://search.yahoo.com/mrss/",
            "podcast": "https://podcastindex.org/namespace/1.0",
            "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
            "fh": "http://purl.org/syndication/history/1.0",
        }.items()
    )
    text = f'<?xml version="1.0"?><rss version="2.0" {spaces}><channel><title>T</title><link>{HOME}/</link>{head}{items}</channel></rss>'
    return Answer(body=text.encode(), type="application/rss+xml", headers={"ETag": '"f1"'})


def item(path: str, more: str = "") -> str:
    return f"<item><title>Entry {path}</title><link>{HOME}/{path}</link>{more}</item>"


# Real and usual feeds


def test_a_real_atom_feed_gives_the_pages_of_its_site(feed: Feed) -> None:
    feed.server.folder = material("site")
    found = feed.collect("https://hexo.io/atom.xml")
    assert found
    assert all(url.startswith("https://hexo.io/news/") for url in found)
    assert all(one.said.creators == ("Hexo",) for one in feed.found.values())
    assert "Released" in feed.found[found[0]].said.title
    scrolled = [one for one in feed.troubles if one.hides]
    assert [one.locator for one in scrolled] == ["https://hexo.io/atom.xml"]
    assert not scrolled[0].retry

    feed.collect("https://hexo.io/atom.xml")  # nothing has changed: nothing is sent again
    assert feed.server.count("/atom.xml", 304) == 1
    assert feed.server.count(status=200) == feed.server.count("/robots.txt", 200)
    assert list(feed.found) == found


def test_a_podcast_gives_its_recordings_with_all_that_it_says(feed: Feed) -> None:
    more = (
        '<enclosure url="https://files.test/one.mp3" type="audio/mpeg" length="3"/>'
        "<itunes:author>Ann</itunes:author><itunes:keywords>tea, cups</itunes:keywords>"
        "<pubDate>Mon, 01 Jan 2024 08:00:00 +0800</pubDate><description>&lt;p&gt;On &lt;b&gt;tea&lt;/b&gt;&lt;/p&gt;</description>"
    )
    feed.server.always("/feed.xml", rss(item("1", more), "<copyright>© 2024 Ann</copyright>"))
    feed.server.always("/one.mp3", Answer(body=b"ID3", type="audio/mpeg"))
    feed.server.always("/1", html("notes"))
    assert feed.collect() == [f"{HOME}/1", f"{FILES}/one.mp3"]
    said = feed.found[f"{FILES}/one.mp3"].said
    assert (said.title, said.creators, said.tags) == ("Entry 1", ("Ann",), ("tea", "cups"))
    assert (said.description, said.url) == ("On tea", f"{HOME}/1")
    assert said.modified == "2024-01-01T00:00:00Z"
    assert feed.rights(f"{FILES}/one.mp3") == [("© 2024 Ann", "declared")]
    assert feed.bytes[f"{FILES}/one.mp3"] == b"ID3"
    assert feed.collect(take="pages") == [f"{HOME}/1"]
    assert feed.collect(take="enclosures") == [f"{FILES}/one.mp3"]
    assert feed.collect(take="enclosures", other_origins=False) == []
    assert "leads to another site" in feed.told[f"{FILES}/one.mp3"]
    assert feed.collect(take="enclosures", types=("page",)) == []
    assert "“audio”" in feed.told[f"{FILES}/one.mp3"]
    assert feed.server.count("/one.mp3") == 0


def test_robots_txt_of_the_host_of_a_file_is_obeyed(feed: Feed) -> None:
    feed.server.always("/robots.txt", Answer(body=b"User-agent: *\nDisallow: /one.mp3"))
    feed.server.always(
        "/feed.xml",
        rss(item("1", '<enclosure url="https://files.test/one.mp3" type="audio/mpeg"/>')),
    )
    assert feed.collect(take="enclosures") == []
    assert feed.told[f"{FILES}/one.mp3"] == "robots.txt does not allow it"
    assert feed.server.count("/one.mp3") == 0


def test_a_json_feed(feed: Feed) -> None:
    told = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "T",
        "authors": [{"name": "Ann"}],
        "items": [
            {
                "id": "1",
                "url": "/1",
                "title": "One",
                "tags": ["tea"],
                "date_published": "2024-01-01T00:00:00Z",
                "content_html": "<p>Hello</p>",
                "attachments": [{"url": "/one.mp3", "mime_type": "audio/mpeg"}],
            },
            {"id": 2, "url": 5},
        ],
    }
    body = json.dumps(told).encode()
    feed.server.always("/feed.xml", Answer(body=body, type="application/feed+json"))
    feed.server.always("/1", html("notes"))
    feed.server.always("/one.mp3", Answer(body=b"ID3", type="audio/mpeg"))
    assert feed.collect() == [f"{HOME}/1", f"{HOME}/one.mp3"]
    said = feed.found[f"{HOME}/one.mp3"].said
    assert (said.title, said.creators, said.tags) == ("One", ("Ann",), ("tea",))
    assert (said.description, said.modified) == ("Hello", "2024-01-01T00:00:00Z")
    assert "item 2" in next(iter(feed.told.values()))


# Rights


@pytest.mark.parametrize(
    ("entry", "head", "expected"),
    [
        (f'<atom:link rel="license" href="{BY}"/>', "", [(BY, "declared")]),
        (f'<cc:license rdf:resource="{BY}"/>', "", [(BY, "declared")]),
        (f"<creativeCommons:license>{BY}</creativeCommons:license>", "", [(BY, "declared")]),
        (f'<media:license href="{BY}">CC</media:license>', "", [(BY, "declared")]),
        ("<podcast:license>cc-by-4.0</podcast:license>", "", [("cc-by-4.0", "declared")]),
        ("<media:copyright>2024 Ann</media:copyright>", "", [("2024 Ann", "declared")]),
        ("<dc:rights>a</dc:rights><dc:rights>b</dc:rights>", "", [("a", "declared"), ("b", "declared")]),
        ("", "<copyright>© Ann</copyright><dc:rights>CC BY 4.0</dc:rights>",
         [("© Ann", "declared"), ("CC BY 4.0", "declared")]),
        (f'<atom:link rel="license" href="{BY_NC}"/>', f'<atom:link rel="license" href="{BY}"/>',
         [(BY_NC, "declared"), (BY, "inferred")]),
        (f'<atom:link rel="license" href="{BY}"/>', "<copyright>© Ann</copyright>",
         [(BY, "declared"), ("© Ann", "declared")]),
    ],
    ids=["atom", "cc", "userland", "media", "podcast", "media-notice", "each-of-several",
         "both-of-the-feed", "entry-over-feed", "licence-beside-notice"],
)  # fmt: skip
def test_every_statement_of_an_entry_and_of_its_feed_is_kept(
    feed: Feed, entry: str, head: str, expected: list[tuple[str, str]]
) -> None:
    feed.server.always("/feed.xml", rss(item("1", entry), head))
    feed.server.always("/1", html("notes"))
    feed.collect()
    assert feed.rights(f"{HOME}/1") == expected


def test_the_licence_of_a_feed_is_only_a_hint_for_pages_of_other_sites(feed: Feed) -> None:
    other = f"<item><title>x</title><link>{FILES}/2</link></item>"
    feed.server.always(
        "/feed.xml", rss(item("1") + other, f'<atom:link rel="license" href="{BY}"/>')
    )
    feed.server.always("/1", html("mine"))
    feed.server.always("/2", html("theirs"))
    feed.collect()
    assert feed.rights(f"{HOME}/1") == [(BY, "declared")]
    assert feed.rights(f"{FILES}/2") == [(BY, "inferred")]


def test_new_terms_of_a_feed_are_heard_although_its_files_stay_the_same(feed: Feed) -> None:
    enclosure = item("1", f'<enclosure url="{HOME}/one.mp3" type="audio/mpeg"/>')
    feed.server.always("/one.mp3", Answer(body=b"ID3", type="audio/mpeg", headers={"ETag": '"m"'}))
    feed.server.always("/feed.xml", rss(enclosure, "<copyright>CC BY 4.0</copyright>"))
    feed.collect(take="enclosures")
    stamp = feed.found[f"{HOME}/one.mp3"].stamp
    feed.collect(take="enclosures")
    assert feed.found[f"{HOME}/one.mp3"].stamp == stamp
    feed.server.always("/feed.xml", rss(enclosure, "<copyright>All rights reserved</copyright>"))
    feed.collect(take="enclosures")
    assert feed.found[f"{HOME}/one.mp3"].stamp != stamp
    assert feed.rights(f"{HOME}/one.mp3") == [("All rights reserved", "declared")]


# Long feeds


def test_what_has_scrolled_out_is_not_gone_unless_the_feed_says_that_it_is_complete(
    feed: Feed,
) -> None:
    feed.server.always("/1", html("notes"))
    feed.server.always("/feed.xml", rss(item("1")))
    feed.collect()
    assert [one.hides for one in feed.troubles] == [True]
    feed.server.always("/feed.xml", rss(item("1"), "<fh:complete/>"))
    feed.collect()
    assert feed.troubles == []


def test_following_pages_of_a_feed_are_read_up_to_the_limit(feed: Feed) -> None:
    feed.server.always(
        "/feed.xml", rss(item("1") + item("2"), '<atom:link rel="next" href="/f2.xml"/>')
    )
    feed.server.always("/f2.xml", rss(item("3"), '<atom:link rel="next" href="/feed.xml"/>'))
    for number in "123":
        feed.server.always(f"/{number}", html(number))
    assert feed.collect() == [f"{HOME}/{number}" for number in "123"]
    assert feed.server.count("/feed.xml") == 1
    assert feed.collect(limit=2) == [f"{HOME}/1", f"{HOME}/2"]
    assert [str(one.reason) for one in feed.troubles if one.hides] == [
        "there are more entries than limit = 2"
    ]
    feed.server.always("/f2.xml", Answer(404))
    assert feed.collect() == [f"{HOME}/1", f"{HOME}/2"]
    assert "404" in feed.told[f"{HOME}/f2.xml"]


def test_only_what_is_wanted_again_is_visited(feed: Feed) -> None:
    feed.server.always("/feed.xml", rss(item("1") + item("2")))
    feed.server.always("/2", html("notes"))
    hosts = {HOME: feed.server.url}
    context = Context(Path(), Fetcher(Fetch(delay=0, hosts=hosts)), again=frozenset({f"{HOME}/2"}))
    collector = FeedCollector(FeedSource(url=f"{HOME}/feed.xml"), context)
    found = [one.locator for one in collector.candidates(lambda url: None)]
    assert f"{HOME}/2" in found
    assert feed.server.count("/1") == 0


# Feeds that fail


def test_one_of_several_feeds_may_fail_but_not_all(feed: Feed) -> None:
    feed.server.always("/feed.xml", rss(item("1")))
    feed.server.always("/1", html("notes"))
    assert feed.collect((f"{HOME}/none.xml", f"{HOME}/feed.xml")) == [f"{HOME}/1"]
    assert "404" in feed.told[f"{HOME}/none.xml"]
    with pytest.raises(CurateError, match="404"):
        feed.collect((f"{HOME}/none.xml", f"{HOME}/none2.xml"))


def test_a_page_is_no_feed_but_may_name_one(feed: Feed) -> None:
    head = '<link rel="alternate" type="application/atom+xml" href="/real.xml">'
    feed.server.always("/feed.xml", html("hello", head))
    with pytest.raises(CurateError, match="is no feed") as caught:
        feed.collect()
    assert f"{HOME}/real.xml" in caught.value.hint


def test_a_feed_that_moved_counts_as_home(feed: Feed) -> None:
    feed.server.always("/feed.xml", redirect(f"{FILES}/feed2.xml"))
    feed.server.always("/feed2.xml", rss(f"<item><link>{FILES}/1</link></item>"))
    feed.server.always("/1", html("notes"))
    assert feed.collect(other_origins=False) == [f"{FILES}/1"]


def test_broken_xml_is_read_as_far_as_it_goes(feed: Feed) -> None:
    body = rss(
        item("1?a=1&b=2") + "<item><title>x & y &nbsp;</title><link>https://site.test/2</link>"
    ).body
    feed.server.always("/feed.xml", Answer(body=body[: body.index(b"</channel>")], type="text/xml"))
    feed.server.always("/1?a=1&b=2", html("notes"))
    feed.server.always("/2", html("notes"))
    assert feed.collect() == [f"{HOME}/1?a=1&b=2", f"{HOME}/2"]
    assert any("only a part" in reason for reason in feed.told.values())
    assert any(one.hides for one in feed.troubles)


_HEAD = b'<?xml version="1.0"?><rss version="2.0"><channel>'
_LAUGHS = (
    b'<!DOCTYPE r [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (n, b"&%c;" % (n - 1) * 10) for n in range(98, 112))
    + b"]>"
)


@pytest.mark.parametrize(
    "body",
    [
        _LAUGHS + b"<rss><channel><item><title>&o;</title><link>https://site.test/1</link></item></channel></rss>",
        b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><channel><item><title>&x;</title>'
        b"<link>https://site.test/1</link></item></channel></rss>",
        _HEAD + b"<item><link>https://site.test/1</link></item>" + b"<a>" * 200_000,
        _HEAD + b"<item><link>https://site.test/1</link>" + b"<category>x</category>" * 100_000,
        _HEAD + b"<item><link>https://site.test/1</link></item>" + b"<a " * 200_000,
        _HEAD + b"<item %s><link>https://site.test/1</link></item></channel></rss>"
        % b" ".join(b'a%d="1"' % n for n in range(50_000)),
    ],
    ids=["laughs", "external", "deep", "wide", "unclosed", "attributes"],
)  # fmt: skip
def test_hostile_feeds_cost_nothing_but_themselves(feed: Feed, body: bytes) -> None:
    feed.server.always("/feed.xml", Answer(body=body, type="application/rss+xml"))
    feed.server.always("/1", html("notes"))
    assert feed.collect() == [f"{HOME}/1"]
    assert "root:" not in feed.found[f"{HOME}/1"].said.title


def test_a_feed_without_end_is_refused(feed: Feed) -> None:
    feed.server.always("/feed.xml", Answer(body=b"<rss>" + b" " * 65_536, repeat=300))
    with pytest.raises(CurateError, match="larger than 16 MiB"):
        feed.collect()


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "javascript:alert(1)", "magnet:?x", "http://["]
)
def test_what_is_no_web_address_is_told_and_left(feed: Feed, target: str) -> None:
    feed.server.always(
        "/feed.xml", rss(f'<item><enclosure url="{target}" type="audio/mpeg"/></item>')
    )
    assert feed.collect() == []
    assert any("is not a web address" in reason for reason in feed.told.values())


@given(st.binary(max_size=400), st.sampled_from([b"", _HEAD, b"<feed><entry>", b'{"version":']))
def test_reading_a_feed_fails_in_one_way_only(noise: bytes, head: bytes) -> None:
    with contextlib.suppress(ValueError):
        feeds.parse(head + noise, f"{HOME}/feed.xml")


@pytest.mark.parametrize(
    "options", [{"url": ""}, {"url": "file:///etc"}, {"url": ()}, {"url": "https://a:b@site.test/"}]
)
def test_addresses_that_cannot_be_feeds_are_refused_early(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"address|empty|password"):
        FeedSource(**options)  # type: ignore[arg-type]

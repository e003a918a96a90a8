"""A real documentation site, collected and judged: by its sitemap and by its links."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest

from curate.api import Workspace
from curate.catalog import Catalog
from tests.material import material
from tests.server import Answer, Request, Server

CONFIG = """title = "Docs"
[[sources]]
type = "site"
{where}
match = "all"
types = ["page"]
"""
SETTINGS = '[fetch]\ndelay = 0\nretries = 0\nhosts = {{ "https://hexo.io" = "{url}" }}\n'
LICENSE = "http://creativecommons.org/licenses/by/4.0/"


class Counting(Server):
    """Knows how many bytes of bodies it has sent."""

    sent = 0

    def _answer(self, request: Request) -> Answer:
        answer = super()._answer(request)
        self.sent += len(answer.body)
        return answer


class Hrefs(HTMLParser):
    found: list[str]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name == "href" and value and tag == "a"]


def reachable(root: Path, listed: list[str]) -> set[str]:
    """Pages below ``root`` that one comes to from the listed ones, as a reader of their files sees it."""
    waiting, found = list(listed), set[str]()
    while waiting:
        path = unquote(urlsplit(urljoin("https://hexo.io/", waiting.pop())).path).lstrip("/")
        path = f"{path}index.html" if path.endswith("/") or not path else path
        if path in found or not (root / path).is_file() or not path.endswith(".html"):
            continue
        found.add(path)
        links = Hrefs()
        links.found = []
        links.feed((root / path).read_text("utf-8"))
        here = (urljoin(f"https://hexo.io/{path}", one) for one in links.found)
        waiting += [one for one in here if one.startswith("https://hexo.io/")]
    return {f"https://hexo.io/{path}" for path in found}


@pytest.mark.parametrize(
    "where",
    ['sitemap = "https://hexo.io/sitemap.xml"', 'start = ["https://hexo.io/"]'],
    ids=["sitemap", "links"],
)
def test_all_pages_with_their_licence_and_then_nearly_no_bytes(tmp_path: Path, where: str) -> None:
    root = material("site")
    listed = re.findall("<loc>(.*?)</loc>", (root / "sitemap.xml").read_text("utf-8"))
    pages = reachable(root, listed if "sitemap" in where else ["/"])
    assert len(pages) > 125
    with Counting(root) as server:
        workspace = Workspace.init(tmp_path / "w")
        (workspace.root / "curate.toml").write_text(SETTINGS.format(url=server.url))
        workspace.collection_file("docs").parent.mkdir()
        workspace.collection_file("docs").write_text(CONFIG.format(where=where))
        workspace.collect("docs")
        first = server.sent
        assert first > 2_000_000
        assert not [one for one in server.requests if one.path.startswith("/hexo-theme-")]
        server.sent = 0
        (again,) = workspace.collect("docs")
        assert again.counts.get("read", 0) == 0
        assert server.sent < 0.01 * first
        workspace.classify("docs")
    with Catalog(workspace.catalog) as catalog:
        members = list(catalog.members("docs"))
        places = {place.sighting.locator for one in members for place in catalog.places(one.sha256)}
        assert places == pages
        for one in members:
            known = catalog.facts(one.sha256)
            assert known is not None
            stated = {(said.raw, said.confidence) for said in known[0].statements}
            assert (LICENSE, "inferred") in stated, one.source
            # A footer's link is a hint: nothing is sold by it before a person has looked.
            assert one.decision is not None and one.decision.outcome == "ask", one.source

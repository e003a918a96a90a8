"""What is known already is not brought again, however large it was."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from curate.api import Workspace
from tests.server import Server

PAGE = f"<p>{'word ' * (400 << 10)}</p>"
LINK = '<a href="/file.pdf">file</a>'


def workspace(root: Path, start: str) -> Workspace:
    made = Workspace.init(root / "w")
    (made.root / "curate.toml").write_text(
        '[fetch]\ndelay = 0\nretries = 0\ntimeout = 5\nprivate = ["127.0.0.1"]\n', encoding="utf-8"
    )
    file = made.root / "collections" / "c" / "collection.toml"
    file.parent.mkdir(parents=True)
    source = f'[[sources]]\ntype = "site"\nstart = ["{start}"]\nmatch = "all"\n'
    file.write_text(f'title = "C"\n{source}', encoding="utf-8")
    return made


@pytest.mark.parametrize("landed", [True, False], ids=["", "killed before its parts went"])
def test_large_places_are_asked_for_once(
    tmp_path: Path, landed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page, which any thread may have read, and a file."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text(PAGE + LINK, encoding="utf-8")
    (site / "file.pdf").write_bytes(b"%PDF-1.4\n" + os.urandom(2 << 20))
    with Server(site) as server:
        made = workspace(tmp_path, f"{server.url}/")
        parts = made.root / ".curate" / "parts"
        with monkeypatch.context() as patch:
            if not landed:
                patch.setattr("curate.fetch.Fetcher.landed", lambda _: None)
            (report,) = made.collect("c")
        assert report.counts["taken"] == 2 and len(list(parts.iterdir())) == (0 if landed else 2)
        for _ in range(2):
            (report,) = made.collect("c")
            assert not report.failed and report.counts["taken"] == 2
        for path in ("/", "/file.pdf"):
            assert (server.count(path, 200), server.count(path, 206)) == (1, 0)
            assert server.count(path, 304) == 2
        assert not any(parts.iterdir())

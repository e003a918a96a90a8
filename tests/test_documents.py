"""Feeds and sitemaps are kept for the next run, and not for ever."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from curate.collectors.web.documents import UNUSED, Document, Documents

URL = "https://site.test/feed.xml"
FEED = Document(URL, '"1"', "utf-8", b"<rss/>")


def aged(folder: Path, seconds: float) -> None:
    for path in (folder / "documents").iterdir():
        os.utime(path, (time.time() - seconds,) * 2)


def test_what_is_in_use_stays(tmp_path: Path) -> None:
    Documents(tmp_path).put(URL, FEED)
    aged(tmp_path, UNUSED - 3600)
    assert Documents(tmp_path).at(URL) == FEED
    (path,) = (tmp_path / "documents").iterdir()
    assert path.stat().st_mtime > time.time() - 3600, "asking for it is use"


def test_what_nobody_asked_for_goes(tmp_path: Path) -> None:
    Documents(tmp_path).put(URL, FEED)
    aged(tmp_path, UNUSED + 3600)
    assert Documents(tmp_path).at(URL) is None
    assert not list((tmp_path / "documents").iterdir())


@pytest.mark.parametrize("data", [b"", b"\xc1", b"[1]"], ids=["empty", "damaged", "another"])
def test_what_is_damaged_is_not_there(tmp_path: Path, data: bytes) -> None:
    Documents(tmp_path).put(URL, FEED)
    (path,) = (tmp_path / "documents").iterdir()
    path.write_bytes(data)
    assert Documents(tmp_path).at(URL) is None


def test_a_place_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "documents").write_text("a file")
    kept = Documents(tmp_path)
    kept.put(URL, FEED)
    assert kept.at(URL) is None
    assert Documents(None).at(URL) is None

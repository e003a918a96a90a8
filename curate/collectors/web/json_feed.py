"""JSON Feed 1.0 and 1.1 (jsonfeed.org)."""

from __future__ import annotations

import msgspec

from curate import typed
from curate.collectors.web import urls
from curate.collectors.web.feeds import MOST_FILES, Entry, Feed, File, bare
from curate.collectors.web.tags import clean
from curate.model import Said

_VERSION = "https://jsonfeed.org/version/"


class _Author(msgspec.Struct):
    name: str | None = None


class _File(msgspec.Struct):
    url: str
    mime_type: str | None = None
    title: str | None = None


class _Item(msgspec.Struct):
    url: str | None = None
    title: str | None = None
    summary: str | None = None
    content_text: str | None = None
    content_html: str | None = None
    date_published: str | None = None
    date_modified: str | None = None
    author: _Author | None = None  # of 1.0
    authors: list[_Author] | None = None
    tags: list[str] | None = None
    attachments: list[_File] | None = None


class _Feed(msgspec.Struct):
    version: str
    items: list[msgspec.Raw]
    home_page_url: str | None = None
    next_url: str | None = None
    author: _Author | None = None
    authors: list[_Author] | None = None


def parse_json(data: bytes, url: str, most: int) -> Feed:
    """The first ``most`` items; one that is not as the specification says is left out, and told of.
    Raises ValueError for what is no JSON Feed."""
    try:
        feed = typed.json(data.removeprefix(b"\xef\xbb\xbf"), _Feed)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise ValueError(f"it is no JSON Feed: {fault}"[:300]) from fault
    if not feed.version.replace("http://", "https://").startswith(_VERSION):
        raise ValueError("it is JSON, but no JSON Feed")
    common = _names(feed.authors, feed.author)
    entries, problem = [], ""
    for number, raw in enumerate(feed.items[:most], 1):
        try:
            entries.append(_entry(typed.json(raw, _Item), common, url))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
            problem = problem or f"item {number}: {fault}"[:200]
    return Feed(
        tuple(entries),
        urls.normal(feed.next_url or "", url) or "" if feed.next_url else "",
        urls.normal(feed.home_page_url or "", url) or "",
        problem,
        more=len(feed.items) > most,
    )


def _entry(item: _Item, common: tuple[str, ...], url: str) -> Entry:
    files: dict[str, File] = {}
    for one in (item.attachments or [])[:MOST_FILES]:
        there = urls.normal(one.url, url) or one.url.strip()[:300]
        files.setdefault(there, File(there, (one.mime_type or "").lower(), clean(one.title or "")))
    told = item.summary or item.content_text or bare(item.content_html or "")
    link = (item.url or "").strip()
    return Entry(
        Said(
            title=clean(item.title or ""),
            creators=_names(item.authors, item.author) or common,
            description=clean(told[:10_000], 2000),
            tags=tuple(dict.fromkeys(tag for one in item.tags or () if (tag := clean(one, 200))))[
                :50
            ],
            url=urls.normal(link, url) or link[:300] if link else "",
            modified=clean(item.date_modified or item.date_published or "", 40),
        ),
        tuple(files.values()),
    )


def _names(authors: list[_Author] | None, author: _Author | None) -> tuple[str, ...]:
    named = [one.name or "" for one in (*(authors or ()), *([author] if author else ()))]
    return tuple(dict.fromkeys(name for one in named if (name := clean(one, 200))))[:50]

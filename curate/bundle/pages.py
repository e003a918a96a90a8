"""The pages of a bundle that people read, made from Jinja2 templates in the collection's language."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any
from urllib.parse import quote

from curate.bundle import guide, layout, reuse, terms, text
from curate.bundle.chapter import Chapter
from curate.bundle.history import Step
from curate.bundle.layout import Layout, Placed
from curate.collection import Loaded
from curate.messages import Say, render, speaker
from curate.model import LicenseInfo, Omission

LARGE = 2000
"""Items from which on START-HERE.html draws its list from a data file, piece by piece."""
_WORDS = 200  # characters of a description on a card


@dataclass(frozen=True, slots=True)
class Part:
    """Which of several archives this is, and what the others hold."""

    number: int  # from 1
    count: int
    others: tuple[tuple[str, tuple[str, ...]], ...]  # file name, labels of its folders


@dataclass(frozen=True, slots=True)
class Content:
    """All that the pages of one release tell."""

    loaded: Loaded
    version: str
    file: str  # name of the archive
    top: str  # the folder that it unpacks to
    layout: Layout
    licenses: Mapping[str, LicenseInfo]
    tutorial: Chapter
    terms: str  # the seller's own, Markdown; "" where the built-in ones hold
    history: tuple[Step, ...]  # newest first
    omissions: Sequence[Omission]
    part: Part | None = None  # None: one archive holds everything
    public: str = ""  # the seller's minisign key, base64; "" where nothing is signed

    @property
    def say(self) -> Say:
        return speaker(self.loaded.collection.language)


@dataclass(frozen=True, slots=True)
class Card:
    """An item on a page."""

    title: str
    href: str
    file: str  # its name in the bundle
    kind: str
    label: str  # of the format
    meta: str  # size, extent, language
    description: str
    words: str  # further words that the filter finds it by
    picture: str  # link; "" where there is none
    license: str
    credit: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """A section on a page."""

    id: str
    label: str
    depth: int
    cards: tuple[Card, ...]
    size: int  # bytes


def thumbnail_path(sha256: str) -> str:
    return f"assets/thumbs/{sha256[:2]}/{sha256[2:22]}.jpg"


@cache
def digest() -> str:
    """Of every template, so that new templates count as new content."""
    whole = hashlib.sha256()

    def walk(folder: Traversable) -> None:
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
            if entry.is_dir():
                walk(entry)
            elif entry.name.endswith((".j2", ".css", ".js")):
                # Line ends depend on how the sources were checked out.
                data = entry.read_bytes().replace(b"\r\n", b"\n")
                whole.update(hashlib.sha256(data).digest())

    walk(resources.files("curate.bundle").joinpath("templates"))
    return whole.hexdigest()


def write(content: Content, pictures: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """Path and bytes of every page. ``pictures``: SHA-256 of an item → its thumbnail's path."""
    chunks = _chunks(content, pictures)
    placed = content.layout.placed
    about = _about(content, chunks)
    large = len(placed) > LARGE
    yield "START-HERE.html", _html("start.html.j2", content, about, large=large)
    if large:
        yield "assets/toc-data.js", _data(chunks)
    yield "CONTENTS.md", _markdown("contents.md.j2", content, about).encode()
    guides = guide.guides(content.layout, pictures, content.say)
    tree = guide.tree(content.top, content.layout, content.say)
    page = f"{content.loaded.collection.language}/tutorial.html.j2"
    yield "TUTORIAL.html", _html(page, content, about, guides=guides, tree=tree)
    yield "CHANGELOG.md", changelog(content).encode()
    ours = license(content, about).encode()
    yield "LICENSE.md", ours
    yield "LICENSES.md", _markdown("licenses.md.j2", content, about).encode()
    yield from reuse.texts(about["ids"], content.licenses, ours, content.say)
    yield "ATTRIBUTION.md", _markdown("attribution.md.j2", content, about).encode()
    yield "REUSE.toml", reuse.toml(content.layout, pictures, about["seller"])
    yield from sorted(content.tutorial.pictures.items())


def license(content: Content, about: Mapping[str, Any]) -> str:
    """The bundle's own terms, the seller's where they wrote any."""
    folder = content.loaded.collection.language
    carve_out = _markdown(f"{folder}/carve-out.md.j2", content, about)
    if content.terms:
        return terms.filled(content.terms, carve_out)
    return _markdown(f"{folder}/license.md.j2", content, about, carve_out=carve_out)


def changelog(content: Content) -> str:
    return _markdown("changelog.md.j2", content, {})


def left_out(content: Content) -> str:
    """What is not in the bundle, by reason. For the seller only: it stays beside the archive."""
    language = content.loaded.collection.language
    reasons: dict[str, list[Omission]] = {}
    for omission in content.omissions:
        reasons.setdefault(render(omission.reason, language), []).append(omission)
    groups = sorted(reasons.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    for _, members in groups:
        members.sort(key=lambda one: (one.title, one.sha256))
    return _markdown("left-out.md.j2", content, {"groups": groups})


def counts(content: Content) -> dict[str, Any]:
    """What release.json counts."""
    items = [placed.item for placed in content.layout.placed]

    def by(values: Iterator[str]) -> dict[str, int]:
        return dict(sorted(Counter(values).items()))

    return {
        "items": len(items),
        "size": sum(item.size for item in items),
        "omitted": len(content.omissions),
        "categories": by(item.category for item in items),
        "kinds": by(item.kind for item in items),
        "formats": by(item.format for item in items),
        "languages": by(item.language for item in items),
        "licenses": by(item.decision.license for item in items),
    }


def _chunks(content: Content, pictures: Mapping[str, str]) -> list[Chunk]:
    say = content.say
    return [
        Chunk(
            f"c{number}",
            section.label,
            section.depth,
            tuple(_card(one, pictures, say) for one in placed),
            sum(one.item.size for one in placed),
        )
        for number, (section, placed) in enumerate(content.layout.sections, 1)
    ]


def _card(placed: Placed, pictures: Mapping[str, str], say: Say) -> Card:
    item = placed.item
    more = item.description[: _WORDS + 1]
    meta = (text.size(item.size), text.extent(item, say), say(", ").join(item.creators[:2]))
    return Card(
        title=item.title,
        href=f"data/{text.url(placed.path)}",
        file=placed.path.rpartition("/")[2],
        kind=item.kind,
        label=text.format_label(item.format),
        meta=" · ".join(filter(None, meta)),
        description=f"{more[:_WORDS].rstrip()}…" if len(more) > _WORDS else more,
        words=" ".join((*item.keywords, placed.path.rpartition("/")[2])),
        picture=pictures.get(item.sha256, ""),
        license=item.decision.license,
        credit=item.credit or item.title,
    )


def _about(content: Content, chunks: Sequence[Chunk]) -> dict[str, Any]:
    """What all pages share."""
    items = [placed.item for placed in content.layout.placed]
    expressions = Counter(item.decision.license for item in items)
    ranked = sorted(expressions, key=lambda license: (-expressions[license], license))
    named = sorted({one for license in ranked for one in reuse.ids(license)})
    return {
        "chunks": chunks,
        "items": len(items),
        "size": sum(item.size for item in items),
        "full": [chunk for chunk in chunks if chunk.cards],
        "expressions": [(license, expressions[license]) for license in ranked],
        "apart": [(one, expressions[one]) for one in ranked if one != reuse.OWN],
        "own": expressions[reuse.OWN],
        "ids": named,
        "infos": [content.licenses.get(one, LicenseInfo(one, one, "")) for one in named],
        "duties": terms.duties(items, content.say),
        "seller": text.one_line(terms.seller(content.loaded.collection)),
        "kinds": [
            (kind, layout.kind_label(kind, content.say), count)
            for kind, count in Counter(item.kind for item in items).most_common()
        ],
    }


def _headings(step: Step, say: Say) -> list[tuple[str, Sequence[str], int]]:
    """A changelog entry's groups (keepachangelog.com): heading, titles shown, how many in all."""
    groups: list[tuple[str, str, Sequence[str]]] = [
        ("added", say("Added"), step.added),
        ("changed", say("Changed"), step.changed),
        ("moved", say("Moved or renamed"), step.moved),
        ("relicensed", say("Under other terms"), step.relicensed),
        ("removed", say("Removed"), step.removed),
    ]
    return [
        (heading, titles, step.counts[name])
        for name, heading, titles in groups
        if step.counts.get(name)
    ]


def _news(step: Step, first: bool, say: Say) -> list[str]:
    """The same in a few words."""
    if first:
        return [say("First version.")]
    lines = [
        say(
            "{heading}: {n} ({titles})",
            heading=heading,
            n=count,
            titles=say(", ").join(titles[:3]) + (" …" if count > 3 else ""),
        )
        for heading, titles, count in _headings(step, say)
    ]
    return lines or [say("Pages and descriptions only; no file has changed.")]


def _total(items: int, size: int, say: Say) -> str:
    files = say("1 file") if items == 1 else say("{n} files", n=items)
    return say("{files}, {size}.", files=files, size=text.size(size))


def _part(part: Part | None, say: Say) -> str:
    """Where the rest is; "" where nothing is missing."""
    if not part:
        return ""
    others = (
        say("{file} ({labels})", file=file, labels=say(", ").join(labels))
        for file, labels in part.others
    )
    return say(
        "Part {n} of {count}. The other parts: {others}.",
        n=part.number,
        count=part.count,
        others=say("; ").join(others),
    )


def _linked(expression: str, say: Say) -> text.Markdown:
    """An SPDX expression in Markdown, each licence leading to its text."""
    shown = (
        f"[{text.markdown(word)}]({path})" if path else word
        for word, path in _parts(expression, say)
    )
    return text.Markdown("".join(shown))


def _parts(expression: str, say: Say) -> list[tuple[str, str]]:
    """The words of an expression and where they lead to; a sentence where there is none."""
    found = list(reuse.parts(expression or reuse.RESERVED))
    return found if expression else [(say("All rights reserved by the holder named"), found[0][1])]


def _address(url: str) -> str:
    """A URL between < and > in Markdown."""
    return quote(url, safe=":/?#[]@!$&'()*+,;=%~-._")


def _data(chunks: Sequence[Chunk]) -> bytes:
    """The cards as a script: pages opened from a folder may run scripts, but may not fetch."""
    rows = [
        [
            number, card.title, card.href, card.kind, card.label, card.meta, card.description,
            card.words, card.picture,
        ]
        for number, chunk in enumerate(chunks)
        for card in chunk.cards
    ]  # fmt: skip
    lines = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    safe = lines.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return f"window.TOC=[\n{safe}\n];\n".encode()


@cache
def _environment(html: bool) -> Any:
    """Everything put into a page is escaped, for HTML by Jinja2, for Markdown by its finalizer."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("curate.bundle", "templates"),
        autoescape=html,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=None if html else text.markdown,
    )
    environment.filters.update(size=text.size, address=_address)
    return environment


def _page(name: str, html: bool, content: Content, about: Mapping[str, Any], **more: Any) -> str:
    collection = content.loaded.collection
    say = content.say

    def spoken(template: str, /, **args: object) -> str:
        escaped = {key: text.markdown(value) for key, value in args.items()}
        return text.Markdown(say(template, **escaped))

    page = _environment(html).get_template(name)
    return str(
        page.render(
            about,
            say=say if html else spoken,
            raw=text.Markdown,
            language="zh-CN" if collection.language == "zh" else "en",
            title=collection.title,
            description=collection.description,
            version=content.version,
            file=content.file,
            part=_part(content.part, say),
            headings=lambda step: _headings(step, say),
            news=lambda step, first: _news(step, first, say),
            total=lambda items, size: _total(items, size, say),
            linked=lambda expression: _linked(expression, say),
            parts=lambda expression: _parts(expression, say),
            place=lambda id: f"{reuse.FOLDER}/{reuse.file_id(id)}.txt",
            history=content.history,
            chapter=content.tutorial.html,
            **more,
        )
    )


def _html(name: str, content: Content, about: Mapping[str, Any], **more: Any) -> bytes:
    return _page(name, True, content, about, **more).encode()


def _markdown(name: str, content: Content, about: Mapping[str, Any], **more: Any) -> str:
    return _page(name, False, content, about, **more)

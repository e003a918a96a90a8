"""The pages of a bundle that people read, made from Jinja2 templates in the collection's language."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from curate import typeset
from curate.bundle import layout, reuse, terms, text
from curate.bundle.history import Step
from curate.bundle.layout import Layout
from curate.bundle.pages import booklets, cards, guide, press
from curate.bundle.pages.cards import Chunk
from curate.bundle.pages.chapter import Chapter
from curate.collection import Loaded
from curate.messages import Say, render, speaker
from curate.model import LicenseInfo, Message, Omission

FEW = 300
"""Items up to which START-HERE.html holds all cards; of more it draws the rest when it is asked to."""
LARGE = 2000
"""Items from which on what it draws from lies beside it, not in it."""
_FIRST = 24  # cards of each section that are there from the beginning

_DETAILED = re.compile(r"[^{:]+: \{\w+\}")
_PLACE = re.compile(r"\{(\w+)\}")


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


def thumbnail_path(sha256: str) -> str:
    return f"assets/thumbs/{sha256[:2]}/{sha256[2:22]}.jpg"


@cache
def digest() -> str:
    """Of every template, so that new templates count as new content."""
    whole = hashlib.sha256(typeset.digest().encode())

    def walk(folder: Traversable) -> None:
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
            if entry.is_dir():
                walk(entry)
            elif entry.name.endswith((".j2", ".css", ".js", ".typ")):
                # Line ends depend on how the sources were checked out.
                data = entry.read_bytes().replace(b"\r\n", b"\n")
                whole.update(hashlib.sha256(data).digest())

    walk(resources.files("curate.bundle").joinpath("templates"))
    return whole.hexdigest()


def write(content: Content, pictures: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """Path and bytes of every page. ``pictures``: SHA-256 of an item → its thumbnail's path."""
    chunks = cards.chunks(content.layout, pictures, content.say)
    about = shared(content, chunks)
    yield from _start(content, about, chunks)
    yield "VERIFY.html", press.html("verify.html.j2", content, about)
    yield "CONTENTS.md", press.markdown("contents.md.j2", content, about).encode()
    yield "TUTORIAL.html", tutorial(content, pictures, about)
    yield "CHANGELOG.md", changelog(content).encode()
    ours = license(content, about).encode()
    yield "LICENSE.md", ours
    yield "LICENSES.md", press.markdown("licenses.md.j2", content, about).encode()
    yield from reuse.texts(about["ids"], content.licenses, ours, content.say)
    yield "ATTRIBUTION.md", press.markdown("attribution.md.j2", content, about).encode()
    yield "REUSE.toml", reuse.toml(content.layout, pictures, about["seller"])
    yield from sorted(content.tutorial.pictures.items())


def _start(
    content: Content, about: press.About, chunks: Sequence[Chunk]
) -> Iterator[tuple[str, bytes]]:
    """START-HERE.html, and beside it the list of a large bundle."""
    count = len(content.layout.placed)
    rows = cards.data(chunks) if count > FEW else ""
    large = count > LARGE
    yield "START-HERE.html", press.html(
        "start.html.j2", content, about, large=large, first=_FIRST if rows else None,
        rows="" if large else rows, tree=cards.tree(chunks), covers=cards.cover(chunks),
    )  # fmt: skip
    if large:
        # A script: pages opened from a folder may run those, but may not fetch anything.
        yield "assets/toc-data.js", f"window.TOC={rows};\n".encode()


def tutorial(content: Content, pictures: Mapping[str, str], about: press.About) -> bytes:
    """TUTORIAL.html, for the kinds of file that are really in the bundle."""
    collection = content.loaded.collection
    return press.html(
        f"{collection.language}/tutorial.html.j2", content, about,
        guides=guide.guides(content.layout, pictures, content.say),
        tree=guide.tree(content.top, content.layout, content.say),
        pdf=collection.bundle.pdf, own_terms=bool(content.terms),
    )  # fmt: skip


def license(content: Content, about: press.About) -> str:
    """The bundle's own terms, the seller's where they wrote any."""
    folder = content.loaded.collection.language
    carve_out = press.markdown(f"{folder}/carve-out.md.j2", content, about)
    if content.terms:
        return terms.filled(content.terms, carve_out)
    return press.markdown(f"{folder}/license.md.j2", content, about, carve_out=carve_out)


def changelog(content: Content) -> str:
    return press.markdown("changelog.md.j2", content, {})


def left_out(content: Content) -> str:
    """What is not in the bundle, by reason. For the seller only: it stays beside the archive."""
    kinds: dict[str, list[Omission]] = {}
    for omission in content.omissions:
        kinds.setdefault(_kind(omission.reason), []).append(omission)
    groups = [_group(members, content) for members in kinds.values()]
    groups.sort(key=lambda group: (-len(group[1]), group[0]))
    return press.markdown("left-out.md.j2", content, {"groups": groups})


def _kind(reason: Message) -> str:
    """Reasons of one kind share a heading; one that is nothing but what somebody said is a kind itself."""
    bare = not re.search(r"\w", _PLACE.sub("", reason.text))
    return render(reason, "en") if bare else reason.text


def _group(members: Sequence[Omission], content: Content) -> tuple[str, list[tuple[Omission, str]]]:
    """The reason that all of ``members`` have in common, and each with what is of it alone."""
    language = content.loaded.collection.language
    first = members[0].reason
    found = {name: {one.reason.args.get(name, "") for one in members} for name in first.args}
    own = [name for name in dict.fromkeys(_PLACE.findall(first.text)) if len(found[name]) > 1]
    detailed = _DETAILED.fullmatch(first.text)
    if detailed:
        own = list(first.args)
    shared = {name: "…" if name in own else value for name, value in first.args.items()}
    heading = render(Message(first.text, shared), language)
    if detailed:
        heading = re.split("：|: ", heading, maxsplit=1)[0]
    told = [
        (
            one,
            content.say(", ").join(
                render(Message(one.reason.args.get(name, "")), language) for name in own
            ),
        )
        for one in members
    ]
    return heading, sorted(told, key=lambda pair: (pair[0].title, pair[1], pair[0].sha256))


def shared(content: Content, chunks: Sequence[Chunk]) -> dict[str, Any]:
    """What all pages share."""
    items = [placed.item for placed in content.layout.placed]
    expressions = Counter(item.decision.license for item in items)
    ranked = sorted(expressions, key=lambda license: (-expressions[license], license))
    named = sorted({one for license in ranked for one in reuse.ids(license)})
    return {
        "chunks": chunks,
        "items": len(items),
        "size": sum(item.size for item in items),
        "lists": [(one.file, one.label) for one in booklets.booklets(content.layout)]
        if content.loaded.collection.bundle.pdf
        else [],
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

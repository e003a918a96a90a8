"""Word documents: the text of body and notes, and the properties every Office file has."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from curate.extract import embedded, notices
from curate.extract.claims import claim, fields
from curate.extract.clean import clean, date, keywords, language, line, people, title
from curate.extract.formats import MAX_TEXT, Format
from curate.extract.package import Package, events, local, opened, texts
from curate.model import Extracted, Statement

MOST_AROUND = 2000
"""Paragraphs of one header or footer that are read."""

_LICENCE_PAGE = re.compile(
    r"https?://(?:www\.)?creativecommons\.org/(?:licenses|publicdomain)/", re.I
)
_BREAKS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}


def read(path: Path, name: str, form: Format) -> Extracted:
    with opened(path, name) as package:
        package.check()
        main = main_part(package, "word/document.xml")
        parts: list[str] = []
        first: list[str] = []
        size = 0
        for entry in (main, "word/footnotes.xml", "word/endnotes.xml"):
            if not package.has(entry) and entry != main:
                continue
            with package.stream(entry) as stream:
                for paragraph, style in paragraphs(stream):
                    parts.append(paragraph)
                    size += len(paragraph) + 1
                    if style == "Title" and paragraph.strip():
                        first.append(paragraph)
                    if size > MAX_TEXT:
                        break
        facts = properties(package)
        text, truncated = clean("\n".join(parts))
        around = notices.statements("\n".join(_around(package)), name)
        return Extracted(
            form.id,
            form.kind,
            form.mime,
            title=facts.title or line(first[0] if first else "", 200),
            creators=facts.creators,
            description=facts.description,
            created=facts.created,
            language=facts.language,
            keywords=facts.keywords,
            text=text,
            truncated=truncated,
            properties=facts.counts,
            statements=(
                *facts.statements,
                *notices.statements(text, name),
                *around,
                *linked(package, main),
                *embedded.rights(package),
            ),
            thumbnail=facts.thumbnail,
        )


def _around(package: Package) -> Iterator[str]:
    """The paragraphs of headers and footers. No part of the text: they repeat on every page."""
    from lxml import etree

    for entry in sorted(package.entries):
        if re.fullmatch(r"word/(?:header|footer)\d*\.xml", entry):
            with suppress(etree.XMLSyntaxError), package.stream(entry) as stream:
                for paragraph, _ in islice(paragraphs(stream), MOST_AROUND):
                    yield paragraph


def paragraphs(stream: Any) -> Iterator[tuple[str, str]]:
    """``(text, style)`` of each paragraph. A shape's text stands twice in the file; once here."""
    pieces: list[str] = []
    style = ""
    skipped = 0
    for event, element in events(stream, ("start", "end")):
        tag = local(element)
        if event == "start":
            if tag == "Fallback":
                skipped += 1
            elif tag == "p" and pieces and not skipped:  # a text box inside a paragraph
                yield "".join(pieces), style
                pieces, style = [], ""
            continue
        if tag == "Fallback":
            skipped -= 1
            element.clear()
        elif skipped:
            continue
        elif tag == "t":
            pieces.append(element.text or "")
        elif tag == "pStyle":
            style = next((value for key, value in element.attrib.items() if "val" in key), "")
        elif tag in _BREAKS and local(element.getparent()) == "r":
            pieces.append(_BREAKS[tag])
        elif tag == "p":
            yield "".join(pieces), style
            pieces, style = [], ""
            element.clear()
        elif tag in ("tbl", "tr"):
            element.clear()
    if pieces:
        yield "".join(pieces), style


def main_part(package: Package, usual: str) -> str:
    """The entry the package names as its document; writers are free to name it."""
    if package.has(usual):
        return usual
    for kind, target in relations(package, ""):
        if kind == "officeDocument":
            return target
    return usual


def relations(package: Package, entry: str) -> list[tuple[str, str]]:
    """``(kind, entry)`` of what ``entry`` ("" = the package) refers to inside the package."""
    folder, base = posixpath.split(entry)
    root = package.xml(posixpath.join(folder, "_rels", f"{base}.rels"))
    if root is None:
        return []
    return [
        (
            relation.get("Type", "").rpartition("/")[2],
            posixpath.normpath(posixpath.join("/", folder, relation.get("Target", ""))).lstrip("/"),
        )
        for relation in root
        if relation.get("TargetMode") != "External" and isinstance(relation.tag, str)
    ]


def linked(package: Package, entry: str) -> Iterator[Statement]:
    """Hyperlinks of ``entry`` to a licence of Creative Commons."""
    folder, base = posixpath.split(entry)
    root = package.xml(posixpath.join(folder, "_rels", f"{base}.rels"))
    for one in () if root is None else root:
        target = one.get("Target", "")
        if one.get("TargetMode") == "External" and _LICENCE_PAGE.match(target):
            yield claim(target, "html-link", package.name, inferred=True)


@dataclass(frozen=True, slots=True)
class Properties:
    """What Office programs write about a document."""

    title: str
    creators: tuple[str, ...]
    description: str
    created: str
    language: str
    keywords: tuple[str, ...]
    counts: dict[str, int | float | str]
    statements: tuple[Statement, ...]
    thumbnail: bytes


_COUNTS = {"Pages": "pages", "Words": "words", "Slides": "slides"}


def properties(package: Package) -> Properties:
    core = package.xml("docProps/core.xml")
    application = package.xml("docProps/app.xml")
    counts: dict[str, int | float | str] = {}
    for tag, key in _COUNTS.items():
        for number in texts(application, tag):
            if number.isdecimal() and len(number) < 9 and int(number):
                counts[key] = int(number)
    stated = list(
        fields(texts(core, "license"), texts(core, "rights"), "dc", package.name, holder="")
    )
    custom = package.xml("docProps/custom.xml")
    for one in () if custom is None else custom:
        stated += named_field(one.get("name") or "", "".join(one.itertext()), package.name)
    return Properties(
        title=next((found for raw in texts(core, "title") if (found := title(raw))), ""),
        creators=people(texts(core, "creator")),
        description=line(next(iter(texts(core, "description", "subject")), "")),
        created=date(next(iter(texts(core, "created")), "")),
        language=language(next(iter(texts(core, "language")), "")),
        keywords=keywords(*texts(core, "keywords", "category")),
        counts=counts,
        statements=tuple(stated),
        thumbnail=picture(package, "docProps/thumbnail.jpeg"),
    )


_LICENCES = re.compile(
    r"(?:cc:|dc:|dcterms:)?licen[cs]e(?:[ _-]?(?:url|name|terms))?|许可(?:证|协议)?|許可", re.I
)
_NOTICES = re.compile(
    r"(?:dc:|dcterms:)?(?:copyright(?:[ _-]?(?:notice|holder|status))?|rights|usage ?terms)|版权(?:所有|声明)?|版權",
    re.I,
)


def named_field(key: str, value: str, where: str) -> list[Statement]:
    """The statement of a property that an author named himself, where its name is about rights."""
    if _LICENCES.fullmatch(key.strip()):
        return list(fields([value], [], "declared", where, holder=""))
    if _NOTICES.fullmatch(key.strip()):
        return list(fields([], [value], "declared", where, holder=""))
    return []


def picture(package: Package, entry: str) -> bytes:
    data = package.read(entry)
    if not data:
        return b""
    from curate.extract.images import shrunk

    return shrunk(data)

"""Word documents: the text of body and notes, and the properties every Office file has."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curate.extract import notices
from curate.extract.clean import clean, date, keywords, language, line, people, title
from curate.extract.formats import MAX_TEXT, Format
from curate.extract.package import Package, events, local, opened, texts
from curate.model import Extracted, Statement

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
            statements=facts.statements + notices.statements(text, name),
            thumbnail=facts.thumbnail,
        )


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
    stated = [Statement(line(raw), "dc", package.name) for raw in texts(core, "rights", "license")]
    custom = package.xml("docProps/custom.xml")
    for one in () if custom is None else custom:
        if (one.get("name") or "").lower() in (
            "license",
            "licence",
            "copyright",
            "rights",
            "版权",
            "许可",
        ):
            stated.append(Statement(line("".join(one.itertext())), "declared", package.name))
    return Properties(
        title=next((found for raw in texts(core, "title") if (found := title(raw))), ""),
        creators=people(texts(core, "creator")),
        description=line(next(iter(texts(core, "description", "subject")), "")),
        created=date(next(iter(texts(core, "created")), "")),
        language=language(next(iter(texts(core, "language")), "")),
        keywords=keywords(*texts(core, "keywords", "category")),
        counts=counts,
        statements=tuple(one for one in stated if one.raw),
        thumbnail=picture(package, "docProps/thumbnail.jpeg"),
    )


def picture(package: Package, entry: str) -> bytes:
    data = package.read(entry)
    if not data:
        return b""
    from curate.extract.images import shrunk

    return shrunk(data)

"""OpenDocument text and presentations, and what any OpenDocument says about itself."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from curate.extract import embedded, notices
from curate.extract.claims import fields
from curate.extract.clean import clean, date, keywords, language, line, people, title
from curate.extract.formats import MAX_TEXT, Format
from curate.extract.package import Package, events, local, opened, protected, texts
from curate.extract.word import Properties, named_field, picture
from curate.model import Extracted, Statement

_AROUND = ("header", "footer", "header-first", "footer-first", "header-left", "footer-left")


def read(path: Path, name: str, form: Format) -> Extracted:
    with opened(path, name) as package:
        package.check()
        parts: list[str] = []
        size = 0
        heading = ""
        pages = 0
        with package.stream("content.xml") as stream:
            for kind, text in _lines(stream):
                if kind == "page":
                    pages += 1
                    continue
                heading = heading or (text if kind == "Title" else "")
                parts.append(text)
                size += len(text) + 1
                if size > MAX_TEXT:
                    break
        facts = properties(package)
        text, truncated = clean("\n".join(parts))
        return Extracted(
            form.id,
            form.kind,
            form.mime,
            title=facts.title or line(heading, 200),
            creators=facts.creators,
            description=facts.description,
            created=facts.created,
            language=facts.language,
            keywords=facts.keywords,
            text=text,
            truncated=truncated,
            properties={**facts.counts, **({"slides": pages} if form.id == "odp" else {})},
            statements=(
                *facts.statements,
                *notices.statements(text, name),
                *notices.statements(_around(package), name),
                *embedded.rights(package),
            ),
            thumbnail=facts.thumbnail,
        )


def _lines(stream: Any) -> Iterator[tuple[str, str]]:
    """``(style, text)`` of every paragraph and heading; ``("page", "")`` at the end of a slide."""
    for _, element in events(stream):
        tag = local(element)
        if tag in ("p", "h"):
            style = next(
                (value for key, value in element.attrib.items() if "style-name" in key), ""
            )
            yield style, _flat(element)
            element.clear(keep_tail=True)
        elif tag == "page":
            yield "page", ""
            element.clear()


def _flat(element: Any) -> str:
    parts = [element.text or ""]
    for one in element.iterdescendants():
        tag = local(one)
        if tag == "tab":
            parts.append("\t")
        elif tag == "line-break":
            parts.append("\n")
        elif tag == "s":
            count = next((value for key, value in one.attrib.items() if key.endswith("}c")), "1")
            parts.append(" " * min(int(count) if count.isdecimal() else 1, 100))
        parts.append(one.text or "")
        # A tail belongs after all that is inside; for leaf elements, nearly all, that is here.
        if len(one) == 0:
            parts.append(one.tail or "")
            above = one
            while above.getnext() is None and above.getparent() is not element:
                above = above.getparent()
                parts.append(above.tail or "")
    return "".join(parts)


def properties(package: Package) -> Properties:
    """What ``meta.xml`` states. Raises CurateError for an encrypted document."""
    if b"encryption-data" in package.read("META-INF/manifest.xml"):
        raise protected(package.name)
    root = package.xml("meta.xml")
    counts: dict[str, int | float | str] = {}
    for element in () if root is None else root.iter():
        if local(element) == "document-statistic":
            for key, value in element.attrib.items():
                named = {"page-count": "pages", "word-count": "words"}.get(key.rpartition("}")[2])
                if named and value.isdecimal() and len(value) < 9:
                    counts[named] = int(value)
    return Properties(
        title=next((found for raw in texts(root, "title") if (found := title(raw))), ""),
        creators=people(texts(root, "initial-creator") or texts(root, "creator")),
        description=line(next(iter(texts(root, "description", "subject")), "")),
        created=date(next(iter(texts(root, "creation-date")), "")),
        language=language(next(iter(texts(root, "language")), "")),
        keywords=keywords(*texts(root, "keyword")),
        counts=counts,
        statements=tuple(_rights(root, package.name)),
        thumbnail=picture(package, "Thumbnails/thumbnail.png"),
    )


def _rights(root: Any, where: str) -> Iterator[Statement]:
    yield from fields(texts(root, "license"), texts(root, "rights"), "dc", where, holder="")
    for one in () if root is None else root.iter():
        if local(one) == "user-defined":
            name = next((value for key, value in one.attrib.items() if key.endswith("}name")), "")
            yield from named_field(name, "".join(one.itertext()), where)


def _around(package: Package) -> str:
    """Headers and footers, which stand with the styles."""
    root = package.xml("styles.xml")
    found = (one for one in (() if root is None else root.iter()) if local(one) in _AROUND)
    return "\n".join(" ".join("".join(one.itertext()).split()) for one in islice(found, 200))

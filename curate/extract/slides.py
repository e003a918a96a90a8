"""PowerPoint presentations: the text of slides and notes in the order they are shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from curate.extract import embedded, notices
from curate.extract.clean import clean, title
from curate.extract.formats import MAX_TEXT, Format
from curate.extract.package import Package, local, opened
from curate.extract.word import linked, main_part, properties, relations
from curate.model import Extracted


def read(path: Path, name: str, form: Format) -> Extracted:
    with opened(path, name) as package:
        package.check()
        slides = _order(package)
        parts: list[str] = []
        size = 0
        shown = ""
        for slide in slides:
            root = package.xml(slide)
            if root is None:
                continue
            shown = shown or _title(root)
            found = [_text(root)]
            for kind, target in relations(package, slide):
                if kind in ("notesSlide", "diagramData", "chart") and package.has(target):
                    found.append(_text(package.xml(target)))
            parts.append("\n".join(one for one in found if one))
            size += len(parts[-1])
            if size > MAX_TEXT:
                break
        facts = properties(package)
        text, truncated = clean("\n\n".join(parts))
        return Extracted(
            form.id,
            form.kind,
            form.mime,
            title=facts.title or title(shown),
            creators=facts.creators,
            description=facts.description,
            created=facts.created,
            language=facts.language,
            keywords=facts.keywords,
            text=text,
            truncated=truncated,
            properties={**facts.counts, "slides": len(slides)},
            statements=(
                *facts.statements,
                *notices.statements(text, name),
                *notices.statements("\n".join(_masters(package)), name),
                *(one for slide in slides[:1] + slides[-1:] for one in linked(package, slide)),
                *embedded.rights(package),
            ),
            thumbnail=facts.thumbnail,
        )


def _masters(package: Package) -> Iterator[str]:
    """The words of the masters: a footer there is on every slide."""
    for entry in sorted(package.entries):
        if entry.startswith("ppt/slideMasters/") and entry.endswith(".xml"):
            yield _text(package.xml(entry))


def _order(package: Package) -> list[str]:
    """The slides as the presentation lists them; by number where it lists none."""
    main = main_part(package, "ppt/presentation.xml")
    root = package.xml(main)
    folder = main.rpartition("/")[0]
    targets: dict[str, str] = {}
    rels = package.xml(f"{folder}/_rels/{main.rpartition('/')[2]}.rels")
    for one in () if rels is None else rels:
        target = one.get("Target", "")
        targets[one.get("Id", "")] = (
            target.lstrip("/") if target[:1] == "/" else f"{folder}/{target}"
        )
    listed = [
        targets.get(value, "")
        for element in (() if root is None else root.iter())
        if local(element) == "sldId"
        for key, value in element.attrib.items()
        if key.endswith("}id")
    ]
    found = [entry for entry in listed if package.has(entry)]
    if found:
        return found
    named = [entry for entry in package.entries if entry.startswith("ppt/slides/slide")]
    return sorted(named, key=lambda entry: (len(entry), entry))


def _text(root: Any) -> str:
    """One line a paragraph; ``a:t`` holds text, ``c:v`` a value or a label of a chart."""
    if root is None:
        return ""
    lines: list[str] = []
    for element in root.iter():
        tag = local(element)
        if tag == "p":
            parts = [
                "\n" if local(one) == "br" else one.text or ""
                for one in element.iter()
                if local(one) in ("t", "br")
            ]
            lines.append("".join(parts).strip())
        elif tag == "v" and element.text and not element.text.replace(".", "").isdecimal():
            lines.append(element.text.strip())
    return "\n".join(one for one in lines if one)


def _title(root: Any) -> str:
    for shape in root.iter():
        if local(shape) != "sp":
            continue
        if any(
            local(one) == "ph" and one.get("type") in ("title", "ctrTitle") for one in shape.iter()
        ):
            return " ".join(_text(shape).split())
    return ""

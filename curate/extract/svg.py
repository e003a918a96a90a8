"""SVG drawings: the words in them, and the RDF that says what they are and who made them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from curate.errors import CurateError
from curate.extract import notices, spdx_tags
from curate.extract.claims import claim, verbatim
from curate.extract.clean import clean, date, keywords, language, line, people, title
from curate.extract.formats import MAX_TEXT, Format
from curate.extract.package import events, local
from curate.model import Extracted, Statement

_RESOURCE = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}resource"
_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_AGENTS = {"creator": "creator", "rights": "holder", "publisher": "publisher"}
_CREDITS = ("attributionName", "attributionURL", "UsageTerms")
_BAGS = ("subject", "rights", "UsageTerms")
_PROLOGUE = 2**16  # bytes in which a drawing defines its entities, where it does
_WORDS = ("text", "title", "desc", "flowPara", "textPath")
_LENGTH = re.compile(r"\s*([\d.]+)\s*(px|pt|pc|mm|cm|in)?\s*$")
_PIXELS = {
    "px": 1.0,
    "pt": 4 / 3,
    "pc": 16.0,
    "mm": 96 / 25.4,
    "cm": 96 / 2.54,
    "in": 96.0,
    None: 1.0,
}


def read(path: Path, name: str, form: Format) -> Extracted:
    with path.open("rb") as stream:
        facts, problem = _facts(stream, name)
    text, truncated = clean("\n".join(facts.words))
    one = facts.fields
    return Extracted(
        form.id,
        form.kind,
        form.mime,
        title=title(next(iter(facts.titles + one.get("title", [])), "")),
        creators=people(one.get("creator", ())),
        description=line(next(iter(one.get("description", []) + facts.descriptions), "")),
        created=date(next(iter(one.get("date", [])), "")),
        language=language(next(iter(one.get("language", [])), "")),
        keywords=keywords(*one.get("subject", ())),
        text=text,
        truncated=truncated,
        properties=facts.size_of_picture(),
        statements=(
            *facts.rights(name),
            *spdx_tags.statements(path, name),
            *notices.statements(text, name),
        ),
        problem=problem,
    )


def stated(data: bytes, where: str, component: str) -> tuple[Statement, ...]:
    """What a drawing inside something else says about rights; nothing where it is none."""
    try:
        return tuple(_facts(io.BytesIO(data), where)[0].rights(where, component))
    except CurateError:
        return ()


def _facts(stream: IO[bytes], name: str) -> tuple[_Facts, str]:
    """What the drawing says, and what is wrong with it. Browsers show a drawing with a stray character,
    so what it says counts as well; with entities of its own it is refused instead."""
    from lxml import etree

    try:
        return _streamed(stream), ""
    except etree.XMLSyntaxError as fault:
        stream.seek(0)
        strict = CurateError(
            f"{name} is damaged: {fault}", "open it in a drawing program and save it again"
        )
        if b"<!ENTITY" in stream.read(_PROLOGUE):
            raise strict from fault
        stream.seek(0)
        facts = _streamed(stream, recover=True)
        if "svg" not in facts.seen:
            raise strict from fault
        return (
            facts,
            f"it is not well-formed and was read as far as it goes: {line(str(fault), 120)}",
        )


def _streamed(stream: IO[bytes], recover: bool = False) -> _Facts:
    facts = _Facts()
    for event, element in events(stream, ("start", "end"), recover=recover):
        facts.take(event, element)
        if facts.size > MAX_TEXT:
            break
    return facts


class _Facts:
    """Collects while the drawing streams by: its shapes may be a hundred megabytes."""

    def __init__(self) -> None:
        self.path: list[str] = []
        self.words: list[str] = []
        self.titles: list[str] = []
        self.descriptions: list[str] = []
        self.fields: dict[str, list[str]] = {}
        self.root: dict[str, str] = {}
        self.seen: set[str] = set()
        self.size = 0

    def take(self, event: str, element: Any) -> None:
        tag = local(element)
        if event == "start":
            if not self.path:
                self.root = dict(element.attrib)
            self.path.append(tag)
            self.seen.add(tag)
            return
        if self.path:
            self.path.pop()
        if "metadata" in self.path:
            self._field(tag, element)
            return  # RDF stays until its end: a keyword is inside a bag inside a subject
        if tag in ("title", "desc") and self.path in (["svg"], ["svg", "g"]):
            (self.titles if tag == "title" else self.descriptions).append(_all(element))
        if tag in _WORDS and (found := _all(element)):
            self.words.append(found)
            self.size += len(found)
        if tag not in ("tspan", "a", "tref") and "text" not in self.path:
            element.clear()

    def _field(self, tag: str, element: Any) -> None:
        inside = next((one for one in reversed(self.path) if one in _AGENTS), "")
        if tag == "license":
            self._add("license", element.get(_RESOURCE) or _all(element), empty=not len(element))
        elif tag == "License" and element.get(_ABOUT) and not any(self.fields.get("license", ())):
            self._add("license", element.get(_ABOUT))
        elif tag in _CREDITS:
            self._add(tag, element.get(_RESOURCE) or _all(element))
        elif inside and tag in ("title", "name"):
            self._add(_AGENTS[inside], _all(element))
        elif tag in ("creator", "rights") and not len(element):
            self._add(tag, _all(element))
        elif tag == "li" and (bag := next((one for one in _BAGS if one in self.path), "")):
            self._add(bag, _all(element))
        elif tag in ("title", "description", "date", "language") and not inside:
            self._add(tag, _all(element))

    def _add(self, key: str, value: str, empty: bool = False) -> None:
        if (value := verbatim(value)) or empty:
            self.fields.setdefault(key, []).append(value)

    def rights(self, where: str, component: str = "whole") -> Iterator[Statement]:
        """What the RDF states. ``cc:license`` without a value is said too: it was left open."""
        first = {key: next(iter(values), "") for key, values in self.fields.items()}
        credit = ", ".join(filter(None, (first.get(key, "") for key in _CREDITS[:2])))
        holder = first.get("holder") or first.get("attributionName") or first.get("creator", "")
        said = self.fields.get("license", []) + self.fields.get("rights", [])
        for raw in dict.fromkeys(said + self.fields.get("UsageTerms", [])):
            yield claim(raw, "dc", where, component=component, holder=holder, attribution=credit)

    def size_of_picture(self) -> dict[str, int | float | str]:
        """CSS pixels, from width and height or else from the view box."""
        box = re.split(r"[\s,]+", self.root.get("viewBox", "").strip())
        sides: list[int] = []
        for number, key in enumerate(("width", "height")):
            match = _LENGTH.match(self.root.get(key, "")) or (
                _LENGTH.match(box[2 + number]) if len(box) == 4 else None
            )
            try:
                sides.append(round(float(match[1]) * _PIXELS[match[2]]) if match else 0)
            except (ValueError, OverflowError):
                sides.append(0)
        return {"width": sides[0], "height": sides[1]} if all(sides) else {}


def _all(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())

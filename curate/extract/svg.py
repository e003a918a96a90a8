"""SVG drawings: the words in them, and the RDF that says what they are and who made them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from curate.errors import CurateError
from curate.extract import notices
from curate.extract.clean import clean, date, keywords, language, line, people, title
from curate.extract.formats import MAX_TEXT, Format
from curate.extract.package import events, local
from curate.model import Extracted, Statement

_RESOURCE = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}resource"
_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_AGENTS = {"creator": "creator", "rights": "holder", "publisher": "publisher"}
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
    from lxml import etree

    facts = _Facts()
    try:
        with path.open("rb") as stream:
            for event, element in events(stream, ("start", "end")):
                facts.take(event, element)
                if facts.size > MAX_TEXT:
                    break
    except etree.XMLSyntaxError as fault:
        raise CurateError(
            f"{name} is damaged: {fault}", "open it in a drawing program and save it again"
        ) from fault
    text, truncated = clean("\n".join(facts.words))
    one = facts.fields
    holder = line(next(iter(one.get("holder", ()) or one.get("creator", ())), ""), 200)
    stated = tuple(
        Statement(raw, "dc", name, holder=holder)
        for raw in dict.fromkeys(one.get("license", []) + one.get("rights", []))
    )
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
        statements=stated + notices.statements(text, name),
    )


class _Facts:
    """Collects while the drawing streams by: its shapes may be a hundred megabytes."""

    def __init__(self) -> None:
        self.path: list[str] = []
        self.words: list[str] = []
        self.titles: list[str] = []
        self.descriptions: list[str] = []
        self.fields: dict[str, list[str]] = {}
        self.root: dict[str, str] = {}
        self.size = 0

    def take(self, event: str, element: Any) -> None:
        tag = local(element)
        if event == "start":
            if not self.path:
                self.root = dict(element.attrib)
            self.path.append(tag)
            return
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
        inside = next((self_tag for self_tag in reversed(self.path) if self_tag in _AGENTS), "")
        if tag == "license" and (found := element.get(_RESOURCE) or _all(element)):
            self._add("license", found)
        elif tag == "License" and element.get(_ABOUT) and "license" not in self.fields:
            self._add("license", element.get(_ABOUT))
        elif inside and tag in ("title", "name"):
            self._add(_AGENTS[inside], _all(element))
        elif tag in ("creator", "rights") and not len(element):
            self._add(tag, _all(element))
        elif tag == "li" and "subject" in self.path:
            self._add("subject", _all(element))
        elif tag in ("title", "description", "date", "language") and not inside:
            self._add(tag, _all(element))

    def _add(self, key: str, value: str) -> None:
        if value := line(value):
            self.fields.setdefault(key, []).append(value)

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

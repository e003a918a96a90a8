"""What may answer a buyer's question: pieces of the bundle's own tutorial, and the seller's own answers."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from curate import config
from curate.bundle import history
from curate.errors import ConfigError, CurateError, Problem
from curate.workspace import Workspace

ANSWERS = "answers.toml"
"""Beside collection.toml: [[answer]] with question and answer."""
_PAGE = "TUTORIAL.html"
_LARGEST = 8 << 20  # bytes of the tutorial
_LONG = 4_000  # characters of one passage
_MOST = 5_000
_BLOCKS = ("p", "pre", "ul", "ol", "div", "table", "blockquote", "details", "dl")


class Passage(msgspec.Struct, frozen=True):
    """Plain text that answers something."""

    kind: Literal["tutorial", "answer"]
    place: str  # the tutorial's section, such as "k-document"; "" of the seller's answers
    heading: str  # "Documents · PDF"; the question of the seller's answers
    text: str


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table [[answer]] of answers.toml."""

    question: str
    answer: str
    also: tuple[str, ...] = ()
    """The same question in other words."""


class Answers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """answers.toml, whole."""

    answer: tuple[Answer, ...] = ()


def answers_file(workspace: Workspace, name: str) -> Path:
    return workspace.collection_file(name).with_name(ANSWERS)


def of_seller(workspace: Workspace, name: str) -> list[Passage]:
    """The seller's answers for one collection. Raises ConfigError with all problems."""
    path = answers_file(workspace, name)
    if not path.is_file():
        return []
    found = config.read(path, Answers).answer
    problems = [
        Problem(str(path), f"answer {number}: its question or its answer is empty or too long")
        for number, one in enumerate(found, 1)
        if not (0 < len(one.question.strip()) <= _LONG and 0 < len(one.answer.strip()) <= _LONG)
    ]
    if problems:
        raise ConfigError(problems)
    return [
        Passage("answer", "", question.strip(), one.answer.strip())
        for one in found[:_MOST]
        for question in (one.question, *one.also)
    ]


def of_tutorial(folder: Path) -> list[Passage]:
    """The tutorial of the release in ``folder``, cut where an answer begins and ends.

    Raises CurateError where it cannot be read.
    """
    record = history.read(folder)
    path = folder / record.archive.file
    try:
        with zipfile.ZipFile(path) as archive:
            entry = archive.getinfo(f"{record.archive.top}/{_PAGE}")
            if entry.file_size > _LARGEST:
                return []
            html = archive.read(entry).decode("utf-8", "replace")
    except (OSError, KeyError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as fault:
        raise CurateError(
            f"the tutorial in {path} cannot be read: {fault}", "check it: curate verify"
        ) from fault
    return list(_cut(html))[:_MOST]


def _cut(html: str) -> Iterator[Passage]:
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(html)
    for section in tree.css("article#text > section"):
        place = section.attributes.get("id") or ""
        for extra in section.css("svg, figure, small, table.count"):
            extra.decompose()
        yield from _section(section, place)


def _section(section: Any, place: str) -> Iterator[Passage]:
    title, heading, held = "", "", ""

    def passage() -> Iterator[Passage]:
        if held:
            yield Passage(
                "tutorial", place, " · ".join(filter(None, (title, heading))), held[:_LONG]
            )

    for node in section.iter():
        text = _text(node)
        if node.tag == "h2":
            title = text
        elif node.tag in ("h3", "h4", "h5", "h6"):
            yield from passage()
            heading, held = text, ""
        elif "systems" in _classes(node) or (node.tag == "table" and "how" in _classes(node)):
            yield from passage()
            held = ""
            yield from _parallel(node, place, title)
        elif node.tag in ("ul", "ol") and held:
            held = f"{held}\n{text}"  # a list belongs to the sentence that leads to it
        elif node.tag in _BLOCKS and text:
            yield from passage()
            held = text
    yield from passage()


def _parallel(node: Any, place: str, title: str) -> Iterator[Passage]:
    """One of several things next to each other, of which a reader needs one: a system, a format."""
    for part in node.css("div.system"):
        name = _text(part.css_first("h3"))
        steps = "\n".join(_text(step) for step in part.css("li"))
        yield Passage("tutorial", place, f"{title} · {name}", steps[:_LONG])
    for row in node.css("tbody > tr"):
        cells = [_text(cell) for cell in row.css("td")]
        if len(cells) > 1:
            yield Passage("tutorial", place, f"{title} · {cells[0]}", cells[-1][:_LONG])


def _text(node: Any) -> str:
    if node is None:
        return ""
    if node.tag in ("ul", "ol"):
        return "\n".join(f"- {_text(item)}" for item in node.css("li"))
    return " ".join(node.text().split())


def _classes(node: Any) -> list[str]:
    return (node.attributes.get("class") or "").split()

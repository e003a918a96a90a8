"""REUSE: what ``NAME.license`` and REUSE.toml say. https://reuse.software/spec-3.3/"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from curate.collectors.beside.globs import DEEP, NAME, Globs, Part
from curate.collectors.beside.owners import notice, owners
from curate.collectors.beside.paper import MAX_RAW, Paper, decoded, invalid
from curate.collectors.beside.texts import words
from curate.model import Statement

_TAG = re.compile(r"SPDX-License-Identifier:[ \t]*(.*)")
_NOTICE = re.compile(r"(?:SPDX-FileCopyrightText:|(?<![\w-])(?:©|copyright\b|\(c\)))[ \t]*.*", re.I)
_COMMENT_END = re.compile(r"\s*(?:\*/|-->|\*\)|\"\"\"|#\})?\s*$")
_TOKEN = re.compile(r"\\(.)|(\*\*+/?)|(\*)|([^*\\]+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Tags:
    """What one place says: all the licences hold together (REUSE, "Licensing Information")."""

    where: str
    licenses: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()

    def statement(self, channel: str) -> Statement | None:
        holder = owners(self.notices)
        if self.licenses:
            return Statement(
                "\n".join(self.licenses), channel, self.where,
                holder=holder, license=joined(self.licenses),
            )  # fmt: skip
        if self.notices:
            return Statement(notice(self.notices), channel, self.where, holder=holder)
        return None


_SPDX = re.compile(r"^[\W_]*(?:SPDX-[A-Za-z-]+:.*|(?:copyright|©|\(c\)).*)$", re.M | re.I)
"""Lines of tags and notices; what else stands in a sidecar is said by somebody."""


def joined(licenses: Sequence[str]) -> str:
    """One SPDX expression of several that all hold."""
    if len(licenses) == 1:
        return licenses[0]
    return " AND ".join(f"({one})" if " " in one else one for one in licenses)


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What ``NAME.license`` says about NAME."""

    tags: Tags
    statement: Statement | None


def sidecar(paper: Paper) -> Sidecar:
    """Its tags, or its words where it has none. Raises Unreadable."""
    text = decoded(paper.table())
    found = (_COMMENT_END.sub("", " ".join(one.split())) for one in _TAG.findall(text))
    notices = (_COMMENT_END.sub("", " ".join(one.split())) for one in _NOTICE.findall(text))
    tags = Tags(paper.where, _unique(found), _unique(notices))
    beside = _SPDX.sub(" ", text)
    if tags.licenses and not re.search(r"\w", beside):
        _bounded(tags.licenses)
        return Sidecar(tags, tags.statement("reuse-sidecar"))
    if not re.search(r"\w", _NOTICE.sub("", text)):
        return Sidecar(tags, tags.statement("reuse-sidecar"))
    raw = words(text)
    return Sidecar(tags, Statement(raw, "reuse-sidecar", paper.where) if raw else None)


def _unique(found: Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.strip() for one in found if one.strip()))


def _bounded(licenses: tuple[str, ...]) -> None:
    if len("\n".join(licenses)) > MAX_RAW:
        raise invalid("a licence expression is too long")


@dataclass(frozen=True, slots=True)
class _Annotation:
    precedence: str
    tags: Tags


class Annotations:
    """A REUSE.toml: what it says about the files of its folder and below."""

    __slots__ = ("_annotations", "_base", "_globs", "broken")

    def __init__(self, base: str, broken: Statement | None = None) -> None:
        self._base = len(base)
        self._globs = Globs()
        self._annotations: list[_Annotation] = []
        self.broken = broken
        """Said of every file, where the table cannot be read."""

    def add(self, paths: Sequence[str], annotation: _Annotation) -> None:
        for path in paths:
            self._globs.add(len(self._annotations), *_parts(path))
        self._annotations.append(annotation)

    def of(self, locator: str) -> _Annotation | None:
        """The last table that matches: it alone counts."""
        number = self._globs.last(locator[self._base :])
        return self._annotations[number] if number >= 0 else None


def table(paper: Paper, base: str) -> Annotations:
    """The tables of the REUSE.toml in the folder ``base`` ("" or ending in "/"). Raises Unreadable."""
    try:
        found = tomllib.loads(paper.table().decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise invalid(fault) from fault
    version = found.get("version")
    if isinstance(version, bool) or version != 1:
        raise invalid("its version is not 1")
    entries = found.get("annotations", [])
    if not isinstance(entries, list):
        raise invalid("annotations is not a list of tables")
    read = Annotations(base)
    for entry in entries:
        if not isinstance(entry, dict):
            raise invalid("annotations is not a list of tables")
        tags = Tags(
            paper.where,
            _strings(entry, "SPDX-License-Identifier"),
            _strings(entry, "SPDX-FileCopyrightText"),
        )
        _bounded(tags.licenses)
        precedence = entry.get("precedence", "closest")
        if precedence not in ("closest", "aggregate", "override"):
            raise invalid("precedence is not closest, aggregate or override")
        paths = _strings(entry, "path")
        if not paths:
            raise invalid("an annotation has no path")
        read.add(paths, _Annotation(precedence, tags))
    return read


def _strings(entry: dict[str, Any], key: str) -> tuple[str, ...]:
    value = entry.get(key, [])
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        raise invalid(f"{key} is not a string or a list of strings")
    return _unique(iter(values))


def _parts(path: str) -> tuple[list[Part], str]:
    """``path`` as parts of an expression; and as it is, where it has no wildcard."""
    parts, plain = [("", "")], ""
    for escaped, deep, star, text in _TOKEN.findall(unicodedata.normalize("NFC", path)):
        if deep or star:
            parts.append((DEEP if deep else NAME, ""))
        else:
            plain += escaped or text
            parts[-1] = (parts[-1][0], parts[-1][1] + re.escape(escaped or text))
    return parts, plain if len(parts) == 1 else ""


def annotated(
    chain: Sequence[Annotations], locator: str, sidecar: Tags | None
) -> Iterator[Statement]:
    """What the REUSE.toml files of ``chain``, the outermost first, say about ``locator``.

    Outermost ``override`` silences the deeper ones, ``aggregate`` always speaks, ``closest`` where
    nothing nearer does: licences and copyright each for themselves.
    """
    closest: list[Tags] = [sidecar] if sidecar else []
    overridden = False
    for table in chain:
        if table.broken:
            yield table.broken
        found = table.of(locator)
        if found is None:
            continue
        if found.precedence == "closest":
            closest.insert(bool(sidecar), found.tags)
        elif said := found.tags.statement("reuse"):
            yield said
        if overridden := found.precedence == "override":
            break
    if closest and not overridden:
        fallback = _closest(closest, sidecar)
        if fallback:
            yield fallback


def _closest(nearest_first: Sequence[Tags], sidecar: Tags | None) -> Statement | None:
    """The nearest licences with the nearest copyright; what the sidecar itself says is not repeated."""
    licensed = next((one for one in nearest_first if one.licenses), None)
    noticed = next((one for one in nearest_first if one.notices), None)
    notices = noticed.notices if noticed else ()
    if licensed and licensed is not sidecar:
        return Tags(licensed.where, licensed.licenses, notices).statement("reuse")
    if noticed and noticed is not sidecar:
        return Tags(noticed.where, (), notices).statement("reuse")
    return None

"""Machine-readable debian/copyright (DEP-5), which REUSE knows as .reuse/dep5.

https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from curate.collectors.beside.globs import DEEP, Globs, Part
from curate.collectors.beside.owners import owners
from curate.collectors.beside.paper import MAX_RAW, Paper, decoded, invalid
from curate.collectors.beside.texts import detected, meaning
from curate.model import Statement

_FIELD = re.compile(r"([!-9;-~]+):[ \t]*(.*)")
_TOKEN = re.compile(r"(\*+)|(\?)|\\([*?\\])|(.)", re.DOTALL)
_GNU = re.compile(r"(a?gpl|lgpl|gfdl(?:-niv)?)-?v?(\d)(?:\.(\d))?(?:\.0)?(\+|-only|-or-later)?")
_CC = re.compile(r"cc-by(?:-nc)?(?:-sa|-nd)?-\d\.\d")
_SHORT = {
    "expat": "MIT", "mit": "MIT", "isc": "ISC", "zlib": "Zlib", "cc0": "CC0-1.0", "cc0-1.0": "CC0-1.0",
    "bsd-2-clause": "BSD-2-Clause", "bsd-3-clause": "BSD-3-Clause", "bsd-4-clause": "BSD-4-Clause",
    "apache-2.0": "Apache-2.0", "apache-2": "Apache-2.0", "mpl-1.1": "MPL-1.1", "mpl-2.0": "MPL-2.0",
    "artistic-2.0": "Artistic-2.0", "ofl-1.1": "OFL-1.1", "sil-ofl-1.1": "OFL-1.1", "sil-1.1": "OFL-1.1",
    "unlicense": "Unlicense", "0bsd": "0BSD", "wtfpl": "WTFPL", "bsl-1.0": "BSL-1.0",
}  # fmt: skip


class Copyright:
    """What such a file says about the files of its folder and below."""

    __slots__ = ("_base", "_everywhere", "_globs", "_material", "_said")

    def __init__(self, base: str, everywhere: tuple[Statement, ...] = ()) -> None:
        self._base = len(base)
        self._everywhere = everywhere
        """Said of every file, where the paths in it are of no use."""
        self._globs = Globs()
        self._said: list[Statement] = []
        self._material: list[Statement] = []

    def add(self, patterns: str, statement: Statement) -> None:
        for pattern in patterns.split():
            self._globs.add(len(self._said), *_parts(pattern))
        self._said.append(statement)
        if not all(pattern.startswith("debian/") for pattern in patterns.split()):
            self._material.append(statement)

    def of(self, locator: str) -> tuple[Statement, ...]:
        """What the last paragraph that matches says: it alone counts."""
        if self._everywhere:
            return self._everywhere
        number = self._globs.last(locator[self._base :])
        return (self._said[number],) if number >= 0 else ()

    def anywhere(self) -> tuple[Statement, ...]:
        """What it says about files that it no longer knows by their path; not of the packaging."""
        return (*self._everywhere, *self._material)


@dataclass(frozen=True, slots=True)
class _License:
    short: str  # the first line: names, joined by "and", "or"
    text: str

    @staticmethod
    def of(field: str) -> _License:
        short, _, text = field.partition("\n")
        return _License(" ".join(short.split()), text.strip())


def is_machine_readable(data: bytes) -> bool:
    """Does it begin with the header that such files begin with?"""
    lines = data[:4000].removeprefix(b"\xef\xbb\xbf").splitlines()
    first = next((line for line in lines if line.strip() and not line.startswith(b"#")), b"")
    return first.lower().startswith((b"format:", b"format-specification:"))


def copyright(paper: Paper, base: str, channel: str) -> Copyright | None:
    """What ``paper`` says of the files below ``base`` ("" or ending in "/").

    One without the header is prose and says the same of all; None where prose was not asked for: only
    in a debian folder is every ``copyright`` about the files above. Raises Unreadable.
    """
    data = paper.table()
    if not is_machine_readable(data):
        if not paper.where.endswith("debian/copyright"):
            return None
        raw, license = meaning(decoded(data))
        return Copyright(base, (Statement(raw, channel, paper.where, license=license),))
    paragraphs = list(_paragraphs(decoded(data)))
    alone = {
        short.short.lower(): short.text
        for one in paragraphs
        if "license" in one and "files" not in one
        for short in (_License.of(one["license"]),)
    }
    read = Copyright(base)
    for one in paragraphs:
        if "files" in one:
            if not one.get("license", "").strip() or not one["files"].strip():
                raise invalid("a paragraph about files names no licence")
            read.add(one["files"], _statement(one, alone, paper.where, channel))
    return read


def _paragraphs(text: str) -> Iterator[dict[str, str]]:
    """Fields by name, lower case; further lines of a field after its first, each "." an empty one."""
    fields: dict[str, list[str]] = {}
    name = ""
    for line in [*text.splitlines(), ""]:
        if not line.strip():
            if fields:
                yield {key: "\n".join(lines) for key, lines in fields.items()}
            fields, name = {}, ""
        elif line[0] in " \t" and name:
            fields[name].append("" if line.strip() == "." else line[1:].rstrip())
        elif field := _FIELD.fullmatch(line):
            name = field[1].lower()
            if name in fields:
                raise invalid(f"{field[1]} stands twice in a paragraph")
            fields[name] = [field[2].rstrip()]
        elif not line.startswith("#"):
            raise invalid(f"this line is no field: {line[:60]}")


def _statement(
    fields: dict[str, str], alone: dict[str, str], where: str, channel: str
) -> Statement:
    license = _License.of(fields["license"])
    holder = owners(fields.get("copyright", "").splitlines())
    text = license.text or alone.get(license.short.lower(), "")
    if license.short.lower() == "public-domain":
        grounds = " ".join(text.split())[:MAX_RAW]
        return Statement(license.short, channel, where, holder=holder, grounds=grounds)
    found = expression(license.short)
    if found and not (_BANS.search(text) and not detected(text)):
        return Statement(license.short[:MAX_RAW], channel, where, holder=holder, license=found)
    raw, found = meaning(text) if text else ("", "")
    raw = f"{license.short}: {raw}" if raw else license.short
    return Statement(raw[:MAX_RAW], channel, where, holder=holder, license=found)


_BANS = re.compile(
    r"non-?commercial\b(?!\s+distribution)|\bno\s+resale|\bnot\s+(?:be\s+)?(?:for\s+sale|sold)|\bpersonal\s+use\b"
    r"|\b(?:educational|academic|research)\s+(?:use|purposes?)\s+only|禁止商用|不得商用|[仅僅]供学习",
    re.I,
)
"""What takes back what a short name gives, in the words below it."""


def expression(short: str) -> str:
    """An SPDX expression for Debian's short names ("GPL-2+ or CC-BY-SA-3.0"), or "" where one is unknown.

    A comma before "and" or "or" binds less than these alone.
    """
    if len(short) > MAX_RAW // 2:
        return ""
    groups = re.split(r"\s*,\s*(and|or)\s+", short, flags=re.I)
    if len(groups) == 1:
        return _joined(re.split(r"\s+(and|or)\s+", short, flags=re.I))
    inner = [
        word if at % 2 else _joined(re.split(r"\s+(and|or)\s+", word, flags=re.I))
        for at, word in enumerate(groups)
    ]
    if not all(inner):
        return ""
    return " ".join(
        word.upper() if at % 2 else f"({word})" if " " in word else word
        for at, word in enumerate(inner)
    )


def _joined(words: list[str]) -> str:
    """Names at the even places, what joins them at the odd ones."""
    named = [word.upper() if at % 2 else _spdx(word) for at, word in enumerate(words)]
    return " ".join(named) if all(named) else ""


def _spdx(name: str) -> str:
    low = name.strip().lower()
    if low in _SHORT:
        return _SHORT[low]
    if _CC.fullmatch(low):
        return low.upper()
    if not (gnu := _GNU.fullmatch(low)):
        return ""
    family, niv = gnu[1].upper().removesuffix("-NIV"), "-no-invariants" if "niv" in gnu[1] else ""
    later = "or-later" if gnu[4] in ("+", "-or-later") else "only"
    return f"{family}-{gnu[2]}.{gnu[3] or '0'}{niv}-{later}"


def _parts(pattern: str) -> tuple[list[Part], str]:
    """``pattern`` as parts of an expression; and as it is, where it has no wildcard."""
    parts, plain, wild = [("", "")], "", False
    for star, any, escaped, char in _TOKEN.findall(
        unicodedata.normalize("NFC", pattern).removeprefix("./")
    ):
        if star:
            parts.append((DEEP, ""))
            continue
        wild = wild or bool(any)
        plain += escaped or char
        parts[-1] = (parts[-1][0], parts[-1][1] + ("." if any else re.escape(escaped or char)))
    return parts, plain if len(parts) == 1 and not wild else ""

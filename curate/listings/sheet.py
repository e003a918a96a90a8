"""The plain listing: one sheet to copy from, for people (Markdown) and for programs (JSON)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

from curate.listings import Count, Facts, Shown
from curate.listings.phrases import language_name, places
from curate.messages import Say, speaker

_JOINER = "\u200d"  # of emoji; the other marks that nobody sees turn or hide text
_MARKER = re.compile(r"^(\d*)([-+=.)])(?=[\s=-]|$)")  # what would begin a list or a heading
_UNITS = ((10**9, "GB"), (10**6, "MB"), (10**3, "KB"))


class SheetListing:
    """``sheet.md`` and ``sheet.json``. Every number comes from ``Facts``."""

    def write(self, shown: Shown, folder: Path) -> list[Path]:
        facts = shown.facts
        say = speaker(facts.language)
        page, data = folder / "sheet.md", folder / "sheet.json"
        page.write_bytes(_markdown(facts, say).encode())
        told = {
            "version": 1,
            "description": "\n\n".join(_description(facts, say)),
            "facts": asdict(facts),
        }
        data.write_bytes(f"{json.dumps(told, ensure_ascii=False, indent=2)}\n".encode())
        return [page, data]


def _markdown(facts: Facts, say: Say) -> str:
    size = say("{size}, download {archive}", size=_size(facts.size), archive=_size(facts.archive))
    languages = [
        Count(language_name(one.name, say), one.items, one.size, one.url) for one in facts.languages
    ]
    rows = [
        (say("Version"), facts.version),
        (say("Price"), _price(facts, say)),
        (say("Files"), f"{facts.items:,}"),
        (say("Size"), size),
        (say("Formats"), _counts(facts.formats, say)),
        (say("Languages"), _counts(languages, say)),
    ]
    parts = [
        f"# {_plain(facts.title)}",
        *map(_plain, _description(facts, say)),
        _table(say("Fact"), say("Value"), [row for row in rows if row[1]]),
    ]
    if facts.categories:
        counted = [(one.name, f"{one.items:,}") for one in places(facts, say)]
        parts += [f"## {say('Contents')}", _table(say("Category"), say("Files"), counted)]
    if facts.highlights:
        parts += [f"## {say('Some of what is inside')}", _list(map(_plain, facts.highlights))]
    if facts.licenses:
        terms = (
            say("{name}: {files}", name=_linked(one), files=_files(one.items, say))
            for one in facts.licenses
        )
        parts += [f"## {say('Licences')}", _list(terms)]
    if facts.tags:
        parts += [f"## {say('Tags')}", say(", ").join(map(_plain, facts.tags))]
    return "\n\n".join(parts) + "\n"


def _description(facts: Facts, say: Say) -> list[str]:
    """Paragraphs: the seller's words, then what is counted."""
    files, size, many = _files(facts.items, say), _size(facts.size), len(facts.categories)
    if many:
        categories = say("1 category") if many == 1 else say("{n} categories", n=many)
        counted = [
            say(
                "{files} in {categories}, {size} in all.",
                files=files,
                categories=categories,
                size=size,
            )
        ]
    else:
        counted = [say("{files}, {size} in all.", files=files, size=size)]
    if facts.pages > 1:
        counted.append(say("Documents of {n} pages together.", n=f"{facts.pages:,}"))
    if facts.seconds >= 120:
        counted.append(say("Sound and film of {n} minutes together.", n=facts.seconds // 60))
    counted.append(
        say(
            "With a table of contents that can be searched offline, a tutorial, and checksums of every file."
        )
    )
    return [part for part in (facts.description.strip(), say(" ").join(counted)) if part]


def _price(facts: Facts, say: Say) -> str:
    return f"{facts.price} {facts.currency}" if Decimal(facts.price) else say("free")


def _files(number: int, say: Say) -> str:
    return say("1 file") if number == 1 else say("{n} files", n=f"{number:,}")


def _counts(counts: Iterable[Count], say: Say) -> str:
    return say(", ").join(f"{one.name} {one.items:,}" for one in counts)


def _linked(one: Count) -> str:
    if not one.url.startswith(("https://", "http://")):
        return _plain(one.name)
    address = quote(one.url, safe=":/?#@!$&'*+,;=%~")
    return f"[{_plain(one.name)}](<{address}>)"


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(left: str, right: str, rows: list[tuple[str, str]]) -> str:
    lines = [f"| {left} | {right} |", "|---|---|"]
    return "\n".join(lines + [f"| {_plain(name)} | {_plain(value)} |" for name, value in rows])


def _size(amount: int) -> str:
    """Decimal units, as in the bundle's own pages."""
    for unit, name in _UNITS:
        if amount >= unit:
            return f"{amount / unit:.1f} {name}"
    return f"{amount} B"


def _plain(text: str) -> str:
    """Text that Markdown shows as it is: titles are other people's."""
    line = " ".join(text.split())
    seen = (char for char in line if char.isprintable() or char == _JOINER)
    escaped = "".join(f"\\{char}" if char in "\\`*_[]<>#|~&" else char for char in seen)
    return _MARKER.sub(r"\1\\\2", escaped)

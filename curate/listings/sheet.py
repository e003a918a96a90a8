"""The plain listing: one sheet to copy from, for people (Markdown) and for programs (JSON)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

from curate.listings import Count, Facts, Shown
from curate.listings.phrases import amount, files, language_name, markdown, places
from curate.messages import Say, speaker


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
    size = say("{size}, download {archive}", size=amount(facts.size), archive=amount(facts.archive))
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
        f"# {markdown(facts.title)}",
        *map(markdown, _description(facts, say)),
        _table(say("Fact"), say("Value"), [row for row in rows if row[1]]),
    ]
    if facts.categories:
        counted = [(one.name, f"{one.items:,}") for one in places(facts, say)]
        parts += [f"## {say('Contents')}", _table(say("Category"), say("Files"), counted)]
    if facts.highlights:
        parts += [f"## {say('Some of what is inside')}", _list(map(markdown, facts.highlights))]
    if facts.licenses:
        terms = (
            say("{name}: {files}", name=_linked(one), files=files(one.items, say))
            for one in facts.licenses
        )
        parts += [f"## {say('Licences')}", _list(terms)]
    if facts.tags:
        parts += [f"## {say('Tags')}", say(", ").join(map(markdown, facts.tags))]
    return "\n\n".join(parts) + "\n"


def _description(facts: Facts, say: Say) -> list[str]:
    """Paragraphs: the seller's words, then what is counted."""
    told, size, many = files(facts.items, say), amount(facts.size), len(facts.categories)
    if many:
        categories = say("1 category") if many == 1 else say("{n} categories", n=many)
        counted = [
            say(
                "{files} in {categories}, {size} in all.",
                files=told,
                categories=categories,
                size=size,
            )
        ]
    else:
        counted = [say("{files}, {size} in all.", files=told, size=size)]
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


def _counts(counts: Iterable[Count], say: Say) -> str:
    return say(", ").join(f"{one.name} {one.items:,}" for one in counts)


def _linked(one: Count) -> str:
    if not one.url.startswith(("https://", "http://")):
        return markdown(one.name)
    address = quote(one.url, safe=":/?#@!$&'*+,;=%~")
    return f"[{markdown(one.name)}](<{address}>)"


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(left: str, right: str, rows: list[tuple[str, str]]) -> str:
    lines = [f"| {left} | {right} |", "|---|---|"]
    return "\n".join(lines + [f"| {markdown(name)} | {markdown(value)} |" for name, value in rows])

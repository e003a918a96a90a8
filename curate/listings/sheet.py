"""The plain listing: one sheet to copy from, for people (Markdown) and for programs (JSON)."""

from __future__ import annotations

import json
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path

from curate.listings import Count, Facts
from curate.messages import Say, speaker

_UNITS = ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "KB"))


class SheetListing:
    """``sheet.md`` and ``sheet.json``. Every number comes from ``Facts``."""

    def write(self, facts: Facts, folder: Path) -> list[Path]:
        say = speaker(facts.language)
        page, data = folder / "sheet.md", folder / "sheet.json"
        page.write_text(_markdown(facts, say), encoding="utf-8")
        told = {"version": 1, "description": _description(facts, say), "facts": asdict(facts)}
        data.write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        return [page, data]


def _markdown(facts: Facts, say: Say) -> str:
    rows = [
        (say("Version"), facts.version),
        (say("Price"), _price(facts, say)),
        (say("Files"), f"{facts.items:,}"),
        (
            say("Size"),
            say("{size}, download {archive}", size=_size(facts.size), archive=_size(facts.archive)),
        ),
        (say("Formats"), _counts(facts.formats, say)),
        (say("Languages"), _counts(facts.languages, say)),
    ]
    parts = [
        f"# {_plain(facts.title)}",
        _description(facts, say),
        _table(say("Fact"), say("Value"), rows),
        f"## {say('Contents')}",
        _table(
            say("Category"),
            say("Files"),
            [(one.name, f"{one.items:,}") for one in facts.categories],
        ),
    ]
    if facts.highlights:
        parts += [
            f"## {say('Some of what is inside')}",
            "\n".join(f"- {_plain(one)}" for one in facts.highlights),
        ]
    parts += [
        f"## {say('Licences')}",
        "\n".join(f"- {_linked(one)}: {say('{n} files', n=one.items)}" for one in facts.licenses),
        f"## {say('Tags')}",
        say(", ").join(map(_plain, facts.tags)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _description(facts: Facts, say: Say) -> str:
    """The seller's words, then what is counted."""
    counted = [
        say(
            "{items} files in {n} categories, {size} in all.",
            items=facts.items,
            n=len(facts.categories),
            size=_size(facts.size),
        )
    ]
    if facts.pages:
        counted.append(say("Documents of {n} pages together.", n=facts.pages))
    if facts.seconds >= 60:
        counted.append(say("Sound and film of {n} minutes together.", n=facts.seconds // 60))
    counted.append(
        say(
            "With a table of contents that can be searched offline, a tutorial, and checksums of every file."
        )
    )
    return "\n\n".join(part for part in (_plain(facts.description), say(" ").join(counted)) if part)


def _price(facts: Facts, say: Say) -> str:
    return f"{facts.price} {facts.currency}" if Decimal(facts.price) else say("free")


def _counts(counts: tuple[Count, ...], say: Say) -> str:
    return say(", ").join(f"{one.name} {one.items:,}" for one in counts)


def _linked(one: Count) -> str:
    return f"[{_plain(one.name)}]({one.url})" if one.url else _plain(one.name)


def _table(left: str, right: str, rows: list[tuple[str, str]]) -> str:
    lines = [f"| {left} | {right} |", "|---|---|"]
    return "\n".join(lines + [f"| {_plain(name)} | {_plain(value)} |" for name, value in rows])


def _size(amount: int) -> str:
    for unit, name in _UNITS:
        if amount >= unit:
            return f"{amount / unit:.1f} {name}"
    return f"{amount} B"


def _plain(text: str) -> str:
    """Text that Markdown takes as it is: titles are other people's."""
    escaped = "".join(f"\\{char}" if char in "\\`*_[]<>#|" else char for char in text)
    return " ".join(escaped.split())

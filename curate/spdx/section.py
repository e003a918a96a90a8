"""What a README says under its heading "License": where many works state their terms and nowhere else."""

from __future__ import annotations

import re

MAX = 400_000  # characters of a README that are read

_TITLE = re.compile(
    r"licen[cs](?:e|es|ing)\b|\bcopyrights?\b|\bcopying\b|\blegal\b|terms of use|unlicense"
    r"|许可|許可|版权|版權|授权|授權|著作权|著作權",
    re.I,
)
_LONGEST = 80  # characters of a heading; a longer line is a sentence
_ATX = re.compile(r" {0,3}(#{1,6})[ \t]*(\S.{0,200})$")
_HTML = re.compile(r"\s{0,20}<h([1-6])\b[^<>]{0,200}>(.{1,200}?)</h\1>", re.I)
_BOLD = re.compile(r"\s{0,3}(\*\*|__)([^*_]{1,80})\1\s*:?\s*$")
_RULE = re.compile(r" {0,3}([=\-~^*+\"'`#])\1{2,200}[ \t]*$")
_FENCE = re.compile(r" {0,3}(```|~~~)")
_LEVELS = {"=": 1, "-": 2}


def licence_section(text: str) -> str:
    """The text under every heading of a README that speaks of licence, copyright, 许可, 版权 or 授权.

    A heading is one of Markdown, reStructuredText or HTML, or a bold line; its section ends with the next
    heading as high as it. "" where there is none. Several sections are parted by an empty line.
    """
    lines = text[:MAX].splitlines()
    parts: list[str] = []
    level = 0  # of the open section, 0 = none is
    body: list[str] = []
    for place, found in _headings(lines):
        if found and level and found[0] <= level:
            parts.append("\n".join(body))
            body, level = [], 0
        if found and not level and _TITLE.search(found[1]):
            level = found[0]
        elif level:
            body.append(lines[place])
    parts.append("\n".join(body))
    return "\n\n".join(part.strip() for part in parts if part.strip())


def _headings(lines: list[str]) -> list[tuple[int, tuple[int, str] | None]]:
    """(number of the line, its level and title where it is a heading); lines under a title are skipped."""
    said: list[tuple[int, tuple[int, str] | None]] = []
    fenced = ""
    skip = False
    for place, line in enumerate(lines):
        if skip:  # before fences: a title of reStructuredText may be underlined with ~~~
            skip = False
            continue
        fence = _FENCE.match(line)
        if fence and fenced in ("", fence[1]):
            fenced = "" if fenced else fence[1]
        under = lines[place + 1] if place + 1 < len(lines) else ""
        found = None if fenced or fence else _heading(line, under)
        skip = bool(found and _RULE.match(under) and not _ATX.match(line))
        said.append((place, found))
    return said


def _heading(line: str, under: str) -> tuple[int, str] | None:
    if mark := _ATX.match(line):
        return len(mark[1]), mark[2][:_LONGEST]
    if mark := _HTML.match(line):
        return int(mark[1]), re.sub(r"<[^<>]{0,200}>", "", mark[2])
    rule = _RULE.match(under)
    if rule and 0 < len(line.strip()) <= _LONGEST and line[0].strip() and not _RULE.match(line):
        return _LEVELS.get(rule[1], 3), line
    if mark := _BOLD.match(line):
        return 7, mark[2]
    return None

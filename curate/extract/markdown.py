"""Markdown: its own text, with the title, author and licence its front matter states."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from curate.extract import claims, notices, spdx_tags
from curate.extract.clean import clean, date, keywords, language, line, people
from curate.extract.formats import Format
from curate.extract.plain import load
from curate.model import Extracted, Statement

_FRONT = re.compile(r"\s*(---|\+\+\+)[ \t]*\n(.{0,20000}?)\n\1[ \t]*(?:\n|$)", re.S)
_PAIR = re.compile(r"""([A-Za-z][\w.-]*)[ \t]*:[ \t]*(.*)""")
_LICENCES = ("license", "licence", "license_url", "rights_url")
_NOTICES = ("rights", "copyright")
_REL = re.compile(r"<[^>]{0,500}\brel=[\"']?[^>\"']{0,100}license", re.I)
_BELOW = ("", "|", ">", "|-", ">-", "|+", ">+")  # the value stands on the lines below
_HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t#]*$|^([^\n#>`|*\s-][^\n]{0,200})\n=+[ \t]*$", re.M)
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.M | re.S)


def read(path: Path, name: str, form: Format) -> Extracted:
    raw, more = load(path)
    text, truncated = clean(raw)
    front, body = _front_matter(text)
    declared = (
        *spdx_tags.statements(text, name),
        *_declared(front, name),
        *_marked_up(body, name),
    )
    said_title = line(front.get("title", ""), 200)
    return Extracted(
        form.id,
        form.kind,
        form.mime,
        title=said_title or heading(body),
        creators=people(_list(front.get("author") or front.get("authors"))),
        description=line(front.get("description") or front.get("summary") or ""),
        created=date(front.get("date")),
        language=language(front.get("lang") or front.get("language")),
        keywords=keywords(*_list(front.get("keywords")), *_list(front.get("tags"))),
        text=body,
        truncated=truncated or more,
        properties={"lines": body.count("\n") + 1 if body else 0},
        statements=(*declared, *notices.statements(body, name)),
    )


def _declared(front: dict[str, str | list[str]], where: str) -> Iterator[Statement]:
    """The licence and the notices that the front matter states. A key without a value, as templates
    have it, is a licence left open."""
    credit = front.get("attribution") or front.get("credit") or ""
    credit = ", ".join(credit) if isinstance(credit, list) else credit
    for one in claims.fields(
        (said for key in _LICENCES if key in front for said in _list(front[key])),
        (said for key in _NOTICES for said in _list(front.get(key))),
        "declared",
        where,
    ):
        yield replace(one, attribution=line(credit))


def _marked_up(body: str, where: str) -> tuple[Statement, ...]:
    """``rel=license`` of HTML inside Markdown, as the chooser of Creative Commons gives it to copy."""
    if not _REL.search(body):
        return ()
    from curate.extract.web import Page

    shown = _FENCE.sub("", body[:200_000])
    return tuple(
        one for one in Page(shown, where).statements() if one.channel in ("html-rel", "rdfa")
    )


def heading(text: str) -> str:
    """The first heading, without its markup."""
    found = _HEADING.search(_FENCE.sub("", text[:20_000]))
    if found is None:
        return ""
    bare = re.sub(r"!\[[^\]]*\]\([^)]*\)|<[^>]*>", "", found[1] or found[2])
    bare = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", bare)
    return line(re.sub(r"[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}", "", bare), 200)


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else [value]


def _front_matter(text: str) -> tuple[dict[str, str | list[str]], str]:
    """The plain pairs and lists of the YAML or TOML at the top, and the text below it."""
    match = _FRONT.match(text)
    if match is None:
        return {}, text
    found: dict[str, str | list[str]] = {}
    if match[1] == "+++":
        try:
            table = tomllib.loads(match[2])
        except tomllib.TOMLDecodeError:
            return {}, text
        for key, value in table.items():
            found[key.lower()] = (
                [str(one) for one in value] if isinstance(value, list) else str(value)
            )
        return found, text[match.end() :].strip()
    key = ""
    for row in match[2].split("\n"):
        if pair := _PAIR.fullmatch(row.rstrip()):
            key = pair[1].lower()
            value = pair[2].strip()
            if value.startswith("[") and value.endswith("]"):
                found[key] = [_bare(one) for one in value[1:-1].split(",")]
            else:
                found[key] = _bare(value)
        elif key and (item := re.fullmatch(r"\s*-\s+(.+)", row)):
            before = found.get(key, "")
            found[key] = [*(before if isinstance(before, list) else []), _bare(item[1])]
        elif key and row[:1] in (" ", "\t") and found.get(key) in _BELOW:
            pair = _PAIR.fullmatch(row.strip())
            found[key] = _bare(pair[2] if pair else row)
    return found, text[match.end() :].strip()


def _bare(value: str) -> str:
    return value.strip().strip("\"'").strip()

"""Text inside a notation: JSON, XML, notebooks, rich text, letters."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from curate.errors import CurateError
from curate.extract import claims, notices, spdx_tags
from curate.extract.clean import clean, date, keywords, language, line, people, title
from curate.extract.feeds import Feed
from curate.extract.formats import MAX_TEXT, Format
from curate.extract.plain import load
from curate.model import Extracted, Statement

MOST_PARTS = 300
"""Multipart bodies of one letter; the parser takes quadratic time in them."""


class Parts(NamedTuple):
    text: str
    fields: dict[str, list[str]]  # by the names of Dublin Core
    more: bool  # there is more text
    statements: tuple[Statement, ...] = ()  # beside what the fields state


def read(path: Path, name: str, form: Format) -> Extracted:
    readers = {"json": _json, "xml": _xml, "ipynb": _notebook, "rtf": _rich, "eml": _letter}
    raw, fields, more, stated = readers[form.id](path, name)
    text, truncated = clean(raw)
    channel = "declared" if form.id == "json" else "dc"
    licences, notes = fields.get("license", []), fields.get("rights", [])
    declared = tuple(claims.fields(licences, notes, channel, name))[:20]
    tags = spdx_tags.statements(path, name) if form.id in ("json", "xml") else ()
    return Extracted(
        form.id,
        form.kind,
        form.mime,
        title=next((found for one in fields.get("title", []) if (found := title(one))), ""),
        creators=people(fields.get("creator", [])),
        description=line(next(iter(fields.get("description", [])), "")),
        created=date(next(iter(fields.get("date", [])), "")),
        language=language(next(iter(fields.get("language", [])), "")),
        keywords=keywords(*fields.get("subject", [])),
        text=text,
        truncated=truncated or more,
        statements=(*tags, *declared, *stated, *notices.statements(text, name)),
    )


_JSON_NAMES = {"title": "title", "name": "title", "author": "creator", "creator": "creator",
               "description": "description", "license": "license", "licence": "license",
               "rights": "rights", "copyright": "rights", "keywords": "subject", "tags": "subject",
               "language": "language"}  # fmt: skip


def _json(path: Path, name: str) -> Parts:
    raw, more = load(path)
    fields: dict[str, list[str]] = {}
    if more:
        return Parts(raw, fields, True)
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return Parts(raw, fields, False)  # lines of JSON, or broken: still text
    if isinstance(value, dict):
        for key, one in value.items():
            if known := _JSON_NAMES.get(key.lower()):
                fields.setdefault(known, []).extend(_strings(one))
    if "\\u" in raw:  # letters written as numbers are found by nobody
        raw = json.dumps(value, ensure_ascii=False, indent=1)
    return Parts(raw, fields, False)


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [
            found for one in value[:100] for found in _strings(one) if not isinstance(one, list)
        ]
    if isinstance(value, dict):
        return [one for key in ("name", "url") if isinstance(one := value.get(key), str)][:1]
    return []


def _notebook(path: Path, name: str) -> Parts:
    raw, more = load(path)
    try:
        book = json.loads(raw)
        cells = book.get("cells") or [
            cell for sheet in book.get("worksheets", []) for cell in sheet.get("cells", [])
        ]
        parts = [_source(cell) for cell in cells]
        prose = "\n\n".join(_source(one) for one in cells if one.get("cell_type") == "markdown")
    except (ValueError, RecursionError, AttributeError, TypeError):
        return Parts(raw, {}, more)
    from curate.extract.markdown import heading

    return Parts("\n\n".join(parts), {"title": [heading(prose)]}, more)


def _source(cell: dict[str, object]) -> str:
    source = cell.get("source", cell.get("input", ""))
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


_FIELDS = frozenset(
    ["title", "creator", "rights", "license", "description", "subject", "language", "date"]
)
_KEPT = _FIELDS | {"Bag", "Seq", "Alt", "li", "Agent", "name", "value", "Description"}
"""Elements that stay until what they are in has ended."""

_RESOURCE = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}resource"
_OWN = ("http://purl.org/dc", "http://creativecommons.org/ns", "http://web.resource.org/cc/")


def _xml(path: Path, name: str) -> Parts:
    from lxml import etree

    from curate.extract.package import events, local

    parts: list[str] = []
    fields: dict[str, list[str]] = {}
    feed = Feed()
    size = 0
    try:
        with path.open("rb") as stream:
            for event, element in events(stream, ("start", "end")):
                if event == "start":
                    feed.begin(element)
                    continue
                feed.end(element)
                _field(element, fields)
                if not len(element) or element.text:
                    parts.append(element.text or "")
                parts.append(element.tail or "")
                size += len(parts[-1]) + len(element.text or "")
                if size > 2 * MAX_TEXT:
                    break
                if local(element) not in _KEPT and not feed.holds():
                    element.clear()
    except etree.XMLSyntaxError as fault:
        if not parts:
            raw, more = load(path, declared=True)
            if "<!ENTITY" in raw[:5000]:
                raise CurateError(
                    f"{name} is not safe to read: it defines entities ({fault})"[:300],
                    "leave it out, or save it without a DTD",
                ) from fault
            return Parts(raw, {}, more)
    if feed.is_feed:  # it has heard the same, and knows what it is about
        fields = {key: one for key, one in fields.items() if key not in ("rights", "license")}
    text = "\n".join(filter(None, (" ".join(part.split()) for part in parts)))
    return Parts(text, fields, size > 2 * MAX_TEXT, tuple(feed.claims(name)))


def _field(element: Any, fields: dict[str, list[str]]) -> None:
    from curate.extract.package import local

    tag = local(element)
    dublin = isinstance(element.tag, str) and element.tag[1:].startswith(_OWN)
    if tag in _FIELDS and (dublin or (tag == "title" and "title" not in fields)):
        said = " ".join("".join(element.itertext()).split()) or element.get(_RESOURCE, "")
        if said or (tag == "license" and not len(element)):
            fields.setdefault(tag, []).append(said)


_RTF = re.compile(
    r"\\([a-z]{1,32})(-?\d{1,10})?[ ]?|\\'([0-9a-f]{2})|\\([^a-z])|([{}])|[\r\n]+|([^\\{}\r\n]+)",
    re.I,
)
_HIDDEN = frozenset(
    [
        "fonttbl",
        "colortbl",
        "stylesheet",
        "info",
        "pict",
        "object",
        "themedata",
        "datastore",
        "latentstyles",
        "listtable",
        "generator",
        "listoverridetable",
        "rsidtbl",
        "xmlnstbl",
        "filetbl",
        "revtbl",
        "fldinst",
        "header",
        "footer",
        "headerl",
        "headerr",
    ]
)
_SIGNS = {"par": "\n", "line": "\n", "sect": "\n\n", "page": "\n\n", "tab": "\t", "cell": "\t",
          "row": "\n", "emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’",
          "ldblquote": "“", "rdblquote": "”", "bullet": "•"}  # fmt: skip
_CODEPAGES = {"936": "gb18030", "950": "big5hkscs", "932": "cp932", "949": "cp949"}


def _rich(path: Path, name: str) -> Parts:
    with path.open("rb") as file:
        raw = file.read(8 * MAX_TEXT).decode("latin-1")
    page = re.search(r"\\ansicpg(\d+)", raw[:1000])
    codec = _CODEPAGES.get(page[1], f"cp{page[1]}") if page else "cp1252"
    fields = {
        key: [_words(found[1], codec)]
        for key, tag in (("title", "title"), ("creator", "author"), ("subject", "keywords"))
        if (found := re.search(rf"\{{\\{tag} ([^{{}}]{{1,300}})\}}", raw[:20_000]))
    }
    return Parts(_words(raw, codec), fields, len(raw) == 8 * MAX_TEXT)


def _words(rtf: str, codec: str) -> str:
    return "".join(_rich_text(rtf, codec))


def _rich_text(rtf: str, codec: str) -> Iterator[str]:
    """RTF 1.9: groups, control words, ``\\'hh`` bytes of the code page, ``\\uN`` and its fallback."""
    stack: list[tuple[int, bool]] = []
    fallback, hidden, skip = 1, False, 0
    pending = bytearray()
    for match in _RTF.finditer(rtf):
        word, number, byte, sign, brace, plain = match.groups()
        if byte:
            if skip:
                skip -= 1
            elif not hidden:
                pending.append(int(byte, 16))
            continue
        if pending:
            try:
                yield pending.decode(codec, "replace")
            except LookupError:
                yield pending.decode("cp1252", "replace")
            pending.clear()
        if brace == "{":
            stack.append((fallback, hidden))
        elif brace == "}":
            fallback, hidden = stack.pop() if stack else (1, False)
            skip = 0
        elif word:
            if word in _HIDDEN:
                hidden = True
            elif word == "uc":
                fallback = int(number or 1)
            elif word == "u" and number and not hidden:
                yield chr(int(number) & 0xFFFF)
                skip = fallback
            elif word in _SIGNS and not hidden:
                yield _SIGNS[word]
        elif sign:
            if sign == "*":
                hidden = True
            elif sign in "\\{}~" and not hidden:
                yield " " if sign == "~" else sign
        elif plain and not hidden:
            yield plain[skip:]
            skip = max(0, skip - len(plain))


def _letter(path: Path, name: str) -> Parts:
    import email
    import email.policy

    with path.open("rb") as file:
        data = file.read(32 * 2**20)
    if len(re.findall(rb"content-type:\s*multipart/", data, re.I)) > MOST_PARTS:
        raise CurateError(
            f"{name} nests more than {MOST_PARTS} letters in each other", "leave it out"
        )
    letter = email.message_from_bytes(data, policy=email.policy.default)
    try:
        body = letter.get_body(("plain", "html"))
        text = str(body.get_content()) if body is not None else ""
        if body is not None and body.get_content_subtype() == "html":
            from curate.extract.web import bare, check_depth

            check_depth(text, name)
            text = bare(text)
    except (LookupError, ValueError, AttributeError):
        text = ""
    sender = re.sub(r"\s*<[^>]*>", "", str(letter.get("from", "")))
    when = getattr(letter.get("date"), "datetime", None)
    return Parts(
        text,
        {
            "title": [str(letter.get("subject", ""))],
            "creator": [sender],
            "date": [when.isoformat() if when else ""],
        },
        False,
    )

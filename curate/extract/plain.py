"""Text that is its own bytes: prose, tables of values, source code."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from curate.extract import notices, settings, spdx_tags
from curate.extract.clean import clean, language, line, people
from curate.extract.decode import decode
from curate.extract.formats import MAX_TEXT, Format
from curate.model import Extracted

MOST_BYTES = 4 * MAX_TEXT
"""No character takes more than four bytes, so what lies beyond cannot be kept."""


def load(path: Path, declared: bool = False) -> tuple[str, bool]:
    """The text of a file, and whether there is more than was read."""
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    more = len(data) > MOST_BYTES
    if more:  # not inside a character
        data = data[: data.rfind(b"\n", 0, MOST_BYTES) + 1 or MOST_BYTES]
    return decode(data, declared), more


def read(path: Path, name: str, form: Format) -> Extracted:
    raw, more = load(path)
    text, truncated = clean(raw)
    title = ""
    creators: tuple[str, ...] = ()
    spoken = ""
    properties: dict[str, int | float | str] = {"lines": text.count("\n") + 1 if text else 0}
    if form.id in ("csv", "tsv"):
        properties = _table(text, form.id)
    elif form.id == "tex":
        title, creators = _tex(text)
    elif form.id == "txt" and "gutenberg" in text[:3000].lower():
        title, creators, spoken = _gutenberg(text)
    return Extracted(
        form.id,
        form.kind,
        form.mime,
        title=title,
        creators=creators,
        language=spoken,
        text=text,
        truncated=truncated or more,
        properties=properties,
        statements=(
            *spdx_tags.statements(raw, name),
            *(settings.statements(text, name) if form.id == "yaml" else ()),
            *notices.statements(text, name),
        ),
    )


def _table(text: str, form: str) -> dict[str, int | float | str]:
    """Rows and columns as the separator of the first line makes them; the header counts as a row."""
    first = text.partition("\n")[0]
    mark = "\t" if form == "tsv" else max(",;\t|", key=first.count)
    rows = columns = 0
    try:
        for row in csv.reader(text.split("\n"), delimiter=mark):
            if row:
                rows += 1
                columns = max(columns, len(row))
    except csv.Error:  # a quote that never ends
        rows, columns = text.count("\n") + 1, first.count(mark) + 1
    return {"rows": rows, "columns": columns}


_TITLE = re.compile(
    r"\\title\s*(?:\[[^\]]*\])?\s*\{([^{}]{1,300}(?:\{[^{}]{0,100}\}[^{}]{0,200}){0,5})\}"
)
_AUTHOR = re.compile(r"\\author\s*(?:\[[^\]]*\])?\s*\{([^{}\\]{1,100})\}")


def _tex(text: str) -> tuple[str, tuple[str, ...]]:
    head = text[:20_000]
    found = _TITLE.search(head)
    title = re.sub(r"\\\\|\\[A-Za-z]+\*?|[{}~]", " ", found[1]) if found else ""
    return line(title, 200), people(_AUTHOR.findall(head))


def _gutenberg(text: str) -> tuple[str, tuple[str, ...], str]:
    fields = dict(re.findall(r"^(Title|Author|Language): (.{1,200})$", text[:3000], re.M))
    names = {"english": "en", "chinese": "zh", "french": "fr", "german": "de", "spanish": "es"}
    spoken = fields.get("Language", "").lower()
    return (
        line(fields.get("Title", "")),
        people([fields.get("Author", "")]),
        names.get(spoken, language(spoken)),
    )

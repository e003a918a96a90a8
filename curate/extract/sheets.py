"""Spreadsheets of all makes, by calamine: cells as lines of text, one sheet after the other."""

from __future__ import annotations

import datetime
import io
from pathlib import Path
from typing import Any

from curate.errors import CurateError
from curate.extract import embedded, notices, odf, word
from curate.extract.clean import clean
from curate.extract.formats import MAX_TEXT, Format
from curate.extract.package import opened, protected
from curate.model import Extracted, Statement


def read(path: Path, name: str, form: Format) -> Extracted:
    import python_calamine as calamine

    facts = None
    own: tuple[Statement, ...] = ()
    if form.id != "xls":
        with opened(path, name) as package:
            package.check()
            facts = (odf if form.id == "ods" else word).properties(package)
            own = tuple(embedded.rights(package))
    try:
        # From memory: calamine would judge a path by its suffix, and ours has none.
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(path.read_bytes()))
    except calamine.PasswordError as fault:
        raise protected(name) from fault
    except (calamine.CalamineError, OSError) as fault:
        if "password" in str(fault).lower() or "encrypt" in str(fault).lower():
            raise protected(name) from fault
        raise CurateError(
            f"{name} is damaged: {fault}", "copy it again from where it came, or leave it out"
        ) from fault
    parts, rows, unread, more = _cells(book)
    text, truncated = clean("\n".join(parts))
    return Extracted(
        form.id,
        form.kind,
        form.mime,
        title=facts.title if facts else "",
        creators=facts.creators if facts else (),
        description=facts.description if facts else "",
        created=facts.created if facts else "",
        language=facts.language if facts else "",
        keywords=facts.keywords if facts else (),
        text=text,
        truncated=truncated or more,
        properties={"sheets": len(book.sheet_names), "rows": rows},
        statements=(
            *(facts.statements if facts else ()),
            *notices.statements(text, name),
            *own,
        ),
        thumbnail=facts.thumbnail if facts else b"",
        problem=f"sheets that could not be read: {', '.join(unread)}" if unread else "",
    )


def _cells(book: Any) -> tuple[list[str], int, list[str], bool]:
    """Lines of text, rows with content, sheets that failed, and whether there was more."""
    import python_calamine as calamine

    parts: list[str] = []
    unread: list[str] = []
    size = rows = 0
    for sheet, meta in zip(book.sheet_names, book.sheets_metadata, strict=True):
        if meta.typ != calamine.SheetTypeEnum.WorkSheet:
            continue  # a chart or a macro sheet has no cells
        try:
            found = book.get_sheet_by_name(sheet)
        except (calamine.CalamineError, OSError):
            unread.append(sheet)
            continue
        parts.append(sheet)
        for row in found.iter_rows():
            cells = [_cell(value) for value in row]
            if not any(cells):
                continue
            rows += 1
            if size <= MAX_TEXT:
                parts.append("\t".join(cells).rstrip())
                size += len(parts[-1]) + 1
        parts.append("")
    return parts, rows, unread, size > MAX_TEXT


def _cell(value: object) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    return " ".join(str(value).split())

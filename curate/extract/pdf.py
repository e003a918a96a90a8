"""PDF by PDFium: text, document information, XMP, the first page as a picture.

PDFium is not safe in threads; extraction runs in processes of its own.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

from curate.errors import CurateError
from curate.extract import notices
from curate.extract.clean import clean, date, keywords, line, people, title
from curate.extract.formats import MAX_TEXT, Format
from curate.extract.images import QUALITY, SIDE
from curate.extract.package import protected
from curate.extract.pdf_claims import claims
from curate.model import Extracted

MOST_PAGES = 20_000
SPARSE = 20
"""Characters a page below which a document counts as scanned."""


def read(path: Path, name: str, form: Format) -> Extracted:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as fault:
        if "password" in str(fault).lower():
            raise protected(name) from fault
        raise CurateError(
            f"{name} is damaged: {fault}", "copy it again from where it came, or leave it out"
        ) from fault
    try:
        return _describe(document, path, name, form)
    finally:
        document.close()


def _describe(document: Any, path: Path, name: str, form: Format) -> Extracted:
    pages = len(document)
    raw, more, unread = _text(document, pages)
    text, truncated = clean(raw)
    meta = _metadata(document)
    statements = (*claims(document, path, name), *notices.statements(text, name))
    problem = f"{unread} of {pages} pages could not be read" if unread else ""
    if pages and not unread and len(text) < SPARSE * pages:
        problem = "it holds pictures of pages, not text" if len(text) < 5 * pages else ""
    return Extracted(
        form.id,
        form.kind,
        form.mime,
        title=title(meta.get("Title", "")),
        creators=people([meta.get("Author", "")], r"[;；]|\band\b|\\and"),
        description=line(meta.get("Subject", "")),
        created=date(meta.get("CreationDate", "")),
        keywords=keywords(meta.get("Keywords", "")),
        text=text,
        truncated=truncated or more,
        properties={"pages": pages},
        statements=statements,
        thumbnail=_picture(document) if pages else b"",
        problem=problem,
    )


def _text(document: Any, pages: int) -> tuple[str, bool, int]:
    """The text of the pages until there is enough; whether there was more; how many failed."""
    import pypdfium2

    parts: list[str] = []
    size = unread = 0
    for number in range(min(pages, MOST_PAGES)):
        if size > MAX_TEXT:
            return "\n\n".join(parts), True, unread
        try:
            page = document[number]
        except pypdfium2.PdfiumError:
            unread += 1
            continue
        try:
            sheet = page.get_textpage()
            part = sheet.get_text_range() if sheet.count_chars() else ""
            sheet.close()
        except pypdfium2.PdfiumError:
            unread += 1
            part = ""
        finally:
            page.close()
        # PDFium marks a hyphen at the end of a line by U+FFFE: the word goes on.
        part = re.sub("[\ufffe\u0002]\r?\n?", "", part)
        parts.append(part)
        size += len(part)
    return "\n\n".join(parts), pages > MOST_PAGES, unread


def _metadata(document: Any) -> dict[str, str]:
    try:
        return dict(document.get_metadata_dict(skip_empty=True))
    except (UnicodeDecodeError, ValueError):
        return {}


def _picture(document: Any) -> bytes:
    """Page 1 as a JPEG; empty where it cannot be drawn."""
    import pypdfium2

    try:
        page = document[0]
        try:
            longer = max(page.get_size())
            if longer <= 0:
                return b""
            bitmap = page.render(scale=min(SIDE / longer, 4.0), may_draw_forms=False)
            picture = bitmap.to_pil().convert("RGB")
            picture.thumbnail((SIDE, SIDE))
            bitmap.close()
        finally:
            page.close()
    except (pypdfium2.PdfiumError, ValueError, OSError):
        return b""
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()

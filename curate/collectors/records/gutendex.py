"""Gutendex: one book of Project Gutenberg. Its files may bring Project Gutenberg's own terms besides."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from curate.collectors.records import licenses
from curate.collectors.records.fields import DESCRIPTION, line, lines, plain, table, within
from curate.model import Said, Statement

CHANNEL = "api:gutendex"


def said(record: Mapping[str, Any]) -> Said:
    book = table(record)
    number = line(book.get("id"))
    where = (
        f"https://www.gutenberg.org/ebooks/{number}" if re.fullmatch("[0-9]{1,9}", number) else ""
    )
    subjects, shelves = lines(book.get("subjects")), lines(book.get("bookshelves"))
    return Said(
        title=line(book.get("title")),
        creators=within(book.get("authors"), "name"),
        description=plain(book.get("summaries"), DESCRIPTION),
        tags=tuple(dict.fromkeys((*subjects, *shelves))),
        url=where,
        statements=_statements(book.get("copyright"), where),
    )


def _statements(copyright: object, where: str) -> tuple[Statement, ...]:
    """Only ``false`` says that it is free, and only in the USA; ``null`` says that nobody knows."""
    if copyright is True:
        return (Statement("copyright: true", CHANNEL, where),)
    if copyright is not False:
        return ()
    return (
        Statement(
            "copyright: false",
            CHANNEL,
            where,
            license=licenses.PUBLIC,
            territory="US",
            grounds="Project Gutenberg found no copyright in the USA",
        ),
    )

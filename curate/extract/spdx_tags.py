"""SPDX tags at the head of a file: ``SPDX-License-Identifier`` and ``SPDX-FileCopyrightText``.

SPDX 2.3, annex E; REUSE 3.3. A tag begins its line but for the signs of a comment: a sentence that speaks of
tags is none.
"""

from __future__ import annotations

import re
from pathlib import Path

from curate.extract.claims import OWNED, claim
from curate.extract.clean import line
from curate.model import Statement

LINES = 20
"""Lines of the head in which tags are looked for."""

_HEAD = 8192  # bytes; no comment has longer lines
_TAG = re.compile(
    r"^[^\w\n`\"']{0,12}(?:rem |dnl )?SPDX-(License-Identifier|FileCopyrightText|SnippetCopyrightText):"
    r"[ \t]*([^\n]{0,2000})",
    re.M | re.I,
)
_END = re.compile(r"\s*(?:\*+/|--+>|[#%]\}|\*\)|-\}|\]\])?\s*$")


def statements(text: str | Path, where: str) -> tuple[Statement, ...]:
    """What the head of a text, or of the file at a path, is tagged with."""
    if isinstance(text, Path):
        with text.open("rb") as file:
            text = file.read(_HEAD).decode("utf-8", "replace")
    head = "\n".join(text[:_HEAD].split("\n", LINES)[:LINES])
    if "SPDX-" not in head:
        return ()
    found = [(tag.lower(), _bare(value)) for tag, value in _TAG.findall(head)]
    holders = [line(value, 200) for tag, value in found if tag.endswith("text") and value]
    holder = "; ".join(dict.fromkeys(holders))
    licences = [value for tag, value in found if tag == "license-identifier"]
    if not licences and holder:
        return (
            claim(
                f"SPDX-FileCopyrightText: {holder}",
                "spdx-tag",
                where,
                holder=holder,
                license=OWNED,
            ),
        )
    return tuple(claim(value, "spdx-tag", where, holder=holder) for value in licences)


def _bare(value: str) -> str:
    """``value`` without the sign that ends its comment; Markdown's is a parenthesis."""
    value = _END.sub("", value)
    return value[:-1] if value.endswith(")") and value.count("(") < value.count(")") else value

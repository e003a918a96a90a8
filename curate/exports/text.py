"""Texts as every importer takes them, and what spreadsheet programs would take for a command."""

from __future__ import annotations

import unicodedata

_BREAKS = dict.fromkeys(map(ord, "\t\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"), " ")
_EDGE = "".join(char for char in map(chr, range(0x3001)) if char.isspace()) + "\ufeff"
_COMMANDS = frozenset("=+-@＝＋－＠")


def line(text: str) -> str:
    """``text`` in one line: breaks and tabs are spaces; controls, lone surrogates and what is no
    character go; and so does the blank at both ends, which importers cut off anyway."""
    joined = text.replace("\r\n", " ").translate(_BREAKS)
    return "".join(char for char in joined if _writable(char)).strip(_EDGE)


def block(text: str) -> str:
    """``text`` in its lines, each cleaned like ``line`` but for its indentation."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    cleaned = (
        "".join(char for char in each.translate(_BREAKS) if _writable(char)).rstrip(_EDGE)
        for each in lines
    )
    return "\n".join(cleaned).strip(_EDGE)


def _writable(char: str) -> bool:
    code = ord(char)
    if code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF:
        return False  # noncharacters (Unicode 23.7): some parsers stop at them
    return unicodedata.category(char) not in ("Cc", "Cs")


def commands(text: str) -> bool:
    """Would Excel or LibreOffice calculate a cell of ``text``? They skip blanks and know the
    full-width forms (owasp.org, CSV injection)."""
    return text.lstrip(_EDGE)[:1] in _COMMANDS

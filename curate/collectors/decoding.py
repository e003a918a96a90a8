"""Bytes of lists that people and programs write → text, in the encoding that they name or show."""

from __future__ import annotations

import codecs

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "iso8859-1": "cp1252", "ascii": "utf-8"}
"""Encodings that are named where more is meant (WHATWG Encoding, 4.2)."""
_TRAPS = frozenset({"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape"})
"""Python counts them among encodings; no file is written in one, and some take quadratic time."""
_SAMPLE = 4096


def decoded(data: bytes, *named: str) -> str:
    """``data`` as text. A mark in the bytes is believed first, then the encodings ``named``, then
    UTF-8, UTF-16 without a mark and GB 18030, where they fit. Never fails."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return data.decode(name, "replace").lstrip("\ufeff")
    # Text of no other encoding holds NULs.
    halves = (data[1:_SAMPLE:2].count(0), data[0:_SAMPLE:2].count(0))
    if max(halves) > min(len(data), _SAMPLE) // 8:
        return data.decode("utf-16-le" if halves[0] >= halves[1] else "utf-16-be", "replace")
    for name in (*map(_codec, named), "utf-8", "gb18030"):
        if name:
            try:
                return data.decode(name)
            except ValueError:
                continue
    return data.decode("cp1252", "replace")


def _codec(name: str) -> str:
    """The codec to read ``name`` with; "" where there is none for text."""
    try:
        found = codecs.lookup(name.strip()[:40])
    except (LookupError, ValueError):
        return ""
    if found.name.replace("-", "_") in _TRAPS or not getattr(found, "_is_text_encoding", True):
        return ""
    return _WIDER.get(found.name, found.name)

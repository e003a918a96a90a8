"""The addresses in style sheets (CSS Syntax Level 3), found without understanding anything else."""

from __future__ import annotations

import re
from collections.abc import Callable

LONGEST = 4 << 20
"""Characters of one sheet that are read; what follows stays as it is."""
# No two alternatives begin alike, nothing is given back, and what an open quote has passed is not
# passed again, so that the time grows with the length alone, whatever is written.
_QUOTED = r"(?:\"(?:[^\"\\\n]|\\.)*+\"|'(?:[^'\\\n]|\\.)*+')"
_OPEN = r"(?:\"(?:[^\"\\\n]|\\.)*+|'(?:[^'\\\n]|\\.)*+)"
_BARE = r"(?:[^\"'()\\\s]|\\.)*+"
_TOKEN = re.compile(
    rf"""/\*.*?(?:\*/|\Z)
    | (?P<sheet>@import\s++(?:url\(\s*+(?P<sheet_url>{_QUOTED}|{_BARE})\s*+\)|(?P<sheet_text>{_QUOTED})))
    | url\(\s*+(?P<url>{_QUOTED}|{_BARE})\s*+\)
    | (?P<font>@font-face\b)
    | (?P<brace>[{{}}])
    | {_QUOTED} | {_OPEN}""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|(\n)|(.))", re.DOTALL)
_WOFF2 = re.compile(r"\.woff2(?:[?#]|$)", re.IGNORECASE)

Put = Callable[[str, str], str]
"""Of an address as it is written, and what it is for ("sheet", "font", "picture"): what to write."""


def rewrite(css: str, put: Put) -> str:
    """``css`` with other addresses. Of a font's formats only one is asked for: WOFF 2 where it is
    offered, else the first; the others keep the address that ``put`` makes for "other"."""
    out: list[str] = []
    at = depth = font = 0  # font: depth of the braces around a @font-face, 0 outside
    pending = chosen = False
    css, rest = css[:LONGEST], css[LONGEST:]
    modern = _fonts(css)
    faces = 0
    for found in _TOKEN.finditer(css):
        out.append(css[at : found.start()])
        at = found.end()
        kept = found[0]
        if found["font"]:
            pending = True
        elif found["brace"] == "{":
            depth += 1
            if pending:
                pending, chosen, font = False, False, depth
        elif found["brace"] == "}":
            if font and depth == font:
                font, faces = 0, faces + 1
            depth = max(0, depth - 1)
        elif found["sheet"]:
            address = _plain(found["sheet_url"] or found["sheet_text"] or "")
            kept = f"@import {_url(put(address, 'sheet'))}"
        elif found["url"] is not None:
            address = _plain(found["url"])
            purpose = "picture"
            if font:
                fits = faces >= len(modern) or not modern[faces] or bool(_WOFF2.search(address))
                purpose = "font" if fits and not chosen else "other"
                chosen = chosen or purpose == "font"
            kept = _url(put(address, purpose))
        out.append(kept)
    return "".join([*out, css[at:], rest])


def _fonts(css: str) -> list[bool]:
    """Of each @font-face, whether it offers WOFF 2."""
    return [bool(re.search(r"\.woff2\b", one[:5000], re.I)) for one in _faces(css)]


def _faces(css: str) -> list[str]:
    bare = re.sub(r"/\*.*?(?:\*/|\Z)", "", css, flags=re.DOTALL)
    return [part.partition("}")[0] for part in re.split(r"@font-face\b", bare, flags=re.I)[1:]]


def _plain(written: str) -> str:
    if written[:1] in ("'", '"'):
        written = written[1:-1]
    return _ESCAPE.sub(_char, written).strip()


def _char(found: re.Match[str]) -> str:
    if found[1]:
        code = int(found[1], 16)
        return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"
    return found[3] or ""


def _url(address: str) -> str:
    safe = address.replace("\\", "%5C").replace('"', "%22").replace("\n", "").replace("<", "%3C")
    return f'url("{safe}")'

"""Words for pages: on one line, escaped for Markdown, sizes and amounts as people read them."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

from curate.messages import Say
from curate.model import Item

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~&!^$])")
_LINE_START = re.compile(r"^(\s*|\s*\d+)(?=[-+=:.)])([-+=:]|(?<=\d)[.)])")


def one_line(text: str) -> str:
    """``text`` as valid UTF-8 on one line, without what hides or turns text (bidi overrides)."""
    plain = " ".join(text.split())
    if plain.isprintable():  # nothing that hides or turns is; so most texts need no second look
        return unicodedata.normalize("NFC", plain)
    text = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode())
    kept = []
    for character in text:
        kind = unicodedata.category(character)
        if kind in ("Cc", "Zl", "Zp"):
            kept.append(" ")
        elif (
            kind not in ("Cf", "Co", "Cs") or character == "\u200d"
        ):  # joins emoji and some letters
            kept.append(character)
    return " ".join("".join(kept).split())


class Markdown(str):
    """Text that is Markdown already."""

    __slots__ = ()


def markdown(value: object) -> str:
    """``value`` so that Markdown shows it as it is; what is Markdown already stays."""
    if isinstance(value, Markdown):
        return value
    return _LINE_START.sub(r"\1\\\2", _MARKDOWN.sub(r"\\\1", one_line(str(value))))


def url(path: str) -> str:
    """A relative path as a link. A colon is escaped too, so no path can be taken for a scheme."""
    return quote(path.encode("utf-8", "replace"), safe="/")


def size(amount: int) -> str:
    """Bytes in decimal units, as file managers and shops show them."""
    value = float(amount)
    units = iter(("B", "KB", "MB", "GB", "TB"))
    unit = next(units)
    while value >= 999.5 and unit != "TB":
        value /= 1000
        unit = next(units)
    return f"{value:.0f} {unit}" if unit == "B" or value >= 99.5 else f"{value:.1f} {unit}"


def duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def extent(item: Item, say: Say) -> str:
    """How much there is of it, in the unit of its kind: pages, seconds, pixels; may be empty."""
    properties = item.properties

    def number(unit: str) -> float:
        value = properties.get(unit, 0)
        return value if isinstance(value, int | float) and 0 < value < 1e12 else 0

    if seconds := number("seconds"):
        return duration(seconds)
    if number("width") and number("height"):
        return f"{number('width'):.0f} × {number('height'):.0f}"
    if pages := number("pages"):
        return say("{n} pages", n=f"{pages:.0f}") if pages != 1 else say("1 page")
    if slides := number("slides"):
        return say("{n} slides", n=f"{slides:.0f}") if slides != 1 else say("1 slide")
    if rows := number("rows"):
        return say("{n} rows", n=f"{rows:.0f}") if rows != 1 else say("1 row")
    if words := number("words"):
        return say("{n} words", n=f"{words:.0f}") if words != 1 else say("1 word")
    return ""


FORMATS = {
    "html": "HTML", "jpeg": "JPEG", "txt": "TXT", "md": "Markdown", "markdown": "Markdown",
    "docx": "Word", "doc": "Word", "xlsx": "Excel", "xls": "Excel", "pptx": "PowerPoint",
    "ppt": "PowerPoint", "epub": "EPUB", "unknown": "?",
}  # fmt: skip


def format_label(format: str) -> str:
    return FORMATS.get(format, format.upper() if len(format) <= 6 else format)

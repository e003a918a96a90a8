"""What every family does to what it found: text, titles, dates, languages made uniform."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from curate.extract.formats import MAX_TEXT

_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff\ud800-\udfff]")
_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_BLANK_LINES = re.compile(r"\n{3,}")


def clean(text: str) -> tuple[str, bool]:
    """``text`` as it is kept, and whether there was more: NFC, no control characters, tidy lines."""
    truncated = len(text) > MAX_TEXT
    text = _BREAKS.sub("\n", text[:MAX_TEXT])
    if _CONTROL.search(text):
        text = _CONTROL.sub("", text)
    if not text.isascii() and not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    text = "\n".join([line.rstrip() for line in text.split("\n")])
    return _BLANK_LINES.sub("\n\n", text).strip()[:MAX_TEXT], truncated


def line(text: object, most: int = 300) -> str:
    """One line of at most ``most`` characters; "" for anything that is no text."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    if not isinstance(text, str):
        return ""
    text = " ".join(_CONTROL.sub("", unicodedata.normalize("NFC", text[: 4 * most])).split())
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


_NO_TITLE = re.compile(
    r"(microsoft (office )?(word|powerpoint|excel) *-.*|powerpoint presentation|slide \d+|document\d*"
    r"|presentation\d*|untitled.*|no title|title|无标题.*|未命名.*|文档\d*|演示文稿\d*|幻灯片 ?\d+"
    r"|powerpoint 演示文稿|.*\.(docx?|pptx?|xlsx?|tex|dvi|indd|qxd|p65|pmd|cdr|ai|eps|ps|html?|tmp)"
    r"|\W*anonymous\W*|[0-9a-f]{8}-?[0-9a-f-]{20,}|[\W\d_]*)",
    re.I,
)


def title(text: object) -> str:
    """A title as metadata states it; "" where the program that wrote it only filled the field."""
    found = line(text, 200)
    return "" if _NO_TITLE.fullmatch(found) else found


_PDF_DATE = re.compile(r"(?:D:)?(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d))?([+\-Z].*)?")
_DATE = re.compile(
    r"(\d{4})[-:/.](\d\d?)[-:/.](\d\d?)(?:[T ](\d\d):(\d\d)(?::(\d\d))?(?:\.\d+)?\s*([+-]\d\d:?\d\d|Z)?)?"
)


def date(text: object) -> str:
    """ISO 8601 from the notations of PDF, EXIF and XML; "" where it is none of them."""
    if not isinstance(text, str):
        return ""
    match = _PDF_DATE.fullmatch(text.strip()) or _DATE.match(text.strip())
    if match is None:
        return text.strip() if re.fullmatch(r"[12]\d{3}(-\d\d)?", text.strip()) else ""
    year, month, day, hour, minute, second, zone = match.groups()
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31 and int(year) > 1400):
        return ""
    found = f"{year}-{int(month):02}-{int(day):02}"
    if hour is None:
        return found
    offset = re.match(r"([+-]\d\d):?'?(\d\d)", (zone or "").replace("'", ""))
    tail = f"{offset[1]}:{offset[2]}" if offset else "Z" if (zone or "").startswith("Z") else ""
    return f"{found}T{hour}:{minute}:{second or '00'}{tail}"


_THREE = {"eng": "en", "zho": "zh", "chi": "zh", "fre": "fr", "fra": "fr", "ger": "de", "deu": "de",
          "spa": "es", "jpn": "ja", "rus": "ru", "ita": "it", "por": "pt", "kor": "ko", "ara": "ar",
          "cmn": "zh"}  # fmt: skip


def language(text: object) -> str:
    """ISO 639-1 of a tag such as ``zh-Hans-CN`` or ``eng``; "" for anything else."""
    if not isinstance(text, str):
        return ""
    first = re.split(r"[-_\s,;]", text.strip().lower(), maxsplit=1)[0]
    first = _THREE.get(first, first)
    return first if re.fullmatch("[a-z]{2}", first) else ""


def several(values: Iterable[object], separators: str = r"[;；]") -> tuple[str, ...]:
    """The distinct values of fields that may each hold some, in their order; at most fifty."""
    found: dict[str, None] = {}
    for value in values:
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        if isinstance(value, str):
            for part in re.split(separators, value[:5000]):
                if one := line(part, 120):
                    found[one] = None
    return tuple(found)[:50]


_NOBODY = re.compile(
    r"\W*|\W*(anonymous|unknown|un-?named|author|admin(istrator)?|user|owner|root|python-docx|openpyxl"
    r"|microsoft office.*|picasa.*|adobe .*|apache poi|windows.*用户|用户|佚名)\W*",
    re.I,
)


def people(values: Iterable[object], separators: str = r"[;；]") -> tuple[str, ...]:
    """Names, without those that programs put where nobody gave one."""
    return tuple(one for one in several(values, separators) if not _NOBODY.fullmatch(one))


def keywords(*values: object) -> tuple[str, ...]:
    return several(values, r"[,;，；、|\n]")

"""Small pieces of sentences: amounts, names of kinds and languages, other people's words made safe."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from curate.listings import Count, Facts
from curate.messages import Say

_JOINERS = (
    "\u200c\u200d"  # of emoji and of some scripts; other marks that nobody sees turn or hide text
)
_MARKER = re.compile(r"^(\d*)([-+=.)])(?=[\s=-]|$)")  # what would begin a list or a heading
_UNITS = ((10**9, "GB"), (10**6, "MB"), (10**3, "KB"))


def amount(size: int) -> str:
    """Bytes in decimal units, as in the bundle's own pages."""
    for unit, name in _UNITS:
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size} B"


def files(number: int, say: Say) -> str:
    return say("1 file") if number == 1 else say("{n} files", n=f"{number:,}")


def kinds(counts: Sequence[Count], say: Say) -> list[str]:
    """ "12 documents", "1 table": in the order given."""
    names = {
        "document": (say("1 document"), "{n} documents"),
        "page": (say("1 web page"), "{n} web pages"),
        "text": (say("1 text"), "{n} texts"),
        "table": (say("1 table"), "{n} tables"),
        "slides": (say("1 presentation"), "{n} presentations"),
        "image": (say("1 picture"), "{n} pictures"),
        "audio": (say("1 sound recording"), "{n} sound recordings"),
        "video": (say("1 film"), "{n} films"),
        "archive": (say("1 archive"), "{n} archives"),
        "code": (say("1 program text"), "{n} program texts"),
        "font": (say("1 font"), "{n} fonts"),
    }
    other = (say("1 other file"), "{n} other files")
    told = []
    for count in counts:
        one, many = names.get(count.name, other)
        told.append(one if count.items == 1 else say(many, n=f"{count.items:,}"))
    return told


def language_name(code: str, say: Say) -> str:
    """The name of a language; its code where curate has no name for it."""
    names = {
        "ar": say("Arabic"), "de": say("German"), "en": say("English"), "es": say("Spanish"),
        "fa": say("Persian"), "fr": say("French"), "hi": say("Hindi"), "it": say("Italian"),
        "ja": say("Japanese"), "ko": say("Korean"), "la": say("Latin"), "nl": say("Dutch"),
        "pl": say("Polish"), "pt": say("Portuguese"), "ru": say("Russian"), "th": say("Thai"),
        "tr": say("Turkish"), "uk": say("Ukrainian"), "vi": say("Vietnamese"), "zh": say("Chinese"),
    }  # fmt: skip
    return names.get(code, code)


def places(facts: Facts, say: Say) -> tuple[Count, ...]:
    """Categories with what is in them, and last what is in none: together all files."""
    rest = facts.items - sum(one.items for one in facts.categories)
    size = facts.size - sum(one.size for one in facts.categories)
    return (
        (*facts.categories, Count(say("Not in a category"), rest, size))
        if rest
        else facts.categories
    )


def _shown(char: str) -> bool:
    if char in _JOINERS or char in "\n\t":
        return True
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def line(text: str) -> str:
    """``text`` in one line without what nobody sees: controls, marks of direction, broken UTF-8."""
    return " ".join("".join(char if _shown(char) else " " for char in text).split())


def markdown(text: str) -> str:
    """``text`` in one line that Markdown shows as it is: titles are other people's."""
    escaped = "".join(f"\\{char}" if char in "\\`*_[]<>#|~&" else char for char in line(text))
    return _MARKER.sub(r"\1\\\2", escaped)


def text(words: str) -> str:
    """The same with its paragraphs, apart by one empty line."""
    kept = "".join(char for char in words.replace("\r\n", "\n") if _shown(char))
    paragraphs = ("\n".join(map(line, one.splitlines())) for one in re.split(r"\n\s*\n", kept))
    return "\n\n".join(one.strip() for one in paragraphs if one.strip())

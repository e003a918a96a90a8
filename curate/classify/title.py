"""What a resource is called, where nobody gave it a title."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from urllib.parse import unquote

from curate.model import Extracted

LONGEST = 200  # characters of a title; more is cut at a word
UNNAMED = "-"  # for a name of which nothing can be shown
LINE = 100  # characters of a first line that may be a title; a Han character counts for two

_PROGRAM = re.compile(
    r"^(?:microsoft (?:word|powerpoint|excel)|wps office|\(anonymous\))\s*-\s*", re.I
)
_SUFFIX = re.compile(
    r"\.(?:docx?|pptx?|xlsx?|pdf|odt|rtf|tex|txt|html?|indd|wpd|pages|dvi|qxd)$", re.I
)
_EMPTY = re.compile(
    r"^(?:untitled|no title|none|null|title|document|doc|presentation|powerpoint presentation|slide|book|"
    r"sheet|microsoft word|new document|home|index|无标题|無標題|未命名|未标题|新建 ?.*文档|文档|演示文稿|"
    r"幻灯片|标题|无题|首页)?[\s\-_]*\d*$",
    re.I,
)
_HEADING = re.compile(r"^(#{1,3})\s+(.+?)\s*#*$", re.M)
_UNDERLINED = re.compile(r"^(\S.{0,150})\n=={2,}\s*$", re.M)
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_MARKS = re.compile(r"<[^>]+>|\*\*|__|`|\s*\{#[^}]*\}")
_LETTERS = re.compile(r"[^\W\d_]")
_HAN = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3]")
_CODE = re.compile(
    r"^(?:[<{}\[(#/\\;=*|%$@]|import |from \w+ import|package |using |https?://|---|\w+\s*[:=]\s)"
)
_WRITTEN = frozenset(("document", "page", "text", "slides"))
_DATA = frozenset(("json", "xml", "yaml", "eml"))
_PLACEHOLDERS = frozenset(("index", "readme", "default", "document", "untitled"))


def title(extracted: Extracted, name: str) -> str:
    """The stated title, else the first heading or a first line that can be one, else ``name`` made human.

    ``name`` is the file's name or path. Titles that only a program gave ("Untitled", "Microsoft Word -
    report.doc", "新建文档") are no titles.
    """
    return stated(extracted.title) or _heading(extracted) or human(name)


def stated(said: str) -> str:
    """``said`` in one line; "" where it says nothing."""
    found = _SUFFIX.sub("", _PROGRAM.sub("", _one_line(said[:1000])))
    return "" if _EMPTY.match(found) or not re.search(r"\w", found) else _cut(found)


def _heading(extracted: Extracted) -> str:
    if extracted.kind not in _WRITTEN or extracted.format in _DATA:
        return ""
    text = extracted.text[:6_000].lstrip("\ufeff\n\r \t\f")
    if extracted.format in ("md", "txt"):
        headings = [(found.start(), found[2]) for found in _HEADING.finditer(text)][:1]
        headings += [(found.start(), found[1]) for found in _UNDERLINED.finditer(text)][:1]
        for _, heading in sorted(headings):
            if found := stated(_plain(heading)):
                return found
    first = _plain(text[:400].split("\n", 1)[0])
    length = len(first) + len(_HAN.findall(first))
    meaningful = len(_LETTERS.findall(first)) >= 3 or len(_HAN.findall(first)) >= 2
    if not meaningful or length > LINE or _CODE.match(first) or first[-1:] in ".,;:。，；：、…":
        return ""
    return stated(first)


def _plain(line: str) -> str:
    return _one_line(_MARKS.sub("", _LINK.sub(r"\1", line)))


def human(name: str) -> str:
    """A file's name as people would write it: "2024-03_git-guide_v2.pdf" → "2024-03 git guide v2"."""
    path = PurePosixPath(unquote(name).replace("\\", "/"))
    stem = _stem(path.name)
    if stem.casefold() in _PLACEHOLDERS and path.parent.name:
        stem = path.parent.name
    stem = _one_line(stem)
    words = re.sub(r"_+|(?<!\+)\+(?!\+)", " ", stem)
    words = re.sub(r"(?<!\d)[-.]+(?=\S)|(?<=\S)[-.]+(?!\d)", " ", words)  # dates and versions stay
    words = re.sub(r"\s+", " ", words).strip(" -")
    return _cut(words or stem or _one_line(name)) or UNNAMED


def _stem(name: str) -> str:
    stem = PurePosixPath(name).stem
    return stem.removesuffix(".tar")


def _one_line(text: str) -> str:
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def _cut(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    head = text[: LONGEST - 1]
    return (head.rsplit(" ", 1)[0] if " " in head[LONGEST // 2 :] else head) + "…"

"""The names of what an archive holds: which letters its bytes stand for, and where they may be written."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable

from curate.messages import msg
from curate.model import Message

LONGEST = 240
"""Bytes of a name as it is written to the disk; file systems hold 255, and a mark may be added."""
DEEPEST = 200
"""Folders around a file."""
SHOWN = 200
"""Characters of a name that is only told."""
_DRIVE = re.compile(r"[A-Za-z]:/")
_FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f]')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?|.*[. ]", re.I | re.S)
"""What Windows cannot hold."""


def safe(name: str) -> tuple[str, ...] | Message:
    """The parts of a path below the archive's own folder, or why there is none.

    A backslash parts too, whatever wrote the archive: other programs would follow it.
    """
    path = name.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\\", "/")
    if "\0" in path:
        return msg("its name holds a NUL character")
    if path.startswith("/") or _DRIVE.match(path):
        return msg("its name is an absolute path; in an archive that is a mistake or an attack")
    parts = tuple(part for part in path.split("/") if part not in ("", "."))
    if ".." in parts:
        return msg("its name leads out of the archive; that is a mistake or an attack")
    if not parts:
        return msg("it has no name")
    if len(parts) > DEEPEST:
        return msg("it lies deeper than {limit} folders", limit=DEEPEST)
    return parts


def printable(name: str) -> str:
    """``name`` for people and for a log: one line, not endless."""
    line = "".join(one if one.isprintable() else ascii(one)[1:-1] for one in name[:SHOWN])
    return line + ("…" if len(name) > SHOWN else "")


def held(part: str) -> str:
    """``part`` as a disk can hold it: cut where it is too long, marked so that no two become one."""
    name = part
    if os.name == "nt" and (_FORBIDDEN.search(part) or _RESERVED.fullmatch(part)):
        name = f"_{_FORBIDDEN.sub('_', part).rstrip('. ')}"
    if name == part and len(part.encode()) <= 255:
        return part
    return marked(name, part)


def marked(name: str, seed: str) -> str:
    """``name`` with a mark made of ``seed`` before its suffix: another name for the same file."""
    stem, suffix = os.path.splitext(name)  # noqa: PTH122 - Path would read "a:b" or "/" in it
    suffix = suffix if len(suffix.encode()) <= 20 else ""
    mark = hashlib.sha256(seed.encode()).hexdigest()[:8]
    room = LONGEST - len(suffix.encode()) - len(mark) - 1
    return f"{stem.encode()[:room].decode('utf-8', 'ignore')}~{mark}{suffix}"


def encoding(names: Iterable[bytes]) -> str:
    """What the names of one archive are written in, where it does not say so.

    One answer for all of them: a single name is too short to tell. UTF-8 is never met by chance;
    of the others the one wins whose common characters they are made of, Chinese first.
    """
    foreign = b"\n".join(sorted({name for name in names if not name.isascii()}))
    try:
        foreign.decode()
        return "utf-8"
    except UnicodeDecodeError:
        pass
    best, found = 0.3, "cp437"
    for codec, weight in _CODECS:
        try:
            text = foreign.decode(codec)
        except UnicodeDecodeError:
            continue
        letters = [one for one in text if one > "\x7f"]
        score = sum(map(weight, letters)) / len(letters)
        if score > best:
            best, found = score, codec
    return found


def _chinese(one: str) -> float:
    return _weight(one, "gb2312", 0xD7) or 0.1


def _taiwanese(one: str) -> float:
    return _weight(one, "big5", 0xC6) or 0.1


def _japanese(one: str) -> float:
    if "\u3040" <= one <= "\u30fe":
        return 1.0
    return 0.1 if "\uff61" <= one <= "\uff9f" else 0.9 * _weight(one, "shift_jis", 0x97)


def _western(one: str) -> float:
    return 0.6 if one.isalpha() and one < "\u0180" else 0.0


def _weight(one: str, charset: str, common: int) -> float:
    """How usual a character is: both standards put the common ones before the rare ones."""
    try:
        data = one.encode(charset)
    except UnicodeEncodeError:
        return 0.0
    return 1.0 if data[0] <= common else 0.4


_CODECS = (
    ("gb18030", _chinese),
    ("big5hkscs", _taiwanese),
    ("cp932", _japanese),
    ("cp437", _western),
)

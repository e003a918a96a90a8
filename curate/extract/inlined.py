"""Pictures and fonts that stand in a page as data URLs (RFC 2397): each may have terms of its own.

They are taken out before the page is read: of one that carries all it needs, they are most of the bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import html
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote_to_bytes

from curate.extract import fonts, images, svg
from curate.extract.decode import decode
from curate.extract.embedded import MOST_BYTES, MOST_PARTS
from curate.extract.plain import MOST_BYTES as MOST_PAGE
from curate.model import UNREAD, Statement

LARGEST = 32 * 2**20
"""Bytes of a page that are looked at."""
DEEPEST = 4
"""Style sheets that stand in each other."""
_FONTS = (b"\0\1\0\0", b"OTTO", b"true")
_DATA = re.compile(
    rb"data:(?P<mime>(?:image|font|application|text)/[\w.+-]{1,60})(?:;[\w=.-]{1,40}){0,4};base64,"
    rb"(?P<coded>[\w+/%=-]{200,})"
    rb"|\"data:image/svg\+xml[^\",]{0,80},(?P<double>[^\"]{200,})"
    rb"|'data:image/svg\+xml[^',]{0,80},(?P<single>[^']{200,})"
    rb"|\(data:image/svg\+xml[^()\"',\s]{0,80},(?P<plain>[^()\"'\s]{200,})",
    re.IGNORECASE,
)
"""Data of a length that may say something; what is shorter stays where it is."""


class Inlined:
    """What was taken out of one page; ``where`` is what its statements are attributed to."""

    def __init__(self, where: str) -> None:
        self.where = where
        self._known: set[bytes] = set()
        self._statements: list[Statement] = []
        self._parts = self._unread = 0

    def load(self, path: Path) -> tuple[str, bool]:
        """The text of the page without its data, and whether there is more than was read."""
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        more = len(data) > LARGEST
        if b"data:" in data:
            data = self._taken(data[:LARGEST], 0)
        if len(data) > MOST_PAGE:  # not inside a character
            more = True
            data = data[: data.rfind(b"\n", 0, MOST_PAGE) + 1 or MOST_PAGE]
        return decode(data, declared=True), more

    def statements(self) -> Iterator[Statement]:
        """What the parts say, as image:1, image:2, … and font:… in the order of the page."""
        if self._unread:
            raw = f"{self._unread} of its pictures and fonts were not read"
            yield Statement(raw, "embedded", self.where, component="image:unread", license=UNREAD)
        yield from self._statements

    def _taken(self, data: bytes, depth: int) -> bytes:
        return _DATA.sub(lambda found: self._take(found, depth), data)

    def _take(self, found: re.Match[bytes], depth: int) -> bytes:
        group = found.lastgroup or "coded"
        kept, coded = found[0][: found.start(group) - found.start()], found[group]
        mime = found["mime"].lower() if group == "coded" else b"image/svg+xml"
        if not kept.lower().endswith(b";base64,"):
            drawing = html.unescape(coded.decode("utf-8", "replace"))
            self._look(unquote_to_bytes(drawing), mime, depth)
            return kept
        if len(coded) > MOST_BYTES * 3 // 2 and not mime.startswith(b"text/"):
            self._unread += 1
            return kept
        try:
            plain = unquote_to_bytes(coded.translate(_URL_SAFE))
            part = base64.b64decode(plain + b"=" * (-len(plain) % 4))
        except (binascii.Error, ValueError):
            return kept
        self._look(part, mime, depth)
        return kept

    def _look(self, part: bytes, mime: bytes, depth: int) -> None:
        digest = hashlib.sha256(part).digest()
        if digest in self._known:
            return
        self._known.add(digest)
        if mime == b"text/css":
            if depth < DEEPEST:
                self._taken(part, depth + 1)
            return
        font = part.startswith(_FONTS)
        if not font and not mime.startswith(b"image/"):
            return
        self._parts += 1
        if self._parts > MOST_PARTS or len(part) > MOST_BYTES:
            self._unread += 1
            return
        component = f"{'font' if font else 'image'}:{self._parts}"
        stated = fonts.stated if font else svg.stated if mime == b"image/svg+xml" else images.stated
        self._statements.extend(stated(part, self.where, component))


_URL_SAFE = bytes.maketrans(b"-_", b"+/")

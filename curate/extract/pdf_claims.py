"""What a PDF says about rights outside its text: XMP, the document information, links to licences."""

from __future__ import annotations

import ctypes
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from curate.extract import xmp
from curate.extract.claims import claim
from curate.model import Statement

MOST_LINKS = 500
"""Link annotations of one page that are looked at."""

_INFO = ("License", "Licence", "Copyright", "Rights", "UsageTerms", "WebStatement")
"""Keys that programs add to the document information; the standard has none for rights."""

_COMMONS = re.compile(r"https?://(?:www\.)?creativecommons\.org/(?:licenses|publicdomain)/", re.I)
_PACKED = re.compile(rb"/Type\s*/Metadata\b(.{0,300}?)>>\s*stream\r?\n", re.S)


def claims(document: Any, path: Path, name: str) -> Iterator[Statement]:
    said = set()
    for one in xmp.rights(xmp.packet(_packet(path)), name):
        said.add(one.raw)
        yield one
    for key in _INFO:
        for spelt in (key, key.lower()):
            raw = _info(document, spelt)
            if raw and raw not in said:
                said.add(raw)
                yield claim(raw, "declared", name)
    pages = len(document)
    for number in sorted({0, pages - 1} if pages else ()):
        for address in _links(document, number):
            if _COMMONS.match(address) and address not in said:
                said.add(address)
                yield claim(address, "pdf-link", name, inferred=True)


def _info(document: Any, key: str) -> str:
    try:
        return str(document.get_metadata_value(key))
    except (UnicodeDecodeError, ValueError):
        return ""


def _links(document: Any, number: int) -> Iterator[str]:
    """The addresses that the link annotations of a page lead to; nothing follows them."""
    import pypdfium2
    from pypdfium2 import raw

    try:
        page = document[number]
    except pypdfium2.PdfiumError:
        return
    try:
        start, link = ctypes.c_int(0), raw.FPDF_LINK()
        for _ in range(MOST_LINKS):
            if not raw.FPDFLink_Enumerate(page, start, link):
                break
            action = raw.FPDFLink_GetAction(link)
            size = raw.FPDFAction_GetURIPath(document, action, None, 0) if action else 0
            if 1 < size < 2000:
                buffer = ctypes.create_string_buffer(size)
                raw.FPDFAction_GetURIPath(document, action, buffer, size)
                yield buffer.value.decode("utf-8", "replace")
    finally:
        page.close()


def _packet(path: Path) -> bytes:
    """The document's own XMP, which PDF wants uncompressed so that all can find it; some pack it."""
    most = xmp.MOST_BYTES
    size = path.stat().st_size
    with path.open("rb") as file:
        data = file.read(most)
        if size > 2 * most:
            file.seek(-most, 2)
        data += file.read(most)
    start = data.find(b"<x:xmpmeta")
    if start < 0:
        return _unpacked(data)
    if data.rfind(b"<x:xmpmeta") != start:
        # Packets of embedded pictures; the catalog's own is the one it points to.
        at = max(data.find(b"/Metadata") - 3000, 0)
        reference = re.search(
            rb"/Type\s*/Catalog.{0,2000}?/Metadata\s+(\d+)\s+\d+\s+R", data[at:], re.S
        )
        own = data.find(b"\n" + reference[1] + b" 0 obj") if reference else -1
        start = data.find(b"<x:xmpmeta", own) if own >= 0 else -1
    end = data.find(b"</x:xmpmeta>", start)
    return data[start : end + 12] if 0 <= start < end else b""


def _unpacked(data: bytes) -> bytes:
    """The last metadata stream that is deflated: a later save stands behind an earlier one."""
    found = b""
    for match in list(_PACKED.finditer(data))[-3:]:
        if b"/FlateDecode" in match[1]:
            try:
                found = zlib.decompressobj().decompress(data[match.end() :], xmp.MOST_BYTES)
            except zlib.error:
                continue
    return found

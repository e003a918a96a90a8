"""Pictures and fonts inside books and documents: each may have terms of its own."""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from collections.abc import Collection, Iterator

from curate.errors import CurateError
from curate.extract import fonts, images, svg
from curate.extract.claims import named
from curate.extract.package import Package
from curate.model import UNREAD, Statement

MOST_PARTS = 50
"""Parts that are opened; who has more has them from one place."""

MOST_BYTES = 5 * 2**20
"""Bytes of a part that is opened: what is larger is a picture for print, and rare inside a book."""

PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".tif", ".tiff", ".svg")
FONTS = (".ttf", ".otf")


def rights(package: Package, cover: str = "", skip: Collection[str] = ()) -> Iterator[Statement]:
    """What the parts of ``package`` say, in the order of their names, the cover first.

    ``skip``: entries that are not what their names say, as obfuscated fonts are not.
    """
    every = [
        entry
        for entry in sorted(package.entries, key=lambda entry: (entry != cover, entry))
        if entry.lower().endswith((*PICTURES, *FONTS))
        and entry not in skip
        and not entry.startswith(("Thumbnails/", "docProps/"))
    ]
    parts = [entry for entry in every if package.entries[entry].file_size <= MOST_BYTES][
        :MOST_PARTS
    ]
    if unread := len(every) - len(parts):
        raw = f"{unread} of its pictures and fonts were not read"
        yield Statement(raw, "embedded", package.name, component="image:unread", license=UNREAD)
    for entry in parts:
        kind = "font" if entry.lower().endswith(FONTS) else "image"
        component = "cover" if entry == cover else named(kind, entry)
        try:
            data = package.read(entry)
        except (
            CurateError,
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            NotImplementedError,
        ):
            continue  # a book is read although one of its pictures is broken
        where = posixpath.join(package.name, entry)
        if kind == "font":
            yield from fonts.stated(data, where, component)
        elif entry.lower().endswith(".svg"):
            yield from svg.stated(data, where, component)
        else:
            yield from images.stated(data, where, component)

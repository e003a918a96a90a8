"""Pictures of files that nobody here made: opened in workers, made small, marked, never shown whole."""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass
from typing import Any

from curate.errors import CurateError

SIDE = 1280
"""Pixels of the longer side of what a shop shows, at most."""
MOST_PIXELS = 120_000_000
"""A picture beyond this is not decoded for a preview."""
PAGES = 3
"""Pages of one document that are shown, at most, and never more than a tenth of it."""
_QUALITY = 86
_FAINT = 24
_EMPTY = 0.01
"""A page is empty where less than this part of it differs by more than ``_FAINT`` shades from the rest."""
_CREATED = re.compile(rb"(/CreationDate\(D:)\d{14}")
_IDENTIFIER = re.compile(
    rb"/ID\[<[0-9A-F]{32}><[0-9A-F]{32}>\](?=>>\s+startxref\s+\d+\s+%%EOF\s*\Z)"
)


@dataclass(frozen=True, slots=True)
class Task:
    """A file to draw. ``number`` gives the order."""

    number: int
    path: str
    mark: str  # path of a PNG that is laid over
    pages: bool = False  # a PDF, of which some pages are drawn


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The documents whose first pages make sample.pdf."""

    paths: tuple[str, ...]


def draw(task: Task | Excerpt) -> list[bytes]:
    """JPEGs, watermarked, or one PDF. Raises CurateError for what cannot be opened."""
    if isinstance(task, Excerpt):
        return [excerpt(task.paths)]
    return _pages(task) if task.pages else [_picture(task)]


def shown(pages: int) -> int:
    """How many pages of a document of ``pages`` may be shown."""
    return min(PAGES, pages // 10)


def _picture(task: Task) -> bytes:
    from PIL import Image, ImageOps, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = None  # MOST_PIXELS decides, before anything is decoded
    try:
        with Image.open(task.path) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise CurateError("it is too large to be shown", "")
            picture.draft("RGB", (SIDE, SIDE))  # the decoder then halves while it reads
            turned = ImageOps.exif_transpose(picture)
            return marked(turned, task.mark)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, IndexError, TypeError) as bad:
        raise CurateError("the picture cannot be opened", "") from bad


def marked(picture: Any, mark: str) -> bytes:
    """``picture`` on white, made small, with the watermark over all of it."""
    from PIL import Image

    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    canvas = Image.new("RGBA", picture.size, "white")
    canvas.alpha_composite(picture.convert("RGBA"))
    with Image.open(mark) as over:
        tile = over.convert("RGBA").crop((0, 0, *canvas.size))
    canvas.alpha_composite(tile)
    return jpeg(canvas)


def jpeg(picture: Any) -> bytes:
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "JPEG", quality=_QUALITY, optimize=True)
    return buffer.getvalue()


def top(picture: bytes) -> bytes:
    """The upper part of a small picture of a page, as a JPEG; empty where next to nothing stands there.

    A tile shows the middle of what is higher than itself, which of a letter or a title page is white.
    """
    from PIL import Image

    with Image.open(io.BytesIO(picture)) as page:
        part = page.convert("RGB").crop((0, 0, page.width, min(page.height, page.width * 5 // 6)))
    shades = part.convert("L").histogram()
    ground = max(range(256), key=shades.__getitem__)
    marks = sum(many for shade, many in enumerate(shades) if abs(shade - ground) > _FAINT)
    return jpeg(part) if marks >= part.width * part.height * _EMPTY else b""


def _pages(task: Task) -> list[bytes]:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(task.path)
    except pypdfium2.PdfiumError as fault:
        raise CurateError("the document cannot be opened", "") from fault
    drawn = []
    with document:
        for number in range(shown(len(document))):
            page = document[number]
            width, height = page.get_size()
            scale = min(SIDE / max(width, height, 1.0), 4.0)
            drawn.append(marked(page.render(scale=scale).to_pil(), task.mark))
            page.close()
    if not drawn:
        raise CurateError("it has fewer than 10 pages, too few to show one", "")
    return drawn


def excerpt(paths: tuple[str, ...]) -> bytes:
    """One PDF with the first pages of each, the same bytes each time."""
    import pypdfium2

    try:
        with pypdfium2.PdfDocument.new() as whole:
            for path in paths:
                with pypdfium2.PdfDocument(path) as document:
                    whole.import_pages(document, list(range(shown(len(document)))))
            buffer = io.BytesIO()
            whole.save(buffer)
    except pypdfium2.PdfiumError as fault:
        raise CurateError("the documents cannot be put together", "") from fault
    return _undated(buffer.getvalue())


def _undated(pdf: bytes) -> bytes:
    """PDFium writes the time and a random identifier; both are replaced by what is always the same."""
    pdf = _CREATED.sub(lambda found: found[1] + b"19800101000000", pdf, count=1)
    zeros = _IDENTIFIER.sub(lambda found: b"/ID[<" + b"0" * 32 + b"><" + b"0" * 32 + b">]", pdf)
    digest = hashlib.sha256(zeros).hexdigest()[:32].upper().encode()
    return _IDENTIFIER.sub(b"/ID[<" + digest + b"><" + digest + b">]", pdf)

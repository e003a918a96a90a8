"""Pages set by typst: a template, data and pictures become a PDF or PNGs, the same bytes everywhere.

Data reaches a template only as JSON, never as source, so no title can become markup. Fonts come from
two installed packages and nowhere else: typst's own, and Noto Sans SC and Noto Serif SC of
``pylopdf-fonts-zh-cn`` (GBK and Big5 complete, static: variable ones show boxes in typst). All are
under the SIL Open Font License, which lets documents embed them without coming under it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import msgspec

from curate.errors import CurateError

FONTS = "CURATE_FONTS"
"""Environment variable: folders with further fonts, for scripts that the installed ones lack."""
_FACES = "faces.typ"


def pdf(
    template: bytes,
    data: object,
    files: Mapping[str, bytes] | None = None,
    *,
    stamp: int,
    tagged: bool = False,
) -> bytes:
    """``template`` set with ``data``, dated ``stamp`` (seconds since 1970).

    The template reads ``json("data.json")``, ``image(NAME)`` of what ``files`` holds by name, and
    imports ``faces.typ``. ``tagged`` adds the structure that screen readers use; it trebles the size.
    Raises CurateError where it cannot be set: a picture that is none, a package that is missing.
    """
    made = _compile(template, data, files, format="pdf", timestamp=stamp, pdf_tags=tagged)
    assert isinstance(made, bytes)
    return made


def png(
    template: bytes, data: object, files: Mapping[str, bytes] | None = None, *, ppi: float = 144.0
) -> list[bytes]:
    """The same as one PNG for each page; a point is 1/72 inch, so 72 ``ppi`` make it a pixel."""
    made = _compile(template, data, files, format="png", ppi=ppi)
    return [made] if isinstance(made, bytes) else list(made)


def legible(text: str) -> str:
    """``text`` without emoji, which no installed font draws: a gap is better than a box."""
    if os.environ.get(FONTS) or text.isascii():
        return text
    kept = "".join(c for c in text if not _pictograph(ord(c)))
    return kept if kept == text else " ".join(kept.split())


def _pictograph(code: int) -> bool:
    return (
        0x1F000 <= code <= 0x1FBFF  # emoji and other pictures
        or code in (0x200D, 0x20E3)  # joins and keys of emoji
        or 0xFE00 <= code <= 0xFE0F  # how one is to be drawn
        or 0xE0000 <= code <= 0xE007F  # flags of regions
    )


@cache
def digest() -> str:
    """Of the faces that all templates share."""
    return hashlib.sha256(_faces().replace(b"\r\n", b"\n")).hexdigest()


@cache
def _faces() -> bytes:
    return resources.files(__name__).joinpath(_FACES).read_bytes()


def _compile(
    template: bytes, data: object, files: Mapping[str, bytes] | None, **how: Any
) -> bytes | list[bytes]:
    import typst

    sources = {
        "main.typ": template,
        _FACES: _faces(),
        "data.json": msgspec.json.encode(data),
        **(files or {}),
    }
    compile: Any = typst.compile  # its stubs do not know of sources held in memory
    try:
        made: bytes | list[bytes] = compile(
            sources, font_paths=_fonts(os.environ.get(FONTS, "")), ignore_system_fonts=True, **how
        )
    except typst.TypstError as fault:
        raise CurateError(
            f"a page cannot be typeset: {fault}", "leave the file it names out, or report this"
        ) from fault
    return made


@cache
def _fonts(further: str) -> Any:
    """Opened once: finding what they hold takes longer than a short page."""
    import typst

    try:
        import pylopdf_fonts_zh_cn as noto
    except ImportError as fault:
        raise CurateError(
            "the Chinese fonts are not installed", "run: pip install pylopdf-fonts-zh-cn"
        ) from fault
    folders = [str(noto.sans_path().parent), *filter(None, further.split(os.pathsep))]
    return typst.Fonts(include_system_fonts=False, font_paths=folders)

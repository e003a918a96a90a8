"""Pictures: size, camera, what EXIF and XMP say about rights, a thumbnail."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from curate.errors import CurateError
from curate.extract.clean import date, keywords, line, people, title
from curate.extract.formats import Format
from curate.model import Extracted, Statement

SIDE = 320
"""Pixels of the longer side of a thumbnail, at most."""

QUALITY = 75

MOST_PIXELS = 180_000_000
"""A picture beyond this is not decoded: no camera makes it, and it needs half a gigabyte."""


def read(path: Path, name: str, form: Format) -> Extracted:
    from PIL import Image, UnidentifiedImageError

    if form.id == "heic" and ".heic" not in Image.registered_extensions():
        return _unread(form, "HEIC pictures are recognised but not opened")
    usual, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None  # MOST_PIXELS decides, size known
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as picture:
                return _describe(picture, name, form)
    except UnidentifiedImageError as fault:
        if form.id in ("psd", "jp2", "avif"):
            return _unread(form, f"this {form.id.upper()} picture cannot be opened")
        raise CurateError(f"{name} is damaged: it is no {form.id} picture after all") from fault
    finally:
        Image.MAX_IMAGE_PIXELS = usual


def _unread(form: Format, problem: str) -> Extracted:
    return Extracted(form.id, form.kind, form.mime, problem=problem)


def _describe(picture: Any, name: str, form: Format) -> Extracted:
    width, height = picture.size
    exif = _exif(picture)
    if exif.get(0x0112) in (5, 6, 7, 8):  # Orientation: it is shown turned by a quarter
        width, height = height, width
    xmp = _xmp(picture)
    info = {key.lower(): value for key, value in picture.info.items() if isinstance(value, str)}
    problem = thumbnail = None
    if width * height > MOST_PIXELS:
        problem = f"too large to be shown: {width} × {height} pixels"
    else:
        try:
            thumbnail = shrink(picture)
        except (OSError, ValueError, SyntaxError, IndexError, TypeError) as fault:
            problem = f"the picture is damaged: {line(str(fault), 120)}"
    properties: dict[str, int | float | str] = {"width": width, "height": height}
    if (frames := getattr(picture, "n_frames", 1)) > 1 and form.id in ("gif", "webp", "png"):
        properties["frames"] = frames
    maker, model = _text(exif.get(0x010F)), _text(exif.get(0x0110))
    if camera := line(model if model.startswith(maker) else f"{maker} {model}", 80):
        properties["camera"] = camera
    artist = _text(exif.get(0x013B))
    return Extracted(
        form.id,
        form.kind,
        form.mime,
        title=title(_first(xmp, "title") or info.get("title", "")),
        creators=people([*xmp.get("creator", ()), artist, info.get("author")]),
        description=line(
            _first(xmp, "description") or _text(exif.get(0x010E)) or info.get("description", "")
        ),
        created=date(
            _text(exif.get(0x9003)) or _text(exif.get(0x0132)) or _first(xmp, "CreateDate")
        ),
        keywords=keywords(*xmp.get("subject", ())),
        properties=properties,
        statements=_statements(exif, xmp, info, name, artist),
        thumbnail=thumbnail or b"",
        problem=problem or "",
    )


def shrink(picture: Any) -> bytes:
    """``picture`` as a JPEG of at most ``SIDE`` pixels, upright, on white. The same bytes every time."""
    from PIL import Image, ImageOps

    if picture.format == "JPEG":
        picture.draft("RGB", (SIDE, SIDE))  # the decoder then halves while it reads
    picture.load()
    small = picture
    if max(small.size) > SIDE:
        if small.mode in ("P", "1"):
            small = small.convert("RGBA" if "transparency" in small.info else "RGB")
        elif small.mode.startswith("I"):
            small = _eight_bits(small)
        small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    small = ImageOps.exif_transpose(small)
    if small.mode.startswith("I") or small.mode == "F":
        small = _eight_bits(small)
    if small.mode in ("RGBA", "LA", "PA", "P"):
        small = small.convert("RGBA")
        ground = Image.new("RGB", small.size, "white")
        ground.paste(small, mask=small.getchannel("A"))
        small = ground
    small = small.convert("RGB")
    out = io.BytesIO()
    small.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()


def shrunk(data: bytes) -> bytes:
    """A thumbnail of a picture inside something else; empty where it cannot be opened."""
    from PIL import Image

    if not data:
        return b""
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(data)) as picture:
            warnings.simplefilter("ignore")
            if picture.width * picture.height > MOST_PIXELS:
                return b""
            return shrink(picture)
    except (OSError, ValueError, SyntaxError, IndexError, TypeError):
        return b""


def _eight_bits(picture: Any) -> Any:
    """Sixteen-bit grey, as scanners make it, to eight: convert() alone would clip it to white."""
    low, high = picture.convert("F").getextrema()
    if high <= 255 and low >= 0:
        return picture.convert("L")
    scale = 255.0 / (high - low) if high > low else 0.0
    return picture.convert("F").point(lambda value: value * scale + (-low * scale)).convert("L")


def _exif(picture: Any) -> dict[int, Any]:
    """Tags of the main and of the Exif directory."""
    try:
        main = picture.getexif()
        return {**dict(main), **dict(main.get_ifd(0x8769))}
    except Exception:  # noqa: BLE001 - damaged EXIF raises anything; the picture is fine without it
        return {}


def _text(value: object) -> str:
    if isinstance(value, bytes):
        value = value.rstrip(b"\0").decode("utf-8", "replace")
    if not isinstance(value, str):
        return ""
    value = value.rstrip("\0 ")
    with suppress(UnicodeError):  # Pillow reads tags as Latin-1; writers of other letters use UTF-8
        value = value.encode("latin-1").decode("utf-8")
    return line(value)


_XMP_FIELDS = frozenset(
    ("title", "creator", "description", "subject", "rights", "WebStatement", "UsageTerms", "license",
     "Owner", "CreateDate", "Credit", "attributionName", "LicensorURL")
)  # fmt: skip


def _xmp(picture: Any) -> dict[str, tuple[str, ...]]:
    """Fields of the XMP packet by their local names; a packet holds RDF as elements or attributes."""
    data = picture.info.get("xmp") or picture.info.get("XML:com.adobe.xmp") or b""
    if not data and getattr(picture, "tag_v2", None):
        data = picture.tag_v2.get(700, b"")
    return packet(data if isinstance(data, bytes) else str(data).encode("utf-8"))


def packet(data: bytes) -> dict[str, tuple[str, ...]]:
    """The fields of an XMP packet that say who made something and what may be done with it."""
    found = re.search(rb"<(?:\w+:)?(?:xmpmeta|RDF)[\s>].*</(?:\w+:)?(?:xmpmeta|RDF)>", data, re.S)
    if not found or len(data) > 4 * 2**20:
        return {}
    from lxml import etree

    from curate.extract.package import local, parser

    try:
        root = etree.fromstring(found[0], parser())
    except (etree.XMLSyntaxError, ValueError):
        return {}
    fields: dict[str, list[str]] = {}
    for element in root.iter(etree.Element):
        for key, value in element.attrib.items():
            if (name := str(key).rpartition("}")[2]) in _XMP_FIELDS:
                fields.setdefault(name, []).append(line(value))
        name = local(element)
        if name in _XMP_FIELDS:
            items = [
                line("".join(item.itertext())) for item in element.iter() if local(item) == "li"
            ]
            resource = element.get("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}resource")
            values = items or [line(resource or "".join(element.itertext()))]
            fields.setdefault(name, []).extend(value for value in values if value)
    return {name: tuple(dict.fromkeys(filter(None, values))) for name, values in fields.items()}


def _first(fields: dict[str, tuple[str, ...]], name: str) -> str:
    return next(iter(fields.get(name, ())), "")


def rights(
    fields: dict[str, tuple[str, ...]], name: str, component: str = "whole"
) -> Iterable[Statement]:
    """What an XMP packet declares: the licence it names, the page about it, the terms, the notice."""
    holder = (
        _first(fields, "Owner") or _first(fields, "attributionName") or _first(fields, "creator")
    )
    for key in ("license", "WebStatement", "UsageTerms", "rights"):
        for raw in fields.get(key, ()):
            yield Statement(raw, "xmp", name, component=component, holder=holder)


def _statements(
    exif: dict[int, Any],
    xmp: dict[str, tuple[str, ...]],
    info: dict[str, str],
    name: str,
    artist: str,
) -> tuple[Statement, ...]:
    found = list(rights(xmp, name))
    notice = _text(exif.get(0x8298)) or line(info.get("copyright", ""))
    if notice and notice not in {one.raw for one in found}:
        found.append(Statement(notice, "exif", name, holder=artist))
    if licence := line(info.get("license", "")):
        found.append(Statement(licence, "exif", name, holder=artist))
    return tuple(dict.fromkeys(found))

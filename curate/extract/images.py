"""Pictures: size, camera, what EXIF and XMP say about rights, a thumbnail."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from curate.errors import CurateError
from curate.extract import claims, notices, xmp
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
    fields = _xmp(picture)
    info = {key.lower(): value for key, value in picture.info.items() if isinstance(value, str)}
    statements = tuple(_rights(picture, exif, fields, name))
    problem = thumbnail = None
    if width * height > MOST_PIXELS:
        problem = f"too large to be shown: {width} × {height} pixels"
    else:
        try:
            thumbnail = shrink(picture)
        except (OSError, ValueError, SyntaxError, IndexError, TypeError) as fault:
            problem = f"the picture is damaged: {line(str(fault), 120)}"
    if form.id == "png":  # its texts may stand behind the picture, where they are read only now
        statements += tuple(_rights(picture, exif, _xmp(picture), name))
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
        title=title(xmp.first(fields, "title") or info.get("title", "")),
        creators=people([*fields.get("creator", ()), artist, info.get("author")]),
        description=line(
            xmp.first(fields, "description")
            or _text(exif.get(0x010E))
            or info.get("description", "")
        ),
        created=date(
            _text(exif.get(0x9003)) or _text(exif.get(0x0132)) or xmp.first(fields, "CreateDate")
        ),
        keywords=keywords(*fields.get("subject", ())),
        properties=properties,
        statements=statements,
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


def _text(value: object, most: int = 300) -> str:
    if isinstance(value, bytes):
        value = value.rstrip(b"\0").decode("utf-8", "replace")
    if not isinstance(value, str):
        return ""
    value = value.rstrip("\0 ")
    with suppress(UnicodeError):  # Pillow reads tags as Latin-1; writers of other letters use UTF-8
        value = value.encode("latin-1").decode("utf-8")
    return line(value, most)


def _xmp(picture: Any) -> xmp.Fields:
    data = picture.info.get("xmp") or picture.info.get("XML:com.adobe.xmp") or b""
    if not data and getattr(picture, "tag_v2", None):
        data = picture.tag_v2.get(700, b"")
    return xmp.packet(data if isinstance(data, bytes) else str(data).encode("utf-8"))


def stated(data: bytes, where: str, component: str) -> tuple[Statement, ...]:
    """What a picture inside something else says about rights; nothing of it is decoded."""
    from PIL import Image

    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(data)) as picture:
            warnings.simplefilter("ignore")
            return tuple(_rights(picture, _exif(picture), _xmp(picture), where, component))
    except Exception:  # noqa: BLE001 - foreign parsers; the book around a broken picture is fine
        return ()


def _rights(
    picture: Any, exif: dict[int, Any], fields: xmp.Fields, where: str, component: str = "whole"
) -> Iterator[Statement]:
    """What XMP, EXIF, IPTC, the text chunks of PNG and the comment of JPEG and GIF say. A notice that is
    in several of them is said once."""
    said = set()
    for one in xmp.rights(fields, where, component):
        said.add(one.raw)
        yield one
    iptc = _iptc(picture)
    byline, credit = iptc.get(80, ""), iptc.get(110, "")
    artist = _text(exif.get(0x013B)) or byline
    info = {key.lower(): one for key, one in picture.info.items() if isinstance(one, str)}
    rows = [
        ("exif", _text(exif.get(0x8298), claims.MOST_RAW) or info.get("copyright", "")),
        ("iptc", iptc.get(116, "")),
    ]
    for channel, notice in rows:
        if (raw := claims.verbatim(notice)) and raw not in said:
            said.add(raw)
            yield claims.claim(
                raw, channel, where, component=component, holder=artist, attribution=credit
            )
    if "license" in info:
        yield claims.claim(info["license"], "exif", where, component=component, holder=artist)
    if credit and not said:
        yield claims.claim(
            f"iptc:Credit={credit}",
            "iptc",
            where,
            inferred=True,
            component=component,
            holder=credit,
            attribution=credit,
            license=claims.OWNED,
        )
    comment = picture.info.get("comment", b"")
    comment = comment.decode("utf-8", "replace") if isinstance(comment, bytes) else str(comment)
    for one in notices.statements(comment, where):
        if one.raw not in said:
            yield replace(one, component=component)


def _iptc(picture: Any) -> dict[int, str]:
    """Data sets of record 2 (IIM 4.2): 116 the copyright notice, 110 the credit, 80 the by-line."""
    from PIL import IptcImagePlugin

    from curate.extract.decode import decode

    try:
        found = IptcImagePlugin.getiptcinfo(picture) or {}
    except Exception:  # noqa: BLE001 - damaged records raise anything; the picture is fine without
        return {}
    texts = {}
    for number in (80, 110, 116):
        value = found.get((2, number), b"")
        value = value[0] if isinstance(value, list) and value else value
        if isinstance(value, bytes) and value:
            texts[number] = claims.verbatim(decode(value))
    return texts

"""Sound and film: length and tags, by mutagen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from curate.errors import CurateError
from curate.extract import images, xmp
from curate.extract.claims import claim, fields
from curate.extract.clean import date, keywords, language, line, people, title
from curate.extract.formats import FORMATS, Format
from curate.model import Extracted, Statement

# The same fact under the names of ID3, Vorbis comments, MP4 atoms and ASF.
_TITLE = ("TIT2", "title", "\xa9nam", "Title", "INAM")
_ARTIST = ("TPE1", "artist", "\xa9ART", "Author", "TCOM", "composer", "\xa9wrt")
_DATE = ("TDRC", "TYER", "date", "\xa9day", "WM/Year")
_GENRE = ("TCON", "genre", "\xa9gen", "WM/Genre")
_COMMENT = ("COMM", "comment", "description", "\xa9cmt", "desc", "Description")
_LANGUAGE = ("TLAN", "language")
_LICENCES = ("WCOP", "license", "licence", "LICENSE", "----:com.apple.iTunes:LICENSE", "USER")
_NOTICES = ("TCOP", "copyright", "cprt", "Copyright", "rights", "----:com.apple.iTunes:COPYRIGHT")
# Fields of the user's own that programs for ID3 write, by their descriptions in small letters.
_OWN = {"license": _LICENCES, "licence": _LICENCES, "copyright": _NOTICES, "rights": _NOTICES}
# Where it is paid for, and who owns this copy: nobody gives away what he sells.
_SOLD = ("WPAY", "TOWN")


def read(path: Path, name: str, form: Format) -> Extracted:
    import mutagen

    try:
        with path.open("rb") as stream:
            media: Any = mutagen.File(_Named(stream, form))
    except mutagen.MutagenError as fault:
        raise CurateError(
            f"{name} is damaged: {fault}", "copy it again from where it came, or leave it out"
        ) from fault
    if media is None:
        return Extracted(form.id, form.kind, form.mime, problem="its tags could not be read")
    tags = media.tags or {}
    properties: dict[str, int | float | str] = {}
    for key, attribute in (("seconds", "length"), ("bitrate", "bitrate"), ("hertz", "sample_rate")):
        value = getattr(media.info, attribute, 0)
        if isinstance(value, int | float) and value > 0:
            properties[key] = round(value, 2) if key == "seconds" else int(value)
    album = _first(tags, ("TALB", "album", "\xa9alb", "WM/AlbumTitle"))
    if album:
        properties["album"] = line(album, 120)
    if form.id == "mp4" and not _has_video(path):
        form = FORMATS["m4a"]
    creators = people(_values(tags, _ARTIST), r"[;；/\0]")
    pictures = _pictures(media, tags)
    own = (said for one in pictures for said in images.stated(one, f"{name}/cover", "cover"))
    return Extracted(
        form.id,
        form.kind,
        form.mime,
        title=title(_first(tags, _TITLE)),
        creators=creators,
        description=line(_first(tags, _COMMENT)),
        created=date(_first(tags, _DATE)),
        language=language(_first(tags, _LANGUAGE)),
        keywords=keywords(*_values(tags, _GENRE)),
        properties=properties,
        statements=(*_rights(tags, name, creators[0] if creators else ""), *own),
        thumbnail=next((small for one in pictures if (small := images.shrunk(one))), b""),
    )


def _rights(tags: Any, name: str, holder: str) -> Iterator[Statement]:
    """The licence, the notice, where it is sold, an XMP packet."""
    licences, notices = _values(tags, _LICENCES), _values(tags, _NOTICES)
    for frame in tags.getall("TXXX") if hasattr(tags, "getall") else ():
        if (kind := _OWN.get(frame.desc.strip().lower())) is not None:
            (licences if kind is _LICENCES else notices).extend(map(str, frame.text or [""]))
    yield from fields(licences, notices, "declared", name, holder)
    for key in _SOLD:
        for value in _values(tags, (key,)):
            if value.strip():
                yield claim(f"{key}={value}", "declared", name, inferred=True, holder=holder)
    for frame in tags.getall("PRIV") if hasattr(tags, "getall") else ():
        if frame.owner == "XMP":
            yield from xmp.rights(xmp.packet(frame.data), name)


class _Named:
    """A stream whose name tells mutagen the format: the stored file's name is only a hash."""

    def __init__(self, stream: Any, form: Format) -> None:
        self.stream = stream
        self.name = f"x{form.suffixes[0]}"

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self.stream, attribute)


def _values(tags: Any, names: Iterable[str]) -> list[str]:
    found: list[str] = []
    for name in names:
        if hasattr(tags, "getall") and len(name.partition(":")[0]) == 4:  # ID3: some frames repeat
            values = tags.getall(name)
        else:
            try:
                values = tags.get(name) or []
            except (ValueError, KeyError, TypeError):
                continue
        for value in values if isinstance(values, list) else [values]:
            text = getattr(value, "url", None) or getattr(value, "text", None) or value
            for one in text if isinstance(text, list) else [text]:
                found.append(one.decode("utf-8", "replace") if isinstance(one, bytes) else str(one))
    return found


def _first(tags: Any, names: Iterable[str]) -> str:
    return next((value for value in _values(tags, names) if value.strip()), "")


def _has_video(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(2**20)
        file.seek(max(0, path.stat().st_size - 2**20))
        return b"vide" in head or b"vide" in file.read(2**20)


def _pictures(media: Any, tags: Any) -> list[bytes]:
    pictures = [one.data for one in getattr(media, "pictures", ())]
    if hasattr(tags, "getall"):
        pictures += [one.data for one in tags.getall("APIC")]
    elif hasattr(tags, "get"):
        with suppress(ValueError, KeyError, TypeError):
            pictures += [bytes(one) for one in tags.get("covr") or []]
    return pictures[:3]

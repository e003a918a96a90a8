"""What a file on the web claims to be, by its Content-Type and, where that is vague, its suffix."""

from __future__ import annotations

from curate.model import Kind

_SUFFIXES: dict[Kind, str] = {
    "page": "html htm xhtml shtml php asp aspx jsp",
    "document": "pdf doc docx odt rtf epub mobi azw3 djvu ps tex wps",
    "text": "txt md markdown rst srt vtt",
    "table": "csv tsv xls xlsx ods json jsonl parquet",
    "slides": "ppt pptx odp key",
    "image": "jpg jpeg png gif webp svg tif tiff bmp avif heic ico",
    "audio": "mp3 m4a ogg oga opus flac wav mid midi",
    "video": "mp4 m4v webm ogv mov mkv avi",
    "archive": "zip gz tgz bz2 xz 7z rar tar zst",
    "font": "ttf otf woff woff2",
    "code": "js css py java c h cpp rs go ipynb xml rss atom",
    "other": "exe msi dmg iso apk deb rpm jar bin",
}
_KIND_OF: dict[str, Kind] = {
    f".{name}": kind for kind, names in _SUFFIXES.items() for name in names.split()
}
_MIME: dict[str, tuple[Kind, str]] = {
    "text/html": ("page", ".html"),
    "application/xhtml+xml": ("page", ".xhtml"),
    "application/pdf": ("document", ".pdf"),
    "application/epub+zip": ("document", ".epub"),
    "application/msword": ("document", ".doc"),
    "application/rtf": ("document", ".rtf"),
    "text/rtf": ("document", ".rtf"),
    "application/vnd.oasis.opendocument.text": ("document", ".odt"),
    "application/vnd.oasis.opendocument.spreadsheet": ("table", ".ods"),
    "application/vnd.oasis.opendocument.presentation": ("slides", ".odp"),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": (
        "document",
        ".docx",
    ),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ("table", ".xlsx"),
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": (
        "slides",
        ".pptx",
    ),
    "application/vnd.ms-excel": ("table", ".xls"),
    "application/vnd.ms-powerpoint": ("slides", ".ppt"),
    "text/csv": ("table", ".csv"),
    "application/json": ("table", ".json"),
    "text/plain": ("text", ".txt"),
    "text/markdown": ("text", ".md"),
    "image/jpeg": ("image", ".jpg"),
    "image/png": ("image", ".png"),
    "image/gif": ("image", ".gif"),
    "image/webp": ("image", ".webp"),
    "image/svg+xml": ("image", ".svg"),
    "application/zip": ("archive", ".zip"),
    "application/gzip": ("archive", ".gz"),
    "text/css": ("code", ".css"),
    "text/javascript": ("code", ".js"),
    "application/xml": ("code", ".xml"),
    "text/xml": ("code", ".xml"),
}
_FAMILIES: dict[str, Kind] = {"image": "image", "audio": "audio", "video": "video", "font": "font"}
VAGUE = frozenset({"", "application/octet-stream", "binary/octet-stream", "application/download"})
"""What servers say of files that they know nothing about."""


def promised(suffix: str) -> Kind | None:
    """What a suffix alone promises; None where it promises nothing."""
    return _KIND_OF.get(suffix)


def claimed(mime: str, suffix: str) -> tuple[Kind, str]:
    """The kind and the suffix of an answer; the address's own suffix where it fits the kind."""
    by_name = promised(suffix)
    if mime in VAGUE or (mime == "text/plain" and by_name not in (None, "page")):
        # Servers send text/plain for every source file they do not know.
        return by_name or "other", suffix
    kind, usual = _MIME.get(mime, (_FAMILIES.get(mime.partition("/")[0]), ""))
    if kind is None:
        return by_name or "other", suffix
    return kind, suffix if by_name == kind or not usual else usual

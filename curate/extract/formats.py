"""What kinds of files there are, and how their bytes show it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from curate.model import Kind

MAX_TEXT = 2_000_000
"""Characters of text kept of one resource; about four thick books."""

HEAD = 8192
"""Bytes that are looked at before anything is opened."""


@dataclass(frozen=True, slots=True)
class Format:
    """``family`` names the module of this package whose ``read`` opens it; "" = nothing inside."""

    id: str
    kind: Kind
    mime: str
    family: str = ""
    suffixes: tuple[str, ...] = ()


def _formats() -> dict[str, Format]:
    rows: list[tuple[str, Kind, str, str, str]] = [
        ("pdf", "document", "application/pdf", "pdf", ".pdf"),
        ("docx", "document", _OOXML + "wordprocessingml.document", "word", ".docx .docm .dotx"),
        ("pptx", "slides", _OOXML + "presentationml.presentation", "slides", ".pptx .pptm .ppsx"),
        ("xlsx", "table", _OOXML + "spreadsheetml.sheet", "sheets", ".xlsx .xlsm .xlsb"),
        ("odt", "document", _ODF + "text", "odf", ".odt .ott"),
        ("odp", "slides", _ODF + "presentation", "odf", ".odp .otp"),
        ("ods", "table", _ODF + "spreadsheet", "sheets", ".ods"),
        ("xls", "table", "application/vnd.ms-excel", "sheets", ".xls"),
        ("doc", "document", "application/msword", "old", ".doc"),
        ("ppt", "slides", "application/vnd.ms-powerpoint", "old", ".ppt .pps"),
        ("msg", "document", "application/vnd.ms-outlook", "old", ".msg"),
        ("ole", "other", "application/x-ole-storage", "old", ""),
        ("epub", "document", "application/epub+zip", "epub", ".epub"),
        ("mobi", "document", "application/x-mobipocket-ebook", "", ".mobi .azw .azw3"),
        ("djvu", "document", "image/vnd.djvu", "", ".djvu"),
        ("html", "page", "text/html", "web", ".html .htm .xhtml"),
        ("md", "text", "text/markdown", "markdown", ".md .markdown .mdx"),
        ("txt", "text", "text/plain", "plain", ".txt .text .rst .adoc .asciidoc .log .srt .vtt"),
        ("csv", "table", "text/csv", "plain", ".csv"),
        ("tsv", "table", "text/tab-separated-values", "plain", ".tsv .tab"),
        ("json", "text", "application/json", "structured", ".json .jsonl .geojson"),
        ("xml", "text", "application/xml", "structured", ".xml .rss .atom .rdf .opml .xsd"),
        ("rtf", "document", "application/rtf", "structured", ".rtf"),
        ("eml", "document", "message/rfc822", "structured", ".eml"),
        ("ipynb", "code", "application/x-ipynb+json", "structured", ".ipynb"),
        ("tex", "code", "application/x-tex", "plain", ".tex .latex .sty .cls .bib"),
        ("yaml", "text", "application/yaml", "plain", ".yaml .yml"),
        ("svg", "image", "image/svg+xml", "svg", ".svg"),
        ("jpeg", "image", "image/jpeg", "images", ".jpg .jpeg .jpe .jfif"),
        ("png", "image", "image/png", "images", ".png .apng"),
        ("gif", "image", "image/gif", "images", ".gif"),
        ("webp", "image", "image/webp", "images", ".webp"),
        ("bmp", "image", "image/bmp", "images", ".bmp"),
        ("tiff", "image", "image/tiff", "images", ".tif .tiff"),
        ("pnm", "image", "image/x-portable-anymap", "images", ".ppm .pgm .pbm .pnm"),
        ("ico", "image", "image/vnd.microsoft.icon", "images", ".ico"),
        ("jp2", "image", "image/jp2", "images", ".jp2 .j2k"),
        ("avif", "image", "image/avif", "images", ".avif"),
        ("heic", "image", "image/heic", "images", ".heic .heif"),
        ("psd", "image", "image/vnd.adobe.photoshop", "images", ".psd"),
        ("mp3", "audio", "audio/mpeg", "sound", ".mp3"),
        ("flac", "audio", "audio/flac", "sound", ".flac"),
        ("ogg", "audio", "audio/ogg", "sound", ".ogg .oga .opus .spx"),
        ("m4a", "audio", "audio/mp4", "sound", ".m4a .m4b"),
        ("wav", "audio", "audio/wav", "sound", ".wav"),
        ("aiff", "audio", "audio/aiff", "sound", ".aif .aiff"),
        ("aac", "audio", "audio/aac", "sound", ".aac"),
        ("midi", "audio", "audio/midi", "", ".mid .midi"),
        ("mp4", "video", "video/mp4", "sound", ".mp4 .m4v .3gp"),
        ("mov", "video", "video/quicktime", "sound", ".mov"),
        ("ogv", "video", "video/ogg", "sound", ".ogv"),
        ("avi", "video", "video/x-msvideo", "", ".avi"),
        ("mkv", "video", "video/x-matroska", "", ".mkv"),
        ("webm", "video", "video/webm", "", ".webm"),
        ("wmv", "video", "video/x-ms-wmv", "sound", ".wmv .wma .asf"),
        ("flv", "video", "video/x-flv", "", ".flv"),
        ("ttf", "font", "font/ttf", "fonts", ".ttf"),
        ("otf", "font", "font/otf", "fonts", ".otf"),
        ("ttc", "font", "font/collection", "fonts", ".ttc .otc"),
        ("woff", "font", "font/woff", "", ".woff"),
        ("woff2", "font", "font/woff2", "", ".woff2"),
        ("zip", "archive", "application/zip", "archives", ".zip .jar .apk .cbz"),
        ("tar", "archive", "application/x-tar", "archives", ".tar"),
        ("gz", "archive", "application/gzip", "compressed", ".gz .tgz"),
        ("bz2", "archive", "application/x-bzip2", "archives", ".bz2 .tbz2"),
        ("xz", "archive", "application/x-xz", "archives", ".xz .txz"),
        ("7z", "archive", "application/x-7z-compressed", "archives", ".7z"),
        ("rar", "archive", "application/vnd.rar", "", ".rar"),
        ("zst", "archive", "application/zstd", "archives", ".zst"),
    ]
    return {row[0]: Format(row[0], row[1], row[2], row[3], tuple(row[4].split())) for row in rows}


_OOXML = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."
FORMATS = _formats()
UNKNOWN = Format("unknown", "other", "application/octet-stream")
EMPTY = Format("empty", "other", "application/x-empty")

CODE = frozenset(
    [
        ".py",
        ".pyi",
        ".js",
        ".mjs",
        ".ts",
        ".tsx",
        ".jsx",
        ".java",
        ".c",
        ".h",
        ".cc",
        ".cpp",
        ".hpp",
        ".cs",
        ".go",
        ".rs",
        ".rb",
        ".php",
        ".pl",
        ".lua",
        ".r",
        ".jl",
        ".m",
        ".swift",
        ".kt",
        ".scala",
        ".sh",
        ".bash",
        ".zsh",
        ".ps1",
        ".bat",
        ".sql",
        ".css",
        ".scss",
        ".less",
        ".vue",
        ".dart",
        ".hs",
        ".ml",
        ".clj",
        ".ex",
        ".erl",
        ".f90",
        ".asm",
        ".s",
        ".v",
        ".vhd",
        ".toml",
        ".ini",
        ".cfg",
        ".mk",
        ".cmake",
        ".gradle",
        ".proto",
        ".el",
        ".vim",
    ]
)
_BY_SUFFIX = {suffix: one for one in FORMATS.values() for suffix in one.suffixes}
_WITH_TEXT = frozenset(
    "pdf word slides sheets odf epub web markdown plain structured svg sound".split()
)
_TEXTUAL = frozenset("markdown plain structured".split())
TEXT_SUFFIXES = CODE | {suffix for suffix, one in _BY_SUFFIX.items() if one.family in _WITH_TEXT}


def holds_text(suffix: str) -> bool:
    """Whether such files can hold text or titles that keywords could match; "" may be anything."""
    return suffix == "" or suffix.lower() in TEXT_SUFFIXES


def sniff(path: Path, name: str) -> Format:
    """What the bytes at ``path`` are. ``name`` decides only between kinds that bytes leave open."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head:
        return EMPTY
    suffix = PurePosixPath(name.replace("\\", "/")).suffix.lower()
    found = _signature(head, suffix)
    if found == "zip":
        found = _inside_zip(path)
    elif found == "ole":
        found = _inside_ole(path, suffix)
    if found:
        return FORMATS[found]
    if not _is_text(head):
        return UNKNOWN
    return _textual(head, suffix)


_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "png"),
    (0, b"\xff\xd8\xff", "jpeg"),
    (0, b"PK\x03\x04", "zip"),
    (0, b"PK\x05\x06", "zip"),
    (0, b"GIF87a", "gif"),
    (0, b"GIF89a", "gif"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (8, b"WEBP", "webp"),
    (8, b"WAVE", "wav"),
    (8, b"AVI ", "avi"),
    (0, b"II*\x00", "tiff"),
    (0, b"MM\x00*", "tiff"),
    (0, b"ID3", "mp3"),
    (0, b"fLaC", "flac"),
    (0, b"MThd\x00\x00\x00\x06", "midi"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "wmv"),
    (0, b"FLV\x01", "flv"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z"),
    (0, b"Rar!\x1a\x07", "rar"),
    (0, b"\x1f\x8b\x08", "gz"),
    (0, b"BZh", "bz2"),
    (0, b"\xfd7zXZ\x00", "xz"),
    (0, b"\x28\xb5\x2f\xfd", "zst"),
    (257, b"ustar", "tar"),
    (0, b"OTTO", "otf"),
    (0, b"ttcf", "ttc"),
    (0, b"true\x00", "ttf"),
    (0, b"wOFF", "woff"),
    (0, b"wOF2", "woff2"),
    (0, b"\x00\x00\x00\x0cjP  \r\n\x87\n", "jp2"),
    (0, b"8BPS\x00\x01", "psd"),
    (0, b"{\\rtf", "rtf"),
    (0, b"AT&TFORM", "djvu"),
    (60, b"BOOKMOBI", "mobi"),
)  # fmt: skip
_BRANDS = {b"heic": "heic", b"heix": "heic", b"mif1": "heic", b"avif": "avif", b"avis": "avif",
           b"M4A ": "m4a", b"M4B ": "m4a", b"qt  ": "mov"}  # fmt: skip


def _signature(head: bytes, suffix: str) -> str:
    for offset, mark, found in _SIGNATURES:
        if head.startswith(mark, offset) and (offset != 8 or head.startswith(b"RIFF")):
            return found
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "mp4")
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "webm" if b"webm" in head[:64] else "mkv"
    if head.startswith(b"OggS"):
        return "ogv" if b"theora" in head[:128] else "ogg"
    if head.startswith(b"FORM") and head[8:12] in (b"AIFF", b"AIFC"):
        return "aiff"
    if (
        head.startswith(b"\x00\x01\x00\x00")
        and 0 < head[5] < 64
        and head[4] == 0
        and len(head) > 12
    ):
        return "ttf"
    if head.startswith(b"BM") and head[6:10] == b"\x00\x00\x00\x00":
        return "bmp"
    if head.startswith(b"\x00\x00\x01\x00") and 0 < head[4] < 64 and head[5] == 0:
        return "ico"
    if re.match(rb"P[1-6]\s+(#[^\n]*\n\s*)*\d+\s+\d+\s", head):
        return "pnm"
    if head[0] == 0xFF and head[1] != 0xFE and len(head) > 4 and head[1] & 0xE0 == 0xE0:
        # MPEG audio: version, layer, bit rate and sampling rate all have forbidden values.
        if head[1] & 0x06 == 0 and head[1] & 0xF0 == 0xF0:
            return "aac"
        if head[1] & 0x18 != 8 and head[1] & 6 and head[2] & 0xF0 != 0xF0 and head[2] & 12 != 12:
            return "mp3"
    return ""


def _inside_zip(path: Path) -> str:
    import zipfile

    try:
        with zipfile.ZipFile(path) as package:
            names = package.namelist()
            if "mimetype" in names and package.getinfo("mimetype").file_size < 200:
                mime = package.read("mimetype").decode("ascii", "replace").strip()
                for one in ("epub", "odt", "odp", "ods"):
                    if mime.removesuffix("-template") == FORMATS[one].mime:
                        return one
            elif "META-INF/container.xml" in names:
                return "epub"
            if "[Content_Types].xml" in names:
                for folder, one in (("word/", "docx"), ("ppt/", "pptx"), ("xl/", "xlsx")):
                    if any(name.startswith(folder) for name in names):
                        return one
    except Exception:  # noqa: BLE001 - zipfile raises a dozen kinds; its reader will say what is wrong
        return "zip"
    return "zip"


_STREAMS = (
    ("doc", "WordDocument"),
    ("xls", "Workbook"),
    ("xls", "Book"),
    ("ppt", "PowerPoint Document"),
    ("msg", "__properties_version1.0"),
)


def _inside_ole(path: Path, suffix: str) -> str:
    """Which program's streams the directory of a compound file names."""
    with path.open("rb") as file:
        data = file.read(64 * 2**20)
    found: list[tuple[int, str]] = []
    for one, stream in _STREAMS:
        # A directory entry: the name, zero-padded to 64 bytes, then its length in bytes.
        entry = stream.encode("utf-16-le").ljust(64, b"\0")
        at = data.find(entry + (2 * len(stream) + 2).to_bytes(2, "little"))
        if at >= 0:
            found.append((at, one))
    wanted = _BY_SUFFIX.get(suffix, UNKNOWN).id
    if any(one == wanted for _, one in found):
        return wanted
    return min(found)[1] if found else "ole"


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return True
    controls = len(head.translate(None, _NOT_CONTROLS))
    if b"\0" in head:  # UTF-16 without a mark: every second byte of its ASCII is zero
        zeros = head[0::2].count(0), head[1::2].count(0)
        return len(head) > 3 and max(zeros) > 0.15 * len(head) and min(zeros) < 0.01 * len(head)
    return controls <= max(len(head) * 0.003, min(len(head) * 0.05, 3))


_NOT_CONTROLS = bytes(set(range(256)) - (set(range(32)) - set(b"\t\n\r\f\b\x1b\x1a")) - {127})

_HTML = re.compile(
    r"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*(<!doctype\s+html|<html[\s>]|<head[\s>]|<body[\s>])",
    re.I | re.S,
)
_ROOT = re.compile(r"\s*(<\?xml|<!DOCTYPE|<[A-Za-z_][\w.-]*(:[\w.-]+)?[\s>/])")
_ELEMENT = re.compile(r"<([A-Za-z_][\w.:-]*)")


def _textual(head: bytes, suffix: str) -> Format:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        start = head[: len(head) & ~1].decode("utf-16", "replace")
    elif b"\0" in head:
        start = head.replace(b"\0", b"").decode("latin-1")
    else:
        start = head.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    named = _BY_SUFFIX.get(suffix, UNKNOWN)
    if suffix in CODE:
        return Format(suffix[1:], "code", "text/x-source", "plain", (suffix,))
    if _HTML.match(start):
        return FORMATS["html"]
    if named.family in _TEXTUAL and named.id not in ("rtf", "xml"):
        return named
    if _ROOT.match(start):
        bare = re.sub(
            r"<!--.*?(-->|$)|<\?.*?\?>|<!DOCTYPE[^>\[]*(\[.*?\])?\s*>", "", start, flags=re.S
        )
        element = _ELEMENT.search(bare)
        root = element[1].rpartition(":")[2].lower() if element else ""
        if root == "svg":
            return FORMATS["svg"]
        if start.lstrip().startswith("<?xml") or named.id == "xml":
            return FORMATS["xml"]
        if named.id == "html" or root in ("p", "div", "table", "title", "meta", "h1", "span", "a"):
            return FORMATS["html"]
        if root and named.kind != "other":
            return FORMATS["xml"]
    if named.id == "html":
        return named
    if re.match(r'\s*[\[{]\s*("|\{|\[|\})', start) and not suffix:
        return FORMATS["json"]
    return FORMATS["txt"]

"""Names that every file system, archive tool and bag validator takes, still readable by people."""

from __future__ import annotations

import re
import unicodedata

COMPONENT = 120  # UTF-8 bytes of one name; the usual limit is 255, and systems add to names
PATH = 180  # UTF-16 units of a path in the archive; Windows stops at 260 with the buyer's folders

# Look-alikes for what Windows forbids, and for "%", which bag validators disagree about
# (LibraryOfCongress/bagit-python#157).
_FORBIDDEN = str.maketrans(dict(zip('<>:"|?*\\/%', "＜＞：＂｜？＊＼／％", strict=True)))
_RESERVED = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|clock\$|(com|lpt)[0-9¹²³])\s*(\.|$)", re.IGNORECASE
)
_JUNK = re.compile(
    r"(^|/)(\.DS_Store|\._[^/]*|desktop\.ini|Thumbs\.db|ehthumbs\.db|\.localized|\.directory"
    r"|\.Spotlight-V100(/.*)?|\.Trashes(/.*)?|\.fseventsd(/.*)?)$"
    r"|(^|/)__MACOSX/([^/]+/)*\._[^/]*$",  # the halves of files that macOS keeps apart, and nothing else
    re.IGNORECASE,
)
_MINE = re.compile(r"[^/]\.mine([2-9]|[1-9][0-9]+)?$")
# Letters and symbols by their category, yet nothing is seen (Unicode's Default_Ignorable_Code_Point,
# and the empty braille cell): a name of them alone would be blank.
_BLANK = "\u115f\u1160\u2800\u3164\uffa0"
_UNSEEN = re.compile("[\u034f\u17b4\u17b5\u180b-\u180f\ufe00-\ufe0f\U000e0000-\U000e0fff]")
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,10}$")
_GENERIC = re.compile(
    r"(index|default|download|untitled|unnamed|noname|file|page|home|document|view|show|content|get)"
    r"[\s_\-().0-9]*|[0-9a-f]{16,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    re.IGNORECASE,
)

SUFFIXES = {
    "html": (".html", ".htm", ".xhtml"),
    "jpeg": (".jpg", ".jpeg"),
    "jpg": (".jpg", ".jpeg"),
    "tiff": (".tif", ".tiff"),
    "markdown": (".md", ".markdown"),
    "md": (".md", ".markdown"),
    "text": (".txt", ".text", ".log"),
    "mpeg": (".mpg", ".mpeg"),
    "mp4": (".mp4", ".m4v"),
    "ogg": (".ogg", ".oga", ".opus"),
    "midi": (".mid", ".midi"),
    "yaml": (".yaml", ".yml"),
} | {
    suffix: (f".{suffix}",)
    for suffix in (
        "pdf docx pptx xlsx doc ppt xls odt ods odp epub rtf csv tsv json xml png gif bmp webp svg "
        "heic avif ico psd mp3 wav flac m4a aac aiff mkv webm mov avi zip 7z rar tar gz bz2 xz zst "
        "ttf otf woff woff2 ipynb djvu mobi azw3 ps eps"
    ).split()
}  # fmt: skip
"""What the name of a file of this format may end with; the first is given where it does not."""

_KNOWN = {suffix for suffixes in SUFFIXES.values() for suffix in suffixes}


def is_junk(path: str) -> bool:
    """Whether an operating system leaves such a file in any folder that is only looked at."""
    return bool(_JUNK.search(path))


def mine(path: str, number: int = 1) -> str:
    """What a buyer's own copy of ``path`` is kept as; ``number``: where that is taken."""
    return f"{path}.mine{number if number > 1 else ''}"


def is_mine(path: str) -> bool:
    return bool(_MINE.search(path))


def key(path: str) -> str:
    """Equal for paths that some file system takes for one: by case, by width, by composition."""
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", path).casefold())


def safe_name(name: str, limit: int = COMPONENT) -> str:
    """``name`` as one path component of at most ``limit`` UTF-8 bytes (16 or more); idempotent."""
    for _ in range(8):  # a cut can lay bare what an earlier rule would have mended
        safer = _pass(name, limit)
        if safer == name:
            break
        name = safer
    return name


def _pass(name: str, limit: int) -> str:
    text = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode())
    text = "".join(filter(None, map(_character, text))).translate(_FORBIDDEN)
    text = unicodedata.normalize("NFC", re.sub(r" +", " ", text))
    text = text.strip(" ").rstrip(". ").lstrip("~ ")
    if text.startswith("."):
        text = text.lstrip(". ")
        text = f"_{text}" if text else ""
    if text.startswith("-") or _RESERVED.match(text) or is_junk(text) or _claims(text):
        text = f"_{text}"
    return cut(text, limit) or "_"


def _claims(name: str) -> bool:
    """Whether checkers would read it as stating the licences of the files beside it."""
    return name.casefold() == "reuse.toml"


def _character(character: str) -> str:
    kind = unicodedata.category(character)
    if kind in ("Zs", "Zl", "Zp") or character in "\t\r\n\v\f" or character in _BLANK:
        return " "
    # Cf holds what turns or hides text: bidirectional overrides, zero-width marks, tags.
    if kind in ("Cc", "Cf", "Cs", "Co") or ord(character) & 0xFFFE == 0xFFFE:
        return ""
    if _UNSEEN.match(character):
        return ""
    return "" if 0xFDD0 <= ord(character) <= 0xFDEF else character


def cut(name: str, limit: int, units: int = PATH) -> str:
    """``name`` within ``limit`` UTF-8 bytes and ``units`` UTF-16 units, keeping its suffix."""
    stem, suffix = split(name)
    whole = stem
    while stem and (len((stem + suffix).encode()) > limit or width(stem + suffix) > units):
        stem = stem[:-1]
    if stem != whole:
        while stem and unicodedata.combining(stem[-1]):
            stem = stem[:-1]
        stem = stem.rstrip(". ")
    return stem + suffix


def width(text: str) -> int:
    """Length in UTF-16 units, which is what Windows counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def split(name: str) -> tuple[str, str]:
    """Stem and suffix (".pdf"); what follows the last dot is a suffix where it looks like one."""
    found = _SUFFIX.search(name)
    return (name[: found.start()], found[0]) if found and found.start() else (name, "")


def wanted(name: str, title: str, format: str, is_page: bool) -> str:
    """The name an item should have: its own where a person gave it, else its title.

    The names of web pages come from addresses ("index.html"), so pages go by their titles. The
    suffix always fits the format.
    """
    stem, suffix = split(name.replace("\\", "/").rsplit("/", 1)[-1])
    fitting = SUFFIXES.get(format.lower(), ())
    if fitting:
        if suffix.lower() not in fitting:
            # A suffix that belongs to another format is wrong; any other is part of the name.
            stem = stem if suffix.lower() in _KNOWN else stem + suffix
            suffix = fitting[0]
    elif not suffix and format.isalnum() and format != "unknown":
        suffix = f".{format.lower()}"
    human = any(character.isalpha() for character in stem) and not _GENERIC.fullmatch(stem)
    if title.strip() and (is_page or not human):
        stem = title
        if split(title)[1].lower() == suffix.lower():
            stem = split(title)[0]
    # Cut before the suffix is added, so that a long title with a dot cannot lose it.
    return safe_name(cut(safe_name(stem, 4 * COMPONENT) + suffix, COMPONENT))


def numbered(name: str, number: int) -> str:
    """``name`` with " (2)" before its suffix, still within the limit."""
    stem, suffix = split(name)
    mark = f" ({number})"
    return cut(stem, COMPONENT - len(mark + suffix)).rstrip(". ") + mark + suffix

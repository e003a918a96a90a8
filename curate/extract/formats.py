"""What kinds of files there are and how their bytes show it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from curate.model import Extracted, Kind

MAX_TEXT = 2_000_000
"""Characters of text kept of one resource; about four thick books."""


@dataclass(frozen=True, slots=True)
class Format:
    id: str
    kind: Kind
    mime: str
    suffixes: tuple[str, ...] = ()
    reader: Callable[[Path, str, Format], Extracted] | None = None


HOLD_TEXT = frozenset(
    ".pdf .docx .pptx .xlsx .xls .ods .odt .odp .epub .html .htm .xhtml .md .markdown .txt .csv .tsv "
    ".json .xml .tex .rtf .ipynb .eml .svg".split()
)
UNKNOWN = Format("unknown", "other", "application/octet-stream")
TEXT = Format("txt", "text", "text/plain", (".txt",))


def holds_text(suffix: str) -> bool:
    """Whether files of this kind can hold text that keywords could match, by the suffix alone."""
    return suffix.lower() in HOLD_TEXT


def sniff(path: Path, name: str) -> Format:
    """What the bytes at ``path`` are: by signature, then by a look inside, ``name`` breaking ties."""
    with path.open("rb") as file:
        head = file.read(4096)
    try:
        head.decode("utf-8")
    except UnicodeDecodeError:
        return UNKNOWN
    return Format("txt", "text", "text/plain", (".txt",), _plain)


def _plain(path: Path, name: str, shape: Format) -> Extracted:
    text = path.read_bytes().decode("utf-8", "replace")
    return Extracted(
        shape.id, shape.kind, shape.mime, text=text[:MAX_TEXT], truncated=len(text) > MAX_TEXT
    )

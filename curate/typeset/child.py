"""The process that runs typst: jobs on standard input, what came of them on standard output."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

import msgspec


class Job(msgspec.Struct, frozen=True):
    """What to set."""

    format: Literal["pdf", "png"]
    sources: dict[str, bytes] = {}  # by name; main.typ is the document
    fonts: list[str] = []  # folders
    stamp: int = 0  # of a PDF: seconds since 1970
    tagged: bool = False
    ppi: float = 144.0


class Made(msgspec.Struct, frozen=True):
    """A PDF, or the pages as PNGs; or why there is none."""

    pages: list[bytes] = []
    fault: str = ""


def main() -> None:
    jobs = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=list[Job])
    sys.stdout.buffer.write(msgspec.msgpack.encode([_made(job) for job in jobs]))


def _made(job: Job) -> Made:
    """Set in a folder that holds the sources and nothing else: the ones in memory have to be text."""
    with tempfile.TemporaryDirectory(prefix="curate-") as folder:
        for name, data in job.sources.items():
            Path(folder, name).write_bytes(data)
        return _set(job, Path(folder, "main.typ"))


def _set(job: Job, main: Path) -> Made:
    import typst

    fonts = typst.Fonts(include_system_fonts=False, font_paths=list(job.fonts))
    how: dict[str, Any] = (
        {"timestamp": job.stamp, "pdf_tags": job.tagged}
        if job.format == "pdf"
        else {"ppi": job.ppi}
    )
    try:
        made = typst.compile(
            str(main), root=str(main.parent), font_paths=fonts, format=job.format,
            ignore_system_fonts=True, **how,
        )  # fmt: skip
    except typst.TypstError as fault:
        hints = "".join(f" ({hint})" for hint in fault.hints)
        return Made(fault=f"{fault.message}{hints}")
    return Made([made] if isinstance(made, bytes) else list(made))

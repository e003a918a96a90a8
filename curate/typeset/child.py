"""The process that runs typst: a job on standard input, what came of it on standard output."""

from __future__ import annotations

import sys
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
    job = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Job)
    sys.stdout.buffer.write(msgspec.msgpack.encode(_made(job)))


def _made(job: Job) -> Made:
    import typst

    compile: Any = typst.compile  # its stubs do not know of sources held in memory
    fonts = typst.Fonts(include_system_fonts=False, font_paths=job.fonts)
    how: dict[str, Any] = (
        {"timestamp": job.stamp, "pdf_tags": job.tagged}
        if job.format == "pdf"
        else {"ppi": job.ppi}
    )
    try:
        made = compile(
            job.sources, font_paths=fonts, format=job.format, ignore_system_fonts=True, **how
        )
    except typst.TypstError as fault:
        hints = "".join(f" ({hint})" for hint in fault.hints)
        return Made(fault=f"{fault.message}{hints}")
    return Made([made] if isinstance(made, bytes) else list(made))

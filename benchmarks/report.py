"""Where benchmarks write what they measured: between two marks in README.md."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

README = Path(__file__).resolve().parent / "README.md"


def write(name: str, lines: Iterable[str]) -> None:
    """Put ``lines`` between the marks of ``name``, in place of what stood there. Raises ValueError without marks."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    text = README.read_text("utf-8")
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"{README} has no {begin} and {end}")
    body = "\n".join(lines).strip()
    part = README.with_suffix(f".{os.getpid()}.part")
    part.write_text(f"{before}{begin}\n\n{body}\n\n{end}{after}", "utf-8")
    part.replace(README)


def table(head: Sequence[str], rows: Iterable[Sequence[object]], left: int = 1) -> list[str]:
    """A Markdown table; all but the first ``left`` columns are set to the right."""
    marks = ["---" if n < left else "--:" for n in range(len(head))]
    cells = [head, marks, *rows]
    return ["| " + " | ".join(map(str, row)) + " |" for row in cells]


def machine() -> str:
    """What the figures were made on, in a sentence."""
    cores = os.cpu_count() or 1
    return (
        f"{cores} cores ({platform.machine()}), {platform.system()},"
        f" {platform.python_implementation()} {platform.python_version()}."
    )


def log(what: str) -> None:
    print(what, file=sys.stderr, flush=True)

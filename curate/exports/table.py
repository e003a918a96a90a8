"""CSV as importers read it: commas, quotes doubled, LF, UTF-8 without a byte order mark.

The mark would become part of the first column's name in Vendure and django-oscar; Excel alone asks for it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path


def write(
    path: Path, header: Sequence[str], rows: Iterable[Mapping[str, str]], excel: bool = False
) -> Path:
    """Rows by column; what a row does not name is empty. ``excel``: with the mark that Excel needs."""
    with path.open("w", encoding="utf-8-sig" if excel else "utf-8", newline="") as file:
        table = csv.DictWriter(file, header, restval="", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    return path


def bare(path: Path, rows: Iterable[Sequence[str]]) -> Path:
    """Rows without a header, every cell quoted."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return path

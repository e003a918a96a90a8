"""dujiao-next: a CSV for each product with the column ``secret``, to import below its SKU."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from curate.exports import Fault, Offer
from curate.exports.cards import cards
from curate.exports.table import write


class DujiaoNextExport:
    """``HANDLE.csv`` for each offer. No cell holds a line end, at which dujiao-next cuts even quoted ones."""

    checked = "schema"

    def write(self, offers: Sequence[Offer], folder: Path) -> tuple[list[Path], list[Fault]]:
        found, problems = cards(offers)
        files = [
            write(
                folder / f"{article.handle}.csv", ["secret"], [{"secret": line} for line in lines]
            )
            for article, lines in found
        ]
        return files, problems

"""独角数卡 (dujiaoka): a text file for each product, one code in each line, to upload below 卡密."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from curate.exports import Fault, Offer
from curate.exports.cards import cards


class DujiaokaExport:
    """``HANDLE.txt`` for each offer. Choose 循环卡密 there: a share serves every buyer."""

    checked = "schema"

    def write(self, offers: Sequence[Offer], folder: Path) -> tuple[list[Path], list[Fault]]:
        found, problems = cards(offers)
        files = []
        for article, lines in found:
            path = folder / f"{article.handle}.txt"
            # No byte order mark: it would become part of the first code.
            path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
            files.append(path)
        return files, problems

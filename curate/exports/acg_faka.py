"""异次元发卡 (acg-faka): a text file for each product, to paste below 卡密."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from curate.errors import Problem
from curate.exports import Offer
from curate.exports.cards import cards

_LONGEST = 760
"""Characters of a code that it stores."""


class AcgFakaExport:
    """``HANDLE.txt`` for each offer, whole lines: ``║`` would part a code from its price."""

    checked = "schema"

    def write(self, offers: Sequence[Offer], folder: Path) -> tuple[list[Path], list[Problem]]:
        found, problems = cards(offers)
        files = []
        for article, lines in found:
            if max(map(len, lines)) > _LONGEST:
                problems.append(
                    Problem(
                        article.product.name,
                        f"a line of it is longer than the {_LONGEST} characters that acg-faka stores",
                        "record a shorter address with curate publish record",
                    )
                )
                continue
            path = folder / f"{article.handle}.txt"
            path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
            files.append(path)
        return files, problems

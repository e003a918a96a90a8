"""异次元发卡 (acg-faka): a text file for each product, to paste below 卡密."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from curate.exports import Fault, Offer
from curate.exports.cards import cards
from curate.messages import msg

_LONGEST = 760
"""Characters of a code that it stores."""


class AcgFakaExport:
    """``HANDLE.txt`` for each offer, whole lines: ``║`` would part a code from its price."""

    checked = "schema"

    def write(self, offers: Sequence[Offer], folder: Path) -> tuple[list[Path], list[Fault]]:
        found, problems = cards(offers)
        files = []
        for article, lines in found:
            if max(map(len, lines)) > _LONGEST:
                problems.append(
                    Fault(
                        article.product.name,
                        msg(
                            "a line of it is longer than the {most} characters that {platform} stores",
                            most=_LONGEST,
                            platform="acg-faka",
                        ),
                        msg("record a shorter address with curate publish record"),
                    )
                )
                continue
            path = folder / f"{article.handle}.txt"
            path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
            files.append(path)
        return files, problems

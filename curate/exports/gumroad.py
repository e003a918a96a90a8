"""A folder for each offer with what Gumroad's product form asks for, in its order, and the files to upload."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from curate import checksum
from curate.exports import Fault, Offer
from curate.exports.article import Article, articles
from curate.exports.pictures import Pictures
from curate.messages import msg

_CURRENCIES = frozenset(
    "USD GBP EUR JPY INR AUD CAD HKD SGD TWD NZD BRL ZAR CHF ILS PHP KRW PLN CZK".split()
)
"""What a product can be priced in there."""


class GumroadExport:
    """``HANDLE/`` for each offer: texts to paste, ``images/`` and ``upload/`` with the archives.

    The archives are hard links to those of the release, which take no room; ``copies`` where another disk
    or program needs files of its own. A link and its release are one file: do not edit it.
    """

    checked = "schema"

    def __init__(self, copies: bool = False) -> None:
        self.copies = copies

    def write(self, offers: Sequence[Offer], folder: Path) -> tuple[list[Path], list[Fault]]:
        found, problems = articles(offers, one_currency=False)
        files: list[Path] = []
        for article in found:
            missing = [*_missing(article)]
            problems += missing
            if not missing:
                there, faults = self._folder(article, folder / article.handle)
                files += there
                problems += faults
        return files, problems

    def _folder(self, article: Article, folder: Path) -> tuple[list[Path], list[Fault]]:
        folder.mkdir()
        pictures = Pictures(folder / "images")
        _, problems = pictures.of(article)
        files = [_text(folder / name, text) for name, text in _texts(article).items() if text]
        upload = folder / "upload"
        upload.mkdir()
        release = article.offer.folder.parent
        for archive in article.product.archives:
            files.append(self._bring(release / archive.file, upload / archive.file))
        if article.product.currency not in _CURRENCIES:
            problems.append(
                Fault(
                    article.product.name,
                    msg(
                        "its price is in {currency}, which Gumroad does not sell in",
                        currency=article.product.currency,
                    ),
                    msg("type a price in another currency there"),
                    "warning",
                )
            )
        return [*files, *pictures.files()], problems

    def _bring(self, source: Path, target: Path) -> Path:
        if not self.copies:
            try:
                os.link(source, target)
                return target
            except OSError:  # another disk, or one without links
                pass
        shutil.copyfile(source, target)
        return target


def _texts(article: Article) -> dict[str, str]:
    words, product = article.words, article.product
    sums = "\n".join(f"{one.sha256}  {one.file}" for one in product.archives)
    return {
        "name.txt": words.title,
        "summary.txt": words.short,
        "description.html": words.html,
        "price.txt": f"{article.price:f} {product.currency}",
        "tags.txt": "\n".join(article.keywords),
        "address.txt": article.handle,
        "after-purchase.txt": words.note,
        "checksums.txt": sums,
        "public-key.txt": product.public_key,
    }


def _text(path: Path, text: str) -> Path:
    path.write_text(f"{text}\n", encoding="utf-8", newline="\n")
    return path


def _missing(article: Article) -> Iterator[Fault]:
    release = article.offer.folder.parent
    for archive in article.product.archives:
        path = release / archive.file
        if Path(archive.file).name != archive.file or not path.is_file():
            yield Fault(
                article.product.name,
                msg(
                    "its archive {file} is not in {folder}", file=archive.file, folder=release.name
                ),
                msg("restore it from a backup of the release"),
            )
        elif checksum.of(path) != archive.sha256:
            yield Fault(
                article.product.name,
                msg("its archive {file} is not as it was released", file=archive.file),
                msg("restore it from a backup of the release"),
            )

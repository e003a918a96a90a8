"""Images of an offer, put beside the file that names them under names that every system takes."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from curate.exports import Fault
from curate.exports.article import Article
from curate.messages import msg

_KINDS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif"})


@dataclass(frozen=True, slots=True)
class Picture:
    name: str  # its file in the folder
    url: str  # where it will be served from; "" where nobody said


@dataclass(slots=True)
class Pictures:
    """Copies into ``folder``; ``base`` is the address that its files will be served under."""

    folder: Path
    base: str = ""

    def of(self, article: Article) -> tuple[list[Picture], list[Fault]]:
        """The article's images, the cover first, and those that cannot be used."""
        copied: list[Picture] = []
        problems: list[Fault] = []
        for image in article.product.images:
            source = _inside(article.offer.folder, image)
            if source is None or source.suffix.lower() not in _KINDS:
                problems.append(
                    Fault(
                        article.product.name,
                        msg("its image {image} is not there", image=image),
                        severity="warning",
                    )
                )
                continue
            name = f"{article.handle}-{len(copied) + 1}{source.suffix.lower()}"
            self.folder.mkdir(exist_ok=True)
            shutil.copyfile(source, self.folder / name)
            copied.append(
                Picture(name, f"{self.base.rstrip('/')}/{quote(name)}" if self.base else "")
            )
        return copied, problems

    def files(self) -> list[Path]:
        return sorted(self.folder.iterdir()) if self.folder.is_dir() else []

    def homeless(self, platform: str) -> list[Fault]:
        """Tell that the platform takes images from the web only, where there are some and no address."""
        if self.base or not self.folder.is_dir():
            return []
        return [
            Fault(
                platform,
                msg(
                    "the images lie in {folder}/, and the file names none: it may only name what is on the web",
                    folder=self.folder.name,
                ),
                msg(
                    "upload them and export again with --images ADDRESS, or add them in {platform}",
                    platform=platform,
                ),
                "warning",
            )
        ]


def _inside(folder: Path, name: str) -> Path | None:
    """The file of that name, if it lies in ``folder``: product.json may come from elsewhere."""
    path = folder / name
    try:
        there = path.resolve(strict=True).is_relative_to(folder.resolve()) and path.is_file()
    except (OSError, ValueError):
        return None
    return path if there else None

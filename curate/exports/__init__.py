"""Files that shops and card machines import: one file here and one line in pyproject.toml for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from curate.errors import Problem
from curate.messages import render
from curate.model import Language, Message
from curate.product import Product
from curate.shares import Share


@dataclass(frozen=True, slots=True)
class Offer:
    """A product with what lies around it."""

    product: Product
    folder: Path  # listing/ of the release: the images that product.images names
    shares: tuple[Share, ...] = ()  # where buyers get it


@dataclass(frozen=True, slots=True)
class Fault:
    """What a platform would not take, or its seller has to know; said in the language of who reads it."""

    where: str  # name of a product, or of the platform
    what: Message
    hint: Message | None = None
    severity: str = "error"  # leaves the offer out; or "warning"

    def told(self, language: Language) -> Problem:
        hint = render(self.hint, language) if self.hint else ""
        return Problem(self.where, render(self.what, language), hint, self.severity)


class Export(Protocol):
    """Writes for one platform. Built without arguments."""

    checked: str
    """How this format was checked: "engine" (the platform's own importer took it) or "schema"."""

    def write(self, offers: Sequence[Offer], folder: Path) -> tuple[list[Path], list[Fault]]:
        """Write all ``offers`` in one go into ``folder``, which exists; name the files and what the
        platform would not take (``Fault.severity``: an error leaves that offer out)."""
        ...


__all__ = ["Export", "Fault", "Offer"]

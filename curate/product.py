"""product.json in a release's listing/: all that a shop needs to know of it, in both languages.

Written with the listing kit when the bundle is built; exports read nothing else.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from curate import typed
from curate.errors import CurateError
from curate.model import Language

FILE = "product.json"
FORMAT = 1
"""Raised when a field changes its meaning; new fields have defaults."""


class Question(msgspec.Struct, frozen=True):
    """One of the frequently asked ones."""

    asked: str
    answer: str


class Words(msgspec.Struct, frozen=True):
    """What is said in one language. Plain text unless it says otherwise; every number in it was counted."""

    title: str
    short: str  # one paragraph, at most some 160 characters
    description: str  # paragraphs apart by an empty line, no markup
    html: str  # the same, with headings and lists: h3, p, ul, li, strong, nothing else
    keywords: tuple[str, ...]
    faq: tuple[Question, ...]
    note: str  # what a buyer reads after paying: how to unpack, verify, get help
    variants: tuple[str, ...] = ()  # other titles, to try which is found more often


class Zip(msgspec.Struct, frozen=True):
    """One archive of the release."""

    file: str
    size: int  # bytes
    sha256: str


class Product(msgspec.Struct, frozen=True):
    """One release as shops list it."""

    format: int
    name: str  # the collection's, stable over versions
    sku: str
    version: str
    language: Language  # the one its files and pages are written in
    words: dict[Language, Words]  # both languages
    price: str  # decimal; "0" where it is free
    currency: str  # ISO 4217
    categories: tuple[str, ...]  # as people read them, in the collection's order
    images: tuple[str, ...]  # files beside product.json, the cover first
    samples: tuple[str, ...]  # further files a shop may show: sample pages
    archives: tuple[Zip, ...]
    public_key: str  # minisign; "" where the seller has none
    licenses: tuple[str, ...]  # SPDX ids of everything in it
    items: int
    size: int  # bytes, unpacked
    pages: int = 0
    words_in_it: int = 0
    seconds: int = 0
    credits: tuple[str, ...] = ()  # lines that the licences of what the images show ask for


def read(folder: Path) -> Product:
    """The product of the release in ``folder``. Raises CurateError where there is none, or it is damaged."""
    path = folder / "listing" / FILE
    try:
        return typed.json(path.read_bytes(), Product)
    except FileNotFoundError as fault:
        raise CurateError(
            f"{path} does not exist: this release was built without a listing kit",
            'add "kit" to listing.formats in its collection.toml and build the next version',
        ) from fault
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise CurateError(
            f"{path} cannot be read: {fault}", "restore it from a backup of the release"
        ) from fault

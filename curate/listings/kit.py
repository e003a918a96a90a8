"""The listing kit: product.json, which exports read, and its texts and pictures for people."""

from __future__ import annotations

from pathlib import Path

import msgspec

from curate import product, spdx
from curate.listings import Shown, claims, pictures
from curate.listings.phrases import line
from curate.listings.pictures import Pictures
from curate.listings.words import words
from curate.messages import Say, speaker
from curate.model import Language
from curate.product import Product, Words

_LANGUAGES: tuple[Language, ...] = ("en", "zh")


class KitListing:
    """``product.json``, ``description.{en,zh}.txt``, covers, contact sheet, previews, ``sample.pdf`` and
    ``PICTURES.md``, which says whose work the pictures show."""

    def write(self, shown: Shown, folder: Path) -> list[Path]:
        """Raises ConfigError for claims of the seller's that nothing proves."""
        claims.check(shown)
        drawn = pictures.make(shown, folder)
        made = _product(shown, drawn)
        paths = [folder / name for name in (*drawn.images, *drawn.samples)]
        paths.append(_save(folder / "PICTURES.md", pictures.told(drawn, shown).encode()))
        paths += [_save(folder / product.FILE, _json(made))]
        for language in _LANGUAGES:
            text = _text(made.words[language], speaker(language))
            paths.append(_save(folder / f"description.{language}.txt", text.encode()))
        return paths


def _product(shown: Shown, drawn: Pictures) -> Product:
    facts, listing = shown.facts, shown.collection.listing
    used = {id for item in shown.items for id in spdx.ids(item.decision.license)}
    return Product(
        format=product.FORMAT,
        name=facts.name,
        sku=line(listing.sku) or facts.name,
        version=facts.version,
        language=facts.language,
        words={language: words(shown, language, drawn.items) for language in _LANGUAGES},
        price=facts.price,
        currency=facts.currency,
        categories=tuple(line(one.name) for one in facts.categories),
        images=drawn.images,
        samples=drawn.samples,
        archives=shown.archives,
        public_key=shown.public_key,
        licenses=tuple(sorted(used)),
        items=facts.items,
        size=facts.size,
        pages=facts.pages,
        words_in_it=facts.words,
        seconds=facts.seconds,
        credits=tuple(
            line(item.credit) for item in drawn.items if "attribution" in item.decision.obligations
        ),
    )


def _text(said: Words, say: Say) -> str:
    """What a person copies into a shop's form, field by field."""
    asked = "\n\n".join(f"{one.asked}\n{one.answer}" for one in said.faq)
    fields = [
        (say("Title"), said.title),
        (say("Other titles to try"), "\n".join(said.variants)),
        (say("Short description"), said.short),
        (say("Description"), said.description),
        (say("Questions and answers"), asked),
        (say("Keywords"), ", ".join(said.keywords)),
        (say("Note to the buyer"), said.note),
    ]
    return "\n\n".join(f"=== {label} ===\n{text}" for label, text in fields if text) + "\n"


def _json(made: Product) -> bytes:
    encoded = msgspec.json.encode(made, order="deterministic")
    return msgspec.json.format(encoded, indent=1) + b"\n"


def _save(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path

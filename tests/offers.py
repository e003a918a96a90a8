"""Offers to export: products as a listing kit writes them, with images and archives that are really there."""

from __future__ import annotations

import hashlib
import struct
import zlib
from pathlib import Path
from typing import Any

from curate.exports import Offer
from curate.product import Product, Question, Words, Zip
from curate.shares import Share

HTML = "<h3>What is inside</h3>\n<ul><li>12 guides &amp; “tips”, 3|4: all\\new</li></ul>\n<p>C:\\notes\\</p>"


def png(colour: int) -> bytes:
    """A picture of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes([0, colour]))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def words(title: str, **others: Any) -> Words:
    said: dict[str, Any] = {
        "short": "Twelve guides, sorted.",
        "description": "Twelve guides, sorted.\n\nEach one counted.",
        "html": HTML,
        "keywords": ("guides", "how-to, quick", "a:b|c", "x"),
        "faq": (Question("Can I print it?", "Yes."),),
        "note": "Unpack it.\nOpen START-HERE.html.",
    }
    return Words(title=title, **{**said, **others})


def product(name: str, title: str = "", **others: Any) -> Product:
    """Its title in its own language is ``title``; English, unless others say otherwise."""
    said: dict[str, Any] = {
        "format": 1,
        "sku": name,
        "version": "1.2.0",
        "language": "en",
        "words": {"en": words(title or f"Guides: {name}"), "zh": words("小吃配方资料包", description="十二份配方，分类整理。\n\n逐一清点。")},
        "price": "19.90",
        "currency": "CNY",
        "categories": ("Invoices > old", "Photos, large", "小吃"),
        "images": ("cover.png", "sheet.png"),
        "samples": (),
        "archives": (Zip(f"{name}.zip", 5, hashlib.sha256(b"bytes").hexdigest()),),
        "public_key": "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3",
        "licenses": ("CC-BY-4.0", "MIT"),
        "items": 12,
        "size": 123456,
    }  # fmt: skip
    return Product(name=name, **{**said, **others})


def offer(root: Path, made: Product, *shares: Share) -> Offer:
    """``made`` as a release below ``root``: listing/ with its images, the archives beside it."""
    listing = root / made.name.encode().hex()[:60] / made.version / "listing"
    listing.mkdir(parents=True)
    for number, image in enumerate(made.images):
        if image in ("cover.png", "sheet.png"):
            (listing / image).write_bytes(png(number))
    for archive in made.archives:
        (listing.parent / archive.file).write_bytes(b"bytes")
    return Offer(made, listing, shares)


def share(**others: Any) -> Share:
    said: dict[str, Any] = {
        "verb": "put", "version": "1.2.0", "target": "pan", "url": "https://pan.example/s/1AbC",
        "when": "2026-01-01T00:00:00Z", "code": "x7k2",
    }  # fmt: skip
    return Share(**{**said, **others})

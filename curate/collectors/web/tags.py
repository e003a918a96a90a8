"""Small things to ask of an element."""

from __future__ import annotations

import unicodedata
from typing import Any


def attribute(tag: Any, name: str) -> str:
    """Of an element of BeautifulSoup or selectolax; "" where it has none."""
    if tag is None:
        return ""
    known = tag.attrs if hasattr(tag, "contents") else tag.attributes
    value = known.get(name) or ""
    return value if isinstance(value, str) else " ".join(value)


def rels(tag: Any) -> set[str]:
    return set(attribute(tag, "rel").lower().split())


def clean(text: str, most: int = 500) -> str:
    text = " ".join(text.split())
    return (text if text.isascii() else unicodedata.normalize("NFC", text))[:most]

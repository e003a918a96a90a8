"""Small things to ask of an element."""

from __future__ import annotations

import unicodedata
from typing import Any


def attribute(tag: Any, name: str) -> str:
    value = tag.get(name, "") if tag is not None else ""
    return value if isinstance(value, str) else " ".join(value)


def rels(tag: Any) -> set[str]:
    return set(attribute(tag, "rel").lower().split())


def clean(text: str, most: int = 500) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split()))[:most]

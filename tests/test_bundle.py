"""A bundle is made once, the same each time, and holds what its pages say."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from curate.bundle import Release, Request, package
from curate.collection import Category, Collection, Loaded
from curate.model import Decision, Item, LicenseInfo, Message, Omission

GUIDES = (Category("guides", "Guides"), Category("data", "Data & tables"))


def item(name: str, text: str | bytes, **more: Any) -> Item:
    """An item of these bytes."""
    data = text.encode() if isinstance(text, str) else text
    suffix = name.rpartition(".")[2].lower()
    fields: dict[str, Any] = {
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
        "name": name,
        "title": name.rpartition(".")[0],
        "category": "guides",
        "format": suffix,
        "kind": "text",
        "mime": "text/plain",
        "language": "en",
        "description": "",
        "keywords": (),
        "properties": {},
        "creators": ("Ann Author",),
        "source": "https://example.org/a",
        "decision": Decision("allow", "CC-BY-4.0", ("attribution",), holder="Ann Author"),
        "credit": f"{name}, Ann Author, CC BY 4.0",
        "open": lambda: io.BytesIO(data),
        "thumbnail": lambda: b"",
    }
    return Item(**(fields | more))


ITEMS = (
    item("walden.txt", "I went to the woods. " * 40, keywords=("nature", "life")),
    item("numbers.csv", "a,b\n1,2\n" * 30, category="data", kind="table", format="csv"),
    item("noise.bin", hashlib.shake_128(b"noise").digest(5000), category="", kind="other"),
)


def request(
    folder: Path, items: Sequence[Item] = ITEMS, tutorial: str = "", **more: Any
) -> Request:
    """What ``package`` is asked for. The collection lies in ``folder`` and is named after it."""
    folder.mkdir(parents=True, exist_ok=True)
    if tutorial:
        (folder / "tutorial.md").write_text(tutorial, "utf-8")
    fields: dict[str, Any] = {"title": "Woods & numbers", "sources": (), "categories": GUIDES}
    collection = Collection(**(fields | more), name=folder.name)
    licenses = {
        "CC-BY-4.0": LicenseInfo(
            "CC-BY-4.0", "Creative Commons Attribution 4.0",
            "https://creativecommons.org/licenses/by/4.0/", "The licence text.",
        )
    }  # fmt: skip
    omitted = Omission("0" * 64, "Left | out", "", Message("no licence"))
    return Request(Loaded(collection, folder), items, (omitted,), licenses)


def release(
    tmp_path: Path, items: Sequence[Item] = ITEMS, version: str = "", **more: Any
) -> Release:
    """A release of ``items`` in ``tmp_path/build``."""
    return package(request(tmp_path / "woods", items, **more), tmp_path / "build", version)

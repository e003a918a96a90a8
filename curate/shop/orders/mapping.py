"""What a channel calls a product → the SKU it is. Written down by the seller, never guessed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import msgspec

from curate.shop.settings import Settings


class Unmapped(msgspec.Struct, frozen=True, order=True):
    """A product of a channel that shop.toml does not map, and how many lines wait for it."""

    channel: str
    item: str
    variant: str
    title: str
    lines: int

    @property
    def key(self) -> str:
        """What stands for it in [channels.NAME.products]."""
        return f"{self.item}:{self.variant}" if self.variant else self.item


def sku_of(settings: Settings, channel: str, item: str, variant: str) -> str:
    """ "" where nothing says which SKU it is.

    An item that is an SKU itself needs no mapping, unless a variant stands beside it: which one of them the
    SKU is would be a guess.
    """
    found = settings.channels.get(channel)
    products = found.products if found else {}
    exact = f"{item}:{variant}" if variant else item
    for name in (exact, f"{item}:*"):
        if name in products:
            return products[name]
    return item if not variant and item in settings.products else ""


def to_add(settings: Settings, unmapped: Iterable[Unmapped]) -> list[str]:
    """The lines of shop.toml that are missing, table by table. The SKUs are for the seller to fill in."""
    lines: list[str] = []
    some = sorted(unmapped)
    for channel in dict.fromkeys(one.channel for one in some):
        lines.append(f"[channels.{key(channel)}.products]")
        lines += [
            f'{string(one.key)} = "{_known(settings)}"  # {_line(one.title or one.item)}'
            for one in some
            if one.channel == channel
        ]
    return lines


def _known(settings: Settings) -> str:
    skus: Sequence[str] = tuple(settings.products)
    return skus[0] if len(skus) == 1 else "SKU"


def _line(text: str) -> str:
    return " ".join(text.split())


def key(name: str) -> str:
    """``name`` as a key of TOML."""
    bare = name and all(char.isascii() and (char.isalnum() or char in "-_") for char in name)
    return name if bare else string(name)


def string(text: str) -> str:
    """``text`` as a basic string of TOML, which is JSON's but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")

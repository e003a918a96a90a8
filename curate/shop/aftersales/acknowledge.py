"""Buyers' agreement that digital goods are not returned without a reason: which text, when, by what way.

Chinese law lets a seller refuse such a return only where the buyer confirmed it for that very purchase
(消费者权益保护法 art. 25 and the measures of 2017 on it).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import Connection, select

from curate import typed
from curate.database.tables import acknowledgements
from curate.errors import CurateError
from curate.model import Language
from curate.shop.aftersales import purchase

if TYPE_CHECKING:
    from curate.shop import Shop

_SOURCE = 500
"""Characters of what tells how the agreement came about."""


class Text(msgspec.Struct, frozen=True):
    """One version of what is agreed to, in the two languages of buyers."""

    version: str
    en: str
    zh: str

    def said(self, language: Language) -> str:
        return (self.zh if language == "zh" else self.en).strip()


class _File(msgspec.Struct, frozen=True):
    text: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    text_version: str
    source: str  # checkout, page, chat, …: as it was told
    at: int  # seconds since 1970


@cache
def texts() -> tuple[Text, ...]:
    """Every version there ever was, oldest first; the last is the one to show."""
    file = resources.files("curate.shop.aftersales").joinpath("no_return.toml")
    found: _File = typed.convert(tomllib.loads(file.read_text("utf-8")), _File)
    return found.text


def record(
    shop: Shop,
    channel: str,
    number: str,
    *,
    version: str = "",
    source: str,
    at: int | None = None,
) -> Acknowledgement:
    """Note that the buyer of an order agreed to text ``version`` (without it: the one in use) ``at`` that time.

    Once for an order and a version: the first word stands. Raises CurateError for what is unknown.
    """
    version = version or texts()[-1].version
    known = [text.version for text in texts()]
    if version not in known:
        raise CurateError(
            f"there is no text of version {version!r}", f"there are: {', '.join(known)}"
        )
    if not source.strip():
        raise CurateError("it is not said how the buyer agreed", "name it: --source checkout")
    moment = shop.now() if at is None else at
    if not 0 < moment <= shop.now():
        raise CurateError("the agreement lies in the future", "give the time when it was made")
    with shop.database.writing() as connection:
        order = purchase.order(connection, channel, number)
        connection.execute(
            shop.database.insert(acknowledgements)
            .values(
                order_id=order, text_version=version, source=source.strip()[:_SOURCE], at=moment
            )
            .on_conflict_do_nothing(index_elements=["order_id", "text_version"])
        )
        return next(one for one in of(connection, order) if one.text_version == version)


def of(connection: Connection, order_id: int) -> tuple[Acknowledgement, ...]:
    """What the buyer of an order agreed to, oldest first."""
    rows = connection.execute(
        select(acknowledgements.c.text_version, acknowledgements.c.source, acknowledgements.c.at)
        .where(acknowledgements.c.order_id == order_id)
        .order_by(acknowledgements.c.at, acknowledgements.c.id)
    )
    return tuple(Acknowledgement(*row) for row in rows)

"""Whether the shop can be asked anything at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from curate.database.tables import orders

if TYPE_CHECKING:
    from curate.shop import Shop

Fault = SQLAlchemyError
"""What the database raises when it fails in the middle."""


def check(shop: Shop) -> None:
    """Asks the database for next to nothing. Raises CurateError or ``Fault``."""
    with shop.database.reading() as connection:
        connection.execute(select(orders.c.id).limit(1)).all()

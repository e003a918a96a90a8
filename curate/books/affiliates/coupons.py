"""Coupons: codes that buyers type in a shop, each of one affiliate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from curate.books.affiliates import codes, register
from curate.database.tables import coupons
from curate.errors import CurateError

if TYPE_CHECKING:
    from curate.shop import Shop


def give(shop: Shop, affiliate: str, coupon: str) -> str:
    """Tie ``coupon`` to an affiliate, for good: a sale by it is theirs. How it is spelled from now on.

    Given again, nothing changes. Raises CurateError where it means something else already.
    """
    code = codes.spelled(coupon)
    with shop.database.writing() as connection:
        owner = register.held(connection, affiliate)
        row = connection.execute(select(coupons).where(coupons.c.code == code)).first()
        if row is not None and row.affiliate_id == owner.id:
            return code
        codes.check_free(connection, code)
        values = {"code": code, "affiliate_id": owner.id, "made_at": shop.now()}
        connection.execute(coupons.insert().values(values))
    return code


def end(shop: Shop, affiliate: str, coupon: str) -> str:
    """From now on no sale is anybody's by it; it is not given to another one. Raises CurateError."""
    code = codes.spelled(coupon)
    with shop.database.writing() as connection:
        owner = register.held(connection, affiliate)
        own = (coupons.c.code == code) & (coupons.c.affiliate_id == owner.id)
        if connection.scalar(select(coupons.c.code).where(own)) is None:
            raise CurateError(
                f"{owner.code} has no coupon {code}",
                f"see theirs: curate affiliates show {owner.code}",
            )
        ending = update(coupons).where(own, coupons.c.ended_at.is_(None))
        connection.execute(ending.values(ended_at=shop.now()))
    return code

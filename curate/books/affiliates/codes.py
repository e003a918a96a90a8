"""Codes of affiliates and coupons: one name space, so that what a buyer types means one thing."""

from __future__ import annotations

import re
import unicodedata

from sqlalchemy import Connection, func, select

from curate.database.tables import affiliates, campaigns, coupons
from curate.errors import CurateError

_CODE = re.compile(r"[A-Z0-9][A-Z0-9_-]{0,29}", re.ASCII)


def spelled(code: str) -> str:
    """As it is kept: in capitals, however it was typed. Raises CurateError for what is no code.

    A code stands in the ledger, in links and in buyers' hands: it should not be anybody's name.
    """
    made = unicodedata.normalize("NFKC", code).strip().upper()
    if not _CODE.fullmatch(made):
        raise CurateError(
            f"{code[:40]!r} cannot be a code",
            "use 1 to 30 letters from A to Z, digits, - and _, and begin with a letter or digit",
        )
    return made


def check_free(connection: Connection, code: str) -> None:
    """Raises CurateError where an affiliate, a coupon or a campaign is called ``code`` already."""
    named = (("an affiliate", affiliates), ("a coupon", coupons), ("a campaign", campaigns))
    for what, table in named:
        if connection.scalar(select(table.c.code).where(func.upper(table.c.code) == code)):
            raise CurateError(f"{code} is {what} already", "choose another code")

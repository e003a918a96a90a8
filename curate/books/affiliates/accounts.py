"""Where an affiliate's money goes. Such an account is sensitive: it is kept only as long as they agree."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from curate.books.affiliates import register
from curate.books.journey import consent
from curate.database.tables import affiliates, payouts
from curate.errors import CurateError

if TYPE_CHECKING:
    from curate.shop import Shop

PURPOSE = "payout"
_LONGEST = 200
_METHOD = re.compile(r"[a-z][a-z0-9_-]{0,29}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """``prepared``: payouts that are on their way to the account, and may have been told to a bank."""

    code: str
    prepared: int


def keep(
    shop: Shop, affiliate: str, method: str, account: str, text_version: str, source: str
) -> None:
    """Note that they agreed to ``text_version`` (told by ``source``), and the account, in one transaction.

    ``method`` says how they are paid, such as alipay or bank. Raises CurateError: without a text that they
    agreed to nothing is kept.
    """
    account = account.strip()
    if not _METHOD.fullmatch(method):
        raise CurateError(f"{method[:40]!r} is no way to pay", "write it as alipay, wechat or bank")
    if not account or len(account) > _LONGEST or not account.isprintable():
        raise CurateError("that is no account", f"it has 1 to {_LONGEST} characters in one line")
    with shop.database.writing() as connection:
        row = register.held(connection, affiliate)
        person = _person(row.code, row.contact_id)
        consent.give(connection, shop, person, PURPOSE, text_version.strip(), source.strip())
        if not consent.may_send(connection, person, PURPOSE):
            raise CurateError(
                f"{row.code} withdrew in this very second", "if they agree again, note it once more"
            )
        own = update(affiliates).where(affiliates.c.id == row.id)
        now = shop.now()
        connection.execute(own.values(method=method, account=account, changed_at=now))


def withdraw(shop: Shop, affiliate: str, source: str) -> Withdrawn:
    """Forget the account and note that they withdrew. What they earned stays theirs, and waits.

    Payouts that were prepared keep theirs: a bank may have been told. Raises CurateError.
    """
    with shop.database.writing() as connection:
        row = register.held(connection, affiliate)
        if row.contact_id is not None:
            where = source.strip()[:_LONGEST] or "seller"
            consent.withdraw(connection, shop, row.contact_id, PURPOSE, where)
        own = update(affiliates).where(affiliates.c.id == row.id)
        connection.execute(own.values(method="", account="", changed_at=shop.now()))
        under_way = (payouts.c.affiliate_id == row.id) & (payouts.c.state == "prepared")
        count = connection.scalar(select(func.count()).select_from(payouts).where(under_way))
    return Withdrawn(row.code, int(count or 0))


def _person(code: str, contact_id: int | None) -> int:
    if contact_id is None:
        raise CurateError(
            f"{code} is tied to no contact, and nobody can agree for them",
            "take them up again by their e-mail: curate affiliates add --email",
        )
    return contact_id

"""A shop that others sell for, for tests: 20 percent, held fifteen days, at least ten yuan paid out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from curate.books.affiliates import accounts, balances, register
from curate.database.tables import commissions, payouts, postings, settlements
from curate.shop import Shop
from curate.shop.aftersales import refunds
from curate.shop.orders import Line, intake
from curate.shop.settings import Channel, Distribution, Rule, Sold
from tests.selling import SKU, Counter, shop

DAY = 86_400
HOLD = 15
BATCH = "march"


def market(root: Path, url: str = "", **how: Any) -> Counter:
    told = {"rule": "usual", "hold_days": HOLD, "minimum": {"CNY": "10.00"}} | how.pop(
        "distribution", {}
    )
    known: dict[str, Any] = {
        "products": {SKU: Sold(stock="unique"), "BOOK": Sold(stock="unique")},
        "channels": {"hand": Channel(delivery="paste"), "other": Channel(delivery="paste")},
        "distribution": Distribution(**told),
        "rules": {"usual": Rule(percent="20"), "half": Rule(percent="50", own=True)},
    }
    return shop(root, url, **{**known, **how})


def join(own: Shop, code: str, account: str = "ann@pay.example", **how: Any) -> str:
    """An affiliate whose account is known, if it is not empty."""
    new = register.New(code=code, **({"email": f"{code.lower()}@sell.example"} | how))
    made = register.add(own, new).code
    if account:
        accounts.keep(own, made, "alipay", account, "payout-1", "form")
    return made


def sell(own: Shop, number: str, paid: int, code: str = "", **how: Any) -> None:
    """An order of one line, paid now unless ``how`` says when."""
    told: dict[str, Any] = {
        "item": SKU,
        "paid": paid,
        "affiliate_code": code,
        "paid_at": own.now(),
    } | how
    taken = intake.take(own, [Line(told.pop("channel", "hand"), number, **told)])
    assert not taken.problems


def give_back(own: Shop, number: str, amount: int) -> None:
    refunds.refund(own, "hand", number, amount=amount)


def books_hold(own: Shop) -> None:
    """What always is so: each commission in one payout at most, payouts the sums of theirs, the ledger alike."""
    with own.database.reading() as connection:
        inside = (
            select(payouts.c.id, func.sum(commissions.c.amount), func.count())
            .join(settlements, settlements.c.payout_id == payouts.c.id)
            .join(commissions, commissions.c.id == settlements.c.commission_id)
            .where(commissions.c.affiliate_id == payouts.c.affiliate_id)
            .where(commissions.c.currency == payouts.c.currency)
            .group_by(payouts.c.id)
        )
        made = {row[0]: (int(row[1]), row[2]) for row in connection.execute(inside)}
        told = {row.id: row for row in connection.execute(select(payouts))}
        owed = {
            (row.account.rpartition(":")[2], row.currency): -int(row.amount)
            for row in connection.execute(
                select(postings.c.account, postings.c.currency, func.sum(postings.c.amount).label("amount"))
                .where(postings.c.account.startswith("liabilities:affiliate:"))
                .group_by(postings.c.account, postings.c.currency)
            )
        }  # fmt: skip
    alive = {own for own, row in told.items() if row.state != "failed"}
    assert made == {one: (told[one].amount, told[one].commissions) for one in alive}
    found = balances.standings(own)
    for one in found:
        assert one.earned == one.held + one.due + one.prepared + one.paid
        assert owed.get((one.code, one.currency), 0) == one.owed

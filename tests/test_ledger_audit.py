"""The check holds commissions and payouts against the ledger, too; and Beancount agrees with what they come to."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from curate.books import beancount, periods
from curate.books.affiliates import payouts
from curate.shop import Shop, calendar
from tests.distributing import BATCH, DAY, HOLD, give_back, join, market, sell
from tests.selling import Counter
from tests.test_beancount import checked, needs_beancount, ours, theirs


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    """Affiliates sold, got some of it back, were paid, and one payout came back."""
    made = market(tmp_path)
    own = made.shop
    for name in ("ANN", "BEN"):
        join(own, name)
        sell(own, f"{name}-1", 10_001, name)
        sell(own, f"{name}-2", 5_003, name)
    give_back(own, "ANN-2", 1_234)
    made.clock.now += HOLD * DAY
    payouts.prepare(own, BATCH, own.now())
    payouts.paid(own, BATCH)
    payouts.failed(own, BATCH, "BEN", "sent back")
    return made


def test_all_that_is_posted_is_what_the_tables_tell(counter: Counter) -> None:
    own = counter.shop
    assert periods.check(own) == ()
    counter.clock.now += 62 * DAY
    month = calendar.month(int(counter.clock.now) - 62 * DAY - HOLD * DAY, _zone(own))
    periods.close(own, month)
    give_back(own, "ANN-1", 10_001)  # its month is closed
    assert periods.check(own) == ()


def _zone(shop: Shop) -> calendar.ZoneInfo:
    return calendar.zone(shop.settings.books.timezone)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE commissions SET amount = amount + 1 WHERE id = 1",
        "UPDATE pools SET amount = amount + 1 WHERE id = 1",
        "UPDATE payouts SET amount = amount + 1",
        "UPDATE payouts SET state = 'paid'",
        "UPDATE payouts SET state = 'prepared'",
        "DELETE FROM settlements; DELETE FROM commissions WHERE source LIKE 'refund:%'",
        "UPDATE refunds SET amount = 1; UPDATE lines SET refunded = 1 WHERE refunded > 0",
    ],
)
def test_what_was_changed_beside_the_ledger_is_told(counter: Counter, change: str) -> None:
    with counter.shop.database.writing() as connection:
        for one in change.split(";"):
            connection.execute(text(one))
    assert periods.check(counter.shop)


@needs_beancount
def test_beancount_finds_the_same(counter: Counter) -> None:
    file = counter.shop.workspace.root / "ledger.beancount"
    count = beancount.write(counter.shop, file)
    assert checked(file) == ""
    assert theirs(file) == (count, ours(counter.shop))

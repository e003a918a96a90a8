"""How long it takes until people have brought in what it cost to win them, by the week in which that was."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from curate.books.direct.costs import spent
from curate.books.direct.sums import is_result
from curate.books.direct.weeks import Weeks, by_week
from curate.database.tables import contacts, entries, lines, orders, postings
from curate.shop import calendar

if TYPE_CHECKING:
    from curate.shop import Shop
    from curate.shop.calendar import Period


@dataclass(frozen=True, slots=True)
class Cohort:
    """People of one week, within the period. ``contributed``: revenue less fees and commission, summed up by
    the end of the week they came in, the next one, …; minor units."""

    week: str
    currency: str
    users: int
    cost: int  # advertising of that week
    contributed: tuple[int, ...]

    @property
    def so_far(self) -> int:
        return self.contributed[-1]

    @property
    def weeks(self) -> int | None:
        """After so many weeks the cost was back, 0 in the same one; None: not by the end of the period."""
        return next(
            (week for week, amount in enumerate(self.contributed) if amount >= self.cost), None
        )


def cohorts(shop: Shop, period: Period) -> tuple[Cohort, ...]:
    """Of the weeks that the period touches, in which people came or advertising was paid."""
    weeks = Weeks.until(period.last, calendar.zone(shop.settings.books.timezone))
    first, last = max(weeks.number(period.begin), 0), len(weeks.mondays) - 1
    brought: dict[tuple[str, int], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    came, sold = weeks.counted(contacts.c.acquired_at), weeks.counted(entries.c.at)
    is_new = contacts.c.acquired_at >= period.begin, contacts.c.acquired_at < period.end
    query = (
        select(postings.c.currency, came.label("came"), sold.label("sold"), func.sum(-postings.c.amount))
        .select_from(contacts)
        .join(orders, orders.c.contact_id == contacts.c.id)
        .join(lines, lines.c.order_id == orders.c.id)
        .join(entries, entries.c.line_id == lines.c.id)
        .join(postings, postings.c.entry_id == entries.c.id)
        .where(
            *is_new, entries.c.at >= period.begin, entries.c.at < period.end,
            is_result(),
        )
        .group_by(postings.c.currency, "came", "sold")
    )  # fmt: skip
    with shop.database.reading() as connection:
        for currency, week, at, amount in connection.execute(query):
            brought[currency, week][max(at, week)] += int(amount)
        counted = select(came.label("came"), func.count()).where(*is_new).group_by("came")
        users = {int(week): int(count) for week, count in connection.execute(counted)}
        costs: dict[tuple[str, int], int] = defaultdict(int)
        for cost in spent(connection, period):
            if cost.kind == "ads" and cost.first and cost.last:
                for week, part in by_week(cost.amount, cost.first, cost.last, weeks).items():
                    costs[cost.currency, week] += part
    home = shop.settings.books.currency
    named = {key for key in (*brought, *costs) if first <= key[1] <= last}
    told = named | {(home, week) for week in users if not any(key[1] == week for key in named)}
    return tuple(
        Cohort(weeks.name(week), currency, users.get(week, 0), costs[currency, week],
               _summed(brought[currency, week], week, last))
        for currency, week in sorted(told)
    )  # fmt: skip


def _summed(amounts: dict[int, int], first: int, last: int) -> tuple[int, ...]:
    sums, total = [], 0
    for week in range(first, last + 1):
        total += amounts.get(week, 0)
        sums.append(total)
    return tuple(sums)

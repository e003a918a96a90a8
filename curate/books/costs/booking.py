"""Costs as they are told → rows of ``costs`` and entries of the ledger, in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal, get_args

from sqlalchemy import Connection, select

from curate.books.sharing import split
from curate.database.tables import costs
from curate.errors import CurateError, Problem
from curate.shop import calendar, ledger

if TYPE_CHECKING:
    from curate.shop import Shop

Kind = Literal["ads", "team", "payment", "other"]
KINDS: tuple[Kind, ...] = get_args(Kind)
LONGEST = 366
"""Days of one cost."""
MOST = 10**15
"""Minor units of one cost."""
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Cost:
    """``about``: of what it is (a day and an advertisement, a month and a person); ``told``: all that is said
    of it. Both are hashed: what a file says twice counts twice, what two files say counts once."""

    kind: Kind
    amount: int  # in minor units
    currency: str
    first: date
    last: date
    channel: str = ""  # of shop.toml; "": to be shared out
    campaign: str = ""
    clicks: int = 0
    hours: str = ""
    rate: str = ""
    person: str = ""
    note: str = ""
    about: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    where: str = ""  # FILE:ROW


@dataclass(frozen=True, slots=True)
class Taken:
    rows: int = 0
    new: int = 0
    same: int = 0  # known already
    amounts: tuple[tuple[str, int], ...] = ()  # of the new ones, by currency
    shared: int = 0  # new ones that name no channel
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class _Sourced:
    """A cost with its source, "ads:ABOUT:TOLD:PLACE": PLACE counts what a file says in the same words."""

    cost: Cost
    about: str
    source: str


def take(shop: Shop, found: Iterable[Cost | Problem]) -> Taken:
    """Take in the costs of a file, each once. What contradicts what is known is a problem, and nothing of it is
    taken; the rest is. Stopped anywhere, it is run again: what was taken is known."""
    told = [*found]
    problems = [one for one in told if isinstance(one, Problem)]
    some = [*_sourced(shop, [one for one in told if isinstance(one, Cost)])]
    sound, wrong = _agreeing(shop, some)
    made: list[Cost] = []
    for start in range(0, len(sound), _AT_ONCE):
        with shop.database.writing() as connection:
            made += _write(connection, shop, sound[start : start + _AT_ONCE])
    amounts = {one.currency: 0 for one in sorted(made, key=lambda one: one.currency)}
    for one in made:
        amounts[one.currency] += one.amount
    # Of a cost over several months every month is one of its own.
    new = len({one.where for one in made})
    known = len({one.cost.where for one in sound}) - new
    shared = len({one.where for one in made if not one.channel})
    return Taken(len(told), new, known, tuple(amounts.items()), shared, (*problems, *wrong))


def _sourced(shop: Shop, found: Sequence[Cost]) -> Iterator[_Sourced]:
    seen: dict[str, int] = {}
    for cost in found:
        about = f"{cost.kind}:{_hash(shop, cost.about)}"
        name = f"{about}:{_hash(shop, cost.told)}"
        seen[name] = seen.get(name, 0) + 1
        yield from pieces(cost, about, f"{name}:{seen[name]}")


def _hash(shop: Shop, told: tuple[str, ...]) -> str:
    """Keyed: a name that was erased is not to be found again by trying names."""
    return shop.keys.mac("cost", *told)[:12].hex()


def pieces(cost: Cost, about: str, source: str) -> Iterator[_Sourced]:
    """``cost`` in its months, by their days and to the cent: a month that is closed keeps its own."""
    days = {month: (end - first).days + 1 for month, first, end in _months(cost.first, cost.last)}
    parts = split(cost.amount, days)
    for month, first, end in _months(cost.first, cost.last):
        name = source if len(days) == 1 else f"{source}:{month}"
        part = replace(cost, amount=parts[month], first=first, last=end)
        yield _Sourced(part, about, name)


def _months(first: date, last: date) -> Iterator[tuple[str, date, date]]:
    while first <= last:
        end = min(last, (first.replace(day=1) + timedelta(31)).replace(day=1) - timedelta(1))
        yield f"{first.year:04}-{first.month:02}", first, end
        first = end + timedelta(1)


def _agreeing(shop: Shop, some: Sequence[_Sourced]) -> tuple[list[_Sourced], list[Problem]]:
    """Who tells of something has to tell all that is known of it: an export of a day that went on, or hours
    that were written down anew, would else be counted beside what they stand for."""
    told = {one.source for one in some}
    missing: set[str] = set()
    for source in _known(shop, {one.cost.kind for one in some}):
        if source not in told:
            missing.add(":".join(source.split(":")[:2]))
    wrong = {one.cost.where: one for one in some if one.about in missing}
    problems = [
        Problem(
            where,
            f"{one.cost.first}, {money_of(one.cost)}: other figures are known of the same",
            "see curate costs list; if this is right, add the difference: curate costs add",
        )
        for where, one in wrong.items()
    ]
    return [one for one in some if one.about not in missing], problems


def _known(shop: Shop, kinds: set[Kind]) -> Iterator[str]:
    with shop.database.reading() as connection:
        yield from connection.scalars(select(costs.c.source).where(costs.c.kind.in_(sorted(kinds))))


def money_of(cost: Cost) -> str:
    from curate.shop import money

    return f"{money.decimal(cost.amount, cost.currency)} {cost.currency}"


def _write(connection: Connection, shop: Shop, some: Sequence[_Sourced]) -> list[Cost]:
    """Those that were not known, in the database and in the ledger."""
    now = shop.now()
    made = connection.execute(
        shop.database.insert(costs)
        .on_conflict_do_nothing(index_elements=["source"])
        .returning(costs.c.id, costs.c.source),
        [{"source": one.source, "at": now, **_columns(one.cost)} for one in some],
    ).all()
    by_source = {one.source: one.cost for one in some}
    new = [(int(row.id), by_source[row.source]) for row in made]
    ledger.post_all(connection, shop, [_entry(shop, number, cost) for number, cost in new])
    return [cost for _, cost in new]


def write(connection: Connection, shop: Shop, cost: Cost, source: str) -> bool:
    """One cost within the caller's transaction; False where ``source`` is known."""
    return bool(_write(connection, shop, [*pieces(cost, "", source)]))


def _columns(cost: Cost) -> dict[str, Any]:
    return {
        "kind": cost.kind, "channel": cost.channel, "campaign_code": cost.campaign,
        "first_day": str(cost.first), "last_day": str(cost.last), "amount": cost.amount,
        "currency": cost.currency, "clicks": cost.clicks, "hours": cost.hours, "rate": cost.rate,
        "person": cost.person, "note": cost.note,
    }  # fmt: skip


def _entry(shop: Shop, number: int, cost: Cost) -> ledger.Entry:
    """Booked on its first day. Its note tells neither whose hours they are nor what was written beside it."""
    to = ledger.spent(cost.kind, cost.channel)
    move = ledger.Move(to, ledger.SUPPLIERS, cost.amount, cost.currency)
    days = str(cost.first) if cost.first == cost.last else f"{cost.first}/{cost.last}"
    at = calendar.begin(cost.first, calendar.zone(shop.settings.books.timezone))
    return ledger.Entry(
        f"cost:{number}", at, f"{cost.kind} {days} {cost.campaign}".strip(), (move,)
    )


def check_amount(amount: int) -> int:
    """``amount``. Raises CurateError where sums of it could not be kept."""
    if abs(amount) > MOST:
        raise CurateError(f"{amount} is too much for one cost", "see its amount")
    return amount


def check_days(first: date, last: date) -> None:
    """Raises CurateError for days that are none of a cost."""
    if not date(1990, 1, 1) <= first <= last <= date(2099, 12, 31):
        raise CurateError(f"{first}/{last} are no days of a cost", "write 2026-03-01/2026-03-31")
    if (last - first).days >= LONGEST:
        raise CurateError(f"{first}/{last} is more than a year", "write a cost for each year")

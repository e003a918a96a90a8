"""The ledger as a Beancount file, so that a program of others proves that it adds up.

https://beancount.github.io/docs/beancount_language_syntax.html (version 3). Each entry is a transaction with
its source as metadata; at the end the balance of every account is asserted, to the cent.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from sqlalchemy import Connection, func, select

from curate.database.tables import entries, postings
from curate.errors import CurateError
from curate.shop import calendar, money
from curate.workspace import unusable

if TYPE_CHECKING:
    from datetime import date
    from zoneinfo import ZoneInfo

    from curate.shop import Shop
    from curate.shop.calendar import Period

_ROOTS = {
    "assets": "Assets",
    "liabilities": "Liabilities",
    "income": "Income",
    "expenses": "Expenses",
}
_SMALL = re.compile("[a-z]")
_AT_ONCE = 10_000
_DAY = 86_400
Sums = dict[tuple[str, str], int]
"""By account and currency."""


def write(shop: Shop, file: Path, period: Period | None = None) -> int:
    """Write the ledger, or ``period`` of it with what was there before as its first transaction; how many
    entries are in it. The file is there whole or as it was. Raises CurateError where it cannot be written."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        try:
            with part.open("w", encoding="utf-8", newline="\n") as out:
                count = _write(shop, out, period)
                out.flush()
                os.fsync(out.fileno())
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)
    except OSError as fault:
        raise unusable(fault, file) from fault
    return count


def account(name: str) -> str:
    """Ours as Beancount writes accounts: "assets:channel:xianyu" → "Assets:Channel:Xianyu". Two of ours are
    never one of theirs. Raises CurateError for what is of no kind that Beancount has."""
    root, *parts = name.split(":")
    if root not in _ROOTS or not parts:
        raise CurateError(
            f"{name[:60]!r} is no account", f"accounts begin with {', '.join(_ROOTS)}"
        )
    return ":".join([_ROOTS[root], *map(_component, parts)])


def _component(name: str) -> str:
    """Beancount takes letters, digits and -, with a capital or a digit first. All else stands as -HEX-. A small
    first letter is taken for granted where more small letters follow, and a capital one where none does; a -
    at the end says that it was the other way round, or that the 0 before it all was put there."""
    head, rest = name[:1], name[1:]
    written = "".join(map(_letter, name))
    if not written or written.startswith("-"):
        return f"0{written}-"
    if not ("a" <= head <= "z" or "A" <= head <= "Z"):
        return written
    usual = ("a" <= head <= "z") == bool(_SMALL.search(rest))
    return head.upper() + written[1:] + ("" if usual else "-")


def _letter(char: str) -> str:
    return char if char.isalpha() or char.isdecimal() else f"-{ord(char):X}-"


def _write(shop: Shop, out: TextIO, period: Period | None) -> int:
    where = calendar.zone(shop.settings.books.timezone)
    with shop.database.reading() as connection:
        begin, end = _span(connection, where, period)
        which = (entries.c.at >= begin, entries.c.at < end)
        before = _sums(connection, entries.c.at < begin)
        after = _sums(connection, entries.c.at < end)
        first = calendar.day(begin, where)
        _open(shop, out, first, after)
        if period is not None:
            _transaction(out, first, "opening balances", "", None, _postings(before), where)
        count = 0
        for count, (_, rows) in enumerate(  # noqa: B007 - told when all are written
            groupby(_rows(connection, which), key=lambda row: row.id), 1
        ):
            _entry(out, [*rows], where)
        _assert(out, calendar.day(end - 1, where) + timedelta(1), after)
    return count


def _span(connection: Connection, where: ZoneInfo, period: Period | None) -> tuple[int, int]:
    """From the first second of the first day to the last one's end."""
    if period is not None:
        return period.begin, period.end
    first, last = connection.execute(select(func.min(entries.c.at), func.max(entries.c.at))).one()
    if first is None:
        return 0, _DAY
    days = calendar.between(calendar.day(first, where), calendar.day(last, where), where)
    return days.begin, days.end


def _sums(connection: Connection, which: Any) -> Sums:
    """Sorted; also accounts that come to nothing."""
    rows = connection.execute(
        select(postings.c.account, postings.c.currency, func.sum(postings.c.amount))
        .join(entries, entries.c.id == postings.c.entry_id)
        .where(which)
        .group_by(postings.c.account, postings.c.currency)
    )
    return dict(sorted(((name, currency), int(amount)) for name, currency, amount in rows))


def _rows(connection: Connection, which: Sequence[Any]) -> Iterator[Any]:
    query = (
        select(entries.c.id, entries.c.source, entries.c.at, entries.c.note, entries.c.dated,
               postings.c.account, postings.c.currency, postings.c.amount)
        .outerjoin(postings, postings.c.entry_id == entries.c.id)
        .where(*which)
        .order_by(entries.c.at, entries.c.id, postings.c.id)
        .execution_options(yield_per=_AT_ONCE)
    )  # fmt: skip
    yield from connection.execute(query)


def _open(shop: Shop, out: TextIO, first: date, sums: Sums) -> None:
    out.write(f'option "title" "{_text(shop.workspace.root.resolve().name)}"\n')
    out.write(f'option "operating_currency" "{shop.settings.books.currency}"\n\n')
    for name in dict.fromkeys(name for name, _ in sums):
        out.write(f'{first} open {account(name)}\n  name: "{_text(name)}"\n')


def _entry(out: TextIO, rows: Sequence[Any], where: ZoneInfo) -> None:
    one = rows[0]
    moved = [(row.account, row.currency, row.amount) for row in rows if row.account is not None]
    _transaction(out, calendar.day(one.at, where), one.note, one.source, one.dated, moved, where)


def _postings(sums: Sums) -> list[tuple[str, str, int]]:
    return [(name, currency, amount) for (name, currency), amount in sums.items() if amount]


def _transaction(
    out: TextIO, day: date, note: str, source: str, dated: int | None,
    moved: Sequence[tuple[str, str, int]], where: ZoneInfo,
) -> None:  # fmt: skip
    out.write(f'\n{day} * "{_text(note)}"\n')
    if source:
        out.write(f'  source: "{_text(source)}"\n')
    if dated is not None:
        out.write(f"  dated: {calendar.day(dated, where)}\n")
    for name, currency, amount in moved:
        out.write(f"  {account(name)}  {money.decimal(amount, currency)} {currency}\n")


def _assert(out: TextIO, day: date, sums: Sums) -> None:
    """Beancount counts what is below an account with it."""
    out.write("\n")
    total: Sums = {}
    for (name, currency), amount in sums.items():
        parts = name.split(":")
        for depth in range(2, len(parts) + 1):
            key = (":".join(parts[:depth]), currency)
            total[key] = total.get(key, 0) + amount
    for name, currency in sums:
        told = money.decimal(total[name, currency], currency)
        out.write(f"{day} balance {account(name)}  {told} ~ 0 {currency}\n")


def _text(raw: str) -> str:
    """In one line, between quotes."""
    plain = "".join(char if char.isprintable() else " " for char in raw)
    return plain.replace("\\", "\\\\").replace('"', '\\"')

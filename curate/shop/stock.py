"""Unique stock: codes of which each goes to one buyer, once.

A code is free, then sold (to one delivery, in the transaction that serves it), uploaded (to a card machine,
and from then on the machine's to sell) or withdrawn. None of these ways leads back to free.
"""

from __future__ import annotations

import csv
import hashlib
import io
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from sqlalchemy import Connection, func, select, text, update

from curate.database.tables import alerts, codes, deliveries
from curate.errors import CurateError
from curate.messages import msg
from curate.model import Message

if TYPE_CHECKING:
    from curate.shop import Shop
    from curate.shop.settings import Sold

T = TypeVar("T")
BAR = "║"
"""U+2551, at which acg-faka cuts a line into code and price."""
LONGEST = 2_000
"""Characters of one code."""
_LARGEST = 64_000_000  # bytes of one file
_UNSAFE = frozenset({"Cc", "Cs", "Zl", "Zp"})
_COLUMNS = frozenset({"secret", "code", "卡密"})
_AT_ONCE = 500
_LOCKS = 0x73746F63  # of PostgreSQL: the first of two keys, any number that nobody else uses


class Row(NamedTuple):
    """One code as it stands in a file; ``number`` is its line, counted from 1."""

    number: int
    code: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that was not taken, and why; never the code itself."""

    number: int
    why: Message


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a batch."""

    sku: str
    new: int
    repeated: tuple[Skipped, ...] = ()
    refused: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True)
class Stock:
    """How many codes of a SKU there are, and who waits for some."""

    sku: str
    free: int = 0
    sold: int = 0
    uploaded: int = 0
    withdrawn: int = 0
    waiting: int = 0  # pieces that were paid and not served yet
    waiting_since: int | None = None
    low: int = 0  # fewer free ones than this are told
    low_since: int | None = None  # when they fell below it

    @property
    def short(self) -> bool:
        """Also where there never were enough, which nothing was told of."""
        return self.free < self.low


def rows(data: bytes, table: bool = False) -> list[Row]:
    """The codes in a text file, one a line, or with ``table`` in a CSV file: of its column "secret", else of
    its first. Raises CurateError for what is not UTF-8, no CSV, or over 64 MB."""
    if len(data) > _LARGEST:
        raise CurateError(f"{len(data):,} bytes of codes are too many", "add them in several files")
    try:
        told = data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise CurateError(f"the codes are not UTF-8 text: {fault}", "save them as UTF-8") from fault
    found = _cells(told) if table else enumerate(told.split("\n"), 1)
    return [Row(number, code) for number, cell in found if (code := cell.strip())]


def _cells(told: str) -> Iterator[tuple[int, str]]:
    reader = csv.reader(io.StringIO(told, newline=""), strict=True)
    column, line = None, 1
    try:
        for cells in reader:
            number, line = line, reader.line_num + 1
            if column is None:
                heads = [cell.strip().lower() for cell in cells]
                column = next((n for n, head in enumerate(heads) if head in _COLUMNS), None)
                if column is not None:
                    continue
                column = 0
            yield number, cells[column] if column < len(cells) else ""
    except csv.Error as fault:
        raise CurateError(
            f"line {reader.line_num} is no CSV: {fault}", "close its quotes, or save it as text"
        ) from fault


def add(shop: Shop, sku: str, found: Iterable[Row], batch: str = "") -> Added:
    """Put codes into the stock of ``sku``, all in one transaction. What stands there already, under any SKU
    and in any state, is skipped. Serve afterwards: somebody may be waiting.

    Raises CurateError where ``sku`` is not sold by unique codes."""
    _unique(shop, sku)
    taken: dict[bytes, Row] = {}
    repeated: list[Skipped] = []
    refused: list[Skipped] = []
    for row in found:
        if fault := fault_of(row.code):
            refused.append(Skipped(row.number, fault))
        elif (first := taken.setdefault(fingerprint(row.code), row)) is not row:
            why = msg("it stands in line {line} already", line=first.number)
            repeated.append(Skipped(row.number, why))
    with shop.database.writing() as connection:
        alone(connection, "")  # two batches that share codes would wait for each other
        alone(connection, sku)
        old = _insert(connection, shop, sku, taken, batch)
        clear(connection, shop, sku)
    repeated += old
    repeated.sort(key=lambda one: one.number)
    return Added(sku, len(taken) - len(old), tuple(repeated), tuple(refused))


def _insert(
    connection: Connection, shop: Shop, sku: str, taken: dict[bytes, Row], batch: str
) -> list[Skipped]:
    """Those that were there already."""
    old: list[Skipped] = []
    now = shop.now()
    for some in _pieces([*taken.items()]):
        marks = [mark for mark, _ in some]
        query = select(codes.c.fingerprint, codes.c.sku, codes.c.state)
        there = {
            one[0]: one for one in connection.execute(query.where(codes.c.fingerprint.in_(marks)))
        }
        for mark, row in some:
            if mark in there:
                _, other, state = there[mark]
                why = msg("it is in the stock of {sku} already ({state})", sku=other, state=state)
                old.append(Skipped(row.number, why))
        fresh = [
            {
                "sku": sku, "secret": row.code, "fingerprint": mark, "batch": batch, "state": "free",
                "added_at": now, "changed_at": now,
            }
            for mark, row in some if mark not in there
        ]  # fmt: skip
        if fresh:
            connection.execute(codes.insert(), fresh)
    return old


def fault_of(code: str) -> Message | None:
    """Why ``code`` cannot be a code; None where it can."""
    if BAR in code:
        return msg("it holds “{bar}”, at which card machines cut", bar=BAR)
    if any(unicodedata.category(char) in _UNSAFE for char in code):
        return msg("it holds a line end or a control character")
    if len(code) > LONGEST:
        return msg("it has more than {n} characters", n=f"{LONGEST:,}")
    return None


def fingerprint(code: str) -> bytes:
    """By which a code is known again."""
    return hashlib.sha256(code.strip().encode("utf-8", "surrogatepass")).digest()


def take(connection: Connection, shop: Shop, sku: str, delivery_id: int, quantity: int) -> bool:
    """Give the oldest free codes to a delivery, all of them or none. Within a transaction that holds the
    SKU ``alone``; raises the alert in it where few are left."""
    query = (
        select(codes.c.id).where(codes.c.sku == sku, codes.c.state == "free").order_by(codes.c.id)
    )
    ids = connection.scalars(query.limit(quantity).with_for_update(skip_locked=True)).all()
    if len(ids) < quantity:
        return False
    _change(connection, shop, ids, "sold", delivery_id=delivery_id)
    warn(connection, shop, sku)
    return True


def _change(
    connection: Connection, shop: Shop, ids: Sequence[int], state: str, **values: object
) -> None:
    for some in _pieces(ids):
        query = update(codes).where(codes.c.id.in_(some))
        connection.execute(query.values(state=state, changed_at=shop.now(), **values))


def of_unit(connection: Connection, delivery_id: int, unit: int) -> str:
    """The code of one piece of a delivery: the n-th belongs to the n-th; "" where it has none, or none any more."""
    query = select(codes.c.secret, codes.c.state).where(codes.c.delivery_id == delivery_id)
    found = connection.execute(query.order_by(codes.c.id).offset(unit - 1).limit(1)).first()
    return str(found.secret) if found is not None and found.state == "sold" else ""


def upload(connection: Connection, shop: Shop, sku: str, channel: str, count: int) -> Sequence[Row]:
    """Hand the oldest free codes, ``count`` at most, to a channel's card machine: (id, code) of each. They
    are the machine's from then on."""
    query = select(codes.c.id, codes.c.secret).where(codes.c.sku == sku, codes.c.state == "free")
    chosen = query.order_by(codes.c.id).limit(count).with_for_update(skip_locked=True)
    found = [Row(*one) for one in connection.execute(chosen)]
    _change(connection, shop, [one.number for one in found], "uploaded", channel=channel)
    warn(connection, shop, sku)
    return found


def withdraw(shop: Shop, sku: str, batch: str | None = None, named: Iterable[str] = ()) -> int:
    """Take codes off sale for good: the free ones of ``batch`` (all where it is None), or those ``named``,
    which may be uploaded ones too. How many. What was sold stays its buyer's: that is a refund."""
    marks = [fingerprint(code) for code in named]
    with shop.database.writing() as connection:
        alone(connection, sku)
        ids = [*_withdrawable(connection, sku, batch, marks)]
        _change(connection, shop, ids, "withdrawn")
        if shop.settings.products.get(sku):
            warn(connection, shop, sku)
    return len(ids)


def _withdrawable(
    connection: Connection, sku: str, batch: str | None, marks: list[bytes]
) -> Iterator[int]:
    of_sku = select(codes.c.id).where(codes.c.sku == sku).order_by(codes.c.id).with_for_update()
    if not marks:
        query = of_sku.where(codes.c.state == "free")
        if batch is not None:
            query = query.where(codes.c.batch == batch)
        yield from connection.scalars(query).all()
    for some in _pieces(marks):
        query = of_sku.where(codes.c.fingerprint.in_(some))
        yield from connection.scalars(query.where(codes.c.state.in_(("free", "uploaded")))).all()


def warn(connection: Connection, shop: Shop, sku: str) -> None:
    """Raise the alert where fewer are left than ``low``, unless it stands already."""
    low, left = _low(connection, shop, sku)
    if left < low:
        row = {"kind": "low", "sku": sku, "left": left, "raised_at": shop.now()}
        connection.execute(shop.database.insert(alerts).values(row).on_conflict_do_nothing())


def clear(connection: Connection, shop: Shop, sku: str) -> None:
    """Take the alert back where enough are there again."""
    low, left = _low(connection, shop, sku)
    if left >= low:
        query = update(alerts).where(alerts.c.sku == sku, alerts.c.cleared_at.is_(None))
        connection.execute(query.values(cleared_at=shop.now()))


def _low(connection: Connection, shop: Shop, sku: str) -> tuple[int, int]:
    """What is low, and how many are free, counted no further than that."""
    low = shop.settings.products[sku].low
    free = select(codes.c.id).where(codes.c.sku == sku, codes.c.state == "free").limit(max(low, 1))
    return low, connection.execute(select(func.count()).select_from(free.subquery())).scalar_one()


def _pieces(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """As many at once as one statement takes."""
    return (values[n : n + _AT_ONCE] for n in range(0, len(values), _AT_ONCE))


def alone(connection: Connection, sku: str) -> None:
    """Nobody else deals with the stock of ``sku`` until this transaction ends. SQLite lets one write anyway."""
    if connection.dialect.name == "postgresql":
        query = text("SELECT pg_advisory_xact_lock(:first, hashtext(:sku))")
        connection.execute(query, {"first": _LOCKS, "sku": sku})


def _unique(shop: Shop, sku: str) -> Sold:
    sold = shop.settings.products.get(sku)
    if sold is None or sold.stock != "unique":
        known = [name for name, one in shop.settings.products.items() if one.stock == "unique"]
        raise CurateError(
            f"{sku} is not sold by codes",
            f'write it in shop.toml: [products.{sku}] with stock = "unique"'
            + (f"; there are: {', '.join(sorted(known)[:20])}" if known else ""),
        )
    return sold


def counts(shop: Shop) -> list[Stock]:
    """Of every SKU that is sold by codes, or has some, by name."""
    with shop.database.reading() as connection:
        per = select(codes.c.sku, codes.c.state, func.count()).group_by(codes.c.sku, codes.c.state)
        held = {(sku, state): n for sku, state, n in connection.execute(per)}
        queue = select(
            deliveries.c.sku, func.sum(deliveries.c.quantity), func.min(deliveries.c.queued_at)
        ).where(deliveries.c.state == "waiting")
        waits = {one[0]: one for one in connection.execute(queue.group_by(deliveries.c.sku))}
        open_ = select(alerts.c.sku, alerts.c.raised_at).where(alerts.c.cleared_at.is_(None))
        told = {row[0]: row[1] for row in connection.execute(open_)}
    sold = {sku: one for sku, one in shop.settings.products.items() if one.stock == "unique"}
    return [
        Stock(
            sku,
            free=held.get((sku, "free"), 0),
            sold=held.get((sku, "sold"), 0),
            uploaded=held.get((sku, "uploaded"), 0),
            withdrawn=held.get((sku, "withdrawn"), 0),
            waiting=int(waits[sku][1]) if sku in waits else 0,
            waiting_since=waits[sku][2] if sku in waits else None,
            low=sold[sku].low if sku in sold else 0,
            low_since=told.get(sku),
        )
        for sku in sorted({*sold, *(sku for sku, _ in held)})
    ]

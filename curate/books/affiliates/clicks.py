"""Clicks of people who are known, from a file: code,at,email|buyer,channel. Each counts once.

Best before the orders that they led to; for those that were taken in already see ``shop.commission.again``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Connection, bindparam, select, update

from curate.database.tables import affiliates, campaigns, clicks, coupons
from curate.database.tables import contacts as known_people
from curate.errors import CurateError, Problem
from curate.shop import calendar, contacts
from curate.shop.contacts import Person
from curate.shop.orders import sheet
from curate.shop.orders.cells import Row

if TYPE_CHECKING:
    from curate.shop import Shop

NEEDED = (("code",), ("at",))
_AT_ONCE = 500
_FIRST = (
    update(known_people)
    .where(known_people.c.id == bindparam("own"), known_people.c.acquired_at == bindparam("then"))
    .values(affiliate_code=bindparam("brought"))
)
"""The click is the first that was ever heard of them: remembered when clicks themselves are not kept any more."""


@dataclass(slots=True)
class Taken:
    """``nobody``: rows that name no person, or one who was erased; they are not kept."""

    new: int = 0
    known: int = 0
    nobody: int = 0
    problems: list[Problem] = field(default_factory=list)


class _Code(NamedTuple):
    """``affiliate``: their own code, also where a coupon was followed."""

    affiliate_id: int | None = None
    affiliate: str = ""
    campaign_id: int | None = None


class _Click(NamedTuple):
    source: str
    at: int
    code: _Code
    person: Person


def take(shop: Shop, path: Path) -> Taken:
    """Take in the rows of ``path``; run again it takes only what is new.

    A row that cannot be understood is a problem with its number, and the rest goes on. Raises CurateError
    where the file as a whole cannot be read.
    """
    taken = Taken()
    with shop.database.reading() as connection:
        codes = _codes(connection)
    found = _read(shop, path, codes, taken)
    while some := tuple(islice(found, _AT_ONCE)):
        with shop.database.writing() as connection:
            _keep(connection, shop, some, taken)
    return taken


def _codes(connection: Connection) -> dict[str, _Code]:
    """In capitals; a coupon is its affiliate's."""
    found: dict[str, _Code] = {}
    for row in connection.execute(select(campaigns.c.code, campaigns.c.id)):
        found[row.code.upper()] = _Code(campaign_id=row.id)
    query = select(affiliates.c.id, affiliates.c.code, coupons.c.code.label("coupon"))
    joined = query.outerjoin(coupons, coupons.c.affiliate_id == affiliates.c.id)
    for own, code, coupon in connection.execute(joined):
        found[code.upper()] = told = _Code(own, code)
        if coupon:
            found[coupon] = told
    return found


def _read(shop: Shop, path: Path, codes: Mapping[str, _Code], taken: Taken) -> Iterator[_Click]:
    zone = calendar.zone(shop.settings.books.timezone)
    alike: dict[bytes, int] = {}
    for row in sheet.rows(path, NEEDED):
        if isinstance(row, Problem):
            taken.problems.append(row)
            continue
        try:
            at = row.time("at", zone=zone)
            told = _understood(shop, row, codes, at)
        except CurateError as fault:
            taken.problems.append(row.problem(fault))
            continue
        code, person = told
        # Keyed: whoever sees the table cannot try out addresses.
        parts = (row.need("code"), str(person.at), *(str(one) for one in person.identities))
        mark = shop.keys.mac("click", *parts, person.channel)
        alike[mark] = place = alike.get(mark, 0) + 1
        yield _Click(f"click:{mark.hex()[:32]}:{place}", person.at, code, person)


def _understood(
    shop: Shop, row: Row, codes: Mapping[str, _Code], at: int | None
) -> tuple[_Code, Person]:
    named = row.need("code")
    code = codes.get(named.upper())
    if code is None:
        raise CurateError(
            f"{named[:40]!r} is the code of no affiliate, coupon or campaign",
            "see: curate affiliates",
        )
    if at is None or at > shop.now():
        raise CurateError("at names no time in the past", "write it as 2027-01-31 09:30:00 +0800")
    channel, buyer = row.text("channel", most=60), row.text("buyer", most=320)
    if buyer and not channel and "@" not in buyer:
        raise CurateError("buyer is a channel's name for somebody, and channel is empty")
    told = contacts.person(contacts.Buyer(channel, buyer, row.email("email"), "", at))
    return code, told._replace(campaign_id=code.campaign_id)


def _keep(connection: Connection, shop: Shop, some: tuple[_Click, ...], taken: Taken) -> None:
    found = contacts.of_people(connection, shop, [one.person for one in some])
    rows = [
        {"source": one.source, "contact_id": who.contact_id, "affiliate_id": one.code.affiliate_id,
         "campaign_id": one.code.campaign_id, "at": one.at}
        for one, who in zip(some, found, strict=True)
        if who.contact_id is not None
    ]  # fmt: skip
    taken.nobody += len(some) - len(rows)
    if not rows:
        return
    query = shop.database.insert(clicks).on_conflict_do_nothing(index_elements=["source"])
    made = connection.scalars(query.returning(clicks.c.id), rows).all()
    taken.new += len(made)
    taken.known += len(rows) - len(made)
    first = [
        {"own": who.contact_id, "then": one.at, "brought": one.code.affiliate}
        for one, who in zip(some, found, strict=True)
        if who.contact_id is not None and one.code.affiliate
    ]
    if first:
        connection.execute(_FIRST, first)

"""Who sells for a share: taken up from a buyer or by name, paused, ended; who introduced whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import msgspec
from sqlalchemy import Connection, select, update

from curate.books.affiliates import codes
from curate.database.tables import affiliates, contacts, coupons, introductions, orders
from curate.errors import CurateError
from curate.shop import contacts as people
from curate.shop import keys
from curate.shop.contacts import Identity, Person

if TYPE_CHECKING:
    from curate.shop import Shop

State = Literal["active", "paused", "ended"]
Segment = Literal["interest", "affection", "brand"]
"""Why somebody sells for us: for the money, because they like it, or because the name is worth something to
them."""
_LONGEST = 200
_WHO = "name them: by a contact's number, by an order, by e-mail or by name"


@dataclass(frozen=True, slots=True)
class New:
    """Somebody who is to sell for a share. One of contact_id, order (channel, number), email and name says
    who; ``code`` is drawn where it is empty."""

    contact_id: int | None = None
    order: tuple[str, str] | None = None
    email: str = ""
    name: str = ""
    code: str = ""
    segment: Segment = "interest"
    rule: str = ""  # a [rules.NAME]; "" for the product's, or the usual one
    introducer: str = ""  # code of the affiliate who brought them
    language: str = ""


class Affiliate(msgspec.Struct, frozen=True):
    """One who sells for a share. ``account`` is masked: whole it stands only in payouts."""

    id: int
    code: str
    state: State
    segment: Segment
    level: int  # 1; 2 where an affiliate introduced them
    rule: str
    language: str
    name: str
    email: str
    method: str
    account: str
    joined_at: int
    introducer: str
    contact_id: int | None
    coupons: tuple[str, ...]  # those that still hold


def add(shop: Shop, new: New) -> Affiliate:
    """Take somebody up: a contact who is known (so a buyer becomes an affiliate), else a new contact.

    Raises CurateError: nobody is named, they were erased, they are an affiliate already, the code is taken,
    the rule does not exist, or the introducer was introduced too: there is no third level.
    """
    code = codes.spelled(new.code) if new.code else keys.serial()
    _check(shop, new)
    with shop.database.writing() as connection:
        codes.check_free(connection, code)
        contact_id = _contact(connection, shop, new)
        introducer = _introducer(connection, shop, new.introducer) if new.introducer else None
        level, now = (2 if introducer else 1), shop.now()
        values = {
            "code": code, "contact_id": contact_id, "level": level, "state": "active", "segment": new.segment,
            "rule": new.rule, "language": new.language.strip()[:35], "name": new.name.strip(),
            "email": new.email.strip(), "joined_at": now, "changed_at": now,
        }  # fmt: skip
        made = connection.scalar(
            shop.database.insert(affiliates).values(values).on_conflict_do_nothing().returning(affiliates.c.id)
        )  # fmt: skip
        if made is None:
            raise _taken(connection, code, contact_id)
        if introducer:
            connection.execute(
                introductions.insert().values(affiliate_id=made, introducer_id=introducer, at=now)
            )
        return _found(connection, code)


def _check(shop: Shop, new: New) -> None:
    if new.segment not in get_args(Segment):
        raise CurateError(
            f"{new.segment[:40]!r} is no segment", f"one of: {', '.join(get_args(Segment))}"
        )
    check_rule(shop, new.rule)
    for what, text in (("name", new.name), ("e-mail", new.email)):
        if len(text) > _LONGEST or not text.isprintable():
            raise CurateError(f"the {what} is no line of at most {_LONGEST} characters")
    if new.email and not people.normal("email", new.email):
        raise CurateError("that is no e-mail address", "write it as name@example.org")


def check_rule(shop: Shop, rule: str) -> None:
    if rule and rule not in shop.settings.rules:
        there = ", ".join(sorted(shop.settings.rules)) or "none"
        raise CurateError(f"shop.toml has no rule {rule[:40]!r}", f"its [rules.NAME]: {there}")


def _taken(connection: Connection, code: str, contact_id: int) -> CurateError:
    query = select(affiliates.c.code).where(affiliates.c.contact_id == contact_id)
    there = connection.scalar(query)
    if there:
        return CurateError(
            f"contact {contact_id} is the affiliate {there} already",
            f"see: curate affiliates show {there}",
        )
    return CurateError(f"{code} is an affiliate already", "choose another code")


def _contact(connection: Connection, shop: Shop, new: New) -> int:
    """Who it is; made where nobody knows them yet, so that they can agree, and be forgotten."""
    if new.order is not None:
        return _buyer(connection, *new.order)
    if new.contact_id is not None:
        query = select(contacts.c.erased_at).where(contacts.c.id == new.contact_id)
        row = connection.execute(query.with_for_update()).first()
        if row is None or row.erased_at is not None:
            raise CurateError(f"there is no contact {new.contact_id}", "see: curate contacts")
        return new.contact_id
    if new.email:
        return _by_mail(connection, shop, new)
    if not new.name.strip():
        raise CurateError("nobody is named", _WHO)
    now = shop.now()
    values = {
        "name": new.name.strip(),
        "language": new.language,
        "acquired_at": now,
        "staged_at": now,
    }
    made = contacts.insert().values(values | {"heard_at": now}).returning(contacts.c.id)
    return int(connection.execute(made).scalar_one())


def _by_mail(connection: Connection, shop: Shop, new: New) -> int:
    told = Person((Identity("email", new.email),), "", shop.now(), new.language, new.name.strip())
    (found,) = people.of_people(connection, shop, [told])
    if found.contact_id is None:
        raise CurateError(
            "who has this address asked to be forgotten",
            "only they can come back: ask them for another one",
        )
    return found.contact_id


def _buyer(connection: Connection, channel: str, number: str) -> int:
    query = select(orders.c.contact_id).where(
        orders.c.channel == channel, orders.c.number == number
    )
    row = connection.execute(query).first()
    if row is None:
        raise CurateError(
            f"{channel!r} has no order {number!r}", "see which there are: curate orders list"
        )
    if row.contact_id is None:
        raise CurateError(f"order {number} ({channel}) does not say who bought", _WHO)
    return int(row.contact_id)


def _introducer(connection: Connection, shop: Shop, code: str) -> int:
    told = shop.settings.distribution
    if told.depth == 1:
        law = "rewards for what others sell are forbidden there (禁止传销条例, art. 7)"
        raise CurateError(
            "an introducer cannot be noted: [distribution] allows one level",
            f'leave --introducer away; profile = "CN": {law} (where other law holds: profile = "other", depth = 2)'
            if told.profile == "CN"
            else "allow two by: depth = 2",
        )
    row = held(connection, code)
    if row.level != 1:
        raise CurateError(
            f"{row.code} was introduced by somebody, and cannot introduce others",
            "there are two levels at most: who is on the third would be paid for by nobody's own sale",
        )
    return int(row.id)


def held(connection: Connection, code: str) -> Any:
    """The row of ``affiliates``, kept from others until the transaction ends. Raises CurateError."""
    query = select(affiliates).where(affiliates.c.code == codes.spelled(code))
    row = connection.execute(query.with_for_update(key_share=True)).first()
    if row is None:
        raise _unknown(code)
    return row


def _unknown(code: str) -> CurateError:
    return CurateError(
        f"there is no affiliate {code[:40]!r}", "see which there are: curate affiliates"
    )


def change(
    shop: Shop,
    code: str,
    *,
    state: State | None = None,
    segment: Segment | None = None,
    rule: str | None = None,
) -> Affiliate:
    """Only what is named. Who is paused or ended earns nothing from now on; what they earned stays theirs.

    Raises CurateError.
    """
    told: dict[str, str | int] = {}
    for column, value, known in (
        ("state", state, get_args(State)),
        ("segment", segment, get_args(Segment)),
    ):
        if value is not None and value not in known:
            raise CurateError(f"{value[:40]!r} is no {column}", f"one of: {', '.join(known)}")
        told |= {} if value is None else {column: value}
    if rule is not None:
        check_rule(shop, rule)
        told["rule"] = rule
    with shop.database.writing() as connection:
        row = held(connection, code)
        own = update(affiliates).where(affiliates.c.id == row.id)
        connection.execute(own.values(told | {"changed_at": shop.now()}))
        return _found(connection, row.code)


def of(shop: Shop, code: str) -> Affiliate:
    """Raises CurateError where there is none."""
    with shop.database.reading() as connection:
        return _found(connection, code)


def listed(shop: Shop, state: str = "") -> tuple[Affiliate, ...]:
    """All, or those in one state, by code."""
    with shop.database.reading() as connection:
        rows = _rows(connection, affiliates.c.state == state if state else None)
    return tuple(sorted(rows, key=lambda one: one.code))


def _found(connection: Connection, code: str) -> Affiliate:
    found = _rows(connection, affiliates.c.code == codes.spelled(code))
    if not found:
        raise _unknown(code)
    return found[0]


def _rows(connection: Connection, which: Any = None) -> list[Affiliate]:
    other = affiliates.alias()
    query = (
        select(affiliates, other.c.code.label("introducer"))
        .outerjoin(introductions, introductions.c.affiliate_id == affiliates.c.id)
        .outerjoin(other, other.c.id == introductions.c.introducer_id)
    )
    live = select(coupons.c.affiliate_id, coupons.c.code).where(coupons.c.ended_at.is_(None))
    theirs: dict[int, list[str]] = {}
    for owner, coupon in connection.execute(live):
        theirs.setdefault(owner, []).append(coupon)
    rows = connection.execute(query if which is None else query.where(which))
    return [
        Affiliate(
            row.id, row.code, row.state, row.segment, row.level, row.rule, row.language, row.name, row.email,
            row.method, masked(row.account), row.joined_at, row.introducer or "", row.contact_id,
            tuple(sorted(theirs.get(row.id, []))),
        )
        for row in rows
    ]  # fmt: skip


def masked(account: str) -> str:
    """Enough to tell it from another one by: "…4321"."""
    return f"…{account[-4:]}" if len(account) > 8 else "…" if account else ""

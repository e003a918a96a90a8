"""Who somebody is: e-mail addresses, telephone numbers and what channels call people, tied to one contact.

They are found by keyed hashes, so that who was erased is recognised without their address being kept. Nothing
merges silently: where two identities of one order are two contacts, the first of them counts, and an order
names its e-mail first.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from sqlalchemy import Connection, bindparam, case, delete, select, update

from curate.database import bulk
from curate.database.tables import contacts, erasures, identities
from curate.shop.orders.cells import known_by

if TYPE_CHECKING:
    from curate.shop import Shop

Kind = Literal["email", "phone", "wechat", "handle"]
_AT_ONCE = 1_000
_LONGEST = 320  # of an e-mail address, and more than any channel's names
_ADDRESS = re.compile(r"[^@\s<>\"]{1,64}@[^@\s<>\"]{1,255}")
_MASKED = re.compile(r"[*•●█■]")
"""张** is as many people as there are of that name: it tells nobody."""
_NOBODY = frozenset(
    "anonymous anonym guest unknown none null n/a na test 匿名 匿名用户 匿名买家 匿名会员 游客 访客 未知 无".split()
)
_OTHER = re.compile(r"\D")
_CHINESE_PHONE = re.compile(r"(?:00)?86(1[3-9]\d{9})")
_FEWEST_DIGITS, _MOST_DIGITS = 5, 18


_EARLIER = contacts.c.acquired_at > bindparam("first")
_HEARD = (
    update(contacts)
    .where(contacts.c.id == bindparam("own"))
    .values(
        acquired_at=case((_EARLIER, bindparam("first")), else_=contacts.c.acquired_at),
        channel=case((_EARLIER, bindparam("from")), else_=contacts.c.channel),
        heard_at=case(
            (contacts.c.heard_at < bindparam("last"), bindparam("last")), else_=contacts.c.heard_at
        ),
        language=case((contacts.c.language == "", bindparam("lang")), else_=contacts.c.language),
        name=case((contacts.c.name == "", bindparam("called")), else_=contacts.c.name),
    )
)


class Identity(NamedTuple):
    """One thing that somebody is known by. ``channel``: whose name for them a handle is."""

    kind: Kind
    value: str
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who an order is of, as its channel tells it; ``at`` is when they are first known to have been there."""

    channel: str
    buyer: str
    email: str
    language: str
    at: int
    paid_at: int | None = None


class Person(NamedTuple):
    """Somebody who is heard of at ``at``; of ``identities`` the first one that is known counts. ``paid_at``: of an
    order, None while it is not paid, and of any list."""

    identities: tuple[Identity, ...]
    channel: str
    at: int
    language: str = ""
    name: str = ""
    campaign_id: int | None = None
    paid_at: int | None = None


class Gone(NamedTuple):
    """One key of somebody who was erased at ``at``; ``back_at``: when they paid the order that they came back by."""

    at: int
    back_at: int | None


class Found(NamedTuple):
    """``contact_id`` is None where nobody is named, or somebody who was erased. ``others``: contacts whom
    their other identities belong to. ``since``: of who was erased and came back, what is not later than this was
    forgotten."""

    contact_id: int | None
    new: bool = False
    erased: bool = False
    others: tuple[int, ...] = ()
    since: int = 0


@dataclass(slots=True)
class _Slot:
    """A contact of this batch: ``id`` is 0 until it is made. ``first``: the earliest word of them."""

    id: int = 0
    first: Person | None = None
    last: int = 0
    made: list[tuple[bytes, Identity]] = field(default_factory=list)
    language: str = ""
    name: str = ""
    own: bool = False  # made by this batch: what is heard of them stands in their row

    def hear(self, one: Person) -> None:
        if self.first is None or one.at < self.first.at:
            self.first = one
        self.last = max(self.last, one.at)
        self.language = self.language or one.language
        self.name = self.name or one.name


def key(shop: Shop, kind: str, value: str, channel: str = "") -> bytes:
    """32 bytes that are the same for every way to write ``value``; a handle belongs to its channel."""
    return _key(shop, kind, normal(kind, value), channel)


def _key(shop: Shop, kind: str, plain: str, channel: str) -> bytes:
    return shop.keys.mac("contact", kind, channel if kind == "handle" else "", plain)


def normal(kind: str, value: str) -> str:
    """As it is compared; "" where it tells nobody: empty, masked by its channel, or a word for no one."""
    some = value[: 4 * _LONGEST]
    plain = some.isascii() and some.isprintable()  # most are, and nothing is unseen in them
    text = (" ".join(some.split()) if plain else known_by(some))[:_LONGEST]
    if kind == "phone":
        return _digits(text)
    if kind != "handle":  # a channel's own may differ by case alone, such as WeChat's openid
        text = unicodedata.normalize("NFKC", text.casefold())
    if kind == "email" and not _ADDRESS.fullmatch(text):
        return ""
    return "" if _MASKED.search(text) or text.casefold() in _NOBODY else text


def _digits(text: str) -> str:
    if _MASKED.search(text):
        return ""
    digits = _OTHER.sub("", text)
    if not digits.isascii():  # ١٣٨, and others that have digits of their own
        digits = "".join(str(unicodedata.decimal(one)) for one in digits)
    if found := _CHINESE_PHONE.fullmatch(digits):
        return found[1]
    return digits if _FEWEST_DIGITS <= len(digits) <= _MOST_DIGITS else ""


def of_buyers(connection: Connection, shop: Shop, told: Sequence[Buyer]) -> list[int | None]:
    """The contact of each: who is unknown becomes one. None where nobody is named, or they were erased after it."""
    return [one.contact_id for one in of_people(connection, shop, [*map(person, told)])]


def erased(connection: Connection, keys: Iterable[bytes]) -> dict[bytes, Gone]:
    """Those of ``keys`` that belong to people who were erased, also if they came back."""
    if connection.scalar(select(erasures.c.key).limit(1)) is None:
        return {}
    query = select(erasures.c.key, erasures.c.at, erasures.c.back_at)
    return {
        row.key: Gone(row.at, row.back_at)
        for some in _pieces([*dict.fromkeys(keys)])
        for row in connection.execute(query.where(erasures.c.key.in_(some)))
    }


def person(one: Buyer) -> Person:
    """An order's e-mail before its channel's name for them; a name that is an address is one."""
    kind: Kind = "email" if _ADDRESS.fullmatch(one.buyer.strip()) else "handle"
    named = Identity(kind, one.buyer, one.channel)
    identities = (Identity("email", one.email), named)
    return Person(identities, one.channel, one.at, one.language, paid_at=one.paid_at)


def of_people(connection: Connection, shop: Shop, told: Sequence[Person]) -> list[Found]:
    """Find or make the contact of each, in a few statements for all of them.

    The earliest word of somebody says when and through which channel they came, in whatever order it is told.
    Who was erased stays so, unless they paid an order after it: that is an act of their own, and by it they are
    somebody new. No list brings anybody back.
    """
    keyed = [_keyed(shop, one) for one in told]
    every = [*dict.fromkeys(one for some in keyed for one, _ in some)]
    gone, known = erased(connection, every), owners(connection, every)
    slots: dict[int, _Slot] = {}
    owner: dict[bytes, _Slot] = {}
    found: list[tuple[_Slot | None, bool, bool, tuple[_Slot, ...]]] = []
    since: list[int] = []
    back: dict[bytes, int] = {}
    for one, some in zip(told, keyed, strict=True):
        were = {mine: gone[mine] for mine, _ in some if mine in gone} if gone else {}
        since.append(max((each.at for each in were.values()), default=0))
        if not some or _stays_out(one, were.values()):
            found.append((None, False, bool(some), ()))
            continue
        found.append(_place(one, some, known, slots, owner))
        for mine, each in were.items():
            if each.back_at is None and one.paid_at is not None:
                back[mine] = min(one.paid_at, back.get(mine, one.paid_at))
    _make(connection, shop, [slot for slot, new, _, _ in found if slot and new])
    _tie(connection, shop, {id(slot): slot for slot, *_ in found if slot and not slot.own}.values())
    _welcome(connection, back, owner)
    return [
        Found(slot.id if slot else None, new, was_erased, tuple(sorted({x.id for x in others})), at)
        for (slot, new, was_erased, others), at in zip(found, since, strict=True)
    ]


def _stays_out(one: Person, gone: Iterable[Gone]) -> bool:
    if one.paid_at is not None:
        return any(each.at >= one.paid_at for each in gone)
    return any(each.back_at is None or each.at >= one.at for each in gone)


def _welcome(connection: Connection, back: dict[bytes, int], owner: dict[bytes, _Slot]) -> None:
    """Who paid an order after they were erased is the contact of that order, and no more the one of before."""
    if back:
        query = update(erasures).where(erasures.c.key == bindparam("mine"))
        rows = [{"mine": mine, "then": at, "now": owner[mine].id} for mine, at in back.items()]
        values: dict[str, Any] = {"back_at": bindparam("then"), "contact_id": bindparam("now")}
        connection.execute(query.values(values), rows)


def _keyed(shop: Shop, one: Person) -> list[tuple[bytes, Identity]]:
    told = ((each, normal(each.kind, each.value)) for each in one.identities if each.value)
    return [(_key(shop, each.kind, plain, each.channel), each) for each, plain in told if plain]


def owners(connection: Connection, keys: Sequence[bytes]) -> dict[bytes, int]:
    """The contact of each key that is one's."""
    return {
        bytes(mine): int(own)
        for some in _pieces(keys)
        for mine, own in bulk.among(connection, identities, ("key", "contact_id"), "key", some)
    }


def _place(
    one: Person,
    keyed: Sequence[tuple[bytes, Identity]],
    known: dict[bytes, int],
    slots: dict[int, _Slot],
    owner: dict[bytes, _Slot],
) -> tuple[_Slot, bool, bool, tuple[_Slot, ...]]:
    """The slot that ``one`` belongs to; what nobody is known by yet is theirs from now on."""
    for mine, _ in keyed:
        if mine in known and mine not in owner:
            own = known[mine]
            owner[mine] = slots.setdefault(own, _Slot(own))
    there = [owner[mine] for mine, _ in keyed if mine in owner]
    slot = there[0] if there else _Slot()
    slot.hear(one)
    for mine, identity in keyed:
        if mine not in owner:
            owner[mine] = slot
            slot.made.append((mine, identity))
    others = tuple(each for each in there if each is not slot)
    return slot, not there, False, others


def _make(connection: Connection, shop: Shop, new: Sequence[_Slot]) -> None:
    """Contacts of those who are new, and their identities."""
    if not new:
        return
    ids = bulk.fresh(connection, contacts, len(new))
    for one, own in zip(new, ids, strict=True):
        one.id, one.own = own, True
    bulk.put(connection, contacts, _COLUMNS, [_columns(one) for one in new])
    taken = _insert(connection, shop, new)
    for one in new if taken else ():
        _yield(connection, one, [taken[mine] for mine, _ in one.made if mine in taken])
    for one in new:
        one.made = []


_COLUMNS = (
    "id", "acquired_at", "staged_at", "heard_at", "channel", "language", "name", "campaign_id",
)  # fmt: skip


def _columns(one: _Slot) -> tuple[object, ...]:
    assert one.first is not None
    first = one.first
    return (
        one.id, first.at, first.at, one.last, first.channel, one.language, one.name, first.campaign_id,
    )  # fmt: skip


def _yield(connection: Connection, one: _Slot, owners: Sequence[int]) -> None:
    """To the contact that another transaction made of the same person in between; ours was for nothing."""
    if owners:
        mine = identities.c.contact_id == one.id
        connection.execute(update(identities).where(mine).values(contact_id=owners[0]))
        connection.execute(delete(contacts).where(contacts.c.id == one.id))
        one.id, one.own = owners[0], False


def _insert(connection: Connection, shop: Shop, some: Iterable[_Slot]) -> dict[bytes, int]:
    """Write their identities; those that are another's already, with whose."""
    rows = [
        (one.id, identity.kind, mine, _shown(identity),
         identity.channel if identity.kind == "handle" else "")
        for one in some
        for mine, identity in one.made
    ]  # fmt: skip
    rows.sort(key=lambda row: row[2])  # in one order everywhere: nobody waits in a ring
    columns = ("contact_id", "kind", "key", "value", "channel")
    if bulk.put(connection, identities, columns, rows, once="key") == len(rows):
        return {}
    mine = {row[2]: row[0] for row in rows}
    held = owners(connection, [*mine])
    return {each: own for each, own in held.items() if own != mine[each]}


def _tie(connection: Connection, shop: Shop, slots: Iterable[_Slot]) -> None:
    """What is new of those who are known."""
    some = sorted(slots, key=lambda one: one.id)
    _insert(connection, shop, [one for one in some if one.made])
    rows = [
        {"own": one.id, "first": one.first.at, "from": one.first.channel, "last": one.last,
         "lang": one.language, "called": one.name}
        for one in some
        if one.first
    ]  # fmt: skip
    if rows:
        connection.execute(_HEARD, rows)


def _shown(identity: Identity) -> str:
    return " ".join(identity.value.split())[:_LONGEST]


def _pieces(keys: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """As many as one statement takes."""
    return (keys[n : n + _AT_ONCE] for n in range(0, len(keys), _AT_ONCE))

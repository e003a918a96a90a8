"""Card machines: files of codes to upload, and the cards that come back on orders.

What is in such a file is the machine's to sell: unique codes are ``uploaded`` and never sold elsewhere, of a
bundle there is a batch of prepaid grants, known by their serials.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import msgspec
from sqlalchemy import Connection, or_, select, update

from curate.database.tables import codes, deliveries, grants, lines, orders
from curate.errors import CurateError
from curate.shop import stock
from curate.shop.access import grants as access
from curate.shop.stock import Row

if TYPE_CHECKING:
    from curate.shop import Shop
    from curate.shop.delivery.states import Held
    from curate.shop.settings import Sold

Format = Literal["xianguanjia", "dujiaoka", "dujiao-next", "acg-faka"]
_SUFFIX: dict[Format, str] = {
    "xianguanjia": "json", "dujiaoka": "txt", "dujiao-next": "csv", "acg-faka": "txt"
}  # fmt: skip
_KAMI = {"kind_id": 0, "cost": 0, "is_cover": False, "is_repeat": False, "is_priority": True}
"""kami/storage/create of 闲管家: each card goes to one buyer. kind_id is the account's own."""
_LONGEST = {"acg-faka": 760}  # characters of a line that it stores
_MOST = 10_000
_SERIAL = re.compile(r"(?<![0-9A-Z])[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}(?![0-9A-Z])")
_CODE = re.compile(r"[A-Z2-7]{26}")
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file that was written for a machine."""

    path: Path
    format: Format
    count: int
    asked: int


def upload(
    shop: Shop, channel: str, sku: str, count: int, folder: Path, format: str = ""
) -> Uploaded:
    """Hand ``count`` pieces to the machine of ``channel``: a file in ``folder``, for its owner alone.

    Fewer where the stock holds fewer. The codes are the machine's before the file is there: a run that was
    killed in between sells none twice, and ``again`` writes them. Raises CurateError."""
    shape, sold = _checked(shop, channel, sku, format)
    if not 1 <= count <= _MOST:
        raise CurateError(f"{count:,} cards at once cannot be had", f"ask for 1 to {_MOST:,}")
    with shop.database.writing() as connection:
        if sold.stock == "unique":
            stock.alone(connection, sku)
            found = _named(sku, stock.upload(connection, shop, sku, channel, count))
        else:
            found = _prepaid(connection, shop, sku, count)
        _fits(found, shape)
    if not found:
        raise CurateError(
            f"there is no free code of {sku}", f"fill up: curate stock add {sku} FILE"
        )
    return Uploaded(_write(shop, folder, channel, sku, shape, found), shape, len(found), count)


def again(shop: Shop, channel: str, sku: str, folder: Path, format: str = "") -> Uploaded:
    """Write all that the machine has of ``sku`` and no order named yet: when a file was lost."""
    shape, sold = _checked(shop, channel, sku, format)
    with shop.database.reading() as connection:
        if sold.stock == "unique":
            query = select(codes.c.id, codes.c.secret).where(
                codes.c.sku == sku, codes.c.state == "uploaded", codes.c.channel == channel
            )
            found = _named(
                sku, [Row(*row) for row in connection.execute(query.order_by(codes.c.id))]
            )
        else:
            unsold = (grants.c.sku == sku) & grants.c.delivery_id.is_(None)
            rows = select(grants.c.serial, grants.c.generation).where(
                unsold, grants.c.revoked_at.is_(None)
            )
            found = [
                (serial, _line(shop, serial, generation))
                for serial, generation in connection.execute(rows.order_by(grants.c.id))
            ]
    if not found:
        raise CurateError(
            f"the machine of {channel} has nothing of {sku}", "see: curate stock list"
        )
    return Uploaded(_write(shop, folder, channel, sku, shape, found), shape, len(found), len(found))


def _checked(shop: Shop, channel: str, sku: str, format: str) -> tuple[Format, Sold]:
    known = shop.settings.channels.get(channel)
    if known is None or known.delivery != "cards":
        raise CurateError(
            f"{channel} is no channel with a card machine",
            f'write it in shop.toml: [channels.{channel}] with delivery = "cards"',
        )
    sold = shop.settings.products.get(sku)
    if sold is None:
        raise CurateError(f"shop.toml describes no {sku}", f"add a table [products.{sku}]")
    wanted = format or known.format
    for shape in get_args(Format):
        if shape == wanted:
            return shape, sold
    raise CurateError(
        f"{wanted!r} is no format of cards", f"say --format: {', '.join(get_args(Format))}"
    )


def _named(sku: str, found: Sequence[Row]) -> list[tuple[str, str]]:
    """(number of the card, what the buyer gets)."""
    return [(f"{sku}-{row.number}", row.code) for row in found]


def _prepaid(connection: Connection, shop: Shop, sku: str, count: int) -> list[tuple[str, str]]:
    made = access.issue(connection, shop, None, sku, count)
    return [(one.serial, _line(shop, one.serial, one.generation)) for one in made]


def _line(shop: Shop, serial: str, generation: int) -> str:
    """One line, in Chinese, as ``curate.exports.cards`` writes them: all these machines are."""
    return f"链接：{access.address(shop, serial, generation)} 编号：{serial}"


def _fits(found: Sequence[tuple[str, str]], shape: Format) -> None:
    """Within the transaction: what does not fit is not handed out."""
    most = _LONGEST.get(shape)
    if most and any(len(code) > most for _, code in found):
        raise CurateError(
            f"a code has more than the {most} characters that {shape} stores",
            "withdraw it with curate stock withdraw, and add a shorter one",
        )


def _write(
    shop: Shop,
    folder: Path,
    channel: str,
    sku: str,
    shape: Format,
    found: Sequence[tuple[str, str]],
) -> Path:
    stamp = datetime.fromtimestamp(shop.now(), UTC).strftime("%Y%m%d-%H%M%S")
    name = re.sub(r"[^\w.-]", "_", f"{channel}-{sku}-{stamp}")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.{_SUFFIX[shape]}"
    for number in range(2, 1000):
        if not path.exists():
            break
        path = folder / f"{name}-{number}.{_SUFFIX[shape]}"
    part = path.with_name(f"{path.name}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(_body(shape, found))
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    return path


def _body(shape: Format, found: Sequence[tuple[str, str]]) -> bytes:
    """LF and no byte order mark: it would become part of the first code."""
    if shape == "xianguanjia":
        cards = [{"card_no": number, "card_pwd": code} for number, code in found]
        body = msgspec.json.encode({**_KAMI, "cards": cards})
        return msgspec.json.format(body, indent=2) + b"\n"
    rows = [code for _, code in found]
    if shape == "dujiao-next":
        rows = ["secret", *(_cell(code) for code in rows)]
    return "".join(f"{row}\n" for row in rows).encode()


def _cell(code: str) -> str:
    return '"' + code.replace('"', '""') + '"' if set(code) & set(',"') else code


def tie(connection: Connection, shop: Shop, one: Held) -> tuple[str, str]:
    """The cards that the machine gave out for a line become its delivery's: (proof, "") or ("", why not).

    Where everybody gets the same share from the machine there is nothing to tie."""
    named = [card for raw in one.card.splitlines() if (card := raw.strip())]
    sold = shop.settings.products[one.sku]
    if not named and sold.stock == "shared" and not _printed(connection, one.sku):
        return "the same for all", ""
    if len(named) != one.quantity:
        return "", "card"
    kind = _tie_code if sold.stock == "unique" else _tie_grant
    told: list[str] = []
    with connection.begin_nested() as attempt:
        for unit, card in enumerate(named, 1):
            proof, why = kind(connection, shop, one, unit, card)
            if why:
                attempt.rollback()
                return "", why
            told.append(proof)
    query = update(lines).where(lines.c.id == one.line_id)
    connection.execute(query.values(card=""))
    return f"card {', '.join(told)}"[:300], ""


def _printed(connection: Connection, sku: str) -> bool:
    query = select(grants.c.id).where(grants.c.sku == sku, grants.c.delivery_id.is_(None)).limit(1)
    return connection.scalar(query) is not None


def _tie_code(
    connection: Connection, shop: Shop, one: Held, unit: int, card: str
) -> tuple[str, str]:
    head, _, number = card.rpartition("-")
    own = codes.c.fingerprint == stock.fingerprint(card)
    if head == one.sku and number.isdecimal() and len(number) < 16:
        own |= codes.c.id == int(number)
    query = select(codes).where(codes.c.sku == one.sku, own).with_for_update()
    found = connection.execute(query).first()
    if found is None or (found.state == "uploaded" and found.channel != one.channel):
        return "", "card-unknown"
    if found.state != "uploaded":
        return "", "card-taken"
    which = update(codes).where(codes.c.id == found.id)
    connection.execute(which.values(state="sold", delivery_id=one.id, changed_at=shop.now()))
    return f"{one.sku}-{found.id}", ""


def _tie_grant(
    connection: Connection, shop: Shop, one: Held, unit: int, card: str
) -> tuple[str, str]:
    hashes = [shop.keys.code_hash(code) for code in _CODE.findall(card.upper())]
    own = or_(grants.c.serial.in_(_SERIAL.findall(card.upper())), grants.c.code_hash.in_(hashes))
    query = select(grants).where(grants.c.sku == one.sku, own).with_for_update()
    found = connection.execute(query).first()
    if found is None:
        return "", "card-unknown"
    if found.delivery_id is not None or found.revoked_at is not None:
        return "", "card-taken"
    days = shop.settings.products[one.sku].days
    connection.execute(
        update(grants)
        .where(grants.c.id == found.id)
        .values(
            delivery_id=one.id,
            unit=unit,
            expires_at=shop.now() + days * _DAY if days else None,  # it was bought only now
            stamp=one.number if shop.settings.products[one.sku].stamp else "",
        )
    )
    return str(found.serial), ""


def name(shop: Shop, channel: str, number: str, line_no: str, card: str) -> None:
    """Note which card a line got, where its channel did not say so; serve afterwards. Raises CurateError
    where no such line waits."""
    query = (
        select(lines.c.id)
        .join_from(lines, orders)
        .join(deliveries, deliveries.c.line_id == lines.c.id)
        .where(orders.c.channel == channel, orders.c.number == number, lines.c.line_no == line_no)
        .where(deliveries.c.state == "waiting")
    )
    with shop.database.writing() as connection:
        found = connection.scalar(query)
        if found is None:
            raise CurateError(
                f"no line {line_no} of the order {number} of {channel} waits",
                "see: curate outbox list",
            )
        connection.execute(update(lines).where(lines.c.id == found).values(card=card))

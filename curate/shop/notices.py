"""Signed notices of orders: what a channel, or a program of the seller's, posts to /notices/CHANNEL.

Three headers go with the body, a JSON object as :mod:`curate.shop.orders.formats.canonical` names its fields,
or one with a list of such under "lines":

    X-Curate-Timestamp: seconds since 1970
    X-Curate-Nonce: 16 to 100 letters, digits, "-" or "_", new for each notice
    X-Curate-Signature: hex of HMAC-SHA256 over timestamp + "." + nonce + "." + body, with the channel's secret

The secret is 64 hex characters, used as the text that it is. Sending the very same notice again is allowed, as
long as its timestamp holds, and gets the same answer; its nonce with another body is refused.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from curate.database.tables import deliveries, lines, nonces, orders
from curate.errors import CurateError
from curate.shop.orders import Line, documents, formats, intake
from curate.shop.orders.cells import Row
from curate.shop.orders.formats import canonical

if TYPE_CHECKING:
    from curate.shop import Shop
    from curate.workspace import Workspace

WINDOW = 300
"""Seconds that a timestamp may differ from our clock."""
MOST = 256 << 10
"""Bytes of a body."""
LINES = 200
"""In one notice."""
_NONCE = re.compile(r"[A-Za-z0-9_-]{16,100}", re.ASCII)
_TIME = re.compile(r"\d{1,12}", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
_CHANNEL = re.compile(r"\w[\w-]{0,63}")


class Refused(CurateError):
    """``status`` is HTTP's. What it says tells nobody who does not know the secret anything about the shop."""

    def __init__(self, status: int, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.status = status

    def __reduce__(self) -> tuple[type[Refused], tuple[int, str, str]]:  # type: ignore[override]
        return (type(self), (self.status, self.message, self.hint))


@dataclass(frozen=True, slots=True)
class Answer:
    """The same for every time that a notice comes."""

    status: int
    body: dict[str, Any]


def receive(shop: Shop, channel: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """Verify, take in, deliver what can be delivered now, and answer. Never raises for what was sent."""
    try:
        told = verify(shop, channel, headers, body)
    except Refused as fault:
        return Answer(fault.status, {"version": 1, "problems": [_said(fault)]})
    taken = intake.take(shop, told)
    if taken.queued:
        from curate.shop.delivery import serve

        serve(shop)
    return _answer(shop, told, [str(one) for one in taken.problems])


def verify(shop: Shop, channel: str, headers: Mapping[str, str], body: bytes) -> tuple[Line, ...]:
    """The lines of a notice whose signature, time and nonce are right. Raises Refused."""
    if len(body) > MOST:
        raise Refused(413, f"a notice has at most {MOST} bytes")
    given = {name.lower(): value for name, value in headers.items()}
    at, nonce = given.get("x-curate-timestamp", ""), given.get("x-curate-nonce", "")
    secret = _secret(shop, channel)
    right = hmac.compare_digest(
        sign(secret or secrets.token_hex(32), at, nonce, body).encode(),
        given.get("x-curate-signature", "").strip().lower().encode(),
    )
    if not (right and secret and _TIME.fullmatch(at) and _NONCE.fullmatch(nonce)):
        raise Refused(401, "the signature is not right")
    if abs(int(at) - shop.now()) > WINDOW:
        raise Refused(401, f"the timestamp is more than {WINDOW} seconds off: set the clock")
    _spend(shop, channel, nonce, hashlib.sha256(body).digest())
    return _lines(shop, channel, body)


def sign(secret: str, timestamp: str, nonce: str, body: bytes) -> str:
    """What stands in X-Curate-Signature."""
    signed = f"{timestamp}.{nonce}.".encode("utf-8", "replace") + body
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def make_secret(shop: Shop, channel: str, to: Path, renew: bool = False) -> Path:
    """Write the channel's secret to the new file ``to``, for its owner alone; made where there is none yet.

    ``renew``: a new one, and the old one is worthless. It stays in keys/ of the workspace; ``to`` is to be
    handed to the channel and then deleted. Raises CurateError.
    """
    path = place(shop.workspace, channel)
    if channel not in shop.settings.channels:
        raise CurateError(
            f"shop.toml has no channel {channel!r}", f"add to it: [channels.{channel}]"
        )
    if to.exists() or to.is_symlink():
        raise CurateError(f"{to} exists", "give the name of a file that does not")
    if renew or not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        part.unlink(missing_ok=True)
        _write(part, secrets.token_hex(32))
        part.replace(path)
    _write(to, _read(path) or "")
    return path


def place(workspace: Workspace, channel: str) -> Path:
    """Where a channel's secret lies. Raises CurateError for a name that no file can have."""
    if not _CHANNEL.fullmatch(channel):
        raise CurateError(
            f"{channel[:40]!r} cannot get a secret",
            "name the channel with letters, digits, '-' and '_'",
        )
    return workspace.keys / f"notices-{channel}.key"


def _secret(shop: Shop, channel: str) -> str:
    if channel not in shop.settings.channels or not _CHANNEL.fullmatch(channel):
        return ""
    return _read(place(shop.workspace, channel))


def _read(path: Path) -> str:
    """ "" where there is none. Raises CurateError where it is damaged."""
    try:
        text = path.read_text("ascii").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as fault:
        raise CurateError(f"{path} cannot be read", "restore it, or make a new secret") from fault
    if not _HEX.fullmatch(text):
        raise CurateError(f"{path} holds no secret", "restore it, or make a new one")
    return text


def _write(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, text.encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def _spend(shop: Shop, channel: str, nonce: str, digest: bytes) -> None:
    """A nonce belongs to one body: the same notice may come twice, and nothing else may use it."""
    now = shop.now()
    with shop.database.writing() as connection:
        connection.execute(delete(nonces).where(nonces.c.at < now - 3 * WINDOW))
        connection.execute(
            shop.database.insert(nonces)
            .values(channel=channel, nonce=nonce, digest=digest, at=now)
            .on_conflict_do_nothing(index_elements=["channel", "nonce"])
        )
        kept = select(nonces.c.digest).where(nonces.c.channel == channel, nonces.c.nonce == nonce)
        if connection.scalar(kept) != digest:
            raise Refused(409, "the nonce was used for another notice: make a new one for each")


def _lines(shop: Shop, channel: str, body: bytes) -> tuple[Line, ...]:
    try:
        found = documents.value(body.decode("utf-8"))
        entries = found["lines"] if isinstance(found, Mapping) and "lines" in found else [found]
        if not isinstance(entries, list) or not 0 < len(entries) <= LINES:
            raise CurateError(f"lines is no list of 1 to {LINES}")
        told = formats.told(channel, shop.settings.channels[channel], "canonical")
        rows = [Row("line", number, one, exact=True) for number, one in enumerate(entries, 1)]
        return tuple(canonical.line(row.inside(row.cells), told) for row in rows)
    except UnicodeDecodeError as fault:
        raise Refused(422, "the body is not UTF-8") from fault
    except CurateError as fault:
        raise Refused(422, fault.message, fault.hint) from fault


def _answer(shop: Shop, told: tuple[Line, ...], problems: list[str]) -> Answer:
    """By what lasts: which delivery each line has, not how far it is."""
    query = (
        select(lines.c.sku, deliveries.c.id)
        .join(orders, orders.c.id == lines.c.order_id)
        .outerjoin(deliveries, deliveries.c.line_id == lines.c.id)
    )
    found = []
    with shop.database.reading() as connection:
        for one in told:
            which = (orders.c.channel == one.channel) & (orders.c.number == one.number)
            row = connection.execute(query.where(which, lines.c.line_no == one.line_no)).first()
            if row is not None:
                found.append(
                    {
                        "order_no": one.number,
                        "line_no": one.line_no,
                        "sku": row.sku,
                        "delivery": row.id,
                    }
                )
    body: dict[str, Any] = {"version": 1, "lines": found}
    return Answer(409, body | {"problems": problems}) if problems else Answer(200, body)


def _said(fault: CurateError) -> str:
    return f"{fault.message}: {fault.hint}" if fault.hint else fault.message

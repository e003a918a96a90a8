"""The shop's secret, and what follows from it: buyers' codes, signatures of links, cookies.

One random key lies in keys/shop.key; whoever has it gets everything, whoever has the database alone gets
nothing: it holds only hashes. A buyer's code is derived from the key and the grant's serial, so that a
message that was lost can be written once more without the code being stored anywhere.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from curate.errors import CurateError

FILE = "shop.key"
_BITS = 128
_SERIAL = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # without what is read as something else


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """Derives; never shows itself."""

    _secret: bytes

    def code(self, serial: str, generation: int) -> str:
        """What opens a buyer's page: 128 bits in base32, 26 characters."""
        raw = self.mac("code", serial, str(generation))[: _BITS // 8]
        return base64.b32encode(raw).decode().rstrip("=")

    def code_hash(self, code: str) -> bytes:
        """32 bytes, by which a code is found. Case and what people put between characters do not count."""
        return self.mac("lookup", "".join(c for c in code.upper() if c.isalnum())[:64])

    def mac(self, purpose: str, *parts: str) -> bytes:
        """HMAC-SHA256 of ``parts`` under a key for ``purpose`` alone."""
        told = [raw for part in parts for raw in _measured(part.encode())]
        return hmac.digest(_key(self._secret, purpose), b"".join(told), "sha256")


def _measured(raw: bytes) -> tuple[bytes, bytes]:
    """With its length before it: parts that are cut otherwise are others."""
    return len(raw).to_bytes(4, "big"), raw


@lru_cache(64)
def _key(secret: bytes, purpose: str) -> bytes:
    return hmac.digest(secret, purpose.encode(), "sha256")


def load(folder: Path) -> Keys:
    """The key in ``folder``, made where there is none. Raises CurateError where it is damaged."""
    path = folder / FILE
    try:
        if not path.exists():
            _make(path)
        secret = bytes.fromhex(path.read_text("ascii").strip())
    except (OSError, ValueError) as fault:
        raise CurateError(
            f"{path} cannot be read: {fault}",
            "restore it from a backup: without it no buyer's code works any more",
        ) from fault
    if len(secret) != hashlib.sha256().digest_size:
        raise CurateError(f"{path} holds no key of 32 bytes", "restore it from a backup")
    return Keys(secret)


def serial() -> str:
    """A new number to talk about a grant by, such as "K7QM-2XPA"; it opens nothing."""
    drawn = "".join(secrets.choice(_SERIAL) for _ in range(8))
    return f"{drawn[:4]}-{drawn[4:]}"


def _make(path: Path) -> None:
    """Whole or not at all, and readable to its owner alone; who comes second takes the first one's."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    (path.parent / ".gitignore").write_bytes(b"*\n")  # a secret in a repository is none
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(handle, secrets.token_hex(32).encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        os.link(part, path)
    except FileExistsError:
        pass
    finally:
        part.unlink()

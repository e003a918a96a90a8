"""The seller's key: minisign signatures (Ed25519) that a buyer checks with `minisign` or in a browser.

The secret key lies in ``keys/`` of the workspace and nowhere else. Format: jedisct1.github.io/minisign.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from curate.errors import CurateError

SECRET, PUBLIC = "seller.key", "seller.pub"
PASSWORD = "CURATE_KEY_PASSWORD"
"""Environment variable with the password of the secret key, where it has one."""


@dataclass(frozen=True, slots=True)
class Signer:
    """A secret key that was unlocked."""

    public: str  # base64 as `minisign -P` takes it: 56 characters
    _key: Any

    def sign(self, data: bytes, comment: str) -> bytes:
        """A .minisig of ``data`` that browsers can check as well: not hashed before it is signed."""
        return self._signed(data, comment, prehash=False)

    def sign_stream(self, file: IO[bytes], comment: str) -> bytes:
        """A .minisig of a file of any size: hashed by BLAKE2b first, as minisign does by itself."""
        return self._signed(file, comment, prehash=True)

    def _signed(self, data: Any, comment: str, prehash: bool) -> bytes:
        signature = self._key.sign(
            data,
            prehash=prehash,
            untrusted_comment="signature by curate",
            trusted_comment=comment,
        )
        return bytes(signature)


def vacant(folder: Path) -> None:
    """Raises CurateError where ``folder`` holds a key already."""
    secret = folder / SECRET
    if secret.exists():
        raise CurateError(
            f"{secret} exists: what was signed with it could not be checked with a new one",
            "keep it, or move it away first",
        )


def create(folder: Path, password: str = "") -> Signer:
    """Make ``folder``/seller.key and seller.pub, kept out of Git. Raises CurateError where there is a key already."""
    from minisign import KeyPair

    vacant(folder)
    secret = folder / SECRET
    pair = KeyPair.generate()
    key, public = pair.secret_key, bytes(pair.public_key)
    if password:
        key.encrypt(password)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / ".gitignore").write_bytes(b"*\n")
    descriptor = os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, so that it is never readable by others
        file.write(bytes(key))
        file.flush()
        os.fsync(file.fileno())
    (folder / PUBLIC).write_bytes(public)
    found = load(folder, password)
    assert found is not None
    return found


def load(folder: Path, password: str | None = None) -> Signer | None:
    """The key in ``folder``; None where there is none. Raises CurateError: damaged, or a wrong password.

    Without ``password`` the one in ``CURATE_KEY_PASSWORD`` is taken.
    """
    from minisign import Error, PublicKey, SecretKey

    secret = folder / SECRET
    if not secret.exists():
        return None
    try:
        key = SecretKey.from_file(secret)
    except (Error, OSError, ValueError) as fault:
        raise CurateError(
            f"{secret} is no minisign secret key: {fault}", "restore it from your backup"
        ) from fault
    if key.is_encrypted():
        word = os.environ.get(PASSWORD, "") if password is None else password
        try:
            key.decrypt(word)
        except (Error, ValueError) as fault:
            raise CurateError(
                f"the password of {secret} is {'wrong' if word else 'missing'}",
                f"set {PASSWORD} to the password you gave with curate key new",
            ) from fault
    public = PublicKey.from_secret_key(key).to_base64().decode()
    return Signer(public, key)


def public(folder: Path) -> str:
    """The public key in ``folder`` as base64; needs no password where seller.pub is there. Raises CurateError: none, or damaged."""
    from minisign import Error, PublicKey

    path = folder / PUBLIC
    try:
        return str(PublicKey.from_bytes(path.read_bytes()).to_base64().decode())
    except FileNotFoundError as fault:
        held = load(folder)
        if held:
            return held.public
        raise CurateError(
            f"there is no key: {path} does not exist", "make one with: curate key new"
        ) from fault
    except (Error, OSError, ValueError) as fault:
        raise CurateError(
            f"{path} is no minisign public key: {fault}", "restore it from your backup"
        ) from fault


def check(data: bytes | IO[bytes], signature: bytes, public: str = "") -> str:
    """Why ``signature`` (a .minisig) does not vouch for ``data``; "" where it does."""
    from minisign import Error, PublicKey, Signature

    try:
        PublicKey.from_base64(public).verify(data, Signature.from_bytes(signature))
    except (Error, ValueError) as fault:
        return str(fault) or "it is not valid"
    return ""

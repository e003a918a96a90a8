"""Names, passwords and tokens of the user's accounts: from the environment, else the keyring."""

from __future__ import annotations

import base64
import os
import re
from dataclasses import dataclass, field
from typing import Any

from curate.errors import CurateError

SERVICE = "curate"


@dataclass(frozen=True, slots=True)
class Account:
    """Either a token, or a user with a password. Never printed."""

    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    @property
    def authorization(self) -> str:
        """The value of the header: Bearer for a token (RFC 6750), else Basic (RFC 7617)."""
        if self.token:
            return f"Bearer {self.token}"
        pair = base64.b64encode(f"{self.user}:{self.password}".encode())
        return f"Basic {pair.decode()}"


def account(name: str) -> Account:
    """The account ``name``: ``CURATE_<NAME>_TOKEN``, or ``_USER`` and ``_PASSWORD``; else what the
    system's keyring holds for the service "curate" under "<name>:token", or under "<name>:user" and
    "<name>:password". Raises CurateError where there is none."""
    prefix = "CURATE_" + re.sub(r"[^A-Z0-9]", "_", name.upper())
    found = Account(
        *(os.environ.get(f"{prefix}_{part}", "") for part in ("USER", "PASSWORD", "TOKEN"))
    )
    if not (found.token or found.user):
        found = _kept(name)
    if not (found.token or found.user):
        raise CurateError(
            f"there is no password or token for the account {name!r}",
            f"set {prefix}_TOKEN, or {prefix}_USER and {prefix}_PASSWORD, in the environment; or "
            f"keep them with: keyring set {SERVICE} {name}:token, or: keyring set {SERVICE} "
            f"{name}:user and: keyring set {SERVICE} {name}:password",
        )
    if not all(part.isprintable() for part in (found.user, found.password, found.token)):
        raise CurateError(
            f"the password or token of the account {name!r} holds line breaks or the like",
            "copy it once more, without what surrounds it",
        )
    return found


def _kept(name: str) -> Account:
    ring = _keyring()
    if ring is None:
        return Account()
    try:
        return Account(
            *(
                ring.get_password(SERVICE, f"{name}:{part}") or ""
                for part in ("user", "password", "token")
            )
        )
    except Exception:  # noqa: BLE001 - a backend that is locked or broken is one that has nothing
        return Account()


def _keyring() -> Any:
    try:
        import keyring
    except Exception:  # noqa: BLE001 - a keyring that cannot even be loaded is none
        return None
    return keyring

"""Other people's storage: folders of WebDAV servers, of S3 buckets and of machines with SFTP."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from typing import Literal

from curate.fetch.credentials import Account, account
from curate.fetch.drives.address import Address, Kind
from curate.fetch.drives.drive import ENTRIES, Away, Drive, Entry, Listing, Shut
from curate.fetch.drives.http import Line
from curate.fetch.drives.reading import Patience, Reading
from curate.fetch.drives.s3 import S3, Signer
from curate.fetch.drives.sftp import Login, Sftp
from curate.fetch.drives.webdav import WebDav
from curate.fetch.guard import Guard

__all__ = [
    "ENTRIES", "Address", "Away", "Drive", "Entry", "Kind", "Listing", "Patience", "Reading", "Shut", "Way", "drive",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Way:
    """How the drive at an address is reached."""

    address: Address
    account: str = ""  # name of the user's account
    delay: float | None = None  # least seconds between two requests; None: ``fetch.delay``
    endpoint: str = ""  # S3: the server; "" is that of AWS in the region
    region: str = "us-east-1"  # S3
    style: Literal["path", "host"] = "path"  # S3: where the bucket's name stands
    user: str = ""  # SFTP: who logs in, where the account does not say it
    key: str = ""  # SFTP: file of the private key
    host_key: str = ""  # SFTP: "SHA256:…"


def drive(way: Way, patience: Patience) -> Drive:
    """The drive, which nobody has asked for anything yet. Raises CurateError: no such account, a
    password that would travel unencrypted."""
    settings = patience.settings
    guard, delay = Guard(settings), settings.delay if way.delay is None else way.delay
    known = account(way.account) if way.account else Account()
    if way.address.kind == "sftp":
        user = way.user or known.user or getpass.getuser()
        login = Login(user, known.password, way.key, way.host_key)
        return Sftp(way.address, login, guard, patience, delay)
    if way.address.kind == "s3":
        return _s3(way, known, guard, patience, delay)
    scheme = "https" if way.address.secure else "http"
    host = f"[{way.address.host}]" if ":" in way.address.host else way.address.host
    home = f"{scheme}://{host}:{way.address.port}"
    if known != Account():
        guard.check_secret(home, way.address.url)
    headers = {"Authorization": known.authorization} if known != Account() else {}
    line = Line(home, guard, patience, delay, lambda *_: headers)
    return WebDav(line, way.address.path)


def _s3(way: Way, known: Account, guard: Guard, patience: Patience, delay: float) -> Drive:
    bucket = way.address.host
    home = (way.endpoint or f"https://s3.{way.region}.amazonaws.com").rstrip("/")
    if way.style == "host":
        scheme, _, host = home.partition("://")
        home, path = f"{scheme}://{bucket}.{host}", ""
    else:
        path = f"/{bucket}"
    line = Line(home, guard, patience, delay, Signer(known, way.region))
    return S3(line, path, way.address.path)

"""Other people's storage: folders of WebDAV servers, of S3 buckets and of machines with SFTP."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from curate.fetch.addresses import origin
from curate.fetch.credentials import Account, account
from curate.fetch.drives.address import Address, Kind
from curate.fetch.drives.drive import (
    ENTRIES,
    Away,
    Drive,
    Entry,
    Listing,
    Refused,
    Shut,
    Storage,
)  # fmt: skip
from curate.fetch.drives.http import Line
from curate.fetch.drives.reading import Reading
from curate.fetch.drives.s3_storage import S3Storage
from curate.fetch.drives.sftp import Login, Sftp
from curate.fetch.drives.signature import Signer
from curate.fetch.drives.webdav_storage import WebDavStorage
from curate.fetch.guard import Guard
from curate.fetch.patience import Patience

__all__ = [
    "ENTRIES", "Address", "Away", "Drive", "Entry", "Kind", "Listing", "Patience", "Reading", "Refused", "Shut",
    "Storage", "Way", "drive", "signed", "storage",
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
    if way.address.kind != "sftp":
        return storage(way, patience)
    known = account(way.account) if way.account else Account()
    home = _home(way)
    patience.pace.agree(home, patience.settings.delay if way.delay is None else way.delay)
    user = way.user or known.user or getpass.getuser()
    login = Login(user, known.password, way.key, way.host_key)
    return Sftp(way.address, login, Guard(patience.settings), patience)


def storage(way: Way, patience: Patience) -> Storage:
    """As ``drive``, to be written to; for WebDAV and S3."""
    guard = Guard(patience.settings)
    known = account(way.account) if way.account else Account()
    home = _home(way)
    patience.pace.agree(home, patience.settings.delay if way.delay is None else way.delay)
    if way.address.kind == "s3":
        line = Line(home, guard, patience, Signer(known, way.region))
        return S3Storage(line, _bucket(way), way.address.path)
    if known != Account():
        guard.check_secret(home, way.address.url)
    headers = {"Authorization": known.authorization} if known != Account() else {}
    return WebDavStorage(Line(home, guard, patience, lambda *_: headers), way.address.path)


def signed(way: Way, path: str, seconds: int) -> str:
    """The address by which anyone gets the file at ``path`` of an S3 drive for ``seconds``, at most
    seven days. Raises CurateError: no such account."""
    place = quote("/".join(part for part in (way.address.path, path) if part), safe="/")
    signer = Signer(account(way.account), way.region)
    return signer.address(f"{_home(way)}{_bucket(way)}/{place}", seconds)


def _bucket(way: Way) -> str:
    return "" if way.style == "host" else f"/{way.address.host}"


def _home(way: Way) -> str:
    """The server that is asked, as the pace of the run knows it."""
    if way.address.kind == "sftp":
        return way.address.home
    if way.address.kind == "webdav":
        return origin(way.address.home)
    home = origin(way.endpoint or f"https://s3.{way.region}.amazonaws.com")
    if way.style == "path":
        return home
    scheme, _, host = home.partition("://")
    return origin(f"{scheme}://{way.address.host}.{host}")

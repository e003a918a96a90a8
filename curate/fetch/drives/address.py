"""Where a drive is, as its user writes it in one line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote, urlsplit

Kind = Literal["webdav", "s3", "sftp"]
_SCHEMES: dict[str, tuple[Kind, bool, int]] = {
    "webdavs": ("webdav", True, 443),
    "webdav": ("webdav", False, 80),
    "s3": ("s3", True, 443),
    "sftp": ("sftp", True, 22),
}


@dataclass(frozen=True, slots=True)
class Address:
    """A folder on a drive."""

    url: str
    kind: Kind
    secure: bool  # what is said to it is encrypted
    host: str  # of S3: the bucket
    port: int
    path: str  # decoded, without slashes at its ends

    @property
    def home(self) -> str:
        """The server: "https://dav.example.org:443", "sftp://host:22"."""
        scheme = self.kind if self.kind != "webdav" else "https" if self.secure else "http"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"

    @classmethod
    def of(cls, url: str) -> Address:
        """Raises ValueError for what is none. Its sentence never repeats a password."""
        # Where a password was put may be anywhere before the "@".
        name = url if "@" not in url else f"{url.partition(':')[0][:10]}://…"
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
            path = unquote(parts.path, errors="strict").strip("/")
        except ValueError:
            raise ValueError(f"url: {name} is not an address") from None
        if "@" in parts.netloc:
            raise ValueError(
                f"url: {name} holds a user name or password; write account = "
                '"NAME" instead, and give both in CURATE_NAME_USER and CURATE_NAME_PASSWORD'
            )
        if parts.scheme not in _SCHEMES or not host:
            raise ValueError(
                f"url: {name} is no drive; it begins with webdavs://HOST/, webdav://HOST/,"
                " s3://BUCKET/ or sftp://HOST/"
            )
        if parts.query or parts.fragment or url.endswith(("?", "#")):
            raise ValueError(f"url: {name} holds ? or #; in a folder's name write %3F or %23")
        if "\0" in path or {".", ".."} & set(path.split("/")) or "//" in path:
            raise ValueError(f"url: {name} leads nowhere; write the folder's whole path")
        kind, secure, standard = _SCHEMES[parts.scheme]
        if kind == "s3" and port:
            raise ValueError(f'url: {name} names a port; write endpoint = "https://HOST:PORT"')
        return cls(url.rstrip("/"), kind, secure, host, port or standard, path)

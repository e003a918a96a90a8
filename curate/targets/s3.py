"""A bucket of S3 and what speaks like it: Cloudflare R2, 阿里云 OSS, 腾讯云 COS, MinIO."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from curate.fetch.drives import Address, Way, signed
from curate.targets import Link, Place, below
from curate.targets.drive import DriveTarget, check_account
from curate.workspace import Fetch


class S3Place(Place, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="s3"):
    """``type = "s3"``: a bucket, or what begins alike in it."""

    url: str
    """The bucket, which has to be there, and a folder in it: "s3://BUCKET/FOLDER"."""
    endpoint: str = ""
    """The server, "https://…"; that of AWS where empty."""
    region: str = "us-east-1"
    """The region that the bucket is in."""
    style: Literal["path", "host"] = "path"
    """"host" where the bucket's name is part of the server's (阿里云 OSS, 腾讯云 COS)."""
    account: str = ""
    """Name of your account: the access key in CURATE_NAME_USER and its secret in CURATE_NAME_PASSWORD,
    in the environment, or the keyring."""
    delay: Annotated[float, Meta(ge=0)] = 0.0
    """Least seconds between two requests."""
    signed_days: Annotated[int, Meta(ge=0, le=7)] = 0
    """Share by signed addresses that hold so many days, at most 7, instead of `public`: whoever has one
    gets the file without an account. It shows your access key, never its secret."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if Address.of(self.url).kind != "s3":
            raise ValueError(f"url: {self.url} does not begin with s3://")
        if self.endpoint and not self.endpoint.startswith(("https://", "http://")):
            raise ValueError('endpoint is no address; write "https://HOST"')
        if "@" in self.endpoint:
            raise ValueError("endpoint holds a user name or password; write account instead")
        if self.account:
            check_account(self.account)
        if self.signed_days and (self.public or not self.account):
            raise ValueError("signed_days needs an account, and excludes public")


class S3Target(DriveTarget):
    """Large files go up in parts, and a later run sends only those that are missing."""

    options: ClassVar[type[Place]] = S3Place

    def __init__(self, place: S3Place, home: Path, fetch: Fetch) -> None:
        way = Way(
            Address.of(place.url), place.account, place.delay, place.endpoint, place.region, place.style
        )  # fmt: skip
        super().__init__(way, fetch)
        self._place = place

    def link(self, path: str) -> Link:
        place = self._place
        if place.signed_days:
            last = datetime.now(UTC) + timedelta(days=place.signed_days)
            url = signed(self._way, path, place.signed_days * 24 * 3600)
            return Link(url, last.date().isoformat())
        if place.public:
            return Link(below(place.public, path))
        return Link(below(place.url, path), public=False)


__all__ = ["S3Place", "S3Target"]

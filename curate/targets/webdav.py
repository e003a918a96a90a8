"""A folder of a WebDAV server: Nextcloud, 坚果云, a NAS, AList and OpenList before other drives."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

from msgspec import Meta

from curate.fetch.drives import Address, Way
from curate.targets import Link, Place, below
from curate.targets.drive import DriveTarget, check_account
from curate.workspace import Fetch


class WebdavPlace(Place, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="webdav"):
    """``type = "webdav"``: a folder of a WebDAV server."""

    url: str
    """The folder, which has to be there: "webdavs://HOST/FOLDER", or webdav:// where nothing is encrypted."""
    account: str = ""
    """Name of your account: CURATE_NAME_USER and CURATE_NAME_PASSWORD in the environment, or the keyring."""
    delay: Annotated[float, Meta(ge=0)] | None = None
    """Least seconds between two requests; fetch.delay where absent. 坚果云 allows 600 in half an hour: 3."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if Address.of(self.url).kind != "webdav":
            raise ValueError(f"url: {self.url} does not begin with webdavs:// or webdav://")
        if self.account:
            check_account(self.account)


class WebdavTarget(DriveTarget):
    """An upload that broke off begins anew: WebDAV knows no other way."""

    options: ClassVar[type[Place]] = WebdavPlace

    def __init__(self, place: WebdavPlace, home: Path, fetch: Fetch) -> None:
        super().__init__(Way(Address.of(place.url), place.account, place.delay), fetch)
        self._place = place

    def link(self, path: str) -> Link:
        if self._place.public:
            return Link(below(self._place.public, path))
        address = self._way.address
        return Link(below(below(address.home, address.path), path), public=False)


__all__ = ["WebdavPlace", "WebdavTarget"]

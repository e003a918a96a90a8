"""Where releases are shared: what people record by hand, and whether it is still there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlsplit

import msgspec

from curate.bundle import history
from curate.errors import CurateError
from curate.fetch import Fetched, Fetcher, StatusError
from curate.messages import msg, render
from curate.model import Message
from curate.pipeline import rightful
from curate.pipeline.listener import SILENT, Listener
from curate.pipeline.publish import chosen, now, put, recording
from curate.pipeline.sending import reads_as
from curate.product import Zip
from curate.shares import FILE, Share, Shares
from curate.shares import check as check_share
from curate.targets import Target, check_address, target
from curate.workspace import Workspace, check_name

State = Literal["alive", "gone", "unknown"]
_TITLE = re.compile(r"<title[^>]*>([^<]{0,300})", re.IGNORECASE)
_GONE_TITLES = ("链接不存在", "分享已取消", "分享已失效", "链接已失效")
"""What drives write over the page of a share that is no more, while they answer 200."""
_HEAD = 1 << 16
_PAGE_KINDS = ("text/", "application/json", "application/xml", "application/xhtml+xml")
"""What no archive is sent as: a login, a captcha, a message."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A share as it stands."""

    name: str  # of the collection
    share: Share
    yanked: str | None = None  # why, where its version is


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found at a share."""

    name: str
    share: Share  # as it was recorded before
    state: State
    why: Message | None
    yanked: str | None  # why its version is, where it is
    against: tuple[str, ...] = ()  # what in it may not be sold any more, though it still is


@dataclass(frozen=True, slots=True)
class Noted:
    """A share that somebody made by hand."""

    url: str
    code: str = ""
    expires: str = ""  # ISO date
    place: str = ""  # what people call the drive; "" for the name of its server


def record(workspace: Workspace, name: str, version: str, noted: Noted) -> Share:
    """Note where a release is shared. Raises CurateError: no such release, a yanked one, no web address."""
    try:
        check_address(noted.url, "--url")
    except ValueError as fault:
        raise CurateError(str(fault), "give the address alone, as the drive shows it") from fault
    parts = urlsplit(noted.url)
    # 百度网盘 writes the code into the address as well.
    code = noted.code.strip() or (parse_qs(parts.query).get("pwd") or [""])[0]
    check_share(noted.url, code, noted.place)
    found = history.read(chosen(workspace, name, version))
    share = Share(
        verb="put",
        version=found.version,
        target=noted.place or parts.hostname or "",
        url=noted.url,
        when=now(),
        code=code,
        expires=noted.expires,
        archives=tuple(Zip(one.file, one.size, one.sha256) for one in found.archives),
    )
    put(workspace, name, [share])
    return share


def standing(workspace: Workspace, names: Sequence[str] = ()) -> tuple[Standing, ...]:
    """All shares of these collections, or of all: by collection, version, target and address. Raises
    CurateError for a collection that has never been released."""
    found: list[Standing] = []
    for name in names or _shared(workspace):
        home = workspace.build / check_name(name)
        if not home.is_dir():
            history.chosen(home)  # raises, and tells how to build one
        off = history.yanked(home)
        shares = sorted(
            Shares(home).current(), key=lambda one: (_order(one.version), one.target, one.url)
        )
        found += (
            Standing(name, one, off[one.version].why if one.version in off else None)
            for one in shares
        )
    return tuple(found)


def drop(workspace: Workspace, name: str, version: str, url: str, place: str) -> tuple[Share, ...]:
    """Forget shares of a collection: of a version, at an address, on a target, where these are given.
    Raises CurateError where there is none."""
    home = workspace.build / check_name(name)
    if not home.is_dir():
        history.chosen(home)  # raises, and tells how to build one
    with recording(workspace, name) as journal:
        found = [
            one
            for one in journal.current(version)
            if url in ("", one.url) and place in ("", one.target)
        ]
        if not found:
            raise CurateError(f"'{name}' has no such share", f"see: curate publish list {name}")
        when = now()
        journal.append(*(one.word("drop", when) for one in found))
    return tuple(found)


def check(
    workspace: Workspace,
    names: Sequence[str] = (),
    deep: bool = False,
    today: date | None = None,
    listener: Listener = SILENT,
) -> tuple[Checked, ...]:
    """Look at every share, and note which are gone and which are back. ``deep``: read them back, every
    byte. What nobody can tell from here is unknown, never gone."""
    shares = standing(workspace, names)
    against = cache(_against)
    listener.stage("looking at shares", len(shares))
    found: list[Checked] = []
    with closing(_Looking(workspace, deep, today or datetime.now(UTC).date())) as looking:
        for one in shares:
            state, why = looking.at(one)
            wrong = against(workspace, workspace.build / one.name / one.share.version)
            found.append(Checked(one.name, one.share, state, why, one.yanked, wrong))
            listener.step()
    for name in dict.fromkeys(one.name for one in found):
        _note(workspace, name, [one for one in found if one.name == name])
    return tuple(found)


def _against(workspace: Workspace, folder: Path) -> tuple[str, ...]:
    """Of a release that is there: what was shared may have been built elsewhere."""
    return tuple(rightful.against(workspace, folder)) if folder.is_dir() else ()


def _note(workspace: Workspace, name: str, found: Sequence[Checked]) -> None:
    when = now()
    news = []
    for one in found:
        was_gone = one.share.verb == "gone"
        if one.state == "gone" and not was_gone:
            why = render(one.why, "en") if one.why else ""
            news.append(one.share.word("gone", when, why))
        elif one.state == "alive" and was_gone:
            news.append(one.share.word("back", when))
    if news:
        with recording(workspace, name) as journal:
            journal.append(*news)


def _shared(workspace: Workspace) -> list[str]:
    return sorted(path.parent.name for path in workspace.build.glob(f"*/{FILE}"))


def _order(version: str) -> tuple[object, ...]:
    try:
        return (1, history.order(version))
    except CurateError:
        return (0, version)


Found = tuple[State, Message | None]


class _Looking:
    """What is asked to find out about shares: each target is opened once."""

    def __init__(self, workspace: Workspace, deep: bool, today: date) -> None:
        self._workspace = workspace
        self._deep = deep
        self._today = today
        settings = workspace.settings.fetch
        # An answer that does not come is no worse than one tomorrow; archives may be of any size.
        settings = msgspec.structs.replace(
            settings, retries=min(settings.retries, 1), max_mb=1 << 30
        )
        self._fetcher = Fetcher(settings)
        self._targets: dict[str, Target | CurateError] = {}

    def close(self) -> None:
        self._fetcher.close()
        for one in self._targets.values():
            if not isinstance(one, CurateError):
                one.close()

    def at(self, one: Standing) -> Found:
        share = one.share
        if share.expires and share.expires < self._today.isoformat():
            return "gone", msg("it expired on {date}", date=share.expires)
        try:
            if share.url.startswith(("http://", "https://")) and not self._is_own(one):
                return self._at_address(share)
            return self._at_target(one)
        except StatusError as fault:
            gone = fault.status in (404, 410)
            return "gone" if gone else "unknown", msg(
                "the server answers {status}", status=fault.status
            )
        except (CurateError, OSError) as fault:
            return "unknown", msg("it cannot be looked at: {fault}", fault=fault)

    def _is_own(self, one: Standing) -> bool:
        """Whether the address is the target's own, which strangers do not get in at."""
        place = self._target(one.share.target)
        if isinstance(place, CurateError) or len(one.share.archives) != 1:
            return False
        link = place.link(_path(one))
        return not link.public and link.url == one.share.url

    def _target(self, name: str) -> Target | CurateError:
        if name not in self._targets:
            try:
                self._targets[name] = target(self._workspace, name)
            except CurateError as fault:
                self._targets[name] = fault
        return self._targets[name]

    def _at_target(self, one: Standing) -> Found:
        place = self._target(one.share.target)
        if isinstance(place, CurateError):
            raise place
        if len(one.share.archives) != 1:
            return "unknown", msg("its record does not say which file it is")
        (archive,) = one.share.archives
        size = place.size(_path(one))
        if size is None:
            return "gone", msg("it is not there any more")
        if size not in (-1, archive.size):
            return "gone", _wrong_size(size, archive)
        if self._deep and not reads_as(place.read(_path(one)), archive.size, archive.sha256):
            return "gone", msg("other bytes lie there")
        return "alive", None

    def _at_address(self, share: Share) -> Found:
        with self._fetcher.get(share.url) as found:
            if found.mime.startswith(_PAGE_KINDS):
                return _of_page(found)
            if len(share.archives) != 1:
                return "alive", None
            (archive,) = share.archives
            size = found.headers.get("Content-Length", "")
            packed = found.headers.get("Content-Encoding", "")
            if size.isdecimal() and not packed and int(size[:19]) != archive.size:
                return "gone", _wrong_size(int(size[:19]), archive)
            if self._deep and not reads_as(_pieces(found), archive.size, archive.sha256):
                return "gone", msg("other bytes lie there")
        return "alive", None


def _path(one: Standing) -> str:
    return f"{one.name}/{one.share.version}/{one.share.archives[0].file}"


def _wrong_size(size: int, archive: Zip) -> Message:
    return msg("it holds {size} bytes instead of {wanted}", size=size, wanted=archive.size)


def _of_page(found: Fetched) -> Found:
    """A page tells nothing, unless its title says that the share is no more: behind it may be the
    files, a captcha, or a login."""
    head = found.body.read(_HEAD)
    try:
        text = head.decode(found.charset or "utf-8", "replace")
    except (LookupError, ValueError):  # no such encoding
        text = head.decode("utf-8", "replace")
    title = _TITLE.search(text)
    if title and any(one in title[1] for one in _GONE_TITLES):
        return "gone", msg("its page says so: {title}", title=" ".join(title[1].split()))
    return "unknown", msg(
        "a page answers, and only a person can see whether the files are behind it"
    )


def _pieces(found: Fetched) -> Iterator[bytes]:
    while data := found.body.read(1 << 18):
        yield data


__all__ = ["Checked", "Noted", "Standing", "check", "drop", "record", "standing"]

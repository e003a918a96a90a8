"""Places that releases are put on: folders, WebDAV drives, S3 buckets. One file each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated, Any, ClassVar, Protocol
from urllib.parse import quote, urlsplit

import msgspec
from msgspec import Meta

from curate import config, plugins
from curate.errors import ConfigError, CurateError, Problem
from curate.shares import BAR
from curate.workspace import MARK, Fetch, Settings, Workspace

MIB = 1 << 20
_NAME = re.compile(r"\w[\w\-]{0,39}")


class Place(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="type"
):
    """What every table ``[publish.NAME]`` can say. A target's own options extend it."""

    public: str = ""
    """Where buyers find what lies there: "https://…", to which folder and file are added. Without it
    a release is shared by the target's own address, or by hand: curate publish record."""
    max_mb: Annotated[int, Meta(ge=0)] = 0
    """Largest file that it takes, in MiB; 0 = any. 坚果云 takes 500."""

    def __post_init__(self) -> None:
        if self.public:
            check_address(self.public, "public")


@dataclass(frozen=True, slots=True)
class Link:
    """Where people get a file."""

    url: str
    expires: str = ""  # ISO date; "" for never
    public: bool = True  # without an account


class Target(Protocol):
    """Somewhere to put files. ``options`` is the struct of its table; paths are "/"-separated, below
    the folder that the table names. All methods raise CurateError, never with a password in it."""

    options: ClassVar[type[Place]]

    def __init__(self, place: Any, home: Path, fetch: Fetch) -> None:
        """``home``: the workspace, that paths in the table begin at. Nothing is asked for yet."""

    def files(self, folder: str) -> Mapping[str, int]:
        """Bytes of the files in ``folder``, by name, -1 where that is not said; none where it is not
        there. What it tells is looked at again before anything rests on it."""
        ...

    def size(self, path: str) -> int | None:
        """Bytes of the file at ``path``; -1 where that is not said, None where there is none."""
        ...

    def read(self, path: str) -> Iterator[bytes]:
        """Its bytes, piece by piece, as the target itself has them."""
        ...

    def write(self, path: str, file: IO[bytes], size: int) -> None:
        """Put ``file`` there: under a passing name first, so that nobody ever sees half of it. What a
        killed run has left of it is used or removed."""
        ...

    def remove(self, path: str) -> None: ...

    def tidy(self, folder: str) -> tuple[str, ...]:
        """Remove what killed runs have left in ``folder``; what could not be removed."""
        ...

    def link(self, path: str) -> Link:
        """Where people get it."""
        ...

    def close(self) -> None: ...


class _Whole(Settings, frozen=True, forbid_unknown_fields=True):
    publish: dict[str, Place] = msgspec.field(default_factory=dict)


def places(workspace: Workspace) -> Mapping[str, Place]:
    """The tables ``[publish.NAME]`` of curate.toml, by name. Raises ConfigError with all their problems."""
    found = config.read(workspace.root / MARK, _Whole, resolved).publish
    wrong = [
        Problem(MARK, f"publish.{name}: such a name is not possible", "letters, digits, - and _")
        for name in found
        if not _NAME.fullmatch(name)
    ]
    if wrong:
        raise ConfigError(wrong)
    return found


def resolved(shape: type[msgspec.Struct], table: Mapping[str, Any]) -> type[msgspec.Struct]:
    """The struct of a table ``[publish.NAME]``, by its ``type``. Raises CurateError for an unknown one."""
    if shape is not Place:
        return shape
    kind = table.get("type")
    if not isinstance(kind, str):
        known = ", ".join(plugins.names("targets"))
        raise CurateError("it says which kind of target this is", f"one of: {known}")
    options: type[msgspec.Struct] = plugins.load("targets", kind).options
    return options


def target(workspace: Workspace, name: str) -> Target:
    """The target that ``[publish.name]`` describes. Raises CurateError where there is none, or it lacks
    an account."""
    import difflib

    there = places(workspace)
    if name not in there:
        near = difflib.get_close_matches(name, there, 1)
        guess = f"did you mean '{near[0]}'? " if near else ""
        known = f"there are: {', '.join(sorted(there))}; " if there else ""
        raise CurateError(
            f"curate.toml has no target '{name}'",
            f"{guess}{known}describe it in a table [publish.{name}]: see docs/publishing.md",
        )
    return opened(workspace, there[name])


def opened(workspace: Workspace, place: Place) -> Target:
    """The target that ``place`` describes. Raises CurateError where it lacks an account."""
    kind = str(type(place).__struct_config__.tag)
    fetch = msgspec.structs.replace(workspace.settings.fetch, max_mb=1 << 30)
    found: Target = plugins.load("targets", kind)(place, workspace.root, fetch)
    return found


def below(prefix: str, path: str) -> str:
    """The web address of ``path`` below ``prefix``."""
    return f"{prefix.rstrip('/')}/{quote(path, safe='/')}"


def check_address(url: str, name: str) -> None:
    """Raises ValueError for what is no web address that may be handed on. Its sentence never repeats
    a password."""
    shown = url if "@" not in url else "it"
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not host or not url.isprintable() or " " in url:
        raise ValueError(f"{name}: {shown} is no web address; it begins with https://")
    if BAR in url:
        raise ValueError(f"{name}: {shown} holds “{BAR}”, where card machines cut a line")
    if "@" in parts.netloc:
        raise ValueError(f"{name}: a user name or password does not belong into an address")


__all__ = ["Link", "Place", "Target", "below", "check_address", "opened", "places", "target"]

"""grants/NAME.toml: what somebody allowed the seller to do, with its evidence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from curate import checksum, config
from curate.errors import ConfigError, CurateError, Problem
from curate.workspace import Workspace

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.\-]{0,59}")

Right = Literal[
    "give_away", "bundle", "resell", "edit", "template", "sell_in_membership", "sublicense_rr",
    "sublicense_plr", "auction", "claim_authorship", "print",
]  # fmt: skip


class Grant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One purchase, permission or set of resell rights. Money and dates as the papers state them."""

    kind: Literal["purchase", "permission", "plr", "mrr", "rr", "stock", "own"]
    """How you came by it; own: work made for you, by contract or employment."""
    licensor: str
    """Who grants it. Notices in the files that name them agree with the grant. Other names follow after
    semicolons."""
    uses: tuple[Right, ...]
    """What it allows. give_away: for free; bundle: as one of several things ("can be packaged"); resell: by
    itself; edit: after changes; template: as a minor element of something else. The rest is for your records."""
    evidence: tuple[str, ...]
    """Files that prove it, relative to grants/: invoice, licence, letter. They are hashed, never shipped."""
    licensee: str = ""
    license: str = ""
    """What the licence calls itself, with its version."""
    order: str = ""
    """Number of the order or invoice."""
    signed: date | None = None
    start: date | None = None
    end: date | None = None
    """The last day."""
    after_expiry: Literal["stop", "sold-copies-stay"] = "sold-copies-stay"
    """Whether copies that were sold before stay with their buyers."""
    territory: tuple[Annotated[str, Meta(pattern="^[A-Z]{2}$")], ...] = ()
    """Countries it holds in; everywhere where empty."""
    max_copies: Annotated[int, Meta(ge=0)] = 0
    """Most copies; 0 = no limit."""
    copies_used: Annotated[int, Meta(ge=0)] = 0
    """Copies sold or given so far, over all bundles."""
    seats: Annotated[int, Meta(ge=0)] = 0
    """People who may work with it at the seller's; 0 = no limit."""
    min_price: str = ""
    """Decimal; the least price that a bundle with it may have."""
    channels: tuple[str, ...] = ()
    """Where it may be sold, as its papers say; for your records."""
    editorial_only: bool = False
    """For news and teaching only: nothing with it may be sold."""
    model_release: bool | None = None
    """Whether the people shown have agreed; for your records."""
    property_release: bool | None = None
    """Whether the owners of what is shown have agreed; for your records."""
    attribution: str = ""
    """The credit that it asks for."""
    buyer_terms: str = ""
    """What buyers may do, in the words the licence wants them to read (resell rights, personal use)."""
    note: str = ""

    def __post_init__(self) -> None:
        from decimal import Decimal, InvalidOperation

        if not self.licensor.strip(" ;"):
            raise ValueError("licensor is empty; write who grants it")
        if self.kind in ("mrr", "rr") and not self.buyer_terms.strip():
            raise ValueError(
                "buyer_terms is empty; resell rights say what buyers may do, and a bundle has to carry it"
            )
        if self.start and self.end and self.end < self.start:
            raise ValueError("end is before start")
        try:
            price = Decimal(self.min_price or "0")
        except InvalidOperation:
            raise ValueError(
                f"min_price {self.min_price!r} is not a decimal number such as 9.90"
            ) from None
        if not price.is_finite() or price < 0:
            raise ValueError(f"min_price {self.min_price!r} must be zero or more")

    def expired(self, today: date) -> bool:
        return self.end is not None and today > self.end

    @property
    def exhausted(self) -> bool:
        return bool(self.max_copies) and self.copies_used >= self.max_copies


@dataclass(frozen=True, slots=True)
class Held:
    """A grant with the evidence that is there for it."""

    name: str
    grant: Grant
    evidence: tuple[
        tuple[str, str], ...
    ]  # (path below grants/, hex SHA-256; "" where the file is gone)

    @property
    def id(self) -> str:
        """What licence expressions call it."""
        return f"LicenseRef-grant-{self.name}"

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(path for path, digest in self.evidence if not digest)


def folder(workspace: Workspace) -> Path:
    return workspace.root / "grants"


def names(workspace: Workspace) -> list[str]:
    """Every grant that is written down, sorted."""
    return sorted(path.stem for path in folder(workspace).glob("*.toml"))


def load(workspace: Workspace, name: str) -> Held:
    """Read grants/NAME.toml and hash its evidence. Raises CurateError, ConfigError with all problems."""
    path = folder(workspace) / f"{name}.toml"
    if not _NAME.fullmatch(name):
        raise CurateError(
            f"'{name}' cannot name a grant",
            "use ASCII letters, digits, '-' and '.', at most 60: the name stands in licence texts",
        )
    if not path.is_file():
        there = ", ".join(names(workspace)) or "none yet"
        raise CurateError(
            f"there is no grant '{name}': {path} does not exist",
            f"write that file (see docs/rights.md); grants: {there}",
        )
    grant = config.read(path, Grant)
    if not grant.evidence:
        raise ConfigError(
            [
                Problem(
                    str(path),
                    "evidence: there is none",
                    "name the invoice or letter that proves it",
                )
            ]
        )
    return Held(name, grant, tuple((one, _digest(path.parent, one)) for one in grant.evidence))


def _digest(home: Path, relative: str) -> str:
    path = home / relative
    try:
        real = path.resolve()
        inside = real.is_relative_to(home.resolve()) and real.suffix != ".toml"
        if not (inside and real.is_file() and real.stat().st_size):
            return ""  # a pipe, nothing at all, or some other file that proves nothing
        return checksum.of(path)
    except (OSError, ValueError):
        return ""

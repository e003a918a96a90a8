"""From releases to what a shop or a card machine imports: several collections in one go."""

from __future__ import annotations

import hashlib
import inspect
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec

from curate import plugins, product, typed
from curate.bundle import history
from curate.errors import CurateError, Problem
from curate.exports import Export, Fault, Offer
from curate.listings import checks
from curate.pipeline.listing import own
from curate.pipeline.rightful import rightful
from curate.shares import Share, Shares
from curate.workspace import Workspace

MARK = "export.json"
"""Tells that a folder is an export, and what its files were: what was added or edited is not replaced."""
_EDITABLE = 64_000_000  # bytes


@dataclass(frozen=True, slots=True)
class How:
    """What may be asked of an export beside its collections."""

    output: Path | None = None  # build/export/PLATFORM where None
    force: bool = False  # write what the platform's rules forbid, too
    options: dict[str, object] = field(
        default_factory=dict
    )  # of this platform: legacy, images, copies
    today: date | None = None  # shares that end before it are left out


class Offered(msgspec.Struct, frozen=True):
    """A release that was asked for."""

    name: str
    version: str
    sku: str
    price: str
    currency: str
    written: bool


class Exported(msgspec.Struct, frozen=True):
    """What was written; export.json beside it holds the same, without ``folder`` and ``problems``."""

    platform: str
    checked: str  # "engine" or "schema"
    offers: tuple[Offered, ...]
    files: tuple[str, ...]  # below the folder; none where no offer could be written
    folder: str
    problems: tuple[Problem, ...] = ()


class _Mark(msgspec.Struct, frozen=True):
    sha256: dict[str, str]  # of every file; "" where none was worked out


def platforms() -> list[tuple[str, str]]:
    """Every export that is installed, with how it was checked."""
    return [(name, plugins.load("exports", name).checked) for name in plugins.names("exports")]


def export(workspace: Workspace, platform: str, names: Sequence[str], how: How) -> Exported:
    """Write the latest releases of ``names`` that are not yanked (or NAME@VERSION) for ``platform``.

    What breaks the platform's rules, or what it would not take, is left out and told. The folder appears
    whole, in place of the export that was there. Raises CurateError: no such platform, option, collection,
    release or listing; a release that may not be sold any more; a folder that holds something else, or an export that was edited.
    """
    writer = _writer(platform, how.options)
    folder = (how.output or workspace.build / "export" / platform).resolve()
    if own_work := _foreign(folder):
        raise CurateError(
            f"{own_work} is not as curate exported it, and would be lost",
            "name another folder with --output, or move it away",
        )
    today = how.today or datetime.now(UTC).date()
    offers = [_offer(workspace, name, today) for name in dict.fromkeys(names)]
    _once(offers)
    problems: list[Problem] = []
    passed = []
    for offer in offers:
        found = _lint(workspace, platform, offer, how.force)
        problems += found
        if not any(problem.severity == "error" for problem in found):
            passed.append(offer)
    told = Exported(platform, writer.checked, _offered(offers, ()), (), str(folder))
    if passed:
        told, faults = _write(writer, passed, told, folder)
        one = offers[0].product.language if len(offers) == 1 else workspace.settings.language
        problems += [fault.told(one) for fault in faults]
        written = [one.name for one in told.offers]
        told = msgspec.structs.replace(told, offers=_offered(offers, written if told.files else ()))
    return msgspec.structs.replace(told, problems=tuple(problems))


def _writer(platform: str, options: dict[str, object]) -> Export:
    maker = plugins.load("exports", platform)
    known = inspect.signature(maker).parameters
    for name in options:
        if name not in known:
            raise CurateError(
                f"{platform} has no --{name}",
                f"it has: {', '.join(f'--{one}' for one in known) or 'none'}",
            )
    made: Export = maker(**options)
    return made


def _foreign(folder: Path) -> Path | None:
    """Something in the way that curate did not write, or that was edited since; None where there is nothing."""
    if not folder.is_dir():
        return folder if folder.exists() else None
    known: dict[str, str] = {}
    with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
        known = typed.json((folder / MARK).read_bytes(), _Mark).sha256 | {MARK: ""}
    for path in sorted(folder.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            continue
        name = path.relative_to(folder).as_posix()
        if name not in known or path.is_symlink() or known[name] not in ("", _digest(path)):
            return path
    return None


def _digest(path: Path) -> str:
    """Hexadecimal SHA-256; "" for what is too large to be edited by hand."""
    if path.stat().st_size > _EDITABLE:
        return ""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _offer(workspace: Workspace, asked: str, today: date) -> Offer:
    name, _, version = asked.partition("@")
    [name] = workspace.chosen([name])
    folder = history.chosen(workspace.build / name, version)
    rightful(workspace, folder)
    shares = (one for one in Shares(folder.parent).current(folder.name) if _holds(one, today))
    return Offer(product.read(folder), folder / "listing", tuple(shares))


def _holds(share: Share, today: date) -> bool:
    return not share.expires or share.expires[:10] >= today.isoformat()


def _once(offers: Sequence[Offer]) -> None:
    names = [offer.product.name for offer in offers]
    for name in names:
        if names.count(name) > 1:
            raise CurateError(
                f"two versions of {name} were asked for, and a shop lists one", "name one of them"
            )


def _lint(workspace: Workspace, platform: str, offer: Offer, force: bool) -> list[Problem]:
    """What the platform's rules say of the kit; with ``force`` it is told, and nothing stops."""
    made = offer.product
    found = checks.lint(made, offer.folder, platform, own(workspace), made.language)
    return [replace(one, severity="warning") for one in found] if force else found


def _write(
    writer: Export, offers: Sequence[Offer], told: Exported, folder: Path
) -> tuple[Exported, list[Fault]]:
    """Beside, then renamed. Where nothing could be written, what is there stays."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        part.chmod(0o755)
        paths, faults = writer.write(offers, part)
        left = {fault.where for fault in faults if fault.severity == "error"}
        kept = [offer for offer in offers if offer.product.name not in left]
        if not kept:
            return told, faults
        files = tuple(path.relative_to(part).as_posix() for path in paths)
        names = [offer.product.name for offer in kept]
        told = msgspec.structs.replace(told, offers=_offered(kept, names), files=files)
        (part / MARK).write_bytes(_mark(told, part))
        _swap(part, folder)
        return told, faults
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _mark(told: Exported, folder: Path) -> bytes:
    """The same wherever it is written: without the folder."""
    body = msgspec.to_builtins(told)
    del body["folder"], body["problems"]
    body["sha256"] = {name: _digest(folder / name) for name in told.files}
    return msgspec.json.format(msgspec.json.encode(body), indent=2) + b"\n"


def _swap(part: Path, folder: Path) -> None:
    """``part`` in place of ``folder``, which is whole at every moment or, for one rename, beside it."""
    if not folder.exists():
        part.rename(folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
    try:
        folder.rename(old / folder.name)
        try:
            part.rename(folder)
        except OSError:
            (old / folder.name).rename(folder)
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _offered(offers: Sequence[Offer], written: Sequence[str]) -> tuple[Offered, ...]:
    made = (offer.product for offer in offers)
    return tuple(
        Offered(one.name, one.version, one.sku, one.price, one.currency, one.name in written)
        for one in made
    )

"""New releases for old buyers: offered once, by the policy they bought under; who has a withdrawn one is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select, update

from curate.bundle import history
from curate.bundle.text import size
from curate.bundle.updates import naming
from curate.database.tables import deliveries, grants, lines, orders, outbox
from curate.errors import CurateError
from curate.messages import Say, msg, speaker
from curate.model import Language, Message
from curate.pipeline import rightful
from curate.shop.aftersales import mailing, purchase

if TYPE_CHECKING:
    from curate.shop import Shop

_STEPS = 5
_TITLES = 3


@dataclass(slots=True)
class Offered:
    """What one collection's buyers were told now."""

    collection: str
    version: str = ""  # the one that is offered; "" where none can be
    offered: int = 0  # messages about it
    warned: int = 0  # messages that a version which people have is off sale
    withheld: Message | None = None  # why the newest one is not offered


@dataclass(frozen=True, slots=True)
class _Buyer:
    """One person, as far as it can be told, with all live grants of one collection."""

    grants: Sequence[Any]
    versions: frozenset[str]  # bought, or offered before
    told: frozenset[str]  # versions that they know are off sale

    @property
    def first(self) -> Any:
        return self.grants[0]


@dataclass(frozen=True, slots=True)
class _Due:
    """``version`` is new for them, "" where none is; those of ``gone`` they have, and they are off sale."""

    buyer: _Buyer
    version: str
    gone: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Release:
    """The newest release that may be given, and what is off sale."""

    home: Path
    version: str
    record: history.Record | None
    off: Mapping[str, history.Yank] = field(default_factory=dict)

    def above(self, versions: Iterable[str]) -> str:
        """The version, where it is newer than all of ``versions``; else ""."""
        if not self.version:
            return ""
        highest = max(map(history.order, versions))
        return self.version if history.order(self.version) > highest else ""


def offer(shop: Shop, collections: Sequence[str] = ()) -> list[Offered]:
    """Tell the buyers of these collections, or of all that are sold, what is new. May be repeated at any time.

    Policy latest: once per buyer and version. frozen: nothing, unless what they bought is off sale; then
    their grants move on to the next release. Each buyer in a transaction of their own.
    """
    sold = sorted({one.collection for one in shop.settings.products.values() if one.collection})
    if unknown := [name for name in collections if name not in sold]:
        raise CurateError(
            f"shop.toml sells nothing of {unknown[0]}", f"it sells: {', '.join(sold) or 'nothing'}"
        )
    return [_offer(shop, name) for name in collections or sold]


def _offer(shop: Shop, name: str) -> Offered:
    done = Offered(name)
    home = shop.workspace.build / name
    version = history.latest(home)
    if version and rightful.against(shop.workspace, home / version):
        done.withheld = msg(
            "{name} {version} holds what may not be given any more", name=name, version=version
        )
        version = ""
    record = history.read(home / version) if version else None
    release = _Release(home, version, record, history.yanked(home))
    done.version = version
    with shop.database.reading() as connection:
        found = [
            sorted({one.delivery_id for one in group})
            for group in _groups(connection, shop, name).values()
            if _due(connection, release, group) is not None
        ]
    for some in found:
        with shop.database.writing() as connection:
            _tell(connection, shop, release, some, done)
    return done


def _groups(
    connection: Connection, shop: Shop, name: str, only: Sequence[int] = ()
) -> dict[tuple[str, ...], list[Any]]:
    """Live grants of those who were served, by buyer; one whom nothing tells about is each order."""
    query = (
        select(
            grants.c.id, grants.c.delivery_id, grants.c.version, grants.c.policy,
            lines.c.id.label("line_id"), orders.c.channel, orders.c.number, orders.c.buyer, orders.c.email,
        )
        .join(deliveries, deliveries.c.id == grants.c.delivery_id)
        .join(lines, lines.c.id == deliveries.c.line_id)
        .join(orders, orders.c.id == lines.c.order_id)
        .where(
            grants.c.collection == name,
            grants.c.revoked_at.is_(None),
            (grants.c.expires_at.is_(None)) | (grants.c.expires_at > shop.now()),
            deliveries.c.state.in_(("sent", "confirmed")),
        )
        .order_by(grants.c.id)
    )  # fmt: skip
    if only:
        query = query.where(grants.c.delivery_id.in_(only)).with_for_update(of=lines)
    groups: dict[tuple[str, ...], list[Any]] = {}
    for row in connection.execute(query):
        groups.setdefault((row.policy, *_who(row)), []).append(row)
    return groups


def _who(row: Any) -> tuple[str, ...]:
    if row.email:
        return ("email", row.email.strip().casefold())
    if row.buyer:
        return (row.channel, row.buyer)
    return (row.channel, "", row.number)


def _tell(
    connection: Connection, shop: Shop, release: _Release, served: Sequence[int], done: Offered
) -> None:
    """Looked at once more now that nobody else writes: another process may have told them meanwhile."""
    for group in _groups(connection, shop, release.home.name, served).values():
        due = _due(connection, release, group)
        if due is None:
            continue
        _send(connection, shop, release, due)
        if due.version and due.buyer.first.policy == "frozen":
            _exchange(connection, due.buyer, due.version)
        done.offered += bool(due.version)
        done.warned += bool(due.gone)


def _due(connection: Connection, release: _Release, group: Sequence[Any]) -> _Due | None:
    """What they are to be told now; None for nothing."""
    buyer = _buyer(connection, group)
    gone = sorted((buyer.versions & release.off.keys()) - buyer.told, key=history.order)
    moves = bool(gone) or buyer.first.policy == "latest"
    version = release.above(buyer.versions) if moves else ""
    return _Due(buyer, version, gone) if gone or version else None


def _exchange(connection: Connection, buyer: _Buyer, version: str) -> None:
    """What was bought for good and is off sale is replaced; the shelf of a frozen grant holds one version."""
    ours = [one.id for one in buyer.grants]
    connection.execute(update(grants).where(grants.c.id.in_(ours)).values(version=version))


def _buyer(connection: Connection, group: Sequence[Any]) -> _Buyer:
    """Read anew what they were told: the outbox remembers it in the keys of its messages."""
    versions, told = {one.version for one in group}, set[str]()
    served = {one.delivery_id for one in group}
    keys = connection.scalars(
        select(outbox.c.key).where(
            outbox.c.kind == "update",
            outbox.c.delivery_id.in_(served),
            outbox.c.state != "cancelled",
        )
    )
    for _, _, version, *off in (key.split(":") for key in keys):
        versions |= {version} - {""}
        told |= set(off)
    return _Buyer(group, frozenset(versions), frozenset(told))


def _key(grant_id: int, version: str, gone: Sequence[str]) -> str:
    """ "update:7:1.3.0"; with what they were told to be off sale: "update:7:1.3.0:1.2.0"."""
    return ":".join(("update", str(grant_id), version, *gone))


def _send(connection: Connection, shop: Shop, release: _Release, due: _Due) -> None:
    buyer, version, gone = due.buyer, due.version, due.gone
    what = purchase.of_line(connection, buyer.first.line_id)
    language = purchase.language_of(shop, what)
    say = speaker(language)
    title = release.record.title if release.record else what.title or release.home.name
    parts = [
        say(
            "{title} {version}, which you have, was taken off sale: {why} Please do not use it any more.",
            title=title,
            version=one,
            why=_sentence(release.off[one].why, language),
        )
        for one in gone
    ]
    if version and release.record:
        parts.append(
            say("{title} {version} is there for you, at no cost.", title=title, version=version)
        )
        parts.append("\n".join(_news(release.record, buyer.versions, say)))
        parts += _packs(release, buyer.versions, say)
        parts.append(say("Your page: {page}", page="{page}"))
    elif release.above(frozenset(gone)):
        # They heard of it before: it is not praised twice, but what to use instead is theirs to find.
        parts.append(say("What takes its place is on your page: {page}", page="{page}"))
    subject = (
        say("{title}: version {version}", title=title, version=version)
        if version
        else say("{title}: version {version} was taken off sale", title=title, version=gone[-1])
    )
    mailing.enqueue(
        connection,
        shop,
        what,
        key=_key(buyer.first.id, version, gone),
        kind="update",
        subject=subject,
        body="\n\n".join(parts),
    )


def _sentence(why: str, language: Language) -> str:
    why = " ".join(why.split()) or speaker(language)("no reason was given")
    return why if why[-1] in ".!?。！？" else why + ("。" if language == "zh" else ".")


def _news(record: history.Record, versions: frozenset[str], say: Say) -> Iterator[str]:
    """The changelog above what they have, in a few lines."""
    known = max(map(history.order, versions))
    steps = [one for one in record.history if history.order(one.version) > known]
    for step in steps[:_STEPS]:
        told = [
            say(
                "{heading}: {n} ({titles})",
                heading=heading,
                n=step.counts[name],
                titles=_titles(titles, step.counts[name], say),
            )
            for name, heading, titles in (
                ("added", say("Added"), step.added),
                ("changed", say("Changed"), step.changed),
                ("moved", say("Moved or renamed"), step.moved),
                ("relicensed", say("Under other terms"), step.relicensed),
                ("removed", say("Removed"), step.removed),
            )
            if step.counts.get(name)
        ]
        told = told or [say("Pages and descriptions only; no file has changed.")]
        yield f"{step.version}  {say('; ').join(told)}"
    if len(steps) > _STEPS:
        more = len(steps) - _STEPS
        yield say("and 1 version between") if more == 1 else say("and {n} versions between", n=more)


def _titles(titles: Sequence[str], count: int, say: Say) -> str:
    return say(", ").join(titles[:_TITLES]) + (" …" if count > _TITLES else "")


def _packs(release: _Release, versions: frozenset[str], say: Say) -> Iterator[str]:
    """The update packs beside the release that lead from the newest version they have, where they are smaller."""
    record = release.record
    if record is None:
        return
    full = sum(one.size for one in record.archives)
    for before in sorted(versions, key=history.order, reverse=True):
        names = [naming.pack(one.file, before, record.version) for one in record.archives]
        paths = [release.home / record.version / name for name in names]
        if all(path.is_file() for path in paths):
            small = sum(path.stat().st_size for path in paths)
            if small < full:
                yield say(
                    "Have you kept {before}? Then the update pack is enough: {names} ({size} instead of {full}).",
                    before=before,
                    names=say(", ").join(names),
                    size=size(small),
                    full=size(full),
                )
            return

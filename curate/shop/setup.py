"""Making shop.toml, checking it against what is released, and the state of the shop at a glance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from curate import product
from curate.bundle import history
from curate.errors import CurateError, Problem
from curate.pipeline.setup import template, write_schemas
from curate.shop import settings
from curate.shop.orders.mapping import key, string
from curate.workspace import Workspace, unusable

if TYPE_CHECKING:
    from curate.product import Product
    from curate.shop import Shop
    from curate.shop.settings import Channel, Sold


class Made(msgspec.Struct, frozen=True):
    """What ``init`` wrote."""

    path: str
    skus: tuple[str, ...]
    left_out: tuple[Problem, ...]  # collections that cannot be sold yet, and why


def init(workspace: Workspace) -> Made:
    """Write shop.toml with a product for each collection that is released; an old one is never overwritten.

    Raises CurateError.
    """
    path = settings.path(workspace)
    left_out: list[Problem] = []
    products: dict[str, Product] = {}
    for name in workspace.names():
        try:
            found = product.read(history.chosen(workspace.build / name))
            if found.sku in products:
                raise CurateError(
                    f"its SKU {found.sku!r} is that of {products[found.sku].name}, too",
                    "write another one in its collection.toml: listing.sku",
                )
            products[found.sku] = found
        except CurateError as fault:
            left_out.append(Problem(name, fault.message, fault.hint))
    write_schemas(workspace.state, {settings.SCHEMA: settings.schema()})
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(_written(workspace, products))
    except FileExistsError as fault:
        raise CurateError(
            f"{path} exists already, and is left as it is", "see what it lacks: curate shop check"
        ) from fault
    except OSError as fault:
        raise unusable(fault, path) from fault
    return Made(str(path), tuple(products), tuple(left_out))


def _written(workspace: Workspace, products: dict[str, Product]) -> str:
    parts = []
    for sku, one in products.items():
        title = " ".join(one.words[one.language].title.split())
        parts.append(f"[products.{key(sku)}]  # {title}\ncollection = {string(one.name)}\n")
    return template("shop", workspace.settings.language).replace(
        "PRODUCTS\n", "\n".join(parts) + "\n" if parts else ""
    )


def check(shop: Shop) -> list[Problem]:
    """All that is wrong with shop.toml beyond its form; warnings are what may be meant so."""
    found = shop.settings
    where = str(settings.path(shop.workspace))
    problems: list[Problem] = []
    for sku, sold in found.products.items():
        problems += _of_product(shop.workspace, f"{where}: products.{sku}", sku, sold)
    for name, channel in found.channels.items():
        problems += _of_channel(shop, f"{where}: channels.{name}", name, channel)
    if not found.products:
        problems.append(Problem(where, "it names no product", "add one: [products.SKU]"))
    if not found.channels:
        problems.append(Problem(where, "it names no channel", "add one: [channels.NAME]"))
    return [*problems, *_stock(shop, where)]


def _of_product(workspace: Workspace, where: str, sku: str, sold: Sold) -> Iterator[Problem]:
    if not sold.collection:
        return
    if (
        sold.collection not in workspace.names()
        and not (workspace.build / sold.collection).is_dir()
    ):
        there = ", ".join(workspace.names()[:20])
        yield Problem(where, f"there is no collection {sold.collection!r}", f"there are: {there}")
        return
    try:
        folder = history.chosen(workspace.build / sold.collection)
    except CurateError as fault:
        yield Problem(where, fault.message, fault.hint)
        return
    try:
        listed = product.read(folder)
        if listed.sku != sku:
            told = f"its release {listed.version} is listed with the SKU {listed.sku!r}"
            yield Problem(where, told, "map what channels call it", "warning")
    except CurateError as fault:
        yield Problem(where, fault.message, fault.hint, "warning")
    yield from _rights(workspace, where, folder.name, sold.collection)


def _rights(workspace: Workspace, where: str, version: str, collection: str) -> Iterator[Problem]:
    from curate.pipeline.rightful import rightful

    try:
        rightful(workspace, workspace.build / collection / version)
    except CurateError as fault:
        yield Problem(where, fault.message, fault.hint)


def _of_channel(shop: Shop, where: str, name: str, channel: Channel) -> Iterator[Problem]:
    from curate.shop.orders import formats

    try:
        formats.told(name, channel)
    except CurateError as fault:
        yield Problem(where, fault.message, fault.hint)
    if not channel.products:
        yield Problem(
            where, "it maps no products: only orders that name an SKU exactly will be served",
            f"map what it calls them: [channels.{key(name)}.products]", "warning",
        )  # fmt: skip
    if channel.delivery == "email" and not (shop.settings.mail.host and shop.settings.mail.sender):
        yield Problem(
            where, "it sends e-mail, and [mail] names no server and sender", "fill in [mail]"
        )
    if channel.delivery == "page" and not shop.settings.serve.url:
        yield Problem(where, "its buyers open a page, and [serve] has no url", "fill in [serve]")


def _stock(shop: Shop, where: str) -> Iterator[Problem]:
    left = glance(shop).stock
    for one in left:
        if one.free < one.low:
            yield Problem(
                f"{where}: products.{one.sku}", f"free codes: {one.free}", f"curate stock add {one.sku}",
                "warning",
            )  # fmt: skip


class Stocked(msgspec.Struct, frozen=True):
    sku: str
    free: int
    low: int


class Glance(msgspec.Struct, frozen=True):
    """The shop in numbers."""

    orders: int
    lines: dict[str, int]  # by state
    waiting: dict[str, int]  # paid and not served, by reason; "sku": no product of ours
    deliveries: dict[str, int]  # by state
    stock: tuple[Stocked, ...]  # unique ones
    outbox: dict[str, int]  # by state
    tickets: int  # open ones


def glance(shop: Shop) -> Glance:
    from sqlalchemy import func, select

    from curate.database.tables import codes, deliveries, lines, orders, outbox, tickets
    from curate.shop.orders.looking import UNMAPPED

    def by(column: object, *which: object) -> dict[str, int]:
        query = select(column, func.count()).group_by(column).where(*which)  # type: ignore[call-overload]
        return {str(name): int(count) for name, count in sorted(connection.execute(query).all())}

    with shop.database.reading() as connection:
        waiting = by(deliveries.c.why, deliveries.c.state == "waiting")
        new, unmapped = (
            waiting.pop("", 0),
            by(lines.c.sku, UNMAPPED),
        )
        reasons = {"sku": unmapped.get("", 0), "new": new, **waiting}
        free = by(codes.c.sku, codes.c.state == "free")
        return Glance(
            connection.scalar(select(func.count()).select_from(orders)) or 0,
            by(lines.c.state),
            {why: count for why, count in reasons.items() if count},
            by(deliveries.c.state),
            tuple(
                Stocked(sku, free.get(sku, 0), sold.low)
                for sku, sold in shop.settings.products.items()
                if sold.stock == "unique"
            ),
            by(outbox.c.state),
            by(tickets.c.state).get("open", 0),
        )

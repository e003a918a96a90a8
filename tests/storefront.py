"""A small shop for tests: one released collection, a clock that stands still, and orders that are paid."""

from __future__ import annotations

import atexit
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from curate.api import Workspace
from curate.database import tables
from curate.shop import Shop
from curate.shop.access import grants
from curate.shop.access.grants import Grant

TEXTS = {
    "一.md": "# 备份\n\n三份副本，两种介质，一份在别处。",
    "two.md": "# Bread\n\nFlour, water and salt.",
}
SHOP = """
[products.NOTES]
collection = "notes"
versions = "latest"
downloads = 1
days = 30

[products.FROZEN]
collection = "notes"
versions = "frozen"
downloads = 3

[channels.web]
delivery = "page"

[channels.xianyu]
language = "zh"

[serve]
url = "{url}"
link_seconds = 300
resume_minutes = 60
{more}
"""


class Clock:
    """Stands still until it is moved."""

    def __init__(self, at: float = 1_800_000_000) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


@cache
def _built() -> Path:
    """The workspace, made once for all tests of a process."""
    root = Path(mkdtemp(prefix="curate-storefront-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    made = Workspace.init(root / "w")
    home = made.collections / "notes"
    write(made, TEXTS)
    (home / "collection.toml").write_text(
        'title = "Notes 笔记"\n[listing]\nprice = "9.00"\n'
        '[[sources]]\ntype = "folder"\npath = "material"\nmatch = "all"\nrights = { own = "Ann" }\n',
        encoding="utf-8",
    )
    release(made)
    return root / "w"


def write(workspace: Workspace, texts: dict[str, str]) -> None:
    """Files of the collection's own."""
    folder = workspace.collections / "notes" / "material"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def release(workspace: Workspace) -> str:
    """The next version of what there is."""
    workspace.collect("notes")
    workspace.classify("notes")
    return workspace.package("notes").release.version


def storefront(
    folder: Path, url: str = "http://127.0.0.1:8080", more: str = "", clock: Clock | None = None
) -> Shop:
    """A shop of its own in ``folder``, with 1.0.0 of "notes"."""
    shutil.copytree(_built(), folder / "w")
    workspace = Workspace.at(folder / "w")
    (workspace.root / "shop.toml").write_text(SHOP.format(url=url, more=more), encoding="utf-8")
    return Shop.open(workspace, clock or Clock())


def paid(
    shop: Shop, number: str = "7001", sku: str = "NOTES", quantity: int = 1, channel: str = "web"
) -> tuple[Grant, ...]:
    """An order that is paid and whose grants are issued."""
    now = shop.now()
    with shop.database.writing() as connection:

        def insert(table: str, **values: object) -> int:
            made = tables.metadata.tables[table].insert().values(**values)
            return int(connection.execute(made).inserted_primary_key[0])

        order = insert(
            "orders", channel=channel, number=number, currency="CNY", paid_at=now, made_at=now
        )
        line = insert(
            "lines", order_id=order, line_no="1", sku=sku, state="paid", quantity=quantity,
            unit_price=900, paid=900 * quantity,
        )  # fmt: skip
        delivery = insert(
            "deliveries", line_id=line, sku=sku, quantity=quantity, state="allocated",
            queued_at=now, changed_at=now,
        )  # fmt: skip
        return grants.issue(connection, shop, delivery, sku, quantity)

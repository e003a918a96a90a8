"""A small workspace in which everything occurs that the seller's pages show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from curate.api import Workspace
from curate.shop import Shop, settings, stock
from curate.shop.aftersales import tickets
from curate.shop.aftersales.purchase import find
from curate.shop.delivery import serve
from curate.shop.orders import Line, intake
from tests.test_dedupe_command import CHINESE, guide, picture

CONFIG = """title = "{title}"
language = "en"
[[sources]]
type = "folder"
path = "material"
match = "all"
[[sources.folders]]
path = "mine"
rights = {{ own = "Ann Lee" }}
[[categories]]
name = "tea"
title = "Tea and cups"
words = ["tea", "茶"]
[[categories]]
name = "sea"
title = "Ships & the sea"
words = ["sea", "ship", "海"]
[[categories]]
name = "copies"
title = "Copies that last"
words = ["backup", "copy", "copies", "备份"]
[listing]
price = "9.90"
"""
EVIL = '<script>document.title="caught"</script><img src=x onerror=alert(1)>'
SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="120" height="80"><title>A drawing</title>
<script>document.documentElement.setAttribute("data-ran", "1")</script>
<rect width="120" height="80" fill="#1c5a9c"/><circle cx="60" cy="40" r="24" fill="#e2c48d"/></svg>
"""
FILES = {
    "mine/green.md": "# Green tea\n\nHow tea is made, and from which leaves. A cup of tea.\n",
    "mine/ships.md": "# Ships\n\nA ship of the sea, and where it went. The sea is wide.\n",
    "mine/odd.md": "# Something odd\n\nNobody knows what this is about.\n",
    "mine/notes/odd.md": "# Another oddity\n\nIt lies in a folder of its own.\n",
    "mine/杂.md": "# 杂记\n\n什么都有一点。\n",
    "mine/evil.md": f"# {EVIL}\n\nA title that would like to be more than a title. {EVIL}\n",
    "mine/drawing.svg": SVG,
    "mine/备份.md": f"# 备份\n\n{CHINESE}\n",
    "mine/first.md": "# Copies, first edition\n\n" + guide(),
    "mine/second.md": "# Copies, second edition\n\n"
    + guide((3, "The telephone counts too: its films are the first to go.")),
    "trees.md": "# Odd trees\n\n仅供学习交流，禁止商用\n",
    "trees.md.license": "SPDX-FileCopyrightText: 2024 Bo Chen\nSPDX-License-Identifier: CC-BY-4.0\n",
    "rocks.md": "# Rocks and where they lie\n",
}


def build(root: Path, released: bool = True) -> Workspace:
    """Collected, classified and, where wanted, released."""
    workspace = Workspace.init(root)
    home = workspace.collection_file("shop").parent
    for name, text in FILES.items():
        path = home / "material" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    picture(home / "material" / "mine" / "sketch.png", 640)
    picture(home / "material" / "mine" / "sketch-small.jpg", 320, 60)
    config = CONFIG.format(title="Tea, sea & copies")
    (home / "collection.toml").write_text(config, encoding="utf-8")
    workspace.collect()
    workspace.classify()
    if released:
        workspace.package("shop")
    return workspace


SHOP = """language = "en"
[products.COPIES]
collection = "shop"
[products.KEYS]
stock = "unique"
low = 2
[channels.hand]
products = { "1001" = "COPIES", "1002:gold" = "KEYS" }
[channels.post]
[serve]
url = "https://files.example.org"
"""


def sell(workspace: Workspace) -> Shop:
    """A shop on top of it: orders that were served and that wait, stock that is low, a ticket."""
    settings.path(workspace).write_text(SHOP, encoding="utf-8")
    shop = Shop.open(workspace)
    now = shop.now()
    stock.add(shop, "KEYS", stock.rows(b"KEY-ONE-1111\nKEY-TWO-2222\nKEY-THREE-3333\n"), "may")
    told: dict[str, Any] = {"paid": 990, "unit_price": 990, "paid_at": now, "buyer": "tea_lover_88"}
    taken = intake.take(
        shop,
        [
            Line("hand", "A-1", item="1001", title="Tea, sea & copies", **told),
            Line("hand", "A-2", item="1002", variant="gold", title="A key", quantity=2, **told),
            Line("hand", "A-3", item="1002", variant="gold", title="A key", quantity=2, **told),
            Line("hand", "A-4/x?y=1&z#q", item="9999", title=EVIL, **told),
            Line("post", "B-1", item="COPIES", title="Unpaid", state="unpaid"),
        ],
    )
    assert taken.new == 5, taken
    serve(shop)
    with shop.database.reading() as connection:
        order_id = find(connection, "hand", "A-1").order_id
    asked = tickets.ask(
        shop, f"It says the door is locked. {EVIL}", order_id=order_id, sku="COPIES", insist=True
    )
    assert asked.ticket_id
    return shop

"""shop.toml: what is sold and how buyers get it; what affiliates earn, what contacts are sent, how the
books are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from curate import config
from curate.errors import ConfigError
from curate.model import Language
from curate.shop.settings import accounting, distribution, forbidden, journey
from curate.shop.settings.accounting import Books, Factor, Target
from curate.shop.settings.distribution import Distribution, Rule, Tier
from curate.shop.settings.journey import Plan, Step, Touch
from curate.shop.settings.privacy import Privacy
from curate.shop.settings.selling import Channel, Mail, Serve, Sold, Stock, Way
from curate.workspace import Workspace

__all__ = [
    "FILE",
    "SCHEMA",
    "Books",
    "Channel",
    "Distribution",
    "Factor",
    "Mail",
    "Plan",
    "Privacy",
    "Rule",
    "Serve",
    "Settings",
    "Sold",
    "Step",
    "Stock",
    "Target",
    "Tier",
    "Touch",
    "Way",
    "path",
    "read",
    "schema",
]  # fmt: skip
FILE = "shop.toml"
SCHEMA = "shop.schema.json"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is sold, what the channels call it, and how buyers get it. `curate shop init` writes one."""

    language: Language = "en"
    """Of what buyers read where neither channel nor collection says."""
    database: str = ""
    """Where orders and money live: "" for shop.db beside this file, or postgresql://user@host/name (password: ~/.pgpass, PGPASSWORD)."""
    products: dict[str, Sold] = {}
    """What is sold, by SKU."""
    channels: dict[str, Channel] = {}
    """Where orders come from, by name."""
    mail: Mail = Mail()
    """See [mail] below."""
    serve: Serve = Serve()
    """See [serve] below."""
    books: Books = Books()
    """See [books] below."""
    targets: dict[str, Target] = {}
    """What is planned, by month: [targets."2026-03"]; the period review holds it against what came."""
    factors: dict[str, Factor] = {}
    """What is measured outside the books, by a name of yours: [factors.rating]; shown in the scorecard."""
    distribution: Distribution = Distribution()
    """See [distribution] below."""
    rules: dict[str, Rule] = {}
    """What affiliates earn, by name."""
    touch: Touch = Touch()
    """See [touch] below."""
    plans: dict[str, Plan] = {}
    """What contacts are sent and when, by name."""
    privacy: Privacy = Privacy()
    """See [privacy] below."""

    def __post_init__(self) -> None:
        for name, channel in self.channels.items():
            for item, sku in channel.products.items():
                if sku not in self.products:
                    raise ValueError(
                        f"channels.{name}.products: {item!r} is {sku!r}, which no [products.{sku}] describes"
                    )
        for sku, sold in self.products.items():
            if sold.stock == "shared" and not sold.collection:
                raise ValueError(
                    f"products.{sku}: names no collection, and shared stock is nothing else; "
                    'codes are stock = "unique"'
                )
        accounting.check(self.targets, self.books.currency)
        distribution.check(self.distribution, self.rules, self.products, self.books.currency)
        journey.check(self.touch, self.plans, self.channels, bool(self.mail.host))


def schema() -> dict[str, Any]:
    """JSON Schema of shop.toml, for editors."""
    return config.schema(Settings, FILE)


def path(workspace: Workspace) -> Path:
    return workspace.root / FILE


def read(workspace: Workspace) -> Settings:
    """Raises ConfigError with every problem, CurateError where it cannot be read."""
    file = path(workspace)
    try:
        return config.read(file, Settings)
    except ConfigError as fault:
        text = file.read_text(encoding="utf-8-sig")
        raise ConfigError([forbidden.explained(one, text) for one in fault.problems]) from None

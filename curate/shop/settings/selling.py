"""What is sold, where, and how buyers are served."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from curate.model import Language

Stock = Literal["shared", "unique"]
Way = Literal["paste", "email", "cards", "page"]


class Sold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that is sold, and what its buyers get."""

    collection: str = ""
    """The bundle that buyers get; "" where only codes are sold."""
    stock: Stock = "shared"
    """shared: the same for all, without end. unique: one code for one buyer, from `curate stock add`."""
    versions: Literal["latest", "frozen"] = "latest"
    """What a buyer gets when a newer version is released: that too, or only the one that was bought."""
    downloads: Annotated[int, Meta(ge=0, le=10_000)] = 5
    """Whole downloads of each file; 0 for any number."""
    days: Annotated[int, Meta(ge=0, le=36_500)] = 365
    """How long a buyer gets in; 0 for ever."""
    low: Annotated[int, Meta(ge=0)] = 10
    """A unique stock that falls below this is told once."""
    stamp: bool = False
    """Whether PDFs and pictures bear a visible line with the order's number."""
    subject: str = ""
    """Of that message, where it goes by e-mail; "" for the usual one."""
    message: str = ""
    """What the buyer is sent, instead of the usual text. Places: {title} {version} {page} {codes} {share}
    {order} {number}."""


class Channel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place that orders come from, and how its buyers are served."""

    format: str = "canonical"
    """How its order files are written: canonical, gumroad, shopify, woocommerce, dujiaoka, xianguanjia."""
    delivery: Way = "paste"
    """paste: a person sends the text and confirms it. email: it is sent. cards: the channel's card machine
    has it already. page: as paste, but the text is the address of the buyer's page alone, where all they bought
    stands."""
    language: Language | None = None
    """Of what its buyers read; without it the collection's."""
    timezone: str = ""
    """Of times in its files that name none, such as "Asia/Shanghai"; "" for the format's own: Asia/Shanghai
    for dujiaoka and xianguanjia, UTC for all others."""
    currency: str = ""
    """Of amounts in its files that name none; "" for the format's own: USD for gumroad, CNY for all others."""
    acknowledgement: str = ""
    """Column of its files that says by which text the buyer agreed that digital goods are not returned."""
    products: dict[str, str] = {}
    """What the channel calls a product, "ITEM" or "ITEM:VARIANT", and the SKU it is. What is not here and
    is no SKU itself waits: nothing is guessed."""


class Mail(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The server that sends. Its password is kept by the system's keyring or given as
    CURATE_SMTP_PASSWORD."""

    host: str = ""
    """Its name; "" where nothing goes by e-mail."""
    port: Annotated[int, Meta(ge=1, le=65535)] = 587
    """Of that server."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """How the connection is kept secret: tls from its first byte, starttls after a greeting."""
    user: str = ""
    """Who it is sent as; "" where the server asks nobody."""
    sender: str = ""
    """Name <address> that buyers see and answer to."""


class Serve(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The download server."""

    url: str = ""
    """Where buyers reach it, such as "https://files.example.org"."""
    host: str = "127.0.0.1"
    """The address to listen on."""
    port: Annotated[int, Meta(ge=0, le=65535)] = 8080
    """0 for any that is free."""
    link_seconds: Annotated[int, Meta(ge=10, le=86_400)] = 300
    """How long a download link can be begun with."""
    resume_minutes: Annotated[int, Meta(ge=1, le=10_080)] = 60
    """How long a download may go on by ranges that cost nothing."""
    accel: str = ""
    """Internal location of nginx that maps to build/, such as "/-/build"; "" where no nginx is in front."""
    proxies: tuple[str, ...] = ()
    """Addresses and networks of proxies whose X-Forwarded-For is believed."""

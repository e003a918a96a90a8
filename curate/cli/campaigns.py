"""curate campaigns: where people are addressed and by what, the links for it, and what came of them."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import click
import msgspec

from curate.cli.columns import fill
from curate.cli.options import echo, echo_json, heading, in_workspace, open_shop
from curate.cli.shortened import Shortened
from curate.messages import Say
from curate.workspace import Workspace

if TYPE_CHECKING:
    from curate.books.journey.campaigns import Campaign
    from curate.shop import Shop

_json = click.option("--json", "as_json", is_flag=True, help="One JSON object.")
_WIDE = 100


@click.group(
    cls=Shortened,
    default="list",
    bare=True,
    epilog="Example: curate campaigns add --channel 公众号 --content article --bait fonts --hook limited",
    subcommand_metavar="[list] | add | target | results",
)
@click.option(
    "--workspace",
    metavar="DIR",
    expose_value=False,
    help="The workspace; default: the nearest folder upward that holds curate.toml.",
)
def campaigns() -> None:
    """Tell apart by what people come: channel, content, bait and hook, each with a link and a short code.

    The code stands in the link, in WeCom's state, in notes of orders and in files of costs.
    """


@campaigns.command(
    epilog="Example: curate campaigns add --channel 抖音 --content video --bait fonts --to https://shop.example/{code}"
)
@click.option("--channel", required=True, help="Where people are addressed.")
@click.option("--content", default="", help="What is shown there.")
@click.option("--bait", default="", help="What is given for nothing.")
@click.option("--hook", default="", help="What makes them come closer.")
@click.option(
    "--to", "target", default="", metavar="ADDRESS",
    help="Where the link leads to; {code} in its path or query becomes the code.",
)  # fmt: skip
@click.option("--code", default="", help="One of your own; default: made of the four.")
@_json
@in_workspace
def add(
    workspace: Workspace, channel: str, content: str, bait: str, hook: str, target: str, code: str,
    as_json: bool,
) -> None:  # fmt: skip
    """Make a campaign, or find the one of these four, and show its code and link."""
    from curate.books.journey import campaigns as book

    shop, say = open_shop(workspace)
    made = book.add(shop, channel, content, bait, hook, target, code)
    if as_json:
        echo_json({"version": 1, **_row(shop, made)})
        return
    echo(made.code)
    _tell_link(shop, made, say)


def _row(shop: Shop, one: Campaign) -> dict[str, object]:
    from curate.books.journey import campaigns as book

    told: dict[str, object] = msgspec.to_builtins(one)
    return told | {"link": book.link(shop, one)}


def _tell_link(shop: Shop, one: Campaign, say: Say) -> None:
    from curate.books.journey import campaigns as book

    if one.target:
        echo(
            say("  {link} leads to {target}", link=book.link(shop, one), target=book.leads_to(one))
        )
    else:
        echo(
            say(
                "  its link leads nowhere yet: curate campaigns target {name} ADDRESS",
                name=one.code,
            )
        )
    if not shop.settings.serve.url:
        echo(say("  where the server is, [serve] of shop.toml does not say yet"), err=True)


@campaigns.command(
    epilog="Example: curate campaigns target wechat-fonts https://shop.example/{code}"
)
@click.argument("code")
@click.argument("address")
@in_workspace
def target(workspace: Workspace, code: str, address: str) -> None:
    """Let the link of CODE lead to ADDRESS: also where it is out already."""
    from curate.books.journey import campaigns as book

    shop, say = open_shop(workspace)
    _tell_link(shop, book.retarget(shop, code, address), say)


@campaigns.command("list", epilog="Example: curate campaigns list")
@_json
@in_workspace
def list_(workspace: Workspace, as_json: bool) -> None:
    """List campaigns, the latest first: code, channel, content, bait and hook."""
    from curate.books.journey import campaigns as book

    shop, say = open_shop(workspace)
    with shop.database.reading() as connection:
        found = book.listed(connection)
    if as_json:
        echo_json({"version": 1, "campaigns": [_row(shop, one) for one in found]})
        return
    for one in found:
        parts = "  ".join(fill(part or "–", 16) for part in one.elements)
        echo(f"{fill(one.code, 30)}  {parts}".rstrip())
    if not found:
        echo(say("there are no campaigns: curate campaigns add"))


@campaigns.command(epilog="Example: curate campaigns results --by bait --period 2026-03")
@click.option(
    "--by", type=click.Choice(("channel", "content", "bait", "hook", "campaign")), default="bait",
    show_default=True, help="By which of them.",
)  # fmt: skip
@click.option(
    "--period", "told", metavar="PERIOD", default="",
    help="2026-03, 2026, 2026-03-01 or 2026-03-01/2026-03-15, in the time zone of [books]; default: this month.",
)  # fmt: skip
@_json
@in_workspace
def results(workspace: Workspace, by: str, told: str, as_json: bool) -> None:
    """Show what came of campaigns: visits, contacts, buyers, revenue, cost per contact and per buyer.

    Places are given only among those who brought at least [books].least_sample contacts at a cost that is known.
    """
    from curate.books.journey import results as book
    from curate.books.reports import json, terminal
    from curate.shop import calendar

    shop, _ = open_shop(workspace)
    zone = calendar.zone(shop.settings.books.timezone)
    period = calendar.parse(told or calendar.month(shop.now(), zone), zone)
    made = book.report(shop, period, by)
    if as_json:
        echo_json(json.told([made], period.name))
        return
    columns = shutil.get_terminal_size((_WIDE, 24)).columns
    for line in terminal.lines(made, shop.workspace.settings.language, columns, 0):
        (heading if line.is_heading else echo)(line.text)

"""curate tickets: what buyers ask."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from curate.cli.options import echo, echo_json, heading, in_workspace
from curate.cli.shortened import Shortened
from curate.messages import Say, speaker
from curate.workspace import Workspace

if TYPE_CHECKING:
    from curate.shop import Shop
    from curate.shop.aftersales.answers import Found
    from curate.shop.aftersales.tickets import Ticket

_HOUR = 3600


@click.group(
    cls=Shortened,
    default="list",
    bare=True,
    epilog="Example: curate tickets",
    subcommand_metavar="[list] | COMMAND …",
)
@click.option(
    "--workspace",
    metavar="DIR",
    expose_value=False,
    help="The workspace; default: the nearest folder upward that holds curate.toml.",
)
def tickets() -> None:
    """Answer what buyers ask; who waits longest comes first.

    What the tutorial or collections/NAME/answers.toml answers does not become a ticket: docs/shop.md tells how.
    """


@tickets.command(
    "list", short_help="Who waits, longest first.", epilog="Example: curate tickets list --all"
)
@click.option("--all", "everything", is_flag=True, help="Answered and closed ones, too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@in_workspace
def list_(workspace: Workspace, everything: bool, as_json: bool) -> None:
    """List open tickets: number, how long it waits, product, subject."""
    from curate.shop import Shop
    from curate.shop.aftersales import tickets as desk

    shop, say = Shop.open(workspace), speaker(workspace.settings.language)
    found = desk.listed(shop, ("open", "answered", "closed") if everything else ("open",))
    if as_json:
        echo_json({"version": 1, "tickets": [_row(one) for one in found]})
        return
    for one in found:
        echo(f"{one.id:>5}  {_state(one, shop, say)}  {one.sku or '–'}  {one.subject}")
    if not found:
        echo(say("no ticket is open"))


def _state(one: Ticket, shop: Shop, say: Say) -> str:
    if one.state == "answered":
        return say("answered")
    if one.state == "closed" or one.waiting_since is None:
        return say("closed") if one.state == "closed" else say("open")
    return say("waits {n} h", n=(shop.now() - one.waiting_since) // _HOUR)


def _row(one: Ticket) -> dict[str, object]:
    return {
        "id": one.id,
        "state": one.state,
        "subject": one.subject,
        "sku": one.sku,
        "channel": one.channel,
        "number": one.number,
        "opened_at": one.opened_at,
        "changed_at": one.changed_at,
        "waiting_since": one.waiting_since,
        "letters": [{"who": each.who, "text": each.text, "at": each.at} for each in one.letters],
    }


@tickets.command(
    short_help="Show a ticket with its letters.", epilog="Example: curate tickets show 12"
)
@click.argument("number", type=int)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@in_workspace
def show(workspace: Workspace, number: int, as_json: bool) -> None:
    """Show every letter, oldest first."""
    from curate.shop import Shop
    from curate.shop.aftersales import tickets as desk

    shop, say = Shop.open(workspace), speaker(workspace.settings.language)
    one = desk.show(shop, number)
    if as_json:
        echo_json({"version": 1, **_row(one)})
        return
    heading(f"#{one.id} {one.subject}")
    order = f"{one.channel} {one.number}" if one.number else "–"
    echo(say("  {state}; order {order}; product {sku}", state=_state(one, shop, say), order=order, sku=one.sku or "–"))  # fmt: skip
    for letter in one.letters:
        at = time.strftime("%Y-%m-%d %H:%M", time.gmtime(letter.at))
        heading(f"{at}  {_writer(letter.who, say)}")
        for line in letter.text.split("\n"):
            echo(f"  {line}")


def _writer(who: str, say: Say) -> str:
    return {
        "buyer": say("the buyer"),
        "seller": say("the seller"),
        "faq": say("found for them, and not enough"),
    }[who]


@tickets.command(
    short_help="Answer a ticket.",
    epilog="Example: curate tickets answer 12 'Please unpack it first.'",
)
@click.argument("number", type=int)
@click.argument("text", metavar="TEXT|-")
@click.option("--close", "closing", is_flag=True, help="And close it.")
@in_workspace
def answer(workspace: Workspace, number: int, text: str, closing: bool) -> None:
    """Write TEXT, or what is piped in for -, to the buyer. {page} in it becomes the buyer's page when it is sent."""
    from curate.cli.outbox import lying
    from curate.shop import Shop
    from curate.shop.aftersales import tickets as desk

    say = speaker(workspace.settings.language)
    shop = Shop.open(workspace)
    message = desk.answer(shop, number, _text(text), close=closing)
    if message:
        echo(lying(shop, message, say))
    else:
        echo(say("noted; it belongs to no order, so write to them yourself"))


@tickets.command("close", short_help="Close a ticket.", epilog="Example: curate tickets close 12")
@click.argument("number", type=int)
@in_workspace
def close_(workspace: Workspace, number: int) -> None:
    """Close a ticket, answered or not. A letter of the buyer's opens it again."""
    from curate.shop import Shop
    from curate.shop.aftersales import tickets as desk

    desk.close(Shop.open(workspace), number)
    echo(speaker(workspace.settings.language)("ticket {n} is closed", n=number))


@tickets.command(
    short_help="Ask what a buyer asks; bring in their e-mail.",
    epilog="Examples: curate tickets ask 'How do I unpack it on a Mac?' --sku GUIDES · curate tickets ask --email letter.txt",
)
@click.argument("question", required=False)
@click.option("--sku", default="", help="The product that it is about.")
@click.option(
    "--order", "order", nargs=2, metavar="CHANNEL NUMBER", help="The order that it is about."
)
@click.option(
    "--ticket", "insist", is_flag=True, help="Open a ticket even where there is an answer."
)
@click.option(
    "--email", "letter", metavar="FILE|-", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="A buyer's e-mail as text, with its headers; it goes on with the ticket that its subject names.",
)  # fmt: skip
@in_workspace
def ask(
    workspace: Workspace,
    question: str | None,
    sku: str,
    order: tuple[str, str] | None,
    insist: bool,
    letter: Path | None,
) -> None:
    """Show what the tutorial and your own answers say; what they do not answer becomes a ticket."""
    from curate.shop import Shop
    from curate.shop.aftersales import inbox, purchase
    from curate.shop.aftersales import tickets as desk

    if (question is None) == (letter is None):
        raise click.UsageError("give either a question or --email")
    shop, say = Shop.open(workspace), speaker(workspace.settings.language)
    if letter is not None:
        got = inbox.receive(shop, _file(letter))
        echo(
            say("ticket {n} is open", n=got.ticket_id)
            if got.opened
            else say("ticket {n} goes on", n=got.ticket_id)
        )
        if not got.known:
            echo(say("its sender is the buyer of no order"))
        return
    order_id = None
    if order is not None:
        with shop.database.reading() as connection:
            order_id = purchase.order(connection, *order)
    asked = desk.ask(shop, question or "", order_id=order_id, sku=sku, insist=insist)
    for one in asked.found:
        _passage(one)
    if asked.ticket_id is not None:
        echo(say("ticket {n} is open", n=asked.ticket_id))


def _passage(one: Found) -> None:
    heading(f"{one.score:.2f}  {one.passage.heading}")
    for line in one.passage.text.split("\n"):
        echo(f"  {line}")


def _text(text: str) -> str:
    return _file(Path("-")) if text == "-" else text


def _file(path: Path) -> str:
    with click.open_file(str(path), encoding="utf-8-sig", errors="replace") as file:
        return str(file.read())

"""curate outbox: what buyers are to get, until it is known that they got it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from curate.cli.columns import fill
from curate.cli.options import echo, echo_json, in_workspace
from curate.cli.shortened import Shortened
from curate.cli.stock import moment, tell_served
from curate.errors import Exit
from curate.messages import Say, render, speaker
from curate.workspace import Workspace

if TYPE_CHECKING:
    from curate.model import Language
    from curate.shop import Shop
    from curate.shop.delivery import Waiting
    from curate.shop.delivery.outbox import Message

_json = click.option("--json", "as_json", is_flag=True, help="One JSON object.")
_ids = click.argument("ids", nargs=-1, type=click.IntRange(1), metavar="MESSAGE...")
_STATES = {
    "rendered": "to be sent", "sending": "being sent", "sent": "sent", "confirmed": "with the buyer",
    "cancelled": "cancelled",
}  # fmt: skip


@click.group(
    cls=Shortened,
    default="list",
    bare=True,
    epilog="Example: curate outbox show 12",
    subcommand_metavar="[list] | show | send | confirm",
)
@click.option(
    "--workspace",
    metavar="DIR",
    expose_value=False,
    help="The workspace; default: the nearest folder upward that holds curate.toml.",
)
def outbox() -> None:
    """Send what buyers are to get, and note that they got it."""


@outbox.command("list", epilog="Example: curate outbox list")
@click.option("--sent", is_flag=True, help="Also what is with its buyer, or was cancelled.")
@_json
@in_workspace
def list_(workspace: Workspace, sent: bool, as_json: bool) -> None:
    """List the messages that are not known to have arrived, and who paid and could not be served yet."""
    from curate.shop import Shop
    from curate.shop.delivery import outbox as box
    from curate.shop.delivery import waiting

    shop = Shop.open(workspace)
    found = box.messages(shop) if sent else box.pending(shop)
    waits, language = waiting(shop), shop.settings.language
    if as_json:
        echo_json(
            {
                "version": 1, "messages": [_row(one) for one in found],
                "waiting": [_waiting_row(one, language) for one in waits],
            }
        )  # fmt: skip
        return
    say = speaker(language)
    if not found and not waits:
        echo(say("the outbox is empty: every buyer has what they paid for"))
    for one in found:
        _tell(one, say)
    if waits:
        echo(say("paid, and not served yet:"))
    for each in waits:
        _tell_waiting(each, say, language)


def _tell(one: Message, say: Say) -> None:
    if one.contact_id is not None:
        told = say(
            "{way}, a plan's message to contact {n}: {who}", way=say(_WAYS[one.way]), n=one.contact_id,
            who=one.recipient or "-",
        )  # fmt: skip
    else:
        told = say(
            "{way}, order {number} ({channel})", way=say(_WAYS[one.way]), number=one.number or "-",
            channel=one.channel or "-",
        )  # fmt: skip
    echo(f"{one.id:>6}  {fill(say(_STATES[one.state]), 12)}  {told}")
    if one.fault:
        echo(f"        {one.fault}", err=True)
        if one.stuck:
            command = f"curate outbox send {one.id}"
            echo(say("        not tried again by itself: {command}", command=command), err=True)
        else:
            echo(say("        tried again {when}", when=moment(one.due_at)), err=True)


_WAYS = {
    "paste": "by hand",
    "email": "by e-mail",
    "cards": "by card machine",
    "page": "page, by hand",
}


def _tell_waiting(one: Waiting, say: Say, language: Language) -> None:
    told = say(
        "  order {number} ({channel}), line {line}: {n} of {sku} since {when}",
        number=one.number, channel=one.channel, line=one.line_no, n=one.quantity, sku=one.sku,
        when=moment(one.since),
    )  # fmt: skip
    echo(told)
    echo(f"      {render(one.why, language)}")


def _row(one: Message) -> dict[str, object]:
    import dataclasses

    return {**dataclasses.asdict(one), "stuck": one.stuck}


def _waiting_row(one: Waiting, language: Language) -> dict[str, object]:
    import dataclasses

    return {**dataclasses.asdict(one), "why": render(one.why, language)}


@outbox.command(epilog="Example: curate outbox show 12")
@click.argument("message", type=click.IntRange(1))
@_json
@in_workspace
def show(workspace: Workspace, message: int, as_json: bool) -> None:
    """Print the whole text of a message, to be copied. It holds what the buyer paid for: nobody else reads it."""
    from curate.shop import Shop
    from curate.shop.delivery import outbox as box

    shop = Shop.open(workspace)
    told = box.text(shop, message)
    if as_json:
        echo_json({"version": 1, "id": message, "subject": told.subject, "body": told.body})
        return
    echo(told.subject)
    echo("")
    for line in told.body.rstrip("\n").split("\n"):
        echo(line)
    if box.messages(shop, ids=[message])[0].state == "cancelled":
        say = speaker(shop.settings.language)
        echo(say("This message was cancelled: it is not to be sent any more."), err=True)


def lying(shop: Shop, message: int, say: Say) -> str:
    """That a new message lies in the outbox, and the command that it leaves by: a person sends what is pasted."""
    from curate.shop.delivery import outbox as box

    mailed = box.messages(shop, ids=[message])[0].way == "email"
    command = "curate outbox send" if mailed else f"curate outbox show {message}"
    return say("it lies in the outbox: {command}", command=command)


@outbox.command(epilog="Example: curate outbox send")
@_ids
@_json
@in_workspace
def send(workspace: Workspace, ids: tuple[int, ...], as_json: bool) -> None:
    """Serve who waits, and send all mail that is due; MESSAGEs that are named are due now, whatever kept them.

    May be run at any time, also after it was killed.
    """
    import dataclasses

    from curate.shop import Shop
    from curate.shop.delivery import outbox as box
    from curate.shop.delivery import serve

    shop = Shop.open(workspace)
    if ids:
        box.again(shop, ids)
    served = serve(shop)
    if as_json:
        echo_json({"version": 1, **dataclasses.asdict(served)})
    else:
        tell_served(served, speaker(shop.settings.language))
    if served.trouble or served.delayed or served.refused:
        raise click.exceptions.Exit(Exit.PARTIAL)


@outbox.command(epilog="Example: curate outbox confirm 12 --proof 'chat, 10:02'")
@_ids
@click.option(
    "--all", "everything", is_flag=True, help="All that is sent by hand and not confirmed yet."
)
@click.option(
    "--proof",
    default="",
    metavar="TEXT",
    help="What shows that it was sent; never the code itself.",
)
@click.option("--who", default="", metavar="NAME", help="Who says so; default: your login name.")
@_json
@in_workspace
def confirm(
    workspace: Workspace, ids: tuple[int, ...], everything: bool, proof: str, who: str, as_json: bool
) -> None:  # fmt: skip
    """Note that MESSAGEs were sent by hand. Said twice, it is noted once."""
    from curate.cli.which import deciding
    from curate.shop import Shop
    from curate.shop.delivery import outbox as box

    if bool(ids) == everything:
        raise click.UsageError("name the messages, or say --all")
    shop = Shop.open(workspace)
    name = deciding(who)
    if everything:
        ids = tuple(one.id for one in box.pending(shop) if one.way in box.BY_HAND)
    proof = proof or speaker(shop.settings.language)("a person sent it")
    done = {one: box.confirm(shop, one, proof, name) for one in ids}
    if as_json:
        known = [one for one in ids if not done[one]]
        echo_json({"version": 1, "confirmed": [one for one in ids if done[one]], "known": known})
        return
    say = speaker(shop.settings.language)
    new = sum(done.values())
    echo(say("confirmed: {n}; confirmed before: {known}", n=new, known=len(done) - new))

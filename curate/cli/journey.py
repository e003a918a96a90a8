"""curate journey: what contacts are sent by plans, and how they end it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click
import msgspec

from curate.cli.options import echo, echo_json, heading, in_workspace, open_shop
from curate.cli.shortened import Shortened
from curate.errors import CurateError, Exit
from curate.messages import Say
from curate.workspace import Workspace

if TYPE_CHECKING:
    from curate.books.journey.plans import Standing
    from curate.shop import Shop
    from curate.shop.unsubscribe import Whose

_json = click.option("--json", "as_json", is_flag=True, help="One JSON object.")

_FATES = {
    "put_off": "  put off: {n} ({why})",
    "skipped": "  left out: {n} ({why})",
    "cancelled": "  cancelled: {n} ({why})",
}


@click.group(
    cls=Shortened,
    default="plans",
    bare=True,
    epilog="Example: curate journey run",
    subcommand_metavar="[plans] | run | unsubscribe",
)
@click.option(
    "--workspace",
    metavar="DIR",
    expose_value=False,
    help="The workspace; default: the nearest folder upward that holds curate.toml.",
)
def journey() -> None:
    """Write to contacts who agreed to it, by the plans of shop.toml.

    A plan follows an event and ends with another. Nobody gets more than [touch] allows, nothing in quiet
    hours, nothing without a consent.
    """


@journey.command(epilog="Example: curate journey run && curate outbox send")
@_json
@in_workspace
def run(workspace: Workspace, as_json: bool) -> None:
    """Prepare what is due now, and cancel what is over. It may be run at any time, such as every hour.

    What it prepares lies in the outbox: `curate outbox send` sends what goes by e-mail, `curate outbox show`
    shows what a person sends. Exit code 3 where a plan cannot be gone on with.
    """
    import dataclasses

    from curate.books.journey import touches

    shop, say = open_shop(workspace)
    done = touches.run(shop)
    if as_json:
        reasons = [{"what": what, "why": why, "number": n} for what, why, n in done.reasons]
        echo_json({"version": 1, **dataclasses.asdict(done), "reasons": reasons})
    else:
        echo(
            say(
                "prepared: {prepared}; put off: {put_off}; left out: {skipped}; cancelled: {cancelled}; "
                "plans begun: {begun}",
                prepared=done.prepared, put_off=done.put_off, skipped=done.skipped,
                cancelled=done.cancelled, begun=done.begun,
            )
        )  # fmt: skip
        for what, why, number in done.reasons:
            _tell_why(what, why, number, say)
        if done.late:
            echo(say("  {n} events began nothing: too long ago", n=done.late), err=True)
        if done.prepared:
            echo(
                say("Next: curate outbox list; what goes by e-mail is sent by: curate outbox send")
            )
    for name, code in done.trouble:
        if not as_json:
            _tell_lacking(name, code, say)
    if done.trouble:
        raise click.exceptions.Exit(Exit.PARTIAL)


def _tell_why(what: str, why: str, number: int, say: Say) -> None:
    from curate.shop.delivery import permission

    told = permission.reason(why)
    because = say(told.text, **told.args)
    echo(say(_FATES[what], n=number, why=because))


def _tell_lacking(name: str, code: str, say: Say) -> None:
    told = say(
        "  {name} waits: there is no campaign {code}; make it with curate campaigns add, or correct shop.toml",
        name=name, code=code,
    )  # fmt: skip
    echo(told, err=True)


@journey.command(epilog="Example: curate journey plans --json")
@_json
@in_workspace
def plans(workspace: Workspace, as_json: bool) -> None:
    """Show each plan, what waits by it and what was sent."""
    from curate.books.journey import plans as desk

    shop, say = open_shop(workspace)
    found = desk.listed(shop)
    if as_json:
        echo_json({"version": 1, "plans": [msgspec.to_builtins(one) for one in found]})
        return
    for one in found:
        _tell(one, shop, say)
    if not found:
        echo(say("shop.toml names no plan: write one as docs/books.md shows"))


def _tell(one: Standing, shop: Shop, say: Say) -> None:
    heading(one.name)
    if one.begins:
        echo(
            say(
                "  begins with: {event}; messages: {n}; needs a consent to: {purpose}",
                event=one.begins, n=one.steps, purpose=one.purpose,
            )
        )  # fmt: skip
    else:
        echo(say("  shop.toml names it no more"))
    echo(
        say(
            "  waiting: {queued}; in the outbox: {lying}; sent: {sent}; left out: {skipped}; "
            "cancelled: {cancelled}",
            queued=one.queued, lying=one.lying, sent=one.sent, skipped=one.skipped,
            cancelled=one.cancelled,
        )
    )  # fmt: skip
    if one.next_at is not None:
        echo(say("  next: {when}", when=_moment(one.next_at, shop)))
    if one.lacks:
        _tell_lacking(one.name, one.lacks, say)


def _moment(at: int, shop: Shop) -> str:
    where = shop.settings.touch.zone("")
    return f"{datetime.fromtimestamp(at, where):%Y-%m-%d %H:%M} {where.key}"


@journey.command(epilog="Example: curate journey unsubscribe ann@example.org")
@click.argument("who", metavar="WHO")
@click.option(
    "--purpose", default="marketing", show_default=True, metavar="WORD",
    help="Of what they want no more.",
)  # fmt: skip
@click.option(
    "--source", default="", metavar="TEXT", help="Where they said so; default: a letter to you."
)
@_json
@in_workspace
def unsubscribe(workspace: Workspace, who: str, purpose: str, source: str, as_json: bool) -> None:
    """Note that WHO wants no more messages, and cancel what waits for them.

    WHO is a contact's number, e-mail address, telephone, or CHANNEL:NAME; or the token of the subject that
    mail programs answer with (1.marketing.…).
    """
    from curate.books.journey import touches

    shop, say = open_shop(workspace)
    whose = _whose(shop, who, purpose)
    new = touches.leave(shop, whose, source or "a letter")
    if as_json:
        echo_json({"version": 1, "contact": whose.contact_id, "purpose": whose.purpose, "new": new})
    elif new:
        echo(
            say("contact {n} gets no more of: {purpose}", n=whose.contact_id, purpose=whose.purpose)
        )
    else:
        echo(
            say(
                "contact {n} had not agreed to: {purpose}",
                n=whose.contact_id,
                purpose=whose.purpose,
            )
        )


def _whose(shop: Shop, who: str, purpose: str) -> Whose:
    from curate.books.journey import contacts
    from curate.shop import unsubscribe as tokens

    bare = who.strip().removeprefix("unsubscribe").strip()
    if (signed := tokens.read(shop, bare)) is not None:
        return signed
    if bare.count(".") == 2 and "@" not in bare and bare[:1].isdigit():
        raise CurateError(
            "this is no token of this shop, or not the whole of it",
            "copy all that stands after “unsubscribe”, or name the contact's e-mail address",
        )
    with shop.database.reading() as connection:
        return tokens.Whose(contacts.find(connection, shop, who), purpose)

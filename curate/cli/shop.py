"""curate shop: set up what is sold, see how it goes."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from curate.cli.options import echo, echo_json, heading, in_workspace
from curate.cli.shortened import Shortened
from curate.errors import Exit, Problem
from curate.messages import Say, speaker
from curate.workspace import Workspace

_json = click.option("--json", "as_json", is_flag=True, help="One JSON object.")


@click.group(
    cls=Shortened,
    default="status",
    bare=True,
    epilog="Example: curate shop init",
    subcommand_metavar="[status] | init | check | secret | backup | restore",
)
@click.option(
    "--workspace",
    metavar="DIR",
    expose_value=False,
    help="The workspace; default: the nearest folder upward that holds curate.toml.",
)
def shop() -> None:
    """Set up what is sold, and see how it goes.

    shop.toml names the products, the channels that orders come from, and how buyers get what they bought.
    """


@shop.command(epilog="Example: curate shop init")
@in_workspace
def init(workspace: Workspace) -> None:
    """Write shop.toml, with a product for each collection that is released. An old one is left alone."""
    from curate.shop import setup

    say = speaker(workspace.settings.language)
    made = setup.init(workspace)
    echo(say("{path} is made; products: {n}", path=made.path, n=len(made.skus)))
    for sku in made.skus:
        echo(f"  {sku}")
    for one in made.left_out:
        echo(say("  left out: {what}", what=one), err=True)
    for line in (
        say("Next: name the channels that you sell on in it, and what they call each product"),
        say("      then: curate shop check"),
        say("      then: curate orders import FILE --channel NAME"),
    ):
        echo(line)


@shop.command(epilog="Example: curate shop status --json")
@_json
@in_workspace
def status(workspace: Workspace, as_json: bool) -> None:
    """Orders, what waits and why, stock, the outbox and open tickets at a glance."""
    from curate.shop import Shop, setup

    open_shop = Shop.open(workspace)
    say = speaker(open_shop.settings.language)
    seen = setup.glance(open_shop)
    if as_json:
        echo_json({"version": 1, **msgspec.to_builtins(seen)})
        return
    heading(say("Orders"))
    lines = seen.lines
    echo(
        say(
            "  orders: {orders}; lines: {paid} paid, {unpaid} not paid yet, {cancelled} cancelled",
            orders=seen.orders, paid=lines.get("paid", 0), unpaid=lines.get("unpaid", 0),
            cancelled=lines.get("cancelled", 0),
        )
    )  # fmt: skip
    _waiting(seen, say)
    _stock(seen, say)
    heading(say("Outbox"))
    state = seen.outbox
    echo(
        say(
            "  {ready} to send, {sent} sent, {confirmed} confirmed",
            ready=state.get("rendered", 0) + state.get("sending", 0), sent=state.get("sent", 0),
            confirmed=state.get("confirmed", 0),
        )
    )  # fmt: skip
    heading(say("Tickets"))
    echo(say("  {n} open", n=seen.tickets))


def _waiting(seen: object, say: Say) -> None:
    from curate.shop.delivery.states import reason
    from curate.shop.setup import Glance

    assert isinstance(seen, Glance)
    heading(say("Waiting"))
    for why, count in seen.waiting.items():
        told = (
            say("shop.toml does not say which product it is: curate orders list --waiting")
            if why == "sku"
            else say(reason(why).text)
        )
        echo(f"  {count}: {told}")
    if not seen.waiting:
        echo(say("  nobody"))


def _stock(seen: object, say: Say) -> None:
    from curate.shop.setup import Glance

    assert isinstance(seen, Glance)
    if seen.stock:
        heading(say("Codes"))
    for one in seen.stock:
        told = say("  {sku}: {free} free", sku=one.sku, free=one.free)
        echo(told + (say(" (low)") if one.free < one.low else ""))


@shop.command(epilog="Example: curate shop check")
@_json
@in_workspace
def check(workspace: Workspace, as_json: bool) -> None:
    """Compare shop.toml with what is released: products, channels, mail, stock. Exit code 1 if it does not fit."""
    from curate.shop import Shop, setup

    open_shop = Shop.open(workspace)
    say = speaker(open_shop.settings.language)
    problems = setup.check(open_shop)
    wrong = [one for one in problems if one.severity == "error"]
    if as_json:
        echo_json({"version": 1, "problems": [_row(one) for one in problems]})
    else:
        for one in problems:
            echo(str(one) if one in wrong else say("warning: {what}", what=one), err=True)
        if not problems:
            echo(say("shop.toml fits what is released"))
    if wrong:
        raise click.exceptions.Exit(Exit.PROBLEMS)


def _row(one: Problem) -> dict[str, str]:
    return {"where": one.where, "what": one.what, "hint": one.hint, "severity": one.severity}


@shop.command(epilog="Example: curate shop secret own --file own.secret")
@click.argument("channel")
@click.option(
    "--file", "to", required=True, metavar="PATH", type=click.Path(path_type=Path),
    help="The new file that the secret is written to.",
)  # fmt: skip
@click.option("--renew", is_flag=True, help="A new secret: the old one is worthless from now on.")
@in_workspace
def secret(workspace: Workspace, channel: str, to: Path, renew: bool) -> None:
    """Write the secret that a channel signs its notices with to a file, for its owner alone.

    It is made the first time, and kept in keys/. Put what is in the file where the channel, or the program
    that posts for it, keeps its secrets, and delete the file: docs/shop.md tells how a notice is signed.
    """
    from curate.shop import Shop, notices

    open_shop = Shop.open(workspace)
    say = speaker(open_shop.settings.language)
    notices.make_secret(open_shop, channel, to, renew)
    echo(
        say(
            "{path} holds the secret of {channel}: hand it over and delete it",
            path=to,
            channel=channel,
        )
    )
    url = open_shop.settings.serve.url or "https://…"
    echo(say("Notices go to: POST {url}", url=f"{url}/notices/{channel}"))


@shop.command(epilog="Example: curate shop backup /media/stick/shop-2027-05-01.zip")
@click.argument("file", type=click.Path(path_type=Path))
@_json
@in_workspace
def backup(workspace: Workspace, file: Path, as_json: bool) -> None:
    """Write shop.db as it is now, keys/, shop.toml and the erasure journal to the new FILE, for you alone.

    The shop goes on meanwhile. Releases and the library are not in it.
    """
    from curate.books.privacy import backup as backups
    from curate.shop import Shop

    open_shop = Shop.open(workspace)
    say = speaker(workspace.settings.language)
    done = backups.backup(open_shop, file)
    if as_json:
        echo_json({"version": 1, **msgspec.to_builtins(done)})
    else:
        echo(
            say(
                "{path} is the backup of {n} files, readable to you alone: it holds the keys, so keep it in a safe "
                "place",
                path=done.path, n=len(done.files),
            )
        )  # fmt: skip
    if done.shared:
        told = "the disk of {path} does not say who may read it: whoever gets at it has the keys"
        echo(say(told, path=done.path), err=True)


@shop.command(epilog="Example: curate shop restore shop-2027-05-01.zip")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--replace", is_flag=True, help="In place of the shop that is there: that is gone then."
)
@_json
@in_workspace
def restore(workspace: Workspace, file: Path, replace: bool, as_json: bool) -> None:
    """Put the shop of a backup into this workspace. Who was erased since the backup was made is forgotten again.

    Stop curate serve before.
    """
    from curate.books.privacy import backup as backups
    from curate.cli.stock import moment

    done = backups.restore(workspace, file, replace=replace)
    if as_json:
        echo_json({"version": 1, **msgspec.to_builtins(done)})
        return
    say = speaker(workspace.settings.language)
    when = moment(done.made_at)
    echo(say("restored as it was on {when}; files: {n}", when=when, n=len(done.files)))
    echo(say("people who were erased since, and are so again: {n}", n=done.forgotten))

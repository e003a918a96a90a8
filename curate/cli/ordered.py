"""curate orders import, remap, list and show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from curate.cli.columns import fill
from curate.cli.options import SHOWN, echo, echo_json, heading, in_workspace
from curate.cli.progress import progress
from curate.cli.stock import moment, tell_served
from curate.errors import CurateError, Exit
from curate.messages import Say, speaker
from curate.workspace import Workspace

if TYPE_CHECKING:
    from curate.shop import Shop
    from curate.shop.delivery import Served
    from curate.shop.orders.intake import Taken
    from curate.shop.orders.looking import Attributed, Ordered, Shown, Whole

_json = click.option("--json", "as_json", is_flag=True, help="One JSON object.")


def _open(workspace: Workspace) -> tuple[Shop, Say]:
    from curate.shop import Shop

    shop = Shop.open(workspace)
    return shop, speaker(shop.settings.language)


@click.command("import", epilog="Example: curate orders import sales.csv --channel gumroad")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--channel", required=True, metavar="NAME", help="A [channels.NAME] of shop.toml.")
@click.option(
    "--format", "format_", default="", metavar="FORMAT",
    help="How the file is written; default: what shop.toml says of the channel. canonical, gumroad, shopify, "
    "woocommerce, dujiaoka, xianguanjia.",
)  # fmt: skip
@click.option(
    "--served",
    is_flag=True,
    help="Orders of before, which were served elsewhere: into the books with them, and nothing is delivered.",
)
@_json
@in_workspace
def import_(
    workspace: Workspace, file: Path, channel: str, format_: str, served: bool, as_json: bool
) -> None:
    """Take in the orders of a file, and deliver what can be delivered.

    With --served nothing of the file is ever delivered, also where it waited already: its buyers have it. What
    cannot be read is told by its row, and the rest goes on: exit code 3. A product that shop.toml does
    not map waits; the lines that are missing there are printed. Run again, it takes only what is new.
    """
    from curate.shop.orders.importing import take_file

    shop, say = _open(workspace)
    done = 0
    with progress(say) as listener:
        listener.stage("reading orders")

        def tell(rows: int) -> None:
            nonlocal done
            listener.step(rows - done)
            done = rows

        taken = take_file(shop, file, channel, format_, tell, served=served)
    _finish(shop, say, taken, as_json)


@click.command(epilog="Example: curate orders remap")
@_json
@in_workspace
def remap(workspace: Workspace, as_json: bool) -> None:
    """Give orders that wait for a product theirs, after it was mapped in shop.toml, and deliver them."""
    from curate.shop.orders import intake

    shop, say = _open(workspace)
    _finish(shop, say, intake.remap(shop), as_json)


def _finish(shop: Shop, say: Say, taken: Taken, as_json: bool) -> None:
    """Deliver, tell, and end as it went."""
    from curate.shop.delivery import serve
    from curate.shop.orders.mapping import to_add

    try:
        served = serve(shop)
    except CurateError as fault:
        # The orders are in: what keeps them from being delivered is told after that.
        _tell(shop, say, taken, as_json, None)
        raise fault
    _tell(shop, say, taken, as_json, served)
    if not as_json and taken.unmapped:
        echo(say("These products wait. Add to shop.toml, with the SKUs that they are:"), err=True)
        for line in to_add(shop.settings, taken.unmapped):
            echo(f"  {line}", err=True)
        echo(say("Next: {command}", command="curate orders remap"), err=True)
    if taken.faults or taken.unmapped:
        raise click.exceptions.Exit(Exit.PARTIAL)


def _tell(shop: Shop, say: Say, taken: Taken, as_json: bool, served: Served | None) -> None:
    from curate.shop.orders.mapping import to_add

    if as_json:
        told = msgspec.to_builtins(taken) | {"problems": [str(one) for one in taken.problems]}
        add = to_add(shop.settings, taken.unmapped)
        echo_json(
            {"version": 1, **told, "add_to_shop_toml": add, "served": msgspec.to_builtins(served)}
        )
        return
    echo(
        say(
            "lines: {new} new, {changed} changed, {same} known; to be delivered: {queued}",
            new=taken.new, changed=taken.changed, same=taken.same, queued=taken.queued,
        )
    )  # fmt: skip
    if served is not None and any(msgspec.to_builtins(served).values()):
        tell_served(served, say)
    for problem in taken.problems[:SHOWN]:
        echo(f"  {problem}", err=True)
    if taken.faults > SHOWN:
        echo(say("  … and {n} more: see --json", n=taken.faults - SHOWN), err=True)


@click.command("list", epilog="Example: curate orders list --waiting")
@click.option("--waiting", is_flag=True, help="Only what is not with its buyer yet, and why.")
@click.option("--channel", default="", metavar="NAME", help="Only those of one channel.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="At most so many lines.",
)
@_json
@in_workspace
def list_(workspace: Workspace, waiting: bool, channel: str, limit: int, as_json: bool) -> None:
    """List the lines of orders, newest first."""
    from itertools import islice

    from curate.shop.orders.looking import listed

    shop, say = _open(workspace)
    found = [*islice(listed(shop, channel, waiting), limit)]
    if as_json:
        echo_json({"version": 1, "lines": [msgspec.to_builtins(one) for one in found]})
        return
    for one in found:
        product = one.sku or f"{one.item}:{one.variant}".removesuffix(":")
        echo(
            f"{fill(one.channel, 12)} {fill(f'{one.number}/{one.line_no}', 26)} "
            f"{fill(f'{product} ×{one.quantity}', 22)} {fill(f'{one.paid} {one.currency}', 14)} "
            f"{_state(one, say)}"
        )
    if not found:
        echo(say("nobody waits") if waiting else say("there are no orders: curate orders import"))


@click.command(epilog="Example: curate orders show xianyu 2226688164543566229")
@click.argument("channel")
@click.argument("number")
@_json
@in_workspace
def show(workspace: Workspace, channel: str, number: str, as_json: bool) -> None:
    """Show an order: its lines, how far each is delivered, what was given back, who may get in; whose sale
    each is, what they earn by it, or why nothing. Never a code."""
    from curate.shop.orders.looking import shown

    shop, say = _open(workspace)
    found = shown(shop, channel, number)
    if as_json:
        echo_json({"version": 1, **msgspec.to_builtins(found)})
        return
    for whole in found.lines:
        _show(whole, say)
    _agreed(found, say)


def _show(whole: Whole, say: Say) -> None:
    one = whole.line
    heading(f"{one.channel} {one.number}/{one.line_no}")
    echo(f"  {one.title or one.item} {one.variant} ×{one.quantity}")
    echo(say("  product: {sku}", sku=one.sku or say("none yet")))
    paid = say("{amount} {currency} paid", amount=one.paid, currency=one.currency)
    echo(
        f"  {paid} · {_when(one.paid_at)} · {one.buyer}"
        if one.buyer
        else f"  {paid} · {_when(one.paid_at)}"
    )
    _whose(whole, say)
    echo(f"  {_state(one, say)}")
    for step in whole.steps:
        echo(
            f"    {_when(step.at)} {say(_STATES[step.state])} {_because(step.proof, say)}".rstrip()
        )
    for back in whole.refunds:
        echo(
            say(
                "  given back: {amount} {currency}, pieces: {n} ({reference}) {reason}",
                amount=back.amount, currency=one.currency, n=back.quantity, reference=back.reference,
                reason=back.reason,
            )
        )  # fmt: skip
    for access in whole.grants:
        ended = (
            say("ended: {why}", why=_because(access.revoked_why, say))
            if access.revoked_at
            else say("lets the buyer in")
        )
        echo(
            say(
                "  access {serial} to {version}: {state}",
                serial=access.serial,
                version=access.version,
                state=ended,
            )
        )


def _whose(whole: Whole, say: Say) -> None:
    told = whole.attributed
    if told is None and whole.affiliate_code:
        echo(
            say(
                "  it names {code}, by which nothing is earned so far: no affiliate was called so, or it is not paid "
                "or waits. See: curate affiliates rematch",
                code=whole.affiliate_code,
            )
        )
    elif told is not None:
        echo(_earner(told, whole.line.currency, say))


def _earner(told: Attributed, currency: str, say: Say) -> str:
    whose = say("  a sale of {code}, {by}", code=told.affiliate, by=say(_BY[told.by]))
    if told.why:
        return say("{whose}; nothing is earned: {why}", whose=whose, why=say(told.why))
    sums = [
        say("{code} earned {amount} {currency}", code=one.affiliate, amount=one.amount, currency=currency)
        for one in told.earned
    ]  # fmt: skip
    earned = say(", ").join(sums) or say("nothing is earned so far")
    return say("{whose}; rule {rule}: {earned}", whose=whose, rule=told.rule, earned=earned)


def _because(proof: str, say: Say) -> str:
    from curate.shop.delivery.states import proven

    ours = proven(proof)
    return say(ours.text, **ours.args) if ours else proof


def _agreed(found: Shown, say: Say) -> None:
    for one in found.acknowledged:
        echo(
            say(
                "agreed that nothing is returned: text {version}, {source}, {when}",
                version=one.text_version, source=one.source, when=_when(one.at),
            )
        )  # fmt: skip


def _state(one: Ordered, say: Say) -> str:
    from curate.shop.delivery.states import reason

    if one.why == "sku":
        return say("waits: shop.toml does not say which product it is")
    if one.why:
        return say("waits: {why}", why=say(reason(one.why).text))
    return say(_STATES[one.delivery or one.state])


_BY = {
    "coupon": "by a coupon",
    "code": "by a code that the order names",
    "click": "by a click of the buyer before",
}
_STATES = {
    "unpaid": "not paid yet",
    "paid": "paid",
    "cancelled": "cancelled",
    "waiting": "waiting",
    "allocated": "set aside for the buyer",
    "rendered": "ready to be sent",
    "sent": "sent",
    "confirmed": "with the buyer",
    "revoked": "taken back",
}


def _when(at: int | None) -> str:
    return moment(at) if at else "–"

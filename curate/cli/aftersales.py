"""curate orders refund, resend, revoke, acknowledge, offer: what comes after a sale."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from curate.cli.options import echo, echo_json, heading, in_workspace
from curate.cli.which import deciding
from curate.errors import Exit
from curate.messages import Say, render, speaker
from curate.workspace import Workspace

if TYPE_CHECKING:
    from curate.shop.aftersales.offers import Offered
    from curate.shop.aftersales.purchase import Purchase

_LINE = click.option(
    "--line", "line_no", metavar="N", default="", help="Which line, where the order has several."
)


@click.command(
    short_help="Give money back, with all that follows from it.",
    epilog="Example: curate orders refund taobao 2401 --quantity 1 --reason 'bought twice'",
)
@click.argument("channel")
@click.argument("number")
@_LINE
@click.option(
    "--quantity", type=click.IntRange(min=0), help="Units; 0 with --amount is money alone."
)
@click.option("--amount", metavar="MONEY", help="In the order's currency, such as 12.50.")
@click.option("--reason", metavar="TEXT", default="")
@click.option(
    "--reference", metavar="TEXT", default="", help="The channel's; the same one counts once."
)
@click.option("--who", metavar="NAME", default="", help="Who does it; default: your login name.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--check", is_flag=True, help="Only tell whether the buyer may insist, and what it would be."
)
@in_workspace
def refund(
    workspace: Workspace,
    channel: str,
    number: str,
    line_no: str,
    quantity: int | None,
    amount: str | None,
    reason: str,
    reference: str,
    who: str,
    yes: bool,
    check: bool,
) -> None:
    """Give back all that is left of a line, or --quantity units, or an --amount.

    Units lose their access, the latest first; codes of theirs are withdrawn and never sold again. An amount
    alone leaves the access, unless it is all that is left. The payment itself is made on the channel: this
    notes it, takes it out of the books, and keeps what was not sent yet from being sent.
    """
    from curate.shop import Shop, money
    from curate.shop.aftersales import purchase, refunds, returns

    shop = Shop.open(workspace)
    say = speaker(workspace.settings.language)
    with shop.database.reading() as connection:
        what = purchase.find(connection, channel, number, line_no)
    cents = None if amount is None else money.minor(amount, what.currency)
    told = returns.advice(shop, channel, number, what.line_no).told
    echo(render(told, workspace.settings.language))
    units, due = refunds.meant(what, quantity, cents)
    if what.units_left or what.money_left:
        echo(_plan(what, units, due, say))
    if check:
        return
    if not yes:
        click.confirm(say("Note this refund?"), abort=True)
    done = refunds.refund(
        shop, channel, number, what.line_no, quantity=units, amount=due, reason=reason,
        who=deciding(who), reference=reference,
    )  # fmt: skip
    if done.again:
        echo(say("{reference} was noted before: nothing has changed", reference=done.reference))
        return
    left = money.decimal(done.money_left, done.currency)
    echo(
        say(
            "noted as {reference}; left to the buyer: {left} {currency}, units: {n}",
            reference=done.reference, n=done.units_left, left=left, currency=done.currency,
        )
    )  # fmt: skip


def _plan(what: Purchase, units: int, due: int, say: Say) -> str:
    from curate.shop import money

    return say(
        "{number}/{line}: given back: {amount} of {paid} {currency}, units: {n} of {all}",
        number=what.number,
        line=what.line_no,
        n=units,
        all=what.units_left,
        amount=money.decimal(due, what.currency),
        paid=money.decimal(what.money_left, what.currency),
        currency=what.currency,
    )


@click.command(
    short_help="Send a buyer's access once more.",
    epilog="Example: curate orders resend taobao 2401 --renew",
)
@click.argument("channel")
@click.argument("number")
@_LINE
@click.option("--renew", is_flag=True, help="With a new code: the old one opens nothing any more.")
@in_workspace
def resend(workspace: Workspace, channel: str, number: str, line_no: str, renew: bool) -> None:
    """Put the same access into the outbox once more.

    What was revoked or has expired stays so, and downloads go on being counted where they were. At most three
    times a day and twelve times in all.
    """
    from curate.cli.outbox import lying
    from curate.shop import Shop
    from curate.shop.aftersales import resend as run

    say = speaker(workspace.settings.language)
    shop = Shop.open(workspace)
    done = run.resend(shop, channel, number, line_no, renew=renew)
    if done.renewed:
        echo(
            say("codes renewed: {n}; what was there before opens nothing any more", n=done.renewed)
        )
    echo(lying(shop, done.message, say))


@click.command(
    short_help="End a buyer's access without a refund.",
    epilog="Example: curate orders revoke taobao 2401 --why 'given on in public'",
)
@click.argument("channel")
@click.argument("number")
@_LINE
@click.option("--unit", "units", type=click.IntRange(min=1), multiple=True, help="This one alone; may be repeated.")  # fmt: skip
@click.option("--why", metavar="TEXT", required=True, help="The reason; it is kept.")
@in_workspace
def revoke(
    workspace: Workspace, channel: str, number: str, line_no: str, units: tuple[int, ...], why: str
) -> None:
    """End access at once and for good: links and codes work no more, and sending again does not undo it."""
    from curate.shop import Shop
    from curate.shop.aftersales import revocation

    if not why.strip():
        raise click.UsageError("--why needs a reason")
    say = speaker(workspace.settings.language)
    revocation.revoke(
        Shop.open(workspace), channel, number, line_no, units, why=" ".join(why.split())
    )
    echo(say("access of order {number} has ended: {why}", number=number, why=" ".join(why.split())))


@click.command(
    short_help="Note that a buyer agreed to no return.",
    epilog="Example: curate orders acknowledge taobao 2401 --source checkout --at 2026-03-01T10:15",
)
@click.argument("channel", required=False)
@click.argument("number", required=False)
@click.option(
    "--source", metavar="TEXT", default="", help="How they agreed, such as: checkout, chat."
)
@click.option(
    "--text", "version", metavar="VERSION", default="", help="Which text; default: the one in use."
)
@click.option(
    "--at",
    "moment",
    metavar="TIME",
    default="",
    help="When, ISO 8601, UTC unless it says; default: now.",
)
@in_workspace
def acknowledge(
    workspace: Workspace,
    channel: str | None,
    number: str | None,
    source: str,
    version: str,
    moment: str,
) -> None:
    """Note that the buyer of an order agreed, before delivery, that digital goods are not returned.

    Without an order: show the text to agree to, in both languages.
    """
    from curate.shop import Shop
    from curate.shop.aftersales import acknowledge as run

    say = speaker(workspace.settings.language)
    if channel is None:
        for text in run.texts():
            heading(text.version)
            echo(text.said("en"))
            echo(text.said("zh"))
        return
    if number is None:
        raise click.UsageError("give CHANNEL and NUMBER of the order")
    done = run.record(
        Shop.open(workspace), channel, number, version=version, source=source, at=_moment(moment)
    )
    echo(
        say(
            "order {number}: agreed to text {version} on {time} ({source})",
            number=number,
            version=done.text_version,
            time=datetime.fromtimestamp(done.at, UTC).strftime("%Y-%m-%d %H:%M"),
            source=done.source,
        )
    )


def _moment(text: str) -> int | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError) as fault:
        raise click.UsageError(f"--at {text!r} is no time: write it as 2026-03-01T10:15") from fault


@click.command(
    short_help="Tell old buyers what is new.", epilog="Example: curate orders offer guides"
)
@click.argument("collections", nargs=-1, metavar="[COLLECTION]...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@in_workspace
def offer(workspace: Workspace, collections: tuple[str, ...], as_json: bool) -> None:
    """Put a message about the newest release into the outbox, once for each buyer and version.

    Who bought with versions = "latest" gets it offered; who bought "frozen" hears nothing, unless what they
    have was taken off sale: they are told so, and get the next release instead.
    """
    from curate.shop import Shop
    from curate.shop.aftersales import offers

    language = workspace.settings.language
    say, found = speaker(language), offers.offer(Shop.open(workspace), collections)
    if as_json:
        echo_json({"version": 1, "collections": [_row(one) for one in found]})
    for one in () if as_json else found:
        _tell(one, say)
    if any(one.withheld for one in found):
        raise click.exceptions.Exit(Exit.PROBLEMS)


def _row(one: Offered) -> dict[str, object]:
    return {
        "collection": one.collection,
        "version": one.version,
        "offered": one.offered,
        "warned": one.warned,
        "withheld": render(one.withheld, "en") if one.withheld else "",
    }


def _tell(one: Offered, say: Say) -> None:
    version = one.version or say("nothing on sale")
    echo(
        say(
            "{collection} ({version}): buyers who are offered it: {offered}; told of a version off sale: {warned}",
            collection=one.collection,
            version=version,
            offered=one.offered,
            warned=one.warned,
        )
    )
    if one.withheld:
        echo(f"  {say(one.withheld.text, **one.withheld.args)}", err=True)


COMMANDS = [refund, resend, revoke, acknowledge, offer]
"""For the group ``orders``."""

"""curate affiliates: who sells for a share."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from curate.cli.columns import fill
from curate.cli.options import (
    echo,
    echo_json,
    heading,
    in_workspace,
    open_shop,
    print_problems,
)
from curate.cli.shortened import Shortened
from curate.errors import CurateError, Exit
from curate.messages import Say
from curate.workspace import Workspace

if TYPE_CHECKING:
    from curate.books.affiliates.balances import Standing
    from curate.books.affiliates.register import Affiliate

_json = click.option("--json", "as_json", is_flag=True, help="One JSON object.")
_STATES = ("active", "paused", "ended")
_SEGMENTS = ("interest", "affection", "brand")
_segment_help = "Why they do it: for the money, out of affection, or for their own name."


class _Lawful(click.Command):
    """Tells why there is no --entry-fee, no --level 3 and no bonus for heads, and what there is instead."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as fault:
            from curate.shop.settings.forbidden import forbidden

            why = forbidden(fault.option_name.lstrip("-"))
            if why is None:
                raise
            raise CurateError(f"{fault.option_name}: {why.what}", why.hint) from fault


@click.group(
    cls=Shortened,
    default="list",
    bare=True,
    epilog="Example: curate affiliates add --email ann@example.org --segment affection",
    subcommand_metavar="[list] | COMMAND …",
)
@click.option(
    "--workspace",
    metavar="DIR",
    expose_value=False,
    help="The workspace; default: the nearest folder upward that holds curate.toml.",
)
def affiliates() -> None:
    """Keep who sells for a share: their codes, coupons and links, and what they earned.

    What they earn is told by [distribution] and [rules.NAME] of shop.toml, and posted with each sale.
    """


@affiliates.command(
    cls=_Lawful,
    epilog="Example: curate affiliates add --order xianyu 2226688164543566229 --code ANN7",
)
@click.option("--contact", type=int, metavar="NUMBER", help="Somebody who is known already.")
@click.option("--order", nargs=2, metavar="CHANNEL NUMBER", help="The buyer of an order.")
@click.option("--email", default="", help="Their address; a buyer is found by it.")
@click.option("--name", default="", help="What you call them.")
@click.option(
    "--code", default="", help="Stands in links and in the ledger: not a name. Default: drawn."
)
@click.option(
    "--segment",
    type=click.Choice(_SEGMENTS),
    default="interest",
    show_default=True,
    help=_segment_help,
)
@click.option("--rule", default="", metavar="NAME", help="A [rules.NAME] of their own.")
@click.option("--introducer", default="", metavar="CODE", help="Who brought them; depth = 2 only.")
@click.option("--language", default="", help="Of what they read: zh or en.")
@in_workspace
def add(
    workspace: Workspace,
    contact: int | None,
    order: tuple[str, str] | None,
    email: str,
    name: str,
    code: str,
    segment: str,
    rule: str,
    introducer: str,
    language: str,
) -> None:
    """Take somebody up: a buyer, a contact, or somebody new by e-mail or name.

    What they buy themselves stays a direct sale.
    """
    from curate.books.affiliates import register

    shop, say = open_shop(workspace)
    new = register.New(
        contact, order, email, name, code, segment, rule, introducer, language  # type: ignore[arg-type]
    )  # fmt: skip
    made = register.add(shop, new)
    echo(say("{code} sells for a share now", code=made.code))
    echo(say("Next: {command}", command=f"curate affiliates link {made.code} https://…"))
    echo(say("      then: {command}", command=f"curate affiliates account {made.code} alipay"))


@affiliates.command(
    "list", short_help="List them with what is due.", epilog="Example: curate affiliates list"
)
@click.option("--state", type=click.Choice(_STATES), help="Only those.")
@_json
@in_workspace
def list_(workspace: Workspace, state: str | None, as_json: bool) -> None:
    """List affiliates by code: state, segment, what is due now and what is held."""
    from curate.books.affiliates import balances, register

    shop, say = open_shop(workspace)
    found = register.listed(shop, state or "")
    standing: dict[str, list[Standing]] = {}
    for one in balances.standings(shop):
        standing.setdefault(one.code, []).append(one)
    if as_json:
        rows = [_row(each, standing.get(each.code, [])) for each in found]
        echo_json({"version": 1, "affiliates": rows})
        return
    for each in found:
        sums = "; ".join(_told(one, say) for one in standing.get(each.code, []))
        echo(
            f"{fill(each.code, 14)} {fill(say(each.state), 8)} {fill(say(each.segment), 10)} "
            f"{fill(each.name, 20)} {sums}".rstrip()
        )
    if not found:
        echo(say("there are no affiliates: curate affiliates add"))


def _told(one: Standing, say: Say) -> str:
    from curate.shop import money

    amounts = [money.decimal(amount, one.currency) for amount in (one.due, one.held, one.paid)]
    return say(
        "due {due}, held {held}, paid {paid} {currency}",
        due=amounts[0], held=amounts[1], paid=amounts[2], currency=one.currency,
    )  # fmt: skip


def _row(who: Affiliate, standing: list[Standing]) -> dict[str, object]:
    from curate.shop import money

    sums = []
    for one in standing:
        named = {key: getattr(one, key) for key in ("earned", "held", "due", "prepared", "paid")}
        told = {key: money.decimal(amount, one.currency) for key, amount in named.items()}
        sums.append({"currency": one.currency} | told)
    return {**msgspec.to_builtins(who), "sums": sums}


@affiliates.command(
    short_help="Show one affiliate: codes, what is owed, payouts.",
    epilog="Example: curate affiliates show ANN7",
)
@click.argument("code")
@_json
@in_workspace
def show(workspace: Workspace, code: str, as_json: bool) -> None:
    """Show one affiliate: who, since when, codes, account (its end), what is owed, sales that earned nothing and
    why, payouts."""
    from curate.books.affiliates import balances, payouts, register

    shop, say = open_shop(workspace)
    who = register.of(shop, code)
    standing = [*balances.standings(shop, who.code)]
    nothing = balances.unearned(shop, who.code)
    if as_json:
        without = [msgspec.to_builtins(one) for one in nothing]
        echo_json({"version": 1, **_row(who, standing), "earned_nothing": without})
        return
    heading(f"{who.code} {who.name}".rstrip())
    echo(f"  {say(who.state)} · {say(who.segment)} · {who.email}".removesuffix(" · "))
    if who.introducer:
        echo(say("  introduced by {code}", code=who.introducer))
    if who.rule:
        echo(say("  rule: {name}", name=who.rule))
    if who.coupons:
        echo(say("  coupons: {names}", names=", ".join(who.coupons)))
    paid_to = f"{who.method} {who.account}" if who.account else say("none")
    echo(say("  account: {account}", account=paid_to))
    for one in standing:
        echo(f"  {_told(one, say)}")
    for each in nothing:
        echo(say("  sales that earned nothing: {n} ({why})", n=each.sales, why=say(each.why)))
    for payout in payouts.listed(shop, affiliate=who.code):
        echo(f"  {payout_line(payout, say)}")


def payout_line(one: object, say: Say) -> str:
    """A payout in one line."""
    from curate.books.affiliates.payouts import Payout
    from curate.shop import money

    assert isinstance(one, Payout)
    amount = f"{money.decimal(one.amount, one.currency)} {one.currency}"
    told = one.why or one.reference
    return (
        f"{fill(one.batch, 14)} {fill(one.code, 14)} {fill(amount, 18)} {fill(say(one.state), 10)} "
        f"{one.first_day}/{one.last_day} ×{one.commissions} {told}"
    ).rstrip()


@affiliates.command("set", cls=_Lawful, epilog="Example: curate affiliates set ANN7 --state paused")
@click.argument("code")
@click.option("--state", type=click.Choice(_STATES), help="paused and ended ones earn nothing.")
@click.option("--segment", type=click.Choice(_SEGMENTS), help=_segment_help)
@click.option("--rule", metavar="NAME", help='A [rules.NAME] of their own; "" for none.')
@in_workspace
def set_(
    workspace: Workspace, code: str, state: str | None, segment: str | None, rule: str | None
) -> None:
    """Change an affiliate's state, segment or rule, from the next sale on."""
    from curate.books.affiliates import register

    if state is None and segment is None and rule is None:
        raise click.UsageError("say what is to change: --state, --segment or --rule")
    shop, say = open_shop(workspace)
    made = register.change(shop, code, state=state, segment=segment, rule=rule)  # type: ignore[arg-type]
    echo(f"{made.code}: {say(made.state)} · {say(made.segment)} {made.rule}".rstrip())


@affiliates.command(epilog="Example: curate affiliates account ANN7 alipay --agreed payout-2026-1")
@click.argument("code")
@click.argument("method", required=False, default="")
@click.option(
    "--agreed", default="", metavar="VERSION", help="The text by which they agreed that it is kept."
)
@click.option("--source", default="seller", show_default=True, help="Where they agreed.")
@click.option("--withdraw", is_flag=True, help="They agree no more: forget it.")
@in_workspace
def account(
    workspace: Workspace, code: str, method: str, agreed: str, source: str, withdraw: bool
) -> None:
    """Keep the account that an affiliate is paid to by METHOD; it is asked for, so that no shell remembers it.

    It is sensitive, and kept only with their consent: --agreed names the text. Piped in, its first line counts.
    """
    from curate.books.affiliates import accounts

    shop, say = open_shop(workspace)
    if withdraw:
        done = accounts.withdraw(shop, code, source)
        echo(say("the account of {code} is forgotten", code=done.code))
        if done.prepared:
            echo(say("{n} of its payouts are prepared: see curate payouts", n=done.prepared), err=True)  # fmt: skip
        return
    if not method or not agreed:
        raise click.UsageError("name the METHOD, and the text they agreed to: --agreed VERSION")
    typed = (
        click.prompt(say("Account"), hide_input=True, err=True)
        if sys.stdin.isatty()
        else sys.stdin.readline()
    )
    accounts.keep(shop, code, method, typed, agreed, source)
    echo(say("kept: {code} is paid by {method}", code=code.upper(), method=method))


@affiliates.command(epilog="Example: curate affiliates coupon ANN7 SPRING7")
@click.argument("code")
@click.argument("coupon")
@click.option("--end", is_flag=True, help="It is nobody's from now on.")
@in_workspace
def coupon(workspace: Workspace, code: str, coupon: str, end: bool) -> None:
    """Tie a COUPON of your shop to an affiliate: whoever buys with it, it is their sale."""
    from curate.books.affiliates import coupons

    shop, say = open_shop(workspace)
    if end:
        echo(say("{coupon} has ended", coupon=coupons.end(shop, code, coupon)))
    else:
        made = coupons.give(shop, code, coupon)
        echo(say("sales by {coupon} are of {code}", coupon=made, code=code.upper()))


@affiliates.command(epilog="Example: curate affiliates link ANN7 https://shop.example/guides")
@click.argument("code")
@click.argument("address")
@in_workspace
def link(workspace: Workspace, code: str, address: str) -> None:
    """Print ADDRESS with the affiliate's code: in place of {code}, else as ?ref=CODE."""
    from curate.books.affiliates import links

    shop, _ = open_shop(workspace)
    echo(links.link(shop, code, address))


@affiliates.command(epilog="Example: curate affiliates clicks clicks.csv")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@_json
@in_workspace
def clicks(workspace: Workspace, file: Path, as_json: bool) -> None:
    """Take in clicks of people who are known: CSV with code, at, email or buyer, and channel.

    Each counts once; rows that cannot be read are told: exit code 3. Orders that were taken in before them are
    looked at by `curate affiliates rematch`.
    """
    from curate.books.affiliates import clicks as read

    shop, say = open_shop(workspace)
    taken = read.take(shop, file)
    if as_json:
        told = {"new": taken.new, "known": taken.known, "nobody": taken.nobody}
        echo_json({"version": 1, **told, "problems": [str(one) for one in taken.problems]})
    else:
        echo(
            say(
                "clicks: {new} new, {same} known, {nobody} of nobody who may be kept",
                new=taken.new, same=taken.known, nobody=taken.nobody,
            )
        )  # fmt: skip
        print_problems(taken.problems, say)
    if taken.problems:
        raise click.exceptions.Exit(Exit.PARTIAL)


@affiliates.command(epilog="Example: curate affiliates rematch")
@in_workspace
def rematch(workspace: Workspace) -> None:
    """Look once more at sales that are nobody's: clicks, coupons or affiliates may have come after them."""
    from curate.shop import commission

    shop, say = open_shop(workspace)
    echo(say("sales that are an affiliate's now: {n}", n=commission.again(shop)))


@affiliates.command(epilog="Example: curate affiliates statement ANN7 --period 2026-03 --csv")
@click.argument("code")
@click.option("--period", "told", default="", help="2026-03, 2026 or days; default: this month.")
@click.option(
    "--html", "page", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
    help="A page for them.",
)  # fmt: skip
@click.option(
    "--csv", "sheet", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
    help="Its lines for a spreadsheet.",
)  # fmt: skip
@_json
@in_workspace
def statement(
    workspace: Workspace, code: str, told: str, page: Path | None, sheet: Path | None, as_json: bool
) -> None:
    """Write what an affiliate may see: sales by references of their own, earnings, payouts. Never a buyer."""
    from curate.books.affiliates import statement as made
    from curate.shop import calendar

    shop, say = open_shop(workspace)
    zone = calendar.zone(shop.settings.books.timezone)
    period = calendar.parse(told or calendar.month(shop.now(), zone), zone)
    if page:
        from curate.books.reports import csv, html

        shown, language = made.report(shop, code, period), made.language(shop, code)
        csv.replace(page, html.page([shown], language, period.name).encode())
        echo(say("{path} is written", path=page), err=as_json)
    if sheet:
        from curate.cli.sheet import written

        written(sheet, True, lambda stream: made.write(stream, made.statement(shop, code, period)))
        echo(say("{path} is written", path=sheet), err=as_json)
    if as_json:
        from curate.books.reports import json

        echo_json(json.told([made.report(shop, code, period)], period.name))
    elif not (page or sheet):
        from curate.books.reports import terminal

        for line in terminal.lines(made.report(shop, code, period), made.language(shop, code), 100):
            (heading if line.is_heading else echo)(line.text)

"""curate ledger: what happened to money; months and their close."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from curate.cli.columns import fill, width
from curate.cli.options import SHOWN, echo, echo_json, in_workspace, open_shop
from curate.cli.shortened import Shortened
from curate.errors import Exit
from curate.workspace import Workspace

if TYPE_CHECKING:
    pass

_json = click.option("--json", "as_json", is_flag=True, help="One JSON object.")
_WIDE = 40


@click.group(
    cls=Shortened,
    default="balances",
    bare=True,
    epilog="Example: curate ledger close 2026-03",
    subcommand_metavar="[balances] | close | check | export",
)
@click.option(
    "--workspace",
    metavar="DIR",
    expose_value=False,
    help="The workspace; default: the nearest folder upward that holds curate.toml.",
)
def ledger() -> None:
    """See what happened to money, and close months.

    Every sale, refund, fee, cost, commission and payout is an entry that adds up to nothing and never changes.
    """


@ledger.command(epilog="Example: curate ledger balances --json")
@_json
@in_workspace
def balances(workspace: Workspace, as_json: bool) -> None:
    """Show the balance of every account; debit is above zero. In each currency they add up to nothing."""
    from curate.shop import ledger as books
    from curate.shop import money

    shop, say = open_shop(workspace)
    found = [
        (one.account, money.decimal(one.amount, one.currency), one.currency)
        for one in books.balances(shop)
    ]
    if as_json:
        rows = [{"account": one, "amount": told, "currency": code} for one, told, code in found]
        echo_json({"version": 1, "balances": rows})
        return
    size = max((len(told) for _, told, _ in found), default=0)
    for account, told, currency in found:
        name = fill(account, _WIDE) if width(account) <= _WIDE else account
        echo(f"{name} {told.rjust(size)} {currency}")
    if not found:
        echo(say("nothing is posted yet"))


@ledger.command(epilog="Example: curate ledger close 2026-03")
@click.argument("month")
@click.option("--empty", is_flag=True, help="Also where nothing is booked in it or before it.")
@_json
@in_workspace
def close(workspace: Workspace, month: str, empty: bool, as_json: bool) -> None:
    """Close MONTH for good: costs of no channel are shared out, and what comes late is booked in the next month.

    It has to be over, and those before it closed. Closed again, nothing changes.
    """
    from curate.books import periods

    shop, say = open_shop(workspace)
    made = periods.close(shop, month, empty)
    if as_json:
        told = {"month": made.month, "digest": made.digest.hex(), "again": made.again}
        echo_json({"version": 1, **told, "waiting": made.waiting})
        return
    if made.again:
        echo(say("{month} was closed before", month=made.month))
    else:
        echo(say("{month} is closed", month=made.month))
    echo(say("  its digest: {digest}", digest=made.digest.hex()))
    if made.waiting:
        echo(
            say(
                "  {n} paid lines wait for their product and will be booked later: curate orders list --waiting",
                n=made.waiting,
            ),
            err=True,
        )


@ledger.command(epilog="Example: curate ledger check")
@_json
@in_workspace
def check(workspace: Workspace, as_json: bool) -> None:
    """See that entries add up, closed months are what they were, and orders, costs, commissions and payouts are
    what is posted. Exit code 1 where something is not."""
    from curate.books import periods

    shop, say = open_shop(workspace)
    wrong, closed = periods.check(shop), periods.closed(shop)
    if as_json:
        rows = [{"where": one.where, "what": one.what, "hint": one.hint} for one in wrong]
        months = [{"month": one.month, "digest": one.digest.hex()} for one in closed]
        echo_json({"version": 1, "problems": rows, "closed": months})
    else:
        for one in wrong[:SHOWN]:
            echo(str(one), err=True)
        if len(wrong) > SHOWN:
            echo(say("  … and {n} more: see --json", n=len(wrong) - SHOWN), err=True)
        if not wrong:
            echo(say("the ledger is sound; months closed: {n}", n=len(closed)))
    if wrong:
        raise click.exceptions.Exit(Exit.PROBLEMS)


@ledger.command(epilog="Example: curate ledger export ledger.beancount")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--period", "told", metavar="PERIOD", default="",
    help="2026-03, 2026 or 2026-03-01/2026-03-15, in the time zone of [books]; default: everything.",
)  # fmt: skip
@in_workspace
def export(workspace: Workspace, file: Path, told: str) -> None:
    """Write the ledger as a Beancount file, which that program checks by itself: bean-check FILE.

    An older FILE is replaced.
    """
    from curate.books import beancount
    from curate.shop import calendar

    shop, say = open_shop(workspace)
    zone = calendar.zone(shop.settings.books.timezone)
    count = beancount.write(shop, file, calendar.parse(told, zone) if told else None)
    echo(say("{path} is written; entries: {n}", path=file, n=f"{count:,}"))

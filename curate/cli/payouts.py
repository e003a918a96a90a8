"""curate payouts: what affiliates are paid, batch by batch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from curate.cli.affiliates import payout_line
from curate.cli.options import echo, echo_json, in_workspace, language_of, open_shop
from curate.cli.shortened import Shortened
from curate.messages import Say, render
from curate.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curate.books.affiliates.payouts import Batch, Payout

_json = click.option("--json", "as_json", is_flag=True, help="One JSON object.")
_csv = click.option(
    "--csv", "sheet", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
    help="Write what is to be paid for whoever pays it; an older file is replaced.",
)  # fmt: skip


@click.group(
    cls=Shortened,
    default="list",
    bare=True,
    epilog="Example: curate payouts prepare 2026-03 --csv payouts.csv",
    subcommand_metavar="[list] | prepare | paid | failed",
)
@click.option(
    "--workspace",
    metavar="DIR",
    expose_value=False,
    help="The workspace; default: the nearest folder upward that holds curate.toml.",
)
def payouts() -> None:
    """Pay affiliates what is due, each commission once.

    Prepare a batch, hand its CSV to whoever pays, and note what was paid and what failed.
    """


@payouts.command(epilog="Example: curate payouts prepare 2026-03 --until 2026-03-31 --csv pay.csv")
@click.argument("batch", required=False, default="")
@click.option(
    "--until", "day", default="", metavar="DAY", help="What was due at the end of it; default: now."
)
@_csv
@_json
@in_workspace
def prepare(workspace: Workspace, batch: str, day: str, sheet: Path | None, as_json: bool) -> None:
    """Put what is due into a BATCH (default: today's date), less what is owed back, if it is the minimum.

    Prepared again, it is the same batch: whoever was interrupted does it once more.
    """
    from curate.books.affiliates import payouts as desk
    from curate.shop import calendar

    shop, say = open_shop(workspace)
    zone = calendar.zone(shop.settings.books.timezone)
    now = shop.now()
    until = calendar.parse(day, zone).end - 1 if day else now
    made = desk.prepare(shop, batch or calendar.day(now, zone).isoformat(), until)
    if sheet:
        _write(sheet, made.payouts)
    if as_json:
        echo_json(_told(made, workspace))
        return
    if made.again:
        echo(say("batch {name} was prepared before", name=made.name))
    for one in made.payouts:
        echo(payout_line(one, say))
    for left in made.left:
        echo(
            f"  {left.code}: {_amount(left)} – {render(left.why, shop.workspace.settings.language)}"
        )
    if not made.payouts:
        echo(say("nothing is to be paid out"))
    elif sheet:
        echo(say("{path} is written", path=sheet))
        echo(say("Next: {command}", command=f"curate payouts paid {made.name}"))


def _amount(one: object) -> str:
    from curate.books.affiliates.payouts import Left, Payout
    from curate.shop import money

    assert isinstance(one, Left | Payout)
    return f"{money.decimal(one.amount, one.currency)} {one.currency}"


def _told(made: Batch, workspace: Workspace) -> dict[str, object]:
    language = language_of(workspace)
    left = [
        {"code": one.code, "amount": _amount(one), "why": render(one.why, language)}
        for one in made.left
    ]
    rows = [_row(one) for one in made.payouts]
    return {"version": 1, "batch": made.name, "again": made.again, "payouts": rows, "left": left}


def _row(one: Payout) -> dict[str, object]:
    """Without the account: that stands in the batch's CSV alone."""
    from curate.shop import money

    told = msgspec.to_builtins(one) | {"amount": money.decimal(one.amount, one.currency)}
    del told["account"]
    return dict(told)


def _write(sheet: Path, some: Sequence[Payout]) -> None:
    from curate.books.affiliates import payouts as desk
    from curate.cli.sheet import written

    # What is paid already, or failed, is not to be paid by this file once more.
    due = [one for one in some if one.state == "prepared"]
    written(sheet, True, lambda stream: desk.write(stream, due))
    sheet.chmod(0o600)


@payouts.command("list", epilog="Example: curate payouts list 2026-03 --csv pay.csv")
@click.argument("batch", required=False, default="")
@_csv
@_json
@in_workspace
def list_(workspace: Workspace, batch: str, sheet: Path | None, as_json: bool) -> None:
    """List the payouts of a BATCH, or all: amount, state, days, number of commissions."""
    from curate.books.affiliates import payouts as desk

    if sheet and not batch:
        raise click.UsageError("name the BATCH whose CSV is to be written")
    shop, say = open_shop(workspace)
    found = desk.listed(shop, batch)
    if sheet:
        _write(sheet, found)
    if as_json:
        echo_json({"version": 1, "payouts": [_row(one) for one in found]})
        return
    for one in found:
        echo(payout_line(one, say))
    if not found:
        echo(say("nothing was paid out yet: curate payouts prepare"))


@payouts.command(epilog="Example: curate payouts paid 2026-03 --reference 20260405-17")
@click.argument("batch")
@click.argument("code", required=False, default="")
@click.option("--currency", default="", help="Where one affiliate has several in it.")
@click.option("--reference", default="", help="The bank's, for all of them.")
@in_workspace
def paid(workspace: Workspace, batch: str, code: str, currency: str, reference: str) -> None:
    """Note that the money has left: of the whole BATCH, or of one affiliate's CODE in it. Noted once each."""
    from curate.books.affiliates import payouts as desk

    shop, say = open_shop(workspace)
    done = desk.paid(shop, batch, code, currency=currency, reference=reference)
    _tell(done, say)


@payouts.command(epilog="Example: curate payouts failed 2026-03 ANN7 --why 'account closed'")
@click.argument("batch")
@click.argument("code")
@click.option("--why", required=True, help="What the bank says; no names.")
@click.option("--currency", default="", help="Where the affiliate has several in it.")
@in_workspace
def failed(workspace: Workspace, batch: str, code: str, why: str, currency: str) -> None:
    """Note that a payout did not arrive, also after it was noted as paid: it is due again for another batch."""
    from curate.books.affiliates import payouts as desk

    shop, say = open_shop(workspace)
    _tell(desk.failed(shop, batch, code, why, currency=currency), say)


def _tell(done: Sequence[Payout], say: Say) -> None:
    for one in done:
        echo(payout_line(one, say))
    if not done:
        echo(say("that was noted before"))

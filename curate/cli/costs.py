"""curate costs: what was spent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from curate.cli.columns import fill
from curate.cli.options import echo, echo_json, in_workspace, open_shop, print_problems
from curate.cli.shortened import Shortened
from curate.errors import CurateError, Exit
from curate.messages import Say
from curate.workspace import Workspace

if TYPE_CHECKING:
    from curate.books.costs import Listed, Taken
    from curate.shop import Shop
    from curate.shop.calendar import Period

_json = click.option("--json", "as_json", is_flag=True, help="One JSON object.")


@click.group(
    cls=Shortened,
    default="list",
    bare=True,
    epilog="Example: curate costs import ads.csv",
    subcommand_metavar="[list] | import | add",
)
@click.option(
    "--workspace",
    metavar="DIR",
    expose_value=False,
    help="The workspace; default: the nearest folder upward that holds curate.toml.",
)
def costs() -> None:
    """Take in what was spent on advertising, the team, payment fees and all else.

    Each cost counts once and is posted to the ledger. What names no channel is shared out to all of them when
    its month is closed, by [books].allocation of shop.toml.
    """


@costs.command("import", epilog="Example: curate costs import ads.csv --channel own")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--format", "format_", type=click.Choice(("ads", "team")),
    help="ads: the columns of Yandex Metrica. team: month, person_ref, hours, rate, channel. Default: by the "
    "columns.",
)  # fmt: skip
@click.option(
    "--channel", default="", metavar="NAME",
    help="Of advertising whose UTMSource is no channel of shop.toml; default: it is shared out.",
)  # fmt: skip
@_json
@in_workspace
def import_(
    workspace: Workspace, file: Path, format_: str | None, channel: str, as_json: bool
) -> None:
    """Take in the costs of a file, each once: run again, it takes only what is new.

    What cannot be read, or contradicts what is known, is told by its row, and the rest goes on: exit code 3.
    """
    from curate.books.costs import files, take_ads, take_team

    shop, say = open_shop(workspace)
    if (format_ or files.format_of(file)) == "ads":
        taken = take_ads(shop, file, channel)
    elif channel:
        raise CurateError("--channel is for advertising", "write it into the column channel")
    else:
        taken = take_team(shop, file)
    _tell(taken, say, as_json)
    if taken.problems:
        raise click.exceptions.Exit(Exit.PARTIAL)


def _tell(taken: Taken, say: Say, as_json: bool) -> None:
    from curate.shop import money

    amounts = {code: money.decimal(amount, code) for code, amount in taken.amounts}
    if as_json:
        problems = [str(one) for one in taken.problems]
        told = {"rows": taken.rows, "new": taken.new, "same": taken.same, "shared": taken.shared}
        echo_json({"version": 1, **told, "amounts": amounts, "problems": problems})
        return
    whole = " + ".join(f"{amount} {code}" for code, amount in amounts.items()) or "0"
    echo(
        say(
            "costs: {new} new ({amount}), {same} known",
            new=taken.new,
            amount=whole,
            same=taken.same,
        )
    )
    if taken.shared:
        echo(say("  of no channel, to be shared out: {n}", n=taken.shared))
    print_problems(taken.problems, say)


@costs.command(epilog="Example: curate costs add other 120.00 --day 2026-03-05 --channel xianyu")
@click.argument("kind", type=click.Choice(("ads", "team", "payment", "other")))
@click.argument("amount")
@click.option(
    "--day", "days", metavar="DAYS",
    help="2026-03-05, 2026-03 or 2026-03-01/2026-03-15; default: today.",
)  # fmt: skip
@click.option("--currency", default="", metavar="CODE", help="Default: that of [books].")
@click.option("--channel", default="", metavar="NAME", help="Default: it is shared out.")
@click.option("--campaign", default="", metavar="CODE", help="The campaign it was spent on.")
@click.option(
    "--note", default="", help="What for; never a person's name, for it is kept for good."
)
@click.option("--reference", default="", metavar="TEXT", help="An invoice's number: counts once.")
@in_workspace
def add(
    workspace: Workspace, kind: str, amount: str, days: str | None, currency: str, channel: str,
    campaign: str, note: str, reference: str,
) -> None:  # fmt: skip
    """Write down one cost. An AMOUNT below zero takes back what was too much: write -- before it."""
    from curate.books.costs import add as put
    from curate.shop import money

    shop, say = open_shop(workspace)
    code = money.check_currency(currency or shop.settings.books.currency)
    period = _period(shop, days)
    new = put(
        shop, kind, money.minor(amount, code), code, period.first, period.last, channel=channel,
        campaign=campaign, note=note, reference=reference,
    )  # fmt: skip
    echo(
        say("noted") if new else say("{reference} is known: nothing was added", reference=reference)
    )


def _period(shop: Shop, days: str | None) -> Period:
    from curate.shop import calendar

    zone = calendar.zone(shop.settings.books.timezone)
    return calendar.parse(days or str(calendar.day(shop.now(), zone)), zone)


@costs.command("list", epilog="Example: curate costs list --period 2026-03")
@click.option(
    "--period", "told", metavar="PERIOD",
    help="2026-03, 2026 or 2026-03-01/2026-03-15, in the time zone of [books]; default: all.",
)  # fmt: skip
@_json
@in_workspace
def list_(workspace: Workspace, told: str | None, as_json: bool) -> None:
    """List what was spent, by its days."""
    import msgspec

    from curate.books.costs import listed

    shop, say = open_shop(workspace)
    found = listed(shop, _period(shop, told) if told else None)
    if as_json:
        echo_json({"version": 1, "costs": [msgspec.to_builtins(one) for one in found]})
        return
    empty = True
    for one in found:
        empty = False
        echo(_line(one, say))
    if empty:
        echo(say("there are no costs: curate costs import"))


def _line(one: Listed, say: Say) -> str:
    days = one.first_day if one.first_day == one.last_day else f"{one.first_day}/{one.last_day[5:]}"
    hours = f"{one.hours} × {one.rate}" if one.hours else ""
    told = " · ".join(part for part in (one.campaign_code, one.person, hours, one.note) if part)
    amount = f"{one.amount} {one.currency}".rjust(15)
    channel = one.channel or say("shared out")
    return (
        f"{fill(days, 16)} {fill(say(one.kind), 8)} {amount}  {fill(channel, 14)} {told}".rstrip()
    )

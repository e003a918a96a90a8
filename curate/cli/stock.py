"""curate stock: codes that are sold one by one, and files of them for card machines."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from curate.cli.columns import fill
from curate.cli.options import SHOWN, echo, echo_json, in_workspace
from curate.cli.shortened import Shortened
from curate.errors import CurateError, Exit
from curate.messages import Say, render, speaker
from curate.model import Language
from curate.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curate.shop.cards import Uploaded
    from curate.shop.delivery import Served
    from curate.shop.stock import Skipped, Stock

_json = click.option("--json", "as_json", is_flag=True, help="One JSON object.")


@click.group(
    cls=Shortened,
    default="list",
    bare=True,
    epilog="Example: curate stock add KEYS codes.txt",
    subcommand_metavar="[list] | add | withdraw | cards | tie",
)
@click.option(
    "--workspace",
    metavar="DIR",
    expose_value=False,
    help="The workspace; default: the nearest folder upward that holds curate.toml.",
)
def stock() -> None:
    """Fill up and show the codes that are sold one by one.

    Codes are read from files or standard input: what stands on a command line is seen by others and stays
    in the shell's history.
    """


@stock.command("list", epilog="Example: curate stock list --json")
@_json
@in_workspace
def list_(workspace: Workspace, as_json: bool) -> None:
    """Count the codes of every SKU, and the pieces that were paid and wait for some."""
    from curate.shop import Shop
    from curate.shop.stock import counts

    shop = Shop.open(workspace)
    found = counts(shop)
    if as_json:
        echo_json({"version": 1, "stock": [_row(one) for one in found]})
        return
    say = speaker(shop.settings.language)
    if not found:
        echo(say('nothing is sold by codes: write stock = "unique" below a product of shop.toml'))
    for one in found:
        _tell(one, say)


def _tell(one: Stock, say: Say) -> None:
    counted = say(
        "{free} free, {sold} sold, {uploaded} uploaded, {withdrawn} withdrawn",
        free=f"{one.free:,}", sold=f"{one.sold:,}", uploaded=f"{one.uploaded:,}",
        withdrawn=f"{one.withdrawn:,}",
    )  # fmt: skip
    echo(f"{fill(one.sku, 20)} {counted}")
    if one.low_since is not None:
        when = moment(one.low_since)
        echo(say("  fewer than {low} since {when}: fill up", low=one.low, when=when), err=True)
    if one.waiting and one.waiting_since is not None:
        when = moment(one.waiting_since)
        echo(
            say("  paid and waiting: {n}, the first since {when}", n=one.waiting, when=when),
            err=True,
        )


def _row(one: Stock) -> dict[str, object]:
    import dataclasses

    return dataclasses.asdict(one)


def moment(seconds: int) -> str:
    """To the minute."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


@stock.command(epilog="Example: curate stock add KEYS codes.txt --batch 2027-05")
@click.argument("sku")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@click.option(
    "--batch", default="", metavar="NAME", help="What you call these, to find them again."
)
@_json
@in_workspace
def add(workspace: Workspace, sku: str, file: Path, batch: str, as_json: bool) -> None:
    """Add the codes of FILE, one a line, and serve who waits for some; - is standard input.

    A .csv has them in its column "secret", else in its first. What stands there already, or was ever sold or
    withdrawn, is skipped and told by its line; what no card machine could take is refused (exit code 3).
    """
    from curate.shop import Shop
    from curate.shop import stock as codes
    from curate.shop.delivery import serve

    shop = Shop.open(workspace)
    rows = codes.rows(_read(file), table=file.suffix.lower() == ".csv")
    added = codes.add(shop, sku, rows, batch)
    served = serve(shop)
    if as_json:
        language = shop.settings.language
        echo_json(
            {
                "version": 1, "sku": sku, "new": added.new,
                "repeated": _skipped(added.repeated, language),
                "refused": _skipped(added.refused, language), "served": _served(served),
            }
        )  # fmt: skip
    else:
        say = speaker(shop.settings.language)
        echo(
            say(
                "{sku}: {new} new, {repeated} there before, {refused} unusable",
                sku=sku, new=f"{added.new:,}", repeated=f"{len(added.repeated):,}",
                refused=f"{len(added.refused):,}",
            )
        )  # fmt: skip
        _tell_rows([*added.refused, *added.repeated], say, shop.settings.language)
        tell_served(served, say)
    if added.refused:
        raise click.exceptions.Exit(Exit.PARTIAL)


def _read(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise CurateError(f"{file} does not exist", "name a file of codes, one a line") from None


def _tell_rows(found: Sequence[Skipped], say: Say, language: Language) -> None:
    for one in found[:SHOWN]:
        echo(say("  line {n}: {why}", n=one.number, why=render(one.why, language)), err=True)
    if len(found) > SHOWN:
        echo(say("  … and {n} more: see --json", n=len(found) - SHOWN), err=True)


def _skipped(found: Sequence[Skipped], language: Language) -> list[dict[str, object]]:
    return [{"line": one.number, "why": render(one.why, language)} for one in found]


def tell_served(served: Served, say: Say) -> None:
    """What a run of delivery did."""
    echo(
        say(
            "delivery: {ready} made ready, {mailed} mailed, {waiting} waiting",
            ready=served.rendered, mailed=served.mailed, waiting=served.waiting,
        )
    )  # fmt: skip
    if served.delayed:
        echo(say("  to be tried again later: {n}", n=served.delayed), err=True)
    if served.refused:
        echo(say("  taken by no server: {n}; see curate outbox list", n=served.refused), err=True)
    for one in served.trouble:
        echo(f"  {one}", err=True)


def _served(served: Served) -> dict[str, object]:
    import dataclasses

    return dataclasses.asdict(served)


@stock.command(epilog="Example: curate stock withdraw KEYS --batch 2027-05")
@click.argument("sku")
@click.option("--batch", metavar="NAME", help="What is still free of this batch.")
@click.option("--codes", "file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
              help="The codes that stand in this file (- is standard input), uploaded ones too.")  # fmt: skip
@click.option("--all", "everything", is_flag=True, help="All that is free.")
@_json
@in_workspace
def withdraw(
    workspace: Workspace, sku: str, batch: str | None, file: Path | None, everything: bool, as_json: bool
) -> None:  # fmt: skip
    """Take codes off sale for good: they never come back. What was sold stays its buyer's: refund it instead."""
    from curate.shop import Shop
    from curate.shop import stock as codes

    if (batch is not None) + (file is not None) + everything != 1:
        raise click.UsageError("say what: --batch NAME, --codes FILE or --all")
    shop = Shop.open(workspace)
    named = (
        [row.code for row in codes.rows(_read(file), file.suffix.lower() == ".csv")] if file else []
    )
    if file and not named:
        raise CurateError(f"{file} holds no codes", "write one in each line")
    gone = codes.withdraw(shop, sku, batch, named)
    if as_json:
        echo_json({"version": 1, "sku": sku, "withdrawn": gone})
        return
    say = speaker(shop.settings.language)
    echo(say("{sku}: codes off sale for good: {n}", sku=sku, n=f"{gone:,}"))
    if named and gone < len(named):
        echo(say("  not there, or sold: {n}", n=f"{len(named) - gone:,}"), err=True)


@stock.command(epilog="Example: curate stock cards KEYS --channel xianyu --count 100")
@click.argument("sku")
@click.option(
    "--channel", required=True, metavar="NAME", help="A channel of shop.toml with a card machine."
)
@click.option("--count", type=click.IntRange(1), metavar="N", help="How many, at most.")
@click.option(
    "--again", is_flag=True, help="Write what the machine has and no order named yet once more."
)
@click.option("--format", "shape", default="", help="xianguanjia, dujiaoka, dujiao-next or acg-faka; default: the channel's.")  # fmt: skip
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Where the file goes; default: build/cards.")  # fmt: skip
@_json
@in_workspace
def cards(
    workspace: Workspace, sku: str, channel: str, count: int | None, again: bool, shape: str,
    output: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Write a file that a channel's card machine takes: codes of the stock, or prepaid access to a bundle.

    From then on they are the machine's: nobody else gets them.
    """
    from curate.shop import Shop
    from curate.shop import cards as machine

    if again == (count is not None):
        raise click.UsageError("say --count N, or --again")
    shop = Shop.open(workspace)
    folder = output or workspace.build / "cards"
    if again:
        done = machine.again(shop, channel, sku, folder, shape)
    else:
        done = machine.upload(shop, channel, sku, count or 1, folder, shape)
    _tell_cards(done, sku, as_json, speaker(shop.settings.language))


def _tell_cards(done: Uploaded, sku: str, as_json: bool, say: Say) -> None:
    if as_json:
        told = {
            "path": str(done.path),
            "format": done.format,
            "count": done.count,
            "asked": done.asked,
        }
        echo_json({"version": 1, "sku": sku, **told})
        return
    echo(say("cards of {sku} in {path}: {n}", n=f"{done.count:,}", sku=sku, path=done.path))
    echo(say("Upload it once, then delete it: whoever reads it has the codes."))
    if done.count < done.asked:
        echo(say("  the stock held no more than these"), err=True)
    if done.format == "xianguanjia":
        echo(say("  fill in kind_id: it belongs to your account"), err=True)


@stock.command(epilog="Example: curate stock tie xianyu 2027050112345")
@click.argument("channel")
@click.argument("number")
@click.option("--line", default="1", metavar="NUMBER", help="Of the order's lines; default: 1.")
@in_workspace
def tie(workspace: Workspace, channel: str, number: str, line: str) -> None:
    """Say which card an order got, where its channel did not: the serial or the code, on standard input,
    one a line."""
    from curate.shop import Shop
    from curate.shop import cards as machine
    from curate.shop.delivery import serve

    shop = Shop.open(workspace)
    machine.name(shop, channel, number, line, sys.stdin.read().strip())
    tell_served(serve(shop), speaker(shop.settings.language))

"""curate privacy: what is kept of people, a copy of it, and its end."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from curate.cli.columns import fill
from curate.cli.options import echo, echo_json, heading, in_workspace
from curate.errors import CurateError
from curate.messages import Say, render, speaker
from curate.workspace import Workspace

if TYPE_CHECKING:
    from curate.database.personal import Mapped

_json = click.option("--json", "as_json", is_flag=True, help="One JSON object.")
_WIDE = 26


@click.group(
    epilog="Example: curate privacy export ann@example.org --to ann.zip",
    subcommand_metavar="map | export | erase | retain | log",
)
@click.option(
    "--workspace",
    metavar="DIR",
    expose_value=False,
    help="The workspace; default: the nearest folder upward that holds curate.toml.",
)
def privacy() -> None:
    """See what is kept of people, give them a copy, forget them.

    WHO is an e-mail, a contact's number, phone:NUMBER, wechat:NAME, CHANNEL:NAME, order:CHANNEL/NUMBER,
    ticket:NUMBER, affiliate:CODE, or person:NAME for one of your team; "-" reads it from standard input, so that
    it stands in no history of commands.
    """


@privacy.command("map", epilog="Example: curate privacy map --all")
@click.option("--all", "everything", is_flag=True, help="Also the columns that tell of nobody.")
@_json
@in_workspace
def map_(workspace: Workspace, everything: bool, as_json: bool) -> None:
    """List what is kept: each column, how it is tied to a person, what erasing leaves of it; and where else
    personal data lies."""
    from curate.books.privacy.places import places
    from curate.database import personal

    found = [one for one in personal.columns() if everything or one.sort != "none"]
    language = workspace.settings.language
    say = speaker(language)
    if as_json:
        others = [
            {"where": say(one.where), "holds": render(one.holds, language), "erased": render(one.erased, language)}
            for one in places()
        ]  # fmt: skip
        columns = [msgspec.to_builtins(one) for one in found]
        echo_json({"version": 1, "columns": columns, "places": others})
        return
    heading(say("Columns"))
    for one in found:
        _tell(one, say)
    heading(say("Places"))
    for place in places():
        echo(f"  {say(place.where)}")
        echo(say("    holds: {what}", what=render(place.holds, language)))
        echo(say("    when somebody is erased: {what}", what=render(place.erased, language)))


_SORTS = {"none": "-", "personal": "personal", "sensitive": "sensitive"}
_FATES = {"kept": "stays", "blanked": "blanked", "deleted": "deleted"}


def _tell(one: Mapped, say: Say) -> None:
    name = fill(f"{one.table}.{one.column}", _WIDE)
    echo(
        f"  {name}  {fill(say(_SORTS[one.sort]), 10)}  {fill(say(_FATES[one.erased]), 8)}  {one.way}"
    )


@privacy.command(epilog="Example: curate privacy export ann@example.org --to ann.zip")
@click.argument("who")
@click.option(
    "--to", required=True, metavar="PATH", type=click.Path(path_type=Path),
    help="A new folder; or a new file, if it ends in .zip.",
)  # fmt: skip
@_json
@in_workspace
def export(workspace: Workspace, who: str, to: Path, as_json: bool) -> None:
    """Write all that is kept of WHO: person.json with everything, and a CSV for each table.

    It is readable to you alone. Give it to nobody but them, and delete it.
    """
    from curate.books.privacy import export as copies
    from curate.shop import Shop

    shop = Shop.open(workspace)
    say = speaker(workspace.settings.language)
    (told,) = _told((who,))
    done = copies.export(shop, told, to)
    if as_json:
        echo_json({"version": 1, **msgspec.to_builtins(done)})
        return
    for name, count in done.tables.items():
        echo(f"  {fill(name, _WIDE)}  {count:>6}")
    if done.erased:
        echo(say("They were erased: nothing of it tells who they are."))
    echo(say("{path} holds all that is kept of them", path=done.path))


@privacy.command(epilog="Example: curate privacy erase ann@example.org")
@click.argument("who", nargs=-1, required=True)
@click.option(
    "--anyway", is_flag=True,
    help="Also where they sell for a share, or goods, messages or money did not reach them yet.",
)  # fmt: skip
@click.option("--yes", is_flag=True, help="Do not ask.")
@_json
@in_workspace
def erase(
    workspace: Workspace, who: tuple[str, ...], anyway: bool, yes: bool, as_json: bool
) -> None:
    """Forget each WHO for good: names, addresses, letters, texts. It cannot be undone.

    Orders, money and stages stay, by a number that has no name: every report says what it said before. Order files
    and backups bring nobody back; who pays an order after it is served as somebody new, and may be erased again.
    May be run again at any time, also after it was killed.
    """
    from curate.books.privacy import erase as forgetting
    from curate.shop import Shop

    shop = Shop.open(workspace)
    say = speaker(workspace.settings.language)
    told = _told(who)
    if not yes and sys.stdin.isatty():
        click.confirm(say("Erase {n} for good?", n=len(told)), abort=True)
    done = forgetting.erase(shop, told, anyway=anyway)
    if as_json:
        echo_json({"version": 1, **msgspec.to_builtins(done)})
    elif done.rows:
        echo(say("erased: {n}; rows that told of them: {rows}", n=done.people, rows=done.rows))
    else:
        echo(say("erased before: nothing was left"))


@privacy.command(epilog="Example: curate privacy retain --dry-run")
@click.option("--dry-run", "dry", is_flag=True, help="Only count what is due.")
@_json
@in_workspace
def retain(workspace: Workspace, dry: bool, as_json: bool) -> None:
    """Forget what is kept no longer than [privacy] of shop.toml says. Run it every day; it takes as long as what
    is due."""
    from curate.books.privacy import retention
    from curate.shop import Shop

    shop = Shop.open(workspace)
    say = speaker(workspace.settings.language)
    done = retention.retain(shop, dry=dry)
    if as_json:
        echo_json({"version": 1, **msgspec.to_builtins(done)})
        return
    head = say("Due, and not touched:") if dry else say("Forgotten:")
    heading(head)
    for text, count in (
        ("names and addresses on orders", done.orders),
        ("letters of closed tickets", done.tickets),
        ("texts of messages that arrived", done.messages),
        ("clicks", done.clicks),
        ("contacts who were not heard of", done.contacts),
    ):
        echo(f"  {count:>6}  {say(text)}")


@privacy.command(epilog="Example: curate privacy log")
@click.option("--last", default=100, show_default=True, type=click.IntRange(1), help="How many.")
@_json
@in_workspace
def log(workspace: Workspace, last: int, as_json: bool) -> None:
    """List what was exported, erased, forgotten and restored, and when; whose it was stands there as a number."""
    from curate.books.privacy import audit
    from curate.cli.stock import moment
    from curate.shop import Shop

    shop = Shop.open(workspace)
    say = speaker(workspace.settings.language)
    found = audit.listed(shop, last)
    if as_json:
        echo_json({"version": 1, "done": [msgspec.to_builtins(one) for one in found]})
        return
    for one in found:
        whose = say("contact {n}", n=one.contact_id) if one.contact_id is not None else "-"
        echo(f"  {moment(one.at)}  {fill(say(_DONE[one.what]), 12)}  {fill(whose, 14)}  {one.note}")
    if not found:
        echo(say("nothing was done yet"))


_DONE = {
    "export": "exported", "erase": "erased", "retention": "time was over", "restore": "restored",
}  # fmt: skip


def _told(who: tuple[str, ...]) -> list[str]:
    """ "-" is each line of standard input. Raises CurateError where there is none."""
    found = [
        one
        for text in who
        for one in ([*map(str.strip, sys.stdin.read().splitlines())] if text == "-" else [text])
    ]
    if not any(found):
        raise CurateError("nobody is named", 'name them, or give a line for each of them with "-"')
    return [one for one in found if one]

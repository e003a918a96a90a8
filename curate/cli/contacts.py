"""curate contacts: people, what they agreed to, what they did and how far they came."""

from __future__ import annotations

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
from curate.cli.progress import progress
from curate.cli.shortened import Shortened
from curate.errors import CurateError, Exit
from curate.messages import Say, render
from curate.workspace import Workspace

if TYPE_CHECKING:
    from curate.books.journey.contacts import Taken, Told
    from curate.books.journey.looking import Known, Listed, Shown
    from curate.model import Language
    from curate.shop import Shop
    from curate.shop.contacts import Identity

_json = click.option("--json", "as_json", is_flag=True, help="One JSON object.")
_at = click.option(
    "--at", metavar="TIME", default="", help="When: 2026-03-01 12:00:00; default: now."
)


@click.group(
    cls=Shortened,
    default="list",
    bare=True,
    epilog="Example: curate contacts import people.csv",
    subcommand_metavar="[list] | COMMAND …",
)
@click.option(
    "--workspace",
    metavar="DIR",
    expose_value=False,
    help="The workspace; default: the nearest folder upward that holds curate.toml.",
)
def contacts() -> None:
    """Keep the people you know: who they are, what they agreed to, and how far they came.

    Buyers become contacts by their orders. Nobody is written to without a consent that lives.
    """


@contacts.command("import", epilog="Example: curate contacts import people.csv")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@_json
@in_workspace
def import_(workspace: Workspace, file: Path, as_json: bool) -> None:
    """Take in the people of a CSV file: email, phone, wechat, or handle with channel; name, language, note, at,
    campaign, event; consent with consent_text, consent_source and consent_at.

    What is not right is told by its row, and the rest goes on: exit code 3. The same file again changes
    nothing; who was erased stays out.
    """
    from curate.books.journey.contacts import take_file

    shop, say = open_shop(workspace)
    done = 0
    with progress(say) as listener:
        listener.stage("reading contacts")

        def tell(rows: int) -> None:
            nonlocal done
            listener.step(rows - done)
            done = rows

        taken = take_file(shop, file, tell)
    _told(taken, say, as_json)
    if taken.faults:
        raise click.exceptions.Exit(Exit.PARTIAL)


def _told(taken: Taken, say: Say, as_json: bool) -> None:
    if as_json:
        import dataclasses

        told = dataclasses.asdict(taken) | {"problems": [str(one) for one in taken.problems]}
        echo_json({"version": 1, **told})
        return
    echo(
        say("contacts: {new} new, {known} known; consents: {consents}, events: {events}",
            new=taken.new, known=taken.known, consents=taken.consents, events=taken.events)
    )  # fmt: skip
    if taken.erased:
        echo(say("  erased before, and not taken in: {n}", n=taken.erased), err=True)
    print_problems(taken.problems, say)


@contacts.command(epilog="Example: curate contacts add --email li@example.org --name 小李")
@click.option("--email", default="", help="Their address.")
@click.option("--phone", default="", help="Their telephone number.")
@click.option("--wechat", default="", help="Their WeChat name.")
@click.option("--handle", nargs=2, metavar="CHANNEL NAME", help="What a channel calls them.")
@click.option("--channel", default="", help="By which you came to know them.")
@click.option("--name", default="", help="What you call them.")
@click.option("--language", default="", help="Of what they read: zh or en.")
@click.option("--note", default="", help="What you want to remember.")
@click.option("--campaign", default="", metavar="CODE", help="That brought them.")
@_at
@in_workspace
def add(
    workspace: Workspace, email: str, phone: str, wechat: str, handle: tuple[str, str] | None,
    channel: str, name: str, language: str, note: str, campaign: str, at: str,
) -> None:  # fmt: skip
    """Take in one person, or add to what is known of them."""
    from curate.books.journey import contacts as book
    from curate.shop.contacts import Person

    shop, say = open_shop(workspace)
    identities = _identities(email, phone, wechat, handle)
    person = Person(identities, channel or (handle or ("",))[0], _moment(shop, at), language, name)
    code = campaign.strip().casefold()
    told: Told = book.Told(person, note, "seen" if code else "", code, dated=bool(at))
    found, taken = book.add(shop, told)
    echo(say("contact {n} is new", n=found.contact_id) if found.new
         else say("contact {n} is known", n=found.contact_id))  # fmt: skip
    print_problems(taken.problems, say)


def _identities(
    email: str, phone: str, wechat: str, handle: tuple[str, str] | None
) -> tuple[Identity, ...]:
    from curate.books.journey.contacts import named

    channel, called = handle or ("", "")
    given = (named("email", email) if email else None, named("phone", phone) if phone else None,
             named("wechat", wechat) if wechat else None,
             named("handle", called, channel) if called else None)  # fmt: skip
    return tuple(one for one in given if one)


def _moment(shop: Shop, at: str) -> int:
    from curate.shop import calendar
    from curate.shop.orders.cells import moment

    return moment(at, calendar.zone(shop.settings.books.timezone)) if at else shop.now()


def when(shop: Shop, at: int) -> str:
    """To the minute, in the books' time zone."""
    from datetime import datetime

    from curate.shop import calendar

    zone = calendar.zone(shop.settings.books.timezone)
    return datetime.fromtimestamp(at, zone).strftime("%Y-%m-%d %H:%M")


@contacts.command(
    "list", short_help="List them, the latest first.", epilog="Example: curate contacts list --stage familiar"
)  # fmt: skip
@click.option("--stage", default="", metavar="STAGE", help="Only who is at this stage.")
@click.option("--campaign", default="", metavar="CODE", help="Only whom this one brought.")
@click.option("--wanted", is_flag=True, help="Only who agreed to be written to.")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="At most so many.")  # fmt: skip
@_json
@in_workspace
def list_(
    workspace: Workspace, stage: str, campaign: str, wanted: bool, limit: int, as_json: bool
) -> None:
    """List contacts, the latest first, after catching up with orders: their stage, how warm they are (heard of
    within 30 days, 90, longer ago), and whether they agreed to be written to (+)."""
    from curate.books.journey import events, looking
    from curate.database.tables import STAGES

    shop, say = open_shop(workspace)
    if stage and stage not in STAGES:
        raise CurateError(f"{stage[:40]!r} is no stage", f"there are: {', '.join(STAGES)}")
    events.follow(shop)
    with shop.database.reading() as connection:
        found = looking.listed(connection, shop, stage, campaign, wanted, limit)
    if as_json:
        echo_json({"version": 1, "contacts": [msgspec.to_builtins(one) for one in found]})
        return
    for one in found:
        echo(_line(one, say, when(shop, one.staged_at)))
    if not found:
        echo(say("there are no contacts: curate contacts import FILE"))


def _line(one: Listed, say: Say, since: str) -> str:
    mark = "+" if one.wanted else " "
    return (
        f"{one.id:>7} {mark} {fill(say(one.stage), 12)} {since}  {fill(say(one.warmth), 5)} "
        f"{fill(one.channel, 12)} {fill(one.campaign, 20)} {one.name}"
    ).rstrip()


@contacts.command(epilog="Example: curate contacts show li@example.org")
@click.argument("contact")
@_json
@in_workspace
def show(workspace: Workspace, contact: str, as_json: bool) -> None:
    """Show one person: CONTACT is a number, an e-mail address, a telephone, a WeChat name, or CHANNEL:NAME."""
    from curate.books.journey import events, looking
    from curate.books.journey.contacts import find

    shop, say = open_shop(workspace)
    events.follow(shop)
    with shop.database.reading() as connection:
        found = looking.shown(connection, shop, find(connection, shop, contact))
    if as_json:
        echo_json({"version": 1, **msgspec.to_builtins(found)})
        return
    _show(shop, found, say, shop.workspace.settings.language)


def _show(shop: Shop, found: Shown, say: Say, language: Language) -> None:
    one = found.contact
    heading(f"{one.id} {one.name}".strip())
    for named in found.known_by:
        echo(f"  {_known_as(named, say)}: {named.value}")
    echo(say("  {stage} since {when}; orders: {n}", stage=say(one.stage),
             when=when(shop, one.staged_at), n=found.orders))  # fmt: skip
    if found.erased_at is not None:
        echo(say("  erased {when}", when=when(shop, found.erased_at)))
    if found.note:
        echo(f"  {found.note}")
    for came in found.came:
        jumped = say(" (jumped over)") if came.passed else ""
        echo(f"  {when(shop, came.at)}  → {say(came.stage)}{jumped}")
    for said in found.agreed:
        word = say("agreed to {purpose}") if said.given else say("took back {purpose}")
        told = word.format(purpose=said.purpose)
        echo(f"  {when(shop, said.at)}  {told} ({said.text_version}, {said.source})")
    for did in found.did:
        campaign = f" [{did.campaign}]" if did.campaign else ""
        why = f": {render(did.why, language)}" if did.why else ""
        echo(f"  {when(shop, did.at)}  {say(did.kind)}{campaign} {did.note}{why}".rstrip())


def _known_as(named: Known, say: Say) -> str:
    if named.kind == "handle":
        return say("name at {channel}", channel=named.channel)
    return {"email": say("e-mail address"), "phone": say("telephone")}.get(
        named.kind, say("WeChat name")
    )


@contacts.command(
    epilog="Example: curate contacts consent 12 marketing --text 2026-01 --source 'sign-up page'"
)
@click.argument("contact")
@click.argument("purpose")
@click.option("--text", default="", metavar="VERSION", help="Which text they agreed to.")
@click.option("--source", required=True, help="Where they said so.")
@click.option("--withdrawn", is_flag=True, help="They took it back.")
@_at
@in_workspace
def consent(
    workspace: Workspace, contact: str, purpose: str, text: str, source: str, withdrawn: bool, at: str
) -> None:  # fmt: skip
    """Note what somebody agreed to, or took back: the latest word counts, and all are kept.

    PURPOSE is marketing for what nobody asked for; other plans and payouts have their own.
    """
    from curate.books.journey import consent as log
    from curate.books.journey.contacts import find

    shop, say = open_shop(workspace)
    moment = _moment(shop, at)
    with shop.database.writing() as connection:
        own = find(connection, shop, contact)
        if withdrawn:
            new = log.withdraw(connection, shop, own, purpose, source, moment, text or "-")
        else:
            new = log.give(connection, shop, own, purpose, text, source, moment)
        may = log.may_send(connection, own, purpose)
    echo(say("noted") if new else say("known already"))
    echo(say("contact {n} may be written to for {purpose}", n=own, purpose=purpose) if may
         else say("contact {n} is not written to for {purpose}", n=own, purpose=purpose))  # fmt: skip


@contacts.command(epilog="Example: curate contacts event 12 talked --at '2026-03-02 20:15'")
@click.argument("contact")
@click.argument("kind")
@click.option("--campaign", default="", metavar="CODE", help="By which it came.")
@click.option("--note", default="", help="What you want to remember of it.")
@_at
@in_workspace
def event(workspace: Workspace, contact: str, kind: str, campaign: str, note: str, at: str) -> None:
    """Note what somebody did; see `curate contacts events` for what there is.

    What comes too early moves nobody, and is told with its reason (exit code 3); it counts as soon as what
    is missing is told. The same thing at the same time counts once.
    """
    from curate.books.journey import campaigns, events
    from curate.books.journey.contacts import find

    shop, say = open_shop(workspace)
    moment = _moment(shop, at)
    with shop.database.writing() as connection:
        own = find(connection, shop, contact)
        by = campaigns.find(connection, campaign).id if campaign else None
        told = events.Event(own, kind, f"hand:{own}:{kind}:{moment}", moment, by, note)
        (done,) = events.record(connection, shop, [told])
    if done.why:
        echo(render(done.why, shop.workspace.settings.language), err=True)
        raise click.exceptions.Exit(Exit.PARTIAL)
    moved = ", ".join(say(one) for one in done.moved)
    echo(say("contact {n} came to: {moved}", n=own, moved=moved) if moved
         else say("noted") if done.new else say("known already"))  # fmt: skip


@contacts.command("events", epilog="Example: curate contacts events")
@_json
@in_workspace
def events_(workspace: Workspace, as_json: bool) -> None:
    """List what people can do, the stage that it leads to, and the one that it needs."""
    from curate.books.journey.stages import KINDS

    _, say = open_shop(workspace)
    if as_json:
        told = [{"event": name, "to": one.stage, "needs": one.least if one.stage else ""}
                for name, one in KINDS.items()]  # fmt: skip
        echo_json({"version": 1, "events": told})
        return
    for name, one in KINDS.items():
        needs = say("from {stage} on", stage=say(one.least)) if one.stage else ""
        to = f"→ {say(one.stage)}" if one.stage else ""
        echo(f"{fill(name, 14)} {fill(to, 14)} {fill(needs, 20)} {say(one.says)}")

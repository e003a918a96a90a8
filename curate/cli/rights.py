"""curate rights: what may be packaged and why, and what people decide about it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

import click

from curate.cli.grants import grants, policy
from curate.cli.options import (
    SHOWN,
    echo,
    echo_json,
    heading,
    in_workspace,
    language_of,
    print_next,
)
from curate.cli.sheet import export, import_
from curate.cli.shortened import Shortened
from curate.cli.which import deciding, filters
from curate.messages import Say, render, speaker
from curate.model import Language
from curate.pipeline.decisions import Ask
from curate.pipeline.rulings import Group, Ruling, Summary, Which, rulings, summary
from curate.workspace import Workspace

_GROUPS = 30
"""Groups that are shown; the rest is counted."""


@click.group(
    cls=Shortened,
    default="show",
    epilog="Example: curate rights guides --outcome ask",
    subcommand_metavar="[show] COLLECTION | COMMAND …",
)
@click.option(
    "--workspace",
    metavar="DIR",
    expose_value=False,
    help="The workspace; default: the nearest folder upward that holds curate.toml.",
)
def rights() -> None:
    """Show and decide what may be packaged, and why.

    curate rights COMMAND --help tells the options of each; docs/rights.md tells how it all works.
    """


@rights.command(
    short_help="Count and group, or list items.",
    epilog="Example: curate rights show guides --outcome deny",
)
@click.argument("collection")
@click.argument("items", nargs=-1, metavar="[ITEM]...")
@filters
@click.option(
    "--items", "all_items", is_flag=True, help="List single items; a filter or an ITEM does so too."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@in_workspace
def show(
    workspace: Workspace, collection: str, which: Which, all_items: bool, as_json: bool
) -> None:
    """What is allowed, asked and refused, in groups that were decided alike; or item by item.

    ITEM is an id, a path or a URL.
    """
    (name,) = workspace.chosen([collection])
    language = language_of(workspace, [name])
    found = rulings(workspace, name, which)
    listed = found if all_items or which else []
    if as_json:
        echo_json(_data(name, found, listed, language))
        return
    say, told = speaker(language), summary(found)
    heading(say("rights of {name}", name=name))
    echo(say("  {allow} allowed, {ask} asked, {deny} refused", **told.counts))
    for one in listed:
        _item(one, say, language)
    if not listed:
        _groups(told, name, say, language)
    echo(
        say(
            "No legal advice: each decision names its rule and its evidence; in doubt you are asked."
        )
    )
    _next(name, found, say)


def _next(name: str, found: Sequence[Ruling], say: Say) -> None:
    decide = f"curate rights decide {shlex.quote(name)} ITEM"
    asked = {_way(one): one for one in found if one.outcome == "ask"}
    if "own" in asked:
        owner = shlex.quote(asked["own"].decision.holder or "NAME")
        told = f"{decide} --own {owner} --why '…'"
        echo(say("If it is yours whatever else is said: {command} (or --as LICENSE)", command=told))
    if "grounds" in asked:
        told = f"{decide} --allow --grounds '…' --why '…'"
        echo(say("Public domain, if you know why: {command}", command=told))
    if "allow" in asked:
        told = f"{decide} --allow --why '…'"
        echo(say("Decide: {command} (or --as, --own, --grant)", command=told))
    if any(one.outcome == "deny" for one in found):
        told = f"{decide} --as SPDX --why '…'"
        echo(say("If you know better: {command} (or --own, --grant)", command=told))
    if any(one.outcome == "allow" for one in found):
        echo(say("Next: {command}", command=f"curate package {shlex.quote(name)}"))


def _way(one: Ruling) -> str:
    """What settles what is asked about it."""
    if one.decision.basis == "own" and one.decision.outcome == "ask":
        return "own"
    unfounded = "public-domain-mark" in one.decision.rules and not one.decision.grounds
    return "grounds" if unfounded else "allow"


def _groups(told: Summary, name: str, say: Say, language: Language) -> None:
    shown = told.largest(_GROUPS)
    for group in shown:
        _group(group, say, language)
    if len(told.groups) > len(shown):
        more = f"curate rights {shlex.quote(name)} --items"
        echo(say("  … and {n} more: {command}", n=len(told.groups) - len(shown), command=more))


def _group(group: Group, say: Say, language: Language) -> None:
    echo(
        say(
            "  {outcome} {count} · {license} (rule {rule})",
            outcome=say(group.outcome),
            count=f"{group.count:,}",
            license=group.license or say("no licence"),
            rule=", ".join(group.rules) or "-",
        )
    )
    for reason in group.reasons:
        echo(f"      {render(reason, language)}")
    echo(say("      such as {place}", place=group.example.source))


def _item(one: Ruling, say: Say, language: Language) -> None:
    facts = [say(one.outcome), one.source, one.sha256[:12], one.title, one.decision.license]
    facts.append(say("rule {rule}", rule=", ".join(one.decision.rules) or "-"))
    echo("  " + " · ".join(fact for fact in facts if fact))
    for reason in one.reasons:
        echo(f"      {render(reason, language)}")


def _data(
    name: str, found: Sequence[Ruling], listed: Sequence[Ruling], language: Language
) -> dict[str, object]:
    told = summary(found)
    groups = [
        {
            "outcome": one.outcome, "license": one.license, "rules": list(one.rules), "count": one.count,
            "reasons": [render(reason, language) for reason in one.reasons], "example": one.example.source,
        }
        for one in told.groups
    ]  # fmt: skip
    items = [
        {
            "id": one.sha256, "place": one.source, "title": one.title, "category": one.category, "outcome": one.outcome,
            "license": one.decision.license, "rules": list(one.decision.rules), "by": one.decision.by,
            "grant": one.decision.grant, "obligations": list(one.decision.obligations),
            "reasons": [render(reason, language) for reason in one.reasons],
        }
        for one in listed
    ]  # fmt: skip
    return {
        "version": 1,
        "collection": name,
        "counts": told.counts,
        "groups": groups,
        "items": items,
    }


@rights.command(
    short_help="Record what you decide about items.",
    epilog="Example: curate rights decide guides photo.jpg --as CC-BY-4.0 --why 'says its page'",
)
@click.argument("collection")
@click.argument("items", nargs=-1, metavar="[ITEM]...")
@filters
@click.option("--allow", is_flag=True, help="Accept what is stated about it.")
@click.option("--deny", is_flag=True, help="Keep it out.")
@click.option("--as", "license_", default="", metavar="SPDX", help="It is under this licence.")
@click.option("--own", default="", metavar="NAME", help="It is this person's own work: yours.")
@click.option("--grant", default="", metavar="NAME", help="You hold it by grants/NAME.toml.")
@click.option("--undo", is_flag=True, help="Take back what was decided before.")
@click.option(
    "--grounds", default="", metavar="TEXT",
    help="Why it is in the public domain: its author's death, its age. Buyers read it.",
)  # fmt: skip
@click.option(
    "--territory", multiple=True, metavar="CC", help="It holds in this country only; repeatable."
)
@click.option(
    "--why", default="", metavar="TEXT",
    help="The reason, for your records: buyers never see it. Needed unless --undo.",
)  # fmt: skip
@click.option("--who", default="", metavar="NAME", help="Who decides; default: your login name.")
@click.option(
    "--evidence", multiple=True, metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What proves it: kept beside the decisions, never shipped; repeatable.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only show what would be, and what would stop it.")
@in_workspace
def decide(
    workspace: Workspace, collection: str, which: Which, allow: bool, deny: bool, license_: str, own: str, grant: str,
    undo: bool, grounds: str, territory: tuple[str, ...], why: str, who: str, evidence: tuple[Path, ...], dry_run: bool,
) -> None:  # fmt: skip
    """Record what you decide about items: by id, path or URL, or all that fit the filters.

    --as, --own and --grant mean --allow. What a place forbids needs one of them: --allow alone accepts
    what is stated. A decision holds until what is said about the item changes.
    """
    from curate.pipeline.decisions import decide as run

    bases = [one for one in (license_, own, grant) if one]
    if len(bases) > 1 or (allow or bool(bases)) + deny + undo != 1:
        raise click.UsageError("give one of --allow, --deny, --as, --own, --grant and --undo")
    for code in territory:
        if not re.fullmatch("[A-Z]{2}", code):
            raise click.UsageError(f"--territory takes ISO 3166 codes such as US, not {code!r}")
    ask = Ask(
        "deny" if deny or undo else "allow", why, "" if undo else deciding(who), license_, own, grant, territory,
        evidence, undo, grounds,
    )  # fmt: skip
    language = language_of(workspace, workspace.chosen([collection]))
    say = speaker(language)
    decided = run(workspace, collection, which, ask, dry_run)
    if decided.rulings:
        echo(_head(undo, dry_run, len(decided.rulings), say))
    for one in decided.rulings[:SHOWN]:
        _item(one, say, language)
    if len(decided.rulings) > SHOWN:
        told = f"curate rights {shlex.quote(collection)} --items"
        echo(say("  … and {n} more: {command}", n=len(decided.rulings) - SHOWN, command=told))
    if decided.fault:
        raise decided.fault
    print_next(decided.report, say)


def _head(undo: bool, dry_run: bool, n: int, say: Say) -> str:
    if dry_run:
        return say("{n} would be taken back:", n=n) if undo else say("{n} would be decided:", n=n)
    return say("{n} taken back:", n=n) if undo else say("{n} decided:", n=n)


for command in (export, import_, grants, policy):
    rights.add_command(command)
